"""Master problem: stations x and grouped served volume theta, under the cuts found so far, within branches.

Formulation
-----------
Sets
    i in I      sites that may be chosen
    g in G      groups of trip classes
    r in C_g    cuts of group g found so far
    b in B      branches: groups of sites I_b with least and most stations l_b, u_b
Parameters
    c_i, N      cost of a station and budget (c = 1: N stations at most)
    V_g         volume of group g
    b_r, a_ri   constant and slope of a cut
Variables
    x_i         1 if a station is chosen (0-1 in this relaxation)
    theta_g     estimate from above of the volume served in group g
Maximize
    sum_g theta_g
subject to
    sum_i c_i x_i <= N
    theta_g <= b_r + sum_i a_ri x_i     for r in C_g
    l_b <= sum_{i in I_b} x_i <= u_b    for b in B
    0 <= theta_g <= V_g

Solved by GLOP's dual simplex, kept warm between rounds and nodes. Bounds are computed from its duals by weak
duality, so that they hold whatever the solver's tolerances are. Cuts that stopped binding are dropped
from time to time; they are found again where they are needed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np
from ortools.linear_solver.pywraplp import Constraint as LinearConstraint
from ortools.linear_solver.pywraplp import MPSolverParameters
from ortools.linear_solver.pywraplp import Solver as LinearSolver

from corridor.errors import SolverError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Least and most stations in a group of sites: site indices (ascending) to (l, u), u may be infinite.
Branches = dict[tuple[int, ...], tuple[float, float]]

_WARM = "use_dual_simplex: true use_preprocessing: false"
_COLD = "use_dual_simplex: false use_preprocessing: true"
#: Cuts not binding in the last `_IDLE` solves are dropped once there are `_MANY` rows, or twice those kept.
_MANY, _IDLE = 300, 3
#: Of the cuts at one point those are added that are violated by this share of the most violated one.
_SHARE = 0.5
#: A dual of a cut counts as none below this.
_BINDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """One cut per group: ``theta_g <= constant_g + slope_g x``.

    Parameters
    ----------
    constant
        (n_groups,) float64.
    slope
        (n_groups, n_sites) float64.
    """

    constant: Floats
    slope: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """Solution of the master.

    Parameters
    ----------
    x
        (n_sites,) float64, 0-1.
    theta
        (n_groups,) float64.
    bound
        No choice within the budget and the branches serves more.
    reduced_cost
        (n_sites,) float64; forcing site i against its sign lowers `bound` by this much.
    """

    x: Floats
    theta: Floats
    bound: float
    reduced_cost: Floats


class Master:
    """Cuts found so far, and the solver over them.

    Parameters
    ----------
    group_volume
        (n_groups,) float64, V_g.
    cost
        (n_sites,) float64, c_i, not negative.
    budget
        N.
    upper
        (n_sites,) float64, 0 where no station may stand, else 1.
    """

    def __init__(self, group_volume: Floats, *, cost: Floats, budget: float, upper: Floats) -> None:
        self.group_volume, self._cost, self._limit, self._upper = group_volume, cost, budget, upper
        self._most_rows = _MANY
        self._clear()
        self._build()

    def _clear(self) -> None:
        """Forget all cuts and branches."""
        self._slope: Floats = np.zeros((0, len(self._cost)))
        self._constant: Floats = np.zeros(0)
        self._group: Indices = np.zeros(0, dtype=np.int64)
        self._idle: Indices = np.zeros(0, dtype=np.int64)
        self._branches: Branches = {}

    def rule_out(self, sites: NDArray[np.bool_]) -> None:
        """Forbid sites from now on."""
        for site in np.flatnonzero(sites & (self._upper > 0.0)).tolist():
            self._x[site].SetUb(0.0)
        self._upper = np.where(sites, 0.0, self._upper)

    def add_cuts(self, cuts: Cuts, *, x: Floats, theta: Floats, least: float) -> int:
        """Add the cuts that (x, theta) violates by more than `least`; return how many."""
        violation = theta - cuts.constant - cuts.slope @ x
        groups = np.flatnonzero(violation > max(least, _SHARE * float(violation.max()))).astype(np.int64)
        self._store(cuts.slope[groups], cuts.constant[groups], groups)
        return len(groups)

    def solve(self, branches: Branches, *, time_limit_s: float) -> Relaxation | None:
        """Solve within branches; None when they leave no choice.

        Raises
        ------
        TimeoutError
            The time did not suffice.
        """
        if len(self._rows) + len(self._sums) > self._most_rows:
            self._forget()
        self._enter(branches)
        status = self._status(time_limit_s)
        if status == LinearSolver.INFEASIBLE:
            return None
        price = np.maximum([row.dual_value() for row in self._rows], 0.0)
        self._idle = np.where(price > _BINDING, 0, self._idle + 1)
        bound, reduced_cost = self._dual_bound(price, branches)
        return Relaxation(
            x=np.clip([x.solution_value() for x in self._x], 0.0, 1.0),
            theta=np.array([theta.solution_value() for theta in self._theta]),
            bound=bound,
            reduced_cost=reduced_cost,
        )

    def _build(self) -> None:
        """Start a fresh solver."""
        glop = self._glop = LinearSolver.CreateSolver("GLOP")
        glop.SetSolverSpecificParametersAsString(_WARM)
        self._x = [glop.NumVar(0.0, upper, "") for upper in self._upper.tolist()]
        self._theta = [glop.NumVar(0.0, volume, "") for volume in self.group_volume.tolist()]
        self._budget = glop.Constraint(-glop.infinity(), self._limit)
        for x, price in zip(self._x, self._cost.tolist(), strict=True):
            self._budget.SetCoefficient(x, price)
        objective = glop.Objective()
        objective.SetMaximization()
        for theta in self._theta:
            objective.SetCoefficient(theta, 1.0)
        self._rows: list[LinearConstraint] = []
        self._sums: dict[tuple[int, ...], LinearConstraint] = {}

    def _store(self, slope: Floats, constant: Floats, groups: Indices) -> None:
        """Append cuts to the arrays and to the solver."""
        lowest = -self._glop.infinity()
        for line, limit, group in zip(slope, constant.tolist(), groups.tolist(), strict=True):
            row = self._glop.Constraint(lowest, limit)
            row.SetCoefficient(self._theta[group], 1.0)
            sites = np.flatnonzero(line * self._upper)
            x = itemgetter(*sites.tolist(), -1, -1)(self._x)[:-2]
            deque(map(row.SetCoefficient, x, (-line[sites]).tolist()), maxlen=0)  # the fastest of loops
            self._rows.append(row)
        self._slope = np.vstack([self._slope, slope])
        self._constant = np.concatenate([self._constant, constant])
        self._group = np.concatenate([self._group, groups])
        self._idle = np.concatenate([self._idle, np.zeros(len(groups), dtype=np.int64)])

    def _forget(self) -> None:
        """Drop cuts that stopped binding and branches that are left."""
        kept = np.flatnonzero(self._idle <= _IDLE)
        self._most_rows = max(_MANY, 2 * len(kept))
        slope, constant, group = self._slope[kept], self._constant[kept], self._group[kept]
        idle = self._idle[kept]
        self._clear()
        self._build()
        self._store(slope, constant, group)
        self._idle = idle

    def _enter(self, branches: Branches) -> None:
        """Limit the sums of the branches, and free those of other nodes."""
        infinity = self._glop.infinity()
        for sites in self._branches.keys() - branches.keys():
            self._sums[sites].SetBounds(0.0, infinity)
        for sites, (least, most) in branches.items():
            if sites not in self._sums:
                row = self._sums[sites] = self._glop.Constraint(0.0, infinity)
                for site in sites:
                    row.SetCoefficient(self._x[site], 1.0)
            self._sums[sites].SetBounds(least, min(most, infinity))
        self._branches = branches

    def _status(self, time_limit_s: float) -> int:
        """Solve warm, or cold where that fails."""
        self._glop.SetTimeLimit(max(1, int(1e3 * min(time_limit_s, 1e6))))
        status = self._glop.Solve()
        if status not in _THROUGH and status != LinearSolver.FEASIBLE:
            cold = MPSolverParameters()
            cold.SetIntegerParam(cold.INCREMENTALITY, cold.INCREMENTALITY_OFF)
            for parameters in (_WARM, _COLD):
                self._glop.SetSolverSpecificParametersAsString(parameters)
                status = self._glop.Solve(cold)
                if status in _THROUGH:
                    break
            self._glop.SetSolverSpecificParametersAsString(_WARM)
        if status in _THROUGH:
            return int(status)
        if status in {LinearSolver.NOT_SOLVED, LinearSolver.FEASIBLE}:
            raise TimeoutError
        raise SolverError("the linear master has no optimum, which its form rules out: a solver fault")

    def _dual_bound(
        self, price: Floats, branches: Mapping[tuple[int, ...], tuple[float, float]]
    ) -> tuple[float, Floats]:
        """Bound and reduced costs by weak duality: true for any multipliers, exact at the optimum."""
        budget_price = max(self._budget.dual_value(), 0.0)
        reduced_cost = price @ self._slope - budget_price * self._cost
        bound = float(price @ self._constant) + budget_price * self._limit
        for sites, (least, most) in branches.items():
            multiplier = self._sums[sites].dual_value()
            limit = most if multiplier > 0.0 else least
            if np.isfinite(limit):
                reduced_cost[list(sites)] -= multiplier
                bound += multiplier * limit
        unpriced = 1.0 - np.bincount(self._group, weights=price, minlength=len(self.group_volume))
        bound += float(self._upper @ np.maximum(reduced_cost, 0.0))
        bound += float(self.group_volume @ np.maximum(unpriced, 0.0))
        return bound, reduced_cost


_THROUGH = frozenset({LinearSolver.OPTIMAL, LinearSolver.INFEASIBLE})
