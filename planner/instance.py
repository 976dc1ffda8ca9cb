"""Bare network instances: a directory with node.csv, link.csv (after GMNS) and flow.csv.

``node.csv``
    node_id, x_coord, y_coord, optional `candidate` (1: a station may stand here; default 1).
``link.csv``
    link_id, from_node_id, to_node_id, directed (0: drivable both ways), length.
``flow.csv``
    origin, destination, volume, optional `path` (node ids from origin to destination, separated by spaces;
    empty or absent: the shortest path).

Lengths are in any unit, the same as the range asked about. Node ids are any text without spaces. A volume
counts round trips, which come back on their own path reversed, also where the network is directed.

Of several shortest paths the one is taken that a textbook Dijkstra search settles first: nodes by distance,
then in the order they were reached, neighbors in the order of link.csv (the order of networkx).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

_COLUMNS = {
    "node.csv": ("node_id", "x_coord", "y_coord"),
    "link.csv": ("link_id", "from_node_id", "to_node_id", "directed", "length"),
    "flow.csv": ("origin", "destination", "volume"),
}
_FLAGS = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0, "0.0": 0.0, "1.0": 1.0}
#: Faults of one kind that are listed one by one; more are counted.
_LISTED = 20


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
    """

    node_ids: tuple[int, ...] | tuple[str, ...]
    candidates: Indices
    offsets: Indices
    nodes: Indices
    distance: Floats
    volume: Floats

    @property
    def length(self) -> Floats:
        """(n_flows,) float64, length of each path."""
        return self.distance[self.offsets[1:] - 1]


@dataclass(frozen=True, slots=True)
class _Links:
    """Shortest link between linked vertices, by tail vertex, in the order of link.csv."""

    heads: tuple[dict[int, float], ...]


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
    tables = {name: _read_table(directory, name, faults) for name in _COLUMNS}
    node, link, flow = (tables[name] for name in _COLUMNS)
    if node is None or link is None or flow is None:
        raise InputError(faults)
    vertex = _check_nodes(node, faults)
    links = _check_links(link, vertex, faults)
    origin, destination, volume = _check_flows(flow, vertex, faults)
    if faults:  # paths make sense on a sound network only
        raise InputError(faults)
    paths = _paths(flow, origin, destination, vertex=vertex, links=links, faults=faults)
    if faults:
        raise InputError(faults)
    candidate = _flags(node, "candidate", "node.csv", []) if "candidate" in node else np.ones(len(node))
    nodes = np.fromiter((v for path in paths for v in path), dtype=np.int64)
    distance = np.fromiter((d for path in paths for d in _cumulative(path, links)), dtype=np.float64)
    return NetworkInstance(
        node_ids=_as_given(list(vertex)),
        candidates=np.flatnonzero(candidate == 1.0).astype(np.int64),
        offsets=np.concatenate([[0], np.cumsum([len(path) for path in paths])]).astype(np.int64),
        nodes=nodes,
        distance=distance,
        volume=volume,
    )


def _read_table(directory: Path, name: str, faults: list[Fault]) -> pd.DataFrame | None:
    """Read one file as stripped text; the index keeps the rows as they stand in the file."""
    path = directory / name
    try:
        table: pd.DataFrame = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            encoding="utf-8-sig",
            index_col=False,
        )
    except FileNotFoundError:
        faults.append(
            Fault("the file is missing", str(path), "An instance is node.csv, link.csv and flow.csv")
        )
        return None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError, OSError) as error:
        faults.append(Fault(f"not readable as CSV ({error})", str(path), "Write comma-separated UTF-8 text"))
        return None
    table.columns = table.columns.str.strip()
    table = table.fillna("").apply(lambda column: column.str.strip())
    table = table[(table != "").any(axis=1)]
    missing = [column for column in _COLUMNS[name] if column not in table.columns]
    if missing:
        mend = f"Columns are {', '.join(_COLUMNS[name])}; found {', '.join(map(str, table.columns))}"
        faults.append(Fault(f"column {', '.join(missing)} is missing", name, mend))
        return None
    return table


def _check_nodes(node: pd.DataFrame, faults: list[Fault]) -> dict[str, int]:
    """Return the vertex of each node id."""
    ids = node["node_id"]
    _report(faults, node[ids == ""], "node.csv", lambda _: "node_id is empty", "Give every node an id")
    repeated = ids.duplicated() & (ids != "")
    _report(
        faults, node[repeated], "node.csv", lambda row: f"node_id {row['node_id']} stands twice", "Keep one"
    )
    spaced = ids.str.contains(r"\s")
    _report(
        faults, node[spaced], "node.csv", lambda row: f"node_id {row['node_id']!r} holds a space", "Remove it"
    )
    for column in ("x_coord", "y_coord"):
        _numbers(node, column, "node.csv", faults, lowest=-np.inf)
    if "candidate" in node:
        _flags(node, "candidate", "node.csv", faults)
    if node.empty:
        faults.append(Fault("no nodes", "node.csv"))
    return {name: vertex for vertex, name in enumerate(ids)}


def _check_links(link: pd.DataFrame, vertex: dict[str, int], faults: list[Fault]) -> _Links:
    """Return the links by tail vertex."""
    ids = link["link_id"]
    _report(faults, link[ids == ""], "link.csv", lambda _: "link_id is empty", "Give every link an id")
    repeated = ids.duplicated() & (ids != "")
    _report(
        faults, link[repeated], "link.csv", lambda row: f"link_id {row['link_id']} stands twice", "Keep one"
    )
    tail = _vertices(link, "from_node_id", "link.csv", vertex, faults)
    head = _vertices(link, "to_node_id", "link.csv", vertex, faults)
    directed = _flags(link, "directed", "link.csv", faults)
    length = _numbers(link, "length", "link.csv", faults, lowest=0.0)
    heads: list[dict[int, float]] = [{} for _ in range(len(vertex))]
    columns = (column.tolist() for column in (tail, head, directed, length))
    for u, v, one_way, km in zip(*columns, strict=True):
        if u < 0 or v < 0:
            continue
        heads[u][v] = min(km, heads[u].get(v, km))
        if not one_way:
            heads[v][u] = min(km, heads[v].get(u, km))
    return _Links(tuple(heads))


def _check_flows(
    flow: pd.DataFrame, vertex: dict[str, int], faults: list[Fault]
) -> tuple[Indices, Indices, Floats]:
    """Return origin and destination vertices and volumes."""
    origin = _vertices(flow, "origin", "flow.csv", vertex, faults)
    destination = _vertices(flow, "destination", "flow.csv", vertex, faults)
    loops = (origin == destination) & (origin >= 0)
    _report(
        faults,
        flow[loops],
        "flow.csv",
        lambda _: "origin is the destination",
        "Leave trips within a node out",
    )
    return origin, destination, _numbers(flow, "volume", "flow.csv", faults, lowest=0.0)


def _paths(
    flow: pd.DataFrame,
    origin: Indices,
    destination: Indices,
    *,
    vertex: dict[str, int],
    links: _Links,
    faults: list[Fault],
) -> list[Sequence[int]]:
    """Return the path of every flow: the one given, else a shortest one."""
    given = flow["path"].tolist() if "path" in flow else [""] * len(flow)
    wanted: dict[int, set[int]] = {}
    for text, o, d in zip(given, origin.tolist(), destination.tolist(), strict=True):
        if not text:
            wanted.setdefault(o, set()).add(d)
    trees = {o: _shortest_path_tree(links, o, destinations) for o, destinations in wanted.items()}
    paths: list[Sequence[int]] = []
    columns = (flow.index, given, origin.tolist(), destination.tolist(), flow["origin"], flow["destination"])
    for row, text, o, d, origin_id, destination_id in zip(*columns, strict=True):
        where = f"flow.csv row {row + 2}"
        if text:
            names = text.split()
            path: Sequence[int] = [vertex.get(name, -1) for name in names]
            what = _path_fault(names, path, o, d, links)
            if what:
                faults.append(Fault(what, f"{where} path", "List linked nodes from origin to destination"))
        else:
            path = _unwind(trees[o], o, d)
            if not path:
                what = f"no links lead from {origin_id} to {destination_id}"
                faults.append(Fault(what, where, "Add the links or remove the flow"))
        paths.append(path)
    return paths


def _path_fault(
    names: Sequence[str], path: Sequence[int], origin: int, destination: int, links: _Links
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


def _shortest_path_tree(links: _Links, origin: int, wanted: set[int]) -> dict[int, int]:
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


def _cumulative(path: Sequence[int], links: _Links) -> Iterable[float]:
    """Yield the distance of each vertex from the first."""
    total = 0.0
    yield total
    for u, v in pairwise(path):
        total += links.heads[u][v]
        yield total


def _vertices(
    table: pd.DataFrame, column: str, file: str, vertex: dict[str, int], faults: list[Fault]
) -> Indices:
    """Return the vertex of each node id of a column, -1 where there is none."""
    vertices: Indices = np.asarray(table[column].map(vertex).fillna(-1), dtype=np.int64)
    _report(
        faults,
        table[vertices < 0],
        file,
        lambda row: f"{column} {row[column]!r} is not in node.csv",
        "Add the node or correct the id",
    )
    return vertices


def _numbers(table: pd.DataFrame, column: str, file: str, faults: list[Fault], *, lowest: float) -> Floats:
    """Return a column as finite numbers not below the lowest."""
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~np.isfinite(values) | (values < lowest)
    mend = "Write a number" if lowest == -np.inf else f"Write a number of at least {lowest:g}"
    _report(faults, table[wrong], file, lambda row: f"{column} {row[column]!r} will not do", mend)
    return values


def _flags(table: pd.DataFrame, column: str, file: str, faults: list[Fault]) -> Floats:
    """Return a column of 0 and 1."""
    values: Floats = np.asarray(table[column].str.lower().map(_FLAGS), dtype=np.float64)
    wrong = table[np.isnan(values)]
    _report(faults, wrong, file, lambda row: f"{column} {row[column]!r} will not do", "Write 0 or 1")
    return np.where(np.isnan(values), 0.0, values)


def _report(
    faults: list[Fault], rows: pd.DataFrame, file: str, what: Callable[[pd.Series[str]], str], mend: str
) -> None:
    """Add a fault per row: the first ones by name, the rest by count."""
    for row, values in rows.head(_LISTED).iterrows():
        faults.append(Fault(what(values), f"{file} row {int(str(row)) + 2}", mend))
    if len(rows) > _LISTED:
        faults.append(Fault(f"{len(rows) - _LISTED} more rows of the same kind", file))


def _as_given(names: list[str]) -> tuple[int, ...] | tuple[str, ...]:
    """Return whole numbers as int when all ids are, else the texts."""
    numbers = [int(name) if name.lstrip("-").isdecimal() else None for name in names]
    if all(number is not None and str(number) == name for number, name in zip(numbers, names, strict=True)):
        return tuple(number for number in numbers if number is not None)
    return tuple(names)
