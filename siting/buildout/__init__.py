"""Build-out: which stations, of which sizes, in which periods, so that what they serve is worth most.

Formulation
-----------
Sets
    t in T      periods; stations and sizes only grow
    i in I      sites: existing, candidates
    m in M      sizes
    q in Q      trips, with cover sets K_q of sites S_k (`siting.trip_cover`)
    P_q         fill plans of a trip: kilograms at each stop of a lap that can be driven (`siting.fill_plans`)

Parameters
----------
    omega_t     weight of a period, w_t worth of its volume
    v_tq        volume of a trip (kg/d, trips/d, ... : the unit of the objective)
    g_pi        filled at site i by plan p, kg/d
    C_m, u      sizes, kg/d, and highest utilization
    c_im, r_im  cost of building a size at a site, and of running it
    N_t, B_t    most new stations, and most that all building up to a period may cost
Variables
    x_tim in {0, 1}   1 if a station of size m or larger stands at site i in period t
    z_tp >= 0         share of a trip driven by a fill plan
Maximize
    sum_t omega_t ( w_t sum_q v_tq sum_{p in P_q} z_tp - sum_im (r_im - r_i,m-1) x_tim )
subject to
    sum_{p in P_q} z_tp <= min(1, min_{k in K_q} sum_{i in S_k} x_ti1)
    sum_p g_pi z_tp <= u sum_m (C_m - C_m-1) x_tim       new sites; existing ones by their own size
    x_tim <= x_ti,m-1,  x_tim <= x_t+1,im        at a site of fixed size C stands for every C_m
    sum_i x_ti1 <= N_t,  sum_im (c_im - c_i,m-1) x_tim <= B_t

Nothing is screened: every site, size and period is in the program that bounds it, unless its reduced cost
rules it out.

Solution
--------
Stations stand in a master program (`siting.buildout.layout`) with loads and volumes; who fills up where is
projected out (Benders decomposition). `siting.buildout.cuts` says what bounds the volume, and
`siting.buildout.search` in which steps. Each plan is valued by sharing out the room of its stations among the
trips (`siting.allocation`), not by the master.

Where sizes cost nothing each new station is taken for the largest while searching, and gets the smallest
that carries its load afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import InfeasibleError
from siting.buildout.plans import Plans
from siting.buildout.search import Search
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.location import raise_faults
from siting.program import ORTOOLS_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.buildout.question import Question, Service
    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

SOLVER = "Benders cuts over fills and cover sets, GLOP and SCIP (OR-Tools)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildout:
    """A build-out and what was proven.

    Parameters
    ----------
    module
        (n_periods, n_sites) int64, size of each new station, -1 for none.
    volume
        (n_periods,) float64, served per day.
    load_kg_per_day
        (n_periods, n_sites) float64.
    certificate
        Of the worth.
    """

    module: Indices
    volume: Floats
    load_kg_per_day: Floats
    certificate: Certificate

    def new(self, period: int) -> Indices:
        """Return the sites with a new station, ascending."""
        return np.flatnonzero(self.module[period] >= 0).astype(np.int64)


def solve_buildout(
    question: Question,
    service: Service,
    *,
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    rounds: int | None = None,
    start: Indices | None = None,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Buildout:
    """Find the build-out that is worth most.

    Parameters
    ----------
    question
        What is asked.
    service
        What stations serve (`siting.buildout.fill_service.FillService`).
    gap
        Stop at this relative gap, 0-1; the result is then `feasible`, unless the gap proven is zero.
    time_limit_s
        Stop after this many seconds with the best plan found.
    rounds
        Stop after so many rounds of masters over whole stations: the same on every machine, unlike a limit.
        With 0 there is the linear master alone; where stations alone count, and in one period, not even that:
        they are sited as if each had room for anybody, and the bound is that of covering. None: any number.
    start
        (n_periods, n_sites) int64, a build-out to begin with, as in `Buildout`; one that the limits do not
        allow is passed over.
    on_progress
        Called with incumbent, bound, gap, seconds and a message whenever one of them changed.
    should_stop
        Asked often; True ends the search as the time limit does.

    Raises
    ------
    InputError
        Amounts that cannot be.
    InfeasibleError
        No build-out keeps to the limits, or none was found that serves what must be served.
    """
    raise_faults([], gap=gap, time_limit_s=time_limit_s)
    question.check()
    search = Search(
        question,
        service,
        gap=max(gap, OPTIMALITY_TOLERANCE / 2.0),
        time_limit_s=time_limit_s,
        rounds=rounds,
        start=start,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    search.run()
    if search.plan is None:
        raise InfeasibleError("no build-out was found within the limits that serves what must be served")
    plan = search.plan if question.sizes_matter else Plans(question, service).smallest(search.plan)
    bound = max(search.bound, plan.worth)
    if search.is_proven:
        bound = plan.worth
    proven = bound - plan.worth <= OPTIMALITY_TOLERANCE * abs(bound)
    return Buildout(
        module=question.named(plan.module),
        volume=np.array([each.volume for each in plan.served]),
        load_kg_per_day=np.stack([each.load_kg_per_day for each in plan.served]),
        certificate=Certificate(
            status="optimal" if proven else "feasible",
            incumbent=plan.worth,
            bound=bound,
            seconds=search.seconds,
            solver=SOLVER,
            version=ORTOOLS_VERSION,
        ),
    )
