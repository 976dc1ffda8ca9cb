"""Zero-half cuts on cover sets: three sets that a station can satisfy only two at a time.

Let ``z_k = 1`` if cover set k holds a station. Of an odd number of sets T, with n_i of them holding site i,

    sum_{k in T} z_k  <=  (|T| - 1) / 2  +  sum_i ceil(n_i / 2) x_i

holds for whole x and z: half the sum of ``z_k <= sum_{i in S_k} x_i`` and ``z_k <= 1`` over T, rounded. It
cuts off fractional stations that satisfy each of the sets in halves: of sites a, b, c and the sets {a, b},
{b, c}, {a, c}, half a station each would satisfy all three, though one and a half stations satisfy two and a
half at best.

With ``s_k = sum_{i in S_k} x_i + 1 - 2 z_k`` a point violates the cut by

    1/2 (1 - sum_{k in T} s_k - sum_{i : n_i odd} x_i)

so that only sets of about one station count (s_k is about ``|sum x_i - 1|``), which share most of their
stations in pairs. All triples of the sets worth most that meet pairwise are tried: with signs
``+1`` and ``-1`` for sites outside and inside a set, the sites in an odd number of three sets are those
whose product of signs is negative, and the products of all pairs with all third sets are a matrix product.

References
----------
Caprara, A., Fischetti, M. (1996). {0,1/2}-Chvatal-Gomory cuts. Mathematical Programming 74, 221-235.
Koster, A., Zymolka, A., Kutschka, M. (2009). Algorithms to separate {0,1/2}-Chvatal-Gomory cuts.
Algorithmica 55, 375-391.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.coverage import CoverSets

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Sets looked at, and of those with the same sites in use only one, at most so many.
_CANDIDATES, _DISTINCT = 3_000, 600
#: A set counts when its own share of the violation leaves this much; x counts as zero below this.
_SLACK, _NONE = 0.8, 1e-9
#: Least violation of a cut; a set stands in at most so many of the cuts of a round; cuts in a round.
_VIOLATED, _OFTEN, _ROUND = 0.02, 4, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class ZeroHalfCuts:
    """Cuts ``sum_{k in T} z_k <= (|T| - 1) / 2 + weight x``.

    Parameters
    ----------
    sets
        (n, 3) int64, cover sets of each cut, ascending.
    weight
        (n, n_sites) float64, ceil(n_i / 2).
    """

    sets: Indices
    weight: sparse.csr_array


def zero_half_cuts(cover: CoverSets, volume: Floats, *, x: Floats, level: Floats) -> ZeroHalfCuts:
    """Find cuts that a point violates.

    Parameters
    ----------
    cover
        Cover sets.
    volume
        (n_classes,) float64: cuts that concern much of it are preferred.
    x
        (n_sites,) float64, stations.
    level
        (n_sets,) float64, z where it is below the sum of x, else that sum.

    Returns
    -------
    ZeroHalfCuts
        The most promising ones, none of them twice.
    """
    total = np.asarray(cover.sets @ x, dtype=np.float64)
    slack = total + 1.0 - 2.0 * np.minimum(level, 1.0)
    worth = _worth(cover, volume, level)
    used = np.flatnonzero(x > _NONE)
    chosen = np.flatnonzero((slack < _SLACK) & (worth > 0.0))
    chosen = chosen[np.argsort(-(worth * (1.0 - slack))[chosen], kind="stable")][:_CANDIDATES]
    inside = np.asarray(cover.sets[chosen][:, used].toarray(), dtype=np.float64)
    first = np.sort(np.unique(inside, axis=0, return_index=True)[1])[:_DISTINCT]
    chosen = chosen[first]
    triple, violation = _violated(inside[first], x[used], slack[chosen])
    least = worth[chosen][triple].min(axis=1) if len(triple) else np.zeros(0)
    order = np.lexsort((*triple.T[::-1], -np.round(violation * least, 6)))
    sets = np.sort(chosen[triple[_spread(triple, order, len(chosen))]], axis=1)
    return cuts_of(cover, sets)


def cuts_of(cover: CoverSets, sets: Indices) -> ZeroHalfCuts:
    """Return the cuts of triples of cover sets.

    Parameters
    ----------
    cover
        Cover sets.
    sets
        (n, 3) int64, rows of cover sets, three different ones for each cut.
    """
    return ZeroHalfCuts(sets=sets, weight=_weights(cover.sets, sets))


def _worth(cover: CoverSets, volume: Floats, level: Floats) -> Floats:
    """Return the volume of the classes that each set, at a level of at most 1, keeps from more."""
    total = level[cover.members]
    busy = np.flatnonzero(np.diff(cover.offsets))
    lowest = np.minimum.reduceat(total, cover.offsets[busy])
    owner = np.repeat(np.arange(len(busy)), np.diff(cover.offsets)[busy])
    tight = (total <= lowest[owner] + _NONE) & (total <= 1.0 + _NONE)
    return np.bincount(
        cover.members[tight], weights=volume[busy[owner[tight]]], minlength=cover.sets.shape[0]
    ).astype(np.float64)


def _violated(inside: Floats, x: Floats, slack: Floats) -> tuple[Indices, Floats]:
    """Return the triples of rows whose cut is violated, and by how much."""
    sign = (1.0 - 2.0 * inside).astype(np.float32)
    weight, own = x.astype(np.float32), (2.0 * slack).astype(np.float32)
    whole = np.float32(x.sum() - 2.0)
    meet = (inside * x) @ inside.T > _NONE  # in a violated triple every two sets share stations
    found, violation = [np.empty((0, 3), dtype=np.int64)], [np.empty(0)]
    for one in range(len(sign) - 2):
        others = one + 1 + np.flatnonzero(meet[one, one + 1 :] & (slack[one] + slack[one + 1 :] < 1.0))
        open_ = (sign[one] * weight * sign[others]) @ sign[others].T  # sum of x times the product of signs
        open_ -= own[others]
        open_ -= (own[one] + own[others] + whole)[:, None]
        row, column = np.nonzero(np.triu(open_ > 4.0 * _VIOLATED, k=1))
        found.append(np.column_stack([np.full(len(row), one), others[row], others[column]]).astype(np.int64))
        violation.append(open_[row, column].astype(np.float64) / 4.0)
    return np.vstack(found), np.concatenate(violation)


def _spread(triple: Indices, order: Indices, n_sets: int) -> Indices:
    """Return the first triples in this order of which no set stands in many."""
    times = np.zeros(n_sets, dtype=np.int64)
    kept: list[int] = []
    for number in order.tolist():
        if len(kept) == _ROUND:
            break
        if times[triple[number]].max() < _OFTEN:
            times[triple[number]] += 1
            kept.append(number)
    return np.array(kept, dtype=np.int64)


def _weights(matrix: sparse.csr_array, sets: Indices) -> sparse.csr_array:
    """Return half the number of sets of each cut that hold a site, rounded up."""
    n_cuts = len(sets)
    pick = sparse.csr_array(
        (np.ones(sets.size), (np.repeat(np.arange(n_cuts), sets.shape[1]), sets.ravel())),
        shape=(n_cuts, matrix.shape[0]),
    )
    count = sparse.csr_array(pick @ matrix)
    count.data = np.ceil(count.data / 2.0)
    return count
