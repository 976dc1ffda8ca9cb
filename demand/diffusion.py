r"""Bass diffusion of the fuel-cell fleet, fitted to published counts.

Of a market of m vehicles, the share that has adopted a time t after the start is (Bass 1969, Management
Science 15, 215-227)

.. math:: F(t) = \frac{1 - e^{-(p+q)t}}{1 + (q/p)\,e^{-(p+q)t}}, \qquad \dot F = (p + q F)(1 - F),

with innovation p and imitation q, both per year. Few counts lie early on the curve: they cannot tell m, and
hardly q. So m is assumed, q has a prior (log-normal), and p is left free. The fit is the posterior mode:

.. math:: \min_{p,q} \sum_i \frac{\ln^2(m F(t_i)/y_i)}{\sigma_i^2} + \frac{\ln^2(q/q_0)}{\sigma_q^2},

nonlinear least squares in logarithms, because counts err in proportion. A target counts with a weight of its
own, none by default: it says what is wanted, not what is there. The count is of vehicles put into use; those
retired since are not subtracted, because no source does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.optimize import least_squares

from corridor.errors import Fault
from demand.inputs import POSITIVE, SHARE, YEAR, Limits, raise_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: Keys of the assumptions and the interval of their value.
LIMITS: Mapping[str, Limits] = {
    "diffusion.market_vehicles": POSITIVE,
    "diffusion.start": YEAR,
    "diffusion.imitation": Limits(high=2.0, low_open=True),
    "diffusion.imitation_error": POSITIVE,
    "diffusion.count_error": POSITIVE,
    "diffusion.target_weight": SHARE,
    "diffusion.sichuan_share": Limits(low=0.01, high=0.99),
}

#: A year's demand meets the fleet in the middle of the year.
MID_YEAR = 0.5

#: Innovation per year that a fit begins with: a thousandth of the market in a year.
_FIRST_INNOVATION = 1e-3

#: Coefficients beyond this factor from their first guess say nothing any more.
_WIDEST = np.log(1e8)

_MONTHS = 12.0
_PARAMETERS = 2


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bass:
    """A diffusion curve and how well it is known.

    Parameters
    ----------
    market
        Vehicles that adopt in the end.
    start
        When the first one did, decimal year.
    innovation, imitation
        p and q, 1/year.
    covariance
        (2, 2) float64, of (ln p, ln q).
    misfit
        (n_counts,) float64, ln(curve / count), of every row of the fit in its order.
    """

    market: float
    start: float
    innovation: float
    imitation: float
    covariance: NDArray[np.float64]
    misfit: NDArray[np.float64]

    def fleet(self, when: float) -> float:
        """Return the vehicles put into use by a moment, decimal year."""
        return self.market * float(adopted(when - self.start, self.innovation, self.imitation))

    def relative_error(self, when: float) -> float:
        """Return the standard error of ln(fleet) at a moment, market and start taken as known."""
        step = 1e-4
        logs = np.log([self.innovation, self.imitation])
        slope = np.array(
            [
                (self._log_fleet(when, logs + move) - self._log_fleet(when, logs - move)) / (2.0 * step)
                for move in step * np.eye(_PARAMETERS)
            ]
        )
        return float(np.sqrt(slope @ self.covariance @ slope))

    def _log_fleet(self, when: float, logs: NDArray[np.float64]) -> float:
        """Return ln(fleet) with other coefficients."""
        p, q = np.exp(logs)
        return float(np.log(adopted(when - self.start, p, q)))


def adopted(years: NDArray[np.float64] | float, innovation: float, imitation: float) -> NDArray[np.float64]:
    """Return F(t), the share of the market that has adopted, 0 before the start.

    Parameters
    ----------
    years
        t since the start.
    innovation, imitation
        p above 0 and q from 0, 1/year.
    """
    decay = np.exp(-(innovation + imitation) * np.maximum(years, 0.0))
    return np.asarray((1.0 - decay) / (1.0 + imitation / innovation * decay), dtype=np.float64)


def decimal_year(month: str) -> float:
    """Return the middle of a month written YYYY-MM, in years."""
    year, _, number = month.partition("-")
    return int(year) + (int(number) - MID_YEAR) / _MONTHS


def counts(fleet: pd.DataFrame, *, sichuan_share: float, target_weight: float = 0.0) -> pd.DataFrame:
    """Return the counts that speak of both provinces, those of one province scaled to both.

    Parameters
    ----------
    fleet
        The table ``fleet.csv`` of docs/tables.md.
    sichuan_share
        Share of both provinces' vehicles that is Sichuan's.
    target_weight
        Weight of a target, 0-1, that of an observation being 1.

    Returns
    -------
    pandas.DataFrame
        ``when`` (decimal year), ``vehicles`` (of both provinces), ``weight``; index as in ``fleet``.
    """
    scale = fleet["area"].map({"both": 1.0, "sichuan": sichuan_share, "chongqing": 1.0 - sichuan_share})
    weight = fleet["kind"].map({"observation": 1.0, "target": target_weight})
    table = pd.DataFrame(
        {
            "when": [decimal_year(month) for month in fleet["month"]],
            "vehicles": fleet["vehicles"] / scale,
            "weight": weight,
        },
        index=fleet.index,
    )
    return table[scale.notna() & (weight > 0)]


def fit(
    table: pd.DataFrame,
    *,
    market: float,
    start: float,
    count_error: float,
    prior: tuple[float, float] | None = None,
) -> Bass:
    """Return the curve nearest to counts.

    Parameters
    ----------
    table
        ``when`` (decimal year), ``vehicles``, ``weight`` per count.
    market
        m, vehicles.
    start
        Decimal year before every count.
    count_error
        Relative standard error of an observation.
    prior
        Imitation to be expected, 1/year, and its relative standard error; without it q is free.

    Raises
    ------
    corridor.errors.InputError
        If the counts do not determine the coefficients, lie before the start, or exceed the market.
    """
    raise_faults(_count_faults(table, market, start, prior))
    since = table["when"].to_numpy(dtype=np.float64) - start
    observed = np.log(table["vehicles"].to_numpy(dtype=np.float64) / market)
    precision = np.sqrt(table["weight"].to_numpy(dtype=np.float64)) / count_error
    expected, error = prior if prior is not None else (0.3, np.inf)
    first = np.log([_FIRST_INNOVATION, expected])

    def residuals(logs: NDArray[np.float64]) -> NDArray[np.float64]:
        p, q = np.exp(logs)
        misfit = np.log(adopted(since, p, q)) - observed
        return np.append(misfit * precision, (logs[1] - first[1]) / error)

    found = least_squares(residuals, first, bounds=(first - _WIDEST, first + _WIDEST), xtol=1e-12, ftol=1e-12)
    p, q = np.exp(found.x)
    slopes = np.asarray(found.jac, dtype=np.float64)
    return Bass(
        market=market,
        start=start,
        innovation=float(p),
        imitation=float(q),
        covariance=np.asarray(np.linalg.pinv(slopes.T @ slopes), dtype=np.float64),
        misfit=np.log(adopted(since, p, q)) - observed,
    )


def fitted(fleet: pd.DataFrame, assumptions: Mapping[str, float]) -> Bass:
    """Return the curve of both provinces' fleet under the assumptions ``diffusion.*``.

    Parameters
    ----------
    fleet
        The table ``fleet.csv`` of docs/tables.md.
    assumptions
        Value by key; other keys are passed over.

    Raises
    ------
    corridor.errors.InputError
        For missing or impossible keys, and as :func:`fit`.
    """
    raise_faults(diffusion_faults(assumptions))
    table = counts(
        fleet,
        sichuan_share=assumptions["diffusion.sichuan_share"],
        target_weight=assumptions["diffusion.target_weight"],
    )
    return fit(
        table,
        market=assumptions["diffusion.market_vehicles"],
        start=assumptions["diffusion.start"],
        count_error=assumptions["diffusion.count_error"],
        prior=(assumptions["diffusion.imitation"], assumptions["diffusion.imitation_error"]),
    )


def diffusion_faults(assumptions: Mapping[str, float]) -> list[Fault]:
    """Return everything wrong with the keys ``diffusion.*``."""
    return key_faults(assumptions, LIMITS)


def key_faults(assumptions: Mapping[str, float], limits: Mapping[str, Limits]) -> list[Fault]:
    """Return a fault per key that is missing or out of its interval."""
    faults = []
    for key, limit in limits.items():
        if key not in assumptions:
            faults.append(Fault("the key is missing", key, "Add it to the assumptions"))
        elif not limit.hold(assumptions[key]):
            faults.append(Fault(f"{assumptions[key]!r} is out of range", key, f"Give {limit}"))
    return faults


def _count_faults(
    table: pd.DataFrame, market: float, start: float, prior: tuple[float, float] | None
) -> list[Fault]:
    """Return what keeps counts from being fitted."""
    faults = []
    needed = _PARAMETERS if prior is None else _PARAMETERS - 1
    if len(table) < needed:
        what = f"{len(table)} counts cannot determine the curve"
        faults.append(Fault(what, "fleet", f"Give at least {needed}"))
    early = table.index[table["when"] <= start]
    if len(early):
        what = f"counted before the start {start:g}: {', '.join(map(str, early))}"
        faults.append(Fault(what, "diffusion.start", "Start earlier"))
    full = table.index[~table["vehicles"].between(0, market, inclusive="neither")]
    if len(full):
        what = f"not between 0 and the market of {market:g}: {', '.join(map(str, full))}"
        faults.append(Fault(what, "diffusion.market_vehicles", "Give a larger market, counts above 0"))
    return faults
