"""Elevation along a route: a straight line between the known points and nodes it passes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.elevation import Terrain
    from corridor.roads import RoadNetwork

#: How an elevation came about, the best first; see :class:`corridor.elevation.Terrain`.
QUALITIES = ("given", "interpolated", "far", "unknown")

#: Shorter stretches tell no grade: half a meter of rounding in the elevations would make it, km.
_GRADE_KM = 0.1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Profile:
    """Elevation along a route.

    Parameters
    ----------
    km
        (n,) float64 driven since the start.
    elevation_m
        (n,) float64 of the road; NaN where unknown.
    quality
        (n,) one of ``QUALITIES``.
    """

    km: NDArray[np.float64]
    elevation_m: NDArray[np.float64]
    quality: NDArray[np.str_]

    @property
    def climb_m(self) -> float:
        """Meters up; NaN where any elevation is unknown."""
        return float(np.maximum(np.diff(self.elevation_m), 0.0).sum())

    @property
    def descent_m(self) -> float:
        """Meters down, at least 0; NaN where any elevation is unknown."""
        return float(np.maximum(-np.diff(self.elevation_m), 0.0).sum())

    @property
    def steepest(self) -> float:
        """Steepest grade of a stretch of at least 100 m between two points of the profile, absolute."""
        km = np.diff(self.km)
        long_enough = km >= _GRADE_KM
        grade = np.abs(np.diff(self.elevation_m)[long_enough]) / (1000.0 * km[long_enough])
        return float(grade.max(initial=0.0))

    @property
    def worst_quality(self) -> str:
        """How the least sure elevation came about."""
        worst: str = max(self.quality.tolist(), key=QUALITIES.index)
        return worst


def profile(
    network: RoadNetwork,
    terrain: Terrain,
    arcs: NDArray[np.int64],
    *,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
) -> Profile:
    """Return the elevation along pieces of arcs driven one after the other.

    Parameters
    ----------
    network
        Road network the terrain belongs to.
    terrain
        Its elevations.
    arcs
        (n,) int64 positions into ``heads``, in driving order.
    start, end
        (n,) float64 shares of each arc where it is entered and left, 0 and 1 of one driven whole.
    """
    z = terrain.nodes["elevation_m"].to_numpy(dtype=np.float64)
    codes = np.array([QUALITIES.index(each) for each in terrain.nodes["elevation_quality"]])
    inside = terrain.inside[np.isin(terrain.inside["arc"].to_numpy(), arcs)]
    known: dict[int, list[tuple[float, float, int]]] = {}
    for arc, share, height in inside[["arc", "fraction", "elevation_m"]].itertuples(index=False):
        known.setdefault(int(arc), []).append((float(share), float(height), 0))
    points: list[tuple[float, float, int]] = []
    km = 0.0
    for arc, begun, done in zip(arcs.tolist(), start.tolist(), end.tolist(), strict=True):
        tail, head = _tail(network, arc), int(network.heads[arc])
        stations = [(0.0, float(z[tail]), int(codes[tail])), *known.get(arc, [])]
        stations.append((1.0, float(z[head]), int(codes[head])))
        length = float(network.length_km[arc])
        here = _between(stations, begun, done)
        # The end of one arc is the start of the next.
        points += [
            (km + (share - begun) * length, height, code) for share, height, code in here[bool(points) :]
        ]
        km += (done - begun) * length
    at, heights, code = (np.array(column) for column in zip(*points, strict=True))
    return Profile(km=at, elevation_m=heights, quality=np.array(QUALITIES)[code])


def _between(
    stations: list[tuple[float, float, int]], start: float, end: float
) -> list[tuple[float, float, int]]:
    """Return share, elevation and quality from one share of an arc to another; a cut end is interpolated."""
    shares, heights, codes = zip(*stations, strict=True)
    sure = max(codes[0], codes[-1], QUALITIES.index("interpolated"))
    cut = [(each, float(np.interp(each, shares, heights)), sure) for each in (start, end)]
    inside = [station for station in stations if start < station[0] < end]
    first = stations[0] if start <= 0 else cut[0]
    last = stations[-1] if end >= 1 else cut[1]
    return [first, *inside, last]


def _tail(network: RoadNetwork, arc: int) -> int:
    """Return the vertex an arc leaves."""
    return int(np.searchsorted(network.indptr, arc, side="right")) - 1
