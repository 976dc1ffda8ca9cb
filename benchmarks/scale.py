"""Flow refueling at the size the project is meant for: 50,000 pairs and every candidate site of the corridor.

The pairs are of road nodes, those of the zones and others drawn with a fixed seed, 50 km apart or more; their
volume is the product of weights drawn for both ends over distance to the power 1.5. Preprocessing (paths,
candidates along them, cover sets) is timed together with the solve. All volumes add up to 100,000.

The textbook model is given whole to SCIP and HiGHS for every tenth pair: more they do not finish.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.flow_refueling import PEERS, Question, whole
from benchmarks.timing import Row, timed
from corridor.access import access
from corridor.paths import cheapest_paths
from siting.flow_refueling import solve_flow_refueling
from siting.stops import candidate_stops, even_paths
from siting.trip_cover import cover_sets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.inputs import Inputs
    from siting.stops import CandidatePaths

#: Pairs asked for, and road nodes they join.
PAIRS, _NODES = 50_000, 330

#: Range (km) and number of stations of each question.
QUESTIONS = ((400.0, 10), (400.0, 20), (400.0, 40), (250.0, 40))

#: The question of which the peers get a tenth of the pairs.
TENTH = (400.0, 20)

_SHORTEST_KM, _EXPONENT, _WITHIN_KM, _TOTAL = 50.0, 1.5, 1.0, 1e5
_LIMIT_S, _PEER_LIMIT_S = 60.0, 120.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pairs:
    """Pairs of road nodes with a volume.

    Parameters
    ----------
    source, target
        (n,) int64 vertices.
    weight
        (n,) float64, product of the weights of both ends.
    """

    source: NDArray[np.int64]
    target: NDArray[np.int64]
    weight: NDArray[np.float64]


def drawn_pairs(inputs: Inputs) -> Pairs:
    """Return pairs of nodes: every zone's own node, then nodes drawn from a fixed seed."""
    network = inputs.network
    rng = np.random.default_rng(5)
    own = np.unique(network.vertices(inputs.zones["node_id"].to_numpy()))
    rest = np.setdiff1d(np.arange(network.n_nodes), own)
    ends = np.concatenate([own, rng.choice(rest, _NODES - len(own), replace=False)]).astype(np.int64)
    weight = rng.lognormal(0.0, 1.0, len(ends))
    first, second = np.triu_indices(len(ends), k=1)
    return Pairs(source=ends[first], target=ends[second], weight=weight[first] * weight[second])


def prepared(inputs: Inputs, pairs: Pairs) -> tuple[CandidatePaths, NDArray[np.float64]]:
    """Return candidate sites along the cheapest path of the first pairs that are far enough, and volumes."""
    network = inputs.network
    paths = cheapest_paths(network, inputs.costs.total_cny, source=pairs.source, target=pairs.target)
    km = paths.running(network.length_km)
    length = km[paths.offsets[1:] - 1]
    reached = access(inputs.sites, network, within_km=_WITHIN_KM)
    nodes = network.node_ids[paths.vertices]
    stops = candidate_stops(paths.offsets, nodes, site_nodes=reached.node_id, sites=reached.site)
    counted = np.isfinite(paths.cost) & (length >= _SHORTEST_KM)
    counted &= np.cumsum(counted) <= PAIRS
    volume = np.where(counted, pairs.weight * np.maximum(length, _SHORTEST_KM) ** -_EXPONENT, 0.0)
    return even_paths(stops, km[stops.row], length=length), volume * (_TOTAL / volume.sum())


def rows(inputs: Inputs) -> list[Row]:
    """Return the timing of each question, preprocessing included, and of the peers on a tenth."""
    pairs = drawn_pairs(inputs)
    found = []
    for range_km, n_new in QUESTIONS:
        start = time.perf_counter()
        paths, volume = prepared(inputs, pairs)
        kept = np.flatnonzero(volume > 0.0)
        found.append(_ours(paths, volume, kept, range_km=range_km, n_new=n_new, start=start))
    range_km, n_new = TENTH
    kept = kept[::10]
    found.append(_ours(paths, volume, kept, range_km=range_km, n_new=n_new, start=time.perf_counter()))
    question = Question(
        route=kept,
        kind=np.zeros(len(kept), dtype=np.int64),
        tank=np.full(len(kept), range_km),
        volume=volume[kept],
        n_new=n_new,
        existing=np.empty(0, dtype=np.int64),
    )
    work, seconds = found[-1].work, found[-1].seconds
    for solver in PEERS:
        run = partial(whole, solver, paths, question, time_limit_s=_PEER_LIMIT_S)
        answer, peer = timed(run, repeats=1)
        found.append(Row(work, f"whole MIP, {solver.upper()}", peer, peer / seconds, answer))
    return found


def _ours(
    paths: CandidatePaths,
    volume: NDArray[np.float64],
    kept: NDArray[np.int64],
    *,
    range_km: float,
    n_new: int,
    start: float,
) -> Row:
    """Return the timing of one question, what was done since `start` included."""
    cover = cover_sets(paths, path=kept, tank=np.full(len(kept), range_km))
    ready = time.perf_counter() - start
    first: list[float] = []
    proof = solve_flow_refueling(
        cover,
        volume[kept],
        n_new=n_new,
        time_limit_s=_LIMIT_S - ready,
        on_progress=lambda plan, _bound, _gap, at, _message: first.append(at) if plan > 0.0 else None,
    ).certificate
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    plan, bound = proof.incumbent or 0.0, proof.bound or 0.0
    answer = (
        f"{plan:,.2f} <= {bound:,.2f} {proof.status}, gap {proof.gap or 0.0:.3%}; prepared in {ready:.1f} s, "
        f"first plan {first[0]:.1f} s later; "
        f"{cover.n_classes:,} classes; {peak_mb:,.0f} MB at the peak of the run"
    )
    work = f"{len(kept):,} pairs x {paths.n_sites} sites, range {range_km:.0f} km, p={n_new}"
    return Row(work, "siting.flow_refueling", seconds, 1.0, answer)
