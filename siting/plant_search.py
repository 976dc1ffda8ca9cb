"""Search for the cheapest plan of a simple plant location problem, and for its proof.

1. Greedy opening and exchange give a plan.
2. Subgradient ascent raises the Lagrangian bound; plans it suggests are improved by exchange. Sites whose
   other decision costs more than the best plan are settled and leave the problem.
3. Cuts make the bound of the linear relaxation exact (`siting.plant_relaxation`), where what is left is not
   too large.
4. Branch and bound over what is left, the part with the lowest bound first: a few steps of ascent from its
   parent's prices settle a part or split it at a site, opened or closed.

See `siting.plant` for the model. Everything is deterministic, unless the time limit or a stop cuts it short.

References
----------
Beasley, J. E. (1993). Lagrangean heuristics for location problems. European Journal of Operational
Research 65, 383-399.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.ascent import Ascent, first_prices
from siting.certificate import OPTIMALITY_TOLERANCE
from siting.interchange import greedy, interchange
from siting.plant_relaxation import Cuts, Relaxation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.plant import Plants
    from siting.watch import Watch

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

SOLVER = "Lagrangian bound, interchange, Benders cuts, branch and bound; GLOP (OR-Tools)"

#: Steps of ascent between two attempts to settle sites, at the root and at a node, and most of them at all.
_ROOT_STEPS, _ROOT_MOST = 50, 2000
_NODE_STEPS, _NODE_MOST = 20, 60
#: Cells looked at between two looks at the clock, at most.
_AT_ONCE = 200_000_000
#: A plan suggested by the root's ascent is improved by exchange when it costs less than this times the best.
_PROMISING = 1.03
#: The relaxation is solved where customers times sites left are no more than this, in so many rounds at most,
_LINEAR_MOST, _LINEAR_ROUNDS = 1_000_000, 200
#: ... until its best point costs within this share of its bound, or this share of the sites is settled.
_LINEAR_GAP, _SHARE = 1e-7, 0.25
#: First step at a node: prices are nearly right.
_NODE_SCALE = 0.25
#: Relative distance to the best plan at which a part of the problem is given up: well below the tolerance.
_GIVE_UP = OPTIMALITY_TOLERANCE / 10.0
#: Sums of whole numbers kept as doubles miss a whole number by less than this.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, order=True)
class _Node:
    """A part of the problem: some sites opened, some closed (numbers in the root problem)."""

    bound: float
    number: int
    opened: Indices
    closed: Indices
    price: Floats


class PlantSearch:
    """The phases, with the best plan so far; incumbent and bound are kept by the watch.

    Parameters
    ----------
    problem
        What is to decide.
    watch
        Deadline and callbacks.
    start
        Numbers of sites of a plan that serves everyone, if one is known.
    """

    def __init__(self, problem: Plants, watch: Watch, *, start: Indices | None = None) -> None:
        self.problem = problem
        self.watch = watch
        self.best: Indices | None = None
        self.n_nodes = 0
        self._relaxation: Relaxation | None = None
        self._start = start

    def run(self) -> Indices | None:
        """Search until bound and plan meet or time is up; return the sites opened, None without a plan."""
        start = greedy(self.problem, should_stop=self.watch.stopped)
        self._offer(self.problem, start, improve=False)
        ascent = Ascent(self.problem, first_prices(self.problem))
        self._raise_bound(ascent.bound.value)
        if self.watch.done():
            return self.best
        self._offer(self.problem, start)
        if self._start is not None:
            self._offer(self.problem, np.isin(self.problem.site, self._start))
        if not self.watch.done():
            self._ascend_root(ascent)
            while not self.watch.done() and self._settle(ascent) and self._sharpen(ascent):
                pass
            if not self.watch.done():
                self._branch(ascent)
        return self.best

    def _offer(self, problem: Plants, chosen: Bools, *, improve: bool = True) -> None:
        """Improve a plan and keep it when it is the best so far."""
        if improve:
            chosen = interchange(problem, chosen, should_stop=self.watch.stopped)
        value = problem.value(chosen)
        if value < problem.far and self.watch.offer(value):
            self.best = np.union1d(problem.opened, problem.site[chosen]).astype(np.int64)

    def _cutoff(self) -> float:
        """Cost from which on a plan is of no interest: not better than the best one by more than digits."""
        if self.problem.whole:
            return self.watch.value - 1.0 + _ROUNDING
        return self.watch.value * (1.0 - _GIVE_UP)

    def _raise_bound(self, value: float) -> None:
        """Take a bound on what is left; what was given up costs at least the cutoff."""
        if self.problem.whole:
            value = float(math.ceil(value - _ROUNDING)) if math.isfinite(value) else value
            self.watch.raise_bound_to(value)
        else:
            self.watch.raise_bound_to(min(value, self._cutoff()))

    def _ascend_root(self, ascent: Ascent) -> None:
        """Raise the bound of the whole problem and settle sites."""
        for _ in range(_ROOT_MOST // _ROOT_STEPS):
            steps = max(1, min(_ROOT_STEPS, _AT_ONCE // ascent.problem.cost.size))
            ascent.climb(steps, best=self.watch.value, cutoff=self._cutoff())
            self._raise_bound(ascent.bound.value)
            if ascent.suggested < _PROMISING * self.watch.value:
                self._offer(ascent.problem, ascent.suggestion)
            if self.watch.done() or ascent.over or not self._settle(ascent):
                break

    def _sharpen(self, ascent: Ascent) -> bool:
        """Find better prices by cuts; tell whether they settle so many sites that it pays to do so again."""
        problem = ascent.problem
        if problem.cost.size > _LINEAR_MOST:
            return False
        if self._relaxation is None:
            known = Cuts(customer=np.arange(len(ascent.price), dtype=np.int64), price=ascent.price)
        else:
            known = self._relaxation.cuts()
        self._relaxation = relaxation = Relaxation(problem, known)
        inner = np.full(problem.n_sites, problem.most / problem.n_sites)
        inner_value = math.inf
        for _ in range(_LINEAR_ROUNDS):
            if self.watch.done() or not relaxation.solve(self.watch):
                break
            ascent.look_at(relaxation.price)
            self._raise_bound(ascent.bound.value)
            points = (0.5 * (inner + relaxation.y), relaxation.y)
            added = sum(relaxation.add_violated(point) for point in points)
            for point in points:
                if (value := relaxation.value(point)) < inner_value:
                    inner, inner_value = point, value
            ascent.estimate = inner.copy()
            exact = not added or inner_value - ascent.bound.value <= _LINEAR_GAP * inner_value
            if exact or self._settled(ascent).mean() >= _SHARE:
                break
        self._offer(problem, _largest(inner, problem.most))
        return bool(self._settled(ascent).any())

    def _settled(self, ascent: Ascent) -> Bools:
        """Return the sites whose other decision costs at least the cutoff."""
        return ascent.bound.value + ascent.bound.regret > self._cutoff()

    def _settle(self, ascent: Ascent) -> bool:
        """Settle the sites whose other decision costs at least the cutoff; tell whether anything is left."""
        if ascent.bound.value > self._cutoff():
            return False
        settled = self._settled(ascent)
        if settled.any():
            ascent.settle(settled)
        problem = ascent.problem
        if problem.n_sites and problem.most:
            return True
        self._offer(problem, np.zeros(problem.n_sites, dtype=bool), improve=False)
        return False

    def _branch(self, ascent: Ascent) -> None:
        """Split the problem until no part can hold a better plan."""
        root = ascent.problem
        nothing = np.empty(0, dtype=np.int64)
        queue: list[_Node] = []
        if self._settle(ascent):
            root = ascent.problem
            queue.append(_Node(ascent.bound.value, 0, nothing, nothing, ascent.price))
        while queue and not self.watch.done():
            node = heapq.heappop(queue)
            self._raise_bound(node.bound)
            if node.bound > self._cutoff():
                break  # so are all others
            if self.watch.done():
                return
            for child in self._split(root, node):
                heapq.heappush(queue, child)
        if not self.watch.stopped():
            self._raise_bound(min((node.bound for node in queue), default=math.inf))

    def _split(self, root: Plants, node: _Node) -> list[_Node]:
        """Raise the bound of a node; return its two halves, or nothing if no better plan is in it."""
        self.n_nodes += 1
        opened, closed = (np.isin(root.site, sites) for sites in (node.opened, node.closed))
        ascent = Ascent(root.settled(opened=opened, closed=closed), node.price, scale=_NODE_SCALE)
        for _ in range(_NODE_MOST // _NODE_STEPS):
            ascent.climb(_NODE_STEPS, best=self.watch.value, cutoff=self._cutoff())
            if ascent.suggested < self.watch.value:
                self._offer(ascent.problem, ascent.suggestion)
            if not self._settle(ascent):
                return []
            if self.watch.stopped():
                break
        problem = ascent.problem
        site = problem.site[int(np.argmax(0.5 - np.abs(ascent.estimate - 0.5)))]
        bound = max(node.bound, ascent.bound.value)
        here = np.union1d(problem.opened, root.opened)
        gone = np.setdiff1d(root.site, np.concatenate([problem.site, problem.opened]))
        return [
            _Node(bound, 2 * self.n_nodes, np.append(here, site), gone, ascent.price),
            _Node(bound, 2 * self.n_nodes + 1, here, np.append(gone, site), ascent.price),
        ]


def _largest(y: Floats, n: int) -> Bools:
    """Choose the n largest entries, the first of equal ones."""
    chosen = np.zeros(len(y), dtype=bool)
    chosen[np.argsort(-y, kind="stable")[:n]] = True
    return chosen & (y > 0.0)
