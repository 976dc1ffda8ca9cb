"""What one station more, or one less, changes, for all sites at once.

For open stations, let ``n_q`` be the number of cover sets of class q without one. One station more at site i
serves class q at once iff all these sets hold i; of these classes only those with ``n_q = 1`` are counted set
by set, the others class by class:

    gain_i = sum of v_q over q with n_q >= 1 and i in every open-less set of q
    loss_j = sum of v_q over q with n_q = 0 and a set whose only open station is j

Both are exact: what an evaluation with the station added or taken away would give.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.coverage import CoverSets

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]


class Margins:
    """Gains and losses of single stations over the cover sets of a problem.

    Parameters
    ----------
    cover
        Cover sets.
    """

    def __init__(self, cover: CoverSets) -> None:
        self.cover = cover
        self.owner = np.repeat(np.arange(cover.n_classes, dtype=np.int64), np.diff(cover.offsets))
        self._by_site = sparse.csc_array(cover.sets)

    def open_in_sets(self, stations: Indices) -> Indices:
        """Return (n_sets,) int64, how many of the open stations stand in each set."""
        x = np.zeros(self.cover.sets.shape[1])
        x[stations] = 1.0
        total: Floats = np.asarray(self.cover.sets @ x, dtype=np.float64)
        return np.rint(total).astype(np.int64)

    def without(self, held: Indices, station: int) -> Indices:
        """Return `held`, see `open_in_sets`, after one of the stations closed."""
        rest = held.copy()
        rest[self.sets_of(station)] -= 1
        return rest

    def sets_of(self, site: int) -> Indices:
        """Return the rows of the sets a site stands in."""
        span = slice(self._by_site.indptr[site], self._by_site.indptr[site + 1])
        return self._by_site.indices[span].astype(np.int64)

    def missing(self, held: Indices) -> Indices:
        """Return (n_classes,) int64, the number of sets of each class without an open station."""
        bare = held[self.cover.members] == 0
        return np.bincount(self.owner[bare], minlength=self.cover.n_classes).astype(np.int64)

    def value(self, held: Indices, volume: Floats) -> float:
        """Return the volume served; `volume` is (n_classes,) float64."""
        return float(volume[self.missing(held) == 0].sum())

    def gains(self, held: Indices, volume: Floats) -> Floats:
        """Return what each site alone would add to the volume served: (n_sites,) float64, 0 at open ones.

        Parameters
        ----------
        held
            (n_sets,) int64, see `open_in_sets`.
        volume
            (n_classes,) float64.
        """
        cover, missing = self.cover, self.missing(held)
        bare = held[cover.members] == 0
        last = np.flatnonzero(bare & (missing == 1)[self.owner])
        weight = np.bincount(
            cover.members[last], weights=volume[self.owner[last]], minlength=cover.sets.shape[0]
        )
        gain = np.asarray(cover.sets.T @ weight, dtype=np.float64)
        more = np.flatnonzero(bare & (missing > 1)[self.owner])
        if more.size:
            shared = self.hits(more)
            full = shared.data == np.repeat(missing[self._classes(more)], np.diff(shared.indptr))
            gain += np.bincount(
                shared.indices[full],
                weights=np.repeat(volume[self._classes(more)], np.diff(shared.indptr))[full],
                minlength=len(gain),
            )
        return gain

    def losses(self, held: Indices, volume: Floats, stations: Indices) -> Floats:
        """Return what closing each station alone would take from the volume served: (n_stations,) float64.

        Parameters
        ----------
        held
            (n_sets,) int64, see `open_in_sets`.
        volume
            (n_classes,) float64.
        stations
            (n_stations,) int64, open sites.
        """
        relies = self.relies(held, stations)
        return np.asarray(relies.T @ volume, dtype=np.float64)

    def relies(self, held: Indices, stations: Indices) -> sparse.csr_array:
        """Return (n_classes, n_stations) 0/1: the class is served, but not without the station."""
        cover = self.cover
        rows = np.flatnonzero((held[cover.members] == 1) & (self.missing(held) == 0)[self.owner])
        sole = sparse.csr_array(self._by_site[:, stations])[cover.members[rows]].tocoo()
        shape = (cover.n_classes, len(stations))
        table = sparse.csr_array((np.ones(sole.nnz), (self.owner[rows[sole.row]], sole.col)), shape=shape)
        table.data[:] = 1.0  # equal entries were summed: several sets may rely on one station
        return table

    def hits(self, entries: Indices) -> sparse.csr_array:
        """Return (n_classes_met, n_sites), in how many of the sets of a class among `entries` a site stands.

        Parameters
        ----------
        entries
            (n,) int64, rows of `members`, ascending; the rows of the answer are their classes, ascending.
        """
        _, row = np.unique(self.owner[entries], return_inverse=True)
        shape = (int(row.max(initial=-1)) + 1, self.cover.sets.shape[0])
        wanted = sparse.csr_array((np.ones(len(entries)), (row, self.cover.members[entries])), shape=shape)
        return sparse.csr_array(wanted @ self.cover.sets)

    def _classes(self, entries: Indices) -> Indices:
        return np.unique(self.owner[entries]).astype(np.int64)
