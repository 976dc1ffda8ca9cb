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

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.coverage import CoverSets, families
from siting.set_keys import group, prefix_sums, random_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.stops import CandidatePaths

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Ranges are stretched by this share, so that a sum of doubles that misses R by its last digits still
#: counts as R: 0.4 mm in 400 km. Whole numbers of km compare exactly.
RANGE_TOLERANCE = 1e-9

#: Trips are worked through in blocks of about this many candidate positions, to bound memory (about 0.3 GB).
_BLOCK_ROWS = 2_000_000


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
    prefix = prefix_sums(random_keys(paths.n_sites, seed=1)[paths.site])
    first, member = group(prefix[high] - prefix[low])
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


def _differs_from_previous(owner: Indices, value: Indices) -> NDArray[np.bool_]:
    """Tell where a row starts a new group or a new value."""
    differs = np.ones(len(owner), dtype=bool)
    differs[1:] = (owner[1:] != owner[:-1]) | (value[1:] != value[:-1])
    return differs
