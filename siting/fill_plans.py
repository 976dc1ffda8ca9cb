"""Where vehicles fill up on their way, and how much: the cheapest plan of each at given prices.

Formulation
-----------
A vehicle drives the same lap (there and back) again and again, past stops in driving order.

Sets
    i = 1 ... m stops of a trip on one lap, in driving order
Parameters
    c_i         used since home up to stop i, kg; does not fall
    C           used on the whole lap, kg
    T           usable tank, kg
    L           level at home, kg, before a fill there; given, or free
    p_i         price at stop i, 1/kg (that of its station)
Variables
    g_i >= 0    filled at stop i, kg
Minimize
    sum_i p_i g_i
subject to
    0 <= level <= T everywhere,  level at home after the lap = level before = L   (hence sum_i g_i = C)

Every kilogram is burned at a place x of the lap, first in, first out. What is bought at stop i and burned at
x was in the tank behind less than a tankful: c_i <= x <= c_i + T. And any choice of a stop in reach for each
x is a plan that can be driven: all that is in the tank at y is burned in (y, y + T], so it is at most T. The
problem falls apart by places, and each takes the cheapest stop in reach:

    least cost  =  integral over x of  min {p_i : c_i <= x <= c_i + T},

with x from L to C + L where the level at home is given (the first L are in the tank, the last L must be in it
at the end), and once around the circle of circumference C where it is free. All stops of a trip reach equally
far, so of the stops cheaper than i only the next before (l) and the next behind (r) take anything from it:

    g_i  =  max(0, min(c_i + T, c_r, C + L) - max(c_i, c_l + T, L)).

A place without a stop in reach: the trip cannot be driven. These are the conditions of `siting.trip_cover`.

The least cost is exact, hence also a lower bound of whatever the trip pays under any further restriction.

Ties: of stops with one price the one that can supply more of the lap counts as cheaper, so that few stops do;
then the earlier one.

``round_trip_stops(paths, path=, kind=, tank_kg=)`` makes the stops of trips, once; ``cheapest_fills(stops,
price)`` gives cost and fills at any prices of stations: 0.07 s for 13,000 trips with 710,000 stops. Trips
that share path, kind and tank need to be given once only. ``least_costs`` gives the cost alone, in a third of
the time where vehicles of several kinds pass the same stations: which stops are cheaper than a stop does not
depend on the vehicle.

References
----------
Khuller, S., Malekian, A., Mestre, J. (2011). To fill or not to fill: the gas station problem. ACM
Transactions on Algorithms 7(3), 36 (fixed paths, one tank, full use of the cheapest in reach).
Lin, S.-H., Gertsch, N., Russell, J. R. (2007). A linear-time algorithm for finding optimal vehicle refueling
policies. Operations Research Letters 35, 290-296.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from siting.trip_cover import RANGE_TOLERANCE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.stops import CandidatePaths

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

#: A trip counts as supplied when it misses no more than this share of its tank: last digits of sums.
_SUPPLIED = 1e-8

#: Trips are searched together when they pass this many different sequences of stations at most, as a share.
_MOST_APART = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class FillStops:
    """Stops of trips in driving order, and what each vehicle has used up to there.

    Parameters
    ----------
    offsets
        (n_trips + 1,) int64, stops of trip t are ``offsets[t]:offsets[t + 1]``.
    station
        (offsets[-1],) int64, 0 ... n_stations - 1; a station may be passed more than once.
    used_kg
        (offsets[-1],) float64, c: used since home; does not fall within a trip.
    lap_kg
        (n_trips,) float64, C.
    tank_kg
        (n_trips,) float64, T, above 0.
    home_kg
        (n_trips,) float64, L, 0 ... T; NaN where the level at home is free.
    n_stations
        Number of stations.
    row
        (offsets[-1],) int64, row of the paths given to `round_trip_stops`, for whoever has to find the stop
        on the road; -1 where there is none.
    homeward
        (offsets[-1],) bool, whether the stop is on the way back.
    """

    offsets: Indices
    station: Indices
    used_kg: Floats
    lap_kg: Floats
    tank_kg: Floats
    home_kg: Floats
    n_stations: int
    row: Indices
    homeward: Flags

    @property
    def n_trips(self) -> int:
        """Number of trips."""
        return len(self.lap_kg)

    @cached_property
    def trip(self) -> Indices:
        """(offsets[-1],) int64, trip of each stop."""
        return np.repeat(np.arange(self.n_trips, dtype=np.int64), np.diff(self.offsets))

    @cached_property
    def line(self) -> _Line:
        """What `cheapest_fills` needs at any prices."""
        return _Line(self)

    @cached_property
    def shared_line(self) -> _SharedLine | _Line:
        """What `least_costs` needs at any prices."""
        first, alike = _passing_alike(self)
        return _SharedLine(self, first, alike) if len(first) <= _MOST_APART * self.n_trips else self.line

    def summed(self, kg: Floats) -> Floats:
        """Return the sum along each trip: (n_trips,) float64."""
        return np.bincount(self.trip, weights=kg, minlength=self.n_trips).astype(np.float64)

    def loads(self, kg: Floats, laps_per_day: Floats) -> Floats:
        """Return what each station dispenses, (n_stations,) float64, kg/d.

        Parameters
        ----------
        kg
            (offsets[-1],) float64, filled at each stop on a lap.
        laps_per_day
            (n_trips,) float64.
        """
        per_day = kg * laps_per_day[self.trip]
        return np.bincount(self.station, weights=per_day, minlength=self.n_stations).astype(np.float64)

    def rows(self, trips: Indices) -> Indices:
        """Return the stops of some trips, in the order given."""
        return _rows(self.offsets[trips], self.offsets[trips + 1])[0]

    def only(self, trips: Indices) -> FillStops:
        """Return the stops of some trips, which are numbered anew in the order given."""
        rows, count = self.rows(trips), np.diff(self.offsets)[trips]
        return FillStops(
            offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
            station=self.station[rows],
            used_kg=self.used_kg[rows],
            lap_kg=self.lap_kg[trips],
            tank_kg=self.tank_kg[trips],
            home_kg=self.home_kg[trips],
            n_stations=self.n_stations,
            row=self.row[rows],
            homeward=self.homeward[rows],
        )


def round_trip_stops(
    paths: CandidatePaths,
    *,
    path: Indices,
    tank_kg: Floats,
    kind: Indices | None = None,
    start_fill: float = 0.5,
) -> FillStops:
    """Return where trips may fill up on the way there and back.

    The level at home is `start_fill` of the tank, before and after each lap; free where a station stands at
    home: the vehicle may leave with as much as it likes, and come home with as little. Where the stops are
    candidates that need not open, freedom at home lets a trip have it without a station there, so that costs
    are lower bounds.

    Parameters
    ----------
    paths
        Where the stations stand along the paths, in kg. One at home is one up to which nothing is used.
    path
        (n_trips,) int64, path of each trip.
    tank_kg
        (n_trips,) float64, usable tank.
    kind
        (n_trips,) int64, column of the paths' figures; None takes the first.
    start_fill
        Share of the tank at home without a station, 0-1.
    """
    path, tank_kg = np.asarray(path, dtype=np.int64), np.asarray(tank_kg, dtype=np.float64)
    kind = np.zeros(len(path), dtype=np.int64) if kind is None else np.asarray(kind, dtype=np.int64)
    total_out, total_back = paths.total_out[path, kind], paths.total_back[path, kind]
    lap_kg = total_out + total_back
    at_home, ways = np.zeros(len(path), dtype=bool), []
    for is_back, serves in ((False, paths.serves_out), (True, paths.serves_back)):
        row, trip = _rows(paths.offsets[path], paths.offsets[path + 1])
        if serves is not None:
            row, trip = row[serves[row]], trip[serves[row]]
        out, back = paths.out[row, kind[trip]], paths.back[row, kind[trip]]
        is_home = (out <= 0.0) & (back <= 0.0)
        is_turn = (out >= total_out[trip]) & (back >= total_back[trip])
        at_home[trip[is_home]] = True
        keep = np.ones(len(row), dtype=bool)
        if is_back:  # at either end the stop on the way there is the same
            keep = ~(is_home | is_turn)
            keep |= False if paths.serves_out is None else ~paths.serves_out[row]
        used = lap_kg[trip] - back if is_back else out
        ways.append((trip[keep], row[keep], used[keep], np.full(int(keep.sum()), is_back)))
    trip, row, used, homeward = (np.concatenate(each) for each in zip(*ways, strict=True))
    n_rows = len(paths.site)
    order = np.argsort(trip * (2 * n_rows) + np.where(homeward, 2 * n_rows - 1 - row, row))
    trip, row, used, homeward = trip[order], row[order], used[order], homeward[order]
    return FillStops(
        offsets=np.searchsorted(trip, np.arange(len(path) + 1)).astype(np.int64),
        station=paths.site[row],
        used_kg=used,
        lap_kg=lap_kg,
        tank_kg=tank_kg,
        home_kg=np.where(at_home, np.nan, start_fill * tank_kg),
        n_stations=paths.n_sites,
        row=row,
        homeward=homeward,
    )


def with_points(stops: FillStops, *, point: Indices, station: Indices, kg: Floats) -> FillStops:
    """Return the stops with trips behind them that take all they need at any one station in their reach.

    Parameters
    ----------
    stops
        Stops of trips.
    point, station
        (n,) int64, "station is within reach of point"; points ascending.
    kg
        (n_points,) float64, per lap.
    """
    count = len(station)
    ends = stops.offsets[-1] + np.searchsorted(point, np.arange(1, len(kg) + 1))
    return FillStops(
        offsets=np.concatenate([stops.offsets, ends]).astype(np.int64),
        station=np.concatenate([stops.station, station]).astype(np.int64),
        used_kg=np.concatenate([stops.used_kg, np.zeros(count)]),
        lap_kg=np.concatenate([stops.lap_kg, kg]),
        tank_kg=np.concatenate([stops.tank_kg, kg]),
        home_kg=np.concatenate([stops.home_kg, np.full(len(kg), np.nan)]),
        n_stations=stops.n_stations,
        row=np.concatenate([stops.row, np.full(count, -1)]).astype(np.int64),
        homeward=np.concatenate([stops.homeward, np.zeros(count, dtype=bool)]),
    )


def cheapest_fills(stops: FillStops, price: Floats) -> tuple[Floats, Floats]:
    """Return the least cost of each trip at given prices, and what it fills at each stop.

    Parameters
    ----------
    stops
        Stops of the trips.
    price
        (n_stations,) float64, per kg; may be below 0; infinite at a station that is closed.

    Returns
    -------
    cost
        (n_trips,) float64, per lap; infinite where the trip cannot be driven.
    kg
        (offsets[-1],) float64, filled at each stop on a lap; 0 all along a trip that cannot be driven.
    """
    return _paid(stops, np.asarray(price, dtype=np.float64), stops.line)


def least_costs(stops: FillStops, price: Floats) -> Floats:
    """Return the least cost of each trip at given prices, as `cheapest_fills` does: (n_trips,) float64.

    Parameters
    ----------
    stops
        Stops of the trips.
    price
        (n_stations,) float64, per kg; may be below 0; infinite at a station that is closed.
    """
    return _paid(stops, np.asarray(price, dtype=np.float64), stops.shared_line)[0]


def _paid(stops: FillStops, price: Floats, line: _Line | _SharedLine) -> tuple[Floats, Floats]:
    """Return cost and fills of each trip, found on a line."""
    kg = line.filled(price)
    usable = np.isfinite(price)
    if not usable.all():
        kg[~usable[stops.station]] = 0.0
    supplied = stops.summed(kg)
    driven = supplied >= stops.lap_kg - _SUPPLIED * stops.tank_kg
    if not driven.all():
        kg[~driven[stops.trip]] = 0.0
    cost = stops.summed(kg * np.where(usable, price, 0.0)[stops.station])
    return np.where(driven, cost, np.inf), kg


class _Line:
    """Stops of all trips in one row with walls between the trips; circles are there twice.

    All here but the prices stays the same from call to call.
    """

    def __init__(self, stops: FillStops) -> None:
        free = np.isnan(stops.home_kg)
        trip, count = stops.trip, np.diff(stops.offsets)
        n_stops = len(trip)
        tank = stops.tank_kg * (1.0 + RANGE_TOLERANCE)
        begin = np.where(free, -np.inf, stops.home_kg)
        end = np.where(free, np.inf, begin + stops.lap_kg)
        until = stops.used_kg + np.where(free, np.minimum(tank, stops.lap_kg), tank)[trip]
        self._low = np.maximum(stops.used_kg, begin[trip])
        self._high = np.minimum(until, end[trip])

        # Entry 0 is a wall, and so is the one behind each trip.
        start = np.concatenate([[1], 1 + np.cumsum(count * np.where(free, 2, 1) + 1)])
        self._first = np.arange(n_stops) + np.repeat(start[:-1] - stops.offsets[:-1], count)
        self._last = self._first + np.where(free, count, 0)[trip]
        stop = np.full(start[-1], n_stops, dtype=np.int64)
        stop[self._first] = stop[self._last] = np.arange(n_stops)
        laps_before = np.zeros(start[-1])
        laps_before[self._last] = self._shift = np.where(free, stops.lap_kg, 0.0)[trip]
        self._used = np.append(stops.used_kg, np.inf)[stop] + laps_before
        self._until = np.append(until, -np.inf)[stop] + laps_before

        # Of the stops of a trip with one price, those that can supply most come first.
        order = np.lexsort((self._low - self._high, trip))
        turn = np.empty(n_stops + 1, dtype=np.int64)
        turn[order] = np.arange(n_stops) - np.repeat(stops.offsets[:-1], count)
        turn[-1] = -1
        self._n_turns = int(count.max(initial=1))
        small = stops.n_stations * self._n_turns < np.iinfo(np.int32).max
        self._integer = np.int32 if small else np.int64
        self._turn = turn[stop].astype(self._integer)
        self._station = np.append(stops.station, stops.n_stations)[stop]

    @property
    def first(self) -> Indices:
        """(n_stops,) int64, entry of each stop, the first of two."""
        return self._first

    @property
    def last(self) -> Indices:
        """(n_stops,) int64, entry of each stop, the last of two, or the only one."""
        return self._last

    def filled(self, price: Floats) -> Floats:
        """Return g for prices of stations: (n_stops,) float64."""
        before, behind = self.next_cheaper(price)
        return self.between(before[self._last], behind[self._first])

    def between(self, before: Indices, behind: Indices) -> Floats:
        """Return g, (n_stops,) float64, given the entries of the next cheaper stop either side of each."""
        low = np.maximum(self._until[before] - self._shift, self._low)
        kg: Floats = np.maximum(np.minimum(self._used[behind], self._high) - low, 0.0)
        return kg

    def next_cheaper(self, price: Floats) -> tuple[Indices, Indices]:
        """Return the entry of the next cheaper stop before and behind each entry."""
        rank = np.append(np.unique(price, return_inverse=True)[1] * self._n_turns, 0).astype(self._integer)
        key = rank[self._station] + self._turn
        return self._next_cheaper(key, step=-1), self._next_cheaper(key, step=1)

    def _next_cheaper(self, key: NDArray[np.int32] | Indices, *, step: int) -> Indices:
        """Return the next entry before (-1) or behind (1) each one with a lower key; walls have the lowest.

        Who does not find it in the next entry goes on to where that one looks: all between is dearer still.
        """
        there = np.arange(step, len(key) + step)
        searching = np.flatnonzero((np.roll(key, -step) >= key) & (key >= 0))
        there[searching] = there[searching + step]
        while searching.size:
            at = there[searching]
            dearer = key[at] >= key[searching]
            searching = searching[dearer]
            there[searching] = there[at[dearer]]
        return there


class _SharedLine:
    """A line of all trips, searched once for those that pass the same stations in the same order.

    Of stops with one price, the one counts as cheaper that does so for the first of these trips.

    Parameters
    ----------
    stops
        Stops of the trips.
    first, alike
        As `_passing_alike` returns them.
    """

    def __init__(self, stops: FillStops, first: Indices, alike: Indices) -> None:
        part = stops.only(first)
        row = (part.offsets[alike] - stops.offsets[:-1])[stops.trip] + np.arange(len(stops.trip))
        self._line, self._searched = stops.line, part.line
        self._first, self._last = part.line.first[row], part.line.last[row]
        self._shift = stops.line.first - self._first

    def filled(self, price: Floats) -> Floats:
        """Return g for prices of stations: (n_stops,) float64."""
        before, behind = self._searched.next_cheaper(price)
        return self._line.between(before[self._last] + self._shift, behind[self._first] + self._shift)


def _passing_alike(stops: FillStops) -> tuple[Indices, Indices]:
    """Return the first trip of each sequence of stations, and (n_trips,) int64, the sequence of each trip."""
    free, bounds = np.isnan(stops.home_kg).tolist(), stops.offsets.tolist()
    number: dict[tuple[bytes, bool], int] = {}
    first: list[int] = []
    alike = np.empty(stops.n_trips, dtype=np.int64)
    for trip in range(stops.n_trips):
        passed = (stops.station[bounds[trip] : bounds[trip + 1]].tobytes(), free[trip])
        alike[trip] = number.setdefault(passed, len(first))
        if alike[trip] == len(first):
            first.append(trip)
    return np.array(first, dtype=np.int64), alike


def _rows(low: Indices, high: Indices) -> tuple[Indices, Indices]:
    """Return the rows low:high of every trip in a row, and their trips."""
    count = high - low
    trip = np.repeat(np.arange(len(count), dtype=np.int64), count)
    return np.arange(len(trip)) + np.repeat(low - (np.cumsum(count) - count), count), trip
