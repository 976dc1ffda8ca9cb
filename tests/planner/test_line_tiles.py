"""Lines in tiles: none lost, none drawn twice, none off by a pixel, every tile of the region there."""

import math

import numpy as np
import pytest
import shapely

from planner.drawing import roads
from planner.drawing.line_tiles import (
    COARSEST,
    FINEST,
    TILE_PX,
    Tile,
    bounds,
    covering,
    pixel,
    pyramid,
    tile_at,
)
from planner.inputs import load_inputs

#: Coordinates are rounded to this, degrees.
_ROUNDED = 1e-4


@pytest.fixture(scope="module")
def paths():
    found = roads.road_paths(load_inputs().network)
    return [path for lines in found.values() for path in lines]


@pytest.fixture(scope="module")
def cut(paths):
    return pyramid(paths)


def _lines(cut, level):
    """Return the pieces of a level as lines, by the line they are of."""
    found = {}
    for tile, pieces in cut.tiles.items():
        if tile.level == level:
            for line, path in pieces:
                found.setdefault(line, []).append(shapely.LineString(path))
    return found


def test_tiles_have_the_published_numbers_and_bounds():
    """The example of mercantile's README."""
    assert tile_at(-9.0, 53.2, 10) == Tile(10, 486, 332)
    assert bounds(Tile(10, 486, 332)) == pytest.approx(
        (-9.140625, 53.12040528310657, -8.7890625, 53.33087298301705), abs=1e-12
    )
    assert covering((-180.0, -85.0, 179.9, 85.0), 1) == [Tile(1, x, y) for y in (0, 1) for x in (0, 1)]


def test_the_finest_level_is_the_lines_themselves(paths, cut):
    lines = _lines(cut, cut.levels[1])
    assert sorted(lines) == list(range(len(paths)))
    whole = shapely.length([shapely.LineString(path) for path in paths])
    pieces = [sum(line.length for line in lines[number]) for number in range(len(paths))]
    assert np.allclose(pieces, whole, rtol=0.005, atol=4 * _ROUNDED)
    assert sum(pieces) == pytest.approx(whole.sum(), rel=1e-4)


def test_coarser_levels_lie_within_half_a_pixel_and_have_fewer_points(paths, cut):
    points = []
    for level in range(cut.levels[0], cut.levels[1] + 1):
        lines = _lines(cut, level)
        points.append(sum(len(line.coords) for pieces in lines.values() for line in pieces))
        if level == cut.levels[1]:
            continue
        away = [
            shapely.hausdorff_distance(shapely.union_all(pieces), shapely.LineString(paths[number]))
            for number, pieces in lines.items()
        ]
        assert max(away) <= 0.5 * pixel(level) + 2 * _ROUNDED
        gone = [shapely.LineString(path).length for number, path in enumerate(paths) if number not in lines]
        assert max(gone, default=0.0) < 2.0 * pixel(level)
    assert points == sorted(points)
    assert points[0] < 0.5 * points[-1]


def test_pieces_lie_in_their_tile_in_the_order_of_the_lines(cut):
    for tile, pieces in cut.tiles.items():
        box = shapely.box(*bounds(tile)).buffer(_ROUNDED)
        assert all(shapely.covers(box, shapely.LineString(path)) for _, path in pieces)
        assert [line for line, _ in pieces] == sorted(line for line, _ in pieces)


def test_every_tile_of_the_extent_is_there_empty_or_not(paths, cut):
    assert cut.levels == (COARSEST, FINEST)
    assert cut.extent == pytest.approx(
        (
            *np.min([np.min(path, axis=0) for path in paths], axis=0),
            *np.max([np.max(path, axis=0) for path in paths], axis=0),
        )
    )
    for level in range(COARSEST, FINEST + 1):
        assert set(covering(cut.extent, level)) == {tile for tile in cut.tiles if tile.level == level}
    apart = pyramid([[[100.0, 30.0], [100.01, 30.01]], [[110.0, 30.0], [110.01, 30.01]]])
    assert [] in apart.tiles.values()


def test_lines_across_a_continent_end_at_a_coarser_level():
    wide = pyramid([[[70.0, 15.0], [135.0, 55.0]]])
    assert wide.levels == (COARSEST, FINEST - 1)
    assert len(covering(wide.extent, FINEST)) > 512 >= len(covering(wide.extent, FINEST - 1))


def test_a_pixel_is_that_of_the_map():
    assert pixel(7) * TILE_PX * 2**7 == 360.0
    assert math.isclose(pixel(8), pixel(7) / 2)
