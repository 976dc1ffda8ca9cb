"""Simple plant location: open sites and serve each customer from the cheapest one, all at the least cost.

Formulation
-----------
Sets
    i in I      customers
    j in J      sites that may be opened
Parameters
    c_ij        cost of serving customer i from site j; `far` where it cannot be
    b_i         cost of serving i from the sites that stand anyhow; `far` where they cannot
    f_j         cost of opening site j
    N           most sites to open
Variables
    y_j in {0, 1}   1 if site j is opened
    theta_i         cost of serving customer i
Minimize
    sum_j f_j y_j + sum_i theta_i
subject to
    theta_i >= l - sum_j max(0, l - c_ij) y_j      for i in I and every l <= b_i
    sum_j y_j <= N

The rows with l among the c_ij and b_i suffice: they are the radius formulation (Cornuejols, Nemhauser &
Wolsey 1980) with its radius variables projected out, the Benders cuts of Duran-Mateluna, Ales & Elloumi
(2023). With f = 0 this is the p-median problem, with N = |J| uncapacitated facility location.

Lagrangian bound
----------------
For any prices l_i <= b_i, relaxing "every customer is served once" bounds the cost from below:

    L(l) = sum_i l_i + min { sum_{j in S} r_j : |S| <= N },   r_j = f_j - sum_i max(0, l_i - c_ij)

r_j are the reduced costs that settle sites: opening j although it is not in the best S, or not opening it
although it is, adds to L.

References
----------
Cornuejols, G., Nemhauser, G. L., Wolsey, L. A. (1980). A canonical representation of simple plant location
problems and its applications. SIAM Journal on Algebraic and Discrete Methods 1, 261-272.
Duran-Mateluna, C., Ales, Z., Elloumi, S. (2023). An efficient Benders decomposition for the p-median
problem. European Journal of Operational Research 308, 84-96.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

#: Cells of a cost matrix worked on at once.
_BLOCK = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plants:
    """What is left to decide.

    Parameters
    ----------
    cost
        (n_customers, n_sites) float64, c.
    standing
        (n_customers,) float64, b.
    opening
        (n_sites,) float64, f.
    most
        N.
    constant
        Cost settled already.
    far
        Stands for "cannot be served": more than any plan costs that serves everyone.
    must_open
        Whether a plan without a site cannot be (nothing stands yet).
    site
        (n_sites,) int64, number of each site in the whole problem.
    opened
        (n,) int64, numbers of the sites settled to be opened.
    whole
        Whether the cost of every plan is a whole number.
    """

    cost: Floats
    standing: Floats
    opening: Floats
    most: int
    constant: float
    far: float
    must_open: bool
    site: Indices
    opened: Indices
    whole: bool

    @property
    def n_sites(self) -> int:
        """Number of sites to decide on."""
        return len(self.opening)

    def value(self, chosen: Bools) -> float:
        """Return the cost of opening these sites; `far` or more when someone is not served."""
        served = self.standing
        if chosen.any():
            served = np.minimum(served, self.cost[:, chosen].min(axis=1))
        return self.constant + float(self.opening[chosen].sum()) + float(served.sum())

    def settled(self, *, opened: Bools, closed: Bools) -> Plants:
        """Return what is left when some sites are opened and others closed for good."""
        free = ~(opened | closed)
        standing = self.standing
        if opened.any():
            standing = np.minimum(standing, self.cost[:, opened].min(axis=1))
        return Plants(
            cost=np.ascontiguousarray(self.cost[:, free]),
            standing=standing,
            opening=self.opening[free],
            most=min(self.most - int(opened.sum()), int(free.sum())),
            constant=self.constant + float(self.opening[opened].sum()),
            far=self.far,
            must_open=self.must_open and not opened.any(),
            site=self.site[free],
            opened=np.concatenate([self.opened, self.site[opened]]),
            whole=self.whole,
        )


def plants(
    cost: Floats,
    *,
    opening: Floats,
    standing_sites: Indices,
    free_sites: Indices,
    most: int | None,
    constant: float = 0.0,
) -> Plants:
    """Return the problem over free sites, given costs over all.

    Parameters
    ----------
    cost
        (n_customers, n_all_sites) float64, infinite where a site cannot serve.
    opening
        (n_all_sites,) float64; that of standing sites is not counted.
    standing_sites, free_sites
        Site indices.
    most
        Most free sites to open; None for any number.
    constant
        Cost spent anyhow.
    """
    largest = np.where(np.isfinite(cost), cost, 0.0).max(axis=1, initial=0.0)
    far = 1.0 + 2.0 * (constant + float(largest.sum()) + float(opening[free_sites].sum()))
    standing = cost[:, standing_sites].min(axis=1, initial=np.inf)
    part = cost[:, free_sites]
    whole = all(
        bool(np.all(values[np.isfinite(values)] % 1.0 == 0.0))
        for values in (part, standing, opening[free_sites], np.array([constant]))
    )
    return Plants(
        cost=np.minimum(part, far),
        standing=np.minimum(standing, far),
        opening=opening[free_sites],
        most=len(free_sites) if most is None else min(most, len(free_sites)),
        constant=constant,
        far=far,
        must_open=not standing_sites.size and bool(len(cost)),
        site=free_sites,
        opened=np.empty(0, dtype=np.int64),
        whole=whole,
    )


def savings(cost: Floats, price: Floats) -> Floats:
    """Return ``sum_i max(0, price_i - cost_ij)`` of each site, in blocks that stay in the cache."""
    n_customers, n_sites = cost.shape
    total = np.zeros(n_sites)
    rows = max(1, _BLOCK // max(1, n_sites))
    block = np.empty((min(rows, n_customers), n_sites))
    for start in range(0, n_customers, rows):
        part = block[: min(rows, n_customers - start)]
        np.subtract(price[start : start + rows, None], cost[start : start + rows], out=part)
        np.maximum(part, 0.0, out=part)
        total += part.sum(axis=0)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The Lagrangian bound at some prices.

    Parameters
    ----------
    value
        No plan costs less.
    chosen
        (n_sites,) bool, the best S.
    regret
        (n_sites,) float64, what L gains when the site is decided the other way than in S.
    use
        (n_customers,) float64, how often S serves each customer: 1 less it is a supergradient of L.
    """

    value: float
    chosen: Bools
    regret: Floats
    use: Floats


def lagrangian(problem: Plants, price: Floats) -> Bound:
    """Return the Lagrangian bound at prices, which are cut at what the standing sites charge."""
    price = np.minimum(price, problem.standing)
    reduced = problem.opening - savings(problem.cost, price)
    n, most = problem.n_sites, problem.most
    order = np.argsort(reduced, kind="stable")
    n_chosen = min(most, int(np.count_nonzero(reduced < 0.0)))
    forced = n_chosen == 0 and problem.must_open and n > 0
    n_chosen = 1 if forced else n_chosen
    chosen = np.zeros(n, dtype=bool)
    chosen[order[:n_chosen]] = True
    entering = reduced[order[n_chosen]] if n_chosen < n else np.inf
    leaving = reduced[order[n_chosen - 1]] if n_chosen and (forced or n_chosen == most) else 0.0
    if most == 0:
        leaving = -np.inf  # nothing can be opened
    refill = entering if forced else min(0.0, entering)
    regret = np.where(chosen, refill - reduced, reduced - leaving)
    standing_use = (price >= problem.standing) & (problem.standing < problem.far)
    return Bound(
        value=problem.constant + float(price.sum()) + float(reduced[chosen].sum()),
        chosen=chosen,
        regret=np.maximum(regret, 0.0),
        use=np.count_nonzero(problem.cost[:, chosen] < price[:, None], axis=1) + standing_use,
    )
