from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from corridor.errors import InputError
from corridor.sources import data_directory, read_fleet
from demand.diffusion import adopted, counts, decimal_year, diffusion_faults, fit, fitted


def table(when, vehicles, weight=1.0):
    return pd.DataFrame({"when": when, "vehicles": vehicles, "weight": weight})


@pytest.fixture(scope="module")
def fleet():
    return read_fleet(data_directory())


@pytest.mark.parametrize(("p", "q"), [(0.03, 0.38), (0.0007, 0.24), (0.01, 0.0), (0.2, 0.05)])
def test_closed_form_solves_the_differential_equation(p, q):
    years = np.linspace(0.0, 25.0, 26)
    solved = solve_ivp(
        lambda _, f: (p + q * f) * (1.0 - f), (0.0, 25.0), [0.0], t_eval=years, rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(adopted(years, p, q), solved.y[0], rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize(
    ("p", "q", "market", "peak_year", "peak_sales"),
    # Bass (1969), table of predicted peaks, as generally cited: room air conditioners (thousands, peak 1.9
    # million in year 8.6), black-and-white television (7.5 million in year 7.8).
    [(0.0104, 0.4186, 16_895, 8.6, 1_900), (0.0279, 0.2511, 96_717, 7.8, 7_500)],
)
def test_peaks_are_those_of_the_first_paper(p, q, market, peak_year, peak_sales):
    years = np.arange(0.0, 20.0, 0.01)
    sales = np.diff(market * adopted(years, p, q)) / 0.01
    assert years[sales.argmax()] == pytest.approx(peak_year, abs=0.1)
    assert sales.max() == pytest.approx(peak_sales, rel=0.03)


def test_nobody_has_adopted_before_the_start_and_everybody_in_the_end():
    assert adopted(np.array([-5.0, 0.0]), 0.01, 0.3).tolist() == [0.0, 0.0]
    assert adopted(500.0, 0.01, 0.3) == pytest.approx(1.0)


@settings(max_examples=40, deadline=None)
@given(
    p=st.floats(1e-4, 0.05),
    q=st.floats(0.05, 0.8),
    market=st.floats(1e3, 1e6),
    since=st.floats(0.5, 3.0),
)
def test_fit_recovers_what_made_the_counts(p, q, market, since):
    when = 2018.0 + since + np.arange(8.0)
    made = market * adopted(when - 2018.0, p, q)
    found = fit(table(when, made), market=market * (1 + 1e-9), start=2018.0, count_error=0.1)
    assert found.innovation == pytest.approx(p, rel=1e-3)
    assert found.imitation == pytest.approx(q, rel=1e-3)
    np.testing.assert_allclose(found.misfit, 0.0, atol=1e-4)


def test_stated_errors_are_those_of_repeated_noisy_counts():
    """Over many noisy series the logs of p and q scatter as the covariance says."""
    rng = np.random.default_rng(4)
    when = 2018.0 + np.arange(2.0, 12.0)
    true = 1e5 * adopted(when - 2018.0, 0.002, 0.35)
    fits = [
        fit(
            table(when, true * np.exp(rng.normal(0.0, 0.1, len(when)))),
            market=1e5,
            start=2018.0,
            count_error=0.1,
        )
        for _ in range(200)
    ]
    scatter = np.cov(np.log([(f.innovation, f.imitation) for f in fits]).T)
    np.testing.assert_allclose(scatter, fits[0].covariance, rtol=0.5)
    at_2035 = np.std([math.log(f.fleet(2032.0)) for f in fits])
    assert fits[0].relative_error(2032.0) == pytest.approx(at_2035, rel=0.4)


def test_a_sharp_prior_holds_imitation_and_a_vague_one_lets_it_go():
    made = table(2018.0 + np.arange(2.0, 8.0), 1e5 * adopted(np.arange(2.0, 8.0), 0.002, 0.5))
    options = {"market": 1e5, "start": 2018.0, "count_error": 0.1}
    assert fit(made, **options, prior=(0.3, 1e-4)).imitation == pytest.approx(0.3, rel=1e-3)
    assert fit(made, **options, prior=(0.3, 1e4)).imitation == pytest.approx(0.5, rel=1e-3)


def test_counts_of_one_province_are_scaled_and_other_areas_left_out(fleet):
    seen = counts(fleet, sichuan_share=0.6)
    assert list(seen.index) == ["FL-SC-2021-06", "FL-BOTH-2021-11", "FL-SC-2024-04"]
    assert seen["vehicles"].to_numpy() == pytest.approx([500.0, 440.0, 619 / 0.6])
    aimed = counts(fleet, sichuan_share=0.6, target_weight=0.5)
    assert aimed.loc[["FL-SC-2026-12", "FL-CQ-2026-12"], "vehicles"].to_numpy() == pytest.approx(
        [5000.0, 5000.0]
    )
    assert aimed["weight"].tolist() == [1.0, 1.0, 1.0, 0.5, 0.5]
    assert decimal_year("2024-01") == pytest.approx(2024 + 1 / 24)


def test_the_published_counts_cannot_tell_the_market_nor_imitation(fleet):
    """What docs/adoption.md says of identifiability: markets ten times apart fit alike, and q is lost."""
    seen = counts(fleet, sichuan_share=0.68)
    fits = [fit(seen, market=m, start=2018.1, count_error=0.15) for m in (3e4, 3e5)]
    assert np.abs(fits[0].misfit - fits[1].misfit).max() < 0.01
    assert all(found.covariance[1, 1] > 1.0 for found in fits)


def test_the_expected_imitation_is_that_of_national_sales(fleet, assumption_table):
    china = fleet[(fleet["area"] == "china") & (fleet["kind"] == "observation")]
    national = table([decimal_year(month) for month in china["month"]], china["vehicles"].to_numpy())
    found = [
        fit(national, market=1e6, start=start, count_error=0.1).imitation for start in (2015, 2016, 2017)
    ]
    assert [round(q, 2) for q in found] == [0.28, 0.25, 0.18]
    row = assumption_table.loc["diffusion.imitation"]
    assert all(row["low"] - 0.001 <= q <= row["high"] for q in found)


def test_a_larger_market_and_counted_targets_give_a_larger_fleet(fleet, assumptions):
    base = fitted(fleet, assumptions).fleet(2035.5)
    assert fitted(fleet, assumptions | {"diffusion.market_vehicles": 3e5}).fleet(2035.5) > base
    assert fitted(fleet, assumptions | {"diffusion.target_weight": 1.0}).fleet(2035.5) > 2 * base


def test_every_fault_is_named(fleet, assumptions):
    wrong = {key: value for key, value in assumptions.items() if key != "diffusion.start"}
    wrong |= {"diffusion.target_weight": 2.0, "diffusion.market_vehicles": math.nan}
    assert [fault.where for fault in diffusion_faults(wrong)] == [
        "diffusion.market_vehicles",
        "diffusion.start",
        "diffusion.target_weight",
    ]
    with pytest.raises(InputError, match="not between 0 and the market of 500") as error:
        fitted(fleet, assumptions | {"diffusion.market_vehicles": 500.0, "diffusion.start": 2022.0})
    assert len(error.value.faults) == 2
    with pytest.raises(InputError, match="1 counts cannot determine the curve"):
        fit(table([2020.0], [100.0]), market=1e4, start=2018.0, count_error=0.1)


@pytest.mark.parametrize("bound", ["low", "high"])
def test_each_single_bound_is_a_possible_value(fleet, assumption_table, assumptions, bound):
    for key in assumption_table.index[assumption_table.index.str.startswith("diffusion.")]:
        curve = fitted(fleet, assumptions | {key: assumption_table.loc[key, bound]})
        assert 1_000 < curve.fleet(2027.5) < curve.fleet(2035.5) < 100_000, key
