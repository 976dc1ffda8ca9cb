"""Check what a plan says of point demands: shares no code with the optimizer and the roads' path search.

From every open station all open roads are driven, and back (Dijkstra's search on the bare arrays of the
network, SciPy). Then, for every point demand:

- one said to be covered has its station open and within reach, and no other open station is nearer;
- one said not to be covered has no open station within reach.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from corridor.errors import ReplayError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Distances that differ by less are equal, km: sums of doubles in another order.
TOLERANCE_KM = 1e-6

_FAULTS_LISTED = 10


def replay_points(
    indptr: Indices,
    heads: Indices,
    length_km: Floats,
    *,
    point: Indices,
    leg_km: Floats,
    station: Indices,
    taken_by: Indices,
    within_km: float,
) -> Floats:
    """Drive between every point demand and every open station.

    Parameters
    ----------
    indptr, heads, length_km
        Network as CSR arrays over vertices; closed arcs are infinitely long.
    point
        (n_points,) vertex of each point demand.
    leg_km
        (n_points,) km from the point to its vertex.
    station
        (n_stations,) vertex of each open station.
    taken_by
        (n_points,) row of the station said to serve the point; -1 where none is.
    within_km
        Farthest a station may be.

    Returns
    -------
    km
        (n_points,) distance to the station that serves the point, the longer direction; NaN without one.

    Raises
    ------
    ReplayError
        Naming the first points of which something else was said.
    """
    km = leg_km[:, None] + _both_ways(indptr, heads, length_km, point, station)
    nearest = km.min(axis=1, initial=np.inf)
    served = taken_by >= 0
    taken = np.full(len(point), np.nan)
    taken[served] = km[np.flatnonzero(served), taken_by[served]]
    faults = []
    for row in range(len(point)):
        if served[row] and not taken[row] <= within_km + TOLERANCE_KM:
            faults.append(f"point {row}: its station is {taken[row]:.3f} km off, beyond {within_km:g} km")
        elif served[row] and taken[row] > nearest[row] + TOLERANCE_KM:
            faults.append(f"point {row}: an open station is nearer ({nearest[row]:.3f} km) than its own")
        elif not served[row] and nearest[row] < within_km - TOLERANCE_KM:
            faults.append(f"point {row}: an open station is {nearest[row]:.3f} km off, and none serves it")
    if faults:
        listed = [*faults[:_FAULTS_LISTED], *(["and more"] if len(faults) > _FAULTS_LISTED else [])]
        text = "\n".join(listed)
        raise ReplayError(f"{len(faults)} of {len(point)} point demands failed the check:\n{text}")
    return taken


def _both_ways(
    indptr: Indices, heads: Indices, length_km: Floats, point: Indices, station: Indices
) -> Floats:
    """(n_points, n_stations) float64: the longer of the shortest ways there and back."""
    if len(point) == 0 or len(station) == 0:
        return np.full((len(point), len(station)), np.inf)
    n = len(indptr) - 1
    tails = np.repeat(np.arange(n), np.diff(indptr))
    rows = np.flatnonzero(np.isfinite(length_km))
    rows = rows[np.lexsort((length_km[rows], heads[rows], tails[rows]))]
    pair = tails[rows] * np.int64(n) + heads[rows]
    shortest = rows[np.unique(pair, return_index=True)[1]]
    graph = csr_array((length_km[shortest], (tails[shortest], heads[shortest])), shape=(n, n))
    from_station = dijkstra(graph, indices=station)[:, point].T
    to_station = dijkstra(csr_array(graph.T), indices=station)[:, point].T
    return np.maximum(from_station, to_station)
