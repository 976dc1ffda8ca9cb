"""The ways between two places: which, how long, at what cost, and where they run."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import streamlit as st

from corridor.errors import ChengyuError
from planner.drawing.figures import names_joined
from planner.place_choices import place_choices
from planner.route_lines import RouteAnswer, answer, every_zone
from planner.text import Language, text
from planner.views import closed_roads, legend, route_map
from planner.views.status import message

if TYPE_CHECKING:
    import pandas as pd

    from planner.inputs import Inputs
    from planner.views.session import Session

_ARROW = " → "


@st.fragment
def draw(session: Session, inputs: Inputs, language: Language) -> None:
    """Draw the choice of the two ends, the table of ways, the map and its legend."""
    _ends(session, inputs, language)
    closures = session.closures
    if closures:
        st.caption(text("routes.closed", language, roads=names_joined(closures, language)))
    start, end = session.ends
    if start is None or end is None:
        st.info(text("routes.choose", language))
        return
    try:
        found = _ways(start, end, closures, *_road_terms(session), inputs)
        closed = closed_roads.lines(closures, _road_terms(session)[0], inputs)
    except ChengyuError as error:
        st.error(message(error, language, lead="error.route"))
        return
    chosen = _table(found, language)
    route_map.draw(found, closed, inputs, language=language, chosen=chosen)
    legend.ways(found, language, closed=bool(closed))


def _road_terms(session: Session) -> tuple[str | None, tuple[tuple[str, float], ...]]:
    """Return network and assumptions of the scenario shown: what ways depend on besides closures."""
    scenario = session.plan.scenario if session.plan else None
    if scenario is None:
        return None, ()
    return scenario.network, tuple(sorted(scenario.assumptions.items()))


@st.cache_resource(show_spinner=False, max_entries=256)
def _ways(
    start: str,
    end: str,
    closures: tuple[str, ...],
    network: str | None,
    assumptions: tuple[tuple[str, float], ...],
    _inputs: Inputs,
) -> RouteAnswer:
    """Return the ways, found once per server; ``network`` is the scenario's and tells networks apart."""
    del network
    return answer(_inputs, start, end, closures=closures, assumptions=dict(assumptions))


def _ends(session: Session, inputs: Inputs, language: Language) -> None:
    """Draw the choice of the two ends and keep what was chosen in the session."""
    choices = place_choices(every_zone(inputs), language)
    left, swap, right = st.columns([10, 1, 10], vertical_alignment="bottom", gap="small")
    # Both lists are drawn anew when they are turned round: a list's choice cannot be set once it is drawn.
    swap.button(
        "",
        icon=":material/swap_horiz:",
        key="route-swap",
        help=text("routes.swap", language),
        width="stretch",
        on_click=session.turn_round,
    )
    chosen = []
    for column, side, place in zip((left, right), ("from", "to"), session.ends, strict=True):
        known = list(choices) if place is None or place in choices else [*choices, place]
        chosen.append(
            column.selectbox(
                text(f"routes.{side}", language),
                known,
                index=None if place is None else known.index(place),
                format_func=lambda option: choices.get(option, option),
                key=f"route-{side}-{language}-{session.turns}",
                accept_new_options=True,
                placeholder=text("routes.placeholder", language),
                help=text("routes.help", language),
            )
        )
    session.ends = (chosen[0], chosen[1])


def _table(found: RouteAnswer, language: Language) -> int | None:
    """Draw the ways as a table and return the rank of the one selected."""
    column = st.column_config
    table = rows(found, language)
    event = st.dataframe(
        table,
        hide_index=True,
        height="content",
        key="routes-table",
        on_select="rerun",
        selection_mode="single-row",
        alt=text("routes.alt_table", language),
        column_config={
            "mark": column.ImageColumn("#", width=48),
            "name": column.TextColumn(text("routes.name", language), width=210),
            "length_km": column.NumberColumn(text("routes.length_km", language), format="%.1f", width=70),
            "hours": column.NumberColumn(text("routes.hours", language), format="%.2f", width=70),
            "toll_cny": column.NumberColumn(text("routes.toll_cny", language), format="%,.0f", width=90),
            "cost_cny": column.NumberColumn(
                text("routes.cost_cny", language),
                format="%,.0f",
                width=110,
                help=text("routes.cost_help", language),
            ),
            "share": column.NumberColumn(
                text("routes.share", language),
                format="%.1f%%",
                width=80,
                help=text("routes.share_help", language),
            ),
            "refs": column.TextColumn(text("routes.refs", language)),
        },
    )
    selected = event["selection"]["rows"]
    return selected[0] + 1 if selected and selected[0] < len(table) else None


def rows(found: RouteAnswer, language: Language) -> pd.DataFrame:
    """Return the table as it is shown: percents, names in the language of the page, a mark per way."""
    ways = found.table
    marks = [
        _mark(rank, color) for rank, color in zip(ways.index.tolist(), route_map.colors(found), strict=True)
    ]
    shown = ways.assign(
        mark=marks,
        name=route_map.names(found, language),
        share=100.0 * ways["share"],
        refs=[_ARROW.join(each) for each in ways["refs"]],
    )
    return shown[["mark", "name", "length_km", "hours", "toll_cny", "cost_cny", "share", "refs"]]


def _mark(rank: int, color: str) -> str:
    """Return the rank on the color of its line, as a picture in itself."""
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="28" height="20"><rect width="28" height="20" rx="4" '
        f'fill="{color}"/><text x="14" y="15" font-family="Arial" font-size="13" font-weight="700" '
        f'fill="#fff" text-anchor="middle">{rank}</text></svg>'
    )
    return f"data:image/svg+xml;base64,{base64.b64encode(picture.encode()).decode()}"
