from __future__ import annotations

import time
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.coverage import served_trips
from siting.reduction import reduce_problem
from siting.search import Search

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
    return search, problem.free[search.best], search.value * problem.scale + problem.constant


def _best_by_trial(corridor, cost, budget):
    """Try every choice within the budget with the naive tank."""
    best = 0.0
    for n in range(corridor.n_nodes + 1):
        for choice in combinations(range(corridor.n_nodes), n):
            if cost[list(choice)].sum() <= budget:
                served = corridor.naively_served(choice)
                best = max(best, sum(v for v, s in zip(corridor.volume, served, strict=True) if s))
    return best


@pytest.mark.parametrize("whole", [True, False])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_optimum_within_a_budget_is_that_of_trying_everything(corridors, whole, data):
    corridor = data.draw(corridors(most_nodes=7))
    n = corridor.n_nodes
    cost = np.array(data.draw(st.lists(st.integers(0, 5), min_size=n, max_size=n)), dtype=np.float64)
    budget = float(data.draw(st.integers(0, 12)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("siting.search._GROUPS", 60 if whole else 1)
        cover, volume = corridor.cover(), np.array(corridor.volume)
        search, sites, value = _solved(cover, volume, cost=cost, budget=budget)
    assert value == pytest.approx(_best_by_trial(corridor, cost, budget))
    assert volume[served_trips(cover, sites)].sum() == pytest.approx(value)
    assert cost[sites].sum() <= budget
    assert search.bound <= search.value * (1 + 1e-6) + 1e-9
