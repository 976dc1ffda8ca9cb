"""Sliders of time: the year of the stations drawn, and the month of the supply drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from planner.drawing.figures import number
from planner.scenario import YEARS
from planner.seasons import MONTHS, season_of, supply_of_month
from planner.text import Language, text
from planner.timeline import plan_in, standing_in, with_year, years_of

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.scenario import Scenario
    from planner.views.session import Session

_YEAR = 0

#: Key of the slider of months.
MONTH_KEY = "season-month"


def year_key(scenario: Scenario) -> str:
    """Return the key of the slider of years: one per plan."""
    return f"timeline-{scenario.identity[:12]}"


def drawn(session: Session, plan: Plan, inputs: Inputs, language: Language) -> Plan:
    """Draw both sliders side by side and return the plan as the map is to show it."""
    left, right = st.columns(2, gap="medium")
    with left:
        year = draw(session, plan, language)
    if year is not None:
        return plan_in(plan, inputs, year)
    with right:
        month = season(plan, language)
    return plan if month is None else replace(plan, supply=supply_of_month(plan, month))


def draw(session: Session, plan: Plan, language: Language) -> int | None:
    """Draw the slider of years; return the year before the plan's whose stations are to be drawn, or None.

    A year the plan knows is shown as it stands; any other can be planned with a button.
    """
    with st.container(key="timeline", gap=None):
        year = st.select_slider(
            text("timeline.label", language),
            YEARS,
            value=plan.scenario.year,
            key=year_key(plan.scenario),
            help=text("timeline.help", language),
        )
        if year in years_of(plan):
            st.caption(told(plan, year, language))
            return year if year != plan.scenario.year else None
        is_asked = session.job is not None and session.draft.year == year
        st.button(
            text("timeline.planning" if is_asked else "timeline.plan", language, year=year),
            key=f"timeline-plan-{year}",
            icon=":material/event:",
            disabled=is_asked,
            on_click=_plan,
            args=(session, year),
        )
    return None


def _plan(session: Session, year: int) -> None:
    """Plan another year."""
    session.apply(with_year(session.draft, year))


def told(plan: Plan, year: int, language: Language) -> str:
    """Return how many new stations stand in a year of the plan, and of which size."""
    stations = standing_in(plan, year)
    new = stations[stations["status"] == "new"]
    size = number(new["capacity_kg_per_day"].sum())
    return text("timeline.told", language, year=year, count=len(new), size=size)


def season(plan: Plan, language: Language) -> int | None:
    """Draw the slider of months; return the month whose supply is to be drawn, None for the year."""
    if plan.supply_months.empty:
        return None

    def said(month: int) -> str:
        return text("season.year", language) if month == _YEAR else text(f"month.m{month:02d}", language)

    with st.container(key="season", gap=None):
        month = st.select_slider(
            text("season.label", language),
            (_YEAR, *MONTHS),
            value=_YEAR,
            format_func=said,
            key=MONTH_KEY,
            help=text("season.help", language),
        )
        st.caption(
            text("season.told_year", language)
            if month == _YEAR
            else text(
                "season.told",
                language,
                month=said(month),
                season=text(f"season.{season_of(month)}", language),
            )
        )
    return None if month == _YEAR else month
