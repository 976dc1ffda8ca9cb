"""Routes with full paths, of the corridor and of a large graph: this project, scipy and Python, networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay

from benchmarks.timing import Row, timed
from corridor.roads import from_tables
from corridor.routes import between_zones

if TYPE_CHECKING:
    from corridor.roads import RoadNetwork
    from planner.inputs import Inputs


#: Size of the made-up network, and of the sample of it networkx is timed on.
_LARGE, _ZONES, _SAMPLE = 100_000, 200, 10


def rows(inputs: Inputs) -> list[Row]:
    """Return the timings of every contestant on the corridor and on a large graph, this project first."""
    found = _compared(inputs.network, inputs.zones, sample=len(inputs.zones))
    network = road_like(_LARGE)
    chosen = np.random.default_rng(2).choice(network.node_ids, _ZONES, replace=False)
    zones = pd.DataFrame({"node_id": chosen}, index=[f"z{zone}" for zone in range(_ZONES)])
    return found + _compared(network, zones, sample=_SAMPLE)


def road_like(n_nodes: int) -> RoadNetwork:
    """Return a made-up road network: a spanning tree of random points, and every seventh other short link.

    Its nodes have 2.5 neighbors on average, as those of a simplified road graph do; there is no geometry.
    """
    rng = np.random.default_rng(1)
    xy = rng.random((n_nodes, 2))
    corners = Delaunay(xy).simplices.astype(np.int64)
    pairs = np.unique(
        np.sort(np.vstack([corners[:, each] for each in ([0, 1], [1, 2], [0, 2])]), axis=1), axis=0
    )
    km = 300.0 * np.linalg.norm(xy[pairs[:, 0]] - xy[pairs[:, 1]], axis=1)
    links = csr_array((km, (pairs[:, 0], pairs[:, 1])), shape=(n_nodes, n_nodes))
    tree = minimum_spanning_tree(links).tocoo()
    in_tree = np.isin(pairs[:, 0] * n_nodes + pairs[:, 1], tree.row.astype(np.int64) * n_nodes + tree.col)
    kept = in_tree | ((rng.random(len(pairs)) < 1 / 7) & (km < np.quantile(km, 0.9)))
    pairs, km = pairs[kept], km[kept] * rng.uniform(1.0, 1.5, int(kept.sum()))
    both = np.vstack([pairs, pairs[:, ::-1]])
    index = pd.MultiIndex.from_arrays([both[:, 0], both[:, 1], np.zeros(len(both), np.int64)])
    highway = np.tile(rng.choice(["motorway", "trunk", "primary"], len(pairs)), 2)
    edges = pd.DataFrame({"length": np.tile(km, 2) * 1000.0, "highway": highway}, index=index)
    nodes = pd.DataFrame({"x": 102.0 + 3.0 * xy[:, 0], "y": 29.0 + 2.7 * xy[:, 1]})
    return from_tables(nodes, edges, speeds_kmh={"motorway": 75.0, "trunk": 50.0, "primary": 40.0})


def _compared(network: RoadNetwork, zones: pd.DataFrame, *, sample: int) -> list[Row]:
    """Return the timings on one network; networkx grows a sample of the trees, its time scaled up."""
    ours, seconds = timed(lambda: between_zones(network, zones), repeats=3)
    vertex = network.vertices(zones["node_id"].to_numpy())
    matrix = network.matrix()

    def scipy_and_python() -> list[list[int]]:
        _, before = dijkstra(matrix, indices=vertex, return_predecessors=True)
        paths = []
        for o, d in zip(ours.origin.tolist(), ours.destination.tolist(), strict=True):
            path = [int(vertex[d])]
            while path[-1] != vertex[o]:
                path.append(int(before[o, path[-1]]))
            paths.append(path[::-1])
        return paths

    graph: nx.DiGraph[int] = nx.DiGraph()
    arcs = network.arcs()
    tails, heads, hours = network.tails[arcs], network.heads[arcs], network.hours[arcs]
    graph.add_weighted_edges_from(zip(tails.tolist(), heads.tolist(), hours.tolist(), strict=True))
    targets = [set(vertex[ours.destination[ours.origin == zone]].tolist()) for zone in range(len(zones))]

    def networkx_paths() -> dict[tuple[int, int], tuple[float, list[int]]]:
        found: dict[tuple[int, int], tuple[float, list[int]]] = {}
        for zone in range(sample):
            tree: Any = nx.single_source_dijkstra(graph, int(vertex[zone]))
            hours_to, path_to = tree
            found |= {(zone, each): (hours_to[each], path_to[each]) for each in targets[zone]}
        return found

    paths, scipy_seconds = timed(scipy_and_python, repeats=1)
    peer, networkx_seconds = timed(networkx_paths, repeats=1)
    networkx_seconds *= len(zones) / sample
    for route in range(len(ours)):
        key = int(ours.origin[route]), int(vertex[ours.destination[route]])
        if ours.path(route).tolist() != network.node_ids[paths[route]].tolist():
            raise AssertionError("scipy finds other routes")
        if key in peer and not np.isclose(peer[key][0], ours.hours[route], rtol=1e-9):
            raise AssertionError("networkx finds other routes")
    work = f"{len(ours):,} routes with paths, {network.n_nodes:,} nodes"
    scaled = "exact" if sample == len(zones) else f"exact; {sample} of {len(zones)} trees, time scaled"
    return [
        Row(work, "corridor.routes", seconds, 1.0, "exact"),
        Row(work, "scipy dijkstra + Python", scipy_seconds, scipy_seconds / seconds, "exact"),
        Row(work, "networkx", networkx_seconds, networkx_seconds / seconds, scaled),
    ]
