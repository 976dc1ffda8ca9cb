"""Timing, and the shapes of a result row and of an answer to what is asked."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """One contestant at one piece of work.

    Parameters
    ----------
    work
        What was done.
    who
        By which code.
    seconds
        Wall time, the shortest of the repeats.
    ratio
        Its seconds over this project's in the same run; NaN where there is nothing to compare.
    answer
        What came out.
    facts
        Figures of the answer, from which the checks are made.
    """

    work: str
    who: str
    seconds: float
    ratio: float
    answer: str
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing asked of the project, and what was reached.

    Parameters
    ----------
    asked
        The demand.
    reached
        The figures measured.
    met
        Whether they meet it.
    """

    asked: str
    reached: str
    met: bool


class Report(NamedTuple):
    """What one benchmark tells: rows, and checks made of them."""

    rows: list[Row]
    checks: list[Check]


class Trace:
    """When a solve reported what: pass it as ``on_progress``.

    Parameters
    ----------
    start
        `time.perf_counter` when the work began, preprocessing included.
    """

    def __init__(self, start: float) -> None:
        self._start = start
        self._seen: list[tuple[float, float, float]] = []

    def __call__(self, plan: float, bound: float, _gap: float, _seconds: float, _message: str) -> None:
        """Note plan and bound."""
        self._seen.append((time.perf_counter() - self._start, plan, bound))

    @property
    def first_plan(self) -> float:
        """Seconds to the first plan worth something; NaN without one."""
        return next((at for at, plan, _ in self._seen if plan > 0.0), math.nan)

    def until(self, gap: float) -> float:
        """Return the seconds until plan and bound were within a relative gap; infinite if they never were."""
        for at, plan, bound in self._seen:
            if plan > 0.0 and abs(bound - plan) <= gap * max(plan, bound):
                return at
        return math.inf


def timed(work: Callable[[], T], *, repeats: int) -> tuple[T, float]:
    """Return the result of ``work`` and the shortest wall time of ``repeats`` runs, s."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return result, best


def listed(values: list[float], unit: str = " s", *, digits: int = 1) -> str:
    """Return figures in a row, such as ``1.0 / never / 3.0 s``."""
    told = [f"{value:,.{digits}f}" if math.isfinite(value) else "never" for value in values]
    return " / ".join(told) + (unit if any(map(math.isfinite, values)) else "")
