"""Exchange search: swap a station for another, or add one, while that serves more volume within the budget.

The classic interchange heuristic (Teitz & Bart 1968) on cover sets. For a set of open stations, let ``n_q``
be the number of cover sets of class q without an open station. Opening site i serves class q at once iff q
is unserved and all its open-less sets hold i; counting the classes with ``n_q = 1`` makes that one sparse
product:

    gain_i = sum over sets k containing i of the volume of classes whose only open-less set is k

Classes that need two stations more are left to the optimizer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.coverage import CoverSets

    Floats = NDArray[np.float64]

#: Sites for next to nothing are worth their gain over this.
_LEAST_COST = 1e-12


def improve_by_exchange(
    cover: CoverSets,
    volume: Floats,
    chosen: NDArray[np.bool_],
    *,
    cost: Floats,
    budget: float,
    should_stop: Callable[[], bool],
) -> NDArray[np.bool_]:
    """Improve a choice of stations until no addition and no swap serves more.

    Parameters
    ----------
    cover
        Cover sets of the trip classes.
    volume
        (n_classes,) float64.
    chosen
        (n_sites,) bool, the choice to start from, within the budget.
    cost
        (n_sites,) float64, of a station at each site.
    budget
        Most all chosen stations together may cost.
    should_stop
        Asked between steps; the best choice so far is returned when it says so.

    Returns
    -------
    (n_sites,) bool
        A choice within the budget that serves at least as much. Ties go to the lowest site index.
    """
    smallest = 1e-9 * float(volume.sum())

    def filled(choice: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], float]:
        """Add the site that serves most per cost, again and again, while the budget allows."""
        choice = choice.copy()
        while True:
            value, gain = _value_and_gains(cover, volume, choice)
            gain[cost > left_over(choice, cost=cost, budget=budget)] = 0.0
            best = int(np.argmax(gain / np.maximum(cost, _LEAST_COST)))
            if gain[best] <= smallest or should_stop():
                return choice, value
            choice[best] = True

    chosen, value = filled(chosen)
    improved = True
    while improved and not should_stop():
        improved = False
        for site in np.flatnonzero(chosen).tolist():
            if should_stop():
                break
            rest = chosen.copy()
            rest[site] = False
            swapped, swapped_value = filled(rest)
            if swapped_value > value + smallest:
                chosen, value = swapped, swapped_value
                improved = True
    return chosen


def left_over(chosen: NDArray[np.bool_], *, cost: Floats, budget: float) -> float:
    """Return what is left of the budget, with room for the last digits of a sum of doubles."""
    return budget - float(cost[chosen].sum()) + 1e-9 * max(budget, 1.0)


def without_idle(cover: CoverSets, volume: Floats, chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Leave out stations without which nothing is lost, from the highest site index down."""
    chosen = chosen.copy()
    value, _ = _value_and_gains(cover, volume, chosen)
    for site in np.flatnonzero(chosen)[::-1].tolist():
        chosen[site] = False
        rest, _ = _value_and_gains(cover, volume, chosen)
        if rest < value:
            chosen[site] = True
    return chosen


def _value_and_gains(cover: CoverSets, volume: Floats, chosen: NDArray[np.bool_]) -> tuple[float, Floats]:
    """Return the volume served and what each further site alone would add."""
    needed = (np.asarray(cover.sets @ chosen.astype(np.float64)) == 0.0)[cover.members]
    owner = np.repeat(np.arange(cover.n_classes), np.diff(cover.offsets))
    missing = np.bincount(owner[needed], minlength=cover.n_classes)
    value = float(volume[missing == 0].sum())
    last = needed & (missing == 1)[owner]
    weight = np.bincount(cover.members[last], weights=volume[owner[last]], minlength=cover.sets.shape[0])
    gain = np.asarray(cover.sets.T @ weight, dtype=np.float64)
    gain[chosen] = 0.0
    return value, gain
