"""CSV files of bare instances as text: UTF-8 or GB18030, commas, semicolons or tabs, in bounded memory."""

from __future__ import annotations

import csv
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

import pandas as pd

from corridor.errors import Fault
from planner.text_encoding import text_encoding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pandas.io.parsers.readers import TextFileReader

#: Longest line of column names.
_HEADER_CHARACTERS = 1 << 16
#: Uneven rows that are named.
_LISTED = 20
#: Name of a column for what stands right of the last one.
_BEYOND = "\0beyond"


def text_blocks(
    path: Path, columns: Sequence[str], faults: list[Fault], *, rows: int
) -> Iterator[pd.DataFrame]:
    """Yield the rows of a file as stripped text, so many at a time; at least one table, maybe without rows.

    Parameters
    ----------
    path
        File.
    columns
        Those it must have. Names are read in lower case.
    faults
        What is wrong is added here, and ends the reading.
    rows
        Most rows of a table. The index keeps them as they stand in the file (0 is below the names); rows
        without any text are left out.
    """
    try:
        encoding = text_encoding(path).replace("utf-8", "utf-8-sig")
        with path.open(encoding=encoding, newline="") as file:
            top = file.readline(_HEADER_CHARACTERS)
    except OSError as error:
        faults.append(Fault(f"cannot be read ({error.strerror})", path.name, "Check file and folder"))
        return
    except UnicodeError as error:
        faults.append(Fault(str(error), path.name, "Give a CSV file in UTF-8"))
        return
    if not top:
        faults.append(Fault("the file is empty", path.name, "Give a CSV file in UTF-8"))
        return
    delimiter = max(",;\t", key=top.count)
    names = [name.strip().lower() for name in next(csv.reader([top], delimiter=delimiter), [])]
    if wrong := _header_faults(names, columns, path):
        faults += wrong
        return
    unique = [*(name or f"\0{position}" for position, name in enumerate(names)), _BEYOND]
    read = 0
    try:
        with pd.read_csv(
            path,
            sep=delimiter,
            encoding=encoding,
            dtype=str,
            header=None,
            skiprows=1,
            names=unique,
            index_col=False,
            keep_default_na=False,
            skip_blank_lines=False,
            chunksize=rows,
        ) as reader:
            while (chunk := _next(reader)) is not None:
                read += 1
                yield chunk
    except (pd.errors.ParserError, pd.errors.ParserWarning, csv.Error) as error:
        said = f"not readable as CSV ({str(error).strip()})"
        uneven = _uneven_rows(path, encoding, delimiter, len(names))
        faults += uneven or [Fault(said, path.name, "Save it again as CSV UTF-8")]
        return
    if not read:
        yield pd.DataFrame(columns=names, dtype=str)


def _next(reader: TextFileReader) -> pd.DataFrame | None:
    """Return the next rows, stripped, None after the last; cells too many are an error, not a warning."""
    with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):
        chunk: pd.DataFrame | None = next(reader, None)
    if chunk is None:
        return None
    table: pd.DataFrame = chunk.fillna("").apply(lambda column: column.str.strip())
    if (table[_BEYOND] != "").any():
        raise pd.errors.ParserError("rows with more cells than columns")
    filled: pd.DataFrame = table[(table != "").any(axis=1)]
    return filled.drop(columns=_BEYOND)


def _header_faults(names: Sequence[str], columns: Sequence[str], path: Path) -> list[Fault]:
    """List what is wrong with the column names."""
    if not any(names):
        return [Fault("row 1 is empty", path.name, "Write the column names there")]
    mend = f"Columns are {', '.join(columns)}; found {', '.join(names)}"
    missing = [column for column in columns if column not in names]
    faults = [Fault(f"column {', '.join(missing)} is missing", path.name, mend)] if missing else []
    twice = sorted({name for name in names if name and names.count(name) > 1})
    return faults + [Fault(f"column {name} stands there twice", path.name, "Keep one") for name in twice]


def _uneven_rows(path: Path, encoding: str, delimiter: str, n_columns: int) -> list[Fault]:
    """List the first rows with more cells than there are columns."""
    mend = "Quote cells that hold a delimiter"
    faults: list[Fault] = []
    with path.open(encoding=encoding, newline="") as file, suppress(csv.Error):
        for number, row in enumerate(csv.reader(file, delimiter=delimiter), start=1):
            if any(cell.strip() for cell in row[n_columns:]):
                what = f"{len(row)} cells under {n_columns} columns"
                faults.append(Fault(what, f"{path.name} row {number}", mend))
            if len(faults) == _LISTED:
                break
    return faults
