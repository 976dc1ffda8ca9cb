"""The tank along the corridor routes, against the replay, which drives by the same rules with other code."""

import numpy as np
import pytest

from corridor.access import access
from corridor.named_routes import NAMED_ROUTES
from demand.inputs import VEHICLE_CLASSES
from planner.driving import on_arcs
from planner.fill_profile import LEVEL_COLUMNS, fill_profile, tanks
from planner.inputs import assumptions_in_force, load_inputs
from planner.stretches import route_paths, stations_on
from siting.replay import replay_trips

ROUTES = [named.route_id for named in NAMED_ROUTES]


@pytest.fixture(scope="module")
def plan(solved):
    return solved(room=False, stations=6)


@pytest.fixture(scope="module")
def inputs(plan):
    return load_inputs(plan.scenario)


@pytest.fixture(scope="module")
def values(inputs):
    return assumptions_in_force(inputs.assumptions, {})[0]


@pytest.fixture(scope="module")
def used(inputs, values):
    return on_arcs(inputs.network, inputs.terrain, values)


def _driven(inputs, values, used, *, route_id, vehicle_class, site_ids):
    """The same lap by the replay."""
    path = route_paths(inputs.network)[route_id]
    reached = access(inputs.sites.loc[site_ids], inputs.network, within_km=values["station.access_km"])
    out, back = (
        np.concatenate([np.zeros((1, len(VEHICLE_CLASSES))), np.cumsum(each[path.arcs], axis=0)])
        for each in (used.out_kg, used.back_kg)
    )
    table = tanks(values).set_index("vehicle_class")["usable_kg"]
    return replay_trips(
        np.array([0, len(path.nodes)]),
        path.nodes,
        path.km,
        out_kg=out,
        back_kg=back,
        route=np.array([0]),
        kind=np.array([VEHICLE_CLASSES.index(vehicle_class)]),
        tank_kg=np.array([table[vehicle_class]]),
        station_nodes=reached.node_id,
        stations=reached.site,
    )


@pytest.mark.parametrize("vehicle_class", VEHICLE_CLASSES)
@pytest.mark.parametrize("route_id", ROUTES)
def test_the_lowest_level_is_the_replays_and_a_served_trip_never_needs_its_reserve(
    plan, inputs, values, used, route_id, vehicle_class
):
    site_ids = plan.stations["site_id"].tolist()
    made = fill_profile(plan, inputs, route_id, vehicle_class=vehicle_class)
    options = {"route_id": route_id, "vehicle_class": vehicle_class}
    replay = _driven(inputs, values, used, **options, site_ids=site_ids)
    assert made.lowest_share == pytest.approx(replay.lowest_level_share[0])
    assert (made.dry_at is not None or made.comes_home_short) == bool(len(replay.faults))
    if not len(replay.faults):
        assert made.lowest_share >= 0.0


@pytest.mark.parametrize("vehicle_class", ["tractor_49t", "light_4t5"])
def test_without_stations_the_tank_runs_dry_where_the_replay_says(inputs, values, used, plan, vehicle_class):
    options = {"route_id": "chengyu", "vehicle_class": vehicle_class}
    made = fill_profile(plan, inputs, **options, site_ids=[])
    fault = _driven(inputs, values, used, **options, site_ids=[]).faults.iloc[0]
    route_km, homeward = made.dry_at
    driven = 2 * made.length_km - route_km if homeward else route_km
    assert driven == pytest.approx(fault["km"])


@pytest.mark.parametrize("route_id", ROUTES)
def test_what_is_filled_less_what_is_used_is_what_the_level_rose(plan, inputs, used, route_id):
    made = fill_profile(plan, inputs, route_id, vehicle_class="tractor_49t")
    path, kind = route_paths(inputs.network)[route_id], VEHICLE_CLASSES.index("tractor_49t")
    burnt = used.out_kg[path.arcs, kind].sum() + used.back_kg[path.arcs, kind].sum()
    levels = made.levels
    assert list(levels.columns) == list(LEVEL_COLUMNS)
    rise = levels["level_kg"].iloc[-1] - levels["level_kg"].iloc[0]
    assert made.filled_kg - burnt == pytest.approx(rise)
    assert levels["km"].is_monotonic_increasing
    assert levels["km"].iloc[-1] == pytest.approx(2 * path.length_km)
    assert levels["level_kg"].max() <= made.tank_kg * (1 + 1e-12)
    at_stations = levels[levels["site_id"] != ""]
    assert set(at_stations["site_id"]) <= set(plan.stations["site_id"])
    assert (at_stations["level_kg"] == made.tank_kg).all()
    assert len(at_stations)


def test_halfway_the_level_has_fallen_by_what_the_way_there_took(plan, inputs, used):
    """Without a station nothing is filled: levels are half a tank less what was used."""
    made = fill_profile(plan, inputs, "chenganyu", vehicle_class="coach_12m", site_ids=[])
    path, kind = route_paths(inputs.network)["chenganyu"], VEHICLE_CLASSES.index("coach_12m")
    there = made.levels[~made.levels["homeward"]]
    assert made.filled_kg == 0.0
    running = np.concatenate([[0.0], np.cumsum(used.out_kg[path.arcs, kind])])
    np.testing.assert_allclose(there["level_kg"], 0.5 * made.tank_kg - running)
    np.testing.assert_allclose(there["route_km"], path.km)


def test_a_range_for_all_vehicles_takes_the_tank_it_needs(inputs, used, plan):
    asked = plan.scenario.model_copy(update={"usable_range_km": 300.0})
    made = fill_profile(
        _Asked(asked, plan.stations), inputs, "chengyu", vehicle_class="rigid_18t", site_ids=[]
    )
    path, kind = route_paths(inputs.network)["chengyu"], VEHICLE_CLASSES.index("rigid_18t")
    burnt = used.out_kg[path.arcs, kind].sum() + used.back_kg[path.arcs, kind].sum()
    assert made.tank_kg / (burnt / (2 * path.length_km)) == pytest.approx(300.0)


def test_the_road_is_as_high_as_the_terrain_says(plan, inputs):
    made = fill_profile(plan, inputs, "chengyu", vehicle_class="tractor_49t")
    path = route_paths(inputs.network)["chengyu"]
    heights = inputs.terrain.nodes["elevation_m"]
    np.testing.assert_allclose(
        made.elevation["elevation_m"].iloc[[0, -1]], heights.loc[path.nodes[[0, -1]]].to_numpy()
    )
    assert made.elevation["km"].iloc[-1] == pytest.approx(path.length_km)
    assert made.elevation["km"].is_monotonic_increasing


def test_stations_along_a_route_are_those_filled_at(plan, inputs):
    for route_id in ROUTES:
        told = stations_on(plan, route_id)
        made = fill_profile(plan, inputs, route_id, vehicle_class="tractor_49t")
        filled = set(made.levels["site_id"]) - {""}
        assert filled <= set(told["site_id"])
        assert told["km"].is_monotonic_increasing
        assert told["name_zh"].notna().all()
        assert len(filled) >= len(told) - 2  # a station right behind another tops up too little


class _Asked:
    """A plan of which only scenario and stations count."""

    def __init__(self, scenario, stations):
        self.scenario, self.stations = scenario, stations
