"""Blockers of deviating trips: sets of sites one of which a trip needs (`siting.deviation`).

Sets are flags over all sites here: a few operations on 700 flags per trip, not searches in lists.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import islice
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

#: First blockers kept for the next rows.
_REMEMBERED = 64

#: Sets unpacked at once, to bound memory.
_UNPACKED = 16_384


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
        #: Rows of one pair of ends follow each other: the last few of all are asked for again.
        self._first_of = lru_cache(maxsize=_REMEMBERED)(self._first_blockers)
        self._number: dict[bytes, int] = {}
        #: Of the sets unpacked so far: how many sites, and which, a batch of sets each.
        self._sizes: Indices = np.empty(0, dtype=np.int64)
        self._members: list[NDArray[np.int32]] = []
        self._needs: list[tuple[int, int]] = []  # trip, set
        self._own = None if own is None else _own_sets(own)
        self._own_class = None if own is None else own.trip_class
        every = np.arange(self._n_sites, dtype=np.int64)
        self._there, self._onward, self._order = [], [], []
        for leg in legs:
            if should_stop():
                return
            self._order.append(np.argsort(leg.use, axis=1, kind="stable"))
            between = chains(leg, every)
            self._there.append(from_ends(leg, every, between))
            self._onward.append(to_ends(leg, every, between))
        self._servable = trips.needs_none.copy()
        for trip in np.flatnonzero(~trips.needs_none).tolist():
            if trip % _ASKED == 0 and should_stop():
                return
            chained = self._first_of(*self._of(trip), float(trips.longest_km[trip]))
            on_own_way = self._on_own_way(trip)
            if chained is None or on_own_way is None:
                blocked = on_own_way if chained is None else chained
            else:
                blocked = _either(on_own_way, chained)
            if blocked is not None:
                self._servable[trip] = True
                self._need(trip, blocked)
        self.is_complete = True

    def cover(self) -> CoverSets:
        """Return the relaxation over the blockers found so far."""
        for begin in range(len(self._sizes), len(self._number), _UNPACKED):
            packed = b"".join(islice(self._number, begin, begin + _UNPACKED))
            rows = np.frombuffer(packed, dtype=np.uint8).reshape(-1, (self._n_sites + 7) // 8)
            set_, site = np.nonzero(np.unpackbits(rows, axis=1, count=self._n_sites).view(np.bool_))
            self._sizes = np.append(self._sizes, np.bincount(set_, minlength=len(rows)))
            self._members.append(site.astype(np.int32))
        n_sets = len(self._sizes)
        sites = np.concatenate([np.empty(0, dtype=np.int32), *self._members])
        indptr = np.append(0, np.cumsum(self._sizes)).astype(np.int32)
        sets = sparse.csr_array((np.ones(len(sites)), sites, indptr), shape=(n_sets, self._n_sites))
        needs = np.array(self._needs, dtype=np.int64).reshape(-1, 2)
        trip, member = np.divmod(np.unique(needs[:, 0] * n_sets + needs[:, 1]), max(n_sets, 1))
        return families(sets=sets, trip=trip, member=member, servable=self._servable)

    def block(self, trip: int, open_sites: Indices) -> None:
        """Add minimal blockers that these open sites leave closed, one from each end of the trip."""
        is_open = np.zeros(self._n_sites, dtype=bool)
        is_open[open_sites] = True
        stays_closed = np.zeros(self._n_sites, dtype=bool)
        on_own_way = self._on_own_way(trip)
        if on_own_way is not None:
            stays_closed = on_own_way[np.argmin((on_own_way & is_open).any(axis=1))]
        origin, destination, kind = self._of(trip)
        longest_km = float(self._trips.longest_km[trip])
        sites = np.flatnonzero(self._eligible(origin, destination, kind, longest_km)).astype(np.int64)
        for rank in (self._there[kind][origin, sites], self._onward[kind][destination, sites]):
            order = np.argsort(rank, kind="stable")
            needed = stays_closed.copy()
            needed[self._minimal(trip, sites, is_open[sites], order[~stays_closed[sites[order]]])] = True
            self._need(trip, needed[None])

    def _of(self, trip: int) -> tuple[int, int, int]:
        """Return origin, destination and kind."""
        trips = self._trips
        return int(trips.origin[trip]), int(trips.destination[trip]), int(trips.kind[trip])

    def _eligible(self, origin: int, destination: int, kind: int, longest_km: float) -> Flags:
        """Tell which sites some drivable way within the longest trip fills up at."""
        way = self._there[kind][origin] + self._onward[kind][destination]
        eligible: Flags = way <= longest_km * (1.0 + LENGTH_TOLERANCE)
        return eligible

    def _on_own_way(self, trip: int) -> Flags | None:
        """Return the cover sets of the trip's own way, (n, n_sites); None if no sites can serve it there."""
        if self._own is None or self._own_class is None or self._own_class[trip] < 0:
            return None
        sets: Flags = self._own[self._own_class[trip]]
        return sets

    def _first_blockers(self, origin: int, destination: int, kind: int, longest_km: float) -> Flags | None:
        """Return first stations, last stations, and windows one tank wide between them, (n, n_sites)."""
        eligible = self._eligible(origin, destination, kind, longest_km)
        if not eligible.any():
            return None
        leg = self._legs[kind]
        use, reach = leg.use[origin], leg.tank * (1.0 + LENGTH_TOLERANCE)
        first, last = eligible & leg.first[origin], eligible & leg.last[destination]
        order = self._order[kind][origin]
        sites = order[eligible[order]]
        ordered = use[sites]
        # Sites not in the first tank, up to the last one a last station must lie beyond.
        steps = ordered[(ordered >= use[first].max()) & (ordered < use[last].min())]
        low = ordered.searchsorted(steps, side="right")
        high = ordered.searchsorted(steps + reach, side="right")
        shortest = np.flatnonzero(high[1:] != high[:-1]).tolist() + [-1] * min(1, len(high))
        found = np.zeros((2 + len(shortest), self._n_sites), dtype=bool)
        found[0], found[1] = first, last
        for row, step in enumerate(shortest, start=2):
            found[row, sites[low[step] : high[step]]] = True
        return found

    def _need(self, trip: int, needed: Flags) -> None:
        """Note that the trip needs one of the sites of each row, (n, n_sites)."""
        for packed in np.packbits(needed, axis=1):
            self._needs.append((trip, self._number.setdefault(packed.tobytes(), len(self._number))))

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
    left, right = one.astype(np.float32), other.astype(np.float32)
    common = left @ right.T  # counts, exact up to 2^24
    with_one = (right.sum(axis=1) - common).argmin(axis=1)
    with_other = (left.sum(axis=1)[:, None] - common).argmin(axis=0)
    pairs = sorted({*enumerate(with_one.tolist()), *((k, m) for m, k in enumerate(with_other.tolist()))})
    either: Flags = one[[k for k, _ in pairs]] | other[[m for _, m in pairs]]
    return either
