"""What a solve proved: incumbent, bound, gap, status, seconds, solver and version."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Status = Literal["optimal", "feasible", "infeasible", "unknown"]

#: A gap up to this share counts as proven optimal: the arithmetic of doubles, not a tolerance of convenience.
OPTIMALITY_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Outcome of one solve.

    Parameters
    ----------
    status
        ``optimal`` only when incumbent and bound meet; a solve stopped early with a solution is ``feasible``.
    incumbent
        Objective of the solution returned, in the unit of the model; None without a solution.
    bound
        Proven limit no solution can beat (upper when maximizing, lower when minimizing);
        None when nothing is proven.
    seconds
        Wall time of the solve, preprocessing included.
    solver
        Algorithm and solver used.
    version
        Version of the solver package.
    """

    status: Status
    incumbent: float | None
    bound: float | None
    seconds: float
    solver: str
    version: str

    @property
    def gap(self) -> float | None:
        """Relative gap |bound - incumbent| / max(|bound|, |incumbent|), 0-1; None when either is unknown."""
        if self.incumbent is None or self.bound is None:
            return None
        scale = max(abs(self.incumbent), abs(self.bound))
        return 0.0 if scale == 0.0 else abs(self.bound - self.incumbent) / scale

    def to_dict(self) -> dict[str, Any]:
        """Return the fields and the gap as plain values, ready for JSON."""
        return {**asdict(self), "gap": self.gap}
