"""Closed roads on a map: dark dashes with crosses, so that no meaning rests on color alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pydeck as pdk
import shapely
import streamlit as st
from shapely.ops import substring

from planner.drawing import palette
from planner.drawing.roads import coordinates
from planner.route_lines import closed_lines
from planner.text import Language, text
from planner.views.backdrop import halo, labelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.inputs import Inputs

#: Dash, gap and distance between crosses, degrees: 8, 5 and 45 pixels of the regional view.
_DASH, _GAP, _CROSS_EVERY = 0.044, 0.028, 0.25
#: Deviation allowed when a line is thinned, degrees.
_TOLERANCE = 0.002
_CROSS_PX = 17


@st.cache_resource(show_spinner=False, max_entries=32)
def lines(closures: tuple[str, ...], network: str | None, _inputs: Inputs) -> list[shapely.LineString]:
    """Return the closed roads, found once per server; ``network`` is the scenario's, to tell them apart."""
    del network
    return closed_lines(_inputs, closures) if closures else []


def layers(closed: Sequence[shapely.LineString], language: Language) -> list[pdk.Layer]:
    """Return the layers of closed roads; none when all are open."""
    if not closed:
        return []
    tip = {"tip_title": text("closures.closed", language), "tip_text": text("closures.closed_tip", language)}
    thinned = [shapely.simplify(line, _TOLERANCE) for line in closed]
    rows = [{"path": coordinates(line), **tip} for line in thinned]
    dashed = [{"path": path, **tip} for line in thinned for path in dashes(line)]
    crosses = [{"position": at, "mark": "✕", **tip} for line in _long(thinned) for at in _crosses(line)]
    shared = {"get_path": "path", "width_units": pdk.types.String("pixels"), "pickable": True}
    return [
        pdk.Layer("PathLayer", rows, id="closed-casing", get_color=[255, 255, 255], get_width=5, **shared),
        pdk.Layer(
            "PathLayer",
            dashed,
            id="closed",
            get_color=palette.rgba(palette.CLOSED),
            get_width=3,
            **shared,
        ),
        pdk.Layer(
            "TextLayer",
            crosses,
            id="closed-cross",
            get_position="position",
            get_text="mark",
            get_size=_CROSS_PX,
            get_color=palette.rgba(palette.CLOSED),
            font_weight=700,
            pickable=True,
            **halo(),
            **labelled(),
        ),
    ]


def dashes(line: shapely.LineString) -> list[Any]:
    """Return the paths of the dashes of a line."""
    starts = np.arange(0.0, line.length, _DASH + _GAP)
    return [coordinates(substring(line, start, min(start + _DASH, line.length))) for start in starts]


def _long(closed: Sequence[shapely.LineString]) -> list[shapely.LineString]:
    """Return the lines that get crosses: not the stubs of an interchange, unless there is nothing else."""
    long_enough = [line for line in closed if line.length >= _CROSS_EVERY / 2]
    return long_enough or [max(closed, key=lambda line: line.length)]


def _crosses(line: shapely.LineString) -> list[list[float]]:
    """Return where the crosses of a line stand, evenly along it."""
    count = max(1, round(line.length / _CROSS_EVERY))
    shares = (np.arange(count) + 0.5) / count
    points: list[list[float]] = shapely.get_coordinates(
        shapely.line_interpolate_point(line, shares, normalized=True)
    ).tolist()
    return points
