"""Programs in solvers' hands: what a solver gives up on is tried another way."""

import numpy as np
import pytest
from scipy import sparse

import siting.program
from corridor.errors import SolverError
from siting.program import Program, solve

#: max x + y, x + 2y <= 4, 3x + y <= 6: 2.8 at (1.6, 1.2).
PROGRAM = Program(
    objective=np.ones(2),
    lower=np.zeros(2),
    upper=np.full(2, np.inf),
    matrix=sparse.csr_array(np.array([[1.0, 2.0], [3.0, 1.0]])),
    row_lower=np.full(2, -np.inf),
    row_upper=np.array([4.0, 6.0]),
    maximize=True,
)


def _shaky(heard, *, works_with):
    """Return a solver that gives up unless it is asked for something."""
    real = siting.program.mbh.ModelSolverHelper

    class Shaky(real):
        def __init__(self, name):
            super().__init__(name)
            self.asked = ""

        def set_solver_specific_parameters(self, asked):
            self.asked = asked
            super().set_solver_specific_parameters(asked)

        def solve(self, model):
            heard.append(self.asked)
            super().solve(model)

        def status(self):
            if works_with is not None and works_with in self.asked:
                return super().status()
            return siting.program.mbh.SolveStatus.ABNORMAL

    return Shaky


def test_trouble_with_numbers_is_solved_by_the_other_simplex(monkeypatch):
    heard = []
    shaky = _shaky(heard, works_with="dual_simplex")
    monkeypatch.setattr(siting.program.mbh, "ModelSolverHelper", shaky)
    answer = solve(PROGRAM, solver="glop", time_limit_s=10.0)
    assert len(heard) == 2
    assert answer.status == "optimal"
    assert answer.x == pytest.approx([1.6, 1.2])
    assert answer.dual == pytest.approx([0.4, 0.2])


@pytest.mark.parametrize(("solver", "times"), [("glop", 3), ("scip", 1)])
def test_what_nothing_helps_against_is_told(solver, times, monkeypatch):
    heard = []
    monkeypatch.setattr(siting.program.mbh, "ModelSolverHelper", _shaky(heard, works_with=None))
    with pytest.raises(SolverError, match="ABNORMAL"):
        solve(PROGRAM, solver=solver, time_limit_s=10.0)
    assert len(heard) == times
    assert heard[0] == ("" if solver == "glop" else "limits/gap=0")


def test_each_way_of_solving_gives_the_optimum():
    for parameters in siting.program._parameters("glop", gap=0.0, nodes=None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(siting.program, "_parameters", lambda *_, only=parameters, **__: (only,))
            assert solve(PROGRAM, solver="glop", time_limit_s=10.0).objective == pytest.approx(2.8)
