"""Flow-refueling location: this project's engine against the textbook MIP given whole to SCIP and HiGHS.

The textbook model (arc cover-path cover) is built here from the definition, with one covered variable per
trip; it shares nothing with the engine but the candidate positions and the door to OR-Tools.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from benchmarks.timing import Row, timed
from corridor.access import access
from planner.driving import along, class_numbers, on_arcs
from planner.inputs import assumptions_in_force
from planner.siting_case import scoped_demand
from siting.flow_refueling import solve_flow_refueling
from siting.program import Program, SolverName, solve
from siting.trip_cover import cover_sets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.access import Access
    from planner.driving import Driving
    from planner.inputs import Inputs
    from planner.scenario import Scenario
    from siting.stops import CandidatePaths

_LIMIT_S = 60.0

#: Vehicle class whose flows the peers are given.
PEER_CLASS = "tractor_49t"

#: Solvers that get the textbook model whole.
PEERS: tuple[SolverName, ...] = ("scip", "highs")


def rows(inputs: Inputs, scenario: Scenario) -> list[Row]:
    """Return timings on the siting question of a scenario: all sites, existing stations open.

    This project answers it for the flows of every vehicle class, and for those of one class, which the
    textbook model can be built for and given to the peers.
    """
    values, _ = assumptions_in_force(inputs.assumptions, scenario.assumptions)
    used = on_arcs(inputs.network, inputs.terrain, values)
    demand = scoped_demand(scenario, inputs, values, used)
    driving = along(inputs, used, demand["route"].to_numpy())
    reached = access(inputs.sites, inputs.network, within_km=values["station.access_km"])
    result = []
    for chosen in (demand, demand[demand["vehicle_class"] == PEER_CLASS]):
        question = Question(
            route=driving.of(chosen),
            kind=class_numbers(chosen),
            tank=chosen["tank_kg"].to_numpy(),
            volume=chosen["kg_per_day"].to_numpy(),
            n_new=scenario.stations,
            existing=np.flatnonzero(inputs.sites["status"] == "existing"),
        )
        answer, seconds = timed(partial(_ours, driving, reached, question), repeats=1)
        classes = "all classes" if chosen is demand else PEER_CLASS
        size = f"{len(chosen):,} flows ({classes}) x {len(inputs.sites)} sites"
        work = f"{scenario.scope} {scenario.year}: {size}, p={scenario.stations}"
        result.append(Row(work, "siting.flow_refueling", seconds, 1.0, answer))
    for solver in PEERS:
        answer, peer = timed(partial(whole, solver, driving.candidate_paths(reached), question), repeats=1)
        result.append(Row(work, f"whole MIP, {solver.upper()}", peer, peer / seconds, answer))
    return result


def _ours(driving: Driving, reached: Access, question: Question) -> str:
    """Solve with this project's engine and return its answer."""
    sets = cover_sets(
        driving.candidate_paths(reached), path=question.route, tank=question.tank, kind=question.kind
    )
    proof = solve_flow_refueling(
        sets, question.volume, n_new=question.n_new, existing=question.existing, time_limit_s=_LIMIT_S
    ).certificate
    return _answer(proof.incumbent, proof.bound, proof.status)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Question:
    """One flow-refueling question.

    Parameters
    ----------
    route, kind, tank, volume
        (n_trips,) path, kind of vehicle, usable tank (kg) and volume (kg/d) of each trip.
    n_new
        Most new stations.
    existing
        Sites open anyhow.
    """

    route: NDArray[np.int64]
    kind: NDArray[np.int64]
    tank: NDArray[np.float64]
    volume: NDArray[np.float64]
    n_new: int
    existing: NDArray[np.int64]


def whole(
    solver: SolverName, paths: CandidatePaths, question: Question, *, time_limit_s: float = _LIMIT_S
) -> str:
    """Solve the textbook model and return its answer."""
    trips = zip(question.route.tolist(), question.kind.tolist(), question.tank.tolist(), strict=True)
    cells: list[tuple[int, int, float]] = []
    n_rows = 0
    for trip, (path, kind, tank) in enumerate(trips):
        span = slice(paths.offsets[path], paths.offsets[path + 1])
        sets = arc_cover_sets(
            paths.site[span],
            paths.out[span, kind],
            paths.back[span, kind],
            whole=(paths.total_out[path, kind], paths.total_back[path, kind]),
            tank=tank,
        )
        for cover in sets:  # y - sum x <= 0
            cells.append((n_rows, paths.n_sites + trip, 1.0))
            cells += [(n_rows, site, -1.0) for site in cover]
            n_rows += 1
    row, column, value = (np.array(part) for part in zip(*cells, strict=True))
    n_columns = paths.n_sites + len(question.volume)
    is_site = np.arange(n_columns) < paths.n_sites
    lower = np.zeros(n_columns)
    lower[question.existing] = 1.0
    matrix = sparse.csr_array((value, (row, column)), shape=(n_rows, n_columns))
    count = sparse.csr_array(is_site[None, :].astype(np.float64))
    answer = solve(
        Program(
            objective=np.concatenate([np.zeros(paths.n_sites), question.volume]),
            lower=lower,
            upper=np.ones(n_columns),
            matrix=sparse.csr_array(sparse.vstack([matrix, count])),
            row_lower=np.full(n_rows + 1, -np.inf),
            row_upper=np.append(np.zeros(n_rows), question.n_new + len(question.existing)),
            integer=is_site,
            maximize=True,
        ),
        solver=solver,
        time_limit_s=time_limit_s,
    )
    return _answer(answer.objective, answer.bound, "optimal" if answer.status == "optimal" else "stopped")


def arc_cover_sets(
    site: np.ndarray, out: np.ndarray, back: np.ndarray, *, whole: tuple[float, float], tank: float
) -> set[tuple[int, ...]]:
    """Return the sites from which each arc of the round trip can be driven to its end; equal sets once.

    Half a tank leads from the origin to the first station, and half a tank must be left at home.
    """
    lap, half = sum(whole), tank / 2.0
    stops = np.concatenate([[0.0], out, [whole[0]], lap - back[::-1], [lap]])
    passes, sites = np.concatenate([out, lap - back]), np.tile(site, 2)
    far = stops[1:] > half + 1e-9
    start, end = stops[:-1][far, None], stops[1:][far, None]
    reaches = (passes <= start + 1e-9) & (end - passes <= tank + 1e-9)
    home = lap - passes <= half + 1e-9
    return {tuple(np.unique(sites[row]).tolist()) for row in [*reaches, home]}


def _answer(incumbent: float | None, bound: float | None, status: str) -> str:
    """Return incumbent, bound and status in one cell."""
    if incumbent is None or bound is None:
        return "no solution"
    return f"{incumbent:,.2f} <= {bound:,.2f} {status}"
