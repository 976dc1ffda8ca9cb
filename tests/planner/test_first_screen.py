"""The first screen of the default plan: few enough features for a browser to draw at once."""

import math

import pytest

from planner.drawing.line_tiles import covering, pixel, pyramid
from planner.inputs import load_inputs
from planner.text import LANGUAGES
from planner.views import corridor_map
from planner.views.session import Session

_MOST = 2_000
#: The level of the opening zoom; how large the map is in windows of 1280 by 800 and 1920 by 1080, pixels.
_LEVEL, _SIZES_PX = 7, ((640, 470), (980, 750))


def _in_sight(width_px, height_px):
    """Return west, south, east, north of a map of a size."""
    lon, lat = corridor_map._VIEW["longitude"], corridor_map._VIEW["latitude"]
    half = width_px / 2 * pixel(_LEVEL)
    y = math.degrees(math.asinh(math.tan(math.radians(lat))))
    north, south = (
        math.degrees(math.atan(math.sinh(math.radians(y + sign * height_px / 2 * pixel(_LEVEL)))))
        for sign in (1, -1)
    )
    return lon - half, south, lon + half, north


@pytest.mark.parametrize("size_px", _SIZES_PX)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_screen_has_at_most_two_thousand_features(solved, language, size_px):
    plan, inputs = solved(), load_inputs()
    layers = corridor_map.layers(Session(), plan, inputs, language, set(corridor_map.FIRST))
    rows = {layer.id: len(layer.data) for layer in layers if isinstance(layer.data, list)}
    assert rows["station@0"] == len(plan.stations)
    assert rows["candidate@0"] == len(inputs.sites) - len(plan.stations)
    assert corridor_map._VIEW["zoom"] == _LEVEL
    [ground] = [layer for layer in layers if layer.id == "ground-line"]
    tiles = pyramid([row["path"] for row in ground.data]).tiles
    rows["ground-line"] = sum(len(tiles[tile]) for tile in covering(_in_sight(*size_px), _LEVEL))
    assert 300 < rows["ground-line"] < 1_000
    assert sum(rows.values()) <= _MOST, rows
