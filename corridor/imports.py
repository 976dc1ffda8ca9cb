"""Any road graph made a network of trucks: tables brought to one schema, then a fixed order of steps.

Order: classes of highway and bans on trucks are filtered, values brought to the schema of docs/tables.md,
islands dropped (the largest strongly connected component stays), chains merged, short edges contracted where
asked for. What was left out is reported in nodes, edges and km; km count each direction of travel.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from corridor import simplification
from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

#: Classes of highway from the fastest to the slowest; of a list the slowest stands for the edge.
CLASSES = tuple(
    name + link
    for name in ("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential")
    for link in ("", "_link")
)
MAIN_ROADS = CLASSES[:6]

KM_PER_MILE = 1.609344
_HALF = 0.5

#: Logarithm of given to measured length, median over edges: above the first, axes swapped are looked for, and
#: below the second they explain it; above the third (three times) nothing but a wrong unit or place does.
_OFF, _AGREES, _HOPELESS = 0.05, 0.02, 1.1

_HIGHEST_TOLERANCE_M = 50.0

#: Values by which a way is closed to trucks.
_BANS = {"access": {"no", "private"}, "motor_vehicle": {"no", "private"}, "hgv": {"no"}, "area": {"yes"}}
_NODE_COLUMNS = ("highway", "ref", "name", "name_en", "road_ref")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What is done to an imported graph.

    Parameters
    ----------
    highways
        Values of ``highway`` to keep; an edge of several is kept if all of them are. Edges without a class
        (networks of an agency) are always kept.
    simplify
        Whether chains between junctions become one edge.
    consolidate_m
        Edges up to this long are contracted, 15-50 m for interchanges; None (the default) leaves every
        junction where it is, as routes to the meter want it.
    """

    highways: tuple[str, ...] = MAIN_ROADS
    simplify: bool = True
    consolidate_m: float | None = None

    def __post_init__(self) -> None:
        if not self.highways:
            raise InputError(Fault("no class of highway is kept", "highways", "Name at least one"))
        if self.consolidate_m is not None and not 0 < self.consolidate_m <= _HIGHEST_TOLERANCE_M:
            mend = f"Use 15 to {_HIGHEST_TOLERANCE_M:g} m"
            raise InputError(
                Fault(f"a tolerance of {self.consolidate_m:g} m will not do", "consolidate", mend)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import kept and what it left out.

    Parameters
    ----------
    source
        Where the roads came from.
    nodes_in, edges_in, km_in
        As read.
    filtered_edges, filtered_km
        Of other classes of highway.
    banned_edges, banned_km
        Closed to trucks or to everybody.
    components
        Strongly connected components of the rest.
    dropped_nodes, dropped_edges, dropped_km
        Outside the largest one.
    nodes_out, edges_out, km_out
        After simplification.
    notices
        What a person should know.
    """

    source: str
    nodes_in: int
    edges_in: int
    km_in: float
    filtered_edges: int
    filtered_km: float
    banned_edges: int
    banned_km: float
    components: int
    dropped_nodes: int
    dropped_edges: int
    dropped_km: float
    nodes_out: int
    edges_out: int
    km_out: float
    notices: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the figures by name, ready for JSON."""
        return asdict(self) | {"notices": list(self.notices)}


def prepared(
    nodes: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    pipeline: Pipeline,
    *,
    source: str,
    notices: Sequence[str] = (),
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, ImportReport]:
    """Return nodes and edges in the schema of docs/tables.md, and what was left out.

    Parameters
    ----------
    nodes, edges
        OSMnx tables in WGS 84; values may be lists, lengths may be missing.
    pipeline
        Steps to take.
    source
        What to call the source in messages.
    notices
        What the reader of the source found.

    Raises
    ------
    corridor.errors.InputError
        If coordinates are impossible or no drivable edge is left.
    """
    check_coordinates(nodes, where=source)
    nodes_in, edges_in = len(nodes), len(edges)
    edges = _with_lengths(nodes, edges, where=source)
    km_in = _km(edges)
    kept = _of_classes(edges, pipeline.highways)
    filtered_km, edges = km_in - _km(edges[kept]), edges[kept]
    open_to_trucks = _open_to_trucks(edges)
    banned, banned_km = int((~open_to_trucks).sum()), _km(edges[~open_to_trucks])
    edges = edges[open_to_trucks]
    if len(edges) == 0:
        mend = "Keep more classes of highway, or take another extract"
        raise InputError(Fault("there is no drivable edge", source, mend))
    edges = _edge_schema(edges)
    nodes = _used(nodes, edges)
    nodes_before, edges_before, km_before = len(nodes), len(edges), _km(edges)
    nodes, edges, components = simplification.largest_component(nodes, edges)
    if len(edges) == 0:
        mend = "Check the directions of travel: nowhere can a truck leave and come back"
        raise InputError(Fault("there is no drivable edge on a round trip", source, mend))
    dropped = (nodes_before - len(nodes), edges_before - len(edges), km_before - _km(edges))
    nodes, edges = _simplified(nodes, edges, pipeline)
    nodes = _node_schema(nodes, edges)
    report = ImportReport(
        source=source,
        nodes_in=nodes_in,
        edges_in=edges_in,
        km_in=round(km_in, 3),
        filtered_edges=int((~kept).sum()),
        filtered_km=round(filtered_km, 3),
        banned_edges=banned,
        banned_km=round(banned_km, 3),
        components=components,
        dropped_nodes=dropped[0],
        dropped_edges=dropped[1],
        dropped_km=round(dropped[2], 3),
        nodes_out=len(nodes),
        edges_out=len(edges),
        km_out=round(_km(edges), 3),
        notices=tuple(notices),
    )
    return nodes, edges, report


def _simplified(
    nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, pipeline: Pipeline
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Merge chains and contract short edges as asked for."""
    if pipeline.simplify:
        nodes, edges = simplification.merge_chains(nodes, edges)
    if pipeline.consolidate_m is not None:
        nodes, edges = simplification.contract_short_edges(nodes, edges, tolerance_m=pipeline.consolidate_m)
        if len(edges) == 0:
            mend = "Use a smaller tolerance"
            raise InputError(Fault("every edge is within the tolerance", "consolidate", mend))
        if pipeline.simplify:
            nodes, edges = simplification.merge_chains(nodes, edges)
    for kind in ("bridge", "tunnel"):
        most = edges[f"{kind}_share"] > _HALF
        edges[kind] = pd.Series("yes", index=edges.index, dtype=object).where(most, None)
    return nodes, edges


def check_coordinates(nodes: gpd.GeoDataFrame, *, where: str) -> None:
    """Refuse nodes that lie nowhere, or nowhere on Earth."""
    x, y = nodes["x"].to_numpy(np.float64), nodes["y"].to_numpy(np.float64)
    missing = ~(np.isfinite(x) & np.isfinite(y))
    outside = ~missing & ((np.abs(y) > 90) | (np.abs(x) > 180))  # noqa: PLR2004  the poles and the date line
    faults = []
    if missing.any():
        first = nodes.index[int(np.argmax(missing))]
        what = f"{missing.sum()} nodes have no coordinates, first {first}"
        faults.append(Fault(what, where, "Give longitude and latitude in degrees"))
    if outside.any():
        first = nodes.index[int(np.argmax(outside))]
        mirrored = bool((np.abs(x[outside]) <= 90).all() and (np.abs(y[outside]) <= 180).all())  # noqa: PLR2004  as above
        mend = (
            "Longitude and latitude are swapped: x is longitude, y latitude"
            if mirrored
            else "Coordinates must be degrees WGS 84: reproject them"
        )
        faults.append(Fault(f"{outside.sum()} nodes lie off the map, first {first}", where, mend))
    if faults:
        raise InputError(faults)


def _km(edges: pd.DataFrame) -> float:
    """Km of all edges."""
    return float(edges["length"].sum()) / 1000.0


def _with_lengths(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, *, where: str) -> gpd.GeoDataFrame:
    """Return the edges each with a line and a length in m, measured where it was not given."""
    tail, head = simplification.edge_ends(nodes, edges)
    if len(edges) == 0:
        raise InputError(Fault("there is no drivable edge", where, "Check the source"))
    if (tail < 0).any() or (head < 0).any():
        count = int(((tail < 0) | (head < 0)).sum())
        raise InputError(Fault(f"{count} edges end at nodes that are missing", where, "Add the nodes"))
    points = nodes[["x", "y"]].to_numpy(np.float64)
    straight = shapely.linestrings(np.stack([points[tail], points[head]], axis=1))
    lines = edges.geometry.to_numpy() if "geometry" in edges.columns else np.full(len(edges), None)
    lines = np.where(pd.isna(lines), np.asarray(straight, dtype=object), lines)
    given = edges["length"] if "length" in edges.columns else pd.Series(np.nan, index=edges.index)
    length = pd.to_numeric(given, errors="coerce").to_numpy(np.float64)
    measured = simplification.line_lengths_m(lines)
    _check_lengths(lines, length, measured, where=where)
    length = np.where(np.isfinite(length) & (length > 0), length, measured)
    table = pd.DataFrame(edges.drop(columns="geometry", errors="ignore")).assign(length=length)
    result = gpd.GeoDataFrame(table, geometry=lines, crs="EPSG:4326")
    return result[length > 0]


def _check_lengths(
    lines: NDArray[np.object_], given: NDArray[np.float64], measured: NDArray[np.float64], *, where: str
) -> None:
    """Refuse lengths that the coordinates contradict: in another unit, or with x and y swapped."""
    rows = np.flatnonzero(np.isfinite(given) & (given > 0) & (measured > 0))
    if len(rows) == 0:
        return
    off = float(np.median(np.abs(np.log(given[rows] / measured[rows]))))
    if off <= _OFF:
        return
    mirrored = simplification.line_lengths_m(
        shapely.transform(lines[rows], lambda points: points[:, ::-1], include_z=False)
    )
    usable = mirrored > 0
    ratio = np.abs(np.log(given[rows][usable] / mirrored[usable]))
    if len(ratio) and float(np.median(ratio)) < _AGREES:
        mend = "x is longitude, y latitude"
        raise InputError(Fault("longitude and latitude are swapped, by the lengths", where, mend))
    if off > _HOPELESS:
        mend = "Lengths must be in m (of GMNS in the unit of config.csv), coordinates in degrees WGS 84"
        raise InputError(Fault("lengths and coordinates contradict each other", where, mend))


def _values(cell: Any) -> list[Any]:  # noqa: ANN401  a cell of any table
    """Return what stands in a cell, one value or several."""
    if isinstance(cell, (list, tuple, set, np.ndarray)):
        return [value for value in cell if not pd.isna(value)]
    return [] if pd.isna(cell) else [cell]


def _lists(column: pd.Series) -> pd.Series:
    """Rows whose cell is a list."""
    if column.dtype != object:
        return pd.Series(data=False, index=column.index)
    return column.map(lambda cell: isinstance(cell, (list, tuple, set, np.ndarray))).astype(bool)


def _first(column: pd.Series) -> pd.Series:
    """Return the column with the lowest value of each list: the order of a list means nothing in OSMnx."""
    several = _lists(column)
    if not several.any():
        return column
    return column.where(~several, column[several].map(lambda cell: min(_values(cell), default=None)))


def _joined(column: pd.Series) -> pd.Series:
    """Return the column with lists joined by ``;``, each value once."""
    several = _lists(column)
    if several.any():
        column = column.where(~several, column[several].map(_join))
    given: pd.Series = column.where(column.notna() & (column != ""), None)
    return given


def _join(cell: object) -> str | None:
    """Return the values of a list, each once, sorted."""
    parts = {part.strip() for value in _values(cell) for part in str(value).split(";")}
    return ";".join(sorted(parts)) or None


def _of_classes(edges: gpd.GeoDataFrame, highways: Sequence[str]) -> pd.Series:
    """Rows whose classes are all kept, or that have none."""
    if "highway" not in edges.columns:
        return pd.Series(data=True, index=edges.index)
    column, kept = edges["highway"], set(highways)
    several = _lists(column)
    result: pd.Series = column.isna() | column.where(~several).isin(kept)
    if several.any():
        result[several] = column[several].map(lambda cell: set(_values(cell)) <= kept).astype(bool)
    return result


def _open_to_trucks(edges: gpd.GeoDataFrame) -> pd.Series:
    """Rows a truck may drive."""
    result = pd.Series(data=True, index=edges.index)
    for tag, bans in _BANS.items():
        if tag in edges.columns:
            result &= ~edges[tag].map(lambda cell, bans=bans: not bans.isdisjoint(_values(cell))).astype(bool)
    return result


def _used(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the nodes an edge ends at."""
    ends = np.union1d(edges.index.get_level_values(0), edges.index.get_level_values(1))
    return nodes[nodes.index.isin(ends)]


def _column(edges: pd.DataFrame, name: str) -> pd.Series:
    """Return a column, empty if it is missing."""
    return edges[name] if name in edges.columns else pd.Series(None, index=edges.index, dtype=object)


def _edge_schema(edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the edges with the columns of docs/tables.md and the speed limit."""
    osmid = pd.to_numeric(_first(_column(edges, "osmid")), errors="coerce")
    highway = _column(edges, "highway")
    several = _lists(highway)
    if several.any():
        highway = highway.where(~several, highway[several].map(_slowest))
    table = pd.DataFrame(
        {
            "osmid": osmid.fillna(0).astype(np.int64),
            "highway": highway.where(highway.notna(), "unclassified"),
            "ref": _joined(_column(edges, "ref")),
            "name": _joined(_column(edges, "name")),
            "oneway": _flags(_column(edges, "oneway")),
            "reversed": _flags(_column(edges, "reversed")),
            "length": edges["length"],
            "bridge_share": _share(edges, "bridge"),
            "tunnel_share": _share(edges, "tunnel"),
            "maxspeed_kmh": _speed_limit(edges),
            "toll": _joined(_column(edges, "toll")),
        },
        index=edges.index,
    )
    return gpd.GeoDataFrame(table, geometry=edges.geometry, crs="EPSG:4326")


def _slowest(cell: object) -> str:
    """Return the slowest class of a list."""
    rank = {name: place for place, name in enumerate(CLASSES)}
    return max((str(value) for value in _values(cell)), key=lambda name: (rank.get(name, len(rank)), name))


def _flags(column: pd.Series) -> pd.Series:
    """Return a column of true and false; of a list any true, an empty cell false."""
    if column.dtype == bool:
        return column
    true = {"True", "true", "yes", "1", "1.0"}
    flags: pd.Series = column.map(lambda cell: any(str(value) in true for value in _values(cell)))
    return flags.astype(bool)


def _share(edges: pd.DataFrame, kind: str) -> pd.Series:
    """Share of each edge on a bridge or in a tunnel: as given, else whole edges by their tag."""
    name = f"{kind}_share"
    if name in edges.columns:
        return pd.to_numeric(edges[name], errors="coerce").fillna(0.0).clip(0.0, 1.0)
    tag = _joined(_column(edges, kind))
    return (tag.notna() & (tag != "no")).astype(np.float64)


def _speed_limit(edges: pd.DataFrame) -> pd.Series:
    """Speed limit in km/h, that of trucks before that of all; NaN where none is given in figures."""
    if "maxspeed_kmh" in edges.columns:
        return pd.to_numeric(edges["maxspeed_kmh"], errors="coerce").astype(np.float64)
    limit = pd.Series(np.nan, index=edges.index)
    for tag in ("maxspeed:hgv", "maxspeed"):
        if tag in edges.columns:
            text = _joined(edges[tag])
            known = {value: speed_limit_kmh(str(value)) for value in text.dropna().unique()}
            limit = limit.fillna(text.map(known).astype(np.float64))
    return limit


def speed_limit_kmh(text: str) -> float:
    """Return an OSM ``maxspeed`` in km/h, the lowest of several; NaN if it holds no positive figure."""
    limits = [
        float(figure) * (KM_PER_MILE if unit == "mph" else 1.0)
        for part in text.split(";")
        for figure, unit in re.findall(r"^\s*(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?\s*$", part)
    ]
    return min((limit for limit in limits if limit > 0), default=float("nan"))


def _node_schema(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the nodes with the columns of docs/tables.md."""
    nodes = _used(nodes, edges).sort_index()
    table = pd.DataFrame({"x": nodes["x"].astype(np.float64), "y": nodes["y"].astype(np.float64)})
    table["street_count"] = simplification.street_counts(nodes, edges)
    for name in _NODE_COLUMNS:
        table[name] = _joined(_column(nodes, name)).astype(object)
    table["km_post"] = pd.to_numeric(_column(nodes, "km_post"), errors="coerce").astype(np.float64)
    if "elevation" in nodes.columns:
        table["elevation"] = pd.to_numeric(nodes["elevation"], errors="coerce")
    table.index = table.index.astype(np.int64).rename("osmid")
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["x"], table["y"]), crs="EPSG:4326")
