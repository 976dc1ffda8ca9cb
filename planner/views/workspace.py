"""The heart of the page: the map, and the tables beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planner.text import Language, text
from planner.views import (
    bases,
    certificate,
    corridor_map,
    downloads,
    economics,
    kpis,
    legend,
    links,
    plan_points,
    rollout,
    screening,
    site_layers,
    tables,
    timeline,
)
from planner.views.cards import card
from planner.views.choices import take_up

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.views.session import Session


def draw(session: Session, inputs: Inputs, language: Language) -> None:
    """Draw the key figures, the map, and beside it the card of what was clicked, else the tables.

    Without a plan there is only the map.
    """
    plan = session.plan
    if plan is not None:
        kpis.draw(plan, language)
    with st.container(key="workspace"):
        left, right = st.columns([2.05, 1], gap="medium") if plan is not None else (st.container(), None)
        # Told first, the card is there before the browser draws the map anew.
        if plan is not None and right is not None:
            with right:
                _beside(session, plan, inputs, language)
        with left:
            _map(session, plan, inputs, language, session.revision)


@st.fragment
def _map(session: Session, plan: Plan | None, inputs: Inputs, language: Language, revision: int) -> None:
    """Draw the map under its switches and above its legend; an edit made here reaches the whole page."""
    if session.revision != revision:
        st.rerun()
    shown = corridor_map.switches(language)
    above, shown_plan = st.container(), plan
    if plan is not None:
        with st.container(key="time"):
            shown_plan = timeline.drawn(session, plan, inputs, language)
    with above:
        corridor_map.draw(session, shown_plan, inputs, language, shown)
    if plan is None:
        drawn = legend.PlanLegend(shown=shown)
    else:
        drawn = legend.PlanLegend(
            shown=shown,
            most_kg_per_day=corridor_map.busiest_kg_per_day(plan, inputs),
            marks=site_layers.kinds(plan, session.draft),
            is_closed=bool(plan.scenario.closures),
            has_points=len(plan.points) > 0,
        )
    legend.draw(inputs.bases, language, drawn)
    links.follow(session, links.shown(session, language))


def _beside(session: Session, plan: Plan, inputs: Inputs, language: Language) -> None:
    """Draw the card of what was clicked, else the tables."""
    if session.selection is not None:
        card.draw(session, plan, inputs, session.selection, language)
    else:
        _tables(session, plan, inputs, language)


def _tables(session: Session, plan: Plan, inputs: Inputs, language: Language) -> None:
    """Draw the tables, the proof and the downloads."""
    names = [
        "stations",
        "candidates",
        "stretches",
        *(["rollout"] if len(plan.rollout) else []),
        "supply",
        "bases",
        "economics",
        "screening",
        "certificate",
        *(["points"] if len(plan.points) else []),
    ]
    tabs = dict(zip(names, st.tabs([text(f"table.{name}", language) for name in names]), strict=True))
    with tabs["stations"], st.container(key="siting"):
        take_up(session, "station", tables.siting(session, plan, inputs.bases, language))
    with tabs["candidates"], st.container(key="candidates"):
        take_up(session, "site", tables.candidates(session, plan, language))
    with tabs["stretches"], st.container(key="stretches"):
        take_up(session, "route", tables.stretches(session, plan, language))
    with tabs["supply"], st.container(key="supply"):
        tables.supply(plan, inputs.bases, language)
    with tabs["bases"]:
        take_up(session, "base", bases.draw(session, plan, language))
    with tabs["economics"], st.container(key="economics"):
        economics.draw(plan, language)
    with tabs["screening"], st.container(key="screening"):
        screening.draw(plan, language)
    with tabs["certificate"]:
        certificate.draw(plan, language)
    if "rollout" in tabs:
        with tabs["rollout"], st.container(key="rollout"):
            rollout.draw(plan, language)
    if "points" in tabs:
        with tabs["points"], st.container(key="points"):
            plan_points.table(plan, language)
    downloads.draw(plan, language)
