"""The ways of a query are drawn where they run, and closed roads where they are closed."""

import itertools

import numpy as np
import pytest
import shapely
from pyproj import Geod

from corridor.errors import InfeasibleError, InputError
from planner.inputs import load_inputs
from planner.place_choices import place_choices
from planner.places import position
from planner.route_lines import answer, closed_lines


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


def _km(line):
    return Geod(ellps="WGS84").geometry_length(line) / 1000


def test_the_three_corridor_routes_are_the_ways_between_the_two_cities(inputs):
    found = answer(inputs, "成都市", "重庆市")
    assert set(found.table["route_id"]) == {"chengyu", "chenganyu", "chengsuiyu"}
    assert found.table["cost_cny"].is_monotonic_increasing
    assert found.table["share"].sum() == pytest.approx(1, abs=1e-3)
    assert found.table.index.tolist() == [1, 2, 3]


def test_lines_are_as_long_as_the_ways_and_join_the_ends(inputs):
    found = answer(inputs, "成都市", "西昌")
    for km, line in zip(found.table["length_km"], found.lines, strict=True):
        assert _km(line) == pytest.approx(km, rel=0.02)
    starts, ends = ({line.coords[at] for line in found.lines} for at in (0, -1))
    assert len(starts) == len(ends) == 1
    for coords, place in ((starts, "成都市"), (ends, "西昌")):
        lon, lat = position(inputs.network, place, zones=inputs.zones)
        assert shapely.distance(shapely.Point(*next(iter(coords))), shapely.Point(lon, lat)) < 0.15


def test_lines_are_driven_without_a_jump(inputs):
    for line in answer(inputs, "绵阳", "宜宾").lines:
        steps = [shapely.LineString(pair) for pair in itertools.pairwise(line.coords)]
        assert max(map(_km, steps)) < 25
        assert min(step.length for step in steps) > 0


def test_a_closed_road_is_not_driven(inputs):
    open_ways = answer(inputs, "成都市", "重庆市")
    closed_ways = answer(inputs, "成都市", "重庆市", closures=["G5013"])
    assert any("G5013" in refs for refs in open_ways.table["refs"])
    assert not any("G5013" in refs for refs in closed_ways.table["refs"])
    assert closed_ways.table["cost_cny"].iloc[0] > open_ways.table["cost_cny"].iloc[0]
    road = shapely.union_all(closed_lines(inputs, ["G5013"]))
    shared = [_km(shapely.intersection(line, road)) for line in closed_ways.lines]
    assert max(shared) < 1
    assert max(_km(shapely.intersection(line, road)) for line in open_ways.lines) > 100


def test_closed_lines_are_drawn_once_for_both_directions(inputs):
    rows = inputs.network.edges["ref"].fillna("").str.split(";").map(lambda refs: "G5013" in refs)
    both = inputs.network.edges.loc[rows.to_numpy(), "length"].sum() / 1000
    assert sum(map(_km, closed_lines(inputs, ["G5013"]))) == pytest.approx(both / 2, rel=0.05)
    assert closed_lines(inputs, []) == []


def test_an_assumption_on_roads_changes_the_answer(inputs):
    cheap, dear = (
        answer(inputs, "成都市", "重庆市", assumptions={"road.value_of_time_cny_per_h": value})
        for value in (40.0, 200.0)
    )
    assert dear.table["cost_cny"].iloc[0] > cheap.table["cost_cny"].iloc[0]


def test_faulty_ends_and_closures_are_input_errors(inputs):
    with pytest.raises(InputError, match="no road has the number G9999"):
        answer(inputs, "成都市", "重庆市", closures=["G9999"])
    with pytest.raises(InputError, match="there is no place"):
        answer(inputs, "成都市", "亚特兰蒂斯城")


def test_a_way_that_starts_beside_a_road_is_drawn_from_there(inputs):
    found = answer(inputs, "104.60,30.20", "重庆市")
    assert _km(found.lines[0]) == pytest.approx(found.table["length_km"].iloc[0], rel=0.02)


def test_places_cut_off_by_closures_are_infeasible(inputs):
    every = sorted({ref for refs in inputs.network.edges["ref"].dropna() for ref in refs.split(";")})
    with pytest.raises(InfeasibleError, match="the closures cut them off"):
        answer(inputs, "成都市", "重庆市", closures=every)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_place_to_choose_is_understood_and_told_apart(inputs, language):
    choices = place_choices(inputs.zones, language)
    assert len(set(choices.values())) == len(choices) >= len(inputs.zones)
    assert list(choices)[:2] == ["成都市", "重庆市"]
    assert set(inputs.zones.index) <= set(choices)
    for text in list(choices)[::7]:
        assert np.isfinite(position(inputs.network, text, zones=inputs.zones)).all()
    assert (
        choices["510185"] == {"zh": "简阳市 Jianyang · 成都市", "en": "Jianyang 简阳市 · Chengdu"}[language]
    )
