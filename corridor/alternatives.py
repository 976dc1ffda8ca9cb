r"""Alternative routes: up to three genuinely different ways per pair, and how traffic splits among them.

Alternatives are single-via paths through plateaus [1]_, taken over arcs: the way through an arc is the
cheapest path to its tail, the arc, and the cheapest path from its head. Arcs in a row with the same way form
a plateau: from a point inside it there is no cheaper way to go on or to have come, so the way is locally
optimal there. Of the ways through plateaus long enough, those of least cost minus plateau come first, as long
as they are simple, within the detour factor, and do not share too much with one taken before.

Traffic splits by a path-size logit [2]_: :math:`P_i \propto S_i \exp(-\theta (c_i / c_1 - 1))` with
:math:`S_i = \sum_a (l_a / L_i) / N_a`, where :math:`N_a` of the pair's routes use arc :math:`a`.

References
----------
.. [1] Abraham, I., Delling, D., Goldberg, A. V., & Werneck, R. F. (2013). Alternative routes in road
   networks. ACM Journal of Experimental Algorithmics 18, 1.3.
.. [2] Ben-Akiva, M., & Bierlaire, M. (1999). Discrete choice methods and their applications to short term
   travel decisions. In Handbook of Transportation Science, 5-33.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError
from corridor.paths import unwind
from corridor.plateaus import ROUNDING, grow, open_arcs, ways

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from corridor.costs import Costs
    from corridor.plateaus import OpenArcs, Trees
    from corridor.roads import RoadNetwork

#: Pairs times arcs handled at once: bounds the memory.
_BATCH = 16_000_000

#: Ways weighed against each other per route asked for: beyond, the plateaus are short and the ways poor.
_TRIES = 4

@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class AlternativeRoutes:
    """Routes of pairs, each pair's cheapest first and then by cost.

    Parameters
    ----------
    pair
        (n_routes,) int64, position in the pairs asked for; ascending.
    offsets
        (n_routes + 1,) int64: route r holds ``nodes[offsets[r]:offsets[r + 1]]``.
    nodes
        (offsets[-1],) int64, node ids from origin to destination.
    km
        (offsets[-1],) float64, km driven since the origin.
    length_km, hours, toll_cny, cost_cny
        (n_routes,) float64; ``cost_cny`` is the generalized cost.
    share
        (n_routes,) float64, share of the pair's trips; adds up to 1 per pair.
    """

    pair: NDArray[np.int64]
    offsets: NDArray[np.int64]
    nodes: NDArray[np.int64]
    km: NDArray[np.float64]
    length_km: NDArray[np.float64]
    hours: NDArray[np.float64]
    toll_cny: NDArray[np.float64]
    cost_cny: NDArray[np.float64]
    share: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pair)

    def path(self, route: int) -> NDArray[np.int64]:
        """Return the node ids of one route, origin first."""
        return self.nodes[self.offsets[route] : self.offsets[route + 1]]

@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Paths:
    """Flat paths over vertices with the arc that leads to each entry."""

    pair: NDArray[np.int64]  # (n_paths,)
    offsets: NDArray[np.int64]  # (n_paths + 1,)
    vertices: NDArray[np.int64]  # (offsets[-1],)
    arc: NDArray[np.int64]  # (offsets[-1],) position into ``heads``; -1 at an origin

    @property
    def owner(self) -> NDArray[np.int64]:
        """(offsets[-1],) int64: path each entry belongs to."""
        return np.repeat(np.arange(len(self.pair)), np.diff(self.offsets))

    def sums(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n_paths,) float64: sum of an arc's value along each path."""
        inside = self.arc >= 0
        return _sums(self.owner[inside], value[self.arc[inside]], len(self.pair))

    def only(self, kept: NDArray[np.intp]) -> _Paths:
        """Return some of the paths, in the order given."""
        counts = np.diff(self.offsets)[kept]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        entries = np.repeat(self.offsets[kept] - offsets[:-1], counts) + np.arange(offsets[-1])
        return _Paths(
            pair=self.pair[kept], offsets=offsets, vertices=self.vertices[entries], arc=self.arc[entries]
        )

def alternatives(
    network: RoadNetwork,
    costs: Costs,
    *,
    origins: ArrayLike,
    destinations: ArrayLike,
    most: int = 3,
    detour: float = 1.25,
    overlap: float = 0.5,
    local: float = 0.15,
    scale: float = 12.0,
) -> AlternativeRoutes:
    """Return the cheapest route of every pair and its alternatives.

    Parameters
    ----------
    network
        Road network.
    costs
        Costs of its arcs; closed arcs are not used.
    origins, destinations
        (n_pairs,) node ids; both directions of a pair are two pairs.
    most
        Largest number of routes per pair, the cheapest included.
    detour
        Largest cost and largest length of an alternative, relative to the cheapest route's.
    overlap
        Largest length an alternative shares with another route of the pair, relative to the shorter of both.
    local
        Smallest plateau of an alternative, relative to the cheapest route's cost (alpha of [1]_).
    scale
        Theta of the logit, per relative extra cost.

    Raises
    ------
    corridor.errors.InputError
        If no open road joins a pair, ends are equal, or an option is out of range.
    """
    _check_options(most=most, detour=detour, overlap=overlap, local=local, scale=scale)
    source, target = network.vertices(np.atleast_1d(origins)), network.vertices(np.atleast_1d(destinations))
    trees = grow(network, costs, source=source, target=target)
    arcs = open_arcs(network, costs)
    order = np.argsort(trees.origin, kind="stable")
    size = max(1, _BATCH // len(network.heads))
    found = []
    for pairs in np.split(order, np.arange(size, len(order), size)):
        pair, via, merit = ways(trees, arcs, pairs, detour=detour, least=local)
        tried = _first_of_each(pair, merit, _TRIES * most)
        paths = _with_arcs(network, trees, arcs, pair[tried], via[tried])
        kept = _select(paths, network, costs, most=most, detour=detour, overlap=overlap)
        found.append(_costed(network, costs, paths.only(kept), scale))
    return _joined(found)

def _check_options(*, most: int, detour: float, overlap: float, local: float, scale: float) -> None:
    """Refuse options out of range, all at once."""
    rules = (
        ("most", most >= 1, most, "at least 1"),
        ("detour", detour >= 1, detour, "at least 1"),
        ("overlap", 0 <= overlap <= 1, overlap, "0 to 1"),
        ("local", 0 <= local <= 1, local, "0 to 1"),
        ("scale", scale >= 0, scale, "0 or more"),
    )
    faults = [
        Fault(f"{value:g} is out of range", name, f"Use {range_}")
        for name, fine, value, range_ in rules
        if not fine
    ]
    if faults:
        raise InputError(faults)

def _first_of_each(group: NDArray[np.int64], merit: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Return positions ordered by group and merit, at most so many of each group."""
    order = np.lexsort((merit, group))
    ordered = group[order]
    rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
    return order[rank < most]

def _with_arcs(
    network: RoadNetwork, trees: Trees, arcs: OpenArcs, pair: NDArray[np.int64], via: NDArray[np.int64]
) -> _Paths:
    """Return the simple ones of the ways through an arc each; order within a pair is kept."""
    there, to_via = unwind(trees.before, trees.origin[pair], arcs.tails[via])
    back, from_via = unwind(trees.after, trees.destination[pair], arcs.heads[via])
    n_there, n_back = np.diff(there), np.diff(back)
    offsets = np.concatenate([[0], np.cumsum(n_there + n_back)]).astype(np.int64)
    vertices = np.empty(offsets[-1], dtype=np.int64)
    vertices[np.repeat(offsets[:-1] - there[:-1], n_there) + np.arange(there[-1])] = to_via
    # The way on from the arc was unwound toward it: destination first.
    vertices[np.repeat(offsets[1:] - 1 + back[:-1], n_back) - np.arange(back[-1])] = from_via
    arc = np.full(len(vertices), -1, dtype=np.int64)
    inside = np.ones(len(vertices), dtype=bool)
    inside[offsets[:-1]] = False
    step = np.flatnonzero(inside)
    arc[step] = arcs.position[arcs.rows(vertices[step - 1], vertices[step])]
    paths = _Paths(pair=pair, offsets=offsets, vertices=vertices, arc=arc)
    visit = np.sort(paths.owner * network.n_nodes + vertices)
    twice = visit[1:][visit[1:] == visit[:-1]] // network.n_nodes
    simple = np.ones(len(pair), dtype=bool)
    simple[twice] = False
    return paths.only(np.flatnonzero(simple))

def _select(
    paths: _Paths, network: RoadNetwork, costs: Costs, *, most: int, detour: float, overlap: float
) -> NDArray[np.intp]:
    """Return the paths kept: of each pair the first, then those in order that bring something new."""
    km, cost = paths.sums(network.length_km), paths.sums(costs.total_cny)
    _, first, which = np.unique(paths.pair, return_index=True, return_inverse=True)
    limit = detour * (1.0 + ROUNDING)
    alive = (km <= limit * km[first][which]) & (cost <= limit * cost[first][which])
    chosen = np.zeros(len(km), dtype=bool)
    for _ in range(most):
        candidates = np.flatnonzero(alive)
        _, at = np.unique(which[candidates], return_index=True)
        taken = candidates[at]
        chosen[taken] = True
        alive[taken] = False
        partner = np.full(len(first), -1, dtype=np.int64)
        partner[which[taken]] = taken
        alive[partner[which] < 0] = False
        rivals = np.flatnonzero(alive)
        shared = _shared_km(paths, which, rivals, taken, network.length_km)
        shorter = np.minimum(km[rivals], km[partner[which[rivals]]])
        alive[rivals] = (shared <= overlap * shorter) & (shared < km[rivals] * (1.0 - ROUNDING))
    return np.flatnonzero(chosen)

def _shared_km(
    paths: _Paths,
    group: NDArray[np.intp],
    rivals: NDArray[np.intp],
    taken: NDArray[np.intp],
    length_km: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(len(rivals),) float64: length each rival shares with the path taken of its own group."""
    used = np.zeros((int(group.max()) + 1, len(length_km)), dtype=bool)
    mine, theirs = paths.only(rivals), paths.only(taken)
    inside = theirs.arc >= 0
    used[group[taken][theirs.owner[inside]], theirs.arc[inside]] = True
    inside = mine.arc >= 0
    owner, arc = mine.owner[inside], mine.arc[inside]
    return _sums(owner, np.where(used[group[rivals][owner], arc], length_km[arc], 0.0), len(rivals))

def _sums(group: NDArray[np.int64], value: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """(n,) float64: sum of the values of each group."""
    return np.bincount(group, weights=value, minlength=n).astype(np.float64, copy=False)

def _costed(network: RoadNetwork, costs: Costs, paths: _Paths, scale: float) -> AlternativeRoutes:
    """Order by cost, add what each route costs, and split the trips."""
    paths = paths.only(np.lexsort((paths.sums(costs.total_cny), paths.pair)))
    cost = paths.sums(costs.total_cny)
    return AlternativeRoutes(
        pair=paths.pair,
        offsets=paths.offsets,
        nodes=network.node_ids[paths.vertices],
        km=_running(paths, network.length_km),
        length_km=paths.sums(network.length_km),
        hours=paths.sums(costs.hours),
        toll_cny=paths.sums(costs.toll_cny),
        cost_cny=cost,
        share=_shares(paths, cost, network.length_km, scale),
    )

def _running(paths: _Paths, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """(offsets[-1],) float64: sum of an arc's value since the start of its own path."""
    total = np.where(paths.arc >= 0, value[paths.arc], 0.0)
    at, ends = paths.offsets[:-1] + 1, paths.offsets[1:]
    # One step of every path at a time, so that each sum runs over its own path alone and stays exact.
    while at.size:
        going = at < ends
        at, ends = at[going], ends[going]
        total[at] += total[at - 1]
        at = at + 1
    return total

def _shares(
    paths: _Paths, cost: NDArray[np.float64], length_km: NDArray[np.float64], scale: float
) -> NDArray[np.float64]:
    """(n_paths,) float64: path-size logit; paths are ordered by pair and then by cost."""
    _, first, group = np.unique(paths.pair, return_index=True, return_inverse=True)
    inside = paths.arc >= 0
    owner, arc = paths.owner[inside], paths.arc[inside]
    row, rank = group[owner], (np.arange(len(cost)) - first[group])[owner]
    users = np.zeros((len(first), len(length_km)), dtype=np.int16)
    for each in range(int(rank.max(initial=0)) + 1):  # no path uses an arc twice
        now = rank == each
        users[row[now], arc[now]] += 1
    path_size = _sums(owner, length_km[arc] / users[row, arc], len(cost)) / paths.sums(length_km)
    weight = path_size * np.exp(-scale * (cost / cost[first][group] - 1.0))
    return np.asarray(weight / _sums(group, weight, len(first))[group], dtype=np.float64)

def _joined(parts: list[AlternativeRoutes]) -> AlternativeRoutes:
    """Return the routes of all batches, by pair."""
    pair = np.concatenate([part.pair for part in parts])
    counts = np.concatenate([np.diff(part.offsets) for part in parts])
    order = np.argsort(pair, kind="stable")
    starts = np.concatenate([[0], np.cumsum(counts)])[:-1]
    offsets = np.concatenate([[0], np.cumsum(counts[order])]).astype(np.int64)
    entries = np.repeat(starts[order] - offsets[:-1], counts[order]) + np.arange(offsets[-1])
    nodes, km = (np.concatenate(column) for column in zip(*((p.nodes, p.km) for p in parts), strict=True))
    columns = ("length_km", "hours", "toll_cny", "cost_cny", "share")
    values = {name: np.concatenate([getattr(part, name) for part in parts])[order] for name in columns}
    return AlternativeRoutes(
        pair=pair[order], offsets=offsets, nodes=nodes[entries], km=km[entries], **values
    )
