"""Which ways become routes: simple ones, not too long, that share little with each other.

Ways of a pair are looked at in order of merit, and only until there are enough routes: the next way of every
pair that is still short is unwound, weighed against the routes it has so far, and taken or left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.plateaus import ROUNDING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.plateaus import Trees, Ways
    from corridor.skeleton import Skeleton

#: Pairs times arcs and vertices marked at once, one byte each: bounds the memory.
_CELLS = 50_000_000

#: Largest number of routes per pair: each is one bit of a mark.
MOST = 64


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """Routes taken, by pair, each pair's cheapest first and the rest in the order of merit.

    Parameters
    ----------
    way
        (n_routes,) int64, position in the ways.
    offsets
        (n_routes + 1,) int64: route r drives ``arcs[offsets[r]:offsets[r + 1]]``.
    arcs
        (offsets[-1],) int64, arcs of the skeleton, origin first.
    users
        (offsets[-1],) int64, number of routes of the same pair that drive each arc.
    """

    way: NDArray[np.int64]
    offsets: NDArray[np.int64]
    arcs: NDArray[np.int64]
    users: NDArray[np.int64]

    def only(self, kept: NDArray[np.intp]) -> Chosen:
        """Return some of the routes, in the order given."""
        counts = np.diff(self.offsets)[kept]
        entries = ragged(self.offsets[kept], counts)
        return Chosen(self.way[kept], starts(counts), self.arcs[entries], self.users[entries])


def starts(counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return where groups of so many entries start, and where the last one ends: (n + 1,) int64."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)


def ragged(first: NDArray[np.int64], counts: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return ``counts[0]`` numbers from ``first[0]`` on, ``counts[1]`` from ``first[1]`` on, and so on."""
    ends = starts(counts)
    return np.repeat(first - ends[:-1], counts) + np.arange(ends[-1])


def choose(
    skeleton: Skeleton,
    trees: Trees,
    ways: Ways,
    *,
    km: NDArray[np.float64],
    most: int,
    detour: float,
    overlap: float,
) -> Chosen:
    """Return the routes taken of every pair.

    Parameters
    ----------
    skeleton, trees, ways
        Of the network; the cheapest route of each pair is among the ways.
    km
        (n_arcs,) float64, length of the skeleton's arcs.
    most
        Largest number of routes per pair, the cheapest included; at most ``MOST``.
    detour
        Largest length of a route, relative to the cheapest one's.
    overlap
        Largest length a route shares with another of the pair, relative to the shorter of both.
    """
    pair = ways.origin * len(trees.destinations) + ways.destination
    order = np.lexsort((ways.merit, pair))
    first = np.flatnonzero(np.diff(pair[order], prepend=-1))
    bounds = np.append(first, len(order))
    size = max(1, _CELLS // (len(skeleton.tails) + len(skeleton.vertices)))
    found = []
    for begin in range(0, len(first), size):
        end = min(begin + size, len(first))
        table = _Table.empty(end - begin, skeleton, most=most)
        found.append(
            _taken(
                skeleton,
                trees,
                ways,
                table,
                order=order,
                bounds=bounds[begin : end + 1],
                km=km,
                detour=detour,
                overlap=overlap,
            )
        )
    if not found:
        none = np.zeros(0, dtype=np.int64)
        return Chosen(none, np.zeros(1, dtype=np.int64), none, none)
    counts = np.concatenate([np.diff(each.offsets) for each in found])
    way, arcs, users = (
        np.concatenate([getattr(each, name) for each in found]) for name in ("way", "arcs", "users")
    )
    return Chosen(way, starts(counts), arcs, users)


@dataclass(frozen=True, slots=True, eq=False)
class _Table:
    """What the routes of some pairs have taken so far; changed in place."""

    used: NDArray[np.unsignedinteger]  # (n_pairs, n_arcs) bit k: the pair's route k drives the arc
    seen: NDArray[np.bool_]  # (n_pairs, n_vertices) for looking whether a way is simple; all false between
    count: NDArray[np.int64]  # (n_pairs,) routes taken
    km: NDArray[np.float64]  # (n_pairs, most) their lengths

    @classmethod
    def empty(cls, n_pairs: int, skeleton: Skeleton, *, most: int) -> _Table:
        """Return the table before any route is taken."""
        bits = next(
            kind for kind in (np.uint8, np.uint16, np.uint32, np.uint64) if most <= np.iinfo(kind).bits
        )
        return cls(
            np.zeros((n_pairs, len(skeleton.tails)), dtype=bits),
            np.zeros((n_pairs, len(skeleton.vertices)), dtype=np.bool_),
            np.zeros(n_pairs, dtype=np.int64),
            np.zeros((n_pairs, most), dtype=np.float64),
        )

    def take(self, pairs: NDArray[np.intp], km: NDArray[np.float64]) -> None:
        """Count one more route of some pairs."""
        self.km[pairs, self.count[pairs]] = km
        self.count[pairs] += 1


def _taken(
    skeleton: Skeleton,
    trees: Trees,
    ways: Ways,
    table: _Table,
    *,
    order: NDArray[np.intp],
    bounds: NDArray[np.intp],
    km: NDArray[np.float64],
    detour: float,
    overlap: float,
) -> Chosen:
    """Return the routes of some pairs; pair p has the ways ``order[bounds[p]:bounds[p + 1]]``."""
    most = table.km.shape[1]
    alive, cursor = np.arange(len(bounds) - 1), bounds[:-1].copy()
    taken: list[tuple[NDArray[np.intp], Chosen]] = []
    while alive.size:
        way = order[cursor[alive]]
        paths = _Paths.of(skeleton, trees, ways, way)
        length = np.add.reduceat(km[paths.arcs], paths.offsets[:-1])
        new = np.flatnonzero(
            _differs(paths, table, alive, km=km, length=length, detour=detour, overlap=overlap)
        )
        new = new[paths.simple(skeleton, table, new, alive[new])]
        kept = Chosen(way, paths.offsets, paths.arcs, paths.arcs).only(new)
        pairs = alive[new]
        mark = np.left_shift(1, table.count[pairs]).astype(table.used.dtype)
        counts = np.diff(kept.offsets)
        table.used[np.repeat(pairs, counts), kept.arcs] |= np.repeat(mark, counts)
        table.take(pairs, length[new])
        taken.append((pairs, kept))
        cursor[alive] += 1
        alive = alive[(table.count[alive] < most) & (cursor[alive] < bounds[alive + 1])]
    pairs = np.concatenate([each for each, _ in taken])
    way = np.concatenate([each.way for _, each in taken])
    arcs = np.concatenate([each.arcs for _, each in taken])
    counts = np.concatenate([np.diff(each.offsets) for _, each in taken])
    users = np.bitwise_count(table.used[np.repeat(pairs, counts), arcs])
    return Chosen(way, starts(counts), arcs, users).only(np.argsort(pairs, kind="stable"))


def _differs(
    paths: _Paths,
    table: _Table,
    pairs: NDArray[np.intp],
    *,
    km: NDArray[np.float64],
    length: NDArray[np.float64],
    detour: float,
    overlap: float,
) -> NDArray[np.bool_]:
    """(n_paths,) bool: not too long, and sharing little with each route of its pair; true of a first one."""
    counts = np.diff(paths.offsets)
    shortest = table.km[pairs, 0]
    fine: NDArray[np.bool_] = (length <= detour * shortest * (1.0 + ROUNDING)) | (table.count[pairs] == 0)
    used = table.used[np.repeat(pairs, counts), paths.arcs]
    for route in range(int(table.count[pairs].max(initial=0))):
        same = np.where(used & used.dtype.type(1 << route), km[paths.arcs], 0.0)
        shared = np.add.reduceat(same, paths.offsets[:-1])
        there = table.count[pairs] > route
        little = shared <= overlap * np.minimum(length, table.km[pairs, route])
        fine &= (little & (shared < length * (1.0 - ROUNDING))) | ~there
    return fine


@dataclass(frozen=True, slots=True, eq=False)
class _Paths:
    """Ways as flat arrays of arcs."""

    offsets: NDArray[np.int64]  # (n_paths + 1,)
    turn: NDArray[np.int64]  # (n_paths,) entry of the arc the way leads through
    arcs: NDArray[np.int64]  # (offsets[-1],)

    @classmethod
    def of(cls, skeleton: Skeleton, trees: Trees, ways: Ways, way: NDArray[np.intp]) -> _Paths:
        """Unwind some of the ways."""
        origin, destination, via = ways.origin[way], ways.destination[way], ways.via[way]
        tail, head = skeleton.tails[via], skeleton.heads[via]
        there, back = trees.depth[origin, tail], trees.left[head, destination]
        offsets = starts(there.astype(np.int64) + 1 + back)
        turn = offsets[:-1] + there
        arcs = np.empty(offsets[-1], dtype=np.int64)
        arcs[turn] = via
        start = origin * len(skeleton.vertices)
        _climb(arcs, trees.into, skeleton.tails, base=start, at=tail, entry=turn, left=there, step=-1)
        _climb(arcs, trees.onward, skeleton.heads, base=destination, at=head, entry=turn, left=back, step=1)
        return cls(offsets, turn, arcs)

    def simple(
        self, skeleton: Skeleton, table: _Table, some: NDArray[np.intp], pairs: NDArray[np.intp]
    ) -> NDArray[np.bool_]:
        """(n,) bool: some of the paths visit no vertex on the way to the arc and again on the way from it."""
        begin, turn, end = self.offsets[some], self.turn[some], self.offsets[some + 1]
        there, back = turn + 1 - begin, end - turn
        visited = np.repeat(pairs, there), skeleton.tails[self.arcs[ragged(begin, there)]]
        table.seen[visited] = True
        again = table.seen[np.repeat(pairs, back), skeleton.heads[self.arcs[ragged(turn, back)]]]
        table.seen[visited] = False
        return ~np.logical_or.reduceat(again, starts(back)[:-1])


def _climb(
    arcs: NDArray[np.int64],
    tree: NDArray[np.int32],
    ends: NDArray[np.int64],
    *,
    base: NDArray[np.int64],
    at: NDArray[np.int64],
    entry: NDArray[np.int64],
    left: NDArray[np.int32],
    step: int,
) -> None:
    """Write the arcs of many paths from vertices ``at`` to the roots of their trees, ``left`` arcs each.

    Paths are written from beside an ``entry`` on, forward or backward by ``step``. Trees into vertices are
    (tree, vertex), those out of them (vertex, tree): ``base`` is the place of each path's tree in memory.
    """
    stride = 1 if step < 0 else tree.shape[1]
    flat = tree.ravel()
    order = np.argsort(-left, kind="stable")
    base, at, entry = base[order], at[order], entry[order]
    done = np.cumsum(np.bincount(left))[:-1]
    for n in (len(order) - done).tolist():  # paths not yet at the root, the longest ones first
        entry = entry[:n] + step
        arc = flat[base[:n] + stride * at[:n]]
        arcs[entry] = arc
        at = ends[arc]
