"""How the work goes: progress with a stop button, how it ended, what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from corridor.errors import ChengyuError, InfeasibleError, InputError, ReplayError, SolverError
from planner.drawing.figures import gap, with_unit
from planner.fault_text import said, sentence
from planner.objective import PER_DAY
from planner.text import Language, text
from planner.views.style import escaped

if TYPE_CHECKING:
    from planner.progress import Progress
    from planner.views.session import Session

_REFRESH_S = 0.3

#: What faulty input keeps from happening, if nothing else is said.
_LEAD = "error.input"


def draw(session: Session, language: Language) -> None:
    """Draw the state of the work; nothing when there is nothing to say.

    All of it in one container, there or not: what is drawn below keeps its place on the page, and with it
    the files a person is handing over.
    """
    with st.container(key="status", gap="small"):
        if session.error is not None:
            st.error(message(session.error, language), icon=":material/error:")
            _next(session, next_step(session.error), language)
        if session.notice is not None:
            st.warning(text(session.notice, language), icon=":material/info:")
            _next(session, "stopped", language)
        if session.job is not None:
            st.fragment(_job, run_every=_REFRESH_S)(session, language)


def next_step(error: Exception) -> str:
    """Return which advice an error calls for."""
    if isinstance(error, InfeasibleError):
        return "infeasible"
    return "input" if isinstance(error, InputError) else "failed"


def _next(session: Session, step: str, language: Language) -> None:
    """Say what to do next, with the buttons that do it."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="next-step"):
        st.caption(text(f"next.{step}", language), width="stretch")
        if session.history.can_undo:
            st.button(
                text("next.undo", language), key="next-undo", icon=":material/undo:", on_click=session.undo
            )
        if step in {"stopped", "failed"} and session.wanted is not None:
            st.button(
                text("next.again", language),
                key="next-again",
                icon=":material/refresh:",
                on_click=session.ask,
                args=(session.wanted,),
            )


def _job(session: Session, language: Language) -> None:
    """Draw the running job; once it is over, the whole page is drawn anew."""
    if session.collect() or session.job is None:
        st.rerun()
    job = session.job
    progress = job.progress
    with st.container(key="job", gap="small"):
        say, stop = st.columns([8, 1], vertical_alignment="center")
        say.html(_line(progress, language, first=session.plan is None))
        stop.button(
            text("progress.stop", language),
            key="stop",
            disabled=job.stopping,
            width="stretch",
            on_click=job.stop,
        )
        st.progress(0.0 if progress is None else progress.share)
        if job.stopping:
            st.caption(text("progress.stopping", language))


def _line(progress: Progress | None, language: Language, *, first: bool) -> str:
    """Return stage, time, incumbent, bound and gap in one line of HTML."""
    what = text("progress.first" if first else "progress.again", language)
    stage = text(f"stage.{'load' if progress is None else progress.stage}", language)
    figures = [f"<b>{escaped(stage)}</b>"]
    if progress is not None:
        figures.append(escaped(with_unit(progress.seconds, "s", language, digits=1)))
        values = {"incumbent": progress.incumbent, "bound": progress.bound}
        per_day = PER_DAY[progress.objective]
        figures += [
            escaped(f"{text(f'progress.{key}', language)} {with_unit(value, per_day, language)}")
            for key, value in values.items()
            if value is not None
        ]
        if progress.gap is not None:
            figures.append(f"{escaped(text('progress.gap', language))} {escaped(gap(progress.gap))}")
    spans = "".join(f"<span>{figure}</span>" for figure in figures)
    return f'<div class="jobline">{spans}<span class="what">{escaped(what)}</span></div>'


def message(error: Exception, language: Language, *, lead: str = _LEAD) -> str:
    """Return an error as a person should read it: what, where, and how to mend it.

    Parameters
    ----------
    error
        What was raised.
    language
        Of the page.
    lead
        Key of the sentence that says what faulty input kept from happening.
    """
    if isinstance(error, InputError):
        faults = "\n".join(f"- {said(fault, language)}" for fault in error.faults)
        return f"{text(lead, language)}\n\n{faults}"
    if isinstance(error, InfeasibleError):
        why = text("error.infeasible" if lead == _LEAD else lead, language)
        return f"{why} {sentence(str(error), language)}"
    if isinstance(error, ReplayError):
        return f"{text('error.replay', language)} {error}"
    if isinstance(error, SolverError):
        return f"{text('error.solver', language)} {error}"
    if isinstance(error, ChengyuError):
        return f"{text('error.failed', language)} {error}"
    return text("error.internal", language, kind=type(error).__name__, message=error)
