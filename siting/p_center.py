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
most p new ones. So the distances are searched by halving, each time for a cover (Minieka 1970): first
for plans with greedy covers, then for a bound with the linear relaxation of the cover, last for the optimum
(Elloumi, Labbe & Pochet 2004). A radius proven too small is a bound, one with a cover a plan, whose largest
distance may be smaller still.

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

#: Rounds of moving stations to the centers of their customers, at most.
_RECENTERINGS = 30


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
    if not n_customers:
        watch.offer(0.0)
        nobody = nearest(distance, fates.standing, customers)
        nowhere = np.empty(0, dtype=np.int64)
        return fates.solution(nowhere, assigned=nobody, certificate=watch.certificate(SOLVER))
    start = least_to_reach(distance, fates, most=most, watch=watch)
    search = _Search(distance, fates, most=most, watch=watch)
    if start is not None:
        search.offer(np.searchsorted(fates.free, start))
    search.plan()
    search.prove(relaxed=True)
    search.prove(relaxed=False)
    certificate = watch.certificate(SOLVER)
    if search.best is None:
        return fates.no_solution(certificate)
    chosen = fates.free[search.best]
    stations = np.union1d(fates.standing, chosen).astype(np.int64)
    return fates.solution(chosen, assigned=nearest(distance, stations, customers), certificate=certificate)


class _Search:
    """Halving over the distances: which are too small, and the best plan so far.

    Parameters
    ----------
    distance
        (n_customers, n_sites) float64.
    fates
        Which sites are free.
    most
        Most free sites.
    watch
        Keeps incumbent and bound.
    """

    def __init__(self, distance: Floats, fates: SiteFates, *, most: int, watch: Watch) -> None:
        self.standing = distance[:, fates.standing].min(axis=1, initial=np.inf)
        self.free = distance[:, fates.free]
        self.most = most
        self.watch = watch
        self.best: Indices | None = None
        radii = np.unique(np.concatenate([self.free.ravel(), self.standing]))
        self.radii = radii[np.isfinite(radii)]
        nearest_of_all = np.minimum(self.standing, self.free.min(axis=1, initial=np.inf))
        #: All radii before this one are too small.
        self.low = int(np.searchsorted(self.radii, nearest_of_all.max()))
        watch.raise_bound_to(float(self.radii[self.low]))

    def offer(self, chosen: Indices) -> None:
        """Take a plan: columns of the free sites."""
        if self.watch.offer(float(_nearest(self.free, self.standing, chosen).max())):
            self.best = chosen

    def _recenter(self, chosen: Indices) -> None:
        """Move each station to the center of those nearest to it, again and again, while that helps."""
        for _ in range(_RECENTERINGS):
            if not len(chosen) or self.watch.stopped():
                return
            to_free = self.free[:, chosen]
            owner = np.where(to_free.min(axis=1) < self.standing, to_free.argmin(axis=1), -1)
            centers = [
                int(self.free[owner == k].max(axis=0).argmin()) if (owner == k).any() else int(site)
                for k, site in enumerate(chosen)
            ]
            before, chosen = self.watch.value, np.unique(np.array(centers, dtype=np.int64))
            self.offer(chosen)
            if not self.watch.value < before:
                return

    def plan(self) -> None:
        """Find a plan by greedy covers: the smallest radius at which they are few enough."""
        low, high = self.low, self._high()
        while low < high and not self.watch.stopped():
            middle = (low + high) // 2
            chosen = self._greedy(float(self.radii[middle]))
            if chosen is None:
                low = middle + 1
            else:
                self.offer(chosen)
                self._recenter(chosen)
                high = min(middle, self._high())

    def _high(self) -> int:
        """Return the number of the best plan's radius."""
        if not np.isfinite(self.watch.value):
            return len(self.radii)
        return int(np.searchsorted(self.radii, self.watch.value))

    def _greedy(self, radius: float) -> Indices | None:
        """Return a cover by the radius with few enough sites, None if greed finds none."""
        covers = (self.free[self.standing > radius] <= radius).astype(np.float32)
        waiting = np.ones(len(covers), dtype=np.float32)
        chosen: list[int] = []
        while waiting.any() and len(chosen) < self.most and covers.shape[1]:
            chosen.append(int(np.argmax(waiting @ covers)))
            waiting[covers[:, chosen[-1]] > 0.0] = 0.0
        return None if waiting.any() else np.unique(np.array(chosen, dtype=np.int64))

    def prove(self, *, relaxed: bool) -> None:
        """Halve between the bound and the best plan, or what the linear relaxation cannot tell from it."""
        high = self._high()
        while self.low < high and not self.watch.done():
            middle = (self.low + high) // 2
            radius = float(self.radii[middle])
            found = cheapest_cover(
                rows_of(self.free[self.standing > radius] <= radius),
                np.ones(self.free.shape[1]),
                watch=self.watch.quiet(),
                at_most=float(self.most),
                relaxed=relaxed,
            )
            if found.cost <= self.most:
                self.offer(found.chosen)
                self._recenter(found.chosen)
                high = min(middle, self._high())
            elif found.bound > self.most:
                self.low = middle + 1
                at_end = self.low == len(self.radii)
                self.watch.raise_bound_to(self.watch.value if at_end else float(self.radii[self.low]))
            elif relaxed:
                high = middle
            else:
                return  # time is up
        if self.low >= self._high():
            self.watch.raise_bound_to(self.watch.value)


def _nearest(free: Floats, standing: Floats, chosen: Indices) -> Floats:
    """Return the distance of each customer to the nearest station."""
    nearest_free: Floats = free[:, chosen].min(axis=1, initial=np.inf)
    return np.minimum(standing, nearest_free)
