"""Where a point lies along the roads: which edge is near, how far along it, how far off it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from corridor.geodesy import EARTH_RADIUS_KM, great_circle_km
from corridor.named_routes import numbers, refs_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import ArrayLike, NDArray

    from corridor.roads import RoadNetwork

#: Length of one degree of a great circle, km.
_KM_PER_DEGREE = 2.0 * np.pi * EARTH_RADIUS_KM / 360.0


def locate(
    network: RoadNetwork,
    lon: ArrayLike,
    lat: ArrayLike,
    *,
    refs: Sequence[str | None] | None = None,
    slack_km: float = 0.0,
) -> pd.DataFrame:
    """Return the edges nearest to each point.

    Parameters
    ----------
    network
        Road network whose edges carry ``geometry``.
    lon, lat
        (n,) degrees WGS 84.
    refs
        (n,) road number an edge must bear; empty or None takes any edge.
    slack_km
        Also return edges this much farther than the nearest: the other carriageway, the other direction.

    Returns
    -------
    DataFrame
        ``point`` (row of the input), ``row`` (row of ``network.edges``), ``fraction`` (0 to 1 of the way
        along the edge), ``distance_km`` (great-circle, to the nearest point of the edge); by point, nearest
        first. A point whose road number no edge bears has no rows.

    Notes
    -----
    The nearest edge is found in a plane with one scale per axis, true at the middle latitude of the network:
    within 4 % over 7 degrees of latitude.
    """
    x, y = np.atleast_1d(np.asarray(lon, np.float64)), np.atleast_1d(np.asarray(lat, np.float64))
    scale = _scale(network)
    lines = _planar(network.edges.geometry.to_numpy(), scale)
    points: NDArray[np.object_] = np.asarray(shapely.points(x * scale[0], y * scale[1]), dtype=object)
    wanted = np.array(["" if ref is None else ref for ref in (refs if refs is not None else [""] * len(x))])
    distinct = np.unique(wanted).tolist()
    rows = _bearing(network, distinct)
    found = [_nearest(lines, points, np.flatnonzero(wanted == ref), rows[ref], slack_km) for ref in distinct]
    point, row = np.concatenate(found, axis=1) if found else np.empty((2, 0), dtype=np.int64)
    along = shapely.line_locate_point(lines[row], points[point], normalized=True)
    foot = shapely.line_interpolate_point(lines[row], along, normalized=True)
    distance = great_circle_km(
        x[point], y[point], shapely.get_x(foot) / scale[0], shapely.get_y(foot) / scale[1]
    )
    table = pd.DataFrame({"point": point, "row": row, "fraction": along, "distance_km": distance})
    return table.sort_values(["point", "distance_km", "row"], ignore_index=True)


def nearest_km(network: RoadNetwork, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
    """Return the distance of each point to the nearest edge: (n,) float64, great-circle km."""
    table = locate(network, lon, lat).drop_duplicates("point")
    distance: NDArray[np.float64] = table["distance_km"].to_numpy(dtype=np.float64)
    return distance


def _scale(network: RoadNetwork) -> tuple[float, float]:
    """Return km per degree of longitude and of latitude at the middle of the network."""
    y = network.nodes["y"].to_numpy(dtype=np.float64)
    middle = np.radians((y.min() + y.max()) / 2.0)
    return _KM_PER_DEGREE * float(np.cos(middle)), _KM_PER_DEGREE


def _planar(lines: NDArray[np.object_], scale: tuple[float, float]) -> NDArray[np.object_]:
    """Return lines in degrees as lines in km."""
    planar: NDArray[np.object_] = shapely.transform(lines, lambda degrees: degrees * np.array(scale))
    return planar


def _bearing(network: RoadNetwork, refs: Collection[str]) -> dict[str, NDArray[np.int64]]:
    """Return the rows of the edges that bear each road number; all for an empty one."""
    rows: dict[str, list[int]] = {ref: [] for ref in refs}
    if any(refs):
        for row, cell in enumerate(refs_of(network)):
            for number in numbers(cell):
                if number in rows:
                    rows[number].append(row)
    found = {ref: np.array(each, dtype=np.int64) for ref, each in rows.items()}
    return found | {"": np.arange(len(network.edges))}


def _nearest(
    lines: NDArray[np.object_],
    points: NDArray[np.object_],
    chosen: NDArray[np.int64],
    rows: NDArray[np.int64],
    slack_km: float,
) -> NDArray[np.int64]:
    """(2, n) int64: pairs of chosen point and row, within the slack of the nearest."""
    if len(rows) == 0:
        return np.empty((2, 0), dtype=np.int64)
    tree = shapely.STRtree(lines[rows])
    (point, _), distance = tree.query_nearest(points[chosen], return_distance=True)
    reach = np.zeros(len(chosen))
    reach[point] = distance + slack_km + 1e-9  # rounding must not lose the nearest itself
    pairs = tree.query(points[chosen], predicate="dwithin", distance=reach)
    return np.stack([chosen[pairs[0]], rows[pairs[1]]])
