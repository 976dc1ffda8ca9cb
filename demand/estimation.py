"""Origin-destination estimation from link counts: the trips that meet the counts with least new information.

Minimum information after Van Zuylen & Willumsen (1980, Transportation Research Part B 14, 281-293), with the
hard equations for the counts replaced by errors, so that counts that contradict each other have an answer.

Sets         pairs q, counts a
Parameters   G_q >= 0    prior round trips per day, all counted classes together
             p_aq >= 0   vehicles past count a per round trip of q: from the shares of the pair's routes
             v_a >= 0    counted vehicles per day, both directions; s_a = max(v_a, 1)
             w_a > 0     weight of the count,   e  relative error of a count of weight 1
Variables    g_q >= 0    estimated round trips per day
Objective    min  sum_q (g_q ln(g_q / G_q) - g_q + G_q)
                  + sum_a w_a / (2 e^2) ((sum_q p_aq g_q - v_a) / s_a)^2

The first sum is the information the estimate adds to the prior. At the default e = 1e-5 the second rules:
consistent counts are met (to a hundredth of a vehicle or less), and of all trips that meet them those nearest
to the prior are chosen; contradicting ones end in a compromise of the least weighted squared relative errors.

Solution     g_q = G_q exp(sum_a p_aq l_a / s_a): the factor of a pair comes from the counts it passes, so
             a pair that passes none keeps its trips, one without trips stays without, none is negative.
             The multipliers l minimize the strictly convex dual
                 sum_q g_q(l) - sum_a l_a v_a / s_a + e^2 / 2 sum_a l_a^2 / w_a,
             found by Newton's method with backtracking, one variable per count.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.sparse import csr_array, vstack

from corridor.errors import Fault, InputError, SolverError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.routes import Routes

#: Relative error of a count of weight 1: small, so that counts are met.
RELATIVE_ERROR = 1e-5

#: A round trip passes a road twice.
_THERE_AND_BACK = 2.0

_MOST_ITERATIONS = 400
_FEWEST_HALVINGS = 60

#: Stop when Newton's step promises less than this share of the trips at stake, or of the dual: rounding.
_TOLERANCE = 1e-13

#: A pair counts as changed beyond this relative change.
_CHANGED = 1e-6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Estimate:
    """Trips moved to meet counts.

    Parameters
    ----------
    factor
        (n_pairs,) float64, estimated over prior trips; 1 where a pair passes no count.
    prior, estimated
        (n_counts,) float64, vehicles per day past each count before and after.
    information
        Kullback-Leibler divergence of the estimate from the prior, in round trips per day.
    changed_share
        Sum of the absolute changes over the sum of the prior trips.
    changed_pairs
        Pairs whose trips changed.
    iterations
        Newton steps.
    """

    factor: NDArray[np.float64]
    prior: NDArray[np.float64]
    estimated: NDArray[np.float64]
    information: float
    changed_share: float
    changed_pairs: int
    iterations: int


def passages(
    routes: Routes,
    route_arcs: NDArray[np.int64],
    *,
    sections: list[NDArray[np.int64]],
    length_km: NDArray[np.float64],
    section_km: NDArray[np.float64],
) -> csr_array:
    """Return p, the vehicles that pass each counted section per round trip of each pair.

    On a section of several arcs that is the mean over its length, as for the volume of a section.

    Parameters
    ----------
    routes
        Routes of each pair, with the shares of their trips.
    route_arcs
        (routes.offsets[-1],) int64, arc that leads to each entry of the routes; -1 at an origin.
    sections
        Of each count the arcs of its section, of both directions.
    length_km
        (n_arcs,) float64.
    section_km
        (n_counts,) float64, length of each section, one way.

    Returns
    -------
    scipy.sparse.csr_array
        (n_counts, n_pairs) float64.
    """
    sizes = [len(arcs) for arcs in sections]
    arcs = np.concatenate([*sections, np.zeros(0, dtype=np.int64)]).astype(np.int64)
    count = np.repeat(np.arange(len(sections)), sizes)
    km = csr_array((length_km[arcs], (arcs, count)), shape=(len(length_km), len(sections)))
    counted = np.zeros(len(length_km), dtype=bool)
    counted[arcs] = True
    entries = np.flatnonzero(counted[route_arcs] & (route_arcs >= 0))
    route = np.searchsorted(routes.offsets, entries, side="right") - 1
    pair = routes.pair[route]
    weight = _THERE_AND_BACK * routes.share[route]
    driven = csr_array((weight, (pair, route_arcs[entries])), shape=(len(routes.first), len(length_km)))
    per_trip = (driven @ km).T.tocsr()
    scale = csr_array((1.0 / section_km, (np.arange(len(sections)), np.arange(len(sections)))))
    return csr_array(scale @ per_trip) if len(sections) else csr_array((0, len(routes.first)))


def estimated(
    prior: NDArray[np.float64],
    passing: csr_array,
    counts: NDArray[np.float64],
    *,
    weight: NDArray[np.float64] | None = None,
    relative_error: float = RELATIVE_ERROR,
    keep_total: bool = False,
) -> Estimate:
    """Return the trips that meet counts and add the least information to the prior.

    Parameters
    ----------
    prior
        (n_pairs,) float64, G of the formulation, round trips per day.
    passing
        (n_counts, n_pairs), p of the formulation; see :func:`passages`.
    counts
        (n_counts,) float64, vehicles per day, both directions.
    weight
        (n_counts,) float64 above 0, where counts contradict each other; 1 without it.
    relative_error
        Of a count of weight 1, above 0: larger values keep nearer to the prior.
    keep_total
        Whether the sum of all trips is kept, as if it had been counted; else it follows from the counts.

    Raises
    ------
    corridor.errors.InputError
        For figures out of range, and for counts of vehicles where no trip passes.
    corridor.errors.SolverError
        If Newton's method comes to no end.
    """
    weights = np.ones(len(counts)) if weight is None else weight
    _check(prior, passing, counts, weights, relative_error)
    rows, target = passing, counts
    if keep_total:
        rows = csr_array(vstack([passing, csr_array(np.ones((1, len(prior))))]))
        target = np.append(counts, prior.sum())
        weights = np.append(weights, 1.0)
    scale = np.maximum(target, 1.0)
    at_stake = np.flatnonzero((rows.sum(axis=0) > 0) & (prior > 0))
    scaled = rows[:, at_stake].toarray() / scale[:, None]  # dense: a few hundred counts, many pass each
    log_factor, iterations = _newton(
        prior[at_stake], scaled, target / scale, error=relative_error**2 / weights
    )
    factor = np.ones(len(prior))
    factor[at_stake] = np.exp(log_factor)
    trips = prior * factor
    # g ln(g / G) - g + G, without 0 * inf where a factor has sunk to zero
    information = prior[at_stake] @ (np.exp(log_factor) * (log_factor - 1.0) + 1.0)
    total = prior.sum()
    return Estimate(
        factor=factor,
        prior=passing @ prior,
        estimated=passing @ trips,
        information=float(information),
        changed_share=float(np.abs(trips - prior).sum() / total) if total > 0 else 0.0,
        changed_pairs=int(np.count_nonzero(np.abs(factor - 1.0) > _CHANGED)),
        iterations=iterations,
    )


def _newton(
    prior: NDArray[np.float64],
    rows: NDArray[np.float64],
    target: NDArray[np.float64],
    *,
    error: NDArray[np.float64],
) -> tuple[NDArray[np.float64], int]:
    """Minimize the dual; return (n_pairs at stake,) logarithms of the factors and the steps taken."""
    multiplier = np.zeros(len(target))
    exponent = np.zeros(len(prior))
    at_stake = max(1.0, float(prior.sum()))

    def dual(at: NDArray[np.float64], exponent: NDArray[np.float64]) -> float:
        # expm1, not exp: what the dual gains must not drown in the sum of all trips
        with np.errstate(over="ignore"):
            return float(prior @ np.expm1(exponent) - at @ target + 0.5 * at @ (error * at))

    value = 0.0
    for step_number in range(_MOST_ITERATIONS):
        trips = prior * np.exp(exponent)
        slope = rows @ trips - target + error * multiplier
        curvature = (rows * trips) @ rows.T + np.diag(error)
        step = -_solved(curvature, slope)
        gain = float(-slope @ step)
        along = step @ rows
        if gain <= _TOLERANCE * max(
            at_stake, abs(value)
        ):  # so near that a full step squares what is left of the error
            return exponent + along, step_number
        length = 1.0
        for _ in range(_FEWEST_HALVINGS):
            moved = dual(multiplier + length * step, exponent + length * along)
            if moved <= value - 1e-4 * length * gain:
                break
            length /= 2.0
        else:  # no progress above rounding: this is the minimum
            return exponent, step_number
        multiplier, value = multiplier + length * step, moved
        exponent = multiplier @ rows
    raise SolverError(f"the counts were not met after {_MOST_ITERATIONS} steps of Newton's method")


def _solved(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve a positive definite system, whose matrix rounding may have left slightly indefinite."""
    size = 1.0 / np.sqrt(np.diag(matrix))
    scaled = matrix * size[:, None] * size
    for nudge in (0.0, 1e-14, 1e-11, 1e-8):
        with contextlib.suppress(LinAlgError):
            factor = cho_factor(scaled + nudge * np.eye(len(size)))
            return np.asarray(size * cho_solve(factor, size * right), dtype=np.float64)
    raise SolverError("the counts leave Newton's method no step")


def _check(
    prior: NDArray[np.float64],
    passing: csr_array,
    counts: NDArray[np.float64],
    weight: NDArray[np.float64],
    relative_error: float,
) -> None:
    """Refuse figures out of range, all at once."""
    faults = []
    if passing.shape != (len(counts), len(prior)) or len(weight) != len(counts):
        faults.append(
            Fault("the shapes do not agree", "passing, counts, prior, weight", "Give one per count")
        )
        raise InputError(faults)
    for name, values, good in (
        ("prior", prior, prior >= 0),
        ("counts", counts, counts >= 0),
        ("weight", weight, weight > 0),
        ("passing", passing.data, passing.data >= 0),
        ("relative_error", np.array([relative_error]), np.array([relative_error > 0])),
    ):
        if not bool((np.isfinite(values) & good).all()):
            faults.append(Fault("a value is negative, zero or not finite", name, "Correct it"))
    if not faults:
        unused = np.flatnonzero((counts > 0) & ~(passing @ prior > 0))
        faults += [
            Fault("no trip of the prior passes here", f"count {row}", "Leave the count out") for row in unused
        ]
    if faults:
        raise InputError(faults)
