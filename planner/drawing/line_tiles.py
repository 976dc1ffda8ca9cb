"""Lines cut into the tiles of a Web Mercator pyramid: a browser draws those in sight, as fine as it shows."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Levels of a pyramid: the finest holds the lines as they are. deck.gl shows level z from zoom z - 0.5 on.
COARSEST, FINEST = 6, 8
#: Side of a tile on the screen at the zoom of its level, pixels.
TILE_PX = 512
#: What a line may leave its place by, and what is too short to be drawn, pixels at the zoom of a level.
_AWAY_PX, _SHORTEST_PX = 0.5, 2.0
#: Tiles of the finest level kept at most; lines that reach farther end at a coarser level.
_MOST_TILES = 512
_DIGITS = 4


class Tile(NamedTuple):
    """A tile: its level, its column from the west and its row from the north."""

    level: int
    column: int
    row: int


class Piece(NamedTuple):
    """What of a line lies in a tile: the number of the line, and [lon, lat] of its points."""

    line: int
    path: list[list[float]]


class Pyramid(NamedTuple):
    """Lines by tile, every tile within the extent named, empty or not.

    Parameters
    ----------
    extent
        West, south, east, north, degrees.
    levels
        The coarsest and the finest.
    tiles
        By tile the pieces of lines within it, in the order of the lines.
    """

    extent: tuple[float, float, float, float]
    levels: tuple[int, int]
    tiles: dict[Tile, list[Piece]]


def pyramid(paths: Sequence[Sequence[Sequence[float]]]) -> Pyramid:
    """Return lines cut into tiles.

    Parameters
    ----------
    paths
        Lists of [lon, lat], degrees; at least one.
    """
    lines = np.array([shapely.LineString(path) for path in paths], dtype=object)
    west, south, east, north = (float(side) for side in shapely.total_bounds(lines))
    extent = (west, south, east, north)
    finest = FINEST
    while finest > COARSEST and len(covering(extent, finest)) > _MOST_TILES:
        finest -= 1
    tiles: dict[Tile, list[Piece]] = {}
    for level in range(COARSEST, finest + 1):
        kept = np.arange(len(lines)) if level == finest else _shown(lines, level)
        drawn = lines[kept] if level == finest else shapely.simplify(lines[kept], _AWAY_PX * pixel(level))
        tree = shapely.STRtree(drawn)
        for tile in covering(extent, level):
            box = bounds(tile)
            near = np.sort(tree.query(shapely.box(*box)))
            parts, owner = shapely.get_parts(shapely.clip_by_rect(drawn[near], *box), return_index=True)
            owners = kept[near[owner]].tolist()
            tiles[tile] = [Piece(line, _path(part)) for line, part in zip(owners, parts, strict=True)]
    return Pyramid(extent, (COARSEST, finest), tiles)


def covering(extent: Sequence[float], level: int) -> list[Tile]:
    """Return the tiles of a level that meet an extent (west, south, east, north, degrees)."""
    west, south, east, north = extent
    first, last = tile_at(west, north, level), tile_at(east, south, level)
    return [
        Tile(level, column, row)
        for row in range(first.row, last.row + 1)
        for column in range(first.column, last.column + 1)
    ]


def tile_at(lon: float, lat: float, level: int) -> Tile:
    """Return the tile of a level that holds a place."""
    count = 2**level
    x = (lon / 360.0 + 0.5) * count
    y = (0.5 - math.asinh(math.tan(math.radians(lat))) / (2.0 * math.pi)) * count
    column, row = (min(max(math.floor(value), 0), count - 1) for value in (x, y))
    return Tile(level, column, row)


def bounds(tile: Tile) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a tile, degrees."""
    count = 2**tile.level
    south, north = (
        math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * row / count))))
        for row in (tile.row + 1, tile.row)
    )
    west, east = (360.0 * column / count - 180.0 for column in (tile.column, tile.column + 1))
    return west, south, east, north


def pixel(level: int) -> float:
    """Return the width of a pixel at the zoom of a level, degrees of longitude."""
    width: float = 360.0 / (2**level * TILE_PX)
    return width


def _shown(lines: Any, level: int) -> Any:  # noqa: ANN401  shapely lines
    """(m,) numbers of the lines long enough to be drawn at a level."""
    return np.flatnonzero(shapely.length(lines) >= _SHORTEST_PX * pixel(level))


def _path(line: Any) -> list[list[float]]:  # noqa: ANN401  a shapely line
    """Return the points of a line, rounded to about 10 m."""
    points: list[list[float]] = np.round(shapely.get_coordinates(line), _DIGITS).tolist()
    return points
