"""Point demands beside the trips: each is served by any one open station within its reach.

Formulation
-----------
Sets
    p in P      point demands
    R_p         sites within reach of p, there and back by road
Parameters
    q_p         kg/d
Variables
    x_i in {0, 1}   1 if a station stands at site i
    y_p in [0, 1]   1 if p is served
Adds to the objective of :mod:`siting.flow_refueling`
    sum_p q_p y_p,      y_p <= sum_{i in R_p} x_i

which is maximal covering (Church & ReVelle 1974). A point is a trip with the one cover set R_p, so the cuts,
the bound and the proof hold for both together. A point without a site within reach cannot be served.

References
----------
Church, R., ReVelle, C. (1974). The maximal covering location problem. Papers of the Regional Science
Association 32, 101-118.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.coverage import CoverSets, distinct_rows, families

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]


def with_points(cover: CoverSets, *, point: Indices, site: Indices, n_points: int) -> CoverSets:
    """Return the cover sets of trips and point demands.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    point, site
        (n,) int64, "site is within reach of point": rows of points and sites, each pair once.
    n_points
        Number of points; their rows follow those of the trips.

    Returns
    -------
    CoverSets
        Of n_trips + n_points rows; the given one unchanged without points.
    """
    if n_points == 0:
        return cover
    n_sites, n_classes = cover.sets.shape[1], cover.n_classes
    reach = sparse.csr_array(
        (np.ones(len(point), dtype=cover.sets.dtype), (point, site)), shape=(n_points, n_sites)
    )
    has_site = np.diff(reach.indptr) > 0
    every_set = sparse.csr_array(sparse.vstack([cover.sets, reach[np.flatnonzero(has_site)]]))
    sets, row = distinct_rows(every_set)
    # The classes of the trips stand for the trips: "trip" below is a class or a point.
    size = np.concatenate([np.diff(cover.offsets), has_site])
    own = np.arange(cover.sets.shape[0], every_set.shape[0])
    merged = families(
        sets=sets,
        trip=np.repeat(np.arange(n_classes + n_points, dtype=np.int64), size),
        member=row[np.concatenate([cover.members, own])].astype(np.int64),
        servable=np.concatenate([np.ones(n_classes, dtype=bool), has_site]),
    )
    of_trip = np.append(merged.trip_class[:n_classes], -1)[cover.trip_class]
    return CoverSets(
        sets=merged.sets,
        offsets=merged.offsets,
        members=merged.members,
        trip_class=np.concatenate([of_trip, merged.trip_class[n_classes:]]).astype(np.int64),
    )
