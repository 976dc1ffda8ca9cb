"""The legend, outside the canvas so that it can be read aloud and printed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from corridor.named_routes import NAMED_ROUTES
from planner.drawing import palette, station_icons
from planner.drawing.figures import with_unit
from planner.text import Language, text
from planner.views import demand_map, route_map
from planner.views.map_frame import style
from planner.views.names import name
from planner.views.restyling import markup
from planner.views.style import escaped

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    import pandas as pd

    from planner.drawing.station_icons import Kind
    from planner.route_lines import RouteAnswer
    from planner.views.demand_map import Shown

#: Demand and changes below this are none, kg/day.
_LEAST = 0.01


class PlanLegend(NamedTuple):
    """What the map of a plan shows.

    Parameters
    ----------
    shown
        Layers that are on.
    most_kg_per_day
        Demand that the widest band stands for; None while there is no plan, and only roads to explain.
    marks
        Kinds of stations and sites drawn.
    is_closed, has_points
        Whether closed roads and point demands are drawn.
    """

    shown: AbstractSet[str]
    most_kg_per_day: float | None = None
    marks: AbstractSet[str] = frozenset()
    is_closed: bool = False
    has_points: bool = False


def draw(bases: pd.DataFrame, language: Language, drawn: PlanLegend) -> None:
    """Draw the legend of the plan's map; ``bases`` in the order of their colors."""
    entries = _roads(language, with_routes="routes" in drawn.shown)
    if drawn.most_kg_per_day is not None:
        stations = _stations(language, drawn) if "stations" in drawn.shown else []
        entries = [*stations, *entries, *_plan(bases, language, drawn)]
    if drawn.is_closed:
        entries.append(_closed(language))
    if drawn.has_points:
        entries += [
            _entry(f'<b style="color:{palette.POINT}">{mark}</b>', text(f"legend.point_{key}", language))
            for mark, key in (("■", "covered"), ("×", "uncovered"))
        ]
    _draw(entries)


def ways(found: RouteAnswer, language: Language, *, closed: bool) -> None:
    """Draw the legend of a route query; ``closed`` says whether closed roads are drawn."""
    named = zip(found.table.index, route_map.colors(found), route_map.names(found, language), strict=True)
    entries = [_entry(_line(color, 5), f"{rank} {way}") for rank, color, way in named]
    entries.append(_note(text("legend.ways", language)))
    if closed:
        entries.append(_closed(language))
    entries += [
        _entry(f'<i class="end">{mark}</i>', text(f"routes.{key}", language))
        for mark, key in (("A", "from"), ("B", "to"))
    ]
    _draw(entries)


def demand(links: pd.DataFrame, language: Language, *, shown: Shown, closed: bool) -> None:
    """Draw the legend of the demand: what three widths stand for.

    Parameters
    ----------
    links
        As :func:`planner.demand_view.link_changes` gives them.
    language
        Of the texts.
    shown
        Demand, or its change.
    closed
        Whether closed roads are drawn.
    """
    column, colors = ("kg_per_day", {"flow": palette.DEMAND})
    if shown == "change":
        column, colors = "change_kg_per_day", {"more": palette.MORE, "less": palette.LESS}
    most = links[column].abs().max() if len(links) else 0.0
    if most < _LEAST:
        _draw([_note(text(f"demand.empty_{shown}", language))])
        return
    entries = [_entry(_line(color, 8), text(f"demand.tip_{key}", language)) for key, color in colors.items()]
    entries.append(_note(text("demand.width", language)))
    entries += [
        _entry(
            _line(next(iter(colors.values())), thickness),
            with_unit(amount, "kg_per_day", language, digits=digits),
        )
        for amount, thickness, digits in _widths(most)
    ]
    if closed:
        entries.append(_closed(language))
    _draw(entries)


def _widths(most: float) -> list[tuple[float, int, int]]:
    """Return up to three round amounts, how thick they are drawn, and their decimals."""
    step = 10.0 ** math.floor(math.log10(most))
    largest = max(factor * step for factor in (1, 2, 3, 4, 5, 8) if factor * step <= most)
    amounts = (largest, largest / 2, largest / 4)
    return [
        (amount, max(1, round(demand_map.WIDEST_PX * amount / most)), 0 if amount >= 1 else 2)
        for amount in amounts
    ]


def _draw(entries: list[str]) -> None:
    """Draw the entries in lines."""
    st.html(markup(f'<div class="legend">{"".join(entries)}</div>', style()))


def _closed(language: Language) -> str:
    """Return the entry of closed roads: dashes and a cross, as on the map."""
    mark = f'<i class="closed" style="border-color:{palette.CLOSED};color:{palette.CLOSED}">✕</i>'
    return _entry(mark, text("legend.closed", language))


def _stations(language: Language, drawn: PlanLegend) -> list[str]:
    """Return the entries of stations: always the new and the existing, others where there are any."""
    always: dict[Kind, str] = {"new": "station_new", "existing": "station_existing"}
    others: dict[Kind, str] = {
        "locked": "station_locked",
        "forbidden": "forbidden",
        "closed": "closed_station",
    }
    named: dict[Kind, str] = {**always, **{kind: key for kind, key in others.items() if kind in drawn.marks}}
    return [
        *(
            _entry(
                station_icons.single(kind, utilization=0.6, **palette.STATION),
                text(f"legend.{key}", language),
            )
            for kind, key in named.items()
        ),
        _note(text("legend.station_fill", language)),
    ]


def _roads(language: Language, *, with_routes: bool) -> list[str]:
    """Return the entries of the corridor routes and the roads."""
    named = [
        _entry(
            _line(palette.ROUTES[route.route_id], 4),
            f"{route.name_zh if language == 'zh' else route.name_en} {'/'.join(route.refs)}",
        )
        for route in NAMED_ROUTES
    ]
    return [
        *(named if with_routes else []),
        _entry(_line(palette.MOTORWAY, 2), text("legend.motorway", language)),
        _entry(_line(palette.TRUNK, 2), text("legend.trunk", language)),
    ]


def _plan(bases: pd.DataFrame, language: Language, drawn: PlanLegend) -> list[str]:
    """Return the entries of demand, candidates, weak spots and supply, of the layers that are on."""
    shown, entries = drawn.shown, []
    if "candidates" in shown:
        hollow = _dot(palette.CANDIDATE_FILL, palette.CANDIDATE)
        entries.append(_entry(hollow.replace("dot", "dot small"), text("legend.candidate", language)))
    if "weak" in shown:
        entries.append(_entry(_dot("transparent", palette.WEAK), text("legend.weak", language)))
    if "flows" in shown:
        widest = with_unit(drawn.most_kg_per_day, "kg_per_day", language)
        entries += [
            _entry(_line(palette.SERVED, 8), text("legend.served", language)),
            _entry(_line(palette.UNSERVED, 8), text("legend.unserved", language)),
            _note(text("legend.flow_width", language, most=widest)),
        ]
    if "unserved" in shown:
        entries.append(_entry(_line(palette.MISSED, 6), text("legend.missed", language)))
    if "stretches" in shown:
        entries += [
            _entry(_line(palette.READY, 6), text("stretch.ready", language)),
            _entry(_dashed(palette.PENDING), text("stretch.pending", language)),
        ]
    if "supply" in shown:
        entries += [
            _entry(f'<b style="color:{color}">◆</b>', name(bases.loc[base_id], language))
            for base_id, color in palette.base_colors(bases.index).items()
        ]
        entries.append(_note(text("legend.supply", language)))
    return entries


def _dashed(color: str) -> str:
    """Return a dashed line's mark."""
    return f'<i class="line" style="border-top:5px dashed {color}"></i>'


def _entry(mark: str, label: str) -> str:
    """Return a mark with its meaning."""
    return f'<span class="entry">{mark}{escaped(label)}</span>'


def _note(label: str) -> str:
    """Return a remark on the entries before it."""
    return f'<span class="entry note">{escaped(label)}</span>'


def _mark(kind: Kind) -> str:
    """Return a station's mark, more than half full."""
    return station_icons.single(kind, utilization=0.6, **palette.STATION)


def _dot(fill: str, line: str) -> str:
    """Return a station's mark."""
    return f'<i class="dot" style="background:{fill};border-color:{line}"></i>'


def _line(color: str, thickness_px: int) -> str:
    """Return a line's mark."""
    return f'<i class="line" style="background:{color};height:{thickness_px}px"></i>'
