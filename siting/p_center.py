"""p-center: p stations with the farthest customer as near as can be.

Formulation
-----------
Sets
    i in I      customers
    j in J      sites
Parameters
    d_ij        distance from customer i to site j
    p           most new stations
Variables
    y_j in {0, 1}   1 if a station stands at site j
    x_ij in {0, 1}  1 if customer i goes to site j
    z               largest distance
Minimize
    z
subject to
    sum_j x_ij = 1              for i in I
    x_ij <= y_j                 for i in I, j in J
    sum_j d_ij x_ij <= z        for i in I
    sum_{j new} y_j <= p
    y_j = 1                     existing and locked sites
    y_j = 0                     forbidden sites

z is one of the distances, and everyone is within r of a station iff the cheapest cover by radius r takes at
most p new ones. So the distances are searched by halving, each time for a cover (Minieka 1970; Elloumi, Labbe
& Pochet 2004). A radius proven too small is a bound, one with a cover a plan, whose largest distance may be
smaller still.

References
----------
Minieka, E. (1970). The m-center problem. SIAM Review 12, 138-139.
Elloumi, S., Labbe, M., Pochet, Y. (2004). A new formulation and resolution method for the p-center problem.
INFORMS Journal on Computing 16, 84-94.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siting.covering import cheapest_cover, rows_of
from siting.location import (
    LocationSolution,
    SiteFates,
    check_matrix,
    check_reach,
    nearest,
    raise_faults,
    settled_sites,
)
from siting.reach import least_to_reach
from siting.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

SOLVER = "halving over covers, SCIP (OR-Tools)"


def solve_p_center(
    distance: Floats,
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
    """Choose at most p new stations so that the largest distance to the nearest one is least.

    Parameters
    ----------
    distance
        (n_customers, n_sites) float64; infinite where there is no way.
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
        Negative or undefined distances or limits, unknown sites.
    InfeasibleError
        More sites locked than p, a site both locked and forbidden, customers that cannot all reach a
        station.
    """
    watch = Watch(gap=gap, time_limit_s=time_limit_s, on_progress=on_progress, should_stop=should_stop)
    distance = np.asarray(distance, dtype=np.float64)
    raise_faults(check_matrix("distance", distance), gap=gap, time_limit_s=time_limit_s)
    n_customers, n_sites = distance.shape
    fates = settled_sites(n_sites, existing=existing, locked=locked, forbidden=forbidden, most=p)
    customers = np.arange(n_customers, dtype=np.int64)
    check_reach(distance, np.union1d(fates.standing, fates.free).astype(np.int64), customers)
    most = p - len(fates.locked)
    chosen = _search(distance, fates, most=most, watch=watch)
    certificate = watch.certificate(SOLVER)
    if chosen is None:
        return fates.no_solution(certificate)
    stations = np.union1d(fates.standing, chosen).astype(np.int64)
    return fates.solution(chosen, assigned=nearest(distance, stations, customers), certificate=certificate)


def _search(distance: Floats, fates: SiteFates, *, most: int, watch: Watch) -> Indices | None:
    """Return the free sites chosen, None when time ran out before there was a plan."""
    if not distance.size:
        watch.offer(0.0)
        return np.empty(0, dtype=np.int64)
    standing = distance[:, fates.standing].min(axis=1, initial=np.inf)
    free = distance[:, fates.free]
    best = least_to_reach(distance, fates, most=most, watch=watch)
    if best is not None:
        watch.offer(_largest(free, standing, np.searchsorted(fates.free, best)))
    radii = np.unique(np.concatenate([free.ravel(), standing]))
    radii = radii[np.isfinite(radii)]
    nearest_of_all = np.minimum(standing, free.min(axis=1, initial=np.inf))
    low = int(np.searchsorted(radii, nearest_of_all.max()))  # all radii before are too small
    watch.raise_bound_to(float(radii[low]))
    while not watch.done():
        high = int(np.searchsorted(radii, watch.value)) if np.isfinite(watch.value) else len(radii)
        middle = (low + high) // 2
        if low >= high:
            watch.raise_bound_to(watch.value)
            break
        waiting = standing > radii[middle]
        found = cheapest_cover(
            rows_of(free[waiting] <= radii[middle]),
            np.ones(len(fates.free)),
            watch=watch.quiet(),
            at_most=float(most),
        )
        if found.cost <= most:
            best = fates.free[found.chosen]
            watch.offer(_largest(free, standing, found.chosen))
        elif found.bound > most:
            low = middle + 1
            watch.raise_bound_to(float(radii[low]) if low < len(radii) else watch.value)
        else:
            break  # time is up
    return best


def _largest(free: Floats, standing: Floats, chosen: Indices) -> float:
    """Return the distance of the customer farthest from a station."""
    return float(np.minimum(standing, free[:, chosen].min(axis=1, initial=np.inf)).max())
