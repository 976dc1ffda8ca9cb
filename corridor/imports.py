"""Any road graph made a network of trucks: tables brought to one schema, then a fixed order of steps.

Order: classes of highway and bans on trucks are filtered, values brought to the schema of docs/tables.md,
islands dropped (the largest strongly connected component stays), chains merged, short edges contracted where
asked for. What was left out is reported in nodes, edges and km; km count each direction of travel.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from corridor import simplification
from corridor.errors import Fault, InputError
from corridor.road_classes import MAIN_ROADS
from corridor.road_schema import edge_schema, joined, lists, node_schema, of_classes, values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_HALF = 0.5
_CLASSES_NAMED = 8

#: Logarithm of given to measured length, median over edges: above the first, axes swapped are looked for, and
#: below the second they explain it; above the third (three times) nothing but a wrong unit or place does.
_OFF, _AGREES, _HOPELESS = 0.05, 0.02, 1.1

_HIGHEST_TOLERANCE_M = 50.0

#: Values by which a way is closed to trucks.
_BANS = {"access": {"no", "private"}, "motor_vehicle": {"no", "private"}, "hgv": {"no"}, "area": {"yes"}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What is done to an imported graph.

    Parameters
    ----------
    highways
        Values of ``highway`` to keep; an edge of several is kept if all of them are. Edges without a class
        are kept if no edge has one (networks of an agency), else left out.
    toll_tags
        Whether an edge tagged ``toll=no`` is free. Off by default: tolls then go by class alone.
        OpenStreetMap has the tag on some free roads only, and a graph saved by OSMnx has lost it, so routes
        that heed it differ between sources of the same roads.
    simplify
        Whether chains between junctions become one edge.
    consolidate_m
        Edges up to this long are contracted, 15-50 m for interchanges; None (the default) leaves every
        junction where it is, as routes to the meter want it (see
        :func:`corridor.simplification.contract_short_edges` for what it does to lengths).
    """

    highways: tuple[str, ...] = MAIN_ROADS
    toll_tags: bool = False
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
    kept, unclassed = of_classes(edges, pipeline.highways)
    if not kept.any():
        raise InputError(_no_such_class(edges, source))
    edges = _rows(edges, kept)
    filtered_km = km_in - _km(edges)
    open_to_trucks = _open_to_trucks(edges)
    banned, banned_km = int((~open_to_trucks).sum()), _km(edges[~open_to_trucks])
    edges = _rows(edges, open_to_trucks)
    if len(edges) == 0:
        mend = "Take another extract: every road of these classes is closed to trucks"
        raise InputError(Fault("there is no drivable edge", source, mend))
    edges = edge_schema(edges, toll_tags=pipeline.toll_tags)
    nodes = _used(nodes, edges)
    nodes_before, edges_before, km_before = len(nodes), len(edges), _km(edges)
    nodes, edges, components = simplification.largest_component(nodes, edges)
    if len(edges) == 0:
        mend = "Check the directions of travel: nowhere can a truck leave and come back"
        raise InputError(Fault("there is no drivable edge on a round trip", source, mend))
    dropped = (nodes_before - len(nodes), edges_before - len(edges), km_before - _km(edges))
    nodes, edges = _simplified(nodes, edges, pipeline)
    nodes = node_schema(_used(nodes, edges), edges, simplified=pipeline.simplify)
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
        notices=(*notices, *unclassed),
    )
    return nodes, edges, report


def _no_such_class(edges: gpd.GeoDataFrame, source: str) -> Fault:
    """Return what to say when no edge is of a class kept: which classes there are."""
    found = joined(edges["highway"]).dropna().astype(str).value_counts().index[:_CLASSES_NAMED]
    mend = f"Keep some of the classes found (--highway): {', '.join(found)}"
    return Fault("there is no drivable edge of the classes kept", source, mend)


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
    texts = edges.columns[edges.dtypes == "category"]
    return nodes, edges.astype(dict.fromkeys(texts, object))


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
    lines = _drawn(nodes, edges, tail, head)
    given = edges["length"] if "length" in edges.columns else pd.Series(np.nan, index=edges.index)
    length = pd.to_numeric(given, errors="coerce").to_numpy(np.float64)
    measured = simplification.line_lengths_m(lines)
    _check_lengths(lines, length, measured, where=where)
    length = np.where(np.isfinite(length) & (length > 0), length, measured)
    table = pd.DataFrame(edges.drop(columns="geometry", errors="ignore")).assign(length=length)
    result = gpd.GeoDataFrame(table, geometry=lines, crs="EPSG:4326")
    return _rows(result, length > 0)


def _drawn(
    nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, tail: NDArray[np.int64], head: NDArray[np.int64]
) -> NDArray[np.object_]:
    """(n_edges,) LineString: as given, else straight."""
    if "geometry" not in edges.columns:
        lines = np.full(len(edges), None, dtype=object)
    else:
        lines = np.array(edges.geometry, dtype=object)
    bare = np.flatnonzero(pd.isna(lines))
    if len(bare):
        points = nodes[["x", "y"]].to_numpy(np.float64)
        lines[bare] = shapely.linestrings(np.stack([points[tail[bare]], points[head[bare]]], axis=1))
    return lines


def _rows(edges: gpd.GeoDataFrame, kept: Any) -> gpd.GeoDataFrame:  # noqa: ANN401  flags, as array or Series
    """Return the rows kept, without a copy where that is all of them."""
    return edges if kept.all() else edges[kept]


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


def _open_to_trucks(edges: gpd.GeoDataFrame) -> pd.Series:
    """Rows a truck may drive; of several values one that bans it is enough."""
    result = pd.Series(data=True, index=edges.index)
    for tag, bans in _BANS.items():
        if tag in edges.columns:
            column = edges[tag]
            several = lists(column)
            result &= ~column.where(~several).isin(bans)
            if several.any():
                banned = column[several].map(lambda cell, bans=bans: not bans.isdisjoint(values(cell)))
                result[several] &= ~banned.astype(bool)
    return result


def _used(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the nodes an edge ends at."""
    ends = np.union1d(edges.index.get_level_values(0), edges.index.get_level_values(1))
    return nodes[nodes.index.isin(ends)]
