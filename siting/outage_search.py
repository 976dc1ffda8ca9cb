"""Search for the best plan that bears every outage of one station.

The master problem holds the stations x, grouped estimates theta_g from above of the volume served, and what
is known of plans that bear every outage, T being the volume asked for in each:

    maximize    sum_g theta_g
    subject to  sum_i x_i <= N (free sites),  x_i = 1 at standing sites
                theta_g <= b_r + sum_i a_ri x_i                     cuts of `siting.search`
                sum_{i not in O} x_i >= 2                           O: sites that serve less than T together
                sum_{i != j} min(a_i, r) x_i >= r = T - b           b + a x: cut of the volume with j out

Cover rows: with at most one station outside O, its outage leaves stations in O alone, which serve less than
T. O is grown until no site more can enter. Volume rows: no outage leaves more than the cut at that x with
x_j = 0 says; when j is not open the row asks no more than the outage of any open station does, so it holds
for every plan. Both are separated where the master's solutions fail in an outage; plans are repaired and
improved by exchange. More stations never serve less: once a choice was tried, a better one holds a site that
it does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.coverage import class_cover, grouped_cuts
from siting.outages import Outages
from siting.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.outages import OutageProblem
    from siting.program import Answer
    from siting.watch import Watch

    Bools = NDArray[np.bool_]
    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

_GROUPS = 60
_LINEAR_ROUNDS = 60
#: The linear loop stops when `_TAIL` rounds lowered the bound by less than this share.
_TAIL, _TAILING = 4, 1e-4
#: A cut is added when it is violated by more than this share of the total volume, a row by this number.
_VIOLATION, _ROW_VIOLATION = 1e-7, 1e-3
#: Linear rounds without looking for rows after one that found none.
_REST = 3
#: What is asked is relaxed by this share in the master: no plan is lost to the last digits of a solver.
_SLACK = 1e-7
#: Most outages for which rows are made at one integer, and at one linear solution.
_OUTAGES, _LINEAR_OUTAGES = 4, 16


class OutageSearch:
    """The search, with the best plan and bound so far (in scaled volume).

    Parameters
    ----------
    problem
        What is to decide.
    most
        Most free stations.
    asked
        Volume, scaled, to be served in every outage.
    gap
        Relative gap, of the whole problem, at which to stop.
    watch
        Deadline and stop, and the solvers under them.
    report
        Told of every better value and bound, with a message.
    """

    def __init__(
        self,
        problem: OutageProblem,
        *,
        most: int,
        asked: float,
        gap: float,
        watch: Watch,
        report: Callable[[float, float, str], None],
    ) -> None:
        self.problem = problem
        self.most = min(most, int(np.count_nonzero(~problem.standing)))
        self.asked = asked
        self.gap = gap
        self.watch, self._report = watch, report
        self.outages = Outages(problem, asked=asked)
        self.best = problem.standing.copy()
        self.score = self.outages.score(self.best)
        self.bound = float(problem.volume.sum())
        self.infeasible = False
        self._group = _groups(problem)
        self._n_groups = int(self._group.max(initial=-1)) + 1
        self._volume = np.bincount(self._group, weights=problem.volume, minlength=self._n_groups)
        self._cuts: list[tuple[Indices, Floats, sparse.csr_array]] = []
        self._rows: list[tuple[Floats, float]] = []

    @property
    def value(self) -> float:
        """Volume the best plan serves; minus infinity while it does not bear every outage."""
        return self.score.served if self.score.worst >= self.asked else -np.inf

    def run(self, start: Bools, *, bound: float, any_plan: bool = False) -> None:
        """Search from a choice on, until plan and bound meet or time is up.

        Parameters
        ----------
        start
            (n_left,) bool, a choice to begin with.
        bound
            No plan serves more than this.
        any_plan
            Stop at the first plan that bears every outage.
        """
        self.bound = min(self.bound, bound)
        self._offer(start)
        if self.problem.cover.n_classes == 0 or self.most == 0:
            self._nothing_better()
        if self._done(any_plan=any_plan):
            return
        inner = self._linear(any_plan=any_plan)
        while not self._done(any_plan=any_plan):
            answer = self._solve(integer=True)
            if answer.status == "infeasible":
                self._nothing_better()
                return
            if answer.bound is not None:
                self._lower_bound_to(max(answer.bound, self.value), "integer bound")
            if answer.x is None:
                continue
            chosen = np.round(answer.x[: len(self.best)]) == 1.0
            self._learn(chosen, inner)
            self._offer(chosen)
            self._learn(self.best, inner)

    def _nothing_better(self) -> None:
        """Note that no plan beats the best one; if it does not bear every outage, none does."""
        self.infeasible = self.value == -np.inf
        self.bound = self.value

    def _learn(self, chosen: Bools, inner: Floats) -> None:
        """Add the cuts and rows at a choice."""
        point = chosen.astype(np.float64)
        for pull in (0.001, 0.5):
            self._add_cuts((1.0 - pull) * point + pull * inner)
        self._rows.append((1.0 - point, 1.0))
        _, left = self.outages.left(chosen)
        failing = sorted((volume, out) for out, volume in left.items() if volume < self.asked)
        for _, out in failing[:_OUTAGES]:
            self._add_volume_row(0.999 * point + 0.001 * inner, out)
            rest = chosen.copy()
            rest[out] = False
            near = self._overlap(out)
            for key in (-inner, near):
                self._rows.append(
                    ((~self.outages.grown(rest, order=_ascending(key))).astype(np.float64), 2.0)
                )

    def _linear(self, *, any_plan: bool) -> Floats:
        """Add cuts and rows to the linear master; return the inner point."""
        free = ~self.problem.standing
        inner = np.where(free, self.most / max(1, int(free.sum())), 1.0)
        inner_value = self._fractional(inner)
        history: list[float] = []
        rest = 0  # rounds until rows are looked for again
        for _ in range(_LINEAR_ROUNDS):
            if self._done(any_plan=any_plan):
                break
            answer = self._solve(integer=False)
            if answer.status == "infeasible":
                self._nothing_better()
                break
            if answer.x is None or answer.bound is None:
                break
            self._lower_bound_to(max(answer.bound, self.value), "linear bound")
            x, theta = np.clip(answer.x[: len(inner)], 0.0, 1.0), answer.x[len(inner) :]
            middle = 0.5 * (inner + x)
            added = self._add_cuts(middle, (x, theta)) or self._add_cuts(x, (x, theta))
            looked = rest == 0 or not added
            rows = self._add_rows(x) if looked else 0
            rest = (0 if rows else _REST) if looked else rest - 1
            for point in (middle, x):
                if (value := self._fractional(point)) > inner_value:
                    inner, inner_value = point, value
            history.append(answer.bound)
            fallen = history[-_TAIL - 1] - history[-1] if len(history) > _TAIL else np.inf
            slow = history[-1] <= self.bound and fallen < _TAILING * history[-1]
            if slow or not (added or rows):
                break
        return inner

    def _fractional(self, x: Floats) -> float:
        """Return the volume covered by fractional stations."""
        return float(self.problem.volume @ class_cover(self.problem.cover, x)[0])

    def _add_cuts(self, x: Floats, solution: tuple[Floats, Floats] | None = None) -> int:
        """Add the cuts tight at x: those a solution (x, theta) violates, all without one; return how many."""
        constant, slope = self._cut(x)
        groups = np.arange(self._n_groups)
        if solution is not None:
            violation = solution[1] - constant - np.asarray(slope @ solution[0])
            groups = np.flatnonzero(violation > _VIOLATION * self._volume.sum())
        if groups.size:
            self._cuts.append((groups.astype(np.int64), constant[groups], sparse.csr_array(slope[groups])))
        return len(groups)

    def _cut(self, x: Floats) -> tuple[Floats, sparse.csr_array]:
        """Return constant and slope of the cut of each group that is tight at x."""
        return grouped_cuts(self.problem.cover, self.problem.volume, self._group, x, n_groups=self._n_groups)

    def _add_rows(self, x: Floats) -> int:
        """Add rows that a fractional solution violates, for the outages of its largest stations."""
        added = 0
        for out in _ascending(-x)[:_LINEAR_OUTAGES].tolist():
            added += self._add_volume_row(x, out, violated_by=x)
            grown = self.outages.without_region(self._overlap(out), order=_ascending(-x))
            if grown is not None and x[~grown].sum() < 2.0 - _ROW_VIOLATION:
                self._rows.append(((~grown).astype(np.float64), 2.0))
                added += 1
        return added

    def _add_volume_row(self, x: Floats, out: int, violated_by: Floats | None = None) -> int:
        """Add the row of the volume with a station out that is tight at x."""
        rest = x.copy()
        rest[out] = 0.0
        constant, slope = self._cut(rest)
        asked = self.asked * (1.0 - _SLACK) - float(constant.sum())
        if asked <= 0.0:
            return 0
        row = np.minimum(np.asarray(slope.sum(axis=0)).ravel() / asked, 1.0)
        row[out] = 0.0
        if violated_by is not None and row @ violated_by >= 1.0 - _ROW_VIOLATION:
            return 0
        self._rows.append((row, 1.0))
        return 1

    def _overlap(self, site: int) -> Floats:
        """Return how often each site stands in a set with a given one."""
        margins = self.outages.margins
        inside = np.zeros(self.problem.cover.sets.shape[0])
        inside[margins.sets_of(site)] = 1.0
        return np.asarray(self.problem.cover.sets.T @ inside, dtype=np.float64)

    def _solve(self, *, integer: bool) -> Answer:
        """Solve the master, linear or integer."""
        n, n_groups = len(self.best), self._n_groups
        free = (~self.problem.standing).astype(np.float64)
        parts = [sparse.hstack([sparse.csr_array(free[None, :]), sparse.csr_array((1, n_groups))])]
        low, high = [np.array([-np.inf])], [np.array([float(self.most)])]
        if self._rows:
            known = sparse.csr_array(np.array([row for row, _ in self._rows]))
            parts.append(sparse.hstack([known, sparse.csr_array((len(self._rows), n_groups))]))
            low.append(np.array([least for _, least in self._rows]))
            high.append(np.full(len(self._rows), np.inf))
        for groups, constant, slope in self._cuts:
            k = len(groups)
            pick = sparse.csr_array((np.ones(k), (np.arange(k), groups)), shape=(k, n_groups))
            parts.append(sparse.hstack([-slope, pick]))
            low.append(np.full(k, -np.inf))
            high.append(constant)
        program = Program(
            objective=np.concatenate([np.zeros(n), np.ones(n_groups)]),
            lower=np.concatenate([self.problem.standing.astype(np.float64), np.zeros(n_groups)]),
            upper=np.concatenate([np.ones(n), self._volume]),
            matrix=sparse.csr_array(sparse.vstack(parts, format="csr")),
            row_lower=np.concatenate(low),
            row_upper=np.concatenate(high),
            integer=(np.arange(n + n_groups) < n) if integer else None,
            maximize=True,
        )
        open_gap = max(0.0, (self.bound - self.value) / self.bound) if self.value > 0.0 else 0.0
        tight = max(0.25 * open_gap, self.gap / 4.0)
        return self.watch.solve(program, solver="scip" if integer else "glop", gap=tight)

    def _offer(self, chosen: Bools) -> None:
        """Repair and improve a choice, and keep it when it is the best so far."""
        chosen, score = self.outages.improve(chosen, most=self.most, should_stop=self.watch.stopped)
        if self.outages.better(score, self.score):
            self.best, self.score = chosen, score
            self._report(self.value, self.bound, "better plan")

    def _lower_bound_to(self, bound: float, message: str) -> None:
        if bound < self.bound:
            self.bound = bound
            self._report(self.value, self.bound, message)

    def _done(self, *, any_plan: bool) -> bool:
        """Tell whether the gap (of the whole problem, constant included) is closed, or time is up."""
        constant = self.problem.constant / self.problem.scale
        found = self.value > -np.inf
        closed = found and (any_plan or self.bound - self.value <= self.gap * (self.bound + constant))
        return self.infeasible or closed or self.watch.stopped()


def _ascending(key: Floats) -> Indices:
    """Return the indices in ascending order of a key, ties by index."""
    return np.argsort(key, kind="stable").astype(np.int64)


def _groups(problem: OutageProblem) -> Indices:
    """Split classes into groups of about equal volume whose first cover sets lie together."""
    cover, volume = problem.cover, problem.volume
    if cover.n_classes == 0:
        return np.empty(0, dtype=np.int64)
    first_set = cover.members[cover.offsets[:-1]]
    order = np.lexsort((first_set, cover.sets.indices[cover.sets.indptr[first_set]]))
    end = np.cumsum(volume[order])
    group = np.empty(cover.n_classes, dtype=np.int64)
    group[order] = np.minimum((end - volume[order] / 2.0) * (_GROUPS / end[-1]), _GROUPS - 1).astype(np.int64)
    return np.unique(group, return_inverse=True)[1].astype(np.int64)
