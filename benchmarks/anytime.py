"""Plans at any time: seconds to the first plan, and from asking to stop until the best plan is there.

Every model is stopped at several moments of a solve that runs longer than that; a solve that ended by itself
before is not counted. Flow refueling and the coverage target have the size of `benchmarks.scale`, the
other models instances drawn with a fixed seed, large enough not to be solved at once.
"""

from __future__ import annotations

import math
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.scale import Case, drawn_pairs
from benchmarks.timing import Check, Report, Row, Trace
from planner.inputs import load_inputs
from siting.coverage_target import solve_coverage_target
from siting.facility_location import solve_facility_location
from siting.flow_refueling import solve_flow_refueling
from siting.maximal_covering import solve_maximal_covering
from siting.p_center import solve_p_center
from siting.p_median import solve_p_median
from siting.set_covering import solve_set_covering

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.flow_refueling import FlowRefuelingSolution
    from siting.location import LocationSolution

    Floats = NDArray[np.float64]
    Solution = FlowRefuelingSolution | LocationSolution

#: Moments at which a solve is stopped, s.
MOMENTS = (0.1, 0.5, 1.5, 4.0, 10.0)

#: Longer than the last of them, s.
_LIMIT_S = 14.0

#: What is asked: a plan, and the end after asking for it, s.
_FIRST_S, _STOP_S = 2.0, 1.0


def report() -> Report:
    """Return a row for every model."""
    found = [_stopped(work, who, solve) for work, who, solve in [*_refueling(), *_classics()]]
    first = max(found, key=lambda row: row.facts["first"])
    slowest = max(found, key=lambda row: row.facts["latency"])
    return Report(
        found,
        [
            Check(
                f"every model: first plan within {_FIRST_S:g} s, preprocessing of paths not counted",
                f"at most {first.facts['first']:.2f} s ({first.who})",
                first.facts["first"] <= _FIRST_S,
            ),
            Check(
                f"every model: a stop in the middle returns the best so far within {_STOP_S:g} s",
                f"at most {slowest.facts['latency']:.2f} s ({slowest.who}), each with a plan"
                if all(row.facts["plans"] for row in found)
                else "a solve was left without a plan",
                slowest.facts["latency"] <= _STOP_S and all(row.facts["plans"] for row in found),
            ),
        ],
    )


def _stopped(work: str, who: str, solve: Callable[..., Solution]) -> Row:
    """Stop a solve at every moment; its seconds are the longest it went on."""
    latency, firsts, told, plans = [], [], [], True
    for moment in MOMENTS:
        start = time.perf_counter()
        trace = Trace(start)
        solution = solve(
            time_limit_s=_LIMIT_S,
            on_progress=trace,
            should_stop=lambda at=start + moment: time.perf_counter() > at,
        )
        late = time.perf_counter() - start - moment
        for thread in threading.enumerate():  # a solver left behind takes time from the next one
            if thread is not threading.current_thread():
                thread.join(_LIMIT_S)
        if not math.isnan(trace.first_plan):
            firsts.append(trace.first_plan)
        if late <= 0.0:  # it had ended by itself
            break
        proof = solution.certificate
        # Before the first plan may be there, none is asked for.
        plans &= proof.incumbent is not None or moment < _FIRST_S
        latency.append(late)
        told.append("no plan" if proof.gap is None else f"{proof.gap:.1%}")
    stops = ", ".join(f"{moment:g}" for moment in MOMENTS[: len(latency)])
    answer = (
        f"longest after a stop at {stops} s; gaps then {', '.join(told)}; first plan at {max(firsts):.2f} s"
    )
    facts = {"latency": max(latency, default=math.nan), "first": max(firsts), "plans": float(plans)}
    return Row(work, who, facts["latency"], math.nan, answer, facts)


def _refueling() -> list[tuple[str, str, Callable[..., Solution]]]:
    """Return the models of flow refueling at full size."""
    inputs = load_inputs()
    case = Case.of(inputs, drawn_pairs(inputs), range_km=250.0)
    maximal = partial(solve_flow_refueling, case.cover, case.volume, n_new=40)
    fewest = partial(solve_coverage_target, case.cover, case.volume, target=0.5, of="all")
    return [
        (f"{case.name}, p=40", "siting.flow_refueling", maximal),
        (f"{case.name}: 50 % of the volume", "siting.coverage_target", fewest),
    ]


def _classics() -> list[tuple[str, str, Callable[..., Solution]]]:
    """Return the models between points, on points drawn in a square of 100 x 100."""
    rng = np.random.default_rng(7)
    n, p, radius = 1200, 40, 6.0
    distance = _distances(rng, n, n)
    weight = rng.integers(1, 20, n).astype(np.float64)
    size = f"{n:,} points"
    customers, facilities = 240, 60
    cost = _distances(rng, customers, facilities)
    demand = rng.integers(5, 35, customers).astype(np.float64)
    capacity = 3.0 * rng.integers(10, 160, facilities).astype(np.float64)
    fixed = rng.random(facilities) * 90.0 + np.sqrt(capacity) * rng.integers(100, 110, facilities) / 3.0
    many = _distances(rng, 6000, 1500) <= 3.0
    return [
        (f"{size}, p={p}", "siting.p_median", partial(solve_p_median, distance, weight, p=p)),
        (f"{size}, p={p}", "siting.p_center", partial(solve_p_center, distance, p=p)),
        (
            "6,000 x 1,500 points, radius 3, p=150",
            "siting.maximal_covering",
            partial(solve_maximal_covering, many, np.ones(len(many)), p=150),
        ),
        (
            f"{size}, radius {radius:g}",
            "siting.set_covering",
            partial(solve_set_covering, distance <= radius),
        ),
        (
            f"{customers} x {facilities}, capacities",
            "siting.facility_location",
            partial(
                solve_facility_location,
                cost * demand[:, None] / 10.0,
                fixed,
                demand=demand,
                capacity=capacity,
            ),
        ),
        (
            "1,200 x 600, no capacities",
            "siting.facility_location",
            partial(solve_facility_location, distance[:, :600], np.full(600, 300.0)),
        ),
    ]


def _distances(rng: np.random.Generator, n: int, m: int) -> Floats:
    """Return (n, m) distances between points drawn in a square; of equally many they are the same points."""
    first = rng.random((n, 2)) * 100.0
    second = first if n == m else rng.random((m, 2)) * 100.0
    gap = first[:, None, :] - second[None, :, :]
    return np.asarray(np.hypot(gap[..., 0], gap[..., 1]).round(2), dtype=np.float64)
