"""Elevation of a network, from what its tables hold, an elevation model, or the shipped table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corridor import sources
from corridor.elevation import open_stretches, terrain
from corridor.stored_terrain import stored, with_terrain

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from corridor.elevation import Terrain
    from corridor.roads import RoadNetwork


def terrain_of(network: RoadNetwork, folder: Path) -> Terrain:
    """Return the terrain of a network.

    Parameters
    ----------
    network
        Road network; elevations its tables hold count first.
    folder
        Where elevations.csv is, which serves without: it knows towns and passes of Sichuan and Chongqing, so
        elsewhere every elevation is unknown.
    """
    return stored(network) or terrain(network, sources.read_elevations(folder))


def draped(network: RoadNetwork, dem: Path, points: pd.DataFrame) -> tuple[RoadNetwork, list[str]]:
    """Return the network with the elevations of a model in its tables, and what a person should know.

    Parameters
    ----------
    network
        Road network.
    dem
        Raster of elevations, m above sea level.
    points
        Known elevations, for where the model has none; see :func:`corridor.elevation.terrain`.

    Raises
    ------
    corridor.errors.InputError
        For what is no elevation model, or none of this place.
    """
    from corridor import surface  # noqa: PLC0415  GDAL, only for who brings an elevation model

    at = network.nodes.loc[network.node_ids]
    surface_m = surface.sample(dem, at["x"].to_numpy(), at["y"].to_numpy())
    covered = np.isfinite(surface_m)
    notices = []
    if not covered.all():
        notices.append(
            f"{dem.name} has an elevation at {covered.sum()} of {len(covered)} nodes ({covered.mean():.1%}); "
            "the others are interpolated along the roads"
        )
    inside = open_stretches(network)
    inside["elevation_m"] = surface.sample(dem, inside["lon"].to_numpy(), inside["lat"].to_numpy())
    found = terrain(network, points, surface_m=surface_m, along=inside)
    return with_terrain(network, found), notices
