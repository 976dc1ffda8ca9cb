"""Scenarios kept by name: save, open, delete; and as files, out and in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import streamlit as st

from corridor.errors import InputError
from planner import saved
from planner.text import Language, text
from planner.views.status import message

if TYPE_CHECKING:
    from planner.scenario import Scenario
    from planner.views.session import Session

_KEY, _NAME_KEY = "chengyu-saved", "saved-name"


@dataclass(slots=True, eq=False)
class _Panel:
    """What the panel remembers.

    Parameters
    ----------
    asked, name
        What a person must still confirm, and of which scenario.
    told
        Key of the sentence that says what was done with the scenario `name`.
    error, lead
        What went wrong, and the key of what it kept from happening.
    turn
        How many files were handed over: an uploader is emptied by a new key.
    """

    asked: Literal["overwrite", "delete"] | None = None
    name: str = ""
    told: str | None = None
    error: InputError | None = None
    lead: str = "saved.refused"
    turn: int = 0

    def say(self, told: str | None, name: str) -> None:
        """Say what was done; what was asked or went wrong before is settled."""
        self.asked, self.told, self.name, self.error = None, told, name, None

    def ask(self, asked: Literal["overwrite", "delete"], name: str) -> None:
        """Have something confirmed."""
        self.asked, self.told, self.name, self.error = asked, None, name, None

    def refuse(self, error: InputError, lead: str) -> None:
        """Say what went wrong."""
        self.asked, self.told, self.error, self.lead = None, None, error, lead


def draw(session: Session, language: Language) -> None:
    """Draw the panel behind a button."""
    panel: _Panel = st.session_state.setdefault(_KEY, _Panel())
    with st.popover(text("saved.button", language), icon=":material/folder_open:", key="saved"):
        _state(session, panel, language)
        _save(session, panel, language)
        _kept(session, panel, language)
        _files(session, panel, language)


def _state(session: Session, panel: _Panel, language: Language) -> None:
    """Say what was done or went wrong, or have something confirmed."""
    with st.container(key="saved-state", gap="small"):
        if panel.error is not None:
            st.error(message(panel.error, language, lead=panel.lead))
        if panel.told is not None:
            st.success(text(panel.told, language, name=panel.name))
        if panel.asked is None:
            return
        st.warning(text(f"saved.ask_{panel.asked}", language, name=panel.name))
        with st.container(horizontal=True, gap="small"):
            st.button(
                text(f"saved.{panel.asked}", language),
                key="saved-yes",
                type="primary",
                on_click=_confirmed,
                args=(session, panel),
            )
            st.button(text("saved.cancel", language), key="saved-no", on_click=panel.say, args=(None, ""))


def _confirmed(session: Session, panel: _Panel) -> None:
    """Do what a person was asked about."""
    if panel.asked == "delete":
        saved.delete(panel.name)
        panel.say("saved.deleted", panel.name)
    else:
        _keep(session, panel, panel.name, overwrite=True)


def _save(session: Session, panel: _Panel, language: Language) -> None:
    """Draw the name and the button that keeps what the page shows."""
    with st.form("saved-form", border=False):
        st.text_input(
            text("saved.name", language),
            max_chars=saved.LONGEST_NAME,
            placeholder=text("saved.placeholder", language),
            key=_NAME_KEY,
        )
        st.form_submit_button(
            text("saved.save", language),
            icon=":material/save:",
            key="saved-save",
            width="stretch",
            on_click=_keep_named,
            args=(session, panel),
        )


def _keep_named(session: Session, panel: _Panel) -> None:
    """Keep the scenario of the page under the name typed."""
    _keep(session, panel, st.session_state[_NAME_KEY], overwrite=False)


def _keep(session: Session, panel: _Panel, name: str, *, overwrite: bool) -> None:
    """Keep the scenario of the page, or ask whether another may go."""
    try:
        words = saved.plain_name(name)
        if saved.save(words, session.draft, overwrite=overwrite):
            panel.say("saved.done", words)
        else:
            panel.ask("overwrite", words)
    except InputError as error:
        panel.refuse(error, "saved.not_saved")


def _kept(session: Session, panel: _Panel, language: Language) -> None:
    """Draw the scenarios kept."""
    names = saved.names()
    if not names:
        st.caption(text("saved.none", language))
        return
    name = st.selectbox(text("saved.kept", language), names, key=f"saved-choice-{language}")
    with st.container(horizontal=True, gap="small"):
        st.button(
            text("saved.open", language),
            icon=":material/folder_open:",
            key="saved-open",
            type="primary",
            on_click=_open_named,
            args=(session, panel, name),
        )
        st.button(
            text("saved.delete", language),
            icon=":material/delete:",
            key="saved-delete",
            on_click=panel.ask,
            args=("delete", name),
        )


def _open_named(session: Session, panel: _Panel, name: str) -> None:
    """Go on with a scenario kept."""
    try:
        _open(session, panel, saved.open_named(name), name)
    except InputError as error:
        panel.refuse(error, "saved.refused")


def _files(session: Session, panel: _Panel, language: Language) -> None:
    """Draw the scenario as a file, out and in."""
    st.download_button(
        text("saved.download", language),
        data=saved.as_file(session.draft),
        file_name=f"{session.draft.name}.toml",
        mime="application/toml",
        key="saved-download",
        type="tertiary",
        icon=":material/download:",
        on_click="ignore",
    )
    file = st.file_uploader(
        text("saved.upload", language),
        type=["toml"],
        key=f"saved-upload-{panel.turn}",
        max_upload_size=saved.MOST_BYTES // 1_000_000,
    )
    if file is not None:
        panel.turn += 1
        try:
            scenario = saved.from_file(file.name, file.getvalue())
            _open(session, panel, scenario, scenario.name)
        except InputError as error:
            panel.refuse(error, "saved.refused")
        st.rerun()


def _open(session: Session, panel: _Panel, scenario: Scenario, name: str) -> None:
    """Let the page go on with a scenario, and know the files it names."""
    session.seen_files.extend(saved.own_files(scenario))
    session.open(scenario)
    panel.say("saved.opened", name)
