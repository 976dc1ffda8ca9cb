"""Route questions on the shipped network: places by name, by coordinates, and what is refused."""

import json

import numpy as np
import pytest

from corridor import closures
from corridor.errors import InputError
from planner.inputs import load_inputs
from planner.route_query import place, query


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


@pytest.fixture(scope="module")
def ask(inputs):
    values = {str(key): float(value) for key, value in inputs.assumptions["value"].items()}

    def asked(start, end, **options):
        return query(inputs.network, start, end, zones=inputs.zones, assumptions=values, **options)["routes"]

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


def test_coordinates_lead_to_the_nearest_node(inputs):
    network, node = inputs.network, int(inputs.network.node_ids[100])
    x, y = network.nodes.loc[node, ["x", "y"]]
    assert place(network, f"{x},{y}", zones=inputs.zones) == node
    assert place(network, f" {x} ， {y} ", zones=inputs.zones) == node


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("30.66,104.07", "latitude and longitude swapped. Longitude comes first: 104.07,30.66"),
        ("116.4,39.9", "km from the nearest road"),
        ("200,30", "not on Earth"),
        ("1e400,30", "there is no place"),
        ("火星", "there is no place '火星'"),
        ("Chengdo", "Did you mean .*Chengdu"),
        ("市中区", "names 2 places. Use the id of one: 511002 .市中区, 内江市., 511102"),
        ("", "there is no place ''"),
    ],
)
def test_places_that_cannot_be_meant_are_refused_with_a_mend(inputs, text, message):
    with pytest.raises(InputError, match=message):
        place(inputs.network, text, zones=inputs.zones)


def test_an_id_settles_what_a_name_leaves_open(inputs):
    network, zones = inputs.network, inputs.zones
    assert place(network, "511102", zones=zones) == zones.loc["511102", "node_id"]


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
    with pytest.raises(InputError, match="no open road leads"):
        ask("成都", "重庆", closed=np.arange(len(network.heads)))
