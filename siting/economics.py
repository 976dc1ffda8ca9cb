r"""Accounts of stations: what they cost and earn over their life, and what it takes to break even.

Formulation
-----------
Sets
    j in J      stations
    c in C      yearly costs: production, delivery, electricity, fixed operation, staff, land
Parameters
    K_j, G_j    investment and grant, CNY, today
    q_j         hydrogen sold, kg/a
    o_jc        cost, CNY/a
    p, v        retail price with value-added tax, CNY/kg, and the rate of that tax
    s_j         operating subsidy, CNY/a, in the first k years if p <= p_max
    r, N, z     discount rate, lifetime in years, residual share of the investment
    D, D_k      what 1 CNY a year is worth today, over the life and over its first k years
Annualized cost
    a_j = (K_j (1 - z (1+r)^{-N})) / D + sum_c o_jc                    CNY/a
Net present value
    V_j(p) = D (q_j p / (1+v) - a_j) + G_j + D_k s_j [p <= p_max]      CNY
Break-even price, V_j(p) = 0
    p_j = (1+v) (a_j - (G_j + D_k s_j) / D) / q_j  if that is <= p_max, else the same without s_j
Operating subsidy (Chengdu's rule)
    s_j = min(b q_j, B) at stations in its area of at least the capacity asked for, else 0

All money is real and without value-added tax: the tax that a station pays on what it buys is credited in full
against the tax in its retail price, in the year it arises, so that it only passes through. Income tax, loans
and working capital are left out (accounts before tax and financing). Sales are those of the plan's year in
every year of the life; payments of a year fall due at its end.

Everything but the prices adds up over stations: accounts of a group are those of the sums.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError
from siting.cash_flow import (
    YearEnds,
    internal_rate_of_return,
    net_present_value,
    payback_years,
    sign_changes,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Yearly costs, in the order of a table.
COSTS = ("production", "delivery", "electricity", "fixed_opex", "staff", "land")

#: What is known of a station, and adds up over stations.
BOOK_COLUMNS = (
    "kg_per_year",
    "investment_cny",
    "grant_cny",
    *(f"{cost}_cny_per_year" for cost in COSTS),
    "possible_subsidy_cny_per_year",
)

#: Why there is or is no internal rate of return, by the number of sign changes: none, one, several.
IRR_BASES = ("none", "single", "several")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingSubsidy:
    """A subsidy on every kilogram sold.

    Parameters
    ----------
    cny_per_kg, cap_cny_per_year
        Rate, and the most a station gets in a year.
    highest_retail_cny_per_kg, least_capacity_kg_per_day
        Conditions, both inclusive.
    years
        For so many years from the start.
    """

    cny_per_kg: float
    cap_cny_per_year: float
    highest_retail_cny_per_kg: float
    least_capacity_kg_per_day: float
    years: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is the same for every station.

    Parameters
    ----------
    discount_rate
        1/a, real.
    lifetime_years
        Above 0; the last year may be a part of one.
    residual_share
        Of the investment, at the end of the life.
    retail_cny_per_kg
        Price at the nozzle, value-added tax included.
    vat_rate
        Of that tax.
    subsidy
        Operating subsidy.
    """

    discount_rate: float
    lifetime_years: float
    residual_share: float
    retail_cny_per_kg: float
    vat_rate: float
    subsidy: OperatingSubsidy

    def __post_init__(self) -> None:
        """Refuse terms no accounts can be drawn up on."""
        limits: Mapping[str, tuple[float, float]] = {
            "discount_rate": (-0.99, 10.0),
            "lifetime_years": (1e-6, 200.0),
            "residual_share": (0.0, 1.0),
            "retail_cny_per_kg": (0.0, np.inf),
            "vat_rate": (0.0, 1.0),
        }
        faults = [
            Fault(f"{getattr(self, name):g} is out of bounds", name, f"{low:g} to {high:g}")
            for name, (low, high) in limits.items()
            if not low <= getattr(self, name) <= high
        ]
        if faults:
            raise InputError(faults)


def operating_subsidy(
    kg_per_year: Floats, capacity_kg_per_day: Floats, *, is_inside: NDArray[np.bool_], rule: OperatingSubsidy
) -> Floats:
    """Return what stations get in a year if the retail price is low enough: (n_stations,) float64, CNY/a.

    Parameters
    ----------
    kg_per_year
        (n_stations,) float64, sold.
    capacity_kg_per_day
        (n_stations,) float64; unknown (NaN) meets no condition.
    is_inside
        (n_stations,) bool, in the area the subsidy is paid in.
    rule
        Rate, cap and conditions.
    """
    paid = np.minimum(rule.cny_per_kg * kg_per_year, rule.cap_cny_per_year)
    return np.where(is_inside & (capacity_kg_per_day >= rule.least_capacity_kg_per_day), paid, 0.0)


def capital_share(terms: Terms) -> float:
    """Return what 1 CNY of investment costs a year, less its residual value: an annuity, 1/a."""
    years, rate = YearEnds.of(terms.lifetime_years), terms.discount_rate
    left = terms.residual_share * (1.0 + rate) ** -terms.lifetime_years
    share: float = (1.0 - left) / years.discounted(rate)
    return share


def appraise(books: pd.DataFrame, terms: Terms) -> pd.DataFrame:
    """Draw up the accounts of stations, or of groups of them.

    Parameters
    ----------
    books
        ``BOOK_COLUMNS``: hydrogen sold, investment (0 where it is sunk) and grant in CNY, costs in CNY/a,
        and the operating subsidy in CNY/a that is paid while the retail price is low enough.
    terms
        Prices and rules.

    Returns
    -------
    pandas.DataFrame
        Index of ``books``; CNY and CNY/a without value-added tax: ``sales_cny_per_year``,
        ``subsidy_cny_per_year`` (in the years it is paid), ``capital_cny_per_year`` (investment less residual
        value, annualized), ``annualized_cost_cny_per_year`` (capital and all ``COSTS``),
        ``annualized_support_cny_per_year`` (grant and subsidy), ``levelized_cost_cny_per_kg`` (annualized
        cost over sales), ``break_even_cny_per_kg`` (retail price, tax included), ``npv_cny``,
        ``npv_without_subsidy_cny`` (neither grant nor subsidy), ``irr`` (1/a), ``irr_basis`` (``single``, or
        why there is none: ``none`` or ``several`` sign changes), ``payback_years``,
        ``discounted_payback_years`` (NaN without investment), ``subsidy_need_cny`` (today's money that is
        missing beyond grant and subsidy), ``subsidy_need_cny_per_kg`` (the same on every kilogram sold).
        NaN where unknown.

    Raises
    ------
    corridor.errors.InputError
        For missing columns, and amounts that are negative or unknown.
    """
    _check(books)
    years, rate = YearEnds.of(terms.lifetime_years), terms.discount_rate
    factor = years.discounted(rate)
    sold, invested, grant = (_of(books, name) for name in ("kg_per_year", "investment_cny", "grant_cny"))
    sales, running, subsidy = _yearly(books, terms)
    capital = invested * capital_share(terms)
    support = grant / factor + subsidy * _subsidized(years, terms) / factor
    when, flows = cash_flows(books, terms)
    npv = net_present_value(flows, when=when, rate=rate)
    spent = invested > 0.0
    return pd.DataFrame(
        {
            "sales_cny_per_year": sales,
            "subsidy_cny_per_year": subsidy,
            "capital_cny_per_year": capital,
            "annualized_cost_cny_per_year": capital + running,
            "annualized_support_cny_per_year": support,
            "levelized_cost_cny_per_kg": _per_kg(capital + running, sold),
            "break_even_cny_per_kg": break_even_price(books, terms),
            "npv_cny": npv,
            "npv_without_subsidy_cny": factor * (sales - capital - running),
            "irr": internal_rate_of_return(flows, when=when),
            "irr_basis": np.array(IRR_BASES, dtype=object)[np.minimum(sign_changes(flows), 2)],
            "payback_years": np.where(spent, payback_years(flows, when=when), np.nan),
            "discounted_payback_years": np.where(spent, payback_years(flows, when=when, rate=rate), np.nan),
            "subsidy_need_cny": np.maximum(0.0, -npv),
            "subsidy_need_cny_per_kg": _per_kg(np.maximum(0.0, -npv) / factor, sold),
        },
        index=books.index,
    )


def break_even_price(books: pd.DataFrame, terms: Terms) -> Floats:
    """Return the lowest retail price at which stations lose nothing: (n,) float64, CNY/kg, tax included.

    A price above the ceiling of the operating subsidy does without it. Below zero where subsidies pay for
    everything; NaN where nothing is sold.

    Parameters
    ----------
    books, terms
        As for :func:`appraise`; the retail price of the terms has no influence.
    """
    years = YearEnds.of(terms.lifetime_years)
    factor = years.discounted(terms.discount_rate)
    sold, invested, grant = (_of(books, name) for name in ("kg_per_year", "investment_cny", "grant_cny"))
    needed = invested * capital_share(terms) - grant / factor + _running(books)
    subsidy = _of(books, "possible_subsidy_cny_per_year") * _subsidized(years, terms) / factor
    subsidized = (1.0 + terms.vat_rate) * _per_kg(needed - subsidy, sold)
    alone = (1.0 + terms.vat_rate) * _per_kg(needed, sold)
    return np.where(subsidized <= terms.subsidy.highest_retail_cny_per_kg, subsidized, alone)


def summed(books: pd.DataFrame) -> pd.DataFrame:
    """Return the books of all stations together, one row."""
    return books[list(BOOK_COLUMNS)].sum().to_frame().T


def cash_flows(books: pd.DataFrame, terms: Terms) -> tuple[Floats, Floats]:
    """Return what :func:`appraise` judges: investment less grant, then the years, with the residual value.

    Returns
    -------
    tuple
        (n_times,) float64, years; (n, n_times) float64, CNY, positive received.
    """
    years = YearEnds.of(terms.lifetime_years)
    sales, running, subsidy = _yearly(books, terms)
    invested = _of(books, "investment_cny")
    later = np.outer(sales - running, years.part) + np.outer(subsidy, years.within(terms.subsidy.years))
    later[:, -1] += terms.residual_share * invested
    return np.append(0.0, years.when), np.column_stack([_of(books, "grant_cny") - invested, later])


def _yearly(books: pd.DataFrame, terms: Terms) -> tuple[Floats, Floats, Floats]:
    """Return sales, running costs, and the operating subsidy at the retail price, CNY/a."""
    sales = _of(books, "kg_per_year") * terms.retail_cny_per_kg / (1.0 + terms.vat_rate)
    running = _running(books)
    is_paid = terms.retail_cny_per_kg <= terms.subsidy.highest_retail_cny_per_kg
    return sales, running, _of(books, "possible_subsidy_cny_per_year") * is_paid


def _running(books: pd.DataFrame) -> Floats:
    """Return all yearly costs together, CNY/a."""
    every = [f"{cost}_cny_per_year" for cost in COSTS]
    return np.asarray(books[every].to_numpy(dtype=np.float64).sum(axis=1), dtype=np.float64)


def _subsidized(years: YearEnds, terms: Terms) -> float:
    """Return what 1 CNY a year in the years with operating subsidy is worth today."""
    return years.discounted(terms.discount_rate, years.within(terms.subsidy.years))


def _of(books: pd.DataFrame, name: str) -> Floats:
    """Return a column as floats."""
    return books[name].to_numpy(dtype=np.float64)


def _per_kg(cny: Floats, kg: Floats) -> Floats:
    """Return money per kg; NaN where nothing is sold."""
    return np.divide(cny, kg, out=np.full_like(cny, np.nan), where=kg > 0.0)


def _check(books: pd.DataFrame) -> None:
    """Raise for missing columns and for amounts that are negative or unknown."""
    missing = [name for name in BOOK_COLUMNS if name not in books]
    faults = [Fault("the column is missing", name) for name in missing]
    for name in (name for name in BOOK_COLUMNS if name not in missing):
        wrong = books.index[~(_of(books, name) >= 0.0)]
        faults += [Fault("negative or unknown", f"{name}, row {row}", "Give 0 or more") for row in wrong]
    if faults:
        raise InputError(faults)
