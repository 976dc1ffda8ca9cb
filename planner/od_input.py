"""An analyst's own origin-destination table: a file in, trips between zones out.

Every cell is checked before any trip counts; the schema stands in docs/od.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError
from demand.inputs import VEHICLE_CLASSES
from demand.od_table import OdTable
from planner.places import PREFECTURES_EN
from planner.table_file import FAULTS_NAMED, FaultLog, open_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from planner.table_file import Block

REQUIRED = ("origin", "destination", "vehicle_class", "trips_per_day")
OPTIONAL = ("unit", "fuel_cell_share", "fuel_cell_percent")

#: What a number of trips may mean: vehicles from origin to destination, or such that also come back.
UNITS = ("one_way", "round_trip")

#: More than this is no number of vehicles per day between two counties but another unit.
MOST_TRIPS_PER_DAY = 100_000.0

_UNKNOWN, _AMBIGUOUS, _EMPTY, _PREFECTURE = -1, -2, -3, -4
_PERCENT = 100.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OdFile:
    """An origin-destination table as read.

    Parameters
    ----------
    table
        Its trips.
    rows
        Rows with trips.
    encoding
        Of a text file; empty for the others.
    ignored
        Columns that say nothing here.
    """

    table: OdTable
    rows: int
    encoding: str
    ignored: tuple[str, ...]


def read_od(path: Path, zones: pd.DataFrame, *, faults_named: int = FAULTS_NAMED) -> OdFile:
    """Return the trips of a file.

    Parameters
    ----------
    path
        ``.csv``, ``.xlsx`` or ``.parquet``.
    zones
        Every zone a file may name, on the network or not: index ``zone_id``, columns of ``zones.csv``.
    faults_named
        Faulty cells named one by one; the rest is counted.

    Raises
    ------
    corridor.errors.InputError
        With every faulty cell counted and the first ones named by row and column.
    """
    file = open_table(path, required=REQUIRED)
    used = [name for name in (*REQUIRED, *OPTIONAL) if name in file.names]
    if {"fuel_cell_share", "fuel_cell_percent"} <= set(used):
        what = "fuel_cell_share and fuel_cell_percent say the same thing"
        raise InputError(Fault(what, path.name, "Keep one of the two columns"))
    log = FaultLog(path.name, faults_named)
    reading = _Reading(zones, log)
    for block in file.blocks(used, log):
        reading.add(block)
    log.raise_if_any()
    if reading.rows == 0:
        raise InputError(
            Fault("there is no row below the header", path.name, "Give a row per pair and class")
        )
    return OdFile(
        table=reading.table(),
        rows=reading.rows,
        encoding=file.encoding,
        ignored=tuple(name for name in file.names if name and name not in used),
    )


def zone_names(zones: pd.DataFrame) -> dict[str, int]:
    """Return the row of each zone by id and by name; negative for what names no single zone.

    Names are those in Chinese and English, alone or after their prefecture; case does not count.
    """
    prefectures = zones["prefecture_zh"].fillna("").astype(str).tolist()
    rows = zip(zones.index, zones["name_zh"], zones["name_en"], prefectures, strict=True)
    found: dict[str, set[int]] = {}
    for row, (zone_id, name_zh, name_en, prefecture) in enumerate(rows):
        prefecture_en = PREFECTURES_EN.get(prefecture, "")
        names = [str(zone_id), name_zh, name_en, f"{prefecture}{name_zh}", f"{prefecture_en} {name_en}"]
        for name in names:
            if isinstance(name, str) and name.strip():
                found.setdefault(name.strip().lower(), set()).add(row)
    result = {name: next(iter(rows)) if len(rows) == 1 else _AMBIGUOUS for name, rows in found.items()}
    for prefecture in set(prefectures) - {""}:
        result.setdefault(prefecture.lower(), _PREFECTURE)
    for zone_id in zones.index[zones["kind"] == "county"]:
        result.setdefault(f"{str(zone_id)[:4]}00", _PREFECTURE)
    return result | {"": _EMPTY}


@dataclass(slots=True, eq=False)
class _Reading:
    """Adds up a file block by block."""

    zones: pd.DataFrame
    log: FaultLog
    rows: int = 0
    names: dict[str, int] = field(init=False)
    seen: NDArray[np.int64] = field(init=False)
    trips: NDArray[np.float64] = field(init=False)
    shared: NDArray[np.float64] = field(init=False)
    fuel_cell: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        size = len(self.zones) ** 2 * len(VEHICLE_CLASSES)
        self.names = zone_names(self.zones)
        self.seen = np.zeros(size, dtype=np.int64)
        self.trips, self.shared, self.fuel_cell = (np.zeros(size) for _ in range(3))

    def add(self, block: Block) -> None:
        """Take the rows of a block in, or their faults."""
        self.rows += len(block.rows)
        origin, destination = self._zone(block, "origin"), self._zone(block, "destination")
        kind = self._choice(block, "vehicle_class", VEHICLE_CLASSES)
        trips = self._number(block, "trips_per_day", high=MOST_TRIPS_PER_DAY, empty_ok=False)
        is_round = self._choice(block, "unit", UNITS, default=0) == 1
        share = np.full(len(block.rows), np.nan)
        if "fuel_cell_share" in block.columns:
            share = self._number(block, "fuel_cell_share", high=1.0)
        elif "fuel_cell_percent" in block.columns:
            share = self._number(block, "fuel_cell_percent", high=_PERCENT) / _PERCENT
        placed = (origin >= 0) & (destination >= 0) & (kind >= 0)
        n_zones = len(self.zones)
        key = (origin * n_zones + destination) * len(VEHICLE_CLASSES) + kind
        self._refuse_repeated(block, key, placed)
        if self.log.count:  # the file is refused as a whole: only its faults matter from here on
            return
        back = (destination * n_zones + origin) * len(VEHICLE_CLASSES) + kind
        has_share = np.isfinite(share)
        given = np.where(has_share, share, 0.0)
        for to, values in (
            (self.trips, trips),
            (self.shared, trips * has_share),
            (self.fuel_cell, trips * given),
        ):
            np.add.at(to, key, values)
            np.add.at(to, back[is_round], values[is_round])

    def table(self) -> OdTable:
        """Return what was read."""
        shape = (len(self.zones), len(self.zones), len(VEHICLE_CLASSES))
        trips = self.trips.reshape(shape)
        return OdTable(
            zone_ids=self.zones.index.to_numpy(dtype=object),
            trips=trips,
            listed=(self.seen.reshape(shape) > 0) | (trips > 0),
            shared_trips=self.shared.reshape(shape),
            fuel_cell_trips=self.fuel_cell.reshape(shape),
        )

    def _zone(self, block: Block, column: str) -> NDArray[np.int64]:
        """(n,) rows of zones, negative where a cell names none."""
        position, texts = block.text(column)
        codes = [text.removesuffix(".0") for text in texts]  # spreadsheets keep codes as numbers
        known = np.array([self.names.get(code.lower(), _UNKNOWN) for code in codes] or [_EMPTY], np.int64)
        zone = known[position]
        for fault, what, mend in (
            (_EMPTY, "is empty", "Fill it in"),
            (_UNKNOWN, "is no zone", "Use a county code of GB/T 2260 or a zone id of data/zones.csv"),
            (_AMBIGUOUS, "names more than one zone", "Use the county code or put the prefecture before it"),
            (_PREFECTURE, "is a prefecture", "Name its counties one by one"),
        ):
            at = np.flatnonzero(zone == fault)
            if len(at):
                self.log.add(block.rows[at], column, _quoted(codes, position[at], what), mend)
        return zone

    def _choice(
        self, block: Block, column: str, choices: tuple[str, ...], default: int = _EMPTY
    ) -> NDArray[np.int64]:
        """(n,) positions in the choices, negative where a cell is none of them."""
        if column not in block.columns:
            return np.full(len(block.rows), default, dtype=np.int64)
        position, texts = block.text(column)
        by_text = {choice: row for row, choice in enumerate(choices)} | {"": default}
        chosen = np.array([by_text.get(text.lower(), _UNKNOWN) for text in texts] or [_EMPTY], np.int64)[
            position
        ]
        at = np.flatnonzero(chosen < 0)
        if len(at):
            mend = f"Use one of {', '.join(choices)}"
            self.log.add(block.rows[at], column, _quoted(texts, position[at], "is not known"), mend)
        return chosen

    def _number(
        self, block: Block, column: str, *, high: float, empty_ok: bool = True
    ) -> NDArray[np.float64]:
        """(n,) float64 from 0 to ``high``, NaN where empty or faulty."""
        values, empty = block.numbers(column)
        bad = ~np.isfinite(values) & ~empty
        mends = {
            "trips_per_day": "Give vehicles per day, not per year, and no tonnes or passengers",
            "fuel_cell_share": "Write 0.05 for 5 %, or name the column fuel_cell_percent",
            "fuel_cell_percent": "A percentage ends at 100",
        }
        with np.errstate(invalid="ignore"):
            checks = [
                (bad, "is not a finite number", "Write a plain number"),
                (values < 0, "is negative", "Trips and shares start at 0"),
                (values > high, f"is above {high:,g}", mends[column]),
            ]
        if not empty_ok:
            checks.append((empty, "is empty", "Write 0 for no trips, or leave the row out"))
        for faulty, what, mend in checks:
            at = np.flatnonzero(faulty)
            if len(at):
                self.log.add(block.rows[at], column, what, mend)
        return values

    def _refuse_repeated(self, block: Block, key: NDArray[np.int64], placed: NDArray[np.bool_]) -> None:
        """Log rows that list a pair and class again."""
        at = np.flatnonzero(placed)
        first, where = np.unique(key[at], return_index=True)
        new = self.seen[first] == 0
        self.seen[first[new]] = block.rows[at[where[new]]]
        again = at[self.seen[key[at]] != block.rows[at]]
        if len(again):
            earlier = self.seen[key[again]]
            self.log.add(
                block.rows[again],
                "origin, destination, vehicle_class",
                lambda position: f"repeats row {earlier[position]}",
                "List each pair and class once",
            )


def _quoted(texts: list[str], position: NDArray[np.int64], what: str) -> Callable[[int], str]:
    """Return what says a fault with the cell's text before it."""
    return lambda row: f"{texts[position[row]][:40]!r} {what}" if texts[position[row]] else "is empty"
