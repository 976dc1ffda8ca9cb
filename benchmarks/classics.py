"""The location models between points: every OR-Library instance, and peers on some of them.

The instances (Beasley 1985, 1988) are read from ``../shared/benchmarks``; without them these rows are left
out. Peers are the textbook programs of `benchmarks.textbook` given whole to OR-Tools' SCIP and HiGHS, and
spopt (PuLP and CBC) in an environment of its own, made on demand.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import shortest_path

from benchmarks import textbook
from benchmarks.timing import Row, timed
from siting.facility_location import solve_facility_location
from siting.maximal_covering import solve_maximal_covering
from siting.p_center import solve_p_center
from siting.p_median import solve_p_median
from siting.program import SolverName, solve
from siting.set_covering import solve_set_covering

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.certificate import Certificate
    from siting.program import Program

    Floats = NDArray[np.float64]

HERE = Path(__file__).parent
INSTANCES = HERE.parents[1] / "shared" / "benchmarks"
_LIMIT_S = 60.0
PEERS: tuple[SolverName, ...] = ("scip", "highs")
#: Instances the peers are given: p-median and p-center; the covering models; warehouses.
_PEER_MEDIANS, _PEER_COVER, _PEER_CAP = ("pmed1", "pmed6"), "pmed16", "cap44"
_SPOPT = HERE.parent / ".venv-spopt"


def rows() -> list[Row]:
    """Return a row for every instance, and for every peer."""
    if not INSTANCES.exists():
        print("    OR-Library instances are not beside the checkout: left out", flush=True)
        return []
    return [*_every_median(), *_every_warehouse(), *_against_peers()]


@dataclass(frozen=True, slots=True)
class Question:
    """One question put to everyone.

    Parameters
    ----------
    model
        Name at the door of ``chengyu locate``.
    work
        What the row is called.
    ours
        Answers it.
    program
        Builds the textbook program.
    distance, p, radius
        For spopt; None for models it does not have.
    """

    model: str
    work: str
    ours: Callable[[], Certificate]
    program: Callable[[], Program]
    distance: Floats | None = None
    p: int = 0
    radius: float = 0.0


def _every_median() -> list[Row]:
    """Solve every p-median instance."""
    result = []
    for name, best in _optima("orlib_pmed").items():
        distance, p = read_median(name)
        proof, seconds = timed(partial(_median, distance, p), repeats=1)
        work = f"p-median {name}: n={len(distance)}, p={p}, published {best:,.0f}"
        result.append(Row(work, "siting.p_median", seconds, 1.0, _answer(proof, best)))
    return result


def _every_warehouse() -> list[Row]:
    """Solve every capacitated warehouse instance."""
    result = []
    for name, best in _optima("orlib_cap").items():
        cost, fixed, demand, capacity = read_warehouses(name)
        work = f"warehouses {name}: {cost.shape[1]} x {cost.shape[0]}, published {best:,.3f}"
        ours = partial(solve_facility_location, cost, fixed, demand=demand, capacity=capacity)
        solution, seconds = timed(ours, repeats=1)
        answer = _answer(solution.certificate, best)
        result.append(Row(work, "siting.facility_location", seconds, 1.0, answer))
    return result


def _against_peers() -> list[Row]:
    """Put some questions to everyone."""
    python = _spopt_python()
    result = []
    for question in _questions():
        proof, ours = timed(question.ours, repeats=1)
        result.append(Row(question.work, "chengyu locate's solver", ours, 1.0, _answer(proof)))
        for solver in PEERS:
            told, seconds = timed(partial(_whole, question.program, solver), repeats=1)
            result.append(
                Row(question.work, f"textbook MIP, {solver.upper()}", seconds, seconds / ours, told)
            )
        if python is not None and question.distance is not None:
            told, seconds = _spopt(python, question)
            result.append(Row(question.work, "spopt (PuLP, CBC)", seconds, seconds / ours, told))
    return result


def _questions() -> list[Question]:
    """Return the questions put to everyone."""
    found = []
    for name in _PEER_MEDIANS:
        distance, p = read_median(name)
        size = f"{name}: n={len(distance)}, p={p}"
        found += [
            Question(
                "p-median",
                f"p-median {size}",
                partial(_median, distance, p),
                partial(textbook.p_median, distance, p=p),
                distance,
                p,
            ),
            Question(
                "p-center",
                f"p-center {size}",
                lambda d=distance, p=p: solve_p_center(d, p=p).certificate,  # type: ignore[misc]
                partial(textbook.p_center, distance, p=p),
                distance,
                p,
            ),
        ]
    distance, p = read_median(_PEER_COVER)
    radius = 0.5 * (solve_p_center(distance, p=p).certificate.incumbent or 0.0)
    covers = distance <= radius
    size = f"{_PEER_COVER}: n={len(distance)}, radius {radius:g}"
    found += [
        Question(
            "max-cover",
            f"maximal covering {size}, p={p}",
            lambda: solve_maximal_covering(covers, np.ones(len(covers)), p=p).certificate,
            partial(textbook.max_cover, covers, p=p),
            distance,
            p,
            radius,
        ),
        Question(
            "set-cover",
            f"set covering {size}",
            lambda: solve_set_covering(covers).certificate,
            partial(textbook.set_cover, covers),
            distance,
            p,
            radius,
        ),
    ]
    cost, fixed, demand, capacity = read_warehouses(_PEER_CAP)
    found.append(
        Question(
            "facility-location",
            f"warehouses {_PEER_CAP}: {cost.shape[1]} x {cost.shape[0]}",
            lambda: solve_facility_location(cost, fixed, demand=demand, capacity=capacity).certificate,
            partial(textbook.capacitated, cost, fixed, demand=demand, capacity=capacity),
        )
    )
    return found


def _median(distance: Floats, p: int) -> Certificate:
    return solve_p_median(distance, np.ones(len(distance)), p=p, time_limit_s=_LIMIT_S).certificate


def _whole(program: Callable[[], Program], solver: SolverName) -> str:
    """Build the textbook program, solve it and return its answer."""
    answer = solve(program(), solver=solver, time_limit_s=_LIMIT_S)
    if answer.objective is None:
        return f"no solution in {_LIMIT_S:.0f} s"
    return f"{answer.objective:,.3f}, bound {answer.bound:,.3f}, {answer.status}"


def _spopt(python: Path, question: Question) -> tuple[str, float]:
    """Ask spopt in a process of its own; its time is that of building and solving alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "question.npz"
        np.savez(path, distance=question.distance, p=question.p, radius=question.radius)  # type: ignore[arg-type]
        command = [python, HERE / "spopt_peer.py", path, question.model, str(_LIMIT_S)]
        try:
            done = subprocess.run(
                list(map(str, command)), capture_output=True, text=True, timeout=5 * _LIMIT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return "no answer, ended by force", 5 * _LIMIT_S
    if done.returncode:
        return f"failed: {done.stderr.strip().splitlines()[-1][:80]}", 0.0
    answer = json.loads(done.stdout.splitlines()[-1])
    stopped = ", stopped at its limit" if answer["seconds"] > _LIMIT_S else ""
    return f"{answer['objective']:,.3f}, says {answer['status']}{stopped}", float(answer["seconds"])


def _spopt_python() -> Path | None:
    """Return the interpreter of an environment with spopt, made if it is not there; None if it cannot be."""
    python = _SPOPT / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    ready = _SPOPT / ".installed"
    if ready.exists():
        return python
    try:
        subprocess.run([sys.executable, "-m", "venv", str(_SPOPT)], check=True, capture_output=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        wanted = ["-r", str(HERE / "requirements-spopt.txt")]
        subprocess.run([*install, *wanted], check=True, capture_output=True, timeout=600)
    except (subprocess.SubprocessError, OSError) as error:
        print(f"    spopt cannot be installed ({type(error).__name__}): left out", flush=True)
        return None
    ready.touch()
    return python


def _answer(proof: Certificate, best: float | None = None) -> str:
    """Return incumbent and status in one cell, and whether it is the published optimum."""
    if proof.incumbent is None:
        return f"no solution, {proof.status}"
    told = f"{proof.incumbent:,.3f} {proof.status}"
    if best is None:
        return told
    return f"{told}, {'as' if abs(proof.incumbent - best) < 1e-3 else 'NOT as'} published"


def _optima(folder: str) -> dict[str, float]:
    """Return the published optimum of each instance."""
    lines = (INSTANCES / folder / "optima.csv").read_text(encoding="utf-8").split()[1:]
    return {name: float(best) for name, best in (line.split(",") for line in lines)}


def read_median(name: str) -> tuple[Floats, int]:
    """Return the distances of a p-median instance, and p; the last of duplicate edges wins."""
    numbers = (INSTANCES / "orlib_pmed" / f"{name}.txt").read_text(encoding="utf-8").split()
    n, m, p = map(int, numbers[:3])
    length = np.zeros((n, n))
    for u, v, d in np.array(numbers[3 : 3 + 3 * m], dtype=np.int64).reshape(m, 3).tolist():
        length[u - 1, v - 1] = length[v - 1, u - 1] = d
    return np.asarray(shortest_path(length, directed=False), dtype=np.float64), p


def read_warehouses(name: str) -> tuple[Floats, Floats, Floats, Floats]:
    """Return costs (customers x warehouses), fixed costs, demands and capacities of an instance."""
    numbers = (INSTANCES / "orlib_cap" / f"{name}.txt").read_text(encoding="utf-8").split()
    m, n = int(numbers[0]), int(numbers[1])
    sites = np.array(numbers[2 : 2 + 2 * m], dtype=np.float64).reshape(m, 2)
    customers = np.array(numbers[2 + 2 * m :], dtype=np.float64).reshape(n, m + 1)
    return customers[:, 1:].copy(), sites[:, 1].copy(), customers[:, 0].copy(), sites[:, 0].copy()
