"""Elevation of every node, and climb and grade of every edge, from known points along the roads.

Known points are cells of an elevation model (where the user gives one), else the embedded table of towns,
passes and tunnels. Between them the elevation runs along the roads, not over the land: it is the discrete
harmonic function on the road graph, conductance 1 / length, with the known points held [1]_ [2]_. Along a
road without junctions that is a straight line between the known points; at a junction it is the mean of the
neighbors, weighted by 1 / length; nowhere does it leave the range of the known values. Tunnels and bridges
are roads like others: they are never draped over the mountain above or the valley below.

What the method cannot know is the terrain between known points; ``elevation_quality`` and ``known_km`` say
how far away those are.

References
----------
.. [1] Doyle, P. G. & Snell, J. L. (1984). Random walks and electric networks. Mathematical Association of
   America. Chapter 1: harmonic functions on graphs.
.. [2] Zhu, X., Ghahramani, Z. & Lafferty, J. (2003). Semi-supervised learning using Gaussian fields and
   harmonic functions. ICML 2003, 912-919: the same as an interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array, csr_array, diags_array
from scipy.sparse.csgraph import connected_components, dijkstra
from scipy.sparse.linalg import spsolve

from corridor.linear_reference import locate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

#: A known point farther than this from its road does not tell the road's elevation, km.
FARTHEST_POINT_KM = 8.0

#: Edges this much farther than the nearest get the point too: the other carriageway, km.
CARRIAGEWAYS_KM = 0.15

#: A known point this near to a node, along the edge, stands on the node, km.
AT_NODE_KM = 0.05

#: Beyond this distance along the roads from every known point, an elevation is marked ``far``, km.
FAR_KM = 60.0

#: Steepest plausible grade by class. The design standard JTG D20 allows 3 % at 120 km/h to 5 % at 80 km/h and
#: 1 % more in hard terrain; trunk and primary roads up to 7-9 % at low speed (general knowledge, unverified).
PLAUSIBLE_GRADE = {"motorway": 0.06, "trunk": 0.08, "primary": 0.09}

#: More than this share of an edge in a tunnel or on a bridge, and terrain does not tell its elevation.
_STRUCTURE_SHARE = 0.5

#: An edge with more than this share in a tunnel or on a bridge is not read from the ground in between.
_MENTIONED_SHARE = 0.02

#: From one reading of the ground to the next along a road, km: finer, and the model's noise becomes hills.
SPACING_KM = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Terrain:
    """Elevations of a network.

    Parameters
    ----------
    nodes
        Index ``osmid`` in the order of ``network.node_ids``: ``elevation_m`` (NaN where unknown),
        ``elevation_quality`` (``given`` | ``interpolated`` | ``far`` | ``unknown``), ``known_km`` (along the
        roads to the nearest known point).
    climb_m, descent_m
        (n_edges,) float64: meters up and down along each arc, both at least 0, passes inside the edge
        included; NaN where unknown.
    steepest
        (n_edges,) float64: steepest grade between known points and ends of each arc, absolute; NaN unknown.
    inside
        Known points inside arcs, in driving order: ``arc``, ``fraction`` (0-1), ``elevation_m``.
    """

    nodes: pd.DataFrame
    climb_m: NDArray[np.float64]
    descent_m: NDArray[np.float64]
    steepest: NDArray[np.float64]
    inside: pd.DataFrame


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Undirected road pieces between vertices and known points; vertices first, then known points."""

    pins: pd.DataFrame  # link, km from its low vertex, elevation_m; by link and km

    start: NDArray[np.int64]
    end: NDArray[np.int64]
    km: NDArray[np.float64]
    link: NDArray[np.int64]
    known_m: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class _Links:
    """Undirected roads between vertices: both directions of an edge are one link, low vertex first."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    km: NDArray[np.float64]
    of_row: NDArray[np.int64]
    forward: NDArray[np.bool_]


def terrain(
    network: RoadNetwork,
    points: pd.DataFrame,
    *,
    surface_m: NDArray[np.float64] | None = None,
    along: pd.DataFrame | None = None,
    farthest_km: float = FARTHEST_POINT_KM,
) -> Terrain:
    """Return elevations of nodes, climbs and grades of edges.

    Parameters
    ----------
    network
        Road network; edges with ``geometry``.
    points
        Known elevations: ``lon``, ``lat`` (degrees WGS 84), ``elevation_m``; optional ``road_ref``, the road
        the point lies on.
    surface_m
        (n_nodes,) elevation of the ground at each node, NaN where the model has none. Nodes all of whose
        edges are tunnels or bridges do not take it. ``points`` then serve only where it is missing.
    along
        Elevation of the ground between the nodes: ``row`` of ``network.edges``, ``fraction`` of its length
        from its start, ``elevation_m``; see :func:`open_stretches`.
    farthest_km
        Points farther than this from their road are left out.
    """
    links = _links(network)
    known = np.full(network.n_nodes, np.nan)
    if surface_m is not None:
        known = np.where(_on_ground(network, links), np.asarray(surface_m, dtype=np.float64), np.nan)
    pins = _pins(network, points, links, known, farthest_km)
    if along is not None:
        pins = pd.concat([pins, _ground_pins(along, links)], ignore_index=True)
    pieces = _pieces(links, known, pins)
    elevation, known_km = _harmonic(pieces)
    nodes = pd.DataFrame(
        {"elevation_m": elevation, "elevation_quality": _quality(elevation, known_km), "known_km": known_km}
    ).iloc[: network.n_nodes]
    nodes.index = pd.Index(network.node_ids, name="osmid")
    up, down, steepest = _along_links(pieces, elevation, len(links.km))
    link, forward = links.of_row[network.edge_rows], links.forward[network.edge_rows]
    return Terrain(
        nodes=nodes,
        climb_m=np.where(forward, up[link], down[link]),
        descent_m=np.where(forward, down[link], up[link]),
        steepest=steepest[link],
        inside=_inside(pieces.pins, link, forward, links.km),
    )


def open_stretches(network: RoadNetwork, *, spacing_km: float = SPACING_KM) -> pd.DataFrame:
    """Return points inside the edges that lie on the ground, where an elevation model can be read.

    Edges with a tunnel or bridge worth mentioning have none: where on the edge it is, is not known.

    Parameters
    ----------
    network
        Road network; edges with ``geometry``.
    spacing_km
        From one point to the next.

    Returns
    -------
    DataFrame
        ``row`` of ``network.edges`` (of the two directions of a road the first), ``fraction`` of its length,
        ``lon``, ``lat`` in degrees WGS 84.
    """
    links = _links(network)
    row = np.unique(links.of_row, return_index=True)[1]
    row = row[_structure_share(network)[row] <= _MENTIONED_SHARE]
    n_inside = np.ceil(links.km[links.of_row[row]] / spacing_km).astype(np.int64) - 1
    row, count = np.repeat(row, n_inside), np.repeat(n_inside, n_inside)
    rank = np.arange(len(row)) - np.repeat(np.cumsum(n_inside) - n_inside, n_inside)
    fraction = (rank + 1.0) / (count + 1.0)
    lines = network.edges.geometry.to_numpy()[row]
    spots = shapely.get_coordinates(shapely.line_interpolate_point(lines, fraction, normalized=True))
    return pd.DataFrame({"row": row, "fraction": fraction, "lon": spots[:, 0], "lat": spots[:, 1]})


def elevations(
    network: RoadNetwork, points: pd.DataFrame, *, surface_m: NDArray[np.float64] | None = None
) -> pd.DataFrame:
    """Return ``elevation_m``, ``elevation_quality`` and ``known_km`` by node: see :func:`terrain`."""
    return terrain(network, points, surface_m=surface_m).nodes


def grades(network: RoadNetwork, elevation_m: pd.Series) -> NDArray[np.float64]:
    """Return the mean grade of every arc, that of the road between its end nodes.

    Parameters
    ----------
    network
        Road network.
    elevation_m
        Elevation by node id.

    Returns
    -------
    (n_edges,) float64, rise over length, negative downhill, NaN where unknown.
    """
    z = elevation_m.reindex(network.node_ids).to_numpy(dtype=np.float64)
    rise: NDArray[np.float64] = z[network.heads] - z[network.tails]
    return rise / (1000.0 * network.length_km)


def plausible(
    network: RoadNetwork, grade: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return grades capped at what their class allows, and where that was needed.

    Parameters
    ----------
    network
        Road network.
    grade
        (n_edges,) rise over length.

    Returns
    -------
    capped
        (n_edges,) float64.
    offends
        (n_edges,) bool: the grade was steeper than ``PLAUSIBLE_GRADE``; NaN does not offend.
    """
    highway = network.edges["highway"].iloc[network.edge_rows]
    classes = highway.map(lambda cell: cell[0] if isinstance(cell, list) else cell).astype(str)
    limits = classes.str.removesuffix("_link").map(PLAUSIBLE_GRADE).fillna(max(PLAUSIBLE_GRADE.values()))
    limit = limits.to_numpy(dtype=np.float64)
    capped: NDArray[np.float64] = np.clip(grade, -limit, limit)
    return capped, np.abs(grade) > limit


def _links(network: RoadNetwork) -> _Links:
    """Fold the two directions of an edge into one."""
    ends = [network.vertices(network.edges.index.get_level_values(level).to_numpy()) for level in (0, 1)]
    meters = network.edges["length"].to_numpy(dtype=np.float64)
    low, high = np.minimum(*ends), np.maximum(*ends)
    keys = np.column_stack([low, high, np.round(meters).astype(np.int64)])
    _, first, of_row = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    return _Links(
        low=low[first],
        high=high[first],
        km=meters[first] / 1000.0,
        of_row=of_row.reshape(-1),
        forward=ends[0] <= ends[1],
    )


def _on_ground(network: RoadNetwork, links: _Links) -> NDArray[np.bool_]:
    """(n_nodes,) bool: at least one edge of the node is mostly neither tunnel nor bridge."""
    ground = np.zeros(network.n_nodes, dtype=bool)
    rows = links.of_row[_structure_share(network) <= _STRUCTURE_SHARE]
    ground[links.low[rows]] = True
    ground[links.high[rows]] = True
    return ground


def _structure_share(network: RoadNetwork) -> NDArray[np.float64]:
    """(rows of edges,) float64: share of each edge in a tunnel or on a bridge, the larger of both."""
    most = np.zeros(len(network.edges))
    for kind in ("tunnel", "bridge"):
        if f"{kind}_share" in network.edges:
            share = network.edges[f"{kind}_share"].to_numpy(dtype=np.float64)
        elif kind in network.edges:
            values = network.edges[kind]
            share = (values.notna() & ~values.isin(["no", "False", False])).to_numpy(dtype=np.float64)
        else:
            continue
        most = np.maximum(most, share)
    return most


def _ground_pins(along: pd.DataFrame, links: _Links) -> pd.DataFrame:
    """Return readings of the ground on links, as :func:`_pins` gives known points."""
    read = along[np.isfinite(along["elevation_m"].to_numpy(dtype=np.float64))]
    row = read["row"].to_numpy()
    link, fraction = links.of_row[row], read["fraction"].to_numpy(dtype=np.float64)
    return pd.DataFrame(
        {
            "point": -1 - np.arange(len(read)),
            "link": link,
            "km": np.where(links.forward[row], fraction, 1.0 - fraction) * links.km[link],
            "elevation_m": read["elevation_m"].to_numpy(dtype=np.float64),
        }
    )


def _pins(
    network: RoadNetwork,
    points: pd.DataFrame,
    links: _Links,
    known: NDArray[np.float64],
    farthest_km: float,
) -> pd.DataFrame:
    """Return known points on links: ``link``, ``km`` from the low vertex, ``elevation_m``."""
    refs = points["road_ref"].fillna("").tolist() if "road_ref" in points else None
    found = locate(network, points["lon"], points["lat"], refs=refs, slack_km=CARRIAGEWAYS_KM)
    found = found[found["distance_km"] <= farthest_km]
    row = found["row"].to_numpy()
    link = links.of_row[row]
    fraction = found["fraction"].to_numpy()
    fraction = np.where(links.forward[row], fraction, 1.0 - fraction)
    pins = pd.DataFrame(
        {
            "point": found["point"].to_numpy(),
            "link": link,
            "km": fraction * links.km[link],
            "elevation_m": points["elevation_m"].to_numpy(dtype=np.float64)[found["point"].to_numpy()],
        }
    )
    modeled = np.isfinite(known[links.low[link]]) | np.isfinite(known[links.high[link]])
    kept: pd.DataFrame = pins[~modeled].drop_duplicates(["point", "link"])
    return kept


def _pieces(links: _Links, known: NDArray[np.float64], pins: pd.DataFrame) -> _Pieces:
    """Cut the links at the known points; points at a node, and several at one, become its mean."""
    link, km, value = (pins[name].to_numpy() for name in ("link", "km", "elevation_m"))
    at_low, at_high = km <= AT_NODE_KM, links.km[link] - km <= AT_NODE_KM
    at_node = at_low | at_high
    vertex = np.where(at_low, links.low[link], links.high[link])[at_node]
    total = np.bincount(vertex, weights=value[at_node], minlength=len(known))
    count = np.bincount(vertex, minlength=len(known))
    at_vertex = np.where(count > 0, total / np.maximum(count, 1), known)

    link, km, value = link[~at_node], km[~at_node], value[~at_node]
    order = np.lexsort((km, link))
    link, km, value = link[order], km[order], value[order]
    pinned = link
    pin = len(known) + np.arange(len(link))
    everything = np.arange(len(links.km))
    # Stations along each link: low vertex, known points, high vertex; a piece joins neighbors of one link.
    of = np.concatenate([everything, link, everything])
    where = np.concatenate([np.zeros(len(everything)), km, links.km])
    rank = np.repeat([0, 1, 2], [len(everything), len(link), len(everything)])
    vertex = np.concatenate([links.low, pin, links.high])
    order = np.lexsort((where, rank, of))
    of, where, vertex = of[order], where[order], vertex[order]
    joined = of[1:] == of[:-1]
    return _Pieces(
        pins=pd.DataFrame({"link": pinned, "km": km, "elevation_m": value}),
        start=vertex[:-1][joined],
        end=vertex[1:][joined],
        km=np.maximum(np.diff(where)[joined], 1e-6),
        link=of[1:][joined],
        known_m=np.concatenate([at_vertex, value]),
    )


def _inside(
    pins: pd.DataFrame, link: NDArray[np.int64], forward: NDArray[np.bool_], km: NDArray[np.float64]
) -> pd.DataFrame:
    """Return the known points inside each arc, in driving order."""
    arcs = np.flatnonzero(np.isin(link, pins["link"]))
    table = pd.DataFrame({"arc": arcs, "link": link[arcs], "forward": forward[arcs]}).merge(pins, on="link")
    share = table["km"] / km[table["link"]]
    table["fraction"] = share.where(table["forward"], 1.0 - share)
    columns = ["arc", "fraction", "elevation_m"]
    return table.sort_values(columns[:2], ignore_index=True)[columns]


def _harmonic(pieces: _Pieces) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solve the Laplace equation with the known points held; also km to the nearest known point."""
    n = len(pieces.known_m)
    known = np.isfinite(pieces.known_m)
    if not known.any():
        return np.full(n, np.nan), np.full(n, np.inf)
    loop = pieces.start == pieces.end
    start, end, km = pieces.start[~loop], pieces.end[~loop], pieces.km[~loop]
    both = (np.concatenate([start, end]), np.concatenate([end, start]))
    conductance = csr_array(coo_array((np.tile(1.0 / km, 2), both), shape=(n, n)))
    _, part = connected_components(conductance, directed=False)
    free = np.flatnonzero(~known & np.isin(part, part[known]))
    laplacian = csr_array(diags_array(conductance.sum(axis=1)) - conductance)
    elevation = pieces.known_m.copy()
    if free.size:
        held = np.flatnonzero(known)
        right = -(laplacian[free][:, held] @ pieces.known_m[held])
        elevation[free] = spsolve(laplacian[free][:, free].tocsc(), right)
    return elevation, _known_km(n, start, end, km, np.flatnonzero(known))


def _known_km(
    n: int,
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    km: NDArray[np.float64],
    known: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(n,) float64: km along the roads to the nearest known point, infinite where none is joined."""
    order = np.lexsort((km, end, start))  # of parallel pieces the shortest counts; a sum would not do
    start, end, km = start[order], end[order], km[order]
    first = np.ones(len(start), dtype=bool)
    first[1:] = (start[1:] != start[:-1]) | (end[1:] != end[:-1])
    lengths = csr_array((km[first], (start[first], end[first])), shape=(n, n))
    distance: NDArray[np.float64] = dijkstra(lengths, directed=False, indices=known, min_only=True)
    return distance


def _quality(elevation: NDArray[np.float64], known_km: NDArray[np.float64]) -> NDArray[np.object_]:
    """Return how each elevation came about."""
    quality = np.where(known_km > FAR_KM, "far", "interpolated").astype(object)
    quality[known_km == 0.0] = "given"
    quality[~np.isfinite(elevation)] = "unknown"
    return quality


def _along_links(
    pieces: _Pieces, elevation: NDArray[np.float64], n_links: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(n_links,) each: meters up and down from the low to the high vertex, steepest grade."""
    rise = elevation[pieces.end] - elevation[pieces.start]
    up, down, steepest = np.zeros(n_links), np.zeros(n_links), np.zeros(n_links)
    np.add.at(up, pieces.link, np.maximum(rise, 0.0))
    np.add.at(down, pieces.link, np.maximum(-rise, 0.0))
    with np.errstate(invalid="ignore"):  # unknown stays unknown
        np.maximum.at(steepest, pieces.link, np.abs(rise) / (1000.0 * pieces.km))
    return up, down, steepest
