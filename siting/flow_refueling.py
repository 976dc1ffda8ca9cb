"""Flow-refueling location: at most N new stations that serve the most trips.

Formulation
-----------
Sets
    i in I          sites: existing, candidates (`siting.trip_cover` gives the sets below)
    q in Q          classes of round trips with the same cover sets
    k in K_q        cover sets of class q
    S_k             sites of cover set k
Parameters
    v_q             volume of class q (trips/d, kg/d, ... : the unit of the objective)
    N               most new stations
Variables
    x_i in {0, 1}   1 if a station stands at site i
    y_q in [0, 1]   1 if the trips of class q are served
Maximize
    sum_q v_q y_q
subject to
    y_q <= sum_{i in S_k} x_i       for q in Q, k in K_q        (arc cover-path cover)
    sum_{i new} x_i <= N
    x_i = 1                         existing and locked sites
    x_i = 0                         forbidden sites

Solution
--------
Given x, the best y is ``y_q = min(1, min_{k in K_q} sum_{i in S_k} x_i)``: y is projected out and its
volume, summed by about 60 groups of classes, is bounded by cuts (Benders decomposition; every cut is the sum
over a group of either 1 or one set's x). Before, `siting.reduction` takes out what is settled.

1. A loop of linear masters adds cuts, at points between the master's solution and the best point so far
   (in-out separation, Ben-Ameur & Neto 2007).
2. Rounding and exchange give a plan; reduced costs fix sites that cannot be in a better one.
3. A small model is given to the solver whole, with these sites fixed. For a large one, integer masters are
   solved and cut at their solutions until bound and plan meet.

Everything is deterministic, unless the time limit or a stop cuts it short.

References
----------
Capar, I., Kuby, M., Leon, V. J., Tsai, Y.-J. (2013). European Journal of Operational Research 227, 142-151.
Arslan, O., Karasan, O. E. (2016). A Benders decomposition approach for the charging station location problem
with plug-in hybrid electric vehicles. Transportation Research Part B 93, 670-695.
Ben-Ameur, W., Neto, J. (2007). Acceleration of cutting-plane and column generation algorithms. Networks 49.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InfeasibleError, InputError
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.coverage import CoverSets, served_trips
from siting.exchange import without_idle
from siting.program import ORTOOLS_VERSION
from siting.reduction import reduce_problem
from siting.search import ProgressCallback, Search

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

SOLVER = "Benders cuts, GLOP and SCIP (OR-Tools)"

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
    n_new: int,
    existing: Sequence[int] | Indices = (),
    locked: Sequence[int] | Indices = (),
    forbidden: Sequence[int] | Indices = (),
    gap: float = 0.0,
    time_limit_s: float = 60.0,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> FlowRefuelingSolution:
    """Choose at most `n_new` stations so that the most volume is served.

    Parameters
    ----------
    cover
        Cover sets of the trips.
    volume
        (n_trips,) float64, what serving a trip counts, not negative.
    n_new
        N, most new stations; locked sites count, existing ones do not.
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
        Negative or undefined volumes or limits, unknown sites.
    InfeasibleError
        More sites locked than N, or a site both locked and forbidden.
    """
    clock = time.perf_counter()
    volume = np.asarray(volume, dtype=np.float64)
    fixed = _Sites.checked(
        cover, volume, n_new=n_new, existing=existing, locked=locked, forbidden=forbidden, gap=gap
    )
    problem = reduce_problem(
        cover,
        volume,
        is_open=np.concatenate([fixed.existing, fixed.locked]),
        forbidden=fixed.forbidden,
    )
    search = Search(
        problem,
        cost=problem.cost,
        budget=float(n_new - len(fixed.locked)),
        gap=max(gap, OPTIMALITY_TOLERANCE / 2.0),
        deadline=clock + time_limit_s,
        clock=clock,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    search.run()
    chosen = without_idle(problem.cover, problem.volume, search.best)
    new = np.union1d(fixed.locked, problem.free[chosen]).astype(np.int64)
    stations = np.union1d(fixed.existing, new).astype(np.int64)
    served = served_trips(cover, stations)
    incumbent = float(volume[served].sum())
    bound = max(incumbent, search.bound * problem.scale + problem.constant)
    if bound - incumbent <= _LAST_DIGITS * bound:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sites:
    """Sites whose fate is settled: (n,) int64 indices, ascending, disjoint."""

    existing: Indices
    locked: Indices
    forbidden: Indices

    @classmethod
    def checked(
        cls,
        cover: CoverSets,
        volume: Floats,
        *,
        n_new: int,
        existing: Sequence[int] | Indices,
        locked: Sequence[int] | Indices,
        forbidden: Sequence[int] | Indices,
        gap: float,
    ) -> _Sites:
        """Check everything that can be wrong with the question."""
        n_sites = cover.sets.shape[1]
        sets = {
            name: np.unique(np.asarray(sites, dtype=np.int64))
            for name, sites in (("existing", existing), ("locked", locked), ("forbidden", forbidden))
        }
        faults = [
            Fault(f"site {site} is not one of the {n_sites} sites", name, "Count sites from 0")
            for name, sites in sets.items()
            for site in sites[(sites < 0) | (sites >= n_sites)].tolist()
        ]
        if len(volume) != len(cover.trip_class):
            faults.append(Fault(f"{len(volume)} volumes for {len(cover.trip_class)} trips", "volume"))
        if not np.all(np.isfinite(volume)) or np.any(volume < 0.0):
            faults.append(Fault("volumes must be finite and not negative", "volume"))
        if n_new < 0:
            faults.append(Fault(f"{n_new} is not a number of stations", "n_new", "Give 0 or more"))
        if not 0.0 <= gap < 1.0:
            faults.append(Fault(f"{gap} is not a relative gap", "gap", "Give 0 or more, less than 1"))
        if faults:
            raise InputError(faults)
        wanted = np.setdiff1d(sets["locked"], sets["existing"])
        if (clash := np.intersect1d(wanted, sets["forbidden"])).size:
            raise InfeasibleError(f"sites {clash.tolist()} are both locked and forbidden")
        if len(wanted) > n_new:
            raise InfeasibleError(
                f"{len(wanted)} sites are locked, but at most {n_new} new stations are allowed"
            )
        barred = np.setdiff1d(sets["forbidden"], sets["existing"])
        return cls(existing=sets["existing"], locked=wanted, forbidden=barred)
