"""All routes of the corridor with their full paths: this project, scipy unwound in Python, networkx."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
from scipy.sparse.csgraph import dijkstra

from benchmarks.timing import Row, timed
from corridor.routes import between_zones

if TYPE_CHECKING:
    from planner.inputs import Inputs


def rows(inputs: Inputs) -> list[Row]:
    """Return the timings of every contestant, this project first; all find the same hours."""
    network, zones = inputs.network, inputs.zones
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

    def networkx_paths() -> list[float]:
        found = [nx.single_source_dijkstra(graph, int(source)) for source in vertex]
        return [found[o][0][int(vertex[d])] for o, d in zip(ours.origin, ours.destination, strict=True)]

    paths, scipy_seconds = timed(scipy_and_python, repeats=1)
    peer_hours, networkx_seconds = timed(networkx_paths, repeats=1)
    if len(paths) != len(ours) or not np.allclose(peer_hours, ours.hours, rtol=1e-9):
        raise AssertionError("the contestants disagree on the routes")
    work = f"{len(ours):,} routes with paths, {network.n_nodes:,} nodes"
    return [
        Row(work, "corridor.routes", seconds, 1.0, "exact"),
        Row(work, "scipy dijkstra + Python", scipy_seconds, scipy_seconds / seconds, "exact"),
        Row(work, "networkx", networkx_seconds, networkx_seconds / seconds, "exact"),
    ]
