"""The card of what was clicked, whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planner.text import Language, text
from planner.views.cards import base, place, route

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.views.selection import Selection
    from planner.views.session import Session


def draw(session: Session, plan: Plan, inputs: Inputs, selection: Selection, language: Language) -> None:
    """Draw the card with a way to close it."""
    with st.container(key="card"):
        st.button(
            text("card.close", language), key="card-close", icon=":material/close:", on_click=session.deselect
        )
        if selection.kind == "route":
            route.draw(session, plan, inputs, selection.key, language)
        elif selection.kind == "base":
            base.draw(session, plan, inputs, selection.key, language)
        else:
            place.draw(session, plan, inputs, selection.key, language)
