"""Search for the best choice of stations in a reduced flow-refueling problem.

The steps described in `siting.flow_refueling`: linear cut loop, zero-half cuts, rounding and exchange, again
without the sites ruled out by then, and branch and bound on the number of stations in groups of neighboring
sites, with cuts at every node.

All work is counted in steps, not in seconds: unless the time limit or a stop ends it early, the same
question has the same answer. No step takes long, so that a stop is heard within a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import SolverError
from siting.branching import Node, Tree
from siting.exchange import Exchange, left_over
from siting.linear_bound import LinearBound
from siting.reduction import without_sites

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.master import Branches, Relaxation
    from siting.reduction import Problem
    from siting.zero_half import ZeroHalfCuts

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Called with incumbent, bound, gap (0-1), seconds and a message.
ProgressCallback = Callable[[float, float, float, float, str], None]

#: The linear loop stops when its bound can fall by less than this share of its distance from the plan.
_LINEAR_GAP, _LINEAR_ROUNDS = 0.1, 200
#: Rounds of zero-half cuts at the root, and what one must close of the open distance to be followed by more;
#: rounds of cuts after each.
_STRONG_ROUNDS, _STRONG, _ROUNDS_BETWEEN, _PLAN_ROUNDS = 30, 0.02, 8, 3
#: Linear rounds before the first plan is made.
_FIRST_PLAN = 5
#: Rounds of ruin and refill from each of the first plans, and every `_PAUSE` nodes from two more.
_RUINS, _BATCHES, _FEW_RUINS, _PAUSE = 50, 6, 10, 5
#: ... unless the first plan is this close to the linear bound: then branching is quicker.
_RUIN_GAP = 0.0005
#: Cut rounds at a node, and the share of the open distance a round must close to be followed by another.
_NODE_ROUNDS, _WORTHWHILE = 8, 0.05
#: Sites that cannot be in a better plan are left out at once, if they are at least this share.
_RESTART = 0.4
#: x counts as whole within this.
_INTEGRAL = 1e-6


class Search:
    """The steps, with the best plan and bound so far (both in scaled volume).

    Parameters
    ----------
    problem
        What is to decide.
    cost
        (n_free,) float64, of a station at each free site, not negative.
    budget
        Most all stations together may cost.
    gap
        Relative gap at which to stop, 0-1.
    deadline, clock
        `time.perf_counter` at the end and at the start.
    on_progress, should_stop
        Told about changes; asked whether to stop.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        cost: Floats,
        budget: float,
        gap: float,
        deadline: float,
        clock: float,
        on_progress: ProgressCallback | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self.problem, self._free = problem, problem.free
        self.cost, self.budget = cost, min(budget, float(cost.sum()))
        self.affordable = cost <= left_over(np.zeros(len(cost), dtype=bool), cost=cost, budget=budget)
        self.gap = gap
        self.deadline = deadline
        self.clock = clock
        self.on_progress = on_progress
        self.should_stop = should_stop
        #: (n_free,) bool, the best plan, of the sites that were free at first; `_best` of those left.
        self.plan = np.zeros(len(cost), dtype=bool)
        self._best, self._place = self.plan, np.arange(len(cost), dtype=np.int64)
        self.value = 0.0
        self.bound = float(problem.volume.sum())
        self._exchange = Exchange(
            cover=problem.cover,
            volume=problem.volume,
            cost=self.cost,
            budget=self.budget,
            should_stop=self._done,
        )
        self._given_up = 0.0
        self.inner = np.full(len(cost), self.budget / max(float(cost.sum()), 1e-300)) * self.affordable

    def run(self) -> None:
        """Search until bound and plan meet, or time is up."""
        self._report("cover sets ready")
        if self.problem.cover.n_classes == 0 or not self.affordable.any():
            self.bound = 0.0
        if self._done():
            return
        if self.budget == self.cost.sum():
            self._offer(np.ones(len(self.cost), dtype=bool))
            self.bound = self.value
            return
        try:
            root = self._root(None)
            while (known := self._restricted(root)) is not None:
                root = self._root(known)
            self._branch(root)
        except TimeoutError:
            return

    def _root(self, known: ZeroHalfCuts | None) -> Relaxation:
        """Bound the problem as closely as the linear master can, and make a plan of its solution.

        Cuts known from before a part of the sites was left out are taken over.
        """
        self._linear_bound = LinearBound(
            self.problem, cost=self.cost, budget=self.budget, affordable=self.affordable, known=known
        )
        root = self._strengthened(self._cut_loop())
        self._round(root)
        return root

    def _restricted(self, root: Relaxation) -> ZeroHalfCuts | None:
        """Leave out the sites that cannot be in a better plan, if they are many; return the cuts to keep."""
        with_it = root.bound + root.reduced_cost
        hopeless = with_it <= self._cutoff()
        if self._done() or hopeless.mean() < _RESTART:
            return None
        self._given_up = max(self._given_up, float(with_it[hopeless].max()))
        self.problem, sites, row = without_sites(self.problem, hopeless)
        self.cost, self.affordable = self.cost[sites], self.affordable[sites]
        self._best, self.inner, self._place = self._best[sites], root.x[sites], self._place[sites]
        self._exchange = replace(
            self._exchange, cover=self.problem.cover, volume=self.problem.volume, cost=self.cost
        )
        return self._linear_bound.kept_by(self.problem, row)

    def _cut_loop(self) -> Relaxation:
        """Add cuts to the linear master at points between its solution and the best point so far."""
        inner_value = self._linear_bound.value(self.inner)
        relaxed = self._linear()
        for number in range(_LINEAR_ROUNDS):
            if number == _FIRST_PLAN:
                self._offer(self._bought(np.argsort(-self.inner, kind="stable")))
            self._lower_bound_to(relaxed.bound, "linear bound")
            middle = 0.5 * (self.inner + relaxed.x)
            added = self._linear_bound.cut(relaxed, (self._linear_bound.level(middle), relaxed.level))
            for point in (middle, relaxed.x):
                if (value := self._linear_bound.value(point)) > inner_value:
                    self.inner, inner_value = point, value
            possible = relaxed.bound - inner_value
            if not added or possible <= _LINEAR_GAP * (relaxed.bound - self._cutoff()) or self._done():
                break
            relaxed = self._linear()
        return relaxed

    def _strengthened(self, root: Relaxation) -> Relaxation:
        """Add zero-half cuts to the linear master in rounds, as long as they lower the bound."""
        for number in range(_STRONG_ROUNDS):
            before = root.bound
            if number % _PLAN_ROUNDS == _PLAN_ROUNDS - 1:
                self._round(root, batches=1)
            if not self._linear_bound.strengthen(root):
                break
            root = self._converged(root, rounds=_ROUNDS_BETWEEN)
            self._lower_bound_to(root.bound, "linear bound, zero-half cuts")
            if before - root.bound < _STRONG * (root.bound - self._cutoff()) or self._done():
                break
        return root

    def _converged(self, start: Relaxation, *, rounds: int) -> Relaxation:
        """Solve the linear master, and cut it off at points between its solutions."""
        level = start.level
        relaxed = self._linear()
        for _ in range(rounds):
            level = 0.5 * (level + relaxed.level)
            if not self._linear_bound.cut(relaxed, (level, relaxed.level)) or self._done():
                break
            relaxed = self._linear()
        return relaxed

    def _linear(self) -> Relaxation:
        """Solve the linear master without branches."""
        relaxed = self._relaxed({})
        if relaxed is None:
            raise SolverError("the linear master has no solution, which its form rules out: a solver fault")
        return relaxed

    def _round(self, relaxed: Relaxation, *, batches: int = _BATCHES) -> None:
        """Make a plan of the fractional stations; where that is far from the bound, try harder among them."""
        self._offer(self._bought(np.argsort(-relaxed.x, kind="stable")))
        promising = np.flatnonzero((relaxed.x > _INTEGRAL) | self._best)
        few = self._exchange.among(promising)
        chosen = self._best[promising]
        for seed in range(batches):
            if self.bound - self.value <= _RUIN_GAP * self.bound or self._done():
                break
            before = few.value(chosen)
            chosen = few.ruined(chosen, rounds=_RUINS, seed=seed)
            self._keep(_at(promising[chosen], len(self.cost)))
            if seed and few.value(chosen) == before:
                break
        self._offer(self._best)

    def _branch(self, root: Relaxation) -> None:
        """Branch and bound, best bound first."""
        neighborhoods = self._linear_bound.tree
        tree = Tree(neighborhoods.membership, neighborhoods.groups, affordable=self.affordable)
        self._rule_out(root, tree)
        tree.push(Node(bound=root.bound, branches={}))
        number = 0
        while tree.nodes:
            if self._done():
                return
            node = tree.pop()
            self._lower_bound_to(max(node.bound, self.value), "bound")
            if self._done():
                return
            if node.x is None:
                self._evaluate(tree, node)
                continue
            number += 1
            if number % _PAUSE == 0:
                rounded = self._bought(np.argsort(-node.x, kind="stable"))
                self._offer(rounded, ruins=_FEW_RUINS, seed=number)
                self._offer(self._best, ruins=_FEW_RUINS, seed=number + 1)
                self._rule_out(root, tree)
            tree.branch(
                node,
                marginal=self._linear_bound.marginal(node.x),
                trial=self._trial(node.bound),
                cutoff=self._cutoff(),
            )
        self._lower_bound_to(max(tree.closed, self._given_up, self.value), "bound")

    def _evaluate(self, tree: Tree, node: Node) -> None:
        """Bound a node by rounds of cuts; put it back unless it is closed."""
        x, bound = None, node.bound
        previous: Floats | None = None  # levels
        for number in range(_LINEAR_ROUNDS):
            relaxed = self._relaxed(node.branches, forget=number < _NODE_ROUNDS)
            if relaxed is None or relaxed.bound <= self._cutoff():
                tree.learn(node, self._cutoff())
                tree.close(-np.inf if relaxed is None else relaxed.bound)
                return
            lowered = bound - relaxed.bound
            bound, x = min(bound, relaxed.bound), relaxed.x
            whole = bool(np.all(np.minimum(x, 1.0 - x) <= _INTEGRAL))
            if whole:
                self._offer(np.round(x) == 1.0)
            points = (
                (relaxed.level,)
                if previous is None or whole
                else (0.5 * (relaxed.level + previous), relaxed.level)
            )
            open_ = bound - self._cutoff()
            stalled = number > 1 and lowered < _WORTHWHILE * open_
            if not whole and (stalled or number >= _NODE_ROUNDS):
                break
            if not self._linear_bound.cut(relaxed, points, open_=0.0 if whole else open_):
                if whole:  # the best plan within these branches is known
                    tree.learn(node, bound)
                    tree.close(bound)
                    return
                break
            previous = relaxed.level
        tree.learn(node, bound)
        tree.push(Node(bound=bound, branches=node.branches, x=x))

    def _trial(self, start: float) -> Callable[[Branches], float]:
        """Return a function that bounds a branch roughly."""

        def bound(branches: Branches) -> float:
            lowest = start
            for number in range(2):
                relaxed = self._relaxed(branches)
                if relaxed is None:
                    return -np.inf
                lowest = min(lowest, relaxed.bound)
                if lowest <= self._cutoff():
                    break
                if number == 0:
                    open_ = lowest - self._cutoff()
                    if not self._linear_bound.cut(relaxed, (relaxed.level,), open_=open_):
                        break
            return lowest

        return bound

    def _relaxed(self, branches: Branches, *, forget: bool = True) -> Relaxation | None:
        if self._stopped():
            raise TimeoutError
        return self._linear_bound.solve(branches, time_limit_s=self._left(), forget=forget)

    def _offer(self, chosen: NDArray[np.bool_], *, ruins: int = 0, seed: int = 0) -> None:
        """Improve a choice by exchange, and by ruin and refill; keep it when it is the best so far."""
        chosen = self._exchange.improved(chosen)
        self._keep(chosen)
        if ruins:
            self._keep(self._exchange.ruined(chosen, rounds=ruins, seed=seed))

    def _keep(self, chosen: NDArray[np.bool_]) -> None:
        value = self._exchange.value(chosen)
        if value > self.value:
            self._best, self.value = chosen, value
            self.plan = _at(self._place[chosen], len(self.plan))
            self._report("better plan")

    def _rule_out(self, root: Relaxation, tree: Tree) -> None:
        """Forbid the sites whose choice pulls the linear bound under the best plan."""
        with_it = root.bound + root.reduced_cost
        hopeless = with_it <= self._cutoff()
        tree.close(float(np.max(with_it[hopeless], initial=-np.inf)))
        self._linear_bound.master.rule_out(hopeless)

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

    def _cutoff(self) -> float:
        """Return the bound at which a node holds nothing worth finding (constant included in the gap)."""
        constant = self.problem.constant / self.problem.scale
        return (self.value + self.gap * constant) / (1.0 - self.gap)

    def _done(self) -> bool:
        """Tell whether the gap (of the whole problem, constant included) is closed, or time is up."""
        return self.bound <= self._cutoff() or self._stopped()


def _at(chosen: Indices, n_sites: int) -> NDArray[np.bool_]:
    """Return (n_sites,) bool, True at the chosen sites."""
    result = np.zeros(n_sites, dtype=bool)
    result[chosen] = True
    return result
