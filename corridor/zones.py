"""Zones where trips start and end: counties, districts and external gateways, each with a network node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corridor.errors import Fault, InputError
from corridor.roads import snap

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from corridor.roads import RoadNetwork


def attach(zones: pd.DataFrame, network: RoadNetwork) -> pd.DataFrame:
    """Return the zones with ``node_id`` (nearest network node) and ``snap_km`` (great-circle distance)."""
    node_id, snap_km = snap(network, zones["lon"].to_numpy(), zones["lat"].to_numpy())
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
