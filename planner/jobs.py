"""Long work in a thread: what it last said, what came out, and how to stop it. Knows nothing of the page."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from corridor.errors import ChengyuError
from planner import store
from planner.progress import Stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.plan import Plan
    from planner.progress import OnProgress, Progress, ShouldStop
    from planner.scenario import Scenario

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

#: Two threads that keep the same plan would remove each other's folder.
_saving = threading.Lock()


class Job(Generic[Result]):
    """One piece of work in a thread of its own, started at once.

    Every attribute may be read at any time from any thread. Exactly one of ``result``, ``error`` is set, or
    neither when the work was stopped before it had anything to give, once ``done`` is true.

    Parameters
    ----------
    work
        Called as ``work(on_progress, should_stop)``; raises :class:`planner.progress.Stopped` when stopped
        with nothing to give.
    """

    def __init__(self, work: Callable[[OnProgress, ShouldStop], Result]) -> None:
        self.progress: Progress | None = None
        self.result: Result | None = None
        self.error: Exception | None = None
        self._work = work
        self._stop = threading.Event()
        self._left = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chengyu-job", daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the work is over, one way or another."""
        return self._done.is_set()

    @property
    def stopping(self) -> bool:
        """Whether the work was asked to stop."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask the work to stop; it may still give the best it has."""
        self._stop.set()

    def leave(self) -> None:
        """Ask the work to stop and to give nothing: nobody is there to take it."""
        self._left.set()
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Return whether the work was over within the time."""
        return self._done.wait(timeout_s)

    def _report(self, progress: Progress) -> None:
        """Keep the latest report; work that was left ends here.

        Reports of the siting solve come from within a solver, which is told to stop in its own way.
        """
        self.progress = progress
        if self._left.is_set() and progress.stage != "siting":
            raise Stopped

    def _run(self) -> None:
        """Do the work and keep what came of it."""
        try:
            self.result = self._work(self._report, self._stop.is_set)
        except Stopped:
            pass
        except ChengyuError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001  a thread must not take its reason to the grave
            _log.exception("work in a thread failed")
            self.error = error
        finally:
            self._done.set()


def solve(scenario: Scenario, on_progress: OnProgress, should_stop: ShouldStop) -> Plan:
    """Return the plan of a scenario: the stored one, else a new one, which is then stored.

    A plan that was stopped early is not stored, or it would stand for the scenario ever after.

    Raises
    ------
    planner.progress.Stopped
        If asked to stop before there was a plan.
    corridor.errors.ChengyuError
        For faulty input, infeasible questions and failing solvers.
    """
    # The solver takes a second to import: paid in this thread, after the page has drawn its first map.
    from planner.inputs import fingerprint  # noqa: PLC0415
    from planner.pipeline import make_plan  # noqa: PLC0415

    found = store.find(scenario, fingerprint(scenario))
    if found is not None:
        return found
    plan = make_plan(scenario, on_progress=on_progress, should_stop=should_stop)
    if not should_stop():
        with _saving:
            store.save(plan)
    return plan


def solve_job(scenario: Scenario) -> Job[Plan]:
    """Return a running job that solves the scenario."""
    return Job(lambda on_progress, should_stop: solve(scenario, on_progress, should_stop))
