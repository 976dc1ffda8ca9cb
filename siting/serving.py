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

which is location set covering (Toregas et al. 1971) on arc cover sets (Capar et al. 2013), solved by
:mod:`siting.covering`.

References
----------
Toregas, C., Swain, R., ReVelle, C., Bergman, L. (1971). The location of emergency service facilities.
Operations Research 19, 1363-1373.
Capar, I., Kuby, M., Leon, V. J., Tsai, Y.-J. (2013). European Journal of Operational Research 227, 142-151.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from corridor.errors import InfeasibleError
from siting.coverage import class_volumes
from siting.covering import cheapest_cover
from siting.marginal import Margins
from siting.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from siting.certificate import Certificate
    from siting.coverage import CoverSets

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

SOLVER = "set covering: reductions, then SCIP (OR-Tools)"


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
    if np.any(np.diff(sets.indptr) == 0):
        raise InfeasibleError("a cover set has no site that may be chosen")
    watch = Watch(time_limit_s=time_limit_s)
    found = cheapest_cover(sets, np.ones(sets.shape[1]), watch=watch)
    return HittingSet(sites=tuple(found.chosen.tolist()), certificate=watch.certificate(SOLVER))


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
