"""What one browser session, and no other, knows: the plan shown, the job running, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import streamlit as st

from corridor.errors import ChengyuError
from planner import store
from planner.demand_view import DemandView, demand_key, demand_view
from planner.history import History
from planner.inputs import fingerprint, load_inputs
from planner.jobs import Job, solve_job
from planner.scenario import AddedSite, PointDemand, Scenario
from planner.trip_files import TripFile, taken
from planner.views.presence import stop_when_left
from planner.views.selection import Kind as PickKind
from planner.views.selection import Selection

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
    baseline
        The plan that others are compared with: the first one, unless another was chosen.
    wanted
        Scenario of the job or of the plan: the one last asked for.
    history
        Scenarios asked for, to go back and forth between.
    opened
        Scenario that the sidebar began with; what is typed there since is in `chosen`.
    revision
        How often the sidebar was made to begin anew: its fields bear other keys each time.
    selection
        What was clicked, on the map or in a table.
    picks
        How many clicks on the map were taken up.
    pressed
        Whether the sidebar's settings are to be solved as soon as they are read. Told by the button before
        the page is drawn: another click at once ends that drawing before it comes to the button.
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
    seen_files
        All files taken so far: a scenario gone back to may name one.
    """

    plan: Plan | None = None
    baseline: Plan | None = None
    job: Job[Plan] | None = None
    history: History = field(default_factory=lambda: History(Scenario()))
    opened: Scenario = field(default_factory=Scenario)
    revision: int = 0
    selection: Selection | None = None
    picks: int = 0
    wanted: Scenario | None = None
    pressed: bool = False
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
    seen_files: list[TripFile] = field(default_factory=list)

    @property
    def draft(self) -> Scenario:
        """Scenario as the page shows it, solved or not."""
        return self.chosen or self.opened

    def key(self, name: str) -> str:
        """Return the key of a field of the sidebar: another one whenever the sidebar begins anew."""
        return name if self.revision == 0 else f"{name}-{self.revision}"

    def select(self, kind: PickKind, key: str) -> None:
        """Show the card of a station, a site, a base or a route."""
        self.selection = Selection(kind, key)

    def deselect(self) -> None:
        """Close the card."""
        self.selection = None

    def take_over(self, scenario: Scenario) -> None:
        """Let every field of the page begin with a scenario."""
        self.opened, self.chosen = scenario, scenario
        self.revision += 1
        self.closures, self.added_sites = scenario.closures, scenario.added_sites
        self.point_demands = scenario.point_demands
        self.edits, self.assumptions = dict(scenario.assumptions), dict(scenario.assumptions)
        self.refusal = None
        named: dict[Kind, str | None] = {"od_table": scenario.od_table, "link_counts": scenario.link_counts}
        known = {str(file.path): file for file in self.seen_files}
        self.trip_files = {kind: known[path] for kind, path in named.items() if path in known}
        self.trip_refusals = {}

    def apply(self, scenario: Scenario) -> None:
        """Make an edit: the page begins with it, it can be undone, and it is solved at once."""
        self.take_over(scenario)
        self.ask(scenario)

    def open(self, scenario: Scenario) -> None:
        """Go on with another scenario: of a preset, a link, or kept under a name."""
        self.selection = None
        self.apply(scenario)

    def undo(self) -> None:
        """Return to the scenario asked for before, if any."""
        self._return_to(self.history.undo())

    def redo(self) -> None:
        """Return to the scenario that was undone last, if any."""
        self._return_to(self.history.redo())

    def _return_to(self, scenario: Scenario | None) -> None:
        """Show a scenario of the history."""
        if scenario is not None:
            self.take_over(scenario)
            self._show(scenario)

    def edit(self, edits: Mapping[str, float]) -> None:
        """Take over edited assumptions if a demand follows from them; else keep apart edits and reason."""
        self.edits = dict(edits)
        scenario = self.draft.model_copy(update={"assumptions": self.edits})
        try:
            demand(scenario)
        except ChengyuError as error:
            self.refusal = error
        else:
            self.refusal, self.assumptions = None, dict(self.edits)

    def bring(self, kind: Kind, name: str, content: bytes) -> None:
        """Take a file of own trips or counts if a demand follows from it; else keep apart name and reason."""
        scenario = self.draft
        try:
            file = taken(kind, name, content, inputs=load_inputs(scenario))
            demand(scenario.model_copy(update={kind: str(file.path)}))
        except ChengyuError as error:
            self.trip_refusals[kind] = (name, error)
        else:
            self.trip_refusals.pop(kind, None)
            self.trip_files[kind] = file
            self.seen_files.append(file)

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
        self.history.record(scenario)
        self._show(scenario)

    def _show(self, scenario: Scenario) -> None:
        """Find or solve a scenario, recorded already."""
        self.cancel()
        self.wanted, self.error, self.notice = scenario, None, None
        found = store.find(scenario, fingerprint(scenario))
        if found is not None:
            self._draw(found)
        else:
            self.job = solve_job(scenario)
            stop_when_left(self.job)

    def press(self) -> None:
        """Remember that the settings are to be solved."""
        self.pressed = True

    def take_press(self) -> bool:
        """Return whether the settings are to be solved, once."""
        pressed, self.pressed = self.pressed, False
        return pressed

    def cancel(self) -> None:
        """Stop the job and forget it."""
        if self.job is not None:
            self.job.stop()
        self.job = None

    def _draw(self, plan: Plan) -> None:
        """Take over a plan; the first one is what later ones are compared with."""
        self.plan = plan
        if self.baseline is None:
            self.baseline = plan

    def collect(self) -> bool:
        """Take over what a finished job gave; return whether there was one."""
        job = self.job
        if job is None or not job.done:
            return False
        self.job = None
        self.error = job.error
        if job.result is not None:
            self._draw(job.result)
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


def current(first: Scenario | None = None) -> Session:
    """Return the state of this session; a new session asks for `first`, or for the default scenario."""
    if _KEY not in st.session_state:
        # What a session begins with is no step that could be undone.
        state = st.session_state[_KEY] = Session(history=History(first or Scenario()))
        if first is None:
            state.ask(Scenario())
        else:
            state.open(first)
    session: Session = st.session_state[_KEY]
    return session
