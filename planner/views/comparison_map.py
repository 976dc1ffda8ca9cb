"""Two maps side by side, moved as one: drawn by the browser from plain values, without another library."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import streamlit as st

from planner.views.comparison_layers import layers
from planner.views.map_frame import ground

if TYPE_CHECKING:
    from planner.comparison import Comparison
    from planner.inputs import Inputs
    from planner.text import Language

_NAME = "chengyu_comparison_map"


def draw(comparison: Comparison, inputs: Inputs, language: Language) -> None:
    """Draw both plans on maps that show the same part of the country.

    Parameters
    ----------
    comparison
        Two plans.
    inputs
        Of the current plan: its roads.
    language
        Of the texts.
    """
    show = st.components.v2.component(
        _NAME, css=_source("comparison_map.css"), js=_source("comparison_map.js")
    )
    show(data=layers(comparison, ground(inputs), language), key="comparison-map")


@cache
def _source(file: str) -> str:
    """Return the text of a file of this package."""
    return resources.files("planner.views").joinpath(file).read_text(encoding="utf-8")
