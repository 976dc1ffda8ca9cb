"""Linear relaxation of simple plant location: sites y and service costs theta under the cuts found so far.

Cuts are described by customer and price l, see `siting.plant`: ``theta_i + sum_j max(0, l - c_ij) y_j >= l``.
A customer no open site can serve gives a cover row instead: ``sum_{j that can serve i} y_j >= 1``.

GLOP solves it, kept warm between rounds. Its bound is the Lagrangian one at the prices its duals make, so
that it holds whatever the solver's tolerances are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ortools.linear_solver.pywraplp import Constraint as LinearConstraint
from ortools.linear_solver.pywraplp import Solver as LinearSolver
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.plant import Plants
    from siting.watch import Watch

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: A cut is added when it is violated by more than this share of the cost of all customers.
_VIOLATION = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """Cuts by customer and price; `far` as price stands for a cover row.

    Parameters
    ----------
    customer
        (n,) int64.
    price
        (n,) float64.
    """

    customer: Indices
    price: Floats


class Relaxation:
    """Cuts found so far, the solver over them, and its last solution.

    Parameters
    ----------
    problem
        What is to decide.
    known
        Cuts to start with; those of a problem of which this one is a part hold here, too.

    Attributes
    ----------
    y, theta, price
        (n_sites,), (n_customers,), (n_customers,) float64: the last solution, and the prices its duals make.
    """

    def __init__(self, problem: Plants, known: Cuts) -> None:
        self.y, self.theta, self.price = np.zeros(problem.n_sites), np.zeros(0), np.zeros(0)
        self._problem = problem
        self._order = np.argsort(problem.cost, axis=1, kind="stable")
        self._sorted = np.take_along_axis(problem.cost, self._order, axis=1)
        self._floor = np.minimum(problem.standing, problem.cost.min(axis=1, initial=np.inf))
        self._cuts: list[Cuts] = []
        self._known: set[tuple[int, float]] = set()
        self._glop = LinearSolver.CreateSolver("GLOP")
        self._y = [self._glop.NumVar(0.0, 1.0, "") for _ in range(problem.n_sites)]
        infinity = self._glop.infinity()
        self._theta = [self._glop.NumVar(float(least), infinity, "") for least in self._floor]
        self._rows: list[LinearConstraint] = []
        budget = self._glop.Constraint(1.0 if problem.must_open else 0.0, float(problem.most))
        objective = self._glop.Objective()
        objective.SetMinimization()
        for y, cost in zip(self._y, problem.opening.tolist(), strict=True):
            budget.SetCoefficient(y, 1.0)
            objective.SetCoefficient(y, cost)
        for theta in self._theta:
            objective.SetCoefficient(theta, 1.0)
        price = np.minimum(known.price, problem.standing[known.customer])
        self._add(Cuts(customer=known.customer, price=price))

    def cuts(self) -> Cuts:
        """Return all cuts so far."""
        return Cuts(
            customer=np.concatenate([cuts.customer for cuts in self._cuts]),
            price=np.concatenate([cuts.price for cuts in self._cuts]),
        )

    def value(self, y: Floats) -> float:
        """Return the cost at y: what the cuts bound from below; infinite where someone is not served."""
        problem, price = self._problem, self._tight_prices(y)
        if (price >= problem.far).any():
            return math.inf
        saved = np.maximum(price[:, None] - problem.cost, 0.0).sum(axis=0)
        return problem.constant + float(price.sum()) + float((problem.opening - saved) @ y)

    def add_violated(self, y: Floats) -> int:
        """Add the cuts tight at y that the last solution violates; return how many."""
        problem, price = self._problem, self._tight_prices(y)
        cover = price >= problem.far
        needed = price - np.maximum(price[:, None] - problem.cost, 0.0) @ self.y
        open_share = (problem.cost < problem.far) @ self.y
        missing = np.where(cover, (1.0 - open_share) * problem.far, needed - self.theta)
        tolerance = _VIOLATION * max(1.0, float(self.theta.sum()))
        customer = np.flatnonzero(missing > tolerance).astype(np.int64)
        return self._add(Cuts(customer=customer, price=price[customer]))

    def solve(self, watch: Watch) -> bool:
        """Solve with the cuts so far; tell whether neither time nor a stop cut it short."""
        if watch.run(self._glop) != LinearSolver.OPTIMAL:
            return False
        self.y = np.clip([y.solution_value() for y in self._y], 0.0, 1.0)
        self.theta = np.array([theta.solution_value() for theta in self._theta])
        dual = np.maximum([row.dual_value() for row in self._rows], 0.0)
        known, n = self.cuts(), len(self._theta)
        cover = known.price >= self._problem.far
        weight = np.bincount(known.customer, weights=np.where(cover, 0.0, dual), minlength=n)
        made = np.bincount(known.customer, weights=dual * np.where(cover, 1.0, known.price), minlength=n)
        self.price = made + np.maximum(0.0, 1.0 - weight) * self._floor
        return True

    def _tight_prices(self, y: Floats) -> Floats:
        """Return the price of each customer whose cut is tight at y: what its last share is served for."""
        filled = np.cumsum(y[self._order], axis=1) >= 1.0 - 1e-9
        last = self._sorted[np.arange(len(filled)), filled.argmax(axis=1)]
        price = np.where(filled.any(axis=1), last, self._problem.far)
        return np.minimum(price, self._problem.standing)

    def _add(self, cuts: Cuts) -> int:
        """Add the cuts not yet known; return how many."""
        pairs = list(zip(cuts.customer.tolist(), cuts.price.tolist(), strict=True))
        new = [k for k, pair in enumerate(pairs) if pair not in self._known]
        self._known.update(pairs)
        if not new:
            return 0
        fresh = Cuts(customer=cuts.customer[new], price=cuts.price[new])
        self._cuts.append(fresh)
        problem, cost = self._problem, self._problem.cost[fresh.customer]
        cover = fresh.price >= problem.far
        saved = np.maximum(fresh.price[:, None] - cost, 0.0)
        slope = sparse.csr_array(np.where(cover[:, None], (cost < problem.far).astype(np.float64), saved))
        for k, (customer, price) in enumerate(
            zip(fresh.customer.tolist(), fresh.price.tolist(), strict=True)
        ):
            row = self._glop.Constraint(1.0 if cover[k] else price, self._glop.infinity())
            if not cover[k]:
                row.SetCoefficient(self._theta[customer], 1.0)
            span = slice(slope.indptr[k], slope.indptr[k + 1])
            for site, value in zip(slope.indices[span].tolist(), slope.data[span].tolist(), strict=True):
                row.SetCoefficient(self._y[site], value)
            self._rows.append(row)
        return len(new)
