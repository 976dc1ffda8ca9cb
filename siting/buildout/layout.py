"""Columns and fixed rows of the master program of a build-out.

Cuts run over the common columns, in this order: open (period by site), load (period by site), volume (period
by group of classes). They fit a program with any choice of sizes.

A program has the columns open, volume, then, for each size but the smallest, larger (period by site): 1 if
the station is at least of that size. It has no loads: more load never takes anything off the volume, so that
the load of a station is all the room it has (:class:`Fit`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.program import Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.buildout.question import Question

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows ``matrix x <= limit``.

    Parameters
    ----------
    matrix
        (n_rows, n_columns) sparse.
    limit
        (n_rows,) float64.
    """

    matrix: sparse.csr_array
    limit: Floats

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.limit)

    def excess(self, x: Floats) -> Floats:
        """Return by how much a solution exceeds each limit."""
        return np.asarray(self.matrix @ x[: self.matrix.shape[1]], dtype=np.float64) - self.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Common columns by those of a program: ``common = matrix @ own + constant``.

    Parameters
    ----------
    matrix
        (n_common, n_own) sparse.
    constant
        (n_common,) float64.
    """

    matrix: sparse.csr_array
    constant: Floats

    def rows(self, rows: Rows) -> Rows:
        """Return rows over common columns as rows over those of the program."""
        taken = np.asarray(rows.matrix @ self.constant, dtype=np.float64)
        return Rows(matrix=sparse.csr_array(rows.matrix @ self.matrix), limit=rows.limit - taken)

    def common(self, x: Floats) -> Floats:
        """Return the common columns of a solution of the program."""
        return np.asarray(self.matrix @ x, dtype=np.float64) + self.constant


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the columns stand.

    Parameters
    ----------
    question
        What is asked.
    group_volume
        (n_periods, n_groups) float64, volume of each group of classes.
    usable
        (n_sites,) bool, where a station can serve anybody.
    """

    question: Question
    group_volume: Floats
    usable: Bools

    @property
    def n_common(self) -> int:
        """Number of columns that cuts run over."""
        return 2 * self._n_places + self.group_volume.size

    @property
    def upper(self) -> Floats:
        """(n_common,) float64, no less than the columns can be."""
        question = self.question
        largest = np.maximum(question.module_kg_per_day[-1], np.nan_to_num(question.existing_kg_per_day))
        loads = np.tile(question.highest_utilization * largest, question.n_periods)
        return np.concatenate([np.ones(self._n_places), loads, self.group_volume.ravel()])

    @property
    def _n_places(self) -> int:
        return self.question.n_periods * self.question.n_sites

    def _own_volume(self, period: int) -> slice:
        """Return a program's columns of the volume, by group."""
        n_groups = self.group_volume.shape[1]
        start = self._n_places + period * n_groups
        return slice(start, start + n_groups)

    def open(self, period: int) -> slice:
        """Return the columns of stations, by site: common ones and a program's."""
        n = self.question.n_sites
        return slice(period * n, (period + 1) * n)

    def load(self, period: int) -> slice:
        """Return the common columns of loads, by site."""
        n = self.question.n_sites
        return slice(self._n_places + period * n, self._n_places + (period + 1) * n)

    def volume(self, period: int) -> slice:
        """Return the common columns of the volume, by group."""
        n_groups = self.group_volume.shape[1]
        start = 2 * self._n_places + period * n_groups
        return slice(start, start + n_groups)

    def larger(self, size: int) -> Indices:
        """Return (n_periods, n_sites) int64, a program's columns of "at least the size-th of its sizes"."""
        question = self.question
        start = 0 if size == 0 else self._n_places + self.group_volume.size + (size - 1) * self._n_places
        return start + np.arange(self._n_places, dtype=np.int64).reshape(question.n_periods, question.n_sites)

    def fit(self, sizes: Indices) -> Fit:
        """Return the common columns by those of a program with some of the sizes to choose from."""
        question, n, n_volumes = self.question, self._n_places, self.group_volume.size
        barred = np.tile(question.is_barred | ~self.usable, question.n_periods)
        places = np.flatnonzero(~barred)
        steps = np.diff(question.sizes_kg_per_day[:, sizes], axis=1, prepend=0.0)
        rooms = question.highest_utilization * np.tile(steps, (question.n_periods, 1))
        row = [np.arange(n), 2 * n + np.arange(n_volumes)]
        column = [np.arange(n), n + np.arange(n_volumes)]
        value = [np.ones(n), np.ones(n_volumes)]
        for number, room in enumerate(rooms.T):
            row.append(n + places)
            column.append(self.larger(number).ravel()[places])
            value.append(room[places])
        entries = (np.concatenate(value), (np.concatenate(row), np.concatenate(column)))
        standing = question.highest_utilization * np.nan_to_num(question.existing_kg_per_day)
        loads = np.tile(standing, question.n_periods)
        return Fit(
            matrix=sparse.csr_array(entries, shape=(self.n_common, n * len(sizes) + n_volumes)),
            constant=np.concatenate([np.zeros(n), loads, np.zeros(n_volumes)]),
        )

    def program(self, sizes: Indices, *, integer: bool, without: Bools | None = None) -> Program:
        """Return the master with some of the sizes to choose from, without cuts.

        Parameters
        ----------
        sizes
            (n,) int64, sizes of the question, ascending.
        integer
            Whether stations are whole.
        without
            (n_sites,) bool, sites that are left out.
        """
        question = self.question
        standing = question.is_existing
        out = (~self.usable | question.is_barred | (False if without is None else without)) & ~standing
        out[question.must_build] = False
        n_columns = self._n_places * len(sizes) + self.group_volume.size
        lower, upper = np.zeros(n_columns), np.ones(n_columns)
        objective = np.zeros(n_columns)
        whole = np.ones(n_columns, dtype=bool)
        for period in range(question.n_periods):
            volume = self._own_volume(period)
            whole[volume] = False
            upper[volume] = self.group_volume[period]
            upper[self.open(period)] = ~out
            lower[self.open(period)] = standing
            weight = question.weight[period]
            objective[volume] = weight * question.worth[period]
            for number in range(len(sizes)):
                columns = self.larger(number)[period]
                step = self._step(question.running_cost, sizes, number)
                objective[columns] -= weight * np.where(standing, 0.0, step)
                if number:
                    upper[columns] = ~out & ~standing & ~question.is_fixed
        lower[self.open(question.n_periods - 1).start + question.must_build] = 1.0
        rows = self._rows(sizes, ~out & ~standing, n_columns)
        return Program(
            objective=objective,
            lower=lower,
            upper=upper,
            matrix=rows.matrix,
            row_lower=np.full(len(rows), -np.inf),
            row_upper=rows.limit,
            integer=whole if integer else None,
            maximize=True,
        )

    @staticmethod
    def _step(cost: Floats, sizes: Indices, number: int) -> Floats:
        """Return what a size costs more than the one before, by site."""
        own = cost[:, sizes[number]]
        return own if number == 0 else own - cost[:, sizes[number - 1]]

    def _rows(self, sizes: Indices, free: Bools, n_columns: int) -> Rows:
        """Return the fixed rows; `free` are the sites that may get a new station."""
        sites = np.flatnonzero(free).astype(np.int64)
        none = Rows(matrix=sparse.csr_array((0, n_columns)), limit=np.zeros(0))
        parts = [none, *self._growth(sizes, sites, n_columns), *self._limits(sizes, sites, n_columns)]
        return Rows(
            matrix=sparse.csr_array(sparse.vstack([each.matrix for each in parts], format="csr")),
            limit=np.concatenate([each.limit for each in parts]),
        )

    def _growth(self, sizes: Indices, sites: Indices, n_columns: int) -> list[Rows]:
        """Return the rows of sizes one after the other, and of stations that stay."""

        def pairs(more: Indices, less: Indices) -> Rows:
            """Return rows "the one column is at most the other"."""
            n = more.size
            ones, row = np.ones(n), np.arange(n)
            entries = (np.concatenate([ones, -ones]), (np.tile(row, 2), np.append(more, less)))
            return Rows(matrix=sparse.csr_array(entries, shape=(n, n_columns)), limit=np.zeros(n))

        columns = [self.larger(number)[:, sites] for number in range(len(sizes))]
        parts = [pairs(larger, smaller) for smaller, larger in pairwise(columns)]
        return parts + [pairs(each[:-1], each[1:]) for each in columns if self.question.n_periods > 1]

    def _limits(self, sizes: Indices, sites: Indices, n_columns: int) -> list[Rows]:
        """Return the rows of numbers, budgets and least volumes."""
        question = self.question
        parts = []

        def add(row: Floats, limit: float) -> None:
            parts.append(Rows(matrix=sparse.csr_array(row[None, :]), limit=np.array([limit])))

        for period in range(question.n_periods):
            columns = [self.larger(number)[period][sites] for number in range(len(sizes))]
            if np.isfinite(question.most_new[period]):
                row = np.zeros(n_columns)
                row[columns[0]] = 1.0
                add(row, question.most_new[period])
            if np.isfinite(question.budget[period]):
                row = np.zeros(n_columns)
                for number, own in enumerate(columns):
                    row[own] = self._step(question.cost, sizes, number)[sites]
                add(row, question.budget[period])
            if question.least_volume[period] > 0.0:
                row = np.zeros(n_columns)
                row[self._own_volume(period)] = -1.0
                add(row, -question.least_volume[period])
        return parts
