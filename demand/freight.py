"""Intercity truck trips: round trips per day on each route, by truck class.

Parameters: road freight Q (t/day) of both provinces in the year, share s of it moved between counties
beyond the shortest trip, share q_k of those tonnes on class k with payload p_k (t) filled to l, share e of
kilometers empty. Round trips of class k per day in the region:

    N_k = Q s q_k / (p_k l) / (1 - e) / 2.

A gateway g takes half its counted trucks as round trips, split over the classes like N_k; the counties share
the other ends, 2 N_k - sum_g P_gk, by their mass, a weighted mean of their shares of transport employment,
manufacturing employment and population. The mass enters linearly: only then does splitting a county leave
the totals unchanged. ``demand.gravity`` spreads the ends over the routes. Trips inside a county or below the
shortest trip are not counted: they are assumed to refuel at home.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import InfeasibleError
from demand.gravity import balanced_trips, deterrence
from demand.inputs import MASS_COLUMNS, TRUCK_CLASSES, all_faults, raise_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from corridor.routes import Routes

DAYS_PER_YEAR = 365.0
_TONNES_PER_MT = 1e6
_DIRECTIONS = 2.0
_MAIN_ROAD = r"G\d{1,2}"


def truck_trips(
    zones: pd.DataFrame, routes: Routes, *, assumptions: Mapping[str, float], year: int
) -> pd.DataFrame:
    """Return round trips per day of every truck, whatever its fuel.

    Parameters
    ----------
    zones
        Counties and gateways, index ``zone_id`` (docs/tables.md).
    routes
        Routes of each pair of zones.
    assumptions
        Value by key.
    year
        Year the freight is grown to.

    Returns
    -------
    pandas.DataFrame
        Index ``route`` (row of ``routes``), a column per truck class, float64; zero below the shortest trip.

    Raises
    ------
    corridor.errors.InputError
        With every fault of the three inputs.
    corridor.errors.InfeasibleError
        If the totals contradict each other.
    """
    raise_faults(all_faults(zones, routes, assumptions))
    ends = trip_ends(zones, assumptions=assumptions, year=year).loc[list(routes.zone_ids)]
    gateway = (zones.loc[list(routes.zone_ids), "kind"] == "gateway").to_numpy(dtype=bool)
    trips = {}
    for name in TRUCK_CLASSES:
        pattern = deterrence(
            routes,
            gateway,
            exponent=assumptions[f"freight.cost_exponent.{name}"],
            shortest_km=assumptions["freight.shortest_trip_km"],
            outside_km=assumptions["freight.gateway_outside_km"],
            through_factor=assumptions["freight.through_factor"],
        )
        trips[name] = balanced_trips(routes, pattern, ends[name].to_numpy(), what=f"trucks {name}")
    return pd.DataFrame(trips).rename_axis("route")


def round_trips(assumptions: Mapping[str, float], *, year: int) -> pd.Series:
    """Return N, the round trips per day in the region, index truck class."""
    million_t = sum(
        assumptions[f"freight.tonnes_million_per_year.{name}"] for name in ("sichuan", "chongqing")
    )
    growth = (1.0 + assumptions["freight.growth_per_year"]) ** (year - assumptions["freight.base_year"])
    tonnes_per_day = (
        million_t * _TONNES_PER_MT / DAYS_PER_YEAR * growth * assumptions["freight.intercity_share"]
    )
    loaded_share = 1.0 - assumptions["freight.empty_running"]
    trips = {}
    for name in TRUCK_CLASSES:
        load_t = assumptions[f"vehicle.{name}.payload_t"] * assumptions["freight.load_factor"]
        loaded_trips = tonnes_per_day * assumptions[f"freight.tonne_share.{name}"] / load_t
        trips[name] = loaded_trips / loaded_share / _DIRECTIONS
    return pd.Series(trips, dtype=np.float64)


def trip_ends(zones: pd.DataFrame, *, assumptions: Mapping[str, float], year: int) -> pd.DataFrame:
    """Return P, the round-trip ends per day of every zone.

    Returns
    -------
    pandas.DataFrame
        Index ``zone_id``, one column per truck class, float64. Each column adds up to twice its round trips.

    Raises
    ------
    corridor.errors.InfeasibleError
        If the gateways alone need more trips than the freight makes.
    """
    total = round_trips(assumptions, year=year)
    growth = (1.0 + assumptions["freight.growth_per_year"]) ** (year - assumptions["freight.base_year"])
    counted = gateway_counts(zones, "freight.gateway_trucks_per_day", assumptions) * growth / _DIRECTIONS
    mass = freight_mass(zones, assumptions)
    split = total / total.sum() if total.sum() > 0 else total * 0.0
    county_ends = 2.0 * total - counted.sum() * split
    if (county_ends < 0).any():
        raise InfeasibleError(
            f"trucks: the gateways take {counted.sum():.0f} round-trip ends a day, all freight has only "
            f"{2.0 * total.sum():.0f}. Lower freight.gateway_trucks_per_day or raise freight.intercity_share"
        )
    values = np.outer(counted, split) + np.outer(mass, county_ends)
    return pd.DataFrame(values, index=zones.index, columns=total.index)


def freight_mass(zones: pd.DataFrame, assumptions: Mapping[str, float]) -> NDArray[np.float64]:
    """Return each county's share of the freight, (n_zones,) float64 adding up to 1; zero at gateways."""
    county = (zones["kind"] == "county").to_numpy(dtype=bool)
    mass = np.zeros(len(zones), dtype=np.float64)
    for name, column in MASS_COLUMNS.items():
        values = np.where(county, zones[column].to_numpy(dtype=np.float64, na_value=0.0), 0.0)
        mass += assumptions[f"freight.mass_weight.{name}"] * values / values.sum()
    return mass


def gateway_counts(zones: pd.DataFrame, key: str, assumptions: Mapping[str, float]) -> NDArray[np.float64]:
    """Return vehicles per day in both directions at each gateway, (n_zones,) float64; zero at counties.

    ``key.main`` counts a gateway on a main national expressway (G and one or two digits), ``key.branch`` any
    other.
    """
    gateway = (zones["kind"] == "gateway").to_numpy(dtype=bool)
    main = zones["road_ref"].fillna("").astype(str).str.fullmatch(_MAIN_ROAD).to_numpy(dtype=bool)
    counts = np.where(main, assumptions[f"{key}.main"], assumptions[f"{key}.branch"])
    return np.where(gateway, counts, 0.0)
