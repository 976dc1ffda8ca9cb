"""Rivers and lakes as the map draws them, and where rivers can bear their names."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from corridor.sources import data_directory, read_waters

if TYPE_CHECKING:
    from collections.abc import Sequence

#: A name may stand every so often along a river, on a reach of this length, degrees.
_STEP, _REACH = 0.1, 0.36
#: A reach that bends more than this (its length over its chord) bears no name.
_MOST_BENT = 1.12


class NameSpot(NamedTuple):
    """Where a river can bear its name: [lon, lat], and the angle of its reach, degrees counterclockwise."""

    at: list[float]
    angle: float


class River(NamedTuple):
    """A river: its names, and spots for them, the straightest reach first."""

    name_zh: str
    name_en: str
    spots: list[NameSpot]


class Waters(NamedTuple):
    """Outlines of areas (rings), paths of rivers, and the rivers that have names, the longest first."""

    areas: list[list[list[list[float]]]]
    paths: list[list[list[float]]]
    rivers: list[River]


@lru_cache(maxsize=1)
def waters() -> Waters:
    """Return the waters of ``data/waters.parquet``."""
    table = read_waters(data_directory())
    lines = table[table["kind"] == "river"]
    named = {
        names: sorted(group.geometry, key=lambda line: -line.length)
        for names, group in lines.groupby(["name_zh", "name_en"])
    }
    longest = sorted(named, key=lambda names: -sum(line.length for line in named[names]))
    return Waters(
        areas=[
            [shapely.get_coordinates(ring).tolist() for ring in (area.exterior, *area.interiors)]
            for area in table.geometry[table["kind"] == "area"]
        ],
        paths=[shapely.get_coordinates(line).tolist() for line in lines.geometry],
        rivers=[River(name_zh, name_en, name_spots(named[name_zh, name_en])) for name_zh, name_en in longest],
    )


def name_spots(lines: Sequence[Any]) -> list[NameSpot]:
    """Return where a name can stand along lines, the straightest reach first.

    Parameters
    ----------
    lines
        Shapely lines, degrees.
    """
    found = []
    for line in lines:
        middles = np.arange(_REACH / 2, line.length - _REACH / 2, _STEP)
        starts, middle, ends = (
            shapely.get_coordinates(shapely.line_interpolate_point(line, middles + shift))
            for shift in (-_REACH / 2, 0.0, _REACH / 2)
        )
        for (x0, y0), at, (x1, y1) in zip(starts, middle, ends, strict=True):
            bent = _REACH / max(math.hypot(x1 - x0, y1 - y0), 1e-9)
            if bent <= _MOST_BENT:
                found.append((bent, NameSpot(at.round(4).tolist(), upright(x0, y0, x1, y1))))
    return [spot for _, spot in sorted(found, key=lambda pair: pair[0])]


def upright(x0: float, y0: float, x1: float, y1: float) -> float:
    """Return the angle on the map of a line between two points, degrees, so that text on it is upright."""
    stretch = 1.0 / math.cos(math.radians((y0 + y1) / 2))
    angle = math.degrees(math.atan2((y1 - y0) * stretch, x1 - x0))
    return round((angle + 90.0) % 180.0 - 90.0, 1)
