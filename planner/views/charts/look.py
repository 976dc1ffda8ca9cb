"""How charts look: colors for a light and a dark page, type, and what all charts have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import altair as alt

from planner.drawing import palette

if TYPE_CHECKING:
    from collections.abc import Sequence

_FONT = "'Source Sans', 'Noto Sans CJK SC', 'Noto Sans SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"

#: Luminance (WCAG 2) from which black has more contrast than white.
_BRIGHT = 0.179

#: Size of the type, and what title and axis below the drawing take, pixels.
_SIZE = 13
_AROUND_PX = 118

Chart = TypeVar("Chart", alt.Chart, alt.LayerChart)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Colors of charts on one ground.

    Parameters
    ----------
    ink, soft, rule, paper
        Of text, of lesser text, of rules, and of the ground.
    hydrogen, station
        Of the parts of the cost of the hydrogen and of the station, in their order.
    total, saving
        Of sums, and of what takes from them.
    found, open
        Of plans found, and of what is not decided (Okabe & Ito 2008).
    routes
        By id of the named route.
    """

    ink: str
    soft: str
    rule: str
    paper: str
    hydrogen: tuple[str, ...]
    station: tuple[str, ...]
    total: str
    saving: str
    found: str
    open: str
    routes: dict[str, str]


LIGHT = Look(
    ink=palette.INK,
    soft=palette.PLACE,
    rule="#e1ded6",
    paper="#fbfaf7",
    hydrogen=("#084594", "#2171b5", "#4292c6", "#6baed6", "#9ecae1", "#c6dbef"),
    station=("#7f2704", "#a63603", "#d94801", "#fd8d3c", "#fdbe85"),
    total=palette.INK,
    saving="#009e73",
    found="#0072b2",
    open="#e69f00",
    routes=palette.ROUTES,
)
DARK = Look(
    ink="#e8ecf1",
    soft="#aab4c0",
    rule="#3a434e",
    paper="#12161c",
    hydrogen=("#2b7bba", "#4292c6", "#6baed6", "#8fc1e3", "#b3d3ee", "#d6e6f4"),
    station=("#c2410c", "#e0560f", "#f47a2a", "#fd9a4e", "#fdc692"),
    total="#d7dee7",
    saving="#2fc79a",
    found="#56b4e9",
    open="#f0b429",
    routes={"chengyu": "#56b4e9", "chenganyu": "#ff8c42", "chengsuiyu": "#2fc79a"},
)


def of_theme(theme: str | None) -> Look:
    """Return the look of a page's theme, ``light`` or ``dark``."""
    return DARK if theme == "dark" else LIGHT


def ink_on(color: str) -> str:
    """Return the ink that reads on a fill: white or black, whichever has a contrast of 4.5 or more."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4  # noqa: PLR2004  sRGB
        for value in (channel / 255.0 for channel in palette.rgba(color)[:3])
    ]
    luminance = sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    return "#000000" if luminance > _BRIGHT else "#ffffff"


def titled(title: str, note: str, look: Look) -> alt.TitleParams:
    """Return a title over a line that says what is shown."""
    return alt.TitleParams(
        text=title,
        subtitle=note,
        anchor="start",
        frame="bounds",
        color=look.ink,
        subtitleColor=look.soft,
        fontSize=_SIZE + 3,
        subtitleFontSize=_SIZE - 1,
        subtitlePadding=4,
        offset=10,
    )


def tooltips(fields: Sequence[tuple[str, str]]) -> list[alt.Tooltip]:
    """Return the lines of a tooltip: columns of text and their headings."""
    return [alt.Tooltip(f"{column}:N", title=heading) for column, heading in fields]


def finished(chart: Chart, look: Look, *, title: alt.TitleParams, height: int, legend_px: int = 0) -> Chart:
    """Return a chart with its title and the type of all charts, as wide as its place.

    Parameters
    ----------
    chart
        What is drawn.
    look
        Colors.
    title
        From :func:`titled`.
    height, legend_px
        Of the drawing within its axes, and of its legend, pixels.
    """
    # Streamlit fits title, axes and legend into the height, too.
    around = height + _AROUND_PX + legend_px
    sized: Chart = chart.properties(title=title, height=around, width="container", background="transparent")
    shared = {
        "labelColor": look.ink,
        "titleColor": look.soft,
        "labelFontSize": _SIZE,
        "titleFontSize": _SIZE,
        "titleFontWeight": "normal",
        "labelLimit": 320,
    }
    configured: Chart = (
        sized.configure(font=_FONT, padding=4, autosize=alt.AutoSizeParams(type="fit", contains="padding"))
        .configure_view(stroke=None)
        .configure_axis(**shared, gridColor=look.rule, domainColor=look.soft, tickColor=look.soft)
        .configure_legend(**(shared | {"labelLimit": 0}), symbolStrokeWidth=1.5)
        .configure_text(color=look.ink, fontSize=_SIZE)
    )
    return configured
