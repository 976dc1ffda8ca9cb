"""Point demands of a plan: their marks on the map, in the legend, and their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydeck as pdk
import streamlit as st

from planner.drawing import palette
from planner.drawing.figures import number, with_unit
from planner.plan import records
from planner.text import Language, text
from planner.views.backdrop import halo, labelled
from planner.views.names import name
from planner.views.tables import numbered

if TYPE_CHECKING:
    from planner.plan import Plan

#: A square where a station is within reach of the point, a cross where none is.
MARKS = {True: "■", False: "×"}
_MARK_PX, _CROSS_PX = 18, 30


def layers(plan: Plan | None, language: Language) -> list[pdk.Layer]:
    """Return the point demands as squares and crosses; nothing where there are none."""
    if plan is None or plan.points.empty:
        return []
    stations = numbered(plan).set_index("site_id")
    rows = []
    for row in records(plan.points):
        station = row["site_id"]
        served = (
            text("map.point_unserved", language)
            if station is None
            else text(
                "map.point_served",
                language,
                served=number(row["served_kg_per_day"]),
                number=stations.loc[station, "number"],
                station=name(stations.loc[station], language),
                distance=with_unit(row["distance_km"], "km", language, digits=1),
            )
        )
        amount = with_unit(row["kg_per_day"], "kg_per_day", language, digits=1)
        rows.append(
            {
                "position": [row["lon"], row["lat"]],
                "mark": MARKS[row["covered"]],
                "size_px": _MARK_PX if row["covered"] else _CROSS_PX,
                "tip_title": name(row, language),
                "tip_text": f"{text('use.' + row['use'], language)} · {amount}\n{served}",
            }
        )
    drawn = pdk.Layer(
        "TextLayer",
        rows,
        id="point-demand",
        get_position="position",
        get_text="mark",
        get_size="size_px",
        get_color=palette.rgba(palette.POINT),
        pickable=True,
        **halo(),
        **labelled(),
    )
    return [drawn]


def table(plan: Plan, language: Language) -> None:
    """Draw the point demands with the stations that take them."""
    column = st.column_config
    stations = numbered(plan).set_index("site_id")
    title = f"name_{language}"
    rows = plan.points.assign(
        mark=plan.points["covered"].map(MARKS),
        use=[text(f"use.{use}", language) for use in plan.points["use"]],
        station=[
            f"{stations.loc[site, 'number']} {stations.loc[site, title]}" if site in stations.index else "–"
            for site in plan.points["site_id"]
        ],
    )
    configured: dict[str, Any] = {
        "mark": column.TextColumn("", width=24),
        title: column.TextColumn(text(f"column.{title}", language), width=92),
        "kg_per_day": column.NumberColumn(text("unit.kg_per_day", language), format="%,.0f", width=58),
        "served_kg_per_day": column.NumberColumn(
            text("points.served_short", language), format="%,.0f", width=58
        ),
        "station": column.TextColumn(text("points.station", language), width=130),
        "use": column.TextColumn(text("column.use", language), width=72),
        "distance_km": column.NumberColumn(text("column.distance_km", language), format="%.1f", width=64),
        "point_id": column.TextColumn(text("column.point_id", language)),
    }
    st.dataframe(
        rows,
        hide_index=True,
        height="stretch",
        key="points-table",
        placeholder="–",
        alt=text("points.table_alt", language),
        column_order=tuple(configured),
        column_config=configured,
    )
