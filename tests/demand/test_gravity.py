from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from corridor.errors import InfeasibleError
from demand.gravity import balanced_trips, deterrence, symmetric_factors


@st.composite
def feasible_tables(draw):
    """A full symmetric table, and ends none of which exceeds what the others can take."""
    n = draw(st.integers(4, 12))
    upper = draw(arrays(np.float64, (n, n), elements=st.floats(1e-3, 1e3)))
    table = np.triu(upper, k=1)
    ends = draw(arrays(np.float64, n, elements=st.floats(1.0, 100.0)))
    return table + table.T, np.minimum(ends, 0.4 * ends.sum())


@settings(deadline=None)
@given(feasible_tables())
def test_fitting_meets_every_zone_and_keeps_the_pattern(problem):
    table, ends = problem
    assume(ends.max() <= 0.45 * ends.sum())
    labels = [str(row) for row in range(len(ends))]
    factor = symmetric_factors(table, ends, labels=labels)
    fitted = factor[:, None] * table * factor
    np.testing.assert_allclose(fitted.sum(axis=1), ends, rtol=1e-9)
    np.testing.assert_allclose(fitted, fitted.T, rtol=1e-12)
    # Fitting leaves cross-product ratios of the pattern alone: that is what "least disturbed" means.
    ratio = fitted[0, 1] * fitted[2, 3] / (fitted[0, 2] * fitted[1, 3])
    assert ratio == pytest.approx(table[0, 1] * table[2, 3] / (table[0, 2] * table[1, 3]), rel=1e-6)


@settings(deadline=None)
@given(feasible_tables(), st.floats(0.01, 100.0))
def test_rows_and_columns_and_the_total_are_met_whatever_the_scale_of_the_pattern(problem, scale):
    table, ends = problem
    assume(ends.max() <= 0.45 * ends.sum())
    labels = [str(row) for row in range(len(ends))]
    tables = []
    for pattern in (table, scale * table):
        factor = symmetric_factors(pattern, ends, labels=labels)
        fitted = factor[:, None] * pattern * factor
        np.testing.assert_allclose(fitted.sum(axis=0), ends, rtol=1e-9)
        np.testing.assert_allclose(fitted.sum(axis=1), ends, rtol=1e-9)
        assert fitted.sum() == pytest.approx(ends.sum(), rel=1e-9)
        assert (fitted >= 0).all()
        tables.append(fitted)
    np.testing.assert_allclose(tables[1], tables[0], rtol=1e-6, atol=1e-9)


def test_fitting_agrees_with_textbook_row_and_column_scaling():
    rng = np.random.default_rng(7)
    table = np.triu(rng.uniform(0.1, 5.0, (8, 8)), k=1)
    table += table.T
    ends = rng.uniform(5.0, 10.0, 8)
    textbook = table.copy()
    for _ in range(2000):
        textbook *= (ends / textbook.sum(axis=1))[:, None]
        textbook *= ends / textbook.sum(axis=0)
    factor = symmetric_factors(table, ends, labels=list("abcdefgh"))
    np.testing.assert_allclose(factor[:, None] * table * factor, textbook, rtol=1e-8)


def test_three_zones_have_the_closed_form():
    # With three zones R_12 = (P_1 + P_2 - P_3) / 2 and so on, whatever the pattern.
    ends = np.array([10.0, 8.0, 6.0])
    table = np.array([[0, 5, 0.1], [5, 0, 2], [0.1, 2, 0]])
    factor = symmetric_factors(table, ends, labels=list("abc"))
    fitted = factor[:, None] * table * factor
    np.testing.assert_allclose(fitted[[0, 0, 1], [1, 2, 2]], [6.0, 4.0, 2.0], rtol=1e-9)


def test_a_zone_without_ends_makes_no_trips():
    table = np.ones((4, 4)) - np.eye(4)
    factor = symmetric_factors(table, np.array([4.0, 3.0, 2.0, 0.0]), labels=list("abcd"))
    assert factor[3] == 0.0


def test_nothing_to_fit_is_no_trips():
    table = np.ones((3, 3)) - np.eye(3)
    assert not symmetric_factors(table, np.zeros(3), labels=list("abc")).any()


def test_a_zone_with_more_than_all_others_is_refused_by_name():
    table = np.ones((3, 3)) - np.eye(3)
    with pytest.raises(InfeasibleError, match=r"tractors: X has 10 .* only 4\."):
        symmetric_factors(table, np.array([10.0, 2.0, 2.0]), labels=["X", "Y", "Z"], what="tractors")


def test_zones_that_only_trade_with_each_other_unevenly_are_refused():
    # X and Y trade with Z alone, and W with Z alone: Z cannot take them all though it tops no single partner.
    table = np.zeros((4, 4))
    table[2, [0, 1, 3]] = table[[0, 1, 3], 2] = 1.0
    with pytest.raises(InfeasibleError, match="cannot all be met"):
        symmetric_factors(table, np.array([4.0, 4.0, 10.0, 4.0]), labels=["X", "Y", "Z", "W"])


def test_a_zone_without_partners_is_refused_by_name():
    table = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    with pytest.raises(InfeasibleError, match="from Z"):
        symmetric_factors(table, np.ones(3), labels=["X", "Y", "Z"])


def test_deterrence_falls_with_cost_and_cuts_short_trips(routes):
    gateway = np.array([False, False, False, False, True])
    options = {"exponent": 1.3, "shortest_km": 50.0, "outside_km": 200.0, "through_factor": 0.3}
    pattern = deterrence(routes, gateway, **options)
    inland = ~gateway[routes.destination]
    assert (pattern[routes.length_km < 50] == 0).all()
    order = np.argsort(routes.length_km[inland & (pattern > 0)])
    assert (np.diff(pattern[inland & (pattern > 0)][order]) < 0).all()
    # A to D is 300 km; A to the gateway 420 km and 200 km beyond.
    ratio = pattern[~inland][0] / pattern[(routes.origin == 0) & (routes.destination == 3)][0]
    assert ratio == pytest.approx((300 / 620) ** 1.3)


def test_more_distance_means_fewer_trips_at_fixed_ends(routes):
    ends = np.full(5, 100.0)
    pattern = np.maximum(routes.length_km, 1.0) ** -1.3
    farther = pattern.copy()
    farther[0] = (routes.length_km[0] * 2) ** -1.3
    before = balanced_trips(routes, pattern, ends, what="trucks")
    after = balanced_trips(routes, farther, ends, what="trucks")
    assert after[0] < before[0]


OPTIONS = {"exponent": 1.4, "shortest_km": 50.0, "outside_km": 100.0, "through_factor": 0.3}


def fitted(routes, ends):
    gateway = np.array([False, False, False, False, True])
    return balanced_trips(routes, deterrence(routes, gateway, **OPTIONS), ends, what="trucks")


@pytest.mark.parametrize("pair", [(0, 3), (1, 3), (0, 4)])
def test_a_dearer_pair_makes_fewer_trips_and_every_zone_as_many(routes, pair):
    ends = np.array([40.0, 30.0, 35.0, 60.0, 20.0])
    dearer = routes.cost_cny * np.where((routes.origin == pair[0]) & (routes.destination == pair[1]), 1.3, 1)
    before, after = fitted(routes, ends), fitted(replace(routes, cost_cny=dearer), ends)
    changed = dearer > routes.cost_cny
    assert (after[changed] < 0.99 * before[changed]).all()
    for trips in (before, after):
        met = sum(np.bincount(side, trips, minlength=5) for side in (routes.origin, routes.destination))
        np.testing.assert_allclose(met, ends, rtol=1e-9)


def test_only_relative_cost_matters(routes):
    ends = np.array([40.0, 30.0, 35.0, 60.0, 20.0])
    twice = replace(routes, cost_cny=2.0 * routes.cost_cny)
    np.testing.assert_allclose(fitted(twice, ends), fitted(routes, ends), rtol=1e-9)


def with_detour(routes, *, factor):
    """The routes with a second one for every pair, so much dearer and longer, for a fifth of the trips."""
    both = routes.only(np.repeat(np.arange(len(routes)), 2))
    second = np.arange(len(both)) % 2 == 1
    more = np.where(second, factor, 1.0)
    share = np.where(second, 0.2, 0.8)
    return replace(both, cost_cny=both.cost_cny * more, length_km=both.length_km * more, share=share)


def test_closing_a_detour_does_not_draw_trips_to_its_pair(routes):
    """The mean cost of a pair falls when its dearer way goes: the reason not to use it."""
    gateway = np.array([False, False, False, False, True])
    open_, closed = with_detour(routes, factor=1.2), routes
    np.testing.assert_allclose(
        deterrence(open_, gateway, **OPTIONS), deterrence(closed, gateway, **OPTIONS), rtol=1e-12
    )


def test_the_shortest_trip_is_a_mean_length_whatever_it_costs(routes):
    gateway = np.array([False, False, False, False, True])
    length = routes.length_km[routes.first]
    longer = with_detour(routes, factor=2.0)  # A to B: 30 km, 60 km by the other way, 36 km in the mean
    for shortest, counts in ((37.0, False), (35.9, True)):
        pattern = deterrence(longer, gateway, **(OPTIONS | {"shortest_km": shortest}))
        assert bool(pattern[np.argmin(length)] > 0) is counts


def test_no_pair_that_counts_is_no_trips(routes):
    gateway = np.zeros(5, dtype=bool)
    assert not deterrence(routes, gateway, **(OPTIONS | {"shortest_km": 1e4})).any()
