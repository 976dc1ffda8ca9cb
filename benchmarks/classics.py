"""The location models between points: every OR-Library instance, and peers on some of them.

The instances (Beasley 1985, 1988) are read from ``../shared/benchmarks``; without them these rows are left
out. Peers are the textbook programs of `benchmarks.textbook` given whole to OR-Tools' SCIP and HiGHS, and
spopt (PuLP and CBC) in an environment of its own, made on demand.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import shortest_path

from benchmarks import textbook
from benchmarks.peers import ask, spopt_python
from benchmarks.timing import Check, Report, Row, listed, timed
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
_OWN, _SPOPT = "chengyu locate's solver", "spopt (PuLP, CBC)"


def report() -> Report:
    """Return a row for every instance, and for every peer."""
    if not INSTANCES.exists():
        print("    OR-Library instances are not beside the checkout: left out", flush=True)
        return Report([], [])
    medians, warehouses, asked = _every_median(), _every_warehouse(), _against_peers()
    return Report(
        [*medians, *warehouses, *asked],
        [
            _proven(medians, "OR-Library p-median 1-20: each to its published optimum, proven, in 60 s"),
            _proven(warehouses, "OR-Library warehouses: each to its published optimum"),
            *_spopt_checks(asked),
        ],
    )


def _proven(rows: list[Row], asked: str) -> Check:
    """Tell whether every instance was solved to its optimum in time."""
    solved = [row for row in rows if row.facts["solved"]]
    slowest = max(row.seconds for row in rows)
    told = f"{len(solved)} of {len(rows)}, {slowest:.2f} s at most"
    return Check(asked, told, len(solved) == len(rows) and slowest <= _LIMIT_S)


def _spopt_checks(asked: list[Row]) -> list[Check]:
    """Tell ratio and right answers of spopt for the models that are asked about."""
    result = []
    for model, name in (("maximal covering", "MCLP"), ("p-median", "p-median")):
        rows = [row for row in asked if row.work.startswith(model)]
        own = [row for row in rows if row.who == _OWN]
        other = [row for row in rows if row.who == _SPOPT]
        if other:
            hits = [f"{sum(row.facts['right'] for row in each):.0f} of {len(each)}" for each in (own, other)]
            told = f"{listed([row.ratio for row in other], 'x')}; right: ours {hits[0]}, spopt {hits[1]}"
            right = all(row.facts["right"] for row in own)
            result.append(Check(f"against spopt's {name}: ratio, and whose answer is right", told, right))
    return result


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
    best
        Published optimum, if there is one.
    """

    model: str
    work: str
    ours: Callable[[], Certificate]
    program: Callable[[], Program]
    distance: Floats | None = None
    p: int = 0
    radius: float = 0.0
    best: float | None = None


def _every_median() -> list[Row]:
    """Solve every p-median instance."""
    result = []
    for name, best in _optima("orlib_pmed").items():
        distance, p = read_median(name)
        proof, seconds = timed(partial(_median, distance, p), repeats=1)
        work = f"p-median {name}: n={len(distance)}, p={p}, published {best:,.0f}"
        facts = {"solved": float(_is_best(proof, best))}
        result.append(Row(work, "siting.p_median", seconds, 1.0, _answer(proof, best), facts))
    return result


def _every_warehouse() -> list[Row]:
    """Solve every capacitated warehouse instance."""
    result = []
    for name, best in _optima("orlib_cap").items():
        cost, fixed, demand, capacity = read_warehouses(name)
        work = f"warehouses {name}: {cost.shape[1]} x {cost.shape[0]}, published {best:,.3f}"
        ours = partial(solve_facility_location, cost, fixed, demand=demand, capacity=capacity)
        solution, seconds = timed(ours, repeats=1)
        proof = solution.certificate
        facts = {"solved": float(_is_best(proof, best))}
        result.append(Row(work, "siting.facility_location", seconds, 1.0, _answer(proof, best), facts))
    return result


def _against_peers() -> list[Row]:
    """Put some questions to everyone.

    The published optimum decides who is right; where there is none, the value that all who proved one agree
    on.
    """
    python = spopt_python()
    result = []
    for question in _questions():
        proof, ours = timed(question.ours, repeats=1)
        own = proof.incumbent if proof.status == "optimal" else None
        heard = [(_OWN, ours, _answer(proof), own, own)]
        heard += [_whole(question.program, solver) for solver in PEERS]
        if python is not None and question.distance is not None:
            heard.append(_spopt(python, question))
        proven = [value for who, _, _, value, _ in heard if value is not None and who != _SPOPT]
        agreed = bool(proven) and math.isclose(min(proven), max(proven), rel_tol=1e-6)
        best = question.best if question.best is not None else proven[0] if agreed else math.nan
        sure = "right" if question.best is not None or len(proven) > 1 else "right by one proof alone"
        for who, seconds, told, _, claim in heard:
            right = claim is not None and math.isclose(claim, best, rel_tol=1e-6)
            verdict = f"{told}: {sure if right else 'not proven' if claim is None else 'WRONG'}"
            facts = {"right": float(right)}
            result.append(Row(question.work, who, seconds, seconds / ours, verdict, facts))
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
                best=_optima("orlib_pmed")[name],
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
    rng = np.random.default_rng(3)
    gap = rng.random((2000, 1, 2)) - rng.random((1, 500, 2))
    apart = np.hypot(gap[..., 0], gap[..., 1])
    found.append(
        Question(
            "max-cover",
            "maximal covering 2,000 x 500 points drawn in a square of side 1, radius 0.08, p=25",
            lambda: solve_maximal_covering(apart <= 0.08, np.ones(2000), p=25).certificate,
            partial(textbook.max_cover, apart <= 0.08, p=25),
            apart,
            25,
            0.08,
        )
    )
    cost, fixed, demand, capacity = read_warehouses(_PEER_CAP)
    found.append(
        Question(
            "facility-location",
            f"warehouses {_PEER_CAP}: {cost.shape[1]} x {cost.shape[0]}",
            lambda: solve_facility_location(cost, fixed, demand=demand, capacity=capacity).certificate,
            partial(textbook.capacitated, cost, fixed, demand=demand, capacity=capacity),
            best=_optima("orlib_cap")[_PEER_CAP],
        )
    )
    return found


def _median(distance: Floats, p: int) -> Certificate:
    return solve_p_median(distance, np.ones(len(distance)), p=p, time_limit_s=_LIMIT_S).certificate


#: Who, seconds, answer in words, value if proven, value if said to be optimal.
Heard = tuple[str, float, str, float | None, float | None]


def _whole(program: Callable[[], Program], solver: SolverName) -> Heard:
    """Build the textbook program, solve it and return its answer."""
    who = f"textbook MIP, {solver.upper()}"
    answer, seconds = timed(lambda: solve(program(), solver=solver, time_limit_s=_LIMIT_S), repeats=1)
    if answer.objective is None:
        return who, seconds, f"no solution in {_LIMIT_S:.0f} s", None, None
    value = answer.objective if answer.status == "optimal" else None
    return who, seconds, f"{answer.objective:,.3f}, bound {answer.bound:,.3f}, {answer.status}", value, value


def _spopt(python: Path, question: Question) -> Heard:
    """Ask spopt; its time is that of building and solving alone, its word is not taken for proof."""
    asked = {"distance": question.distance, "p": question.p, "radius": question.radius}
    arrays = {name: value for name, value in asked.items() if value is not None}
    told = ask(python, question.model, arrays, limit_s=_LIMIT_S)
    if "failed" in told:
        return _SPOPT, math.nan, told["failed"], None, None
    seconds, value = float(told["seconds"]), float(told["objective"])
    stopped = ", stopped at its limit" if seconds > _LIMIT_S else ""
    if told["status"] != "Optimal":
        return _SPOPT, seconds, f"says {told['status']}{stopped}", None, None
    return _SPOPT, seconds, f"{value:,.3f}, says {told['status']}{stopped}", None, value


def _is_best(proof: Certificate, best: float) -> bool:
    """Tell whether a published optimum was found and proven."""
    return proof.status == "optimal" and proof.incumbent is not None and abs(proof.incumbent - best) < 1e-3


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
