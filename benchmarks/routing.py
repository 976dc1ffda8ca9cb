"""Routes with full paths, of the corridor and of a large graph: this project, scipy and Python, networkx.

Alternatives have no peer in those packages: networkx enumerates k shortest paths, a ramp or two apart.
They are compared with the same plateau method written plainly, arc by arc, on trees of networkx.
"""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pandas as pd
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay

from benchmarks.plain_plateaus import PlainRoads
from benchmarks.timing import Row, timed
from corridor.costs import cheapest_arcs
from corridor.paths import cheapest_paths
from corridor.roads import from_tables
from corridor.routes import between_zones

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from corridor.routes import Routes
    from planner.inputs import Inputs


#: Size of the made-up network, and of the sample of its trees networkx is timed on.
_LARGE, _ZONES, _SAMPLE = 100_000, 200, 10

#: Pairs the plain plateau method is timed on.
_PAIRS = 40


def rows(inputs: Inputs) -> list[Row]:
    """Return the timings of every contestant on the corridor and on a large graph, this project first."""
    network, zones = inputs.network, inputs.zones
    found = _alternatives(inputs)
    vertex = network.vertices(zones["node_id"].to_numpy())
    origin, destination = np.triu_indices(len(zones), k=1)
    apart = vertex[origin] != vertex[destination]
    found += _cheapest(network, vertex[origin[apart]], vertex[destination[apart]], sample=len(zones))
    large = road_like(_LARGE)
    chosen = np.random.default_rng(2).choice(large.n_nodes, _ZONES, replace=False)
    source, target = np.repeat(chosen, _ZONES), np.tile(chosen, _ZONES)
    apart = source != target
    return found + _cheapest(large, source[apart], target[apart], sample=_SAMPLE)


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


def _cheapest(
    network: RoadNetwork, source: NDArray[np.int64], target: NDArray[np.int64], *, sample: int
) -> list[Row]:
    """Return the timings of quickest paths; networkx grows a sample of the trees, its time scaled up."""

    def ours() -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
        found = cheapest_paths(network, network.hours, source=source, target=target)
        return found.offsets, found.vertices, found.cost

    (offsets, vertices, hours), seconds = timed(ours, repeats=3)
    sources, row = np.unique(source, return_inverse=True)
    matrix = network.matrix()

    def scipy_and_python() -> list[list[int]]:
        _, before = dijkstra(matrix, indices=sources, return_predecessors=True)
        paths = []
        for o, s, t in zip(row.tolist(), source.tolist(), target.tolist(), strict=True):
            path = [t]
            while path[-1] != s:
                path.append(int(before[o, path[-1]]))
            paths.append(path[::-1])
        return paths

    graph: nx.DiGraph[int] = nx.DiGraph()
    arcs = network.arcs()
    columns = network.tails[arcs], network.heads[arcs], network.hours[arcs]
    graph.add_weighted_edges_from(zip(*(column.tolist() for column in columns), strict=True))
    targets = [set(target[row == each].tolist()) for each in range(len(sources))]
    grown = range(min(sample, len(sources)))

    def networkx_paths() -> dict[tuple[int, int], tuple[float, list[int]]]:
        found: dict[tuple[int, int], tuple[float, list[int]]] = {}
        for each in grown:
            tree: Any = nx.single_source_dijkstra(graph, int(sources[each]))
            hours_to, path_to = tree
            found |= {(each, end): (hours_to[end], path_to[end]) for end in targets[each]}
        return found

    paths, scipy_seconds = timed(scipy_and_python, repeats=1)
    peer, networkx_seconds = timed(networkx_paths, repeats=1)
    networkx_seconds *= len(sources) / len(grown)
    for path, mine in enumerate(np.split(vertices, offsets[1:-1])):
        key = int(row[path]), int(target[path])
        if paths[path] != mine.tolist():
            raise AssertionError("scipy finds other routes")
        if key in peer and not np.isclose(peer[key][0], hours[path], rtol=1e-9):
            raise AssertionError("networkx finds other routes")
    work = f"{len(source):,} cheapest routes with paths, {network.n_nodes:,} nodes"
    some = len(grown) < len(sources)
    scaled = f"exact; {len(grown)} of {len(sources)} trees, time scaled" if some else "exact"
    return [
        Row(work, "corridor.paths", seconds, 1.0, f"exact; {_peak_mb(ours):,.0f} MB at the peak"),
        Row(work, "scipy dijkstra + Python", scipy_seconds, scipy_seconds / seconds, "exact"),
        Row(work, "networkx", networkx_seconds, networkx_seconds / seconds, scaled),
    ]


def _alternatives(inputs: Inputs) -> list[Row]:
    """Return the timings of all routes of the corridor; the plain method does a sample, time scaled."""
    network, zones, costs = inputs.network, inputs.zones, inputs.costs
    values = inputs.assumptions["value"].astype(float)
    most, detour = int(values["road.alternatives"]), float(values["road.detour_factor"])

    def ours() -> Routes:
        return between_zones(network, zones, costs=costs, most=most, detour=detour)

    routes, seconds = timed(ours, repeats=3)
    arcs = cheapest_arcs(network, costs.total_cny)
    plain = PlainRoads.of(
        *(column[arcs].tolist() for column in (network.tails, network.heads)),
        cost=costs.total_cny[arcs].tolist(),
        km=network.length_km[arcs].tolist(),
    )
    vertex = network.vertices(zones["node_id"].to_numpy())
    source, target = vertex[routes.origin[routes.first]], vertex[routes.destination[routes.first]]
    pairs = np.random.default_rng(3).choice(len(source), _PAIRS, replace=False)
    ends = list(zip(source[pairs].tolist(), target[pairs].tolist(), strict=True))
    trees, tree_seconds = timed(lambda: [(plain.tree(s), plain.turned_tree(t)) for s, t in ends], repeats=1)
    peer, pair_seconds = timed(
        lambda: [
            plain.alternatives(*both, most=most, detour=detour, overlap=0.5, local=0.15) for both in trees
        ],
        repeats=1,
    )
    for pair, theirs in zip(pairs.tolist(), peer, strict=True):
        mine = [routes.path(route).tolist() for route in np.flatnonzero(routes.pair == pair).tolist()]
        if sorted(mine) != sorted(network.node_ids[path].tolist() for path in theirs):
            raise AssertionError("the plain method finds other alternatives")
    # Zones at one node are worked on once, and each tree is grown once.
    distinct = len(np.unique(source * network.n_nodes + target))
    n_trees = len(np.unique(source)) + len(np.unique(target))
    plain_seconds = tree_seconds * n_trees / (2 * _PAIRS) + pair_seconds * distinct / _PAIRS
    work = f"{len(routes):,} routes with alternatives, {len(source):,} pairs, {network.n_nodes:,} nodes"
    told = f"the same routes; {_PAIRS} of {distinct:,} distinct pairs, time scaled"
    return [
        Row(work, "corridor.alternatives", seconds, 1.0, f"{_peak_mb(ours):,.0f} MB at the peak"),
        Row(work, "plateaus in Python, networkx trees", plain_seconds, plain_seconds / seconds, told),
    ]


def _peak_mb(work: Callable[[], object]) -> float:
    """Return the memory allocated at the peak of one more run, MB, the result included."""
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6
