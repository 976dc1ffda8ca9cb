"""Own trips and link counts in the sidebar: bring a file, see whether it was taken, let it go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from corridor.errors import InputError
from planner.text import Language, text
from planner.trip_files import ENDINGS, KINDS, example
from planner.views.status import message

if TYPE_CHECKING:
    from planner.trip_files import Kind
    from planner.views.session import Session

#: Megabytes; a CSV of ten million rows has some 400.
_MOST_MB = 500

#: Faults told in the sidebar; all stand in the demand view.
_FAULTS_TOLD = 3


def draw(session: Session, language: Language) -> None:
    """Draw the two files; what is taken reaches the rest of the page at once."""
    is_used = bool(session.trip_files or session.trip_refusals)
    with st.expander(text("trips.heading", language), icon=":material/upload_file:", expanded=is_used):
        for kind in KINDS:
            _file(session, kind, language)


def settings(session: Session) -> dict[str, str | None]:
    """Return the files as a scenario names them."""
    return {
        kind: str(session.trip_files[kind].path) if kind in session.trip_files else None for kind in KINDS
    }


def _file(session: Session, kind: Kind, language: Language) -> None:
    """Draw the upload of one file, the one in use, and why the last was refused."""
    with st.container(key=f"{kind}-state", gap="small"):
        _state(session, kind, language)
    turns = f"{kind}-turns"
    # An uploader is emptied by a new key: what it gave is in use or refused, and said so above.
    turn = st.session_state.setdefault(turns, 0)
    file = st.file_uploader(
        text(f"trips.{kind}", language),
        type=list(ENDINGS),
        key=f"{kind}-upload-{turn}",
        max_upload_size=_MOST_MB,
        help=text(f"trips.{kind}_help", language),
    )
    if file is not None:
        with st.spinner(text("trips.reading", language)):
            session.bring(kind, file.name, file.getvalue())
        st.session_state[turns] = turn + 1
        st.rerun()
    st.download_button(
        text("trips.example", language),
        data=partial(example, kind),
        file_name=f"{kind}.csv",
        mime="text/csv",
        key=f"{kind}-example",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )


def _state(session: Session, kind: Kind, language: Language) -> None:
    """Say which file is in use and which was refused."""
    if kind in session.trip_refusals:
        name, error = session.trip_refusals[kind]
        st.error(_refusal(name, error, language))
    if kind in session.trip_files:
        kept = session.trip_files[kind]
        st.caption(text(f"trips.{kind}_used", language, file=kept.name, rows=f"{kept.rows:,}"))
    if kind in session.trip_files or kind in session.trip_refusals:
        st.button(
            text("trips.remove" if kind in session.trip_files else "trips.dismiss", language),
            icon=":material/delete:",
            key=f"{kind}-remove",
            on_click=session.let_go,
            args=(kind,),
        )


def _refusal(name: str, error: Exception, language: Language) -> str:
    """Return why a file was refused, the first faults only."""
    lead = text("error.trip_file", language, file=name)
    if not isinstance(error, InputError):
        return f"{lead} {message(error, language)}"
    told = message(InputError(error.faults[:_FAULTS_TOLD]), language, lead="trips.faults")
    more = len(error.faults) - _FAULTS_TOLD
    rest = f"\n\n{text('trips.more_faults', language, count=more)}" if more > 0 else ""
    return f"{lead} {told}{rest}"
