r"""Share of trips made by fuel-cell vehicles, by class and year, in one of three ways.

``policy`` (default)
    Given for some years as ``adoption.share.<class>.<year>``, what policy targets imply (docs/demand.md);
    straight lines between them, nothing outside.
``bass``
    The fleet of a Bass curve fitted to published counts (:mod:`demand.diffusion`), its share on intercity
    work, spread over the classes in proportion to the policy shares: with :math:`V_k` vehicles of all fuels
    that the modeled trips keep busy, :math:`a_k = \min(1, \lambda a_k^{policy})` such that
    :math:`\sum_k a_k V_k` is that fleet.
``cost``
    What total cost of ownership makes buyers choose (:mod:`demand.ownership_cost`), in the fleet of the year.

A trip through a gateway is less likely to run on hydrogen, because stations beyond are few and the truck may
be at home there: each gateway end multiplies the share by ``adoption.gateway_factor``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from corridor.errors import Fault, InfeasibleError
from demand.diffusion import MID_YEAR, diffusion_faults, fitted
from demand.inputs import SHARE, VEHICLE_CLASSES, adoption_year, raise_faults
from demand.ownership_cost import ROUTE_AXLE_CLASS, fleet_shares, ownership_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from corridor.routes import Routes
    from demand.consumption import RouteUse

#: Ways to the shares.
Mode = Literal["policy", "bass", "cost"]

_INTERCITY = "diffusion.intercity_share."
_THERE_AND_BACK = 2.0


def fuel_cell_shares(
    assumptions: Mapping[str, float],
    *,
    year: int,
    mode: Mode = "policy",
    work: pd.DataFrame | None = None,
    fleet: pd.DataFrame | None = None,
) -> pd.Series:
    """Return the fuel-cell share of trips in a year, 0-1, index vehicle class.

    Parameters
    ----------
    assumptions
        Value by key.
    year
        Of the demand.
    mode
        Which way, see the module.
    work
        What vehicles of all fuels do, :func:`modeled_work`; needed by ``bass`` and ``cost``.
    fleet
        Published counts, the table ``fleet.csv`` of docs/tables.md; needed by ``bass``.

    Raises
    ------
    corridor.errors.InputError
        For a class without shares, a share outside 0-1, a year outside the given ones, or anything else the
        chosen way lacks.
    corridor.errors.InfeasibleError
        If the fleet of ``bass`` is larger than what the modeled trips keep busy.
    """
    raise_faults(adoption_faults(assumptions, year=year, mode=mode))
    raise_faults(_lacking(mode, work, fleet))
    if mode == "cost" and work is not None:
        return fleet_shares(work, assumptions, year=year)["fuel_cell"].rename(None)
    policy = _policy_shares(assumptions, year)
    if mode == "bass" and work is not None and fleet is not None:
        intercity = intercity_fleet(assumptions, fleet=fleet, year=year)
        return spread(intercity, policy, vehicles=work["vehicles"])
    return policy


def intercity_fleet(assumptions: Mapping[str, float], *, fleet: pd.DataFrame, year: int) -> float:
    """Return the fuel-cell vehicles on intercity work in the middle of a year, of the Bass curve.

    Parameters
    ----------
    assumptions
        Value by key: ``diffusion.*``.
    fleet
        Published counts.
    year
        Of the demand; the intercity share is straight between the given years, and constant outside.
    """
    given = {
        int(key.removeprefix(_INTERCITY)): value
        for key, value in assumptions.items()
        if key.startswith(_INTERCITY)
    }
    years = sorted(given)
    share = np.interp(year, years, [given[each] for each in years])
    return float(share * fitted(fleet, assumptions).fleet(year + MID_YEAR))


def spread(fleet: float, weights: pd.Series, *, vehicles: pd.Series) -> pd.Series:
    """Return shares min(1, factor x weights) of the vehicles of each class that add up to a fleet.

    Parameters
    ----------
    fleet
        Fuel-cell vehicles.
    weights
        Relative shares, index vehicle class; a class of weight 0 gets none.
    vehicles
        Of all fuels, index vehicle class.

    Raises
    ------
    corridor.errors.InfeasibleError
        If all vehicles of the classes with a weight are fewer than the fleet.
    """
    vehicles = vehicles.loc[weights.index]
    room = float(vehicles[weights > 0].sum())
    if fleet > room:
        raise InfeasibleError(
            f"{fleet:,.0f} fuel-cell vehicles on intercity work are more than the {room:,.0f} that the "
            f"modeled trips keep busy in classes with a policy share. Lower diffusion.market_vehicles"
        )
    full = pd.Series(data=False, index=weights.index)
    while True:
        # Classes that would exceed one are full; the others share what is left. Each round fills one or ends.
        left = fleet - float(vehicles[full].sum())
        open_vehicles = float((vehicles * weights)[~full].sum())
        factor = left / open_vehicles if open_vehicles > 0 else 0.0
        exceeding = ~full & (factor * weights > 1.0)
        if not exceeding.any():
            return (factor * weights).mask(full, 1.0).astype(np.float64)
        full |= exceeding


def modeled_work(
    routes: Routes,
    round_trips: NDArray[np.float64],
    *,
    used: RouteUse,
    assumptions: Mapping[str, float],
) -> pd.DataFrame:
    """Return what the vehicles of all fuels do in a day.

    Parameters
    ----------
    routes
        Routes of each pair.
    round_trips
        (n_routes, n_classes) float64, per day, columns in the order of ``VEHICLE_CLASSES``; those through
        gateways weighted with their factor on the fuel-cell share.
    used
        Hydrogen of each class on each route.
    assumptions
        Value by key.

    Returns
    -------
    pandas.DataFrame
        Index vehicle class: ``vehicles`` that the trips keep busy, ``kg_per_km`` (hydrogen), ``hours_per_km``
        and ``tolled_share`` (of the kilometers, by the tolls of the routes). Zero where a class has no trips.
    """
    km = _THERE_AND_BACK * (routes.length_km @ round_trips)
    kg = ((used.out_kg + used.back_kg) * round_trips).sum(axis=0)
    hours = _THERE_AND_BACK * (routes.hours @ round_trips)
    tolls = _THERE_AND_BACK * (routes.toll_cny @ round_trips)
    listed = assumptions[f"road.toll_cny_per_km.motorway.{ROUTE_AXLE_CLASS}"]
    rate = listed * (1.0 - assumptions["road.toll_etc_discount"])
    driven = np.where(km > 0, km, np.inf)
    daily = np.array([assumptions[f"vehicle.{name}.km_per_day"] for name in VEHICLE_CLASSES])
    return pd.DataFrame(
        {
            "vehicles": km / daily,
            "kg_per_km": kg / driven,
            "hours_per_km": hours / driven,
            "tolled_share": np.minimum(tolls / driven / rate, 1.0) if rate > 0 else 0.0 * km,
        },
        index=pd.Index(VEHICLE_CLASSES, name="vehicle_class"),
    )


def _policy_shares(assumptions: Mapping[str, float], year: int) -> pd.Series:
    """Return the given shares, straight between their years."""
    given = _given_shares(assumptions)
    shares = {}
    for vehicle_class, by_year in given.items():
        years = sorted(by_year)
        shares[vehicle_class] = float(np.interp(year, years, [by_year[each] for each in years]))
    return pd.Series(shares, dtype=np.float64)


def gateway_weight(
    zones: pd.DataFrame, routes: Routes, *, assumptions: Mapping[str, float]
) -> NDArray[np.float64]:
    """Return the factor on the fuel-cell share of each route, (n_routes,) float64: 1 inside the region."""
    gateway = (zones.loc[list(routes.zone_ids), "kind"] == "gateway").to_numpy(dtype=np.int64)
    ends_outside = gateway[routes.origin] + gateway[routes.destination]
    return np.asarray(assumptions["adoption.gateway_factor"] ** ends_outside, dtype=np.float64)


def adoption_faults(assumptions: Mapping[str, float], *, year: int, mode: Mode = "policy") -> list[Fault]:
    """Return everything in the assumptions that keeps the year from having a share in every class."""
    if mode == "cost":
        return ownership_faults(assumptions)
    faults = _policy_faults(assumptions, year)
    if mode == "bass":
        faults += diffusion_faults(assumptions)
        shares = {key: value for key, value in assumptions.items() if key.startswith(_INTERCITY)}
        if not shares:
            faults.append(Fault("no year is given", f"{_INTERCITY}<year>", "Add it to the assumptions"))
        faults += [
            Fault(f"{value!r} is out of range", key, f"Give {SHARE}")
            for key, value in shares.items()
            if not SHARE.hold(value)
        ]
    return faults


def _lacking(mode: Mode, work: pd.DataFrame | None, fleet: pd.DataFrame | None) -> list[Fault]:
    """Return a fault per table that the way needs and has not been given."""
    faults = []
    if mode != "policy" and work is None:
        faults.append(Fault("the work of the vehicles is missing", f"adoption {mode}", "Give work"))
    if mode == "bass" and fleet is None:
        faults.append(Fault("the published fleet is missing", f"adoption {mode}", "Give fleet"))
    return faults


def _policy_faults(assumptions: Mapping[str, float], year: int) -> list[Fault]:
    """Return everything that keeps the given shares from reaching the year."""
    faults = []
    for vehicle_class, by_year in _given_shares(assumptions).items():
        key = f"adoption.share.{vehicle_class}"
        if not by_year:
            faults.append(Fault("no year is given", f"{key}.<year>", "Add it to the assumptions"))
        elif not min(by_year) <= year <= max(by_year):
            span = f"{min(by_year)}-{max(by_year)}"
            faults.append(Fault(f"year {year} is outside {span}", key, f"Choose a year in {span}"))
        faults += [
            Fault(f"{share!r} is out of range", f"{key}.{each}", f"Give {SHARE}")
            for each, share in by_year.items()
            if not SHARE.hold(share)
        ]
    return faults


def _given_shares(assumptions: Mapping[str, float]) -> dict[str, dict[int, float]]:
    """Return share by year by class, as given."""
    given: dict[str, dict[int, float]] = {name: {} for name in VEHICLE_CLASSES}
    for key, share in assumptions.items():
        found = adoption_year(key)
        if found is not None:
            given[found[0]][found[1]] = share
    return given
