"""The map: what every plan shares below, the plan above, no tile from anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pydeck as pdk
import streamlit as st

from planner.flows import link_flows
from planner.text import Language, text
from planner.views import backdrop, palette, plan_layers, roads
from planner.views.flow_bands import bands
from planner.views.labels import Screen

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.views.flow_bands import Band
    from planner.views.roads import RouteLine

#: Middle and zoom that show Chengdu to Chongqing in the smallest map.
_VIEW = {"longitude": 105.4, "latitude": 29.95, "zoom": 7.0, "min_zoom": 5, "max_zoom": 12}

#: Width and height of the map in a window of 1280 by 800, pixels.
_SMALLEST_MAP_PX = (640, 470)

#: Half the width kept free of city names along a route, pixels.
_ROUTE_CLEAR_PX = 3.0

#: Switches of the map, in the order of the row above it.
SWITCHES = ("flows", "routes", "supply", "stations", "places")


class Backdrop(NamedTuple):
    """Lines that hold for every plan."""

    road_paths: dict[str, list[Any]]
    route_lines: list[RouteLine]


@st.cache_resource(show_spinner=False)
def _backdrop(_inputs: Inputs) -> Backdrop:
    """Return the lines of the shipped road network, made once per server."""
    return Backdrop(roads.road_paths(_inputs.network), roads.route_lines(_inputs.network))


@st.cache_resource(show_spinner=False, max_entries=16)
def _bands(identity: str, _plan: Plan, _inputs: Inputs) -> list[Band]:  # noqa: ARG001  the key
    """Return the plan's demand on the roads, laid out once per plan."""
    return bands(link_flows(_plan.flows, _inputs.routes, _inputs.network), _inputs.network)


def busiest_kg_per_day(plan: Plan, inputs: Inputs) -> float:
    """Return the demand of the busiest band: what the widest one means."""
    return max((band.kg_per_day for band in _bands(_key(plan), plan, inputs)), default=0.0)


def _key(plan: Plan) -> str:
    """Return what tells one plan from another: a scenario stopped early may be solved again."""
    return f"{plan.scenario.identity}-{plan.provenance['created_utc']}"


def switches(language: Language) -> set[str]:
    """Draw the switches of the layers and return those that are on."""
    chosen = st.pills(
        text("layer.label", language),
        SWITCHES,
        selection_mode="multi",
        default=SWITCHES,
        format_func=lambda name: text(f"layer.{name}", language),
        key="layers",
        label_visibility="collapsed",
    )
    return set(chosen)


def draw(plan: Plan | None, inputs: Inputs, language: Language, shown: set[str]) -> None:
    """Draw the map; without a plan, roads and routes alone."""
    deck = pdk.Deck(
        layers=layers(plan, inputs, language, shown),
        initial_view_state=pdk.ViewState(**_VIEW),
        map_provider=None,
        map_style="/app/static/style.json",
        tooltip={
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
        },
    )
    with st.container(key="map"):
        st.pydeck_chart(deck, height="stretch", alt=text("map.alt", language))


def layers(plan: Plan | None, inputs: Inputs, language: Language, shown: set[str]) -> list[pdk.Layer]:
    """Return the layers from the ground up."""
    ground = _backdrop(inputs)
    screen = Screen(_VIEW["zoom"], (_VIEW["longitude"], _VIEW["latitude"]), _SMALLEST_MAP_PX)
    lines: list[pdk.Layer] = backdrop.roads(ground.road_paths)
    marks: list[pdk.Layer] = []
    # Drawn from the ground up, labels of importance placed first: two orders, hence two lists.
    if plan is not None:
        plan_layers.take_marks(plan, inputs.bases, screen)
    if plan is not None and "flows" in shown:
        lines += plan_layers.flows(_bands(_key(plan), plan, inputs), language)
    if "routes" in shown:
        lines += backdrop.routes(ground.route_lines, language)
    if plan is not None and "supply" in shown:
        lines.append(plan_layers.supply(plan, inputs.bases, language))
        marks += plan_layers.supply_bases(plan, inputs.bases, language, screen)
    if "routes" in shown:
        marks.append(backdrop.route_names(ground.route_lines, language, screen))
        for line in ground.route_lines:
            screen.take_path(line.path, _ROUTE_CLEAR_PX)
    if "places" in shown:
        marks.append(backdrop.places(language, screen))
    if plan is not None and "stations" in shown:
        marks += plan_layers.stations(plan, inputs.bases, language)
    return lines + marks
