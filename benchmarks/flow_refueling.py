"""Flow-refueling location: this project's engine against the textbook MIP given whole to SCIP and HiGHS.

The textbook model (arc cover-path cover) is built here from the definition, with one covered variable per
trip, through OR-Tools' model builder; it shares nothing with the engine but the candidate positions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from ortools.linear_solver.python import model_builder

from benchmarks.timing import Row, timed
from siting.coverage import candidate_paths, cover_sets
from siting.flow_refueling import solve_flow_refueling

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from siting.coverage import CandidatePaths

_PEER_LIMIT_S = 120.0


def rows(inputs: Inputs, *, range_km: float, n_new: int, every: int) -> list[Row]:
    """Return timings on every ``every``-th route of the corridor, weights drawn with a fixed seed."""
    routes = inputs.routes
    site_nodes = np.unique(inputs.sites["node_id"].to_numpy())
    chosen = np.arange(0, len(routes), every)
    volume = np.random.default_rng(5).lognormal(size=len(chosen))

    def paths() -> CandidatePaths:
        return candidate_paths(
            routes.offsets, routes.nodes, routes.km, length_km=routes.length_km, site_nodes=site_nodes
        )

    def ours() -> tuple[float | None, float | None, str]:
        sets = cover_sets(paths(), path=chosen, range_km=np.full(len(chosen), range_km))
        proof = solve_flow_refueling(sets, volume, n_new=n_new, time_limit_s=_PEER_LIMIT_S).certificate
        return proof.incumbent, proof.bound, proof.status

    (incumbent, bound, status), seconds = timed(ours, repeats=1)
    work = f"{len(chosen):,} routes x {len(site_nodes)} sites, {range_km:g} km, p={n_new}"
    result = [Row(work, "siting.flow_refueling", seconds, 1.0, _answer(incumbent, bound, status))]
    for solver in ("scip", "highs"):
        answer, peer = timed(lambda s=solver: _whole(s, paths(), chosen, volume, range_km, n_new), repeats=1)
        result.append(Row(work, f"whole MIP, {solver.upper()}", peer, peer / seconds, answer))
    return result


def _whole(
    solver_name: str,
    paths: CandidatePaths,
    chosen: np.ndarray,
    volume: np.ndarray,
    range_km: float,
    n_new: int,
) -> str:
    """Solve the textbook model and return its answer."""
    model = model_builder.Model()
    x = [model.new_bool_var(f"x{i}") for i in range(paths.n_sites)]
    model.add(sum(x) <= n_new)
    covered = []
    for row, path in enumerate(chosen.tolist()):
        span = slice(paths.offsets[path], paths.offsets[path + 1])
        sets = _arc_cover_sets(paths.site[span], paths.position_km[span], paths.length_km[path], range_km)
        y = model.new_num_var(0.0, 1.0, f"y{row}")
        for cover in sets:
            model.add(y <= sum(x[i] for i in cover))
        covered.append(y)
    model.maximize(sum(v * y for v, y in zip(volume.tolist(), covered, strict=True)))
    solver = model_builder.Solver(solver_name)
    solver.set_time_limit_in_seconds(_PEER_LIMIT_S)
    status = solver.solve(model)
    done = status == model_builder.SolveStatus.OPTIMAL
    found = done or status == model_builder.SolveStatus.FEASIBLE
    value = solver.objective_value if found else None
    return _answer(value, solver.best_objective_bound if found else None, "optimal" if done else "feasible")


def _arc_cover_sets(
    site: np.ndarray, position: np.ndarray, length: float, range_km: float
) -> list[list[int]]:
    """Return, for each arc of the cyclic trip, the sites from which its end can be reached."""
    stops = np.concatenate([position, [length], 2 * length - position[::-1], [2 * length]])
    sets = []
    for end, start in zip(stops, np.concatenate([[0.0], stops[:-1]]), strict=True):
        cover: set[int] = set()
        for s, at in zip(site.tolist(), position.tolist(), strict=True):
            for pass_km in (at, 2 * length - at, at - 2 * length, -at):
                if pass_km <= start + 1e-9 and end - pass_km <= range_km + 1e-9:
                    cover.add(s)
        sets.append(sorted(cover))
    return sets


def _answer(incumbent: float | None, bound: float | None, status: str) -> str:
    """Return incumbent, bound and status in one cell."""
    if incumbent is None or bound is None:
        return "no solution"
    return f"{incumbent:,.2f} <= {bound:,.2f} {status}"
