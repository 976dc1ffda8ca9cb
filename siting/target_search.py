"""Search for the cheapest stations that serve a given volume of a reduced problem.

The phases described in `siting.coverage_target`.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.coverage import class_cover, grouped_cuts
from siting.exchange import improve_by_exchange
from siting.program import Program
from siting.search import Search
from siting.site_tree import SiteTree, class_groups

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.reduction import Problem
    from siting.watch import Watch

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

_GROUPS = 60
#: The linear loop ends when the last `_TAIL` rounds raised the bound by less than this share.
_LINEAR_ROUNDS, _TAIL, _TAILING = 200, 4, 2e-3
#: A cut is added when it is violated by more than this share of the volume.
_VIOLATION = 1e-8
#: How far from the linear solution towards all sites cuts are made.
_PULLS = (0.0, 0.3)
#: Bound and plan this share apart, the last question is asked: is anything cheaper than the plan?
_CLOSE = 0.02
#: A plan must be cheaper by this share to be told from the best.
_LEAST_STEP = 5e-7
_LAST_DIGITS = 1e-12
#: Sums of whole numbers kept as doubles, and bounds of the solver, miss a whole number by less than this.
_ROUNDING = 1e-6


class TargetSearch:
    """Cuts found so far, the best plan, and the watch that keeps its cost and the bound.

    Parameters
    ----------
    problem
        What is to decide.
    need
        Volume to be served by the classes of the problem, in their unit, more than 0, less than all.
    slack
        A plan may miss `need` by this much: the last digits of a sum.
    offset
        Cost to be added to that of the problem's sites.
    watch
        Deadline and callbacks.
    """

    def __init__(self, problem: Problem, *, need: float, slack: float, offset: float, watch: Watch) -> None:
        self.problem, self.need, self.slack = problem, need, slack
        self.offset, self.watch = offset, watch
        self.unit = _unit(problem.cost)
        self.whole = self.unit is not None
        self.cost = np.round(problem.cost / self.unit) if self.unit is not None else problem.cost
        self.best = np.ones(len(self.cost), dtype=bool)
        self.value = math.inf
        tree = SiteTree(problem.cover, problem.volume)
        self.group = class_groups(problem.cover, problem.volume, tree, most=_GROUPS)
        self.group_volume = np.bincount(self.group, weights=problem.volume).astype(np.float64)
        n_sites, n_groups = len(self.cost), len(self.group_volume)
        self.rows = sparse.csr_array((0, n_sites + n_groups))  # a x - theta >= -b
        self.row_lower = np.empty(0)

    def run(self) -> Bools:
        """Search until bound and plan meet, or time is up; return the best plan: (n_free,) bool."""
        self._offer(self.best)
        self._raise_bound_to(0.0, "locked sites")
        self._offer(self._completed(np.zeros(len(self.cost))))
        self._improve()
        self._cut_loop()
        self._improve()
        while not self.watch.done() and self._decide(self._next_budget()):
            pass
        return self.best

    def _next_budget(self) -> float:
        """Return what to ask about: halfway between bound and plan, at last just below the plan."""
        low, high = (self.watch.bound - self.offset) / (self.unit or 1.0), self._below_best()
        if self.whole:
            return math.floor((low + high) / 2.0 + _ROUNDING)
        return (low + self.value) / 2.0 if self.value - low > _CLOSE * self.value else high

    def _decide(self, budget: float) -> bool:
        """Find out whether a budget serves enough; tell whether that is known now."""
        enough = self.need - self.slack

        def stop() -> bool:
            return search.value >= enough or search.bound < enough or self.watch.stopped()

        search = Search(
            self.problem,
            cost=self.cost,
            budget=budget,
            gap=1e-9,
            deadline=time.perf_counter() + self.watch.left(),
            clock=time.perf_counter(),
            on_progress=None,
            should_stop=stop,
        )
        search.run()
        if self._serves(search.plan):
            self._offer(self._pruned(search.plan))
            return True
        if search.bound < enough:  # no plan at this price
            beyond = budget + 1.0 if self.whole else budget
            self._tell_bound(min(self.value, beyond), "budget too small")
            return self.whole or budget < self._below_best()
        return False

    def _cut_loop(self) -> None:
        """Add cuts to the linear program; then make a plan of its solution."""
        history: list[float] = []
        x = np.zeros(len(self.cost))
        for _ in range(_LINEAR_ROUNDS):
            if self.watch.done():
                return
            answer = self.watch.solve(self._master(), solver="glop")
            if answer.status != "optimal" or answer.x is None or answer.objective is None:
                break
            x = np.clip(answer.x[: len(self.cost)], 0.0, 1.0)
            theta = answer.x[len(self.cost) :]
            self._raise_bound_to(answer.objective, "linear bound")
            added = [self._cut_at((1.0 - pull) * x + pull, x=x, theta=theta) for pull in _PULLS]
            history.append(answer.objective)
            tail = history[-_TAIL - 1 :]
            if not any(added) or (len(tail) > _TAIL and tail[-1] - tail[0] <= _TAILING * tail[-1]):
                break
        self._offer(self._completed(x))

    def _master(self) -> Program:
        """Return the linear program over x and theta under the cuts found so far."""
        n_sites, n_groups = len(self.cost), len(self.group_volume)
        target = sparse.csr_array(np.concatenate([np.zeros(n_sites), np.ones(n_groups)])[None, :])
        return Program(
            objective=np.concatenate([self.cost, np.zeros(n_groups)]),
            lower=np.zeros(n_sites + n_groups),
            upper=np.concatenate([np.ones(n_sites), self.group_volume]),
            matrix=sparse.csr_array(sparse.vstack([target, self.rows], format="csr")),
            row_lower=np.concatenate([[self.need], self.row_lower]),
            row_upper=np.full(1 + len(self.row_lower), np.inf),
        )

    def _cut_at(self, at: Floats, *, x: Floats, theta: Floats) -> bool:
        """Add the cut of each group that is tight at a point, if (x, theta) violates it; tell whether any."""
        volume, n_groups = self.problem.volume, len(self.group_volume)
        constant, slope = grouped_cuts(self.problem.cover, volume, self.group, at, n_groups=n_groups)
        violation = theta - constant - np.asarray(slope @ x)
        groups = np.flatnonzero(violation > _VIOLATION * volume.sum())
        rows = sparse.hstack([slope, -sparse.eye_array(n_groups)], format="csr")[groups]
        self.rows = sparse.csr_array(sparse.vstack([self.rows, rows], format="csr"))
        self.row_lower = np.concatenate([self.row_lower, -constant[groups]])
        return bool(groups.size)

    def _served(self, chosen: Bools) -> float:
        return float(self.problem.volume @ (class_cover(self.problem.cover, chosen.astype(float))[0] >= 1.0))

    def _serves(self, chosen: Bools) -> bool:
        return self._served(chosen) >= self.need - self.slack

    def _completed(self, x: Floats) -> Bools:
        """Choose the sites with the largest x, then those that bring most trips closest to being served."""
        chosen = np.zeros(len(x), dtype=bool)
        for site in np.argsort(-x, kind="stable")[: np.count_nonzero(x > _ROUNDING)].tolist():
            if self.watch.stopped() or self._serves(chosen):
                break
            chosen[site] = True
        while not self._serves(chosen):
            if self.watch.stopped():
                return self.best
            score = np.where(chosen, -1.0, self._closeness(chosen) / np.maximum(self.cost, 1e-12))
            chosen[int(np.argmax(score))] = True
        return self._pruned(chosen)

    def _closeness(self, chosen: Bools) -> Floats:
        """Return for each site the volume of waiting trips, each by the square of what it still misses."""
        cover, volume = self.problem.cover, self.problem.volume
        needed = (np.asarray(cover.sets @ chosen.astype(np.float64)) == 0.0)[cover.members]
        owner = np.repeat(np.arange(cover.n_classes), np.diff(cover.offsets))
        missing = np.bincount(owner[needed], minlength=cover.n_classes)
        weight = volume[owner[needed]] / missing[owner[needed]] ** 2.0
        by_set = np.bincount(cover.members[needed], weights=weight, minlength=cover.sets.shape[0])
        return np.asarray(cover.sets.T @ by_set, dtype=np.float64)

    def _pruned(self, chosen: Bools) -> Bools:
        """Leave out what the target is met without, the dearest first, of equal ones the highest index."""
        chosen = chosen.copy()
        sites = np.flatnonzero(chosen)
        for site in sites[np.lexsort((-sites, -self.cost[sites]))].tolist():
            if self.watch.stopped():
                break
            chosen[site] = False
            if not self._serves(chosen):
                chosen[site] = True
        return chosen

    def _improve(self) -> None:
        """Ask the exchange search for the same at a lower price, as long as it finds it."""
        while not self.watch.done():
            budget = self._below_best()
            start = self.best.copy()
            while start.any() and float(self.cost[start].sum()) > budget:
                dear = np.flatnonzero(start & (self.cost > 0.0))
                loss = [self._served(start) - self._served(_without(start, site)) for site in dear.tolist()]
                start[dear[int(np.argmin(np.asarray(loss) / self.cost[dear]))]] = False
            found = improve_by_exchange(
                self.problem.cover,
                self.problem.volume,
                start,
                cost=self.cost,
                budget=budget,
                should_stop=self.watch.stopped,
            )
            if not self._serves(found):
                return
            self._offer(self._pruned(found))

    def _offer(self, chosen: Bools) -> None:
        value = float(self.cost[chosen].sum())
        if value < self.value:
            self.best, self.value = chosen, value
            self.watch.offer(self.offset + value * (self.unit or 1.0), "better plan")

    def _below_best(self) -> float:
        """Return the most a better plan may cost, as far as the solvers can tell."""
        return self.value - 1.0 if self.whole else self.value * (1.0 - _LEAST_STEP)

    def _raise_bound_to(self, bound: float, message: str) -> None:
        """Take a bound from a solver, true to its last digits only."""
        bound *= 1.0 - 1e-9
        self._tell_bound(min(self.value, math.ceil(bound - _ROUNDING) if self.whole else bound), message)

    def _tell_bound(self, bound: float, message: str) -> None:
        self.watch.raise_bound_to(self.offset + bound * (self.unit or 1.0), message)


def _unit(cost: Floats) -> float | None:
    """Return the unit all costs are whole multiples of: 1, a tenth ... a ten-thousandth, or none."""
    for digits in range(5):
        scaled = cost * 10.0**digits
        if np.all(np.abs(scaled - np.round(scaled)) <= _LAST_DIGITS * np.maximum(scaled, 1.0)):
            return float(10.0**-digits)
    return None


def _without(chosen: Bools, site: int) -> Bools:
    rest = chosen.copy()
    rest[site] = False
    return rest
