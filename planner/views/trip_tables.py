"""Own trips and link counts in the demand view: what was read, how the counts are met, every fault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from corridor.errors import InputError
from planner.drawing.figures import gap, names_joined, number
from planner.fault_text import sentence
from planner.text import Language, text
from planner.trip_files import KINDS, fault_table
from planner.views.status import message
from planner.views.style import escaped

if TYPE_CHECKING:
    import pandas as pd

    from corridor.routes import Routes
    from planner.own_trips import OwnTrips
    from planner.trip_files import Kind
    from planner.views.session import Session

#: Rows of a table that is as high as they are; longer ones scroll.
_SHORT = 10


def draw(session: Session, own: OwnTrips, routes: Routes, language: Language) -> None:
    """Draw both files, each with its faults or with what it gave; words where there is neither."""
    for kind in KINDS:
        if kind in session.trip_refusals:
            _faults(session, kind, language)
    if own.replacement is not None:
        _trips(session, own, routes, language)
    if own.estimate is not None:
        _counts(session, own, language)
    for notice in own.notices:
        if notice.key != "od_table":  # said above
            st.caption(notice.say(language))
    if not (session.trip_refusals or own.notices):
        st.info(text("trips.none", language))


def _faults(session: Session, kind: Kind, language: Language) -> None:
    """Draw every fault of a refused file."""
    name, error = session.trip_refusals[kind]
    _heading(text("error.trip_file", language, file=name))
    if not isinstance(error, InputError):
        st.error(message(error, language))
        return
    table = fault_table(error.faults)
    for column in ("what", "mend"):
        table[column] = [sentence(said, language) for said in table[column]]
    config = st.column_config
    st.dataframe(
        table,
        hide_index=True,
        key=f"{kind}-faults",
        placeholder="–",
        alt=text("trips.faults_alt", language),
        height="content" if len(table) <= _SHORT else 36 * _SHORT,
        column_config={
            "row": config.NumberColumn(text("own.row", language), format="%d", width=52),
            "column": config.TextColumn(text("trips.column", language), width=110),
            "what": config.TextColumn(text("trips.what", language), width=190),
            "mend": config.TextColumn(text("trips.mend", language)),
        },
    )


def _trips(session: Session, own: OwnTrips, routes: Routes, language: Language) -> None:
    """Draw pairs and trips of the table, by class."""
    replacement, given = own.replacement, own.given
    if replacement is None or given is None:
        return
    name = session.trip_files["od_table"].name if "od_table" in session.trip_files else ""
    _heading(f"{text('trips.od_table', language)} · {name}")
    names = [text(f"class.{each}", language) for each in replacement.classes]
    figures = {
        "classes": names_joined(names, language),
        "listed": number(replacement.listed, 1),
        "trips": number(replacement.round_trips, 1),
        "model": number(replacement.model_round_trips, 1),
    }
    said = text("trips.replaced", language, **figures)
    if own.estimate is not None:
        said += text("trips.after_counts", language)
    st.html(f'<p class="proof-line">{escaped(said)}</p>')
    trips = given.round_trips[list(replacement.classes)]
    table = trips.sum().rename("trips_per_day").to_frame()
    table["pairs"] = (trips.groupby(routes.pair).sum() > 0).sum()
    table.insert(0, "vehicle_class", names)
    config = st.column_config
    _table(
        table,
        "own-trips",
        language,
        {
            "vehicle_class": config.TextColumn(text("column.vehicle_class", language), width=136),
            "trips_per_day": config.NumberColumn(text("demand.trips", language), format="%,.1f"),
            "pairs": config.NumberColumn(text("trips.pairs", language), format="%,d"),
        },
    )


def _counts(session: Session, own: OwnTrips, language: Language) -> None:
    """Draw the counted sections with the misfit before and after."""
    name = session.trip_files["link_counts"].name if "link_counts" in session.trip_files else ""
    _heading(f"{text('trips.link_counts', language)} · {name}")
    worst = own.counts["miss"].abs().max()
    figures = {"count": len(own.counts), "worst": gap(float(worst))}
    st.html(f'<p class="proof-line">{escaped(text("trips.counted", language, **figures))}</p>')
    config = st.column_config
    _table(
        own.counts.assign(miss=100.0 * own.counts["miss"]),
        "own-counts",
        language,
        {
            "row": config.NumberColumn(text("own.row", language), format="%d", width=36),
            "section": config.TextColumn(text("trips.section", language), width=96),
            "trucks_per_day": config.NumberColumn(
                text("trips.counted_trucks", language), format="%,.0f", width=62
            ),
            "prior_per_day": config.NumberColumn(text("trips.prior", language), format="%,.0f", width=56),
            "estimated_per_day": config.NumberColumn(
                text("trips.estimated", language), format="%,.0f", width=62
            ),
            "miss": config.NumberColumn(text("trips.miss", language), format="%+.2f", width=58),
        },
    )


def _heading(words: str) -> None:
    """Draw a heading."""
    st.html(f'<p class="proof-line"><b>{escaped(words)}</b></p>')


def _table(table: pd.DataFrame, key: str, language: Language, columns: dict[str, Any]) -> None:
    """Draw some columns of a table."""
    st.dataframe(
        table,
        hide_index=True,
        key=key,
        placeholder="–",
        alt=text(f"trips.{key.replace('-', '_')}_alt", language),
        height="content" if len(table) <= _SHORT else 36 * _SHORT,
        column_order=list(columns),
        column_config=columns,
    )
