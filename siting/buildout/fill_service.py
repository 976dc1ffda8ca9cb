"""What stations serve: trips fill up on their way within the room of each station.

A `siting.buildout.question.Service` over `siting.allocation`, with the stops of every trip at all sites.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from siting.allocation import share_fills
from siting.buildout.question import Served
from siting.fill_plans import cheapest_fills, least_costs, round_trip_stops, with_points

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.fill_plans import FillStops
    from siting.stops import CandidatePaths

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Fills as shares of a tank below this are last digits.
_NOTHING = 1e-9
_SMALLEST = 1e-300


class FillService:
    """Trips along their paths, and point demands.

    Parameters
    ----------
    paths
        Where all sites that can ever have a station stand along the paths, in kg.
    path, kind, tank_kg
        Of each trip, as `siting.fill_plans.round_trip_stops` takes them.
    laps_per_day
        (n_periods, n_trips + n_points) float64; a point has one lap a day.
    volume
        (n_periods, n_trips + n_points) float64, what serving all laps counts, per day.
    points
        (n,) int64 point and (n,) int64 site: pairs "site is within reach of point", points ascending; of the
        open ones the first takes it. And (n_points,) float64, kg/d. None: there are no points.
    cost_per_kg
        (n_periods, n_sites) float64, taken off the volume, in its unit, for every kilogram filled at a site:
        what is served is then the volume less this cost, and nobody is served at a loss. None: nothing.
    """

    def __init__(
        self,
        paths: CandidatePaths,
        *,
        path: Indices,
        kind: Indices | None,
        tank_kg: Floats,
        laps_per_day: Floats,
        volume: Floats,
        points: tuple[Indices, Indices, Floats] | None = None,
        cost_per_kg: Floats | None = None,
    ) -> None:
        self._paths, self._path, self._kind, self._tank_kg = paths, path, kind, tank_kg
        nothing = np.empty(0, dtype=np.int64)
        self._points = (nothing, nothing, np.empty(0)) if points is None else points
        self._laps, self._volume = laps_per_day, volume
        nowhere = np.zeros((len(volume), paths.n_sites))
        self._cost = nowhere if cost_per_kg is None else cost_per_kg
        self._per_lap = np.divide(volume, laps_per_day, out=np.zeros_like(volume), where=laps_per_day > 0.0)

    @property
    def reached(self) -> NDArray[np.bool_]:
        """(n_sites,) bool, whether anybody could fill up there."""
        reached = np.zeros(self._paths.n_sites, dtype=bool)
        reached[self._paths.site] = True
        reached[self._points[1]] = True
        return reached

    @property
    def prices(self) -> tuple[float, ...]:
        """Prices per kilogram to start with: what those of all trips count, least, mean and most."""
        kg = (self._laps * self._every.lap_kg).ravel()
        worth = self._volume.ravel()[kg > 0.0] / kg[kg > 0.0]
        if not worth.size:
            return (1.0,)
        mean = float(self._volume.sum()) / float(kg.sum())
        return tuple(dict.fromkeys(np.round([worth.min(), mean, worth.max()], 9).tolist()))

    def serve(self, period: int, room_kg_per_day: Floats, *, gap: float = 0.0) -> Served:
        """Return the most that stations with this room can serve.

        Parameters
        ----------
        period
            0 ... n_periods - 1.
        room_kg_per_day
            (n_sites,) float64, 0 where closed.
        gap
            Relative gap at which to stop.
        """
        answer = share_fills(
            self._stops(room_kg_per_day > 0.0),
            laps_per_day=self._laps[period],
            limit_kg_per_day=room_kg_per_day,
            worth_per_lap=self._per_lap[period],
            cost_per_kg=self._cost[period],
            gap=gap,
        )
        return Served(
            volume=float(answer.certificate.incumbent or 0.0),
            load_kg_per_day=answer.load_kg_per_day,
            room_kg_per_day=room_kg_per_day,
            price=answer.price,
        )

    def most(self) -> Floats:
        """Return (n_periods, n_trips + n_points) float64: what serving each counts at most, less costs."""
        nothing = np.zeros(self._paths.n_sites)
        return np.stack([self.left_over(period, nothing) for period in range(len(self._laps))])

    def left_over(self, period: int, price: Floats) -> Floats:
        """Return (n_trips + n_points,) float64: volume less the cheapest fills at prices, at least 0."""
        least = least_costs(self._every, price + self._cost[period])
        left: Floats = self._laps[period] * np.maximum(self._per_lap[period] - least, 0.0)
        return left

    def everywhere(self, period: int, served: Served) -> Floats:
        """Return prices of all sites: where none is open, the most that any trip that passes pays elsewhere.

        At such prices nobody gains from a station there, so that less than these would say too little.
        """
        is_open, every = served.room_kg_per_day > 0.0, self._every
        stops = self._stops(is_open)
        laps, volume, cost = self._laps[period], self._volume[period], self._cost[period]
        least, kg = cheapest_fills(stops, np.where(is_open, served.price + cost, np.inf))
        filled = kg > _NOTHING * stops.tank_kg[stops.trip]
        paid = np.zeros(stops.n_trips)
        np.maximum.at(paid, stops.trip[filled], (served.price + cost)[stops.station[filled]])
        left_out = np.isfinite(least) & (least * laps > volume)
        per_kg = self._per_lap[period] / np.maximum(stops.lap_kg, _SMALLEST)
        paid = np.where(left_out, np.maximum(paid, per_kg), paid)
        most = np.zeros(stops.n_stations)
        np.maximum.at(most, every.station, paid[every.trip])
        return np.where(is_open, served.price, np.maximum(most - cost, 0.0))

    @cached_property
    def _every(self) -> FillStops:
        """Stops at all sites."""
        return self._stops(np.ones(self._paths.n_sites, dtype=bool), first_only=False)

    def _stops(self, is_open: NDArray[np.bool_], *, first_only: bool = True) -> FillStops:
        """Return the stops at open stations; a point has the first of its own, or all."""
        stops = round_trip_stops(
            _opened(self._paths, is_open), path=self._path, kind=self._kind, tank_kg=self._tank_kg
        )
        point, site, kg_per_day = self._points
        rows = np.flatnonzero(is_open[site])
        if first_only:
            rows = rows[np.diff(point[rows], prepend=-1) != 0]
        return with_points(stops, point=point[rows], station=site[rows], kg=kg_per_day)


def _opened(paths: CandidatePaths, is_open: NDArray[np.bool_]) -> CandidatePaths:
    """Return the paths with open sites only."""
    kept = is_open[paths.site]
    ways = (paths.serves_out, paths.serves_back)
    serves_out, serves_back = (None if flags is None else flags[kept] for flags in ways)
    return replace(
        paths,
        offsets=np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)[paths.offsets],
        site=paths.site[kept],
        out=paths.out[kept],
        back=paths.back[kept],
        serves_out=serves_out,
        serves_back=serves_back,
    )
