"""Points of a frontier: plans and bounds found at any budget, and what they say about every other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from siting.certificate import OPTIMALITY_TOLERANCE, Certificate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Amounts that differ by no more than this share are equal.
LAST_DIGITS = 1e-9

#: How a plan was found: by a search at a budget, by the number of stations, or nothing is built.
FoundBy = Literal["budget", "number", "nothing"]
#: The same as seen from a budget: by the search at it, or at another one.
Origin = Literal["own", "budget", "number", "nothing"]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Built:
    """New stations and what they serve.

    Parameters
    ----------
    module
        (n_sites,) int64, size of each new station, -1 for none: the smallest that carries its load.
    load_kg_per_day
        (n_sites,) float64.
    value
        Served, in the unit of the objective, per day.
    capex_wan_cny
        Of all new stations.
    found_by
        ``budget``, ``number`` or ``nothing``.
    found_at
        The budget or number.
    """

    module: Indices
    load_kg_per_day: Floats
    value: float
    capex_wan_cny: float
    found_by: FoundBy
    found_at: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Point:
    """What a budget serves.

    Parameters
    ----------
    budget_wan_cny
        0: no new station.
    built
        The best plan found that keeps to it.
    own
        Certificate of the search at this budget alone.
    certificate
        With what is known from the other budgets; ``seconds`` are those of the search.
    is_dominated
        Whether a smaller budget serves as much.
    """

    budget_wan_cny: float
    built: Built
    own: Certificate
    certificate: Certificate
    is_dominated: bool

    @property
    def origin(self) -> Origin:
        """How its plan was found."""
        is_own = self.built.found_by == "budget" and self.built.found_at == self.budget_wan_cny
        return "own" if is_own else self.built.found_by


def points_of(
    budgets_wan_cny: Sequence[float], own: Sequence[Certificate], found: Sequence[Built]
) -> tuple[Point, ...]:
    """Return the points of budgets, each with what is known from all.

    Parameters
    ----------
    budgets_wan_cny
        Ascending.
    own
        Certificate of the search at each.
    found
        Plans found anywhere; at least one keeps to the smallest budget.
    """
    best = [best_within(found, budget) for budget in budgets_wan_cny]
    value = np.array([built.value for built in best])
    bound = tightened(np.array([proof.bound for proof in own], dtype=np.float64), value)
    points: list[Point] = []
    for number, (budget, proof) in enumerate(zip(budgets_wan_cny, own, strict=True)):
        is_known = bool(np.isfinite(bound[number]))
        is_proven = is_known and bound[number] - value[number] <= OPTIMALITY_TOLERANCE * abs(bound[number])
        before = points[-1].built.value if points else -np.inf
        points.append(
            Point(
                budget_wan_cny=budget,
                built=best[number],
                own=proof,
                certificate=replace(
                    proof,
                    status="optimal" if is_proven else "feasible",
                    incumbent=float(value[number]),
                    bound=float(bound[number]) if is_known else None,
                ),
                is_dominated=bool(value[number] <= before * (1.0 + LAST_DIGITS)),
            )
        )
    return tuple(points)


def within(found: Sequence[Built], budget_wan_cny: float) -> list[Built]:
    """Return the plans that keep to a budget."""
    most = budget_wan_cny * (1.0 + LAST_DIGITS)
    return [built for built in found if built.capex_wan_cny <= most]


def best_within(found: Sequence[Built], budget_wan_cny: float) -> Built:
    """Return the plan that serves the most within a budget, of equal ones the cheapest."""
    candidates = within(found, budget_wan_cny)
    most = max(built.value for built in candidates) * (1.0 - LAST_DIGITS)
    return min((built for built in candidates if built.value >= most), key=lambda built: built.capex_wan_cny)


def tightened(bound: Floats, value: Floats) -> Floats:
    """Return what no plan within each budget can beat, from the bounds of all.

    Parameters
    ----------
    bound
        (n_budgets,) float64, proven at each budget, ascending; NaN where nothing is.
    value
        (n_budgets,) float64, of the best plan that keeps to each: no bound is below it but by last digits.
    """
    known = np.where(np.isnan(bound), np.inf, bound)
    least: Floats = np.maximum(np.minimum.accumulate(known[::-1])[::-1], value)
    return least


def efficient(found: Sequence[Built]) -> tuple[Built, ...]:
    """Return the plans that serve more than every cheaper one, the cheapest first."""
    kept: list[Built] = []
    for built in sorted(found, key=lambda each: (each.capex_wan_cny, -each.value)):
        if not kept or built.value > kept[-1].value * (1.0 + LAST_DIGITS):
            kept.append(built)
    return tuple(kept)
