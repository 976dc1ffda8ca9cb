"""Timing and the shape of a result row."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

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
        Its seconds over this project's in the same run.
    answer
        What came out.
    """

    work: str
    who: str
    seconds: float
    ratio: float
    answer: str


def timed(work: Callable[[], T], *, repeats: int) -> tuple[T, float]:
    """Return the result of ``work`` and the shortest wall time of ``repeats`` runs, s."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        result = work()
        best = min(best, time.perf_counter() - start)
    return result, best
