"""The first minute: three steps above the map, to be skipped at any of them."""

from __future__ import annotations

import streamlit as st

from planner.text import Language, text
from planner.views.style import escaped

STEPS = 3
_STEP = "tour-step"


def draw(language: Language, *, is_first_use: bool) -> None:
    """Draw the step that is due; nothing once the tour is over.

    Parameters
    ----------
    language
        Of the texts.
    is_first_use
        Whether a session that has not begun the tour yet begins it.
    """
    step: int = st.session_state.setdefault(_STEP, 1 if is_first_use else 0)
    if not step:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="tour"):
        st.html(
            f"<p><b>{escaped(text('tour.step', language, step=step, steps=STEPS))}</b> "
            f"{escaped(text(f'tour.step_{step}', language))}</p>",
            width="stretch",
        )
        if step > 1:
            st.button(
                text("tour.back", language), key="tour-back", type="tertiary", on_click=_go, args=(step - 1,)
            )
        is_last = step == STEPS
        st.button(
            text("tour.done" if is_last else "tour.next", language),
            key="tour-next",
            on_click=_go,
            args=(0 if is_last else step + 1,),
        )
        if not is_last:
            st.button(text("tour.skip", language), key="tour-skip", type="tertiary", on_click=_go, args=(0,))


def begin() -> None:
    """Begin the tour again."""
    _go(1)


def _go(step: int) -> None:
    """Go to a step; 0 ends the tour."""
    st.session_state[_STEP] = step
