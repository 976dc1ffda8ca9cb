"""From paths to cover sets: which stations keep a trip from running dry.

Formulation
-----------
What a vehicle uses differs from road to road and between the ways: uphill costs more. It fills up at every
open station it may enter; stations stand on the path's own nodes. A trip is one drive along a line of stops;
the way there and back is one, too, with the stops on the way back after those on the way there.

Sets
    i in I      stops at candidate sites in driving order, 1 ... m; a site may be passed more than once
Parameters
    c_i         used from the start to i, kg (or km, if every km uses the same); does not fall
    C           used to the end
    T           usable tank, kg (km)
    f, a        share of the tank at the start, if no station is there, and least share at the end

One way (`siting.trip_rules`). A trip with C <= (f - a) T needs no station. Any other is served iff the first
open stop has c <= f T, the last C - c <= (1 - a) T, and of two in a row, i before j, c_j - c_i <= T. These
are cover sets, each an interval of stops:

    start   {i : c_i <= f T}
    end     {i : C - c_i <= (1 - a) T}
    to j    {i before j : c_j - c_i <= T}     for each j with c_j > T

*Needed*: the first open stop stands in the start set and the last in the end set. Let i be the last open stop
before j (there is one, as the start set lies before j) and k the first at or after j, or the end if there is
none: from i the vehicle drives past j to k on one tank, so c_j - c_i <= T. *Enough*: were two open stops in a
row farther apart than T, the set of the latter would hold no open stop, as all between them are closed. Sets
"to j" with c_j <= T hold the start set, or j stands in it. The sets of all other arcs (Capar, Kuby, Leon &
Tsai 2013) contain one of these.

Round trip. The lap O-D-O is driven one way with a = f: the vehicle comes home with what it started with. With
s_i used to site i on the way there and b_i from i on the way back, and S and B on the whole ways, i is passed
at c = s_i and at c = S + B - b_i. If every site may be entered both ways, the open stops in a row are the
open sites in a row, there and back, and the last one twice. The sets are intervals of sites, by the same
argument:

    start   {i : s_i <= f T, b_i <= (1 - f) T}       for f = 1/2: max(s_i, b_i) <= T/2
    end     {i : (S - s_i) + (B - b_i) <= T}
    to j    {i before j : max(s_j - s_i, b_j - b_i) <= T}     for each j with max(s_j, b_j) > T

Cyclic. No start and no end: the stops stand on a circle of circumference C. With C <= T any one will do;
otherwise two open ones in a row (or the only one and itself) may be at most T apart:

    to j    {i : 0 < (c_j - c_i) mod C <= T}     for each j

If every site may be entered both ways, this is the round trip with the start set {i : s_i + b_i <= T}: the
first open site is passed last on the way home and first on the way out again.

An empty set means the trip can never be served. Sets that contain another set of the same trip say nothing
and are left out.

References
----------
Kuby, M., Lim, S. (2005). The flow-refueling location problem for alternative-fuel vehicles.
Socio-Economic Planning Sciences 39, 125-145.
Capar, I., Kuby, M., Leon, V. J., Tsai, Y.-J. (2013). An arc cover-path cover formulation and strategic
analysis of alternative-fuel station locations. European Journal of Operational Research 227, 142-151.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from corridor.errors import Fault, InputError
from siting.coverage import CoverSets, families, minimal_families
from siting.segments import Column, Sum, differs_from_previous
from siting.set_keys import group, prefix_sums, random_keys
from siting.trip_rules import TripRule

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.stops import CandidatePaths, Lap

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    #: Trip, low and high: rows low:high of the stops are a cover set of the trip; low = high cannot be met.
    Intervals = tuple[Indices, Indices, Indices]

#: Ranges are stretched by this share, so that a sum of doubles that misses R by its last digits still
#: counts as R: 0.4 mm in 400 km. Whole numbers of km compare exactly.
RANGE_TOLERANCE = 1e-9

#: Most sites of all different cover sets together: a solve takes about 200 bytes for each. 50,000 pairs and
#: 700 sites make 150,000.
MOST_MEMBERS = 15_000_000
#: Trips are worked through in blocks of about this many candidate positions, to bound memory (about 0.3 GB).
_BLOCK_ROWS = 2_000_000


def cover_sets(
    paths: CandidatePaths,
    *,
    path: Indices,
    tank: Floats,
    kind: Indices | None = None,
    rule: TripRule | None = None,
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
    rule
        How the trips are driven; None: round trips that start half full.

    Returns
    -------
    CoverSets
        Sets, families and the class of each trip.

    Raises
    ------
    corridor.errors.InputError
        For tanks that are not finite and positive, and for more sets than fit into memory.
    """
    rule = TripRule() if rule is None else rule
    path = np.asarray(path, dtype=np.int64)
    tank = np.asarray(tank, dtype=np.float64)
    if not np.all(np.isfinite(tank) & (tank > 0.0)):
        raise InputError(Fault("tanks must be finite and greater than 0", "tank"))
    kind = np.zeros(len(path), dtype=np.int64) if kind is None else np.asarray(kind, dtype=np.int64)
    trips = _Trips(path=path, kind=kind, reach=tank * (1.0 + RANGE_TOLERANCE), fill=rule.start_of(len(path)))
    if rule.way == "one_way":
        lap = paths.there()
        return _by_blocks(lap, trips, lambda some: _one_way(lap, some, least=rule.arrival_fill))
    if paths.serve_both_ways:
        cyclic = rule.way == "cyclic"
        return _by_blocks(paths, trips, lambda some: _there_and_back(paths, some, cyclic=cyclic))
    lap = paths.there_and_back()
    if rule.way == "cyclic":
        lap = lap.twice()
        return minimal_families(_by_blocks(lap, trips, lambda some: _around(lap, some)))
    return minimal_families(_by_blocks(lap, trips, lambda some: _one_way(lap, some, least=some.fill)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trips:
    """Trips to find intervals for: (n_trips,) each; `reach` is T, `fill` the share at the start."""

    path: Indices
    kind: Indices
    reach: Floats
    fill: Floats

    @property
    def number(self) -> Indices:
        """0 ... n_trips - 1."""
        return np.arange(len(self.path), dtype=np.int64)

    def part(self, low: int, high: int) -> _Trips:
        """Return some trips in a row."""
        return _Trips(
            path=self.path[low:high],
            kind=self.kind[low:high],
            reach=self.reach[low:high],
            fill=self.fill[low:high],
        )


def _by_blocks(
    stops: CandidatePaths | Lap, trips: _Trips, intervals: Callable[[_Trips], Intervals]
) -> CoverSets:
    """Find the intervals block by block and turn them into families of sets."""
    n_trips = len(trips.path)
    rows = stops.offsets[trips.path + 1] - stops.offsets[trips.path]
    block = np.cumsum(rows) // _BLOCK_ROWS
    ends = np.concatenate([[0], np.flatnonzero(np.diff(block)) + 1, [n_trips]]).astype(np.int64)
    parts: list[Intervals] = [(np.empty(0, np.int64),) * 3]
    for a, b in pairwise(ends.tolist()):
        trip, low, high = intervals(trips.part(a, b))
        parts.append((trip + a, low, high))
    trip, low, high = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    served = np.ones(n_trips, dtype=bool)
    served[trip[low >= high]] = False
    keep = served[trip]
    return _merge_intervals(stops, trip[keep], low[keep], high[keep], servable=served)


def _there_and_back(paths: CandidatePaths, trips: _Trips, *, cyclic: bool) -> Intervals:
    """Return the minimal cover sets of round trips on which every site may be entered both ways."""
    begin, end = paths.offsets[trips.path], paths.offsets[trips.path + 1]
    number, reach = trips.number, trips.reach
    out, back = Column(paths.out, trips.kind), Column(paths.back, trips.kind)
    both = Sum(out, back)
    whole = paths.total_out[trips.path, trips.kind] + paths.total_back[trips.path, trips.kind]
    if cyclic:
        start_high = both.bisect(number, begin, end, reach, side="right")
    else:
        start_high = np.minimum(
            out.bisect(number, begin, end, trips.fill * reach, side="right"),
            back.bisect(number, begin, end, (1.0 - trips.fill) * reach, side="right"),
        )
    end_low = both.bisect(number, begin, end, whole - reach, side="left")

    # Only candidates beyond the first tank can need a set of their own.
    beyond = np.minimum(
        out.bisect(number, begin, end, reach, side="right"),
        back.bisect(number, begin, end, reach, side="right"),
    )
    trip, row = _rows(beyond, end)
    first = begin[trip]
    middle_low = np.maximum(
        out.bisect(trip, first, row, out.at(trip, row) - reach[trip], side="left"),
        back.bisect(trip, first, row, back.at(trip, row) - reach[trip], side="left"),
    )
    # Candidates at one place: neither way uses anything between them.
    middle_high = both.bisect(trip, first, row, both.at(trip, row), side="left")
    found = [(number, begin, start_high), (trip, middle_low, middle_high), (number, end_low, end)]
    return _minimal(found, needs_station=whole > 0.0)


def _one_way(lap: Lap, trips: _Trips, *, least: float | Floats) -> Intervals:
    """Return the minimal cover sets of trips along a line that end with at least a share of the tank."""
    begin, end = lap.offsets[trips.path], lap.offsets[trips.path + 1]
    number, reach = trips.number, trips.reach
    used, whole = Column(lap.used, trips.kind), lap.total[trips.path, trips.kind]
    start_high = used.bisect(number, begin, end, trips.fill * reach, side="right")
    end_low = used.bisect(number, begin, end, whole - (1.0 - least) * reach, side="left")
    found = [
        (number, begin, start_high),
        _to_stops(
            used, reach, begin=begin, first=used.bisect(number, begin, end, reach, side="right"), end=end
        ),
        (number, end_low, end),
    ]
    return _minimal(found, needs_station=whole > (trips.fill - least) * reach)


def _around(lap: Lap, trips: _Trips) -> Intervals:
    """Return the minimal cover sets of trips driven round and round; the lap is there twice."""
    begin, end = lap.offsets[trips.path], lap.offsets[trips.path + 1]
    second = (begin + end) // 2
    used, whole = Column(lap.used, trips.kind), lap.total[trips.path, trips.kind]
    any_will_do = (whole <= trips.reach) | (begin == end)
    to_stops = _to_stops(used, trips.reach, begin=begin, first=np.where(any_will_do, end, second), end=end)
    alone = np.flatnonzero(any_will_do).astype(np.int64)
    return _minimal([to_stops, (alone, second[alone], end[alone])], needs_station=whole > 0.0)


def _to_stops(used: Column, reach: Floats, *, begin: Indices, first: Indices, end: Indices) -> Intervals:
    """Return the stops from which each of the stops first:end of each trip is within reach."""
    trip, row = _rows(first, end)
    at = used.at(trip, row)
    low = used.bisect(trip, begin[trip], row, at - reach[trip], side="left")
    return trip, low, used.bisect(trip, begin[trip], row, at, side="left")  # nothing is used among equals


def _rows(low: Indices, high: Indices) -> tuple[Indices, Indices]:
    """Return trip and row of each of the rows low:high of the trips."""
    count = high - low
    trip = np.repeat(np.arange(len(count), dtype=np.int64), count)
    before = np.cumsum(count) - count
    return trip, low[trip] + (np.arange(len(trip)) - before[trip])


def _minimal(found: list[Intervals], *, needs_station: NDArray[np.bool_]) -> Intervals:
    """Leave out intervals that hold another of their trip, and all those of trips that need no station.

    Within a trip, neither end of the intervals may fall from one to the next in the order of `found`. A trip
    that cannot be served has intervals with low = high.
    """
    trip, low, high = (np.concatenate(columns) for columns in zip(*found, strict=True))
    order = np.argsort(trip, kind="stable")
    order = order[needs_station[trip[order]]]
    trip, low, high = trip[order], low[order], high[order]
    # Empty intervals rule the trip out: mark them before dominance drops anything.
    dead = np.zeros(len(needs_station), dtype=bool)
    dead[trip[low >= high]] = True
    # Of sets with equal low keep the first (shortest); of those left with equal high the last.
    keep = differs_from_previous(trip, low)
    trip, low, high = trip[keep], low[keep], high[keep]
    keep = differs_from_previous(trip[::-1], high[::-1])[::-1]
    trip, low, high = trip[keep], low[keep], high[keep]
    return trip, low, np.where(dead[trip], low, high)


def _merge_intervals(
    stops: CandidatePaths | Lap, trip: Indices, low: Indices, high: Indices, *, servable: NDArray[np.bool_]
) -> CoverSets:
    """Turn intervals of path rows into distinct site sets, and trips into classes."""
    prefix = prefix_sums(random_keys(stops.n_sites, seed=1)[stops.site])
    first, member = group(prefix[high] - prefix[low])
    size = high[first] - low[first]
    indptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    if indptr[-1] > MOST_MEMBERS:
        what = f"the cover sets of the trips hold {indptr[-1]:,} sites, more than {MOST_MEMBERS:,}"
        raise InputError(Fault(what, "trips and sites", "Take fewer candidate sites, or fewer trips"))
    rows = np.repeat(low[first] - indptr[:-1], size) + np.arange(indptr[-1])
    sets = sparse.csr_array(
        (np.ones(len(rows)), stops.site[rows], indptr), shape=(len(first), stops.n_sites), dtype=np.float64
    )
    sets.sum_duplicates()  # a path may pass a site twice; also sorts the sites
    sets.data[:] = 1.0
    return families(sets=sets, trip=trip, member=member, servable=servable)
