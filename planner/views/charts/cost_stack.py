"""Cost of the kilogram at the nozzle, part on part, by group of stations."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

import altair as alt

from planner.drawing.figures import names_joined, number, share, with_unit
from planner.plan_charts import COST_PARTS
from planner.text import Language, text
from planner.views.charts import look as looks

if TYPE_CHECKING:
    import pandas as pd

    from planner.views.charts.look import Look

_BAR_PX, _ROW_PX, _LEGEND_PX = 44, 58, 84
#: A part narrower than this share of the longest bar has no room for its letter; for its figure, too.
_LETTER, _FIGURE = 0.012, 0.028


def draw(table: pd.DataFrame, language: Language, look: Look) -> alt.LayerChart:
    """Return the chart of the table :func:`planner.plan_charts.cost_stack`.

    Every part bears a letter, in the bars and in the legend: colors alone tell nothing apart.
    """
    shown = _labelled(table, language, look)
    scopes = list(dict.fromkeys(shown["row"]))
    parts = list(dict.fromkeys(shown["label"]))
    colors = list(dict.fromkeys(zip(shown["label"], shown["color"], strict=True)))
    rows = alt.Y(
        "row:N",
        sort=scopes,
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelPadding=8),
    )
    base = alt.Chart(shown).encode(
        y=rows,
        tooltip=looks.tooltips(
            [
                ("row", text("charts.scope", language)),
                ("label", text("charts.part", language)),
                ("said", text("charts.amount", language)),
                ("said_share", text("charts.of_total", language)),
            ]
        ),
    )
    bars = base.mark_bar(size=_BAR_PX, stroke=look.paper, strokeWidth=1.2).encode(
        x=alt.X(
            "from_cny_per_kg:Q",
            title=text("charts.cny_per_kg", language),
            axis=alt.Axis(tickCount=8),
        ),
        x2="to_cny_per_kg:Q",
        color=alt.Color(
            "label:N",
            scale=alt.Scale(domain=parts, range=[color for _, color in colors]),
            legend=alt.Legend(title=None, orient="bottom", columns=4, symbolType="square", symbolSize=140),
        ),
    )
    middle = base.encode(
        x="middle:Q", color=alt.Color("ink:N", scale=None), text=alt.Text("letter:N")
    ).transform_filter("datum.has_letter")
    letters = middle.mark_text(fontWeight=700, dy=-8)
    figures = middle.transform_filter("datum.has_figure").mark_text(dy=9).encode(text="figure:N")
    sums = (
        alt.Chart(shown.drop_duplicates("scope"))
        .mark_text(align="left", dx=6, fontWeight=700, color=look.ink)
        .encode(y=rows, x="total_cny_per_kg:Q", text="total:N")
    )
    return looks.finished(
        alt.LayerChart(layer=[bars, letters, figures, sums]),
        look,
        title=looks.titled(text("charts.stack_title", language), text("charts.stack_note", language), look),
        height=_ROW_PX * len(scopes),
        legend_px=_LEGEND_PX,
    )


def alternative(table: pd.DataFrame, language: Language) -> str:
    """Return the chart in words."""
    sums = table.drop_duplicates("scope")
    names = {scope: text(f"charts.scope_{scope}", language) for scope in sums["scope"]}
    totals = [
        f"{names[scope]} {with_unit(total, 'cny_per_kg', language, digits=1)}"
        for scope, total in zip(sums["scope"], sums["total_cny_per_kg"], strict=True)
    ]
    return text(
        "charts.stack_alt",
        language,
        scopes=names_joined(names.values(), language),
        totals=names_joined(totals, language),
    )


def _labelled(table: pd.DataFrame, language: Language, look: Look) -> pd.DataFrame:
    """Return the table with what is written and its colors."""
    letter = dict(zip(dict.fromkeys(table["part"]), string.ascii_uppercase, strict=False))
    color = dict(zip(COST_PARTS, (*look.hydrogen, *look.station), strict=True))
    width = table["cny_per_kg"] / table["total_cny_per_kg"].max()
    return table.assign(
        row=[text(f"charts.scope_{scope}", language) for scope in table["scope"]],
        letter=table["part"].map(letter),
        label=[f"{letter[part]}  {text(f'charts.{part}', language)}" for part in table["part"]],
        color=table["part"].map(color),
        ink=[looks.ink_on(color[part]) for part in table["part"]],
        middle=(table["from_cny_per_kg"] + table["to_cny_per_kg"]) / 2,
        figure=[number(value, 1) for value in table["cny_per_kg"]],
        said=[with_unit(value, "cny_per_kg", language, digits=2) for value in table["cny_per_kg"]],
        said_share=[share(value, 1) for value in table["share"]],
        total=[number(value, 1) for value in table["total_cny_per_kg"]],
        has_letter=width >= _LETTER,
        has_figure=width >= _FIGURE,
    )
