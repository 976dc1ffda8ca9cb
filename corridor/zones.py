"""Zones where trips start and end: counties, districts and external gateways, each with a network node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corridor.closures import cut_off
from corridor.errors import Fault, InputError
from corridor.geodesy import great_circle_km
from corridor.roads import snap

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork


def attach(
    zones: pd.DataFrame, network: RoadNetwork, *, cost: NDArray[np.float64] | None = None
) -> pd.DataFrame:
    """Return the zones with ``node_id`` (nearest network node) and ``snap_km`` (great-circle distance).

    Parameters
    ----------
    zones
        Places with ``lon`` and ``lat``.
    network
        Road network.
    cost
        (n_edges,) cost of each arc, infinite when closed: a zone whose node closures cut off starts from the
        nearest node that is not; its people take local roads there.
    """
    lon, lat = zones["lon"].to_numpy(dtype=np.float64), zones["lat"].to_numpy(dtype=np.float64)
    node_id, snap_km = snap(network, lon, lat)
    if cost is not None:
        stranded = cut_off(network, cost, network.node_ids)
        moved = np.flatnonzero(np.isin(node_id, stranded))
        if len(moved) and len(stranded) < network.n_nodes - 1:
            open_nodes = np.setdiff1d(network.node_ids, stranded)
            at = network.nodes.loc[open_nodes]
            km = great_circle_km(
                lon[moved, None], lat[moved, None], at["x"].to_numpy()[None], at["y"].to_numpy()[None]
            )
            nearest = km.argmin(axis=1)
            node_id[moved], snap_km[moved] = open_nodes[nearest], km[np.arange(len(moved)), nearest]
    return zones.assign(node_id=node_id, snap_km=snap_km)


def scaled(zones: pd.DataFrame, factors: Mapping[str, float]) -> pd.DataFrame:
    """Return the zones with population and employment multiplied by a factor per zone id.

    Raises
    ------
    corridor.errors.InputError
        For a zone id that does not exist.
    """
    unknown = [zone for zone in factors if zone not in zones.index]
    if unknown:
        raise InputError(
            [
                Fault(f"there is no zone {zone}", "zone_factor", "Zone ids stand in data/zones.csv")
                for zone in unknown
            ]
        )
    result = zones.copy()
    columns = ["population", "employment_transport", "employment_manufacturing"]
    result[columns] = result[columns].astype("float64")
    for zone, factor in factors.items():
        result.loc[zone, columns] = result.loc[zone, columns].astype("float64") * factor
    return result
