"""What is left to decide about a plan that must bear outages, and how a choice fares in each of them.

Differs from `siting.reduction` in what counts as settled, since any open station may be the one that is out:

- A cover set is satisfied anyhow only by two stations standing anyhow, or by one that cannot fail.
- A free site is the worse choice only if two others stand in all of its sets: one in its place, one behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.coverage import class_volumes, distinct_rows, families
from siting.marginal import Margins

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.coverage import CoverSets

    Bools = NDArray[np.bool_]
    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Volumes are scaled to this sum inside the solvers, whose tolerances are absolute.
_SCALE = 1e5

#: An exchange must gain more than this share of the volume: the last digits of a sum.
_SMALLEST = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OutageProblem:
    """What is left to decide.

    Parameters
    ----------
    cover
        Cover sets over the sites left; its "trips" are the classes of the whole problem.
    volume
        (n_classes,) float64, scaled.
    site
        (n_left,) int64, site index of each site left; each may fail.
    standing
        (n_left,) bool, open anyhow; all others may be chosen.
    constant
        Volume served whatever is out, unscaled.
    scale
        Unit of the scaled volumes.
    """

    cover: CoverSets
    volume: Floats
    site: Indices
    standing: Bools
    constant: float
    scale: float

    @property
    def total(self) -> float:
        """Volume that all sites together serve, unscaled."""
        return float(self.volume.sum()) * self.scale + self.constant


def outage_problem(
    cover: CoverSets, volume: Floats, *, standing: Indices, sound: Indices, forbidden: Indices
) -> OutageProblem:
    """Take out what is settled.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    volume
        (n_trips,) float64.
    standing, sound, forbidden
        (n,) int64: sites open anyhow; those of them that never fail; sites that must stay empty.
    """
    n_sites = cover.sets.shape[1]
    by_class = class_volumes(cover, volume)
    fate = np.zeros((3, n_sites))
    for kind, sites in enumerate((standing, sound, forbidden)):
        fate[kind, sites] = 1.0
    stands, safe, barred = fate
    satisfied = np.asarray(cover.sets @ (stands + safe)) >= 2.0  # noqa: PLR2004  one is out, one is left
    left = np.flatnonzero((safe == 0.0) & ((barred == 0.0) | (stands > 0.0)))
    sets = sparse.csr_array(cover.sets[:, left])
    owner = np.repeat(np.arange(cover.n_classes, dtype=np.int64), np.diff(cover.offsets))
    hopeless = (np.diff(sets.indptr) == 0) & ~satisfied
    lost = np.bincount(owner[hopeless[cover.members]], minlength=cover.n_classes) > 0
    needed = ~satisfied[cover.members]
    waiting = np.bincount(owner[needed], minlength=cover.n_classes) > 0
    undecided = waiting & ~lost & (by_class > 0.0)
    kept = needed & undecided[owner]
    used = np.unique(cover.members[kept])
    worthwhile = _worthwhile(sparse.csr_array(sets[used]), stands[left] > 0.0)
    distinct, row = distinct_rows(sparse.csr_array(sets[used][:, worthwhile]))
    new_row = np.full(cover.sets.shape[0], -1, dtype=np.int64)
    new_row[used] = row
    merged = families(
        sets=distinct, trip=owner[kept], member=new_row[cover.members[kept]], servable=undecided
    )
    merged_volume = class_volumes(merged, by_class)
    scale = float(merged_volume.sum()) / _SCALE or 1.0
    site = left[worthwhile].astype(np.int64)
    return OutageProblem(
        cover=merged,
        volume=merged_volume / scale,
        site=site,
        standing=stands[site] > 0.0,
        constant=float(by_class[~waiting].sum()),
        scale=scale,
    )


def _worthwhile(sets: sparse.csr_array, standing: Bools) -> Indices:
    """Return the columns worth keeping: all but free ones that two others could stand in for."""
    shared = (sets.T @ sets).tocoo()
    size = np.asarray(sets.sum(axis=0)).ravel()
    i, j = shared.coords
    before = (size[j] > size[i]) | (standing[j] & ~standing[i]) | ((standing[j] == standing[i]) & (j < i))
    beaten = (shared.data == size[i]) & (i != j) & before
    stand_ins = np.bincount(i[beaten], minlength=sets.shape[1])
    keep = (size > 0.0) & (standing | (stand_ins < 2))  # noqa: PLR2004  one in its place, one behind it
    return np.flatnonzero(keep).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Score:
    """How good a choice is: what is left in the worst outage, up to what is asked; then what it serves.

    Parameters
    ----------
    worst
        Volume served in the worst outage (with all stations, where none can fail).
    served
        Volume served with all stations.
    """

    worst: float
    served: float


class Outages:
    """Evaluates choices of stations in all outages of one station.

    Parameters
    ----------
    problem
        What is to decide.
    asked
        Volume, scaled, that must be served in every outage; infinite to make the worst one as good as can be.
    """

    def __init__(self, problem: OutageProblem, *, asked: float) -> None:
        self.problem = problem
        self.asked = asked
        self.margins = Margins(problem.cover)
        self._smallest = _SMALLEST * max(float(problem.volume.sum()), 1e-300)

    def score(self, chosen: Bools) -> Score:
        """Score a choice; `chosen` is (n_left,) bool, standing sites included."""
        served, left = self.left(chosen)
        return Score(min([*left.values(), served]), served)

    def left(self, chosen: Bools) -> tuple[float, dict[int, float]]:
        """Return the volume served with all stations, and with each one of `problem` out."""
        margins, volume = self.margins, self.problem.volume
        held = margins.open_in_sets(np.flatnonzero(chosen).astype(np.int64))
        served = margins.value(held, volume)
        failing = np.flatnonzero(chosen).astype(np.int64)
        lost = margins.losses(held, volume, failing)
        return served, dict(zip(failing.tolist(), (served - lost).tolist(), strict=True))

    def better(self, one: Score, other: Score) -> bool:
        """Tell whether one score beats another by more than the last digits."""
        gain = min(one.worst, self.asked) - min(other.worst, self.asked)
        if abs(gain) > self._smallest:
            return gain > 0.0
        return one.served > other.served + self._smallest

    def improve(self, chosen: Bools, *, most: int, should_stop: Callable[[], bool]) -> tuple[Bools, Score]:
        """Add and exchange single free stations while that betters the score; deterministic.

        Parameters
        ----------
        chosen
            (n_left,) bool, the choice to start from.
        most
            Most free stations.
        should_stop
            Asked between steps; the best choice so far is returned when it says so.
        """
        chosen, score = chosen.copy(), self.score(chosen)
        free = ~self.problem.standing
        moved = True
        while moved and not should_stop():
            moved = False
            leaving = np.flatnonzero(chosen & free).tolist()
            options = [None, *leaving] if len(leaving) < most else leaving
            for station in options:
                if should_stop():
                    break
                site, new = self._best_entry(chosen, station, score)
                if site >= 0 and self.better(new, score):
                    chosen[site] = True
                    if station is not None:
                        chosen[station] = False
                    score, moved = new, True
                    if station is None:
                        break
        return chosen, score

    def without_idle(self, chosen: Bools) -> Bools:
        """Leave out free stations without which as much is served and is left, from the last one down."""
        chosen, score = chosen.copy(), self.score(chosen)
        for site in np.flatnonzero(chosen & ~self.problem.standing)[::-1].tolist():
            chosen[site] = False
            if self.better(score, self.score(chosen)):
                chosen[site] = True
        return chosen

    def grown(self, chosen: Bools, *, order: Indices) -> Bools:
        """Let sites enter a choice that serves less than asked, one by one, while it still does.

        Parameters
        ----------
        chosen
            (n_left,) bool, serves less than `asked`.
        order
            Sites in the order in which they are tried.
        """
        chosen = chosen.copy()
        margins, volume = self.margins, self.problem.volume
        left = order[~chosen[order]]
        while left.size:
            held = margins.open_in_sets(np.flatnonzero(chosen).astype(np.int64))
            # More stations never serve less: a site that would serve too much now always will.
            left = left[margins.value(held, volume) + margins.gains(held, volume)[left] < self.asked]
            low, high = (
                min(1, len(left)),
                len(left) + 1,
            )  # the first `low` may enter, the first `high` may not
            while high - low > 1:
                middle = (low + high) // 2
                more = chosen.copy()
                more[left[:middle]] = True
                entered = margins.open_in_sets(np.flatnonzero(more).astype(np.int64))
                low, high = (middle, high) if margins.value(entered, volume) < self.asked else (low, middle)
            chosen[left[:low]] = True
            left = left[low:]
        return chosen

    def without_region(self, overlap: Floats, *, order: Indices) -> Bools | None:
        """Close sites, the largest `overlap` first, until less than asked is served; then let others back in.

        Returns
        -------
        (n_left,) bool or None
            A choice that serves less than `asked`, see `grown`; None when nothing is asked.
        """
        ranked = np.argsort(-overlap, kind="stable")
        low, high = 0, len(ranked)  # with `high` closed less than asked is served
        if self.asked <= 0.0:
            return None
        while high - low > 1:
            middle = (low + high) // 2
            rest = np.flatnonzero(np.isin(np.arange(len(ranked)), ranked[middle:])).astype(np.int64)
            if self.margins.value(self.margins.open_in_sets(rest), self.problem.volume) < self.asked:
                high = middle
            else:
                low = middle
        chosen = np.ones(len(ranked), dtype=bool)
        chosen[ranked[:high]] = False
        return self.grown(chosen, order=order)

    def _best_entry(self, chosen: Bools, leaving: int | None, score: Score) -> tuple[int, Score]:
        """Return the best site to enter for a station (or none), and the score it leads to."""
        margins, problem = self.margins, self.problem
        base = chosen.copy()
        if leaving is not None:
            base[leaving] = False
        held = margins.open_in_sets(np.flatnonzero(base).astype(np.int64))
        rest = margins.value(held, problem.volume)
        served = rest + margins.gains(held, problem.volume)
        entering = ~chosen
        if score.worst >= self.asked:  # only a choice that serves more will do
            entering &= served > score.served + self._smallest
        if not entering.any():
            return -1, score
        worst = np.full(len(chosen), rest)  # the new station itself is out
        for out in np.flatnonzero(base).tolist():
            without = margins.without(held, out)
            left = margins.value(without, problem.volume) + margins.gains(without, problem.volume)
            worst = np.minimum(worst, left)
        kept = np.where(entering, np.minimum(worst, self.asked), -np.inf)
        leaders = np.flatnonzero(kept >= kept.max() - self._smallest)
        site = int(leaders[np.argmax(served[leaders])])
        return site, Score(float(worst[site]), float(served[site]))
