"""The sidebar: language and scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from corridor.errors import InputError
from planner.demand_view import demand_key
from planner.scenario import OBJECTIVES, YEARS, Scenario, validated
from planner.text import LANGUAGES, Language, text
from planner.views import closures, earlier_years, supply_choices, trip_upload
from planner.views.status import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.inputs import Inputs
    from planner.views.session import Session

SCOPES = ("corridor", "region")
ADOPTIONS = ("policy", "bass", "cost")
_MOST_STATIONS = 60
_DETOURS_PERCENT = (0, 5, 10, 15, 20, 30)
_COMING_PERCENT = (0, 20, 40, 60, 80, 100)


def language() -> Language:
    """Draw the language switch and return the language."""
    st.session_state.setdefault("language", LANGUAGES[0])
    chosen = st.segmented_control(
        text("language.label", "zh"),
        LANGUAGES,
        required=True,
        format_func=lambda code: text(f"language.{code}", code),
        key="language",
        label_visibility="collapsed",
        width="stretch",
    )
    return chosen or LANGUAGES[0]


@st.fragment
def scenario(session: Session, inputs: Inputs, language: Language) -> None:
    """Draw the scenario's settings; only *Solve* and closed roads reach the rest of the page."""
    st.markdown(f"#### {text('sidebar.heading', language)}")
    asked = session.opened
    year = st.segmented_control(
        text("sidebar.year", language),
        YEARS,
        default=asked.year,
        required=True,
        key=session.key("year"),
        help=text("sidebar.year_help", language),
        width="stretch",
    )
    scope = st.segmented_control(
        text("sidebar.scope", language),
        SCOPES,
        default=asked.scope,
        required=True,
        format_func=lambda name: text(f"scope.{name}", language),
        key=session.key("scope"),
        help=text("sidebar.scope_help", language),
        width="stretch",
    )
    adoption = _choice("adoption", ADOPTIONS, asked.adoption, session, language)
    stations = st.slider(
        text("sidebar.stations", language),
        0,
        _MOST_STATIONS,
        value=min(asked.stations, _MOST_STATIONS),
        key=session.key("stations"),
        help=text("sidebar.stations_help", language),
    )
    budget = earlier_years.budget_input(
        text("sidebar.budget", language),
        asked.budget_wan_cny,
        language,
        key=session.key("budget"),
        told=text("sidebar.budget_help", language),
    )
    usable_range = st.number_input(
        text("sidebar.range", language),
        min_value=50.0,
        max_value=2000.0,
        value=asked.usable_range_km,
        step=50.0,
        format="%.0f",
        placeholder=text("sidebar.range_auto", language),
        key=session.key("range"),
        help=text("sidebar.range_help", language),
    )
    objective = _choice("objective", OBJECTIVES, asked.objective, session, language)
    least_share = _least_share(session, language) if objective == "least_cost" else asked.least_share
    detour_percent = st.select_slider(
        text("sidebar.detour", language),
        sorted({*_DETOURS_PERCENT, round(100.0 * asked.detour)}),
        value=round(100.0 * asked.detour),
        format_func=lambda percent: f"{percent} %",
        key=session.key("detour"),
        help=text("sidebar.detour_help", language),
    )
    detour = detour_percent / 100.0
    detour_decay = _decay(session, language) if detour_percent > 0 else None
    steps = earlier_years.draw(session, language, year=year, most_stations=_MOST_STATIONS)
    supply = supply_choices.draw(session, inputs, language)
    is_sound = closures.draw(session, inputs, language)
    trip_upload.draw(session, language)
    settings = {
        **session.draft.model_dump(mode="json"),
        "year": year,
        "scope": scope,
        "adoption": adoption,
        "stations": stations,
        "usable_range_km": usable_range,
        "objective": objective,
        "least_share": least_share,
        "detour": detour,
        "detour_decay": detour_decay,
        "budget_wan_cny": budget,
        "rollout": steps.rollout,
        "rollout_budget_wan_cny": steps.budgets,
        **supply.settings,
        "closures": session.closures,
        "added_sites": [site.model_dump() for site in session.added_sites],
        "point_demands": [point.model_dump() for point in session.point_demands],
        "assumptions": session.assumptions,
        **trip_upload.settings(session),
    }
    refused = earlier_years.fault(steps, language, year=year, stations=stations, detour=detour, budget=budget)
    # Below all settings, where one looks for the button: what is wrong may stand in a closed list.
    for fault in (*supply.faults, *([] if refused is None else [refused])):
        st.error(fault)
        is_sound = False
    if is_sound:
        _solve(session, settings, language)
    else:
        session.take_press()


def _least_share(session: Session, language: Language) -> float:
    """Draw the share of the demand that must be served at the least cost."""
    kept = session.key("least-share-kept")
    percent: float = st.number_input(
        text("sidebar.least_share", language),
        min_value=1.0,
        max_value=100.0,
        value=100.0 * st.session_state.get(kept, session.opened.least_share),
        step=5.0,
        format="%.0f",
        key=session.key(f"least-share-{language}"),
        help=text("sidebar.least_share_help", language),
    )
    st.session_state[kept] = percent / 100.0
    return percent / 100.0


def _choice(name: str, options: Sequence[str], asked: str, session: Session, language: Language) -> str:
    """Draw a list to choose from; the choice stays when the language is switched."""
    # A list keeps the words of the language it was first drawn in: each language has its own.
    kept = session.key(f"{name}-chosen")
    chosen: str = st.selectbox(
        text(f"sidebar.{name}", language),
        options,
        index=options.index(st.session_state.get(kept, asked)),
        format_func=lambda option: text(f"{name}.{option}", language),
        key=session.key(f"{name}-{language}"),
        help=text(f"sidebar.{name}_help", language),
    )
    st.session_state[kept] = chosen
    return chosen


def _decay(session: Session, language: Language) -> float | None:
    """Draw the share of the drivers that accepts the longest detour; None is all."""
    asked = session.opened
    share = round(100.0 * (1.0 if asked.detour_decay is None else asked.detour_decay))
    percent: int = st.select_slider(
        text("sidebar.detour_decay", language),
        sorted({*_COMING_PERCENT, share}),
        value=share,
        format_func=lambda percent: f"{percent} %",
        key=session.key("detour-decay"),
        help=text("sidebar.detour_decay_help", language),
    )
    return None if percent == 100 else percent / 100.0  # noqa: PLR2004  all of a hundred


def _solve(session: Session, settings: dict[str, object], language: Language) -> None:
    """Draw the button and say whether the page shows these settings."""
    try:
        chosen = validated(settings, where=text("sidebar.heading", language))
    except InputError as error:
        st.error(message(error, language))
        session.take_press()
        return
    _follow(session, chosen)
    is_shown = session.plan is not None and chosen.identity == session.plan.scenario.identity
    is_running = (
        session.job is not None and session.wanted is not None and chosen.identity == session.wanted.identity
    )
    st.button(
        text("sidebar.solve", language),
        type="primary",
        key="solve",
        width="stretch",
        disabled=is_running,
        on_click=session.press,
    )
    if session.take_press():
        session.ask(chosen)
        st.rerun()
    if is_running:
        st.caption(text("sidebar.running", language))
    elif is_shown:
        st.caption(text("sidebar.current", language))
    else:
        st.caption(f":orange[{text('sidebar.unsolved', language)}]")
    if chosen.assumptions:
        st.caption(text("sidebar.assumptions", language, count=len(chosen.assumptions)))


def _follow(session: Session, chosen: Scenario) -> None:
    """Let the demand on the page follow the settings, solved or not."""
    before, session.chosen = session.chosen, chosen
    if before is None or st.session_state.get("view") != "demand":
        return
    if demand_key(before) != demand_key(chosen) and before.assumptions == chosen.assumptions:
        st.rerun()
