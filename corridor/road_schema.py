"""Values of any road graph brought to the columns of docs/tables.md.

A cell of an OSMnx graph holds one value or a list of several; what stands for the edge is stated column by
column below. Columns the schema does not name stay under their own names (:func:`extra_columns`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from corridor import simplification
from corridor.road_classes import CLASSES, UNKNOWN_CLASS

if TYPE_CHECKING:
    from collections.abc import Sequence

KM_PER_MILE = 1.609344

_NODE_TEXTS = ("highway", "ref", "name", "name_en", "road_ref")

#: Columns that the schema replaces, or that say how a row is stored.
_EDGE_SOURCES = frozenset(
    {
        *("osmid", "highway", "ref", "name", "oneway", "reversed", "length", "geometry", "maxspeed_kmh"),
        *("bridge", "tunnel", "bridge_share", "tunnel_share", "toll", "maxspeed", "maxspeed:hgv"),
        *("access", "motor_vehicle", "hgv", "area", "junction"),
        *("u", "v", "key", "from", "to", "index", "from_node_id", "to_node_id", "directed"),
    }
)
_NODE_SOURCES = frozenset(
    {"osmid", "x", "y", "street_count", "km_post", "split", "geometry", "index", *_NODE_TEXTS}
)


def values(cell: Any) -> list[Any]:  # noqa: ANN401  a cell of any table
    """Return what stands in a cell, one value or several."""
    if isinstance(cell, (list, tuple, set, np.ndarray)):
        return [value for value in cell if not pd.isna(value)]
    return [] if pd.isna(cell) else [cell]


def lists(column: pd.Series) -> pd.Series:
    """Rows whose cell is a list."""
    if column.dtype != object:
        return pd.Series(data=False, index=column.index)
    return column.map(lambda cell: isinstance(cell, (list, tuple, set, np.ndarray))).astype(bool)


def joined(column: pd.Series) -> pd.Series:
    """Return the column with lists joined by ``;``, each value once."""
    several = lists(column)
    if several.any():
        column = column.where(~several, column[several].map(_join))
    given: pd.Series = column.where(column.notna() & (column != ""), None)
    return given


def _join(cell: object) -> str | None:
    """Return the values of a list, each once, sorted."""
    parts = {part.strip() for value in values(cell) for part in str(value).split(";")}
    return ";".join(sorted(parts)) or None


def _first(column: pd.Series) -> pd.Series:
    """Return the column with the lowest value of each list: the order of a list means nothing in OSMnx."""
    several = lists(column)
    if not several.any():
        return column
    return column.where(~several, column[several].map(lambda cell: min(values(cell), default=None)))


def column_of(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column, empty if it is missing."""
    return table[name] if name in table.columns else pd.Series(None, index=table.index, dtype=object)


def edge_schema(edges: gpd.GeoDataFrame, *, toll_tags: bool) -> gpd.GeoDataFrame:
    """Return the edges with the columns of docs/tables.md, the speed limit, and what the source has besides.

    Parameters
    ----------
    edges
        OSMnx edges with ``length`` in m and ``geometry``.
    toll_tags
        Whether the source's ``toll`` counts; else it is kept as ``toll_tag``.
    """
    osmid = pd.to_numeric(_first(column_of(edges, "osmid")), errors="coerce")
    highway = column_of(edges, "highway")
    several = lists(highway)
    if several.any():
        highway = highway.where(~several, highway[several].map(_slowest))
    columns = {
        "osmid": osmid.fillna(0).astype(np.int64),
        "highway": highway.where(highway.notna(), UNKNOWN_CLASS) if highway.isna().any() else highway,
        "ref": joined(column_of(edges, "ref")),
        "name": joined(column_of(edges, "name")),
        "oneway": _flags(column_of(edges, "oneway")),
        "reversed": _flags(column_of(edges, "reversed")),
        "length": edges["length"],
        "bridge_share": _share(edges, "bridge"),
        "tunnel_share": _share(edges, "tunnel"),
        "maxspeed_kmh": _speed_limit(edges),
    }
    if toll_tags:
        columns["toll"] = joined(column_of(edges, "toll" if "toll" in edges.columns else "toll_tag"))
    elif "toll" in edges.columns:
        edges = edges.rename(columns={"toll": "toll_tag"})
    extra = extra_columns(edges, _EDGE_SOURCES | set(columns))
    table = pd.DataFrame(columns | extra, index=edges.index)
    return gpd.GeoDataFrame(table, geometry=edges.geometry, crs="EPSG:4326")


def node_schema(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, *, simplified: bool) -> gpd.GeoDataFrame:
    """Return the nodes, in the order of ids, with the columns of docs/tables.md and the source's own."""
    nodes = nodes.sort_index()
    table = pd.DataFrame({"x": nodes["x"].astype(np.float64), "y": nodes["y"].astype(np.float64)})
    table["street_count"] = simplification.street_counts(nodes, edges)
    for name in _NODE_TEXTS:
        table[name] = joined(column_of(nodes, name)).astype(object)
    table["km_post"] = pd.to_numeric(column_of(nodes, "km_post"), errors="coerce").astype(np.float64)
    table["split"] = simplification.mid_road(nodes, edges) if simplified else False
    table = table.assign(**extra_columns(nodes, _NODE_SOURCES))
    table.index = table.index.astype(np.int64).rename("osmid")
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["x"], table["y"]), crs="EPSG:4326")


def extra_columns(table: pd.DataFrame, known: set[str] | frozenset[str]) -> dict[str, pd.Series]:
    """Return the columns besides the known ones: numbers and flags as they are, all else as text.

    Lists are joined with ``;``; a column without any value is left out.
    """
    result = {}
    for name in table.columns:
        column = table[name]
        if str(name) in known or column.isna().all():
            continue
        if column.dtype == object:
            text = joined(column)
            column = text.map(lambda cell: cell if pd.isna(cell) else str(cell)).astype(object)
        result[str(name)] = column
    return result


def _slowest(cell: object) -> str:
    """Return the slowest class of a list."""
    rank = {name: place for place, name in enumerate(CLASSES)}
    return max((str(value) for value in values(cell)), key=lambda name: (rank.get(name, len(rank)), name))


def _flags(column: pd.Series) -> pd.Series:
    """Return a column of true and false; of a list any true, an empty cell false."""
    if column.dtype == bool:
        return column
    true = {"True", "true", "yes", "1", "1.0"}
    flags: pd.Series = column.map(lambda cell: any(str(value) in true for value in values(cell)))
    return flags.astype(bool)


def _share(edges: pd.DataFrame, kind: str) -> pd.Series:
    """Share of each edge on a bridge or in a tunnel: as given, else whole edges by their tag."""
    name = f"{kind}_share"
    if name in edges.columns:
        return pd.to_numeric(edges[name], errors="coerce").fillna(0.0).clip(0.0, 1.0)
    tag = joined(column_of(edges, kind))
    return (tag.notna() & (tag != "no")).astype(np.float64)


def _speed_limit(edges: pd.DataFrame) -> pd.Series:
    """Speed limit in km/h, that of trucks before that of all; NaN where none is given in figures."""
    if "maxspeed_kmh" in edges.columns:
        return pd.to_numeric(edges["maxspeed_kmh"], errors="coerce").astype(np.float64)
    limit = pd.Series(np.nan, index=edges.index)
    for tag in ("maxspeed:hgv", "maxspeed"):
        if tag in edges.columns:
            text = joined(edges[tag])
            known = {value: speed_limit_kmh(str(value)) for value in text.dropna().unique()}
            limit = limit.fillna(text.map(known).astype(np.float64))
    return limit


def speed_limit_kmh(text: str) -> float:
    """Return an OSM ``maxspeed`` in km/h, the lowest of several; NaN if it holds no positive figure."""
    limits = [
        float(figure) * (KM_PER_MILE if unit == "mph" else 1.0)
        for part in re.split(r"[;|]", text)
        for figure, unit in re.findall(r"^\s*(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?\s*$", part)
    ]
    return min((limit for limit in limits if limit > 0), default=float("nan"))


def of_classes(edges: gpd.GeoDataFrame, highways: Sequence[str]) -> tuple[pd.Series, tuple[str, ...]]:
    """Rows whose classes are all kept, and what to say; where no edge at all has a class, every row.

    OSMnx makes edges of buildings, rivers and railways too when it reads a whole file: they have no class.
    """
    if "highway" not in edges.columns or edges["highway"].isna().all():
        return pd.Series(data=True, index=edges.index), ()
    column, kept = edges["highway"], set(highways)
    several, nameless = lists(column), column.isna()
    result: pd.Series = column.where(~several).isin(kept)
    if several.any():
        result[several] = column[several].map(lambda cell: set(values(cell)) <= kept).astype(bool)
    count = int(nameless.sum())
    return result, (f"{count} edges name no class of road and were left out",) if count else ()
