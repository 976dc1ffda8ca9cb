"""The view of the charts: what hydrogen costs and why, how full stations are, what money reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planner import plan_charts
from planner.text import Language, text
from planner.views import fill_panel, frontier_panel
from planner.views.charts import cost_stack, loads, look, utilization, waterfall

if TYPE_CHECKING:
    import altair as alt

    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.views.charts.look import Look
    from planner.views.charts.utilization import Measure

_MEASURES: tuple[Measure, ...] = ("stations", "load_kg_per_day")


def draw(plan: Plan | None, inputs: Inputs, language: Language) -> None:
    """Draw the charts of a plan; without one, what to wait for."""
    if plan is None:
        st.info(text("charts.no_plan", language))
        return
    colors = look.of_theme(st.context.theme.type)
    with st.container(key="charts", gap="small"):
        _costs(plan, language, colors)
        _stations(plan, language, colors)
        with st.container(key="chart-frontier"):
            frontier_panel.draw(plan, language, colors)
        fill_panel.draw(plan, inputs, language, colors)


def show(chart: alt.LayerChart, *, key: str, alternative: str) -> None:
    """Draw a chart that can be read aloud."""
    with st.container(key=f"chart-{key}"):
        st.altair_chart(chart, width="stretch", theme=None, key=f"vega-{key}", alt=alternative)


def _costs(plan: Plan, language: Language, colors: Look) -> None:
    """Draw the cost of the kilogram by part and step by step."""
    scopes = plan_charts.scopes(plan)
    if not scopes:
        st.info(text("charts.no_stations", language))
        return
    stack = plan_charts.cost_stack(plan)
    show(
        cost_stack.draw(stack, language, colors),
        key="stack",
        alternative=cost_stack.alternative(stack, language),
    )
    scope = st.segmented_control(
        text("charts.scope", language),
        scopes,
        default=scopes[0],
        required=True,
        format_func=lambda name: text(f"charts.scope_{name}", language),
        key="charts-scope",
        label_visibility="collapsed",
    )
    steps, retail = plan_charts.waterfall(plan, scope), plan_charts.retail_cny_per_kg(plan)
    show(
        waterfall.draw(steps, language, colors, scope=scope, retail_cny_per_kg=retail),
        key="waterfall",
        alternative=waterfall.alternative(steps, language, retail_cny_per_kg=retail),
    )


def _stations(plan: Plan, language: Language, colors: Look) -> None:
    """Draw how full the stations are."""
    if plan.stations.empty:
        return
    table = plan_charts.utilization_histogram(plan)
    for place, measure in zip(st.columns(2, gap="medium"), _MEASURES, strict=True):
        with place:
            show(
                utilization.draw(table, language, colors, measure=measure),
                key=f"utilization-{measure}",
                alternative=utilization.alternative(table, language, measure=measure),
            )
    each = plan_charts.station_loads(plan)
    show(loads.draw(each, language, colors), key="loads", alternative=loads.alternative(each, language))
