"""Maximal covering: the p stations with the most weight in reach of one.

Formulation
-----------
Sets
    i in I      customers
    j in J      sites
    J_i         sites that cover customer i (within a radius, say)

Parameters
----------
    w_i         weight of customer i
    p           most new stations
Variables
    y_j in {0, 1}   1 if a station stands at site j
    z_i in [0, 1]   1 if customer i is covered
Maximize
    sum_i w_i z_i
subject to
    z_i <= sum_{j in J_i} y_j       for i in I
    sum_{j new} y_j <= p
    y_j = 1                         existing and locked sites
    y_j = 0                         forbidden sites

This is flow refueling with one cover set per trip: customers take the place of trips, and
`siting.flow_refueling` solves it, z projected out by Benders cuts (Cordeau, Furini & Ljubic 2019).

References
----------
Church, R., ReVelle, C. (1974). The maximal covering location problem. Papers of the Regional Science
Association 32, 101-118.
Cordeau, J.-F., Furini, F., Ljubic, I. (2019). Benders decomposition for very large scale partial set covering
and maximal covering location problems. European Journal of Operational Research 275, 882-896.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.coverage import CoverSets
from siting.covering import distinct, rows_of
from siting.flow_refueling import solve_flow_refueling
from siting.location import (
    LocationSolution,
    check_amounts,
    first_cover,
    raise_faults,
    settled_sites,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


def solve_maximal_covering(
    covers: Bools | sparse.csr_array,
    weight: Floats,
    *,
    p: int,
    existing: Sequence[int] | Indices = (),
    locked: Sequence[int] | Indices = (),
    forbidden: Sequence[int] | Indices = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> LocationSolution:
    """Choose at most p new stations that cover the most weight.

    Parameters
    ----------
    covers
        (n_customers, n_sites) bool or sparse, True where the site covers the customer.
    weight
        (n_customers,) float64, not negative.
    p
        Most new stations; locked sites count, existing ones do not.
    existing, locked, forbidden
        Site indices that are open anyhow, must be chosen, must not be chosen.
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
        Each customer covered is assigned to the lowest index of the open sites that cover it. Stations
        whose absence costs nothing are left out.

    Raises
    ------
    InputError
        Negative or undefined weights or limits, unknown sites.
    InfeasibleError
        More sites locked than p, or a site both locked and forbidden.
    """
    rows = rows_of(covers)
    n_customers, n_sites = rows.shape
    weight = np.asarray(weight, dtype=np.float64)
    raise_faults(check_amounts("weight", weight, n_customers), gap=gap, time_limit_s=time_limit_s)
    settled_sites(n_sites, existing=existing, locked=locked, forbidden=forbidden, most=p)
    covered = np.diff(rows.indptr) > 0
    first, set_of = distinct(sparse.csr_array(rows[np.flatnonzero(covered)]))
    trip_class = np.full(n_customers, -1, dtype=np.int64)
    trip_class[covered] = set_of
    n_sets = first.shape[0]
    cover = CoverSets(
        sets=first,
        offsets=np.arange(n_sets + 1, dtype=np.int64),
        members=np.arange(n_sets, dtype=np.int64),
        trip_class=trip_class,
    )
    found = solve_flow_refueling(
        cover,
        weight,
        n_new=p,
        existing=existing,
        locked=locked,
        forbidden=forbidden,
        gap=gap,
        time_limit_s=time_limit_s,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    customer, site, share = first_cover(rows, found.stations)
    return LocationSolution(
        stations=found.stations,
        new=found.new,
        customer=customer,
        site=site,
        share=share,
        certificate=found.certificate,
    )
