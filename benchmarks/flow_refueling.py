"""Flow-refueling location: this project's engine against the textbook MIP given whole to SCIP and HiGHS.

The textbook model (arc cover-path cover) is built here from the definition, with one covered variable per
trip; it shares nothing with the engine but the candidate positions and the door to OR-Tools.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from benchmarks.timing import Row, timed
from siting.coverage import candidate_paths, cover_sets
from siting.flow_refueling import solve_flow_refueling
from siting.program import Program, SolverName, solve

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from siting.coverage import CandidatePaths

_PEER_LIMIT_S = 60.0

#: Solvers that get the textbook model whole.
PEERS: tuple[SolverName, ...] = ("scip", "highs")


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
    for solver in PEERS:
        whole = partial(_whole, solver, paths(), chosen=chosen, volume=volume, range_km=range_km, n_new=n_new)
        answer, peer = timed(whole, repeats=1)
        result.append(Row(work, f"whole MIP, {solver.upper()}", peer, peer / seconds, answer))
    return result


def _whole(
    solver: SolverName,
    paths: CandidatePaths,
    *,
    chosen: np.ndarray,
    volume: np.ndarray,
    range_km: float,
    n_new: int,
) -> str:
    """Solve the textbook model and return its answer."""
    rows, columns = [], []
    n_rows = 0
    for trip, path in enumerate(chosen.tolist()):
        span = slice(paths.offsets[path], paths.offsets[path + 1])
        sets = _arc_cover_sets(paths.site[span], paths.position_km[span], paths.length_km[path], range_km)
        for cover in sets:
            rows += [n_rows] * (1 + len(cover))
            columns += [paths.n_sites + trip, *cover]
            n_rows += 1
    columns_array = np.array(columns)
    # One row per cover set, y - sum x <= 0, and a last one for the number of stations.
    matrix = sparse.csr_array(
        (np.where(columns_array >= paths.n_sites, 1.0, -1.0), (rows, columns)),
        shape=(n_rows, paths.n_sites + len(chosen)),
    )
    is_site = np.arange(matrix.shape[1]) < paths.n_sites
    count = sparse.csr_array(is_site[None, :].astype(np.float64))
    answer = solve(
        Program(
            objective=np.concatenate([np.zeros(paths.n_sites), volume]),
            lower=np.zeros(matrix.shape[1]),
            upper=np.ones(matrix.shape[1]),
            matrix=sparse.csr_array(sparse.vstack([matrix, count])),
            row_lower=np.full(n_rows + 1, -np.inf),
            row_upper=np.append(np.zeros(n_rows), n_new),
            integer=is_site,
            maximize=True,
        ),
        solver=solver,
        time_limit_s=_PEER_LIMIT_S,
    )
    return _answer(answer.objective, answer.bound, "optimal" if answer.status == "optimal" else "stopped")


def _arc_cover_sets(
    site: np.ndarray, position: np.ndarray, length: float, range_km: float
) -> set[tuple[int, ...]]:
    """Return the sites from which each arc of the cyclic trip can be driven to its end; equal sets once."""
    stops = np.concatenate([[0.0], position, [length], 2 * length - position[::-1], [2 * length]])
    passes = np.concatenate([position, 2 * length - position, position - 2 * length, -position])
    sites = np.tile(site, 4)
    start, end = stops[:-1, None], stops[1:, None]
    reaches = (passes <= start + 1e-9) & (end - passes <= range_km + 1e-9)
    return {tuple(np.unique(sites[row]).tolist()) for row in reaches}


def _answer(incumbent: float | None, bound: float | None, status: str) -> str:
    """Return incumbent, bound and status in one cell."""
    if incumbent is None or bound is None:
        return "no solution"
    return f"{incumbent:,.2f} <= {bound:,.2f} {status}"
