"""Draws of assumptions: their distributions, sums, ties and reproducibility."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from corridor.errors import InputError
from demand.inputs import MASS_COLUMNS, TRUCK_CLASSES, VEHICLE_CLASSES, assumption_faults
from demand.ownership_cost import limits as ownership_limits
from demand.uncertainty import DISTRIBUTIONS, GROUPS, NOT_DRAWN, PREFIXES, SUMS, drawn_keys, is_drawn, sample

MANY = 4000

#: Smallest p of a Kolmogorov-Smirnov test that passes; the seed is fixed, so this cannot flicker.
P_VALUE = 0.001


@pytest.fixture(scope="module")
def draws(assumption_table):
    return sample(assumption_table, seed=7, n=MANY)


def test_keys_are_triangular_between_their_ends(draws, assumption_table):
    summed = {key for group in SUMS for key in group}
    keys = [key for key in drawn_keys(assumption_table) if key not in summed]
    assert len(keys) > 80
    failed = []
    for key in keys:
        value, low, high = (float(assumption_table.loc[key, name]) for name in ("value", "low", "high"))
        triangle = stats.triang((value - low) / (high - low), loc=low, scale=high - low)
        assert abs(draws[key].mean() - triangle.mean()) < 4 * triangle.std() / np.sqrt(MANY), key
        for quantile in (0.1, 0.5, 0.9):
            assert (draws[key] <= triangle.ppf(quantile)).mean() == pytest.approx(quantile, abs=0.04), key
        if stats.kstest(draws[key], triangle.cdf).pvalue < P_VALUE:
            failed.append(key)
    assert len(failed) <= 1


def test_no_draw_leaves_its_range(draws, assumption_table):
    low, high = (assumption_table.loc[draws.columns, name].astype(float) for name in ("low", "high"))
    assert (draws >= low - 1e-12).all().all()
    assert (draws <= high + 1e-12).all().all()


def test_every_draw_is_a_possible_set_of_assumptions(draws, assumption_table):
    values = assumption_table["value"].astype(float).to_dict()
    for _, row in draws.head(50).iterrows():
        assert assumption_faults(values | row.to_dict()) == []


@pytest.mark.parametrize(
    "group",
    [
        [f"freight.tonne_share.{name}" for name in TRUCK_CLASSES],
        [f"freight.mass_weight.{name}" for name in MASS_COLUMNS],
    ],
)
def test_shares_add_up_and_still_vary(draws, group):
    np.testing.assert_allclose(draws[group].sum(axis=1), 1.0, atol=1e-9)
    assert (draws[group].std() > 0).all()


def test_a_group_has_the_rank_correlation_it_states(draws):
    """The rank correlation of a Gaussian copula is 6/pi asin(rho/2)."""
    rho = dict(GROUPS)[r"adoption\.share\..*"]
    expected = 6 / np.pi * np.arcsin(rho / 2)
    one, other = draws["adoption.share.tractor_49t.2030"], draws["adoption.share.coach_12m.2030"]
    assert stats.spearmanr(one, other).statistic == pytest.approx(expected, abs=0.03)
    free = stats.spearmanr(one, draws["freight.load_factor"]).statistic
    assert abs(free) < 0.05


def test_adoption_never_falls_from_year_to_year(draws):
    for name in VEHICLE_CLASSES:
        years = draws[[f"adoption.share.{name}.{year}" for year in (2027, 2030, 2035)]].to_numpy()
        assert (np.diff(years, axis=1) >= 0).all()
        assert stats.spearmanr(years[:, 0], years[:, 2]).statistic == pytest.approx(1.0)


def test_equal_seeds_give_equal_draws_however_many_follow(assumption_table, draws):
    again = sample(assumption_table, seed=7, n=5)
    pd.testing.assert_frame_equal(again, draws.head(5))
    other = sample(assumption_table, seed=8, n=5)
    assert not np.isclose(again["freight.load_factor"], other["freight.load_factor"]).any()


def test_a_new_key_moves_no_other(assumption_table):
    fewer = assumption_table.drop(index=["vehicle.light_9t.rolling"])
    one, other = sample(assumption_table, seed=3, n=20), sample(fewer, seed=3, n=20)
    pd.testing.assert_frame_equal(one[other.columns], other)


def test_what_is_decided_stays_and_shares_make_room(assumption_table):
    decided = {
        "freight.tonne_share.tractor_49t": 0.7,
        "freight.load_factor": 0.66,
        "freight.base_year": 2022.0,
    }
    rows = sample(assumption_table, seed=1, n=50, fixed=decided)
    for key, value in decided.items():
        np.testing.assert_allclose(rows[key], value)
    group = [f"freight.tonne_share.{name}" for name in TRUCK_CLASSES]
    np.testing.assert_allclose(rows[group].sum(axis=1), 1.0, atol=1e-9)


def test_distributions_can_be_named(assumption_table):
    key = "freight.load_factor"
    flat = sample(assumption_table, seed=1, n=MANY, distributions={key: "uniform"})[key]
    assert stats.kstest(flat, stats.uniform(loc=0.6, scale=0.4).cdf).pvalue > P_VALUE
    still = sample(assumption_table, seed=1, n=10, distributions={key: "fixed"})[key]
    assert (still == assumption_table.loc[key, "value"]).all()


def test_faults_come_together(assumption_table):
    wrong = assumption_table.copy()
    wrong.loc["freight.load_factor", "low"] = 0.9
    wrong.loc[[f"freight.mass_weight.{name}" for name in MASS_COLUMNS], "high"] = 0.3
    with pytest.raises(InputError) as error:
        sample(wrong, seed=1, n=0, distributions={"freight.load_facto": "fixed"})
    places = [fault.where for fault in error.value.faults]
    assert {"n", "freight.load_factor", "freight.load_facto", "freight.mass_weight.*"} <= set(places)


def test_every_range_is_drawn_or_left_out_for_a_reason(assumption_table):
    spread = assumption_table.index[assumption_table["high"] > assumption_table["low"]]
    drawn = set(drawn_keys(assumption_table, adoption="cost"))
    reasons = [*NOT_DRAWN, *((pattern, kind) for pattern, kind in DISTRIBUTIONS if kind == "fixed")]
    for key in spread:
        left_out = [reason for pattern, reason in reasons if re.fullmatch(pattern, key)]
        assert (key in drawn) != bool(left_out), (key, left_out)
        assert len(left_out) <= 1, key
    for pattern, _ in NOT_DRAWN:
        assert any(re.fullmatch(pattern, key) for key in assumption_table.index), pattern


def test_what_a_vehicle_costs_is_drawn_only_where_it_counts(assumption_table):
    economic = {key for key in ownership_limits() if key.startswith(("economics.", "carbon."))}
    assert "economics.retail_price_cny_per_kg" in economic
    assert economic <= set(drawn_keys(assumption_table, adoption="cost"))
    for adoption in ("policy", "bass"):
        assert not any(is_drawn(key, adoption) for key in economic)
        assert economic.isdisjoint(sample(assumption_table, seed=1, n=2, adoption=adoption).columns)
    options = {"seed": 3, "n": 50}
    policy, cost = (sample(assumption_table, **options, adoption=mode) for mode in ("policy", "cost"))
    pd.testing.assert_frame_equal(cost[policy.columns], policy)  # the others are drawn as before
    price = cost["economics.retail_price_cny_per_kg"]
    low, high = assumption_table.loc[price.name, ["low", "high"]].astype(float)
    assert price.nunique() == 50
    assert price.between(low, high).all()
    settled = sample(assumption_table, **options, adoption="cost", fixed={price.name: 28.0})
    assert (settled[price.name] == 28.0).all()


def test_own_prefixes_are_not_left_out():
    assert not any(re.fullmatch(pattern, f"{prefix}x") for pattern, _ in NOT_DRAWN for prefix in PREFIXES)
