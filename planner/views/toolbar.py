"""Back and forth between scenarios, links, scenarios kept, and presets: above the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planner.presets import PRESETS, preset, preset_explanation, preset_name, preset_of
from planner.text import Language, text
from planner.views import links, saved_panel

if TYPE_CHECKING:
    from planner.views.session import Session


def draw(session: Session, language: Language) -> None:
    """Draw the buttons and the choice of a preset."""
    with st.container(horizontal=True, gap="xsmall", key="toolbar"):
        for name, icon, is_possible, go in (
            ("undo", ":material/undo:", session.history.can_undo, session.undo),
            ("redo", ":material/redo:", session.history.can_redo, session.redo),
        ):
            st.button(
                text(f"toolbar.{name}", language),
                key=name,
                help=text(f"toolbar.{name}_help", language),
                icon=icon,
                disabled=not is_possible,
                on_click=go,
            )
    with st.container(horizontal=True, gap="xsmall", key="toolbar-more"):
        links.draw(session, language)
        saved_panel.draw(session, language)
    _preset(session, language)


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
