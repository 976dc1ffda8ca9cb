r"""Time value of money: annuity, net present value, internal rate of return, payback, levelized cost.

Definitions
-----------
For payments :math:`c_0, \dots, c_n` at times :math:`\tau_0 = 0 < \tau_1 < \dots < \tau_n` in years and an
interest rate r a year:

.. math::
    A(r, N) = \frac{r}{1 - (1+r)^{-N}}, \qquad A(0, N) = 1/N, \qquad
    \mathrm{NPV}(r) = \sum_t c_t (1+r)^{-\tau_t},

the annuity (capital recovery factor) and the net present value. The internal rate of return is the r above
-1 with NPV(r) = 0. By Descartes' rule of signs there is exactly one when the payments change sign once; when
they never do there is none, and when they change more often there may be several, none of which says what
the money earns. Payback is the time from which on the payments so far, discounted or not, never add up to
less than zero. The levelized cost is NPV of costs over NPV of amounts.

Brealey, Myers & Allen, *Principles of Corporate Finance*, chapters 2 and 5; Short, Packey & Holt (1995), *A
Manual for the Economic Evaluation of Energy Efficiency and Renewable Energy Technologies*, NREL/TP-462-5173,
chapters 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: A payment below this share of the largest one of its row is nothing: last digits of sums.
_NOTHING = 1e-12

#: The internal rate is sought among rates whose yearly factor lies between exp(-50) and exp(50).
_LOG_FACTOR = 50.0

#: Halvings of that interval: to the last digit of a double.
_HALVINGS = 70


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class YearEnds:
    """When the payments of a life fall due: at the end of each year, the last of which may be a part of one.

    Parameters
    ----------
    when
        (n,) float64, years from the start, ascending.
    part
        (n,) float64, how much of a year each of them pays for: 1, of the last one at most 1.
    """

    when: Floats
    part: Floats

    @classmethod
    def of(cls, years: float) -> YearEnds:
        """Return the year ends of a life.

        Raises
        ------
        corridor.errors.InputError
            For a life that is not above zero and finite.
        """
        if not (years > 0.0 and np.isfinite(years)):
            raise InputError(Fault(f"{years:g} years is no lifetime", "years", "Above 0"))
        began = np.arange(np.ceil(years), dtype=np.float64)
        part = np.minimum(1.0, years - began)
        return cls(when=began + part, part=part)

    def within(self, years: float) -> Floats:
        """Return how much of each year lies within the first so many years: (n,) float64."""
        began = self.when - self.part
        return np.clip(years - began, 0.0, self.part)

    def discounted(self, rate: float, part: Floats | None = None) -> float:
        """Return what 1 a year is worth today; of all years, or of the given parts of them."""
        paid = self.part if part is None else part
        return float(np.sum(paid * (1.0 + rate) ** -self.when))


def annuity(rate: float, years: float) -> float:
    """Return what a loan of 1 costs a year when it is paid back in equal parts, 1/a.

    Parameters
    ----------
    rate
        Interest a year, above -1.
    years
        Above 0.
    """
    return 1.0 / years if rate == 0.0 else rate / -np.expm1(-years * np.log1p(rate))


def net_present_value(payments: Floats, *, when: Floats, rate: float) -> Floats:
    """Return what payments are worth today.

    Parameters
    ----------
    payments
        (..., n_times) float64, positive received.
    when
        (n_times,) float64, years.
    rate
        Interest a year, above -1.

    Returns
    -------
    numpy.ndarray
        (...) float64, in the unit of the payments.
    """
    return np.asarray(payments @ (1.0 + rate) ** -when, dtype=np.float64)


def sign_changes(payments: Floats) -> NDArray[np.int64]:
    """Return how often the payments of each row change sign, zeros left out: (n_rows,) int64."""
    sign = np.sign(_cleaned(payments)).astype(np.int64)
    column = np.where(sign != 0, np.arange(sign.shape[1]), 0)
    last_known = np.maximum.accumulate(column, axis=1)
    filled = np.take_along_axis(sign, last_known, axis=1)
    before, after = filled[:, :-1], filled[:, 1:]
    return np.asarray(np.sum((before != 0) & (before != after), axis=1), dtype=np.int64)


def internal_rate_of_return(payments: Floats, *, when: Floats) -> Floats:
    """Return the rate at which payments are worth nothing today, where there is exactly one.

    Parameters
    ----------
    payments
        (n_rows, n_times) float64, positive received.
    when
        (n_times,) float64, years, ascending.

    Returns
    -------
    numpy.ndarray
        (n_rows,) float64, 1/a, above -1; NaN where the payments never change sign, or more than once
        (:func:`sign_changes`).
    """
    single = sign_changes(payments) == 1
    rate = np.full(len(payments), np.nan)
    if not single.any():
        return rate
    flows = _cleaned(payments[single])
    is_paid = flows != 0.0
    first = when[np.argmax(is_paid, axis=1)]
    last = when[len(when) - 1 - np.argmax(is_paid[:, ::-1], axis=1)]
    begins = np.sign(np.take_along_axis(flows, np.argmax(is_paid, axis=1)[:, None], axis=1)[:, 0])
    # In u = -log(1 + r) the value is a sum of exponentials: the first payment rules on the left of its one
    # root, the last on the right. Scaling by the largest exponential keeps it finite and its sign as it is.
    low, high = np.full(len(flows), -_LOG_FACTOR), np.full(len(flows), _LOG_FACTOR)
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        largest = np.where(middle > 0.0, middle * last, middle * first)
        exponent = np.where(is_paid, middle[:, None] * when - largest[:, None], 0.0)
        value = np.sum(flows * np.exp(exponent), axis=1)
        is_left = np.sign(value) == begins
        low, high = np.where(is_left, middle, low), np.where(is_left, high, middle)
    rate[single] = np.expm1(-0.5 * (low + high))
    return rate


def payback_years(payments: Floats, *, when: Floats, rate: float = 0.0) -> Floats:
    """Return the time from which on payments, added up and discounted, stay at zero or above.

    Parameters
    ----------
    payments
        (n_rows, n_times) float64, positive received.
    when
        (n_times,) float64, years, ascending; between two of them money is taken to flow evenly.
    rate
        Interest a year, above -1; 0 gives the simple payback.

    Returns
    -------
    numpy.ndarray
        (n_rows,) float64; NaN where the payments never cover what was spent, or not for good; 0 where
        nothing is ever missing.
    """
    flows = _cleaned(payments) * (1.0 + rate) ** -when
    so_far = np.cumsum(flows, axis=1)
    scale = np.abs(flows).max(axis=1, keepdims=True)
    missing = so_far < -_NOTHING * scale * flows.shape[1]
    last_missing = np.where(
        missing.any(axis=1), missing.shape[1] - 1 - np.argmax(missing[:, ::-1], axis=1), -1
    )
    years = np.zeros(len(flows))
    years[last_missing == missing.shape[1] - 1] = np.nan
    rows = np.flatnonzero((last_missing >= 0) & (last_missing < missing.shape[1] - 1))
    left, right = last_missing[rows], last_missing[rows] + 1
    share = -so_far[rows, left] / (so_far[rows, right] - so_far[rows, left])
    years[rows] = when[left] + share * (when[right] - when[left])
    return years


def levelized_cost(costs: Floats, amounts: Floats, *, when: Floats, rate: float) -> Floats:
    """Return the constant price of the amounts that is worth as much as the costs; NaN without amounts.

    Parameters
    ----------
    costs, amounts
        (..., n_times) float64: money spent, and what is sold.
    when, rate
        As for :func:`net_present_value`.
    """
    spent = net_present_value(costs, when=when, rate=rate)
    sold = net_present_value(amounts, when=when, rate=rate)
    return np.divide(spent, sold, out=np.full_like(spent, np.nan), where=sold > 0.0)


def _cleaned(payments: Floats) -> Floats:
    """Return payments without those that are only last digits of sums."""
    scale = np.abs(payments).max(axis=1, keepdims=True, initial=0.0)
    return np.where(np.abs(payments) > _NOTHING * scale, payments, 0.0)
