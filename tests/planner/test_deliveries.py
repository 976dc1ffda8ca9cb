"""Deliveries of a plan: along the roads, with roads closed to hydrogen trailers, by the modes asked for."""

import networkx as nx
import numpy as np
import pytest

from corridor.errors import InputError
from planner.deliveries import deliveries, delivery_terms, hazmat_notices
from planner.inputs import assumptions_in_force, load_inputs
from planner.pipeline import make_plan
from planner.scenario import Scenario, validated
from siting.delivery import PARTS

YAXI = "G5 荥经..汉源"


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


def brought(inputs, scenario=None, *, stations=None, **changes):
    scenario = scenario or Scenario(**changes)
    values, _ = assumptions_in_force(inputs.assumptions, scenario.assumptions)
    terms = delivery_terms(scenario, inputs, values)
    at = inputs.sites[inputs.sites["status"] == "existing"] if stations is None else stations
    found = deliveries(terms, inputs, at, load_kg_per_day=np.full(len(at), 500.0))
    return found, hazmat_notices(terms, inputs, at)


def test_distances_are_those_of_networkx(inputs):
    found, notices = brought(inputs)
    assert notices == ()
    network = inputs.network
    graph = nx.DiGraph()
    for tail, head, cost, km in zip(
        network.tails.tolist(),
        network.heads.tolist(),
        inputs.costs.total_cny.tolist(),
        network.length_km.tolist(),
        strict=True,
    ):
        if not graph.has_edge(tail, head) or graph[tail][head]["cost"] > cost:
            graph.add_edge(tail, head, cost=cost, km=km)
    stations = inputs.sites[inputs.sites["status"] == "existing"]
    ends = network.vertices(stations["node_id"].to_numpy())
    for column, start in enumerate(network.vertices(inputs.bases["node_id"].to_numpy())):
        _, ways = nx.single_source_dijkstra(graph, int(start), weight="cost")
        for row, end in enumerate(ends):
            km = nx.path_weight(graph, ways[int(end)], weight="km")
            assert found["tube_20mpa"].distance_km[row, column] == pytest.approx(km)


def test_the_yaxi_tunnels_closed_to_trailers_cut_liangshan_off_but_not_its_pipeline(inputs):
    modes = ("tube_20mpa", "liquid", "pipeline")
    free, _ = brought(inputs, delivery_modes=modes)
    barred, notices = brought(inputs, delivery_modes=modes, hazmat_closed=(YAXI,))
    for mode in ("tube_20mpa", "liquid"):
        assert np.isfinite(free[mode].distance_km).all()
        farther = barred[mode].distance_km - free[mode].distance_km
        assert (farther >= -1e-9).all()
    xichang = inputs.bases.index.get_loc("BASE-XICHANG")
    yaan = inputs.bases.index.get_loc("BASE-YAAN")
    pidu = inputs.sites[inputs.sites["status"] == "existing"].index.get_loc("ST-PIDU")
    assert np.isinf(barred["liquid"].cny_per_kg[pidu, xichang])
    assert barred["liquid"].distance_km[pidu, yaan] == free["liquid"].distance_km[pidu, yaan]
    assert np.array_equal(barred["pipeline"].distance_km, free["pipeline"].distance_km)
    assert [notice.key for notice in notices] == ["hazmat_cut_off"]
    assert "西昌" in notices[0].say("zh")
    assert "西昌" in notices[0].say("en")


def test_traffic_keeps_the_roads_closed_to_trailers(inputs):
    assert load_inputs(Scenario(hazmat_closed=(YAXI,))) is inputs


def test_faults_are_told_before_anything_is_solved(inputs):
    scenario = Scenario(
        hazmat_closed=("G9999", "???"),
        assumptions={"delivery.liquid.payload_kg": 0.0, "delivery.tractor_use": 0.0},
    )
    with pytest.raises(InputError) as caught:
        brought(inputs, scenario)
    told = {fault.where for fault in caught.value.faults}
    assert told == {
        "hazmat_closed, 'G9999'",
        "hazmat_closed, '???'",
        "assumptions, key delivery.liquid.payload_kg",
        "assumptions, key delivery.tractor_use",
    }
    assert all(fault.mend for fault in caught.value.faults)


@pytest.mark.parametrize("modes", [[], ["drone"], ["liquid", "liquid"]])
def test_modes_that_are_none_are_refused(modes):
    with pytest.raises(InputError):
        validated({"delivery_modes": modes}, where="t")


def test_the_default_scenario_keeps_its_identity():
    same = Scenario(hazmat_closed=(), delivery_modes=("tube_20mpa", "liquid"))
    assert same.identity == Scenario().identity
    assert Scenario(hazmat_closed=(YAXI,)).identity != same.identity
    assert Scenario(delivery_modes=("liquid",)).identity != same.identity
    # As of before there were such fields.
    assert Scenario().identity == "5229c364ea320c904fe5748f8e7ac236a4ee33461fb622b0449dc5990d8a85be"


def test_a_plan_tells_cost_and_vehicles_of_each_link():
    plan = make_plan(Scenario(room=False, stations=3, green_only=True, hazmat_closed=(YAXI,)))
    links = plan.supply
    assert np.allclose(links[list(PARTS)].sum(axis=1), links["delivery_cny_per_kg"])
    spent = (links["kg_per_day"] * links["delivery_cny_per_kg"]).sum()
    assert plan.kpis["delivery_cny_per_kg"] == pytest.approx(spent / links["kg_per_day"].sum())
    assert plan.kpis["trailers_needed"] >= links["trailers"].sum() - 1e-6
    assert plan.kpis["tractors_needed"] >= links["tractors"].sum() - 1e-6
    assert "hazmat_cut_off" in {notice.key for notice in plan.notices}
    by_base = links[links["kg_per_day"] > 0].groupby("base_id")["kg_per_day"].sum()
    assert set(by_base.index) == {"BASE-YAAN"}
