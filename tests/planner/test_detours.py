"""Plans whose drivers may leave their routes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest

from corridor.errors import InputError
from planner.inputs import load_inputs
from planner.objective import PER_DAY
from planner.pipeline import make_plan
from planner.scenario import Scenario, SolveOptions, validated

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.scenario import Objective

_DETOUR = 0.1


@cache
def _plan(detour: float, detour_decay: float | None = None) -> Plan:
    """A plan for tractors and coaches of 2027, which are fewer."""
    few = {f"adoption.share.{name}.2027": 0.0 for name in ("rigid_31t", "rigid_18t", "light_9t", "light_4t5")}
    return make_plan(
        Scenario(
            year=2027,
            stations=6,
            detour=detour,
            detour_decay=detour_decay,
            assumptions=few,
            solve=SolveOptions(time_limit_s=60.0, gap=0.005),
        )
    )


def test_who_may_leave_the_route_is_served_more_and_stays_within_the_detour() -> None:
    kept, free = _plan(0.0), _plan(_DETOUR)
    assert not kept.flows["extra_km"].any()
    assert "detour_kg_per_day" not in kept.kpis
    assert free.kpis["covered_kg_per_day"] > kept.kpis["covered_kg_per_day"]
    assert free.certificate.incumbent == pytest.approx(free.kpis["covered_kg_per_day"])
    assert free.replay["faults"] == 0
    left = free.flows[free.flows["extra_km"] != 0.0]
    assert len(left)
    assert left["covered"].all()
    assert free.kpis["trips_off_route_per_day"] > 0
    # No way is longer than allowed, measured from the shortest route of the pair.
    routes = load_inputs().routes
    pair = routes.pair[left["route"].to_numpy()]
    shortest = np.array([routes.length_km[routes.pair == number].min() for number in pair])
    driven = (left["length_km"] + left["extra_km"]).to_numpy()
    assert (driven <= (1.0 + _DETOUR) * shortest + 0.01).all()


def test_a_station_that_is_out_leaves_what_the_others_cover_off_the_route_too() -> None:
    plan = _plan(_DETOUR)
    spots = plan.weak_spots
    assert sorted(spots["site_id"]) == sorted(plan.stations["site_id"])
    covered = plan.kpis["covered_kg_per_day"]
    np.testing.assert_allclose(spots["left_kg_per_day"] + spots["lost_kg_per_day"], covered)
    # Who fills up at other stations only is not lost; who found no room is told no stations.
    flows = plan.flows[plan.flows["covered"]]
    filled = flows["stations"].str.split()
    for spot in spots.itertuples():
        concerned = filled.map(lambda names, out=spot.site_id: not names or out in names)
        assert spot.lost_kg_per_day <= flows.loc[concerned, "kg_per_day"].sum() + 1e-6 * covered
    assert (spots["lost_kg_per_day"] >= -1e-6).all()
    assert (spots["left_share"] <= 1.0).all()


def test_ways_of_trips_that_leave_are_no_shorter_than_roads_allow() -> None:
    free = _plan(_DETOUR)
    inputs = load_inputs()
    graph: nx.DiGraph[int] = nx.DiGraph()
    network = inputs.network
    for tail, head, km in zip(
        network.tails.tolist(), network.heads.tolist(), network.length_km.tolist(), strict=True
    ):
        known = graph.get_edge_data(tail, head, {"km": np.inf})["km"]
        graph.add_edge(tail, head, km=min(km, known))
    left = free.flows[free.flows["extra_km"] != 0.0].head(20)
    for flow in left.itertuples():
        ends = network.vertices(inputs.zones.loc[[flow.origin, flow.destination], "node_id"].to_numpy())
        least = nx.dijkstra_path_length(graph, int(ends[0]), int(ends[1]), weight="km")
        assert flow.length_km + flow.extra_km >= least - 0.01


def test_hydrogen_sold_is_hydrogen_burnt() -> None:
    free = _plan(_DETOUR)
    sold = float(free.stations["load_kg_per_day"].sum())
    assert sold == pytest.approx(free.kpis["served_kg_per_day"] + free.kpis["detour_kg_per_day"])
    assert float(free.supply["kg_per_day"].sum()) + free.kpis["supply_shortage_kg_per_day"] == pytest.approx(
        sold
    )


def test_as_many_drivers_come_as_accept_the_way_they_drive() -> None:
    last_share = 0.2
    plan, kept, free = _plan(_DETOUR, last_share), _plan(0.0), _plan(_DETOUR)
    flows, routes = plan.flows, load_inputs().routes
    assert plan.replay["faults"] == 0
    covered = flows[flows["covered"]]
    left = covered[covered["extra_km"] != 0.0]
    stayed = covered[covered["extra_km"] == 0.0]
    assert (stayed["coming_share"] == 1.0).all()
    assert (flows.loc[~flows["covered"], "coming_share"] == 0.0).all()
    pair = routes.pair[left["route"].to_numpy()]
    shortest = np.array([routes.length_km[routes.pair == number].min() for number in pair])
    quarters = ((left["length_km"] + left["extra_km"]).to_numpy() / shortest - 1.0) / _DETOUR * 4.0
    # Some leave for the very shortest route; otherwise lengths rounded to the meter tell the step.
    clear = (np.abs(quarters - np.round(quarters)) > 1e-3) | (quarters < 1e-3)
    assert clear.mean() > 0.99
    expected = 1.0 - (1.0 - last_share) * np.ceil(quarters - 1e-3).clip(0.0) / 4.0
    assert left["coming_share"].to_numpy()[clear] == pytest.approx(expected[clear])
    assert left["coming_share"].nunique() >= 3
    # Those who come, and no others, are covered, served and sold to.
    coming_kg = float((flows["kg_per_day"] * flows["coming_share"]).sum())
    assert plan.certificate.incumbent == pytest.approx(coming_kg)
    assert plan.kpis["covered_kg_per_day"] == pytest.approx(coming_kg)
    assert (flows["served_kg_per_day"] <= flows["kg_per_day"] * flows["coming_share"] * (1.0 + 1e-9)).all()
    assert plan.replay["round_trips_per_day"] == pytest.approx(
        float((flows["trips_per_day"] * flows["coming_share"]).sum())
    )
    sold = float(plan.stations["load_kg_per_day"].sum())
    assert sold == pytest.approx(plan.kpis["served_kg_per_day"] + plan.kpis["detour_kg_per_day"])
    # Between nobody and everybody leaving the route; each is within its gap of 0.5 %.
    most = free.certificate.bound or 0.0
    assert (kept.certificate.incumbent or 0.0) * 0.995 <= coming_kg <= most


@pytest.mark.parametrize("objective", ["trips", "vehicle_km"])
def test_detours_serve_another_objective_too(objective: Objective) -> None:
    plan = make_plan(_plan(_DETOUR).scenario.model_copy(update={"objective": objective}))
    flows, per_day = plan.flows, PER_DAY[objective]
    each = 1.0 if objective == "trips" else 2.0 * flows["length_km"]
    covered = float((flows["trips_per_day"] * each)[flows["covered"]].sum())
    assert plan.certificate.incumbent == pytest.approx(covered)
    assert plan.kpis[f"covered_{per_day}"] == pytest.approx(covered)
    assert plan.certificate.gap is not None
    assert plan.certificate.gap <= 0.005


def test_a_share_of_those_who_come_needs_a_detour() -> None:
    for content in ({"detour_decay": 0.5}, {"detour": 0.0, "detour_decay": 0.5}):
        with pytest.raises(InputError, match="says nothing without a detour"):
            validated(content, where="scenario")
    with pytest.raises(InputError, match="detour_decay"):
        validated({"detour": 0.1, "detour_decay": 1.2}, where="scenario")
    assert Scenario(detour=0.1, detour_decay=None).identity == Scenario(detour=0.1).identity
    assert Scenario(detour=0.1, detour_decay=0.5).identity != Scenario(detour=0.1).identity


def test_detours_and_resilience_exclude_each_other() -> None:
    with pytest.raises(InputError, match="detours and resilience"):
        make_plan(Scenario(detour=0.1, resilience=0.5))


def test_detours_and_one_range_for_all_vehicles_exclude_each_other() -> None:
    with pytest.raises(InputError, match="detours and one range"):
        make_plan(Scenario(detour=0.1, usable_range_km=300.0))


def test_a_scenario_without_detours_keeps_its_identity() -> None:
    assert Scenario(detour=0.0).identity == Scenario().identity
    assert Scenario(detour=0.1).identity != Scenario().identity
