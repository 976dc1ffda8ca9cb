"""Linear relaxation of a build-out, cut where it is solved, and the cuts found so far."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.buildout.cuts import CoveringPlanes, ServingPlanes, violated
from siting.buildout.layout import Layout
from siting.buildout.linear import LinearMaster
from siting.buildout.neighbors import Neighbors
from siting.buildout.plans import PRESENT
from siting.coverage import class_volumes
from siting.site_tree import SiteTree, class_groups

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.buildout.layout import Fit, Rows
    from siting.buildout.linear import Relaxed
    from siting.buildout.plans import Plan
    from siting.buildout.question import Question, Service
    from siting.program import Program

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

#: Groups of classes with a volume of their own.
_GROUPS = 60
#: Most rounds, and what so many rounds must take off the bound, as a share, to be followed by more.
_ROUNDS, _SLOW_ROUNDS, _SLOW, _SLOW_SERVICE = 200, 4, 1e-3, 2
#: Of the covering planes at a point those are added that are violated by this share of the most violated one.
_SHARE = 0.5
#: Least violation of covering and serving planes, and of either at a plan, as shares of all volume.
_COVERING, _SERVING, _AT_PLANS = 1e-6, 1e-3, 1e-9
#: A fraction of a station counts from so many kg/d on; prices at fractions are found to this gap.
_LEAST_SIZE, _ROUGH = 1.0, 0.003
_DONE = 1e-9


class Relaxation:
    """The linear master and its cuts.

    Parameters
    ----------
    question, service
        What is asked, and what stations serve.
    """

    def __init__(self, question: Question, service: Service) -> None:
        self._question, self._service = question, service
        cover = question.cover
        by_class = np.stack([class_volumes(cover, each) for each in question.volume])
        together = by_class.sum(axis=0)
        group = class_groups(cover, together, SiteTree(cover, together), most=_GROUPS)
        n_groups = int(group.max(initial=-1)) + 1
        group_volume = [np.bincount(group, weights=each, minlength=n_groups) for each in by_class]
        self.layout = Layout(
            question=question,
            group_volume=np.stack(group_volume).astype(np.float64),
            usable=service.reached | question.is_existing,
        )
        self._covering = CoveringPlanes(self.layout, group=group, class_volume=by_class)
        self._serving = ServingPlanes(self.layout, service)
        self._pool: list[Rows] = []
        self._priced: set[bytes] = set()
        #: (n_sites,) bool, sites that a linear solution used.
        self.seen = question.is_existing.copy()
        self.seen[question.must_build] = True
        self.neighbors = Neighbors(question, self._serving, class_volume=by_class, usable=self.layout.usable)

    @property
    def most(self) -> float:
        """Worth of serving everything."""
        volume = self.layout.group_volume.sum(axis=1)
        return float(self._question.weight @ (self._question.worth * volume))

    def solved(
        self, *, left_s: Callable[[], float], on_round: Callable[[int, float, Floats, Floats], bool]
    ) -> Relaxed | None:
        """Add cuts until they take little off the bound; return the solution with the least bound.

        Parameters
        ----------
        left_s
            Seconds left.
        on_round
            Told number and bound of each round, how far stations are open and how large new ones are, both
            (n_periods, n_sites) float64; True ends it.

        Returns
        -------
        Relaxed | None
            None where the limits contradict each other.

        Raises
        ------
        TimeoutError
            The time did not suffice for the first round.
        """
        question = self._question
        self._learn_at_the_start()
        sizes = self._sizes()
        fit = self.layout.fit(sizes)
        master = LinearMaster(self.layout.program(sizes, integer=False))
        inner = np.tile(question.is_existing.astype(np.float64), (question.n_periods, 1))
        middle: Floats | None = None
        best: Relaxed | None = None
        bounds: list[float] = []
        fallen: list[float] = []
        for number in range(_ROUNDS):
            relaxed = master.solve(time_limit_s=left_s())
            if relaxed is None:
                return None
            if best is None or relaxed.bound < best.bound:
                best = relaxed
            x = fit.common(relaxed.x)
            stations = self._stations(x)
            self.seen |= (stations > PRESENT).any(axis=0)
            if on_round(number, relaxed.bound, stations, self.new_kg_per_day(relaxed.x)):
                break
            between = 0.5 * (inner + stations)
            found = self._cut(x, between) or self._cut(x, stations)
            for rows in found:
                master.add(fit.rows(rows))
            inner = max((inner, between, stations), key=self._covered)
            bounds.append(relaxed.bound)
            is_slow = len(bounds) >= _SLOW_ROUNDS and _is_little(bounds[-_SLOW_ROUNDS], relaxed.bound)
            if found and not is_slow:
                continue
            middle = relaxed.x if middle is None else 0.5 * (middle + relaxed.x)
            found = self._cut_by_service(x, (middle, relaxed.x))
            for rows in found:
                master.add(fit.rows(rows))
            if not found:
                break
            fallen.append(relaxed.bound)
            if len(fallen) > _SLOW_SERVICE and _is_little(fallen[-1 - _SLOW_SERVICE], relaxed.bound):
                break
            bounds.clear()
        return best

    def with_all_cuts(self, *, time_limit_s: float) -> Relaxed | None:
        """Solve the linear master once more, from the start, with all cuts found so far.

        Raises
        ------
        TimeoutError
            The time did not suffice.
        """
        sizes = self._sizes()
        master = LinearMaster(self.layout.program(sizes, integer=False))
        for rows in self._in_use(self.layout.fit(sizes)):
            master.add(rows)
        return master.solve(time_limit_s=time_limit_s)

    def learn(self, plan: Plan, x: Floats) -> int:
        """Keep the planes tight at a plan that a master's solution violates; return how many."""
        question, found = self._question, 0
        self.learn_prices(plan)
        for period, module in enumerate(plan.module):
            stations = ((module >= 0) | question.is_existing).astype(np.float64)
            least = _AT_PLANS * float(self.layout.group_volume[period].sum())
            for rows in (
                violated(self._covering.at(period, stations), x, least=least),
                self._serving.at(period, x, stations, least=least),
            ):
                found += len(rows)
                self._pool.append(rows)
        return found

    def learn_prices(self, plan: Plan) -> None:
        """Keep the prices at which a plan shares out its room, once."""
        key = plan.module.tobytes()
        if key in self._priced:
            return
        self._priced.add(key)
        for period, served in enumerate(plan.served):
            if served.price.any():
                self._serving.learn(self._service.everywhere(period, served))

    def program(self, sizes: Indices, *, without: Bools) -> tuple[Program, Fit]:
        """Return the master over whole stations of some sizes, with all cuts found so far, and its fit.

        Parameters
        ----------
        sizes
            (n,) int64, sizes of the question, ascending.
        without
            (n_sites,) bool, sites that are left out.
        """
        program, fit = self.layout.program(sizes, integer=True, without=without), self.layout.fit(sizes)
        cuts = self._in_use(fit)
        if not cuts:
            return program, fit
        limits = np.concatenate([each.limit for each in cuts])
        matrices = [program.matrix, *(each.matrix for each in cuts)]
        with_cuts = replace(
            program,
            matrix=sparse.csr_array(sparse.vstack(matrices, format="csr")),
            row_lower=np.concatenate([program.row_lower, np.full(len(limits), -np.inf)]),
            row_upper=np.concatenate([program.row_upper, limits]),
        )
        return with_cuts, fit

    def _in_use(self, fit: Fit) -> list[Rows]:
        """Return all cuts found so far, for a program."""
        return [fit.rows(each) for each in self._pool]

    def _sizes(self) -> Indices:
        """Return the sizes a linear program can need: those not dearer than a mix of others."""
        question = self._question
        size = question.module_kg_per_day
        last = len(size) - 1
        if not question.sizes_matter:
            return np.array([last])
        needed = {0, last}
        for cost in (question.cost, question.running_cost):
            for middle in range(1, last):
                share = (size[middle] - size[0]) / (size[last] - size[0])
                mix = cost[:, 0] + share * (cost[:, last] - cost[:, 0])
                if (cost[:, middle] < mix * (1.0 - _DONE)).any():
                    needed.add(middle)
        return np.array(sorted(needed), dtype=np.int64)

    def _cut_by_service(self, x: Floats, points: tuple[Floats, Floats]) -> list[Rows]:
        """Learn prices at the first of some points in a program's columns that gives cuts; return these."""
        for point in points:
            self._learn_at(point)
            if found := self._cut(x, self._stations(point)):
                return found
        return []

    def _learn_at_the_start(self) -> None:
        """Learn prices that are the same everywhere, and none where stations stand already."""
        question = self._question
        for price in self._service.prices:
            self._serving.learn(np.full(question.n_sites, price))
            self._serving.learn(np.where(question.is_existing, 0.0, price))

    def _learn_at(self, x: Floats) -> None:
        """Learn the prices at which the room of a solution is shared out, in each period."""
        question = self._question
        standing = np.nan_to_num(question.existing_kg_per_day)
        for period, built in enumerate(self.new_kg_per_day(x)):
            size = np.where(question.is_existing, standing, built)
            room = np.where(size >= _LEAST_SIZE, question.highest_utilization * size, 0.0)
            served = self._service.serve(period, room, gap=_ROUGH)
            self._serving.learn(self._service.everywhere(period, served))

    def new_kg_per_day(self, x: Floats) -> Floats:
        """Return (n_periods, n_sites) float64, how large new stations are in a linear solution."""
        question, sizes = self._question, self._sizes()
        total = np.zeros((question.n_periods, question.n_sites))
        steps = np.diff(question.sizes_kg_per_day[:, sizes], axis=1, prepend=0.0)
        for number, more in enumerate(steps.T):
            total += more * x[self.layout.larger(number)]
        return np.where(question.is_existing, 0.0, np.maximum(total, 0.0))

    def _stations(self, x: Floats) -> Floats:
        """Return (n_periods, n_sites) float64, how far stations are open in a solution."""
        question = self._question
        n_places = question.n_periods * question.n_sites
        return np.clip(x[:n_places], 0.0, 1.0).reshape(question.n_periods, question.n_sites)

    def _covered(self, stations: Floats) -> float:
        """Return the worth of what (n_periods, n_sites) fractional stations cover."""
        covered = [self._covering.covered(period, each) for period, each in enumerate(stations)]
        return float(self._question.weight @ (self._question.worth * np.array(covered)))

    def _cut(self, x: Floats, stations: Floats) -> list[Rows]:
        """Keep the planes at a point that a solution violates; return them."""
        found = []
        for period in range(self._question.n_periods):
            whole = float(self.layout.group_volume[period].sum())
            covering = self._covering.at(period, stations[period])
            worst = float(covering.excess(x).max(initial=0.0))
            found += [
                violated(covering, x, least=max(_SHARE * worst, _COVERING * whole)),
                self._serving.at(period, x, stations[period], least=_SERVING * whole),
            ]
        found = [rows for rows in found if len(rows)]
        self._pool += found
        return found


def _is_little(before: float, bound: float) -> bool:
    """Tell whether a bound fell by less than is worth a round."""
    return before - bound < _SLOW * abs(bound)
