"""Incumbent and bound of one solve as they meet, its deadline, and whom it tells.

OR-Tools' SCIP and HiGHS cannot be interrupted, so a mixed-integer program runs in a thread of its own. When
the person stops the solve or time is up, the thread is left behind: it ends by its own time limit and
its answer is not read. GLOP can be: a long linear program runs in a thread, too, and is interrupted.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

from corridor.errors import Fault
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.program import ORTOOLS_VERSION, Answer, solve

if TYPE_CHECKING:
    from collections.abc import Callable

    from ortools.linear_solver.pywraplp import Solver as LinearSolver

    from siting.program import Program, SolverName
    from siting.search import ProgressCallback

#: Seconds between two looks at whether a running solver should be left.
_LOOK_S = 0.05
#: Longest run of one solver call, s: how long a solver that was left behind may go on.
_LONGEST_RUN_S = 3600.0
_UNKNOWN = Answer(status="unknown", x=None, objective=None, bound=None)


class Watch:
    """Incumbent, bound, deadline and callbacks of one minimization.

    Parameters
    ----------
    gap
        Relative gap at which the solve may end, 0-1.
    time_limit_s
        Wall time allowed from now on, s.
    on_progress
        Called with incumbent, bound, gap, seconds and a message whenever one of them changed.
    should_stop
        Asked often; True ends the solve as the time limit does.
    """

    def __init__(
        self,
        *,
        gap: float = 0.0,
        time_limit_s: float = math.inf,
        on_progress: ProgressCallback | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self.clock = time.perf_counter()
        self.gap = max(gap, OPTIMALITY_TOLERANCE / 2.0)
        self.value = math.inf
        self.bound = 0.0
        self._deadline = self.clock + time_limit_s
        self._on_progress = on_progress
        self._should_stop = should_stop

    def offer(self, value: float, message: str = "better solution") -> bool:
        """Take the value of a solution; tell whether it is the best so far."""
        if not value < self.value:
            return False
        self.value = value
        self._report(message)
        return True

    def raise_bound_to(self, bound: float, message: str = "lower bound") -> None:
        """Take a proven lower bound; beyond the incumbent it says no more than that nothing beats it."""
        bound = min(bound, self.value)
        if bound > self.bound:
            self.bound = bound
            self._report(message)

    def left(self) -> float:
        """Seconds left."""
        return max(0.0, self._deadline - time.perf_counter())

    def stopped(self) -> bool:
        """Tell whether time is up or the person asked to stop."""
        return self.left() == 0.0 or (self._should_stop is not None and self._should_stop())

    def closed(self) -> bool:
        """Tell whether incumbent and bound are within the gap."""
        return self.value - self.bound <= self.gap * self.value if math.isfinite(self.value) else False

    def done(self) -> bool:
        """Tell whether the solve should end."""
        return self.closed() or self.stopped()

    def quiet(self) -> Watch:
        """Return a watch with the same deadline and stop for a part of the work, without progress."""
        return Watch(time_limit_s=self.left(), should_stop=self._should_stop)

    def solve(
        self, program: Program, *, solver: SolverName = "scip", gap: float = 0.0, nodes: int | None = None
    ) -> Answer:
        """Solve a program; `unknown` when it was left behind.

        Raises
        ------
        SolverError
            See `siting.program.solve`.
        """
        if self.stopped():
            return _UNKNOWN
        limit = min(self.left(), _LONGEST_RUN_S)
        answers: list[Answer] = []
        failures: list[BaseException] = []

        def work() -> None:
            try:
                answers.append(solve(program, solver=solver, time_limit_s=limit, gap=gap, nodes=nodes))
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
                failures.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        overtime = time.perf_counter() + limit + 1.0
        while thread.is_alive():
            thread.join(_LOOK_S)
            asked = self._should_stop is not None and self._should_stop()
            if thread.is_alive() and (asked or time.perf_counter() > overtime):
                return _UNKNOWN
        if failures:
            raise failures[0]
        return answers[0]

    def run(self, linear: LinearSolver) -> int:
        """Solve a linear program that keeps its state between solves; a stop interrupts it.

        Returns
        -------
        int
            Status of the solver.
        """
        linear.SetTimeLimit(max(1, int(1e3 * min(self.left(), 1e6))))
        if self._should_stop is None:
            return int(linear.Solve())
        statuses: list[int] = []
        thread = threading.Thread(target=lambda: statuses.append(int(linear.Solve())), daemon=True)
        thread.start()
        thread.join(_LOOK_S)
        while thread.is_alive():
            if self._should_stop():
                linear.InterruptSolve()
            thread.join(_LOOK_S)
        return statuses[0]

    def certificate(self, solver: str) -> Certificate:
        """Return what was proven."""
        known = math.isfinite(self.value)
        proven = known and self.value - self.bound <= OPTIMALITY_TOLERANCE * abs(self.value)
        return Certificate(
            status="optimal" if proven else "feasible" if known else "unknown",
            incumbent=self.value if known else None,
            bound=self.bound,
            seconds=time.perf_counter() - self.clock,
            solver=solver,
            version=ORTOOLS_VERSION,
        )

    def _report(self, message: str) -> None:
        if self._on_progress is None or not math.isfinite(self.value):
            return
        gap = (self.value - self.bound) / self.value if self.value > 0.0 else 0.0
        self._on_progress(self.value, self.bound, gap, time.perf_counter() - self.clock, message)


def limit_faults(*, gap: float, time_limit_s: float) -> list[Fault]:
    """List what is wrong with the limits of a solve."""
    faults = []
    if not 0.0 <= gap < 1.0:
        faults.append(Fault(f"{gap} is not a relative gap", "gap", "Give 0 or more, less than 1"))
    if math.isnan(time_limit_s) or time_limit_s < 0.0:
        faults.append(Fault(f"{time_limit_s} is not a time limit", "time limit", "Give 0 seconds or more"))
    return faults
