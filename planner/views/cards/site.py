"""The card of a site without a station of the plan: what one there would add, and the edits it takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from planner import edits
from planner.card_facts import site_facts
from planner.drawing.figures import number, with_unit
from planner.text import Language, text
from planner.views.cards import parts, site_sheet
from planner.views.cards.actions import button, refusal
from planner.views.cards.site_sheet import worth_said
from planner.views.names import name
from planner.views.tables import MARKS, numbered

if TYPE_CHECKING:
    from planner.card_facts import SiteFacts
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.scenario import Scenario
    from planner.views.session import Session


def draw(session: Session, plan: Plan, inputs: Inputs, site_id: str, language: Language) -> None:
    """Draw the card of a site without a station of the plan.

    Parameters
    ----------
    session
        Edited by the buttons.
    plan, inputs
        What is shown.
    site_id
        The site.
    language
        Of the page.
    """
    facts = site_facts(plan, inputs, site_id)
    where = site_sheet.where(facts.site, inputs, language)
    st.html(parts.head(name(facts.site, language), where, badges(facts, session.draft, language)))
    with st.container(key="card-edits", horizontal=True, gap="small"):
        _edits(session, facts, language)
    refusal(session, language)
    st.html(
        parts.heading(text("place_card.gain", language))
        + "".join(parts.note(said, kind=kind) for said, kind in gain(facts, language))
    )
    st.html(_beside(facts, plan, language))
    st.html(site_sheet.sheet(inputs, site_id, language))


def badges(facts: SiteFacts, draft: Scenario, language: Language) -> list[tuple[str, str]]:
    """Return what the site is, and what the scenario in force asks of it."""
    site_id = facts.site["site_id"]
    asked = {
        "closed": site_id in draft.closed_stations,
        "forbidden": site_id in draft.forbidden,
        "locked": site_id in draft.locked,
    }
    kinds = {"closed": "bad", "forbidden": "bad", "locked": "good"}
    said = [(text(f"place_card.{what}", language), kinds[what]) for what, is_so in asked.items() if is_so]
    return said or [(text("place_card.candidate", language), "soft")]


def gain(facts: SiteFacts, language: Language) -> list[tuple[str, str]]:
    """Return what a station there would add: sentences and their kinds."""
    worth = facts.gain
    said: list[tuple[str, str]] = []
    if worth.amount is None:
        said.append((text("place_card.gain_unknown", language), ""))
    elif worth.amount > 0.0:
        said.append((text("place_card.gain_more", language, **worth_said(worth, language)), ""))
    else:
        said.append((text("place_card.gain_none", language), ""))
    if facts.no_room_kg_per_day > 0.0:
        kg = with_unit(facts.no_room_kg_per_day, "kg_per_day", language)
        said.append((text("place_card.no_room", language, amount=kg), ""))
    if worth.amount is not None:
        said.append((text("place_card.gain_basis", language), "soft"))
    return said


def _edits(session: Session, facts: SiteFacts, language: Language) -> None:
    """Draw the buttons; what the scenario in force asks already can be taken back."""
    draft, site_id = session.draft, facts.site["site_id"]
    if facts.site["status"] == "existing":
        if site_id in draft.closed_stations:
            button(session, "reopen", partial(edits.reopen, site_id=site_id), language)
        return
    if site_id in draft.locked:
        button(session, "unlock", partial(edits.unlock, site_id=site_id), language)
    else:
        button(session, "add", partial(edits.add, site_id=site_id), language, primary=True)
    if site_id in draft.forbidden:
        button(session, "allow", partial(edits.allow, site_id=site_id), language)
    else:
        button(session, "forbid", partial(edits.forbid, site_id=site_id), language)


def _beside(facts: SiteFacts, plan: Plan, language: Language) -> str:
    """Return the nearest stations of the plan."""
    if not facts.beside:
        return ""
    numbers = numbered(plan).set_index("site_id")["number"]
    apart = {
        f"{MARKS[row['status']]} {numbers[row['site_id']]} {name(row, language)}": row["apart_km"]
        for row in facts.beside
    }
    said = {place: f"{number(km, 1)} km" for place, km in apart.items()}
    return parts.heading(text("place_card.beside", language)) + parts.facts(said, kind="figures")
