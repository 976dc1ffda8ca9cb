"""From paths to cover sets: which stations keep a round trip from running dry.

Formulation
-----------
A vehicle drives O-D-O along one path and back on the same path, again and again: half a tank at an origin
without a station, a full one with; it fills up at every station it stops at; stations stand on the path's
own nodes (Kuby & Lim 2005). What it uses differs from road to road and between the ways: uphill costs more.
With the candidate sites of a path in driving order,

Sets
    i in I      candidate sites of the path, 1 ... m
Parameters
    s_i         used from the origin to i on the way there, kg (or km, if every km uses the same)
    b_i         used from i to the origin on the way back; neither s nor b falls along the path
    S, B        used on the whole way there and back
    T           usable tank, kg (km)
Condition
    The trip is served by the open stations iff the first has max(s, b) <= T/2, the last has
    (S - s) + (B - b) <= T, and of two in a row, i before j, max(s_j - s_i, b_j - b_i) <= T.

The same as arc cover sets (Capar, Kuby, Leon & Tsai 2013): each arc (a, b) of the cyclic trip needs one open
station from which it can be driven to its end b without another fill. On a sorted path each of these sets
is an interval of candidates:

    start   {i : max(s_i, b_i) <= T/2}
    end     {i : (S - s_i) + (B - b_i) <= T}
    to j    {i before j : max(s_j - s_i, b_j - b_i) <= T}     for each candidate j with max(s_j, b_j) > T

The sets of all other arcs contain one of these. The trip is
served iff every one of its cover sets holds an open station; an empty set means it never can be. Sets that
contain another set of the same trip say nothing and are left out; equal sets are stored once, and trips
with the same family of sets are merged into one class.

Sets are compared by 128-bit random keys (fixed seed) instead of member by member: two different families
among a million are confused with a probability below 1e-26.

References
----------
Kuby, M., Lim, S. (2005). The flow-refueling location problem for alternative-fuel vehicles.
Socio-Economic Planning Sciences 39, 125-145.
Capar, I., Kuby, M., Leon, V. J., Tsai, Y.-J. (2013). An arc cover-path-cover formulation and strategic
analysis of alternative-fuel station locations. European Journal of Operational Research 227, 142-151.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Keys = NDArray[np.uint64]

#: Ranges are stretched by this share, so that a sum of doubles that misses R by its last digits still
#: counts as R: 0.4 mm in 400 km. Whole numbers of km compare exactly.
RANGE_TOLERANCE = 1e-9

#: Trips are worked through in blocks of about this many candidate positions, to bound memory (about 0.3 GB).
_BLOCK_ROWS = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidatePaths:
    """Where candidate sites stand along each path, and what each kind of vehicle uses up to there.

    Parameters
    ----------
    offsets
        (n_paths + 1,) int64, rows of path p are ``offsets[p]:offsets[p + 1]``.
    site
        (offsets[-1],) int64, site index 0 ... n_sites - 1, in driving order.
    out, back
        (offsets[-1], n_kinds) float64, s and b: used from the origin to the site, and from the site back to
        the origin; neither falls within a path. In kg, or km if every km uses the same.
    total_out, total_back
        (n_paths, n_kinds) float64, S and B.
    n_sites
        Number of sites.
    """

    offsets: Indices
    site: Indices
    out: Floats
    back: Floats
    total_out: Floats
    total_back: Floats
    n_sites: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stops:
    """Which entries of the paths' nodes are candidate sites.

    Parameters
    ----------
    offsets
        (n_paths + 1,) int64, stops of path p are ``offsets[p]:offsets[p + 1]``.
    site
        (offsets[-1],) int64, site index 0 ... n_sites - 1.
    row
        (offsets[-1],) int64, entry of the flat nodes.
    n_sites
        Number of sites.
    """

    offsets: Indices
    site: Indices
    row: Indices
    n_sites: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverSets:
    """Families of cover sets, one per class of trips.

    Parameters
    ----------
    sets
        (n_sets, n_sites) sparse 0/1 matrix, one row per distinct cover set.
    offsets
        (n_classes + 1,) int64, cover sets of class c are ``members[offsets[c]:offsets[c + 1]]``.
    members
        (offsets[-1],) int64, rows of `sets`.
    trip_class
        (n_trips,) int64, class of each trip; -1 for a trip no candidates can serve.
    """

    sets: sparse.csr_array
    offsets: Indices
    members: Indices
    trip_class: Indices

    @property
    def n_classes(self) -> int:
        """Number of classes of trips."""
        return len(self.offsets) - 1


def candidate_stops(
    offsets: Indices, nodes: Indices, *, site_nodes: Indices, sites: Indices | None = None
) -> Stops:
    """Find the candidate sites standing on each path.

    Parameters
    ----------
    offsets, nodes
        Paths as flat arrays: (n_paths + 1,) offsets, node ids from origin to destination.
    site_nodes
        (n_access,) node id from which a site is reached; several sites may stand at one node.
    sites
        (n_access,) site reached from each node, 0 ... n_sites - 1, each at least once; None when each site
        has one node. A path meets a site where it first comes to one of its nodes.

    Returns
    -------
    Stops
        In the order of the paths; sites at one node in the order of `site_nodes`.
    """
    n_sites = len(site_nodes) if sites is None else int(np.max(sites, initial=-1)) + 1
    order = np.argsort(site_nodes, kind="stable").astype(np.int64)
    sorted_nodes = np.asarray(site_nodes)[order]
    first = np.searchsorted(sorted_nodes, nodes, side="left")
    count = np.searchsorted(sorted_nodes, nodes, side="right") - first
    rows = np.repeat(np.arange(len(nodes), dtype=np.int64), count)
    before = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    site = order[first[rows] + np.arange(len(rows)) - before[rows]]
    starts = before[offsets]
    if sites is not None:
        site = np.asarray(sites, dtype=np.int64)[site]
        path = np.repeat(np.arange(len(offsets) - 1, dtype=np.int64), np.diff(starts))
        kept = np.sort(np.unique(path * n_sites + site, return_index=True)[1])
        rows, site = rows[kept], site[kept]
        starts = np.searchsorted(path[kept], np.arange(len(offsets))).astype(np.int64)
    return Stops(offsets=starts, site=site, row=rows, n_sites=n_sites)


def even_paths(stops: Stops, position: Floats, *, length: Floats) -> CandidatePaths:
    """Return the paths of vehicles that use the same on every km, whichever way they drive.

    Parameters
    ----------
    stops
        Candidate sites on the paths.
    position
        (stops.offsets[-1],) float64, km from the origin, not falling within a path.
    length
        (n_paths,) float64, km one way.
    """
    along, whole = np.asarray(position, np.float64)[:, None], np.asarray(length, np.float64)[:, None]
    return CandidatePaths(
        offsets=stops.offsets,
        site=stops.site,
        out=along,
        back=along,
        total_out=whole,
        total_back=whole,
        n_sites=stops.n_sites,
    )


def cover_sets(
    paths: CandidatePaths, *, path: Indices, tank: Floats, kind: Indices | None = None
) -> CoverSets:
    """Derive the minimal cover sets of every trip and merge trips with equal families.

    Parameters
    ----------
    paths
        Candidate positions along the paths.
    path
        (n_trips,) int64, path of each trip.
    tank
        (n_trips,) float64, T: usable tank of each trip's vehicle, in the unit of the paths.
    kind
        (n_trips,) int64, column of the paths' figures that is the vehicle's; None takes the first.

    Returns
    -------
    CoverSets
        Sets, families and the class of each trip.
    """
    path = np.asarray(path, dtype=np.int64)
    tank = np.asarray(tank, dtype=np.float64)
    kind = np.zeros(len(path), dtype=np.int64) if kind is None else np.asarray(kind, dtype=np.int64)
    rows = paths.offsets[path + 1] - paths.offsets[path]
    block = np.cumsum(rows) // _BLOCK_ROWS
    ends = np.concatenate([[0], np.flatnonzero(np.diff(block)) + 1, [len(path)]]).astype(np.int64)
    parts = [
        _minimal_intervals(paths, path[a:b], kind[a:b], tank[a:b], a) for a, b in pairwise(ends) if b > a
    ]
    if not parts:
        parts = [(np.empty(0, np.int64),) * 3]
    trip, low, high = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    served = np.ones(len(path), dtype=bool)
    served[trip[low >= high]] = False
    keep = served[trip]
    return _merge_intervals(paths, trip[keep], low[keep], high[keep], servable=served)


def families(
    *, sets: sparse.csr_array, trip: Indices, member: Indices, servable: NDArray[np.bool_]
) -> CoverSets:
    """Merge trips with equal families of (distinct) cover sets into classes.

    Parameters
    ----------
    sets
        (n_sets, n_sites) 0/1 matrix of distinct cover sets.
    trip, member
        (n,) int64, "trip needs set": trip rows (not falling) and rows of `sets`.
    servable
        (n_trips,) bool; False leaves the trip out (class -1). A servable trip without sets needs nothing.

    Returns
    -------
    CoverSets
        Classes in the order of their first trip.
    """
    n_trips = len(servable)
    keys = np.zeros((n_trips, 2), dtype=np.uint64)
    spice = _random_keys(sets.shape[0], seed=2)
    np.add.at(keys[:, 0], trip, spice[member, 0])
    np.add.at(keys[:, 1], trip, spice[member, 1])
    rows = np.flatnonzero(servable).astype(np.int64)
    first, label = _group(keys[rows])
    trip_class = np.full(n_trips, -1, dtype=np.int64)
    trip_class[rows] = label
    representative = np.zeros(n_trips, dtype=bool)
    representative[rows[first]] = True
    chosen = representative[trip]
    size = np.bincount(trip_class[trip[chosen]], minlength=len(first))
    # Classes are numbered by their first trip, so the rows of representatives stand in class order already.
    return CoverSets(
        sets=sets,
        offsets=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        members=member[chosen],
        trip_class=trip_class,
    )


def distinct_rows(matrix: sparse.csr_array) -> tuple[sparse.csr_array, Indices]:
    """Store equal rows of a 0/1 matrix once.

    Parameters
    ----------
    matrix
        (n, n_sites) 0/1 matrix.

    Returns
    -------
    matrix
        (n_distinct, n_sites), in the order of first appearance.
    row
        (n,) int64, the new row of each old row.
    """
    spice = _random_keys(matrix.shape[1], seed=1)
    prefix = _prefix_sums(spice[matrix.indices])
    first, row = _group(prefix[matrix.indptr[1:]] - prefix[matrix.indptr[:-1]])
    return sparse.csr_array(matrix[first]), row


def class_volumes(cover: CoverSets, volume: Floats) -> Floats:
    """Sum the volume of the trips of each class.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    volume
        (n_trips,) float64, any unit.

    Returns
    -------
    (n_classes,) float64
        In the unit of `volume`.
    """
    known = cover.trip_class >= 0
    return np.bincount(cover.trip_class[known], weights=volume[known], minlength=cover.n_classes).astype(
        np.float64
    )


def class_cover(cover: CoverSets, x: Floats) -> tuple[Floats, Indices]:
    """Evaluate ``y_q = min(1, min over the cover sets k of q of sum of x_i, i in S_k)``.

    Parameters
    ----------
    cover
        Cover sets.
    x
        (n_sites,) float64, 0-1, how far each station is open.

    Returns
    -------
    y
        (n_classes,) float64, 0-1; 1 for a class that needs nothing.
    weakest
        (n_classes,) int64, row of the set attaining the minimum, -1 where y = 1.
    """
    y = np.ones(cover.n_classes)
    weakest = np.full(cover.n_classes, -1, dtype=np.int64)
    if cover.members.size:
        total = np.asarray(cover.sets @ x, dtype=np.float64)[cover.members]
        busy = np.flatnonzero(np.diff(cover.offsets)).astype(np.int64)
        lowest = np.minimum.reduceat(total, cover.offsets[busy])
        owner = np.repeat(np.arange(len(busy), dtype=np.int64), np.diff(cover.offsets)[busy])
        tight = np.flatnonzero(total == lowest[owner])[::-1]
        position = np.empty(len(busy), dtype=np.int64)
        position[owner[tight]] = tight  # reversed, so that the first of equal sets is written last
        open_ = lowest < 1.0
        y[busy] = np.minimum(lowest, 1.0)
        weakest[busy[open_]] = cover.members[position[open_]]
    return y, weakest


def served_trips(cover: CoverSets, open_sites: Indices) -> NDArray[np.bool_]:
    """Tell which trips the open stations serve.

    Parameters
    ----------
    cover
        Cover sets.
    open_sites
        (n,) int64, site indices of the open stations.

    Returns
    -------
    (n_trips,) bool
    """
    x = np.zeros(cover.sets.shape[1])
    x[open_sites] = 1.0
    y, _ = class_cover(cover, x)
    return np.concatenate([y >= 1.0, [False]])[cover.trip_class]


def _minimal_intervals(
    paths: CandidatePaths, path: Indices, kind: Indices, tank: Floats, first_trip: int
) -> tuple[Indices, Indices, Indices]:
    """Return trip, low and high of each minimal cover set: rows low:high of the paths' stops.

    A trip that cannot be served has an interval with low = high.
    """
    begin, end = paths.offsets[path], paths.offsets[path + 1]
    reach = tank * (1.0 + RANGE_TOLERANCE)
    out, back = _Column(paths.out, kind), _Column(paths.back, kind)
    both = _Sum(out, back)
    trips = np.arange(len(path), dtype=np.int64)

    half = reach / 2.0
    start_high = np.minimum(
        out.bisect(trips, begin, end, half, side="right"), back.bisect(trips, begin, end, half, side="right")
    )
    round_trip = paths.total_out[path, kind] + paths.total_back[path, kind]
    end_low = both.bisect(trips, begin, end, round_trip - reach, side="left")

    # Only candidates beyond the first tank can need a set of their own.
    beyond = np.minimum(
        out.bisect(trips, begin, end, reach, side="right"),
        back.bisect(trips, begin, end, reach, side="right"),
    )
    count = end - beyond
    trip = np.repeat(trips, count)
    before = np.cumsum(count) - count
    row = beyond[trip] + (np.arange(len(trip)) - before[trip])
    first = begin[trip]
    middle_low = np.maximum(
        out.bisect(trip, first, row, out.at(trip, row) - reach[trip], side="left"),
        back.bisect(trip, first, row, back.at(trip, row) - reach[trip], side="left"),
    )
    # Candidates at one place: neither way uses anything between them.
    middle_high = both.bisect(trip, first, row, both.at(trip, row), side="left")
    middle_low = np.minimum(middle_low, middle_high)

    # In this order both ends of the intervals never fall within a trip.
    everything = np.concatenate([trips, trip, trips])
    order = np.argsort(everything, kind="stable")
    trip = everything[order]
    low = np.concatenate([begin, middle_low, end_low])[order]
    high = np.concatenate([start_high, middle_high, end])[order]
    # Empty intervals rule the trip out: mark them before dominance drops anything.
    dead = np.zeros(len(path), dtype=bool)
    dead[trip[low >= high]] = True
    # Of sets with equal low keep the first (shortest); of those left with equal high the last.
    keep = _differs_from_previous(trip, low)
    trip, low, high = trip[keep], low[keep], high[keep]
    keep = _differs_from_previous(trip[::-1], high[::-1])[::-1]
    trip, low, high = trip[keep], low[keep], high[keep]
    high = np.where(dead[trip], low, high)
    return trip + first_trip, low, high


def _merge_intervals(
    paths: CandidatePaths, trip: Indices, low: Indices, high: Indices, *, servable: NDArray[np.bool_]
) -> CoverSets:
    """Turn intervals of path rows into distinct site sets, and trips into classes."""
    prefix = _prefix_sums(_random_keys(paths.n_sites, seed=1)[paths.site])
    first, member = _group(prefix[high] - prefix[low])
    size = high[first] - low[first]
    indptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    rows = np.repeat(low[first] - indptr[:-1], size) + np.arange(indptr[-1])
    sets = sparse.csr_array(
        (np.ones(len(rows)), paths.site[rows], indptr), shape=(len(first), paths.n_sites), dtype=np.float64
    )
    sets.sum_duplicates()  # a path may pass a site twice; also sorts the sites
    sets.data[:] = 1.0
    return families(sets=sets, trip=trip, member=member, servable=servable)


class _Column:
    """Figures of each trip's own kind of vehicle along the paths."""

    def __init__(self, values: Floats, kind: Indices) -> None:
        self._flat, self._n_kinds, self._kind = values.ravel(), values.shape[1], kind

    def at(self, trip: Indices, row: Indices) -> Floats:
        """Return the figures of some trips at some rows."""
        figures: Floats = self._flat[row * self._n_kinds + self._kind[trip]]
        return figures

    def bisect(self, trip: Indices, low: Indices, high: Indices, target: Floats, *, side: str) -> Indices:
        """Return the first row in low:high with a figure >= (right: >) the target, many segments at once."""
        return _bisect(self.at, trip, low, high, target, side=side)


class _Sum:
    """Sum of two columns: what the way there and the way back use together."""

    def __init__(self, one: _Column, other: _Column) -> None:
        self._one, self._other = one, other

    def at(self, trip: Indices, row: Indices) -> Floats:
        """Return the sums of some trips at some rows."""
        return self._one.at(trip, row) + self._other.at(trip, row)

    def bisect(self, trip: Indices, low: Indices, high: Indices, target: Floats, *, side: str) -> Indices:
        """Return the first row in low:high with a sum >= (right: >) the target, many segments at once."""
        return _bisect(self.at, trip, low, high, target, side=side)


def _bisect(
    at: Callable[[Indices, Indices], Floats],
    trip: Indices,
    low: Indices,
    high: Indices,
    target: Floats,
    *,
    side: str,
) -> Indices:
    """Bisect many segments at once: the first row in low:high with a value >= (right: >) the target."""
    low, high = low.copy(), high.copy()
    last = np.maximum(high - 1, low)
    for _ in range(int(np.max(high - low, initial=0)).bit_length()):
        middle = (low + high) // 2
        searching = low < high
        rows = np.flatnonzero(searching)
        value = at(trip[rows], np.minimum(middle, last)[rows])
        below = np.zeros(len(low), dtype=bool)
        below[rows] = (value <= target[rows]) if side == "right" else (value < target[rows])
        high = np.where(searching & ~below, middle, high)
        low = np.where(below, middle + 1, low)
    return low


def _differs_from_previous(group: Indices, value: Indices) -> NDArray[np.bool_]:
    """Tell where a row starts a new group or a new value."""
    differs = np.ones(len(group), dtype=bool)
    differs[1:] = (group[1:] != group[:-1]) | (value[1:] != value[:-1])
    return differs


def _random_keys(n: int, *, seed: int) -> Keys:
    """Draw (n, 2) 64-bit keys, always the same."""
    return np.random.default_rng(seed).integers(0, 2**64, size=(n, 2), dtype=np.uint64)


def _prefix_sums(keys: Keys) -> Keys:
    """Sum keys modulo 2**64: (n + 1, 2), zero first."""
    return np.concatenate([np.zeros((1, 2), dtype=np.uint64), np.cumsum(keys, axis=0, dtype=np.uint64)])


def _group(keys: Keys) -> tuple[Indices, Indices]:
    """Group equal (n, 2) keys: row of the first member of each group, and group of each row.

    Groups are numbered in the order of their first members.
    """
    order = np.lexsort((keys[:, 1], keys[:, 0]))
    ordered = keys[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    first = order[new]  # lexsort is stable: the first of a group is its lowest row
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    group = np.empty(len(order), dtype=np.int64)
    group[order] = rank[np.cumsum(new) - 1]
    return np.sort(first).astype(np.int64), group
