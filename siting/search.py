"""Search for the best choice of stations in a reduced flow-refueling problem.

The three phases described in `siting.flow_refueling`: linear cut loop, rounding and exchange, then the
integer model, given whole where it is small and by cuts where it is large.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.coverage import CoverSets, class_cover
from siting.exchange import improve_by_exchange, left_over
from siting.master import Cuts, Master
from siting.program import Answer, Program, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.reduction import Problem

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Called with incumbent, bound, gap (0-1), seconds and a message.
ProgressCallback = Callable[[float, float, float, float, str], None]

_GROUPS = 60
#: The linear loop stops at this relative distance of bound and value; the integer phase does the rest.
_LINEAR_GAP = 1e-4
_LINEAR_ROUNDS = 200
#: ... or when the last `_TAIL` rounds closed less than this share of the distance between bound and plan.
_TAIL, _TAILING = 3, 0.01
#: Linear rounds before the first plan is made.
_FIRST_PLAN = 5
#: Random roundings tried while the plan is farther than `_ROUNDING_GAP` from the linear bound; fixed seed.
_ROUNDINGS, _ROUNDING_GAP = 8, 0.01
#: Most pairs of class and cover set with which the model is given whole.
_WHOLE = 20_000
#: First and longest time slice of one integer solve, s: how long a stop may have to wait.
_FIRST_SLICE_S, _LONGEST_SLICE_S = 8.0, 32.0


class Search:
    """The three phases, with the best plan and bound so far (both in scaled volume)."""

    def __init__(
        self,
        problem: Problem,
        *,
        cost: Floats,
        budget: float,
        gap: float,
        deadline: float,
        clock: float,
        on_progress: ProgressCallback | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self.problem = problem
        self.cost, self.budget = cost, min(budget, float(cost.sum()))
        self.affordable = cost <= left_over(np.zeros(len(cost), dtype=bool), cost=cost, budget=budget)
        self.gap = gap
        self.deadline = deadline
        self.clock = clock
        self.on_progress = on_progress
        self.should_stop = should_stop
        self.best = np.zeros(len(problem.free), dtype=bool)
        self.value = 0.0
        self.bound = float(problem.volume.sum())
        self.linear_bound = self.bound
        self.reduced_cost = np.zeros(len(problem.free))
        self.group = _groups(problem.cover, problem.volume)

    def run(self) -> None:
        """Search until bound and plan meet, or time is up."""
        self._report("cover sets ready")
        if self.problem.cover.n_classes == 0 or not self.affordable.any():
            self.bound = 0.0
        if self._done():
            return
        if self.budget == self.cost.sum():
            self._offer(np.ones(len(self.problem.free), dtype=bool))
            self.bound = self.value
            return
        volume = np.bincount(self.group, weights=self.problem.volume).astype(np.float64)
        master = Master(volume, cost=self.cost, budget=self.budget)
        inner = self._cut_loop(master)
        if len(self.problem.cover.members) <= _WHOLE:
            self._solve_whole()
        else:
            self._branch_and_check(master, inner)

    def _cut_loop(self, master: Master) -> Floats:
        """Add cuts to the linear master, then round its inner point and return it."""
        inner = np.full(len(self.cost), self.budget / self.cost.sum()) * self.affordable
        inner_value = self._fractional_value(inner)
        history = [self.linear_bound]
        for number in range(_LINEAR_ROUNDS):
            if number == _FIRST_PLAN:
                self._offer(self._bought(np.argsort(-inner, kind="stable")))
            if self._done():
                break
            relaxed = master.solve_relaxation(time_limit_s=self._left())
            if relaxed is None:
                break
            if relaxed.bound < self.linear_bound:
                self.reduced_cost, self.linear_bound = relaxed.reduced_cost, relaxed.bound
                self._lower_bound_to(self.linear_bound, "linear bound")
            middle = 0.5 * (inner + relaxed.x)
            added = master.add_cuts(self._cuts_at(middle), x=relaxed.x, theta=relaxed.theta)
            added = added or master.add_cuts(self._cuts_at(relaxed.x), x=relaxed.x, theta=relaxed.theta)
            for point in (middle, relaxed.x):
                if (value := self._fractional_value(point)) > inner_value:
                    inner, inner_value = point, value
            history.append(self.linear_bound)
            if not added or self.linear_bound - inner_value <= _LINEAR_GAP * self.linear_bound:
                break
            tail = history[-_TAIL - 1 :]
            if len(history) > _FIRST_PLAN + _TAIL and tail[0] - tail[-1] < _TAILING * (tail[-1] - self.value):
                break
        self._round(inner)
        return inner

    def _round(self, x: Floats) -> None:
        """Turn fractional stations into plans: the largest first, then draws by their size."""
        if self._stopped():
            return
        self._offer(self._bought(np.argsort(-x, kind="stable")))
        rng = np.random.default_rng(0)
        weight = x + 1e-9
        for _ in range(_ROUNDINGS):
            if self._stopped() or self.bound - self.value <= _ROUNDING_GAP * self.bound:
                return
            self._offer(self._bought(rng.choice(len(x), len(x), replace=False, p=weight / weight.sum())))

    def _solve_whole(self) -> None:
        """Give the whole model, x and y, to the solver; restarted with more time until it is through."""
        slice_s = _FIRST_SLICE_S
        while not self._done():
            lower, upper = self._limits()
            answer = solve_whole(
                self.problem,
                cost=self.cost,
                budget=self.budget,
                lower=lower,
                upper=upper,
                time_limit_s=min(slice_s, self._left()),
                gap=self.gap / 4.0,
            )
            if answer.x is not None:
                self._offer(np.round(answer.x[: len(upper)]) == 1.0)
            if answer.bound is not None:
                self._lower_bound_to(max(answer.bound, self.value), "integer bound")
            if answer.status == "infeasible":  # the limits leave nothing better
                self._lower_bound_to(self.value, "integer bound")
            if answer.status in {"optimal", "infeasible"}:
                return
            slice_s = min(2.0 * slice_s, _LONGEST_SLICE_S)

    def _branch_and_check(self, master: Master, inner: Floats) -> None:
        """Solve integer masters and cut them at their solutions."""
        slice_s = _FIRST_SLICE_S
        while not self._done():
            lower, upper = self._limits()
            master_gap = 0.25 * max(0.0, (self.bound - self.value) / self.bound)
            solution = master.solve_integer(
                lower=lower,
                upper=upper,
                time_limit_s=min(slice_s, self._left()),
                gap=max(master_gap, self.gap / 4.0) if self.value > 0.0 else 0.0,
            )
            self._lower_bound_to(max(solution.bound, self.value), "integer bound")
            if not solution.solved:
                slice_s = min(2.0 * slice_s, _LONGEST_SLICE_S)
            if solution.chosen is None:
                if solution.solved:  # nothing better is left: the bound was lowered to the plan
                    return
                continue
            point = solution.chosen.astype(np.float64)
            for pull in (0.001, 0.5):
                master.add_cuts(self._cuts_at((1.0 - pull) * point + pull * inner))
            self._offer(solution.chosen)
            best = self.best.astype(np.float64)
            master.add_cuts(self._cuts_at(0.999 * best + 0.001 * inner))

    def _limits(self) -> tuple[Floats, Floats]:
        """Fix sites whose choice, or absence, pulls the linear bound under the best plan."""
        upper = np.where(self.linear_bound + self.reduced_cost < self.value, 0.0, self.affordable)
        lower = np.where(self.linear_bound - self.reduced_cost < self.value, 1.0, 0.0)
        return np.minimum(lower, upper), upper

    def _fractional_value(self, x: Floats) -> float:
        """Volume covered by fractional stations x: what the cuts bound from above."""
        return float(self.problem.volume @ class_cover(self.problem.cover, x)[0])

    def _cuts_at(self, x: Floats) -> Cuts:
        """Return the cut of each group that is tight at x."""
        cover, volume, group = self.problem.cover, self.problem.volume, self.group
        n_groups = int(group.max()) + 1
        _, weakest = class_cover(cover, x)
        full = weakest < 0
        share = sparse.csr_array(
            (volume[~full], (group[~full], weakest[~full])), shape=(n_groups, cover.sets.shape[0])
        )
        constant = np.bincount(group[full], weights=volume[full], minlength=n_groups).astype(np.float64)
        return Cuts(constant=constant, slope=sparse.csr_array(share @ cover.sets))

    def _offer(self, chosen: NDArray[np.bool_]) -> None:
        """Improve a choice by exchange and keep it when it is the best so far."""
        chosen = improve_by_exchange(
            self.problem.cover,
            self.problem.volume,
            chosen,
            cost=self.cost,
            budget=self.budget,
            should_stop=self._stopped,
        )
        value = self._fractional_value(chosen.astype(np.float64))
        if value > self.value:
            self.best, self.value = chosen, value
            self._report("better plan")

    def _bought(self, order: Indices) -> NDArray[np.bool_]:
        """Choose sites in this order while the budget allows."""
        chosen = np.zeros(len(self.cost), dtype=bool)
        left = left_over(chosen, cost=self.cost, budget=self.budget)
        for site in order.tolist():
            if self.cost[site] <= left:
                chosen[site] = True
                left -= float(self.cost[site])
        return chosen

    def _lower_bound_to(self, bound: float, message: str) -> None:
        if bound < self.bound:
            self.bound = bound
            self._report(message)

    def _report(self, message: str) -> None:
        if self.on_progress is None:
            return
        incumbent = self.value * self.problem.scale + self.problem.constant
        bound = max(incumbent, self.bound * self.problem.scale + self.problem.constant)
        gap = (bound - incumbent) / bound if bound > 0.0 else 0.0
        self.on_progress(incumbent, bound, gap, time.perf_counter() - self.clock, message)

    def _left(self) -> float:
        return max(0.0, self.deadline - time.perf_counter())

    def _stopped(self) -> bool:
        return self._left() == 0.0 or (self.should_stop is not None and self.should_stop())

    def _done(self) -> bool:
        """Tell whether the gap (of the whole problem, constant included) is closed, or time is up."""
        constant = self.problem.constant / self.problem.scale
        closed = self.bound - self.value <= self.gap * (self.bound + constant)
        return closed or self._stopped()


def _groups(cover: CoverSets, volume: Floats) -> Indices:
    """Split classes into groups of about equal volume whose first cover sets lie together."""
    if cover.n_classes == 0:
        return np.empty(0, dtype=np.int64)
    first_set = cover.members[cover.offsets[:-1]]
    order = np.lexsort((first_set, cover.sets.indices[cover.sets.indptr[first_set]]))
    end = np.cumsum(volume[order])
    group = np.empty(cover.n_classes, dtype=np.int64)
    group[order] = np.minimum((end - volume[order] / 2.0) * (_GROUPS / end[-1]), _GROUPS - 1).astype(np.int64)
    _, group = np.unique(group, return_inverse=True)
    return group.astype(np.int64)


def solve_whole(
    problem: Problem,
    *,
    cost: Floats,
    budget: float,
    lower: Floats,
    upper: Floats,
    time_limit_s: float,
    gap: float,
) -> Answer:
    """Solve the model as it stands in `siting.flow_refueling`, with a row for every class and cover set.

    Parameters
    ----------
    problem
        What is to decide.
    cost, budget
        (n_free,) float64, of a station at each free site, and most all together may cost.
    lower, upper
        (n_free,) float64, limits of x, 0 or 1.
    time_limit_s, gap
        Limits of the search.

    Returns
    -------
    Answer
        Its x holds the stations, then the classes.
    """
    cover = problem.cover
    n_free, n_classes, n_rows = len(problem.free), cover.n_classes, len(cover.members)
    owner = np.repeat(np.arange(n_classes), np.diff(cover.offsets))
    served = sparse.csr_array((np.ones(n_rows), (np.arange(n_rows), owner)), shape=(n_rows, n_classes))
    spent = sparse.csr_array(np.concatenate([cost, np.zeros(n_classes)])[None, :])
    matrix = sparse.vstack([sparse.hstack([-cover.sets[cover.members], served]), spent], format="csr")
    return solve(
        Program(
            objective=np.concatenate([np.zeros(n_free), problem.volume]),
            lower=np.concatenate([lower, np.zeros(n_classes)]),
            upper=np.concatenate([upper, np.ones(n_classes)]),
            matrix=sparse.csr_array(matrix),
            row_lower=np.full(n_rows + 1, -np.inf),
            row_upper=np.concatenate([np.zeros(n_rows), [budget]]),
            integer=np.arange(n_free + n_classes) < n_free,
            maximize=True,
        ),
        solver="scip",
        time_limit_s=time_limit_s,
        gap=gap,
    )
