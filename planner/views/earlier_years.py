"""The years before that of the plan in the sidebar: how many new stations may stand, what they may cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import streamlit as st

from planner.drawing.figures import number
from planner.scenario import YEARS
from planner.text import Language, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.views.session import Session

_KEPT, _OPENED = "rollout-chosen", "rollout-opened"
#: As :class:`planner.scenario.Scenario` allows, 10,000 CNY.
_MOST_BUDGET, _STEP = 1e9, 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What holds by earlier years.

    Parameters
    ----------
    rollout, budgets
        As :attr:`planner.scenario.Scenario.rollout` and ``rollout_budget_wan_cny``.
    """

    rollout: Mapping[str, int] = field(default_factory=dict)
    budgets: Mapping[str, float] = field(default_factory=dict)


def draw(session: Session, language: Language, *, year: int, most_stations: int) -> Steps:
    """Draw a number of stations and a budget per earlier year, and return the roll-out they make.

    Parameters
    ----------
    session
        With the scenario to begin with.
    language
        Of the texts.
    year
        Of the plan.
    most_stations
        Largest number offered.

    Returns
    -------
    Steps
        Numbers left empty or at 0 are not in it, nor budgets left empty.
    """
    # What was typed for a year stays while another choice of the plan's year hides it.
    asked, opened_at = session.opened, session.key(_OPENED)
    kept: dict[str, int] = st.session_state.setdefault(session.key(_KEPT), dict(asked.rollout))
    earlier = [str(each) for each in YEARS if each < year]
    # Once used it stays open: it must not close under the hand that empties it.
    budgeted = [_kept_budget(session.key(_budget_key(each))) is not None for each in earlier]
    was_used = any(budgeted) or any(each in kept for each in earlier)
    opened = st.session_state.get(opened_at, False) or was_used or bool(asked.rollout_budget_wan_cny)
    st.session_state[opened_at] = opened
    with st.expander(text("rollout.heading", language), icon=":material/timeline:", expanded=opened):
        budgets: dict[str, float] = {}
        if not earlier:
            st.caption(text("rollout.no_earlier", language, year=year))
        for each in earlier:
            most = st.number_input(
                text("rollout.most", language, year=each),
                min_value=0,
                max_value=most_stations,
                value=min(kept[each], most_stations) if each in kept else None,
                step=1,
                placeholder=text("rollout.left_out", language),
                key=session.key(f"rollout-{each}"),
                help=text("rollout.help", language, year=year),
            )
            if most:
                kept[each] = most
            else:
                kept.pop(each, None)
            budget = budget_input(
                text("rollout.budget", language, year=each),
                asked.rollout_budget_wan_cny.get(each),
                language,
                key=session.key(_budget_key(each)),
                told=text("rollout.budget_help", language),
            )
            if budget is not None:
                budgets[each] = budget
    return Steps(rollout={each: kept[each] for each in earlier if each in kept}, budgets=budgets)


def _budget_key(year: str) -> str:
    """Return the key of the field for a year's budget."""
    return f"rollout-budget-{year}"


def _kept_budget(key: str) -> float | None:
    """Return what was last typed into a field for a budget."""
    budget: float | None = st.session_state.get(f"{key}-kept")
    return budget


def budget_input(label: str, value: float | None, language: Language, *, key: str, told: str) -> float | None:
    """Draw a field for a sum in 10,000 CNY, at first with a value; return the sum, None when empty."""
    # A field that begins with a number cannot be emptied again: this one begins empty and is filled in.
    st.session_state.setdefault(f"{key}-kept", value)
    st.session_state.setdefault(key, _kept_budget(key))
    budget: float | None = st.number_input(
        label,
        min_value=0.0,
        max_value=_MOST_BUDGET,
        value=None,
        step=_STEP,
        format="%.0f",
        placeholder=text("sidebar.budget_none", language),
        key=key,
        help=told,
    )
    st.session_state[f"{key}-kept"] = budget
    return budget


def fault(
    steps: Steps,
    language: Language,
    *,
    year: int,
    stations: int,
    detour: float,
    budget: float | None = None,
) -> str | None:
    """Return why a roll-out or a budget cannot be; None if it can.

    Parameters
    ----------
    steps
        From :func:`draw`.
    language
        Of the answer.
    year, stations, detour, budget
        Of the plan, as in :class:`planner.scenario.Scenario`.
    """
    spending = [(int(each), steps.budgets[each]) for each in sorted(steps.budgets)]
    spending += [] if budget is None else [(year, budget)]
    if not steps.rollout and not spending:
        return None
    if detour > 0.0:
        return text("rollout.no_detour", language)
    if any(most == 0.0 for _, most in spending):
        return text("rollout.budget_zero", language)
    building = [(int(each), steps.rollout[each]) for each in sorted(steps.rollout)]
    for (before, many), (after, few) in pairwise([*building, (year, stations)]):
        if few < many:
            return text("rollout.falls", language, before=before, many=many, after=after, few=few)
    for (before, most), (after, less) in pairwise(spending):
        if less < most:
            said = {"before": before, "many": number(most), "after": after, "few": number(less)}
            return text("rollout.budget_falls", language, **said)
    return None
