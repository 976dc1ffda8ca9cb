"""Own trips and link counts from files that come without a path: checked, then kept by their content.

A kept file lies under the store by the hash of its content, so that a scenario can name it, another session
or process can read it, and the same name never stands for two contents.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal

import pandas as pd

from corridor.errors import Fault, InputError
from planner import count_input, od_input
from planner.store import store_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.inputs import Inputs

#: Fields of a scenario that name a file.
Kind = Literal["od_table", "link_counts"]
KINDS: tuple[Kind, ...] = ("od_table", "link_counts")

#: Endings of the formats that are read.
ENDINGS = ("csv", "txt", "xlsx", "parquet")

#: Faults listed of one file; the rest is counted.
FAULTS_LISTED = 2_000

_FOLDER = "files"
_HASH_LENGTH = 20
_PLACE = re.compile(r"(?P<file>.+), row (?P<row>\d+)(?:, column (?P<column>.+))?")

_EXAMPLES: dict[Kind, tuple[tuple[object, ...], ...]] = {
    "od_table": (
        ("origin", "destination", "vehicle_class", "trips_per_day", "unit", "fuel_cell_percent"),
        ("510112", "500112", "tractor_49t", 900, "one_way", ""),
        ("500112", "510112", "tractor_49t", 850, "one_way", ""),
        ("雁江区", "渝北区", "tractor_49t", 120, "round_trip", 10),
        ("GW-G5-N", "510112", "tractor_49t", 300, "round_trip", ""),
    ),
    "link_counts": (
        ("road_ref", "from", "to", "count_per_day", "truck_percent", "year", "weight"),
        ("G76", "资阳", "内江", 25_427, 30, 2020, 1),
        ("G5", "雅安", "西昌", 9_000, 35, "", 1),
    ),
}


@dataclass(frozen=True, slots=True)
class TripFile:
    """A sound file that is kept.

    Parameters
    ----------
    path
        Where it is kept.
    name
        As the person named it.
    rows
        Rows with trips or counts.
    """

    path: Path
    name: str
    rows: int


def taken(kind: Kind, file_name: str, content: bytes, *, inputs: Inputs) -> TripFile:
    """Check a file and keep it.

    Parameters
    ----------
    kind
        What it holds.
    file_name
        As the person named it: its ending tells the format, faults name it.
    content
        The file.
    inputs
        Zones and roads it may name.

    Raises
    ------
    corridor.errors.InputError
        With every faulty cell, row and column named; nothing is kept then.
    """
    name = PurePosixPath(file_name.replace("\\", "/")).name or f"{kind}.csv"
    folder = store_directory() / _FOLDER / hashlib.sha256(content).hexdigest()[:_HASH_LENGTH]
    with tempfile.TemporaryDirectory() as draft:
        path = Path(draft) / name
        path.write_bytes(content)
        rows = _rows(kind, path, inputs)
    return TripFile(path=_kept(folder / name, content), name=name, rows=rows)


def fault_table(faults: Sequence[Fault]) -> pd.DataFrame:
    """Return faults as a table: ``row`` (missing for the whole file), ``column``, ``what``, ``mend``."""
    rows = []
    for fault in faults:
        place = _PLACE.fullmatch(fault.where)
        row, column = (int(place["row"]), place["column"] or "") if place else (None, "")
        rows.append((row, column, fault.what, fault.mend))
    table = pd.DataFrame(rows, columns=["row", "column", "what", "mend"])
    return table.astype({"row": "Int64"})


def example(kind: Kind) -> bytes:
    """Return a small sound file, CSV in UTF-8 with the mark by which spreadsheets know it."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(_EXAMPLES[kind])
    return text.getvalue().encode("utf-8-sig")


def _rows(kind: Kind, path: Path, inputs: Inputs) -> int:
    """Read a file whole and return its rows."""
    zones = pd.concat([table for table in (inputs.zones, inputs.far_zones) if len(table)])
    if kind == "od_table":
        return od_input.read_od(path, zones, faults_named=FAULTS_LISTED).rows
    read = count_input.read_counts(path, inputs.network, zones=zones, faults_named=FAULTS_LISTED)
    return len(read.table)


def _kept(target: Path, content: bytes) -> Path:
    """Write a file where it is not there yet; an interrupted write leaves nothing behind."""
    if target.is_file():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=".draft-", dir=target.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        return Path(draft).replace(target)
    except OSError as error:
        mend = "Check the folder, or set CHENGYU_STORE"
        raise InputError(Fault(f"cannot be written ({error})", str(target), mend)) from error
