r"""Alternative routes: up to three genuinely different ways per pair, and how traffic splits among them.

Alternatives are single-via paths through plateaus [1]_, taken over arcs: the way through an arc is the
cheapest path to its tail, the arc, and the cheapest path from its head. Arcs in a row with the same way form
a plateau: from a point inside it there is no cheaper way to go on or to have come, so the way is locally
optimal there. Of the ways through plateaus long enough, those of least cost minus plateau come first, as long
as they are simple, within the detour factor, and do not share too much with one taken before. Every way is
weighed until there are routes enough. This happens on the skeleton of the roads
(:mod:`corridor.skeleton`, :mod:`corridor.plateaus`, :mod:`corridor.selection`); routes are unfolded after.

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
from corridor.plateaus import grow, ways
from corridor.selection import MOST, choose, ragged, starts
from corridor.skeleton import running, skeleton

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from corridor.costs import Costs
    from corridor.plateaus import Trees
    from corridor.roads import RoadNetwork
    from corridor.selection import Chosen
    from corridor.skeleton import Skeleton


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
        Largest number of routes per pair, the cheapest included; at most 64.
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
    asked = _Asked.of(network, origins=origins, destinations=destinations)
    small = skeleton(network, costs.total_cny, keep=asked.ends(network.n_nodes))
    trees = grow(
        small,
        origins=np.searchsorted(small.vertices, asked.sources),
        destinations=np.searchsorted(small.vertices, asked.targets),
    )
    asked.check_joined(network, trees)
    found = ways(small, trees, asked.wanted(), detour=detour, least=local)
    chosen = choose(
        small, trees, found, km=small.sums(network.length_km), most=most, detour=detour, overlap=overlap
    )
    pair = asked.number(found.origin[chosen.way], found.destination[chosen.way])
    cost = _totals(chosen, small.sums(costs.total_cny))
    order = np.lexsort((cost, pair))
    chosen, pair, cost = chosen.only(order), pair[order], cost[order]
    share = _shares(chosen, pair, cost, small.sums(network.length_km), scale)
    return _unfolded(network, costs, small, chosen, asked, pair=pair, cost=cost, share=share)


def _check_options(*, most: int, detour: float, overlap: float, local: float, scale: float) -> None:
    """Refuse options out of range, all at once."""
    rules = (
        ("most", 1 <= most <= MOST, most, f"1 to {MOST}"),
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


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Pairs asked for; those with equal ends are worked on once."""

    sources: NDArray[np.int64]  # (n_origins,) vertices, ascending
    targets: NDArray[np.int64]  # (n_destinations,) vertices, those of fewest pairs first
    row: NDArray[np.intp]  # (n_pairs,) of the sources
    column: NDArray[np.intp]  # (n_pairs,) of the targets

    @classmethod
    def of(cls, network: RoadNetwork, *, origins: ArrayLike, destinations: ArrayLike) -> _Asked:
        """Return the pairs by vertex, or refuse those with equal ends."""
        source = network.vertices(np.atleast_1d(np.asarray(origins, dtype=np.int64)))
        target = network.vertices(np.atleast_1d(np.asarray(destinations, dtype=np.int64)))
        if (source == target).any():
            node = network.node_ids[source[np.argmax(source == target)]]
            raise InputError(Fault(f"a pair starts and ends at node {node}", mend="Choose two places apart"))
        sources, row = np.unique(source, return_inverse=True)
        targets, column = np.unique(target, return_inverse=True)
        # Where zones are paired with those after them, each origin's targets are then in a row.
        few = np.argsort(np.bincount(column, minlength=len(targets)), kind="stable")
        return cls(sources, targets[few], row, np.argsort(few)[column])

    def ends(self, n_nodes: int) -> NDArray[np.bool_]:
        """(n_nodes,) bool: where pairs start or end."""
        found = np.zeros(n_nodes, dtype=np.bool_)
        found[self.sources], found[self.targets] = True, True
        return found

    def wanted(self) -> NDArray[np.bool_]:
        """(n_origins, n_destinations) bool: pairs asked for."""
        found = np.zeros((len(self.sources), len(self.targets)), dtype=np.bool_)
        found[self.row, self.column] = True
        return found

    def number(self, row: NDArray[np.int64], column: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) int64: one number for each pair of rows and columns."""
        return row * len(self.targets) + column

    def check_joined(self, network: RoadNetwork, trees: Trees) -> None:
        """Refuse pairs that no open road joins."""
        cut = ~np.isfinite(trees.from_origin[self.row, trees.destinations[self.column]])
        if cut.any():
            first = int(np.argmax(cut))
            ends = self.sources[self.row[first]], self.targets[self.column[first]]
            start, end = network.node_ids[list(ends)]
            what = f"no open road leads from node {start} to node {end} ({int(cut.sum())} such pairs)"
            raise InputError(Fault(what, "roads", "Open a closed road or choose places on one network"))


def _totals(chosen: Chosen, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n_routes,) float64: sum of a value of the skeleton's arcs along each route."""
    return np.add.reduceat(value[chosen.arcs], chosen.offsets[:-1]) if len(chosen.way) else np.zeros(0)


def _shares(
    chosen: Chosen,
    pair: NDArray[np.int64],
    cost: NDArray[np.float64],
    km: NDArray[np.float64],
    scale: float,
) -> NDArray[np.float64]:
    """(n_routes,) float64: path-size logit; routes are ordered by pair and then by cost."""
    _, first, group = np.unique(pair, return_index=True, return_inverse=True)
    length = km[chosen.arcs]
    by_users = np.add.reduceat(length / chosen.users, chosen.offsets[:-1]) if len(pair) else np.zeros(0)
    weight = by_users / _totals(chosen, km) * np.exp(-scale * (cost / cost[first][group] - 1.0))
    total = np.bincount(group, weights=weight, minlength=len(first))
    return np.asarray(weight / total[group], dtype=np.float64)


def _unfolded(
    network: RoadNetwork,
    costs: Costs,
    small: Skeleton,
    chosen: Chosen,
    asked: _Asked,
    *,
    pair: NDArray[np.int64],
    cost: NDArray[np.float64],
    share: NDArray[np.float64],
) -> AlternativeRoutes:
    """Return the routes of every pair asked for, chains unfolded; ``pair`` is the number of each route's."""
    wanted = asked.number(asked.row, asked.column)
    first = np.searchsorted(pair, wanted)
    many = np.searchsorted(pair, wanted, side="right") - first
    route = ragged(first, many)
    # Every arc with a place for its tail before its roads: only the first arc of a route fills it.
    steps = np.diff(small.offsets)
    place = small.offsets + np.arange(len(small.offsets))
    roads = np.ones(place[-1], dtype=np.bool_)
    roads[place[:-1]] = False
    node, within = np.empty(place[-1], dtype=np.int64), np.zeros(place[-1])
    node[roads] = network.node_ids[network.heads[small.arcs]]
    node[~roads] = network.node_ids[small.vertices[small.tails]]
    within[roads] = running(small.offsets, network.length_km[small.arcs])
    arc_km = within[place[1:] - 1]
    begin = running(chosen.offsets, arc_km[chosen.arcs]) - arc_km[chosen.arcs]
    counts = np.diff(chosen.offsets)[route]
    entries = ragged(chosen.offsets[route], counts)
    arc = chosen.arcs[entries]
    later = np.ones(len(arc), dtype=np.int64)
    later[starts(counts)[:-1]] = 0
    taken = steps[arc] + 1 - later
    inner = ragged(place[arc] + later, taken)
    km = np.repeat(begin[entries], taken)
    km += within[inner]
    offsets = starts(np.add.reduceat(taken, starts(counts)[:-1])) if len(route) else starts(route)
    return AlternativeRoutes(
        pair=np.repeat(np.arange(len(wanted)), many),
        offsets=offsets,
        nodes=node[inner],
        km=km,
        length_km=km[offsets[1:] - 1],
        hours=_totals(chosen, small.sums(costs.hours))[route],
        toll_cny=_totals(chosen, small.sums(costs.toll_cny))[route],
        cost_cny=cost[route],
        share=share[route],
    )
