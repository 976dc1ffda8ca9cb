"""The demand: where it runs, what it rests on, and what edited assumptions change of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from corridor.errors import ChengyuError
from demand.inputs import VEHICLE_CLASSES
from planner.demand_view import baseline, class_changes, link_changes, zone_changes
from planner.drawing.figures import number, with_unit
from planner.inputs import load_inputs
from planner.text import Language, text
from planner.views import assumption_panel, closed_roads, demand_map, demand_tables, kpis, legend, trip_tables
from planner.views.session import demand
from planner.views.status import message

if TYPE_CHECKING:
    import pandas as pd

    from planner.views.demand_map import Shown
    from planner.views.session import Session

_KM_PER_RATE = 100.0


def draw(session: Session, language: Language) -> None:
    """Draw key figures, map, assumptions and what changed."""
    scenario = session.draft
    try:
        with st.spinner(text("demand.working", language)):
            now, base = demand(scenario), demand(baseline(scenario))
    except ChengyuError as error:
        st.error(message(error, language))
        return
    classes = class_changes(now, base)
    kpis.row(cards(classes, session.edits, language))
    inputs = load_inputs(scenario)
    with st.container(key="demand"):
        left, right = st.columns([1.45, 1], gap="medium")
        with left:
            chosen, shown = _switches(language)
        with right:
            names = ("assumptions", "by_class", "by_zone", "own")
            tabs = st.tabs([text(f"demand.{name}", language) for name in names])
            with tabs[0]:
                assumption_panel.draw(session, inputs.assumptions, language)
            with tabs[1], st.container(key="demand-by-class"):
                demand_tables.by_class(classes, language)
                st.caption(text("demand.class_note", language))
            with tabs[2], st.container(key="demand-by-zone"):
                demand_tables.by_zone(zone_changes(now, base, classes=chosen), language)
                st.caption(text("demand.zone_note", language))
            with tabs[3], st.container(key="demand-own"):
                trip_tables.draw(session, now.own, inputs.routes, language)
        with left:  # last, because it takes longest: the mark on an edited assumption need not wait
            links = link_changes(now, base, classes=chosen)
            closed = closed_roads.lines(scenario.closures, scenario.network, inputs)
            demand_map.draw(links, closed, inputs, language=language, scope=scenario.scope, shown=shown)
            legend.demand(links, language, shown=shown, closed=bool(closed))


def _switches(language: Language) -> tuple[tuple[str, ...], Shown]:
    """Draw the switches of the map; return the vehicle classes and what is shown of them."""
    with st.container(horizontal=True, horizontal_alignment="distribute", key="demand-switches"):
        classes = st.pills(
            text("column.vehicle_class", language),
            VEHICLE_CLASSES,
            selection_mode="multi",
            default=VEHICLE_CLASSES,
            format_func=lambda name: text(f"class.{name}_short", language),
            key="demand-class",
            label_visibility="collapsed",
        )
        shown: Shown = st.segmented_control(
            text("demand.shown", language),
            ("demand", "change"),
            default="demand",
            required=True,
            format_func=lambda name: text(f"demand.show_{name}", language),
            key="demand-shown",
            label_visibility="collapsed",
        )
    return tuple(name for name in VEHICLE_CLASSES if name in classes), shown


def cards(classes: pd.DataFrame, edits: dict[str, float], language: Language) -> list[str]:
    """Return the key figures of the demand, each with its change against the baseline."""
    kg, trips, km = (classes[name].sum() for name in ("kg_per_day", "trips_per_day", "vehicle_km_per_day"))
    before = classes[[name for name in classes.columns if name.startswith("baseline_")]].sum()
    before.index = before.index.str.removeprefix("baseline_")
    rate, rate_before = (
        _KM_PER_RATE * kg / km if km else None,
        _KM_PER_RATE * before["kg_per_day"] / before["vehicle_km_per_day"]
        if before["vehicle_km_per_day"]
        else None,
    )
    figures = (
        ("demand_kg", kg, before["kg_per_day"], "kg_per_day", 0),
        ("demand_trips", trips, before["trips_per_day"], "per_day", 1),
        ("demand_km", km, before["vehicle_km_per_day"], "km_per_day", 0),
        ("demand_rate", rate, rate_before, "kg_per_100km", 2),
    )
    heavy = classes["kg_per_day"].idxmax()
    return [
        *(
            kpis.card(
                name,
                number(value, digits),
                text(f"unit.{unit}", language),
                language,
                change=_change(value, old, language, digits),
            )
            for name, value, old, unit, digits in figures
        ),
        kpis.card(
            "demand_largest",
            f"{classes['kg_per_day'].max() / kg:.0%}" if kg else "–",
            "",
            language,
            vehicle=text(f"class.{heavy}", language),
        ),
        kpis.card(
            "demand_edits",
            number(len(edits)),
            text("unit.assumptions", language),
            language,
            change=with_unit(classes["change_kg_per_day"].sum(), "kg_per_day", language),
        ),
    ]


def _change(value: float | None, before: float | None, language: Language, digits: int) -> str:
    """Return the change against the baseline, in words where there is none."""
    if value is None or not before:
        return text("demand.no_baseline", language)
    if round(value, digits) == round(before, digits):
        return text("demand.as_baseline", language)
    return text(
        "demand.against", language, before=number(before, digits), change=f"{value / before - 1:+.1%}"
    )
