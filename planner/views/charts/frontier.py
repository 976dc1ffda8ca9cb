"""Cost-coverage frontier: the most each budget serves, and what no plan can beat."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import altair as alt
import pandas as pd

from planner.drawing.figures import gap, number, share, with_unit
from planner.objective import PER_DAY, unit
from planner.text import Language, text
from planner.views.charts import look as looks

if TYPE_CHECKING:
    from planner.plan_charts import FrontierTables
    from planner.scenario import Objective
    from planner.views.charts.look import Look

_HEIGHT_PX, _LEGEND_PX = 300, 26
_WAN_PER_MILLION = 100.0
#: What only budgets searched have to tell.
_OF_SEARCHES = ("said_new", "said_bound", "said_gap")
_MARKS = ("proven", "unproven", "plan")


class Asked(NamedTuple):
    """What the frontier is of: objective, and all that counts, per day."""

    objective: Objective
    demand: float


class Here(NamedTuple):
    """Where the plan shown stands: investment, 10,000 CNY, and what it serves, per day."""

    capex_wan_cny: float
    served: float


def draw(
    tables: FrontierTables, language: Language, look: Look, *, asked: Asked, here: Here | None
) -> alt.LayerChart:
    """Return the chart of :func:`planner.plan_charts.frontier_tables`, the plan shown among its points."""
    x = alt.X(
        "money:Q",
        title=text("charts.frontier_budget", language, unit=text(f"unit.{_unit(language)}", language)),
        axis=alt.Axis(format=",.0f", tickCount=7),
    )
    served = text("charts.frontier_served", language, unit=unit(asked.objective, language))
    y = alt.Y("amount:Q", title=served, axis=alt.Axis(format=",.0f"))
    undecided = (
        alt.Chart(_in_money(tables.open, language, {"from_wan_cny": "money", "to_wan_cny": "until"}))
        .mark_rect(color=look.open, opacity=0.25)
        .encode(x=x, x2="until:Q", y=alt.Y("served:Q", title=served), y2="bound:Q")
    )
    marks = _marks(tables, language, asked, here)
    legend = alt.Legend(title=None, orient="top", symbolSize=110)
    names = [text(f"charts.frontier_{mark}", language) for mark in _MARKS if mark in set(marks["mark"])]
    lines = [
        alt.Chart(_corners(corners, language))
        .mark_line(color=color, strokeDash=dash, strokeWidth=2.2)
        .encode(x=x, y=y, order="order:Q")
        for corners, color, dash in (
            (tables.bound, look.open, [5, 3]),
            (tables.served, look.found, [1, 0]),
        )
    ]
    styles = {
        "proven": ("circle", look.found, look.found),
        "unproven": ("circle", look.paper, look.found),
        "plan": ("diamond", look.station[2], look.paper),
    }
    shown = [styles[mark] for mark in _MARKS if mark in set(marks["mark"])]
    scales = [alt.Scale(domain=names, range=[style[column] for style in shown]) for column in range(3)]
    points = (
        alt.Chart(marks)
        .mark_point(strokeWidth=2, opacity=1.0)
        .encode(
            x=x,
            y=y,
            shape=alt.Shape("label:N", scale=scales[0], legend=legend),
            fill=alt.Fill("label:N", scale=scales[1], legend=legend),
            stroke=alt.Stroke("label:N", scale=scales[2], legend=legend),
            size=alt.Size("size:Q", scale=None),
            tooltip=looks.tooltips(_tips(language)),
        )
    )
    everything = alt.Chart(
        alt.InlineData([{"amount": asked.demand, "said": text("charts.frontier_all", language)}])
    )
    rule = everything.mark_rule(color=look.soft, strokeDash=[2, 4]).encode(y=y)
    named = everything.mark_text(align="left", baseline="bottom", dx=4, dy=-3, color=look.soft).encode(
        x=alt.value(0), y=y, text="said:N"
    )
    return looks.finished(
        alt.LayerChart(layer=[undecided, rule, named, *lines, points]),
        look,
        title=looks.titled(
            text("charts.frontier_title", language), text("charts.frontier_note", language), look
        ),
        height=_HEIGHT_PX,
        legend_px=_LEGEND_PX,
    )


def alternative(tables: FrontierTables, language: Language, *, asked: Asked) -> str:
    """Return the chart in words."""
    last = tables.points.iloc[-1]
    return text(
        "charts.frontier_alt",
        language,
        count=len(tables.points),
        budget=_money(last["budget_wan_cny"], language),
        served=with_unit(last["served"], PER_DAY[asked.objective], language),
    )


def _unit(language: Language) -> str:
    """Return the unit of budgets: millions in English, 10,000 in Chinese."""
    return "m_cny" if language == "en" else "wan_cny"


def _money(wan_cny: float, language: Language) -> str:
    """Return a budget with its unit."""
    amount = wan_cny / _WAN_PER_MILLION if language == "en" else wan_cny
    return with_unit(amount, _unit(language), language)


def _in_money(table: pd.DataFrame, language: Language, columns: dict[str, str]) -> pd.DataFrame:
    """Return the table with budgets in the unit of the language, under other names."""
    factor = 1.0 / _WAN_PER_MILLION if language == "en" else 1.0
    return table.assign(**{new: table[old] * factor for old, new in columns.items()})


def _corners(corners: pd.DataFrame, language: Language) -> pd.DataFrame:
    """Return the corners of a line with their order."""
    ordered = corners.assign(order=range(len(corners)))
    return _in_money(ordered, language, {"budget_wan_cny": "money"})


def _marks(tables: FrontierTables, language: Language, asked: Asked, here: Here | None) -> pd.DataFrame:
    """Return the points with what is written, the plan shown last."""
    per_day = PER_DAY[asked.objective]
    points = tables.points
    marks = points.assign(
        mark=["proven" if status == "optimal" else "unproven" for status in points["status"]],
        amount=points["served"],
        said_new=[number(count) for count in points["stations_new"]],
        said_bound=[with_unit(value, per_day, language) for value in points["bound"]],
        said_gap=[gap(value) for value in points["gap"]],
    )
    if here is not None:
        plan = {"budget_wan_cny": here.capex_wan_cny, "mark": "plan", "amount": here.served}
        marks = pd.concat([marks, pd.DataFrame([plan])], ignore_index=True)
    marks = marks.assign(
        size=[220 if mark == "plan" else 110 for mark in marks["mark"]],
        label=[text(f"charts.frontier_{mark}", language) for mark in marks["mark"]],
        said_budget=[_money(value, language) for value in marks["budget_wan_cny"]],
        said_served=[with_unit(value, per_day, language) for value in marks["amount"]],
        said_share=[share(value / asked.demand if asked.demand else None, 1) for value in marks["amount"]],
    )
    return _in_money(marks.fillna(dict.fromkeys(_OF_SEARCHES, "–")), language, {"budget_wan_cny": "money"})


def _tips(language: Language) -> list[tuple[str, str]]:
    """Return the lines of a point's tooltip."""
    budget = text("charts.frontier_budget", language, unit=text(f"unit.{_unit(language)}", language))
    return [
        ("label", text("charts.frontier_title", language)),
        ("said_budget", budget),
        ("said_new", text("charts.frontier_new", language)),
        ("said_served", text("progress.incumbent", language)),
        ("said_share", text("charts.frontier_share", language)),
        ("said_bound", text("charts.frontier_bound", language)),
        ("said_gap", text("certificate.gap", language)),
    ]
