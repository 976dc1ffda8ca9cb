"""p-median: the p stations nearest to everyone, by weighted distance.

Formulation
-----------
Sets
    i in I      customers
    j in J      sites
Parameters
    w_i         weight of customer i
    d_ij        distance from customer i to site j
    p           most new stations
Variables
    y_j in {0, 1}   1 if a station stands at site j
    x_ij            share of customer i that goes to site j
Minimize
    sum_ij w_i d_ij x_ij
subject to
    sum_j x_ij = 1          for i in I
    x_ij <= y_j             for i in I, j in J
    sum_{j new} y_j <= p
    y_j = 1                 existing and locked sites
    y_j = 0                 forbidden sites

Everyone goes to the nearest open site, so x is projected out (`siting.plant`).

References
----------
Hakimi, S. L. (1964). Optimum locations of switching centers and the absolute centers and medians of a
graph. Operations Research 12, 450-459.
ReVelle, C. S., Swain, R. W. (1970). Central facilities location. Geographical Analysis 2, 30-42.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

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
from siting.reach import least_to_reach
from siting.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]


def solve_p_median(
    distance: Floats,
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
    """Choose at most p new stations so that the weighted distance to the nearest one is least.

    Parameters
    ----------
    distance
        (n_customers, n_sites) float64; infinite where there is no way.
    weight
        (n_customers,) float64, not negative; customers without weight count for nothing.
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

    Raises
    ------
    InputError
        Negative or undefined distances, weights or limits, unknown sites.
    InfeasibleError
        More sites locked than p, a site both locked and forbidden, customers that cannot all reach a
        station.
    """
    watch = Watch(gap=gap, time_limit_s=time_limit_s, on_progress=on_progress, should_stop=should_stop)
    distance, weight = np.asarray(distance, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    faults = check_matrix("distance", distance)
    if not faults:
        faults = check_amounts("weight", weight, len(distance))
    raise_faults(faults, gap=gap, time_limit_s=time_limit_s)
    fates = settled_sites(distance.shape[1], existing=existing, locked=locked, forbidden=forbidden, most=p)
    customers = np.flatnonzero(weight > 0.0).astype(np.int64)
    usable = np.union1d(fates.standing, fates.free).astype(np.int64)
    check_reach(distance, usable, customers)
    most = p - len(fates.locked)
    start = least_to_reach(distance[customers], fates, most=most, watch=watch)
    problem = plants(
        distance[customers] * weight[customers, None],
        opening=np.zeros(distance.shape[1]),
        standing_sites=fates.standing,
        free_sites=fates.free,
        most=most,
    )
    chosen = PlantSearch(problem, watch, start=start).run()
    certificate = watch.certificate(SOLVER)
    if chosen is None:
        return fates.no_solution(certificate)
    stations = np.union1d(fates.standing, chosen).astype(np.int64)
    return fates.solution(chosen, assigned=nearest(distance, stations, customers), certificate=certificate)
