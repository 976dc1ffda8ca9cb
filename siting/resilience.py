"""A plan that bears any outage: whichever one station is out, a share of the trips can still be driven.

Formulation
-----------
As in :mod:`siting.flow_refueling`, with
Sets
    j in J          sites whose station may be out: all, or the new ones
Parameters
    V               volume all existing stations and all sites not forbidden would serve together
    rho             least share of V to be served whichever one station is out, 0-1
Variables
    y^j_q in [0, 1] 1 if the trips of class q are served while station j is out
Maximize
    sum_q v_q y_q
subject to the constraints there and
    y^j_q <= sum_{i in S_k, i != j} x_i     for j in J, q in Q, k in K_q
    sum_q v_q y^j_q >= rho V                for j in J

No outage is worse than that of an open station, and without an open station in J the volume served itself
must reach rho V: the rows of stations that are not open ask exactly that, so they hold whichever x is chosen.
Drivers know of the outage: trips are served or not as if station j did not exist (N-1 criterion; the failures
of Kuby and Lim's vehicles on the way, which find a closed station by surprise, are a harder question).

Solution
--------
The plan without the demand comes first: when it bears every outage it is the answer, otherwise it tells the
price. All y are projected out; `siting.outage_search` adds cuts for the outages that matter.

References
----------
Snyder, L. V., Scaparra, M. P., Daskin, M. S., Church, R. L. (2006). Planning for disruptions in supply chain
networks. INFORMS Tutorials in Operations Research (worst-case design of facility networks).
Hogan, K., ReVelle, C. (1986). Concepts and applications of backup coverage. Management Science 32, 1434-1444.
Annals of Operations Research, doi 10.1007/s10479-018-3054-1 (refueling stations that fail by surprise).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InfeasibleError, InputError
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.coverage import served_trips
from siting.explanation import checked_sites
from siting.flow_refueling import solve_flow_refueling
from siting.outage_search import OutageSearch
from siting.outages import Outages, outage_problem
from siting.program import ORTOOLS_VERSION
from siting.watch import Watch
from siting.weak_spots import weak_spots

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from siting.coverage import CoverSets
    from siting.flow_refueling import FlowRefuelingSolution
    from siting.outages import OutageProblem
    from siting.search import ProgressCallback
    from siting.weak_spots import Failing, WeakSpots

    Bools = NDArray[np.bool_]
    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

SOLVER = "Benders cuts for every outage, GLOP and SCIP (OR-Tools)"

#: The same sum added up in another order differs by less than this share.
_LAST_DIGITS = 1e-9

#: The largest share these stations allow is told to this share.
_SHARE_STEP = 5e-4

#: Share of the time the plan without the demand may take.
_FIRST_SHARE = 0.4

#: Share of the rest that the plan with one station less may take.
_FEWER_SHARE = 0.25


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ResilientSolution:
    """Stations chosen, what they serve, and what bearing every outage costs.

    Parameters
    ----------
    stations
        (n,) int64, site indices of all open stations, existing ones included, ascending.
    new
        (n_new,) int64, those that do not exist yet, ascending.
    served
        (n_trips,) bool, with all stations.
    weak_spots
        Every outage.
    certificate
        Of the volume served with all stations. ``unknown``: time ran out before a plan that bears every
        outage was found or ruled out; the stations are then those that bear their worst outage best.
    without
        The plan without the demand: the difference of the incumbents is its price.
    """

    stations: Indices
    new: Indices
    served: Bools
    weak_spots: WeakSpots
    certificate: Certificate
    without: FlowRefuelingSolution


def solve_resilient(
    cover: CoverSets,
    volume: Floats,
    *,
    n_new: int,
    least_share: float,
    existing: Sequence[int] | Indices = (),
    locked: Sequence[int] | Indices = (),
    forbidden: Sequence[int] | Indices = (),
    failing: Failing = "any",
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> ResilientSolution:
    """Choose at most `n_new` stations that serve the most and bear every outage of one station.

    Parameters
    ----------
    cover, volume, n_new, existing, locked, forbidden, gap, time_limit_s, on_progress, should_stop
        As in :func:`siting.flow_refueling.solve_flow_refueling`.
    least_share
        rho, share of the volume all sites together can serve that must be served in every outage, 0-1.
    failing
        Whether existing stations may be out, too.

    Raises
    ------
    InputError
        Negative or undefined volumes, limits or shares, unknown sites.
    InfeasibleError
        If no such plan exists, naming the largest share there is or a bound of it; if the demands on sites
        contradict each other.
    """
    watch = Watch(time_limit_s=time_limit_s, should_stop=should_stop)
    if not 0.0 <= least_share <= 1.0:
        raise InputError(Fault(f"{least_share} is not a share", "least_share", "Give 0 to 1"))
    volume = np.asarray(volume, dtype=np.float64)
    without = solve_flow_refueling(
        cover,
        volume,
        n_new=n_new,
        existing=existing,
        locked=locked,
        forbidden=forbidden,
        gap=gap,
        time_limit_s=_FIRST_SHARE * time_limit_s,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    question = _Question(
        cover=cover,
        volume=volume,
        n_new=n_new,
        least_share=least_share,
        existing=checked_sites(cover, "existing", existing),
        locked=np.setdiff1d(checked_sites(cover, "locked", locked), existing).astype(np.int64),
        forbidden=np.setdiff1d(checked_sites(cover, "forbidden", forbidden), existing).astype(np.int64),
        failing=failing,
        gap=max(gap, OPTIMALITY_TOLERANCE / 2.0),
        watch=watch,
        on_progress=on_progress,
    )
    return question.answer(without)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Question:
    """What was asked, checked."""

    cover: CoverSets
    volume: Floats
    n_new: int
    least_share: float
    existing: Indices
    locked: Indices
    forbidden: Indices
    failing: Failing
    gap: float
    watch: Watch
    on_progress: ProgressCallback | None

    def answer(self, without: FlowRefuelingSolution) -> ResilientSolution:
        """Search, from the plan without the demand on."""
        problem = self._problem()
        asked = (self.least_share * problem.total * (1.0 - _LAST_DIGITS) - problem.constant) / problem.scale
        everything = Outages(problem, asked=asked).score(np.ones(len(problem.site), dtype=bool))
        if everything.worst < asked:
            most = (everything.worst * problem.scale + problem.constant) / problem.total
            raise InfeasibleError(
                f"Even with a station at every site, one outage leaves {most:.1%} of the volume, not "
                f"{self.least_share:.1%}. Ask for a smaller share"
            )
        if self._spots(without.stations).worst >= self.least_share * problem.total * (1.0 - _LAST_DIGITS):
            return self._solution(without.stations, without, without.certificate)
        limit = self._limit(problem)
        start = problem.standing | np.isin(problem.site, without.stations)
        if limit < asked:
            raise InfeasibleError(self._refusal(problem, start, limit))
        search = self._search(problem, max(asked, 0.0))
        bound = without.certificate.bound
        search.run(start, bound=np.inf if bound is None else self._scaled(problem, bound))
        if search.infeasible:
            raise InfeasibleError(self._refusal(problem, start, min(limit, search.asked)))
        chosen = search.outages.without_idle(search.best)
        stations = np.union1d(self._standing, problem.site[chosen]).astype(np.int64)
        return self._solution(stations, without, self._proof(problem, search, stations))

    @property
    def _standing(self) -> Indices:
        return np.union1d(self.existing, self.locked).astype(np.int64)

    def _problem(self) -> OutageProblem:
        """Reduce the question to what is left to decide."""
        return outage_problem(
            self.cover,
            self.volume,
            standing=self._standing,
            sound=self.existing if self.failing == "new" else np.empty(0, dtype=np.int64),
            forbidden=self.forbidden,
        )

    def _search(self, problem: OutageProblem, asked: float) -> OutageSearch:
        return OutageSearch(
            problem,
            most=self.n_new - len(self.locked),
            asked=asked,
            gap=self.gap,
            watch=self.watch,
            report=lambda value, bound, message: self._report(problem, value, bound, message),
        )

    def _limit(self, problem: OutageProblem) -> float:
        """Return the most, scaled, any plan can leave: with one new station out, one less remains."""
        if self.n_new == 0:
            return np.inf
        fewer = solve_flow_refueling(
            self.cover,
            self.volume,
            n_new=self.n_new - 1,
            existing=self.existing,
            forbidden=self.forbidden,
            time_limit_s=_FEWER_SHARE * self.watch.left(),
            should_stop=self.watch.stopped,
        )
        bound = fewer.certificate.bound
        return np.inf if bound is None else self._scaled(problem, bound)

    def _refusal(self, problem: OutageProblem, start: Bools, limit: float) -> str:
        """Return what to say when there is no such plan: with the largest share these stations allow."""
        best, most = Outages(problem, asked=np.inf), self.n_new - len(self.locked)
        chosen, score = best.improve(start, most=most, should_stop=self.watch.stopped)
        low, high = score.worst, max(limit, score.worst)
        while (high - low) * problem.scale > _SHARE_STEP * problem.total and not self.watch.stopped():
            search = self._search(problem, (low + high) / 2.0)
            search.run(chosen, bound=np.inf, any_plan=True)
            if search.infeasible:
                high = search.asked
            elif search.value > -np.inf:
                chosen, score = best.improve(search.best, most=most, should_stop=self.watch.stopped)
                low = max(low, score.worst)
        found, limit = ((value * problem.scale + problem.constant) / problem.total for value in (low, high))
        known = f"{found:.1%}" if f"{found:.1%}" == f"{limit:.1%}" else f"{found:.1%} to {limit:.1%}"
        return (
            f"No {self.n_new} new stations leave {self.least_share:.1%} of the volume whichever one station "
            f"is out; the most they can leave is {known}. Ask for a smaller share or allow more stations"
        )

    def _proof(self, problem: OutageProblem, search: OutageSearch, stations: Indices) -> Certificate:
        """Return what was proven."""
        incumbent = float(self.volume[served_trips(self.cover, stations)].sum())
        bound = max(incumbent, search.bound * problem.scale + problem.constant)
        found = search.value > -np.inf
        proven = found and bound - incumbent <= OPTIMALITY_TOLERANCE * bound
        return Certificate(
            status="optimal" if proven else "feasible" if found else "unknown",
            incumbent=incumbent if found else None,
            bound=bound,
            seconds=0.0,
            solver=SOLVER,
            version=ORTOOLS_VERSION,
        )

    def _solution(
        self, stations: Indices, without: FlowRefuelingSolution, proof: Certificate
    ) -> ResilientSolution:
        return ResilientSolution(
            stations=stations,
            new=np.setdiff1d(stations, self.existing).astype(np.int64),
            served=served_trips(self.cover, stations),
            weak_spots=self._spots(stations),
            certificate=Certificate(
                status=proof.status,
                incumbent=proof.incumbent,
                bound=proof.bound,
                seconds=time.perf_counter() - self.watch.clock,
                solver=proof.solver,
                version=proof.version,
            ),
            without=without,
        )

    def _spots(self, stations: Indices) -> WeakSpots:
        return weak_spots(
            self.cover,
            self.volume,
            stations=stations,
            existing=self.existing,
            forbidden=self.forbidden,
            failing=self.failing,
        )

    def _scaled(self, problem: OutageProblem, volume: float) -> float:
        return (volume - problem.constant) / problem.scale * (1.0 + _LAST_DIGITS)

    def _report(self, problem: OutageProblem, value: float, bound: float, message: str) -> None:
        """Pass progress on once there is a plan."""
        if self.on_progress is None or value == -np.inf:
            return
        incumbent, limit = (
            number * problem.scale + problem.constant for number in (value, max(bound, value))
        )
        gap = (limit - incumbent) / limit if limit > 0.0 else 0.0
        self.on_progress(incumbent, limit, gap, time.perf_counter() - self.watch.clock, message)
