"""Road lines of the zoom-7 vector tiles, in one global pixel grid.

The grid is that of Web Mercator at zoom 7 with 4,096 units to a tile: x grows east, y grows south,
one unit ("pixel") is 66 m at 30° N. Everything up to the final tables is computed in it.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mapbox_vector_tile  # type: ignore[import-not-found,unused-ignore] # only in the build environment
import numpy as np
import shapely
from shapely.geometry import shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from scipy.spatial import cKDTree

EXTENT = 4096
"""Units along a tile's side."""

WORLD = EXTENT * 2**7
"""Units around the globe at zoom 7."""

REGION = (100.0, 26.0, 110.0, 33.0)
"""West, south, east, north of the region, degrees."""

CLASSES = ("motorway", "trunk")
"""OSM classes that enter the graph, most important first."""


@dataclass(frozen=True)
class SourceLine:
    """One line of a tile.

    Parameters
    ----------
    xy
        (n, 2) float64, global pixels.
    highway
        OSM class.
    structure
        ``bridge``, ``tunnel`` or empty.
    ref, name
        Only on lines of the name layer, else empty.
    """

    xy: NDArray[np.float64]
    highway: str
    structure: str = ""
    ref: str = ""
    name: str = ""


def to_pixels(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Global pixels (n, 2) of WGS 84 degrees (n, 2) in the order lon, lat."""
    lon, lat = np.asarray(lonlat, dtype=float).T
    mercator = np.arctanh(np.sin(np.radians(lat)))
    return np.column_stack([(lon / 360 + 0.5) * WORLD, (0.5 - mercator / (2 * np.pi)) * WORLD])


def to_degrees(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """WGS 84 degrees (n, 2) in the order lon, lat, of global pixels (n, 2)."""
    x, y = np.asarray(xy, dtype=float).T
    lat = np.degrees(np.arcsin(np.tanh((0.5 - y / WORLD) * 2 * np.pi)))
    return np.column_stack([(x / WORLD - 0.5) * 360, lat])


def region_box() -> tuple[float, float, float, float]:
    """Region in global pixels: lowest x, lowest y, highest x, highest y."""
    west, south, east, north = REGION
    (x0, y1), (x1, y0) = to_pixels(np.array([[west, south], [east, north]]))
    return float(x0), float(y0), float(x1), float(y1)


def read_lines(folder: Path) -> tuple[list[SourceLine], list[SourceLine]]:
    """Lines of the classes of the graph and named lines, clipped to their tile and to the region."""
    roads: list[SourceLine] = []
    named: list[SourceLine] = []
    for path in sorted(folder.glob("7/*/*.pbf")):
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        layers = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
        corner = np.array([int(path.parent.name), int(path.stem)], dtype=float) * EXTENT
        for layer, found in (("transportation", roads), ("transportation_name", named)):
            features = layers.get(layer, {"features": []})["features"]
            for feature in features:
                tags = feature["properties"]
                if tags.get("class") not in CLASSES:
                    continue
                for xy in _clipped(feature["geometry"], corner):
                    found.append(
                        SourceLine(
                            xy,
                            tags["class"],
                            tags.get("brunnel", ""),
                            re.sub(r"\(.*?\)|\s", "", tags.get("ref", "") or ""),
                            tags.get("name", "") or "",
                        )
                    )
    return roads, named


def _clipped(geometry: dict[str, object], corner: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """Parts of a feature inside its own tile (tiles carry a buffer) and inside the region."""
    x0, y0, x1, y1 = region_box()
    low = np.maximum([0, 0], np.array([x0, y0]) - corner)
    high = np.minimum([EXTENT, EXTENT], np.array([x1, y1]) - corner)
    if (low >= high).any():
        return
    inside = shapely.intersection(shape(geometry), shapely.box(*low, *high))
    for part in shapely.get_parts(inside):
        if part.geom_type == "LineString" and part.length > 0:
            yield shapely.get_coordinates(part) + corner


def nearest(
    tree: cKDTree, xy: NDArray[np.float64], reach: float = np.inf
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Distance (m,) and index (m,) of the point of a tree nearest to each ``xy`` (m, 2), up to ``reach``."""
    distance, index = tree.query(xy, distance_upper_bound=reach)
    return np.asarray(distance, dtype=float), np.asarray(index, dtype=np.int64)


def sample(
    lines: Sequence[NDArray[np.float64]], step: float
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Points at most ``step`` pixels apart along lines (m, 2), and the number of the line of each (m,)."""
    points, owners = [], []
    for index, xy in enumerate(lines):
        along = np.r_[0, np.cumsum(np.hypot(*np.diff(xy, axis=0).T))]
        at = np.linspace(0, along[-1], max(2, int(np.ceil(along[-1] / step)) + 1))
        points.append(np.column_stack([np.interp(at, along, xy[:, 0]), np.interp(at, along, xy[:, 1])]))
        owners.append(np.full(len(at), index, dtype=np.int64))
    return np.concatenate(points), np.concatenate(owners)
