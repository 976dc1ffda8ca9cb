"""Tables whose rows open a card: what a click on the map does, a row does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    import pandas as pd

    from planner.views.selection import Kind
    from planner.views.session import Session


def choice(
    session: Session,
    table: pd.DataFrame,
    keys: pd.Series,
    *,
    key: str,
    alt: str,
    **options: Any,  # noqa: ANN401  what st.dataframe takes
) -> str | None:
    """Draw a table whose rows can be chosen, one at a time.

    Parameters
    ----------
    session
        Its clicks taken up so far: a choice taken up is no longer one.
    table
        The rows.
    keys
        What stands for each row.
    key, alt
        Of the widget; what is read aloud.
    options
        Of ``st.dataframe``.

    Returns
    -------
    str | None
        Key of the row chosen.
    """
    event = st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        key=f"{key}-{session.picks}",
        on_select="rerun",
        selection_mode="single-row",
        alt=alt,
        **options,
    )
    rows = event.selection.get("rows", [])
    return str(keys.iloc[rows[0]]) if rows and rows[0] < len(keys) else None


def take_up(session: Session, kind: Kind, key: str | None) -> None:
    """Open the card of what was chosen, if anything was; the table drawn next has nothing chosen."""
    if key is None:
        return
    session.picks += 1
    session.select(kind, key)
    st.rerun()
