"""What the demand model needs from assumptions, zones and routes, and every way they can be wrong."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from corridor.routes import Routes

TRUCK_CLASSES = ("tractor_49t", "rigid_31t", "rigid_18t", "light_9t", "light_4t5")
VEHICLE_CLASSES = (*TRUCK_CLASSES, "coach_12m")

#: Ways hydrogen is kept on board, the first being what is not one of the others; liquid only where listed.
STORAGE = ("35mpa", "70mpa", "liquid")
LIQUID_CLASSES = ("tractor_49t",)

#: Employment and population columns that make up the mass of a county.
MASS_COLUMNS = {
    "transport": "employment_transport",
    "manufacturing": "employment_manufacturing",
    "population": "population",
}

#: Gateways by the road through them: a main national expressway (G and one or two digits) or any other.
GATEWAY_KINDS = ("main", "branch")

#: Keys under these prefixes are this package's business; all others are passed over.
OWN_PREFIXES = ("vehicle.", "freight.", "coach.", "adoption.")

#: Shares that must add up to one may miss it by this much: two decimals typed by hand.
SUM_TOLERANCE = 1e-6

#: Rows named in a message; the rest is counted.
ROWS_NAMED = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """Interval a number must lie in.

    Parameters
    ----------
    low, high
        Its ends.
    low_open
        Whether ``low`` itself is excluded.
    """

    low: float = 0.0
    high: float = math.inf
    low_open: bool = False

    def hold(self, value: float) -> bool:
        """Tell whether a finite ``value`` lies inside."""
        above = value > self.low if self.low_open else value >= self.low
        return math.isfinite(value) and above and value <= self.high

    def __str__(self) -> str:
        start = "above" if self.low_open else "from"
        end = f" up to {self.high:g}" if math.isfinite(self.high) else ""
        return f"a number {start} {self.low:g}{end}"


POSITIVE = Limits(low_open=True)
NON_NEGATIVE = Limits()
SHARE = Limits(high=1.0)
POSITIVE_SHARE = Limits(high=1.0, low_open=True)
#: Exponents above this concentrate nearly all trips on the nearest pair.
EXPONENT = Limits(high=5.0)
#: All-empty running would need infinitely many trucks.
EMPTY_SHARE = Limits(high=0.95)
GROWTH = Limits(low=-0.5, high=0.5)
YEAR = Limits(low=2000, high=2100)


def required_limits() -> dict[str, Limits]:
    """Return every key the model cannot do without, and the interval of its value."""
    limits = {
        "vehicle.usable_tank_share": POSITIVE_SHARE,
        "vehicle.drivetrain_efficiency": POSITIVE_SHARE,
        "vehicle.recovery_share": SHARE,
        "vehicle.fuel_cell_aging": POSITIVE_SHARE,
        "vehicle.traffic_factor": Limits(low=1.0, high=3.0),
        "vehicle.derate_per_km": SHARE,
        "coach.load_factor": SHARE,
        "freight.tonnes_million_per_year.sichuan": NON_NEGATIVE,
        "freight.tonnes_million_per_year.chongqing": NON_NEGATIVE,
        "freight.base_year": YEAR,
        "freight.growth_per_year": GROWTH,
        "freight.intercity_share": POSITIVE_SHARE,
        "freight.load_factor": Limits(high=1.5, low_open=True),
        "freight.empty_running": EMPTY_SHARE,
        "freight.shortest_trip_km": POSITIVE,
        "freight.gateway_outside_km": NON_NEGATIVE,
        "freight.through_factor": NON_NEGATIVE,
        "coach.passengers_million_per_year": NON_NEGATIVE,
        "coach.passengers_per_coach": POSITIVE,
        "coach.base_year": YEAR,
        "coach.growth_per_year": GROWTH,
        "coach.shortest_trip_km": POSITIVE,
        "coach.cost_exponent": EXPONENT,
        "coach.gateway_outside_km": NON_NEGATIVE,
        "coach.through_factor": NON_NEGATIVE,
        "coach.empty_running": EMPTY_SHARE,
        "adoption.gateway_factor": SHARE,
    }
    for kind in GATEWAY_KINDS:
        limits[f"freight.gateway_trucks_per_day.{kind}"] = NON_NEGATIVE
        limits[f"coach.gateway_coaches_per_day.{kind}"] = NON_NEGATIVE
    for mass in MASS_COLUMNS:
        limits[f"freight.mass_weight.{mass}"] = SHARE
    for vehicle_class in TRUCK_CLASSES:
        limits[f"freight.tonne_share.{vehicle_class}"] = SHARE
        limits[f"freight.cost_exponent.{vehicle_class}"] = EXPONENT
    for vehicle_class in VEHICLE_CLASSES:
        for item in (
            "tank_kg",
            "curb_t",
            "payload_t",
            "drag_area_m2",
            "rolling",
            "fuel_cell_kw",
            "top_speed_kmh",
            "speed_factor",
            "km_per_day",
        ):
            limits[f"vehicle.{vehicle_class}.{item}"] = POSITIVE
        for item in ("auxiliary_kw", "battery_kwh"):
            limits[f"vehicle.{vehicle_class}.{item}"] = NON_NEGATIVE
        for storage in storages(vehicle_class)[1:]:
            limits[f"vehicle.{vehicle_class}.tank_kg_{storage}"] = POSITIVE
            limits[f"vehicle.{vehicle_class}.share_{storage}"] = SHARE
    return limits


def storages(vehicle_class: str) -> tuple[str, ...]:
    """Return the ways a class may keep hydrogen on board, of ``STORAGE``."""
    return STORAGE if vehicle_class in LIQUID_CLASSES else STORAGE[:2]


def adoption_year(key: str) -> tuple[str, int] | None:
    """Return (vehicle class, year) of a key ``adoption.share.<class>.<year>``; None for any other key."""
    parts = key.split(".")
    if len(parts) == 4 and parts[:2] == ["adoption", "share"]:  # noqa: PLR2004 - the four parts just named
        vehicle_class, year = parts[2:]
        if vehicle_class in VEHICLE_CLASSES and year.isdecimal():
            return vehicle_class, int(year)
    return None


def assumption_faults(assumptions: Mapping[str, float]) -> list[Fault]:
    """Return everything wrong with the demand keys of the assumptions.

    Parameters
    ----------
    assumptions
        Value by key; keys of other packages are passed over.
    """
    limits = required_limits()
    faults = [
        Fault("the key is missing", key, "Add it to the assumptions")
        for key in limits
        if key not in assumptions
    ]
    for key, value in assumptions.items():
        if not key.startswith(OWN_PREFIXES):
            continue
        limit = SHARE if adoption_year(key) is not None else limits.get(key)
        if limit is None:
            near = difflib.get_close_matches(key, limits, n=1)
            mend = f"Did you mean {near[0]}?" if near else "Keys are listed in docs/tables.md"
            faults.append(Fault("there is no such key", key, mend))
        elif not limit.hold(value):
            faults.append(Fault(f"{value!r} is out of range", key, f"Give {limit}"))
    faults += _sum_faults(assumptions, "freight.tonne_share.", TRUCK_CLASSES)
    faults += _storage_faults(assumptions)
    faults += _sum_faults(assumptions, "freight.mass_weight.", tuple(MASS_COLUMNS))
    return faults


def _storage_faults(assumptions: Mapping[str, float]) -> list[Fault]:
    """Return a fault for each class whose special tanks add up to more than its vehicles."""
    faults = []
    for vehicle_class in VEHICLE_CLASSES:
        keys = [f"vehicle.{vehicle_class}.share_{storage}" for storage in storages(vehicle_class)[1:]]
        shares = [assumptions.get(key, math.nan) for key in keys]
        if all(SHARE.hold(share) for share in shares) and sum(shares) > 1.0 + SUM_TOLERANCE:
            what = f"the shares of tanks add up to {sum(shares):g}, more than 1"
            faults.append(Fault(what, f"vehicle.{vehicle_class}.share_*", "Lower one of them"))
    return faults


def _sum_faults(assumptions: Mapping[str, float], prefix: str, names: Sequence[str]) -> list[Fault]:
    """Return a fault when valid shares do not add up to one."""
    values = [assumptions.get(prefix + name, math.nan) for name in names]
    if not all(SHARE.hold(value) for value in values) or abs(sum(values) - 1.0) <= SUM_TOLERANCE:
        return []
    return [Fault(f"the shares add up to {sum(values):g}, not 1", f"{prefix}*", "Make them add up to 1")]


def zone_faults(zones: pd.DataFrame) -> list[Fault]:
    """Return everything wrong with the zone columns the model reads."""
    needed = ("kind", "road_ref", *MASS_COLUMNS.values())
    missing = [column for column in needed if column not in zones.columns]
    faults = [Fault(f"column {column} is missing", "zones", "Add the column") for column in missing]
    if zones.index.has_duplicates:
        faults.append(_row_fault(zones, zones.index.duplicated(), "repeats an earlier zone", "zone_id"))
    if missing:
        return faults
    unknown = ~zones["kind"].isin(["county", "gateway"]).to_numpy(dtype=bool)
    if unknown.any():
        faults.append(_row_fault(zones, unknown, "is neither county nor gateway", "kind"))
    county = (zones["kind"] == "county").to_numpy(dtype=bool)
    if not county.any():
        faults.append(Fault("there is no county", "zones", "Add zones of kind county"))
    for column in MASS_COLUMNS.values():
        values = zones[column].to_numpy(dtype=np.float64, na_value=np.nan)
        bad = county & ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            faults.append(_row_fault(zones, bad, "is not a number from 0", column))
        elif county.any() and values[county].sum() <= 0:
            faults.append(Fault("is zero in every county", f"zones, column {column}", "Give real counts"))
    return faults


def _row_fault(zones: pd.DataFrame, bad: np.ndarray, what: str, column: str) -> Fault:
    """Return one fault naming the zones flagged in ``bad`` ((n_zones,) bool)."""
    names = [str(name) for name in zones.index[bad]]
    more = f" and {len(names) - ROWS_NAMED} more" if len(names) > ROWS_NAMED else ""
    where = f"zones, column {column}, {', '.join(names[:ROWS_NAMED])}{more}"
    return Fault(what, where, "Correct these rows")


def route_faults(routes: Routes, zones: pd.DataFrame) -> list[Fault]:
    """Return everything wrong with routes for these zones."""
    faults = []
    unknown = sorted({str(zone) for zone in routes.zone_ids} - {str(zone) for zone in zones.index})
    if unknown:
        some = ", ".join(unknown[:ROWS_NAMED])
        faults.append(Fault(f"zones without a row in the table: {some}", "routes", "Route the same zones"))
    absent = len(zones) - len(routes.zone_ids) + len(unknown)
    if absent > 0:
        faults.append(Fault(f"{absent} zones were not routed", "routes", "Route the same zones"))
    if not bool((routes.origin < routes.destination).all()):
        faults.append(Fault("a pair is not ordered origin < destination", "routes", "Order the pairs"))
    first = routes.first
    pairs = routes.origin[first].astype(np.int64) * len(routes.zone_ids) + routes.destination[first]
    if np.bincount(pairs).max(initial=0) > 1:
        faults.append(Fault("the routes of a pair do not stand in a row", "routes", "Order them by pair"))
    elif not np.allclose(routes.pair_mean(np.ones(len(routes))), 1.0) or bool((routes.share < 0).any()):
        faults.append(Fault("the shares of a pair do not add up to 1", "routes, share", "Route again"))
    if not bool((np.isfinite(routes.length_km) & (routes.length_km >= 0)).all()):
        faults.append(Fault("a length is not a number from 0", "routes, length_km", "Route again"))
    if not bool((np.isfinite(routes.cost_cny) & ((routes.cost_cny > 0) | (routes.length_km == 0))).all()):
        faults.append(Fault("a cost is not a number above 0", "routes, cost_cny", "Route again"))
    return faults


def raise_faults(faults: Sequence[Fault]) -> None:
    """Raise one InputError that carries all faults, if there are any."""
    if faults:
        raise InputError(faults)


def all_faults(zones: pd.DataFrame, routes: Routes, assumptions: Mapping[str, float]) -> list[Fault]:
    """Return the faults of the three inputs together."""
    return [*assumption_faults(assumptions), *zone_faults(zones), *route_faults(routes, zones)]
