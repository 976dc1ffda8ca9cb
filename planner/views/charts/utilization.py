"""How full the stations are: how many of them, and how much of the load, by class of utilization."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import altair as alt

from planner.drawing.figures import number, with_unit
from planner.text import Language, text
from planner.views.charts import look as looks

if TYPE_CHECKING:
    import pandas as pd

    from planner.views.charts.look import Look

Measure = Literal["stations", "load_kg_per_day"]

_HEIGHT_PX, _LEGEND_PX = 190, 26


def draw(table: pd.DataFrame, language: Language, look: Look, *, measure: Measure) -> alt.LayerChart:
    """Return the chart of the table :func:`planner.plan_charts.utilization_histogram`.

    As on the map new stations are filled, existing ones hollow.
    """
    shown = _labelled(table, language)
    classes = list(dict.fromkeys(shown["label"]))
    statuses = [text(f"status.{status}", language) for status in ("new", "existing")]
    key = "count" if measure == "stations" else "load_axis"
    bars = (
        alt.Chart(shown[shown["stations"] > 0])
        .mark_bar(strokeWidth=1.6)
        .encode(
            x=alt.X(
                "label:N",
                sort=classes,
                scale=alt.Scale(domain=classes, paddingInner=0.12),
                title=f"{text('charts.utilization', language)} (%)",
                axis=alt.Axis(labelAngle=0, labelOverlap=False, labelFontSize=11),
            ),
            y=alt.Y(
                f"{measure}:Q",
                stack="zero",
                title=text(f"charts.{key}", language),
                axis=alt.Axis(format=",.0f", tickMinStep=1),
            ),
            order=alt.Order("rank:Q"),
            fill=alt.Fill(
                "said_status:N",
                scale=alt.Scale(domain=statuses, range=[look.found, look.paper]),
                legend=alt.Legend(title=None, orient="top", symbolStrokeColor=look.found),
            ),
            stroke=alt.value(look.found),
            tooltip=looks.tooltips(
                [
                    ("label", text("charts.utilization", language)),
                    ("said_status", text("charts.status", language)),
                    ("said_count", text("charts.count", language)),
                    ("said_load", text("charts.load", language)),
                    ("said_capacity", text("charts.capacity", language)),
                ]
            ),
        )
    )
    sums = shown.groupby("label", sort=False, as_index=False)[measure].sum()
    sums = sums.assign(figure=[number(value) for value in sums[measure]])
    figures = (
        alt.Chart(sums[sums[measure] > 0])
        .mark_text(dy=-8, color=look.ink)
        .encode(x=alt.X("label:N", sort=classes), y=f"{measure}:Q", text="figure:N")
    )
    title = "utilization_title" if measure == "stations" else "utilization_load_title"
    return looks.finished(
        alt.LayerChart(layer=[bars, figures]),
        look,
        title=looks.titled(
            text(f"charts.{title}", language), text("charts.utilization_note", language), look
        ),
        height=_HEIGHT_PX,
        legend_px=_LEGEND_PX,
    )


def alternative(table: pd.DataFrame, language: Language, *, measure: Measure) -> str:
    """Return the chart in words."""
    if measure == "stations":
        return text("charts.utilization_alt", language, count=number(table["stations"].sum()))
    load = with_unit(table["load_kg_per_day"].sum(), "kg_per_day", language)
    return text("charts.utilization_load_alt", language, load=load)


def _labelled(table: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Return the table with what is written."""
    return table.assign(
        label=[
            f"{low * 100:.0f}–{high * 100:.0f}" for low, high in zip(table["low"], table["high"], strict=True)
        ],
        rank=(table["status"] != "new").astype(int),
        said_status=[text(f"status.{status}", language) for status in table["status"]],
        said_count=[number(value) for value in table["stations"]],
        said_load=[with_unit(value, "kg_per_day", language) for value in table["load_kg_per_day"]],
        said_capacity=[with_unit(value, "kg_per_day", language) for value in table["capacity_kg_per_day"]],
    )
