"""Flow-refueling location: at most N new stations that serve the most trips.

Formulation
-----------
Sets
    i in I          sites: existing, candidates (`siting.coverage` gives the sets below)
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
over a group of either 1 or one set's x).

1. A loop of linear masters adds cuts, at points between the master's solution and the best point so far
   (in-out separation, Ben-Ameur & Neto 2007).
2. Rounding and exchange give a plan; reduced costs fix sites that cannot be in a better one.
3. Integer masters are solved and cut at their solutions until bound and plan meet.

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
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from corridor.errors import Fault, InfeasibleError, InputError
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.coverage import CoverSets, class_cover, class_volumes, distinct_rows, families, served_trips
from siting.exchange import improve_by_exchange, without_idle
from siting.master import Cuts, Master
from siting.program import ORTOOLS_VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Called with incumbent, bound, gap (0-1), seconds and a message.
ProgressCallback = Callable[[float, float, float, float, str], None]

SOLVER = "Benders cuts, GLOP and SCIP (OR-Tools)"

_GROUPS = 60
#: The linear loop stops at this relative distance of bound and value; the integer masters do the rest.
_LINEAR_GAP = 1e-4
_LINEAR_ROUNDS = 200
#: First and longest time slice of one integer master, s: how long a stop may have to wait.
_FIRST_SLICE_S, _LONGEST_SLICE_S = 5.0, 40.0
#: The same sum added up in another order differs by less than this share.
_ROUNDING = 1e-12
#: Volumes are scaled to this sum inside the solvers, whose tolerances are absolute.
_SCALE = 1e5


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
    problem = _reduce(cover, volume, fixed)
    search = _Search(
        problem,
        most=n_new - len(fixed.locked),
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
    if bound - incumbent <= _ROUNDING * bound:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """What is left to decide once settled sites are taken out.

    Parameters
    ----------
    cover
        Cover sets over the free sites; its "trips" are the classes of the whole problem.
    volume
        (n_classes,) float64, scaled.
    free
        (n_free,) int64, site index of each free site.
    constant
        Volume served anyhow, unscaled.
    scale
        Unit of the scaled volumes.
    """

    cover: CoverSets
    volume: Floats
    free: Indices
    constant: float
    scale: float


def _reduce(cover: CoverSets, volume: Floats, fixed: _Sites) -> _Problem:
    """Drop sets an open site satisfies and sites that are settled, and merge what became equal."""
    n_sites = cover.sets.shape[1]
    by_class = class_volumes(cover, volume)
    is_open = np.zeros(n_sites)
    is_open[np.concatenate([fixed.existing, fixed.locked])] = 1.0
    free = np.flatnonzero(is_open == 0.0).astype(np.int64)
    free = np.setdiff1d(free, fixed.forbidden)
    satisfied = np.asarray(cover.sets @ is_open) > 0.0
    sets = sparse.csr_array(cover.sets[:, free])
    hopeless = (np.diff(sets.indptr) == 0) & ~satisfied

    owner = np.repeat(np.arange(cover.n_classes, dtype=np.int64), np.diff(cover.offsets))
    lost = np.bincount(owner[hopeless[cover.members]], minlength=cover.n_classes) > 0
    needed = ~satisfied[cover.members]
    waiting = np.bincount(owner[needed], minlength=cover.n_classes) > 0
    undecided = waiting & ~lost & (by_class > 0.0)

    kept = needed & undecided[owner]
    used = np.unique(cover.members[kept])
    worthwhile = _undominated(sparse.csr_array(sets[used]))
    free = free[worthwhile]
    distinct, row = distinct_rows(sparse.csr_array(sets[used][:, worthwhile]))
    new_row = np.full(cover.sets.shape[0], -1, dtype=np.int64)
    new_row[used] = row
    merged = families(
        sets=distinct, trip=owner[kept], member=new_row[cover.members[kept]], servable=undecided
    )
    merged_volume = class_volumes(merged, by_class)
    scale = float(merged_volume.sum()) / _SCALE or 1.0
    return _Problem(
        cover=merged,
        volume=merged_volume / scale,
        free=free,
        constant=float(by_class[~waiting].sum()),
        scale=scale,
    )


def _undominated(sets: sparse.csr_array) -> Indices:
    """Return the sites (columns) worth choosing, ascending.

    A site is left out when another stands in every set it stands in, and so could take its place; of sites in
    equal sets the first stays.
    """
    shared = (sets.T @ sets).tocoo()
    size = np.asarray(sets.sum(axis=0)).ravel()
    i, j = shared.coords
    beaten = (shared.data == size[i]) & ((size[j] > size[i]) | (j < i)) & (i != j)
    worthwhile = size > 0.0
    worthwhile[i[beaten]] = False
    return np.flatnonzero(worthwhile).astype(np.int64)


class _Search:
    """The three phases, with the best plan and bound so far (both in scaled volume)."""

    def __init__(
        self,
        problem: _Problem,
        *,
        most: int,
        gap: float,
        deadline: float,
        clock: float,
        on_progress: ProgressCallback | None,
        should_stop: Callable[[], bool] | None,
    ) -> None:
        self.problem = problem
        self.most = min(most, len(problem.free))
        self.gap = gap
        self.deadline = deadline
        self.clock = clock
        self.on_progress = on_progress
        self.should_stop = should_stop
        self.best = np.zeros(len(problem.free), dtype=bool)
        self.value = 0.0
        self.bound = float(problem.volume.sum())
        self.group = _groups(problem.cover, problem.volume)

    def run(self) -> None:
        """Search until bound and plan meet, or time is up."""
        self._report("cover sets ready")
        if self.problem.cover.n_classes == 0 or self.most == 0:
            self.bound = 0.0
        if self._done():
            return
        if self.most == len(self.problem.free):
            self._offer(np.ones(len(self.problem.free), dtype=bool))
            self.bound = self.value
            return
        volume = np.bincount(self.group, weights=self.problem.volume).astype(np.float64)
        master = Master(volume, n_sites=len(self.problem.free), most=self.most)
        self._branch_and_check(master, *self._cut_loop(master))

    def _cut_loop(self, master: Master) -> tuple[Floats, Floats, float]:
        """Add cuts to the linear master; return its inner point, reduced costs and bound."""
        inner = np.full(len(self.problem.free), self.most / len(self.problem.free))
        inner_value = self._fractional_value(inner)
        reduced_cost, linear_bound = np.zeros(len(inner)), self.bound
        for _ in range(_LINEAR_ROUNDS):
            if self._done():
                break
            relaxed = master.solve_relaxation(time_limit_s=self._left())
            if relaxed is None:
                break
            if relaxed.bound < linear_bound:
                reduced_cost, linear_bound = relaxed.reduced_cost, relaxed.bound
                self._lower_bound_to(linear_bound, "linear bound")
            outer_value = self._fractional_value(relaxed.x)
            middle = 0.5 * (inner + relaxed.x)
            added = master.add_cuts(self._cuts_at(middle), x=relaxed.x, theta=relaxed.theta)
            added = added or master.add_cuts(self._cuts_at(relaxed.x), x=relaxed.x, theta=relaxed.theta)
            for point, value in ((middle, self._fractional_value(middle)), (relaxed.x, outer_value)):
                if value > inner_value:
                    inner, inner_value = point, value
            if not added or linear_bound - inner_value <= _LINEAR_GAP * linear_bound:
                break
        if not self._stopped():
            self._offer(_largest(inner, self.most))
        return inner, reduced_cost, linear_bound

    def _branch_and_check(
        self, master: Master, inner: Floats, reduced_cost: Floats, linear_bound: float
    ) -> None:
        """Solve integer masters and cut them at their solutions."""
        slice_s = _FIRST_SLICE_S
        while not self._done():
            # A site whose (un)choice pulls the linear bound under the best plan is not in a better one.
            upper = np.where(linear_bound + reduced_cost < self.value, 0.0, 1.0)
            lower = np.where(linear_bound - reduced_cost < self.value, 1.0, 0.0)
            master_gap = 0.25 * max(0.0, (self.bound - self.value) / self.bound)
            solution = master.solve_integer(
                lower=np.minimum(lower, upper),
                upper=upper,
                time_limit_s=min(slice_s, self._left()),
                gap=max(master_gap, self.gap / 4.0) if self.value > 0.0 else 0.0,
            )
            self._lower_bound_to(max(solution.bound, self.value), "integer bound")
            if not solution.solved:
                slice_s = min(2.0 * slice_s, _LONGEST_SLICE_S)
            if solution.chosen is None:
                if solution.solved:  # nothing better is left: the bound was lowered to the plan
                    break
                continue
            point = solution.chosen.astype(np.float64)
            for pull in (0.001, 0.5):
                master.add_cuts(self._cuts_at((1.0 - pull) * point + pull * inner))
            self._offer(solution.chosen)
            best = self.best.astype(np.float64)
            master.add_cuts(self._cuts_at(0.999 * best + 0.001 * inner))

    def _fractional_value(self, x: Floats) -> float:
        """Volume covered by fractional stations x: what the cuts bound from above."""
        return float(self.problem.volume @ class_cover(self.problem.cover, x)[0])

    def _cuts_at(self, x: Floats) -> Cuts:
        """Return the cut of each group that is tight at x."""
        cover, volume, group = self.problem.cover, self.problem.volume, self.group
        n_groups = int(group.max()) + 1
        _, weakest = class_cover(cover, x)
        full = weakest < 0
        share = sparse.csr_array(
            (volume[~full], (group[~full], weakest[~full])), shape=(n_groups, cover.sets.shape[0])
        )
        constant = np.bincount(group[full], weights=volume[full], minlength=n_groups).astype(np.float64)
        return Cuts(constant=constant, slope=sparse.csr_array(share @ cover.sets))

    def _offer(self, chosen: NDArray[np.bool_]) -> None:
        """Improve a choice by exchange and keep it when it is the best so far."""
        chosen = improve_by_exchange(
            self.problem.cover, self.problem.volume, chosen, most=self.most, should_stop=self._stopped
        )
        value = self._fractional_value(chosen.astype(np.float64))
        if value > self.value:
            self.best, self.value = chosen, value
            self._report("better plan")

    def _lower_bound_to(self, bound: float, message: str) -> None:
        if bound < self.bound:
            self.bound = bound
            self._report(message)

    def _report(self, message: str) -> None:
        if self.on_progress is None:
            return
        incumbent = self.value * self.problem.scale + self.problem.constant
        bound = max(incumbent, self.bound * self.problem.scale + self.problem.constant)
        gap = (bound - incumbent) / bound if bound > 0.0 else 0.0
        self.on_progress(incumbent, bound, gap, time.perf_counter() - self.clock, message)

    def _left(self) -> float:
        return max(0.0, self.deadline - time.perf_counter())

    def _stopped(self) -> bool:
        return self._left() == 0.0 or (self.should_stop is not None and self.should_stop())

    def _done(self) -> bool:
        """Tell whether the gap (of the whole problem, constant included) is closed, or time is up."""
        constant = self.problem.constant / self.problem.scale
        closed = self.bound - self.value <= self.gap * (self.bound + constant)
        return closed or self._stopped()


def _groups(cover: CoverSets, volume: Floats) -> Indices:
    """Split classes into groups of about equal volume whose first cover sets lie together."""
    if cover.n_classes == 0:
        return np.empty(0, dtype=np.int64)
    first_set = cover.members[cover.offsets[:-1]]
    order = np.lexsort((first_set, cover.sets.indices[cover.sets.indptr[first_set]]))
    end = np.cumsum(volume[order])
    group = np.empty(cover.n_classes, dtype=np.int64)
    group[order] = np.minimum((end - volume[order] / 2.0) * (_GROUPS / end[-1]), _GROUPS - 1).astype(np.int64)
    _, group = np.unique(group, return_inverse=True)
    return group.astype(np.int64)


def _largest(x: Floats, n: int) -> NDArray[np.bool_]:
    """Choose the n largest entries, the first of equal ones."""
    chosen = np.zeros(len(x), dtype=bool)
    chosen[np.argsort(-x, kind="stable")[:n]] = True
    return chosen
