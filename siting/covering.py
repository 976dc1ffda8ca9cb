"""Cheapest cover: choose columns of a 0/1 matrix so that every row holds a chosen one.

Before it is solved the matrix is reduced: a row that holds another row is satisfied with it, a column whose
rows another column holds at no higher cost is never the better choice, and a row with one column left needs
it.

References
----------
Beasley, J. E. (1987). An algorithm for set covering problem. European Journal of Operational Research 31,
85-93 (the reductions).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from siting.watch import Watch

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

#: Sums of whole numbers kept as doubles, and bounds of the solver, miss a whole number by less than this.
_ROUNDING = 1e-6
#: Matrices of up to this many cells are multiplied dense, in blocks of results of so many cells.
_DENSE, _BLOCK = 40_000_000, 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """What is left of a cover problem.

    Parameters
    ----------
    rows
        (n_rows, n_columns) sparse 0/1.
    cost
        (n_columns,) float64.
    column
        (n_columns,) int64, number of each column in the whole problem.
    needed
        (n,) int64, numbers of the columns every cheapest cover may hold.
    """

    rows: sparse.csr_array
    cost: Floats
    column: Indices
    needed: Indices


def reduced(rows: sparse.csr_array, cost: Floats, *, watch: Watch) -> Reduced:
    """Reduce a cover problem without changing the cost of its cheapest cover; no row may be empty."""
    column = np.arange(rows.shape[1], dtype=np.int64)
    needed = np.empty(0, dtype=np.int64)
    while True:
        size = rows.shape
        rows = sparse.csr_array(rows[_minimal_rows(rows, watch)])
        kept = _worthwhile_columns(rows, cost, watch)
        rows, cost, column = sparse.csr_array(rows[:, kept]), cost[kept], column[kept]
        single = np.unique(rows.indices[rows.indptr[:-1][np.diff(rows.indptr) == 1]])
        if single.size:
            needed = np.union1d(needed, column[single]).astype(np.int64)
            open_rows = np.asarray(rows[:, single].sum(axis=1)).ravel() == 0
            rest = np.setdiff1d(np.arange(len(column)), single)
            rows = sparse.csr_array(rows[np.flatnonzero(open_rows)][:, rest])
            cost, column = cost[rest], column[rest]
        if rows.shape == size or watch.stopped():
            return Reduced(rows=rows, cost=cost, column=column, needed=needed)


def _minimal_rows(rows: sparse.csr_array, watch: Watch) -> Indices:
    """Return the rows that hold no other row; the first of equal ones."""
    size = np.diff(rows.indptr)
    minimal = np.ones(rows.shape[0], dtype=bool)
    for block, shared in _products(rows, watch):
        larger = (size[block, None] > size) | (np.arange(len(size)) < block[:, None])
        holds = (shared == size) & larger & (block[:, None] != np.arange(len(size)))
        minimal[block] = ~holds.any(axis=1)
    return np.flatnonzero(minimal).astype(np.int64)


def _worthwhile_columns(rows: sparse.csr_array, cost: Floats, watch: Watch) -> Indices:
    """Return the columns no other column replaces at no higher cost; the first of equal ones."""
    columns = sparse.csr_array(rows.T)
    size = np.diff(columns.indptr)
    worthwhile = size > 0
    for block, shared in _products(columns, watch):
        inside = (shared == size[block, None]) & (cost <= cost[block, None])
        better = (size > size[block, None]) | (cost < cost[block, None])
        better |= np.arange(len(size)) < block[:, None]
        beaten = inside & better & (block[:, None] != np.arange(len(size)))
        worthwhile[block] &= ~beaten.any(axis=1)
    return np.flatnonzero(worthwhile).astype(np.int64)


def _products(rows: sparse.csr_array, watch: Watch) -> Iterator[tuple[Indices, NDArray[np.float32]]]:
    """Yield blocks of rows and how many entries each shares with every row, while there is time."""
    n_rows, n_columns = rows.shape
    whole = rows.toarray().astype(np.float32) if n_rows * n_columns <= _DENSE else None
    step = max(1, _BLOCK // max(1, n_rows))
    for start in range(0, n_rows, step):
        if watch.stopped():
            return
        block = np.arange(start, min(start + step, n_rows), dtype=np.int64)
        if whole is not None:
            yield block, whole[block] @ whole.T
        else:
            yield block, (rows[block] @ rows.T).toarray().astype(np.float32)


def greedy_cover(rows: sparse.csr_array, cost: Floats) -> Bools:
    """Choose the column with the most open rows per cost until all rows are covered; drop what is idle."""
    chosen = np.zeros(rows.shape[1], dtype=bool)
    is_open = np.ones(rows.shape[0])
    price = np.maximum(cost, 1e-12)
    while is_open.any():
        best = int(np.argmax((is_open @ rows) / price))
        chosen[best] = True
        is_open[np.asarray(rows[:, [best]].todense()).ravel() > 0] = 0.0
    times = np.asarray(rows @ chosen.astype(np.float64))
    columns = rows.tocsc()
    for column in sorted(np.flatnonzero(chosen).tolist(), key=lambda k: (-cost[k], -k)):
        held = columns.indices[columns.indptr[column] : columns.indptr[column + 1]]
        if (times[held] > 1.0).all():
            chosen[column] = False
            times[held] -= 1.0
    return chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A cover and what is known of the cheapest one.

    Parameters
    ----------
    chosen
        (n,) int64 columns, ascending.
    cost
        Its cost.
    bound
        No cover costs less.
    """

    chosen: Indices
    cost: float
    bound: float


def cheapest_cover(
    rows: sparse.csr_array,
    cost: Floats,
    *,
    watch: Watch,
    at_most: float = math.inf,
    offset: float = 0.0,
    relaxed: bool = False,
) -> Cover:
    """Find the cheapest cover.

    Parameters
    ----------
    rows
        (n_rows, n_columns) sparse 0/1 matrix without an empty row.
    cost
        (n_columns,) float64, not negative.
    watch
        Deadline and callbacks; told of covers and bounds, `offset` added.
    at_most
        Any cover of this cost will do, and none that costs more is of interest: the search ends as soon as
        one is found, or the bound is above.
    offset
        Cost to be added.
    relaxed
        Be content with the bound of the linear relaxation and a greedy cover.
    """
    left = reduced(rows, cost, watch=watch)
    whole = bool(np.all(cost % 1.0 == 0.0))
    settled = float(cost[left.needed].sum())
    best = greedy_cover(left.rows, left.cost)
    value, bound = settled + float(left.cost[best].sum()), settled
    watch.offer(offset + value, "greedy cover")

    def raised(found: float | None) -> float:
        """Return the better of the bound and what a solver found."""
        if found is None:
            return bound
        found = settled + found * (1.0 - 1e-9)
        return max(bound, min(value, math.ceil(found - _ROUNDING) if whole else found))

    for integer in (False,) if relaxed else (False, True):
        watch.raise_bound_to(offset + bound)
        if not left.rows.shape[0]:
            bound = value
        open_question = value > at_most and bound <= at_most if math.isfinite(at_most) else bound < value
        if not open_question or watch.done():
            break
        answer = watch.solve(_program(left, integer=integer), solver="scip" if integer else "glop")
        bound = raised(answer.objective if not integer and answer.status == "optimal" else answer.bound)
        if integer and answer.x is not None:
            found = np.round(answer.x) == 1.0
            if settled + float(left.cost[found].sum()) < value and (left.rows @ found >= 1).all():
                best, value = found, settled + float(left.cost[found].sum())
                watch.offer(offset + value)
            if answer.status == "optimal":
                bound = raised(answer.bound)
    watch.raise_bound_to(offset + bound)
    chosen = np.union1d(left.needed, left.column[best]).astype(np.int64)
    return Cover(chosen=chosen, cost=value, bound=min(bound, value))


def _program(left: Reduced, *, integer: bool) -> Program:
    n_rows, n_columns = left.rows.shape
    return Program(
        objective=left.cost,
        lower=np.zeros(n_columns),
        upper=np.ones(n_columns),
        matrix=left.rows,
        row_lower=np.ones(n_rows),
        row_upper=np.full(n_rows, np.inf),
        integer=np.ones(n_columns, dtype=bool) if integer else None,
    )


def rows_of(covers: Bools | sparse.csr_array) -> sparse.csr_array:
    """Return a 0/1 matrix as doubles, without stored zeros."""
    rows: sparse.csr_array = sparse.csr_array(covers).astype(np.float64)
    rows.eliminate_zeros()
    rows.sort_indices()
    return rows


def distinct(rows: sparse.csr_array) -> tuple[sparse.csr_array, Indices]:
    """Return the distinct rows, in the order of their first appearance, and which of them each row is."""
    number: dict[bytes, int] = {}
    first: list[int] = []
    which = np.empty(rows.shape[0], dtype=np.int64)
    for k in range(rows.shape[0]):
        key = rows.indices[rows.indptr[k] : rows.indptr[k + 1]].tobytes()
        if key not in number:
            number[key] = len(first)
            first.append(k)
        which[k] = number[key]
    return sparse.csr_array(rows[np.array(first, dtype=np.int64)]), which
