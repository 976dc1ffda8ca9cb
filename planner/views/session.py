"""What one browser session, and no other, knows: the plan shown, the job running, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from planner import store
from planner.inputs import fingerprint
from planner.jobs import Job, solve_job
from planner.scenario import AddedSite, Scenario
from planner.views.presence import stop_when_left

if TYPE_CHECKING:
    from planner.plan import Plan

_KEY = "chengyu-session"


@dataclass(slots=True, eq=False)
class Session:
    """State of one session.

    Parameters
    ----------
    plan
        The plan drawn; stays until the next one is there.
    job
        The job that runs, if any.
    wanted
        Scenario of the job or of the plan: the one last asked for.
    error
        Why the last job gave no plan.
    notice
        Key of a text on how the last job ended.
    closures, added_sites
        Of the scenario in the sidebar, solved or not.
    ends
        Places that a route query asks about, as :func:`planner.places.position` reads them.
    turns
        How often the two ends were exchanged.
    """

    plan: Plan | None = None
    job: Job[Plan] | None = None
    wanted: Scenario | None = None
    error: Exception | None = None
    notice: str | None = None
    closures: tuple[str, ...] = ()
    added_sites: tuple[AddedSite, ...] = ()
    ends: tuple[str | None, str | None] = ("成都市", "重庆市")
    turns: int = 0

    def turn_round(self) -> None:
        """Exchange the two ends of a route query."""
        self.ends = (self.ends[1], self.ends[0])
        self.turns += 1

    def ask(self, scenario: Scenario) -> None:
        """Show the stored plan of a scenario, else solve it in the background; an earlier job is stopped."""
        self.cancel()
        self.wanted, self.error, self.notice = scenario, None, None
        found = store.find(scenario, fingerprint(scenario))
        if found is not None:
            self.plan = found
        else:
            self.job = solve_job(scenario)
            stop_when_left(self.job)

    def cancel(self) -> None:
        """Stop the job and forget it."""
        if self.job is not None:
            self.job.stop()
        self.job = None

    def collect(self) -> bool:
        """Take over what a finished job gave; return whether there was one."""
        job = self.job
        if job is None or not job.done:
            return False
        self.job = None
        self.error = job.error
        if job.result is not None:
            self.plan = job.result
        if job.stopping:
            self.notice = "progress.stopped" if job.result is None else "progress.stopped_kept"
        return True


def current() -> Session:
    """Return the state of this session; a new session asks for the default scenario."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session()
        st.session_state[_KEY].ask(Scenario())
    session: Session = st.session_state[_KEY]
    return session
