r"""Total cost of ownership of a kilometer, by class, fuel and year, and what it makes buyers choose.

A vehicle bought for P, kept N years and driven D km a year costs per km, with capital recovery factor
:math:`A = r / (1 - (1+r)^{-N})`, residual share s, purchase subsidy u and insurance share i,

.. math:: \frac{P}{D} \Bigl(A \bigl(1 - u - s (1+r)^{-N}\bigr) + i\Bigr) + e\,\pi + w + \tau\,(1 - x) + h_d
          + h_s v - \frac{b}{D},

with use e and price :math:`\pi` of energy, maintenance w, toll :math:`\tau` and exemption x, the driver's
wage :math:`h_d` (the same for every fuel), time h_s standing at a pump or charger at the value of time v, and
operating subsidy b; all over 1 - payload lost, because the missing tonnes need more kilometers. P falls
toward the price of a diesel vehicle: the surplus shrinks by a fixed rate a year, the chassis does not.

Buyers choose by a multinomial logit on cost relative to diesel, share :math:`\propto e^{-\mu c_f / c_d}`: a
fuel 1 % of the diesel cost dearer is chosen :math:`e^{-\mu/100}` times as often (McFadden 1974). A fleet
holds the purchases of the last N years.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from demand.diffusion import key_faults
from demand.inputs import NON_NEGATIVE, POSITIVE, SHARE, TRUCK_CLASSES, VEHICLE_CLASSES, YEAR, Limits

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from corridor.errors import Fault

FUELS = ("fuel_cell", "diesel", "battery")

#: Parts of the cost of a kilometer, in the order of a table.
PARTS = ("capital", "insurance", "energy", "maintenance", "toll", "driver", "stops", "subsidy", "payload")

#: Axle class (JT/T 489-2019) by which a truck pays toll; coaches pay a rate of their own.
AXLE_CLASSES = {"tractor_49t": 6, "rigid_31t": 4, "rigid_18t": 2, "light_9t": 2, "light_4t5": 1}

#: Axle class whose tolls the routes carry (corridor.costs).
ROUTE_AXLE_CLASS = 6

#: Year of the purchase prices.
PRICE_YEAR = 2025

_CNY_PER_WAN = 1e4
_PER_100_KM = 100.0


def limits() -> dict[str, Limits]:
    """Return every key the cost needs and the interval of its value."""
    below_one = Limits(high=0.9)
    table = {
        "economics.discount_rate": Limits(high=1.0, low_open=True),
        "economics.retail_price_cny_per_kg": NON_NEGATIVE,
        "road.value_of_time_cny_per_h": NON_NEGATIVE,
        "road.toll_etc_discount": SHARE,
        "ownership.life_years": Limits(low=1.0, high=40.0),
        "ownership.days_per_year": Limits(high=366.0, low_open=True),
        "ownership.insurance_share": SHARE,
        "ownership.diesel_cny_per_l": NON_NEGATIVE,
        "ownership.electricity_cny_per_kwh": NON_NEGATIVE,
        "ownership.kwh_per_kg_hydrogen": POSITIVE,
        "ownership.driver_cny_per_h": NON_NEGATIVE,
        "ownership.coach_toll_cny_per_km": NON_NEGATIVE,
        "ownership.toll_exempt_share": SHARE,
        "ownership.purchase_subsidy_share": below_one,
        "ownership.operating_subsidy_wan_cny_per_year": NON_NEGATIVE,
        "ownership.logit_scale": NON_NEGATIVE,
        "ownership.first_sales_year": YEAR,
    }
    for fuel in FUELS:
        table[f"ownership.residual_share.{fuel}"] = below_one
        table[f"ownership.stop_hours_per_100km.{fuel}"] = NON_NEGATIVE
        if fuel != "diesel":
            table[f"ownership.surplus_decline_per_year.{fuel}"] = below_one
            table[f"ownership.maintenance_factor.{fuel}"] = NON_NEGATIVE
            table[f"ownership.payload_loss_share.{fuel}"] = below_one
    for axles in sorted(set(AXLE_CLASSES.values())):
        table[f"road.toll_cny_per_km.motorway.{axles}"] = NON_NEGATIVE
    for name in VEHICLE_CLASSES:
        table[f"carbon.diesel_l_per_100km.{name}"] = NON_NEGATIVE
        table[f"ownership.maintenance_cny_per_km.{name}"] = NON_NEGATIVE
        table[f"vehicle.{name}.km_per_day"] = POSITIVE
        for fuel in FUELS:
            table[f"ownership.price_wan_cny.{name}.{fuel}"] = POSITIVE
    return table


def ownership_faults(assumptions: Mapping[str, float]) -> list[Fault]:
    """Return everything wrong with the keys the cost needs."""
    return key_faults(assumptions, limits())


def cost_per_km(work: pd.DataFrame, assumptions: Mapping[str, float], *, year: int) -> pd.DataFrame:
    """Return what a kilometer costs in a vehicle bought in a year.

    Parameters
    ----------
    work
        What vehicles do, index vehicle class: ``kg_per_km`` (hydrogen), ``hours_per_km``, ``tolled_share``
        (of the kilometers), as :func:`demand.adoption.modeled_work` returns it.
    assumptions
        Value by key, in the intervals of :func:`limits`.
    year
        Of purchase.

    Returns
    -------
    pandas.DataFrame
        Index (``vehicle_class``, ``fuel``), CNY/km: the ``PARTS`` and their sum ``total``; a subsidy is
        negative.
    """
    done = work.to_dict("index")
    rows = [
        [parts[part] for part in PARTS]
        for name, row in done.items()
        for parts in (_parts(str(name), fuel, row, assumptions, year) for fuel in FUELS)
    ]
    values = np.array(rows, dtype=np.float64)
    index = pd.MultiIndex.from_product([work.index, FUELS], names=["vehicle_class", "fuel"])
    return pd.DataFrame(np.column_stack([values, values.sum(axis=1)]), index=index, columns=[*PARTS, "total"])


def purchase_price(name: str, fuel: str, assumptions: Mapping[str, float], *, year: int) -> float:
    """Return the price of a new vehicle of a class, CNY, before subsidy."""
    diesel = assumptions[f"ownership.price_wan_cny.{name}.diesel"]
    surplus = assumptions[f"ownership.price_wan_cny.{name}.{fuel}"] - diesel
    if fuel != "diesel":
        surplus *= (1.0 - assumptions[f"ownership.surplus_decline_per_year.{fuel}"]) ** (year - PRICE_YEAR)
    return (diesel + surplus) * _CNY_PER_WAN


def _parts(
    name: str, fuel: str, row: Mapping[Hashable, float], values: Mapping[str, float], year: int
) -> dict[str, float]:
    """Return the parts of one class and fuel, CNY/km."""
    price = purchase_price(name, fuel, values, year=year)
    is_hydrogen, other = fuel == "fuel_cell", fuel != "diesel"
    rate, life = values["economics.discount_rate"], values["ownership.life_years"]
    km_per_year = values[f"vehicle.{name}.km_per_day"] * values["ownership.days_per_year"]
    recovery = rate / (1.0 - (1.0 + rate) ** -life)
    residual = values[f"ownership.residual_share.{fuel}"] * (1.0 + rate) ** -life
    subsidy = values["ownership.purchase_subsidy_share"] if is_hydrogen else 0.0
    yearly = values["ownership.operating_subsidy_wan_cny_per_year"] if is_hydrogen else 0.0
    exempt = values["ownership.toll_exempt_share"] if is_hydrogen else 0.0
    stopped_h = values[f"ownership.stop_hours_per_100km.{fuel}"] / _PER_100_KM
    wear = values[f"ownership.maintenance_factor.{fuel}"] if other else 1.0
    parts = {
        "capital": price * recovery * (1.0 - residual) / km_per_year,
        "insurance": price * values["ownership.insurance_share"] / km_per_year,
        "energy": _energy(name, fuel, row["kg_per_km"], values),
        "maintenance": values[f"ownership.maintenance_cny_per_km.{name}"] * wear,
        "toll": row["tolled_share"] * toll_rate(name, values) * (1.0 - exempt),
        "driver": row["hours_per_km"] * values["ownership.driver_cny_per_h"],
        "stops": stopped_h * values["road.value_of_time_cny_per_h"],
        "subsidy": 0.0 - (price * recovery * subsidy + yearly * _CNY_PER_WAN) / km_per_year,
    }
    lost = values[f"ownership.payload_loss_share.{fuel}"] if other else 0.0
    return parts | {"payload": sum(parts.values()) * lost / (1.0 - lost)}


def _energy(name: str, fuel: str, kg_per_km: float, values: Mapping[str, float]) -> float:
    """Return the energy of a kilometer, CNY."""
    if fuel == "fuel_cell":
        return kg_per_km * values["economics.retail_price_cny_per_kg"]
    if fuel == "battery":
        kwh_per_km = kg_per_km * values["ownership.kwh_per_kg_hydrogen"]
        return kwh_per_km * values["ownership.electricity_cny_per_kwh"]
    liters_per_km = values[f"carbon.diesel_l_per_100km.{name}"] / _PER_100_KM
    return liters_per_km * values["ownership.diesel_cny_per_l"]


def toll_rate(name: str, assumptions: Mapping[str, float]) -> float:
    """Return the toll of a tolled kilometer after discount, CNY."""
    if name not in TRUCK_CLASSES:
        listed = assumptions["ownership.coach_toll_cny_per_km"]
    else:
        listed = assumptions[f"road.toll_cny_per_km.motorway.{AXLE_CLASSES[name]}"]
    return listed * (1.0 - assumptions["road.toll_etc_discount"])


def purchase_shares(cost: pd.DataFrame, *, scale: float) -> pd.DataFrame:
    """Return the share of each fuel among purchases, 0-1: index vehicle class, a column per fuel.

    Parameters
    ----------
    cost
        As :func:`cost_per_km` returns it, in its order.
    scale
        Logit scale on cost relative to diesel.
    """
    total = cost["total"].to_numpy().reshape(-1, len(FUELS))
    utility = -scale * total / total[:, [FUELS.index("diesel")]]
    # Subtracting the largest keeps the exponential finite and the shares as they are.
    weight = np.exp(utility - utility.max(axis=1, keepdims=True))
    shares = weight / weight.sum(axis=1, keepdims=True)
    return pd.DataFrame(shares, index=cost.index.unique("vehicle_class"), columns=list(FUELS))


def fleet_shares(work: pd.DataFrame, assumptions: Mapping[str, float], *, year: int) -> pd.DataFrame:
    """Return the share of each fuel in the fleet of a year, 0-1: index vehicle class, a column per fuel.

    The mean over the purchases of the last N years. Before ``ownership.first_sales_year`` all bought diesel.

    Parameters
    ----------
    work, assumptions
        As for :func:`cost_per_km`.
    year
        Of the fleet.
    """
    life = assumptions["ownership.life_years"]
    scale, first = assumptions["ownership.logit_scale"], assumptions["ownership.first_sales_year"]
    total = pd.DataFrame(0.0, index=work.index, columns=list(FUELS))
    for age in range(math.ceil(life)):
        kept, bought = min(1.0, life - age), year - age  # of the oldest, a part of the year's purchases
        if bought < first:
            total["diesel"] += kept
        else:
            total += kept * purchase_shares(cost_per_km(work, assumptions, year=bought), scale=scale)
    return total / life


def break_even_hydrogen(cost: pd.DataFrame, *, kg_per_km: pd.Series, price: float, against: str) -> pd.Series:
    """Return the hydrogen price at which a kilometer costs as much as with another fuel, CNY/kg, by class.

    Parameters
    ----------
    cost
        As :func:`cost_per_km` returns it.
    kg_per_km
        Hydrogen, index vehicle class.
    price
        Hydrogen price of ``cost``, CNY/kg.
    against
        The other fuel.

    Returns
    -------
    pandas.Series
        Negative where hydrogen would have to be paid for by somebody else.
    """
    by_class = cost.xs("fuel_cell", level="fuel")
    other = cost.xs(against, level="fuel")["total"]
    # Lost payload scales every part alike, hydrogen too.
    scaled = by_class["total"] / (by_class["total"] - by_class["payload"])
    return price + (other - by_class["total"]) / (kg_per_km * scaled)
