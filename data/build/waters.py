"""Waters that orient a reader of the map: ``waters.parquet``, from the zoom-7 tiles.

Lines are the rivers the tiles hold: the Yangtze (Jinsha), Yalong, Dadu, Min, Tuo, Jialing, Wu, Han and
Qingshui, but neither Fu nor Qu. Areas are lakes, reservoirs and wide reaches. The tiles name no river at this
zoom: a line bears the name of the nearest point of ``facts/rivers.csv``.

How areas become few vertices
    1. Pieces cut by tile edges are joined: grown by `SEAM`, united, shrunk again.
    2. Bays narrower than twice `BAY` are filled, arms narrower than twice `ARM` cut off: they are lines.
    3. Parts below `LEAST_KM2` and islands below `ISLAND_KM2` go; outlines are thinned to `TOLERANCE`.

Good for drawing, down to about 1 : 500,000; nothing is computed from it.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import mapbox_vector_tile  # type: ignore[import-not-found,unused-ignore] # only in the build environment
import numpy as np
import pandas as pd
import shapely
from shapely.geometry import shape

from data.build.roads_tiles import EXTENT, region_box, to_degrees, to_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator

FACTS = Path(__file__).parent / "facts"

PIXEL_KM = 0.066
"""Side of a tile unit at 30° N."""

SEAM, BAY, ARM, TOLERANCE = 0.6, 1.5, 1.6, 2.5
"""Pixels: 40, 100, 105 and 165 m."""

LEAST_KM2, ISLAND_KM2 = 9.0, 1.0
SHORTEST = 30.0
"""Lines shorter than this (pixels, 2 km) are crumbs of clipping."""

REACH = 300.0
"""A named point tells the river of a line within this many pixels (20 km)."""

DIGITS = 4
"""Of degrees: 10 m."""


def main(sources: Path, out: Path) -> None:
    """Derive the table from ``sources`` and write it to ``out``."""
    table = derive(sources)
    table.to_parquet(out / "waters.parquet", compression="zstd")
    vertices = shapely.get_num_coordinates(table.geometry.to_numpy()).sum()
    print(
        f"waters: {(table['kind'] == 'river').sum()} lines, {(table['kind'] == 'area').sum()} areas, ", end=""
    )
    print(f"{vertices:,} vertices")


def derive(sources: Path) -> gpd.GeoDataFrame:
    """Return the table: ``kind`` (``river`` lines, ``area`` polygons), ``name_zh``, ``name_en``, geometry."""
    pieces: dict[str, list[Any]] = {"waterway": [], "water": []}
    for layer, piece in read_pieces(sources / "osm_tiles_z7"):
        pieces[layer].append(piece)
    lines, names = rivers(pieces["waterway"])
    polygons = areas(pieces["water"])
    return gpd.GeoDataFrame(
        {
            "kind": ["river"] * len(lines) + ["area"] * len(polygons),
            "name_zh": [name for name, _ in names] + [None] * len(polygons),
            "name_en": [name for _, name in names] + [None] * len(polygons),
        },
        geometry=[_degrees(piece) for piece in (*lines, *polygons)],
        crs="EPSG:4326",
    )


def read_pieces(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield layer and geometry of every water of the tiles, clipped to its tile, in global pixels."""
    for path in sorted(folder.glob("7/*/*.pbf")):
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        layers = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
        corner = np.array([int(path.parent.name), int(path.stem)], dtype=float) * EXTENT
        tile = shapely.box(0, 0, EXTENT, EXTENT)
        for layer in ("waterway", "water"):
            for feature in layers.get(layer, {"features": []})["features"]:
                inside = shapely.intersection(shapely.make_valid(shape(feature["geometry"])), tile)
                yield layer, shapely.transform(inside, lambda xy, corner=corner: xy + corner)


def rivers(pieces: list[Any]) -> tuple[list[Any], list[tuple[str | None, str | None]]]:
    """Return the lines between confluences, and the names of each."""
    inside = shapely.intersection(shapely.union_all(pieces), shapely.box(*region_box()))
    merged = shapely.get_parts(shapely.line_merge(inside))
    lines = list(merged[shapely.length(merged) >= SHORTEST])
    known = pd.read_csv(FACTS / "rivers.csv")
    spots = shapely.points(to_pixels(known[["lon", "lat"]].to_numpy()))
    names: list[tuple[str | None, str | None]] = []
    for line in lines:
        away = shapely.distance(line, spots)
        near = known.iloc[int(away.argmin())]
        names.append((near["name_zh"], near["name_en"]) if away.min() <= REACH else (None, None))
    return lines, names


def areas(pieces: list[Any]) -> list[Any]:
    """Return the outlines of lakes, reservoirs and wide reaches, largest first."""
    joined = _grown(shapely.union_all([_grown(piece, SEAM) for piece in pieces]), -SEAM)
    smooth = _grown(_grown(_grown(joined, BAY), -BAY - ARM), ARM)
    parts = shapely.get_parts(shapely.intersection(smooth, shapely.box(*region_box())))
    large = sorted(parts[shapely.area(parts) * PIXEL_KM**2 >= LEAST_KM2], key=lambda part: -part.area)
    whole = [
        shapely.Polygon(
            part.exterior,
            [ring for ring in part.interiors if shapely.Polygon(ring).area * PIXEL_KM**2 >= ISLAND_KM2],
        )
        for part in large
    ]
    return list(shapely.simplify(whole, TOLERANCE))


def _grown(piece: Any, by: float) -> Any:  # noqa: ANN401  shapely geometries
    """Return a geometry grown by so many pixels, corners kept."""
    return shapely.buffer(piece, by, join_style="mitre", mitre_limit=2.0)


def _degrees(piece: Any) -> Any:  # noqa: ANN401  shapely geometries
    """Return a geometry of global pixels in WGS 84 degrees."""
    return shapely.transform(piece, lambda xy: to_degrees(xy).round(DIGITS))
