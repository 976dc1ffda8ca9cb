"""From which nodes of the network a site can be reached.

The carriageways of an expressway may be two lines with nodes of their own, and an interchange has many. A
vehicle that passes any node near a site can stop there, whichever way it drives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from corridor.geodesy import EARTH_RADIUS_KM, unit_vectors

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Access:
    """Which site is reached from which node.

    Parameters
    ----------
    site
        (n,) int64, row of the sites table; ascending.
    node_id
        (n,) int64; a site's own node first.
    """

    site: NDArray[np.int64]
    node_id: NDArray[np.int64]

    def of(self, sites: NDArray[np.intp]) -> Access:
        """Return the access of some sites, numbered in the order given."""
        number = np.full(int(self.site.max(initial=-1)) + 1, -1, dtype=np.int64)
        number[sites] = np.arange(len(sites))
        rows = np.flatnonzero(number[self.site] >= 0)
        rows = rows[np.argsort(number[self.site[rows]], kind="stable")]
        return Access(site=number[self.site[rows]], node_id=self.node_id[rows])


def access(sites: pd.DataFrame, network: RoadNetwork, *, within_km: float) -> Access:
    """Return the nodes each site is reached from: its own, and those near it.

    Parameters
    ----------
    sites
        With ``node_id``.
    network
        Road network.
    within_km
        Largest great-circle distance of a node from the site's own.
    """
    own = sites["node_id"].to_numpy(dtype=np.int64)
    at = network.nodes.loc[network.node_ids]
    points = unit_vectors(at["x"].to_numpy(dtype=np.float64), at["y"].to_numpy(dtype=np.float64))
    centers = points[network.vertices(own)]
    chord = 2.0 * np.sin(min(within_km / EARTH_RADIUS_KM, np.pi) / 2.0)
    found = cKDTree(points).query_ball_point(centers, chord, return_sorted=True)
    near = [network.node_ids[np.asarray(vertices, dtype=np.int64)] for vertices in found]
    site = np.repeat(np.arange(len(own)), [len(nodes) for nodes in near]).astype(np.int64)
    node_id = np.concatenate([*near, np.zeros(0, dtype=np.int64)])
    order = np.lexsort((node_id != own[site], site))
    return Access(site=site, node_id=node_id[order])
