"""Alternative routes by plateaus written plainly, pair by pair and arc by arc, on trees of networkx."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import networkx as nx

if TYPE_CHECKING:
    from collections.abc import Sequence

Tree: TypeAlias = tuple[dict[int, list[int]], dict[int, float]]


@dataclass(frozen=True, slots=True)
class PlainRoads:
    """Roads as networkx holds them.

    Parameters
    ----------
    graph
        Arcs with ``cost`` and ``km``.
    turned
        The same with every arc turned round.
    """

    graph: nx.DiGraph[int]
    turned: nx.DiGraph[int]

    @classmethod
    def of(
        cls, tails: Sequence[int], heads: Sequence[int], *, cost: Sequence[float], km: Sequence[float]
    ) -> PlainRoads:
        """Return the roads with these arcs."""
        graph: nx.DiGraph[int] = nx.DiGraph()
        for u, v, c, length in zip(tails, heads, cost, km, strict=True):
            graph.add_edge(u, v, cost=c, km=length)
        return cls(graph, graph.reverse())

    def tree(self, root: int) -> Tree:
        """Return what is before each vertex on the way from the root, and the cost."""
        found: Tree = nx.dijkstra_predecessor_and_distance(self.graph, root, weight="cost")
        return found

    def turned_tree(self, root: int) -> Tree:
        """Return what is after each vertex on the way to the root, and the cost."""
        found: Tree = nx.dijkstra_predecessor_and_distance(self.turned, root, weight="cost")
        return found

    def alternatives(
        self, forward: Tree, backward: Tree, *, most: int, detour: float, overlap: float, local: float
    ) -> list[list[int]]:
        """Return the routes between the roots of two trees, by the rules of ``corridor.alternatives``."""
        (before, ahead), (after, behind) = forward, backward
        s, t = next(iter(ahead)), next(iter(behind))
        best = ahead[t]
        first: dict[tuple[int, int], tuple[int, int]] = {}
        plateau: dict[tuple[int, int], float] = {}
        for u, reached in ahead.items():  # nearest first, so an arc comes after the one that leads to it
            for v, arc in self.graph[u].items():
                if v not in behind or reached + arc["cost"] + behind[v] > detour * best * (1 + 1e-9):
                    continue
                opening = (u, v)
                if u not in (s, t) and after[u][0] == v:
                    opening = first.get((before[u][0], u), opening)
                first[u, v] = opening
                plateau[opening] = plateau.get(opening, 0.0) + arc["cost"]
        kept = [_walk(after, s)]
        ways = [
            (ahead[u] + self.graph[u][v]["cost"] + behind[v] - cost, u, v)
            for (u, v), cost in plateau.items()
            if cost >= local * best and (u, v) != tuple(kept[0][:2])
        ]
        for _, u, v in sorted(ways):
            way = _walk(before, u)[::-1] + _walk(after, v)
            if len(kept) < most and len(set(way)) == len(way) and self._is_new(way, kept, detour, overlap):
                kept.append(way)
        return kept

    def _is_new(self, way: list[int], kept: list[list[int]], detour: float, overlap: float) -> bool:
        """Return whether a way is not too long and shares little with each route kept."""
        arcs = set(itertools.pairwise(way))
        length = self._km(arcs)
        for other in kept:
            theirs = set(itertools.pairwise(other))
            shared = self._km(arcs & theirs)
            if shared > overlap * min(length, self._km(theirs)) or shared >= length * (1 - 1e-9):
                return False
        return length <= detour * self._km(set(itertools.pairwise(kept[0]))) * (1 + 1e-9)

    def _km(self, arcs: set[tuple[int, int]]) -> float:
        """Return the length of some arcs."""
        return float(sum(self.graph[u][v]["km"] for u, v in arcs))


def _walk(steps: dict[int, list[int]], start: int) -> list[int]:
    """Return the vertices from the start to the root of a tree."""
    path = [start]
    while steps[path[-1]]:
        path.append(steps[path[-1]][0])
    return path
