"""Rows no plan changes: written once, whole, under the address the map is given."""

import json

import pydeck as pdk
import pytest

from planner.views import layer_files

_LINES = [[[104.0, 30.0], [105.0, 30.5]], [[105.0, 30.5], [106.5, 29.5]]]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(layer_files, "_FOLDER", tmp_path / "layers")
    monkeypatch.setattr(layer_files, "_known", {})
    return tmp_path / "layers"


def _layer(layer_id, lines):
    return pdk.Layer("PathLayer", [{"path": line} for line in lines], id=layer_id, get_path="path")


def test_rows_lie_where_the_map_looks_for_them(folder):
    (layer,) = layer_files.moved([_layer("road-trunk", _LINES)])
    assert layer.data.startswith("/app/static/layers/")
    rows = json.loads((folder / layer.data.rpartition("/")[2]).read_text())
    assert [row["path"] for row in rows] == _LINES
    assert json.loads(layer.to_json())["data"] == layer.data, "an address, no accessor"
    (again,) = layer_files.moved([_layer("road-trunk", _LINES)])
    assert again.data == layer.data
    assert len(list(folder.iterdir())) == 1, "no draft is left"


def test_other_lines_lie_elsewhere():
    longer = [[*_LINES[0], [107.0, 31.0]], _LINES[1]]
    addresses = {layer_files.moved([_layer("road-trunk", lines)])[0].data for lines in (_LINES, longer)}
    assert len(addresses) == 2


def test_rows_of_a_plan_travel_with_it():
    for layer_id in ("station@0", "flow-demand", "candidate@3"):
        (layer,) = layer_files.moved([_layer(layer_id, _LINES)])
        assert isinstance(layer.data, list)


def test_where_nothing_can_be_written_rows_travel(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr(layer_files, "_FOLDER", tmp_path / "file" / "layers")
    (layer,) = layer_files.moved([_layer("water-river", _LINES)])
    assert isinstance(layer.data, list)
