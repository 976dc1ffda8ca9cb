"""What is left to decide once settled sites are taken out, in as few sites, sets and classes as possible.

- A cover set that holds an open site is satisfied and drops out; a class with no other sets is served anyhow.
- A class with a set that holds no site that may be chosen is lost.
- A site that stands only in sets another site stands in, too, and costs no less, is never the better choice
  (dominance).
- Cover sets that became equal are one, and classes with the same sets are one.

None of this changes the optimum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.coverage import CoverSets, class_volumes, distinct_rows, families

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Volumes are scaled to this sum inside the solvers, whose tolerances are absolute.
_SCALE = 1e5


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is left to decide once settled sites are taken out.

    Parameters
    ----------
    cover
        Cover sets over the free sites; its "trips" are the classes of the whole problem.
    volume
        (n_classes,) float64, scaled.
    free
        (n_free,) int64, site index of each free site.
    cost
        (n_free,) float64, of a station at each free site.
    constant
        Volume served anyhow, unscaled.
    scale
        Unit of the scaled volumes.
    """

    cover: CoverSets
    volume: Floats
    free: Indices
    cost: Floats
    constant: float
    scale: float


def reduce_problem(
    cover: CoverSets, volume: Floats, *, is_open: Indices, forbidden: Indices, cost: Floats | None = None
) -> Problem:
    """Drop sets an open site satisfies and sites that are settled, and merge what became equal.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    volume
        (n_trips,) float64.
    is_open, forbidden
        (n,) int64, sites open in any case, and sites that must stay empty.
    cost
        (n_sites,) float64, of a station at each site, not negative; None: 1 each.
    """
    n_sites = cover.sets.shape[1]
    by_class = class_volumes(cover, volume)
    standing = np.zeros(n_sites)
    standing[is_open] = 1.0
    free = np.setdiff1d(np.flatnonzero(standing == 0.0), forbidden).astype(np.int64)
    satisfied = np.asarray(cover.sets @ standing) > 0.0
    sets = sparse.csr_array(cover.sets[:, free])
    hopeless = (np.diff(sets.indptr) == 0) & ~satisfied

    owner = np.repeat(np.arange(cover.n_classes, dtype=np.int64), np.diff(cover.offsets))
    lost = np.bincount(owner[hopeless[cover.members]], minlength=cover.n_classes) > 0
    needed = ~satisfied[cover.members]
    waiting = np.bincount(owner[needed], minlength=cover.n_classes) > 0
    undecided = waiting & ~lost & (by_class > 0.0)

    kept = needed & undecided[owner]
    used = np.unique(cover.members[kept])
    price = (np.ones(n_sites) if cost is None else np.asarray(cost, dtype=np.float64))[free]
    worthwhile = _undominated(sparse.csr_array(sets[used]), price)
    free, price = free[worthwhile], price[worthwhile]
    distinct, row = distinct_rows(sparse.csr_array(sets[used][:, worthwhile]))
    new_row = np.full(cover.sets.shape[0], -1, dtype=np.int64)
    new_row[used] = row
    merged = families(
        sets=distinct, trip=owner[kept], member=new_row[cover.members[kept]], servable=undecided
    )
    merged_volume = class_volumes(merged, by_class)
    scale = float(merged_volume.sum()) / _SCALE or 1.0
    return Problem(
        cover=merged,
        volume=merged_volume / scale,
        free=free,
        cost=price,
        constant=float(by_class[~waiting].sum()),
        scale=scale,
    )


def among(cover: CoverSets, volume: Floats, sites: Indices) -> tuple[CoverSets, Floats, Indices]:
    """Leave only some sites: sets and classes that became equal are one, classes that lost a set are gone.

    Parameters
    ----------
    cover
        Cover sets of the classes.
    volume
        (n_classes,) float64.
    sites
        (n,) int64, the sites left.

    Returns
    -------
    cover
        Over these sites, in this order; its "trips" are the classes of before.
    volume
        (n_classes,) float64, of its classes.
    row
        (n_sets,) int64, the new row of each set, -1 for those that no class left needs.
    """
    inside = sparse.csr_array(cover.sets[:, sites])
    empty = np.diff(inside.indptr) == 0
    owner = np.repeat(np.arange(cover.n_classes, dtype=np.int64), np.diff(cover.offsets))
    lost = np.bincount(owner[empty[cover.members]], minlength=cover.n_classes) > 0
    kept = ~lost[owner]
    used = np.unique(cover.members[kept])
    distinct, position = distinct_rows(sparse.csr_array(inside[used]))
    row = np.full(cover.sets.shape[0], -1, dtype=np.int64)
    row[used] = position
    left = families(sets=distinct, trip=owner[kept], member=row[cover.members[kept]], servable=~lost)
    return left, class_volumes(left, volume), row


def without_sites(problem: Problem, hopeless: NDArray[np.bool_]) -> tuple[Problem, Indices, Indices]:
    """Leave out sites that stand in no better plan, and what can be left out for that.

    Parameters
    ----------
    problem
        What is to decide.
    hopeless
        (n_free,) bool.

    Returns
    -------
    problem
        In the same unit of volume.
    sites
        (n,) int64, the free sites left, of those of before.
    row
        (n_sets,) int64, the new row of each set, -1 for those that no class left needs.
    """
    sites = np.flatnonzero(~hopeless).astype(np.int64)
    sites = sites[_undominated(sparse.csr_array(problem.cover.sets[:, sites]), problem.cost[sites])]
    cover, volume, row = among(problem.cover, problem.volume, sites)
    left = replace(problem, cover=cover, volume=volume, free=problem.free[sites], cost=problem.cost[sites])
    return left, sites, row


def _undominated(sets: sparse.csr_array, cost: Floats) -> Indices:
    """Return the sites (columns) worth choosing, ascending.

    A site is left out when another that costs no more stands in every set it stands in, and so could take its
    place; of sites in equal sets at equal cost the first stays.
    """
    shared = (sets.T @ sets).tocoo()
    size = np.asarray(sets.sum(axis=0)).ravel()
    i, j = shared.coords
    better = (size[j] > size[i]) | (cost[j] < cost[i]) | (j < i)
    beaten = (shared.data == size[i]) & (cost[j] <= cost[i]) & better & (i != j)
    worthwhile = size > 0.0
    worthwhile[i[beaten]] = False
    return np.flatnonzero(worthwhile).astype(np.int64)
