"""Blockers of deviating trips: sets of sites one of which a trip needs (`siting.deviation`).

Sets are flags over all sites here: a few operations on 700 flags per trip, not searches in lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.coverage import CoverSets, families
from siting.legs import LENGTH_TOLERANCE, Legs, Trips, chains, from_ends, to_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


#: Trips between two questions whether to stop.
_ASKED = 200


class Blockers:
    """Blockers found so far: each trip needs an open site of every one of its own.

    Parameters
    ----------
    trips, legs
        Trips and the legs of each kind of vehicle.
    own
        Cover sets of the way each trip takes anyhow, whatever its length; None when there is none besides.
    should_stop
        Asked often while the first blockers are looked for; True leaves `is_complete` False.
    """

    def __init__(
        self,
        trips: Trips,
        legs: Sequence[Legs],
        own: CoverSets | None = None,
        *,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> None:
        #: Whether every trip has its first blockers; without, they bound nothing.
        self.is_complete = False
        self._trips, self._legs = trips, legs
        self._n_sites = legs[0].between.shape[0]
        self._number: dict[bytes, int] = {}
        self._needs: list[tuple[int, int]] = []  # trip, set
        self._own = None if own is None else _own_sets(own)
        self._own_class = None if own is None else own.trip_class
        every = np.arange(self._n_sites, dtype=np.int64)
        self._there, self._onward = [], []
        for leg in legs:
            if should_stop():
                return
            between = chains(leg, every)
            self._there.append(from_ends(leg, every, between))
            self._onward.append(to_ends(leg, every, between))
        self._servable = trips.needs_none.copy()
        for trip in np.flatnonzero(~trips.needs_none).tolist():
            if trip % _ASKED == 0 and should_stop():
                return
            chained, on_own_way = self._first_blockers(trip), self._on_own_way(trip)
            if chained is None or on_own_way is None:
                blocked = on_own_way if chained is None else chained
            else:
                blocked = _either(on_own_way, chained)
            if blocked is not None:
                self._servable[trip] = True
                for needed in blocked:
                    self._need(trip, needed)
        self.is_complete = True

    def cover(self) -> CoverSets:
        """Return the relaxation over the blockers found so far."""
        packed = np.frombuffer(b"".join(self._number), dtype=np.uint8)
        packed = packed.reshape(len(self._number), (self._n_sites + 7) // 8)
        sets = sparse.csr_array(np.unpackbits(packed, axis=1, count=self._n_sites).astype(np.float64))
        needs = np.unique(np.array(self._needs, dtype=np.int64).reshape(-1, 2), axis=0)
        return families(sets=sets, trip=needs[:, 0], member=needs[:, 1], servable=self._servable)

    def block(self, trip: int, open_sites: Indices) -> None:
        """Add minimal blockers that these open sites leave closed, one from each end of the trip."""
        is_open = np.zeros(self._n_sites, dtype=bool)
        is_open[open_sites] = True
        stays_closed = np.zeros(self._n_sites, dtype=bool)
        on_own_way = self._on_own_way(trip)
        if on_own_way is not None:
            stays_closed = on_own_way[np.argmin((on_own_way & is_open).any(axis=1))]
        origin, destination, kind = self._of(trip)
        sites = np.flatnonzero(self._eligible(trip)).astype(np.int64)
        for rank in (self._there[kind][origin, sites], self._onward[kind][destination, sites]):
            order = np.argsort(rank, kind="stable")
            needed = stays_closed.copy()
            needed[self._minimal(trip, sites, is_open[sites], order[~stays_closed[sites[order]]])] = True
            self._need(trip, needed)

    def _of(self, trip: int) -> tuple[int, int, int]:
        """Return origin, destination and kind."""
        trips = self._trips
        return int(trips.origin[trip]), int(trips.destination[trip]), int(trips.kind[trip])

    def _eligible(self, trip: int) -> Flags:
        """Tell which sites some drivable way within the longest trip fills up at."""
        origin, destination, kind = self._of(trip)
        way = self._there[kind][origin] + self._onward[kind][destination]
        eligible: Flags = way <= self._trips.longest_km[trip] * (1.0 + LENGTH_TOLERANCE)
        return eligible

    def _on_own_way(self, trip: int) -> Flags | None:
        """Return the cover sets of the trip's own way, (n, n_sites); None if no sites can serve it there."""
        if self._own is None or self._own_class is None or self._own_class[trip] < 0:
            return None
        sets: Flags = self._own[self._own_class[trip]]
        return sets

    def _first_blockers(self, trip: int) -> Flags | None:
        """Return first stations, last stations, and windows one tank wide between them, (n, n_sites)."""
        eligible = self._eligible(trip)
        if not eligible.any():
            return None
        origin, destination, kind = self._of(trip)
        leg = self._legs[kind]
        use, reach = leg.use[origin], leg.tank * (1.0 + LENGTH_TOLERANCE)
        first, last = eligible & leg.first[origin], eligible & leg.last[destination]
        sites = np.flatnonzero(eligible)
        sites = sites[np.argsort(use[sites], kind="stable")]
        ordered = use[sites]
        # Sites not in the first tank, up to the last one a last station must lie beyond.
        steps = ordered[(ordered >= use[first].max()) & (ordered < use[last].min())]
        low = np.searchsorted(ordered, steps, side="right")
        high = np.searchsorted(ordered, steps + reach, side="right")
        shortest = np.append(high[1:] != high[:-1], np.ones(min(1, len(high)), dtype=bool))
        found = [first, last]
        for begin, end in zip(low[shortest].tolist(), high[shortest].tolist(), strict=True):
            window = np.zeros(self._n_sites, dtype=bool)
            window[sites[begin:end]] = True
            found.append(window)
        return np.array(found)

    def _need(self, trip: int, needed: Flags) -> None:
        """Note that the trip needs one of these sites."""
        number = self._number.setdefault(np.packbits(needed).tobytes(), len(self._number))
        self._needs.append((trip, number))

    def _minimal(self, trip: int, sites: Indices, is_open: Flags, order: Indices) -> Indices:
        """Open further sites, in this order, as long as the trip stays unserved; return those left closed."""
        origin, destination, kind = self._of(trip)
        leg = self._legs[kind]
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


def _own_sets(own: CoverSets) -> list[Flags]:
    """Return the cover sets of each class as flags, (n, n_sites)."""
    flags = own.sets.astype(bool).toarray()
    return [
        flags[own.members[begin:end]]
        for begin, end in zip(own.offsets[:-1].tolist(), own.offsets[1:].tolist(), strict=True)
    ]


def _either(one: Flags, other: Flags) -> Flags:
    """Return sets a trip needs that is served one way or the other: each set with the one that adds least."""
    if not (len(one) and len(other)):
        return one[:0]
    common = one.astype(np.float32) @ other.T.astype(np.float32)
    with_one = (other.sum(axis=1)[None, :] - common).argmin(axis=1)
    with_other = (one.sum(axis=1)[:, None] - common).argmin(axis=0)
    pairs = {*enumerate(with_one.tolist()), *((k, m) for m, k in enumerate(with_other.tolist()))}
    rows, columns = np.array(sorted(pairs)).T
    either: Flags = one[rows] | other[columns]
    return either
