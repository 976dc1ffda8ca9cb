"""Published lengths of the corridor's expressways, asked for as a person would: between two interchanges.

Ends are the interchanges of the road with the ring (G4202 of Chengdu, G5001 of Chongqing), the border of the
two provinces, or the exit that stands for the town on G5; coordinates to about 100 m.
"""

import pytest

from planner.closures import closed_arcs
from planner.inputs import load_inputs
from planner.route_query import find_ways

PLACES = {
    "Chengdu G5013": "104.2042,30.6501",
    "Chengdu G76": "104.2038,30.6183",
    "Chengdu G42": "104.2036,30.6748",
    "Chengdu G5": "104.0265,30.5769",
    "Chongqing G5013": "106.3001,29.6403",
    "Chongqing G85": "106.2968,29.4674",
    "Chongqing G93": "106.3180,29.6767",
    "border G5013": "105.5609,29.7412",
    "Ya'an": "103.0054,30.0192",
    "Xichang": "102.1937,27.8972",
    "Panzhihua": "101.8001,26.4989",
}


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


@pytest.mark.parametrize(
    ("ends", "roads", "published_km"),
    [
        (("Chengdu G5013", "Chongqing G5013"), {"G5013"}, (251.0, 253.6)),
        (("Chengdu G5013", "border G5013"), {"G5013"}, (173.0, 175.0)),
        (("border G5013", "Chongqing G5013"), {"G5013"}, (77.0, 79.0)),
        (("Chengdu G76", "Chongqing G85"), {"G76", "G85"}, (306.0, 308.0)),
        (("Chengdu G42", "Chongqing G93"), {"G42", "G93"}, (288.0, 288.0)),
        (("Chengdu G5", "Ya'an"), {"G5"}, (125.0, 130.0)),
        (("Chengdu G5", "Xichang"), {"G5"}, (417.0, 430.0)),
        (("Chengdu G5", "Panzhihua"), {"G5"}, (610.0, 620.0)),
    ],
)
def test_the_way_along_the_road_is_as_long_as_published(inputs, ends, roads, published_km):
    values = {str(key): float(value) for key, value in inputs.assumptions["value"].items()}
    # By Suining is longer than by S11, which everybody takes: the published length is that of G42/G93 alone.
    closed = closed_arcs(inputs.network, ["S11"], zones=inputs.zones) if "G42" in roads else None
    for start, stop in (ends, ends[::-1]):
        answer = find_ways(
            inputs.network,
            PLACES[start],
            PLACES[stop],
            zones=inputs.zones,
            assumptions=values,
            closed=closed,
        )
        assert max(answer.origin.distance_km, answer.destination.distance_km) < 0.6
        on_road = {
            way.length_km: sum(road.km for road in way.roads if road.ref in roads) for way in answer.ways
        }
        km = max(on_road, key=on_road.get)
        assert on_road[km] >= 0.95 * km, "the way keeps to the road"
        assert published_km[0] * 0.97 <= km <= published_km[1] * 1.03
