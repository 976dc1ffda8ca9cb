"""Every location model on a matrix, against trying every choice of sites."""

from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from corridor.errors import InfeasibleError, InputError
from siting.facility_location import solve_facility_location
from siting.maximal_covering import solve_maximal_covering
from siting.p_center import solve_p_center
from siting.p_median import solve_p_median
from siting.set_covering import solve_set_covering


@st.composite
def questions(draw, *, far=True):
    """Draw a matrix with ties (and, if asked, pairs without a way), weights, and the fates of sites."""
    n, m = draw(st.integers(1, 7)), draw(st.integers(1, 6))
    values = st.one_of(st.integers(0, 9), *([st.just(float("inf"))] if far else []))
    matrix = np.array(draw(st.lists(st.lists(values, min_size=m, max_size=m), min_size=n, max_size=n)), float)
    fate = draw(st.lists(st.sampled_from("......elf"), min_size=m, max_size=m))
    sites = {
        name: [j for j, f in enumerate(fate) if f == name[0]] for name in ("existing", "locked", "forbidden")
    }
    scale = draw(st.sampled_from([1.0, 0.37]))  # whole numbers and others
    weight = np.array(draw(st.lists(st.integers(0, 4), min_size=n, max_size=n)), float)
    return matrix * scale, weight, sites


def choices(n_sites, *, existing, locked, forbidden, most):
    """Yield every set of open sites."""
    free = set(range(n_sites)) - set(existing) - set(locked) - set(forbidden)
    for size in range(most - len(locked) + 1 if most is not None else len(free) + 1):
        for chosen in combinations(sorted(free), size):
            yield sorted({*existing, *locked, *chosen})


def least(values):
    """Return the least value, infinite without any."""
    return min(values, default=np.inf)


def check_sites(solution, sites, *, most=None):
    assert set(sites["locked"]) <= set(solution.new.tolist())
    assert not set(sites["existing"]) & set(solution.new.tolist())
    assert set(solution.stations.tolist()) == set(sites["existing"]) | set(solution.new.tolist())
    assert not set(sites["forbidden"]) & set(solution.stations.tolist())
    assert most is None or len(solution.new) <= most


def check_proof(solution, truth):
    certificate = solution.certificate
    assert certificate.status == "optimal"
    assert certificate.incumbent == pytest.approx(truth, rel=1e-6, abs=1e-9)
    assert certificate.bound == pytest.approx(truth, rel=1e-6, abs=1e-9)


@given(question=questions(), extra=st.integers(0, 3))
@settings(max_examples=150, deadline=None)
def test_p_median_is_that_of_trying_everything(question, extra):
    distance, weight, sites = question
    most = len(sites["locked"]) + extra

    def cost(open_sites):
        nearest = distance[:, open_sites].min(axis=1, initial=np.inf)[weight > 0]
        return float((nearest * weight[weight > 0]).sum())

    truth = least(cost(c) for c in choices(distance.shape[1], **sites, most=most))
    if not np.isfinite(truth):
        with pytest.raises(InfeasibleError):
            solve_p_median(distance, weight, p=most, **sites)
        return
    solution = solve_p_median(distance, weight, p=most, **sites)
    check_proof(solution, truth)
    check_sites(solution, sites, most=most)
    assert cost(solution.stations) == pytest.approx(truth)
    assert (weight[solution.customer] * distance[solution.customer, solution.site]).sum() == pytest.approx(
        truth
    )
    assert solution.customer.tolist() == np.flatnonzero(weight).tolist()


@given(question=questions(), extra=st.integers(0, 3))
@settings(max_examples=100, deadline=None)
def test_p_center_is_that_of_trying_everything(question, extra):
    distance, _, sites = question
    most = len(sites["locked"]) + extra

    def farthest(open_sites):
        return float(distance[:, open_sites].min(axis=1, initial=np.inf).max())

    truth = least(farthest(c) for c in choices(distance.shape[1], **sites, most=most))
    if not np.isfinite(truth):
        with pytest.raises(InfeasibleError):
            solve_p_center(distance, p=most, **sites)
        return
    solution = solve_p_center(distance, p=most, **sites)
    check_proof(solution, truth)
    check_sites(solution, sites, most=most)
    assert distance[solution.customer, solution.site].max() == pytest.approx(truth)


@given(question=questions(), extra=st.integers(0, 3), radius=st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_maximal_covering_is_that_of_trying_everything(question, extra, radius):
    distance, weight, sites = question
    covers = distance <= radius
    most = len(sites["locked"]) + extra
    truth = max(
        float(weight[covers[:, c].any(axis=1)].sum()) for c in choices(distance.shape[1], **sites, most=most)
    )
    solution = solve_maximal_covering(covers, weight, p=most, **sites)
    check_proof(solution, truth)
    check_sites(solution, sites, most=most)
    assert covers[solution.customer, solution.site].all()
    assert weight[solution.customer].sum() == pytest.approx(truth)


@given(
    question=questions(), radius=st.integers(0, 9), cost=st.lists(st.integers(0, 5), min_size=6, max_size=6)
)
@settings(max_examples=100, deadline=None)
def test_set_covering_is_that_of_trying_everything(question, radius, cost):
    distance, _, sites = question
    covers = distance <= radius
    cost = np.array(cost[: distance.shape[1]], float)
    truth = least(
        float(cost[np.setdiff1d(c, sites["existing"]).astype(int)].sum())
        for c in choices(distance.shape[1], **sites, most=None)
        if covers[:, c].any(axis=1).all()
    )
    if not np.isfinite(truth):
        with pytest.raises(InfeasibleError, match="covered by no site"):
            solve_set_covering(covers, cost=cost, **sites)
        return
    solution = solve_set_covering(covers, cost=cost, **sites)
    check_proof(solution, truth)
    check_sites(solution, sites)
    assert covers[solution.customer, solution.site].all()
    assert solution.customer.tolist() == list(range(len(distance)))


@given(question=questions(), fixed=st.lists(st.integers(0, 15), min_size=6, max_size=6))
@settings(max_examples=150, deadline=None)
def test_uncapacitated_facility_location_is_that_of_trying_everything(question, fixed):
    cost, _, sites = question
    fixed = np.array(fixed[: cost.shape[1]], float)

    def total(open_sites):
        new = np.setdiff1d(open_sites, sites["existing"]).astype(int)
        return float(fixed[new].sum() + cost[:, open_sites].min(axis=1, initial=np.inf).sum())

    truth = least(total(c) for c in choices(cost.shape[1], **sites, most=None))
    if not np.isfinite(truth):
        with pytest.raises(InfeasibleError):
            solve_facility_location(cost, fixed, **sites)
        return
    solution = solve_facility_location(cost, fixed, **sites)
    check_proof(solution, truth)
    check_sites(solution, sites)
    assert total(solution.stations) == pytest.approx(truth)


def _transport(cost, demand, capacity):
    """Serve everyone at least cost: SciPy's answer; infinite when that cannot be."""
    n, m = cost.shape
    if m == 0:
        return np.inf
    bounds = [(0, 1 if np.isfinite(c) else 0) for c in cost.ravel()]
    limited = np.flatnonzero(np.isfinite(capacity))
    answer = linprog(
        np.where(np.isfinite(cost), cost, 0).ravel(),
        A_eq=np.kron(np.eye(n), np.ones(m)),
        b_eq=np.ones(n),
        A_ub=np.array([(demand[:, None] * (np.arange(m) == j)).ravel() for j in limited]).reshape(-1, n * m),
        b_ub=capacity[limited],
        bounds=bounds,
    )
    return float(answer.fun) if answer.status == 0 else np.inf


@given(question=questions(), data=st.data())
@settings(max_examples=60, deadline=None)
def test_capacitated_facility_location_is_that_of_trying_everything(question, data):
    cost, demand, sites = question
    n_sites = cost.shape[1]
    fixed = np.array(data.draw(st.lists(st.integers(0, 15), min_size=n_sites, max_size=n_sites)), float)
    sizes = st.sampled_from([0.0, 1.0, 3.0, 6.0, 10.0, np.inf])
    capacity = np.array(data.draw(st.lists(sizes, min_size=n_sites, max_size=n_sites)))

    def total(open_sites):
        new = np.setdiff1d(open_sites, sites["existing"]).astype(int)
        return float(fixed[new].sum()) + _transport(cost[:, open_sites], demand, capacity[open_sites])

    truth = least(total(c) for c in choices(n_sites, **sites, most=None))
    if not np.isfinite(truth):
        with pytest.raises(InfeasibleError):
            solve_facility_location(cost, fixed, demand=demand, capacity=capacity, **sites)
        return
    solution = solve_facility_location(cost, fixed, demand=demand, capacity=capacity, **sites)
    check_proof(solution, truth)
    check_sites(solution, sites)
    served = np.bincount(solution.customer, weights=solution.share, minlength=len(cost))
    assert served == pytest.approx(np.ones(len(cost)), abs=1e-6)
    load = np.bincount(solution.site, weights=solution.share * demand[solution.customer], minlength=n_sites)
    assert (load <= capacity + 1e-6).all()
    new = fixed[solution.new].sum()
    paid = (solution.share * cost[solution.customer, solution.site]).sum()
    assert new + paid == pytest.approx(truth, rel=1e-6, abs=1e-6)


# Points of a plane: large enough for ascent, cuts and branching.
def _plane(n, seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 100, (n, 2))
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    return distance, rng.integers(1, 20, n).astype(float)


def _models():
    distance, weight = _plane(130, 3)
    fixed = np.full(130, 400.0)
    capacity = np.full(130, weight.sum() / 7)
    cost = distance * weight[:, None]
    return {
        "p-median": lambda **k: solve_p_median(distance, weight, p=6, **k),
        "p-center": lambda **k: solve_p_center(distance, p=6, **k),
        "max-cover": lambda **k: solve_maximal_covering(distance <= 14, weight, p=6, **k),
        "set-cover": lambda **k: solve_set_covering(distance <= 14, **k),
        "uncapacitated": lambda **k: solve_facility_location(cost, fixed, **k),
        "capacitated": lambda **k: solve_facility_location(
            cost[:60, :20], fixed[:20], demand=weight[:60], capacity=capacity[:20], **k
        ),
    }


MODELS = _models()
MINIMIZED = [name for name in MODELS if name != "max-cover"]


@pytest.mark.parametrize("model", MODELS)
def test_same_input_same_plan(model):
    first, second = MODELS[model](), MODELS[model]()
    assert first.certificate.status == "optimal"
    assert first.stations.tolist() == second.stations.tolist()
    assert first.certificate.incumbent == second.certificate.incumbent


@pytest.mark.parametrize("model", MODELS)
def test_no_time_is_no_false_proof(model):
    best = MODELS[model]().certificate.incumbent
    early = MODELS[model](time_limit_s=0.0).certificate
    assert early.status in {"feasible", "unknown"}
    low, high = (early.incumbent, early.bound) if model == "max-cover" else (early.bound, early.incumbent)
    assert low is None or low <= best * (1 + 1e-9)
    assert high is None or high >= best * (1 - 1e-9)


@pytest.mark.parametrize("model", MINIMIZED)
def test_progress_only_ever_improves(model):
    seen = []
    solution = MODELS[model](on_progress=lambda *state: seen.append(state))
    incumbents, bounds, gaps, seconds, messages = zip(*seen, strict=True)
    assert list(incumbents) == sorted(incumbents, reverse=True)
    assert list(bounds) == sorted(bounds)
    assert list(seconds) == sorted(seconds)
    assert gaps[-1] <= 1e-6
    assert all(messages)
    assert incumbents[-1] == pytest.approx(solution.certificate.incumbent)


@pytest.mark.parametrize("model", MINIMIZED)
def test_a_stop_keeps_what_was_found(model):
    best = MODELS[model]().certificate.incumbent
    seen = []
    start = time.perf_counter()
    solution = MODELS[model](on_progress=lambda *s: seen.append(s), should_stop=lambda: bool(seen))
    assert time.perf_counter() - start < 5.0
    certificate = solution.certificate
    assert certificate.incumbent >= best * (1 - 1e-9)
    assert certificate.bound <= best * (1 + 1e-9)
    assert (certificate.status == "optimal") == (certificate.gap <= 1e-6)


@pytest.mark.parametrize("model", ["p-median", "uncapacitated"])
def test_a_gap_asked_for_ends_the_search_early(model):
    best = MODELS[model]().certificate.incumbent
    loose = MODELS[model](gap=0.2).certificate
    assert loose.gap <= 0.2
    assert loose.bound <= best * (1 + 1e-9) <= loose.incumbent * (1 + 2e-9)


def test_cuts_and_branching_alone_agree(monkeypatch):
    truth = MODELS["p-median"]().certificate
    monkeypatch.setattr("siting.plant_search._LINEAR_MOST", 0)
    branched = MODELS["p-median"]().certificate
    monkeypatch.undo()
    monkeypatch.setattr("siting.plant_search._ROOT_MOST", 0)
    cut = MODELS["p-median"]().certificate
    assert truth.status == branched.status == cut.status == "optimal"
    assert branched.incumbent == pytest.approx(truth.incumbent)
    assert cut.incumbent == pytest.approx(truth.incumbent)


@pytest.mark.parametrize("model", MODELS)
def test_faults_of_the_question_are_named(model):
    with pytest.raises(InputError, match="99999 is not one of"):
        MODELS[model](existing=[99999])
    with pytest.raises(InputError, match="not a relative gap"):
        MODELS[model](gap=1.0)
    with pytest.raises(InputError, match="not a time limit"):
        MODELS[model](time_limit_s=float("nan"))
    with pytest.raises(InfeasibleError, match="both locked and forbidden"):
        MODELS[model](locked=[1], forbidden=[1])


def test_more_locked_than_allowed_has_no_answer():
    for model in ("p-median", "p-center", "max-cover"):
        with pytest.raises(InfeasibleError, match="7 sites are locked"):
            MODELS[model](locked=list(range(7)))


def test_a_network_in_parts_says_how_many_stations_it_takes():
    distance = np.full((6, 6), np.inf)
    for part in ([0, 1], [2, 3], [4, 5]):
        distance[np.ix_(part, part)] = 1.0 - np.eye(2)
    for solve in (
        lambda p: solve_p_median(distance, np.ones(6), p=p),
        lambda p: solve_p_center(distance, p=p),
    ):
        with pytest.raises(InfeasibleError, match="at least 3 more stations, but 2"):
            solve(2)
        assert solve(3).certificate.status == "optimal"
    with pytest.raises(InfeasibleError, match="2 of 6 customers can reach no site"):
        solve_p_median(distance, np.ones(6), p=3, forbidden=[2, 3])


@pytest.mark.parametrize("value", [-1.0, float("nan")])
def test_values_that_make_no_sense_are_refused(value):
    matrix = np.array([[1.0, value]])
    with pytest.raises(InputError, match=r"not numbers|negative"):
        solve_p_median(matrix, np.ones(1), p=1)
    with pytest.raises(InputError, match=r"not numbers|negative"):
        solve_p_center(matrix, p=1)
    with pytest.raises(InputError, match=r"not numbers|negative"):
        solve_facility_location(matrix, np.ones(2))
    with pytest.raises(InputError, match="fixed cost"):
        solve_facility_location(np.ones((1, 2)), np.array([1.0, value]))
    with pytest.raises(InputError, match="weight"):
        solve_maximal_covering(np.ones((1, 2), dtype=bool), np.array([value]), p=1)
    with pytest.raises(InputError, match="cost"):
        solve_set_covering(np.ones((1, 2), dtype=bool), cost=np.array([1.0, value]))


def test_too_little_capacity_is_said_with_its_figures():
    with pytest.raises(InfeasibleError, match="hold 5, but 6 is demanded"):
        solve_facility_location(
            np.ones((2, 2)), np.ones(2), demand=np.array([3.0, 3.0]), capacity=np.array([2.0, 3.0])
        )
