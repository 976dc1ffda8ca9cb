"""Hydrogen sold by each station of a plan in each hour of the day.

Every fill is spread over the hours as :mod:`demand.profile` says its vehicle class refuels, point demands
evenly; of a mean day of the year, and of the kind of day of the design hour (:mod:`planner.queues`). The
hours of the mean day add up to the load of the station.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from demand.inputs import VEHICLE_CLASSES
from demand.profile import HOURS, daily_factor, hourly
from planner.plan import no_hours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from demand.profile import DayType
    from planner.points import ServedPoints

    Floats = NDArray[np.float64]


def sold_by_class(fills: pd.DataFrame, served: pd.DataFrame, *, share: Floats, n_stations: int) -> Floats:
    """Return what each station sells to each vehicle class: (n_stations, n_classes) float64, kg/d.

    Parameters
    ----------
    fills
        :attr:`siting.replay.Replay.fills`.
    served
        Trips the fills number: ``vehicle_class``, ``trips_per_day``.
    share
        (n_trips,) float64, share of each trip refueled.
    n_stations
        Number of stations.
    """
    trip = fills["trip"].to_numpy(dtype=np.int64)
    per_day = (served["trips_per_day"].to_numpy(dtype=np.float64) * share)[trip]
    kind = pd.Index(VEHICLE_CLASSES).get_indexer(pd.Index(served["vehicle_class"]))[trip]
    n_kinds = len(VEHICLE_CLASSES)
    sold = np.bincount(
        fills["station"].to_numpy(dtype=np.int64) * n_kinds + kind,
        weights=fills["kg_per_trip"].to_numpy(dtype=np.float64) * per_day,
        minlength=n_stations * n_kinds,
    )
    return sold.astype(np.float64).reshape(n_stations, n_kinds)


def station_hours(
    queues: pd.DataFrame, to_vehicles: Floats, points: ServedPoints, *, values: Mapping[str, float]
) -> pd.DataFrame:
    """Return the table ``hours`` of docs/tables.md: 24 rows per station.

    Parameters
    ----------
    queues
        Table of queues: ``site_id`` and the kind of day of the design hour, in the order of the stations.
    to_vehicles
        (n_stations, n_classes) float64, see `sold_by_class`.
    points
        Point demands with their share of room.
    values
        Assumptions in force.
    """
    n = len(queues)
    if n == 0:
        return no_hours()
    taken = np.flatnonzero(points.covered)
    to_points = np.bincount(
        points.station[taken], weights=points.served_kg_per_day()[taken], minlength=n
    ).astype(np.float64)
    shares = np.array([hourly(values, name) for name in VEHICLE_CLASSES])
    evenly = np.repeat(to_points[:, None] / HOURS, HOURS, axis=1)
    design_day = to_vehicles * _design_day_factors(queues, values)
    return pd.DataFrame(
        {
            "site_id": np.repeat(queues["site_id"].to_numpy(dtype=object), HOURS),
            "hour": np.tile(np.arange(HOURS, dtype=np.int64), n),
            "kg_per_hour": (to_vehicles @ shares + evenly).ravel(),
            "design_day_kg_per_hour": (design_day @ shares + evenly).ravel(),
        }
    )


def _design_day_factors(queues: pd.DataFrame, values: Mapping[str, float]) -> Floats:
    """Return visits of the design day over a mean day's, (n_stations, n_classes); 1 where nobody comes."""
    factors = np.ones((len(queues), len(VEHICLE_CLASSES)))
    known: dict[tuple[int, DayType], Floats] = {}
    for row, (month, kind) in enumerate(zip(queues["design_month"], queues["design_day"], strict=True)):
        if pd.isna(month):
            continue
        day = (int(month), kind)
        if day not in known:
            of_day = [daily_factor(values, name, month=day[0], day_type=day[1]) for name in VEHICLE_CLASSES]
            known[day] = np.array(of_day, dtype=np.float64)
        factors[row] = known[day]
    return factors
