"""A smaller graph with the same cheapest paths between chosen vertices.

Vertices of few neighbors are taken out, many at a time: each way through one becomes a shortcut arc that
remembers the two arcs it stands for, and the cheaper of two arcs side by side stays [1]_. Costs between the
vertices left are unchanged, and every path can be unpacked into the arcs of the first graph.

References
----------
.. [1] Geisberger, R., Sanders, P., Schultes, D., & Vetter, C. (2012). Exact routing in large road networks
   using contraction hierarchies. Transportation Science 46(3), 388-404.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Arcs a vertex may add when it is taken out, beyond those it takes along.
_GROWTH = 4

#: The work ends when a round takes out less than this share of the vertices left.
_LEAST_SHARE = 0.02


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Core:
    """The smaller graph and how its arcs unpack.

    Parameters
    ----------
    vertices
        (n_core,) int64, vertices left, ascending.
    tails, heads
        (n_arcs,) int64, rows of ``vertices``; arcs are ordered by tail and then by head, without parallels.
    cost
        (n_arcs,) float64.
    arcs
        (n_arcs,) int64, number of each arc among all arcs there ever were.
    halves
        (n_ever, 2) int64, the two arcs a shortcut stands for, in driving order; -1 for arcs of the first
        graph, which come first and keep their positions.
    sizes
        (n_ever,) int64, arcs of the first graph in each arc.
    """

    vertices: NDArray[np.int64]
    tails: NDArray[np.int64]
    heads: NDArray[np.int64]
    cost: NDArray[np.float64]
    arcs: NDArray[np.int64]
    halves: NDArray[np.int64]
    sizes: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class _Arcs:
    """Arcs in force."""

    tails: NDArray[np.int64]
    heads: NDArray[np.int64]
    cost: NDArray[np.float64]
    number: NDArray[np.int64]

    def only(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> _Arcs:
        """Return some of the arcs."""
        return _Arcs(self.tails[kept], self.heads[kept], self.cost[kept], self.number[kept])


def contract(
    tails: NDArray[np.integer],
    heads: NDArray[np.integer],
    cost: NDArray[np.float64],
    *,
    keep: NDArray[np.bool_],
) -> Core:
    """Return a smaller graph with the same cheapest paths between the vertices to keep.

    Parameters
    ----------
    tails, heads
        (n_arcs,) vertices, 0 to n - 1.
    cost
        (n_arcs,) positive finite cost.
    keep
        (n,) vertices that must stay.
    """
    n = len(keep)
    everyone = np.arange(len(cost), dtype=np.int64)
    arcs = _Arcs(tails.astype(np.int64), heads.astype(np.int64), cost, everyone)
    arcs = _cheapest(arcs.only(arcs.tails != arcs.heads), n)
    halves = [np.full((len(cost), 2), -1, dtype=np.int64)]
    sizes = [np.ones(len(cost), dtype=np.int64)]
    n_ever, left = len(cost), ~keep
    # A fixed order of vertices with equally many neighbors: any will do, but not the one along a road.
    lot = np.random.default_rng(0).permutation(n)
    size = sizes[0]
    while True:
        out = _independent(arcs, left, lot)
        if np.count_nonzero(out) < max(1.0, _LEAST_SHARE * np.count_nonzero(left)):
            break
        left &= ~out
        first, second = _ways_through(arcs, out, n)
        shortcuts = _Arcs(
            arcs.tails[first],
            arcs.heads[second],
            arcs.cost[first] + arcs.cost[second],
            np.arange(n_ever, n_ever + len(first), dtype=np.int64),
        )
        halves.append(np.column_stack([arcs.number[first], arcs.number[second]]))
        size = np.concatenate([size, size[arcs.number[first]] + size[arcs.number[second]]])
        n_ever += len(first)
        stay = arcs.only(~(out[arcs.tails] | out[arcs.heads]))
        arcs = _cheapest(_together(stay, shortcuts), n)
    vertices = np.flatnonzero(left | keep)
    row = np.full(n, -1, dtype=np.int64)
    row[vertices] = np.arange(len(vertices))
    return Core(
        vertices=vertices,
        tails=row[arcs.tails],
        heads=row[arcs.heads],
        cost=arcs.cost,
        arcs=arcs.number,
        halves=np.concatenate(halves),
        sizes=size,
    )


def _together(one: _Arcs, other: _Arcs) -> _Arcs:
    """Both sets of arcs."""
    return _Arcs(
        np.concatenate([one.tails, other.tails]),
        np.concatenate([one.heads, other.heads]),
        np.concatenate([one.cost, other.cost]),
        np.concatenate([one.number, other.number]),
    )


def _cheapest(arcs: _Arcs, n: int) -> _Arcs:
    """Return the cheapest arc of every ordered pair, by tail and then by head."""
    key = arcs.tails * n + arcs.heads
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = (
        np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]])) if len(key) else np.zeros(0, np.intp)
    )
    if len(first) == len(key):
        return arcs.only(order)
    least = np.minimum.reduceat(arcs.cost[order], first)
    group = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(key))))
    hit = np.flatnonzero(arcs.cost[order] == least[group])
    hit = hit[np.concatenate([[True], group[hit][1:] != group[hit][:-1]])]
    return arcs.only(order[hit])


def _independent(arcs: _Arcs, left: NDArray[np.bool_], lot: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) bool: vertices to take out now, no two of them joined by an arc, fewest new arcs first."""
    n = len(left)
    leaving, coming = np.bincount(arcs.tails, minlength=n), np.bincount(arcs.heads, minlength=n)
    growth = leaving * coming - leaving - coming
    able = left & (growth <= _GROWTH)
    rank = np.where(able, growth * n + lot, np.iinfo(np.int64).max)
    least = np.full(n, np.iinfo(np.int64).max)
    between = able[arcs.tails] & able[arcs.heads]
    tails, heads = arcs.tails[between], arcs.heads[between]
    np.minimum.at(least, tails, rank[heads])
    np.minimum.at(least, heads, rank[tails])
    return able & (rank < least)


def _ways_through(arcs: _Arcs, out: NDArray[np.bool_], n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the arcs into and out of each vertex taken out, every pair of them but there and back."""
    start = np.searchsorted(arcs.tails, np.arange(n + 1))
    into = np.flatnonzero(out[arcs.heads])
    via = arcs.heads[into]
    count = start[via + 1] - start[via]
    first = np.repeat(into, count)
    ends = np.cumsum(count)
    second = np.repeat(start[via] - ends + count, count) + np.arange(ends[-1] if len(ends) else 0)
    onward = arcs.tails[first] != arcs.heads[second]
    return first[onward], second[onward]


def unpack(core: Core, numbers: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the arcs of the first graph in each arc.

    Parameters
    ----------
    core
        The smaller graph.
    numbers
        (n,) arcs by number, see ``Core.arcs``.

    Returns
    -------
    offsets
        (n + 1,) int64.
    arcs
        (offsets[-1],) int64, positions of the first graph in driving order.
    """
    offsets = np.concatenate([[0], np.cumsum(core.sizes[numbers])]).astype(np.int64)
    found = np.empty(offsets[-1], dtype=np.int64)
    at, number = offsets[:-1], numbers
    while len(number):
        whole = core.halves[number, 0] < 0
        found[at[whole]] = number[whole]
        at, pair = at[~whole], core.halves[number[~whole]]
        at = np.concatenate([at, at + core.sizes[pair[:, 0]]])
        number = np.concatenate([pair[:, 0], pair[:, 1]])
    return offsets, found
