"""Small chart of what a station sells hour by hour: bars of the mean day, steps of the design day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from planner.drawing import palette
from planner.drawing.figures import number
from planner.text import Language, text

if TYPE_CHECKING:
    import pandas as pd

_HEIGHT_PX, _SIZE = 150, 11

#: Ink, bars, steps and rules on a light and on a dark page.
_LIGHT = (palette.PLACE, "#5f87ad", "#b3541e", "#e1ded6")
_DARK = ("#aab4c0", "#6f9fc8", "#f0a36b", "#3a434e")

_HOURS = 24


def draw(hours: pd.DataFrame, language: Language, *, theme: str | None) -> alt.LayerChart:
    """Return the chart.

    Parameters
    ----------
    hours
        Rows of one station of the table ``hours``.
    language
        Of the page.
    theme
        ``light`` or ``dark``.
    """
    ink, bar, step, rule = _DARK if theme == "dark" else _LIGHT
    shown = hours.assign(
        until=hours["hour"] + 1,
        span=[f"{hour}–{hour + 1} h" for hour in hours["hour"]],
        mean=[f"{number(value, 1)} kg/h" for value in hours["kg_per_hour"]],
        design=[f"{number(value, 1)} kg/h" for value in hours["design_day_kg_per_hour"]],
    )
    base = alt.Chart(shown).encode(
        tooltip=[
            alt.Tooltip("span:N", title=text("place_card.hour", language)),
            alt.Tooltip("mean:N", title=text("place_card.mean_day", language)),
            alt.Tooltip("design:N", title=text("place_card.design_day", language)),
        ]
    )
    at = alt.X(
        "hour:Q",
        title=None,
        scale=alt.Scale(domain=[0, _HOURS], nice=False),
        axis=alt.Axis(values=[0, 6, 12, 18, _HOURS], format="d", labelExpr="datum.value + ' h'", grid=False),
    )
    y = alt.Axis(title="kg/h", tickCount=3, titleAngle=0, titleAlign="left", titleX=2, titleY=-6)
    bars = base.mark_bar(color=bar, stroke=None, x2Offset=-1.5).encode(
        x=at, x2="until:Q", y=alt.Y("kg_per_hour:Q", axis=y), y2=alt.datum(0)
    )
    steps = base.mark_rule(color=step, strokeWidth=2).encode(
        x=at, x2="until:Q", y=alt.Y("design_day_kg_per_hour:Q", axis=y)
    )
    chart: alt.LayerChart = (
        alt.layer(bars, steps)
        .properties(height=_HEIGHT_PX, width="container", background="transparent")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=ink,
            titleColor=ink,
            labelFontSize=_SIZE,
            titleFontSize=_SIZE,
            titleFontWeight="normal",
            gridColor=rule,
            domainColor=rule,
            tickColor=rule,
        )
    )
    return chart


def alternative(hours: pd.DataFrame, language: Language) -> str:
    """Return the chart in words."""
    most, least = (hours.loc[hours["kg_per_hour"].agg(end)] for end in ("idxmax", "idxmin"))
    return text(
        "place_card.hours_alt",
        language,
        most=number(most["kg_per_hour"], 1),
        busiest=int(most["hour"]),
        least=number(least["kg_per_hour"], 1),
        quietest=int(least["hour"]),
        design=number(hours["design_day_kg_per_hour"].max(), 1),
    )
