"""Load of every station inside the frame of its size, the busiest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from planner.drawing.figures import share, with_unit
from planner.text import Language, text
from planner.views.charts import look as looks

if TYPE_CHECKING:
    import pandas as pd

    from planner.views.charts.look import Look

_ROW_PX = 21


def draw(table: pd.DataFrame, language: Language, look: Look) -> alt.LayerChart:
    """Return the chart of the table :func:`planner.plan_charts.station_loads`."""
    shown = _labelled(table, language)
    base = alt.Chart(shown).encode(
        y=alt.Y(
            "label:N",
            sort=shown["label"].tolist(),
            title=None,
            axis=alt.Axis(ticks=False, domain=False, labelLimit=345, labelPadding=7),
        ),
        tooltip=looks.tooltips(
            [
                ("label", text("charts.station", language)),
                ("said_status", text("charts.status", language)),
                ("said_load", text("charts.load", language)),
                ("said_capacity", text("charts.capacity", language)),
                ("said_utilization", text("charts.utilization", language)),
            ]
        ),
    )
    axis = alt.X(
        "load_kg_per_day:Q",
        title=text("charts.loads_axis", language),
        axis=alt.Axis(format=",.0f", tickCount=8),
    )
    frames = base.mark_bar(size=_ROW_PX - 6, fillOpacity=0.0, stroke=look.soft, strokeWidth=1.2).encode(
        x="capacity_kg_per_day:Q"
    )
    bars = base.mark_bar(size=_ROW_PX - 6, color=look.found).encode(x=axis)
    figures = base.mark_text(align="left", dx=5, fontSize=12, color=look.ink).encode(
        x="end:Q", text="said_utilization:N"
    )
    return looks.finished(
        alt.LayerChart(layer=[bars, frames, figures]),
        look,
        title=looks.titled(text("charts.loads_title", language), text("charts.loads_note", language), look),
        height=_ROW_PX * len(shown),
    )


def alternative(table: pd.DataFrame, language: Language) -> str:
    """Return the chart in words."""
    busiest = table.iloc[0]
    return text(
        "charts.loads_alt",
        language,
        count=len(table),
        name=busiest[f"name_{language}"],
        load=with_unit(busiest["load_kg_per_day"], "kg_per_day", language),
    )


def _labelled(table: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Return the table with what is written."""
    names = zip(table["number"], table["status"], table[f"name_{language}"], strict=True)
    marks = {"new": "●", "existing": "○"}
    return table.assign(
        label=[f"{marks[status]} {number} {name}" for number, status, name in names],
        said_status=[text(f"status.{status}", language) for status in table["status"]],
        said_load=[with_unit(value, "kg_per_day", language) for value in table["load_kg_per_day"]],
        said_capacity=[with_unit(value, "kg_per_day", language) for value in table["capacity_kg_per_day"]],
        said_utilization=[share(value) for value in table["utilization"]],
        end=table[["load_kg_per_day", "capacity_kg_per_day"]].max(axis=1),
    )
