"""What long work says while it runs, and how it is asked to stop."""

from __future__ import annotations

import time
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


class Reporter:
    """Passes progress on and notices a wish to stop.

    Parameters
    ----------
    on_progress, should_stop
        Told what is going on; asked whether to stop.
    objective
        What siting maximizes.
    """

    def __init__(
        self, on_progress: OnProgress | None, should_stop: ShouldStop | None, *, objective: Objective
    ) -> None:
        self._on_progress = on_progress
        self._objective = objective
        self.should_stop = should_stop
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since the work began."""
        return time.perf_counter() - self._start

    def stage(self, stage: str, message: str) -> None:
        """Say that a stage begins; give up here if asked to, as long as there is nothing to keep."""
        if stage in {"load", "demand", "siting"} and self.should_stop is not None and self.should_stop():
            raise Stopped
        if self._on_progress is not None:
            self._on_progress(Progress(stage=stage, seconds=self.seconds, message=message))

    def siting(self, incumbent: float, bound: float, _gap: float, _seconds: float, message: str) -> None:
        """Say how the siting solve stands."""
        if self._on_progress is not None:
            self._on_progress(
                Progress(
                    stage="siting",
                    seconds=self.seconds,
                    message=message,
                    incumbent=incumbent,
                    bound=bound,
                    objective=self._objective,
                )
            )
