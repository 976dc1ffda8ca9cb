"""Back and forth between scenarios: one row above the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planner.text import Language, text

if TYPE_CHECKING:
    from planner.views.session import Session


def draw(session: Session, language: Language) -> None:
    """Draw the row."""
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
