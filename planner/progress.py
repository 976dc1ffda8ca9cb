"""What long work says while it runs, and how it is asked to stop."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planner.scenario import Objective

#: Stages of a plan, in order.
STAGES = ("load", "demand", "siting", "replay", "sizing", "queues", "supply", "done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One report of long work.

    Parameters
    ----------
    stage
        One of :data:`STAGES`.
    seconds
        Since the work began.
    message
        What is going on, in English.
    incumbent, bound
        Of the siting solve so far, in the unit of the objective; None before there is one.
    objective
        What siting maximizes (:mod:`planner.objective`).
    """

    stage: str
    seconds: float
    message: str
    incumbent: float | None = None
    bound: float | None = None
    objective: Objective = "kg"

    @property
    def share(self) -> float:
        """Share of the stages behind, 0-1."""
        return STAGES.index(self.stage) / (len(STAGES) - 1)

    @property
    def gap(self) -> float | None:
        """Relative gap of the siting solve, 0-1; None before both sides are known."""
        if self.incumbent is None or self.bound is None or self.bound <= 0:
            return None
        return max(0.0, (self.bound - self.incumbent) / self.bound)


OnProgress = Callable[[Progress], None]
ShouldStop = Callable[[], bool]


class Stopped(Exception):  # noqa: N818  not an error: a person asked for it
    """Long work was asked to stop before it had anything to give."""
