"""Doubly constrained gravity model of round trips on unordered pairs of zones.

Sets and parameters: zones i in N with trip ends P_i (round trips per day that start or turn there); pairs
{i, j} with generalized cost c_ij (CNY: time, distance, tolls), a weight w_ij, exponent g. The model looks
for round trips R_ij with

    R_ij = x_i x_j f_ij,   f_ij = w_ij c_ij^-g  (0 for pairs below the shortest trip),   sum_j R_ij = P_i.

c_ij is the cost of the pair's cheapest route, the composite cost of a choice without error. The mean over the
routes by their shares would not do: it falls when a dearer route is closed. The log-sum [3]_ of the split
(:mod:`corridor.alternatives`, up to 3 routes, theta = 12) differs from c_ij by less than ln(3) / 12 = 9 %.

One factor x per zone suffices because trips are symmetric. It is the limit of iterative proportional fitting
[1]_, reached here by Newton's method on u = log x [2]_: (diag(R 1) + R) du = P - R 1, du held to one.

References
----------
.. [1] Deming, W. E., & Stephan, F. F. (1940). On a least squares adjustment of a sampled frequency table.
   Annals of Mathematical Statistics 11, 427-444. https://doi.org/10.1214/aoms/1177731829
.. [2] Knight, P. A., & Ruiz, D. (2013). A fast algorithm for matrix balancing. IMA Journal of Numerical
   Analysis 33, 1029-1047. https://doi.org/10.1093/imanum/drs019
.. [3] Williams, H. C. W. L. (1977). On the formation of travel demand models and economic evaluation measures
   of user benefit. Environment and Planning A 9, 285-344. https://doi.org/10.1068/a090285
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import InfeasibleError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from corridor.routes import Routes

#: Largest relative miss of a zone's trip ends that counts as met.
TOLERANCE = 1e-10

#: Fitting takes some ten rounds; a table that needs more than these has no answer.
ROUNDS = 100

#: Keeps the Newton step defined where the trips form a star or another two-sided table.
_RIDGE = 1e-9

#: Relative residual of a Newton step; the next step mends what is left.
_STEP_TOLERANCE = 1e-6

#: Rounds of conjugate gradients per zone after which a step is taken as it is: n would do without rounding.
_STEP_ROUNDS = 10

#: Zones named in a message.
_NAMED = 5


def deterrence(
    routes: Routes,
    gateway: NDArray[np.bool_],
    *,
    exponent: float,
    shortest_km: float,
    outside_km: float,
    through_factor: float,
) -> NDArray[np.float64]:
    """Return f of each pair: how readily a trip is made, up to a common factor.

    The cost of a pair is that of its cheapest route. The way beyond a gateway costs per km what the pair's
    own way does. Whether a trip counts depends on its length: the mean over the routes by their shares.

    Parameters
    ----------
    routes
        Routes of each pair.
    gateway
        (n_zones,) bool, rows of ``routes.zone_ids`` that are gateways.
    exponent
        g, falls with cost.
    shortest_km
        Pairs nearer than this make no trips.
    outside_km
        Distance added per gateway end, for the way beyond it.
    through_factor
        Weight of pairs of two gateways.

    Returns
    -------
    numpy.ndarray
        (n_pairs,) float64, in the order of ``routes.first``.
    """
    first = routes.first
    origin, destination = routes.origin[first], routes.destination[first]
    counted = np.flatnonzero(routes.pair_mean(routes.length_km) >= shortest_km)
    cheapest = first[counted]
    ends_outside = (gateway[origin].astype(np.float64) + gateway[destination])[counted]
    cost = routes.cost_cny[cheapest] * (1.0 + outside_km * ends_outside / routes.length_km[cheapest])
    through = (gateway[origin] & gateway[destination])[counted]
    pattern = np.zeros(len(first), dtype=np.float64)
    if len(counted):  # over the mean, so that large exponents keep numbers of a common size
        pattern[counted] = np.where(through, through_factor, 1.0) * (cost / cost.mean()) ** -exponent
    return pattern


def balanced_trips(
    routes: Routes, pattern: NDArray[np.float64], ends: NDArray[np.float64], *, what: str
) -> NDArray[np.float64]:
    """Return the round trips of each route, split by its share, that meet every zone's trip ends.

    Parameters
    ----------
    routes
        Routes of each pair.
    pattern
        (n_pairs,) float64, f of each pair.
    ends
        (n_zones,) float64, trip ends per day of each row of ``routes.zone_ids``.
    what
        What is being fitted, for messages.

    Returns
    -------
    numpy.ndarray
        (n_routes,) float64, round trips per day.

    Raises
    ------
    corridor.errors.InfeasibleError
        If a zone with trip ends has no partner, or more trip ends than its partners can take.
    """
    n_zones = len(routes.zone_ids)
    table = np.zeros((n_zones, n_zones), dtype=np.float64)
    origin, destination = routes.origin[routes.first], routes.destination[routes.first]
    table[origin, destination] = pattern
    table[destination, origin] = pattern
    factor = symmetric_factors(table, ends, labels=[str(zone) for zone in routes.zone_ids], what=what)
    trips = factor[origin] * factor[destination] * pattern
    return np.asarray(trips[routes.pair] * routes.share, dtype=np.float64)


def symmetric_factors(
    table: NDArray[np.float64], ends: NDArray[np.float64], *, labels: Sequence[str], what: str = "trips"
) -> NDArray[np.float64]:
    """Return x with sum_j x_i x_j table_ij = ends_i.

    Parameters
    ----------
    table
        (n, n) float64, symmetric and non-negative.
    ends
        (n,) float64, non-negative.
    labels
        (n,) names of the rows, for messages.
    what
        What is being fitted, for messages.

    Returns
    -------
    numpy.ndarray
        (n,) float64; zero where ``ends`` is zero.

    Raises
    ------
    corridor.errors.InfeasibleError
        If no such factors exist.
    """
    active = ends > 0
    factor = active.astype(np.float64)
    stranded = active & (table @ factor <= 0)
    if stranded.any():
        names = ", ".join(labels[row] for row in np.flatnonzero(stranded)[:_NAMED])
        raise InfeasibleError(
            f"{what}: no zone lies beyond the shortest trip from {names}. Lower the shortest trip"
        )
    partners = (table > 0) @ ends
    if (ends > partners).any():
        row = int(np.argmax(ends - partners))
        raise InfeasibleError(
            f"{what}: {labels[row]} has {ends[row]:.4g} trip ends a day, all zones it reaches beyond the "
            f"shortest trip only {partners[row]:.4g}. Lower the shortest trip or divide the zone"
        )
    rows = np.flatnonzero(active)
    part, wanted = table[np.ix_(rows, rows)], ends[rows]
    fitted = wanted / np.sqrt(wanted @ part @ wanted / wanted.sum()) if rows.size else wanted
    miss = np.zeros_like(fitted)
    for _ in range(ROUNDS):
        trips = fitted[:, None] * part * fitted
        sums = trips.sum(axis=1)
        miss = np.abs(sums / wanted - 1.0)
        if miss.max(initial=0.0) <= TOLERANCE:
            factor[rows] = fitted
            return factor
        step = _newton_step(trips, sums, wanted - sums)
        fitted = fitted * np.exp(step / max(1.0, float(np.abs(step).max())))
    worst = int(np.argmax(miss))
    raise InfeasibleError(
        f"{what}: the trip ends cannot all be met; {labels[rows[worst]]} stays {miss[worst]:.2%} off. "
        "Lower its trips or the shortest trip"
    )


def _newton_step(
    trips: NDArray[np.float64], sums: NDArray[np.float64], missing: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return du of (diag(sums) + trips) du = missing, (n,) float64, by conjugate gradients.

    Scaled by the diagonal. ``einsum`` instead of BLAS: on tables this small, threads cost more than they
    bring, on a busy machine tens of times more; written out, because scipy's operators cost as much again.
    """
    diagonal = (1.0 + _RIDGE) * sums
    step, residual = np.zeros_like(missing), missing
    goal = _STEP_TOLERANCE**2 * float(missing @ missing)
    scaled = residual / sums
    direction, length = scaled, float(residual @ scaled)
    for _ in range(_STEP_ROUNDS * len(missing)):
        if float(residual @ residual) <= goal:
            break
        image = np.einsum("ij,j->i", trips, direction) + diagonal * direction
        along = length / float(direction @ image)
        step, residual = step + along * direction, residual - along * image
        scaled = residual / sums
        before, length = length, float(residual @ scaled)
        direction = scaled + length / before * direction
    return step
