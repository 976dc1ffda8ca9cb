"""Tree of a branch and bound: open nodes, and on which group of sites to branch.

A node limits the number of stations in some groups of sites (`siting.site_tree`). A group with a fractional
number s of stations splits it into at most floor(s) and at least floor(s) + 1. Which group: the one whose two
branches lower the bound most, by the product of what they did where they were tried before (pseudocosts,
Benichou et al. 1971); groups without a record are tried, the most promising first (reliability branching,
Achterberg, Koch & Martin 2005).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from scipy import sparse

    from siting.master import Branches

    Floats = NDArray[np.float64]

#: Groups tried at the first node and at later ones; a record counts after this many trials.
_TRIALS, _LATER_TRIALS, _RELIABLE = 6, 2, 1
#: A number of stations counts as whole within this.
_INTEGRAL = 1e-6
#: Least share of the open distance a branch counts for.
_LEAST = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """A part of the choices.

    Parameters
    ----------
    bound
        None of them serves more.
    branches
        What they have in common.
    x
        Fractional stations of its relaxation, None while it has not been solved.
    origin
        Group, direction (0 less, 1 more), distance and bound of the parent, to learn from.
    """

    bound: float
    branches: Branches
    x: Floats | None = None
    origin: tuple[int, int, float, float] | None = None


class Tree:
    """Open nodes, and what is known about branching.

    Parameters
    ----------
    membership
        (n_groups, n_sites) sparse.
    groups
        Sites of each group.
    affordable
        (n_sites,) bool.
    """

    def __init__(
        self, membership: sparse.csr_array, groups: list[tuple[int, ...]], *, affordable: NDArray[np.bool_]
    ) -> None:
        self._membership, self._groups, self._affordable = membership, groups, affordable
        self._gain = np.zeros((2, len(groups)))
        self._count = np.zeros((2, len(groups)))
        self._pushed = 0
        #: Highest bound of the nodes closed without being solved.
        self.closed = -np.inf
        self.nodes: list[tuple[float, int, Node]] = []

    def close(self, bound: float) -> None:
        """Leave a node, because nothing worth finding can be in it."""
        self.closed = max(self.closed, bound)

    def push(self, node: Node) -> None:
        """Add an open node."""
        self._pushed += 1
        heapq.heappush(self.nodes, (-node.bound, self._pushed, node))

    def pop(self) -> Node:
        """Take out the node of the highest bound, of equals the first one added."""
        return heapq.heappop(self.nodes)[2]

    def learn(self, node: Node, bound: float) -> None:
        """Keep what a branch did to the bound."""
        if node.origin is not None:
            group, direction, distance, before = node.origin
            self._gain[direction, group] += max(before - bound, 0.0) / distance
            self._count[direction, group] += 1.0

    def branch(
        self, node: Node, *, marginal: Floats, trial: Callable[[Branches], float], cutoff: float
    ) -> None:
        """Split a node in two.

        Parameters
        ----------
        node
            A solved node.
        marginal
            (n_sites,) float64, what a little more of each station adds.
        trial
            Bounds the choices within branches.
        cutoff
            Bound at which a node is closed.
        """
        assert node.x is not None  # noqa: S101 - solved nodes only
        total = np.asarray(self._membership @ node.x)
        low = np.floor(total + _INTEGRAL)
        part = total - low
        fractional = np.minimum(part, 1.0 - part)
        open_ = node.bound - cutoff
        worth = np.asarray(self._membership @ (marginal * node.x)) / np.maximum(total, 1e-9) * fractional
        worth[fractional <= _INTEGRAL] = 0.0
        known = (self._count.min(axis=0) >= _RELIABLE) & (fractional > _INTEGRAL)
        mean = self._gain / np.maximum(self._count, 1.0)
        score = np.where(known, self._score(mean[0] * part, mean[1] * (1.0 - part), open_), 0.0)
        best = int(np.argmax(score if known.any() else fractional))
        best_score = float(score[best])
        ahead: tuple[float, float] | None = None
        for group in self._unknown(worth, known, total, first=not node.branches):
            bounds = [trial(self._child(node, group, float(low[group]), way)) for way in (0, 1)]
            gains = [min(max(node.bound - bound, 0.0), open_) for bound in bounds]
            for way, distance in ((0, part[group]), (1, 1.0 - part[group])):
                self._gain[way, group] += gains[way] / distance
                self._count[way, group] += 1.0
            tried = float(self._score(np.array(gains[0]), np.array(gains[1]), open_))
            if tried > best_score:
                best, best_score, ahead = group, tried, (bounds[0], bounds[1])
        for way in (0, 1):
            bound = node.bound if ahead is None else min(node.bound, ahead[way])
            if bound <= cutoff:
                self.close(bound)
            else:
                distance = float(part[best] if way == 0 else 1.0 - part[best])
                self.push(
                    Node(
                        bound=bound,
                        branches=self._child(node, best, float(low[best]), way),
                        origin=(best, way, distance, node.bound),
                    )
                )

    def _unknown(self, worth: Floats, known: NDArray[np.bool_], total: Floats, *, first: bool) -> list[int]:
        """Return the groups to try: the most promising without a record, alike ones once."""
        chosen: dict[tuple[float, float], int] = {}
        most = _TRIALS if first else _LATER_TRIALS
        for group in np.argsort(-np.where(known, 0.0, worth), kind="stable").tolist():
            if len(chosen) >= most or worth[group] <= 0.0 or known[group]:
                break
            chosen.setdefault((round(float(total[group]), 6), round(float(worth[group]), 3)), group)
        return list(chosen.values())

    def _child(self, node: Node, group: int, low: float, way: int) -> Branches:
        """Return the branches of a node and one more."""
        sites = self._groups[group]
        least, most = node.branches.get(sites, (0.0, np.inf))
        limits = (least, min(most, low)) if way == 0 else (max(least, low + 1.0), most)
        return {**node.branches, sites: limits}

    def _score(self, less: Floats, more: Floats, open_: float) -> Floats:
        """Return how much two branches are worth together."""
        least = _LEAST * open_
        return np.asarray(
            np.minimum(np.maximum(less, least), open_) * np.minimum(np.maximum(more, least), open_)
        )
