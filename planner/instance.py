"""Bare network instances: a directory with node.csv, link.csv (after GMNS) and flow.csv.

``node.csv``
    node_id, x_coord, y_coord, optional `candidate` (1: a station may stand here; default 1) and the columns
    of `planner.station_columns`.
``link.csv``
    link_id, from_node_id, to_node_id, directed (0: drivable both ways), length.
``flow.csv``
    origin, destination, volume, optional `path` (node ids from origin to destination, separated by spaces;
    empty or absent: the shortest path).

Lengths are in any unit, the same as the range asked about. Node ids are any text without spaces. A volume
counts round trips, which come back on their own path reversed, also where the network is directed, or trips
one way.

Of several shortest paths the one is taken that a textbook Dijkstra search settles first: nodes by distance,
then in the order they were reached, neighbors in the order of link.csv (the order of networkx).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError
from planner.instance_tables import (
    Links,
    as_given,
    check_links,
    check_nodes,
    flags,
    link_matrix,
    numbers,
    read_table,
    report,
    report_first,
    vertices_of,
)
from planner.station_columns import station_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray
    from scipy import sparse

    from planner.station_columns import StationColumns

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

_COLUMNS = {
    "node.csv": ("node_id", "x_coord", "y_coord"),
    "link.csv": ("link_id", "from_node_id", "to_node_id", "directed", "length"),
    "flow.csv": ("origin", "destination", "volume"),
}
_NETWORK = ("node.csv", "link.csv")
_MEND = "An instance is node.csv, link.csv and flow.csv"
_ADD_UP = "Add up flows between the same two nodes"
#: Most nodes all paths together may have: what is made of them stays below 4 GB.
MOST_PATH_NODES = 20_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInstance:
    """A network with flows, each on one path.

    Parameters
    ----------
    node_ids
        Node ids as given; int if all of them are whole numbers.
    candidates
        (n_candidates,) int64, vertices (rows of node.csv) where a station may stand.
    offsets
        (n_flows + 1,) int64, path of flow q is ``nodes[offsets[q]:offsets[q + 1]]``.
    nodes
        (offsets[-1],) int64, vertices from origin to destination.
    distance
        (offsets[-1],) float64, from the origin, in the unit of link.csv.
    volume
        (n_flows,) float64.
    links
        (n_nodes, n_nodes) sparse, length of the shortest link.
    at_nodes
        What stations cost, who may enter them, what vehicles start with.
    """

    node_ids: tuple[int, ...] | tuple[str, ...]
    candidates: Indices
    offsets: Indices
    nodes: Indices
    distance: Floats
    volume: Floats
    links: sparse.csr_array
    at_nodes: StationColumns

    @property
    def length(self) -> Floats:
        """(n_flows,) float64, length of each path."""
        return self.distance[self.offsets[1:] - 1]


def read_instance(directory: Path) -> NetworkInstance:
    """Read and check a network instance.

    Parameters
    ----------
    directory
        Where node.csv, link.csv and flow.csv are.

    Raises
    ------
    InputError
        With every fault found: file, row (1 is the header) and mend.
    """
    faults: list[Fault] = []
    node, link = (read_table(directory, name, _COLUMNS[name], faults, mend=_MEND) for name in _NETWORK)
    flow = read_table(
        directory, "flow.csv", _COLUMNS["flow.csv"], faults, mend=_MEND, too_long=f"{_ADD_UP}, or give fewer"
    )
    if node is None or link is None or flow is None:
        raise InputError(faults)
    vertex = check_nodes(node, faults)
    links = check_links(link, vertex, faults)
    origin, destination, volume = _check_flows(flow, vertex, faults)
    at_nodes = station_columns(node, vertex, links, faults)
    if faults:  # paths make sense on a sound network only
        raise InputError(faults)
    paths = _paths(flow, origin, destination, vertex=vertex, links=links, faults=faults)
    if faults:
        raise InputError(faults)
    candidate = flags(node, "candidate", "node.csv", []) if "candidate" in node else np.ones(len(node))
    nodes = np.fromiter((v for path in paths for v in path), dtype=np.int64)
    distance = np.fromiter((d for path in paths for d in _cumulative(path, links)), dtype=np.float64)
    return NetworkInstance(
        node_ids=as_given(list(vertex)),
        candidates=np.flatnonzero(candidate == 1.0).astype(np.int64),
        offsets=np.concatenate([[0], np.cumsum([len(path) for path in paths])]).astype(np.int64),
        nodes=nodes,
        distance=distance,
        volume=volume,
        links=link_matrix(links),
        at_nodes=at_nodes,
    )


def _check_flows(
    flow: pd.DataFrame, vertex: dict[str, int], faults: list[Fault]
) -> tuple[Indices, Indices, Floats]:
    """Return origin and destination vertices and volumes."""
    origin = vertices_of(flow, "origin", "flow.csv", vertex, faults)
    destination = vertices_of(flow, "destination", "flow.csv", vertex, faults)
    loops = (origin == destination) & (origin >= 0)
    report(
        faults,
        flow[loops],
        "flow.csv",
        lambda _: "origin is the destination",
        "Leave trips within a node out",
    )
    return origin, destination, numbers(flow, "volume", "flow.csv", faults, lowest=0.0)


def _paths(
    flow: pd.DataFrame,
    origin: Indices,
    destination: Indices,
    *,
    vertex: dict[str, int],
    links: Links,
    faults: list[Fault],
) -> list[Sequence[int]]:
    """Return the path of every flow: the one given, else a shortest one."""
    given = flow["path"].tolist() if "path" in flow else [""] * len(flow)
    wanted: dict[int, set[int]] = {}
    for text, o, d in zip(given, origin.tolist(), destination.tolist(), strict=True):
        if not text:
            wanted.setdefault(o, set()).add(d)
    found = {
        (o, d): _unwind(tree, o, d)
        for o, destinations in wanted.items()
        for tree in (_shortest_path_tree(links, o, destinations),)
        for d in destinations
    }
    paths: list[Sequence[int]] = []
    wrong: list[Fault] = []
    size = 0
    columns = (flow.index, given, origin.tolist(), destination.tolist(), flow["origin"], flow["destination"])
    for row, text, o, d, origin_id, destination_id in zip(*columns, strict=True):
        where = f"flow.csv row {row + 2}"
        if text:
            names = text.split()
            path: Sequence[int] = [vertex.get(name, -1) for name in names]
            if what := _path_fault(names, path, o, d, links):
                wrong.append(Fault(what, f"{where} path", "List linked nodes from origin to destination"))
        else:
            path = found[o, d]
            if not path:
                what = f"no links lead from {origin_id} to {destination_id}"
                wrong.append(Fault(what, where, "Add the links or remove the flow"))
        paths.append(path)
        size += len(path)
        if size > MOST_PATH_NODES:
            what = f"the paths up to row {row + 2} hold more than {MOST_PATH_NODES:,} nodes"
            faults.append(Fault(what, "flow.csv", _ADD_UP))
            break
    report_first(faults, wrong, "flow.csv")
    return paths


def _path_fault(
    names: Sequence[str], path: Sequence[int], origin: int, destination: int, links: Links
) -> str | None:
    """Say what is wrong with a path given."""
    for name, v in zip(names, path, strict=True):
        if v < 0:
            return f"node {name} is not in node.csv"
    if path[0] != origin:
        return f"starts at {names[0]}, not at the origin"
    if path[-1] != destination:
        return f"ends at {names[-1]}, not at the destination"
    for (u, v), (a, b) in zip(pairwise(path), pairwise(names), strict=True):
        if v not in links.heads[u]:
            return f"no link leads from {a} to {b}"
    return None


def _shortest_path_tree(links: Links, origin: int, wanted: set[int]) -> dict[int, int]:
    """Dijkstra from one origin until all wanted vertices are settled: predecessor of each vertex reached."""
    distance = {origin: 0.0}
    predecessor = {origin: origin}
    settled: set[int] = set()
    missing = len(wanted - {origin})
    queue = [(0.0, 0, origin)]
    pushed = 0
    while queue and missing:
        d, _, u = heapq.heappop(queue)
        if u in settled:
            continue
        settled.add(u)
        missing -= u in wanted and u != origin
        for v, length in links.heads[u].items():
            if v not in settled and (v not in distance or d + length < distance[v]):
                distance[v] = d + length
                predecessor[v] = u
                pushed += 1
                heapq.heappush(queue, (distance[v], pushed, v))
    return predecessor


def _unwind(predecessor: dict[int, int], origin: int, destination: int) -> list[int]:
    """Return the path to the destination; empty when it was not reached."""
    if destination not in predecessor:
        return []
    path = [destination]
    while path[-1] != origin:
        path.append(predecessor[path[-1]])
    return path[::-1]


def _cumulative(path: Sequence[int], links: Links) -> Iterable[float]:
    """Yield the distance of each vertex from the first."""
    total = 0.0
    yield total
    for u, v in pairwise(path):
        total += links.heads[u][v]
        yield total
