"""The supply network of the assumptions: electrolysis, seasons of hydropower, storage, on-site electrolysis.

Electrolysis costs what its electricity costs in the month, the wear of its stack, which is replaced after so
many hours of use, and the annuity and fixed cost of the plant, whether it runs or not. By-product costs its
price, purified. The seasons are those of Sichuan's power market (general knowledge): wet from June to
October, dry from December to April, flat in May and November.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError
from siting.cash_flow import annuity
from siting.supply_network import MONTHS, Bases, OnSite, Storage, SupplyNetwork

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Season of each month.
SEASONS: tuple[str, ...] = ("dry",) * 4 + ("flat",) + ("wet",) * 5 + ("flat", "dry")

_HOURS_PER_DAY = 24.0

#: Keys of the assumptions, and the interval each must lie in.
_POSITIVE = (0.0, np.inf, False)
_FROM_ZERO = (0.0, np.inf, True)
_SHARE = (0.0, 1.0, True)
_KEYS: Mapping[str, tuple[float, float, bool]] = {
    **{f"supply.electricity_cny_per_kwh.{season}": _FROM_ZERO for season in ("wet", "flat", "dry")},
    "supply.grid_fee_cny_per_kwh": _FROM_ZERO,
    "supply.electrolyzer.kwh_per_kg": _POSITIVE,
    "supply.electrolyzer.module_kg_per_day": _POSITIVE,
    "supply.electrolyzer.module_kw": _POSITIVE,
    "supply.electrolyzer.cny_per_kw": _FROM_ZERO,
    "supply.electrolyzer.life_years": _POSITIVE,
    "supply.electrolyzer.fixed_share": _FROM_ZERO,
    "supply.electrolyzer.stack_share": _SHARE,
    "supply.electrolyzer.stack_life_h": _POSITIVE,
    "supply.electrolyzer.availability": (0.0, 1.0, False),
    "supply.electrolyzer.least_use": _SHARE,
    "supply.storage.cny_per_kg": _FROM_ZERO,
    "supply.storage.life_years": _POSITIVE,
    "supply.storage.fixed_share": _FROM_ZERO,
    "supply.storage.kwh_per_kg": _FROM_ZERO,
    "supply.storage.loss_per_month": (0.0, 0.999, True),
    "supply.on_site.kwh_per_kg": _POSITIVE,
    "supply.on_site.cny_per_kw": _FROM_ZERO,
    "economics.discount_rate": (0.0, 10.0, True),
    "economics.electricity_cny_per_kwh": _FROM_ZERO,
    "delivery.electricity_cny_per_kwh": _FROM_ZERO,
}


def supply_network(
    bases: pd.DataFrame,
    values: Mapping[str, float],
    *,
    on_site: bool = False,
    trailers: Mapping[str, float] | None = None,
) -> SupplyNetwork:
    """Return the supply network of a year.

    Parameters
    ----------
    bases
        Index ``base_id``; columns ``kind`` (``electrolysis``: in whole modules, as many as fit its capacity;
        else by-product), ``capacity_kg_per_day`` (the most of the year), ``production_cny_per_kg`` (price of
        by-product), ``green``; ``modules_there``, where some stand already.
    values
        Assumptions by key: ``supply.*``, the discount rate and prices of electricity.
    on_site
        Whether stations may make hydrogen themselves.
    trailers
        That there are, by mode.

    Raises
    ------
    InputError
        For missing or impossible assumptions, and capacities that are negative or unknown.
    """
    faults = _faults(values)
    capacity = bases["capacity_kg_per_day"].to_numpy(dtype=np.float64)
    for base in bases.index[~((capacity >= 0.0) & np.isfinite(capacity))]:
        faults.append(Fault("a capacity is negative or unknown", f"base {base}", "Correct it"))
    if faults:
        raise InputError(faults)
    return SupplyNetwork(
        bases=_bases(bases, capacity, values),
        storage=_storage(values),
        on_site=_on_site(values) if on_site else None,
        trailers=trailers or {},
    )


def check_supply_values(values: Mapping[str, float]) -> None:
    """Refuse assumptions no supply can have, before any work is done.

    Raises
    ------
    InputError
        With one fault per key.
    """
    if faults := _faults(values):
        raise InputError(faults)


def levelized_cny_per_kg(
    values: Mapping[str, float], *, hours: float, electricity_cny_per_kwh: float
) -> float:
    """Return what electrolysis costs at a price of electricity and hours of full load a year, CNY/kg.

    Parameters
    ----------
    values
        Assumptions by key.
    hours
        Of full load, above 0.
    electricity_cny_per_kwh
        Mean of what is used.
    """
    each = _electrolyzer(values)
    yearly_kg = values["supply.electrolyzer.module_kg_per_day"] * hours / _HOURS_PER_DAY
    power = values["supply.electrolyzer.kwh_per_kg"] * electricity_cny_per_kwh
    return power + each["wear"] + (each["capital"] + each["fixed"]) / yearly_kg


def _faults(values: Mapping[str, float]) -> list[Fault]:
    """Return what is wrong with the assumptions."""
    faults = []
    for key, (low, high, may_be_low) in _KEYS.items():
        value = values.get(key, np.nan)
        where = f"assumptions, key {key}"
        if not np.isfinite(value):
            faults.append(Fault("the key is missing", where, "Add it to the assumptions"))
        elif value < low or value > high or (value == low and not may_be_low):
            least = f"from {low:g}" if may_be_low else f"above {low:g}"
            most = f" up to {high:g}" if np.isfinite(high) else ""
            limit = f"a number {least}{most}"
            faults.append(Fault(f"{value!r} is out of range", where, f"Give {limit}"))
    return faults


def _electrolyzer(values: Mapping[str, float]) -> dict[str, float]:
    """Return annuity and fixed cost of a module, CNY/a, and wear of its stack, CNY/kg."""
    own = {key.rpartition(".")[2]: values[key] for key in _KEYS if key.startswith("supply.electrolyzer.")}
    price = own["module_kw"] * own["cny_per_kw"]
    kg_per_h = own["module_kg_per_day"] / _HOURS_PER_DAY
    return {
        "capital": price * annuity(values["economics.discount_rate"], own["life_years"]),
        "fixed": price * own["fixed_share"],
        "wear": price * own["stack_share"] / (own["stack_life_h"] * kg_per_h),
    }


def _bases(table: pd.DataFrame, capacity: Floats, values: Mapping[str, float]) -> Bases:
    """Return the bases."""
    n = len(table)
    splits = (table["kind"] == "electrolysis").to_numpy()
    module = values["supply.electrolyzer.module_kg_per_day"]
    each = _electrolyzer(values)
    fit = np.floor(capacity / module + 1e-6).astype(np.int64)
    there = np.zeros(n, dtype=np.int64)
    if "modules_there" in table:
        there = table["modules_there"].to_numpy(dtype=np.int64)
    fee = values["supply.grid_fee_cny_per_kwh"]
    price = np.array([values[f"supply.electricity_cny_per_kwh.{season}"] + fee for season in SEASONS])
    size = np.where(splits, module * values["supply.electrolyzer.availability"], capacity)
    bought = table["production_cny_per_kg"].to_numpy(dtype=np.float64)
    return Bases(
        base_id=tuple(str(name) for name in table.index),
        green=table["green"].to_numpy(dtype=np.bool_),
        module_kg_per_day=np.repeat(size[:, None], MONTHS, axis=1),
        modules_there=np.where(splits, there, 1),
        modules_most=np.where(splits, np.maximum(fit, there), 1),
        module_cny_per_year=np.where(splits, each["capital"] + each["fixed"], 0.0),
        there_cny_per_year=np.where(splits, each["fixed"], 0.0),
        least_use=np.where(splits, values["supply.electrolyzer.least_use"], 0.0),
        electricity_cny_per_kwh=np.where(splits[:, None], price, np.nan),
        kwh_per_kg=np.where(splits, values["supply.electrolyzer.kwh_per_kg"], 0.0),
        wear_cny_per_kg=np.where(splits, each["wear"], 0.0),
        purchase_cny_per_kg=np.where(splits, 0.0, bought),
    )


def _storage(values: Mapping[str, float]) -> Storage:
    """Return storage at a base; what goes in is compressed at the price of compression for delivery."""
    yearly = annuity(values["economics.discount_rate"], values["supply.storage.life_years"])
    yearly += values["supply.storage.fixed_share"]
    return Storage(
        capacity_cny_per_kg_year=values["supply.storage.cny_per_kg"] * yearly,
        in_cny_per_kg=values["supply.storage.kwh_per_kg"] * values["delivery.electricity_cny_per_kwh"],
        loss_per_month=values["supply.storage.loss_per_month"],
    )


def _on_site(values: Mapping[str, float]) -> OnSite:
    """Return electrolysis at a station: small, on power of the grid; else as at the bases."""
    kwh = values["supply.on_site.kwh_per_kg"]
    kw = kwh / _HOURS_PER_DAY
    price = kw * values["supply.on_site.cny_per_kw"]
    yearly = annuity(values["economics.discount_rate"], values["supply.electrolyzer.life_years"])
    yearly += values["supply.electrolyzer.fixed_share"]
    life_kg = values["supply.electrolyzer.stack_life_h"] / _HOURS_PER_DAY
    return OnSite(
        capacity_cny_per_kg_per_day_year=price * yearly,
        power_cny_per_kg=kwh * values["economics.electricity_cny_per_kwh"],
        wear_cny_per_kg=price * values["supply.electrolyzer.stack_share"] / life_kg,
        availability=values["supply.electrolyzer.availability"],
    )
