"""The assumptions: each with its range and source in view, to be changed one by one and set back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import streamlit as st

from corridor.errors import InputError
from planner.assumption_choices import (
    concerns,
    group_of,
    groups,
    is_default,
    is_of_supply,
    is_unused,
    keys_of,
    search,
    standing,
)
from planner.fault_text import sentence
from planner.source_text import source_said
from planner.text import Language, catalogue, text
from planner.views.status import message
from planner.views.style import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from planner.views.session import Session

#: The choice of all changed assumptions, above the groups.
CHANGED = "changed"

#: Where the group chosen stays when the list is drawn with other words.
_GROUP = "assumption-group-chosen"

#: Rows drawn at once; a search that finds more says so.
_MOST_ROWS = 25
#: Where the ends of the documented range stand on the bar, percent of its width.
_LOW_AT, _HIGH_AT = 20.0, 80.0
#: Clicks on plus or minus that lead through the documented range.
_STEPS = 20


def draw(session: Session, table: pd.DataFrame, language: Language) -> None:
    """Draw the choice of a group or words to search for, and the assumptions found."""
    words, chosen = _choice(session, table, language)
    _changes(session, language)
    if session.refusal is not None:
        st.error(_refusal(session.refusal, language), icon=":material/block:")
    if words.strip():
        keys = search(table, words)
    elif chosen == CHANGED:
        keys = [str(key) for key in table.index if key in session.edits]
    else:
        keys = _used_first(session, keys_of(table, chosen))
        _pass_over(session, keys, language)
    rows = table.loc[keys[:_MOST_ROWS]].to_dict("index")
    with st.container(key="assumptions", gap=None):
        for key in keys[:_MOST_ROWS]:
            _row(session, rows[key], key, language)
    if not keys:
        st.caption(text("assumption.none", language))
    elif len(keys) > _MOST_ROWS:
        st.caption(text("assumption.more", language, count=len(keys) - _MOST_ROWS))


def _used_first(session: Session, keys: list[str]) -> list[str]:
    """Return keys with those last that the demand passes over."""
    scenario = session.draft
    return sorted(keys, key=lambda key: is_unused(key, adoption=scenario.adoption, year=scenario.year))


def _pass_over(session: Session, keys: list[str], language: Language) -> None:
    """Say of a group that the demand passes over some of it, or all."""
    scenario = session.draft
    if keys and all(is_of_supply(key, adoption=scenario.adoption) for key in keys):
        st.caption(text("assumption.supply", language))
    elif count := sum(is_unused(key, adoption=scenario.adoption, year=scenario.year) for key in keys):
        way = text(f"adoption.{scenario.adoption}", language)
        st.caption(text("assumption.unused_all", language, adoption=way, count=count))


def _choice(session: Session, table: pd.DataFrame, language: Language) -> tuple[str, str]:
    """Draw the search and the groups; return the words and the group."""
    left, right = st.columns(2, gap="small")
    changed = [group_of(key) for key in session.edits]
    options = [*groups(table), CHANGED]
    # A list keeps the words it was first drawn with: other words, another list.
    remembered = st.session_state.get(_GROUP, options[0])
    chosen = left.selectbox(
        text("assumption.group", language),
        options,
        index=options.index(remembered) if remembered in options else 0,
        format_func=lambda group: _group_name(group, changed, language),
        key=f"assumption-group-{language}-{len(changed)}",
        label_visibility="collapsed",
    )
    st.session_state[_GROUP] = chosen
    words = right.text_input(
        text("assumption.search", language),
        placeholder=text("assumption.search", language),
        icon=":material/search:",
        key="assumption-search",
        label_visibility="collapsed",
    )
    return words, chosen


def _group_name(group: str, changed: list[str], language: Language) -> str:
    """Return the name of a group, with the number of changes in it."""
    count = len(changed) if group == CHANGED else changed.count(group)
    marked = f" ({count})" if count else ""
    if group.startswith("vehicle."):
        name = text(f"class.{group.partition('.')[2]}", language)
        return f"{text('assumption.group_vehicle', language)} · {name}{marked}"
    key = f"assumption.group_{group}"
    return f"{text(key, language) if key in catalogue(language) else group}{marked}"


def _changes(session: Session, language: Language) -> None:
    """Say how many assumptions are changed, and let them all be set back."""
    if not session.edits:
        st.caption(text("assumption.all_default", language))
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.caption(text("assumption.count", language, count=len(session.edits)), width="content")
        st.button(
            text("assumption.reset_all", language),
            icon=":material/restart_alt:",
            key="assumption-reset-all",
            on_click=_reset,
            args=(session, tuple(session.edits)),
        )


def _refusal(error: Exception, language: Language) -> str:
    """Return why the edits cannot be used."""
    if isinstance(error, InputError):
        return message(error, language, lead="error.assumptions")
    return f"{text('error.assumptions', language)}\n\n- {sentence(str(error), language)}"


def _row(session: Session, row: Mapping[Any, Any], key: str, language: Language) -> None:
    """Draw one assumption."""
    widget = _widget(session, key)
    default = float(row["value"])
    value = session.edits.get(key, default)
    if widget not in st.session_state:
        st.session_state[widget] = value
    with st.container(key=f"assumption-{key}", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"edit-{key}"):
            st.html(_title(session, row, key, language), width="stretch")
            st.number_input(
                row[f"name_{language}"],
                step=_step(float(row["low"]), float(row["high"])),
                format="%g",
                key=widget,
                label_visibility="collapsed",
                width=132,
                on_change=_typed,
                args=(session, key, default),
            )
            st.button(
                "",
                icon=":material/undo:",
                key=f"reset-{key}",
                type="tertiary",
                help=text("assumption.reset", language),
                disabled=key not in session.edits,
                on_click=_reset,
                args=(session, (key,)),
            )
        st.html(_grounds(row, value, language))


def _widget(session: Session, key: str) -> str:
    """Return the key of the field of an assumption."""
    return session.key(f"value-{key}")


def _typed(session: Session, key: str, default: float) -> None:
    """Take over what was typed; an emptied field is set back."""
    value = st.session_state[_widget(session, key)]
    if value is None:
        st.session_state[_widget(session, key)] = value = default
    edits = {known: each for known, each in session.edits.items() if known != key}
    session.edit(edits if is_default(value, default) else edits | {key: float(value)})


def _reset(session: Session, keys: tuple[str, ...]) -> None:
    """Set assumptions back to their defaults."""
    for key in keys:
        st.session_state.pop(_widget(session, key), None)
    session.edit({key: value for key, value in session.edits.items() if key not in keys})


def _step(low: float, high: float) -> float:
    """Return a round step that leads through the range in some twenty clicks."""
    width = high - low
    return 10.0 ** math.floor(math.log10(width / _STEPS)) if width > 0 else 1.0


def _title(session: Session, row: Mapping[Any, Any], key: str, language: Language) -> str:
    """Return the name with its marks, and the range."""
    default, low, high = (float(row[name]) for name in ("value", "low", "high"))
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    found = standing(session.edits.get(key, default), default=default, low=low, high=high)
    marks = [] if found == "default" else ["changed"]
    marks += ["outside"] if found == "outside" else []
    if key in session.edits and _is_refused(session, key):
        marks = ["refused"]
    scenario = session.draft
    marks += ["unused"] if is_unused(key, adoption=scenario.adoption, year=scenario.year) else []
    way = text(f"adoption.{scenario.adoption}", language)
    help_of = {"unused": text("assumption.unused_help", language, adoption=way, year=scenario.year)}
    chips = "".join(
        f'<i class="mark {mark}" data-mark="{mark}" title="{escaped(help_of.get(mark, ""))}">'
        f"{escaped(text(f'assumption.{mark}', language))}</i>"
        for mark in marks
    )
    span = text(
        "assumption.range", language, low=f"{low:,g}", high=f"{high:,g}", default=f"{default:,g}", unit=unit
    )
    return (
        f'<div class="assumption"><b>{escaped(row[f"name_{language}"])}</b>{chips}'
        f'<div class="range">{escaped(span)}</div></div>'
    )


def _is_refused(session: Session, key: str) -> bool:
    """Return whether the edits were refused because of this one."""
    error = session.refusal
    return isinstance(error, InputError) and any(concerns(fault, key) for fault in error.faults)


def _grounds(row: Mapping[Any, Any], value: float, language: Language) -> str:
    """Return where the value stands in its range, and the source."""
    low, high, default = (float(row[name]) for name in ("low", "high", "value"))
    width = high - low

    def at(point: float) -> float:
        share = (point - low) / width if width > 0 else 0.5
        return min(max(_LOW_AT + (_HIGH_AT - _LOW_AT) * share, 1.0), 99.0)

    year = text("assumption.year", language, year=row["year"])
    source = source_said(str(row["source"]), language)
    grounds = f"{text('assumption.source', language)} {source}"
    return (
        '<div class="assumption"><div class="bar">'
        f'<u style="left:{_LOW_AT:g}%;right:{100 - _HIGH_AT:g}%"></u>'
        f'<s style="left:{at(default):.1f}%"></s><i style="left:{at(value):.1f}%"></i></div>'
        f'<div class="grounds" title="{escaped(row["source"])}">'
        f"{escaped(text('assumption.confidence', language))} <b>{escaped(row['confidence'])}</b> · "
        f"{escaped(year)} · {escaped(grounds)}</div></div>"
    )
