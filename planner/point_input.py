"""Point demands an analyst brings: a CSV, XLSX or Parquet file in a named reference system.

A file is taken as a whole or refused as a whole; the schema stands in docs/points.md.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from corridor.coordinates import crs_name, to_wgs84
from corridor.errors import Fault, InputError
from corridor.roads import snap
from corridor.sites import FARTHEST_SNAP_KM
from corridor.sources import CONFIDENCES, QUALITIES
from demand.point_demands import POINT_USES
from planner.inputs import load_inputs
from planner.scenario import PointDemand
from planner.table_file import FaultLog, open_table

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from planner.scenario import Scenario
    from planner.table_file import Block, TableFile

REQUIRED = ("point_id", "name_zh", "use", "kg_per_day")
OPTIONAL = ("name_en", "from_year", "crs", "unit", "position_quality", "source", "confidence", "note")

#: Names the two coordinate columns may bear: longitude or easting first.
COORDINATES = (("x", "y"), ("lon", "lat"), ("longitude", "latitude"), ("easting", "northing"))

#: More rows than this are no list of places somebody placed.
MOST_POINTS = 10_000

#: More than this is not kilograms per day, but per year or grams.
MOST_KG_PER_DAY = 1e6

_FIRST_YEAR, _LAST_YEAR = 2000, 2100

#: A column of amounts in another unit.
_OTHER_UNIT = re.compile(r"[a-z0-9]+(_per_|/)(day|d|year|a|yr|month|week|hour|h)")

_KG_PER_DAY = ("", "kg_per_day", "kg/d", "kg/day")

#: Longest text of each column, characters.
_LONGEST = {"point_id": 60, "name_zh": 80, "name_en": 120}

_CHOICES: dict[str, Sequence[str]] = {
    "use": POINT_USES,
    "position_quality": QUALITIES,
    "confidence": CONFIDENCES,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PointFile:
    """Point demands as read.

    Parameters
    ----------
    points
        In the order of the file, WGS 84.
    encoding
        Of a text file; empty for the others.
    ignored
        Columns that say nothing here.
    """

    points: tuple[PointDemand, ...]
    encoding: str
    ignored: tuple[str, ...]


def read_points(
    path: Path, network: RoadNetwork, *, crs: str | None = None, existing: Collection[str] = ()
) -> PointFile:
    """Return the point demands of a file.

    Parameters
    ----------
    path
        ``.csv``, ``.xlsx`` or ``.parquet``.
    network
        Road network: points must lie within 10 km of its nodes.
    crs
        Reference system of rows that do not name their own in a ``crs`` cell, see
        :func:`corridor.coordinates.crs_name`. It is never guessed.
    existing
        Ids that are already in use.

    Raises
    ------
    corridor.errors.InputError
        With every faulty cell counted and the first ones named by row and column.
    """
    file = open_table(path, required=REQUIRED[:1])
    x, y = _checked_columns(file, path.name)
    used = [*REQUIRED, x, y, *(name for name in OPTIONAL if name in file.names)]
    log = FaultLog(path.name)
    reading = _Reading(network=network, log=log, axes=(x, y), crs=_known(crs), existing=frozenset(existing))
    for block in file.blocks(used, log):
        reading.add(block)
    log.raise_if_any()
    if not reading.points:
        raise InputError(Fault("there is no row below the header", path.name, "Give a row per point"))
    return PointFile(
        points=tuple(reading.points),
        encoding=file.encoding,
        ignored=tuple(name for name in file.names if name and name not in used),
    )


def read_point_upload(
    file_name: str, content: bytes, network: RoadNetwork, *, crs: str, existing: Collection[str] = ()
) -> PointFile:
    """Return the point demands of a file's content; parameters as for :func:`read_points`."""
    name = PurePosixPath(file_name.replace("\\", "/")).name or "points.csv"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return read_points(path, network, crs=crs, existing=existing)


def _known(crs: str | None) -> str:
    """Return the canonical name of a reference system; empty without one."""
    return "" if crs is None else crs_name(crs)


def _checked_columns(file: TableFile, where: str) -> tuple[str, str]:
    """Return the names of the coordinate columns, or say what is wrong with the header."""
    found = f"The columns are {', '.join(REQUIRED)}, x, y (found: {', '.join(filter(None, file.names))})"
    other = [name for name in file.names if name != "kg_per_day" and _OTHER_UNIT.fullmatch(name)]
    faults = [
        Fault(
            f"column {name} is in another unit", where, "Give kg_per_day: kilograms per day, mean of a year"
        )
        for name in other
    ]
    missing = [name for name in REQUIRED if name not in file.names]
    faults += [
        Fault(f"column {name} is missing", where, found)
        for name in missing
        if not (other and name == "kg_per_day")
    ]
    axes = [pair for pair in COORDINATES if set(pair) <= set(file.names)]
    if len(axes) != 1:
        what = "there are no coordinates" if not axes else "there are coordinates twice"
        faults.append(Fault(what, where, "Give the two columns x and y, or lon and lat"))
    if faults:
        raise InputError(faults)
    return axes[0]


@dataclass(slots=True, eq=False, kw_only=True)
class _Reading:
    """Reads a file block by block."""

    network: RoadNetwork
    log: FaultLog
    axes: tuple[str, str]
    crs: str
    existing: frozenset[str]
    points: list[PointDemand] = field(default_factory=list)
    seen: dict[str, int] = field(default_factory=dict)
    rows: int = 0

    def add(self, block: Block) -> None:
        """Check the rows of a block; take them if none of the file is faulty so far."""
        self.rows += len(block.rows)
        if self.rows > MOST_POINTS:
            what = f"there are more than {MOST_POINTS:,} points"
            raise InputError(Fault(what, self.log.where, "Sum up small ones by place"))
        cells = {name: self._texts(block, name) for name in (*REQUIRED[:3], *OPTIONAL, *self.axes)}
        cells["point_id"] = [one.removesuffix(".0") for one in cells["point_id"]]  # of spreadsheets
        before = self.log.count
        self._check_texts(block, cells)
        kg = self._amounts(block)
        years = self._years(block)
        lon, lat = self._positions(block, cells["crs"])
        if self.log.count > before:
            return
        for row in range(len(block.rows)):
            kept: dict[str, Any] = {
                name: cells[name][row]
                for name in PointDemand.model_fields
                if name in cells and name != "from_year" and cells[name][row]
            }
            year = None if np.isnan(years[row]) else int(years[row])
            numbers = {"kg_per_day": float(kg[row]), "lon": float(lon[row]), "lat": float(lat[row])}
            self.points.append(PointDemand(**{**kept, **numbers, "from_year": year}))

    def _texts(self, block: Block, name: str) -> list[str]:
        """Return a column as stripped texts; empty ones where there is no such column."""
        if name not in block.columns:
            return [""] * len(block.rows)
        position, texts = block.text(name)
        return [texts[one] for one in position]

    def _fault(self, block: Block, column: str, faulty: Sequence[int], what: Any, mend: str) -> None:  # noqa: ANN401  text, or a text per position
        """Log rows by their positions in the block."""
        if len(faulty):
            rows = block.rows[np.asarray(faulty, dtype=np.int64)]
            self.log.add(rows, column, what if isinstance(what, str) else lambda at: what[at], mend)

    def _check_texts(self, block: Block, cells: dict[str, list[str]]) -> None:
        """Log ids, names and choices that will not do."""
        for name in ("point_id", "name_zh", "use"):
            empty = [row for row, cell in enumerate(cells[name]) if not cell]
            self._fault(block, name, empty, "is empty", "Fill it in")
        for name, most in _LONGEST.items():
            long = [row for row, cell in enumerate(cells[name]) if len(cell) > most]
            self._fault(block, name, long, f"is longer than {most} characters", "Shorten it")
        for name, choices in _CHOICES.items():
            cells[name] = [_as_choice(cell, choices) for cell in cells[name]]
            wrong = [row for row, cell in enumerate(cells[name]) if cell and cell not in choices]
            said = [f"{cells[name][row][:40]!r} is not known" for row in wrong]
            self._fault(block, name, wrong, said, f"Use one of {', '.join(choices)}")
        other = [row for row, cell in enumerate(cells["unit"]) if cell.lower() not in _KG_PER_DAY]
        said = [f"{cells['unit'][row][:40]!r} is another unit" for row in other]
        self._fault(block, "unit", other, said, "Give kilograms per day: kg/d")
        self._check_ids(block, cells["point_id"])

    def _check_ids(self, block: Block, ids: list[str]) -> None:
        """Log ids that are in use."""
        used = [row for row, one in enumerate(ids) if one in self.existing]
        self._fault(block, "point_id", used, "is already in use", "Choose another id")
        again, said = [], []
        for row, one in enumerate(ids):
            number = int(block.rows[row])
            if one and self.seen.setdefault(one, number) != number:
                again.append(row)
                said.append(f"repeats row {self.seen[one]}")
        self._fault(block, "point_id", again, said, "Give each point an id of its own")

    def _amounts(self, block: Block) -> NDArray[np.float64]:
        """(n,) float64 kg/d, whatever is faulty logged."""
        kg, empty = block.numbers("kg_per_day")
        bad = ~np.isfinite(kg) & ~empty
        above, mend = f"is above {MOST_KG_PER_DAY:,.0f}", "Give kilograms per day, not per year, and no grams"
        with np.errstate(invalid="ignore"):
            checks = (
                (empty, "is empty", "Leave out points without an amount"),
                (bad, "is not a finite number", "Write a plain number"),
                (~bad & (kg < 0.0), "is negative", "Give kilograms per day, above 0"),
                (kg == 0.0, "is zero", "Leave out points without an amount"),
                (~bad & (kg > MOST_KG_PER_DAY), above, mend),
            )
        for faulty, what, mend in checks:
            self._fault(block, "kg_per_day", np.flatnonzero(faulty).tolist(), what, mend)
        return kg

    def _years(self, block: Block) -> NDArray[np.float64]:
        """(n,) float64 first years, NaN where always in use."""
        if "from_year" not in block.columns:
            return np.full(len(block.rows), np.nan)
        years, empty = block.numbers("from_year")
        with np.errstate(invalid="ignore"):
            sound = (years >= _FIRST_YEAR) & (years <= _LAST_YEAR) & (years == np.floor(years))
        wrong = np.flatnonzero(~sound & ~empty).tolist()
        self._fault(
            block, "from_year", wrong, "is no year", f"Write a year from {_FIRST_YEAR} to {_LAST_YEAR}"
        )
        return years

    def _positions(self, block: Block, systems: list[str]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Two (n,) float64 degrees WGS 84; places that are no sound ones are logged."""
        x, y = (self._coordinates(block, name) for name in self.axes)
        named = np.array([self._system(cell) for cell in systems], dtype=object)
        unstated = np.flatnonzero([not cell and not self.crs for cell in systems]).tolist()
        mend = "Say WGS84, CGCS2000, GCJ-02, BD-09 or EPSG:4491 to EPSG:4554"
        self._fault(block, "crs", unstated, "the reference system of the coordinates is not stated", mend)
        unknown = [row for row, cell in enumerate(systems) if cell and not named[row]]
        said = [f"the reference system {systems[row]!r} is not known" for row in unknown]
        self._fault(block, "crs", unknown, said, mend)
        usable = np.isfinite(x) & np.isfinite(y) & (named != "")
        lon, lat = _converted(x, y, named, usable)
        mirrored = self._inside(*_converted(y, x, named, usable))
        inside = self._inside(lon, lat)
        column = ", ".join(self.axes)
        swapped = np.flatnonzero(usable & ~inside & mirrored).tolist()
        self._fault(block, column, swapped, "look swapped", "Longitude or easting comes first")
        outside = np.flatnonzero(usable & ~inside & ~mirrored).tolist()
        self._fault(
            block,
            column,
            outside,
            "lie outside the region of the road network",
            "Check both and their system",
        )
        at = np.flatnonzero(inside)
        km = snap(self.network, lon[at], lat[at])[1] if len(at) else np.empty(0)
        far = np.flatnonzero(km > FARTHEST_SNAP_KM)
        said = [
            f"lie {km[one]:.1f} km from the road network, more than {FARTHEST_SNAP_KM:g} km" for one in far
        ]
        self._fault(block, column, at[far].tolist(), said, "Place it nearer to the roads, or leave it out")
        return lon, lat

    def _coordinates(self, block: Block, name: str) -> NDArray[np.float64]:
        """(n,) float64; cells that are no number logged."""
        values, empty = block.numbers(name)
        self._fault(block, name, np.flatnonzero(empty).tolist(), "is empty", "Fill it in")
        bad = np.flatnonzero(~np.isfinite(values) & ~empty).tolist()
        self._fault(block, name, bad, "is not a finite number", "Write a plain number")
        return values

    def _system(self, cell: str) -> str:
        """Return the canonical name of a cell's reference system; empty for an unknown one."""
        if not cell:
            return self.crs
        try:
            return crs_name(cell)
        except InputError:
            return ""

    def _inside(self, lon: NDArray[np.float64], lat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) bool: within the extent of the network and the snapping distance around it."""
        nodes, pad = self.network.nodes, FARTHEST_SNAP_KM / 80.0  # a degree of longitude: 80 km or more here
        with np.errstate(invalid="ignore"):
            in_x = (lon >= nodes["x"].min() - pad) & (lon <= nodes["x"].max() + pad)
            in_y = (lat >= nodes["y"].min() - pad) & (lat <= nodes["y"].max() + pad)
        return np.asarray(in_x & in_y, dtype=bool)


def _as_choice(cell: str, choices: Sequence[str]) -> str:
    """Return the choice a cell means, whatever its case, or the cell."""
    return next((choice for choice in choices if choice.lower() == cell.lower()), cell)


def _converted(
    x: NDArray[np.float64], y: NDArray[np.float64], systems: NDArray[np.object_], usable: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude WGS 84; NaN where coordinates fit no place on Earth."""
    lon, lat = np.full(len(x), np.nan), np.full(len(x), np.nan)
    for row in np.flatnonzero(usable):
        try:
            lon[row], lat[row] = to_wgs84(x[row], y[row], crs=str(systems[row]))
        except InputError:
            continue
    return lon, lat


def with_points(scenario: Scenario, path: Path | None, *, crs: str | None) -> Scenario:
    """Return the scenario with the point demands of a file behind its own; the same without a file.

    Parameters
    ----------
    scenario
        Its points and its network.
    path, crs
        As for :func:`read_points`.

    Raises
    ------
    corridor.errors.InputError
        Also for a reference system without a file.
    """
    if path is None:
        if crs is not None:
            raise InputError(
                Fault("there is no file it could be for", "--points-crs", "Give --points FILE too")
            )
        return scenario
    own = scenario.point_demands
    in_use = [point.point_id for point in own]
    file = read_points(path, load_inputs(scenario).network, crs=crs, existing=in_use)
    return scenario.model_copy(update={"point_demands": (*own, *file.points)})
