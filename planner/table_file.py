"""Tables an analyst brings, read block by block: CSV, XLSX or Parquet, however long, in bounded memory.

Cells come as text or numbers as the file holds them; what they mean is the caller's business. Faults are
counted as the blocks pass, and the first ones are named with row and column.
"""

from __future__ import annotations

import csv
import io
import warnings
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from corridor.errors import Fault, InputError
from planner.text_encoding import text_encoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

#: Faults named in an error; the rest is counted.
FAULTS_NAMED = 20

#: Bytes of text, and rows of the other formats, in one block.
_BLOCK_BYTES = 1 << 24
_BLOCK_ROWS = 200_000

#: Longest sheet: reading one takes some 10 s per 100,000 rows, a text file a hundredth of that.
_MOST_SHEET_ROWS = 400_000

#: Rows in which the column names are looked for when they do not stand in the first.
_HEADER_ROWS = 6


@dataclass(slots=True)
class FaultLog:
    """Counts faulty cells and keeps the first by row.

    Parameters
    ----------
    where
        What to call the file.
    named
        Faults named in the error; the rest is counted.
    """

    where: str
    named: int = FAULTS_NAMED
    count: int = 0
    _first: list[tuple[int, str, str, str]] = field(default_factory=list)

    def add(
        self, rows: NDArray[np.integer], column: str, what: Callable[[int], str] | str, mend: str
    ) -> None:
        """Add one fault per row.

        Parameters
        ----------
        rows
            Numbers of the rows as a person counts them, ascending.
        column
            Name of the column; empty for the whole row.
        what
            What is wrong, or a function of the position in ``rows`` that says so.
        mend
            How to mend it.
        """
        self.count += len(rows)
        for position, row in enumerate(rows[: self.named].tolist()):
            said = what if isinstance(what, str) else what(position)
            self._first.append((row, column, said, mend))
        self._first = sorted(self._first, key=lambda fault: fault[0])[: self.named]

    def raise_if_any(self) -> None:
        """Raise all faults together."""
        if not self.count:
            return
        faults = [
            Fault(what, f"{self.where}, row {row}" + (f", column {column}" if column else ""), mend)
            for row, column, what, mend in self._first
        ]
        if self.count > len(faults):
            rest = f"{self.count - len(faults):,} more faulty cells"
            faults.append(Fault(rest, self.where, "Correct the first ones and read the file again"))
        raise InputError(faults)


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Rows of a file.

    Parameters
    ----------
    rows
        (n,) int64, number of each row as a person counts them.
    columns
        Arrow arrays by column name, each text or numbers.
    """

    rows: NDArray[np.int64]
    columns: dict[str, pa.Array]

    def text(self, name: str) -> tuple[NDArray[np.int64], list[str]]:
        """Return a column as (n,) positions in the list of its different texts, stripped."""
        cells = self.columns[name]
        cells = cells if pa.types.is_string(cells.type) else pc.cast(cells, pa.string())
        encoded = pc.dictionary_encode(pc.fill_null(cells, ""))
        return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), [
            cell.strip() for cell in encoded.dictionary.to_pylist()
        ]

    def numbers(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return a column as (n,) float64, NaN where it is no number, and where it is empty."""
        cells = self.columns[name]
        if not pa.types.is_string(cells.type):
            if pa.types.is_boolean(cells.type):
                return np.full(len(cells), np.nan), cells.is_null().to_numpy(zero_copy_only=False)
            values = pc.cast(cells, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
            return values.astype(np.float64), cells.is_null().to_numpy(zero_copy_only=False)
        trimmed = pc.utf8_trim_whitespace(pc.fill_null(cells, ""))
        empty = pc.equal(trimmed, "").to_numpy(zero_copy_only=False)
        filled = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
        try:
            values = pc.cast(filled, pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:  # some cell is no number: slower, text by text
            encoded = pc.dictionary_encode(trimmed)
            texts = pd.Series(encoded.dictionary.to_pylist(), dtype=object)
            values = pd.to_numeric(texts, errors="coerce").to_numpy()[encoded.indices.to_numpy()]
        return np.asarray(values, dtype=np.float64), empty


@dataclass(frozen=True, slots=True, eq=False)
class TableFile:
    """An open table.

    Parameters
    ----------
    names
        Names of its columns, stripped, in lower case.
    encoding
        Of a text file; empty for the others.
    blocks
        Called with names of columns and a log of faults, yields the rows.
    """

    names: tuple[str, ...]
    encoding: str
    blocks: Callable[[Sequence[str], FaultLog], Iterator[Block]]


def open_table(path: Path, *, required: Sequence[str]) -> TableFile:
    """Open a table by its ending: ``.csv``, ``.txt``, ``.xlsx``, ``.xlsm`` or ``.parquet``.

    Parameters
    ----------
    path
        File.
    required
        Columns it must have.

    Raises
    ------
    corridor.errors.InputError
        If the file is not there, empty, unreadable or of another kind, and for missing or repeated columns.
    """
    if not path.is_file():
        raise InputError(Fault("there is no such file", str(path), "Check the path"))
    if path.stat().st_size == 0:
        raise InputError(Fault("the file is empty", path.name, "Write a header and rows"))
    kind = path.suffix.lower()
    if kind in {".csv", ".txt", ".tsv"}:
        return _csv(path, required)
    if kind in {".xlsx", ".xlsm"}:
        return _xlsx(path, required)
    if kind == ".parquet":
        return _parquet(path, required)
    raise InputError(Fault(f"{kind or 'no ending'} is no table here", path.name, "Give CSV, XLSX or Parquet"))


def _checked_names(names: Sequence[object], required: Sequence[str], path: Path) -> tuple[str, ...]:
    """Return the column names, or refuse a header without the required ones."""
    found = tuple("" if name is None else str(name).strip().lower() for name in names)
    missing = [name for name in required if name not in found]
    listed = ", ".join(name for name in found if name) or "none"
    mend = f"The columns are {', '.join(required)} (found: {listed})"
    faults = [Fault(f"column {name} is missing", path.name, mend) for name in missing]
    twice = sorted({name for name in found if name and found.count(name) > 1})
    faults += [Fault(f"column {name} stands there twice", path.name, "Keep one of them") for name in twice]
    if faults:
        raise InputError(faults)
    return found


def _refuse_late_header(rows: Sequence[Sequence[object]], required: Sequence[str], path: Path) -> None:
    """Say so when the column names stand below a title, merged or not."""
    for number, row in enumerate(rows[1:], start=2):
        names = {str(cell).strip().lower() for cell in row if cell is not None}
        if set(required) <= names:
            what = f"the column names stand in row {number}, not in row 1"
            raise InputError(Fault(what, path.name, "Delete the rows above them, merged titles included"))


def _csv(path: Path, required: Sequence[str]) -> TableFile:
    """Open a text file."""
    try:
        encoding = text_encoding(path)
    except UnicodeError as error:
        raise InputError(Fault(str(error), path.name, "Save it as CSV UTF-8")) from None
    with path.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
        top = [file.readline(1 << 16) for _ in range(_HEADER_ROWS)]
    delimiter = max(",;\t", key=top[0].count)
    rows = list(csv.reader(io.StringIO("".join(top)), delimiter=delimiter))
    if not rows or not any(rows[0]):
        raise InputError(Fault("row 1 is empty", path.name, "Write the column names there"))
    _refuse_late_header(rows, required, path)
    names = _checked_names(rows[0], required, path)
    unique = [name or f"#{position}" for position, name in enumerate(names)]

    def blocks(wanted: Sequence[str], log: FaultLog) -> Iterator[Block]:
        uneven = array("q")

        def note(row: Any) -> str:  # noqa: ANN401  pyarrow's InvalidRow has no stubs
            uneven.append(row.number)
            what = f"{row.actual_columns} cells under {row.expected_columns} columns"
            log.add(np.array([row.number]), "", what, "Quote cells with commas, close quotes")
            return "skip"

        try:
            reader = pa_csv.open_csv(
                path,
                read_options=pa_csv.ReadOptions(
                    use_threads=False,
                    column_names=unique,
                    skip_rows=1,
                    block_size=_BLOCK_BYTES,
                    encoding=encoding,
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=delimiter, ignore_empty_lines=False, invalid_row_handler=note
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types=dict.fromkeys(unique, pa.string()), include_columns=list(wanted)
                ),
            )
            read = 0
            for batch in reader:
                index = np.arange(read, read + len(batch))
                read += len(batch)
                yield _block(_numbered(index, uneven), wanted, batch)
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):  # a header and nothing below
                return
            raise InputError(Fault(f"not a readable CSV ({error})", path.name, "Save it again")) from error

    return TableFile(names, encoding, blocks)


def _numbered(index: NDArray[np.int64], uneven: Sequence[int]) -> NDArray[np.int64]:
    """Return the numbers of rows in the file: row 1 is the header, and uneven ones were skipped."""
    rows = index + 2
    skipped = np.asarray(uneven, dtype=np.int64) - np.arange(len(uneven))
    return rows + np.searchsorted(skipped, rows, side="right")


def _block(rows: NDArray[np.int64], names: Sequence[str], batch: pa.RecordBatch) -> Block:
    """Return the rows of a batch in which any cell is filled in."""
    columns = dict(zip(names, batch.columns, strict=True))
    blank = np.ones(len(rows), dtype=bool)
    for cells in columns.values():
        if not blank.any():
            break
        empty = cells.is_null()
        if pa.types.is_string(cells.type):
            empty = pc.or_(empty, pc.equal(pc.fill_null(cells, ""), ""))
        blank &= empty.to_numpy(zero_copy_only=False)
    if not blank.any():
        return Block(rows, columns)
    kept = pa.array(~blank)
    return Block(rows[~blank], {name: cells.filter(kept) for name, cells in columns.items()})


def _xlsx(path: Path, required: Sequence[str]) -> TableFile:
    """Open the first sheet of a workbook."""
    sheet = _sheet(path)
    top = [row for _, row in zip(range(_HEADER_ROWS), sheet.iter_rows(values_only=True), strict=False)]
    if not top:
        raise InputError(Fault("the first sheet is empty", path.name, "Write a header and rows"))
    _refuse_late_header(top, required, path)
    names = _checked_names(top[0], required, path)

    def blocks(wanted: Sequence[str], log: FaultLog) -> Iterator[Block]:
        del log  # a sheet has no uneven rows
        columns = [names.index(name) for name in wanted]
        rows: list[list[str | None]] = []
        first = 2
        for row in _sheet(path).iter_rows(min_row=2, values_only=True):
            cells = (row[column] if column < len(row) else None for column in columns)
            rows.append([None if cell is None else str(cell) for cell in cells])
            if len(rows) == _BLOCK_ROWS:
                yield _of_rows(rows, wanted, first)
                first, rows = first + len(rows), []
        if rows:
            yield _of_rows(rows, wanted, first)

    return TableFile(names, "", blocks)


def _sheet(path: Path) -> Any:  # noqa: ANN401  openpyxl has no stubs
    """Return the first sheet of a workbook."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # styles and validations openpyxl does not know: of no matter here
            sheet = openpyxl.load_workbook(path, read_only=True, data_only=True).worksheets[0]
    except (BadZipFile, KeyError, OSError, ValueError, IndexError) as error:
        raise InputError(Fault(f"not a readable workbook ({error})", path.name, "Save it as XLSX")) from error
    if (sheet.max_row or 0) > _MOST_SHEET_ROWS:
        what = f"the sheet has {sheet.max_row:,} rows, more than {_MOST_SHEET_ROWS:,}"
        raise InputError(Fault(what, path.name, "Save it as CSV UTF-8 or Parquet"))
    sheet.reset_dimensions()  # what a sheet states of its size may be too small
    return sheet


def _of_rows(rows: list[list[str | None]], names: Sequence[str], first: int) -> Block:
    """Return rows of text as a block."""
    arrays = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
    batch = pa.RecordBatch.from_arrays(arrays, names=list(names))
    return _block(np.arange(first, first + len(rows)), names, batch)


def _parquet(path: Path, required: Sequence[str]) -> TableFile:
    """Open a Parquet file; its rows are counted from 1."""
    try:
        schema = pq.ParquetFile(path).schema_arrow
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(Fault(f"not readable Parquet ({error})", path.name, "Write it again")) from error
    written = schema.names
    names = _checked_names(written, required, path)

    def blocks(wanted: Sequence[str], log: FaultLog) -> Iterator[Block]:
        del log  # nor has a Parquet file
        columns = [written[names.index(name)] for name in wanted]
        odd = [name for name in columns if not _is_plain(schema.field(name).type)]
        if odd:
            mend = "Write text and numbers"
            raise InputError(
                [Fault(f"column {name} holds {schema.field(name).type}", path.name, mend) for name in odd]
            )
        read = 0
        for batch in pq.ParquetFile(path).iter_batches(batch_size=_BLOCK_ROWS, columns=columns):
            rows = np.arange(read + 1, read + 1 + len(batch))
            read += len(batch)
            arrays = [_plain(batch.column(name)) for name in columns]
            yield _block(rows, wanted, pa.RecordBatch.from_arrays(arrays, names=list(wanted)))

    return TableFile(names, "", blocks)


def _is_text(kind: Any) -> bool:  # noqa: ANN401  pyarrow's DataType has no stubs
    """Tell whether a column holds text, however stored."""
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    return any(check(kind) for check in checks)


def _is_plain(kind: Any) -> bool:  # noqa: ANN401  as above
    """Tell whether a column holds text, numbers, or what can only be a fault of the cells."""
    if pa.types.is_dictionary(kind):
        return _is_plain(kind.value_type)
    checks = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    return _is_text(kind) or pa.types.is_null(kind) or any(check(kind) for check in checks)


def _plain(cells: pa.Array) -> pa.Array:
    """Return text as plain strings, whatever its storage; other cells as they are."""
    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    return pc.cast(cells, pa.string()) if _is_text(cells.type) else cells
