"""Back and forth between scenarios, links, scenarios kept, and presets: above the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planner.changes import changes
from planner.presets import PRESETS, preset, preset_explanation, preset_name, preset_of
from planner.text import Language, text
from planner.views import links, saved_panel

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.scenario import Scenario
    from planner.views.session import Session

#: Changes named before an undo; more would hide the page.
_CHANGES_TOLD = 4


def draw(session: Session, inputs: Inputs, language: Language) -> None:
    """Draw the buttons and the choice of a preset."""
    with st.container(horizontal=True, gap="xsmall", key="toolbar"):
        for name, icon, there, go in (
            ("undo", ":material/undo:", session.history.before, session.undo),
            ("redo", ":material/redo:", session.history.after, session.redo),
        ):
            st.button(
                text(f"toolbar.{name}", language),
                key=name,
                help=_told(name, session, there, inputs, language),
                icon=icon,
                disabled=there is None,
                on_click=go,
            )
    with st.container(horizontal=True, gap="xsmall", key="toolbar-more"):
        links.draw(session, language)
        saved_panel.draw(session, language)
    _preset(session, language)


def _told(name: str, session: Session, there: Scenario | None, inputs: Inputs, language: Language) -> str:
    """Return what an undo or a redo does, and what of the scenario it changes."""
    lead = text(f"toolbar.{name}_help", language)
    if there is None:
        return lead
    differs = changes(session.history.now, there, language, inputs.sites, assumptions=inputs.assumptions)
    return "\n\n".join([lead, *(f"- {change}" for change in differs[:_CHANGES_TOLD])])


def _preset(session: Session, language: Language) -> None:
    """Draw the choice of a preset: the one that the page shows, or none."""
    now = preset_of(session.draft)
    key = f"preset-{language}-{now}-{session.revision}"
    chosen = st.selectbox(
        text("toolbar.preset", language),
        PRESETS,
        index=None if now is None else PRESETS.index(now),
        format_func=lambda preset_id: preset_name(preset_id, language),
        placeholder=text("toolbar.no_preset", language),
        key=key,
        help="  \n".join(
            f"**{preset_name(each, language)}** {preset_explanation(each, language)}" for each in PRESETS
        ),
    )
    if chosen is not None and chosen != now:
        session.open(preset(chosen))
        st.rerun()
