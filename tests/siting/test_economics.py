"""Accounts of stations against sums by hand, definitions, and what must never happen."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InputError
from siting.cash_flow import annuity, levelized_cost, net_present_value
from siting.economics import (
    BOOK_COLUMNS,
    COSTS,
    OperatingSubsidy,
    Terms,
    appraise,
    break_even_price,
    cash_flows,
    operating_subsidy,
    summed,
)

CHENGDU = OperatingSubsidy(
    cny_per_kg=20.0,
    cap_cny_per_year=5e6,
    highest_retail_cny_per_kg=30.0,
    least_capacity_kg_per_day=500.0,
    years=3.0,
)
TERMS = Terms(
    discount_rate=0.07,
    lifetime_years=20.0,
    residual_share=0.05,
    retail_cny_per_kg=30.0,
    vat_rate=0.13,
    subsidy=CHENGDU,
)


def _books(**columns):
    given_columns = dict.fromkeys(BOOK_COLUMNS, 0.0) | columns
    n = max(np.size(value) for value in given_columns.values())
    return pd.DataFrame({name: np.broadcast_to(value, n) * 1.0 for name, value in given_columns.items()})


def _random_books(data, n):
    amounts = st.floats(0, 1e7)
    return pd.DataFrame(
        {
            name: data.draw(
                st.lists(st.floats(1e3, 1e6) if name == "kg_per_year" else amounts, min_size=n, max_size=n)
            )
            for name in BOOK_COLUMNS
        }
    ).assign(grant_cny=lambda books: np.minimum(books["grant_cny"], books["investment_cny"]))


def _random_terms(data):
    return Terms(
        discount_rate=data.draw(st.sampled_from([0.0, 0.03, 0.07, 0.12])),
        lifetime_years=data.draw(st.sampled_from([1.0, 10.0, 12.5, 20.0])),
        residual_share=data.draw(st.floats(0, 0.3)),
        retail_cny_per_kg=data.draw(st.floats(5, 60)),
        vat_rate=data.draw(st.sampled_from([0.0, 0.13])),
        subsidy=replace(CHENGDU, years=data.draw(st.sampled_from([0.0, 1.5, 3.0, 40.0]))),
    )


def test_a_station_by_hand():
    books = _books(
        kg_per_year=200_000.0,
        investment_cny=14e6,
        grant_cny=3e6,
        production_cny_per_year=3e6,
        delivery_cny_per_year=4e5,
        electricity_cny_per_year=2e5,
        fixed_opex_cny_per_year=7e5,
        staff_cny_per_year=8e5,
    )
    row = appraise(books, TERMS).iloc[0]
    worth, left = 10.5940, 0.258419  # (P/A, 7 %, 20) and (P/F, 7 %, 20) of printed tables
    sales, running = 200_000 * 30 / 1.13, 5.1e6
    capital = 14e6 * (1 - 0.05 * left) / worth
    npv = -11e6 + (sales - running) * worth + 0.05 * 14e6 * left
    assert row["sales_cny_per_year"] == pytest.approx(sales)
    assert row["capital_cny_per_year"] == pytest.approx(capital, rel=1e-5)
    assert row["annualized_cost_cny_per_year"] == pytest.approx(capital + running, rel=1e-5)
    assert row["npv_cny"] == pytest.approx(npv, rel=1e-5)
    assert row["npv_without_subsidy_cny"] == pytest.approx(npv - 3e6, rel=1e-5)
    assert row["levelized_cost_cny_per_kg"] == pytest.approx((capital + running) / 2e5, rel=1e-5)
    assert row["subsidy_need_cny"] == pytest.approx(-npv, rel=1e-5)
    assert row["subsidy_need_cny_per_kg"] == pytest.approx(-npv / worth / 2e5, rel=1e-5)
    even = 1.13 * (running + (11e6 - 0.05 * 14e6 * left) / worth) / 2e5
    assert row["break_even_cny_per_kg"] == pytest.approx(even, rel=1e-5)
    assert row["irr_basis"] == "single"
    assert row["irr"] < 0.07, "it loses money"
    assert np.isnan(row["payback_years"])


@pytest.mark.parametrize(
    ("kg", "capacity", "inside", "paid"),
    [
        (250_000, 1000, True, 5e6),
        (249_999, 1000, True, 4_999_980),
        (250_001, 1000, True, 5e6),
        (1_000_000, 4000, True, 5e6),
        (100_000, 500, True, 2e6),
        (100_000, 499, True, 0),
        (100_000, np.nan, True, 0),
        (100_000, 1000, False, 0),
        (0, 1000, True, 0),
    ],
)
def test_operating_subsidy_follows_the_rule(kg, capacity, inside, paid):
    found = operating_subsidy(
        np.array([float(kg)]), np.array([float(capacity)]), is_inside=np.array([inside]), rule=CHENGDU
    )
    assert found.tolist() == [paid]


@pytest.mark.parametrize(("retail", "paid"), [(29.0, 1e6), (30.0, 1e6), (30.01, 0.0)])
def test_operating_subsidy_ends_above_its_highest_retail_price(retail, paid):
    books = _books(kg_per_year=5e4, investment_cny=1e6, possible_subsidy_cny_per_year=1e6)
    row = appraise(books, replace(TERMS, retail_cny_per_kg=retail)).iloc[0]
    assert row["subsidy_cny_per_year"] == paid
    assert row["npv_cny"] - row["npv_without_subsidy_cny"] == pytest.approx(
        paid * 2.62432, rel=1e-5, abs=1e-6
    )


def test_break_even_goes_without_the_subsidy_where_it_must():
    books = _books(kg_per_year=1e5, production_cny_per_year=[2.5e6, 3.5e6], possible_subsidy_cny_per_year=2e6)
    terms = replace(TERMS, vat_rate=0.0, subsidy=replace(CHENGDU, years=20.0))
    # 25 - 20 and 35 - 20 CNY/kg are below 30: with the subsidy.
    assert break_even_price(books, terms).tolist() == pytest.approx([5.0, 15.0])
    dear = books.assign(production_cny_per_year=[5.0e6, 5.1e6])
    # 50 - 20 is just 30; 51 - 20 is above, so nothing is paid.
    assert break_even_price(dear, terms).tolist() == pytest.approx([30.0, 51.0])


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_identities(data):
    books, terms = _random_books(data, 3), _random_terms(data)
    table = appraise(books, terms)
    when, flows = cash_flows(books, terms)
    scale = np.abs(flows).sum(axis=1)
    worth = net_present_value(flows, when=when, rate=terms.discount_rate)
    factor = sum(
        part * (1 + terms.discount_rate) ** -time for part, time in zip(np.diff(when), when[1:], strict=True)
    )
    # Parts make the whole: annualized cost, and net present value out of annual figures.
    running = sum(books[f"{cost}_cny_per_year"] for cost in COSTS)
    assert table["annualized_cost_cny_per_year"].to_numpy() == pytest.approx(
        (table["capital_cny_per_year"] + running).to_numpy()
    )
    yearly = (
        table["sales_cny_per_year"]
        + table["annualized_support_cny_per_year"]
        - table["annualized_cost_cny_per_year"]
    )
    assert table["npv_cny"].to_numpy() == pytest.approx(worth)
    assert np.abs(factor * yearly - worth).max() <= 1e-9 * scale.max()
    # Levelized cost by its definition.
    costs = np.outer(running, np.diff(when, prepend=0.0)) * (when > 0)
    costs[:, 0] = books["investment_cny"]
    costs[:, -1] -= terms.residual_share * books["investment_cny"]
    sold = np.outer(books["kg_per_year"], np.diff(when, prepend=0.0))
    defined = levelized_cost(costs, sold, when=when, rate=terms.discount_rate)
    assert table["levelized_cost_cny_per_kg"].to_numpy() == pytest.approx(defined, rel=1e-9, abs=1e-9)
    # At the break-even price nothing is lost; what is missing makes up for the loss.
    for row, price in enumerate(table["break_even_cny_per_kg"]):
        if price >= 0.0:
            there = appraise(books.iloc[[row]], replace(terms, retail_cny_per_kg=float(price)))
            assert abs(there["npv_cny"].iloc[0]) <= 1e-9 * (
                scale[row] + price * 20 * books["kg_per_year"][row]
            )
    granted = books.assign(grant_cny=books["grant_cny"] + table["subsidy_need_cny"])
    assert np.all(appraise(granted, terms)["npv_cny"] >= -1e-9 * scale)
    # What is known by rate is worth nothing at it.
    known = table["irr"].notna().to_numpy() & (table["irr"] > -0.9).to_numpy()
    for row in np.flatnonzero(known):
        parts = flows[row] * (1 + table["irr"].iloc[row]) ** -when
        assert abs(parts.sum()) <= 1e-8 * np.abs(parts).sum()
    assert ((table["irr_basis"] == "single") == table["irr"].notna()).all()


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_stations_add_up_and_more_money_is_more(data):
    books, terms = _random_books(data, 4), _random_terms(data)
    each, together = appraise(books, terms), appraise(summed(books), terms)
    for name in each.columns[each.columns.str.endswith(("npv_cny", "_per_year", "without_subsidy_cny"))]:
        total = each[name].abs().sum()
        assert together[name].iloc[0] == pytest.approx(each[name].sum(), abs=1e-9 * total + 1e-6)
    even = each["break_even_cny_per_kg"]
    is_unsubsidized = books["possible_subsidy_cny_per_year"].eq(0).all()
    if is_unsubsidized:
        assert even.min() - 1e-9 <= together["break_even_cny_per_kg"].iloc[0] <= even.max() + 1e-9
    more = data.draw(st.floats(1.0, 1e6))
    for name in BOOK_COLUMNS:
        changed = appraise(books.assign(**{name: books[name] + more}), terms)["npv_cny"] - each["npv_cny"]
        is_good = name in {"kg_per_year", "grant_cny", "possible_subsidy_cny_per_year"}
        tolerance = 1e-9 * (each["npv_cny"].abs() + 1e9)
        assert np.all(changed >= -tolerance if is_good else changed <= tolerance), name
    cheaper = replace(terms, retail_cny_per_kg=0.5 * terms.retail_cny_per_kg)
    no_rule = replace(terms, subsidy=replace(CHENGDU, years=0.0))
    loss = appraise(books, replace(no_rule, retail_cny_per_kg=cheaper.retail_cny_per_kg))["npv_cny"]
    assert np.all(loss < appraise(books, no_rule)["npv_cny"])


def test_sunk_and_idle_stations_have_no_rate_and_no_payback():
    table = appraise(_books(kg_per_year=[1e5, 0.0], staff_cny_per_year=1e5), TERMS)
    assert table["payback_years"].isna().all()
    assert table["irr"].isna().all()
    assert table["irr_basis"].tolist() == ["none", "none"]
    assert np.isnan(table["levelized_cost_cny_per_kg"].iloc[1])
    assert np.isnan(table["break_even_cny_per_kg"].iloc[1])
    assert table["npv_cny"].iloc[1] == pytest.approx(-1e5 / annuity(0.07, 20))


def test_a_subsidy_that_ends_leaves_more_than_one_rate_or_none():
    books = _books(
        kg_per_year=1e5,
        investment_cny=1e6,
        production_cny_per_year=3e6,
        possible_subsidy_cny_per_year=2e6,
    )
    row = appraise(books, replace(TERMS, residual_share=0.0)).iloc[0]
    assert row["irr_basis"] == "several"
    assert np.isnan(row["irr"])


def test_what_is_wrong_is_told_together():
    books = _books(kg_per_year=[1.0, -1.0]).assign(grant_cny=[np.nan, 0.0]).drop(columns="staff_cny_per_year")
    with pytest.raises(InputError) as error:
        appraise(books, TERMS)
    assert [fault.where for fault in error.value.faults] == [
        "staff_cny_per_year",
        "kg_per_year, row 1",
        "grant_cny, row 0",
    ]
    with pytest.raises(InputError) as error:
        replace(TERMS, vat_rate=-0.1, lifetime_years=0.0)
    assert [fault.where for fault in error.value.faults] == ["lifetime_years", "vat_rate"]
