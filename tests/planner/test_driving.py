"""Hydrogen along the real routes."""

import numpy as np
import pytest

from corridor import access
from demand.consumption import route_use
from demand.inputs import VEHICLE_CLASSES
from planner.driving import along, class_numbers, on_arcs
from planner.inputs import assumptions_in_force, load_inputs
from planner.scenario import Scenario
from planner.siting_case import scoped_demand


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


@pytest.fixture(scope="module")
def values(inputs):
    return assumptions_in_force(inputs.assumptions, {})[0]


@pytest.fixture(scope="module")
def used(inputs, values):
    return on_arcs(inputs.network, inputs.terrain, values)


def test_every_arc_of_a_route_leads_from_node_to_node(inputs):
    network, routes, arcs = inputs.network, inputs.routes, inputs.route_arcs
    at = np.delete(np.arange(len(arcs)), routes.offsets[:-1])
    assert (arcs[routes.offsets[:-1]] == -1).all()
    assert (network.node_ids[network.tails[arcs[at]]] == routes.nodes[at - 1]).all()
    assert (network.node_ids[network.heads[arcs[at]]] == routes.nodes[at]).all()
    np.testing.assert_allclose(network.length_km[arcs[at]], routes.km[at] - routes.km[at - 1], atol=1e-9)


def test_a_trip_burns_what_its_road_there_and_back_takes(inputs, values, used):
    demand = scoped_demand(Scenario(), inputs, values, used)
    driving = along(inputs, used, demand["route"].to_numpy())
    last, kind = driving.offsets[1:][driving.of(demand)] - 1, class_numbers(demand)
    np.testing.assert_allclose(driving.out_kg[last, kind], demand["kg_out"], rtol=1e-9)
    np.testing.assert_allclose(driving.back_kg[last, kind], demand["kg_back"], rtol=1e-9)
    per_100km = 50.0 * demand["kg_per_trip"] / inputs.routes.length_km[demand["route"]]
    assert per_100km.between(1.5, 15.0).all()


def test_paths_stop_at_sites_in_driving_order(inputs, used):
    driving = along(inputs, used, np.arange(0, len(inputs.routes), 500))
    paths = driving.candidate_paths(access.access(inputs.sites, inputs.network, within_km=1.0))
    for path in range(len(driving.route)):
        rows = slice(paths.offsets[path], paths.offsets[path + 1])
        assert (np.diff(paths.out[rows], axis=0) >= 0).all()
        assert (np.diff(paths.back[rows], axis=0) >= 0).all()
        assert (paths.out[rows] <= paths.total_out[path] + 1e-9).all()


def test_climbing_to_xichang_costs_more_than_coming_down(inputs, used):
    """Ya'an lies at about 600 m, Xichang at about 1,600 m, the pass between them above 2,400 m."""
    routes, zones = inputs.routes, inputs.zones
    yaan, xichang = (zones.index[zones["name_zh"] == name][0] for name in ("雨城区", "西昌市"))
    ids = routes.zone_ids
    found = np.flatnonzero(
        ((ids[routes.origin] == yaan) & (ids[routes.destination] == xichang))
        | ((ids[routes.origin] == xichang) & (ids[routes.destination] == yaan))
    )
    total = route_use(routes, inputs.route_arcs, used)
    tractor = VEHICLE_CLASSES.index("tractor_49t")
    first = found[0]
    up, down = total.out_kg[first, tractor], total.back_kg[first, tractor]
    if ids[routes.origin[first]] == xichang:
        up, down = down, up
    assert up > 1.15 * down
    assert 100 * up / routes.length_km[first] > 8.0
