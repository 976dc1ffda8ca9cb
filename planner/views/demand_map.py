"""The map of the demand: hydrogen on every road link, or what the edited assumptions change of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pydeck as pdk
import streamlit as st

from planner.drawing import palette
from planner.drawing.figures import with_unit
from planner.drawing.flow_bands import bands, change_bands
from planner.drawing.labels import Screen
from planner.text import Language, text
from planner.views import backdrop, closed_roads
from planner.views.map_frame import deck, ground

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from shapely import LineString

    from planner.drawing.flow_bands import Band
    from planner.inputs import Inputs

#: What the map shows.
Shown = Literal["demand", "change"]

#: Width of the widest band, pixels.
WIDEST_PX = 14.0

#: Middle and zoom: Chengdu to Chongqing, and the whole region, in the smallest map.
_VIEWS = {
    "corridor": {"longitude": 105.3, "latitude": 29.95, "zoom": 6.9},
    "region": {"longitude": 105.0, "latitude": 29.9, "zoom": 6.0},
}
_SMALLEST_MAP_PX = (560.0, 502.0)


def draw(
    links: pd.DataFrame,
    closed: Sequence[LineString],
    inputs: Inputs,
    *,
    language: Language,
    scope: str,
    shown: Shown,
) -> None:
    """Draw the map.

    Parameters
    ----------
    links
        As :func:`planner.demand_view.link_changes` gives them.
    closed
        Closed roads.
    inputs
        Joined tables of the scenario shown.
    language
        Of the texts.
    scope
        Of the scenario: how much of the region to show.
    shown
        Demand, or its change.
    """
    map_ = deck(
        layers(links, closed, inputs, language=language, scope=scope, shown=shown),
        **_VIEWS[scope],
        min_zoom=5,
        max_zoom=12,
    )
    with st.container(key="demand-map"):
        st.pydeck_chart(map_, height="stretch", alt=text(f"demand.alt_{shown}", language))


def layers(
    links: pd.DataFrame,
    closed: Sequence[LineString],
    inputs: Inputs,
    *,
    language: Language,
    scope: str,
    shown: Shown,
) -> list[pdk.Layer]:
    """Return the layers from the ground up; parameters as for :func:`draw`."""
    view = _VIEWS[scope]
    screen = Screen(view["zoom"], (view["longitude"], view["latitude"]), _SMALLEST_MAP_PX)
    rows = links.reset_index()
    if shown == "change":
        more, less = change_bands(rows, inputs.network)
        widest = widest_of([*more, *less])
        flows = [
            _bands(each, widest, layer_id=f"demand-{key}", color=color, key=key, language=language)
            for each, color, key in ((more, palette.MORE, "more"), (less, palette.LESS, "less"))
        ]
    else:
        found = bands(rows.assign(served_kg_per_day=0.0), inputs.network)
        widest = widest_of(found)
        flows = [
            _bands(found, widest, layer_id="demand-flow", color=palette.DEMAND, key="flow", language=language)
        ]
    return [
        *backdrop.ground(ground(inputs).road_paths),
        *flows,
        *closed_roads.layers(closed, language),
        *backdrop.names(language, screen),
    ]


def widest_of(found: Sequence[Band]) -> float:
    """Return what the widest band stands for, kg/day; zero without bands."""
    return max((band.kg_per_day for band in found), default=0.0)


def _bands(
    found: Sequence[Band], widest: float, *, layer_id: str, color: str, key: str, language: Language
) -> pdk.Layer:
    """Return one layer of bands."""
    rows: list[dict[str, Any]] = [
        {
            "path": band.path,
            "width_px": round(WIDEST_PX * band.kg_per_day / widest, 2),
            "tip_title": text(f"demand.tip_{key}", language),
            "tip_text": text(
                "demand.tip_about",
                language,
                amount=with_unit(band.kg_per_day, "kg_per_day", language, digits=1),
            ),
        }
        for band in found
    ]
    return pdk.Layer(
        "PathLayer",
        rows,
        id=layer_id,
        get_path="path",
        get_color=palette.rgba(color),
        get_width="width_px",
        width_units=pdk.types.String("pixels"),
        cap_rounded=True,
        joint_rounded=True,
        pickable=True,
    )
