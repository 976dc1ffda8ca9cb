"""What is known of each station's site: its place on the road, whom it serves, what clauses need a check."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import streamlit as st

from corridor.sites import FLAGS, RULES
from planner.plan import records
from planner.text import Language, text
from planner.views.style import escaped
from planner.views.tables import MARKS, numbered

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from planner.plan import Plan

_UNKNOWN = "–"
#: Flags are told apart by their sign, too.
_SIGNS = {"ok": "✓", "check": "!", "unknown": "?"}


def draw(plan: Plan, language: Language) -> None:
    """Draw the table of sites, and below it the clauses its flags come from."""
    if plan.stations.empty:
        st.info(text("table.empty", language))
        return
    column = st.column_config
    rules = [rule for rule in RULES if f"screen_{rule.rule_id}" in plan.stations]
    clauses = {rule.rule_id: f"{asked(rule, language)} · {rule.clause}" for rule in rules}
    st.dataframe(
        rows(plan, language),
        height="stretch",
        hide_index=True,
        placeholder="–",
        key="screening-table",
        alt=text("table.screening", language),
        column_config={
            "number": column.TextColumn("#", width=44, pinned=True),
            "name": column.TextColumn(text(f"column.name_{language}", language), width=150),
            "place": column.TextColumn(
                text("screening.place", language), help=text("screening.place_help", language)
            ),
            "direction": column.TextColumn(text("column.direction", language)),
            "road_km": column.NumberColumn(text("column.road_km", language), format="%.2f"),
            **{
                f"screen_{rule_id}": column.TextColumn(text(f"screening.{rule_id}", language), help=clause)
                for rule_id, clause in clauses.items()
            },
        },
    )
    items = "".join(
        f"<li><b>{escaped(text(f'screening.{rule.rule_id}', language))}</b>"
        f"{escaped(text('screening.clause', language, asked=asked(rule, language), clause=rule.clause))} "
        f"{escaped(text('screening.grounds', language, needs=needed(rule, language), source=rule.source))} "
        f"{escaped(text('screening.confidence', language, confidence=rule.confidence))}</li>"
        for rule in rules
    )
    with st.expander(text("screening.clauses", language)):
        signs = " · ".join(f"{_SIGNS[flag]} {text(f'flag.{flag}', language)}" for flag in FLAGS)
        st.html(f'<p class="proof-line">{escaped(signs)}</p><ul>{items}</ul>')


def rows(plan: Plan, language: Language) -> pd.DataFrame:
    """Return the table as it is shown; columns the plan does not have are left out."""
    stations = numbered(plan)
    table = stations.assign(
        number=stations["status"].map(MARKS) + " " + stations["number"].astype(str),
        name=stations[f"name_{language}"],
        place=[place(row, language) for row in records(stations)],
    )
    columns = ["number", "name", "place"]
    if "direction" in stations:
        table["direction"] = [direction(row, language) for row in records(stations)]
        columns.append("direction")
    if "road_km" in stations:
        columns.append("road_km")
    for rule in RULES:
        column = f"screen_{rule.rule_id}"
        if column in stations:
            table[column] = [flag(value, language) for value in stations[column]]
            columns.append(column)
    return table[columns]


def place(row: Mapping[str, Any], language: Language) -> str:
    """Return road and km post; what was derived, or is only near, says so."""
    road, post = row.get("road_ref"), row.get("km_post")
    if not road:
        return _UNKNOWN
    if row.get("road_ref_basis") == "nearest":
        road = text("screening.near_road", language, road=road)
    if post is None or not math.isfinite(post):
        return str(road)
    about = "≈" if row.get("km_post_basis") == "derived" else ""
    error = row.get("km_post_error_km")
    margin = f" ±{error:g}" if about and error is not None and math.isfinite(error) else ""
    return f"{road} {about}K{post:g}{margin}"


def direction(row: Mapping[str, Any], language: Language) -> str:
    """Return whom a site serves and on what grounds."""
    served, basis = row.get("direction"), row.get("direction_basis")
    if not served:
        return _UNKNOWN
    said = text(f"screening.{served}", language)
    return said if basis is None else f"{said} · {text(f'screening.{basis}', language)}"


def asked(rule: Any, language: Language) -> str:  # noqa: ANN401  a corridor.sites.Rule
    """Return what a rule asks."""
    return str(rule.what_zh if language == "zh" else rule.what)


def needed(rule: Any, language: Language) -> str:  # noqa: ANN401  a corridor.sites.Rule
    """Return what must be known to decide a rule."""
    return str(rule.needs_zh if language == "zh" else rule.needs)


def flag(value: object, language: Language) -> str:
    """Return a flag with its sign."""
    return f"{_SIGNS[value]} {text(f'screening.flag_{value}', language)}" if value in _SIGNS else _UNKNOWN
