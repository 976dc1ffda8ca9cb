"""Coverage target: the fewest, or cheapest, new stations that serve a share of the volume.

Formulation
-----------
Sets
    i in I          sites
    q in Q          classes of trips with the same cover sets
    k in K_q, S_k   cover sets of class q, sites of cover set k
Parameters
    c_i             cost of a new station at site i; 1 where stations are counted
    v_q             volume of class q
    D               volume to be served
Variables
    x_i in {0, 1}   1 if a station stands at site i
    y_q in [0, 1]   1 if the trips of class q are served
Minimize
    sum_{i new} c_i x_i
subject to
    sum_q v_q y_q >= D
    y_q <= sum_{i in S_k} x_i       for q in Q, k in K_q        (arc cover-path cover)
    x_i = 1                         existing and locked sites
    x_i = 0                         forbidden sites

which is `siting.flow_refueling` with objective and budget exchanged.

Solution
--------
Where D is all that can be served, every cover set must hold a station: a cheapest cover (`siting.covering`).
Otherwise, with Q reduced as there (`siting.reduction`) and y projected out, the volume of groups of classes
is bounded by cuts, theta_g <= b + a x:

1. A loop of linear programs, min c x with sum theta >= D, adds cuts at its solutions and between them and the
   choice of all sites. A plan is made of the first: sites by their x until D is served, then without those
   that may go. The exchange search of `siting.exchange` is asked for D at a lower price, again and again.
2. Whether a budget serves D is a question to the search of `siting.search`: the most volume within it.
   Budgets halfway between bound and plan are asked about, at last one just below the plan, until the two
   meet. Costs that are no multiples of a ten-thousandth are told apart by 5e-7 of the whole.

References
----------
Wang, Y.-W., Lin, C.-C. (2009). Locating road-vehicle refueling stations. Transportation Research Part E 45,
821-829 (set cover for all trips).
Cordeau, J.-F., Furini, F., Ljubic, I. (2019). Benders decomposition for very large scale partial set covering
and maximal covering location problems. European Journal of Operational Research 275, 882-896.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from corridor.errors import Fault, InfeasibleError
from siting.coverage import served_trips
from siting.covering import cheapest_cover
from siting.flow_refueling import FlowRefuelingSolution, checked_question
from siting.reduction import reduce_problem
from siting.target_search import TargetSearch
from siting.watch import Watch, limit_faults

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from siting.coverage import CoverSets
    from siting.location import SiteFates
    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

SOLVER = "Benders cuts, branch and bound, GLOP; cheapest cover by SCIP (OR-Tools)"

#: A sum of doubles misses the target by less than this share.
_LAST_DIGITS = 1e-9


def solve_coverage_target(
    cover: CoverSets,
    volume: Floats,
    *,
    target: float = 1.0,
    of: Literal["servable", "all"] = "servable",
    site_cost: Floats | None = None,
    existing: Sequence[int] | Indices = (),
    locked: Sequence[int] | Indices = (),
    forbidden: Sequence[int] | Indices = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> FlowRefuelingSolution:
    """Choose the fewest (cheapest) new stations that serve a share of the volume.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    volume
        (n_trips,) float64, what serving a trip counts, not negative.
    target
        Share of the volume to be served, 0-1.
    of
        Share of which volume: ``servable``, of what can be served with a station at every site that is not
        forbidden; ``all``, of everything.
    site_cost
        (n_sites,) float64, cost of a new station at each site, not negative; None: 1 each.
    existing, locked, forbidden
        Site indices that are open anyhow (and cost nothing), must be chosen, must not be chosen.
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
        Its certificate bounds the cost of all new stations from below.

    Raises
    ------
    InputError
        Negative or undefined volumes, costs, targets or limits, unknown sites.
    InfeasibleError
        A site both locked and forbidden, or a target that cannot be met: the message says what is out of
        reach.
    """
    watch = Watch(gap=gap, time_limit_s=time_limit_s, on_progress=on_progress, should_stop=should_stop)
    volume = np.asarray(volume, dtype=np.float64)
    faults = limit_faults(gap=gap, time_limit_s=time_limit_s)
    if not 0.0 <= target <= 1.0:
        faults.append(Fault(f"{target} is not a share", "target", "Give 0 to 1"))
    if of not in {"servable", "all"}:
        faults.append(Fault(f"{of!r} is no volume", "of", "Say servable or all"))
    fates, cost = checked_question(
        cover,
        volume,
        site_cost=site_cost,
        fates={"existing": existing, "locked": locked, "forbidden": forbidden},
        most=None,
        faults=faults,
    )
    problem = reduce_problem(cover, volume, is_open=fates.standing, forbidden=fates.forbidden, cost=cost)
    decided = float(problem.volume.sum())
    servable = problem.constant + decided * problem.scale
    goal = target * (servable if of == "servable" else float(volume.sum()))
    if goal > servable * (1.0 + _LAST_DIGITS):
        raise InfeasibleError(_out_of_reach(cover, volume, fates, target=target, servable=servable))
    need = (goal - problem.constant) / problem.scale
    spent = float(cost[fates.locked].sum())
    chosen = np.empty(0, dtype=np.int64)
    if need <= _LAST_DIGITS * max(decided, goal / problem.scale):
        watch.offer(spent, "served already")
        watch.raise_bound_to(spent)
    elif need >= decided * (1.0 - 1e-3 * _LAST_DIGITS):
        chosen = cheapest_cover(problem.cover.sets, problem.cost, watch=watch, offset=spent).chosen
    else:
        search = TargetSearch(problem, need=need, slack=_LAST_DIGITS * need, offset=spent, watch=watch)
        chosen = np.flatnonzero(search.run()).astype(np.int64)
    new = np.union1d(fates.locked, problem.free[chosen]).astype(np.int64)
    stations = np.union1d(fates.existing, new).astype(np.int64)
    return FlowRefuelingSolution(
        stations=stations,
        new=new,
        served=served_trips(cover, stations),
        certificate=watch.certificate(SOLVER),
    )


def _out_of_reach(
    cover: CoverSets, volume: Floats, fates: SiteFates, *, target: float, servable: float
) -> str:
    """Say why the target cannot be met."""
    total = float(volume.sum())
    never = cover.trip_class < 0
    everywhere = served_trips(cover, np.union1d(fates.standing, fates.free).astype(np.int64))
    barred = ~everywhere & ~never
    reasons = [
        f"{int(np.count_nonzero(lost & (volume > 0.0)))} trips ({volume[lost].sum() / total:.2%}) {why}"
        for lost, why in (
            (never, "are out of reach with a station at every site"),
            (barred, "are out of reach without the forbidden sites"),
        )
        if volume[lost].sum() > 0.0
    ]
    share = math.floor(1e4 * servable / total) / 1e4
    return f"{target:.2%} of the volume asked for, at most {share:.2%} can be served: {' and '.join(reasons)}"
