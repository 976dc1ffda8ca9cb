"""Why the stations of a plan stand where they do: what each one carries, what each other site would add.

Definitions
-----------
With W(S) the volume served by open stations S, all evaluated on the cover sets of `siting.coverage`:

    lost alone          W(S) - W(S - j)                      station j closes
    lost, replaced      W(S) - max_i W(S - j + i)            ... and the best single other site opens
    gain                W(S + i) - W(S)                      one station more, at site i
    swap                max_j W(S - j + i) - W(S)            site i in place of a new station j
    needed              fewest further sites that serve a trip, beside S

`needed` of a trip is the fewest sites that meet all its cover sets without an open station (hitting set).
Sets along a path are intervals in its order, for which choosing, in the first set not met, the site that
meets most sets is exact: the first sets of all steps share no site, so no fewer sites do. Whether they share
one is checked for each trip; where they do (sets that are no intervals), a small integer program decides.

References
----------
Capar, I., Kuby, M., Leon, V. J., Tsai, Y.-J. (2013). European Journal of Operational Research 227, 142-151
(cover sets). Teitz, M. B., Bart, P. (1968). Operations Research 16, 955-961 (exchange of single sites).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from corridor.errors import Fault, InputError
from siting.coverage import CoverSets, class_volumes, families
from siting.marginal import Margins
from siting.serving import hitting_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: `Need.stations` of trips no number of sites serves: whatever is built, or unless a forbidden site is.
OUT_OF_REACH, FORBIDDEN = -1, -2

#: Why a site that was not chosen would add nothing.
NO_TRIP, DOMINATED, HELD, MORE = "no_trip", "dominated", "held", "more"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Explanation:
    """What single stations are worth to a plan; volumes in the unit given.

    Parameters
    ----------
    stations
        (n_open,) int64, open sites, ascending.
    served
        Volume served.
    lost
        (n_open,) float64, lost alone.
    replacement
        (n_open,) int64, the best other site for each station; -1 where none helps.
    lost_replaced
        (n_open,) float64, lost with that replacement; negative if the exchange serves more.
    gain
        (n_sites,) float64; 0 at open sites.
    swap
        (n_sites,) float64, best exchange of a new, not locked station for this site; NaN at open sites and
        where there is no such station.
    swap_for
        (n_sites,) int64, the station it would take the place of; -1 where there is none.
    dominated_by
        (n_sites,) int64, an open site that stands in every cover set this site stands in; -1 without one.
    reason
        (n_sites,) str, why a site adds nothing: ``no_trip`` (it is in no cover set: no trip depends
        on it), ``dominated``, ``held``
        (every set it stands in holds an open station), ``more`` (its trips need further stations); empty at
        open sites and where there is a gain.
    """

    stations: Indices
    served: float
    lost: Floats
    replacement: Indices
    lost_replaced: Floats
    gain: Floats
    swap: Floats
    swap_for: Indices
    dominated_by: Indices
    reason: NDArray[np.str_]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Need:
    """What the trips not served still lack.

    Parameters
    ----------
    group
        (n_trips,) int64, trips with the same unmet cover sets; -1 for trips served or out of reach.
    stations
        (n_trips,) int64, fewest further stations: 0 served, `OUT_OF_REACH`, `FORBIDDEN`, else 1 or more.
    sites
        For each group, sites that serve it, as few as can be; empty where a forbidden one is needed.
    cover
        Unmet cover sets of the groups, forbidden sites taken out; its "trips" are the groups.
    """

    group: Indices
    stations: Indices
    sites: tuple[tuple[int, ...], ...]
    cover: CoverSets


def explain(
    cover: CoverSets,
    volume: Floats,
    *,
    stations: Sequence[int] | Indices,
    kept: Sequence[int] | Indices = (),
    forbidden: Sequence[int] | Indices = (),
) -> Explanation:
    """Evaluate every single addition, removal and exchange of a plan.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    volume
        (n_trips,) float64, what serving a trip counts.
    stations
        Site indices of the open stations.
    kept
        Those of them that cannot be given up for another site: existing and locked ones.
    forbidden
        Sites that may replace none; their gain is told nevertheless.

    Raises
    ------
    InputError
        For sites that are none.
    """
    chosen = checked_sites(cover, "stations", stations)
    barred = checked_sites(cover, "forbidden", forbidden)
    movable = np.setdiff1d(chosen, checked_sites(cover, "kept", kept))
    margins, by_class = Margins(cover), class_volumes(cover, np.asarray(volume, dtype=np.float64))
    n_sites = cover.sets.shape[1]
    held = margins.open_in_sets(chosen)
    served = margins.value(held, by_class)
    gain = margins.gains(held, by_class)
    lost = margins.losses(held, by_class, chosen)
    shut = np.zeros(n_sites, dtype=bool)
    shut[chosen] = shut[barred] = True
    replacement = np.full(len(chosen), -1, dtype=np.int64)
    lost_replaced = lost.copy()
    swap, swap_for = np.full(n_sites, -np.inf), np.full(n_sites, -1, dtype=np.int64)
    for row, station in enumerate(chosen.tolist()):
        regained = margins.gains(margins.without(held, station), by_class)
        change = np.where(shut, 0.0, regained)
        best = int(np.argmax(change))
        if change[best] > 0.0:
            replacement[row], lost_replaced[row] = best, lost[row] - change[best]
        if station in movable:
            better = regained - lost[row] > swap
            swap[better], swap_for[better] = (regained - lost[row])[better], station
    swap[chosen], swap_for[chosen] = np.nan, -1
    swap[np.isneginf(swap)] = np.nan
    dominated_by = _dominated_by(cover, chosen)
    return Explanation(
        stations=chosen,
        served=served,
        lost=lost,
        replacement=replacement,
        lost_replaced=lost_replaced,
        gain=gain,
        swap=swap,
        swap_for=swap_for,
        dominated_by=dominated_by,
        reason=_reasons(cover, held, gain, chosen=chosen, dominated=dominated_by >= 0),
    )


def _dominated_by(cover: CoverSets, stations: Indices) -> Indices:
    """Return for each site an open one that stands in all of its sets, the one in most sets; -1 without."""
    size = np.asarray(cover.sets.sum(axis=0)).ravel()
    shared = (cover.sets.T @ sparse.csc_array(cover.sets)[:, stations]).tocoo()
    holds = (shared.data == size[shared.row]) & (shared.row != stations[shared.col])
    site, station = shared.row[holds], stations[shared.col[holds]]
    order = np.lexsort((-station, size[station]))  # the last written wins
    found = np.full(cover.sets.shape[1], -1, dtype=np.int64)
    found[site[order]] = station[order]
    found[stations] = -1
    return found


def _reasons(
    cover: CoverSets, held: Indices, gain: Floats, *, chosen: Indices, dominated: NDArray[np.bool_]
) -> NDArray[np.str_]:
    """Return why each site adds nothing."""
    used = np.bincount(cover.members, minlength=cover.sets.shape[0]) > 0
    in_sets = np.asarray(cover.sets.T @ used.astype(np.float64)) > 0.0
    in_bare = np.asarray(cover.sets.T @ (used & (held == 0)).astype(np.float64)) > 0.0
    reason = np.where(in_bare, MORE, HELD)
    reason = np.where(dominated, DOMINATED, reason)
    reason = np.where(in_sets, reason, NO_TRIP)
    reason = np.where(gain > 0.0, "", reason)
    reason[chosen] = ""
    return reason.astype(np.str_)


def needs(
    cover: CoverSets,
    *,
    stations: Sequence[int] | Indices,
    forbidden: Sequence[int] | Indices = (),
    prefer: Floats | None = None,
) -> Need:
    """Tell how many further stations each trip not served needs, and where.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    stations
        Site indices of the open stations.
    forbidden
        Sites that must stay empty.
    prefer
        (n_sites,) float64, of sites that serve a trip alike the one where this is highest is told.

    Raises
    ------
    InputError
        For sites that are none.
    """
    chosen = checked_sites(cover, "stations", stations)
    barred = np.setdiff1d(checked_sites(cover, "forbidden", forbidden), chosen)
    margins = Margins(cover)
    held = margins.open_in_sets(chosen)
    bare = held[cover.members] == 0
    unserved = margins.missing(held) > 0
    allowed = np.ones(cover.sets.shape[1])
    allowed[barred] = 0.0
    sets = sparse.csr_array(cover.sets @ sparse.diags_array(allowed))
    sets.eliminate_zeros()
    groups = families(sets=sets, trip=margins.owner[bare], member=cover.members[bare], servable=unserved)
    sites = fewest_sites(groups, prefer=prefer)
    group = np.append(groups.trip_class, -1)[cover.trip_class]
    count = np.array([len(chosen) or FORBIDDEN for chosen in sites] + [0], dtype=np.int64)
    needed = np.where(cover.trip_class < 0, OUT_OF_REACH, count[group])
    one_of_each = CoverSets(
        sets=groups.sets,
        offsets=groups.offsets,
        members=groups.members,
        trip_class=np.arange(groups.n_classes, dtype=np.int64),
    )
    return Need(group=group, stations=needed, sites=sites, cover=one_of_each)


def fewest_sites(cover: CoverSets, *, prefer: Floats | None = None) -> tuple[tuple[int, ...], ...]:
    """Return, for each class, as few sites as meet all its cover sets; none where a set has no site.

    Parameters
    ----------
    cover
        Cover sets; those of a class in the order of the path where it has one.
    prefer
        (n_sites,) float64, decides between sites that meet equally many sets.
    """
    margins = Margins(cover)
    n_sites = cover.sets.shape[1]
    liked = np.zeros(n_sites) if prefer is None else prefer
    open_sets = np.ones(len(cover.members), dtype=bool)
    empty = np.diff(cover.sets.indptr)[cover.members] == 0
    hopeless = np.bincount(margins.owner[empty], minlength=cover.n_classes) > 0
    open_sets[hopeless[margins.owner]] = False
    chosen: list[list[int]] = [[] for _ in range(cover.n_classes)]
    firsts = sparse.csr_array((cover.n_classes, n_sites))
    while (entries := np.flatnonzero(open_sets)).size:
        classes, first = np.unique(margins.owner[entries], return_index=True)
        pattern = sparse.csr_array(cover.sets[cover.members[entries[first]]])
        site = _fullest(sparse.csr_array(margins.hits(entries).multiply(pattern)), liked)
        for row, one in zip(classes.tolist(), site.tolist(), strict=True):
            chosen[row].append(one)
        lift = sparse.csr_array(
            (np.ones(len(classes)), (classes, np.arange(len(classes)))), shape=(cover.n_classes, len(classes))
        )
        firsts = firsts + lift @ pattern
        at = np.full(cover.n_classes, -1, dtype=np.int64)
        at[classes] = site
        open_sets[entries] = ~_holds(cover.sets, cover.members[entries], at[margins.owner[entries]])
    firsts = sparse.csr_array(firsts)
    doubtful = np.unique(np.repeat(np.arange(cover.n_classes), np.diff(firsts.indptr))[firsts.data > 1.0])
    for row in doubtful.tolist():
        if len(chosen[row]) <= 2:  # noqa: PLR2004  a site that meets all sets would have been chosen first
            continue
        rows = cover.members[cover.offsets[row] : cover.offsets[row + 1]]
        chosen[row] = list(hitting_set(sparse.csr_array(cover.sets[rows]), time_limit_s=60.0).sites)
    return tuple(tuple(sorted(sites)) for sites in chosen)


def _fullest(table: sparse.csr_array, liked: Floats) -> Indices:
    """Return the column of the largest entry of each row, of equal ones the best liked; no row is empty."""
    row = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    order = np.lexsort((table.indices, -liked[table.indices], -table.data, row))
    _, first = np.unique(row[order], return_index=True)
    return table.indices[order][first].astype(np.int64)


def _holds(sets: sparse.csr_array, row: Indices, site: Indices) -> NDArray[np.bool_]:
    """Tell whether each set, a row of `sets`, holds a site."""
    wanted = sparse.csr_array(
        (np.ones(len(row)), (np.arange(len(row)), site)), shape=(len(row), sets.shape[1])
    )
    found = sparse.csr_array(sets[row]).multiply(wanted)
    return np.asarray(found.sum(axis=1)).ravel() > 0.0


def checked_sites(cover: CoverSets, name: str, sites: Sequence[int] | Indices) -> Indices:
    """Return sites ascending, each once.

    Raises
    ------
    InputError
        For indices that are no site.
    """
    unique = np.unique(np.asarray(sites, dtype=np.int64))
    n_sites = cover.sets.shape[1]
    faults = [
        Fault(f"site {site} is not one of the {n_sites} sites", name, "Count sites from 0")
        for site in unique[(unique < 0) | (unique >= n_sites)].tolist()
    ]
    if faults:
        raise InputError(faults)
    return unique
