"""The years before that of the plan in the sidebar, and how many new stations may stand in each."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import streamlit as st

from planner.scenario import YEARS
from planner.text import Language, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.scenario import Scenario

_KEPT, _OPENED = "rollout-chosen", "rollout-opened"


def draw(asked: Scenario, language: Language, *, year: int, most_stations: int) -> dict[str, int]:
    """Draw a number per earlier year and return the roll-out they make.

    Parameters
    ----------
    asked
        Scenario to begin with.
    language
        Of the texts.
    year
        Of the plan.
    most_stations
        Largest number offered.

    Returns
    -------
    dict[str, int]
        As :attr:`planner.scenario.Scenario.rollout`: years left empty or at 0 are not in it.
    """
    # What was typed for a year stays while another choice of the plan's year hides it.
    kept: dict[str, int] = st.session_state.setdefault(_KEPT, dict(asked.rollout))
    earlier = [str(each) for each in YEARS if each < year]
    # Once used it stays open: it must not close under the hand that empties it.
    opened = st.session_state.get(_OPENED, False) or any(each in kept for each in earlier)
    st.session_state[_OPENED] = opened
    with st.expander(text("rollout.heading", language), icon=":material/timeline:", expanded=opened):
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
                key=f"rollout-{each}",
                help=text("rollout.help", language, year=year),
            )
            if most:
                kept[each] = most
            else:
                kept.pop(each, None)
    return {each: kept[each] for each in earlier if each in kept}


def fault(
    rollout: Mapping[str, int], language: Language, *, year: int, stations: int, detour: float
) -> str | None:
    """Return why a roll-out cannot be; None if it can.

    Parameters
    ----------
    rollout
        From :func:`draw`.
    language
        Of the answer.
    year, stations, detour
        Of the plan, as in :class:`planner.scenario.Scenario`.
    """
    if not rollout:
        return None
    if detour > 0.0:
        return text("rollout.no_detour", language)
    steps = [*((int(each), rollout[each]) for each in sorted(rollout)), (year, stations)]
    for (before, many), (after, few) in pairwise(steps):
        if few < many:
            return text("rollout.falls", language, before=before, many=many, after=after, few=few)
    return None
