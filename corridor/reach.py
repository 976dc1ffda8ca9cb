"""Which sites can be driven to from a place, and back, within a number of kilometers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.geodesy import EARTH_RADIUS_KM, great_circle_km, unit_vectors
from corridor.paths import cheapest_paths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

#: Shorter than the limit by this share still counts: last digits of sums.
_LAST_DIGITS = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reach:
    """Sites within reach of places; ordered by place, then distance, then site.

    Parameters
    ----------
    place, site
        (n,) int64, rows of the places and of the sites.
    km
        (n,) float64, the longer of the way there and the way back.
    """

    place: NDArray[np.int64]
    site: NDArray[np.int64]
    km: NDArray[np.float64]


def within_reach(
    network: RoadNetwork,
    places: NDArray[np.int64],
    sites: NDArray[np.int64],
    *,
    is_open: NDArray[np.bool_],
    leg_km: NDArray[np.float64],
    within_km: float,
) -> Reach:
    """Return the sites within reach of each place.

    Parameters
    ----------
    network
        Road network.
    places, sites
        (n_places,) and (n_sites,) int64 node ids.
    is_open
        (n_edges,) bool, aligned with ``heads``: arcs that may be driven.
    leg_km
        (n_places,) float64, from each place to its node; counts once in each direction.
    within_km
        Greatest distance: leg and shortest open way, whichever direction is longer.
    """
    if len(places) == 0 or len(sites) == 0:
        nothing = np.empty(0, dtype=np.int64)
        return Reach(place=nothing, site=nothing, km=np.empty(0))
    length = np.where(is_open, network.length_km, np.inf)
    at, place_row = np.unique(network.vertices(places), return_inverse=True)
    standing, site_row = np.unique(network.vertices(sites), return_inverse=True)
    near, found = _candidates(network, at, standing, within_km=within_km)
    km = np.maximum(
        cheapest_paths(network, length, source=at[near], target=standing[found]).cost,
        cheapest_paths(network, length, source=standing[found], target=at[near]).cost,
    )
    of_pair = np.full((len(at), len(standing)), np.inf)
    of_pair[near, found] = km
    total = leg_km[:, None] + of_pair[place_row][:, site_row]
    place, site = np.nonzero(total <= within_km * (1.0 + _LAST_DIGITS))
    order = np.lexsort((site, total[place, site], place))
    place, site = place[order].astype(np.int64), site[order].astype(np.int64)
    return Reach(place=place, site=site, km=total[place, site])


def _candidates(
    network: RoadNetwork, at: NDArray[np.int64], standing: NDArray[np.int64], *, within_km: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of vertices so near on the globe that no shorter road can lie between other pairs.

    A road is at least as long as the great circle times the smallest ratio of the two over all arcs.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415  half a second: paid where something is looked for

    nodes = network.nodes.loc[network.node_ids]
    lon, lat = nodes["x"].to_numpy(dtype=np.float64), nodes["y"].to_numpy(dtype=np.float64)
    tails, heads = network.tails, network.heads
    straight = great_circle_km(lon[tails], lat[tails], lon[heads], lat[heads])
    drawn = straight > 0.0
    ratio = min(1.0, float(np.min(network.length_km[drawn] / straight[drawn], initial=1.0)))
    angle = min(within_km / ratio / EARTH_RADIUS_KM, np.pi) * (1.0 + _LAST_DIGITS)
    points = unit_vectors(lon, lat)
    chord = 2.0 * np.sin(min(angle / 2.0, np.pi / 2.0)) + _LAST_DIGITS
    lists = cKDTree(points[standing]).query_ball_point(points[at], chord, return_sorted=True)
    near = np.repeat(np.arange(len(at), dtype=np.int64), [len(one) for one in lists])
    found = np.concatenate([np.zeros(0, np.int64), *(np.asarray(one, np.int64) for one in lists)])
    return near, found
