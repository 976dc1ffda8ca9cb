"""The siting table and the supply table of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from corridor.named_routes import NAMED_ROUTES
from planner import station_numbers
from planner.text import Language, text
from planner.views.choices import choice
from siting.delivery import PARTS
from siting.supply_network import ON_SITE_BASE
from siting.supply_tables import PRODUCTION_PARTS

if TYPE_CHECKING:
    import pandas as pd

    from planner.plan import Plan
    from planner.views.session import Session

_KG, _PRICE = "%,.0f", "%.1f"

#: As on the map: new stations are filled, existing ones hollow.
MARKS = {"new": "●", "existing": "○"}


#: Stations with their number on the page.
numbered = station_numbers.numbered


def siting(session: Session, plan: Plan, bases: pd.DataFrame, language: Language) -> str | None:
    """Draw the siting table, numbered as on the map; return the station of a row chosen in it."""
    if plan.stations.empty:
        st.info(text("table.empty", language))
        return None
    column = st.column_config
    name = f"name_{language}"
    stations = numbered(plan)
    table = stations.assign(
        number=stations["status"].map(MARKS) + " " + stations["number"].astype(str),
        utilization=100.0 * stations["utilization"],
        status=stations["status"].map(lambda status: text(f"status.{status}", language)),
        kind=stations["kind"].map(lambda kind: text(f"kind.{kind}", language)),
        form=stations["form"].map(lambda form: text(f"form.{form}", language), na_action="ignore"),
        position_quality=stations["position_quality"].map(
            lambda quality: text(f"quality.{quality}", language)
        ),
        base_id=_base_names(stations["base_id"], bases, language),
    )
    return choice(
        session,
        table,
        stations["site_id"],
        key="siting-table",
        alt=text("table.stations", language),
        height="stretch",
        column_order=(
            "number",
            name,
            "capacity_kg_per_day",
            "load_kg_per_day",
            "utilization",
            "hydrogen_cny_per_kg",
            "nozzle_cost_cny_per_kg",
            "status",
            "form",
            "road_ref",
            "km_post",
            "county_zh",
            "base_id",
            "kind",
            "visits_per_day",
            "dispensers",
            "dispensers_needed",
            "wait_p95_min",
            "simulated_wait_p95_min",
            "capex_wan_cny",
            "footprint_m2",
            "lon",
            "lat",
            "position_quality",
            "site_id",
        ),
        column_config={
            "number": column.TextColumn("#", width=44, pinned=True),
            name: column.TextColumn(_heading(name, language), width=192),
            "status": column.TextColumn(_heading("status", language), width=64),
            "capacity_kg_per_day": column.NumberColumn(
                text("table.capacity_short", language), format=_KG, width=70
            ),
            "load_kg_per_day": column.NumberColumn(text("table.load_short", language), format=_KG, width=70),
            "utilization": column.ProgressColumn(
                text("table.utilization_short", language),
                format="%.0f%%",
                min_value=0.0,
                max_value=100.0,
                width=96,
            ),
            "hydrogen_cny_per_kg": column.NumberColumn(
                text("table.price_short", language), format=_PRICE, width=84
            ),
            "nozzle_cost_cny_per_kg": column.NumberColumn(
                text("table.nozzle_short", language),
                help=_heading("nozzle_cost_cny_per_kg", language),
                format=_PRICE,
            ),
            "form": column.TextColumn(_heading("form", language), width=84),
            "footprint_m2": column.NumberColumn(_heading("footprint_m2", language), format=_KG),
            "visits_per_day": column.NumberColumn(_heading("visits_per_day", language), format="%.1f"),
            "dispensers": column.NumberColumn(_heading("dispensers", language), format=_KG),
            "dispensers_needed": column.NumberColumn(_heading("dispensers_needed", language), format=_KG),
            **{
                f"{name}_p95_min": column.NumberColumn(
                    text(f"table.{name}_short", language),
                    help=_heading(f"{name}_p95_min", language),
                    format="%.1f",
                )
                for name in ("wait", "simulated_wait")
            },
            "capex_wan_cny": column.NumberColumn(_heading("capex_wan_cny", language), format=_KG),
            "lon": column.NumberColumn(_heading("lon", language), format="%.4f"),
            "lat": column.NumberColumn(_heading("lat", language), format="%.4f"),
            **{
                key: column.Column(_heading(key, language))
                for key in (
                    "road_ref",
                    "km_post",
                    "county_zh",
                    "base_id",
                    "kind",
                    "position_quality",
                    "site_id",
                )
            },
        },
    )


def candidates(session: Session, plan: Plan, language: Language) -> str | None:
    """Draw the sites without a station, the largest gain first; return the one chosen in the table."""
    table = plan.gains[~plan.gains["site_id"].isin(plan.stations["site_id"])]
    if table.empty:
        st.info(text("table.no_candidates", language))
        return None
    column = st.column_config
    name = f"name_{language}"
    return choice(
        session,
        table.assign(status=table["status"].map(lambda status: text(f"status.{status}", language))),
        table["site_id"],
        key="candidate-table",
        alt=text("table.candidates", language),
        height="stretch",
        column_order=(name, "gain_kg_per_day", "no_room_kg_per_day", "status", "site_id"),
        column_config={
            name: column.TextColumn(_heading(name, language), width=180, pinned=True),
            **{
                key: column.NumberColumn(_heading(key, language), format=_KG)
                for key in ("gain_kg_per_day", "no_room_kg_per_day")
            },
            **{key: column.TextColumn(_heading(key, language)) for key in ("status", "site_id")},
        },
    )


def stretches(session: Session, plan: Plan, language: Language) -> str | None:
    """Draw the stretches between stations, route by route; return the route of the one chosen."""
    if plan.stretches.empty:
        st.info(text("table.no_stretches", language))
        return None
    column = st.column_config
    route = {each.route_id: each.name_zh if language == "zh" else each.name_en for each in NAMED_ROUTES}
    place = plan.stations.set_index("site_id")[f"name_{language}"].to_dict()
    table = plan.stretches.assign(
        route_id=plan.stretches["route_id"].map(route),
        ready=plan.stretches["ready"].map(
            lambda is_ready: text("stretch.is_ready" if is_ready else "stretch.is_pending", language)
        ),
        **{
            end: plan.stretches[end].map(lambda site: place.get(site, text("stretch.end", language)))
            for end in ("from_site", "to_site")
        },
    )
    return choice(
        session,
        table,
        plan.stretches["route_id"],
        key="stretch-table",
        alt=text("table.stretches", language),
        height="stretch",
        column_order=("route_id", "ready", "length_km", "from_site", "to_site", "from_km", "to_km"),
        column_config={
            **{
                key: column.TextColumn(_heading(key, language))
                for key in ("route_id", "ready", "from_site", "to_site")
            },
            **{
                key: column.NumberColumn(_heading(key, language), format=_KG)
                for key in ("length_km", "from_km", "to_km")
            },
        },
    )


def supply(plan: Plan, bases: pd.DataFrame, language: Language) -> None:
    """Draw the supply table: base, station, amount, cost."""
    column = st.column_config
    number_of = numbered(plan).set_index("site_id")["number"]
    name_of = plan.stations.set_index("site_id")[f"name_{language}"]
    table = plan.supply.assign(
        number=plan.supply["site_id"].map(number_of),
        station=plan.supply["site_id"].map(name_of),
        base_id=_base_names(plan.supply["base_id"], bases, language),
        mode=plan.supply["mode"].map(lambda mode: text(f"mode.{mode}", language)),
    ).sort_values("number", kind="stable")
    sums = ("production_cny_per_kg", "delivery_cny_per_kg", "delivered_cny_per_kg")
    costs = (*sums, *PRODUCTION_PARTS, *PARTS)
    vehicles = ("trips_per_day", "trailers", "tractors")
    st.dataframe(
        table,
        height="stretch",
        hide_index=True,
        placeholder="–",
        key="supply-table",
        alt=text("table.supply", language),
        column_order=(
            "number",
            "station",
            "base_id",
            "kg_per_day",
            "distance_km",
            "mode",
            *costs,
            *vehicles,
            "green",
        ),
        column_config={
            "number": column.NumberColumn("#", width=36, pinned=True),
            "station": column.TextColumn(_heading(f"name_{language}", language), width=140),
            "base_id": column.TextColumn(_heading("base_id", language), width=140),
            "kg_per_day": column.NumberColumn(_heading("kg_per_day", language), format=_KG),
            "distance_km": column.NumberColumn(_heading("distance_km", language), format=_KG),
            "mode": column.TextColumn(_heading("mode", language)),
            **{
                key: column.NumberColumn(_heading(key, language), format=_PRICE)
                for key in (*costs, *vehicles)
            },
            "green": column.CheckboxColumn(_heading("green", language)),
        },
    )


def _base_names(base_ids: pd.Series, bases: pd.DataFrame, language: Language) -> pd.Series:
    """Return the names of bases; an unknown id stays as it is."""
    names = bases[f"name_{language}"].to_dict() | {ON_SITE_BASE: text("mode.on_site", language)}
    return base_ids.map(lambda base_id: names.get(base_id, base_id))


def _heading(name: str, language: Language) -> str:
    """Return the heading of a column."""
    return text(f"column.{name}", language)
