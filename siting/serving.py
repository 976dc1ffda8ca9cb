"""Fewest further stations that serve given trips: set covering on the cover sets still unmet.

Formulation
-----------
Sets
    i in I      sites that may be chosen
    k in K      cover sets of the trips without an open station, S_k their sites
Variables
    x_i in {0, 1}   1 if a station is added at site i
Minimize
    sum_i x_i
subject to
    sum_{i in S_k} x_i >= 1     for k in K

which is location set covering (Toregas et al. 1971) on arc cover sets (Capar et al. 2013). Before, sets that
contain another are dropped, and sites that stand only in sets another one stands in.

References
----------
Toregas, C., Swain, R., ReVelle, C., Bergman, L. (1971). The location of emergency service facilities.
Operations Research 19, 1363-1373.
Capar, I., Kuby, M., Leon, V. J., Tsai, Y.-J. (2013). European Journal of Operational Research 227, 142-151.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from corridor.errors import InfeasibleError
from siting.certificate import Certificate
from siting.coverage import class_volumes
from siting.marginal import Margins
from siting.program import ORTOOLS_VERSION, Program, solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from siting.coverage import CoverSets

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

SOLVER = "set covering, SCIP (OR-Tools)"

#: What a bound of the solver may miss a whole number by.
_WHOLE_NUMBER = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class HittingSet:
    """Sites that meet every set.

    Parameters
    ----------
    sites
        Ascending.
    certificate
        Of their number.
    """

    sites: tuple[int, ...]
    certificate: Certificate


def hitting_set(sets: sparse.csr_array, *, time_limit_s: float) -> HittingSet:
    """Choose as few sites as meet every set.

    Parameters
    ----------
    sets
        (n_sets, n_sites) 0/1 matrix.
    time_limit_s
        Wall time allowed, s.

    Raises
    ------
    InfeasibleError
        If a set is empty.
    """
    clock = time.perf_counter()
    if np.any(np.diff(sets.indptr) == 0):
        raise InfeasibleError("a cover set has no site that may be chosen")
    needed = _minimal_rows(sets)
    worthwhile = _undominated(needed)
    small = sparse.csr_array(needed[:, worthwhile])
    greedy = _greedy(small)
    bound, best = 1 if small.shape[0] else 0, greedy
    if len(greedy) > bound:
        answer = solve(
            Program(
                objective=np.ones(small.shape[1]),
                lower=np.zeros(small.shape[1]),
                upper=np.ones(small.shape[1]),
                matrix=small,
                row_lower=np.ones(small.shape[0]),
                row_upper=np.full(small.shape[0], np.inf),
                integer=np.ones(small.shape[1], dtype=bool),
            ),
            solver="scip",
            time_limit_s=max(0.0, time_limit_s - (time.perf_counter() - clock)),
        )
        if answer.bound is not None:
            bound = max(bound, math.ceil(answer.bound - _WHOLE_NUMBER))
        if answer.x is not None and round(float(answer.x.sum())) < len(best):
            best = np.flatnonzero(np.round(answer.x) == 1.0)
    return HittingSet(
        sites=tuple(np.sort(worthwhile[best]).tolist()),
        certificate=Certificate(
            status="optimal" if bound >= len(best) else "feasible",
            incumbent=float(len(best)),
            bound=float(bound),
            seconds=time.perf_counter() - clock,
            solver=SOLVER,
            version=ORTOOLS_VERSION,
        ),
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Service:
    """Stations that serve given trips, and what each adds.

    Parameters
    ----------
    sites
        (n,) int64, in the order of their gains: next comes the one that adds most to those before it.
    gain
        (n,) float64, what each adds to those before it, other trips included; may be 0 until the next.
    certificate
        Of their number: as few as can be when `optimal`.
    """

    sites: Indices
    gain: Floats
    certificate: Certificate


def cheapest_service(
    cover: CoverSets,
    volume: Floats,
    *,
    stations: Indices,
    trips: NDArray[np.bool_],
    forbidden: Sequence[int] | Indices = (),
    time_limit_s: float = 5.0,
) -> Service:
    """Return the fewest stations that, beside the open ones, serve given trips.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    volume
        (n_trips,) float64, for the gains.
    stations
        (n_open,) int64, site indices of the open stations.
    trips
        (n_trips,) bool, trips to serve.
    forbidden
        Sites that must stay empty.
    time_limit_s
        Wall time allowed for the set covering, s.

    Raises
    ------
    InfeasibleError
        If some of the trips cannot be served whatever is added.
    """
    margins = Margins(cover)
    held = margins.open_in_sets(stations)
    if np.any(cover.trip_class[trips] < 0):
        raise InfeasibleError("some of the trips are out of reach whatever is built")
    wanted = np.zeros(cover.n_classes, dtype=bool)
    wanted[cover.trip_class[trips]] = True
    rows = np.unique(cover.members[wanted[margins.owner] & (held[cover.members] == 0)])
    allowed = np.ones(cover.sets.shape[1])
    allowed[np.asarray(forbidden, dtype=np.int64)] = 0.0
    sets = sparse.csr_array(cover.sets[rows] @ sparse.diags_array(allowed))
    sets.eliminate_zeros()
    fewest = hitting_set(sets, time_limit_s=time_limit_s)
    sites, gain = _in_order_of_gain(margins, held, class_volumes(cover, volume), list(fewest.sites))
    return Service(sites=sites, gain=gain, certificate=fewest.certificate)


def _in_order_of_gain(
    margins: Margins, held: Indices, by_class: Floats, sites: list[int]
) -> tuple[Indices, Floats]:
    """Put sites in the order in which each adds most to those before it."""
    order, gains = [], []
    while sites:
        every = margins.gains(held, by_class)
        best = max(sites, key=lambda site: (every[site], -site))
        order.append(best)
        gains.append(float(every[best]))
        sites.remove(best)
        held = held.copy()
        held[margins.sets_of(best)] += 1
    return np.array(order, dtype=np.int64), np.array(gains, dtype=np.float64)


def _minimal_rows(sets: sparse.csr_array) -> sparse.csr_array:
    """Leave out sets that contain another one; of equal ones the first stays."""
    size = np.diff(sets.indptr).astype(np.float64)
    shared = (sets @ sets.T).tocoo()
    inner, outer = shared.coords
    contained = (shared.data == size[inner]) & (inner != outer)
    idle = contained & ((size[outer] > size[inner]) | (inner < outer))
    keep = np.ones(sets.shape[0], dtype=bool)
    keep[outer[idle]] = False
    return sparse.csr_array(sets[np.flatnonzero(keep)])


def _undominated(sets: sparse.csr_array) -> Indices:
    """Return the sites no other can take the place of; of sites in equal sets the first."""
    size = np.asarray(sets.sum(axis=0)).ravel()
    shared = (sets.T @ sets).tocoo()
    site, other = shared.coords
    beaten = (shared.data == size[site]) & (site != other) & ((size[other] > size[site]) | (other < site))
    worthwhile = size > 0.0
    worthwhile[site[beaten]] = False
    return np.flatnonzero(worthwhile).astype(np.int64)


def _greedy(sets: sparse.csr_array) -> Indices:
    """Take the site that meets most unmet sets, again and again."""
    unmet = np.ones(sets.shape[0])
    columns = sparse.csc_array(sets)
    chosen = []
    while unmet.any():
        best = int(np.argmax(columns.T @ unmet))
        chosen.append(best)
        unmet[columns.indices[columns.indptr[best] : columns.indptr[best + 1]]] = 0.0
    return np.array(chosen, dtype=np.int64)
