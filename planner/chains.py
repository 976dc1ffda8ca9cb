"""Legs between sites and trip ends on the road network, for trips that may leave their way for a station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from corridor.costs import cheapest_arcs
from corridor.paths import unwind
from siting.legs import LENGTH_TOLERANCE, Legs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from demand.consumption import Consumption

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Most figures of cheapest-path trees held at once, 8 bytes each.
_CELLS = 40_000_000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Between:
    """Figures of the cheapest ways from places to places.

    Parameters
    ----------
    km
        (n, m) float64; infinite where no road leads.
    out_kg, back_kg
        (n_classes, n, m) float64: used on the way there, and on the same way back.
    """

    km: Floats
    out_kg: Floats
    back_kg: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ways:
    """Cheapest ways as flat arrays.

    Parameters
    ----------
    offsets
        (n_ways + 1,) int64: way w holds entries ``offsets[w]:offsets[w + 1]``.
    vertices
        (offsets[-1],) int64, source first.
    arcs
        (offsets[-1],) int64, arc that leads to each entry; -1 at a source.
    """

    offsets: Indices
    vertices: Indices
    arcs: Indices


class Trees:
    """Cheapest-path trees of a network.

    Parameters
    ----------
    network
        Road network.
    cost
        (n_arcs,) generalized cost; infinite when closed.
    """

    def __init__(self, network: RoadNetwork, cost: Floats) -> None:
        self.network = network
        self._position = cheapest_arcs(network, cost)
        tails = network.tails[self._position].astype(np.int64)
        heads = network.heads[self._position].astype(np.int64)
        size = network.n_nodes
        self._matrix = csr_array((cost[self._position], (tails, heads)), shape=(size, size))
        self._key = tails * size + heads
        self._order = np.argsort(self._key)

    def grown(self, source: Indices) -> tuple[Floats, NDArray[np.int32]]:
        """Return cost and predecessors, (n_sources, n_nodes) each."""
        total, before = dijkstra(self._matrix, indices=source, return_predecessors=True)
        return total, before

    def arcs(self, tail: Indices, head: Indices) -> Indices:
        """Return the arc between linked vertices: (n,) int64."""
        wanted = tail * self.network.n_nodes + head
        found: Indices = self._position[
            self._order[np.searchsorted(self._key, wanted, sorter=self._order)]
        ].astype(np.int64)
        return found

    def ways(self, source: Indices, target: Indices) -> Ways:
        """Return the cheapest way of each pair, the same one whose figures `between` gives."""
        sources, row = np.unique(source, return_inverse=True)
        offsets, vertices = unwind(self.grown(sources)[1], row, target)
        into = np.ones(len(vertices), dtype=bool)
        into[offsets[:-1]] = False
        steps = np.flatnonzero(into)
        arcs = np.full(len(vertices), -1, dtype=np.int64)
        arcs[steps] = self.arcs(vertices[steps - 1], vertices[steps])
        return Ways(offsets=offsets, vertices=vertices, arcs=arcs)


def between(trees: Trees, used: Consumption, *, source: Indices, target: Indices) -> Between:
    """Return length and hydrogen of the cheapest way from every source to every target.

    Parameters
    ----------
    trees
        Of the network.
    used
        What each class uses on every arc.
    source, target
        (n,) and (m,) int64 vertices.
    """
    size, n_classes = trees.network.n_nodes, used.out_kg.shape[1]
    figures = np.column_stack([trees.network.length_km, used.out_kg, used.back_kg])
    block = max(1, _CELLS // (size * figures.shape[1]))
    parts = [np.empty((0, len(target), figures.shape[1]))]
    for start in range(0, len(source), block):
        rows = source[start : start + block]
        total, before = trees.grown(rows)
        sums = np.zeros((len(rows), size, figures.shape[1]))
        sequence = np.argsort(total, axis=1, kind="stable")
        each = np.arange(len(rows))
        for rank in range(1, size):  # nearer vertices first: a predecessor is done before it is needed
            vertex = sequence[:, rank]
            previous = before[each, vertex].astype(np.int64)
            known = previous >= 0
            arc = trees.arcs(previous[known], vertex[known])
            sums[each[known], vertex[known]] = sums[each[known], previous[known]] + figures[arc]
        reached = np.isfinite(total[:, target])
        parts.append(np.where(reached[:, :, None], sums[:, target], np.inf))
    by_figure = np.moveaxis(np.concatenate(parts), 2, 0)
    return Between(km=by_figure[0], out_kg=by_figure[1 : n_classes + 1], back_kg=by_figure[n_classes + 1 :])


def least_kg(
    network: RoadNetwork, cost: Floats, used: Consumption, *, source: Indices, target: Indices
) -> Floats:
    """Return the least any way from a source to a target uses: (n_classes, n, m) float64.

    Unlike what the cheapest way uses, it never grows by more than a leg when a leg is added.
    """
    found = []
    for per_arc in used.out_kg.T:
        weight = np.where(np.isfinite(cost), np.maximum(per_arc, 0.0), np.inf)
        position = cheapest_arcs(network, weight)
        ends = (network.tails[position], network.heads[position])
        matrix = csr_array((weight[position], ends), shape=(network.n_nodes, network.n_nodes))
        found.append(dijkstra(matrix, indices=source)[:, target])
    return np.array(found)


def legs(
    from_ends: Between,
    from_sites: Between,
    to_ends: Between,
    *,
    least: Floats,
    kinds: Sequence[tuple[int, float]],
) -> list[Legs]:
    """Return the legs each kind of vehicle can drive, there and back, on its tank.

    Parameters
    ----------
    from_ends
        Ends to sites.
    from_sites
        Sites to sites.
    to_ends
        Sites to ends.
    least
        (n_classes, n_ends, n_sites) float64, as of `least_kg`.
    kinds
        Class (column of the consumption) and usable tank in kg of each kind.
    """
    result = []
    for name, tank in kinds:
        reach = tank * (1.0 + LENGTH_TOLERANCE)
        hardest = np.maximum(from_ends.out_kg[name], from_ends.back_kg[name])
        result.append(
            Legs(
                first=hardest <= reach / 2.0,
                between=np.maximum(from_sites.out_kg[name], from_sites.back_kg[name]) <= reach,
                last=reach >= (to_ends.out_kg[name] + to_ends.back_kg[name]).T,
                to_km=from_ends.km,
                between_km=from_sites.km,
                from_km=to_ends.km.T,
                use=least[name],
                tank=float(tank),
            )
        )
    return result
