"""Small random corridors for the siting tests, and a naive tank to judge them by."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import strategies as st

from siting.stops import candidate_stops, even_paths
from siting.trip_cover import cover_sets


@dataclass(frozen=True)
class Corridor:
    """Trips on shortest paths of a small network, every node a site."""

    paths: tuple[tuple[int, ...], ...]
    km: tuple[tuple[float, ...], ...]
    range_km: tuple[float, ...]
    volume: tuple[float, ...]
    n_nodes: int

    def flat(self):
        offsets = np.concatenate([[0], np.cumsum([len(p) for p in self.paths])]).astype(np.int64)
        nodes = np.array([v for p in self.paths for v in p], dtype=np.int64)
        km = np.array([d for p in self.km for d in p])
        return offsets, nodes, km

    def candidate_paths(self, site_nodes=None, sites=None):
        offsets, nodes, km = self.flat()
        site_nodes = np.arange(self.n_nodes) if site_nodes is None else np.asarray(site_nodes)
        stops = candidate_stops(offsets, nodes, site_nodes=site_nodes, sites=sites)
        return even_paths(stops, km[stops.row], length=km[offsets[1:] - 1])

    def cover(self, site_nodes=None):
        trips = np.arange(len(self.paths))
        return cover_sets(self.candidate_paths(site_nodes), path=trips, tank=np.array(self.range_km))

    def naively_served(self, stations) -> list[bool]:
        return [
            drives(path, km, range_km=r, stations=set(stations))
            for path, km, r in zip(self.paths, self.km, self.range_km, strict=True)
        ]


def drives(path, km, *, range_km, stations) -> bool:
    """Drive the round trip three times with a tank measured in km, station by station."""
    if not stations.intersection(path):
        return False
    there_and_back = list(zip(path, km, strict=True)) + list(zip(path, km, strict=True))[-2::-1]
    level = range_km if path[0] in stations else range_km / 2.0
    for _ in range(3):
        at = 0.0
        for node, position in there_and_back:
            level -= abs(position - at)
            at = position
            if level < -1e-6:
                return False
            if node in stations:
                level = range_km
    return path[0] in stations or level >= range_km / 2.0 - 1e-6


@st.composite
def _corridors(draw, most_nodes=8):
    """Draw a connected network with whole-number lengths and trips of several ranges."""
    n = draw(st.integers(2, most_nodes))
    graph = nx.Graph()
    for v in range(1, n):
        graph.add_edge(draw(st.integers(0, v - 1)), v, length=draw(st.integers(1, 6)))
    for _ in range(draw(st.integers(0, 3))):
        u, v = draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))
        if u != v:
            graph.add_edge(u, v, length=draw(st.integers(1, 6)))
    pairs = draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), min_size=1, max_size=12))
    paths, kms = [], []
    for u, v in pairs:
        if u == v:
            continue
        path = nx.shortest_path(graph, u, v, weight="length")
        km = np.cumsum([0] + [graph[a][b]["length"] for a, b in pairwise(path)])
        paths.append(tuple(path))
        kms.append(tuple(map(float, km)))
    if not paths:
        paths, kms = [(0, 1)], [(0.0, float(graph[0][1]["length"] if graph.has_edge(0, 1) else 1))]
    ranges = draw(st.lists(st.integers(1, 16).map(float), min_size=len(paths), max_size=len(paths)))
    volume = draw(st.lists(st.integers(0, 9).map(float), min_size=len(paths), max_size=len(paths)))
    return Corridor(tuple(paths), tuple(kms), tuple(ranges), tuple(volume), n)


@pytest.fixture(scope="session")
def corridors():
    """Strategy of small corridors; keyword `most_nodes`."""
    return _corridors


@pytest.fixture(scope="session")
def region():
    """Cover sets and volumes of a made-up region: 80 nodes, 30 of them zones, every node a site."""
    rng = np.random.default_rng(4)
    points = rng.uniform(0, 400, (80, 2))
    graph = nx.Graph()
    for u, v in zip(*np.triu_indices(80, 1), strict=True):
        km = float(np.linalg.norm(points[u] - points[v]))
        if km < 75:
            graph.add_edge(int(u), int(v), length=km)
    zones = sorted(max(nx.connected_components(graph), key=len))[:30]
    paths, kms = [], []
    for origin, destination in combinations(zones, 2):
        path = nx.shortest_path(graph, origin, destination, weight="length")
        paths.append(tuple(path))
        kms.append(tuple(np.cumsum([0.0] + [graph[a][b]["length"] for a, b in pairwise(path)]).tolist()))
    weight = rng.lognormal(0.0, 1.0, 80)
    volume = [weight[p[0]] * weight[p[-1]] / max(km[-1], 20.0) for p, km in zip(paths, kms, strict=True)]
    corridor = Corridor(tuple(paths), tuple(kms), (200.0,) * len(paths), tuple(volume), 80)
    return corridor.cover(), np.array(corridor.volume)
