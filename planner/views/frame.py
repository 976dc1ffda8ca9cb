"""What frames the page: its head and its foot."""

from __future__ import annotations

import streamlit as st

from planner.text import Language, text
from planner.views.style import escaped

#: Views of the page, the first drawn at the start.
VIEWS = ("plan", "compare", "charts", "demand", "routes", "sites", "points", "roads", "print")


def head(language: Language, *, year: int) -> str:
    """Draw the title, what the page shows, and the choice of the view; return the view chosen."""
    st.session_state.setdefault("view", VIEWS[0])
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"
    ):
        st.html(
            f'<div class="masthead"><h1>{escaped(text("app.title", language))}</h1>'
            f"<p>{escaped(text('app.subtitle', language, year=year))}</p></div>",
            width="content",
        )
        chosen = st.segmented_control(
            text("view.label", language),
            VIEWS,
            required=True,
            format_func=lambda name: text(f"view.{name}", language),
            key="view",
            label_visibility="collapsed",
        )
        return chosen or VIEWS[0]


def foot(language: Language) -> None:
    """Draw where the data come from."""
    lines = "<br/>".join(escaped(text(key, language)) for key in ("app.attribution", "app.disclaimer"))
    st.html(f'<div class="colophon">{lines}</div>')
