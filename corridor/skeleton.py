r"""The skeleton of a road network: junctions, the vertices asked for, and the chains between them.

Dead ends that hold no vertex to keep are trimmed: no simple path uses them. Vertices with two neighbors are
merged into chains, one arc each way. A vertex in the middle stays where two chains would join the same ends,
so that both ways survive and no arcs are parallel. Simple paths between vertices kept stay, at their cost.

On a chain from :math:`u` over :math:`x_1 \ldots x_k` to :math:`v`, let :math:`P_j` be the cost from :math:`u`
to :math:`x_j`, :math:`C` that to :math:`v`, :math:`Q_j` the cost from :math:`x_j` back to :math:`u`, and
:math:`R_j` that from :math:`v` back to :math:`x_j` (infinite where the chain is one-way). With costs
:math:`f` from an origin and :math:`b` to a destination, the cheapest path from the origin to :math:`x_j`
comes over :math:`u` as long as :math:`P_j - R_j \le f_v - f_u`, and the cheapest path from :math:`x_j` to the
destination leaves over :math:`v` once :math:`P_j + Q_j - C \ge b_v - b_u`. Both left sides grow with
:math:`j`: where trees meet inside a chain is found by bisection, the vertices of the chain need not be there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.costs import cheapest_arcs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Skeleton:
    """Junctions and chains.

    Parameters
    ----------
    vertices
        (n,) int64, vertices of the network, ascending.
    tails, heads
        (n_arcs,) int64, rows of ``vertices``; ordered by tail and then by head, without parallels or loops.
    cost
        (n_arcs,) float64.
    offsets
        (n_arcs + 1,) int64: arc a stands for entries ``offsets[a]:offsets[a + 1]`` of the arrays below.
    arcs
        (offsets[-1],) int64, positions into ``heads`` of the network, in driving order.
    reached
        (offsets[-1],) float64, cost from the tail to the end of each entry.
    from_tail
        (offsets[-1],) float64, P - R at the end of each entry, ascending along an arc; infinite at its head.
    to_head
        (offsets[-1],) float64, P + Q - C at the end of each entry, ascending; infinite at its head.
    """

    vertices: NDArray[np.int64]
    tails: NDArray[np.int64]
    heads: NDArray[np.int64]
    cost: NDArray[np.float64]
    offsets: NDArray[np.int64]
    arcs: NDArray[np.int64]
    reached: NDArray[np.float64]
    from_tail: NDArray[np.float64]
    to_head: NDArray[np.float64]

    def rows(self, tails: NDArray[np.integer], heads: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the arc of each tail and head, known to be there."""
        size = len(self.vertices)
        return np.searchsorted(self.tails * size + self.heads, tails.astype(np.int64) * size + heads)

    def sums(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of a value of the network's arcs over each arc: (n_arcs,) float64."""
        return running(self.offsets, value[self.arcs])[self.offsets[1:] - 1]

    def end_of_tail_side(self, arc: NDArray[np.int64], ahead: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far the cheapest paths over the tail of each arc go, the last step across included.

        Parameters
        ----------
        arc
            (n,) int64.
        ahead
            (n,) float64, cost from the origin to the head minus that to the tail.
        """
        return self.reached[self._first_above(self.from_tail, arc, ahead)]

    def start_of_head_side(self, arc: NDArray[np.int64], ahead: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where the cheapest paths over the head of each arc begin, the first step across included.

        Parameters
        ----------
        arc
            (n,) int64.
        ahead
            (n,) float64, cost from the head to the destination minus that from the tail.
        """
        first = self._first_above(self.to_head, arc, ahead)
        return np.where(first > self.offsets[arc], self.reached[first - 1], 0.0)

    def _first_above(
        self, value: NDArray[np.float64], arc: NDArray[np.int64], bound: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """(n,) int64: first entry of each arc whose value is above the bound; the last one always is."""
        low, high = self.offsets[arc], self.offsets[arc + 1] - 1
        while (low < high).any():
            middle = (low + high) // 2
            above = value[middle] > bound
            high, low = np.where(above, middle, high), np.where(above | (low == high), low, middle + 1)
        return low


def running(offsets: NDArray[np.int64], value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of a value since the start of its own group, at every entry.

    Parameters
    ----------
    offsets
        (n_groups + 1,) int64: group g holds entries ``offsets[g]:offsets[g + 1]``.
    value
        (offsets[-1],) float64.
    """
    total = value.copy()
    at, ends = offsets[:-1] + 1, offsets[1:]
    # One step of every group at a time, so that each sum runs over its own group alone and stays exact.
    while at.size:
        going = at < ends
        at, ends = at[going], ends[going]
        total[at] += total[at - 1]
        at = at + 1
    return total


def skeleton(network: RoadNetwork, cost: NDArray[np.float64], *, keep: NDArray[np.bool_]) -> Skeleton:
    """Return the skeleton of a network.

    Parameters
    ----------
    network
        Road network.
    cost
        (n_edges,) positive cost of each arc; infinite when closed. Of parallel arcs the cheapest counts.
    keep
        (n_nodes,) vertices that must stay.
    """
    position = cheapest_arcs(network, cost)
    links = _trimmed(_links(network, position), keep)
    junction = keep | (links.degree() > 2)  # noqa: PLR2004  two neighbors are what makes a chain
    chains = links.chains(junction)
    junction = junction | chains.middles(links)
    chains = links.chains(junction)
    vertices = np.flatnonzero(keep | (junction & (links.degree() > 0)))
    row = np.full(network.n_nodes, -1, dtype=np.int64)
    row[vertices] = np.arange(len(vertices))
    first, last = chains.halves[chains.offsets[:-1]], chains.halves[chains.offsets[1:] - 1]
    tails, heads = row[links.tails[first]], row[links.heads[last]]
    there = links.arc[chains.halves]
    # A chain that is one-way somewhere is an arc one way only; one back to its own end leads nowhere.
    through = np.logical_and.reduceat(there >= 0, chains.offsets[:-1]) if len(tails) else tails > 0
    wanted = np.flatnonzero(through & (tails != heads))
    chains = chains.only(wanted[np.lexsort((heads[wanted], tails[wanted]))])
    there, back = links.arc[chains.halves], links.arc[links.reverse(chains.halves)]
    return _measured(
        vertices=vertices,
        tails=row[links.tails[chains.halves[chains.offsets[:-1]]]],
        heads=row[links.heads[chains.halves[chains.offsets[1:] - 1]]],
        offsets=chains.offsets,
        arcs=position[there],
        cost=cost[position[there]],
        back=np.where(back >= 0, cost[position[back]], np.inf),
    )


def _measured(
    *,
    vertices: NDArray[np.int64],
    tails: NDArray[np.int64],
    heads: NDArray[np.int64],
    offsets: NDArray[np.int64],
    arcs: NDArray[np.int64],
    cost: NDArray[np.float64],
    back: NDArray[np.float64],
) -> Skeleton:
    """Add up the costs along chains: there, and back to the tail and from the head."""
    last = offsets[1:] - 1
    reached = running(offsets, cost)
    to_tail = running(offsets, back)
    mirrored = len(back) - offsets[::-1]
    from_head = running(mirrored, back[::-1])[::-1] if len(back) else back
    whole = np.repeat(reached[last], np.diff(offsets))
    from_tail, to_head = np.full(len(cost), np.inf), np.full(len(cost), np.inf)
    inside = np.ones(len(cost), dtype=bool)
    inside[last] = False
    at = np.flatnonzero(inside)
    from_tail[at] = reached[at] - from_head[at + 1]
    to_head[at] = reached[at] + to_tail[at] - whole[at]
    return Skeleton(
        vertices=vertices,
        tails=tails,
        heads=heads,
        cost=reached[last],
        offsets=offsets,
        arcs=arcs,
        reached=reached,
        from_tail=from_tail,
        to_head=to_head,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Links:
    """Pairs of neighbors, each one twice: the second half of the arrays is the first one turned round."""

    tails: NDArray[np.int64]
    heads: NDArray[np.int64]
    arc: NDArray[np.int64]  # row of the open arcs; -1 where none leads this way
    n_nodes: int

    def degree(self) -> NDArray[np.int64]:
        """(n_nodes,) int64: neighbors of each vertex."""
        return np.bincount(self.tails, minlength=self.n_nodes)

    def reverse(self, half: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the halves turned round."""
        n = len(self.tails) // 2
        return np.where(half < n, half + n, half - n)

    def chains(self, junction: NDArray[np.bool_]) -> _Chains:
        """Return the chains that start and end at junctions, in both directions."""
        by_tail = np.argsort(self.tails, kind="stable")
        first = np.searchsorted(self.tails[by_tail], np.arange(self.n_nodes + 1))
        alive = np.arange(np.count_nonzero(junction[self.tails]))
        half = np.flatnonzero(junction[self.tails])
        steps: list[tuple[NDArray[np.intp], NDArray[np.int64]]] = []
        counts = np.zeros(len(alive), dtype=np.int64)
        while alive.size:
            steps.append((alive, half))
            counts[alive] += 1
            go_on = ~junction[self.heads[half]]
            alive, half = alive[go_on], half[go_on]
            # A vertex inside a chain has two halves: the one to come back by, and the one to go on by.
            at = first[self.heads[half]]
            half = by_tail[at] + by_tail[at + 1] - self.reverse(half)
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        halves = np.empty(offsets[-1], dtype=np.int64)
        for step, (chain, half) in enumerate(steps):
            halves[offsets[chain] + step] = half
        return _Chains(offsets, halves)


@dataclass(frozen=True, slots=True, eq=False)
class _Chains:
    """Chains as flat arrays of halves of links."""

    offsets: NDArray[np.int64]
    halves: NDArray[np.int64]

    def only(self, kept: NDArray[np.int64]) -> _Chains:
        """Return some of the chains, in the order given."""
        counts = np.diff(self.offsets)[kept]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        entries = np.repeat(self.offsets[kept] - offsets[:-1], counts) + np.arange(offsets[-1])
        return _Chains(offsets, self.halves[entries])

    def middles(self, links: _Links) -> NDArray[np.bool_]:
        """(n_nodes,) bool: a vertex inside every chain but the shortest one between the same two ends."""
        tails = links.tails[self.halves[self.offsets[:-1]]]
        heads = links.heads[self.halves[self.offsets[1:] - 1]]
        counts = np.diff(self.offsets)
        order = np.lexsort((counts, heads, tails))
        order = order[tails[order] < heads[order]]  # each chain is there in both directions
        again = np.zeros(len(order), dtype=bool)
        again[1:] = (np.diff(tails[order]) == 0) & (np.diff(heads[order]) == 0)
        extra = order[again]
        found = np.zeros(links.n_nodes, dtype=bool)
        found[links.heads[self.halves[self.offsets[extra] + counts[extra] // 2 - 1]]] = True
        return found


def _links(network: RoadNetwork, position: NDArray[np.int64]) -> _Links:
    """Return the pairs of neighbors of the open arcs, which are ordered by tail and then by head."""
    n = network.n_nodes
    tails, heads = network.tails[position].astype(np.int64), network.heads[position].astype(np.int64)
    pairs = np.unique(np.minimum(tails, heads) * n + np.maximum(tails, heads))
    one, other = pairs // n, pairs % n
    one, other = one[one != other], other[one != other]
    wanted = np.concatenate([one * n + other, other * n + one])
    key = tails * n + heads
    arc = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    arc = np.where(key[arc] == wanted, arc, -1) if len(key) else arc
    return _Links(np.concatenate([one, other]), np.concatenate([other, one]), arc, n)


def _trimmed(links: _Links, keep: NDArray[np.bool_]) -> _Links:
    """Return the links without dead ends, unless a vertex to keep is in them."""
    while True:
        leaf = (links.degree() == 1) & ~keep
        if not leaf.any():
            return links
        kept = ~(leaf[links.tails] | leaf[links.heads])
        links = _Links(links.tails[kept], links.heads[kept], links.arc[kept], links.n_nodes)
