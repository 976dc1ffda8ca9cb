"""An analyst's own link counts: a file in, counted sections of the road network out; schema in docs/od.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError
from planner.closures import closed_arcs
from planner.table_file import FAULTS_NAMED, FaultLog, open_table

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from planner.table_file import Block

REQUIRED = ("count_per_day",)
OPTIONAL = ("road_ref", "from", "to", "u", "v", "truck_share", "truck_percent", "year", "weight")

#: Counted sections of one file: each is a dense row of the estimation.
MOST_COUNTS = 1000

#: Lowest and highest value, what an empty cell means, and how to mend a cell out of range.
_LIMITS = {
    "count_per_day": (0.0, 1e6, np.nan, "Give vehicles per day, both directions together"),
    "truck_share": (0.0, 1.0, 1.0, "Write 0.35 for 35 %, or name the column truck_percent"),
    "truck_percent": (0.0, 100.0, 100.0, "A percentage ends at 100"),
    "year": (2000.0, 2100.0, np.nan, "Give the year of the count, or leave the cell empty"),
    "weight": (1e-6, 1e6, 1.0, "Give a number above 0: 4 counts for four of weight 1"),
}
_PERCENT = 100.0
_DIRECTIONS = 2.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LinkCounts:
    """Counted sections.

    Parameters
    ----------
    table
        One row per count: ``row`` of the file, ``section`` as written, ``trucks_per_day`` (both directions),
        ``year`` (NaN: that of the scenario), ``weight``, ``section_km`` (one way).
    sections
        Of each count the arcs of its section, both directions.
    encoding
        Of a text file; empty for the others.
    ignored
        Columns that say nothing here.
    """

    table: pd.DataFrame
    sections: list[NDArray[np.int64]]
    encoding: str
    ignored: tuple[str, ...]


def read_counts(
    path: Path, network: RoadNetwork, *, zones: pd.DataFrame, faults_named: int = FAULTS_NAMED
) -> LinkCounts:
    """Return the counts of a file on the network.

    Parameters
    ----------
    path
        ``.csv``, ``.xlsx`` or ``.parquet``.
    network
        Road network.
    zones
        Places by name, as for :func:`planner.places.position`.
    faults_named
        Faulty cells named one by one; the rest is counted.

    Raises
    ------
    corridor.errors.InputError
        With every faulty cell counted and the first ones named by row and column.
    """
    file = open_table(path, required=REQUIRED)
    used = [name for name in (*REQUIRED, *OPTIONAL) if name in file.names]
    _check_columns(used, path)
    log = FaultLog(path.name, faults_named)
    parts: list[pd.DataFrame] = []
    for block in file.blocks(used, log):
        parts.append(_cells(block, log))
        if sum(map(len, parts)) > MOST_COUNTS:
            what = f"there are more than {MOST_COUNTS:,} counts"
            raise InputError(Fault(what, path.name, "Keep the sections that matter"))
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty and not log.count:
        raise InputError(
            Fault("there is no row below the header", path.name, "Give a row per counted section")
        )
    sections = _placed(table, network, zones, log) if len(table) else []
    log.raise_if_any()
    km = [float(network.length_km[arcs].sum()) for arcs in sections]
    return LinkCounts(
        table=table.drop(columns="is_edge").assign(section_km=np.array(km) / _DIRECTIONS),
        sections=sections,
        encoding=file.encoding,
        ignored=tuple(name for name in file.names if name and name not in used),
    )


def _check_columns(used: list[str], path: Path) -> None:
    """Refuse a header that names no road or says a share twice."""
    faults = []
    if "road_ref" not in used and not {"u", "v"} <= set(used):
        mend = "Name the road: road_ref with from and to, or two node ids u and v"
        faults.append(Fault("no column says where the counts are", path.name, mend))
    if {"truck_share", "truck_percent"} <= set(used):
        what = "truck_share and truck_percent say the same thing"
        faults.append(Fault(what, path.name, "Keep one of the two columns"))
    if faults:
        raise InputError(faults)


def _cells(block: Block, log: FaultLog) -> pd.DataFrame:
    """Return the figures of a block and its sections as written in the grammar of closures."""
    values = {name: _number(block, name, log) for name in _LIMITS if name in block.columns}
    share = values.get("truck_share", np.ones(len(block.rows)))
    if "truck_percent" in values:
        share = values["truck_percent"] / _PERCENT
    sections, is_edge = _sections(block)
    return pd.DataFrame(
        {
            "row": block.rows,
            "section": sections,
            "is_edge": is_edge,
            "trucks_per_day": values["count_per_day"] * share,
            "year": values.get("year", np.full(len(block.rows), np.nan)),
            "weight": values.get("weight", np.ones(len(block.rows))),
        }
    )


def _number(block: Block, column: str, log: FaultLog) -> NDArray[np.float64]:
    """(n,) float64 within the column's limits, its default where empty."""
    low, high, default, mend = _LIMITS[column]
    values, empty = block.numbers(column)
    with np.errstate(invalid="ignore"):
        checks = [
            (~np.isfinite(values) & ~empty, "is not a finite number", "Write a plain number"),
            (values < low, "is negative" if low == 0 else f"is below {low:g}", mend),
            (values > high, f"is above {high:,g}", mend),
        ]
    if column in REQUIRED:
        checks.append((empty, "is empty", "Leave the row out where nothing was counted"))
    for faulty, what, mended in checks:
        at = np.flatnonzero(faulty)
        if len(at):
            log.add(block.rows[at], column, what, mended)
    return np.where(empty, default, values)


def _sections(block: Block) -> tuple[list[str], list[bool]]:
    """Return each row's section as text, and whether it is one edge between two nodes."""
    cells = {
        name: _texts(block, name) if name in block.columns else [""] * len(block.rows)
        for name in ("road_ref", "from", "to", "u", "v")
    }
    sections, is_edge = [], []
    for ref, start, end, u, v in zip(*cells.values(), strict=True):
        posts = _is_number(start) and _is_number(end)
        if u and v:
            text = f"{u.removesuffix('.0')}..{v.removesuffix('.0')}"
        elif ref and start and end:
            text = f"{ref} km {start}..{end}" if posts else f"{ref} {start}..{end}"
        else:  # half a section says nothing: the grammar refuses it
            text = ref if not (start or end or u or v) else f"{ref} {start}{end}{u}{v} ?"
        sections.append(text)
        is_edge.append(bool(u and v))
    return sections, is_edge


def _texts(block: Block, column: str) -> list[str]:
    """Return the cells of a column as text."""
    position, texts = block.text(column)
    return [texts[at] for at in position]


def _is_number(text: str) -> bool:
    """Tell whether a cell is a km post."""
    return text.replace(".", "", 1).isdecimal()


def _placed(
    table: pd.DataFrame, network: RoadNetwork, zones: pd.DataFrame, log: FaultLog
) -> list[NDArray[np.int64]]:
    """Return the arcs of each section, both directions; log sections that are not there or repeat."""
    sections: list[NDArray[np.int64]] = []
    seen: dict[bytes, int] = {}
    for row, text, is_edge in zip(table["row"], table["section"], table["is_edge"], strict=True):
        arcs = np.zeros(0, dtype=np.int64)
        try:
            arcs = closed_arcs(network, [text], zones=zones)
        except InputError as error:
            for fault in error.faults:
                column = "u, v" if is_edge else "road_ref, from, to"
                what = fault.what if text else "names no road"
                log.add(np.array([row]), column, what, fault.mend)
        if is_edge and len(arcs):
            arcs = _with_reverse(network, arcs)
        sections.append(arcs)
        earlier = seen.setdefault(arcs.tobytes(), int(row))
        if len(arcs) and earlier != row:
            what = f"repeats the section of row {earlier}"
            log.add(np.array([row]), "", what, "Give one count per section, or average them")
    return sections


def _with_reverse(network: RoadNetwork, arcs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return arcs and those that lead back between the same nodes."""
    key = network.tails.astype(np.int64) * network.n_nodes + network.heads
    back = network.heads[arcs].astype(np.int64) * network.n_nodes + network.tails[arcs]
    return np.union1d(arcs, np.flatnonzero(np.isin(key, back)))
