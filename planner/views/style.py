"""Style of the page, and text made safe for HTML."""

from __future__ import annotations

import html
from importlib import resources

import streamlit as st


def apply() -> None:
    """Apply the style sheet of the page."""
    sheet = resources.files("planner.views").joinpath("page.css").read_text(encoding="utf-8")
    st.html(f"<style>{sheet}</style>")


def escaped(value: object) -> str:
    """Return text that HTML shows as it is."""
    return html.escape(str(value))
