"""Legs between stations: which ones a vehicle can drive on its tank, and the shortest chains of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import floyd_warshall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

#: Lengths are compared with this slack, as ranges are: 0.4 mm in 400 km.
LENGTH_TOLERANCE = 1e-9

#: Trips worked through at once, to bound memory.
_BLOCK = 20_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Legs:
    """Which legs one kind of vehicle can drive on its tank, and how long they are.

    A leg may be driven when the tank suffices for it both on the way there and on the way back.

    Parameters
    ----------
    first
        (n_ends, n_sites) bool: from a trip end without a station to its first station, and home again.
    between
        (n_sites, n_sites) bool: from a station to the next.
    last
        (n_ends, n_sites) bool: from the last station to a trip end and back to that station; one way, to it.
    to_km
        (n_ends, n_sites) float64, from an end to a site.
    between_km
        (n_sites, n_sites) float64.
    from_km
        (n_ends, n_sites) float64, from a site to an end.
    use
        (n_ends, n_sites) float64: what is used at least from an end to a site; a leg raises it by at most
        `tank`.
    tank
        In the unit of `use`.
    """

    first: Flags
    between: Flags
    last: Flags
    to_km: Floats
    between_km: Floats
    from_km: Floats
    use: Floats
    tank: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trips:
    """Trips that may deviate.

    Parameters
    ----------
    origin, destination
        (n_trips,) int64, rows of the ends of their legs.
    kind
        (n_trips,) int64, which legs.
    longest_km
        (n_trips,) float64, D: the longest trip one way the driver accepts.
    volume
        (n_trips,) float64.
    needs_none
        (n_trips,) bool, trips that no station has to serve: one way, on what they start with.
    """

    origin: Indices
    destination: Indices
    kind: Indices
    longest_km: Floats
    volume: Floats
    needs_none: Flags


def trip_km(trips: Trips, legs: Sequence[Legs], open_sites: Indices) -> Floats:
    """Return how long the shortest drivable way of each trip is.

    Parameters
    ----------
    trips, legs
        Trips and the legs of each kind.
    open_sites
        (n,) int64 sites.

    Returns
    -------
    numpy.ndarray
        (n_trips,) float64, km one way over at least one station; infinite where none can be driven.
    """
    result = np.full(len(trips.origin), np.inf)
    for kind, leg in enumerate(legs):
        rows = np.flatnonzero(trips.kind == kind)
        if not (rows.size and len(open_sites)):
            continue
        between = chains(leg, open_sites)
        there, onward = from_ends(leg, open_sites, between), to_ends(leg, open_sites, between)
        for block in np.array_split(rows, len(rows) // _BLOCK + 1):
            way = there[trips.origin[block]] + onward[trips.destination[block]]
            result[block] = way.min(axis=1)
    return result


def stations_on_the_way(trips: Trips, legs: Sequence[Legs], open_sites: Indices, trip: int) -> Indices:
    """Return the stations a trip fills up at on its shortest drivable way, in order: (n,) int64 sites.

    Raises
    ------
    ValueError
        If no way can be driven.
    """
    leg = legs[trips.kind[trip]]
    part = np.ix_(open_sites, open_sites)
    hop = np.where(leg.between[part], leg.between_km[part], np.inf)
    np.fill_diagonal(hop, 0.0)
    between, before = floyd_warshall(hop, return_predecessors=True)
    origin, destination = trips.origin[trip], trips.destination[trip]
    first = np.where(leg.first[origin, open_sites], leg.to_km[origin, open_sites], np.inf)
    last = np.where(leg.last[destination, open_sites], leg.from_km[destination, open_sites], np.inf)
    km = first[:, None] + between + last[None, :]
    if not np.isfinite(km.min(initial=np.inf)):
        raise ValueError(f"trip {trip} cannot be driven over these stations")
    start, at = (int(index) for index in np.unravel_index(np.argmin(km), km.shape))
    chain = [at]
    while chain[-1] != start:
        chain.append(int(before[start, chain[-1]]))
    return open_sites[chain[::-1]]


def from_ends(leg: Legs, sites: Indices, between: Floats) -> Floats:
    """Return the shortest drivable way from every end to each of the sites.

    Parameters
    ----------
    leg
        Legs of one kind of vehicle.
    sites
        (n,) int64, open sites.
    between
        Their `chains`.

    Returns
    -------
    numpy.ndarray
        (n_ends, n) float64, km.
    """
    return _min_plus(np.where(leg.first[:, sites], leg.to_km[:, sites], np.inf), between)


def to_ends(leg: Legs, sites: Indices, between: Floats) -> Floats:
    """Return the shortest drivable way from each of the sites to every end, as `from_ends`."""
    return _min_plus(np.where(leg.last[:, sites], leg.from_km[:, sites], np.inf), between.T)


def chains(leg: Legs, sites: Indices) -> Floats:
    """Return the shortest way from site to site over the sites, filling up at each: (n, n) float64, km."""
    part = np.ix_(sites, sites)
    hop = np.where(leg.between[part], leg.between_km[part], np.inf)
    np.fill_diagonal(hop, 0.0)
    return np.asarray(floyd_warshall(hop), dtype=np.float64)


def _min_plus(left: Floats, right: Floats) -> Floats:
    """Return min_k left_ik + right_kj."""
    result = np.full((left.shape[0], right.shape[1]), np.inf)
    right = np.ascontiguousarray(right)
    for row, km in enumerate(left):
        near = np.flatnonzero(np.isfinite(km))
        if near.size:
            result[row] = (km[near, None] + right[near]).min(axis=0)
    return result
