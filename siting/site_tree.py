"""Which sites can stand in for each other: a tree of ever larger groups, by the cover sets they share.

Fractional stations of a relaxation spread over near-equivalent neighbors. To decide on a single site then
changes nothing; to decide how many stations its neighborhood gets does. The neighborhoods are the clusters of
average linkage (Sokal & Michener 1958), the similarity of two sites being the volume of the sets both stand
in over that of the sets either stands in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.cluster.hierarchy import leaves_list, linkage
from scipy.spatial.distance import squareform

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.coverage import CoverSets

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Most sites compared pair by pair (memory grows with the square); with more, only cover sets are groups.
_MOST_SITES = 3_000
#: Cover sets of the greatest volume that count as groups, too.
_HEAVY_SETS = 600


class SiteTree:
    """Neighborhoods of sites.

    Parameters
    ----------
    cover
        Cover sets of the classes.
    volume
        (n_classes,) float64.
    """

    def __init__(self, cover: CoverSets, volume: Floats) -> None:
        n_sites = cover.sets.shape[1]
        #: (n_sets,) float64, volume of the classes that need each set.
        self.set_volume = np.bincount(
            cover.members,
            weights=np.repeat(volume, np.diff(cover.offsets)),
            minlength=cover.sets.shape[0],
        ).astype(np.float64)
        #: (n_sites,) int64, rank of each site in an order that keeps neighbors together.
        self.rank = np.arange(n_sites, dtype=np.int64)
        found: list[tuple[int, ...]] = [(site,) for site in range(n_sites)]
        if 1 < n_sites <= _MOST_SITES:
            merges = linkage(squareform(self._distance(cover), checks=False), "average")
            self.rank[leaves_list(merges)] = np.arange(n_sites)
            for first, second in merges[:-1, :2].astype(np.int64).tolist():
                found.append(tuple(sorted(found[first] + found[second])))
        sets = cover.sets
        found += [
            tuple(sorted(sets.indices[sets.indptr[k] : sets.indptr[k + 1]].tolist()))
            for k in np.argsort(-self.set_volume, kind="stable")[:_HEAVY_SETS].tolist()
        ]
        #: Groups of sites, each once, ascending within a group.
        self.groups = list(dict.fromkeys(found))
        size = np.array([len(group) for group in self.groups])
        #: (n_groups, n_sites) sparse, 1 where a site belongs to a group.
        self.membership = sparse.csr_array(
            (
                np.ones(int(size.sum())),
                np.concatenate([np.array(group, dtype=np.int64) for group in self.groups]),
                np.concatenate([[0], np.cumsum(size)]),
            ),
            shape=(len(self.groups), n_sites),
        )

    def _distance(self, cover: CoverSets) -> Floats:
        """Return (n_sites, n_sites) float64: 0 where two sites stand in the same sets, 1 where in none."""
        shared = (cover.sets.T @ sparse.diags_array(self.set_volume) @ cover.sets).toarray()
        own = np.diag(shared)
        either = np.maximum(own[:, None] + own[None, :] - shared, 1e-300)
        distance = np.clip(1.0 - shared / either, 0.0, 1.0)
        np.fill_diagonal(distance, 0.0)
        return np.asarray(np.maximum(distance, distance.T), dtype=np.float64)


def class_groups(cover: CoverSets, volume: Floats, tree: SiteTree, *, most: int) -> Indices:
    """Split classes into groups of about equal volume whose smallest cover sets lie together.

    Returns
    -------
    (n_classes,) int64
        Group of each class, 0, 1, ...
    """
    if cover.n_classes == 0:
        return np.empty(0, dtype=np.int64)
    owner = np.repeat(np.arange(cover.n_classes), np.diff(cover.offsets))
    size = np.diff(cover.sets.indptr)
    place = np.asarray(cover.sets @ tree.rank.astype(np.float64)) / np.maximum(size, 1)
    ordered = np.lexsort((place[cover.members], size[cover.members], owner))
    first = cover.members[ordered[cover.offsets[:-1]]]
    second = cover.members[ordered[np.minimum(cover.offsets[:-1] + 1, cover.offsets[1:] - 1)]]
    order = np.lexsort((second, place[second], first, place[first]))
    counts = volume if volume.any() else np.ones(cover.n_classes)
    end = np.cumsum(counts[order])
    group = np.empty(cover.n_classes, dtype=np.int64)
    group[order] = np.minimum((end - counts[order] / 2.0) * (most / end[-1]), most - 1).astype(np.int64)
    return np.unique(group, return_inverse=True)[1].astype(np.int64)
