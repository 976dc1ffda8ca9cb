from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from scipy import sparse

from siting.branching import Tree
from siting.coverage import CoverSets, served_trips
from siting.exchange import Exchange, _swaps, served_volume
from siting.flow_refueling import solve_flow_refueling
from siting.program import Program, solve
from siting.reduction import reduce_problem, without_sites
from siting.search import Search
from siting.site_tree import SiteTree, class_groups

NONE = np.array([], dtype=np.int64)


def _solved(cover, volume, *, cost, budget, **options):
    problem = reduce_problem(cover, volume, is_open=NONE, forbidden=NONE, cost=cost)
    start = time.perf_counter()
    search = Search(
        problem,
        cost=problem.cost,
        budget=budget,
        gap=5e-7,
        deadline=start + options.pop("time_limit_s", 60.0),
        clock=start,
        on_progress=options.pop("on_progress", None),
        should_stop=options.pop("should_stop", None),
        **options,
    )
    search.run()
    return search, problem.free[search.plan], search.value * problem.scale + problem.constant


def _best_by_trial(corridor, cost, budget):
    """Try every choice within the budget with the naive tank."""
    best = 0.0
    for n in range(corridor.n_nodes + 1):
        for choice in combinations(range(corridor.n_nodes), n):
            if cost[list(choice)].sum() <= budget:
                served = corridor.naively_served(choice)
                best = max(best, sum(v for v, s in zip(corridor.volume, served, strict=True) if s))
    return best


@pytest.mark.parametrize("groups", [1, 60])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_optimum_within_a_budget_is_that_of_trying_everything(corridors, groups, data):
    corridor = data.draw(corridors(most_nodes=7))
    n = corridor.n_nodes
    cost = np.array(data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), dtype=np.float64)
    budget = float(data.draw(st.integers(0, 12)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("siting.linear_bound._GROUPS", groups)
        cover, volume = corridor.cover(), np.array(corridor.volume)
        search, sites, value = _solved(cover, volume, cost=cost, budget=budget)
    assert value == pytest.approx(_best_by_trial(corridor, cost, budget))
    assert volume[served_trips(cover, sites)].sum() == pytest.approx(value)
    assert cost[sites].sum() <= budget
    assert search.bound <= search.value * (1 + 1e-6) + 1e-9


@given(data=st.data())
@settings(max_examples=60, deadline=None, phases=[Phase.generate])
def test_forgetting_cuts_changes_no_optimum(corridors, data):
    corridor = data.draw(corridors(most_nodes=7))
    n = corridor.n_nodes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("siting.master._MANY", 1)
        patch.setattr("siting.master._IDLE", 0)
        patch.setattr("siting.master._IDLE_ZERO_HALF", 1)
        patch.setattr("siting.search._LINEAR_GAP", 0.0)
        budget = float(data.draw(st.integers(1, 3)))
        search, _, value = _solved(
            corridor.cover(), np.array(corridor.volume), cost=np.ones(n), budget=budget
        )
    assert value == pytest.approx(_best_by_trial(corridor, np.ones(n), budget))
    assert search.bound <= search.value * (1 + 1e-6) + 1e-9


@given(data=st.data())
@settings(max_examples=60, deadline=None, phases=[Phase.generate])
def test_to_start_again_without_hopeless_sites_changes_no_optimum(corridors, data):
    corridor = data.draw(corridors(most_nodes=7))
    n = corridor.n_nodes
    cost = np.array(data.draw(st.lists(st.integers(1, 5), min_size=n, max_size=n)), dtype=np.float64)
    budget = float(data.draw(st.integers(1, 12)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("siting.search._RESTART", 1e-9)
        search, _, value = _solved(corridor.cover(), np.array(corridor.volume), cost=cost, budget=budget)
    assert value == pytest.approx(_best_by_trial(corridor, cost, budget))
    assert search.bound <= search.value * (1 + 1e-6) + 1e-9


@pytest.fixture(scope="module")
def hard():
    """Cover sets drawn at random, their linear bound far from any plan: there is a lot to branch on."""
    rng = np.random.default_rng(2)
    n_sites, n_sets, n_classes = 60, 120, 400
    centers = rng.integers(0, n_sites, n_sets)
    members = [np.unique((c + np.arange(rng.integers(1, 6))) % n_sites) for c in centers]
    sets = sparse.csr_array(
        (
            np.ones(sum(map(len, members))),
            np.concatenate(members),
            np.concatenate([[0], np.cumsum([len(m) for m in members])]),
        ),
        shape=(n_sets, n_sites),
    )
    families = [np.sort(rng.choice(n_sets, rng.integers(2, 4), replace=False)) for _ in range(n_classes)]
    offsets = np.concatenate([[0], np.cumsum([len(f) for f in families])]).astype(np.int64)
    cover = CoverSets(
        sets=sets, offsets=offsets, members=np.concatenate(families), trip_class=np.arange(n_classes)
    )
    return cover, rng.lognormal(0.0, 1.0, n_classes)


def _whole_model(cover, volume, budget):
    """Give the model to SCIP as it stands, a row for every class and cover set."""
    n_sites, n_classes, n_rows = cover.sets.shape[1], cover.n_classes, len(cover.members)
    owner = np.repeat(np.arange(n_classes), np.diff(cover.offsets))
    served = sparse.csr_array((np.ones(n_rows), (np.arange(n_rows), owner)), shape=(n_rows, n_classes))
    spent = sparse.csr_array(np.concatenate([np.ones(n_sites), np.zeros(n_classes)])[None, :])
    matrix = sparse.vstack([sparse.hstack([-cover.sets[cover.members], served]), spent], format="csr")
    answer = solve(
        Program(
            objective=np.concatenate([np.zeros(n_sites), volume]),
            lower=np.zeros(n_sites + n_classes),
            upper=np.ones(n_sites + n_classes),
            matrix=sparse.csr_array(matrix),
            row_lower=np.full(n_rows + 1, -np.inf),
            row_upper=np.concatenate([np.zeros(n_rows), [budget]]),
            integer=np.arange(n_sites + n_classes) < n_sites,
            maximize=True,
        ),
        solver="scip",
        time_limit_s=120.0,
    )
    assert answer.status == "optimal"
    return answer.objective


def test_hopeless_sites_are_left_out_for_the_rest_of_the_search(monkeypatch):
    """Sets of two of few sites among many: most sites cannot be in a better plan than the first."""
    rng = np.random.default_rng(4)
    n_sites, n_sets = 40, 150
    pairs = np.array(list(combinations(range(n_sites), 2)))
    matrix = np.zeros((n_sets, n_sites))
    for row, pair in enumerate(rng.choice(pairs, n_sets, replace=False)):
        matrix[row, pair] = 1.0
    volume = rng.lognormal(0.0, 0.2, n_sets) * np.where(matrix[:, :12].any(axis=1), 5.0, 0.2)
    cover = CoverSets(
        sets=sparse.csr_array(matrix),
        offsets=np.arange(n_sets + 1),
        members=np.arange(n_sets),
        trip_class=np.arange(n_sets),
    )
    monkeypatch.setattr("siting.search._RESTART", 0.01)
    left: list[int] = []

    def watched(problem, hopeless):
        left.append(int(hopeless.sum()))
        return without_sites(problem, hopeless)

    monkeypatch.setattr("siting.search.without_sites", watched)
    search, sites, value = _solved(cover, volume, cost=np.ones(n_sites), budget=7.0)
    assert sum(left) > 10
    assert value == pytest.approx(_whole_model(cover, volume, 7.0), rel=1e-6)
    assert volume[served_trips(cover, sites)].sum() == pytest.approx(value)
    assert search.bound <= search.value * (1 + 1e-6)


def test_optimum_is_that_of_the_whole_model_where_much_is_branched(hard, monkeypatch):
    cover, volume = hard
    split = []
    branch = Tree.branch
    monkeypatch.setattr(Tree, "branch", lambda *args, **kw: (split.append(1), branch(*args, **kw)))
    search, sites, value = _solved(cover, volume, cost=np.ones(60), budget=6.0)
    assert len(split) > 5
    assert len(sites) <= 6
    assert value == pytest.approx(_whole_model(cover, volume, 6.0), rel=1e-6)
    assert search.bound <= search.value * (1 + 1e-6)


def test_zero_half_cuts_lower_the_linear_bound_and_stay_above_the_optimum():
    """Coverage of the edges of a complete graph: half a station everywhere, the worst of linear bounds."""
    pairs = list(combinations(range(9), 2))
    matrix = np.zeros((len(pairs), 9))
    for row, (a, b) in enumerate(pairs):
        matrix[row, [a, b]] = 1.0
    n = len(pairs)
    cover = CoverSets(
        sets=sparse.csr_array(matrix),
        offsets=np.arange(n + 1),
        members=np.arange(n),
        trip_class=np.arange(n),
    )
    told = {}
    volume = 1.0 + np.arange(n) / n
    _search, _, value = _solved(
        cover,
        volume,
        cost=np.ones(9),
        budget=4.0,
        on_progress=lambda _plan, bound, _gap, _seconds, message: told.__setitem__(message, bound),
    )
    best = max(
        volume[(matrix[:, list(choice)].sum(axis=1) > 0.0)].sum() for choice in combinations(range(9), 4)
    )
    assert value == pytest.approx(best)
    assert best - 1e-6 <= told["linear bound, zero-half cuts"] < told["linear bound"] - 1.0


def test_same_question_same_plan_and_bound(hard):
    cover, volume = hard
    first, second = (_solved(cover, volume, cost=np.ones(60), budget=7.0) for _ in range(2))
    assert first[1].tolist() == second[1].tolist()
    assert (first[2], first[0].bound) == (second[2], second[0].bound)


def test_a_stop_is_heard_at_every_step(hard):
    cover, volume = hard
    asked, late = [0], []
    for patience in (0, 1, 3, 10, 30, 100, 300):
        asked[0] = 0

        def stop(patience=patience):
            asked[0] += 1
            return asked[0] > patience

        start = time.perf_counter()
        search, sites, value = _solved(cover, volume, cost=np.ones(60), budget=6.0, should_stop=stop)
        late.append(asked[0] - patience)
        assert time.perf_counter() - start < 20.0
        assert value <= search.bound * search.problem.scale + search.problem.constant + 1e-9
        assert volume[served_trips(cover, sites)].sum() == pytest.approx(value)
    assert max(late) <= 8  # once it has been told to stop, it only asks on its way out


def test_time_out_leaves_a_plan_and_a_true_bound(hard):
    cover, volume = hard
    best = _whole_model(cover, volume, 6.0)
    search, _, value = _solved(cover, volume, cost=np.ones(60), budget=6.0, time_limit_s=0.5)
    assert value <= best * (1 + 1e-9)
    assert search.bound * search.problem.scale + search.problem.constant >= best * (1 - 1e-9)


def test_a_gap_asked_for_is_the_gap_proven(hard):
    cover, volume = hard
    best = _whole_model(cover, volume, 6.0)
    proof = solve_flow_refueling(cover, volume, n_new=6, gap=0.05).certificate
    assert proof.incumbent <= best * (1 + 1e-9)
    assert proof.bound >= best * (1 - 1e-9)
    assert proof.gap <= 0.05


def test_swaps_are_worth_what_they_promise_or_more(hard):
    cover, volume = hard
    rng = np.random.default_rng(0)
    for _ in range(5):
        chosen = np.zeros(60, dtype=bool)
        chosen[rng.choice(60, 9, replace=False)] = True
        out, change = _swaps(cover, volume, chosen)
        for _ in range(100):
            j, i = rng.integers(len(out)), rng.integers(60)
            if chosen[i]:
                assert change[j, i] == -np.inf
                continue
            swapped = chosen.copy()
            swapped[[out[j], i]] = False, True
            true_change = served_volume(cover, volume, swapped) - served_volume(cover, volume, chosen)
            assert true_change >= change[j, i] - 1e-9


def test_exchange_keeps_to_the_budget_and_never_loses(hard):
    cover, volume = hard
    rng = np.random.default_rng(1)
    cost = rng.uniform(0.5, 3.0, 60)
    exchange = Exchange(cover=cover, volume=volume, cost=cost, budget=9.0, should_stop=lambda: False)
    start = np.zeros(60, dtype=bool)
    start[[3, 20, 41]] = True
    improved = exchange.improved(start)
    ruined = exchange.ruined(improved, rounds=10, seed=0)
    assert exchange.value(start) <= exchange.value(improved) <= exchange.value(ruined)
    assert max(cost[improved].sum(), cost[ruined].sum()) <= 9.0 + 1e-6


def test_neighborhoods_nest_and_groups_of_classes_balance(hard):
    cover, volume = hard
    tree = SiteTree(cover, volume)
    assert sorted(tree.rank.tolist()) == list(range(60))
    assert {(site,) for site in range(60)} <= set(tree.groups)
    clusters = [set(group) for group in tree.groups[:118]]
    assert all(a <= b or b <= a or not a & b for a in clusters for b in clusters)
    group = class_groups(cover, volume, tree, most=10)
    assert np.bincount(group, weights=volume).max() < 2.0 * volume.sum() / 10 + volume.max()
