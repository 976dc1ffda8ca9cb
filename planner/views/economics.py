"""The accounts of the stations of a plan: sums first, then each station, numbered as on the map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from planner.drawing.figures import number, share
from planner.economics import totals
from planner.nozzle_costs import HYDROGEN_PARTS, STATION_PARTS
from planner.text import Language, text
from planner.views.tables import MARKS, numbered

if TYPE_CHECKING:
    from planner.plan import Plan

#: Columns shown first under a short heading: key of the heading, format, width.
_SHORT: dict[str, tuple[str, str, int]] = {
    "levelized_cost_cny_per_kg": ("cost_short", "%.1f", 76),
    "break_even_cny_per_kg": ("even_short", "%.1f", 84),
    "npv_wan_cny": ("npv_short", "%,.0f", 84),
    "irr": ("irr_short", "%.1f%%", 64),
    "payback_years": ("payback_short", "%.1f", 72),
    "subsidy_need_cny_per_kg": ("need_short", "%.1f", 84),
}

#: What a kilogram costs at the nozzle, by part: columns of the table of nozzle costs, shown after them.
_AT_NOZZLE = (*HYDROGEN_PARTS, "station_cny_per_kg", *STATION_PARTS)

#: Columns shown last, under the headings of the files, as those at the nozzle.
_LONG = (
    "irr_basis",
    "annualized_cost_wan_cny_per_year",
    "sales_wan_cny_per_year",
    "subsidy_wan_cny_per_year",
    "production_wan_cny_per_year",
    "delivery_wan_cny_per_year",
    "electricity_wan_cny_per_year",
    "fixed_opex_wan_cny_per_year",
    "staff_wan_cny_per_year",
    "land_wan_cny_per_year",
    "capital_wan_cny_per_year",
    "investment_wan_cny",
    "grant_wan_cny",
    "npv_without_subsidy_wan_cny",
    "discounted_payback_years",
    "subsidy_need_wan_cny",
    "kg_per_year",
    "co2_avoided_t_per_year",
)

_YEARS, _MONEY = "%.1f", "%,.0f"


def draw(plan: Plan, language: Language) -> None:
    """Draw the accounts under the terms they are drawn up on."""
    if plan.economics.empty:
        st.info(text("table.empty", language))
        return
    st.caption(terms(plan, language))
    title = f"name_{language}"
    column = st.column_config
    configured: dict[str, Any] = {
        "number": column.TextColumn("#", width=44, pinned=True),
        title: column.TextColumn(text(f"column.{title}", language), width=104),
    }
    for name, (short, form, width) in _SHORT.items():
        configured[name] = column.NumberColumn(text(f"economics.{short}", language), format=form, width=width)
    for name in _AT_NOZZLE:
        configured[name] = column.NumberColumn(text(f"column.{name}", language), format="%.2f")
    for name in _LONG:
        heading = text(f"column.{name}", language)
        form = _YEARS if name.endswith("_years") else _MONEY
        is_text = name == "irr_basis"
        configured[name] = (
            column.TextColumn(heading) if is_text else column.NumberColumn(heading, format=form)
        )
    st.dataframe(
        rows(plan, language),
        height="stretch",
        hide_index=True,
        placeholder="–",
        key="economics-table",
        alt=text("economics.table_alt", language),
        column_order=tuple(configured),
        column_config=configured,
    )


def terms(plan: Plan, language: Language) -> str:
    """Return what the accounts assume, in one or two sentences."""
    assumed = plan.provenance["terms"]
    said = text(
        "economics.terms",
        language,
        retail=number(assumed["retail_cny_per_kg"], 1),
        rate=share(assumed["discount_rate"], 1),
        years=number(assumed["lifetime_years"]),
    )
    has_existing = (plan.stations["status"] == "existing").any()
    return f"{said} {text('economics.sunk', language)}" if has_existing else said


def rows(plan: Plan, language: Language) -> pd.DataFrame:
    """Return the rows as shown: sums, then stations with their number on the page; rates in percent."""
    costs = plan.nozzle_costs
    sums = totals(plan).join(costs[costs["scope"] != "station"].set_index("scope")[list(_AT_NOZZLE)])
    named = {f"name_{language}": [text(f"economics.{scope}", language) for scope in sums.index]}
    stations = numbered(plan)[["site_id", "number", "status"]]
    marked = stations.assign(number=stations["status"].map(MARKS) + " " + stations["number"].astype(str))
    each = marked[["site_id", "number"]].merge(plan.economics, on="site_id")
    each = each.join(costs.set_index("site_id")[list(_AT_NOZZLE)], on="site_id")
    every = pd.concat([sums.assign(number="Σ", **named).reset_index(drop=True), each], ignore_index=True)
    return every.assign(
        irr=100.0 * every["irr"],
        irr_basis=[text(f"economics.{basis}", language) for basis in every["irr_basis"]],
    )
