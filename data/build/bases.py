"""Hydrogen supply bases: capacity by year and production cost, from ``facts/bases.csv``.

A capacity is what a source states (``sourced_…``) plus planning units of 1,000 Nm3/h; electrolysis costs what
its electricity costs, by a rule. Both rules stand here so that nobody mistakes their results for data.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

FACTS = Path(__file__).parent / "facts"
YEARS = (2027, 2030, 2035)

KG_PER_NM3 = 0.0899
"""Density of hydrogen at 0 °C and 101.325 kPa."""

UNIT_KG_PER_DAY = round(1_000 * 24 * KG_PER_NM3)
"""One planning unit: an electrolyzer or purification train of 1,000 Nm3/h, 2,158 kg/d."""

KWH_PER_KG = 52.0
"""Alkaline electrolysis, system, AC: middle of 50-55 kWh/kg (general knowledge)."""

OTHER_CNY_PER_KG = {"low": 3.0, "production_cny_per_kg": 4.0, "high": 5.0}
"""Capital, water, operation and maintenance at 4,000-6,000 h/yr and 3,000 CNY/kW installed."""

PRICES = {
    "low": "electricity_low",
    "production_cny_per_kg": "electricity_cny_per_kwh",
    "high": "electricity_high",
}
BASE_COLUMNS = (
    "base_id",
    "kind",
    "name_zh",
    "name_en",
    "lon",
    "lat",
    *(f"capacity_kg_per_day_{year}" for year in YEARS),
    "production_cny_per_kg",
    "low",
    "high",
    "green",
    "position_quality",
    "source",
    "confidence",
    "note",
)


def bases(facts: pd.DataFrame) -> pd.DataFrame:
    """Return the bases table from the hand-entered facts, same rows.

    Parameters
    ----------
    facts
        ``units_<year>`` (count of planning units), ``sourced_kg_per_day_<year>``, and either the price of
        electricity (``electricity_…``, CNY/kWh) or the cost itself (CNY/kg).
    """
    table = facts.copy()
    for year in YEARS:
        planned = facts[f"units_{year}"] * UNIT_KG_PER_DAY
        table[f"capacity_kg_per_day_{year}"] = planned + facts[f"sourced_kg_per_day_{year}"].fillna(0).astype(
            int
        )
    for cost, price in PRICES.items():
        derived = (KWH_PER_KG * facts[price] + OTHER_CNY_PER_KG[cost]).round(1)
        table[cost] = facts[cost].astype("float64").fillna(derived)
    table["position_quality"] = "approx"
    return table.loc[:, list(BASE_COLUMNS)]


def main(sources: Path, out: Path) -> None:
    """Write ``bases.csv``; nothing of ``sources`` is needed."""
    del sources
    table = bases(pd.read_csv(FACTS / "bases.csv"))
    table["green"] = table["green"].map({True: "true", False: "false"})
    table.to_csv(out / "bases.csv", index=False, lineterminator="\n")
    print(f"bases: {len(table)} rows")
