"""The roll-out of a plan: what each year adds and serves, and what is built or enlarged in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from planner.drawing.figures import money, number, share
from planner.text import Language, text
from planner.views.style import escaped
from planner.views.tables import MARKS, numbered

if TYPE_CHECKING:
    from planner.plan import Plan

#: As on the map new stations are filled; what grows has an arrow, as in the lines of the years.
_MARKS = {"built": MARKS["new"], "enlarged": "↑"}

#: Columns after the name: key of the heading, format, width.
_COLUMNS: dict[str, tuple[str, str | None, int]] = {
    "only_here_kg_per_day": ("rollout.only_here_short", "%,.0f", 80),
    "action": ("column.action", None, 64),
    "added_kg_per_day": ("rollout.added_short", "%,.0f", 76),
    "capex_wan_cny": ("rollout.capex_short", "%,.0f", 92),
    "capacity_kg_per_day": ("table.capacity_short", "%,.0f", 76),
    "load_kg_per_day": ("table.load_short", "%,.0f", 76),
    "utilization": ("table.utilization_short", "%.0f%%", 72),
}


def draw(plan: Plan, language: Language) -> None:
    """Draw a line per year, and below it what is built and enlarged."""
    st.html(lines(plan, language))
    st.caption(text("rollout.told", language))
    column = st.column_config
    configured: dict[str, Any] = {
        "year": column.TextColumn(text("column.year", language), width=46, pinned=True),
        "number": column.TextColumn("#", width=46, pinned=True),
        "name": column.TextColumn(text(f"column.name_{language}", language), width=126),
    }
    for name, (heading, form, width) in _COLUMNS.items():
        title, told = text(heading, language), text(f"column.{name}", language)
        configured[name] = (
            column.TextColumn(title, width=width)
            if form is None
            else column.NumberColumn(title, format=form, width=width, help=told)
        )
    st.dataframe(
        rows(plan, language),
        height="stretch",
        hide_index=True,
        placeholder="–",
        key="rollout-table",
        alt=text("rollout.table_alt", language),
        column_order=tuple(configured),
        column_config=configured,
    )


def years(plan: Plan) -> pd.DataFrame:
    """Return the years of the roll-out.

    Returns
    -------
    pandas.DataFrame
        Index ``year``, ascending: ``stations`` (new ones standing), ``built`` and ``enlarged`` in the year,
        ``capex_wan_cny`` (of that step), ``served_kg_per_day``, ``demand_kg_per_day``, ``served_share`` (NaN
        without demand).
    """
    found = []
    for year in (*plan.scenario.earlier_years, plan.scenario.year):
        done = plan.rollout.loc[plan.rollout["year"] == year, "action"].value_counts()
        served, demand = (plan.kpis[f"{what}_kg_per_day_{year}"] for what in ("served", "demand"))
        found.append(
            {
                "year": year,
                "stations": int(plan.kpis[f"stations_new_{year}"]),
                "built": int(done.get("built", 0)),
                "enlarged": int(done.get("enlarged", 0)),
                "capex_wan_cny": plan.kpis[f"capex_wan_cny_{year}"],
                "served_kg_per_day": served,
                "demand_kg_per_day": demand,
                "served_share": served / demand if demand > 0.0 else float("nan"),
            }
        )
    return pd.DataFrame(found).set_index("year")


def lines(plan: Plan, language: Language) -> str:
    """Return the years as an HTML table."""
    heads = ("year", "stations", "capex", "served", "share")
    head = "".join(f"<th>{escaped(text(f'rollout.{name}', language))}</th>" for name in heads)
    body = ""
    for year, row in years(plan).to_dict("index").items():
        steps = [
            text(f"rollout.{name}_count", language, count=row[name])
            for name in ("built", "enlarged")
            if row[name]
        ]
        done = f"{row['stations']} <small>{escaped(' '.join(steps))}</small>"
        served, demand = (number(row[f"{what}_kg_per_day"]) for what in ("served", "demand"))
        cells = [
            f"<b>{year}</b>",
            done,
            escaped(" ".join(money(row["capex_wan_cny"], language))),
            escaped(text("rollout.served_of", language, served=served, demand=demand)),
            f"<b>{escaped(share(row['served_share'], 1))}</b>",
        ]
        body += f'<tr data-year="{year}">{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
    return f'<table class="years"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def rows(plan: Plan, language: Language) -> pd.DataFrame:
    """Return what is built or enlarged, in the order of the plan, numbered as on the map."""
    table = plan.rollout[plan.rollout["added_kg_per_day"] > 0.0]
    number_of = numbered(plan).set_index("site_id")["number"]
    return table.assign(
        year=table["year"].astype(str),
        number=table["action"].map(_MARKS) + " " + table["site_id"].map(number_of).astype(str),
        name=table[f"name_{language}"],
        action=table["action"].map(lambda action: text(f"rollout.{action}", language)),
        utilization=100.0 * table["utilization"],
    )
