"""Clean a raw centerline graph: spurs, splinters, doubled edges, needless nodes.

Graphs here are ``nx.MultiGraph`` in global pixels: a node has ``xy``; an edge has ``line`` ((n, 2)
from its node ``tail`` to the other end) and whatever else the edge carries.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from data.build.roads_tiles import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Graph = nx.MultiGraph

SPUR = 9.0
"""Dead ends shorter than this (pixels, 0.6 km) are artefacts of thinning, unless at the region's border."""

CLUSTER = 6.5
"""Junctions joined by an edge shorter than this (pixels, 0.43 km) are one interchange."""

LOOP = 40.0
"""Loops from a node to itself shorter than this (pixels, 2.6 km) are interchange ramps or slits."""

DOUBLE = 12.0
"""Two edges between the same nodes that stay this near (pixels, 0.8 km) are one road."""

SMOOTHING = 2.5
"""Standard deviation (pixels) of the Gaussian that takes the staircase out of a skeleton line."""


def length(line: NDArray[np.float64]) -> float:
    """Length of a line in pixels."""
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def line_from(node: int, data: dict[str, Any]) -> NDArray[np.float64]:
    """Return the edge's line, drawn from ``node`` (for a loop: as stored)."""
    line: NDArray[np.float64] = data["line"]
    return line if data["tail"] == node else line[::-1]


def clean(graph: Graph[int], border: tuple[float, float, float, float]) -> Graph[int]:
    """Return the graph without spurs, splinters, doubled edges and nodes of degree two.

    Parameters
    ----------
    graph
        Raw graph; it is not changed.
    border
        Lowest x, lowest y, highest x, highest y: dead ends within 4 pixels of it are kept.
    """
    graph = graph.copy()
    while True:
        before = (graph.number_of_nodes(), graph.number_of_edges())
        prune_spurs(graph, border)
        contract_short(graph)
        drop_loops_and_doubles(graph)
        merge_degree_two(graph)
        if (graph.number_of_nodes(), graph.number_of_edges()) == before:
            break
    return graph


def largest_component(graph: Graph[int]) -> Graph[int]:
    """Return the largest connected part."""
    return graph.subgraph(max(nx.connected_components(graph), key=len)).copy()


def prune_spurs(graph: Graph[int], border: tuple[float, float, float, float]) -> None:
    """Drop short dead ends, in place."""
    x0, y0, x1, y1 = border
    for node in sorted(graph):
        x, y = graph.nodes[node]["xy"]
        at_border = min(x - x0, y - y0, x1 - x, y1 - y) < 4
        if graph.degree(node) == 1 and not at_border:
            (_, _, data) = next(iter(graph.edges(node, data=True)))
            if length(data["line"]) < SPUR:
                graph.remove_node(node)
    graph.remove_nodes_from([node for node, degree in dict(graph.degree()).items() if degree == 0])


def contract_short(graph: Graph[int]) -> None:
    """Make one node of junctions that a short edge joins, in place."""
    short: nx.Graph[int] = nx.Graph()
    for u, v, data in graph.edges(data=True):
        if u != v and length(data["line"]) < CLUSTER and min(graph.degree(u), graph.degree(v)) > 1:
            short.add_edge(u, v)
    for group in sorted(map(sorted, nx.connected_components(short))):
        merge_nodes(graph, group)


def merge_nodes(graph: Graph[int], group: Sequence[int]) -> None:
    """Make one node, at the mean place, of a group; edges inside it go if they are short. In place."""
    place = np.mean([graph.nodes[node]["xy"] for node in group], axis=0)
    keep, members = group[0], set(group)
    for u, v, key, data in list(graph.edges(group, keys=True, data=True)):
        graph.remove_edge(u, v, key)
        line = np.array(data["line"])
        tail = data["tail"]
        head = v if tail == u else u
        if tail in members and head in members and length(line) < LOOP:
            continue
        if tail in members:
            line = np.vstack([place, line[1:] if len(line) > 2 else line[-1:]])
        if head in members:
            line = np.vstack([line[:-1] if len(line) > 2 else line[:1], place])
        tail, head = (keep if tail in members else tail), (keep if head in members else head)
        graph.add_edge(tail, head, **{**data, "line": line, "tail": tail})
    graph.remove_nodes_from(group[1:])
    graph.nodes[keep]["xy"] = place


def drop_loops_and_doubles(graph: Graph[int]) -> None:
    """Drop short loops, and the longer of two edges side by side between the same nodes. In place."""
    for u, v, key, data in list(graph.edges(keys=True, data=True)):
        if u == v and length(data["line"]) < LOOP:
            graph.remove_edge(u, v, key)
    for u, v in sorted({(min(u, v), max(u, v)) for u, v in graph.edges() if u != v}):
        keys = sorted(graph[u][v], key=lambda key: length(graph[u][v][key]["line"]))
        for first, second in itertools.combinations(keys, 2):
            if graph.has_edge(u, v, first) and graph.has_edge(u, v, second):
                one, two = graph[u][v][first]["line"], graph[u][v][second]["line"]
                if max(nearest(cKDTree(a), b)[0].max() for a, b in ((one, two), (two, one))) < DOUBLE:
                    graph.remove_edge(u, v, second)


def merge_degree_two(graph: Graph[int]) -> None:
    """Join the two edges of every node of degree two that is not fixed, keeping the geometry. In place."""
    for node in sorted(graph):
        if graph.degree(node) != 2 or graph.nodes[node].get("fixed"):
            continue
        edges = list(graph.edges(node, keys=True, data=True))
        if len(edges) != 2 or any(u == v for u, v, _, _ in edges):
            continue
        (_, a, _, one), (_, b, _, two) = edges
        if one.get("highway") != two.get("highway"):
            continue
        line = np.vstack([line_from(node, one)[::-1], line_from(node, two)[1:]])
        graph.remove_node(node)
        graph.add_edge(a, b, **{**one, "line": line, "tail": a})


def smooth(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the line without staircase, resampled every pixel, its ends where they were."""
    along = np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
    if along[-1] < 3:
        return line[[0, -1]] if not np.array_equal(line[0], line[-1]) else line
    at = np.linspace(0, along[-1], int(along[-1]) + 2)
    even = np.column_stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])])
    reach = min(int(4 * SMOOTHING), len(even) - 1)
    # Point reflection about each end keeps the end in place and the direction there free.
    before, after = 2 * even[0] - even[reach:0:-1], 2 * even[-1] - even[-2 : -reach - 2 : -1]
    padded = np.vstack([before, even, after])
    result = gaussian_filter1d(padded, SMOOTHING, axis=0, truncate=3)[reach : reach + len(even)]
    result[[0, -1]] = line[[0, -1]]
    return np.asarray(result, dtype=float)


def split_edge(
    graph: Graph[int], edge: tuple[int, int, int], places: Sequence[tuple[float, int]]
) -> list[tuple[int, int, int]]:
    """Split an edge at new nodes, in place.

    Parameters
    ----------
    graph
        The graph.
    edge
        u, v, key.
    places
        Position along the edge's line (pixels from its tail) and id of each new node, in order.

    Returns
    -------
    The pieces, from the tail on. A ``length_m`` of the edge is shared among them.
    """
    u, v, key = edge
    data = graph.edges[edge]
    tail = data["tail"]
    head = v if tail == u else u
    line = data["line"]
    along = np.r_[0, np.cumsum(np.hypot(*np.diff(line, axis=0).T))]
    graph.remove_edge(u, v, key)
    pieces = []
    start, last = 0.0, tail
    for stop, node in [*places, (float(along[-1]), head)]:
        between = line[(along > start + 1e-9) & (along < stop - 1e-9)]
        ends = np.array([[np.interp(at, along, line[:, axis]) for axis in (0, 1)] for at in (start, stop)])
        if node not in graph:
            graph.add_node(node, xy=ends[1])
        piece = {**data, "line": np.vstack([ends[:1], between, ends[1:]]), "tail": last}
        if "length_m" in data:
            piece["length_m"] = data["length_m"] * (stop - start) / float(along[-1])
        pieces.append((last, node, graph.add_edge(last, node, **piece)))
        start, last = stop, node
    return pieces


def mend_gaps(graph: Graph[int], border: tuple[float, float, float, float], *, reach: float) -> int:
    """Lead dead ends to another line that passes within ``reach`` pixels; in place, returns how many.

    Lines put in by hand (with a ``length_m``) take no dead ends. Tiles drop the ramps, so an expressway may
    end a few hundred meters before the road it joins.
    """
    x0, y0, x1, y1 = border
    mended = 0
    for node in sorted(graph):
        x, y = graph.nodes[node]["xy"]
        if (
            graph.degree(node) != 1
            or min(x - x0, y - y0, x1 - x, y1 - y) < 4
            or graph.nodes[node].get("fixed")
        ):
            continue
        own = next(iter(graph.edges(node, keys=True)))
        own = (*sorted(own[:2]), own[2])
        best: tuple[float, float, tuple[int, int, int]] | None = None
        for u, v, key, data in graph.edges(keys=True, data=True):
            if "length_m" in data or (*sorted((u, v)), key) == own or not _near(data["line"], (x, y), reach):
                continue
            position, distance = project(data["line"], np.array([x, y]))
            if distance <= reach and (best is None or distance < best[0]):
                best = (distance, position, (u, v, key))
        if best is not None:
            target = node_at(graph, best[2], best[1], snap=CLUSTER)
            if target != node and not graph.has_edge(node, target):
                line = np.array([graph.nodes[node]["xy"], graph.nodes[target]["xy"]])
                graph.add_edge(node, target, tail=node, line=line)
                mended += 1
    return mended


def _near(line: NDArray[np.float64], xy: tuple[float, float], reach: float) -> bool:
    low, high = line.min(axis=0) - reach, line.max(axis=0) + reach
    return bool(low[0] <= xy[0] <= high[0] and low[1] <= xy[1] <= high[1])


def node_at(graph: Graph[int], edge: tuple[int, int, int], position: float, *, snap: float) -> int:
    """Node at a position along an edge: an end within ``snap`` pixels, else a new one that splits it."""
    u, v, _ = edge
    data = graph.edges[edge]
    head = v if data["tail"] == u else u
    total = length(data["line"])
    if min(position, total - position) <= snap:
        return int(data["tail"] if position <= total / 2 else head)
    new = max(graph) + 1
    split_edge(graph, edge, [(position, new)])
    return new


def nearest_node(graph: Graph[int], xy: NDArray[np.float64], *, snap: float) -> int:
    """Node where the nearest edge passes a place, made there unless an end is within ``snap`` pixels."""
    on = {edge: project(graph.edges[edge]["line"], xy) for edge in sorted(graph.edges(keys=True))}
    edge = min(on, key=lambda one: on[one][1])
    return node_at(graph, edge, on[edge][0], snap=snap)


def project(line: NDArray[np.float64], xy: NDArray[np.float64]) -> tuple[float, float]:
    """Position along a line (pixels from its start) of its point nearest to ``xy``, and the distance."""
    start, along = line[:-1], np.diff(line, axis=0)
    square = np.maximum((along**2).sum(axis=1), 1e-12)
    share = np.clip(((xy - start) * along).sum(axis=1) / square, 0, 1)
    distance = np.hypot(*(start + share[:, None] * along - xy).T)
    best = int(distance.argmin())
    before = length(line[: best + 1]) if best else 0.0
    return before + float(share[best] * np.sqrt(square[best])), float(distance[best])
