"""Flow-refueling location: the new stations, at most N or within a budget, that serve the most trips.

Formulation
-----------
Sets
    i in I          sites: existing, candidates (`siting.trip_cover` gives the sets below)
    q in Q          classes of trips with the same cover sets
    k in K_q        cover sets of class q
    S_k             sites of cover set k
Parameters
    v_q             volume of class q (trips/d, kg/d, ... : the unit of the objective)
    c_i             cost of a new station at site i; 1 where stations are counted
    N               budget; most new stations where they are counted
Variables
    x_i in {0, 1}   1 if a station stands at site i
    y_q in [0, 1]   1 if the trips of class q are served
Maximize
    sum_q v_q y_q
subject to
    y_q <= sum_{i in S_k} x_i       for q in Q, k in K_q        (arc cover-path cover)
    sum_{i new} c_i x_i <= N
    x_i = 1                         existing and locked sites
    x_i = 0                         forbidden sites

Solution
--------
Given x, the best y is ``y_q = min(1, min_{k in K_q} sum_{i in S_k} x_i)``: y is projected out and its
volume, summed by about 60 groups of classes, is bounded by cuts (Benders decomposition; every cut is the sum
over a group of either 1 or one set's x). Before, `siting.reduction` takes out what is settled.

1. A loop of linear masters adds cuts, at points between the master's solution and the best point so far
   (in-out separation, Ben-Ameur & Neto 2007).
2. Zero-half cuts on triples of cover sets (`siting.zero_half`) take off what half stations are overrated:
   on the corridor two thirds to nine tenths of the distance between the linear bound and the optimum.
3. Rounding, exchange, ruin and refill give plans (`siting.exchange`); reduced costs rule out sites that
   cannot be in a better one, and where those are many, all starts again without them.
4. Branch and bound closes what is open. Fractional stations spread over near-equivalent neighbors, so that
   it branches on the number of stations in a neighborhood (`siting.site_tree`), not on a single site
   (`siting.branching`); every node is cut again.

Everything is deterministic, unless the time limit or a stop cuts it short.

References
----------
Capar, I., Kuby, M., Leon, V. J., Tsai, Y.-J. (2013). European Journal of Operational Research 227, 142-151.
Arslan, O., Karasan, O. E. (2016). A Benders decomposition approach for the charging station location problem
with plug-in hybrid electric vehicles. Transportation Research Part B 93, 670-695.
Ben-Ameur, W., Neto, J. (2007). Acceleration of cutting-plane and column generation algorithms. Networks 49.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InfeasibleError, InputError
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.coverage import CoverSets, served_trips
from siting.exchange import without_idle
from siting.location import check_amounts, settled_sites
from siting.program import ORTOOLS_VERSION
from siting.reduction import reduce_problem
from siting.search import ProgressCallback, Search
from siting.watch import limit_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from siting.location import SiteFates

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

SOLVER = "Benders cuts, branch and bound, GLOP (OR-Tools)"

#: The same sum added up in another order differs by less than this share.
_LAST_DIGITS = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRefuelingSolution:
    """Stations chosen and trips they serve.

    Parameters
    ----------
    stations
        (n,) int64, site indices of all open stations, existing ones included, ascending.
    new
        (n_new,) int64, those that do not exist yet, ascending.
    served
        (n_trips,) bool.
    certificate
        What was proven, in the unit of the volume.
    """

    stations: Indices
    new: Indices
    served: NDArray[np.bool_]
    certificate: Certificate


def solve_flow_refueling(
    cover: CoverSets,
    volume: Floats,
    *,
    n_new: int | None = None,
    site_cost: Floats | None = None,
    budget: float | None = None,
    existing: Sequence[int] | Indices = (),
    locked: Sequence[int] | Indices = (),
    forbidden: Sequence[int] | Indices = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> FlowRefuelingSolution:
    """Choose at most `n_new` stations, or stations within a budget, so that the most volume is served.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    volume
        (n_trips,) float64, what serving a trip counts, not negative.
    n_new
        Most new stations; locked sites count, existing ones do not.
    site_cost, budget
        In place of `n_new`: (n_sites,) float64, cost of a new station at each site, not negative (None: 1
        each), and the most all new stations may cost together.
    existing, locked, forbidden
        Site indices that are open anyhow, must be chosen, must not be chosen.
    gap
        Stop at this relative gap, 0-1; the result is then `feasible`, unless the gap proven is zero.
    time_limit_s
        Stop after this many seconds with the best plan found.
    on_progress
        Called with incumbent, bound, gap, seconds and a message whenever one of them changed.
    should_stop
        Asked often; True ends the search as the time limit does.

    Returns
    -------
    FlowRefuelingSolution
        A plan without idle new stations: one whose absence costs nothing is left out.

    Raises
    ------
    InputError
        Negative or undefined volumes, costs or limits, unknown sites; not one of `n_new` and `budget`.
    InfeasibleError
        More sites locked than allowed or affordable, or a site both locked and forbidden.
    """
    clock = time.perf_counter()
    volume = np.asarray(volume, dtype=np.float64)
    faults = limit_faults(gap=gap, time_limit_s=time_limit_s)
    if (n_new is None) == (budget is None):
        faults.append(Fault("give one of the two", "n_new, budget", "Count stations, or add up their cost"))
    if budget is not None and not (math.isfinite(budget) and budget >= 0.0):
        faults.append(Fault(f"{budget} is not a budget", "budget", "Give 0 or more"))
    if n_new is not None and site_cost is not None:
        faults.append(Fault("without a meaning where stations are counted", "site_cost", "Give a budget"))
    fates, cost = checked_question(
        cover,
        volume,
        site_cost=site_cost,
        fates={"existing": existing, "locked": locked, "forbidden": forbidden},
        most=n_new,
        faults=faults,
    )
    spent = float(cost[fates.locked].sum())
    allowed = float(n_new or 0) if budget is None else budget
    if spent > allowed * (1.0 + _LAST_DIGITS):
        raise InfeasibleError(f"the locked sites cost {spent:g}, but the budget is {allowed:g}")
    problem = reduce_problem(cover, volume, is_open=fates.standing, forbidden=fates.forbidden, cost=cost)
    search = Search(
        problem,
        cost=problem.cost,
        budget=max(0.0, allowed - spent),
        gap=max(gap, OPTIMALITY_TOLERANCE / 2.0),
        deadline=clock + time_limit_s,
        clock=clock,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    search.run()
    chosen = without_idle(problem.cover, problem.volume, search.plan)
    new = np.union1d(fates.locked, problem.free[chosen]).astype(np.int64)
    stations = np.union1d(fates.existing, new).astype(np.int64)
    served = served_trips(cover, stations)
    incumbent = float(volume[served].sum())
    bound = max(incumbent, search.bound * problem.scale + problem.constant)
    if bound - incumbent <= _LAST_DIGITS * float(volume.sum()):
        bound = incumbent
    proven = bound - incumbent <= OPTIMALITY_TOLERANCE * bound
    return FlowRefuelingSolution(
        stations=stations,
        new=new,
        served=served,
        certificate=Certificate(
            status="optimal" if proven else "feasible",
            incumbent=incumbent,
            bound=bound,
            seconds=time.perf_counter() - clock,
            solver=SOLVER,
            version=ORTOOLS_VERSION,
        ),
    )


def checked_question(
    cover: CoverSets,
    volume: Floats,
    *,
    site_cost: Floats | None,
    fates: Mapping[str, Sequence[int] | Indices],
    most: int | None,
    faults: list[Fault],
) -> tuple[SiteFates, Floats]:
    """Check what is wrong with volumes, costs and sites; return the fates of the sites and their cost.

    Parameters
    ----------
    cover, volume, site_cost
        See `solve_flow_refueling`.
    fates
        ``existing``, ``locked`` and ``forbidden`` sites.
    most
        Most new stations; None for any number.
    faults
        Found already.

    Returns
    -------
    fates
        Of all sites.
    cost
        (n_sites,) float64.

    Raises
    ------
    InputError
        With every fault found.
    InfeasibleError
        See `siting.location.settled_sites`.
    """
    n_sites = cover.sets.shape[1]
    cost = np.ones(n_sites) if site_cost is None else np.asarray(site_cost, dtype=np.float64)
    faults = [
        *check_amounts("volume", volume, len(cover.trip_class)),
        *check_amounts("site_cost", cost, n_sites),
        *faults,
    ]
    try:
        settled = settled_sites(n_sites, most=most, **fates)
    except InputError as error:
        faults = [*error.faults, *faults]
    except InfeasibleError:
        if not faults:
            raise
    if faults:
        raise InputError(faults)
    return settled, cost
