"""Closed roads: which arcs a closed edge or a closed stretch of an expressway takes out of the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import connected_components, dijkstra

from corridor.costs import matrix
from corridor.errors import Fault, InputError
from corridor.named_routes import has_ref
from corridor.paths import unwind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from corridor.roads import RoadNetwork

#: A km post this far from every interchange of the expressway is taken for a mistake.
_FARTHEST_POST_KM = 10.0


def edges(network: RoadNetwork, pairs: Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Return the arcs from u to v of every pair, parallel ones included; the other direction stays open.

    Parameters
    ----------
    network
        Road network.
    pairs
        Node ids (u, v).

    Returns
    -------
    arcs
        (n,) int64, positions into ``heads``, for :func:`corridor.costs.closed`.

    Raises
    ------
    corridor.errors.InputError
        For pairs that no edge joins.
    """
    ends = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    known = np.isin(ends, network.node_ids).all(axis=1)
    vertex = np.searchsorted(network.node_ids, ends)
    wanted = vertex[:, 0] * network.n_nodes + vertex[:, 1]
    key = network.tails.astype(np.int64) * network.n_nodes + network.heads
    missing = ~(known & np.isin(wanted, key))
    if missing.any():
        raise InputError(
            [
                Fault(f"no edge leads from node {u} to node {v}", "closures", "Name two nodes of one edge")
                for u, v in ends[missing]
            ]
        )
    return np.flatnonzero(np.isin(key, wanted)).astype(np.int64)


def stretch(
    network: RoadNetwork, ref: str, *, between: tuple[Sequence[int], Sequence[int]]
) -> NDArray[np.int64]:
    """Return the arcs of an expressway between two places on it, in both directions.

    The carriageways of an expressway may share their nodes or not: each direction takes the ends, of those
    given, that it leads through.

    Parameters
    ----------
    network
        Road network.
    ref
        Number of the expressway, e.g. ``G76``.
    between
        Node ids at each end, those meant first; see :func:`interchange`.

    Returns
    -------
    arcs
        (n,) int64, positions into ``heads``, parallel ones of that number included.

    Raises
    ------
    corridor.errors.InputError
        If the road does not lead from one end to the other, or not back.
    """
    on_road = has_ref(network, (ref,))[network.edge_rows]
    if not on_road.any():
        raise InputError(Fault(f"no road has the number {ref}", "closures", "Write it as on the map: G76"))
    along = matrix(network, np.where(on_road, network.length_km, np.inf))
    one, other = (network.vertices(np.asarray(ends, dtype=np.int64)) for ends in between)
    steps = [_steps(along, one, other), _steps(along, other, one)]
    if any(len(step) == 0 for step in steps):
        what = f"{ref} does not lead from node {between[0][0]} to node {between[1][0]} and back"
        raise InputError(Fault(what, "closures", "Name two interchanges of that road"))
    wanted = np.concatenate(steps)
    key = network.tails.astype(np.int64) * network.n_nodes + network.heads
    closed = np.isin(key, wanted[:, 0] * network.n_nodes + wanted[:, 1]) & on_road
    return np.flatnonzero(closed).astype(np.int64)


def _steps(along: csr_array, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n, 2) vertices, tail and head of each step from the first start and end that are joined; or none."""
    km, before = dijkstra(along, indices=starts, return_predecessors=True)
    rank = np.where(
        np.isfinite(km[:, ends]) & (starts[:, None] != ends),
        np.arange(len(starts))[:, None] + np.arange(len(ends)),
        np.inf,
    )
    if not np.isfinite(rank).any():
        return np.zeros((0, 2), dtype=np.int64)
    row, column = np.unravel_index(int(np.argmin(rank)), rank.shape)
    _, path = unwind(before, np.array([row]), np.array([ends[column]]))
    return np.column_stack([path[:-1], path[1:]])


def interchange(network: RoadNetwork, ref: str, *, km_post: float) -> int:
    """Return the node of the interchange of an expressway nearest to a km post.

    Parameters
    ----------
    network
        Road network; its nodes carry ``road_ref`` and ``km_post`` where they are interchanges.
    ref
        Number of the expressway, e.g. ``G76``.
    km_post
        Km post, as on the exit's sign.

    Raises
    ------
    corridor.errors.InputError
        If no interchange with a km post is known there.
    """
    nodes = network.nodes
    if not {"road_ref", "km_post"} <= set(nodes.columns):
        raise InputError(Fault("the network has no km posts", "closures", "Name the nodes instead"))
    known = nodes[(nodes["road_ref"] == ref) & nodes["km_post"].notna()]
    posts = known["km_post"].to_numpy(dtype=np.float64)
    distance = np.abs(posts - km_post)
    if len(posts) and distance.min() <= _FARTHEST_POST_KM:
        return int(known.index[int(np.argmin(distance))])
    listed = ", ".join(f"{post:g}" for post in np.sort(posts))
    mend = f"Known: {listed}" if listed else "Name the nodes instead"
    raise InputError(Fault(f"{ref} has no known interchange near km {km_post:g}", "closures", mend))


def cut_off(network: RoadNetwork, cost: NDArray[np.float64], nodes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the nodes that the others cannot all reach and leave: those outside the largest group.

    Parameters
    ----------
    network
        Road network.
    cost
        (n_edges,) float64 cost of each arc; infinite when closed.
    nodes
        (n,) int64 node ids, e.g. those of the zones.

    Returns
    -------
    stranded
        (m,) int64, those of ``nodes`` not strongly connected with most of them.
    """
    links = matrix(network, np.where(np.isfinite(cost), 1.0, np.inf))
    _, component = connected_components(links, directed=True, connection="strong")
    mine = component[network.vertices(nodes)]
    stranded: NDArray[np.int64] = nodes[mine != np.bincount(mine).argmax()]
    return stranded
