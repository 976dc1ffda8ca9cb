"""Points beside the roads joined to them: the foot on the nearest edge becomes a node of its own.

A route between two points runs from foot to foot. The edge a foot lies on is cut there, and length, hours and
everything counted per km are shared out by length on the globe. So the answer is the same however the network
was simplified: where a chain of edges was merged into one, the foot and the partial lengths stay.

Only roads that really pass the foot are cut: an edge, its opposite drawn on the same line, and parallels on
that line. A bridge overhead is not cut, and on a one-way road a route leaves forward only.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from corridor.geodesy import EARTH_RADIUS_KM, great_circle_km
from corridor.roads import snap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

#: A foot this near to the end of its edge is that node, km. Two feet stay within a meter.
AT_NODE_KM = 0.0005

#: Edges between the same nodes whose lengths differ by less are one road, m.
_SAME_LENGTH_M = 1.0

_KM_PER_DEGREE = 2.0 * np.pi * EARTH_RADIUS_KM / 360.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RoadPoint:
    """A place on the roads.

    Parameters
    ----------
    lon, lat
        Degrees WGS 84, of the place on the road.
    distance_km
        Great-circle, from the point asked about.
    node
        Node id if the place is a node of the network, else None.
    rows
        (n,) int64 rows of ``edges`` that pass the place; empty at a node.
    fraction
        (n,) float64 share of each of these edges driven at the place, tail to head.
    """

    lon: float
    lat: float
    distance_km: float
    node: int | None
    rows: NDArray[np.int64]
    fraction: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class JoinedNetwork:
    """A network with places on its edges made nodes.

    Parameters
    ----------
    network
        The network with cut edges. Its ``edges`` table is the one of the uncut network, ``edge_rows`` tells
        which edge each piece belongs to; its ``length_km`` and ``hours`` are those of the pieces.
    nodes
        (n_points,) int64 node id of each point; new ids lie above those of the network.
    parent
        (n_edges,) int64 arc of the uncut network each arc is a piece of.
    start, end
        (n_edges,) float64 shares of the parent where the piece starts and ends, 0 and 1 of an uncut arc.
    """

    network: RoadNetwork
    nodes: NDArray[np.int64]
    parent: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]


def node_point(network: RoadNetwork, lon: float, lat: float) -> RoadPoint:
    """Return the node nearest to a point, degrees WGS 84."""
    nodes, distance = snap(network, [lon], [lat])
    return _at_node(network, int(nodes[0]), float(distance[0]))


def road_point(network: RoadNetwork, lon: float, lat: float) -> RoadPoint:
    """Return the place on the nearest edge to a point.

    Parameters
    ----------
    network
        Road network; edges with ``geometry``.
    lon, lat
        Degrees WGS 84.

    Notes
    -----
    The nearest edge is found in a plane true to scale at the point: what is nearest depends on the point and
    the roads alone, not on the extent of the network.
    """
    row = _nearest_row(network, lon, lat)
    ends = np.stack([network.edges.index.get_level_values(level).to_numpy(np.int64) for level in (0, 1)])
    foot_lon, foot_lat, _, share, km = _foot(network.edges.geometry.iloc[row], lon, lat)
    distance = float(great_circle_km(lon, lat, foot_lon, foot_lat))
    if min(share, 1.0 - share) * km <= AT_NODE_KM:
        return _at_node(network, int(ends[0 if 2.0 * share < 1.0 else 1, row]), distance)
    u, v = ends[:, row]
    length = network.edges["length"].to_numpy(dtype=np.float64)
    joins = ((ends[0] == u) & (ends[1] == v)) | ((ends[0] == v) & (ends[1] == u))
    joins &= np.abs(length - length[row]) <= _SAME_LENGTH_M
    rows = _same_line(network, row, np.flatnonzero(joins), foot_lat)
    shares = [_foot(network.edges.geometry.iloc[each], foot_lon, foot_lat)[3] for each in rows.tolist()]
    return RoadPoint(
        lon=foot_lon,
        lat=foot_lat,
        distance_km=distance,
        node=None,
        rows=rows,
        fraction=np.array(shares, dtype=np.float64),
    )


def _same_line(network: RoadNetwork, row: int, others: NDArray[np.int64], lat: float) -> NDArray[np.int64]:
    """Return those of the rows that are drawn on the line of a row, in either direction; itself too."""
    lines = network.edges.geometry.to_numpy()
    scale = _scale(lat)
    one, several = (shapely.transform(lines[each], lambda points: points * scale) for each in ([row], others))
    same: NDArray[np.int64] = others[shapely.hausdorff_distance(one, several) <= AT_NODE_KM]
    return same


def _at_node(network: RoadNetwork, node: int, distance_km: float) -> RoadPoint:
    """Return a node as a place on the roads."""
    return RoadPoint(
        lon=float(network.nodes.loc[node, "x"]),
        lat=float(network.nodes.loc[node, "y"]),
        distance_km=distance_km,
        node=node,
        rows=np.zeros(0, dtype=np.int64),
        fraction=np.zeros(0),
    )


def _nearest_row(network: RoadNetwork, lon: float, lat: float) -> int:
    """Return the row of the nearest edge, the lowest of several equally near."""
    lines = network.edges.geometry.to_numpy()
    scale = _scale(lat)
    west, south, east, north = shapely.bounds(lines).T
    x = (np.stack([west, east]) - lon) * scale[0]
    y = (np.stack([south, north]) - lat) * scale[1]
    # An edge is nowhere nearer than its box and everywhere nearer than the box's farthest corner.
    least = np.hypot(_beyond(x), _beyond(y))
    most = np.hypot(np.abs(x).max(axis=0), np.abs(y).max(axis=0))
    near = np.flatnonzero(least <= most.min())
    planar = shapely.transform(lines[near], lambda points: (points - (lon, lat)) * scale)
    return int(near[np.argmin(shapely.distance(planar, shapely.Point(0.0, 0.0)))])


def _beyond(sides: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) float64: distance of the origin from an interval, 0 inside."""
    return np.asarray(np.maximum(np.maximum(sides[0], -sides[1]), 0.0))


def _scale(lat: float) -> NDArray[np.float64]:
    """(2,) float64: km per degree of longitude and latitude."""
    return np.array([_KM_PER_DEGREE * np.cos(np.radians(lat)), _KM_PER_DEGREE])


def _foot(line: shapely.LineString, lon: float, lat: float) -> tuple[float, float, float, float, float]:
    """Return the point of a line nearest to a point: lon, lat, km off, share along, and the line's km."""
    points = shapely.get_coordinates(line)
    planar = (points - (lon, lat)) * _scale(lat)
    step = np.diff(planar, axis=0)
    square = np.maximum((step**2).sum(axis=1), 1e-24)  # a doubled point is a segment of no length
    t = np.clip(-(planar[:-1] * step).sum(axis=1) / square, 0.0, 1.0)
    off = np.hypot(*(planar[:-1] + t[:, None] * step).T)
    at = int(np.argmin(off))
    driven = along_km(points)
    share = (driven[at] + t[at] * (driven[at + 1] - driven[at])) / max(driven[-1], 1e-12)
    x, y = points[at] + t[at] * (points[at + 1] - points[at])
    return float(x), float(y), float(off[at]), float(share), float(driven[-1])


def along_km(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the km driven at each point of a line: (n, 2) degrees -> (n,) great-circle km from the first."""
    lon, lat = points[:, 0], points[:, 1]
    return np.concatenate([[0.0], np.cumsum(great_circle_km(lon[:-1], lat[:-1], lon[1:], lat[1:]))])


def piece(line: shapely.LineString, start: float, end: float) -> NDArray[np.float64]:
    """Return the part of a line between two shares of its length on the globe.

    Parameters
    ----------
    line
        Degrees WGS 84.
    start, end
        Shares from 0 to 1, the lower first.

    Returns
    -------
    points
        (n, 2) float64 degrees, both ends included.
    """
    points = shapely.get_coordinates(line)
    km = along_km(points)
    ends = np.array([start, end]) * km[-1]
    cut = np.column_stack([np.interp(ends, km, points[:, axis]) for axis in (0, 1)])
    inside = (km > ends[0]) & (km < ends[1])
    return np.concatenate([cut[:1], points[inside], cut[1:]])


def join(network: RoadNetwork, points: Sequence[RoadPoint]) -> JoinedNetwork:
    """Return the network with points on its edges made nodes.

    Parameters
    ----------
    network
        Road network the points were found on.
    points
        Places on the roads; two within half a meter along an edge become one node.
    """
    nodes, cuts = _cuts(network, points)
    added = np.unique(nodes[nodes > network.node_ids[-1]])
    rows = np.array(sorted(cuts), dtype=np.int64)
    cut_arcs = np.flatnonzero(np.isin(network.edge_rows, rows))
    kept = np.ones(len(network.heads), dtype=bool)
    kept[cut_arcs] = False
    tails = network.tails
    ends: list[tuple[int, int, int]] = []
    shares: list[tuple[float, float]] = []
    for arc in cut_arcs.tolist():
        stations = [
            (0.0, int(tails[arc])),
            *cuts[int(network.edge_rows[arc])],
            (1.0, int(network.heads[arc])),
        ]
        for (begun, from_), (done, to) in pairwise(stations):
            ends.append((from_, to, arc))
            shares.append((begun, done))
    node_ids = np.concatenate([network.node_ids, added])
    hours = [
        network.hours[arc] * (done - begun) for (*_, arc), (begun, done) in zip(ends, shares, strict=True)
    ]
    new = np.array(ends, dtype=np.int64).reshape(-1, 3)
    span = np.array(shares, dtype=np.float64).reshape(-1, 2)
    order = np.lexsort((hours, new[:, 1], new[:, 0]))
    new, span = new[order], span[order]
    # Every piece has an end of its own, so none is parallel to an uncut arc: its place among them is clear.
    uncut = np.flatnonzero(kept)
    key = tails[uncut].astype(np.int64) * len(node_ids) + network.heads[uncut]
    at = np.searchsorted(key, new[:, 0] * len(node_ids) + new[:, 1])
    parent = np.insert(uncut, at, new[:, 2])
    start = np.insert(np.zeros(len(uncut)), at, span[:, 0])
    end = np.insert(np.ones(len(uncut)), at, span[:, 1])
    counts = np.bincount(np.insert(tails[uncut], at, new[:, 0]), minlength=len(node_ids))
    result = replace(
        network,
        nodes=_with_nodes(network, nodes, points, added),
        node_ids=node_ids,
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        heads=np.insert(network.heads[uncut], at, new[:, 1]).astype(np.int32),
        edge_rows=network.edge_rows[parent],
        length_km=network.length_km[parent] * (end - start),
        hours=network.hours[parent] * (end - start),
    )
    return JoinedNetwork(network=result, nodes=nodes, parent=parent, start=start, end=end)


def _cuts(
    network: RoadNetwork, points: Sequence[RoadPoint]
) -> tuple[NDArray[np.int64], dict[int, list[tuple[float, int]]]]:
    """Return the node id of each point, and of each row cut the shares and vertices, in driving order."""
    next_id = int(network.node_ids[-1]) + 1
    cuts: dict[int, list[tuple[float, int]]] = {}
    nodes = []
    added = 0
    for point in points:
        if point.node is not None:
            nodes.append(point.node)
            continue
        here = dict(zip(point.rows.tolist(), point.fraction.tolist(), strict=True))
        vertex = next(
            (found for row, share in here.items() if (found := _there(network, cuts, row, share))), 0
        )
        if not vertex:
            vertex = network.n_nodes + added
            added += 1
            for row, share in here.items():
                cuts.setdefault(row, []).append((share, vertex))
        nodes.append(next_id + vertex - network.n_nodes)
    return np.array(nodes, dtype=np.int64), {row: sorted(each) for row, each in cuts.items()}


def _there(network: RoadNetwork, cuts: dict[int, list[tuple[float, int]]], row: int, share: float) -> int:
    """Return the vertex already cut into a row at the same place, or 0, which no cut has."""
    km = float(network.edges["length"].iloc[row]) / 1000.0
    same = (vertex for at, vertex in cuts.get(row, []) if abs(at - share) * km <= AT_NODE_KM)
    return next(same, 0)


def _with_nodes(
    network: RoadNetwork, nodes: NDArray[np.int64], points: Sequence[RoadPoint], added: NDArray[np.int64]
) -> gpd.GeoDataFrame:
    """Return the nodes table with a row for each node added: its coordinates, nothing else is known."""
    if not len(added):
        return network.nodes
    first = [points[int(np.argmax(nodes == node))] for node in added]
    x, y = [point.lon for point in first], [point.lat for point in first]
    rows = gpd.GeoDataFrame(
        {"x": x, "y": y},
        index=pd.Index(added, name=network.nodes.index.name),
        geometry=gpd.points_from_xy(x, y, crs=network.nodes.crs),
    )
    return gpd.GeoDataFrame(pd.concat([network.nodes, rows]))
