"""The 25-node network (Simchi-Levi & Berman 1988): every choice tried, all sides of the ties, and peers.

Of its 300 pairs 67 have several shortest paths: the network is asked with the path networkx finds, and with
the first and the last of all. Whoever chose stations, `siting.replay` drives the trips with them and tells
what they serve.

No release of spopt has a flow-refueling model. The one proposed for it (``FRLM``, pull request 487, read
2026-11) covers an arc from any site of the network within half the range of one of the arc's ends, whether
the trip passes there or not. That rule is written down here anew, and solved as there by PuLP and CBC. A
release that has the class is asked itself.
"""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from scipy.sparse.csgraph import shortest_path

from benchmarks.flow_refueling import arc_cover_sets
from benchmarks.peers import ask, spopt_python
from benchmarks.timing import Check, Report, Row, listed, timed
from planner.instance import NetworkInstance, read_instance
from siting.flow_refueling import solve_flow_refueling
from siting.replay import replay_trips
from siting.stops import CandidatePaths, candidate_stops, even_paths
from siting.trip_cover import cover_sets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

NETWORK = Path(__file__).parents[1] / "tests" / "instances" / "n25"
RANGES, MOST = (4.0, 8.0, 12.0), 3
#: Range, and per cent of the volume by number of stations, with the paths of networkx (reference figures).
REFERENCE = (8.0, {1: 13.369, 2: 27.078, 3: 39.722, 5: 58.553, 10: 82.804, 25: 98.333})
_LIMIT_S = 60.0
_OWN = "siting.flow_refueling"


@dataclass(frozen=True)
class Network:
    """The network with one path per pair.

    Parameters
    ----------
    name
        Whose paths.
    instance
        Nodes and flows.
    """

    name: str
    instance: NetworkInstance

    @cached_property
    def paths(self) -> CandidatePaths:
        """Candidate sites, every node, along the paths."""
        told = self.instance
        stops = candidate_stops(told.offsets, told.nodes, site_nodes=np.arange(self.n, dtype=np.int64))
        return even_paths(stops, told.distance[stops.row], length=told.length)

    @property
    def n(self) -> int:
        """Number of nodes."""
        return len(self.instance.node_ids)

    @property
    def total(self) -> float:
        """All volume."""
        return float(self.instance.volume.sum())

    def shares(self, volumes: Sequence[float]) -> str:
        """Return volumes as per cent of all."""
        return " / ".join(f"{100.0 * volume / self.total:.3f}" for volume in volumes) + " %"

    def solved(self, range_: float, p: int) -> tuple[float, list[int]]:
        """Return what this project's engine serves with p stations, and where they are."""
        volume = self.instance.volume
        trips = np.arange(len(volume))
        cover = cover_sets(self.paths, path=trips, tank=np.full(len(volume), range_))
        solution = solve_flow_refueling(cover, volume, n_new=p, time_limit_s=_LIMIT_S)
        proof = solution.certificate
        return (proof.incumbent or 0.0) if proof.status == "optimal" else math.nan, solution.new.tolist()

    def driven(self, range_: float, stations: Sequence[int]) -> float:
        """Return the volume of the trips that come home with these stations."""
        told = self.instance
        trips = np.arange(len(told.volume))
        replay = replay_trips(
            told.offsets,
            told.nodes,
            told.distance,
            out_kg=told.distance[:, None],
            back_kg=told.distance[:, None],
            route=trips,
            kind=np.zeros(len(trips), dtype=np.int64),
            tank_kg=np.full(len(trips), range_),
            station_nodes=np.array(stations, dtype=np.int64),
        )
        served = np.setdiff1d(trips, replay.faults["trip"].to_numpy(dtype=np.int64))
        return float(told.volume[served].sum())

    def tried(self, range_: float) -> list[float]:
        """Return the most volume that 0, 1 ... `MOST` stations serve, every choice tried with a tank."""
        best = [0.0] * (MOST + 1)
        trips = list(self._trips(range_))
        for p in range(MOST + 1):
            for chosen in map(frozenset, itertools.combinations(range(self.n), p)):
                served = sum(volume for path, serving, volume in trips if chosen & path in serving)
                best[p] = max(best[p], served)
        return best

    def _trips(self, range_: float) -> Iterator[tuple[frozenset[int], set[frozenset[int]], float]]:
        """Yield the nodes of each trip, the choices among them that serve it, and its volume."""
        told = self.instance
        bounds = itertools.pairwise(told.offsets.tolist())
        for (a, b), volume in zip(bounds, told.volume.tolist(), strict=True):
            path, km = told.nodes[a:b].tolist(), told.distance[a:b].tolist()
            choices = (
                frozenset(few) for size in range(1, MOST + 1) for few in itertools.combinations(path, size)
            )
            yield frozenset(path), {few for few in choices if _comes_home(path, km, few, range_)}, volume

    def textbook_sets(self, range_: float) -> list[Iterable[Iterable[int]]]:
        """Return the cover sets of each trip as the literature has them."""
        found: list[Iterable[Iterable[int]]] = []
        for trip in range(len(self.instance.volume)):
            span = slice(self.paths.offsets[trip], self.paths.offsets[trip + 1])
            ends = self.paths.total_out[trip, 0], self.paths.total_back[trip, 0]
            out, back = self.paths.out[span, 0], self.paths.back[span, 0]
            found.append(arc_cover_sets(self.paths.site[span], out, back, whole=ends, tank=range_))
        return found

    def proposed_sets(self, range_: float) -> list[Iterable[Iterable[int]]]:
        """Return the cover sets of each trip by the rule of spopt's pull request 487."""
        near = np.asarray(shortest_path(self.instance.links)) <= range_ / 2.0
        nodes, offsets = self.instance.nodes, self.instance.offsets
        return [
            [np.flatnonzero(near[:, u] | near[:, v]).tolist() for u, v in itertools.pairwise(nodes[a:b])]
            for a, b in itertools.pairwise(offsets.tolist())
        ]


def _comes_home(path: list[int], km: list[float], stations: frozenset[int], range_: float) -> bool:
    """Drive there and back twice, node by node."""
    lengths = np.diff(km).tolist()
    legs = [*zip(path[1:], lengths, strict=True), *zip(path[-2::-1], lengths[::-1], strict=True)]
    level = start = range_ if path[0] in stations else range_ / 2.0
    for _ in range(2):
        for node, length in legs:
            level -= length
            if level < 0.0:
                return False
            if node in stations:
                level = range_
        if level < start:
            return False
    return True


def report() -> Report:
    """Return rows for every side of the ties, for the reference figures and for the peers."""
    plain = Network("paths of networkx", read_instance(NETWORK))
    sides = [plain, _other(plain, 0), _other(plain, -1)]
    tried = [row for network in sides for range_ in RANGES for row in _against_trial(network, range_)]
    reference = _against_reference(plain)
    asked = [row for range_ in RANGES for row in _against_peers(plain, range_)]
    same = [row.facts["same"] for row in tried if row.who == _OWN]
    peers = {row.who: [r for r in asked if r.who == row.who] for row in asked}
    checks = [
        Check(
            f"25 nodes, either side of every tie, ranges 4 / 8 / 12, p <= {MOST}: as trying every choice",
            f"{sum(same):.0f} of {len(same)} agree",
            all(same),
        ),
        Check(
            "25 nodes, range 8: the reference figures",
            f"{reference.facts['same']:.0f} of {len(REFERENCE[1])} agree",
            reference.facts["same"] == len(REFERENCE[1]),
        ),
    ]
    if len(peers) > 1:
        told = "; ".join(
            f"{who}: right in {sum(row.facts['right'] for row in rows):.0f} of {len(rows)}, "
            f"{listed([row.ratio for row in rows], 'x')}"
            for who, rows in peers.items()
        )
        own_right = all(row.facts["right"] for row in peers[_OWN])
        checks.append(Check("against spopt's FRLM: ratio, and whose answer is right", told, own_right))
    return Report([*tried, reference, *asked], checks)


def _other(plain: Network, side: int) -> Network:
    """Return the network with the first or last of all shortest paths of each pair."""
    told = plain.instance
    graph = nx.from_scipy_sparse_array(told.links)
    paths = [
        sorted(nx.all_shortest_paths(graph, told.nodes[a], told.nodes[b - 1], weight="weight"))[side]
        for a, b in itertools.pairwise(told.offsets.tolist())
    ]
    length = told.links.todense()
    running = [np.cumsum([0.0, *(length[u, v] for u, v in itertools.pairwise(path))]) for path in paths]
    changed = replace(
        told,
        offsets=np.cumsum([0, *map(len, paths)]).astype(np.int64),
        nodes=np.concatenate(paths).astype(np.int64),
        distance=np.concatenate(running).astype(np.float64),
    )
    return Network(f"{'first' if side == 0 else 'last'} of tied paths", changed)


def _against_trial(network: Network, range_: float) -> list[Row]:
    """Compare the optima with every choice tried."""
    numbers = range(1, MOST + 1)
    ours, seconds = timed(lambda: [network.solved(range_, p)[0] for p in numbers], repeats=1)
    best, long = timed(lambda: network.tried(range_)[1:], repeats=1)
    same = all(math.isclose(a, b, rel_tol=1e-9) for a, b in zip(ours, best, strict=True))
    work = f"25 nodes, {network.name}, range {range_:g}, p = {', '.join(map(str, numbers))}"
    verdict = "the same" if same else "ANOTHER"
    return [
        Row(work, _OWN, seconds, 1.0, network.shares(ours), {"same": float(same)}),
        Row(work, "every choice tried", long, long / seconds, f"{network.shares(best)}: {verdict}"),
    ]


def _against_reference(network: Network) -> Row:
    """Compare with the figures that are known."""
    range_, known = REFERENCE
    ours, seconds = timed(lambda: [network.solved(range_, p)[0] for p in known], repeats=1)
    told = zip(ours, known.values(), strict=True)
    same = sum(abs(100.0 * volume / network.total - share) < 5.1e-4 for volume, share in told)
    work = f"25 nodes, {network.name}, range {range_:g}, p = {', '.join(map(str, known))}"
    return Row(work, _OWN, seconds, 1.0, network.shares(ours), {"same": float(same)})


def _against_peers(network: Network, range_: float) -> list[Row]:
    """Put a question to PuLP and CBC in the environment of spopt, and drive with everyone's stations."""
    python = spopt_python()
    if python is None:
        return []
    truth = network.tried(range_)[MOST]
    work = f"25 nodes, {network.name}, range {range_:g}, p = {MOST}"
    start = time.perf_counter()
    claim, stations = network.solved(range_, MOST)
    ours = time.perf_counter() - start
    served = network.driven(range_, stations)
    found = [_judged(network, Row(work, _OWN, ours, 1.0, ""), claim=claim, served=served, truth=truth)]
    for who, model, question in _questions(network, python, range_):
        told = ask(python, model, question, limit_s=_LIMIT_S)
        if "failed" in told:
            found.append(Row(work, who, math.nan, math.nan, told["failed"], {"right": 0.0}))
            continue
        seconds, served = float(told["seconds"]), network.driven(range_, told["stations"])
        row, claim = Row(work, who, seconds, seconds / ours, ""), float(told["objective"])
        found.append(_judged(network, row, claim=claim, served=served, truth=truth))
    return found


def _questions(network: Network, python: Path, range_: float) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield the name, model and arrays of each peer's question."""
    told = ask(python, "has-frlm", {}, limit_s=_LIMIT_S)
    proposed = f"rule of pull request 487 (not in spopt {told.get('version')}), PuLP and CBC"
    rules = {
        "textbook, PuLP and CBC": network.textbook_sets(range_),
        proposed: network.proposed_sets(range_),
    }
    for who, families in rules.items():
        sets = [(flow, list(cover)) for flow, family in enumerate(families) for cover in family]
        yield (
            who,
            "path-cover",
            {
                "flow": [flow for flow, _ in sets],
                "offsets": np.cumsum([0, *(len(cover) for _, cover in sets)]),
                "members": np.array([site for _, cover in sets for site in cover], dtype=np.int64),
                "volume": network.instance.volume,
                "n_sites": network.n,
                "p": MOST,
            },
        )
    if told.get("has"):
        yield (
            f"spopt {told['version']} FRLM",
            "frlm",
            {
                "nodes": network.instance.nodes,
                "path_offsets": network.instance.offsets,
                "volume": network.instance.volume,
                "links": network.instance.links.todense(),
                "range": range_,
                "p": MOST,
            },
        )


def _judged(network: Network, row: Row, *, claim: float, served: float, truth: float) -> Row:
    """Return a row that tells what was claimed, what the stations serve on the road, and if it is best."""
    right = math.isclose(claim, truth, rel_tol=1e-6) and math.isclose(served, truth, rel_tol=1e-6)
    answer = (
        f"claims {network.shares([claim])}, serves {network.shares([served])} on the road, "
        f"best {network.shares([truth])}: {'right' if right else 'WRONG'}"
    )
    return replace(row, answer=answer, facts={"right": float(right)})
