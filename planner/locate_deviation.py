"""Flows of a bare network whose drivers leave their way for a station."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import dijkstra

from siting.legs import LENGTH_TOLERANCE, Legs, Trips, trip_km

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planner.instance import NetworkInstance


def deviating_trips(
    instance: NetworkInstance, sites: NDArray[np.int64], *, range_: float, detour: float
) -> tuple[Trips, Legs]:
    """Return the flows as trips that may take any way, and the legs their vehicle can drive.

    Parameters
    ----------
    instance
        Network and flows; a flow's own path only says how long its trip is.
    sites
        (n_sites,) int64, vertices where a station may or does stand.
    range_
        Usable range.
    detour
        Share of the trip's length accepted on top.
    """
    origin, destination = instance.nodes[instance.offsets[:-1]], instance.nodes[instance.offsets[1:] - 1]
    ends, row = np.unique(np.concatenate([origin, destination]), return_inverse=True)
    to_km = dijkstra(instance.links, indices=ends)[:, sites]
    from_site = dijkstra(instance.links, indices=sites)
    from_km, between_km = from_site[:, ends].T, from_site[:, sites]
    reach = range_ * (1.0 + LENGTH_TOLERANCE)
    legs = Legs(
        first=to_km <= reach / 2.0,
        between=between_km <= reach,
        last=2.0 * from_km <= reach,
        to_km=to_km,
        between_km=between_km,
        from_km=from_km,
        use=to_km,
        tank=range_,
    )
    n_flows = len(instance.volume)
    trips = Trips(
        origin=row[:n_flows].astype(np.int64),
        destination=row[n_flows:].astype(np.int64),
        kind=np.zeros(n_flows, dtype=np.int64),
        longest_km=(1.0 + detour) * instance.length,
        volume=instance.volume,
        needs_none=np.zeros(n_flows, dtype=bool),
    )
    return trips, legs


def can_be_served(trips: Trips, legs: Sequence[Legs]) -> NDArray[np.bool_]:
    """Tell which trips could be served if every site had a station: (n_trips,) bool."""
    every = np.arange(legs[0].between.shape[0], dtype=np.int64)
    km = trip_km(trips, legs, every)
    servable: NDArray[np.bool_] = trips.needs_none | (km <= trips.longest_km * (1.0 + LENGTH_TOLERANCE))
    return servable
