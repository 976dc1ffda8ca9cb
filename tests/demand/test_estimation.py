"""Trips from link counts: against a general optimizer, and what must hold whatever the counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.sparse import csr_array

from corridor.errors import InputError
from demand.estimation import estimated, passages

#: Three pairs on a line A-B-C, past A-B, past B-C, and past both.
LINE = csr_array(np.array([[2.0, 0.0, 2.0], [0.0, 2.0, 2.0]]))


def instance(seed, *, n_counts, n_pairs):
    rng = np.random.default_rng(seed)
    passing = rng.choice([0.0, 0.6, 1.4, 2.0], size=(n_counts, n_pairs), p=[0.55, 0.15, 0.15, 0.15])
    passing[np.arange(n_counts), rng.integers(0, n_pairs, n_counts)] = 2.0
    return rng, rng.uniform(0.5, 40.0, n_pairs), passing


def information(trips, prior):
    return float(np.sum(trips * np.log(trips / prior) - trips + prior))


def test_one_count_scales_the_trips_that_pass_it_by_a_power():
    # g1 = G1 x, g3 = G3 x with one count: 2 (G1 + G3) x = v
    found = estimated(np.array([10.0, 20.0, 30.0]), LINE[[0], :], np.array([120.0]))
    assert found.factor == pytest.approx([1.5, 1.0, 1.5], rel=1e-7)
    assert found.prior == pytest.approx([80.0])
    assert found.estimated == pytest.approx([120.0], rel=1e-7)
    assert found.changed_share == pytest.approx(20.0 / 60.0, rel=1e-6)
    assert found.changed_pairs == 2


def test_two_counts_on_a_line_meet_the_closed_form():
    # with factors x and y of the counts: 2 (G1 x + G3 x y) = v1 and 2 (G2 y + G3 x y) = v2
    x, y = 1.7, 0.4
    prior = np.array([10.0, 20.0, 30.0])
    counts = 2.0 * np.array([10.0 * x + 30.0 * x * y, 20.0 * y + 30.0 * x * y])
    found = estimated(prior, LINE, counts)
    assert found.factor == pytest.approx([x, y, x * y], rel=1e-6)
    assert found.information == pytest.approx(information(prior * found.factor, prior), rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_agrees_with_a_general_optimizer_on_consistent_counts(seed):
    rng, prior, passing = instance(seed, n_counts=3, n_pairs=8)
    counts = passing @ (prior * rng.uniform(0.4, 2.5, len(prior)))
    found = estimated(prior, csr_array(passing), counts)
    assert found.estimated == pytest.approx(counts, rel=1e-6)
    other = minimize(
        lambda trips: information(trips, prior),
        prior,
        jac=lambda trips: np.log(trips / prior),
        method="SLSQP",
        bounds=[(1e-9, None)] * len(prior),
        constraints={"type": "eq", "fun": lambda trips: passing @ trips - counts, "jac": lambda _: passing},
        options={"ftol": 1e-13, "maxiter": 500},
    )
    assert other.success
    assert found.information == pytest.approx(other.fun, rel=1e-5, abs=1e-7)
    assert prior * found.factor == pytest.approx(other.x, rel=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_a_general_optimizer_on_contradicting_counts(seed):
    rng, prior, passing = instance(seed, n_counts=2, n_pairs=5)
    passing = np.vstack([passing, passing[0]])  # the first road counted twice, differently
    counts = passing @ prior * np.array([1.0, 1.2, 1.5])
    weight, error = rng.uniform(0.5, 4.0, 3), 0.05

    def objective(trips):
        miss = (passing @ trips - counts) / counts
        return information(trips, prior) + float(np.sum(weight * miss**2)) / (2.0 * error**2)

    found = estimated(prior, csr_array(passing), counts, weight=weight, relative_error=error)
    other = minimize(objective, prior, method="L-BFGS-B", bounds=[(1e-9, None)] * 5, options={"ftol": 1e-15})
    assert objective(prior * found.factor) <= other.fun * (1 + 1e-9)
    assert prior * found.factor == pytest.approx(other.x, rel=5e-3)


def test_contradicting_counts_of_one_road_end_at_their_weighted_compromise():
    prior, twice = np.array([10.0, 30.0]), csr_array(np.full((2, 2), 2.0))
    counts, weight = np.array([100.0, 200.0]), np.array([3.0, 1.0])
    found = estimated(prior, twice, counts, weight=weight)
    # least of 3 ((v - 100) / 100)^2 + ((v - 200) / 200)^2
    compromise = (3.0 / 100.0 + 1.0 / 200.0) / (3.0 / 100.0**2 + 1.0 / 200.0**2)
    assert found.estimated == pytest.approx([compromise, compromise], rel=1e-6)
    assert found.factor[0] == pytest.approx(found.factor[1], rel=1e-9)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    n_counts=st.integers(1, 6),
    n_pairs=st.integers(2, 40),
    spread=st.floats(0.0, 1.5),
)
def test_consistent_counts_are_met_without_negative_trips(seed, n_counts, n_pairs, spread):
    rng, prior, passing = instance(seed, n_counts=n_counts, n_pairs=n_pairs)
    truth = prior * np.exp(rng.normal(0.0, spread, n_pairs))
    counts = passing @ truth
    found = estimated(prior, csr_array(passing), counts)
    assert found.estimated == pytest.approx(counts, rel=1e-5)
    assert (found.factor >= 0).all()
    assert (found.factor[~(passing > 0).any(axis=0)] == 1.0).all()
    assert found.information <= information(truth, prior) * (1 + 1e-5) + 1e-6
    assert found.information >= -1e-9


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n_counts=st.integers(0, 6))
def test_counts_of_the_prior_return_the_prior(seed, n_counts):
    _, prior, passing = instance(seed, n_counts=n_counts, n_pairs=12)
    found = estimated(prior, csr_array(passing), passing @ prior)
    assert found.factor == pytest.approx(np.ones(12), rel=1e-9)
    assert found.changed_pairs == 0


def test_the_total_stays_when_asked_and_follows_the_counts_otherwise():
    prior = np.array([10.0, 20.0, 30.0])
    counts = np.array([120.0])
    kept = estimated(prior, LINE[[0], :], counts, keep_total=True)
    assert (prior * kept.factor).sum() == pytest.approx(60.0, rel=1e-6)
    assert kept.estimated == pytest.approx(counts, rel=1e-6)
    assert kept.factor[1] == pytest.approx(0.0, abs=1e-6)  # all 60 trips have to pass the count
    free = estimated(prior, LINE[[0], :], counts)
    assert (prior * free.factor).sum() == pytest.approx(80.0, rel=1e-6)


def test_a_count_of_zero_empties_the_road():
    found = estimated(np.array([10.0, 20.0, 30.0]), LINE, np.array([0.0, 40.0]))
    assert found.estimated == pytest.approx([0.0, 40.0], abs=1e-4)
    assert found.factor == pytest.approx([0.0, 1.0, 0.0], abs=1e-6)


def test_faults_are_named_together():
    with pytest.raises(InputError) as caught:
        estimated(np.array([1.0, -1.0, 1.0]), LINE, np.array([np.nan, 1.0]), weight=np.array([1.0, 0.0]))
    assert [fault.where for fault in caught.value.faults] == ["prior", "counts", "weight"]
    with pytest.raises(InputError, match="count 1: no trip"):
        estimated(np.array([1.0, 0.0, 0.0]), LINE, np.array([2.0, 5.0]))


def test_passages_count_both_directions_and_the_mean_of_a_section(make_routes):
    routes = make_routes({"A": 0.0, "B": 30.0, "C": 120.0})
    # arcs: 0 A-B, 1 B-C, and back 2 B-A, 3 C-B
    arcs = np.array([-1, 0, -1, 0, 1, -1, 1])
    assert routes.origin.tolist() == [0, 0, 1]
    assert routes.destination.tolist() == [1, 2, 2]
    length_km = np.array([30.0, 90.0, 30.0, 90.0])
    found = passages(
        routes,
        arcs,
        sections=[np.array([0, 2]), np.array([0, 1, 2, 3])],
        length_km=length_km,
        section_km=np.array([30.0, 120.0]),
    )
    assert found.toarray() == pytest.approx(np.array([[2.0, 2.0, 0.0], [0.5, 2.0, 1.5]]))
