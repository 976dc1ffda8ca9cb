"""Intercity coach trips: round trips per day on each route.

The region's coach round trips N = passengers / 365 / passengers per coach / 2 are spread like freight
(``demand.gravity``), with population as the mass of a county. Trips below the shortest trip are not counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import InfeasibleError
from demand.freight import DAYS_PER_YEAR, gateway_counts
from demand.gravity import balanced_trips, deterrence
from demand.inputs import all_faults, raise_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from corridor.routes import Routes

_PASSENGERS_PER_MILLION = 1e6
_DIRECTIONS = 2.0


def coach_trips(
    zones: pd.DataFrame, routes: Routes, *, assumptions: Mapping[str, float], year: int
) -> pd.Series:
    """Return round trips per day of every coach, whatever its fuel.

    Parameters
    ----------
    zones
        Counties and gateways, index ``zone_id`` (docs/tables.md).
    routes
        Routes of each pair of zones.
    assumptions
        Value by key.
    year
        Year the travel is grown to.

    Returns
    -------
    pandas.Series
        Index ``route``, float64; zero below the shortest trip.

    Raises
    ------
    corridor.errors.InputError
        With every fault of the three inputs.
    corridor.errors.InfeasibleError
        If the totals contradict each other.
    """
    raise_faults(all_faults(zones, routes, assumptions))
    zones = zones.loc[list(routes.zone_ids)]
    ends = trip_ends(zones, assumptions=assumptions, year=year)
    pattern = deterrence(
        routes,
        (zones["kind"] == "gateway").to_numpy(dtype=bool),
        exponent=assumptions["coach.cost_exponent"],
        shortest_km=assumptions["coach.shortest_trip_km"],
        outside_km=assumptions["coach.gateway_outside_km"],
        through_factor=assumptions["coach.through_factor"],
    )
    trips = balanced_trips(routes, pattern, ends.to_numpy(), what="coaches")
    return pd.Series(trips, name="coach_12m").rename_axis("route")


def trip_ends(zones: pd.DataFrame, *, assumptions: Mapping[str, float], year: int) -> pd.Series:
    """Return the coach round-trip ends per day of every zone, index ``zone_id``.

    Raises
    ------
    corridor.errors.InfeasibleError
        If the gateways alone need more trips than the passengers fill.
    """
    passengers_per_day = (
        assumptions["coach.passengers_million_per_year"] * _PASSENGERS_PER_MILLION / DAYS_PER_YEAR
    )
    growth = (1.0 + assumptions["coach.growth_per_year"]) ** (year - assumptions["coach.base_year"])
    round_trips = passengers_per_day / assumptions["coach.passengers_per_coach"] / _DIRECTIONS * growth
    counted = gateway_counts(zones, "coach.gateway_coaches_per_day", assumptions) * growth / _DIRECTIONS
    county_ends = 2.0 * round_trips - counted.sum()
    if county_ends < 0:
        raise InfeasibleError(
            f"coaches: the gateways take {counted.sum():.0f} round-trip ends a day, all coaches have only "
            f"{2.0 * round_trips:.0f}. Lower coach.gateway_coaches_per_day.*"
        )
    county = (zones["kind"] == "county").to_numpy(dtype=bool)
    population = np.where(county, zones["population"].to_numpy(dtype=np.float64, na_value=0.0), 0.0)
    return pd.Series(counted + county_ends * population / population.sum(), index=zones.index)
