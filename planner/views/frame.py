"""What frames the page: its head and its foot."""

from __future__ import annotations

import streamlit as st

from planner.text import Language, text
from planner.views.style import escaped


def head(language: Language, *, year: int) -> None:
    """Draw the title and what the page shows."""
    st.html(
        f'<div class="masthead"><h1>{escaped(text("app.title", language))}</h1>'
        f"<p>{escaped(text('app.subtitle', language, year=year))}</p></div>"
    )


def foot(language: Language) -> None:
    """Draw where the data come from."""
    lines = "<br/>".join(escaped(text(key, language)) for key in ("app.attribution", "app.disclaimer"))
    st.html(f'<div class="colophon">{lines}</div>')
