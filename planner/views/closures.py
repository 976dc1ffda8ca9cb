"""The list of closed roads in the sidebar."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from corridor.errors import InputError
from planner.text import Language, text
from planner.views import closed_roads
from planner.views.status import message

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.views.session import Session

#: Offered in the list: a mountain road on the way to the Xichang base, and a stretch of a corridor route.
PRESETS = ("G5 雅安..西昌", "G76 雁江..隆昌")


def draw(session: Session, inputs: Inputs, language: Language) -> bool:
    """Draw the list and return whether every closure in it says a road.

    What is closed here holds for route queries at once, for the plan when it is solved.
    """
    offered = list(dict.fromkeys((*PRESETS, *session.closures)))
    with st.expander(text("closures.heading", language), icon=":material/block:"):
        written = st.multiselect(
            text("closures.label", language),
            offered,
            default=list(session.closures),
            accept_new_options=True,
            select_all=False,
            placeholder=text("closures.placeholder", language),
            key=session.key("closures"),
            help=text("closures.help", language),
        )
        closures = tuple(dict.fromkeys(road.strip() for road in written if road.strip()))
        fault = _fault(closures, session, inputs)
        if fault is not None:
            st.error(message(fault, language, lead="error.closures"))
            return False
        if closures:
            st.caption(text("closures.count", language, count=len(closures)))
    if closures != session.closures:
        session.closures = closures
        st.rerun()
    return True


def _fault(closures: tuple[str, ...], session: Session, inputs: Inputs) -> InputError | None:
    """Return what is wrong with the closures."""
    try:
        closed_roads.lines(closures, session.plan.scenario.network if session.plan else None, inputs)
    except InputError as error:
        return error
    return None
