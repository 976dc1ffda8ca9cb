"""Places by name, by id and by coordinates, and what is refused."""

import numpy as np
import pytest

from corridor.coordinates import from_wgs84
from corridor.errors import InputError
from corridor.roads import snap
from planner.inputs import load_inputs
from planner.places import place, position


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


def test_coordinates_of_a_node_lead_to_it(inputs):
    network, node = inputs.network, int(inputs.network.node_ids[100])
    x, y = network.nodes.loc[node, ["x", "y"]]
    for text in (f"{x},{y}", f" {x} ， {y} "):
        assert place(network, text, zones=inputs.zones).node == node


def test_coordinates_beside_a_road_lead_to_the_road_not_to_its_ends(inputs):
    network = inputs.network
    row = int(np.argmax(network.edges["length"]))
    middle = network.edges.geometry.iloc[row].interpolate(0.5, normalized=True)
    point = place(network, f"{middle.x},{middle.y}", zones=inputs.zones)
    assert point.node is None
    assert row in point.rows
    assert len(point.rows) == 2, "both directions are drawn on one line"
    assert point.distance_km < 0.001
    assert snap(network, [middle.x], [middle.y])[1][0] > 5.0


def test_a_name_leads_to_the_node_of_its_zone(inputs):
    network, zones = inputs.network, inputs.zones
    assert place(network, "511102", zones=zones).node == zones.loc["511102", "node_id"]
    assert place(network, "简阳市", zones=zones).node == zones.loc["510185", "node_id"]


@pytest.mark.parametrize("crs", ["CGCS2000", "GCJ-02", "bd09", "EPSG:4544"])
def test_coordinates_of_other_systems_are_the_same_place(inputs, crs):
    x, y = (float(each) for each in from_wgs84(104.5, 30.4, crs=crs))
    lon, lat = position(inputs.network, f"{x},{y}", zones=inputs.zones, crs=crs)
    assert (lon, lat) == pytest.approx((104.5, 30.4), abs=1e-8)


@pytest.mark.parametrize(
    ("text", "crs", "message"),
    [
        ("30.66,104.07", "WGS84", "latitude and longitude swapped. Longitude comes first: 104.07,30.66"),
        ("30.66,104.07", "BD-09", "latitude and longitude swapped"),
        ("3364000,450000", "EPSG:4544", "northing and easting swapped"),
        ("104.07,30.66", "EPSG:4544", "km from the nearest road"),
        ("116.4,39.9", "WGS84", "km from the nearest road"),
        ("200,30", "WGS84", "not on Earth"),
        ("104.07,30.66", "EPSG:3857", "'EPSG:3857' is not known"),
        ("1e400,30", "WGS84", "there is no place"),
        ("火星", "WGS84", "there is no place '火星'"),
        ("Chengdo", "WGS84", "Did you mean .*Chengdu"),
        ("市中区", "WGS84", "names 2 places. Use the id of one: 511002 .市中区, 内江市., 511102"),
        ("", "WGS84", "there is no place ''"),
    ],
)
def test_places_that_cannot_be_meant_are_refused_with_a_mend(inputs, text, crs, message):
    with pytest.raises(InputError, match=message) as error:
        place(inputs.network, text, zones=inputs.zones, crs=crs)
    assert len(error.value.faults) == 1
    assert error.value.faults[0].mend
