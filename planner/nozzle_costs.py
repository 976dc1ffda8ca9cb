"""What a kilogram costs at the nozzle of each station, and what that is made of.

Costs of the hydrogen are those of the links that bring it (table ``supply``), mean by kilogram where several
do; those of the station are its accounts (table ``economics``). All without value-added tax, before any
support and without a margin: what the parts sum to is the levelized cost of the accounts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Parts of the cost of the hydrogen, and the columns of the links each is the sum of.
HYDROGEN_PARTS: Mapping[str, tuple[str, ...]] = {
    "electricity_cny_per_kg": ("electricity_cny_per_kg",),
    "electrolyzer_cny_per_kg": ("electrolyzer_cny_per_kg",),
    "purchase_cny_per_kg": ("purchase_cny_per_kg",),
    "storage_cny_per_kg": ("storage_cny_per_kg",),
    "conversion_cny_per_kg": ("conversion_energy_cny_per_kg", "conversion_plant_cny_per_kg"),
    "transport_cny_per_kg": (
        "vehicles_cny_per_kg",
        "drivers_cny_per_kg",
        "fuel_toll_cny_per_kg",
        "losses_cny_per_kg",
    ),
}

#: Parts of the cost of the station, and the column of the accounts each is.
STATION_PARTS: Mapping[str, str] = {
    f"station_{part}_cny_per_kg": f"{part}_wan_cny_per_year"
    for part in ("capital", "fixed_opex", "staff", "electricity", "land")
}

#: Columns of the table, in order (docs/tables.md), and what they hold.
NOZZLE_COLUMNS = {
    "scope": "object",
    "site_id": "object",
    "name_zh": "object",
    "name_en": "object",
    "status": "object",
    "kg_per_day": "float64",
    **dict.fromkeys(HYDROGEN_PARTS, "float64"),
    **dict.fromkeys(STATION_PARTS, "float64"),
    "station_cny_per_kg": "float64",
    "nozzle_cost_cny_per_kg": "float64",
    "green_share": "float64",
}

_CNY_PER_WAN = 1e4
_DAYS_PER_YEAR = 365.0


def no_nozzle_costs() -> pd.DataFrame:
    """Return the table of a plan without stations: headings only."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in NOZZLE_COLUMNS.items()})


def nozzle_costs(links: pd.DataFrame, economics: pd.DataFrame) -> pd.DataFrame:
    """Return the table ``nozzle_costs`` of docs/tables.md: a row per row of the accounts.

    What a station without hydrogen costs per kilogram is unknown (NaN), its costs count in the sums.

    Parameters
    ----------
    links, economics
        Tables ``supply`` and ``economics`` of docs/tables.md.
    """
    if economics.empty:
        return no_nozzle_costs()
    kg = links["kg_per_day"].astype(np.float64)
    per_day = {
        name: sum((_numbers(links, each) * kg for each in columns), start=0.0 * kg)
        for name, columns in HYDROGEN_PARTS.items()
    }
    per_day |= {"kg_per_day": kg, "green_share": kg * links["green"].astype(np.float64)}
    brought = pd.DataFrame(per_day).groupby(links["site_id"]).sum()
    stations = economics[economics["scope"] == "station"]
    amounts = brought.reindex(stations["site_id"]).fillna(0.0).set_axis(stations.index, axis="index")
    together = {
        str(scope): amounts[(stations["status"] == scope) | (scope == "all")].sum()
        for scope in economics.loc[economics["scope"] != "station", "scope"]
    }
    sums = pd.DataFrame(together).T
    every = pd.concat([amounts, sums]).set_axis(economics.index, axis="index")
    for name, column in STATION_PARTS.items():
        every[name] = economics[column].astype(np.float64) * (_CNY_PER_WAN / _DAYS_PER_YEAR)
    sold = every["kg_per_day"]
    each = every.drop(columns="kg_per_day").div(sold.where(sold > 0.0), axis="index")
    each = each.assign(station_cny_per_kg=each[list(STATION_PARTS)].sum(axis=1, min_count=1))
    total = each[[*HYDROGEN_PARTS, "station_cny_per_kg"]].sum(axis=1, min_count=1)
    named = economics[["scope", "site_id", "name_zh", "name_en", "status"]]
    table = pd.concat([named, sold, each.assign(nozzle_cost_cny_per_kg=total)], axis=1)
    ordered: pd.DataFrame = table[list(NOZZLE_COLUMNS)]
    return ordered


def _numbers(links: pd.DataFrame, column: str) -> pd.Series:
    """Return a column, 0 where it is unknown: of links that bring nothing."""
    numbers: pd.Series = links[column].astype(np.float64).fillna(0.0)
    return numbers
