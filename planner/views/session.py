"""What one browser session, and no other, knows: the plan shown, the job running, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from corridor.errors import ChengyuError
from planner import store
from planner.demand_view import DemandView, demand_key, demand_view
from planner.inputs import fingerprint, load_inputs
from planner.jobs import Job, solve_job
from planner.scenario import AddedSite, PointDemand, Scenario
from planner.trip_files import TripFile, taken
from planner.views.presence import stop_when_left

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.plan import Plan
    from planner.trip_files import Kind

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
    closures, added_sites, point_demands
        Of the scenario in the sidebar, solved or not.
    ends
        Places that a route query asks about, as :func:`planner.places.position` reads them.
    turns
        How often the two ends were exchanged.
    chosen
        Scenario as the sidebar shows it, solved or not; None until it was drawn.
    edits
        Assumptions as typed, by key.
    assumptions
        Those of the scenario in the sidebar: the last edits that were possible together.
    refusal
        Why the edits are not those assumptions; None when they are.
    trip_files
        Own trips and link counts of the scenario in the sidebar.
    trip_refusals
        Of the files last brought those not taken: their name and why.
    """

    plan: Plan | None = None
    job: Job[Plan] | None = None
    wanted: Scenario | None = None
    error: Exception | None = None
    notice: str | None = None
    closures: tuple[str, ...] = ()
    added_sites: tuple[AddedSite, ...] = ()
    point_demands: tuple[PointDemand, ...] = ()
    ends: tuple[str | None, str | None] = ("成都市", "重庆市")
    turns: int = 0
    chosen: Scenario | None = None
    edits: dict[str, float] = field(default_factory=dict)
    assumptions: dict[str, float] = field(default_factory=dict)
    refusal: ChengyuError | None = None
    trip_files: dict[Kind, TripFile] = field(default_factory=dict)
    trip_refusals: dict[Kind, tuple[str, ChengyuError]] = field(default_factory=dict)

    def edit(self, edits: Mapping[str, float]) -> None:
        """Take over edited assumptions if a demand follows from them; else keep apart edits and reason."""
        self.edits = dict(edits)
        scenario = (self.chosen or Scenario()).model_copy(update={"assumptions": self.edits})
        try:
            demand(scenario)
        except ChengyuError as error:
            self.refusal = error
        else:
            self.refusal, self.assumptions = None, dict(self.edits)

    def bring(self, kind: Kind, name: str, content: bytes) -> None:
        """Take a file of own trips or counts if a demand follows from it; else keep apart name and reason."""
        scenario = self.chosen or Scenario()
        try:
            file = taken(kind, name, content, inputs=load_inputs(scenario))
            demand(scenario.model_copy(update={kind: str(file.path)}))
        except ChengyuError as error:
            self.trip_refusals[kind] = (name, error)
        else:
            self.trip_refusals.pop(kind, None)
            self.trip_files[kind] = file

    def let_go(self, kind: Kind) -> None:
        """Return to the modeled trips, or to trips that no count moves."""
        self.trip_files.pop(kind, None)
        self.trip_refusals.pop(kind, None)

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


def demand(scenario: Scenario) -> DemandView:
    """Return the demand of a scenario, made once per server.

    Raises
    ------
    corridor.errors.ChengyuError
        If none follows from it.
    """
    return _demand(demand_key(scenario), scenario)


@st.cache_resource(show_spinner=False, max_entries=32)
def _demand(key: str, _scenario: Scenario) -> DemandView:
    """Return the demand; ``key`` tells it apart."""
    del key
    return demand_view(_scenario)


def current() -> Session:
    """Return the state of this session; a new session asks for the default scenario."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Session()
        st.session_state[_KEY].ask(Scenario())
    session: Session = st.session_state[_KEY]
    return session
