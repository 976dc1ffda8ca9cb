"""Build-out at full size: sizes, fills shared within them, and years, with a bound of the whole question.

The pairs of `benchmarks.scale`, driven with 0.1 kg/km and a tank for 400 km; all laps together burn what the
default scenario asks for in 2035. Existing stations and sizes are those of the default scenario. Nobody else
solves this question as it stands, so there are no peers here: seconds and gaps, preprocessing included.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.scale import PAIRS, Case, drawn_pairs, peak_mb
from benchmarks.timing import Check, Report, Row, Trace, listed
from planner.assembly import MODULES_KG_PER_DAY
from planner.buildout import existing_kg_per_day
from planner.inputs import assumptions_in_force, load_inputs
from siting.buildout import solve_buildout
from siting.buildout.fill_service import FillService
from siting.buildout.question import Question

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.inputs import Inputs

    Floats = NDArray[np.float64]

_RANGE_KM, _KG_PER_KM, _TOTAL_KG_PER_DAY = 400.0, 0.1, 44_500.0
#: What is asked, s and relative gap, and the limit of a solve.
_FIRST_S, _ASKED_S, _ASKED_GAP = 5.0, 120.0, 0.01
#: Demand of 2027, 2030 and 2035 in the default scenario, of that of 2035; years each stands for.
_GROWTH, _YEARS = (0.103, 0.315, 1.0), (3.0, 5.0, 5.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a question allows.

    Parameters
    ----------
    name
        Says so.
    demand
        Of each period, of that of the last.
    most_new
        New stations standing in each period.
    budget_wan_cny
        Most that building may cost up to each period.
    is_main
        Whether the aims are of this question.
    """

    name: str
    demand: tuple[float, ...]
    most_new: tuple[float, ...]
    budget_wan_cny: tuple[float, ...]
    is_main: bool = False


QUESTIONS = (
    Limits(
        name="12 new stations", demand=(0.315,), most_new=(12.0,), budget_wan_cny=(math.inf,), is_main=True
    ),
    Limits(name="30 new stations, 2035", demand=(1.0,), most_new=(30.0,), budget_wan_cny=(math.inf,)),
    Limits(
        name="4, 12, 30 new stations in 2027, 2030, 2035",
        demand=_GROWTH,
        most_new=(4.0, 12.0, 30.0),
        budget_wan_cny=(math.inf,) * 3,
    ),
    Limits(name="200 million CNY", demand=(0.315,), most_new=(math.inf,), budget_wan_cny=(20_000.0,)),
)


def report() -> Report:
    """Return a row for every question."""
    inputs = load_inputs()
    values, _ = assumptions_in_force(inputs.assumptions, {})
    pairs = drawn_pairs(inputs)
    found = []
    for limits in QUESTIONS:
        start = time.perf_counter()
        case = Case.of(inputs, pairs, range_km=_RANGE_KM)
        found.append(_row(limits, case, inputs, values, start=start))
    main = [row for row, limits in zip(found, QUESTIONS, strict=True) if limits.is_main]
    return Report(
        found,
        [
            Check(
                f"{PAIRS:,} pairs, sizes and shared fills, stations of the default: gap 1 % in 2 min",
                f"after {listed([row.facts['close'] for row in main])}",
                max(row.facts["close"] for row in main) <= _ASKED_S,
            ),
            Check(
                f"... first plan within {_FIRST_S:g} s of the solve",
                listed([row.facts["first_plan"] for row in main]),
                max(row.facts["first_plan"] for row in main) <= _FIRST_S,
            ),
            Check(
                "... the other questions: gap 1 % in 2 min",
                listed([100 * row.facts["gap"] for row in found], " %", digits=3) + " at the end",
                max(row.facts["gap"] for row in found) <= _ASKED_GAP,
            ),
        ],
    )


def _row(limits: Limits, case: Case, inputs: Inputs, values: dict[str, float], *, start: float) -> Row:
    """Return the timing of a question, what was done since `start` included."""
    sites, paths = inputs.sites, case.paths
    n_sites, n_periods = len(sites), len(limits.demand)
    in_kg = replace(
        paths,
        **{name: getattr(paths, name) * _KG_PER_KM for name in ("out", "back", "total_out", "total_back")},
    )
    kg = np.outer(limits.demand, case.volume * (_TOTAL_KG_PER_DAY / case.volume.sum()))
    lap_kg = in_kg.total_out[case.kept, 0] + in_kg.total_back[case.kept, 0]
    capex = [values[f"station.{size}.capex_wan_cny"] for size in MODULES_KG_PER_DAY]
    years = np.array(_YEARS if n_periods > 1 else (1.0,))
    question = Question(
        cover=case.cover,
        volume=kg,
        weight=years / years.sum(),
        module_kg_per_day=np.array(MODULES_KG_PER_DAY, dtype=np.float64),
        existing_kg_per_day=existing_kg_per_day(sites, values),
        highest_utilization=values["station.highest_utilization"],
        most_new=np.array(limits.most_new),
        cost=np.tile(capex, (n_sites, 1)),
        budget=np.array(limits.budget_wan_cny),
        worth=np.ones(n_periods),
        running_cost=np.zeros((n_sites, len(capex))),
        least_volume=np.zeros(n_periods),
        locked=np.empty(0, dtype=np.int64),
        forbidden=np.empty(0, dtype=np.int64),
    )
    service = FillService(
        in_kg,
        path=case.kept,
        kind=None,
        tank_kg=np.full(len(case.kept), case.range_km * _KG_PER_KM),
        laps_per_day=kg / lap_kg,
        volume=kg,
    )
    ready = time.perf_counter() - start
    trace = Trace(start)
    answer = solve_buildout(question, service, time_limit_s=_ASKED_S - ready, on_progress=trace)
    seconds, proof = time.perf_counter() - start, answer.certificate
    told = (
        f"{proof.incumbent or 0.0:,.1f} kg/d, bound {proof.bound or 0.0:,.1f}, {proof.status}, "
        f"gap {proof.gap or 0.0:.3%}; prepared in {ready:.1f} s, first plan at {trace.first_plan:.1f} s, "
        f"gap 1 % at {listed([trace.until(_ASKED_GAP)])}; "
        f"served {listed((100 * answer.volume / kg.sum(axis=1)).tolist(), ' %')}; "
        f"{peak_mb():,.0f} MB at the peak so far"
    )
    facts = {
        "gap": proof.gap or 0.0,
        "first_plan": trace.first_plan - ready,
        "close": trace.until(_ASKED_GAP),
    }
    return Row(f"{case.name}, {limits.name}", "siting.buildout", seconds, 1.0, told, facts)
