"""The tables of bare network instances: read as text, then checked row by row.

What stands in the files is described in `planner.instance`, `planner.demand_points` and
`planner.facility_instance`. Every check adds its faults to a list, so that a person sees all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from corridor.errors import Fault
from planner.instance_files import text_blocks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

_FLAGS = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0, "0.0": 0.0, "1.0": 1.0}
#: Faults of one kind that are listed one by one; more are counted.
_LISTED = 20
#: Most rows and bytes of a table: bounds the memory reading may take, to about 2 GB.
MOST_ROWS, MOST_BYTES = 2_000_000, 500_000_000
#: Largest number taken: sums of millions of them stay exact to a part in a billion, and finite.
LARGEST = 1e15


@dataclass(frozen=True, slots=True)
class Links:
    """Shortest link between linked vertices, by tail vertex, in the order of link.csv."""

    heads: tuple[dict[int, float], ...]


def read_table(
    directory: Path,
    name: str,
    columns: tuple[str, ...],
    faults: list[Fault],
    *,
    mend: str,
    too_long: str = "Give a smaller instance: this one would not fit into memory",
) -> pd.DataFrame | None:
    """Read one file as stripped text; the index keeps the rows as they stand in the file.

    Parameters
    ----------
    directory, name
        Where the file is.
    columns
        Those it must have.
    faults
        What is wrong is added here; the result is then None.
    mend, too_long
        What to do if the file is missing, or too long.
    """
    path = directory / name
    if not path.exists():
        faults.append(Fault("the file is missing", str(path), mend))
        return None
    if (size := path.stat().st_size) > MOST_BYTES:
        what = f"{size / 1e6:,.0f} MB are more than {MOST_BYTES / 1e6:,.0f} MB"
        faults.append(Fault(what, name, too_long))
        return None
    table = next(text_blocks(path, columns, faults, rows=MOST_ROWS + 1), None)
    if table is not None and len(table) > MOST_ROWS:
        faults.append(Fault(f"has more than {MOST_ROWS:,} rows", name, too_long))
        return None
    return table


def check_nodes(node: pd.DataFrame, faults: list[Fault]) -> dict[str, int]:
    """Return the vertex of each node id; of an id that stands twice, the last."""
    ids = node["node_id"]
    report(faults, node[ids == ""], "node.csv", lambda _: "node_id is empty", "Give every node an id")
    repeated = ids.duplicated() & (ids != "")
    report(
        faults, node[repeated], "node.csv", lambda row: f"node_id {row['node_id']} stands twice", "Keep one"
    )
    spaced = ids.str.contains(r"\s")
    report(
        faults, node[spaced], "node.csv", lambda row: f"node_id {row['node_id']!r} holds a space", "Remove it"
    )
    for column in ("x_coord", "y_coord"):
        numbers(node, column, "node.csv", faults, lowest=-np.inf)
    if "candidate" in node:
        flags(node, "candidate", "node.csv", faults)
    if node.empty:
        faults.append(Fault("no nodes", "node.csv"))
    return {name: vertex for vertex, name in enumerate(ids)}


def check_links(link: pd.DataFrame, vertex: dict[str, int], faults: list[Fault]) -> Links:
    """Return the links by tail vertex."""
    ids = link["link_id"]
    report(faults, link[ids == ""], "link.csv", lambda _: "link_id is empty", "Give every link an id")
    repeated = ids.duplicated() & (ids != "")
    report(
        faults, link[repeated], "link.csv", lambda row: f"link_id {row['link_id']} stands twice", "Keep one"
    )
    tail = vertices_of(link, "from_node_id", "link.csv", vertex, faults)
    head = vertices_of(link, "to_node_id", "link.csv", vertex, faults)
    directed = flags(link, "directed", "link.csv", faults)
    length = numbers(link, "length", "link.csv", faults, lowest=0.0)
    # An id that stands twice leaves vertices no link leads to: a fault by then, but no reason to fail here.
    heads: list[dict[int, float]] = [{} for _ in range(max(vertex.values(), default=-1) + 1)]
    columns = (column.tolist() for column in (tail, head, directed, length))
    for u, v, one_way, km in zip(*columns, strict=True):
        if u < 0 or v < 0:
            continue
        heads[u][v] = min(km, heads[u].get(v, km))
        if not one_way:
            heads[v][u] = min(km, heads[v].get(u, km))
    return Links(tuple(heads))


def vertices_of(
    table: pd.DataFrame, column: str, file: str, vertex: dict[str, int], faults: list[Fault]
) -> Indices:
    """Return the vertex of each node id of a column, -1 where there is none."""
    vertices: Indices = np.asarray(table[column].map(vertex).fillna(-1), dtype=np.int64)
    report(
        faults,
        table[vertices < 0],
        file,
        lambda row: f"{column} {row[column]!r} is not in node.csv",
        "Add the node or correct the id",
    )
    return vertices


def numbers(table: pd.DataFrame, column: str, file: str, faults: list[Fault], *, lowest: float) -> Floats:
    """Return a column as finite numbers not below the lowest, nor larger than `LARGEST`."""
    values = pd.to_numeric(table[column], errors="coerce").to_numpy(dtype=np.float64)
    wrong = ~(np.abs(values) <= LARGEST) | (values < lowest)
    low = -LARGEST if lowest == -np.inf else lowest
    mend = f"Write a number, {low:g} to {LARGEST:g}"
    report(faults, table[wrong], file, lambda row: f"{column} {row[column]!r} will not do", mend)
    return values


def flags(table: pd.DataFrame, column: str, file: str, faults: list[Fault]) -> Floats:
    """Return a column of 0 and 1."""
    values: Floats = np.asarray(table[column].str.lower().map(_FLAGS), dtype=np.float64)
    wrong = table[np.isnan(values)]
    report(faults, wrong, file, lambda row: f"{column} {row[column]!r} will not do", "Write 0 or 1")
    return np.where(np.isnan(values), 0.0, values)


def report(
    faults: list[Fault], rows: pd.DataFrame, file: str, what: Callable[[pd.Series[str]], str], mend: str
) -> None:
    """Add a fault per row: the first ones by name, the rest by count."""
    for row, values in rows.head(_LISTED).iterrows():
        faults.append(Fault(what(values), f"{file} row {int(str(row)) + 2}", mend))
    if len(rows) > _LISTED:
        faults.append(Fault(f"{len(rows) - _LISTED} more rows of the same kind", file))


def report_first(faults: list[Fault], found: list[Fault], file: str) -> None:
    """Add the first of the faults found, and the count of the rest."""
    faults += found[:_LISTED]
    if len(found) > _LISTED:
        faults.append(Fault(f"{len(found) - _LISTED} more rows of the same kind", file))


def as_given(names: list[str]) -> tuple[int, ...] | tuple[str, ...]:
    """Return whole numbers as int when all ids are, else the texts."""
    numbers = [int(name) if name.lstrip("-").isdecimal() else None for name in names]
    if all(number is not None and str(number) == name for number, name in zip(numbers, names, strict=True)):
        return tuple(number for number in numbers if number is not None)
    return tuple(names)


def link_matrix(links: Links) -> sparse.csr_array:
    """Return the links as a sparse matrix; a link of length 0 is kept."""
    degree = [len(heads) for heads in links.heads]
    head = np.fromiter((v for heads in links.heads for v in heads), dtype=np.int32)
    length = np.fromiter((d for heads in links.heads for d in heads.values()), dtype=np.float64)
    start = np.concatenate([[0], np.cumsum(degree)]).astype(np.int32)
    return sparse.csr_array((length, head, start), shape=(len(degree), len(degree)))
