"""Tables of the printed plan: whole, as text, in the order of the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from planner import plan_charts
from planner.drawing.figures import money, number, share, with_unit
from planner.plan import records
from planner.station_numbers import numbered
from planner.text import Language, text
from siting.supply_network import ON_SITE_BASE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.inputs import Inputs
    from planner.plan import Plan

_MARKS = {"new": "●", "existing": "○"}


class PrintTable(NamedTuple):
    """A table as text: headings, rows, and how many columns from the left are words rather than figures."""

    headings: list[str]
    rows: list[list[str]]
    words: int


def siting_table(plan: Plan, inputs: Inputs, language: Language) -> PrintTable:
    """Return every station of a plan."""
    headings = ("station", "place", "form", "base", "size", "load", "utilization", "wait")
    prices = ("delivered", "nozzle", "capex")
    names = _base_names(inputs, language)
    rows = [
        [
            f"{_MARKS[row['status']]} {row['number']}",
            str(row[f"name_{language}"]),
            _place(row),
            text(f"form.{row['form'] or 'unknown'}", language),
            names.get(row["base_id"], str(row["base_id"] or "–")),
            number(row["capacity_kg_per_day"]),
            number(row["load_kg_per_day"]),
            share(row["utilization"]),
            number(row.get("wait_p95_min"), 1),
            number(row["hydrogen_cny_per_kg"], 1),
            number(row["nozzle_cost_cny_per_kg"], 1),
            number(row["capex_wan_cny"] if row["status"] == "new" else None),
        ]
        for row in records(numbered(plan))
    ]
    return PrintTable(["#", *(text(f"print.{name}", language) for name in (*headings, *prices))], rows, 5)


def supply_table(plan: Plan, inputs: Inputs, language: Language) -> PrintTable:
    """Return every supply link that brings hydrogen, by station."""
    columns = ("station", "from_base", "mode")
    figures = ("kg", "production", "delivery", "delivered", "green")
    stations = {row["site_id"]: row for row in records(numbered(plan))}
    names = _base_names(inputs, language)
    links = [row for row in records(plan.supply) if row["kg_per_day"] > 0.0]
    links.sort(key=lambda row: stations[row["site_id"]]["number"])
    rows = [
        [
            str(stations[row["site_id"]]["number"]),
            str(stations[row["site_id"]][f"name_{language}"]),
            names.get(row["base_id"], str(row["base_id"])),
            text(f"mode.{row['mode']}", language),
            number(row["distance_km"]),
            number(row["kg_per_day"]),
            number(row["production_cny_per_kg"], 2),
            number(row["delivery_cny_per_kg"], 2),
            number(row["delivered_cny_per_kg"], 2),
            "✓" if row["green"] else "–",
        ]
        for row in links
    ]
    said = [*(text(f"print.{name}", language) for name in columns), "km"]
    return PrintTable(["#", *said, *(text(f"print.{name}", language) for name in figures)], rows, 4)


def cost_table(plan: Plan, language: Language) -> PrintTable:
    """Return what a kilogram costs at the nozzle, by part and group of stations."""
    stack = plan_charts.cost_stack(plan)
    scopes = list(dict.fromkeys(stack["scope"]))
    amount = {(row["part"], row["scope"]): row["cny_per_kg"] for row in records(stack)}
    rows = [
        [text(f"charts.{part}", language), *(number(amount[part, scope], 2) for scope in scopes)]
        for part in dict.fromkeys(stack["part"])
    ]
    totals = stack.groupby("scope", sort=False)["total_cny_per_kg"].first()
    rows.append([text("print.total", language), *(number(totals[scope], 2) for scope in scopes)])
    headings = [text("charts.part", language), *(text(f"charts.scope_{scope}", language) for scope in scopes)]
    return PrintTable(headings, rows, 1)


def key_figures(plan: Plan, language: Language) -> dict[str, str]:
    """Return the key figures of the page with their units and remarks."""
    figures = plan.kpis
    capex = " ".join(money(figures["capex_wan_cny"], language))
    served = text(
        "kpi.served_note",
        language,
        share=share(figures["served_share"], 1),
        demand=with_unit(figures["demand_kg_per_day"], "kg_per_day", language),
    )
    built = text(
        "kpi.capex_note",
        language,
        capacity=with_unit(figures["capacity_new_kg_per_day"], "kg_per_day", language),
        area=with_unit(figures["footprint_new_m2"], "m2", language),
    )
    stations = text(
        "kpi.stations_value",
        language,
        new=number(figures["stations_new"]),
        existing=number(figures["stations_existing"]),
    )
    values = {
        "served": (with_unit(figures["served_kg_per_day"], "kg_per_day", language), served),
        "stations": (stations, text("kpi.stations_note", language)),
        "capex": (capex, built),
        "hydrogen": (
            with_unit(figures["hydrogen_cny_per_kg"], "cny_per_kg", language, digits=1),
            text("kpi.hydrogen_note", language),
        ),
        "green": (share(figures["green_share"]), text("kpi.green_note", language)),
    }
    return {text(f"kpi.{name}", language): f"{value} · {note}" for name, (value, note) in values.items()}


def _place(row: Mapping[str, Any]) -> str:
    """Return road and km post."""
    post = row["km_post"]
    kilometer = "" if post is None or pd.isna(post) else f" K{post:.0f}"
    return f"{row['road_ref'] or '–'}{kilometer}"


def _base_names(inputs: Inputs, language: Language) -> dict[str, str]:
    """Return the names of bases by id."""
    names = inputs.bases[f"name_{language}"]
    return {str(key): str(name) for key, name in names.items()} | {
        ON_SITE_BASE: text("mode.on_site", language)
    }
