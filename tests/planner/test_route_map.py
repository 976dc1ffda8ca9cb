"""The ways of a route query and closed roads, as the map and the table show them."""

import json

import pandas as pd
import pytest
from shapely.geometry import LineString

from planner.drawing import palette
from planner.drawing.labels import Screen
from planner.route_lines import RouteAnswer
from planner.text import LANGUAGES, text
from planner.views import closed_roads, map_frame, route_map, route_panel


def drawn_layers(layers):
    """Return the layers as the browser gets them, by id."""
    import pydeck as pdk

    return {layer["id"]: layer for layer in json.loads(pdk.Deck(layers=layers).to_json())["layers"]}


def _answer(ids):
    """Return an answer with ways between the same two points; the second shares half of the first's road."""
    lines = (
        LineString([(104.0, 30.6), (105.0, 30.0), (106.5, 29.5)]),
        LineString([(104.0, 30.6), (105.0, 30.0), (105.5, 29.2), (106.5, 29.5)]),
        LineString([(104.0, 30.6), (105.6, 30.6), (106.5, 29.5)]),
    )[: len(ids)]
    table = pd.DataFrame(
        {
            "route_id": ids,
            "name": ids,
            "length_km": 300.0,
            "hours": 4.0,
            "toll_cny": 500.0,
            "cost_cny": 2000.0,
            "share": 1 / len(ids),
            "refs": [["G1", "G2", "G3", "G4"]] * len(ids),
        },
        index=pd.RangeIndex(1, len(ids) + 1, name="rank"),
    )
    return RouteAnswer(table=table, lines=lines)


def test_the_cheapest_way_is_on_top_unless_another_is_chosen(monkeypatch):
    monkeypatch.setattr(route_map, "ground", lambda _inputs: map_frame.Ground({}, []))
    ways = _answer(["chengyu", "", "chenganyu"])
    drawn = drawn_layers(route_map.layers(ways, [], None, language="zh", chosen=None))["way"]["data"]
    assert [row["rank"] for row in drawn] == [3, 2, 1]
    assert len({tuple(row["color"]) for row in drawn}) == 3
    assert len({row["width_px"] for row in drawn}) == 1
    drawn = drawn_layers(route_map.layers(ways, [], None, language="zh", chosen=2))["way"]["data"]
    assert [row["rank"] for row in drawn] == [3, 1, 2]
    assert drawn[-1]["color"][3] == 255
    assert max(row["color"][3] for row in drawn[:-1]) < 128
    assert drawn[-1]["width_px"] > drawn[0]["width_px"]


def test_ways_show_on_both_sides_of_the_cheaper_one_they_share_a_road_with(monkeypatch):
    monkeypatch.setattr(route_map, "ground", lambda _inputs: map_frame.Ground({}, []))
    layers = drawn_layers(route_map.layers(_answer(["", ""]), [], None, language="zh", chosen=None))
    order = list(layers)
    assert order.index("way-shared") < order.index("way")
    (shared,) = layers["way-shared"]["data"]
    assert {tuple(shared["path"][0]), tuple(shared["path"][-1])} == {(104.0, 30.6), (105.0, 30.0)}
    second = next(row for row in layers["way"]["data"] if row["rank"] == 2)
    assert shared["color"] == second["color"]
    assert shared["width_px"] > second["width_px"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_way_keeps_the_color_and_name_of_its_corridor_route(language):
    ways = _answer(["chenganyu", ""])
    assert route_map.colors(ways)[0] == palette.ROUTES["chenganyu"]
    assert route_map.colors(ways)[1] not in palette.ROUTES.values()
    names = route_map.names(ways, language)
    assert names[0] == {"zh": "成安渝高速 G5013", "en": "Cheng'anyu Expressway G5013"}[language]
    assert names[1] == text("routes.other", language, refs="G1/G2/G3")
    table = route_panel.rows(ways, language)
    assert table["refs"].tolist() == ["G1 → G2 → G3 → G4"] * 2
    assert table["share"].sum() == pytest.approx(100)
    assert table["mark"].str.startswith("data:image/svg+xml").all(), "a picture in itself: nothing is fetched"


def test_the_view_holds_all_ways():
    ways = _answer(["", "", ""])
    view = route_map.view_of(ways.lines)
    frame = Screen(view["zoom"], (view["longitude"], view["latitude"]), route_map._ROOM_PX)
    corners = [frame._pixel(lon, lat) for line in ways.lines for lon, lat in line.coords]
    slack = 1.0
    assert min(x for x, _ in corners) >= frame._frame.left - slack
    assert max(x for x, _ in corners) <= frame._frame.right + slack
    assert min(y for _, y in corners) >= frame._frame.top - slack
    assert max(y for _, y in corners) <= frame._frame.bottom + slack
    assert view["zoom"] > 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_closed_roads_are_dashed_and_crossed_out(language):
    road, stub = LineString([(104.0, 30.0), (105.0, 30.0)]), LineString([(105.0, 30.0), (105.01, 30.0)])
    layers = drawn_layers(closed_roads.layers([road, stub], language))
    dashes = [LineString(row["path"]) for row in layers["closed"]["data"]]
    total = sum(dash.length for dash in dashes)
    assert 0.5 < total / (road.length + stub.length) < 0.75
    crosses = [row["position"] for row in layers["closed-cross"]["data"]]
    assert len(crosses) == 4
    assert all(104.0 < lon < 105.0 for lon, _ in crosses)
    assert len(drawn_layers(closed_roads.layers([stub], language))["closed-cross"]["data"]) == 1
    assert closed_roads.layers([], language) == []
