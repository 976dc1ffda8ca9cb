"""What stations serve: trips fill up on their way within the room of each station.

A `siting.buildout.question.Service` over `siting.allocation`, with the stops of every trip at all sites.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from siting.allocation import share_fills
from siting.buildout.question import Served
from siting.fill_plans import FillStops, cheapest_fills

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Fills as shares of a tank below this are last digits.
_NOTHING = 1e-9


class FillService:
    """Trips and their stops at all sites.

    Parameters
    ----------
    stops
        At all sites that can ever have a station (`siting.fill_plans.round_trip_stops`).
    laps_per_day
        (n_periods, n_trips) float64.
    volume
        (n_periods, n_trips) float64, what serving all laps of a trip counts, per day.
    start_fill
        Share of the tank at home without a station, as the stops were made with.
    n_points
        The last so many trips are points (`with_points`).
    """

    def __init__(
        self,
        stops: FillStops,
        *,
        laps_per_day: Floats,
        volume: Floats,
        start_fill: float = 0.5,
        n_points: int = 0,
    ) -> None:
        self._n_points = n_points
        self._stops, self._laps, self._volume = stops, laps_per_day, volume
        self._start_fill = start_fill
        self._per_lap = np.divide(volume, laps_per_day, out=np.zeros_like(volume), where=laps_per_day > 0.0)

    @property
    def prices(self) -> tuple[float, ...]:
        """Prices per kilogram to start with: what those of all trips count, least, mean and most."""
        kg = (self._laps * self._stops.lap_kg).ravel()
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
        stops = self._opened(room_kg_per_day > 0.0)
        answer = share_fills(
            stops,
            laps_per_day=self._laps[period],
            limit_kg_per_day=room_kg_per_day,
            worth_per_lap=self._per_lap[period],
            gap=gap,
        )
        return Served(
            volume=float(answer.certificate.incumbent or 0.0),
            load_kg_per_day=answer.load_kg_per_day,
            price=self._everywhere(period, stops, answer.price, room_kg_per_day),
        )

    def left_over(self, period: int, price: Floats) -> Floats:
        """Return (n_trips,) float64: volume of each trip less its cheapest fills at prices, at least 0."""
        least, _ = cheapest_fills(self._stops, price)
        left: Floats = self._laps[period] * np.maximum(self._per_lap[period] - least, 0.0)
        return left

    def _opened(self, is_open: NDArray[np.bool_]) -> FillStops:
        """Return the stops at open stations; a point takes the first of its own."""
        every = self._stops
        rows = np.flatnonzero(is_open[every.station])
        first_point = every.n_trips - self._n_points
        of_points = every.trip[rows] >= first_point
        first = np.diff(every.trip[rows], prepend=-1) != 0
        rows = rows[~of_points | first]
        trip, used = every.trip[rows], every.used_kg[rows]
        home = np.where(np.isfinite(every.tank_kg), self._start_fill * every.tank_kg, np.nan)
        home[trip[(used <= 0.0) | (used >= every.lap_kg[trip])]] = np.nan
        return replace(
            every,
            offsets=np.searchsorted(trip, np.arange(every.n_trips + 1)).astype(np.int64),
            station=every.station[rows],
            used_kg=used,
            home_kg=home,
            row=every.row[rows],
            homeward=every.homeward[rows],
        )

    def _everywhere(self, period: int, stops: FillStops, price: Floats, room: Floats) -> Floats:
        """Return prices of all sites: where none is open, the most that any trip that passes pays elsewhere.

        At such prices nobody gains from a station there, so that less than these would say too little.
        """
        laps, volume = self._laps[period], self._volume[period]
        least, kg = cheapest_fills(stops, np.where(room > 0.0, price, np.inf))
        filled = kg > _NOTHING * stops.tank_kg[stops.trip]
        paid = np.zeros(stops.n_trips)
        np.maximum.at(paid, stops.trip[filled], price[stops.station[filled]])
        left_out = np.isfinite(least) & (least * laps > volume)
        per_kg = self._per_lap[period] / np.maximum(stops.lap_kg, 1e-300)
        paid = np.where(left_out, np.maximum(paid, per_kg), paid)
        most = np.zeros(stops.n_stations)
        np.maximum.at(most, self._stops.station, paid[self._stops.trip])
        return np.where(room > 0.0, price, most)


def with_points(stops: FillStops, *, point: Indices, site: Indices, kg_per_day: Floats) -> FillStops:
    """Return the stops of trips and point demands: a point takes all it needs at any site in its reach.

    Parameters
    ----------
    stops
        Of the trips.
    point, site
        (n,) int64, "site is within reach of point"; points ascending. Of the open ones the first takes it.
    kg_per_day
        (n_points,) float64; a point is a trip with one lap a day.
    """
    n_points = len(kg_per_day)
    if n_points == 0:
        return stops
    ends = stops.offsets[-1] + np.searchsorted(point, np.arange(1, n_points + 1))
    return replace(
        stops,
        offsets=np.concatenate([stops.offsets, ends]).astype(np.int64),
        station=np.concatenate([stops.station, site]),
        used_kg=np.concatenate([stops.used_kg, np.zeros(len(site))]),
        lap_kg=np.concatenate([stops.lap_kg, kg_per_day]),
        tank_kg=np.concatenate([stops.tank_kg, kg_per_day]),
        home_kg=np.concatenate([stops.home_kg, np.full(n_points, np.nan)]),
        row=np.concatenate([stops.row, np.full(len(site), -1, dtype=np.int64)]),
        homeward=np.concatenate([stops.homeward, np.zeros(len(site), dtype=bool)]),
    )
