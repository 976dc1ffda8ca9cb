"""Supply in a plan: its tables and key figures out of a solved year (:mod:`siting.supply_year`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from siting.supply_year import SupplyYear

#: Columns of the table of months, in order (docs/tables.md), and what they hold.
SUPPLY_MONTH_COLUMNS = {
    "site_id": "object",
    "base_id": "object",
    "mode": "object",
    "month": "int64",
    "kg": "float64",
}

#: Columns of the table of bases, in order (docs/tables.md), and what they hold.
BASE_COLUMNS = {
    "base_id": "object",
    "name_zh": "object",
    "name_en": "object",
    "kind": "object",
    "month": "int64",
    "green": "bool",
    "modules": "int64",
    "electricity_cny_per_kwh": "float64",
    "produced_kg": "float64",
    "vented_kg": "float64",
    "stored_kg": "float64",
    "taken_kg": "float64",
    "level_kg": "float64",
    "sent_kg": "float64",
    "use_share": "float64",
    "left_kg": "float64",
    "left_cny_per_kg": "float64",
    "expandable_kg": "float64",
    "expansion_cny_per_kg": "float64",
}

_ELECTROLYSIS = "electrolysis"


def no_supply_months() -> pd.DataFrame:
    """Return the table of months of a plan that is supplied with nothing."""
    return _empty(SUPPLY_MONTH_COLUMNS)


def no_bases() -> pd.DataFrame:
    """Return the table of bases of a plan without any."""
    return _empty(BASE_COLUMNS)


def _empty(columns: dict[str, str]) -> pd.DataFrame:
    """Return headings only."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})


def bases_table(supply: SupplyYear, bases: pd.DataFrame) -> pd.DataFrame:
    """Return the bases by month, with their names.

    Parameters
    ----------
    supply
        Of the year.
    bases
        Index ``base_id``: ``name_zh``, ``name_en``, ``kind``.
    """
    table = supply.tables.bases
    named = {name: table["base_id"].map(bases[name]) for name in ("name_zh", "name_en", "kind")}
    ordered: pd.DataFrame = table.assign(**named)[list(BASE_COLUMNS)]
    return ordered


def months_table(supply: SupplyYear) -> pd.DataFrame:
    """Return what each station gets from each base by each mode in each month."""
    table: pd.DataFrame = supply.tables.months[list(SUPPLY_MONTH_COLUMNS)]
    return table.astype(SUPPLY_MONTH_COLUMNS)


def supply_kpis(supply: SupplyYear, bases: pd.DataFrame) -> dict[str, float]:
    """Return the key figures of supply.

    Parameters
    ----------
    supply
        Of the year.
    bases
        Index ``base_id``: ``kind``.
    """
    tables = supply.tables
    links = tables.links
    kg = float(links["kg_per_day"].sum())
    spent = float((links["kg_per_day"] * links["delivered_cny_per_kg"]).sum())
    green = float(tables.stations["green_kg_per_day"].sum())
    splits = bases["kind"].reindex(supply.prices.network.bases.base_id) == _ELECTROLYSIS
    return {
        "hydrogen_cny_per_kg": spent / kg if kg > 0.0 else 0.0,
        "green_share": green / kg if kg > 0.0 else 0.0,
        "supply_shortage_kg_per_day": tables.shortage_kg_per_day,
        **tables.figures(),
        "electrolyzers": float(np.asarray(supply.modules)[splits.to_numpy()].sum()),
    }


def supply_proof(supply: SupplyYear) -> dict[str, Any]:
    """Return cost, bound and parts of the cost of the supply, CNY/a, as plain values."""
    parts = {str(name): float(value) for name, value in supply.tables.cost_cny_per_year.items()}
    return {**supply.certificate.to_dict(), "unit": "CNY/a", "parts": parts}
