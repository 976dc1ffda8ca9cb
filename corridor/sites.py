"""Places where a station may stand, and where one stands, each with a network node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corridor.roads import snap

if TYPE_CHECKING:
    import pandas as pd

    from corridor.roads import RoadNetwork

#: A site farther than this from every network node serves no trip on the network, km great-circle.
FARTHEST_SNAP_KM = 10.0


def attach(
    sites: pd.DataFrame, network: RoadNetwork, *, farthest_km: float = FARTHEST_SNAP_KM
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sites on the network and those refused for distance.

    Parameters
    ----------
    sites
        Index ``site_id``, with ``lon`` and ``lat``.
    network
        Road network.
    farthest_km
        Greatest distance to the nearest node.

    Returns
    -------
    attached
        Sites within reach, with ``node_id`` and ``snap_km``.
    refused
        The others, same columns.
    """
    node_id, snap_km = snap(network, sites["lon"].to_numpy(), sites["lat"].to_numpy())
    snapped = sites.assign(node_id=node_id, snap_km=snap_km)
    near = snapped["snap_km"] <= farthest_km
    return snapped[near], snapped[~near]
