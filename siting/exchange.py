"""Exchange search: swap one station for another, or add one, while that serves more volume.

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


def improve_by_exchange(
    cover: CoverSets,
    volume: Floats,
    chosen: NDArray[np.bool_],
    *,
    most: int,
    should_stop: Callable[[], bool],
) -> NDArray[np.bool_]:
    """Improve a choice of stations until no addition and no swap of two serves more.

    Parameters
    ----------
    cover
        Cover sets of the trip classes.
    volume
        (n_classes,) float64.
    chosen
        (n_sites,) bool, the choice to start from.
    most
        Most stations to choose.
    should_stop
        Asked between steps; the best choice so far is returned when it says so.

    Returns
    -------
    (n_sites,) bool
        A choice that serves at least as much. Ties go to the lowest site index.
    """
    chosen = chosen.copy()
    smallest = 1e-9 * float(volume.sum())
    value = _value_and_gains(cover, volume, chosen)[0]
    while np.count_nonzero(chosen) < most and not should_stop():
        _, gain = _value_and_gains(cover, volume, chosen)
        best = int(np.argmax(gain))
        if gain[best] <= smallest:
            break
        chosen[best] = True
        value += float(gain[best])
    improved = True
    while improved and not should_stop():
        improved = False
        for site in np.flatnonzero(chosen).tolist():
            if should_stop():
                break
            chosen[site] = False
            rest, gain = _value_and_gains(cover, volume, chosen)
            best = int(np.argmax(gain))
            if rest + gain[best] > value + smallest:
                chosen[best] = True
                value = rest + float(gain[best])
                improved = True
            else:
                chosen[site] = True
    return chosen


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
