"""The card of a supply base: what it makes month by month, whom it serves, and at what cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import streamlit as st

from planner.drawing.figures import number, share, with_unit
from planner.seasons import base_costs, base_figures, production_of, served_by
from planner.station_numbers import numbered
from planner.text import Language, text
from planner.views.cards import parts
from planner.views.charts import look as looks
from planner.views.choices import choice, take_up
from planner.views.names import name
from planner.views.tables import MARKS

if TYPE_CHECKING:
    import pandas as pd

    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.views.charts.look import Look
    from planner.views.session import Session

_HEIGHT_PX, _LEGEND_PX = 130, 26
_ELECTROLYSIS = "electrolysis"
_SEASONS = ("dry", "flat", "wet")


def draw(session: Session, plan: Plan, inputs: Inputs, base_id: str, language: Language) -> None:
    """Draw the card of a base.

    Parameters
    ----------
    session
        Opens the card of a station chosen in the table.
    plan, inputs
        What is shown.
    base_id
        Of the base.
    language
        Of the page.
    """
    base = inputs.bases.loc[base_id]
    figures = base_figures(plan, base_id)
    st.html(
        parts.head(
            name(base, language),
            text(f"kind.{base['kind']}", language),
            badges(figures, language, is_green=bool(base["green"])),
        )
    )
    st.html(parts.figures(tiles(figures, str(base["kind"]), language)))
    made = production_of(plan, base_id)
    if made["capacity_t"].sum() > 0.0:
        st.altair_chart(
            production(made, language, looks.of_theme(st.context.theme.type)),
            width="stretch",
            theme=None,
            key="vega-production",
            alt=alternative(made, language),
        )
    else:
        st.html(parts.note(text("base_card.not_built", language, left=number(figures["left_t"]))))
    _served(session, plan, base_id, language)
    costs = base_costs(plan, base_id)
    if costs:
        told = [
            (text(f"charts.{part}", language), cost, number(cost, 2)) for part, cost in costs.items() if cost
        ]
        st.html(parts.heading(text("base_card.costs", language)) + parts.shares(told))


def badges(figures: dict[str, float], language: Language, *, is_green: bool) -> list[tuple[str, str]]:
    """Return what is to be known of the base at a glance."""
    kind = (
        (text("base_card.green", language), "good")
        if is_green
        else (text("base_card.not_green", language), "")
    )
    is_used = figures["kg_per_day"] > 0.0
    return [kind] if is_used else [kind, (text("base_card.unused", language), "warn")]


def tiles(figures: dict[str, float], kind: str, language: Language) -> list[tuple[str, str, str]]:
    """Return the key figures: label, figure, note."""
    built = [(text("base_card.modules", language), number(figures["modules"]), "")]
    return [
        (
            text("base_card.sent", language),
            with_unit(figures["kg_per_day"], "kg_per_day", language),
            text("base_card.mean", language),
        ),
        (text("base_card.produced", language), f"{number(figures['produced_t'])} t", ""),
        *(built if kind == _ELECTROLYSIS else []),
        (text("base_card.use", language), share(figures["use_share"]), ""),
        (
            text("base_card.production_cost", language),
            number(figures["production_cny_per_kg"], 1),
            text("unit.cny_per_kg", language),
        ),
        (
            text("base_card.delivery_cost", language),
            number(figures["delivery_cny_per_kg"], 1),
            text("unit.cny_per_kg", language),
        ),
        (
            text("base_card.left", language),
            f"{number(figures['left_t'])} t",
            text("base_card.left_note", language),
        ),
    ]


def production(made: pd.DataFrame, language: Language, look: Look) -> alt.LayerChart:
    """Return the chart of production by month, under a line of what is built."""
    seasons = {season: text(f"season.{season}", language) for season in _SEASONS}
    shown = made.reset_index().assign(
        label=[text(f"month.m{month:02d}", language) for month in made.index],
        said_season=made["season"].map(seasons).to_numpy(),
        said_made=[f"{number(tons, 1)} t" for tons in made["produced_t"]],
        said_capacity=[f"{number(tons, 1)} t" for tons in made["capacity_t"]],
    )
    x = alt.X(
        "month:O",
        title=text("column.month", language),
        axis=alt.Axis(labelAngle=0, labelOverlap=False),
        scale=alt.Scale(paddingInner=0.2),
    )
    bars = (
        alt.Chart(shown)
        .mark_bar(stroke=look.ink, strokeWidth=0.6)
        .encode(
            x=x,
            y=alt.Y("produced_t:Q", title=text("base_card.tons", language), axis=alt.Axis(tickCount=4)),
            color=alt.Color(
                "said_season:N",
                scale=alt.Scale(domain=list(seasons.values()), range=[look.open, look.rule, look.found]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=looks.tooltips(
                [
                    ("label", text("column.month", language)),
                    ("said_season", text("base_card.season", language)),
                    ("said_made", text("base_card.produced", language)),
                    ("said_capacity", text("base_card.built", language)),
                ]
            ),
        )
    )
    built = (
        alt.Chart(shown)
        .mark_line(interpolate="step", color=look.ink, strokeDash=[4, 3], strokeWidth=1.6)
        .encode(x=x, y="capacity_t:Q")
    )
    return looks.finished(
        alt.LayerChart(layer=[bars, built]),
        look,
        title=looks.titled(
            text("base_card.by_month", language), text("base_card.by_month_note", language), look
        ),
        height=_HEIGHT_PX,
        legend_px=_LEGEND_PX,
    )


def alternative(made: pd.DataFrame, language: Language) -> str:
    """Return the chart in words."""
    made_t = made["produced_t"].to_numpy()
    most, least = (text(f"month.m{1 + int(at):02d}", language) for at in (made_t.argmax(), made_t.argmin()))
    return text(
        "base_card.by_month_alt",
        language,
        most=most,
        most_t=number(made_t.max()),
        least=least,
        least_t=number(made_t.min()),
    )


def _served(session: Session, plan: Plan, base_id: str, language: Language) -> None:
    """Draw the stations the base serves; one chosen opens its card."""
    table = served_by(plan, base_id)
    st.html(parts.heading(text("base_card.stations", language, count=table["site_id"].nunique())))
    if table.empty:
        st.html(parts.note(text("base_card.no_stations", language)))
        return
    stations = numbered(plan).set_index("site_id")
    shown = table.assign(
        mark=[
            f"{MARKS[stations.loc[site, 'status']]} {stations.loc[site, 'number']}"
            for site in table["site_id"]
        ],
        mode=[text(f"mode.{mode}", language) for mode in table["mode"]],
        share=100.0 * table["share"],
    )
    column = st.column_config
    chosen = choice(
        session,
        shown,
        shown["site_id"],
        key="base-card-stations",
        height="content",
        alt=text("base_card.stations", language, count=len(table)),
        column_order=("mark", f"name_{language}", "kg_per_day", "share", "distance_km", "mode", "months"),
        column_config={
            "mark": column.TextColumn("#", width=52),
            f"name_{language}": column.TextColumn(text(f"column.name_{language}", language), width=140),
            "kg_per_day": column.NumberColumn("kg/d", format="%,.0f", width=64),
            "share": column.NumberColumn(
                text("base_card.share", language),
                format="%.0f%%",
                width=64,
                help=text("base_card.share_help", language),
            ),
            "distance_km": column.NumberColumn("km", format="%.0f", width=52),
            "mode": column.TextColumn(text("column.mode", language), width=120),
            "months": column.NumberColumn(text("base_card.months", language), width=64),
        },
    )
    take_up(session, "station", chosen)
