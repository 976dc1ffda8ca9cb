"""Flow refueling at the size the project is meant for: 50,000 pairs and every candidate site of the corridor.

The pairs are of road nodes drawn with a fixed seed, 50 km apart or more; their volume is the product of the
weights of the zones nearest to their ends over distance to the power 1.5. Preprocessing (paths, candidates
along them, cover sets) is timed together with the solve.
"""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.timing import Row
from corridor.access import access
from corridor.paths import cheapest_paths
from siting.coverage import CandidatePaths, candidate_stops, cover_sets, even_paths
from siting.flow_refueling import solve_flow_refueling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.inputs import Inputs

#: Pairs asked for, and road nodes they join.
PAIRS, _NODES = 50_000, 330

#: Range (km) and number of stations of each question.
QUESTIONS = ((400.0, 10), (400.0, 20), (400.0, 40), (250.0, 40))

_SHORTEST_KM, _EXPONENT, _WITHIN_KM, _LIMIT_S = 50.0, 1.5, 1.0, 60.0


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
    return even_paths(stops, km[stops.row], length=length), volume


def rows(inputs: Inputs) -> list[Row]:
    """Return the timing of each question, preprocessing included."""
    pairs = drawn_pairs(inputs)
    found = []
    for range_km, n_new in QUESTIONS:
        start = time.perf_counter()
        paths, volume = prepared(inputs, pairs)
        kept = np.flatnonzero(volume > 0.0)
        cover = cover_sets(paths, path=kept, tank=np.full(len(kept), range_km))
        ready = time.perf_counter() - start
        proof = solve_flow_refueling(
            cover, volume[kept], n_new=n_new, time_limit_s=_LIMIT_S - ready
        ).certificate
        seconds = time.perf_counter() - start
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
        share = (proof.incumbent or 0.0) / volume.sum()
        answer = (
            f"{share:.2%} served, gap {proof.gap or 0.0:.3%} {proof.status}; prepared in {ready:.1f} s, "
            f"{cover.n_classes:,} classes; {peak_mb:,.0f} MB at the peak of the run"
        )
        work = f"{len(kept):,} pairs x {paths.n_sites} sites, range {range_km:.0f} km, p={n_new}"
        found.append(Row(work, "siting.flow_refueling", seconds, 1.0, answer))
    return found
