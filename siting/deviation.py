"""Flow-refueling location with deviation: drivers leave their way for a station, up to a longest trip.

Formulation
-----------
A trip drives O-D-O and comes back on the road it took. It may take any road whose length one way is at most
D_q, its longest acceptable trip. Between two fills a driver takes the shortest way, so that a road is a chain
of legs O, i_1, ..., i_n, D over open stations:

Sets
    i in I          sites
    q in Q          trips, each with origin, destination and kind of vehicle
    C in B_q        blockers of trip q: sets of sites without which no chain within D_q is left
Parameters
    v_q             volume
    d               length of a leg, km
    N               most new stations
Variables
    x_i in {0, 1}   1 if a station stands at site i
    y_q in [0, 1]   1 if some chain over open stations can be driven on the tank and is at most D_q long
Maximize
    sum_q v_q y_q
subject to
    y_q <= sum_{i in C} x_i      for q in Q, C in B_q
    sum_{i new} x_i <= N

A served trip opens a site of every blocker, and an unserved one leaves all sites of some blocker closed: the
model is exact. On a single path the minimal blockers are the arc cover sets of `siting.cover_sets`. Here they
are too many to list. Start and end of a trip and windows of the distance from its origin give the first ones;
the model over those is a relaxation, solved by `siting.flow_refueling`. Its plan is driven exactly, on the
graph of the legs, and every trip it claims in vain adds a minimal blocker, until none does. Every round gives
a plan (its true volume) and a bound (of the relaxation), so that it may stop at any time.

A share that falls with the detour (Kim & Kuby 2012) is a step function: the trip enters once per step, with
the length up to which that step is driven and the volume the step is higher than the next. One that falls
evenly is counted in such steps, too (`even_steps`).

References
----------
Kim, J.-G., Kuby, M. (2012). The deviation-flow refueling location model for optimizing a network of refueling
stations. International Journal of Hydrogen Energy 37, 5406-5420.
Arslan, O., Karasan, O. E., Mahjoub, A. R., Yaman, H. (2019). A branch-and-cut algorithm for the alternative
fuel refueling station location problem with routing. Transportation Science 53, 1107-1125.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from corridor.errors import Fault, InputError
from siting.blockers import Blockers
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.coverage import families, served_trips
from siting.flow_refueling import SOLVER, FlowRefuelingSolution, solve_flow_refueling
from siting.legs import LENGTH_TOLERANCE, Legs, Trips, trip_km
from siting.program import ORTOOLS_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from siting.coverage import CoverSets
    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


#: Steps of a share of drivers that falls evenly with the detour: the optimizer's trips multiply by them.
N_STEPS = 4

#: The first plan may miss its own optimum by this share, and take this long, s.
_FIRST_GAP, _FIRST_S = 0.01, 2.0


def even_steps(
    detour: float, *, last_share: float | None = None, n_steps: int = N_STEPS
) -> tuple[tuple[float, float], ...]:
    """Return the steps of a share of the drivers that falls evenly with the detour, for `in_steps`.

    Within a step the share is that at its end: never more drivers than on the straight line from all of them
    without a detour to `last_share`, and fewer by less than (1 - last_share) / n_steps of them.

    Parameters
    ----------
    detour
        Longest detour anybody accepts, as a share of the trip's length; above 0.
    last_share
        Share of the drivers that accepts it, 0-1; None: all.
    n_steps
        Steps between no detour and the longest.
    """
    if last_share is None or last_share == 1.0:
        return ((detour, 1.0),)
    steps = [(detour * k / n_steps, 1.0 - (1.0 - last_share) * k / n_steps) for k in range(n_steps)]
    return (*steps, (detour, last_share)) if last_share > 0.0 else tuple(steps)


def in_steps(trips: Trips, direct_km: Floats, steps: Sequence[tuple[float, float]]) -> tuple[Trips, Indices]:
    """Split trips whose share falls with the detour into one trip per step.

    Parameters
    ----------
    trips
        Trips whole; their longest ways are replaced.
    direct_km
        (n_trips,) float64, length of each trip without a detour.
    steps
        Detour as a share of that length up to which a share of the drivers goes along, both rising and
        falling: ``((0.0, 1.0), (0.1, 0.6))`` takes 60 % of them on a detour of up to a tenth.

    Returns
    -------
    Trips
        ``len(steps)`` trips for each one given, step by step.
    numpy.ndarray
        (n_trips * len(steps),) int64, the trip each one is a part of.

    Raises
    ------
    corridor.errors.InputError
        If the detours do not rise from 0 or more, or the shares do not fall from 1 or less.
    """
    detour, share = (np.array(column, dtype=np.float64) for column in zip(*steps, strict=True))
    fall = share - np.append(share[1:], 0.0)
    if detour[0] < 0.0 or (np.diff(detour) <= 0.0).any() or share[0] > 1.0 or (fall < 0.0).any():
        what = f"steps {list(steps)} are not detours that rise with shares that fall"
        raise InputError(Fault(what, "detour steps", "Write e.g. (0, 1), (0.1, 0.6)"))
    whole = np.tile(np.arange(len(trips.origin), dtype=np.int64), len(steps))
    each = np.repeat(np.arange(len(steps)), len(trips.origin))
    parts = Trips(
        origin=trips.origin[whole],
        destination=trips.destination[whole],
        kind=trips.kind[whole],
        longest_km=direct_km[whole] * (1.0 + detour[each]),
        volume=trips.volume[whole] * fall[each],
        needs_none=trips.needs_none[whole],
    )
    return parts, whole


def solve_deviation(
    trips: Trips,
    legs: Sequence[Legs],
    own: CoverSets | None = None,
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
    """Choose at most `n_new` stations so that the most volume is served by drivers who deviate.

    Parameters
    ----------
    trips, legs
        Trips and the legs of each kind of vehicle; every kind has the same sites and ends.
    own
        Cover sets of the way each trip takes anyhow, which need not be the shortest: a trip is served on it,
        or by leaving it; None when it is among the ways within the longest trip.
    n_new, existing, locked, forbidden, gap, time_limit_s, on_progress, should_stop
        As for `siting.flow_refueling.solve_flow_refueling`.

    Raises
    ------
    corridor.errors.InputError, corridor.errors.InfeasibleError
        As there.
    """
    clock = time.perf_counter()
    deadline = clock + time_limit_s
    ask = partial(
        solve_flow_refueling,
        n_new=n_new,
        existing=existing,
        locked=locked,
        forbidden=forbidden,
        should_stop=should_stop,
    )

    def is_over() -> bool:
        return time.perf_counter() >= deadline or (should_stop is not None and should_stop())

    best = _Best(trips, legs, own, clock=clock, gap=gap, on_progress=on_progress)
    # A first plan, as if nobody deviated; it says nothing of the bound.
    anyhow = own if own is not None else _unservable(trips, legs)
    best.offer(ask(anyhow, trips.volume, gap=_FIRST_GAP, time_limit_s=min(_FIRST_S, time_limit_s)))
    blockers = Blockers(trips, legs, own, should_stop=is_over)
    while blockers.is_complete and not is_over() and not best.is_closed():
        left_s = max(0.0, deadline - time.perf_counter())
        solution = ask(
            blockers.cover(), trips.volume, gap=gap, time_limit_s=left_s, on_progress=best.on_relaxation
        )
        best.on_relaxation(0.0, float(solution.certificate.bound or 0.0), 0.0, 0.0, "bound")
        driven = best.offer(solution)
        in_vain = np.flatnonzero(solution.served & ~driven)
        if not in_vain.size:
            break
        for trip in in_vain.tolist():
            if is_over():
                break
            blockers.block(trip, solution.stations)
    return best.solution()


def _unservable(trips: Trips, legs: Sequence[Legs]) -> CoverSets:
    """Return cover sets with which no trip can be served but those that need no station."""
    none = np.empty(0, dtype=np.int64)
    return families(
        sets=sparse.csr_array((0, legs[0].between.shape[0])),
        trip=none,
        member=none,
        servable=trips.needs_none,
    )


class _Best:
    """Best plan and bound so far."""

    def __init__(
        self,
        trips: Trips,
        legs: Sequence[Legs],
        own: CoverSets | None,
        *,
        clock: float,
        gap: float,
        on_progress: ProgressCallback | None,
    ) -> None:
        self._trips, self._legs, self._own = trips, legs, own
        self._clock, self._on_progress = clock, on_progress
        self._gap = max(gap, OPTIMALITY_TOLERANCE / 2.0)
        self._plan: FlowRefuelingSolution | None = None
        self._value, self._bound = 0.0, float(trips.volume.sum())

    def on_relaxation(
        self, _incumbent: float, bound: float, _gap: float, _seconds: float, message: str
    ) -> None:
        """Hear of a bound of the relaxation, which holds for the whole model."""
        if bound < self._bound:
            self._bound = bound
            self._report(message)

    def offer(self, solution: FlowRefuelingSolution) -> Flags:
        """Take a plan for what it is worth on the road; return the trips driven, (n_trips,) bool."""
        km = trip_km(self._trips, self._legs, solution.stations)
        driven: Flags = self._trips.needs_none | (km <= self._trips.longest_km * (1.0 + LENGTH_TOLERANCE))
        if self._own is not None:
            driven |= served_trips(self._own, solution.stations)
        value = float(self._trips.volume[driven].sum())
        if self._plan is None or value > self._value:
            self._plan, self._value = replace(solution, served=driven), value
            self._report("better plan")
        return driven

    def is_closed(self) -> bool:
        """Tell whether plan and bound meet."""
        return self._bound - self._value <= self._gap * max(self._bound, 0.0)

    def solution(self) -> FlowRefuelingSolution:
        """Return the best plan with what was proven."""
        if self._plan is None:
            raise RuntimeError("a round comes before its result")
        bound = max(self._value, self._bound)
        proven = bound - self._value <= OPTIMALITY_TOLERANCE * bound
        return replace(
            self._plan,
            certificate=Certificate(
                status="optimal" if proven else "feasible",
                incumbent=self._value,
                bound=bound,
                seconds=time.perf_counter() - self._clock,
                solver=f"blockers of deviating trips; {SOLVER}",
                version=ORTOOLS_VERSION,
            ),
        )

    def _report(self, message: str) -> None:
        if self._on_progress is None:
            return
        bound = max(self._bound, self._value)
        gap = (bound - self._value) / bound if bound > 0.0 else 0.0
        self._on_progress(self._value, bound, gap, time.perf_counter() - self._clock, message)
