"""Edits a card offers: a button changes the scenario in force and has it solved; a refusal is said there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from corridor.errors import ChengyuError
from planner.text import Language, text
from planner.views.status import message

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.scenario import Scenario
    from planner.views.session import Session

_REFUSED = "card-refused"

#: Symbol of each edit.
_ICONS = {
    "lock": "lock",
    "unlock": "lock_open",
    "forbid": "block",
    "allow": "check_circle",
    "remove": "delete",
    "shut": "power_settings_new",
    "reopen": "restart_alt",
    "move": "open_with",
    "resize": "aspect_ratio",
    "unsize": "restart_alt",
    "add": "add_location",
}


def button(
    session: Session,
    action: str,
    change: Callable[[Scenario], Scenario],
    language: Language,
    *,
    primary: bool = False,
    disabled: bool = False,
) -> None:
    """Draw the button of an edit, key ``card-<action>``.

    Parameters
    ----------
    session
        What is edited.
    action
        Key of its text below ``place_card.``; with ``_help``, what it does.
    change
        Makes the edited scenario of the one in force.
    language
        Of the page.
    primary, disabled
        How the button looks, and whether it does nothing.
    """
    st.button(
        text(f"place_card.{action}", language),
        key=f"card-{action}",
        icon=f":material/{_ICONS[action]}:",
        help=text(f"place_card.{action}_help", language),
        type="primary" if primary else "secondary",
        disabled=disabled,
        on_click=_make,
        args=(session, change),
    )


def _make(session: Session, change: Callable[[Scenario], Scenario]) -> None:
    """Make an edit, or keep why it cannot be made."""
    try:
        session.apply(change(session.draft))
    except ChengyuError as error:
        st.session_state[_REFUSED] = (session.selection, error)
    else:
        st.session_state.pop(_REFUSED, None)


def refusal(session: Session, language: Language) -> None:
    """Say why the last edit of this card was not made; nothing if it was."""
    selection, error = st.session_state.get(_REFUSED, (None, None))
    if error is not None and selection == session.selection:
        st.error(message(error, language, lead="place_card.refused"), icon=":material/error:")
