"""Tables of a comparison: figures, stations that changed, supply by base, scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from planner.drawing.figures import number
from planner.text import Language, text
from planner.views.kpi_names import change_said, figure_name, figure_said
from planner.views.style import escaped
from siting.supply_network import ON_SITE_BASE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd

    from planner.comparison import Comparison, Difference

#: Mark of each change in the table, as in the legend of the maps.
_SIGNS = {"added": "⊕", "removed": "⊗", "load": "≈", "same": "="}
#: Units that change with the amount, or are part of it.
_OWN_UNIT = frozenset({"wan_cny", "share"})
_KG = "%,.0f"
_SIGNED_KG = "%+,.0f"


def difference_table(found: Comparison, language: Language) -> str:
    """Return all figures of both plans as an HTML table."""
    rows = [
        (
            figure_name(row.key, language) + _unit(row.unit, language),
            *(_value(value, row.unit, language) for value in (row.baseline, row.current)),
            _change_of(row, language),
            _note(row, language),
        )
        for row in (found.objective, *found.figures)
    ]
    heads = ("figure", "baseline", "current", "change", "verdict")
    return _table([text(f"compare.{head}", language) for head in heads], rows, kind="figures")


def _unit(unit: str, language: Language) -> str:
    """Return a unit behind the name of a figure; money and shares bear theirs themselves."""
    return "" if unit in _OWN_UNIT or unit == "stations" else f" ({text(f'unit.{unit}', language)})"


def _value(value: float | None, unit: str, language: Language) -> str:
    """Return a figure without the unit that stands behind its name."""
    amount, said = figure_said(value, unit, language)
    return f"{amount} {said}".strip() if unit in _OWN_UNIT else amount


def _change_of(row: Difference, language: Language) -> str:
    """Return a change without the unit that stands behind the name of the figure."""
    said = change_said(row.delta, row.unit, language)
    return said if row.unit in _OWN_UNIT else said.removesuffix(text(f"unit.{row.unit}", language)).strip()


def _note(row: Difference, language: Language) -> str:
    """Return whether a change is better, and whether that is proven."""
    if not row.delta:
        return ""
    words = (
        [] if row.is_better is None else [text(f"compare.{'better' if row.is_better else 'worse'}", language)]
    )
    if row.standing == "within_gap":
        words.append(text("compare.within_gap", language))
    return " · ".join(words)


def stations_table(
    changed: pd.DataFrame, bases: pd.DataFrame, language: Language
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the stations that changed as the page shows them, and the settings of its columns."""
    column = st.column_config
    title = f"name_{language}"
    table = changed.assign(
        change=[_change(row, language) for row in changed.to_dict("records")],
        status=changed["status"].map(lambda status: text(f"status.{status}", language)),
        baseline_base_id=_base_names(changed["baseline_base_id"], bases, language),
        current_base_id=_base_names(changed["current_base_id"], bases, language),
    )
    kg = {
        f"{when}_{what}_kg_per_day": column.NumberColumn(
            text(f"compare.{when}_{what}", language),
            format=_SIGNED_KG if when == "change" else _KG,
            width=72,
        )
        for what in ("capacity", "load")
        for when in ("baseline", "current", "change")
    }
    return table, {
        "change": column.TextColumn(text("compare.what", language), width=84, pinned=True),
        title: column.TextColumn(text(f"column.{title}", language), width=156),
        **kg,
        "status": column.TextColumn(text("column.status", language), width=64),
        "baseline_base_id": column.TextColumn(text("compare.baseline_base", language), width=130),
        "current_base_id": column.TextColumn(text("compare.current_base", language), width=130),
        "site_id": column.TextColumn(text("column.site_id", language)),
    }


def _change(row: dict[Any, Any], language: Language) -> str:
    """Return what became of a station, with the mark it has on the map."""
    sign = _SIGNS.get(row["change"])
    if sign is None:
        sign = "▼" if row["change_capacity_kg_per_day"] < 0.0 else "▲"
    return f"{sign} {text('compare.became_' + row['change'], language)}"


def supply_table(found: Comparison, bases: pd.DataFrame, language: Language) -> str:
    """Return what each base supplies in both plans as an HTML table."""
    names = _base_names(found.supply.index.to_series(), bases, language)
    figures = found.supply.to_dict("records")
    rows = [
        (
            name,
            number(row["baseline_kg_per_day"]),
            number(row["current_kg_per_day"]),
            change_said(row["change_kg_per_day"], "kg_per_day", language),
        )
        for name, row in zip(names, figures, strict=True)
    ]
    heads = [
        text("column.base_id", language),
        *(text(f"compare.{key}", language) for key in ("baseline", "current", "change")),
    ]
    return _table(heads, rows)


def scenario_list(differences: Sequence[str], language: Language) -> str:
    """Return in what the scenarios differ as an HTML list."""
    if not differences:
        return f'<p class="proof-line">{escaped(text("compare.no_setting_changed", language))}</p>'
    return f"<ul>{''.join(f'<li>{escaped(each)}</li>' for each in differences)}</ul>"


def _base_names(base_ids: pd.Series, bases: pd.DataFrame, language: Language) -> pd.Series:
    """Return the names of bases; an unknown id stays as it is."""
    names = _names(bases, language) | {ON_SITE_BASE: text("mode.on_site", language)}
    return base_ids.map(lambda base_id: names.get(base_id, base_id))


def _names(table: pd.DataFrame, language: Language) -> dict[str, str]:
    """Return names by id."""
    return {str(key): str(name) for key, name in table[f"name_{language}"].items()}


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]], *, kind: str = "") -> str:
    """Return cells as an HTML table, the first of a row its heading."""
    top = "".join(f'<th scope="col">{escaped(head)}</th>' for head in heads)
    body = "".join(
        f'<tr><th scope="row">{escaped(first)}</th>'
        + "".join(f"<td>{escaped(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return f'<table class="years compared {kind}"><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'
