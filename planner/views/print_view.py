"""The view for print: the sheet of a plan, the button that prints it, and the same as a file."""

from __future__ import annotations

import base64
from functools import partial
from importlib import resources
from typing import TYPE_CHECKING

import streamlit as st

from planner import plan_print
from planner.text import Language, text
from planner.views.style import escaped

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.plan import Plan


def draw(plan: Plan | None, inputs: Inputs, language: Language) -> None:
    """Draw the sheet as it will be on paper; without a plan, what to wait for."""
    if plan is None:
        st.info(text("print.no_plan", language))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="print-bar"):
        _button(language)
        st.download_button(
            text("print.download", language),
            data=partial(_file, plan, inputs, language),
            file_name=f"{plan.scenario.name}-{plan.scenario.year}-{language}.html",
            mime="text/html",
            key="print-download",
            help=text("print.download_help", language),
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption(text("print.hint", language))
    page = resources.files("planner.views").joinpath("print_page.css").read_text(encoding="utf-8")
    st.html(f"<style>{plan_print.style_sheet()}{page}</style>")
    st.html(plan_print.sheet(plan, inputs, language, drawn_map=_image(plan, inputs, language)))


def _button(language: Language) -> None:
    """Draw the button that opens the browser's own print dialog."""
    label = escaped(text("print.button", language))
    st.html(
        f'<button type="button" class="print-button" id="print-sheet">{label}</button>'
        "<script>document.getElementById('print-sheet').onclick = () => window.print();</script>",
        width="content",
        unsafe_allow_javascript=True,
    )


def _image(plan: Plan, inputs: Inputs, language: Language) -> str:
    """Return the map as an image: the page lets no SVG into its HTML."""
    drawn = base64.b64encode(plan_print.map_svg(plan, inputs, language).encode()).decode()
    return f'<img alt="{escaped(text("print.map_alt", language))}" src="data:image/svg+xml;base64,{drawn}"/>'


def _file(plan: Plan, inputs: Inputs, language: Language) -> bytes:
    """Return the sheet as a file of its own."""
    return plan_print.to_html(plan, inputs, language).encode()
