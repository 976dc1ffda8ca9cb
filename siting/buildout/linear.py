"""Linear master of a build-out: a program to which cuts are added, solved warm.

Bounds are computed from the duals by weak duality, so that they hold whatever the solver's tolerances are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ortools.linear_solver.pywraplp import Constraint as LinearConstraint
from ortools.linear_solver.pywraplp import MPSolverParameters
from ortools.linear_solver.pywraplp import Solver as LinearSolver

from corridor.errors import SolverError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from siting.buildout.layout import Rows
    from siting.program import Program

    Floats = NDArray[np.float64]

_PARAMETERS = "use_dual_simplex: true use_preprocessing: false change_status_to_imprecise: false"
_COLD = "use_dual_simplex: false use_preprocessing: true change_status_to_imprecise: false"


@dataclass(frozen=True, slots=True, kw_only=True)
class Relaxed:
    """Solution of the linear master.

    Parameters
    ----------
    x
        (n_columns,) float64.
    bound
        No build-out is worth more.
    reduced_cost
        (n_columns,) float64: what forcing a column up from its lower limit by 1 takes off the bound, if
        negative.
    """

    x: Floats
    bound: float
    reduced_cost: Floats


class LinearMaster:
    """A linear program that grows by cuts.

    Parameters
    ----------
    program
        Columns, and rows with upper limits only.
    """

    def __init__(self, program: Program) -> None:
        self._program = program
        glop = self._glop = LinearSolver.CreateSolver("GLOP")
        glop.SetSolverSpecificParametersAsString(_PARAMETERS)
        self._columns = [
            glop.NumVar(lower, upper, "")
            for lower, upper in zip(program.lower.tolist(), program.upper.tolist(), strict=True)
        ]
        objective = glop.Objective()
        objective.SetMaximization()
        for column in np.flatnonzero(program.objective).tolist():
            objective.SetCoefficient(self._columns[column], float(program.objective[column]))
        self._rows: list[LinearConstraint] = []
        self._matrices: list[sparse.csr_array] = []
        self._limits: list[Floats] = []
        self._store(program.matrix, program.row_upper)

    def add(self, rows: Rows) -> None:
        """Add cuts."""
        self._store(rows.matrix, rows.limit)

    def _store(self, matrix: sparse.csr_array, limit: Floats) -> None:
        lowest = -self._glop.infinity()
        fixed = self._program.upper == 0.0
        for number, most in enumerate(limit.tolist()):
            row = self._glop.Constraint(lowest, most)
            span = slice(matrix.indptr[number], matrix.indptr[number + 1])
            indices, values = matrix.indices[span], matrix.data[span]
            kept = ~fixed[indices] & (values != 0.0)
            for column, value in zip(indices[kept].tolist(), values[kept].tolist(), strict=True):
                row.SetCoefficient(self._columns[column], value)
            self._rows.append(row)
        self._matrices.append(matrix)
        self._limits.append(limit)

    def solve(self, *, time_limit_s: float) -> Relaxed | None:
        """Solve; None where nothing is allowed.

        Raises
        ------
        TimeoutError
            The time did not suffice.
        """
        status = self._status(time_limit_s)
        if status == LinearSolver.INFEASIBLE:
            return None
        dual = np.maximum([row.dual_value() for row in self._rows], 0.0)
        limit = np.concatenate(self._limits)
        used = np.zeros(len(self._columns))
        start = 0
        for matrix in self._matrices:
            used += matrix.T @ dual[start : start + matrix.shape[0]]
            start += matrix.shape[0]
        program = self._program
        reduced = program.objective - used
        bound = float(dual @ limit + np.maximum(reduced * program.lower, reduced * program.upper).sum())
        return Relaxed(
            x=np.array([column.solution_value() for column in self._columns]),
            bound=bound,
            reduced_cost=reduced,
        )

    def _status(self, time_limit_s: float) -> int:
        """Solve warm, or cold where that fails."""
        self._glop.SetTimeLimit(max(1, int(1e3 * min(time_limit_s, 1e6))))
        status = self._glop.Solve()
        if status not in {LinearSolver.OPTIMAL, LinearSolver.FEASIBLE, LinearSolver.NOT_SOLVED}:
            cold = MPSolverParameters()
            cold.SetIntegerParam(cold.INCREMENTALITY, cold.INCREMENTALITY_OFF)
            for parameters in (_PARAMETERS, _COLD):
                self._glop.SetSolverSpecificParametersAsString(parameters)
                status = self._glop.Solve(cold)
                if status == LinearSolver.OPTIMAL:
                    break
            self._glop.SetSolverSpecificParametersAsString(_PARAMETERS)
        if status in {LinearSolver.OPTIMAL, LinearSolver.INFEASIBLE}:
            return int(status)
        if status in {LinearSolver.FEASIBLE, LinearSolver.NOT_SOLVED}:
            raise TimeoutError
        raise SolverError(f"the linear master ended with status {status}")
