"""Tables of the demand: by vehicle class and by county, each against the baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import streamlit as st

from planner.text import Language, text

if TYPE_CHECKING:
    import pandas as pd

_AMOUNT, _CHANGE = "%,.0f", "%+,.1f"


def by_class(changes: pd.DataFrame, language: Language) -> None:
    """Draw the classes of :func:`planner.demand_view.class_changes`."""
    table = changes.reset_index()
    table["vehicle_class"] = [text(f"class.{name}", language) for name in table["vehicle_class"]]
    columns = (
        "vehicle_class",
        "kg_per_day",
        "change_kg_per_day",
        "change_share",
        "trips_per_day",
        "vehicle_km_per_day",
    )
    _draw(table, columns, "demand-classes", language, height="content")


def by_zone(changes: pd.DataFrame, language: Language) -> None:
    """Draw the zones of :func:`planner.demand_view.zone_changes`, the most changed first if any is."""
    table = changes.reset_index()
    order = table["change_kg_per_day"].abs().round(6).sort_values(ascending=False, kind="stable").index
    columns = (f"name_{language}", "kg_per_day", "change_kg_per_day", "change_share", "baseline_kg_per_day")
    _draw(table.loc[order], columns, "demand-zones", language)


def _draw(
    table: pd.DataFrame,
    columns: tuple[str, ...],
    key: str,
    language: Language,
    *,
    height: Literal["stretch", "content"] = "stretch",
) -> None:
    """Draw some columns of a table."""
    column = st.column_config
    configured: dict[str, Any] = {
        "vehicle_class": column.TextColumn(text("column.vehicle_class", language), width=88, pinned=True),
        f"name_{language}": column.TextColumn(text("demand.zone", language), width=116, pinned=True),
        "trips_per_day": column.NumberColumn(text("demand.trips", language), format="%,.1f", width=56),
        "vehicle_km_per_day": column.NumberColumn(
            text("demand.vehicle_km", language), format=_AMOUNT, width=62
        ),
        "kg_per_day": column.NumberColumn(text("demand.kg", language), format=_AMOUNT, width=58),
        "baseline_kg_per_day": column.NumberColumn(
            text("demand.baseline", language), format=_AMOUNT, width=68
        ),
        "change_kg_per_day": column.NumberColumn(text("demand.change", language), format=_CHANGE, width=60),
        "change_share": column.NumberColumn("%", format="%+.1f", width=50),
    }
    before = table["baseline_kg_per_day"]
    st.dataframe(
        table.assign(
            change_share=(100.0 * table["change_kg_per_day"] / before).where(before > 0),
        ),
        hide_index=True,
        height=height,
        key=key,
        placeholder="–",
        alt=text(f"{key.replace('-', '.')}_alt", language),
        column_order=columns,
        column_config={shown: configured[shown] for shown in columns},
    )
