"""Hydrogen demand of fuel-cell round trips: the table that siting works on.

For route r of d_r km (one way), class k with R_rk round trips per day, fuel-cell share a_k, gateway factor
b_r and c_k kg/km:

    trips_per_day = a_k b_r R_rk,   kg_per_trip = 2 d_r c_k.

Every pair with trips is kept, however few: trips are expected values, a fraction is a vehicle on some days.
A route to a gateway is counted up to the gateway; what is burned beyond is unknown.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault
from demand.adoption import adoption_faults, fuel_cell_shares, gateway_weight, modeled_work
from demand.coaches import coach_trips
from demand.freight import truck_trips
from demand.inputs import VEHICLE_CLASSES, all_faults, raise_faults
from demand.pilots import pilot_weight, with_pilots
from demand.vehicles import tank_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from corridor.routes import Routes
    from demand.adoption import Mode
    from demand.consumption import RouteUse
    from demand.od_table import GivenTrips

_THERE_AND_BACK = 2.0


def demand_table(
    zones: pd.DataFrame,
    routes: Routes,
    *,
    used: RouteUse,
    assumptions: Mapping[str, float],
    year: int,
    usable_range_km: float | None = None,
    adoption: Mode = "policy",
    fleet: pd.DataFrame | None = None,
    given: GivenTrips | None = None,
) -> pd.DataFrame:
    """Return the ``demand`` table of docs/tables.md.

    Parameters
    ----------
    zones
        Counties and gateways, index ``zone_id``.
    routes
        Routes of each pair of zones.
    used
        Hydrogen of each class on each route.
    assumptions
        Value by key; keys of other packages are passed over.
    year
        Year of the demand, within the years adoption is given for.
    usable_range_km
        One usable range for all trips instead of what the class's tank gives; consumption stays, and the
        tank is what a trip uses on so many of its kilometers.
    adoption
        Where the fuel-cell shares come from (:mod:`demand.adoption`).
    fleet
        Published fleet, the table ``fleet.csv``; needed for adoption ``bass``.
    given
        Trips in place of the modeled ones, where an analyst brings trips or counts.

    Returns
    -------
    pandas.DataFrame
        One row per route, vehicle class and storage with trips, ordered by route: ``route``,
        ``vehicle_class``, ``storage`` (``35mpa`` | ``70mpa`` | ``liquid``), ``trips_per_day``,
        ``kg_per_trip``, ``kg_out``, ``kg_back``, ``usable_range_km``, ``tank_kg``.

    Raises
    ------
    corridor.errors.InputError
        With every fault of all inputs.
    corridor.errors.InfeasibleError
        If totals contradict each other.
    """
    lacking = adoption_faults(assumptions, year=year, mode=adoption)
    raise_faults(_faults(zones, routes, assumptions, lacking, usable_range_km))
    classes = list(VEHICLE_CLASSES)
    weight = gateway_weight(zones, routes, assumptions=assumptions)
    trips = all_trips(zones, routes, assumptions=assumptions, year=year)[classes].to_numpy()
    work = None
    if adoption != "policy":
        work = modeled_work(routes, trips * weight[:, None], used=used, assumptions=assumptions)
    shares = fuel_cell_shares(assumptions, year=year, mode=adoption, work=work, fleet=fleet)
    share = shares.loc[classes].to_numpy()
    if given is None:
        gathered = pilot_weight(zones, routes, assumptions=assumptions, year=year)
        every, trips = trips, trips * share * weight[:, None]
        if bool((gathered != 1.0).any()):
            trips = with_pilots(trips, every, used.out_kg + used.back_kg, gathered)
    else:  # adoption is that of the region's fleet; trips, and shares where stated, are the analyst's
        own = given.fuel_cell_share
        trips = given.round_trips[classes].to_numpy() * np.where(np.isnan(own), share * weight[:, None], own)
    tanks = tank_table(assumptions)
    route, column = np.nonzero(trips[:, tanks["kind"].to_numpy()] > 0)
    kind = tanks["kind"].to_numpy()[column]
    kg_out, kg_back = used.out_kg[route, kind], used.back_kg[route, kind]
    kg_per_km = (kg_out + kg_back) / (_THERE_AND_BACK * routes.length_km[route])
    if usable_range_km is None:
        tank_kg = tanks["usable_kg"].to_numpy()[column]
    else:
        tank_kg = usable_range_km * kg_per_km
    return pd.DataFrame(
        {
            "route": route.astype(np.int64),
            "vehicle_class": np.array(classes, dtype=object)[kind],
            "storage": tanks["storage"].to_numpy(dtype=object)[column],
            "trips_per_day": trips[route, kind] * tanks["share"].to_numpy()[column],
            "kg_per_trip": kg_out + kg_back,
            "kg_out": kg_out,
            "kg_back": kg_back,
            "usable_range_km": tank_kg / kg_per_km,
            "tank_kg": tank_kg,
        }
    )


def all_trips(
    zones: pd.DataFrame, routes: Routes, *, assumptions: Mapping[str, float], year: int
) -> pd.DataFrame:
    """Return round trips per day of all vehicles, any fuel: index ``route``, a column per class."""
    trips = truck_trips(zones, routes, assumptions=assumptions, year=year)
    trips["coach_12m"] = coach_trips(zones, routes, assumptions=assumptions, year=year)
    return trips[list(VEHICLE_CLASSES)]


def _faults(
    zones: pd.DataFrame,
    routes: Routes,
    assumptions: Mapping[str, float],
    lacking: Sequence[Fault],
    usable_range_km: float | None,
) -> list[Fault]:
    """Return the faults of every input of the table, ``lacking`` being those of the adoption."""
    faults = all_faults(zones, routes, assumptions)
    known = {str(fault) for fault in faults}
    faults += [fault for fault in lacking if str(fault) not in known]
    if usable_range_km is not None and not (math.isfinite(usable_range_km) and usable_range_km > 0):
        faults.append(Fault(f"{usable_range_km!r} is not a distance", "usable_range_km", "Give km above 0"))
    return faults
