"""Whether a person still looks: a job that nobody waits for is stopped."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from streamlit.runtime import Runtime
from streamlit.runtime import exists as runtime_exists
from streamlit.runtime.scriptrunner import get_script_run_ctx

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.jobs import Job

#: How often to look, and how many times in a row nobody may be there: a page that is loaded anew, or a
#: connection that broke, is back within this time.
_LOOK_S, _ABSENCES = 2.0, 8


def stop_when_left(job: Job[Any]) -> None:
    """Stop a job some seconds after the page of this session was closed; without a server, never."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None or not runtime_exists():
        return
    session_id = context.session_id
    watch(job, lambda: Runtime.instance().is_active_session(session_id))


def watch(
    job: Job[Any], is_there: Callable[[], bool], *, look_s: float = _LOOK_S, absences: int = _ABSENCES
) -> threading.Thread:
    """Return a running thread that stops a job once nobody is there.

    Parameters
    ----------
    job
        What to stop.
    is_there
        Whether somebody is.
    look_s
        Seconds between two looks.
    absences
        How many looks in a row must find nobody.
    """

    def look() -> None:
        missed = 0
        while missed < absences and not job.wait(look_s):
            missed = 0 if is_there() else missed + 1
        if not job.done:
            job.leave()

    thread = threading.Thread(target=look, name="chengyu-presence", daemon=True)
    thread.start()
    return thread
