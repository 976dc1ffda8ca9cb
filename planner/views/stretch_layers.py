"""Map layer of the corridor's stretches: whole lines where stations are close enough, dashes where not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydeck as pdk
import shapely
import streamlit as st

from planner.drawing import palette
from planner.drawing.figures import with_unit
from planner.drawing.roads import coordinates
from planner.stretches import stretch_lines
from planner.text import Language, text
from planner.views.closed_roads import dashes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.stretches import StretchLine

_WIDTH_PX = 11
#: Deviation allowed when a line is thinned, degrees.
_TOLERANCE = 0.002


@st.cache_resource(show_spinner=False, max_entries=16)
def lines(identity: str, _plan: Plan, _inputs: Inputs) -> list[StretchLine]:
    """Return the stretches of a plan with their lines, found once; ``identity`` tells plans apart."""
    del identity
    return stretch_lines(_plan, _inputs)


def layers(stretches: Sequence[StretchLine], language: Language) -> list[pdk.Layer]:
    """Return the layers of ready and of pending stretches."""
    ready, pending = [], []
    for stretch in stretches:
        line = shapely.simplify(stretch.line, _TOLERANCE)
        tip = _tip(stretch, language)
        if stretch.row["ready"]:
            ready.append({"path": coordinates(line), **tip})
        else:
            pending += [{"path": path, **tip} for path in dashes(line)]
    return [
        _layer("stretch-ready", ready, palette.READY),
        _layer("stretch-pending", pending, palette.PENDING),
    ]


def _layer(layer_id: str, rows: Sequence[Any], color: str) -> pdk.Layer:
    """Return one layer of stretches."""
    return pdk.Layer(
        "PathLayer",
        rows,
        id=layer_id,
        get_path="path",
        get_color=palette.rgba(color),
        get_width=_WIDTH_PX,
        width_units=pdk.types.String("pixels"),
        pickable=True,
    )


def _tip(stretch: StretchLine, language: Language) -> dict[str, str]:
    """Return what is said of a stretch one points at."""
    state = "ready" if stretch.row["ready"] else "pending"
    return {
        "tip_title": text(f"stretch.{state}", language),
        "tip_text": with_unit(float(str(stretch.row["length_km"])), "km", language),
    }
