"""The page in the browser: composes ``planner.views``, computes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from corridor.errors import ChengyuError
from planner.inputs import load_inputs
from planner.scenario import Scenario
from planner.text import text
from planner.views import (
    charts_panel,
    comparison_panel,
    demand_panel,
    frame,
    links,
    point_panel,
    print_view,
    road_panel,
    route_panel,
    session,
    sidebar,
    site_panel,
    status,
    style,
    toolbar,
    tour,
    workspace,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.inputs import Inputs
    from planner.text import Language

#: What draws each view of :data:`planner.views.frame.VIEWS`.
_VIEWS: dict[str, Callable[[session.Session, Inputs, Language], None]] = {
    "plan": workspace.draw,
    "compare": lambda state, inputs, language: comparison_panel.draw(state, state.plan, inputs, language),
    "charts": lambda state, inputs, language: charts_panel.draw(state.plan, inputs, language),
    "demand": lambda state, _inputs, language: demand_panel.draw(state, language),
    "routes": route_panel.draw,
    "sites": site_panel.draw,
    "points": point_panel.draw,
    "roads": lambda state, _inputs, language: road_panel.draw(state, language),
    "print": lambda state, inputs, language: print_view.draw(state.plan, inputs, language),
}
_ICON = Path(__file__).parent / "static" / "icon.png"


def page() -> None:
    """Draw the whole page."""
    st.set_page_config(
        page_title=text("app.title", "zh"),
        page_icon=str(_ICON),
        layout="wide",
        initial_sidebar_state=256,
    )
    style.apply()
    link = links.opened()
    with st.sidebar:
        language = sidebar.language()
    try:
        state = session.current(link.scenario)
        state.collect()
        # Truck speeds are assumptions too: the roads drawn are those of the plan drawn.
        inputs = load_inputs(state.plan.scenario if state.plan else None)
    except ChengyuError as error:
        st.error(status.message(error, language))
        return
    links.begin(state, inputs)
    plan = state.plan
    with st.sidebar:
        toolbar.draw(state, inputs, language)
        sidebar.scenario(state, inputs, language)
    view = frame.head(language, year=(plan.scenario if plan else state.wanted or Scenario()).year)
    links.tell(language)
    tour.draw(language, is_first_use=link.is_bare)
    status.draw(state, language)
    _VIEWS[view](state, inputs, language)
    frame.foot(language)
    links.follow(state, links.shown(state, language))


page()
