"""Demand by class, link and county adds up, follows the assumptions, and is told apart from its baseline."""

import numpy as np
import pandas as pd
import pytest

from corridor.errors import InfeasibleError, InputError
from demand.inputs import VEHICLE_CLASSES
from planner.demand_view import (
    baseline,
    class_changes,
    demand_key,
    demand_view,
    link_changes,
    zone_changes,
)
from planner.driving import on_arcs
from planner.flows import link_flows
from planner.inputs import assumptions_in_force, load_inputs
from planner.scenario import Scenario
from planner.siting_case import scoped_demand

_SHARE = "adoption.share.tractor_49t.2030"
_SCENARIO = Scenario()


@pytest.fixture(scope="module")
def base():
    return demand_view(_SCENARIO)


@pytest.fixture(scope="module")
def table():
    """The demand table that a plan works on."""
    inputs = load_inputs(_SCENARIO)
    values, _ = assumptions_in_force(inputs.assumptions, {})
    return scoped_demand(_SCENARIO, inputs, values, on_arcs(inputs.network, inputs.terrain, values))


def test_classes_and_zones_add_up_to_the_demand_of_the_plan(base, table):
    total = table["kg_per_day"].sum()
    assert total > 0
    assert base.classes["kg_per_day"].sum() == pytest.approx(total)
    assert base.classes["trips_per_day"].sum() == pytest.approx(table["trips_per_day"].sum())
    assert base.zones[list(VEHICLE_CLASSES)].to_numpy().sum() == pytest.approx(total)


def test_links_agree_with_the_flows_of_a_plan(base, table):
    inputs = load_inputs(_SCENARIO)
    flows = link_flows(table.assign(served_kg_per_day=0.0), inputs.routes, inputs.network)
    expected = flows.set_index("edge_row")["kg_per_day"].sort_index()
    found = base.links.sum(axis="columns").sort_index()
    assert found.index.tolist() == expected.index.tolist()
    np.testing.assert_allclose(found, expected)


def test_kilometers_over_links_are_the_vehicles_kilometers(base, table):
    # A second way to the same figure: what each link carries, times its length, is kg x km of all trips.
    inputs = load_inputs(_SCENARIO)
    length = inputs.network.edges["length"].to_numpy()[base.links.index] / 1000.0
    over_links = (base.links.sum(axis="columns") * length).sum()
    over_trips = (table["kg_per_day"] * inputs.routes.length_km[table["route"]]).sum()
    assert over_links == pytest.approx(over_trips, rel=1e-3)


def test_a_larger_share_of_tractors_changes_tractors_only_and_in_proportion(base):
    default = load_inputs(_SCENARIO).assumptions.loc[_SHARE, "value"]
    edited = _SCENARIO.model_copy(update={"assumptions": {_SHARE: 2 * default}})
    assert baseline(edited) == _SCENARIO
    now = demand_view(edited)
    changes = class_changes(now, base)
    assert changes.loc["tractor_49t", "kg_per_day"] == pytest.approx(
        2 * changes.loc["tractor_49t", "baseline_kg_per_day"]
    )
    others = changes.drop("tractor_49t")["change_kg_per_day"]
    assert others.tolist() == pytest.approx([0.0] * 5)
    classes = ("tractor_49t",)
    for found in (zone_changes(now, base, classes=classes), link_changes(now, base, classes=classes)):
        assert found["change_kg_per_day"].to_numpy() == pytest.approx(found["baseline_kg_per_day"].to_numpy())
    assert link_changes(now, base, classes=("coach_12m",))["change_kg_per_day"].abs().max() == pytest.approx(
        0
    )


def test_roads_that_change_the_routes_show_what_links_lose(base):
    now = demand_view(_SCENARIO.model_copy(update={"closures": ("G5013",)}))
    change = link_changes(now, base, classes=VEHICLE_CLASSES)
    assert change["change_kg_per_day"].min() < -100
    assert change["change_kg_per_day"].max() > 100
    assert isinstance(change, pd.DataFrame)
    assert (change[["kg_per_day", "baseline_kg_per_day"]] >= 0).all(axis=None)


def test_no_class_chosen_is_no_demand(base):
    assert link_changes(base, base, classes=())["kg_per_day"].sum() == 0
    assert zone_changes(base, base, classes=()).empty


def test_what_is_impossible_is_refused():
    for key, value in ((_SHARE, 1.5), ("vehicle.tractor_49t.payload_t", -1.0), ("no.such.key", 1.0)):
        with pytest.raises(InputError):
            demand_view(_SCENARIO.model_copy(update={"assumptions": {key: value}}))
    with pytest.raises(InfeasibleError):
        demand_view(_SCENARIO.model_copy(update={"assumptions": {"freight.shortest_trip_km": 99_999.0}}))


def test_the_key_passes_over_stations_and_supply():
    same = _SCENARIO.model_copy(update={"name": "x", "stations": 3, "green_only": True, "locked": ("S",)})
    assert demand_key(same) == demand_key(_SCENARIO)
    for change in ({"year": 2035}, {"assumptions": {_SHARE: 0.1}}, {"closures": ("G5013",)}):
        assert demand_key(_SCENARIO.model_copy(update=change)) != demand_key(_SCENARIO)
