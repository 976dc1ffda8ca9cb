"""The map: what every plan shares below, the plan above, no tile from anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from planner.drawing.flow_bands import bands
from planner.drawing.labels import Screen
from planner.flows import link_flows
from planner.text import Language, text
from planner.views import backdrop, closed_roads, plan_layers, plan_points, site_layers, stretch_layers
from planner.views.map_frame import deck, ground

if TYPE_CHECKING:
    import pydeck as pdk
    from shapely import LineString

    from planner.drawing.flow_bands import Band
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.views.session import Session

#: Middle and zoom that show Chengdu to Chongqing in the smallest map.
_VIEW = {"longitude": 105.4, "latitude": 29.95, "zoom": 7.0, "min_zoom": 5, "max_zoom": 12}

#: Width and height of the map in a window of 1280 by 800, pixels.
_SMALLEST_MAP_PX = (640, 470)

#: Half the width kept free of city names along a route, pixels.
_ROUTE_CLEAR_PX = 3.0

#: Switches of the map, in the order of the row above it.
SWITCHES = ("stations", "candidates", "flows", "unserved", "routes", "stretches", "supply", "weak", "places")

#: Those that are on at first.
FIRST = ("stations", "candidates", "flows", "routes", "supply", "places")


#: Where the layers that are on stay.
KEPT_LAYERS = "layers-kept"


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


def _closed(plan: Plan, inputs: Inputs) -> list[LineString]:
    """Return the roads the plan's scenario closes."""
    return closed_roads.lines(plan.scenario.closures, plan.scenario.network, inputs)


def switches(language: Language) -> set[str]:
    """Draw the switches of the layers and return those that are on."""
    # Streamlit forgets switches while another view is shown.
    st.session_state.setdefault("layers", st.session_state.get(KEPT_LAYERS, list(FIRST)))
    chosen = st.pills(
        text("layer.label", language),
        SWITCHES,
        selection_mode="multi",
        format_func=lambda name: text(f"layer.{name}", language),
        key="layers",
        label_visibility="collapsed",
    )
    st.session_state[KEPT_LAYERS] = list(chosen)
    return set(chosen)


def draw(session: Session, plan: Plan | None, inputs: Inputs, language: Language, shown: set[str]) -> None:
    """Draw the map; without a plan, roads and routes alone. A click opens the card of what was clicked."""
    map_ = deck(layers(session, plan, inputs, language, shown), **_VIEW)
    with st.container(key="map"):
        event = st.pydeck_chart(
            map_,
            height="stretch",
            alt=text("map.alt", language),
            on_select="rerun",
            selection_mode="single-object",
            key="corridor-map",
        )
    _take_up(session, event)


def _take_up(session: Session, event: Any) -> None:  # noqa: ANN401  Streamlit's state of a chart
    """Open the card of what was clicked since the map was drawn last.

    The ids of layers change with every click taken up: Streamlit, which goes on telling of the last one,
    then tells of a layer that is no more, and dims nothing.
    """
    for layer_id, objects in event.selection.get("objects", {}).items():
        if not layer_id.endswith(_suffix(session)) or not objects or "pick" not in objects[0]:
            continue
        session.picks += 1
        session.select(objects[0]["pick"], objects[0]["key"])
        st.rerun()


def _suffix(session: Session) -> str:
    """Return what the ids of layers end in until the next click."""
    return f"@{session.picks}"


def layers(
    session: Session, plan: Plan | None, inputs: Inputs, language: Language, shown: set[str]
) -> list[pdk.Layer]:
    """Return the layers from the ground up."""
    below, suffix = ground(inputs), _suffix(session)
    screen = Screen(_VIEW["zoom"], (_VIEW["longitude"], _VIEW["latitude"]), _SMALLEST_MAP_PX)
    lines: list[pdk.Layer] = backdrop.ground(below.road_paths)
    marks: list[pdk.Layer] = []
    # Drawn from the ground up, labels of importance placed first: two orders, hence two lists.
    if plan is not None:
        plan_layers.take_marks(plan, inputs.bases, screen)
        lines += _demand(plan, inputs, language, shown)
    if "routes" in shown:
        lines += backdrop.routes(below.route_lines, language, suffix=suffix)
    if plan is not None:
        lines += closed_roads.layers(_closed(plan, inputs), language)
    if plan is not None and "candidates" in shown:
        lines.append(site_layers.candidates(plan, session.draft, inputs.sites, language, suffix=suffix))
    if plan is not None and "supply" in shown:
        lines.append(plan_layers.supply(plan, inputs.bases, language))
        marks += plan_layers.supply_bases(plan, inputs.bases, language, screen, suffix=suffix)
    if "routes" in shown:
        marks.append(backdrop.route_names(below.route_lines, language, screen))
        for line in below.route_lines:
            screen.take_path(line.path, _ROUTE_CLEAR_PX)
    if "places" in shown:
        marks += backdrop.names(language, screen)
    marks += plan_points.layers(plan, language)
    if plan is not None:
        marks += _sites(session, plan, inputs, language, shown)
    return lines + marks


def _demand(plan: Plan, inputs: Inputs, language: Language, shown: set[str]) -> list[pdk.Layer]:
    """Return the demand on the roads, all of it or what nobody serves, and the stretches of the corridor."""
    drawn = []
    if shown & {"flows", "unserved"}:
        on_roads = _bands(_key(plan), plan, inputs)
        drawn += plan_layers.flows(on_roads, language) if "flows" in shown else []
        drawn += [plan_layers.unserved(on_roads, language)] if "unserved" in shown else []
    if "stretches" in shown:
        drawn += stretch_layers.layers(stretch_layers.lines(_key(plan), plan, inputs), language)
    return drawn


def _sites(
    session: Session, plan: Plan, inputs: Inputs, language: Language, shown: set[str]
) -> list[pdk.Layer]:
    """Return stations, sites kept out, and what marks some of them."""
    drawn, suffix, sites = [], _suffix(session), inputs.sites
    if "weak" in shown:
        drawn.append(site_layers.weak_spots(plan, language))
    if "stations" in shown:
        drawn += site_layers.stations(plan, session.draft, inputs.bases, language, suffix=suffix)
        drawn.append(site_layers.kept_out(session.draft, sites, language, suffix=suffix))
    return drawn + site_layers.chosen(session.selection, plan, sites, inputs.bases)
