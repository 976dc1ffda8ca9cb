"""What every map of the page has in common: the roads below and the card that explains what one points at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import streamlit as st

from planner.views import palette, roads

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.views.roads import RouteLine

TOOLTIP: dict[str, Any] = {
    "html": "<b>{tip_title}</b><br/>{tip_text}",
    "style": {
        "backgroundColor": "#ffffff",
        "color": palette.INK,
        "fontSize": "12px",
        "lineHeight": "1.5",
        "whiteSpace": "pre-line",
        "borderRadius": "6px",
        "boxShadow": "0 2px 10px rgba(22, 50, 79, 0.25)",
        "maxWidth": "360px",
    },
}


class Ground(NamedTuple):
    """Lines that hold for every plan."""

    road_paths: dict[str, list[Any]]
    route_lines: list[RouteLine]


@st.cache_resource(show_spinner=False)
def ground(_inputs: Inputs) -> Ground:
    """Return the lines of the shipped road network, made once per server."""
    return Ground(roads.road_paths(_inputs.network), roads.route_lines(_inputs.network))
