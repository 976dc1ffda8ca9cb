"""Location set covering: the fewest, or cheapest, stations with everyone in reach of one.

Formulation
-----------
Sets
    i in I      customers
    j in J      sites
    J_i         sites that cover customer i (within a radius, say)

Parameters
----------
    c_j         cost of a new station at site j (1: count them)
Variables
    y_j in {0, 1}   1 if a station stands at site j
Minimize
    sum_{j new} c_j y_j
subject to
    sum_{j in J_i} y_j >= 1     for i in I
    y_j = 1                     existing and locked sites
    y_j = 0                     forbidden sites

The matrix is reduced by dominance, then given to SCIP (`siting.covering`).

References
----------
Toregas, C., Swain, R., ReVelle, C., Bergman, L. (1971). The location of emergency service facilities.
Operations Research 19, 1363-1373.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.covering import cheapest_cover, rows_of
from siting.location import (
    LocationSolution,
    UnreachableError,
    check_amounts,
    first_cover,
    listed,
    raise_faults,
    settled_sites,
)
from siting.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

SOLVER = "reductions, then SCIP (OR-Tools)"


def solve_set_covering(
    covers: Bools | sparse.csr_array,
    *,
    cost: Floats | None = None,
    existing: Sequence[int] | Indices = (),
    locked: Sequence[int] | Indices = (),
    forbidden: Sequence[int] | Indices = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> LocationSolution:
    """Choose the fewest (cheapest) new stations that cover every customer.

    Parameters
    ----------
    covers
        (n_customers, n_sites) bool or sparse, True where the site covers the customer.
    cost
        (n_sites,) float64, not negative; None: every station counts 1.
    existing, locked, forbidden
        Site indices that are open anyhow (and cost nothing), must be chosen, must not be chosen.
    gap
        Stop at this relative gap, 0-1; the result is then `feasible`, unless the gap proven is zero.
    time_limit_s
        Stop after this many seconds with the best solution found.
    on_progress
        Called with incumbent, bound, gap, seconds and a message whenever one of them changed.
    should_stop
        Asked often; True ends the search as the time limit does.

    Returns
    -------
    LocationSolution
        Each customer is assigned to the lowest index of the open sites that cover it.

    Raises
    ------
    InputError
        Negative or undefined costs or limits, unknown sites.
    InfeasibleError
        A site both locked and forbidden, customers no site that may be open covers.
    """
    watch = Watch(gap=gap, time_limit_s=time_limit_s, on_progress=on_progress, should_stop=should_stop)
    rows = rows_of(covers)
    n_sites = rows.shape[1]
    cost = np.ones(n_sites) if cost is None else np.asarray(cost, dtype=np.float64)
    raise_faults(check_amounts("cost", cost, n_sites), gap=gap, time_limit_s=time_limit_s)
    fates = settled_sites(n_sites, existing=existing, locked=locked, forbidden=forbidden)
    covered = np.diff(sparse.csr_array(rows[:, fates.standing]).indptr) > 0
    waiting = sparse.csr_array(rows[np.flatnonzero(~covered)][:, fates.free])
    alone = np.flatnonzero(~covered)[np.diff(waiting.indptr) == 0]
    if alone.size:
        raise UnreachableError(
            f"{alone.size} customers are covered by no site that may be open: {listed(alone)}",
            customers=tuple(alone.tolist()),
        )
    found = cheapest_cover(waiting, cost[fates.free], watch=watch, offset=float(cost[fates.locked].sum()))
    chosen = fates.free[found.chosen]
    return fates.solution(
        chosen,
        assigned=first_cover(rows, np.union1d(fates.standing, chosen).astype(np.int64)),
        certificate=watch.certificate(SOLVER),
    )
