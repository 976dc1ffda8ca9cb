"""Master problem of the cut loop: stations x and grouped covered volume theta, under cuts found so far.

Formulation
-----------
Sets
    i in I      sites that may be chosen
    g in G      groups of trip classes
    r in C_g    cuts of group g found so far
Parameters
    c_i, B      cost of a station and budget (c = 1: B stations at most)
    V_g         volume of group g
    b_r, a_ri   constant and slope of a cut
Variables
    x_i         1 if a station is chosen (0-1 in the relaxation)
    theta_g     estimate from above of the volume served in group g
Maximize
    sum_g theta_g
subject to
    sum_i c_i x_i <= B
    theta_g <= b_r + sum_i a_ri x_i     for r in C_g
    0 <= theta_g <= V_g

The relaxation is solved by GLOP, kept warm between rounds; the integer master by SCIP. Bounds of the
relaxation are computed from its duals, so that they hold whatever the solver's tolerances are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ortools.linear_solver.pywraplp import Constraint as LinearConstraint
from ortools.linear_solver.pywraplp import Solver as LinearSolver
from scipy import sparse

from corridor.errors import SolverError
from siting.program import Program, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: A cut is added when it is violated by more than this share of the total volume.
_VIOLATION = 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """One cut per group: ``theta_g <= constant_g + slope_g x``.

    Parameters
    ----------
    constant
        (n_groups,) float64.
    slope
        (n_groups, n_sites) sparse.
    """

    constant: Floats
    slope: sparse.csr_array


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """Solution of the linear master.

    Parameters
    ----------
    x
        (n_sites,) float64, 0-1.
    theta
        (n_groups,) float64.
    bound
        No choice within the budget covers more.
    reduced_cost
        (n_sites,) float64; forcing site i against its sign lowers `bound` by this much.
    """

    x: Floats
    theta: Floats
    bound: float
    reduced_cost: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegerSolution:
    """Outcome of the integer master.

    Parameters
    ----------
    chosen
        (n_sites,) bool, None when the solver found nothing in time.
    bound
        No choice within the limits on x given covers more.
    solved
        Whether the solver finished within its time.
    """

    chosen: NDArray[np.bool_] | None
    bound: float
    solved: bool


class Master:
    """Cuts found so far, and the solvers over them.

    Parameters
    ----------
    group_volume
        (n_groups,) float64, V_g.
    cost
        (n_sites,) float64, c_i, not negative.
    budget
        B.
    """

    def __init__(self, group_volume: Floats, *, cost: Floats, budget: float) -> None:
        self._volume = group_volume
        self._cost, self._limit = cost, budget
        self._n_sites = n_sites = len(cost)
        self._slopes: list[sparse.csr_array] = []
        self._constants: list[Floats] = []
        self._groups: list[NDArray[np.int64]] = []
        self._glop = LinearSolver.CreateSolver("GLOP")
        self._x = [self._glop.NumVar(0.0, 1.0, "") for _ in range(n_sites)]
        self._theta = [self._glop.NumVar(0.0, float(volume), "") for volume in group_volume]
        self._budget = self._glop.Constraint(-self._glop.infinity(), self._limit)
        for x, price in zip(self._x, cost.tolist(), strict=True):
            self._budget.SetCoefficient(x, price)
        objective = self._glop.Objective()
        objective.SetMaximization()
        for theta in self._theta:
            objective.SetCoefficient(theta, 1.0)
        self._rows: list[LinearConstraint] = []

    def add_cuts(self, cuts: Cuts, *, x: Floats | None = None, theta: Floats | None = None) -> int:
        """Add the cuts that (x, theta) violates, or all of them without a point; return how many."""
        groups = np.arange(len(cuts.constant), dtype=np.int64)
        if x is not None and theta is not None:
            violation = theta - cuts.constant - np.asarray(cuts.slope @ x)
            groups = np.flatnonzero(violation > _VIOLATION * self._volume.sum()).astype(np.int64)
        if not groups.size:
            return 0
        slope = sparse.csr_array(cuts.slope[groups])
        self._slopes.append(slope)
        self._constants.append(cuts.constant[groups])
        self._groups.append(groups)
        for k, group in enumerate(groups.tolist()):
            row = self._glop.Constraint(-self._glop.infinity(), float(cuts.constant[group]))
            row.SetCoefficient(self._theta[group], 1.0)
            span = slice(slope.indptr[k], slope.indptr[k + 1])
            for site, value in zip(slope.indices[span].tolist(), slope.data[span].tolist(), strict=True):
                row.SetCoefficient(self._x[site], -value)
            self._rows.append(row)
        return len(groups)

    def solve_relaxation(self, *, time_limit_s: float) -> Relaxation | None:
        """Solve the linear master; None when the time did not suffice."""
        self._glop.SetTimeLimit(max(1, int(1e3 * min(time_limit_s, 1e6))))
        status = self._glop.Solve()
        if status in {LinearSolver.INFEASIBLE, LinearSolver.UNBOUNDED}:
            raise SolverError("the linear master has no optimum, which its form rules out: a solver fault")
        if status != LinearSolver.OPTIMAL:
            return None
        bound, reduced_cost = self._dual_bound()
        return Relaxation(
            x=np.clip([x.solution_value() for x in self._x], 0.0, 1.0),
            theta=np.array([theta.solution_value() for theta in self._theta]),
            bound=bound,
            reduced_cost=reduced_cost,
        )

    def solve_integer(
        self, *, lower: Floats, upper: Floats, time_limit_s: float, gap: float
    ) -> IntegerSolution:
        """Solve the master with x binary within lower <= x <= upper (0 or 1 each), by SCIP."""
        slope, constant, group = self._all_cuts()
        n_cuts, n_groups = len(constant), len(self._volume)
        pick = sparse.csr_array((np.ones(n_cuts), (np.arange(n_cuts), group)), shape=(n_cuts, n_groups))
        budget = sparse.csr_array(np.concatenate([self._cost, np.zeros(n_groups)])[None, :])
        matrix = sparse.vstack([sparse.hstack([-slope, pick]), budget], format="csr")
        program = Program(
            objective=np.concatenate([np.zeros(self._n_sites), np.ones(n_groups)]),
            lower=np.concatenate([lower, np.zeros(n_groups)]),
            upper=np.concatenate([upper, self._volume]),
            matrix=sparse.csr_array(matrix),
            row_lower=np.full(n_cuts + 1, -np.inf),
            row_upper=np.concatenate([constant, [self._limit]]),
            integer=np.arange(self._n_sites + n_groups) < self._n_sites,
            maximize=True,
        )
        answer = solve(program, solver="scip", time_limit_s=time_limit_s, gap=gap)
        if answer.status == "infeasible":  # lower and upper leave no choice within the budget
            return IntegerSolution(chosen=None, bound=-np.inf, solved=True)
        ceiling = float(self._volume.sum())
        return IntegerSolution(
            chosen=None if answer.x is None else np.round(answer.x[: self._n_sites]) == 1.0,
            bound=ceiling if answer.bound is None else min(ceiling, answer.bound),
            solved=answer.status == "optimal",
        )

    def _all_cuts(self) -> tuple[sparse.csr_array, Floats, NDArray[np.int64]]:
        """Stack the cuts found so far: slope, constant and group."""
        if not self._slopes:
            return sparse.csr_array((0, self._n_sites)), np.empty(0), np.empty(0, dtype=np.int64)
        slope = sparse.csr_array(sparse.vstack(self._slopes))
        return slope, np.concatenate(self._constants), np.concatenate(self._groups)

    def _dual_bound(self) -> tuple[float, Floats]:
        """Bound and reduced costs by weak duality: true for any multipliers >= 0, exact at the optimum."""
        slope, constant, group = self._all_cuts()
        price = np.maximum([row.dual_value() for row in self._rows], 0.0)
        budget_price = max(self._budget.dual_value(), 0.0)
        reduced_cost = np.asarray(slope.T @ price) - budget_price * self._cost
        unpriced = 1.0 - np.bincount(group, weights=price, minlength=len(self._volume))
        bound = (
            float(price @ constant)
            + budget_price * self._limit
            + float(np.maximum(reduced_cost, 0.0).sum())
            + float(self._volume @ np.maximum(unpriced, 0.0))
        )
        return bound, reduced_cost
