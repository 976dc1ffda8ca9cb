"""Linear relaxation of a reduced flow-refueling problem, made tighter where it is solved.

The master (`siting.master`) with what it is cut by: planes tight at a point, one for each group of classes
(`siting.coverage.grouped_shares`), and zero-half cuts (`siting.zero_half`). Who decides what to do with it is
`siting.search`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from siting.coverage import class_cover, grouped_shares
from siting.master import Cuts, Master
from siting.site_tree import SiteTree, class_groups
from siting.zero_half import ZeroHalfCuts, cuts_of, zero_half_cuts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.master import Branches, Relaxation
    from siting.reduction import Problem

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Groups of classes with a theta of their own.
_GROUPS = 60
#: A plane counts when violated by this share of the distance between bound and plan, spread over the groups,
#: and of all volume.
_VIOLATION, _LEAST_VIOLATION = 0.02, 1e-9


class LinearBound:
    """The master of a problem, and cuts for it.

    Parameters
    ----------
    problem
        What is to decide.
    cost
        (n_free,) float64, of a station at each free site.
    budget
        Most all stations together may cost.
    affordable
        (n_free,) bool, whether a station at each free site is within the budget.
    known
        Zero-half cuts to start with.
    """

    def __init__(
        self,
        problem: Problem,
        *,
        cost: Floats,
        budget: float,
        affordable: NDArray[np.bool_],
        known: ZeroHalfCuts | None = None,
    ) -> None:
        self.cover, self.volume = problem.cover, problem.volume
        self.tree = SiteTree(self.cover, self.volume)
        self._group = class_groups(self.cover, self.volume, self.tree, most=_GROUPS)
        group_volume = np.bincount(self._group, weights=self.volume).astype(np.float64)
        self._n_groups = len(group_volume)
        self.master = Master(
            self.cover.sets,
            group_volume,
            cost=cost,
            budget=budget,
            upper=affordable.astype(np.float64),
        )
        if known is not None:
            self.master.add_zero_half(known)

    def solve(self, branches: Branches, *, time_limit_s: float, forget: bool = True) -> Relaxation | None:
        """Solve within branches, as `siting.master.Master.solve` does."""
        return self.master.solve(branches, time_limit_s=time_limit_s, forget=forget)

    def cut(self, relaxed: Relaxation, points: tuple[Floats, ...], *, open_: float = 0.0) -> int:
        """Cut a solution off by planes, at the first of several points where that works.

        Parameters
        ----------
        relaxed
            Solution to cut off.
        points
            (n_sets,) float64 each, levels of cover sets at which the planes are tight.
        open_
            Distance between bound and plan: planes that hardly matter for it are left out.

        Returns
        -------
        int
            Number of planes added.
        """
        least = max(open_ * _VIOLATION / self._n_groups, _LEAST_VIOLATION * float(self.volume.sum()))
        for level in points:
            constant, share = grouped_shares(
                self.cover, self.volume, self._group, level, n_groups=self._n_groups
            )
            if added := self.master.add_cuts(Cuts(constant=constant, share=share), at=relaxed, least=least):
                return added
        return 0

    def strengthen(self, relaxed: Relaxation) -> int:
        """Add zero-half cuts that a solution violates; return how many."""
        cuts = zero_half_cuts(self.cover, self.volume, x=relaxed.x, level=relaxed.level)
        self.master.add_zero_half(cuts)
        return len(cuts.sets)

    def kept_by(self, problem: Problem, row: Indices) -> ZeroHalfCuts:
        """Return the zero-half cuts as cuts of a part of the problem.

        Parameters
        ----------
        problem
            The part.
        row
            (n_sets,) int64, row of each cover set there, -1 for none.
        """
        sets = np.sort(row[self.master.zero_half_sets()], axis=1)
        apart = (sets[:, 0] >= 0) & np.all(np.diff(sets, axis=1) > 0, axis=1)
        return cuts_of(problem.cover, np.unique(sets[apart], axis=0))

    def level(self, x: Floats) -> Floats:
        """Return (n_sets,) float64, how far stations x satisfy each cover set."""
        return np.asarray(self.cover.sets @ x, dtype=np.float64)

    def value(self, x: Floats) -> float:
        """Return the volume covered by fractional stations x: what the planes bound from above."""
        return float(self.volume @ class_cover(self.cover, x)[0])

    def marginal(self, x: Floats) -> Floats:
        """Return (n_free,) float64, what a little more of each station adds to the volume at x."""
        _, weakest = class_cover(self.cover, x)
        short = weakest >= 0
        weight = np.bincount(weakest[short], weights=self.volume[short], minlength=self.cover.sets.shape[0])
        return np.asarray(self.cover.sets.T @ weight, dtype=np.float64)
