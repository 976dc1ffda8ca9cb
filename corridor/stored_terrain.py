"""Terrain kept in the tables of a network: columns of nodes and edges, see docs/tables.md."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.elevation import Terrain, grades

if TYPE_CHECKING:
    from corridor.roads import RoadNetwork


def stored(network: RoadNetwork) -> Terrain | None:
    """Return the terrain that a network's own tables hold, see :func:`with_terrain`; None without."""
    if "elevation_m" not in network.nodes or network.nodes["elevation_m"].isna().all():
        return None
    nodes = pd.DataFrame(network.nodes.loc[network.node_ids])
    z = nodes["elevation_m"].to_numpy(dtype=np.float64)
    if "elevation_quality" not in nodes:
        nodes["elevation_quality"] = np.where(np.isfinite(z), "given", "unknown")
    nodes["known_km"] = np.nan
    rise = z[network.heads] - z[network.tails]
    up, down = np.maximum(rise, 0.0), np.maximum(-rise, 0.0)
    if {"climb_m", "descent_m"} <= set(network.edges.columns):
        up, down = (
            network.edges[name].to_numpy(dtype=np.float64)[network.edge_rows]
            for name in ("climb_m", "descent_m")
        )
    return Terrain(
        nodes=nodes[["elevation_m", "elevation_quality", "known_km"]],
        climb_m=up,
        descent_m=down,
        steepest=np.abs(rise) / (1000.0 * network.length_km),
        inside=pd.DataFrame({"arc": np.zeros(0, np.int64), "fraction": [], "elevation_m": []}),
    )


def with_terrain(network: RoadNetwork, terrain: Terrain) -> RoadNetwork:
    """Return the network with its terrain in its tables.

    Nodes get ``elevation_m`` and ``elevation_quality``; edges get ``grade`` (rise over length between their
    end nodes), ``climb_m`` and ``descent_m``, in the direction they are driven.
    """
    found = terrain.nodes.reindex(network.nodes.index)
    nodes = network.nodes.assign(
        elevation_m=found["elevation_m"].round(1), elevation_quality=found["elevation_quality"]
    )
    by_row = np.empty((3, len(network.edges)))
    by_row[:, network.edge_rows] = (
        grades(network, terrain.nodes["elevation_m"]),
        terrain.climb_m,
        terrain.descent_m,
    )
    grade, climb, descent = by_row
    edges = network.edges.assign(grade=grade.round(5), climb_m=climb.round(1), descent_m=descent.round(1))
    return replace(network, nodes=nodes, edges=edges)
