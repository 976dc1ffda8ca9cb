"""Undo and redo: scenarios one after another, and which of them holds now."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from planner.scenario import Scenario

#: Most steps that can be undone; older ones are forgotten.
MOST_STEPS = 200


def _steps() -> deque[Scenario]:
    """Return room for the steps."""
    return deque(maxlen=MOST_STEPS)


@dataclass(slots=True, eq=False)
class History:
    """Scenarios of a session.

    Parameters
    ----------
    now
        The one that holds.
    """

    now: Scenario
    _past: deque[Scenario] = field(default_factory=_steps, init=False, repr=False)
    _future: deque[Scenario] = field(default_factory=_steps, init=False, repr=False)

    def record(self, scenario: Scenario) -> None:
        """Let another scenario hold; what was undone is gone. The same one again is no step."""
        if scenario == self.now:
            return
        self._past.append(self.now)
        self._future.clear()
        self.now = scenario

    def undo(self) -> Scenario | None:
        """Return to the scenario before; None if there is none."""
        return self._step(self._past, self._future)

    def redo(self) -> Scenario | None:
        """Take back an undo; None if there is none to take back."""
        return self._step(self._future, self._past)

    @property
    def before(self) -> Scenario | None:
        """What an undo returns to."""
        return self._past[-1] if self._past else None

    @property
    def after(self) -> Scenario | None:
        """What a redo returns to."""
        return self._future[-1] if self._future else None

    @property
    def can_undo(self) -> bool:
        """Whether there is a scenario before."""
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        """Whether there is an undo to take back."""
        return bool(self._future)

    def _step(self, taken: deque[Scenario], left: deque[Scenario]) -> Scenario | None:
        """Move to the last scenario of one side, leaving the present one on the other."""
        if not taken:
            return None
        left.append(self.now)
        self.now = taken.pop()
        return self.now
