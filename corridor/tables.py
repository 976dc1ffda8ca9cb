"""Check a table against its schema at the border and report every fault at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: At most this many faulty rows are named per column; the rest is counted.
ROWS_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What one column must hold.

    Parameters
    ----------
    kind
        ``text`` (any string), ``number`` (finite float), ``integer`` or ``flag`` (true/false, 1/0).
    required
        Whether the column must exist.
    empty
        Whether a cell may be empty.
    low, high
        Closed limits of a number.
    choices
        Allowed values of a text column; None allows all.
    unique
        Whether values must differ from row to row.
    """

    kind: Literal["text", "number", "integer", "flag"] = "text"
    required: bool = True
    empty: bool = False
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] | None = None
    unique: bool = False


@dataclass(slots=True)
class _Report:
    """Collects the faults of one table."""

    where: str
    first_row: int
    faults: list[Fault] = field(default_factory=list)

    def rows(self, column: str, bad: np.ndarray, what: str, mend: str) -> None:
        """Add one fault for the rows flagged in ``bad``."""
        numbers = np.flatnonzero(bad)
        if numbers.size == 0:
            return
        shown = ", ".join(str(int(row) + self.first_row) for row in numbers[:ROWS_NAMED])
        more = f" and {numbers.size - ROWS_NAMED} more" if numbers.size > ROWS_NAMED else ""
        plural = "row" if numbers.size == 1 else "rows"
        self.faults.append(Fault(what, f"{self.where}, column {column}, {plural} {shown}{more}", mend))


_TRUE = frozenset({"1", "true", "yes"})
_FALSE = frozenset({"0", "false", "no"})


def checked(
    frame: pd.DataFrame,
    columns: Mapping[str, Column],
    *,
    where: str,
    first_row: int = 2,
) -> pd.DataFrame:
    """Return a copy of ``frame`` with the schema's columns in their types, other columns untouched.

    Parameters
    ----------
    frame
        Table as read, ideally all text.
    columns
        Schema by column name.
    where
        What to call the table in messages, e.g. its file name.
    first_row
        Number of the first row as a person sees it (2 in a CSV with a header).

    Raises
    ------
    corridor.errors.InputError
        With one fault per missing column and per kind of fault in a column.
    """
    report = _Report(where, first_row)
    result = frame.copy()
    absent = [name for name, column in columns.items() if column.required and name not in frame.columns]
    if absent:
        found = ", ".join(map(str, frame.columns)) or "none"
        for name in absent:
            report.faults.append(Fault(f"column {name} is missing (found: {found})", where, "Add the column"))
    for name, column in columns.items():
        if name in frame.columns:
            result[name] = _column(frame[name], name, column, report)
    if report.faults:
        raise InputError(report.faults)
    return result


def _column(values: pd.Series, name: str, column: Column, report: _Report) -> pd.Series:
    """Convert one column, adding its faults to the report."""
    empty = (values.isna() | (values.astype(str).str.strip() == "")).to_numpy(dtype=bool)
    if not column.empty:
        report.rows(name, empty, "is empty", "Fill it in")
    if column.unique:
        report.rows(
            name, values.duplicated().to_numpy() & ~empty, "repeats an earlier row", "Keep one of them"
        )
    if column.kind == "text":
        return _text(values, name, column, report, empty)
    if column.kind == "flag":
        return _flag(values, name, report, empty)
    numbers = pd.to_numeric(values.where(~empty), errors="coerce").astype("float64")
    array = numbers.to_numpy()
    report.rows(name, ~np.isfinite(array) & ~empty, "is not a finite number", "Write a plain number")
    if column.kind == "integer":
        with np.errstate(invalid="ignore"):
            report.rows(
                name, np.isfinite(array) & (array != np.round(array)), "is not a whole number", "Round it"
            )
    if column.low is not None:
        report.rows(name, array < column.low, f"is below {column.low:g}", f"Use {column.low:g} or more")
    if column.high is not None:
        report.rows(name, array > column.high, f"is above {column.high:g}", f"Use {column.high:g} or less")
    whole = column.kind == "integer" and not empty.any() and bool(np.isfinite(array).all())
    return numbers.astype("int64") if whole else numbers


def _text(values: pd.Series, name: str, column: Column, report: _Report, empty: np.ndarray) -> pd.Series:
    """Check a text column against its choices."""
    text = (
        values.astype("object")
        .where(~empty, None)
        .map(lambda cell: None if cell is None else str(cell).strip())
    )
    if column.choices is not None:
        allowed: Sequence[str] = column.choices
        bad = ~text.isin(list(allowed)).to_numpy(dtype=bool) & ~empty
        report.rows(name, bad, f"is none of {', '.join(allowed)}", "Use one of them")
    return text


def _flag(values: pd.Series, name: str, report: _Report, empty: np.ndarray) -> pd.Series:
    """Read true/false in its usual spellings."""
    text = values.astype(str).str.strip().str.lower().str.removesuffix(".0")
    true, false = text.isin(_TRUE), text.isin(_FALSE)
    report.rows(
        name, ~(true | false).to_numpy(dtype=bool) & ~empty, "is neither true nor false", "Write 1 or 0"
    )
    return true
