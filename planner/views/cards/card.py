"""The card of what was clicked, whatever it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planner.text import Language, text
from planner.views.names import name

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.views.selection import Selection
    from planner.views.session import Session


def draw(session: Session, plan: Plan, inputs: Inputs, selection: Selection, language: Language) -> None:
    """Draw the card with a way to close it."""
    del plan
    tables = {"station": inputs.sites, "site": inputs.sites, "base": inputs.bases}
    with st.container(key="card"):
        st.button(
            text("card.close", language), key="card-close", icon=":material/close:", on_click=session.deselect
        )
        if selection.kind != "route":
            st.subheader(name(tables[selection.kind].loc[selection.key], language))
