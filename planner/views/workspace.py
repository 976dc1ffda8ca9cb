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
    legend,
    plan_points,
    rollout,
    screening,
    tables,
)

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.plan import Plan


def draw(plan: Plan | None, inputs: Inputs, language: Language) -> None:
    """Draw map and tables; without a plan the map alone."""
    with st.container(key="workspace"):
        left, right = st.columns([2.05, 1], gap="medium") if plan is not None else (st.container(), None)
        with left:
            _map(plan, inputs, language)
        if plan is not None and right is not None:
            with right:
                _tables(plan, inputs, language)


@st.fragment
def _map(plan: Plan | None, inputs: Inputs, language: Language) -> None:
    """Draw the map under its switches and above its legend."""
    shown = corridor_map.switches(language)
    corridor_map.draw(plan, inputs, language, shown)
    most = None if plan is None else corridor_map.busiest_kg_per_day(plan, inputs)
    closed = plan is not None and bool(plan.scenario.closures)
    points = plan is not None and len(plan.points) > 0
    legend.draw(inputs.bases, language, most_kg_per_day=most, closed=closed, points=points)


def _tables(plan: Plan, inputs: Inputs, language: Language) -> None:
    """Draw the tables, the proof and the downloads."""
    names = [
        "stations",
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
        tables.siting(plan, inputs.bases, language)
    with tabs["supply"], st.container(key="supply"):
        tables.supply(plan, inputs.bases, language)
    with tabs["bases"]:
        bases.draw(plan, language)
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
