"""Master problem: stations x and grouped served volume theta, under the cuts found so far, within branches.

Formulation
-----------
Sets
    i in I      sites that may be chosen
    g in G      groups of trip classes
    k in K      cover sets with a variable of their own: those of the zero-half cuts; S_k their sites
    r in C_g    cuts of group g found so far
    h in H      zero-half cuts found so far (`siting.zero_half`), of sets T_h
    b in B      branches: groups of sites I_b with least and most stations l_b, u_b
Parameters
    c_i, N      cost of a station and budget (c = 1: N stations at most)
    V_g         volume of group g
    b_r, a_rk   constant and shares of a cut
    w_hi        weights of a zero-half cut
Variables
    x_i         1 if a station is chosen (0-1 in this relaxation)
    z_k         1 if a cover set holds a station; sum_{i in S_k} x_i stands in for it outside K
    theta_g     estimate from above of the volume served in group g
Maximize
    sum_g theta_g
subject to
    sum_i c_i x_i <= N
    theta_g <= b_r + sum_k a_rk z_k                              for r in C_g
    z_k <= sum_{i in S_k} x_i                                    for k in K
    sum_{k in T_h} z_k <= (|T_h| - 1) / 2 + sum_i w_hi x_i       for h in H
    l_b <= sum_{i in I_b} x_i <= u_b                             for b in B
    0 <= theta_g <= V_g,  0 <= z_k <= 1

Solved by GLOP's dual simplex, kept warm between rounds and nodes. Bounds are computed from its duals by weak
duality, so that they hold whatever the solver's tolerances are. Cuts that stopped binding are dropped
from time to time; they are found again where they are needed.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from ortools.linear_solver.pywraplp import Constraint as LinearConstraint
from ortools.linear_solver.pywraplp import MPSolverParameters
from ortools.linear_solver.pywraplp import Solver as LinearSolver
from scipy import sparse

from corridor.errors import SolverError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray
    from ortools.linear_solver.pywraplp import Variable

    from siting.zero_half import ZeroHalfCuts

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Least and most stations in a group of sites: site indices (ascending) to (l, u), u may be infinite.
Branches = dict[tuple[int, ...], tuple[float, float]]

# A solution that misses a tolerance by a little will do: bounds do not rest on it.
_WARM = "use_dual_simplex: true use_preprocessing: false change_status_to_imprecise: false"
_COLD = "use_dual_simplex: false use_preprocessing: true change_status_to_imprecise: false"
#: Cuts not binding in the last `_IDLE` solves are dropped once there are `_MANY` rows, or twice those kept.
_MANY, _IDLE, _IDLE_ZERO_HALF = 300, 3, 10
#: Of the cuts at one point those are added that are violated by this share of the most violated one.
_SHARE = 0.5
#: A dual of a cut counts as none below this.
_BINDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Cuts:
    """One cut per group: ``theta_g <= constant_g + share_g z``.

    Parameters
    ----------
    constant
        (n_groups,) float64.
    share
        (n_groups, n_sets) float64.
    """

    constant: Floats
    share: sparse.csr_array


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxation:
    """Solution of the master.

    Parameters
    ----------
    x
        (n_sites,) float64, 0-1.
    level
        (n_sets,) float64, z of the sets that have one, the sum of x of the others.
    theta
        (n_groups,) float64.
    bound
        No choice within the budget and the branches serves more.
    reduced_cost
        (n_sites,) float64; forcing site i against its sign lowers `bound` by this much.
    """

    x: Floats
    level: Floats
    theta: Floats
    bound: float
    reduced_cost: Floats


#: Kinds of rows: cuts of groups, z <= sum of x, zero-half cuts.
_CUT, _LINK, _ZERO_HALF = 0, 1, 2


@dataclass(slots=True, kw_only=True)
class _Rows:
    """Rows ``coefficients <= limit`` over the columns: sites, then groups, then cover sets.

    Parameters
    ----------
    matrix
        (n_rows, n_columns) sparse.
    limit
        (n_rows,) float64.
    kind
        (n_rows,) int64, `_CUT`, `_LINK` or `_ZERO_HALF`.
    idle
        (n_rows,) int64, solves since the row was binding.
    """

    matrix: sparse.csr_array
    limit: Floats = field(default_factory=lambda: np.zeros(0))
    kind: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    idle: Indices = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def append(self, matrix: sparse.csr_array, limit: Floats, *, kind: int) -> None:
        """Add rows."""
        self.matrix = sparse.csr_array(sparse.vstack([self.matrix, matrix], format="csr"))
        self.limit = np.concatenate([self.limit, limit])
        self.kind = np.concatenate([self.kind, np.full(len(limit), kind, dtype=np.int64)])
        self.idle = np.concatenate([self.idle, np.zeros(len(limit), dtype=np.int64)])


class Master:
    """Cuts found so far, and the solver over them.

    Parameters
    ----------
    sets
        (n_sets, n_sites) sparse, 1 where a site stands in a cover set.
    group_volume
        (n_groups,) float64, V_g.
    cost
        (n_sites,) float64, c_i, not negative.
    budget
        N.
    upper
        (n_sites,) float64, 0 where no station may stand, else 1.
    """

    def __init__(
        self, sets: sparse.csr_array, group_volume: Floats, *, cost: Floats, budget: float, upper: Floats
    ) -> None:
        self.sets = sets
        self.group_volume, self._cost, self._limit, self._upper = group_volume, cost, budget, upper
        self._most_rows = _MANY
        self._columns = len(cost) + len(group_volume) + sets.shape[0]
        self._clear()
        self._build()

    def _clear(self) -> None:
        """Forget all cuts and branches."""
        self._rows = _Rows(matrix=sparse.csr_array((0, self._columns)))
        #: Whether each cover set has a variable.
        self._own = np.zeros(self.sets.shape[0], dtype=bool)
        self._branches: Branches = {}

    def rule_out(self, sites: NDArray[np.bool_]) -> None:
        """Forbid sites from now on."""
        for site in np.flatnonzero(sites & (self._upper > 0.0)).tolist():
            self._column[site].SetUb(0.0)
        self._upper = np.where(sites, 0.0, self._upper)

    def add_cuts(self, cuts: Cuts, *, at: Relaxation, least: float) -> int:
        """Add the cuts that a solution violates by more than `least`; return how many."""
        violation = at.theta - cuts.constant - np.asarray(cuts.share @ at.level)
        groups = np.flatnonzero(violation > max(least, _SHARE * float(violation.max())))
        share = sparse.csr_array(cuts.share[groups])
        own = share @ sparse.diags_array(self._own.astype(np.float64))
        theta = sparse.csr_array(
            (np.ones(len(groups)), (np.arange(len(groups)), groups)),
            shape=(len(groups), len(self.group_volume)),
        )
        self._store(
            sparse.csr_array(sparse.hstack([-((share - own) @ self.sets), theta, -own], format="csr")),
            cuts.constant[groups],
            kind=_CUT,
        )
        return len(groups)

    def add_zero_half(self, cuts: ZeroHalfCuts) -> None:
        """Add zero-half cuts, and variables for their cover sets."""
        n_cuts, size = cuts.sets.shape
        self._link(np.unique(cuts.sets[~self._own[cuts.sets]]))
        self._store(
            self._over(-cuts.weight, np.repeat(np.arange(n_cuts), size), cuts.sets.ravel()),
            np.full(n_cuts, float((size - 1) // 2)),
            kind=_ZERO_HALF,
        )

    def zero_half_sets(self) -> Indices:
        """Return (n, 3) int64, the cover sets of the zero-half cuts held."""
        held = self._rows.matrix[np.flatnonzero(self._rows.kind == _ZERO_HALF)]
        return np.asarray(held[:, -self.sets.shape[0] :].indices, dtype=np.int64).reshape(-1, 3)

    def _link(self, fresh: Indices) -> None:
        """Give cover sets a variable: z <= sum of x."""
        self._own[fresh] = True
        rows = self._over(-sparse.csr_array(self.sets[fresh]), np.arange(len(fresh)), fresh)
        self._store(rows, np.zeros(len(fresh)), kind=_LINK)

    def _over(self, sites: sparse.csr_array, row: Indices, member: Indices) -> sparse.csr_array:
        """Return rows over all columns, of coefficients of sites, and 1 for members of cover sets."""
        n_rows = sites.shape[0]
        ones = sparse.csr_array((np.ones(len(row)), (row, member)), shape=(n_rows, self.sets.shape[0]))
        none = sparse.csr_array((n_rows, len(self.group_volume)))
        return sparse.csr_array(sparse.hstack([sites, none, ones], format="csr"))

    def solve(self, branches: Branches, *, time_limit_s: float, forget: bool = True) -> Relaxation | None:
        """Solve within branches; None when they leave no choice.

        Parameters
        ----------
        branches
            Limits of this node.
        time_limit_s
            Most seconds.
        forget
            Whether cuts that stopped binding may be dropped; who adds cuts until none is violated must not.

        Raises
        ------
        TimeoutError
            The time did not suffice.
        """
        if forget and len(self._constraints) + len(self._sums) > self._most_rows:
            self._forget()
        self._enter(branches)
        status = self._status(time_limit_s)
        if status == LinearSolver.INFEASIBLE:
            return None
        price = np.maximum([row.dual_value() for row in self._constraints], 0.0)
        self._rows.idle = np.where(price > _BINDING, 0, self._rows.idle + 1)
        bound, reduced_cost = self._dual_bound(price, branches)
        n_sites = len(self._cost)
        x = np.clip([column.solution_value() for column in self._column[:n_sites]], 0.0, 1.0)
        level = np.asarray(self.sets @ x, dtype=np.float64)
        for column, member in self._member.items():
            number = column - len(self._column)
            level[number] = min(level[number], member.solution_value())
        return Relaxation(
            x=x,
            level=level,
            theta=np.array([theta.solution_value() for theta in self._column[n_sites:]]),
            bound=bound,
            reduced_cost=reduced_cost,
        )

    def _build(self) -> None:
        """Start a fresh solver."""
        glop = self._glop = LinearSolver.CreateSolver("GLOP")
        glop.SetSolverSpecificParametersAsString(_WARM)
        upper = np.concatenate([self._upper, self.group_volume])
        self._column = [glop.NumVar(0.0, most, "") for most in upper.tolist()]
        self._member: dict[int, Variable] = {}
        self._budget = glop.Constraint(-glop.infinity(), self._limit)
        for column, price in zip(self._column, self._cost.tolist(), strict=False):
            self._budget.SetCoefficient(column, price)
        objective = glop.Objective()
        objective.SetMaximization()
        for theta in self._column[len(self._cost) :]:
            objective.SetCoefficient(theta, 1.0)
        self._constraints: list[LinearConstraint] = []
        self._sums: dict[tuple[int, ...], LinearConstraint] = {}

    def _store(self, matrix: sparse.csr_array, limit: Floats, *, kind: int) -> None:
        """Append rows to the arrays and to the solver."""
        lowest = -self._glop.infinity()
        usable = np.concatenate([self._upper > 0.0, np.ones(self._columns - len(self._cost), dtype=bool)])
        for row, most in enumerate(limit.tolist()):
            span = slice(matrix.indptr[row], matrix.indptr[row + 1])
            kept = usable[matrix.indices[span]] & (matrix.data[span] != 0.0)
            columns, values = matrix.indices[span][kept], matrix.data[span][kept].tolist()
            constraint = self._glop.Constraint(lowest, most)
            pick = [self._variable(column) for column in columns.tolist()]
            deque(map(constraint.SetCoefficient, pick, values), maxlen=0)  # the fastest of loops
            self._constraints.append(constraint)
        self._rows.append(matrix, limit, kind=kind)

    def _variable(self, column: int) -> Variable:
        """Return the variable of a column; that of a cover set is made when first asked for."""
        if column < len(self._column):
            return self._column[column]
        if column not in self._member:
            self._member[column] = self._glop.NumVar(0.0, 1.0, "")
        return self._member[column]

    def _forget(self) -> None:
        """Drop cuts that stopped binding, branches that are left, and variables in no zero-half cut."""
        rows, n_sets = self._rows, self.sets.shape[0]
        busy = rows.idle <= np.where(rows.kind == _ZERO_HALF, _IDLE_ZERO_HALF, _IDLE)
        cut, half = (np.flatnonzero(busy & (rows.kind == kind)) for kind in (_CUT, _ZERO_HALF))
        self._clear()
        self._build()
        members = sparse.csr_array(rows.matrix[half][:, -n_sets:])
        self._link(np.unique(members.indices))
        self._store(sparse.csr_array(rows.matrix[half]), rows.limit[half], kind=_ZERO_HALF)
        # In cuts the sum of x stands in for sets without a variable now.
        share = sparse.csr_array(rows.matrix[cut][:, -n_sets:])
        own = sparse.csr_array(share @ sparse.diags_array(self._own.astype(np.float64)))
        rest = rows.matrix[cut][:, :-n_sets]
        sites = rest[:, : len(self._cost)] + (share - own) @ self.sets
        theta = rest[:, len(self._cost) :]
        matrix = sparse.csr_array(sparse.hstack([sites, theta, own], format="csr"))
        self._store(matrix, rows.limit[cut], kind=_CUT)
        kept = len(self._rows.limit)
        self._rows.idle[kept - len(cut) :] = rows.idle[cut]
        self._rows.idle[kept - len(cut) - len(half) : kept - len(cut)] = rows.idle[half]
        self._most_rows = max(_MANY, 2 * kept)

    def _enter(self, branches: Branches) -> None:
        """Limit the sums of the branches, and free those of other nodes."""
        infinity = self._glop.infinity()
        for sites in self._branches.keys() - branches.keys():
            self._sums[sites].SetBounds(0.0, infinity)
        for sites, (least, most) in branches.items():
            if sites not in self._sums:
                row = self._sums[sites] = self._glop.Constraint(0.0, infinity)
                for site in sites:
                    row.SetCoefficient(self._column[site], 1.0)
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
        n_sites, n_groups = len(self._cost), len(self.group_volume)
        budget_price = max(self._budget.dual_value(), 0.0)
        unpriced = -np.asarray(price @ self._rows.matrix, dtype=np.float64)
        unpriced[:n_sites] -= budget_price * self._cost
        unpriced[n_sites : n_sites + n_groups] += 1.0
        bound = float(price @ self._rows.limit) + budget_price * self._limit
        for sites, (least, most) in branches.items():
            multiplier = self._sums[sites].dual_value()
            limit = most if multiplier > 0.0 else least
            if np.isfinite(limit):
                unpriced[list(sites)] -= multiplier
                bound += multiplier * limit
        upper = np.concatenate([self._upper, self.group_volume, np.ones(self.sets.shape[0])])
        bound += float(upper @ np.maximum(unpriced, 0.0))
        return bound, unpriced[:n_sites]


_THROUGH = frozenset({LinearSolver.OPTIMAL, LinearSolver.INFEASIBLE})
