"""The tank along a route above the height of the road: two charts of one width, kilometer below kilometer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import pandas as pd

from planner.drawing.figures import number, share, with_unit
from planner.text import Language, text
from planner.views.charts import look as looks

if TYPE_CHECKING:
    from planner.fill_profile import FillProfile
    from planner.views.charts.look import Look

#: Room for the labels of both vertical axes, pixels: the same, so that the kilometers stand in line.
_AXIS_PX = 34
_LEVEL_PX, _ELEVATION_PX, _LEGEND_PX = 130, 24, 26
_PERCENT = 100.0


def levels(profile: FillProfile, stations: pd.DataFrame, language: Language, look: Look) -> alt.LayerChart:
    """Return the chart of the levels, with the stations along the way.

    Parameters
    ----------
    profile
        From :func:`planner.fill_profile.fill_profile`.
    stations
        Along the route: ``km``, ``number`` on the page, ``label``.
    language, look
        Of the page.
    """
    x = _kilometers(profile, None)
    y = alt.Y(
        "percent:Q",
        title=text("fill.level", language),
        axis=alt.Axis(minExtent=_AXIS_PX, maxExtent=_AXIS_PX, tickCount=5, titlePadding=2),
    )
    names = [text(f"fill.{way}", language) for way in ("there", "back")]
    shown = profile.levels.assign(
        percent=_PERCENT * profile.levels["level_share"],
        order=range(len(profile.levels)),
        way=[names[int(homeward)] for homeward in profile.levels["homeward"]],
    )
    # Both ways meet at the far end.
    turning = shown[~shown["homeward"]].tail(1).assign(way=names[1], homeward=True)
    drawn = ["route_km", "percent", "order", "way"]
    line = (
        alt.Chart(pd.concat([shown, turning], ignore_index=True)[drawn])
        .mark_line(strokeWidth=2.0)
        .encode(
            x=x,
            y=y,
            order="order:Q",
            color=alt.Color(
                "way:N",
                scale=alt.Scale(domain=names, range=[look.found, look.station[2]]),
                legend=alt.Legend(title=None, orient="top", symbolType="stroke", symbolSize=220),
            ),
            strokeDash=alt.StrokeDash("way:N", scale=alt.Scale(domain=names, range=[[1, 0], [5, 3]])),
        )
    )
    reserve = (
        alt.Chart(alt.InlineData([{"percent": 0.0}])).mark_rule(color=look.ink, strokeWidth=1.4).encode(y=y)
    )
    marks = alt.Chart(stations).encode(x=alt.X("km:Q", title=None))
    layers: list[alt.Chart] = [reserve, line]
    if len(stations):
        posts = marks.mark_rule(color=look.soft, strokeDash=[2, 3])
        numbers = marks.mark_text(baseline="bottom", dy=-3, fontWeight=700, color=look.ink).encode(
            y=alt.value(0), text="number:N"
        )
        layers = [posts, numbers, *layers, _fills(shown, stations, language, look, x, y)]
    return looks.finished(
        alt.LayerChart(layer=layers),
        look,
        title=looks.titled(text("fill.title", language), text("fill.note", language), look),
        height=_LEVEL_PX,
        legend_px=_LEGEND_PX,
    )


def elevation(profile: FillProfile, language: Language, look: Look) -> alt.LayerChart:
    """Return the chart of the height of the road, drawn to stand below the levels."""
    heights = profile.elevation.dropna()
    area = (
        alt.Chart(heights)
        .mark_area(color=look.soft, opacity=0.45, line={"color": look.soft, "strokeWidth": 1.2})
        .encode(
            x=_kilometers(profile, text("fill.route_km", language)),
            y=alt.Y(
                "elevation_m:Q",
                title=text("fill.elevation", language),
                axis=alt.Axis(minExtent=_AXIS_PX, maxExtent=_AXIS_PX, tickCount=3, titlePadding=2),
            ),
        )
    )
    return looks.finished(
        alt.LayerChart(layer=[area]), look, title=alt.TitleParams(text=""), height=_ELEVATION_PX
    )


def alternative(profile: FillProfile, language: Language) -> str:
    """Return the levels in words."""
    return text(
        "fill.alt",
        language,
        length=with_unit(profile.length_km, "km", language),
        lowest=share(profile.lowest_share),
        stops=profile.stops,
        filled=with_unit(profile.filled_kg, "kg", language, digits=1),
    )


def elevation_alternative(profile: FillProfile, language: Language) -> str:
    """Return the heights in words."""
    heights = profile.elevation["elevation_m"]
    return text("fill.elevation_alt", language, low=number(heights.min()), high=number(heights.max()))


def _kilometers(profile: FillProfile, title: str | None) -> alt.X:
    """Return the axis both charts share: the whole route, no more."""
    scale = alt.Scale(domain=[0.0, profile.length_km], nice=False)
    name = "route_km" if title is None else "km"
    return alt.X(f"{name}:Q", scale=scale, title=title, axis=alt.Axis(tickCount=6))


def _fills(
    shown: pd.DataFrame, stations: pd.DataFrame, language: Language, look: Look, x: alt.X, y: alt.Y
) -> alt.Chart:
    """Return the points at which the tank is filled."""
    label = stations.set_index("site_id")["label"]
    at = shown[shown["site_id"] != ""]
    said = at.assign(
        label=at["site_id"].map(label),
        said_km=[with_unit(km, "km", language) for km in at["route_km"]],
        said_kg=[with_unit(kg, "kg", language, digits=1) for kg in at["filled_kg"]],
    )
    points: alt.Chart = (
        alt.Chart(said)
        .mark_point(filled=True, size=48, opacity=1.0, stroke=look.paper, color=look.ink)
        .encode(
            x=x,
            y=y,
            tooltip=looks.tooltips(
                [
                    ("label", text("charts.station", language)),
                    ("way", text("fill.way", language)),
                    ("said_km", text("fill.route_km", language)),
                    ("said_kg", text("fill.filled", language)),
                ]
            ),
        )
    )
    return points
