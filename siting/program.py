"""A linear or mixed-integer program as arrays, and OR-Tools' answer to it.

    optimize    c x
    subject to  row_lower <= A x <= row_upper,  lower <= x <= upper,  x_j integer where `integer`

Models are filled from a sparse matrix in one call: loops over expressions cost seconds on large models.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from ortools.linear_solver.python import model_builder_helper as mbh
from scipy import sparse

from corridor.errors import SolverError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Solvers of OR-Tools that may be asked: linear, mixed-integer, mixed-integer.
SolverName = Literal["glop", "scip", "highs"]

#: Version of the solver package.
ORTOOLS_VERSION = version("ortools")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A linear or mixed-integer program.

    Parameters
    ----------
    objective, lower, upper
        (n,) float64.
    matrix
        (m, n) sparse.
    row_lower, row_upper
        (m,) float64.
    integer
        (n,) bool; None for a linear program.
    maximize
        Direction of the objective.
    """

    objective: Floats
    lower: Floats
    upper: Floats
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats
    integer: NDArray[np.bool_] | None = None
    maximize: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the solver said.

    Parameters
    ----------
    status
        ``optimal`` within the solver's own tolerances; see `siting.certificate.Certificate`.
    x
        (n,) float64, None without a solution.
    objective, bound
        None when unknown.
    dual
        (m,) float64, what the objective gains per unit of each row's bound; of linear programs only.
    """

    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    x: Floats | None
    objective: float | None
    bound: float | None
    dual: Floats | None = None


def solve(
    program: Program,
    *,
    solver: SolverName,
    time_limit_s: float,
    gap: float = 0.0,
    nodes: int | None = None,
) -> Answer:
    """Solve a program.

    Parameters
    ----------
    program
        The program.
    solver
        ``glop`` for linear, ``scip`` or ``highs`` for mixed-integer programs.
    time_limit_s
        Wall time allowed, s.
    gap
        Relative gap at which SCIP may stop, 0-1.
    nodes
        Nodes of the search tree after which SCIP stops: the same on every machine, other than a time limit.

    Raises
    ------
    SolverError
        The model was refused, or is unbounded.
    """
    n = len(program.objective)
    model = mbh.ModelBuilderHelper()
    model.fill_model_from_sparse_data(
        _doubles(program.lower),
        _doubles(program.upper),
        _doubles(program.objective),
        _doubles(program.row_lower),
        _doubles(program.row_upper),
        sparse.csr_matrix(program.matrix),
    )
    if program.integer is not None:
        for column in np.flatnonzero(program.integer).tolist():
            model.set_var_integrality(column, is_integer=True)
    model.set_maximize(maximize=program.maximize)
    for parameters in _parameters(solver, gap=gap, nodes=nodes):
        helper = mbh.ModelSolverHelper(solver)
        helper.set_time_limit_in_seconds(time_limit_s)
        if parameters:
            helper.set_solver_specific_parameters(parameters)
        helper.solve(model)
        status = helper.status()
        if status != mbh.SolveStatus.ABNORMAL:
            break
    if status == mbh.SolveStatus.INFEASIBLE:
        return Answer(status="infeasible", x=None, objective=None, bound=None)
    if status in {mbh.SolveStatus.OPTIMAL, mbh.SolveStatus.FEASIBLE}:
        objective = float(helper.objective_value())
        bound = objective if program.integer is None else float(helper.best_objective_bound())
        optimal = status == mbh.SolveStatus.OPTIMAL
        return Answer(
            status="optimal" if optimal else "feasible",
            x=np.asarray(helper.variable_values(), dtype=np.float64)[:n],
            objective=objective,
            bound=bound if optimal or program.integer is not None else None,
            dual=np.asarray(helper.dual_values(), dtype=np.float64) if program.integer is None else None,
        )
    if status in {mbh.SolveStatus.NOT_SOLVED, mbh.SolveStatus.UNKNOWN_STATUS}:
        return Answer(status="unknown", x=None, objective=None, bound=None)
    raise SolverError(f"{solver} ended with {helper.status_string() or status}")


def _parameters(solver: SolverName, *, gap: float, nodes: int | None) -> tuple[str, ...]:
    """Return the parameters to solve with, and those for when that ends in trouble with numbers."""
    if solver == "scip":
        return (f"limits/gap={gap:.3g}" + ("" if nodes is None else f"\nlimits/nodes={nodes}"),)
    # The primal simplex of GLOP gives up on loads of 1e-17 kg/d beside rooms of thousands.
    return ("", "use_dual_simplex: true", "use_scaling: false") if solver == "glop" else ("",)


def _doubles(values: Floats) -> Any:  # noqa: ANN401 - the solver's stub names no type that exists
    """Lay values out as the solver wants them."""
    return np.ascontiguousarray(values, dtype=np.float64)
