"""Exchange search: swap a station for another, or add one, while that serves more volume within the budget.

The classic interchange heuristic (Teitz & Bart 1968) on cover sets. For a set of open stations, let ``n_q``
be the number of cover sets of class q without an open station. Opening site i serves class q at once iff
``n_q = 1`` and its only open-less set holds i:

    gain_i = sum over sets k containing i of the volume of classes whose only open-less set is k

All swaps are valued in one go: without station j the open-less sets are those of before and the sets whose
only station is j, so that only the classes with such a set change. Classes that need two stations more are
left to the optimizer and to ruin and refill, which takes several stations out at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.reduction import among

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.coverage import CoverSets

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Choice = NDArray[np.bool_]

#: Sites for next to nothing are worth their gain over this.
_LEAST_COST = 1e-12
#: Stations taken out at once (at least, less than); what a class that misses one more set counts in
#: refilling; and the share of the best worth that is about as good.
_RUIN, _FAR, _ABOUT = (2, 5), 0.3, 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What may be chosen, and what it serves.

    Parameters
    ----------
    cover
        Cover sets of the trip classes.
    volume
        (n_classes,) float64.
    cost
        (n_sites,) float64, of a station at each site.
    budget
        Most all chosen stations together may cost.
    should_stop
        Asked between steps; the best choice so far is returned when it says so.
    """

    cover: CoverSets
    volume: Floats
    cost: Floats
    budget: float
    should_stop: Callable[[], bool]

    def value(self, chosen: Choice) -> float:
        """Return the volume of the classes every set of which holds a chosen site."""
        return served_volume(self.cover, self.volume, chosen)

    def among(self, sites: Indices) -> Exchange:
        """Return the question with only these sites, in this order, in as few classes as possible."""
        cover, volume, _ = among(self.cover, self.volume, sites)
        return replace(self, cover=cover, volume=volume, cost=self.cost[sites])

    def improved(self, chosen: Choice) -> Choice:
        """Improve a choice of stations until no addition and no swap serves more.

        Parameters
        ----------
        chosen
            (n_sites,) bool, the choice to start from, within the budget.

        Returns
        -------
        (n_sites,) bool
            A choice within the budget that serves at least as much. Ties go to the lowest site index.
        """
        chosen = chosen.copy()
        smallest = 1e-9 * float(self.volume.sum())
        while not self.should_stop():
            left = left_over(chosen, cost=self.cost, budget=self.budget)
            gain = _gains(self.cover, self.volume, chosen)
            gain[self.cost > left] = 0.0
            best = int(np.argmax(gain / np.maximum(self.cost, _LEAST_COST)))
            if gain[best] > smallest:
                chosen[best] = True
                continue
            out, change = _swaps(self.cover, self.volume, chosen)
            change[self.cost[None, :] > left + self.cost[out][:, None]] = -np.inf
            best = int(np.argmax(change)) if change.size else 0
            if not change.size or change.flat[best] <= smallest:
                break
            chosen[out[best // len(chosen)]] = False
            chosen[best % len(chosen)] = True
        return chosen

    def ruined(self, chosen: Choice, *, rounds: int, seed: int) -> Choice:
        """Take a few stations out, refill and exchange, again and again; keep what is no worse.

        Parameters
        ----------
        chosen
            (n_sites,) bool, the choice to start from, within the budget.
        rounds
            How often.
        seed
            Of the draws: which stations are taken out, and which of nearly equal ones put in.
        """
        rng = np.random.default_rng(seed)
        value = self.value(chosen)
        for _ in range(rounds):
            stations = np.flatnonzero(chosen)
            if self.should_stop() or len(stations) < _RUIN[0]:
                break
            gone = rng.choice(stations, min(int(rng.integers(*_RUIN)), len(stations)), replace=False)
            rest = chosen.copy()
            rest[gone] = False
            tried = self.improved(self._refilled(rest, barred=int(gone[0]), rng=rng))
            if (tried_value := self.value(tried)) >= value:
                chosen, value = tried, tried_value
        return chosen

    def _refilled(self, chosen: Choice, *, barred: int, rng: np.random.Generator) -> Choice:
        """Add sites while the budget allows, one of those that promise about the most each time.

        One site is barred, or everything would come back as it was.
        """
        while not self.should_stop():
            worth = _gains(self.cover, self.volume, chosen, far=_FAR) / np.maximum(self.cost, _LEAST_COST)
            worth[self.cost > left_over(chosen, cost=self.cost, budget=self.budget)] = 0.0
            worth[barred] = 0.0
            if worth.max() <= 0.0:
                break
            chosen[rng.choice(np.flatnonzero(worth >= _ABOUT * worth.max()))] = True
        return chosen


def improve_by_exchange(
    cover: CoverSets,
    volume: Floats,
    chosen: Choice,
    *,
    cost: Floats,
    budget: float,
    should_stop: Callable[[], bool],
) -> Choice:
    """Improve a choice of stations as `Exchange.improved` does, whose parameters these are."""
    return Exchange(cover=cover, volume=volume, cost=cost, budget=budget, should_stop=should_stop).improved(
        chosen
    )


def left_over(chosen: Choice, *, cost: Floats, budget: float) -> float:
    """Return what is left of the budget, with room for the last digits of a sum of doubles."""
    return budget - float(cost[chosen].sum()) + 1e-9 * max(budget, 1.0)


def without_idle(cover: CoverSets, volume: Floats, chosen: Choice) -> Choice:
    """Leave out stations without which nothing is lost, from the highest site index down."""
    chosen = chosen.copy()
    value = served_volume(cover, volume, chosen)
    for site in np.flatnonzero(chosen)[::-1].tolist():
        chosen[site] = False
        if served_volume(cover, volume, chosen) < value:
            chosen[site] = True
    return chosen


def served_volume(cover: CoverSets, volume: Floats, chosen: Choice) -> float:
    """Return the volume of the classes every set of which holds a chosen site."""
    return float(volume[_missing(cover, chosen)[1] == 0].sum())


def _missing(cover: CoverSets, chosen: Choice) -> tuple[Floats, Indices]:
    """Return the stations in each set, and the sets without one of each class."""
    stations = np.asarray(cover.sets @ chosen.astype(np.float64))
    running = np.concatenate([[0], np.cumsum(stations[cover.members] == 0.0)])
    return stations, np.diff(running[cover.offsets]).astype(np.int64)


def _gains(cover: CoverSets, volume: Floats, chosen: Choice, *, far: float = 0.0) -> Floats:
    """Return what each further site alone would add.

    With `far` > 0 a class that misses n sets, of which the site fills one, counts far**(n - 1) of its volume.
    """
    stations, missing = _missing(cover, chosen)
    owner = _owner(cover)
    counts = missing[owner]
    last = np.flatnonzero((stations[cover.members] == 0.0) & ((counts == 1) | (far > 0.0)))
    worth = volume[owner[last]] * far ** (counts[last] - 1.0)
    weight = np.bincount(cover.members[last], weights=worth, minlength=cover.sets.shape[0])
    gain = np.asarray(cover.sets.T @ weight, dtype=np.float64)
    gain[chosen] = 0.0
    return gain


def _swaps(cover: CoverSets, volume: Floats, chosen: Choice) -> tuple[Indices, Floats]:
    """Return the chosen sites, and by how much the volume changes with any other site in place of each."""
    out = np.flatnonzero(chosen).astype(np.int64)
    n_sets, n_sites = cover.sets.shape
    stations, missing = _missing(cover, chosen)
    owner = _owner(cover)
    place = np.zeros(n_sites)
    place[out] = np.arange(len(out))
    only = np.asarray(cover.sets @ (place * chosen)).astype(np.int64)  # the one station, where there is one
    alone = (stations == 1.0)[cover.members] & (missing <= 1)[owner]
    # Classes by station without which they would miss more sets, and how many.
    entry = np.flatnonzero(alone)
    pair = owner[entry] * len(out) + only[cover.members[entry]]
    distinct, first, count = np.unique(pair, return_index=True, return_counts=True)
    q, j = distinct // max(len(out), 1), distinct % max(len(out), 1)
    served = missing[q] == 0
    loss = np.bincount(j[served], weights=volume[q[served]], minlength=len(out))
    # Served classes that miss one set without j: any site of that set brings them back.
    back = served & (count == 1)
    row, column, worth = [j[back]], [cover.members[entry[first[back]]]], [volume[q[back]]]
    # Unserved classes that miss one set now, but more without j: nothing to gain there any more.
    waiting = np.flatnonzero((stations[cover.members] == 0.0) & (missing == 1)[owner])
    last_set = np.full(cover.n_classes, -1, dtype=np.int64)
    last_set[owner[waiting]] = cover.members[waiting]
    row.append(j[~served])
    column.append(last_set[q[~served]])
    worth.append(-volume[q[~served]])
    weight = np.bincount(cover.members[waiting], weights=volume[owner[waiting]], minlength=n_sets)
    table = sparse.csr_array(
        (np.concatenate(worth), (np.concatenate(row), np.concatenate(column))), shape=(len(out), n_sets)
    )
    change = (table @ cover.sets).toarray() + np.asarray(cover.sets.T @ weight)[None, :] - loss[:, None]
    change[:, chosen] = -np.inf
    return out, change


def _owner(cover: CoverSets) -> Indices:
    """Return the class of each entry of `members`."""
    return np.repeat(np.arange(cover.n_classes, dtype=np.int64), np.diff(cover.offsets))
