"""The card of a corridor route: its stretches, its stations, and the tank along it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from corridor.named_routes import NAMED_ROUTES
from planner.drawing.figures import number, share, with_unit
from planner.fill_profile import FillProfile, fill_profile, tanks
from planner.inputs import assumptions_in_force
from planner.station_numbers import numbered
from planner.stretches import stations_on
from planner.text import Language, text
from planner.views.cards import fill_chart, parts
from planner.views.charts import look
from planner.views.choices import choice, take_up
from planner.views.style import escaped
from planner.views.tables import MARKS

if TYPE_CHECKING:
    import pandas as pd

    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.views.session import Session


def draw(session: Session, plan: Plan, inputs: Inputs, route_id: str, language: Language) -> None:
    """Draw the card of a corridor route.

    Parameters
    ----------
    session
        Opens the card of a station chosen in the table.
    plan, inputs
        What is shown.
    route_id
        Of the route.
    language
        Of the page.
    """
    named = next(route for route in NAMED_ROUTES if route.route_id == route_id)
    stretches = plan.stretches[plan.stretches["route_id"] == route_id]
    title = named.name_zh if language == "zh" else named.name_en
    st.html(parts.head(title, _where(named.refs, stretches, language), badges(stretches, language)))
    if stretches.empty:
        st.info(text("table.no_stretches", language))
        return
    stations = stations_of(plan, route_id, language)
    _tank(plan, inputs, route_id, stations, language)
    st.html(
        parts.heading(text("route_card.stretches", language)) + stretch_table(stretches, stations, language)
    )
    st.html(parts.heading(text("route_card.stations", language)))
    _station_table(session, stations, language)


def badges(stretches: pd.DataFrame, language: Language) -> list[tuple[str, str]]:
    """Return whether the route is ready from end to end."""
    if stretches.empty:
        return []
    pending = int((~stretches["ready"]).sum())
    if pending:
        return [(text("route_card.pending", language, count=pending), "warn")]
    return [(text("route_card.all_ready", language), "good")]


def _where(refs: tuple[str, ...], stretches: pd.DataFrame, language: Language) -> str:
    """Return the line below the name."""
    length = with_unit(float(stretches["length_km"].sum()), "km", language)
    return text("route_card.where", language, refs="/".join(refs), length=length)


def stations_of(plan: Plan, route_id: str, language: Language) -> pd.DataFrame:
    """Return the stations along the route with their numbers and labels of the page."""
    number_of = numbered(plan).set_index("site_id")["number"]
    table = stations_on(plan, route_id)
    numbers = table["site_id"].map(number_of).astype(str)
    return table.assign(
        number=numbers,
        mark=table["status"].map(MARKS) + " " + numbers,
        label=numbers + " " + table[f"name_{language}"],
        utilization=100.0 * table["utilization"],
    )


def _tank(plan: Plan, inputs: Inputs, route_id: str, stations: pd.DataFrame, language: Language) -> None:
    """Draw the choice of a vehicle, and its tank along the route."""
    values, _ = assumptions_in_force(inputs.assumptions, plan.scenario.assumptions)
    vehicle = st.selectbox(
        text("route_card.vehicle", language),
        list(dict.fromkeys(tanks(values)["vehicle_class"])),
        format_func=lambda name: text(f"class.{name}", language),
        key="route-card-vehicle",
    )
    profile = profile_of(plan, inputs, route_id, vehicle)
    colors = look.of_theme(st.context.theme.type)
    st.html(parts.figures(figures(profile, language)))
    said, kind = verdict(profile, language)
    st.html(parts.note(said, kind=kind))
    with st.container(key="route-card-fill", gap=None):
        st.altair_chart(
            fill_chart.levels(profile, stations, language, colors),
            width="stretch",
            theme=None,
            key="vega-fill",
            alt=fill_chart.alternative(profile, language),
        )
        if profile.elevation["elevation_m"].notna().any():
            st.altair_chart(
                fill_chart.elevation(profile, language, colors),
                width="stretch",
                theme=None,
                key="vega-elevation",
                alt=fill_chart.elevation_alternative(profile, language),
            )


def profile_of(plan: Plan, inputs: Inputs, route_id: str, vehicle: str) -> FillProfile:
    """Return the tank of a vehicle along a route, driven once per plan."""
    key = f"{plan.scenario.identity}-{plan.provenance['created_utc']}"
    return _profile(key, route_id, vehicle, plan, inputs)


@st.cache_resource(show_spinner=False, max_entries=64)
def _profile(key: str, route_id: str, vehicle: str, _plan: Plan, _inputs: Inputs) -> FillProfile:
    """Return the tank of a vehicle along a route, driven once per plan; ``key`` tells plans apart."""
    del key
    return fill_profile(_plan, _inputs, route_id, vehicle_class=vehicle)


def figures(profile: FillProfile, language: Language) -> list[tuple[str, str, str]]:
    """Return the key figures of the way there and back."""
    return [
        (text("route_card.lowest", language), share(profile.lowest_share), ""),
        (
            text("route_card.filled", language),
            with_unit(profile.filled_kg, "kg", language, digits=1),
            text("route_card.stops", language, count=profile.stops),
        ),
        (
            text("route_card.tank", language),
            with_unit(profile.tank_kg, "kg", language, digits=1),
            text("route_card.usable", language),
        ),
    ]


def verdict(profile: FillProfile, language: Language) -> tuple[str, str]:
    """Return whether the way can be driven, and the kind of the sentence."""
    if profile.dry_at is not None:
        km, homeward = profile.dry_at
        way = text("fill.back" if homeward else "fill.there", language)
        return text("route_card.dry", language, way=way, km=number(km)), "warn"
    if profile.comes_home_short:
        return text("route_card.short_at_home", language), "warn"
    return text("route_card.can_be_driven", language), ""


def stretch_table(stretches: pd.DataFrame, stations: pd.DataFrame, language: Language) -> str:
    """Return the stretches as an HTML table."""
    label = stations.set_index("site_id")["label"].to_dict()

    def end(site: str, otherwise: str) -> str:
        return str(label[site]) if site else text(f"route_card.{otherwise}", language)

    heads = ("between", "length", "state")
    head = "".join(f'<th scope="col">{escaped(text(f"route_card.{name}", language))}</th>' for name in heads)
    body = ""
    for row in stretches.to_dict("records"):
        state = text("stretch.is_ready" if row["ready"] else "stretch.is_pending", language)
        if row["closed"]:
            state += f" · {text('closures.closed', language)}"
        ends = " – ".join(
            escaped(end(row[f"{side}_site"], city)) for side, city in (("from", "start"), ("to", "finish"))
        )
        where = f"{number(row['from_km'])}–{number(row['to_km'])} km"
        length = escaped(with_unit(row["length_km"], "km", language))
        cells = (f"{ends}<small>{where}</small>", length, escaped(state))
        body += f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
    return f'<table class="card-rows"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _station_table(session: Session, stations: pd.DataFrame, language: Language) -> None:
    """Draw the stations in order; one chosen opens its card."""
    if stations.empty:
        st.html(parts.note(text("route_card.no_stations", language)))
        return
    column = st.column_config
    chosen = choice(
        session,
        stations,
        stations["site_id"],
        key="route-card-stations",
        height="content",
        alt=text("route_card.stations", language),
        column_order=("mark", "km", f"name_{language}", "load_kg_per_day", "utilization"),
        column_config={
            "mark": column.TextColumn("#", width=52),
            "km": column.NumberColumn("km", format="%.0f", width=52),
            f"name_{language}": column.TextColumn(text(f"column.name_{language}", language), width=150),
            "load_kg_per_day": column.NumberColumn(
                text("table.load_short", language), format="%,.0f", width=76
            ),
            "utilization": column.NumberColumn(
                text("table.utilization_short", language), format="%.0f%%", width=72
            ),
        },
    )
    take_up(session, "station", chosen)
