"""Subgradient ascent of the Lagrangian bound of `siting.plant`.

The price of a customer whom the best S does not serve rises, that of one served more than once falls,
smoothed over the last steps; the step is Polyak's, halved when the bound stalls. The share of recent steps a
site was in S estimates y (the idea of the volume algorithm).

References
----------
Held, M., Wolfe, P., Crowder, H. P. (1974). Validation of subgradient optimization. Mathematical
Programming 6, 62-88.
Barahona, F., Anbil, R. (2000). The volume algorithm: producing primal solutions with a subgradient method.
Mathematical Programming 87, 385-399.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from siting.plant import lagrangian

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.plant import Plants

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

#: Steps without a better bound until the step is halved; below the last one the ascent is over.
_PATIENCE, _SMALLEST_STEP = 12, 4e-3
#: A better bound counts as such from this share on.
_BETTER = 1e-5
#: Weight of the newest supergradient in the direction of a step.
_DEFLECTION = 0.4
#: Weight of the newest S in the estimate of y.
_NEWEST = 0.08
#: The step aims at this multiple of the best plan.
_AIM = 1.03


class Ascent:
    """State of an ascent: best prices and bound, size of the step, plan suggested.

    Parameters
    ----------
    problem
        What is to decide.
    price
        (n_customers,) float64, where to start.
    scale
        Size of the first step.
    """

    def __init__(self, problem: Plants, price: Floats, *, scale: float = 1.0) -> None:
        self.problem = problem
        self.price = np.minimum(price, problem.standing)
        self.bound = lagrangian(problem, self.price)
        self.estimate = self.bound.chosen.astype(np.float64)
        self.suggestion = self.bound.chosen
        self.suggested = problem.value(self.suggestion)
        self._scale = scale

    @property
    def over(self) -> bool:
        """Whether further steps are of no use."""
        return self._scale < _SMALLEST_STEP

    def climb(self, steps: int, *, best: float, cutoff: float) -> None:
        """Make some steps.

        Parameters
        ----------
        steps
            How many at most; the climb ends early when the bound reaches the cutoff.
        best
            Cost of the best plan known, infinite without one.
        cutoff
            Cost from which on a plan is of no interest.
        """
        problem, price, current, waited = self.problem, self.price, self.bound, 0
        direction = 1.0 - current.use
        for _ in range(steps):
            slope = 1.0 - current.use
            direction = _DEFLECTION * slope + (1.0 - _DEFLECTION) * direction
            norm = float(direction @ direction)
            if norm == 0.0 or not slope.any():
                self._scale = 0.0
            if self.over or self.bound.value > cutoff:
                return
            target = _AIM * best if math.isfinite(best) else (1.0 + _AIM) * abs(current.value) + 1.0
            length = self._scale * max(target - current.value, 1e-6 * abs(target)) / norm
            price = np.clip(price + length * direction, 0.0, problem.standing)
            current = lagrangian(problem, price)
            self.estimate += _NEWEST * (current.chosen - self.estimate)
            if (value := problem.value(current.chosen)) < self.suggested:
                self.suggestion, self.suggested = current.chosen, value
            waited += 1
            if current.value > self.bound.value:
                if current.value > self.bound.value + _BETTER * abs(self.bound.value):
                    waited = 0
                self.bound, self.price = current, price
            if waited >= _PATIENCE:
                self._scale, waited, price, current = self._scale / 2.0, 0, self.price, self.bound
                direction = 1.0 - current.use

    def look_at(self, price: Floats) -> None:
        """Take prices found elsewhere if they bound better."""
        price = np.minimum(price, self.problem.standing)
        bound = lagrangian(self.problem, price)
        if bound.value > self.bound.value:
            self.bound, self.price = bound, price

    def settle(self, settled: Bools) -> None:
        """Go on with what is left when some sites are settled as the best S has them."""
        chosen = self.bound.chosen
        self.problem = self.problem.settled(opened=settled & chosen, closed=settled & ~chosen)
        left = ~settled
        self.estimate = self.estimate[left]
        self.price = np.minimum(self.price, self.problem.standing)
        self.bound = lagrangian(self.problem, self.price)
        self.suggestion = self.bound.chosen
        self.suggested = self.problem.value(self.suggestion)


def first_prices(problem: Plants) -> Floats:
    """Return prices to start from: what each customer's second cheapest site charges."""
    charges = np.column_stack([problem.cost, problem.standing])
    reachable = np.where(charges < problem.far, charges, 0.0).max(axis=1)
    second = min(1, charges.shape[1] - 1)
    price: Floats = np.minimum(np.partition(charges, second, axis=1)[:, second], reachable)
    return price
