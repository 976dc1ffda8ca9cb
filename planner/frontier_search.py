"""Search along a frontier: plans sited by number and made smaller, and plans within each budget."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import SolverError
from planner.assembly import MODULES_KG_PER_DAY
from planner.frontier_points import LAST_DIGITS, Built, within
from siting.buildout import SOLVER, solve_buildout
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.program import ORTOOLS_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from planner.frontier_points import FoundBy
    from planner.progress import Reporter
    from planner.scenario import SolveOptions
    from siting.buildout.fill_service import FillService
    from siting.buildout.question import Question

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Stations sited by number serve all when they leave no more than this share; so much they may lose for less.
_ALL_BUT = 1e-3
#: From one number of stations to the next, and the gap to which they are sited.
_STEP, _NUMBER_GAP = 1.25, 0.005
#: Budgets are rounded up to whole multiples of this, 10,000 CNY.
_ROUND_WAN_CNY = 10.0


class Search:
    """Plans found so far, and what was proven at each budget.

    Parameters
    ----------
    question, service
        What is asked, for any budget, and what stations serve.
    limits
        Of the search at each budget.
    reporter
        Told about changes; asked whether to stop.
    """

    def __init__(
        self, question: Question, service: FillService, *, limits: SolveOptions, reporter: Reporter
    ) -> None:
        self._question, self._service, self._limits, self._reporter = question, service, limits, reporter
        self.found: list[Built] = []
        #: Budgets searched, and the certificate of each search.
        self.budget: list[float] = []
        self.own: list[Certificate] = []
        self.was_cut_short = False

    @property
    def cheapest(self) -> float:
        """Least that anything new costs, 10,000 CNY: the locked sites, or any station."""
        question = self._question
        locked = float(question.cost[question.must_build, 0].sum())
        any_site = float(question.cost[~question.is_barred, 0].min(initial=np.inf))
        return locked if len(question.must_build) else any_site

    def nothing_new(self) -> None:
        """Value the stations there are; nothing if some must be built."""
        if len(self._question.must_build):
            return
        clock = time.perf_counter()
        nothing = np.full(self._question.n_sites, -1, dtype=np.int64)
        served = self._service.serve(0, self._room(nothing))
        self.found.append(
            self._built(nothing, served.load_kg_per_day, served.volume, found_by="nothing", found_at=0.0)
        )
        self.budget.append(0.0)
        proof = Certificate(
            status="optimal",
            incumbent=served.volume,
            bound=served.volume,
            seconds=time.perf_counter() - clock,
            solver=SOLVER,
            version=ORTOOLS_VERSION,
        )
        self.own.append(proof)

    def by_number(self, budgets: Sequence[float] | None) -> None:
        """Site 1, 2, 3, ... stations with all the room they need, until they serve all or cost too much."""
        question, limits = self._question, self._limits
        most = min(float(question.most_new[0]), float((~question.is_barred).sum()))
        if budgets is not None:
            most = min(most, budgets[-1] // float(question.cost[:, 0].min()))
        enough = (1.0 - _ALL_BUT) * self._service.serve(0, self._room(self._everywhere())).volume
        number = max(1, len(question.must_build))
        while number <= most:
            self._reporter.stage("siting", f"{number} stations with all the room they need")
            answer = solve_buildout(
                replace(question, most_new=np.array([float(number)])),
                self._service,
                gap=max(limits.gap, _NUMBER_GAP),
                time_limit_s=limits.time_limit_s,
                rounds=0,
                should_stop=self._reporter.should_stop,
            )
            built = self._built(
                answer.module[0],
                answer.load_kg_per_day[0],
                float(answer.volume[0]),
                found_by="number",
                found_at=float(number),
            )
            self.found += [built, self._smaller(built)]
            if built.value >= enough:
                return
            number = max(number + 1, math.ceil(_STEP * number))

    def budgets(self, n_points: int) -> list[float]:
        """Return budgets from the cheapest station to what serves all, evenly spaced."""
        most = (1.0 - 2.0 * _ALL_BUT) * max((built.value for built in self.found), default=0.0)
        enough = [built.capex_wan_cny for built in self.found if built.value >= most]
        even = np.linspace(self.cheapest, max(min(enough, default=0.0), self.cheapest), n_points)
        rounded: list[float] = np.unique(np.ceil(even / _ROUND_WAN_CNY) * _ROUND_WAN_CNY).tolist()
        return rounded

    def at(self, budget_wan_cny: float) -> None:
        """Search at a budget, until its bound meets the best plan found anywhere that keeps to it."""
        limits, should_stop = self._limits, self._reporter.should_stop
        begin = max(within(self.found, budget_wan_cny), key=lambda built: built.value, default=None)
        known = -np.inf if begin is None else begin.value
        least = np.inf

        def on_progress(value: float, bound: float, gap: float, seconds: float, message: str) -> None:
            nonlocal least
            least = bound
            self._reporter.siting(max(value, known), max(bound, known), gap, seconds, message)

        def is_enough() -> bool:
            return least <= known + max(limits.gap, OPTIMALITY_TOLERANCE / 2.0) * abs(known) or (
                should_stop is not None and should_stop()
            )

        self.budget.append(budget_wan_cny)
        clock = time.perf_counter()
        try:
            answer = solve_buildout(
                replace(self._question, budget=np.array([budget_wan_cny])),
                self._service,
                gap=limits.gap,
                time_limit_s=limits.time_limit_s,
                rounds=limits.rounds,
                start=None if begin is None else begin.module[None],
                on_progress=on_progress,
                should_stop=is_enough,
            )
        except SolverError as error:
            self._reporter.stage("siting", f"{error}: other budgets tell what is known of this one")
            self.own.append(_unknown(least, seconds=time.perf_counter() - clock))
            return
        self.was_cut_short |= should_stop is not None and should_stop()
        built = self._built(
            answer.module[0],
            answer.load_kg_per_day[0],
            float(answer.volume[0]),
            found_by="budget",
            found_at=budget_wan_cny,
        )
        self.found.append(built)
        self.own.append(answer.certificate)

    def _smaller(self, built: Built) -> Built:
        """Return the plan with stations made smaller, the dearest step first, losing next to nothing."""
        question, floor = self._question, (1.0 - _ALL_BUT) * built.value
        step = np.diff(question.cost, axis=1, prepend=0.0)
        tried_all = False
        while not tried_all:
            tried_all = True
            sites = np.flatnonzero(built.module >= 0)
            saved = step[sites, built.module[sites]]
            for site in sites[np.argsort(-saved, kind="stable")].tolist():
                if self._reporter.should_stop is not None and self._reporter.should_stop():
                    return built
                least = 0 if site in question.must_build else -1
                if built.module[site] <= least:
                    continue
                module = built.module.copy()
                module[site] -= 1
                served = self._service.serve(0, self._room(module))
                if served.volume >= floor:
                    built = self._built(
                        module,
                        served.load_kg_per_day,
                        served.volume,
                        found_by="number",
                        found_at=built.found_at,
                    )
                    tried_all = False
        return built

    def _room(self, module: Indices) -> Floats:
        """Return what stations of these sizes may dispense, (n_sites,) float64, kg/d."""
        room: Floats = self._question.highest_utilization * self._question.size_kg_per_day(module)
        return room

    def _everywhere(self) -> Indices:
        """Return the largest station wherever one may stand."""
        return np.where(self._question.is_barred, -1, len(MODULES_KG_PER_DAY) - 1).astype(np.int64)

    def _built(
        self,
        module: Indices,
        load_kg_per_day: Floats,
        value: float,
        *,
        found_by: FoundBy,
        found_at: float,
    ) -> Built:
        """Return a plan with no station larger than its load needs, and none without load but the locked."""
        question = self._question
        room = question.highest_utilization * question.module_kg_per_day * (1.0 + LAST_DIGITS)
        used = load_kg_per_day > LAST_DIGITS * room[-1]
        used[question.must_build] = True
        least = np.minimum(np.searchsorted(room, load_kg_per_day), module)
        smallest = np.where((module >= 0) & used, least, -1).astype(np.int64)
        return Built(
            module=smallest,
            load_kg_per_day=load_kg_per_day,
            value=value,
            capex_wan_cny=question.spent(smallest),
            found_by=found_by,
            found_at=found_at,
        )


def _unknown(bound: float, *, seconds: float) -> Certificate:
    """Return the certificate of a search that found nothing."""
    return Certificate(
        status="unknown",
        incumbent=None,
        bound=bound if math.isfinite(bound) else None,
        seconds=seconds,
        solver=SOLVER,
        version=ORTOOLS_VERSION,
    )
