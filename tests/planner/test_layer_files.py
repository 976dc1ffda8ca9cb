"""Rows no plan changes: written once, whole, under the address the map is given; lines in tiles."""

import json

import pydeck as pdk
import pytest

from planner.drawing import roads
from planner.drawing.line_tiles import bounds, covering, tile_at
from planner.drawing.palette import DARK
from planner.inputs import load_inputs
from planner.views import backdrop, layer_files
from planner.views.restyling import restyled

_LINES = [[[104.0, 30.0], [105.0, 30.5]], [[105.0, 30.5], [106.5, 29.5]]]
_COLORS = [[10, 20, 30, 255], [40, 50, 60, 255]]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(layer_files, "_FOLDER", tmp_path / "layers")
    monkeypatch.setattr(layer_files, "_known", {})
    return tmp_path / "layers"


def _lines(lines=_LINES, layer_id="ground-line", colors=_COLORS):
    rows = [{"path": path, "color": color, "width": 1.5} for path, color in zip(lines, colors, strict=True)]
    return pdk.Layer(
        "PathLayer",
        rows,
        id=layer_id,
        get_path="path",
        get_color="color",
        width_units=pdk.types.String("pixels"),
    )


def _areas():
    return pdk.Layer("SolidPolygonLayer", [{"rings": [_LINES[0]]}], id="ground-area", get_polygon="rings")


def test_areas_lie_where_the_map_looks_for_them(folder):
    (layer,) = layer_files.moved([_areas()])
    assert layer.data.startswith("/app/static/layers/ground-area-")
    rows = json.loads((folder / layer.data.removeprefix("/app/static/layers/")).read_text())
    assert rows == [{"rings": [_LINES[0]]}]
    assert json.loads(layer.to_json())["data"] == layer.data, "an address, no accessor"


def test_lines_lie_in_tiles_with_the_look_of_each(folder):
    (layer,) = layer_files.moved([_lines()])
    told = json.loads(layer.to_json())
    assert told["@@type"] == "TileLayer"
    assert told["id"] == "ground-line"
    assert told["lineWidthUnits"] == "pixels"
    assert (told["getLineColor"], told["getLineWidth"]) == ("@@=properties.color", "@@=properties.width")
    address = told["data"].removeprefix("/app/static/layers/")
    for level in range(told["minZoom"], told["maxZoom"] + 1):
        for tile in covering(told["extent"], level):
            file = folder / address.format(z=tile.level, x=tile.column, y=tile.row)
            assert json.loads(file.read_text())["type"] == "FeatureCollection"
    tile = tile_at(105.0, 30.5, told["maxZoom"])
    content = json.loads((folder / address.format(z=tile.level, x=tile.column, y=tile.row)).read_text())
    assert [feature["properties"] for feature in content["features"]] == [
        {"color": color, "width": 1.5} for color in _COLORS
    ]
    west, south, east, north = bounds(tile)
    for feature in content["features"]:
        assert feature["geometry"]["type"] == "MultiLineString"
        for lon, lat in feature["geometry"]["coordinates"][0]:
            assert west - 1e-4 <= lon <= east + 1e-4
            assert south - 1e-4 <= lat <= north + 1e-4


def test_what_is_known_is_written_once(folder):
    addresses = {layer_files.moved([_lines()])[0].data for _ in range(2)}
    assert len(addresses) == 1
    [written] = folder.iterdir()
    assert not written.name.startswith("."), "no draft is left"


def test_other_lines_and_other_colors_lie_elsewhere():
    longer = [[*_LINES[0], [107.0, 31.0]], _LINES[1]]
    looks = (_lines(), _lines(longer), _lines(colors=_COLORS[::-1]))
    assert len({layer_files.moved([layer])[0].data for layer in looks}) == 3


def test_rows_of_a_plan_travel_with_it():
    for layer_id in ("station@0", "flow-demand", "candidate@3"):
        (layer,) = layer_files.moved([_lines(layer_id=layer_id)])
        assert isinstance(layer.data, list)


def test_where_nothing_can_be_written_rows_travel(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(layer_files, "_FOLDER", tmp_path / "file" / "layers")
    lines, areas = layer_files.moved([_lines(), _areas()])
    assert isinstance(lines.data, list)
    assert isinstance(areas.data, list)
    assert lines.type == "PathLayer"


def test_the_ground_of_the_page_is_drawn_from_files_in_both_looks(folder):
    paths = roads.road_paths(load_inputs().network)
    light = layer_files.moved(backdrop.ground(paths))
    dark = layer_files.moved(restyled(backdrop.ground(paths), DARK))
    assert all(isinstance(layer.data, str) for layer in (*light, *dark))
    assert light[1].data != dark[1].data
    assert len(list(folder.iterdir())) == 3, "areas hold no colors"
