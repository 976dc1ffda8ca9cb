"""The legend, outside the canvas so that it can be read aloud and printed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import streamlit as st

from corridor.named_routes import NAMED_ROUTES
from planner.text import Language, text
from planner.views import demand_map, palette, route_map
from planner.views.figures import with_unit
from planner.views.plan_layers import name
from planner.views.style import escaped

if TYPE_CHECKING:
    import pandas as pd

    from planner.route_lines import RouteAnswer
    from planner.views.demand_map import Shown

#: Demand and changes below this are none, kg/day.
_LEAST = 0.01


def draw(
    bases: pd.DataFrame,
    language: Language,
    *,
    most_kg_per_day: float | None,
    closed: bool = False,
    points: bool = False,
) -> None:
    """Draw the legend.

    Parameters
    ----------
    bases
        Supply bases, in the order of their colors.
    language
        Of the texts.
    most_kg_per_day
        Demand that the widest band stands for; None while there is no plan, and only roads to explain.
    closed
        Whether closed roads are drawn.
    points
        Whether point demands are drawn.
    """
    entries = _roads(language)
    if most_kg_per_day is not None:
        entries = [*_stations(language), *entries, *_plan(bases, language, most_kg_per_day)]
    if closed:
        entries.append(_closed(language))
    if points:
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
    st.html(f'<div class="legend">{"".join(entries)}</div>')


def _closed(language: Language) -> str:
    """Return the entry of closed roads: dashes and a cross, as on the map."""
    mark = f'<i class="closed" style="border-color:{palette.CLOSED};color:{palette.CLOSED}">✕</i>'
    return _entry(mark, text("legend.closed", language))


def _stations(language: Language) -> list[str]:
    """Return the entries of the stations."""
    return [
        _entry(_dot(palette.INK, palette.INK), text("legend.station_new", language)),
        _entry(_dot("#ffffff", palette.INK), text("legend.station_existing", language)),
        _note(text("legend.station_size", language)),
    ]


def _roads(language: Language) -> list[str]:
    """Return the entries of the corridor routes and the roads."""
    named = [
        _entry(
            _line(palette.ROUTES[route.route_id], 4),
            f"{route.name_zh if language == 'zh' else route.name_en} {'/'.join(route.refs)}",
        )
        for route in NAMED_ROUTES
    ]
    return [
        *named,
        _entry(_line(palette.MOTORWAY, 2), text("legend.motorway", language)),
        _entry(_line(palette.TRUNK, 2), text("legend.trunk", language)),
    ]


def _plan(bases: pd.DataFrame, language: Language, most_kg_per_day: float) -> list[str]:
    """Return the entries of demand and supply."""
    widest = with_unit(most_kg_per_day, "kg_per_day", language)
    diamonds = [
        _entry(f'<b style="color:{color}">◆</b>', name(bases.loc[base_id], language))
        for base_id, color in palette.base_colors(bases.index).items()
    ]
    return [
        _entry(_line(palette.SERVED, 8), text("legend.served", language)),
        _entry(_line(palette.UNSERVED, 8), text("legend.unserved", language)),
        _note(text("legend.flow_width", language, most=widest)),
        *diamonds,
        _note(text("legend.supply", language)),
    ]


def _entry(mark: str, label: str) -> str:
    """Return a mark with its meaning."""
    return f'<span class="entry">{mark}{escaped(label)}</span>'


def _note(label: str) -> str:
    """Return a remark on the entries before it."""
    return f'<span class="entry note">{escaped(label)}</span>'


def _dot(fill: str, line: str) -> str:
    """Return a station's mark."""
    return f'<i class="dot" style="background:{fill};border-color:{line}"></i>'


def _line(color: str, thickness_px: int) -> str:
    """Return a line's mark."""
    return f'<i class="line" style="background:{color};height:{thickness_px}px"></i>'
