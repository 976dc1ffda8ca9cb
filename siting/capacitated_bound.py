"""Lagrangian bound of capacitated facility location.

With a price l_i for "customer i is served once", each facility earns by itself, as a continuous knapsack, and
what is left is to open facilities of enough capacity:

    v_j(l) = max { sum_i (l_i - c_ij) x_ij : sum_i q_i x_ij <= k_j, 0 <= x_ij <= 1 }
    L(l) = sum_i l_i + min { sum_j (f_j - v_j(l)) y_j : sum_j k_j y_j >= sum_i q_i, 0 <= y_j <= 1 }

No plan costs less than L(l), which at its best is as tight as the strong formulation. With the price m of
capacity, ``|f_j - v_j - m k_j|`` is what deciding facility j the other way adds: it settles facilities.

References
----------
Cornuejols, G., Sridharan, R., Thizy, J. M. (1991). A comparison of heuristics and relaxations for the
capacitated plant location problem. European Journal of Operational Research 50, 280-297.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

#: Steps without a better bound until the step is halved; smallest step; most steps.
_PATIENCE, _SMALLEST_STEP, _STEPS = 12, 4e-3, 600
#: A plan is made of the facilities of the bound every so many steps.
_EVERY = 10
#: Weight of the newest y in the estimate.
_NEWEST = 0.1
#: The step aims at this multiple of the best plan.
_AIM = 1.02


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitatedBound:
    """The bound at some prices.

    Parameters
    ----------
    value
        No plan costs less.
    open_share
        (n_sites,) float64, y.
    regret
        (n_sites,) float64, what deciding the facility the other way adds; 0 for those standing.
    use
        (n_customers,) float64, how often each customer is served.
    """

    value: float
    open_share: Floats
    regret: Floats
    use: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitatedSites:
    """The facilities that may be open.

    Parameters
    ----------
    cost
        (n_customers, n_sites) float64, infinite where a facility cannot serve.
    opening, capacity
        (n_sites,) float64; capacity at most what is demanded.
    demand
        (n_customers,) float64.
    standing
        (n_sites,) bool, open in any case.
    """

    cost: Floats
    opening: Floats
    capacity: Floats
    demand: Floats
    standing: Bools

    def bound(self, price: Floats) -> CapacitatedBound:
        """Return the bound at prices."""
        served = self._served(price)
        gain = np.maximum(price[:, None] - self.cost, 0.0)
        reduced = self.opening - (gain * served).sum(axis=0)
        missing = float(self.demand.sum() - self.capacity[self.standing].sum())
        share, price_of_capacity = self._cheapest_capacity(reduced, missing)
        net = reduced - price_of_capacity * self.capacity
        free = ~self.standing
        value = float(price.sum() + reduced[self.standing].sum() + np.minimum(net[free], 0.0).sum())
        return CapacitatedBound(
            value=value + price_of_capacity * missing,
            open_share=share,
            regret=np.where(free, np.abs(net), 0.0),
            use=served @ share,
        )

    def _served(self, price: Floats) -> Floats:
        """Return what each facility would serve by itself: the best gain per demand first."""
        gain = np.maximum(price[:, None] - self.cost, 0.0)
        asked = np.where(gain > 0.0, self.demand[:, None], 0.0)
        rate = np.divide(gain, asked, out=np.full(gain.shape, np.inf), where=asked > 0.0)
        rate[gain <= 0.0] = -1.0
        order = np.argsort(-rate, axis=0, kind="stable")
        asked = np.take_along_axis(asked, order, axis=0)
        before = np.cumsum(asked, axis=0) - asked
        room = self.capacity - before
        part = np.divide(room, asked, out=np.ones(asked.shape), where=asked > 0.0)
        served = np.empty(gain.shape)
        np.put_along_axis(served, order, np.clip(part, 0.0, 1.0), axis=0)
        return np.where(gain > 0.0, served, 0.0)

    def _cheapest_capacity(self, reduced: Floats, missing: float) -> tuple[Floats, float]:
        """Open what pays, then the cheapest capacity until there is enough; return y and its price."""
        share = (self.standing | (reduced < 0.0)).astype(np.float64)
        missing -= float(self.capacity[(share > 0.0) & ~self.standing].sum())
        price = 0.0
        rate = reduced / np.maximum(self.capacity, 1e-300)
        waiting = np.flatnonzero((share == 0.0) & (self.capacity > 0.0))
        for site in waiting[np.argsort(rate[waiting], kind="stable")].tolist():
            if missing <= 0.0:
                break
            share[site] = min(1.0, missing / self.capacity[site])
            missing -= self.capacity[site]
            price = float(rate[site])
        return share, price


def ascend(
    sites: CapacitatedSites,
    *,
    upper: Callable[[], float],
    plan: Callable[[Bools], None],
    report: Callable[[float], None],
    should_stop: Callable[[], bool],
) -> CapacitatedBound:
    """Raise the bound by subgradient steps.

    Parameters
    ----------
    sites
        The problem.
    upper
        Returns the cost of the best plan.
    plan
        Takes facilities worth a try, (n_sites,) bool.
    report
        Takes better bounds.
    should_stop
        Asked at every step.
    """
    cost = np.where(np.isfinite(sites.cost), sites.cost, -np.inf)
    second = np.sort(np.where(np.isfinite(sites.cost), sites.cost, np.inf), axis=1)[
        :, min(1, cost.shape[1] - 1)
    ]
    price = np.where(np.isfinite(second), second, cost.max(axis=1))
    best, best_price = sites.bound(price), price
    current, scale, waited = best, 1.0, 0
    estimate = current.open_share.copy()
    tried: set[bytes] = set()
    for step in range(_STEPS):
        slope = 1.0 - current.use
        norm = float(slope @ slope)
        if norm == 0.0 or scale < _SMALLEST_STEP or should_stop() or best.value >= upper():
            break
        if step % _EVERY == 0:
            report(best.value)
            for share in (estimate, current.open_share):
                chosen = _enough(sites, share)
                if chosen.tobytes() not in tried:
                    tried.add(chosen.tobytes())
                    plan(chosen)
        target = max(_AIM * upper() - current.value, 1e-6 * abs(upper()))
        price = np.maximum(price + scale * target / norm * slope, 0.0)
        current = sites.bound(price)
        estimate += _NEWEST * (current.open_share - estimate)
        waited += 1
        if current.value > best.value:
            waited = 0 if current.value > best.value * (1.0 + 1e-5) else waited
            best, best_price = current, price
        if waited >= _PATIENCE:
            scale, waited, price, current = scale / 2.0, 0, best_price, best
    report(best.value)
    return best


def _enough(sites: CapacitatedSites, share: Floats) -> Bools:
    """Open the facilities with the largest shares, and those at least half open, until capacity suffices."""
    chosen = sites.standing.copy()
    capacity = float(sites.capacity[chosen].sum())
    for site in np.argsort(-share, kind="stable").tolist():
        if chosen[site]:
            continue
        if capacity >= float(sites.demand.sum()) and not math.ceil(share[site] - 0.5):
            break
        chosen[site] = True
        capacity += float(sites.capacity[site])
    return chosen
