"""From the cost of production to the retail price, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt

from planner.drawing.figures import number, with_unit
from planner.text import Language, text
from planner.views.charts import look as looks

if TYPE_CHECKING:
    import pandas as pd

    from planner.views.charts.look import Look

_STEP_PX = 27
#: Steps of the cost of the hydrogen; the others are of the station, or of support and tax.
_HYDROGEN = {"production", "conversion", "transport"}


def draw(
    table: pd.DataFrame, language: Language, look: Look, *, scope: str, retail_cny_per_kg: float
) -> alt.LayerChart:
    """Return the chart of the table :func:`planner.plan_charts.waterfall`, with the retail price assumed."""
    shown = _labelled(table, language, look)
    order = shown["label"].tolist()
    base = alt.Chart(shown).encode(
        y=alt.Y("label:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False)),
        tooltip=looks.tooltips(
            [
                ("label", text("charts.step", language)),
                ("said", text("charts.amount", language)),
                ("so_far", text("charts.so_far", language)),
            ]
        ),
    )
    bars = base.mark_bar(size=_STEP_PX - 9).encode(
        x=alt.X("from_cny_per_kg:Q", title=text("charts.cny_per_kg", language), axis=alt.Axis(tickCount=8)),
        x2="to_cny_per_kg:Q",
        color=alt.Color("color:N", scale=None),
    )
    figures = base.mark_text(align="left", dx=5).encode(
        x="end:Q",
        text="figure:N",
        color=alt.value(look.ink),
    )
    price = with_unit(retail_cny_per_kg, "cny_per_kg", language, digits=1)
    assumed = alt.Chart(
        alt.InlineData([{"price": retail_cny_per_kg, "said": text("charts.retail", language, price=price)}])
    )
    rule = assumed.mark_rule(color=look.soft, strokeDash=[5, 4], strokeWidth=1.5).encode(x="price:Q")
    said = assumed.mark_text(align="left", baseline="bottom", dx=5, dy=-2, color=look.soft).encode(
        x="price:Q", y=alt.value(0), text="said:N"
    )
    name = text(f"charts.scope_{scope}", language)
    return looks.finished(
        alt.LayerChart(layer=[rule, said, bars, figures]),
        look,
        title=looks.titled(
            text("charts.waterfall_title", language, scope=name),
            text("charts.waterfall_note", language),
            look,
        ),
        height=_STEP_PX * len(order),
    )


def alternative(table: pd.DataFrame, language: Language, *, retail_cny_per_kg: float) -> str:
    """Return the chart in words."""
    amount = table.set_index("step")["cny_per_kg"]
    said = {
        name: with_unit(value, "cny_per_kg", language, digits=1)
        for name, value in {
            "delivered": amount["delivered"],
            "nozzle": amount["nozzle"],
            "even": amount["break_even"],
            "retail": retail_cny_per_kg,
        }.items()
    }
    return text("charts.waterfall_alt", language, **said)


def _labelled(table: pd.DataFrame, language: Language, look: Look) -> pd.DataFrame:
    """Return the table with what is written and its colors."""
    return table.assign(
        label=[text(f"charts.step_{step}", language) for step in table["step"]],
        color=[_color(step, amount, look) for step, amount in zip(*_told(table), strict=True)],
        figure=[
            number(amount, 1) if is_sum else signed(amount)
            for amount, is_sum in zip(table["cny_per_kg"], table["is_sum"], strict=True)
        ],
        end=table[["from_cny_per_kg", "to_cny_per_kg"]].max(axis=1),
        said=[with_unit(value, "cny_per_kg", language, digits=2) for value in table["cny_per_kg"]],
        so_far=[with_unit(value, "cny_per_kg", language, digits=2) for value in table["to_cny_per_kg"]],
    )


def _told(table: pd.DataFrame) -> tuple[list[str], list[float | None]]:
    """Return step and amount of each row, None for sums."""
    amounts = [
        None if is_sum else float(amount)
        for amount, is_sum in zip(table["cny_per_kg"], table["is_sum"], strict=True)
    ]
    return table["step"].tolist(), amounts


def _color(step: str, amount: float | None, look: Look) -> str:
    """Return the color of a step."""
    if amount is None:
        return look.total
    if amount < 0.0:
        return look.saving
    if step == "tax":
        return look.soft
    return look.hydrogen[2] if step in _HYDROGEN else look.station[2]


def signed(value: float) -> str:
    """Return a change with its sign."""
    return f"{'+' if value >= 0.0 else '−'}{number(abs(value), 1)}"
