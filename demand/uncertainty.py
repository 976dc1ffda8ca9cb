"""Draws of the demand assumptions within their documented ranges.

Each assumption has a value, a low and a high; it is drawn from the triangular distribution with that mode and
those ends unless another is named. Ranks of related assumptions are tied by a Gaussian copula with one factor
per group [1]_: with independent standard normals f (of the group) and e (of the key),

    z = sqrt(rho) f + sqrt(1 - rho) e,   u = Phi(z),   x = F^-1(u),

so that any two keys of a group have the normal correlation rho and each keeps its own distribution. Adoption
shares of one class in different years share e: a draw that is high in one year is high in all.

Shares that must add up to one, x_1 ... x_n, are scaled by one factor and kept inside their ranges: the factor
t solves sum_i min(high_i, max(low_i, t x_i)) = 1. Their marginals are then no longer exactly triangular.

The groups and their rho are modeling choices; no data on joint variation were found.

References
----------
.. [1] Nelsen, R. B. (2006). An Introduction to Copulas, 2nd ed. Springer.
   https://doi.org/10.1007/0-387-28678-0
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy.special import ndtr

from corridor.errors import Fault
from demand.inputs import MASS_COLUMNS, OWN_PREFIXES, TRUCK_CLASSES, adoption_year, raise_faults
from demand.ownership_cost import limits as ownership_limits

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from demand.adoption import Mode

Distribution = Literal["triangular", "uniform", "fixed"]

#: Distribution of keys that are not drawn from the triangular one. Base years are years of statistics, no
#: quantities; kinds of tanks are a person's choice between vehicles, not something uncertain.
DISTRIBUTIONS: tuple[tuple[str, Distribution], ...] = (
    (r"(freight|coach)\.base_year", "fixed"),
    (r"vehicle\.\w+\.share_\w+", "fixed"),
    # Policies to choose between, and settings of a fit.
    (r"ownership\.(toll_exempt_share|purchase_subsidy_share|operating_subsidy_.*)", "fixed"),
    (r"diffusion\.(imitation_error|count_error|target_weight)", "fixed"),
)

#: Assumptions that are drawn, by the beginning of their keys.
PREFIXES = (*OWN_PREFIXES, "diffusion.", "ownership.")

#: Assumptions with a range that are never drawn, by pattern of the whole key, and why.
NOT_DRAWN: tuple[tuple[str, str], ...] = (
    (
        r"road\..*",
        "routes are found once, so what they cost stays as it is, tolls in the cost of vehicles too",
    ),
    (r"profile\..*", "when vehicles refuel, not how much"),
    (r"pilot\..*", "a policy to choose"),
    (r"points\..*", "demands a person places"),
    (r"scope\..*", "which trips a person looks at"),
    (r"(station|delivery|supply)\..*", "stations and supply, not demand"),
    (
        r"economics\.(electricity_|vat_|works_vat_|equipment_|residual_|operating_subsidy\.|grant\.).*",
        "stations and supply, not demand",
    ),
    (r"carbon\.(?!diesel_l_per_100km).*", "what hydrogen replaces, not how much is used"),
    (r"check\..*", "published figures the demand is compared with"),
)

#: Groups of keys that vary together, by pattern of the whole key, with rho: the correlation of their normals.
GROUPS: tuple[tuple[str, float], ...] = (
    (r"adoption\.share\..*", 0.8),
    (r"freight\.tonnes_million_per_year\..*", 0.8),
    (r"freight\.cost_exponent\..*", 0.7),
    (r"(freight\.gateway_trucks|coach\.gateway_coaches)_per_day\..*", 0.7),
    (r"vehicle\.\w+\.rolling", 0.6),
    (r"vehicle\.\w+\.drag_area_m2", 0.6),
    (r"vehicle\.\w+\.auxiliary_kw", 0.6),
    (r"vehicle\.\w+\.tank_kg(_\w+)?", 0.6),
    (r"carbon\.diesel_l_per_100km\.\w+", 0.6),
)

#: Shares that add up to one.
SUMS: tuple[tuple[str, ...], ...] = (
    tuple(f"freight.tonne_share.{name}" for name in TRUCK_CLASSES),
    tuple(f"freight.mass_weight.{name}" for name in MASS_COLUMNS),
)

#: Halvings of the interval in which the factor of shares is looked for: beyond the precision of a float.
_HALVINGS = 80

_COLUMNS = ("value", "low", "high")


def sample(
    table: pd.DataFrame,
    *,
    seed: int,
    n: int,
    fixed: Mapping[str, float] | None = None,
    adoption: Mode = "policy",
    distributions: Mapping[str, Distribution] | None = None,
) -> pd.DataFrame:
    """Return draws of the demand assumptions.

    The first rows do not depend on how many follow: ``sample(n=5)`` begins ``sample(n=200)``.

    Parameters
    ----------
    table
        The assumptions, index ``key``, with ``value``, ``low``, ``high`` (docs/tables.md); keys of other
        packages are passed over.
    seed
        Seed of the draws; equal seeds give equal draws.
    n
        How many.
    fixed
        Values that are decided, by key: they keep their value in every draw.
    adoption
        Where the fuel-cell shares come from: ``cost`` draws hydrogen price, discount rate and the use of
        diesel too.
    distributions
        Distribution by key instead of :data:`DISTRIBUTIONS` and the triangular one.

    Returns
    -------
    pandas.DataFrame
        ``n`` rows, a column per demand key.

    Raises
    ------
    corridor.errors.InputError
        With every fault: no draws wanted, a range that does not hold its value, unknown keys, shares that
        cannot add up to one.
    """
    own = table[_is_drawn(table, adoption)]
    decided, named = dict(fixed or {}), dict(distributions or {})
    ranges = own[list(_COLUMNS)].astype(np.float64)
    for key in decided.keys() & set(ranges.index):
        ranges.loc[key, list(_COLUMNS)] = decided[key]
    raise_faults(_faults(ranges, named, n=n))
    keys = [str(key) for key in ranges.index]
    ranks = _ranks(keys, seed=seed, n=n)
    draws = {
        key: _quantile(ranks[:, column], row[0], row[1], row[2], _distribution(key, named))
        for column, (key, row) in enumerate(zip(keys, ranges.to_numpy(), strict=True))
    }
    for group in SUMS:
        if set(group) <= draws.keys():
            low, high = (ranges.loc[list(group), name].to_numpy() for name in ("low", "high"))
            shares = _adding_up(np.column_stack([draws[key] for key in group]), low, high)
            draws |= dict(zip(group, shares.T, strict=True))
    return pd.DataFrame(draws)


def _faults(ranges: pd.DataFrame, distributions: Mapping[str, Distribution], *, n: int) -> list[Fault]:
    """Return everything that keeps the assumptions from being drawn."""
    faults = [] if n > 0 else [Fault(f"{n} draws are none", "n", "Ask for 1 or more")]
    value, low, high = (ranges[name] for name in _COLUMNS)
    for key in ranges.index[~((low <= value) & (value <= high))]:
        found = ranges.loc[key]
        what = f"{found['value']:g} is not within {found['low']:g} to {found['high']:g}"
        faults.append(Fault(what, str(key), "Correct the range"))
    unknown = sorted(distributions.keys() - set(ranges.index))
    faults += [Fault("there is no such key", key, "See data/assumptions.csv") for key in unknown]
    for group in SUMS:
        here = ranges.reindex(list(group))
        if here["low"].sum() > 1.0 or here["high"].sum() < 1.0:
            prefix = group[0].rpartition(".")[0]
            faults.append(Fault("no shares in these ranges add up to 1", f"{prefix}.*", "Widen the ranges"))
    return faults


def _distribution(key: str, named: Mapping[str, Distribution]) -> Distribution:
    """Return how a key is drawn."""
    for pattern, kind in DISTRIBUTIONS:
        if key not in named and re.fullmatch(pattern, key):
            return kind
    usual: Distribution = "triangular"
    return named.get(key, usual)


def _ranks(keys: list[str], *, seed: int, n: int) -> NDArray[np.float64]:
    """Return (n, n_keys) float64: uniform ranks, tied within groups.

    Every key has a stream of its own, made of the seed and its name: new keys do not move the others.
    """
    columns = []
    for key in keys:
        found = adoption_year(key)
        own = _normals(f"adoption.share.{found[0]}" if found is not None else key, seed=seed, n=n)
        group = next(((pattern, rho) for pattern, rho in GROUPS if re.fullmatch(pattern, key)), None)
        if group is not None:
            pattern, rho = group
            own = np.sqrt(rho) * _normals(pattern, seed=seed, n=n) + np.sqrt(1.0 - rho) * own
        columns.append(ndtr(own))
    return np.column_stack(columns)


def _normals(name: str, *, seed: int, n: int) -> NDArray[np.float64]:
    """Return (n,) standard normals of a name."""
    generator = np.random.default_rng([seed, *name.encode()])
    return generator.standard_normal(n)


def _quantile(
    rank: NDArray[np.float64], value: float, low: float, high: float, kind: Distribution
) -> NDArray[np.float64]:
    """Return the values at ranks 0-1 of the distribution with these ends and, if it has one, this mode."""
    if kind == "fixed" or high <= low:
        return np.full(len(rank), value)
    width = high - low
    if kind == "uniform":
        return low + rank * width
    turn = (value - low) / width
    below = low + np.sqrt(rank * width * (value - low))
    above = high - np.sqrt((1.0 - rank) * width * (high - value))
    return np.clip(np.where(rank < turn, below, above), low, high)


def _adding_up(
    shares: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return shares scaled, row by row, until they add up to one inside their ranges: (n, n_shares)."""
    least = np.zeros((len(shares), 1))
    positive = np.where(shares > 0, shares, np.inf)
    most = np.max(high / positive, axis=1, keepdims=True) + 1.0
    for _ in range(_HALVINGS):
        middle = (least + most) / 2.0
        small = np.clip(middle * shares, low, high).sum(axis=1, keepdims=True) < 1.0
        least, most = np.where(small, middle, least), np.where(small, most, middle)
    adding: NDArray[np.float64] = np.clip(most * shares, low, high)
    return adding


def is_drawn(key: str, adoption: Mode) -> bool:
    """Tell whether a key is a matter of the demand: drawn if it has a range and is not decided."""
    if key.startswith(PREFIXES):
        return True
    left_out = any(re.fullmatch(pattern, key) for pattern, _ in NOT_DRAWN)
    return adoption == "cost" and key in ownership_limits() and not left_out


def _is_drawn(table: pd.DataFrame, adoption: Mode) -> list[bool]:
    """Return :func:`is_drawn` of every row."""
    return [is_drawn(str(key), adoption) for key in table.index]


def drawn_keys(table: pd.DataFrame, *, decided: Collection[str] = (), adoption: Mode = "policy") -> list[str]:
    """Return the keys that differ from draw to draw."""
    own = table[_is_drawn(table, adoption)]
    spread = own.index[own["high"] > own["low"]]
    free = [str(key) for key in spread if key not in decided]
    return [key for key in free if _distribution(key, {}) != "fixed"]
