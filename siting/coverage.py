"""Cover sets: what a trip needs of the stations, and which trips a choice of stations serves.

A trip is served iff every one of its cover sets holds an open station. Equal sets are stored once, and trips
with the same family of sets are merged into one class. `siting.trip_cover` derives the sets of trips,
`siting.point_cover` those of point demands.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.set_keys import group, prefix_sums, random_keys

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Sets are compared in blocks of about this many entries, to bound memory.
_BLOCK_ENTRIES = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverSets:
    """Families of cover sets, one per class of trips.

    Parameters
    ----------
    sets
        (n_sets, n_sites) sparse 0/1 matrix, one row per distinct cover set.
    offsets
        (n_classes + 1,) int64, cover sets of class c are ``members[offsets[c]:offsets[c + 1]]``.
    members
        (offsets[-1],) int64, rows of `sets`.
    trip_class
        (n_trips,) int64, class of each trip; -1 for a trip no candidates can serve.
    """

    sets: sparse.csr_array
    offsets: Indices
    members: Indices
    trip_class: Indices

    @property
    def n_classes(self) -> int:
        """Number of classes of trips."""
        return len(self.offsets) - 1


def families(
    *, sets: sparse.csr_array, trip: Indices, member: Indices, servable: NDArray[np.bool_]
) -> CoverSets:
    """Merge trips with equal families of (distinct) cover sets into classes.

    Parameters
    ----------
    sets
        (n_sets, n_sites) 0/1 matrix of distinct cover sets.
    trip, member
        (n,) int64, "trip needs set": trip rows (not falling) and rows of `sets`.
    servable
        (n_trips,) bool; False leaves the trip out (class -1). A servable trip without sets needs nothing.

    Returns
    -------
    CoverSets
        Classes in the order of their first trip.
    """
    n_trips = len(servable)
    keys = np.zeros((n_trips, 2), dtype=np.uint64)
    spice = random_keys(sets.shape[0], seed=2)
    np.add.at(keys[:, 0], trip, spice[member, 0])
    np.add.at(keys[:, 1], trip, spice[member, 1])
    rows = np.flatnonzero(servable).astype(np.int64)
    first, label = group(keys[rows])
    trip_class = np.full(n_trips, -1, dtype=np.int64)
    trip_class[rows] = label
    representative = np.zeros(n_trips, dtype=bool)
    representative[rows[first]] = True
    chosen = representative[trip]
    size = np.bincount(trip_class[trip[chosen]], minlength=len(first))
    # Classes are numbered by their first trip, so the rows of representatives stand in class order already.
    return CoverSets(
        sets=sets,
        offsets=np.concatenate([[0], np.cumsum(size)]).astype(np.int64),
        members=member[chosen],
        trip_class=trip_class,
    )


def minimal_families(cover: CoverSets) -> CoverSets:
    """Leave out cover sets that contain another of their class, and merge what became equal.

    Parameters
    ----------
    cover
        Cover sets; equal ones may be stored more than once.
    """
    sets, row = distinct_rows(cover.sets)
    owner = np.repeat(np.arange(cover.n_classes, dtype=np.int64), np.diff(cover.offsets))
    member = row[cover.members]
    pair = np.unique(np.column_stack([owner, member]), axis=0)
    owner, member = pair[:, 0], pair[:, 1]
    size = np.diff(sets.indptr).astype(np.int64)
    ends = np.cumsum(size[member]) // _BLOCK_ENTRIES
    starts = np.searchsorted(owner, owner[np.flatnonzero(np.diff(ends, prepend=-1))])  # whole classes
    keep = np.ones(len(member), dtype=bool)
    for a, b in pairwise(np.unique(np.append(starts, len(member))).tolist()):
        keep[a:b] = ~_holds_another(sets, owner[a:b], member[a:b])
    owner, member = owner[keep], member[keep]
    used, member = np.unique(member, return_inverse=True)
    merged = families(
        sets=sparse.csr_array(sets[used]),
        trip=owner,
        member=member.astype(np.int64),
        servable=np.ones(cover.n_classes, dtype=bool),
    )
    return CoverSets(
        sets=merged.sets,
        offsets=merged.offsets,
        members=merged.members,
        trip_class=np.append(merged.trip_class, -1)[cover.trip_class],
    )


def _holds_another(sets: sparse.csr_array, owner: Indices, member: Indices) -> NDArray[np.bool_]:
    """Tell which "class owns set" rows own a set that contains another of the same class."""
    size = np.diff(sets.indptr)[member]
    mine = sets[member]
    # One column per class and site, so that only sets of one class have members in common.
    site = np.repeat((owner - owner[0]) * sets.shape[1], size) + mine.indices
    names, column = np.unique(site, return_inverse=True)
    apart = sparse.csr_array((mine.data, column, mine.indptr), shape=(len(member), len(names)))
    shared = (apart @ apart.T).tocoo()
    i, j = shared.coords
    held = np.zeros(len(member), dtype=bool)
    held[i[(shared.data == size[j]) & (i != j)]] = True
    return held


def distinct_rows(matrix: sparse.csr_array) -> tuple[sparse.csr_array, Indices]:
    """Store equal rows of a 0/1 matrix once.

    Parameters
    ----------
    matrix
        (n, n_sites) 0/1 matrix.

    Returns
    -------
    matrix
        (n_distinct, n_sites), in the order of first appearance.
    row
        (n,) int64, the new row of each old row.
    """
    spice = random_keys(matrix.shape[1], seed=1)
    prefix = prefix_sums(spice[matrix.indices])
    first, row = group(prefix[matrix.indptr[1:]] - prefix[matrix.indptr[:-1]])
    return sparse.csr_array(matrix[first]), row


def class_volumes(cover: CoverSets, volume: Floats) -> Floats:
    """Sum the volume of the trips of each class.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    volume
        (n_trips,) float64, any unit.

    Returns
    -------
    (n_classes,) float64
        In the unit of `volume`.
    """
    known = cover.trip_class >= 0
    return np.bincount(cover.trip_class[known], weights=volume[known], minlength=cover.n_classes).astype(
        np.float64
    )


def class_cover(cover: CoverSets, x: Floats) -> tuple[Floats, Indices]:
    """Evaluate ``y_q = min(1, min over the cover sets k of q of sum of x_i, i in S_k)``.

    Parameters
    ----------
    cover
        Cover sets.
    x
        (n_sites,) float64, 0-1, how far each station is open.

    Returns
    -------
    y
        (n_classes,) float64, 0-1; 1 for a class that needs nothing.
    weakest
        (n_classes,) int64, row of the set attaining the minimum, -1 where y = 1.
    """
    return weakest_sets(cover, np.asarray(cover.sets @ x, dtype=np.float64))


def weakest_sets(cover: CoverSets, level: Floats) -> tuple[Floats, Indices]:
    """Evaluate ``y_q = min(1, min over the cover sets k of q of level_k)``.

    Parameters
    ----------
    cover
        Cover sets.
    level
        (n_sets,) float64, how far each cover set is satisfied.

    Returns
    -------
    y
        (n_classes,) float64, 0-1; 1 for a class that needs nothing.
    weakest
        (n_classes,) int64, row of the set attaining the minimum, -1 where y = 1.
    """
    y = np.ones(cover.n_classes)
    weakest = np.full(cover.n_classes, -1, dtype=np.int64)
    if cover.members.size:
        total = level[cover.members]
        busy = np.flatnonzero(np.diff(cover.offsets)).astype(np.int64)
        lowest = np.minimum.reduceat(total, cover.offsets[busy])
        owner = np.repeat(np.arange(len(busy), dtype=np.int64), np.diff(cover.offsets)[busy])
        tight = np.flatnonzero(total == lowest[owner])[::-1]
        position = np.empty(len(busy), dtype=np.int64)
        position[owner[tight]] = tight  # reversed, so that the first of equal sets is written last
        open_ = lowest < 1.0
        y[busy] = np.minimum(lowest, 1.0)
        weakest[busy[open_]] = cover.members[position[open_]]
    return y, weakest


def served_trips(cover: CoverSets, open_sites: Indices) -> NDArray[np.bool_]:
    """Tell which trips the open stations serve.

    Parameters
    ----------
    cover
        Cover sets.
    open_sites
        (n,) int64, site indices of the open stations.

    Returns
    -------
    (n_trips,) bool
    """
    x = np.zeros(cover.sets.shape[1])
    x[open_sites] = 1.0
    y, _ = class_cover(cover, x)
    return np.concatenate([y >= 1.0, [False]])[cover.trip_class]


def grouped_cuts(
    cover: CoverSets, volume: Floats, group: Indices, x: Floats, *, n_groups: int
) -> tuple[Floats, sparse.csr_array]:
    """Bound the volume covered in each group by the plane that is tight at x.

    Parameters
    ----------
    cover
        Cover sets.
    volume
        (n_classes,) float64.
    group
        (n_classes,) int64, 0 ... n_groups - 1.
    x
        (n_sites,) float64, 0-1.
    n_groups
        Number of groups.

    Returns
    -------
    constant
        (n_groups,) float64.
    slope
        (n_groups, n_sites) sparse: whatever x is, a group covers at most ``constant + slope x``.
    """
    level = np.asarray(cover.sets @ x, dtype=np.float64)
    constant, share = grouped_shares(cover, volume, group, level, n_groups=n_groups)
    return constant, sparse.csr_array(share @ cover.sets)


def grouped_shares(
    cover: CoverSets, volume: Floats, group: Indices, level: Floats, *, n_groups: int
) -> tuple[Floats, sparse.csr_array]:
    """Bound the volume covered in each group by levels of cover sets: the plane that is tight at `level`.

    Parameters
    ----------
    cover
        Cover sets.
    volume
        (n_classes,) float64.
    group
        (n_classes,) int64, 0 ... n_groups - 1.
    level
        (n_sets,) float64, how far each cover set is satisfied.
    n_groups
        Number of groups.

    Returns
    -------
    constant
        (n_groups,) float64.
    share
        (n_groups, n_sets) sparse: whatever the levels are, a group covers at most ``constant + share level``.
    """
    _, weakest = weakest_sets(cover, level)
    full = weakest < 0
    share = sparse.csr_array(
        (volume[~full], (group[~full], weakest[~full])), shape=(n_groups, cover.sets.shape[0])
    )
    share.sum_duplicates()
    constant = np.bincount(group[full], weights=volume[full], minlength=n_groups).astype(np.float64)
    return constant, share
