"""Facility location: which facilities to open so that fixed costs and costs of serving are least.

Formulation
-----------
Sets
    i in I      customers
    j in J      facilities
Parameters
    f_j         fixed cost of opening facility j
    c_ij        cost of serving the whole demand of customer i from facility j
    q_i         demand of customer i
    k_j         capacity of facility j (infinite: uncapacitated)
Variables
    y_j in {0, 1}   1 if facility j is open
    x_ij >= 0       share of customer i's demand served from facility j
Minimize
    sum_j f_j y_j + sum_ij c_ij x_ij
subject to
    sum_j x_ij = 1                  for i in I
    x_ij <= y_j                     for i in I, j in J
    sum_i q_i x_ij <= k_j y_j       for j in J
    y_j = 1                         existing facilities (their fixed cost is spent) and locked ones
    y_j = 0                         forbidden facilities

Without capacities everyone is served by the cheapest open facility: `siting.plant_search` solves it. With
them a customer may be split, and `siting.capacitated_location` does.

References
----------
Kuehn, A. A., Hamburger, M. J. (1963). A heuristic program for locating warehouses. Management Science 9,
643-666.
Balinski, M. L. (1965). Integer programming: methods, uses, computations. Management Science 12, 253-313.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siting.capacitated_location import Capacitated, solve_capacitated
from siting.location import (
    LocationSolution,
    check_amounts,
    check_matrix,
    check_reach,
    nearest,
    raise_faults,
    settled_sites,
)
from siting.plant import plants
from siting.plant_search import SOLVER, PlantSearch
from siting.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]


def solve_facility_location(
    cost: Floats,
    fixed_cost: Floats,
    *,
    demand: Floats | None = None,
    capacity: Floats | None = None,
    existing: Sequence[int] | Indices = (),
    locked: Sequence[int] | Indices = (),
    forbidden: Sequence[int] | Indices = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> LocationSolution:
    """Choose the facilities to open so that fixed costs and costs of serving are least.

    Parameters
    ----------
    cost
        (n_customers, n_facilities) float64, cost of serving the whole demand; infinite where that cannot be.
    fixed_cost
        (n_facilities,) float64, not negative.
    demand
        (n_customers,) float64, not negative; needed with capacities.
    capacity
        (n_facilities,) float64, not negative, infinite without limit; None: no limits.
    existing, locked, forbidden
        Facilities that are open anyhow at no fixed cost, must be opened, must not be opened.
    gap
        Stop at this relative gap, 0-1; the result is then `feasible`, unless the gap proven is zero.
    time_limit_s
        Stop after this many seconds with the best solution found.
    on_progress
        Called with incumbent, bound, gap, seconds and a message whenever one of them changed.
    should_stop
        Asked often; True ends the search as the time limit does.

    Raises
    ------
    InputError
        Negative or undefined costs, demands, capacities or limits, unknown facilities.
    InfeasibleError
        A facility both locked and forbidden, customers no facility may serve, too little capacity.
    """
    watch = Watch(gap=gap, time_limit_s=time_limit_s, on_progress=on_progress, should_stop=should_stop)
    cost, fixed_cost = np.asarray(cost, dtype=np.float64), np.asarray(fixed_cost, dtype=np.float64)
    faults = check_matrix("cost", cost)
    n_customers, n_sites = cost.shape if cost.ndim == 2 else (0, 0)  # noqa: PLR2004 - a matrix has two
    demand = np.zeros(n_customers) if demand is None else np.asarray(demand, dtype=np.float64)
    capacity = np.full(n_sites, np.inf) if capacity is None else np.asarray(capacity, dtype=np.float64)
    if not faults:
        faults += check_amounts("fixed cost", fixed_cost, n_sites)
        faults += check_amounts("demand", demand, n_customers)
        faults += check_amounts("capacity", capacity, n_sites, infinite=True)
    raise_faults(faults, gap=gap, time_limit_s=time_limit_s)
    fates = settled_sites(n_sites, existing=existing, locked=locked, forbidden=forbidden)
    customers = np.arange(n_customers, dtype=np.int64)
    usable = np.union1d(fates.standing, fates.free).astype(np.int64)
    check_reach(cost, usable, customers)
    if (capacity[usable] < demand.sum()).any():
        opening = np.where(np.isin(np.arange(n_sites), fates.existing), 0.0, fixed_cost)
        problem = Capacitated(cost=cost, opening=opening, demand=demand, capacity=capacity)
        return solve_capacitated(problem, fates, watch)
    settled = float(fixed_cost[fates.locked].sum())
    problem_left = plants(
        cost,
        opening=fixed_cost,
        standing_sites=fates.standing,
        free_sites=fates.free,
        most=None,
        constant=settled,
    )
    chosen = PlantSearch(problem_left, watch).run()
    certificate = watch.certificate(SOLVER)
    if chosen is None:
        return fates.no_solution(certificate)
    stations = np.union1d(fates.standing, chosen).astype(np.int64)
    return fates.solution(chosen, assigned=nearest(cost, stations, customers), certificate=certificate)
