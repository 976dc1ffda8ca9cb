r"""Plateaus: where the cheapest-path trees of an origin and of a destination run together.

The way through an arc is the cheapest path from the origin :math:`s` to its tail, the arc, and the cheapest
path from its head to the destination :math:`t`. Arcs in a row with the same way form a plateau [1]_.

Let :math:`f_v` be the cost from :math:`s` and :math:`p_v` the vertex before :math:`v` on the way from there,
:math:`b_v` the cost to :math:`t` and :math:`n_v` the next vertex on the way there. The arcs
:math:`(p_v, v)` and :math:`(v, n_v)` have the same way, so every vertex lies inside one plateau, and vertices
:math:`u` and :math:`v` inside the same one if :math:`u = p_v` and :math:`v = n_u`. Hence

* the first vertex inside is :math:`a_v = a_u` if :math:`n_u = v`, otherwise :math:`v`, with :math:`u = p_v`:
  found for all destinations at once, one level of the tree from :math:`s` after the other;
* :math:`v` is the last one if :math:`p_w \ne v`, with :math:`w = n_v`;
* the plateau costs :math:`f_v + c_{vw} - f_{p_a}`, and its way :math:`f_v + b_v`.

An arc in neither tree is a plateau by itself. On a skeleton the first and the last arc of a plateau stand for
chains, and count from where inside the chain the trees part (:mod:`corridor.skeleton`).

References
----------
.. [1] Abraham, I., Delling, D., Goldberg, A. V., & Werneck, R. F. (2013). Alternative routes in road
   networks. ACM Journal of Experimental Algorithmics 18, 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from corridor.skeleton import Skeleton

T = TypeVar("T", bound=np.generic)

#: Room for rounding when sums along different trees are compared, relative.
ROUNDING = 1e-9

#: Vertices or arcs times destinations handled at once: bounds the memory, and keeps to the processor's cache.
_BATCH = 400_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trees:
    """Cheapest-path trees from every origin and to every destination, over the rows of a skeleton.

    Parameters
    ----------
    origins
        (n_origins,) int64, rows of the skeleton's vertices.
    destinations
        (n_destinations,) int64.
    from_origin
        (n_origins, n) float64, cost.
    before
        (n_origins, n) int32, vertex before, on the way from the origin; negative at it and where none leads.
    into
        (n_origins, n) int32, arc from there; -1 where there is none.
    depth
        (n_origins, n) int32, number of arcs from the origin.
    to_destination
        (n, n_destinations) float64, cost.
    after
        (n, n_destinations) int32, vertex after, on the way to the destination; negative where there is none.
    onward
        (n, n_destinations) int32, arc to there; -1 where there is none.
    step
        (n, n_destinations) float64, its cost; minus infinity where there is none.
    left
        (n, n_destinations) int32, number of arcs to the destination.
    """

    origins: NDArray[np.int64]
    destinations: NDArray[np.int64]
    from_origin: NDArray[np.float64]
    before: NDArray[np.int32]
    into: NDArray[np.int32]
    depth: NDArray[np.int32]
    to_destination: NDArray[np.float64]
    after: NDArray[np.int32]
    onward: NDArray[np.int32]
    step: NDArray[np.float64]
    left: NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Ways:
    """Ways through plateaus, one plateau each.

    Parameters
    ----------
    origin, destination
        (n,) int64, rows of the trees.
    via
        (n,) int64, arc of the skeleton the way leads through.
    merit
        (n,) float64, cost minus plateau: the less the better; the cheapest route has minus infinity.
    """

    origin: NDArray[np.int64]
    destination: NDArray[np.int64]
    via: NDArray[np.int64]
    merit: NDArray[np.float64]


def grow(skeleton: Skeleton, *, origins: NDArray[np.int64], destinations: NDArray[np.int64]) -> Trees:
    """Return the trees from all origins and to all destinations.

    Parameters
    ----------
    skeleton
        Of the network.
    origins, destinations
        (n_origins,) and (n_destinations,) rows of the skeleton's vertices.
    """
    n = len(skeleton.vertices)
    forward = csr_array((skeleton.cost, (skeleton.tails, skeleton.heads)), shape=(n, n))
    from_origin, before = dijkstra(forward, indices=origins, return_predecessors=True)
    to_destination, after = dijkstra(forward.T.tocsr(), indices=destinations, return_predecessors=True)
    everyone = np.arange(n)
    into, onward = np.full(before.shape, -1, dtype=np.int32), np.full(after.shape, -1, dtype=np.int32)
    reached = before >= 0
    into[reached] = skeleton.rows(before[reached], np.broadcast_to(everyone, before.shape)[reached])
    reached = after >= 0
    onward[reached] = skeleton.rows(np.broadcast_to(everyone, after.shape)[reached], after[reached])
    return Trees(
        origins=origins,
        destinations=destinations,
        from_origin=from_origin,
        before=before,
        into=into,
        depth=_depth(before),
        to_destination=np.ascontiguousarray(to_destination.T),
        after=np.ascontiguousarray(after.T),
        onward=np.ascontiguousarray(onward.T),
        step=np.ascontiguousarray(np.where(onward >= 0, skeleton.cost[onward], -np.inf).T),
        left=np.ascontiguousarray(_depth(after).T),
    )


def _depth(before: NDArray[np.int32]) -> NDArray[np.int32]:
    """(n_origins, n) int32: number of arcs from the root, leaping twice as far up the trees every time."""
    depth = (before >= 0).astype(np.int32)
    above = np.where(before >= 0, before, np.arange(before.shape[1], dtype=np.int32))
    step = depth
    while step.any():
        step = np.take_along_axis(depth, above, axis=1)
        depth = depth + step
        above = np.take_along_axis(above, above, axis=1)
    return depth


def ways(skeleton: Skeleton, trees: Trees, wanted: NDArray[np.bool_], *, detour: float, least: float) -> Ways:
    """Return the ways through plateaus, the cheapest routes included.

    Parameters
    ----------
    skeleton, trees
        Of the network.
    wanted
        (n_origins, n_destinations) pairs to find ways for; each is joined by a road and its ends differ.
    detour
        Largest cost of a way, relative to the cheapest route's.
    least
        Smallest plateau, relative to the cheapest route's cost.
    """
    origin, destination = np.nonzero(wanted)
    cheapest = trees.onward[trees.origins[origin], destination].astype(np.int64)
    found = [Ways(origin, destination, cheapest, np.full(len(origin), -np.inf))]
    for row in np.flatnonzero(wanted.any(axis=1)).tolist():
        for pairs in _batches(skeleton, trees, row, wanted[row], detour=detour, least=least):
            found.append(_along_trees(skeleton, trees, pairs))
            found.append(_across(skeleton, trees, pairs))
    columns = ([getattr(each, name) for each in found] for name in Ways.__slots__)
    return Ways(*(np.concatenate(column) for column in columns))


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Pairs:
    """One origin and destinations in a row of the trees: gathers then take whole pieces of memory."""

    row: int  # of the origin
    begin: int  # first of the destinations
    limit: NDArray[np.float64]  # (n,) largest cost of a way; negative for a destination not wanted
    least: NDArray[np.float64]  # (n,) smallest plateau

    def of(self, array: NDArray[T]) -> NDArray[T]:
        """(n_vertices, n): the columns of the destinations, a view."""
        return array[:, self.begin : self.begin + len(self.limit)]


def _batches(
    skeleton: Skeleton, trees: Trees, row: int, wanted: NDArray[np.bool_], *, detour: float, least: float
) -> Iterator[_Pairs]:
    """Yield the destinations of one origin."""
    columns = np.flatnonzero(wanted)
    best = np.where(wanted, trees.from_origin[row, trees.destinations], -1.0)
    size = max(1, _BATCH // len(skeleton.vertices))
    for begin in range(int(columns[0]), int(columns[-1]) + 1, size):
        part = best[begin : min(begin + size, int(columns[-1]) + 1)]
        if (part > 0.0).any():
            limit = detour * part * (1.0 + ROUNDING)
            yield _Pairs(row=row, begin=begin, limit=limit, least=np.abs(least * part))


def _along_trees(skeleton: Skeleton, trees: Trees, pairs: _Pairs) -> Ways:
    """Plateaus of two arcs and more; not those of the cheapest routes."""
    ahead, before = trees.from_origin[pairs.row], trees.before[pairs.row]
    near = np.flatnonzero(ahead <= pairs.limit.max())
    depth = trees.depth[pairs.row, near]
    order = np.argsort(depth, kind="stable")
    vertex, levels = near[order], np.searchsorted(depth[order], np.arange(depth.max() + 2))
    first = _first_inside(trees, pairs, vertex, levels)
    reached = ahead[vertex]
    # The last one is what ``first`` points to along a cheapest route: no plateau.
    start = np.append(ahead[np.maximum(before[vertex], 0)], np.inf)
    plateau = pairs.of(trees.step).take(vertex, axis=0)
    plateau += reached[:, None]
    plateau -= start.take(first)
    cost = pairs.of(trees.to_destination).take(vertex, axis=0)
    cost += reached[:, None]
    row, column = _where((cost <= pairs.limit) & (plateau >= pairs.least))
    inside = vertex[row]
    after = pairs.of(trees.after)[inside, column]
    ends = (before[after] != inside) | (after == trees.destinations[pairs.begin + column])
    ends &= before[inside] != after  # turning round
    row, column, inside = row[ends], column[ends], inside[ends]
    opening = trees.into[pairs.row, vertex[first[row, column]]].astype(np.int64)
    closing = pairs.of(trees.onward)[inside, column].astype(np.int64)
    short = _beyond_trees(skeleton, trees, pairs, column, opening=opening, closing=closing)
    return _long_enough(pairs, column, closing, cost[row, column], plateau[row, column] - short)


def _first_inside(
    trees: Trees, pairs: _Pairs, vertex: NDArray[np.intp], levels: NDArray[np.intp]
) -> NDArray[np.int32]:
    """(n_near, n) int32: first vertex inside the plateau of each, as a position; -1 on the cheapest route."""
    place = np.zeros(trees.before.shape[1], dtype=np.int32)
    place[vertex] = np.arange(len(vertex))
    parent = np.maximum(trees.before[pairs.row, vertex], 0)  # the origin's, which has none, is never used
    above = place[parent]
    # Positions rise along the tree, so the larger of its own, if it starts a plateau, and its parent's holds.
    starts = pairs.of(trees.after).take(parent, axis=0) != vertex[:, None]
    first: NDArray[np.int32] = starts * np.arange(1, len(vertex) + 1, dtype=np.int32)[:, None]
    first[:1] = 0
    for low, high in zip(levels[1:-1].tolist(), levels[2:].tolist(), strict=True):
        level = first[low:high]
        np.maximum(level, first.take(above[low:high], axis=0), out=level)
    first -= 1
    return first


def _across(skeleton: Skeleton, trees: Trees, pairs: _Pairs) -> Ways:
    """Arcs in neither tree, each a plateau by itself."""
    ahead, before = trees.from_origin[pairs.row], trees.before[pairs.row]
    tails, heads = skeleton.tails, skeleton.heads
    reached = ahead[tails] + skeleton.cost
    able = (reached <= pairs.limit.max()) & (skeleton.cost >= pairs.least.min())
    able &= (before[heads] != tails) & (before[tails] != heads)
    arc = np.flatnonzero(able)
    cost = pairs.of(trees.to_destination).take(heads[arc], axis=0)
    cost += reached[arc, None]
    row, column = _where((cost <= pairs.limit) & (skeleton.cost[arc, None] >= pairs.least))
    via = arc[row]
    after = pairs.of(trees.after)
    apart = (after[tails[via], column] != heads[via]) & (after[heads[via], column] != tails[via])
    row, column, via = row[apart], column[apart], via[apart]
    short = _beyond_trees(skeleton, trees, pairs, column, opening=via, closing=via)
    return _long_enough(pairs, column, via, cost[row, column], skeleton.cost[via] - short)


def _where(found: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of what is true; far faster than ``numpy.nonzero`` where little is."""
    row, column = np.divmod(np.flatnonzero(found), found.shape[1])
    return row, column


def _beyond_trees(
    skeleton: Skeleton,
    trees: Trees,
    pairs: _Pairs,
    column: NDArray[np.intp],
    *,
    opening: NDArray[np.int64],
    closing: NDArray[np.int64],
) -> NDArray[np.float64]:
    """(n,) float64: cost of the parts of a plateau's first and last chain where the trees have parted."""
    ahead, behind = trees.from_origin[pairs.row], pairs.of(trees.to_destination)
    rise = behind[skeleton.heads[opening], column] - behind[skeleton.tails[opening], column]
    start = skeleton.start_of_head_side(opening, rise)
    rise = ahead[skeleton.heads[closing]] - ahead[skeleton.tails[closing]]
    return start + skeleton.cost[closing] - skeleton.end_of_tail_side(closing, rise)


def _long_enough(
    pairs: _Pairs,
    column: NDArray[np.intp],
    via: NDArray[np.int64],
    cost: NDArray[np.float64],
    plateau: NDArray[np.float64],
) -> Ways:
    """Return the ways whose plateau is as long as asked, and there at all."""
    kept = np.flatnonzero((plateau >= pairs.least[column]) & (plateau > 0.0))
    row = np.full(len(kept), pairs.row)
    return Ways(row, pairs.begin + column[kept], via[kept], cost[kept] - plateau[kept])
