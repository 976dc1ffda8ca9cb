"""The tank along each corridor route, side by side: where it is low, where filled, how high the road is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from corridor.named_routes import NAMED_ROUTES
from planner.fill_profile import tanks
from planner.inputs import assumptions_in_force
from planner.stretches import route_paths
from planner.text import Language, text
from planner.views.cards import fill_chart, parts, route

if TYPE_CHECKING:
    from corridor.named_routes import NamedRoute
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.views.charts.look import Look


def draw(plan: Plan, inputs: Inputs, language: Language, colors: Look) -> None:
    """Draw the choice of a vehicle, and its tank along every route the roads hold."""
    held = route_paths(inputs.network)
    routes = [named for named in NAMED_ROUTES if named.route_id in held]
    if not routes:
        st.info(text("charts.no_routes", language))
        return
    values, _ = assumptions_in_force(inputs.assumptions, plan.scenario.assumptions)
    vehicle = st.selectbox(
        text("route_card.vehicle", language),
        list(dict.fromkeys(tanks(values)["vehicle_class"])),
        format_func=lambda name: text(f"class.{name}", language),
        key="charts-vehicle",
        width=260,
    )
    for place, named in zip(st.columns(len(routes), gap="medium"), routes, strict=True):
        with place:
            _route(plan, inputs, named, vehicle, language, colors)


def _route(
    plan: Plan, inputs: Inputs, named: NamedRoute, vehicle: str, language: Language, colors: Look
) -> None:
    """Draw one route: its name, whether it can be driven, levels above heights."""
    profile = route.profile_of(plan, inputs, named.route_id, vehicle)
    name = named.name_zh if language == "zh" else named.name_en
    st.html(parts.heading(f"{name} {'/'.join(named.refs)}"))
    said, kind = route.verdict(profile, language)
    st.html(parts.note(said, kind=kind))
    with st.container(key=f"chart-fill-{named.route_id}", gap=None):
        st.altair_chart(
            fill_chart.levels(profile, route.stations_of(plan, named.route_id, language), language, colors),
            width="stretch",
            theme=None,
            key=f"vega-fill-{named.route_id}",
            alt=f"{name}: {fill_chart.alternative(profile, language)}",
        )
        if profile.elevation["elevation_m"].notna().any():
            st.altair_chart(
                fill_chart.elevation(profile, language, colors),
                width="stretch",
                theme=None,
                key=f"vega-elevation-{named.route_id}",
                alt=f"{name}: {fill_chart.elevation_alternative(profile, language)}",
            )
