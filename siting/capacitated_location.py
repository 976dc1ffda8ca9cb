"""Capacitated facility location: the mixed-integer program of `siting.facility_location`, reduced and solved.

First a Lagrangian bound (`siting.capacitated_bound`) suggests plans and settles facilities. The rows ``x_ij
<= y_j`` and ``sum_j k_j y_j >= sum_i q_i`` follow for integer y from the capacities; with them the linear
relaxation is far tighter (the strong formulation). Every choice of facilities is judged by the transportation
problem that is left, so that costs do not depend on the tolerances of the integer solver.

References
----------
Beasley, J. E. (1988). An algorithm for solving large capacitated warehouse location problems. European
Journal of Operational Research 33, 314-325.
Leung, J. M. Y., Magnanti, T. L. (1989). Valid inequalities and facets of the capacitated plant location
problem. Mathematical Programming 44, 271-291.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from corridor.errors import InfeasibleError
from siting.capacitated_bound import CapacitatedSites, ascend
from siting.certificate import OPTIMALITY_TOLERANCE
from siting.program import Answer, Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.location import LocationSolution, SiteFates
    from siting.watch import Watch

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

SOLVER = "Lagrangian bound, strong formulation; SCIP and GLOP (OR-Tools)"

#: Shares below this are the dust of the solver.
_DUST = 1e-9
#: Relative distance to the best plan at which facilities are given up: well below the tolerance.
_GIVE_UP = OPTIMALITY_TOLERANCE / 10.0
_HALF = 0.5
#: A bound of a linear program is trusted to this share.
_TRUST = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacitated:
    """A capacitated facility location problem.

    Parameters
    ----------
    cost
        (n_customers, n_sites) float64, c; infinite where a facility cannot serve.
    opening
        (n_sites,) float64, f.
    demand
        (n_customers,) float64, q.
    capacity
        (n_sites,) float64, k, may be infinite.
    """

    cost: Floats
    opening: Floats
    demand: Floats
    capacity: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Open facilities, who is served where, at what cost: (k,) arrays by pair served."""

    open_: Bools
    customer: Indices
    site: Indices
    share: Floats
    value: float


def solve_capacitated(problem: Capacitated, fates: SiteFates, watch: Watch) -> LocationSolution:
    """Solve the problem with some facilities settled.

    Raises
    ------
    InfeasibleError
        The capacities do not suffice.
    """
    usable = np.zeros(len(problem.opening), dtype=bool)
    usable[fates.standing] = usable[fates.free] = True
    total, wanted = float(problem.capacity[usable].sum()), float(problem.demand.sum())
    if total < wanted * (1.0 - _TRUST):
        raise InfeasibleError(
            f"the facilities that may be open hold {total:,.10g}, but {wanted:,.10g} is demanded"
        )
    best = _transport(problem, usable, watch)
    if best is not None:
        watch.offer(best.value, "all facilities open")
        best = _search(problem, fates, usable, best=best, watch=watch)
    certificate = watch.certificate(SOLVER)
    if best is None:
        return fates.no_solution(certificate)
    chosen = np.intersect1d(np.flatnonzero(best.open_), fates.free).astype(np.int64)
    return fates.solution(chosen, assigned=(best.customer, best.site, best.share), certificate=certificate)


def _search(problem: Capacitated, fates: SiteFates, usable: Bools, *, best: _Plan, watch: Watch) -> _Plan:
    """Raise the Lagrangian bound, settle facilities, and solve the program of what is left."""
    search = _Search(problem, best, watch)
    free = np.isin(np.arange(len(usable)), fates.free)
    usable, free = search.settle(usable, free)
    pairs = _Pairs.of(problem, usable)
    for integer in (False, True):
        if watch.done():
            break
        answer = watch.solve(
            _program(problem, pairs, free=free, usable=usable, integer=integer),
            solver="scip" if integer else "glop",
            gap=watch.gap / 4.0 if integer else 0.0,
        )
        bound = answer.bound if integer else answer.objective if answer.status == "optimal" else None
        if bound is not None:
            search.raise_bound(bound * (1.0 - _TRUST), "integer bound" if integer else "linear bound")
        if answer.status == "infeasible":  # nothing left is better than the plan
            search.raise_bound(np.inf, "integer bound")
        if answer.x is None or watch.stopped():
            continue
        y = answer.x[: len(usable)]
        search.offer(((np.round(y) == 1.0) if integer else _rounded(problem, y, usable & ~free)) & usable)
    return search.best


class _Search:
    """The best plan so far; what was given up costs at least `cutoff`."""

    def __init__(self, problem: Capacitated, best: _Plan, watch: Watch) -> None:
        self.problem = problem
        self.best = best
        self.watch = watch

    def cutoff(self) -> float:
        """Cost from which on a plan is of no interest."""
        return self.watch.value * (1.0 - _GIVE_UP)

    def raise_bound(self, bound: float, message: str) -> None:
        """Take a bound on what is left."""
        self.watch.raise_bound_to(min(bound, self.cutoff()), message)

    def offer(self, open_: Bools) -> None:
        """Take facilities to be open."""
        plan = None if self.watch.stopped() else _transport(self.problem, open_, self.watch, may_fail=True)
        if plan is not None and self.watch.offer(plan.value):
            self.best = plan

    def settle(self, usable: Bools, free: Bools) -> tuple[Bools, Bools]:
        """Return what may be open and what is undecided after the Lagrangian bound."""
        problem, numbers = self.problem, np.flatnonzero(usable)
        wanted = float(problem.demand.sum())
        sites = CapacitatedSites(
            cost=problem.cost[:, numbers],
            opening=problem.opening[numbers],
            capacity=np.minimum(problem.capacity[numbers], wanted),
            demand=problem.demand,
            standing=~free[numbers],
        )

        def plan(chosen: Bools) -> None:
            open_ = np.zeros(len(usable), dtype=bool)
            open_[numbers[chosen]] = True
            self.offer(open_)

        bound = ascend(
            sites,
            upper=lambda: self.watch.value,
            plan=plan,
            report=lambda value: self.raise_bound(value * (1.0 - _TRUST), "Lagrangian bound"),
            should_stop=self.watch.done,
        )
        settled = numbers[(bound.value + bound.regret > self.cutoff()) & ~sites.standing]
        closed = settled[bound.open_share[np.searchsorted(numbers, settled)] < _HALF]
        usable, free = usable.copy(), free.copy()
        usable[closed] = False
        free[settled] = False
        return usable, free


def _rounded(problem: Capacitated, y: Floats, standing: Bools) -> Bools:
    """Open the facilities the relaxation opens most, until they hold what is demanded."""
    found = standing.copy()
    for site in np.argsort(-y, kind="stable").tolist():
        enough = problem.capacity[found].sum() >= problem.demand.sum()
        if y[site] < _HALF and (enough or y[site] <= 0.0):
            break
        found[site] = True
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Pairs of customer and facility that may meet: (n_pairs,) arrays, by customer."""

    customer: Indices
    site: Indices
    cost: Floats

    @classmethod
    def of(cls, problem: Capacitated, open_: Bools) -> _Pairs:
        customer, site = np.nonzero(np.isfinite(problem.cost) & open_)
        return cls(customer=customer, site=site, cost=problem.cost[customer, site])


def _program(problem: Capacitated, pairs: _Pairs, *, free: Bools, usable: Bools, integer: bool) -> Program:
    """Return the strong formulation; columns are y, then x by pair."""
    n_sites, n_customers, n_pairs = len(free), len(problem.demand), len(pairs.cost)
    wanted = float(problem.demand.sum())
    capacity = np.minimum(problem.capacity, wanted)
    each, ones = np.arange(n_pairs), np.ones(n_pairs)
    once = sparse.csr_array((ones, (pairs.customer, each)), shape=(n_customers, n_pairs))
    unit = 1.0 / np.maximum(capacity, 1e-12 * max(1.0, wanted))  # rows about 1
    load = sparse.csr_array(
        (problem.demand[pairs.customer] * unit[pairs.site], (pairs.site, each)), shape=(n_sites, n_pairs)
    )
    of_site = sparse.csr_array((ones, (each, pairs.site)), shape=(n_pairs, n_sites))
    matrix = sparse.vstack(
        [
            sparse.hstack([sparse.csr_array((n_customers, n_sites)), once]),
            sparse.hstack([-sparse.diags_array(capacity * unit), load]),
            sparse.hstack([-of_site, sparse.eye_array(n_pairs)]),
            sparse.hstack(
                [sparse.csr_array((capacity / max(wanted, 1e-300))[None, :]), sparse.csr_array((1, n_pairs))]
            ),
        ],
        format="csr",
    )
    no_limit = np.full(n_sites + n_pairs, -np.inf)
    return Program(
        objective=np.concatenate([problem.opening, pairs.cost]),
        lower=np.concatenate([(usable & ~free).astype(np.float64), np.zeros(n_pairs)]),
        upper=np.concatenate([usable.astype(np.float64), ones]),
        matrix=sparse.csr_array(matrix),
        row_lower=np.concatenate([np.ones(n_customers), no_limit, [1.0 if wanted > 0.0 else 0.0]]),
        row_upper=np.concatenate([np.ones(n_customers), np.zeros(n_sites + n_pairs), [np.inf]]),
        integer=np.arange(n_sites + n_pairs) < n_sites if integer else None,
    )


def _transport(problem: Capacitated, open_: Bools, watch: Watch, *, may_fail: bool = False) -> _Plan | None:
    """Serve everyone from the open facilities at least cost; None if that was not found in time.

    Raises
    ------
    InfeasibleError
        The capacities do not suffice, unless that may be.
    """
    pairs = _Pairs.of(problem, open_)
    n_sites, n_customers, n_pairs = len(open_), len(problem.demand), len(pairs.cost)
    limited = np.flatnonzero(open_ & np.isfinite(problem.capacity))
    each = np.arange(n_pairs)
    once = sparse.csr_array((np.ones(n_pairs), (pairs.customer, each)), shape=(n_customers, n_pairs))
    load = sparse.csr_array((problem.demand[pairs.customer], (pairs.site, each)), shape=(n_sites, n_pairs))
    answer: Answer = watch.solve(
        Program(
            objective=pairs.cost,
            lower=np.zeros(n_pairs),
            upper=np.ones(n_pairs),
            matrix=sparse.csr_array(sparse.vstack([once, load[limited]])),
            row_lower=np.concatenate([np.ones(n_customers), np.full(len(limited), -np.inf)]),
            row_upper=np.concatenate([np.ones(n_customers), problem.capacity[limited]]),
        ),
        solver="glop",
    )
    if answer.status == "infeasible" and not may_fail:
        raise InfeasibleError("the capacities of the facilities that may serve some customers do not suffice")
    if answer.status != "optimal" or answer.x is None or answer.objective is None:
        return None
    used = answer.x > _DUST
    return _Plan(
        open_=open_,
        customer=pairs.customer[used],
        site=pairs.site[used],
        share=np.minimum(answer.x[used], 1.0),
        value=answer.objective + float(problem.opening[open_].sum()),
    )
