"""The card of a place, with a station of the plan or without one: an edit may turn one into the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planner.text import text
from planner.views.cards import site, station

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.text import Language
    from planner.views.session import Session


def draw(session: Session, plan: Plan, inputs: Inputs, site_id: str, language: Language) -> None:
    """Draw the card of a station of the plan if one stands there, else that of the site.

    Parameters
    ----------
    session
        Edited by the buttons.
    plan, inputs
        What is shown.
    site_id
        The place.
    language
        Of the page.
    """
    if site_id in plan.stations["site_id"].to_numpy():
        station.draw(session, plan, inputs, site_id, language)
    elif site_id in inputs.sites.index:
        site.draw(session, plan, inputs, site_id, language)
    else:
        st.info(text("place_card.gone", language))
