"""Blockers of deviating trips: sets of sites one of which a trip needs (`siting.deviation`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.coverage import CoverSets, families
from siting.legs import LENGTH_TOLERANCE, Legs, Trips, from_ends, to_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


class Blockers:
    """Blockers found so far: each trip needs an open site of every one of its own.

    Parameters
    ----------
    trips, legs
        Trips and the legs of each kind of vehicle.
    """

    def __init__(self, trips: Trips, legs: Sequence[Legs]) -> None:
        self._trips, self._legs = trips, legs
        self._n_sites = legs[0].between.shape[0]
        self._sets: list[Indices] = []
        self._number: dict[bytes, int] = {}
        self._needs: list[tuple[int, int]] = []  # trip, set
        self._servable = trips.needs_none.copy()
        every = np.arange(self._n_sites, dtype=np.int64)
        self._there = [from_ends(leg, every) for leg in legs]
        self._onward = [to_ends(leg, every) for leg in legs]
        for trip in np.flatnonzero(~trips.needs_none).tolist():
            sites = self._eligible(trip)
            if sites.size:
                self._servable[trip] = True
                self._start(trip, sites)

    def cover(self) -> CoverSets:
        """Return the relaxation over the blockers found so far."""
        size = np.array([len(sites) for sites in self._sets], dtype=np.int64)
        columns = np.concatenate([np.empty(0, np.int64), *self._sets])
        sets = sparse.csr_array(
            (np.ones(len(columns)), columns, np.concatenate([[0], np.cumsum(size)]).astype(np.int64)),
            shape=(len(self._sets), self._n_sites),
        )
        needs = np.array(sorted(set(self._needs)), dtype=np.int64).reshape(-1, 2)
        return families(sets=sets, trip=needs[:, 0], member=needs[:, 1], servable=self._servable)

    def block(self, trip: int, open_sites: Indices) -> None:
        """Add minimal blockers that these open sites leave closed, one from each end of the trip."""
        sites = self._eligible(trip)
        kind = self._trips.kind[trip]
        ranks = (
            self._there[kind][self._trips.origin[trip], sites],
            self._onward[kind][self._trips.destination[trip], sites],
        )
        for rank in ranks:
            order = np.argsort(rank, kind="stable")
            self._need(trip, self._minimal(trip, sites, np.isin(sites, open_sites), order))

    def _eligible(self, trip: int) -> Indices:
        """Return the sites some drivable way within the longest trip fills up at."""
        kind = self._trips.kind[trip]
        way = self._there[kind][self._trips.origin[trip]] + self._onward[kind][self._trips.destination[trip]]
        return np.flatnonzero(way <= self._trips.longest_km[trip] * (1.0 + LENGTH_TOLERANCE)).astype(np.int64)

    def _start(self, trip: int, sites: Indices) -> None:
        """Add the first blockers: first stations, last stations, and windows one tank wide between them."""
        leg = self._legs[self._trips.kind[trip]]
        origin, destination = self._trips.origin[trip], self._trips.destination[trip]
        first, last = leg.first[origin, sites], leg.last[destination, sites]
        self._need(trip, sites[first])
        self._need(trip, sites[last])
        use = leg.use[origin, sites]
        reach = leg.tank * (1.0 + LENGTH_TOLERANCE)
        steps = np.unique(use[(use >= use[first].max()) & (use < use[last].min())])
        latest: Indices | None = None
        for step in steps[::-1]:
            window = sites[(use > step) & (use <= step + reach)]
            if latest is None or not np.isin(latest, window).all():
                self._need(trip, window)
                latest = window

    def _need(self, trip: int, sites: Indices) -> None:
        """Note that the trip needs one of these sites."""
        key = np.sort(sites).astype(np.int64).tobytes()
        if key not in self._number:
            self._number[key] = len(self._sets)
            self._sets.append(np.sort(sites).astype(np.int64))
        self._needs.append((trip, self._number[key]))

    def _minimal(self, trip: int, sites: Indices, is_open: Flags, order: Indices) -> Indices:
        """Open further sites, in this order, as long as the trip stays unserved; return those left closed."""
        kind = self._trips.kind[trip]
        leg = self._legs[kind]
        origin, destination = self._trips.origin[trip], self._trips.destination[trip]
        longest = self._trips.longest_km[trip] * (1.0 + LENGTH_TOLERANCE)
        hop = np.where(leg.between[np.ix_(sites, sites)], leg.between_km[np.ix_(sites, sites)], np.inf)
        there = np.where(leg.first[origin, sites], leg.to_km[origin, sites], np.inf)
        onward = np.where(leg.last[destination, sites], leg.from_km[destination, sites], np.inf)
        is_open = is_open.copy()
        for site in np.flatnonzero(is_open):
            there = _relaxed(there, hop, is_open, int(site))
            onward = _relaxed(onward, hop.T, is_open, int(site))
        for site in order:
            if is_open[site] or there[site] + onward[site] <= longest:
                continue
            is_open[site] = True
            there = _relaxed(there, hop, is_open, int(site))
            onward = _relaxed(onward, hop.T, is_open, int(site))
        return sites[~is_open]


def _relaxed(km: Floats, hop: Floats, is_open: Flags, source: int) -> Floats:
    """Return the shortest lengths to every site after one more open site may be passed."""
    km = km.copy()
    queue = [source]
    while queue:
        site = queue.pop()
        longer = km[site] + hop[site]
        better = longer < km
        km = np.where(better, longer, km)
        queue += [int(found) for found in np.flatnonzero(better & is_open) if found != site]
    return km
