"""What siting maximizes, per day: hydrogen, round trips, vehicle-km, CO2 of diesel not burnt, or money.

Definitions
-----------
For a row of the demand table with t round trips a day on a route of L km one way:

    kg          t times kg per trip: hydrogen sold                                  kg/d
    trips       t                                                                   round trips/d
    vehicle_km  2 L t                                                               vehicle-km/d
    co2         2 L t times l/km of a diesel vehicle of the class times kg CO2/l    kg CO2/d

Net benefit and least cost are in CNY/d, of whole plans (:mod:`planner.net_benefit`,
:mod:`planner.least_cost`); what is within range or served counts in kg there.

Lengths are those of the row's own route: a detour drives no vehicle-km that count. CO2 is what a diesel
vehicle of the same class would leave at the tailpipe on the same round trips; what making and delivering the
hydrogen emits is not taken off. A point demand makes no trips, and what its hydrogen replaces is not known:
it counts in kg and in money only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner.text import text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from planner.scenario import Objective
    from planner.text import Language

    Floats = NDArray[np.float64]

#: What columns and key figures of an objective end in; below ``unit.`` the unit as people read it.
PER_DAY: Mapping[Objective, str] = {
    "kg": "kg_per_day",
    "trips": "trips_per_day",
    "vehicle_km": "vehicle_km_per_day",
    "co2": "kg_co2_per_day",
    "net_benefit": "cny_per_day",
    "least_cost": "cny_per_day",
}
#: Whether point demands count.
COUNTS_POINTS: Mapping[Objective, bool] = {
    name: name in {"kg", "net_benefit", "least_cost"} for name in PER_DAY
}

#: Objectives in money: of whole plans, not of trips.
IN_MONEY: frozenset[Objective] = frozenset({"net_benefit", "least_cost"})

_BOTH_WAYS = 2.0
_PER_100_KM = 100.0


def unit(objective: Objective, language: Language) -> str:
    """Return the unit of an objective as people read it."""
    return text(f"unit.{PER_DAY[objective]}", language)


def counted_per_day(objective: Objective) -> str:
    """Return what columns end in that count trips: the objective's, of money kilograms."""
    return PER_DAY["kg" if objective in IN_MONEY else objective]


def trip_amounts(
    objective: Objective, demand: pd.DataFrame, length_km: Floats, values: Mapping[str, float]
) -> Floats:
    """Return what each row of the demand counts, per day: (n_rows,) float64.

    Parameters
    ----------
    objective
        What counts.
    demand
        ``vehicle_class``, ``trips_per_day``, ``kg_per_day``.
    length_km
        (n_rows,) float64, one way.
    values
        Assumptions in force: ``carbon.*``.
    """
    if objective in IN_MONEY or objective == "kg":
        return demand["kg_per_day"].to_numpy(dtype=np.float64)
    trips = demand["trips_per_day"].to_numpy(dtype=np.float64)
    if objective == "trips":
        return trips
    vehicle_km: Floats = trips * _BOTH_WAYS * length_km
    if objective == "vehicle_km":
        return vehicle_km
    return (
        vehicle_km * diesel_l_per_km(demand["vehicle_class"], values) * values["carbon.diesel_kg_co2_per_l"]
    )


def margin_cny_per_kg(values: Mapping[str, float]) -> float:
    """Return what a kilogram sold leaves for hydrogen and station: price less electricity, without tax."""
    electricity = values["station.electricity_kwh_per_kg"] * values["economics.electricity_cny_per_kwh"]
    left = values["economics.retail_price_cny_per_kg"] - electricity
    return max(left / (1.0 + values["economics.vat_rate"]), 0.0)


def point_amounts(objective: Objective, kg_per_day: Floats) -> Floats:
    """Return what each point demand counts, per day: its hydrogen, and nothing of all else."""
    return kg_per_day if COUNTS_POINTS[objective] else np.zeros(len(kg_per_day))


def key_figures(objective: Objective, flows: pd.DataFrame, values: Mapping[str, float]) -> dict[str, float]:
    """Return what is asked for, within range and served in the unit of an objective; of kg, money: nothing.

    Parameters
    ----------
    objective
        What counts.
    flows
        ``flows`` of a plan (docs/tables.md).
    values
        Assumptions in force.
    """
    if objective in IN_MONEY or objective == "kg":
        return {}
    per_day = PER_DAY[objective]
    counted = trip_amounts(objective, flows, flows["length_km"].to_numpy(dtype=np.float64), values)
    served = flows["served_kg_per_day"] / flows["kg_per_day"]
    return {
        f"demand_{per_day}": float(counted.sum()),
        f"covered_{per_day}": float((counted * flows["coming_share"]).sum()),
        f"served_{per_day}": float((counted * served).sum()),
    }


def diesel_l_per_km(vehicle_class: pd.Series, values: Mapping[str, float]) -> Floats:
    """Return what diesel vehicles of these classes burn, l/km: (n_rows,) float64."""
    names, row = np.unique(vehicle_class.to_numpy(dtype=object).astype(str), return_inverse=True)
    burnt = np.array([values[f"carbon.diesel_l_per_100km.{name}"] for name in names], dtype=np.float64)
    return (burnt / _PER_100_KM)[row]
