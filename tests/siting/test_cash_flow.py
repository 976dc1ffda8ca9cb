"""Time value of money against published tables, textbook examples, and identities."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from corridor.errors import InputError
from siting.cash_flow import (
    YearEnds,
    annuity,
    internal_rate_of_return,
    levelized_cost,
    net_present_value,
    payback_years,
    sign_changes,
)

#: Uniform-series present worth (P/A, i, n) as printed in compound-interest tables of engineering economics.
PRESENT_WORTH = [
    (0.05, 10, 7.7217),
    (0.05, 20, 12.4622),
    (0.06, 20, 11.4699),
    (0.07, 20, 10.5940),
    (0.08, 10, 6.7101),
    (0.10, 5, 3.7908),
    (0.10, 20, 8.5136),
    (0.12, 30, 8.0552),
]


def _years(n):
    return np.arange(n + 1, dtype=float)


def _rate(*payments):
    return internal_rate_of_return(np.array([payments], dtype=float), when=_years(len(payments) - 1))[0]


@pytest.mark.parametrize(("rate", "years", "worth"), PRESENT_WORTH)
def test_annuity_is_that_of_the_printed_tables(rate, years, worth):
    assert 1 / annuity(rate, years) == pytest.approx(worth, abs=5.1e-5)
    assert YearEnds.of(years).discounted(rate) == pytest.approx(worth, abs=5.1e-5)


def test_without_interest_a_loan_is_paid_back_in_equal_parts():
    assert annuity(0.0, 8) == 0.125
    assert annuity(1e-12, 8) == pytest.approx(0.125)
    assert YearEnds.of(8).discounted(0.0) == 8.0


def test_a_part_of_a_year_at_the_end_counts_as_a_part():
    years = YearEnds.of(2.5)
    assert years.when.tolist() == [1.0, 2.0, 2.5]
    assert years.part.tolist() == [1.0, 1.0, 0.5]
    assert years.within(1.5).tolist() == [1.0, 0.5, 0.0]
    assert years.within(9.0).tolist() == years.part.tolist()
    assert years.discounted(0.1) == pytest.approx(1 / 1.1 + 1 / 1.21 + 0.5 / 1.1**2.5)


@pytest.mark.parametrize("years", [0.0, -1.0, np.nan, np.inf])
def test_a_life_must_be_longer_than_nothing(years):
    with pytest.raises(InputError, match="no lifetime"):
        YearEnds.of(years)


def test_net_present_value_by_hand():
    payments = np.array([[-1000.0, 500, 400, 300, 100], [-1000.0, 100, 300, 400, 600]])
    worth = net_present_value(payments, when=_years(4), rate=0.10)
    # Brigham & Houston's projects S and L at 10 %.
    assert worth == pytest.approx([78.82, 49.18], abs=0.005)


def test_internal_rates_of_textbooks():
    # Brigham & Houston's projects S and L: 14.5 % and 11.8 %.
    assert _rate(-1000, 500, 400, 300, 100) == pytest.approx(0.1449, abs=5e-5)
    assert _rate(-1000, 100, 300, 400, 600) == pytest.approx(0.1179, abs=5e-5)
    # Brealey & Myers: 4,000 now for 2,000 and 4,000 earns 28.08 %.
    assert _rate(-4000, 2000, 4000) == pytest.approx(0.2808, abs=5e-5)
    assert _rate(-100, 110) == pytest.approx(0.1)
    assert _rate(-100, 50) == pytest.approx(-0.5)


def test_a_rate_is_unknown_where_there_is_none_or_more_than_one():
    rows = np.array(
        [
            [-100, -50, -10],
            [0, 40, 50],
            [-4000, 25000, -25000],  # Brealey & Myers: 25 % and 400 %
            [0, 0, 0],
            [-100, 0, 121],
        ],
        dtype=float,
    )
    assert sign_changes(rows).tolist() == [0, 0, 2, 0, 1]
    rates = internal_rate_of_return(rows, when=_years(2))
    assert np.isnan(rates[:4]).all()
    assert rates[4] == pytest.approx(0.1)
    both = np.array([rows[2] @ 1.25 ** -_years(2), rows[2] @ 5.0 ** -_years(2)])
    assert both == pytest.approx([0, 0], abs=1e-9), "there are indeed two"


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_at_the_internal_rate_money_is_worth_nothing(data):
    n = data.draw(st.integers(1, 25))
    spent = data.draw(st.floats(1, 1e8))
    amounts = st.floats(1, 1e8) | st.just(0.0)
    back = np.array(data.draw(st.lists(amounts, min_size=n, max_size=n)))
    assume(back.max() > 1e-3 * spent)
    payments = np.concatenate([[-spent], back])
    when = YearEnds.of(n - data.draw(st.sampled_from([0.0, 0.25]))).when
    when = np.concatenate([[0.0], when])
    rate = internal_rate_of_return(payments[None, :], when=when)[0]
    assert np.isfinite(rate)
    parts = payments * (1 + rate) ** -when
    assert parts.sum() == pytest.approx(0.0, abs=1e-9 * np.abs(parts).sum())
    if -0.9 < rate < 10:
        found = brentq(lambda r: payments @ (1 + r) ** -when, -0.95, 20.0, xtol=1e-13)
        assert rate == pytest.approx(found, abs=1e-9)


def test_payback_by_hand():
    # Brigham & Houston: S pays back in 2.33 and, discounted at 10 %, in 2.95 years.
    payments = np.array([[-1000.0, 500, 400, 300, 100]])
    assert payback_years(payments, when=_years(4))[0] == pytest.approx(2 + 100 / 300)
    assert payback_years(payments, when=_years(4), rate=0.10)[0] == pytest.approx(2.95, abs=0.005)


def test_payback_is_for_good_or_not_at_all():
    rows = np.array(
        [[-100.0, 60, 60, 60], [-100, 150, -100, 0], [-100, 150, -100, 200], [-100, 30, 30, 30], [0, 1, 1, 1]]
    )
    assert payback_years(rows, when=_years(3)) == pytest.approx(
        [1 + 40 / 60, np.nan, 2.25, np.nan, 0.0], nan_ok=True
    )


@given(earned=st.floats(1, 1e6), spent=st.floats(1, 1e7), rate=st.floats(0, 0.3), more=st.floats(1.001, 5))
@settings(max_examples=200, deadline=None)
def test_earning_more_pays_back_earlier_and_discounting_later(earned, spent, rate, more):
    flows = np.tile([-spent, *[earned] * 20], (2, 1))
    flows[1, 1:] *= more
    simple = payback_years(flows, when=_years(20))
    later = payback_years(flows, when=_years(20), rate=rate)
    forever = np.where(np.isnan(simple), np.inf, simple), np.where(np.isnan(later), np.inf, later)
    assert forever[0][1] <= forever[0][0] + 1e-9
    assert np.all(forever[1] >= forever[0] - 1e-9)
    rates = internal_rate_of_return(flows, when=_years(20))
    assert rates[1] > rates[0]


def test_levelized_cost_is_the_price_that_pays_for_everything():
    costs = np.array([[1000.0, 50, 50, 50], [10.0, 0, 0, 0]])
    amounts = np.array([[0.0, 100, 100, 100], [0.0, 0, 0, 0]])
    price = levelized_cost(costs, amounts, when=_years(3), rate=0.07)
    assert price[0] == pytest.approx((1000 * annuity(0.07, 3) + 50) / 100)
    assert np.isnan(price[1])
    assert net_present_value(price[0] * amounts[0] - costs[0], when=_years(3), rate=0.07) == pytest.approx(0)
