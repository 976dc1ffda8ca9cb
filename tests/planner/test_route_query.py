"""Route questions on the shipped network: places by name, by coordinates, and what is refused."""

import json

import numpy as np
import pytest

from corridor import closures
from corridor.errors import InfeasibleError, InputError
from planner.inputs import load_inputs
from planner.route_formats import as_dict
from planner.route_query import find_ways


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


@pytest.fixture(scope="module")
def ask(inputs):
    values = {str(key): float(value) for key, value in inputs.assumptions["value"].items()}

    def asked(start, end, **options):
        answer = find_ways(inputs.network, start, end, zones=inputs.zones, assumptions=values, **options)
        return as_dict(answer)["routes"]

    return asked


@pytest.mark.parametrize("ends", [("成都", "重庆"), ("chengdu", "CHONGQING"), ("重庆市", "成都市")])
def test_the_two_cities_are_joined_by_the_three_named_routes(ask, ends):
    found = ask(*ends)
    assert {route["name"] for route in found} == {
        "G76/G85 成渝高速",
        "G5013 成安渝高速",
        "G42/G93 成遂渝高速",
    }
    assert [route["cost_cny"] for route in found] == sorted(route["cost_cny"] for route in found)
    assert sum(route["share"] for route in found) == pytest.approx(1.0, abs=1e-3)
    for route in found:
        assert 280 < route["length_km"] < 365
        assert 60 < route["length_km"] / route["hours"] < 80
        assert len(set(route["refs"])) == len(route["refs"])
        assert len(set(route["nodes"])) == len(route["nodes"])
        # Toll of the six-axle class on motorways only, ETC discount taken off.
        assert route["toll_cny"] <= 2.1 * 0.95 * route["length_km"] + 0.01


def test_the_answer_is_plain_json_with_the_fields_promised(ask):
    found = ask("成都", "重庆")
    assert json.loads(json.dumps(found)) == found
    assert {"length_km", "hours", "toll_cny", "refs", "nodes", "name"} <= set(found[0])


def test_numbers_come_in_driving_order(ask):
    there, back = (ask(*ends, most=1)[0]["refs"] for ends in (("成都", "重庆"), ("重庆", "成都")))
    assert there.index("G5013") < there.index("G5001")
    assert back.index("G5013") > back.index("G5001")


def test_a_truck_of_a_lower_class_pays_less(ask):
    light, heavy = (ask("成都", "重庆", most=1, axle_class=each)[0]["toll_cny"] for each in (1, 6))
    assert light < heavy / 3


def test_both_ends_are_faulted_at_once_and_must_differ(ask):
    with pytest.raises(InputError) as error:
        ask("火星", "木星")
    assert [fault.where for fault in error.value.faults] == ["FROM", "TO"]
    with pytest.raises(InputError, match="the same place"):
        ask("成都", "Chengdu")


def test_a_closed_road_is_driven_round(inputs, ask):
    network = inputs.network
    best = ask("成都", "重庆", most=1)[0]
    edge = tuple(best["nodes"][40:42])
    closed = closures.edges(network, [edge])
    around = ask("成都", "重庆", most=1, closed=closed)[0]
    assert edge not in list(zip(around["nodes"], around["nodes"][1:], strict=False))
    assert around["cost_cny"] >= best["cost_cny"]
    with pytest.raises(InfeasibleError, match="no open road leads from 成都 to 重庆: the closures"):
        ask("成都", "重庆", closed=np.arange(len(network.heads)))


def test_points_on_edges_are_joined_from_foot_to_foot(inputs, ask):
    """The route to a point on an edge is that to the edge's start and the part of the edge driven."""
    network = inputs.network
    best = ask("成都", "重庆", most=1)[0]
    u, v = best["nodes"][20:22]
    row = network.edges.index.get_loc((u, v, 0))
    edge = network.edges.iloc[row]
    foot = edge.geometry.interpolate(0.4, normalized=True)
    start = ",".join(map(str, network.nodes.loc[best["nodes"][0], ["x", "y"]]))
    values = {str(key): float(value) for key, value in inputs.assumptions["value"].items()}
    options = {"zones": inputs.zones, "assumptions": values, "most": 1}
    answer = find_ways(network, start, f"{foot.x},{foot.y}", **options)
    whole = find_ways(network, start, ",".join(map(str, network.nodes.loc[v, ["x", "y"]])), **options)
    driven = whole.ways[0].length_km - 0.6 * edge["length"] / 1000.0
    assert answer.ways[0].length_km == pytest.approx(driven, abs=0.002)
    assert answer.ways[0].nodes == best["nodes"][:21]
    assert sum(road.km for road in answer.ways[0].roads) == pytest.approx(driven, abs=0.002)
    assert answer.ways[0].toll_cny < whole.ways[0].toll_cny


def test_both_ends_on_one_edge(inputs, ask):
    network = inputs.network
    row = int(np.argmax(network.edges["length"]))
    edge = network.edges.iloc[row]
    texts = []
    for share in (0.2, 0.7):
        point = edge.geometry.interpolate(share, normalized=True)
        texts.append(f"{point.x},{point.y}")
    for start, end in (texts, texts[::-1]):
        found = ask(start, end)
        assert len(found) == 1, "turning round at an end is no other way"
        assert found[0]["nodes"] == []
        assert found[0]["length_km"] == pytest.approx(edge["length"] / 2000.0, rel=0.05)
