"""What every map of the page has in common: the roads below and the card that explains what one points at."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pydeck as pdk
import streamlit as st

from planner.drawing import palette, roads
from planner.views.layer_files import moved
from planner.views.restyling import restyled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from corridor.roads import RoadNetwork
    from planner.drawing.palette import MapStyle
    from planner.drawing.roads import RouteLine
    from planner.inputs import Inputs

TOOLTIP: dict[str, Any] = {
    "html": "<b>{tip_title}</b><br/>{tip_text}",
    "style": {
        "backgroundColor": "var(--card)",
        "color": "var(--ink)",
        "fontSize": "12px",
        "lineHeight": "1.5",
        "whiteSpace": "pre-line",
        "borderRadius": "6px",
        "boxShadow": "0 2px 10px rgba(0, 0, 0, 0.3)",
        "maxWidth": "360px",
    },
}


def style() -> MapStyle:
    """Return the style of the map that goes with the reader's theme, light where that is not known."""
    return palette.DARK if st.context.theme.type == "dark" else palette.LIGHT


def deck(layers: Sequence[pdk.Layer], **view: float) -> pdk.Deck:
    """Return layers as a map in the reader's style, without any tile from elsewhere.

    Parameters
    ----------
    layers
        Drawn in the light style, from the ground up.
    **view
        As of ``pydeck.ViewState``.
    """
    look = style()
    return pdk.Deck(
        layers=moved(restyled(layers, look)),
        initial_view_state=pdk.ViewState(**view),
        map_provider=None,
        map_style=look.address,
        tooltip=TOOLTIP,
    )


class Ground(NamedTuple):
    """Lines that hold for every plan on a road network."""

    road_paths: dict[str, list[Any]]
    route_lines: list[RouteLine]


def ground(inputs: Inputs) -> Ground:
    """Return the lines of the scenario's road network, made once per server and network."""
    return _ground(_mark(inputs.network), inputs.network)


@st.cache_resource(show_spinner=False, max_entries=8)
def _ground(mark: str, _network: RoadNetwork) -> Ground:
    """Return the lines; ``mark`` tells networks apart."""
    del mark
    return Ground(roads.road_paths(_network), roads.route_lines(_network))


def _mark(network: RoadNetwork) -> str:
    """Return what tells road networks apart as far as they can be seen: neither speeds nor costs."""
    digest = hashlib.sha256()
    for values in (
        network.node_ids,
        network.nodes[["x", "y"]].to_numpy(dtype=np.float64),
        network.heads,
        network.length_km,
    ):
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()
