"""Cheapest paths as flat arrays [1]_.

References
----------
.. [1] Dijkstra, E. W. (1959). A note on two problems in connexion with graphs. Numerische Mathematik 1,
   269-271.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from corridor.contraction import contract, unpack
from corridor.costs import cheapest_arcs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

#: What ``scipy`` writes where a vertex has no predecessor.
_NO_PREDECESSOR = -9999


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Paths:
    """Cheapest paths as flat arrays.

    Parameters
    ----------
    cost
        (n_paths,) float64; infinite where no open arc leads on, and the path is then its source alone.
    offsets
        (n_paths + 1,) int64: path p holds entries ``offsets[p]:offsets[p + 1]``.
    vertices
        (offsets[-1],) int64, source first.
    arcs
        (offsets[-1],) int64, arc that leads to each entry: position into ``heads``; -1 at a source.
    """

    cost: NDArray[np.float64]
    offsets: NDArray[np.int64]
    vertices: NDArray[np.int64]
    arcs: NDArray[np.int64]

    def running(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of an arc's value since the source, at every entry: (offsets[-1],) float64."""
        total = np.where(self.arcs >= 0, value[self.arcs], 0.0)
        at, ends = self.offsets[:-1] + 1, self.offsets[1:]
        # One step of every path at a time, so that each sum runs over its own path alone and stays exact.
        while at.size:
            going = at < ends
            at, ends = at[going], ends[going]
            total[at] += total[at - 1]
            at = at + 1
        return total


def cheapest_paths(
    network: RoadNetwork,
    cost: NDArray[np.float64],
    *,
    source: NDArray[np.int64],
    target: NDArray[np.int64],
) -> Paths:
    """Return a cheapest path for every source and target.

    Sources and targets stay in a contracted graph; its trees are grown and unwound, not the network's.

    Parameters
    ----------
    network
        Road network.
    cost
        (n_edges,) positive cost of each arc; infinite when closed.
    source, target
        (n_paths,) vertices.
    """
    position = cheapest_arcs(network, cost)
    keep = np.zeros(network.n_nodes, dtype=bool)
    keep[source], keep[target] = True, True
    core = contract(network.tails[position], network.heads[position], cost[position], keep=keep)
    size = len(core.vertices)
    sources, row = np.unique(source, return_inverse=True)
    matrix = csr_array((core.cost, (core.tails, core.heads)), shape=(size, size))
    total, before = dijkstra(
        matrix, indices=np.searchsorted(core.vertices, sources), return_predecessors=True
    )
    end = np.searchsorted(core.vertices, target)
    end = np.where(np.isfinite(total[row, end]), end, np.searchsorted(core.vertices, source))
    steps, vertices = unwind(before, row, end)
    into = np.ones(len(vertices), dtype=bool)
    into[steps[:-1]] = False
    step = np.flatnonzero(into)
    wanted = vertices[step - 1] * size + vertices[step]
    numbers, which = np.unique(np.searchsorted(core.tails * size + core.heads, wanted), return_inverse=True)
    begin, unpacked = unpack(core, core.arcs[numbers])
    # Every entry but a source's gives way to the arcs its core arc stands for.
    count = np.ones(len(vertices), dtype=np.int64)
    count[step] = np.diff(begin)[which]
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    offsets = first[steps]
    arcs = np.full(offsets[-1], -1, dtype=np.int64)
    rest = np.ones(len(arcs), dtype=bool)
    rest[offsets[:-1]] = False
    arcs[rest] = position[unpacked[_ragged(begin[which], count[step])]]
    heads = network.heads[arcs].astype(np.int64)
    heads[offsets[:-1]] = source
    return Paths(
        cost=total[row, np.searchsorted(core.vertices, target)], offsets=offsets, vertices=heads, arcs=arcs
    )


def _ragged(start: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """(sum of count,) int64: count[0] numbers from start[0] on, count[1] from start[1] on, and so on."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(start - ends + count, count) + np.arange(total)


def unwind(
    predecessors: NDArray[np.int32], source: NDArray[np.intp], target: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Follow predecessors of all pairs at once.

    Parameters
    ----------
    predecessors
        (n_sources, n_vertices) as scipy returns them.
    source
        (n_routes,) row of ``predecessors``.
    target
        (n_routes,) vertex.

    Returns
    -------
    offsets
        (n_routes + 1,) int64.
    vertices
        (offsets[-1],) int64, source first.
    """
    alive = np.arange(len(target))
    at = target.astype(np.int64)
    steps: list[tuple[NDArray[np.intp], NDArray[np.int64]]] = []
    while alive.size:
        steps.append((alive, at))
        before = predecessors[source[alive], at].astype(np.int64)
        go_on = before != _NO_PREDECESSOR
        alive, at = alive[go_on], before[go_on]
    counts = np.zeros(len(target), dtype=np.int64)
    for routes, _ in steps:
        counts[routes] += 1
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    vertices = np.empty(offsets[-1], dtype=np.int64)
    for step, (routes, vertex) in enumerate(steps):
        vertices[offsets[routes + 1] - 1 - step] = vertex
    return offsets, vertices


def road_km(
    network: RoadNetwork,
    origins: NDArray[np.int64],
    destinations: NDArray[np.int64],
    *,
    cost: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return the length of the quickest or cheapest route from every origin to every destination.

    Parameters
    ----------
    network
        Road network.
    origins, destinations
        (n,) and (m,) int64 node ids.
    cost
        (n_edges,) cost of each arc to minimize, infinite when closed; None minimizes ``network.hours``.

    Returns
    -------
    km
        (n, m) float64; infinite where no road leads.
    """
    source = np.repeat(network.vertices(origins), len(destinations))
    target = np.tile(network.vertices(destinations), len(origins))
    minimized = network.hours if cost is None else cost
    paths = cheapest_paths(network, minimized, source=source, target=target)
    km = paths.running(network.length_km)[paths.offsets[1:] - 1]
    km[~np.isfinite(paths.cost)] = np.inf
    return km.reshape(len(origins), len(destinations))
