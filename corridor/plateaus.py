"""Plateaus: where the cheapest-path trees of an origin and of a destination run together.

The way through an arc is the cheapest path from the origin to its tail, the arc, and the cheapest path from
its head to the destination. Arcs in a row with the same way form a plateau [1]_.

References
----------
.. [1] Abraham, I., Delling, D., Goldberg, A. V., & Werneck, R. F. (2013). Alternative routes in road
   networks. ACM Journal of Experimental Algorithmics 18, 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import dijkstra

from corridor.costs import cheapest_arcs, matrix
from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.costs import Costs
    from corridor.roads import RoadNetwork

#: Room for rounding when sums along different trees are compared, relative.
ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OpenArcs:
    """The cheapest open arc of every ordered pair of vertices that has one, by tail and head."""

    position: NDArray[np.int64]  # (n,) position into ``heads`` of the network
    tails: NDArray[np.int64]  # (n,) vertex
    heads: NDArray[np.int64]  # (n,) vertex
    cost: NDArray[np.float64]  # (n,) CNY
    key: NDArray[np.int64]  # (n,) tail x n_nodes + head, ascending
    n_nodes: int

    def rows(self, tails: NDArray[np.integer], heads: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the row of each arc, known to be there."""
        return np.searchsorted(self.key, tails.astype(np.int64) * self.n_nodes + heads)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trees:
    """Cheapest-path trees from every origin and to every destination."""

    origin: NDArray[np.intp]  # (n_pairs,) row of the forward trees
    destination: NDArray[np.intp]  # (n_pairs,) row of the backward trees
    source: NDArray[np.int64]  # (n_pairs,) vertex
    target: NDArray[np.int64]  # (n_pairs,) vertex
    from_origin: NDArray[np.float64]  # (n_origins, n_nodes) cost
    before: NDArray[np.int32]  # (n_origins, n_nodes) vertex before, on the way from the origin
    to_destination: NDArray[np.float64]  # (n_destinations, n_nodes) cost
    after: NDArray[np.int32]  # (n_destinations, n_nodes) vertex after, on the way to the destination


def open_arcs(network: RoadNetwork, costs: Costs) -> OpenArcs:
    """Return the arcs routes may take.

    Parameters
    ----------
    network
        Road network.
    costs
        Costs of its arcs; closed arcs are left out.
    """
    position = cheapest_arcs(network, costs.total_cny)
    tails, heads = network.tails[position].astype(np.int64), network.heads[position].astype(np.int64)
    return OpenArcs(
        position=position,
        tails=tails,
        heads=heads,
        cost=costs.total_cny[position],
        key=tails * network.n_nodes + heads,
        n_nodes=network.n_nodes,
    )


def grow(
    network: RoadNetwork, costs: Costs, *, source: NDArray[np.int64], target: NDArray[np.int64]
) -> Trees:
    """Return the trees of all origins and destinations.

    Parameters
    ----------
    network
        Road network.
    costs
        Costs of its arcs; closed arcs are not used.
    source, target
        (n_pairs,) vertices.

    Raises
    ------
    corridor.errors.InputError
        If ends are equal, or no open road joins a pair.
    """
    if (source == target).any():
        node = network.node_ids[source[np.argmax(source == target)]]
        raise InputError(Fault(f"a pair starts and ends at node {node}", mend="Choose two places apart"))
    forward = matrix(network, costs.total_cny)
    origins, origin = np.unique(source, return_inverse=True)
    destinations, destination = np.unique(target, return_inverse=True)
    from_origin, before = dijkstra(forward, indices=origins, return_predecessors=True)
    to_destination, after = dijkstra(forward.T.tocsr(), indices=destinations, return_predecessors=True)
    cut = ~np.isfinite(from_origin[origin, target])
    if cut.any():
        first = int(np.argmax(cut))
        ends = network.node_ids[source[first]], network.node_ids[target[first]]
        what = f"no open road leads from node {ends[0]} to node {ends[1]} ({int(cut.sum())} such pairs)"
        raise InputError(Fault(what, "roads", "Open a closed road or choose places on one network"))
    return Trees(
        origin=origin,
        destination=destination,
        source=source,
        target=target,
        from_origin=from_origin,
        before=before,
        to_destination=to_destination,
        after=after,
    )


def ways(
    trees: Trees, arcs: OpenArcs, pairs: NDArray[np.intp], *, detour: float, least: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the ways through plateaus, the cheapest routes included.

    Parameters
    ----------
    trees, arcs
        Of the network.
    pairs
        (n,) pairs wanted, those of one origin in a row.
    detour
        Largest cost of a way, relative to the cheapest route's.
    least
        Smallest plateau, relative to the cheapest route's cost.

    Returns
    -------
    pair
        (n_ways,) int64.
    via
        (n_ways,) int64, row of ``arcs`` the way leads through.
    merit
        (n_ways,) float64, cost minus plateau: the less the better; the cheapest route has minus infinity.
    """
    found = []
    for mine in np.split(pairs, np.flatnonzero(np.diff(trees.origin[pairs])) + 1):
        onward = trees.after[trees.destination[mine], trees.source[mine]]
        first = arcs.rows(trees.source[mine], onward)
        found.append((mine, first, np.full(len(mine), -np.inf)))
        found.append(_ways_of(trees, arcs, mine, first=first, detour=detour, least=least))
    pair, via, merit = (np.concatenate(column) for column in zip(*found, strict=True))
    return pair, via, merit


def _ways_of(
    trees: Trees,
    arcs: OpenArcs,
    pairs: NDArray[np.intp],
    *,
    first: NDArray[np.int64],
    detour: float,
    least: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Ways of pairs that share their origin; not the cheapest routes, which leave by the ``first`` arcs."""
    ahead = trees.from_origin[trees.origin[pairs[0]]]
    before = trees.before[trees.origin[pairs[0]]]
    best = ahead[trees.target[pairs]]
    limit = detour * best * (1.0 + ROUNDING)
    near = np.flatnonzero(ahead[arcs.tails] + arcs.cost <= limit.max())
    reached = ahead[arcs.tails[near]] + arcs.cost[near]
    total = trees.to_destination[trees.destination[pairs]][:, arcs.heads[near]]
    total += reached
    row, column = np.nonzero(total <= limit[:, None])
    arc = near[column]
    tail = arcs.tails[arc]
    joins = (before[tail] >= 0) & (trees.after[trees.destination[pairs[row]], tail] == arcs.heads[arc])
    leading = arcs.rows(before[tail[joins]], tail[joins])
    index = np.full((len(pairs), len(arcs.cost)), -1, dtype=np.int32)
    index[row, arc] = np.arange(len(row))
    start = np.arange(len(row))
    start[joins] = index[row[joins], leading]
    start = np.where(start < 0, np.arange(len(row)), start)  # lost to rounding at the very limit
    while not np.array_equal(start, start[start]):
        start = start[start]
    plateau = np.bincount(start, weights=arcs.cost[arc], minlength=len(row))
    is_way = plateau >= least * best[row]  # only where a plateau starts is the sum not zero
    is_way &= (start == np.arange(len(row))) & (arc != first[row])
    merit = total[row[is_way], column[is_way]] - plateau[is_way]
    return pairs[row[is_way]], arc[is_way], merit
