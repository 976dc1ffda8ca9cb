"""Marks of stations: one sheet of well-formed pictures, a level that tells the use."""

from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from planner.drawing import palette, station_icons

_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def sheet():
    address, places = station_icons.sheet(**palette.STATION)
    head, _, picture = address.partition(",")
    assert head == "data:image/svg+xml;charset=utf-8"
    return ET.fromstring(unquote(picture)), places  # noqa: S314  our own


def test_every_mark_lies_in_the_sheet_and_none_on_another(sheet):
    picture, places = sheet
    width, height = float(picture.get("width")), float(picture.get("height"))
    corners = {(place["x"], place["y"]) for place in places.values()}
    assert len(corners) == len(places)
    for place in places.values():
        assert 0 <= place["x"] <= width - place["width"]
        assert 0 <= place["y"] <= height - place["height"]
    drawn = {(float(cell.get("x")), float(cell.get("y"))) for cell in picture.findall(f"{_SVG}svg")}
    assert drawn == corners


@pytest.mark.parametrize("kind", station_icons.FILLED)
def test_the_level_rises_with_the_use(sheet, kind):
    picture, places = sheet
    cells = {(float(cell.get("x")), float(cell.get("y"))): cell for cell in picture.findall(f"{_SVG}svg")}

    def height(utilization):
        place = places[station_icons.mark(kind, utilization)]
        cell = cells[place["x"], place["y"]]
        return float(next(cell.iter(f"{_SVG}rect") if kind != "existing" else _levels(cell)).get("height"))

    def _levels(cell):
        return (rect for rect in cell.iter(f"{_SVG}rect") if rect.get("clip-path"))

    heights = [height(use) for use in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert heights[0] == 0.0
    assert heights == sorted(set(heights))


def test_unknown_use_is_empty_and_little_use_is_seen():
    assert station_icons.level(None) == station_icons.level(float("nan")) == station_icons.level(0.0) == 0
    assert station_icons.level(0.001) == 1
    assert station_icons.level(1.2) == station_icons.LEVELS


def test_shapes_differ_without_color():
    plain = {"ink": "#000000", "paper": "#ffffff", "fill": "#000000", "out": "#000000"}
    kinds = (*station_icons.FILLED, *station_icons.OUT)
    assert len({station_icons.single(kind, utilization=0.5, **plain) for kind in kinds}) == len(kinds)
