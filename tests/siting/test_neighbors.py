from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.buildout.neighbors import _Around
from siting.buildout.plans import Plans
from siting.buildout.relaxation import Relaxation
from tests.siting.buildouts import SIZES, allowed_buildouts, fill_service, question_of, served_km
from tests.siting.conftest import Corridor


@st.composite
def _cases(draw, corridors):
    """Return a corridor, laps, a question with money in it, and one of the build-outs it allows."""
    corridor = draw(corridors(most_nodes=5))
    n_periods = draw(st.integers(1, 2))
    laps = [[draw(st.sampled_from([0.2, 1.0, 3.0])) for _ in corridor.paths] for _ in range(n_periods)]
    n = corridor.n_nodes
    existing = np.full(n, np.nan)
    if draw(st.booleans()):
        existing[draw(st.integers(0, n - 1))] = draw(st.sampled_from([0.0, 3.0]))
    free = np.flatnonzero(np.isnan(existing)).tolist()
    question = question_of(
        corridor,
        laps,
        existing_kg_per_day=existing,
        weight=np.array([1.0, 2.0])[:n_periods],
        budget=np.sort([draw(st.sampled_from([5.0, 8.0, 13.0])) for _ in range(n_periods)]),
        running_cost=np.tile([0.2, 0.5], (n, 1)) * draw(st.sampled_from([0.0, 1.0])),
        locked=np.array(draw(st.lists(st.sampled_from(free), max_size=1)), dtype=np.int64),
    )
    module = draw(st.sampled_from(allowed_buildouts(question)))
    return corridor, laps, question, module


def _worth(corridor, question, laps, module):
    """Worth of a build-out by the explicit program."""
    total = 0.0
    for period, row in enumerate(module):
        standing = np.nan_to_num(question.existing_kg_per_day)
        volume = served_km(corridor, laps[period], np.where(row >= 0, SIZES[row], standing))
        running = sum(question.running_cost[i, m] for i, m in enumerate(row) if m >= 0)
        total += question.weight[period] * (question.worth[period] * volume - running)
    return total


def _searched(question, service):
    """Return the relaxation with prices from the start, and what values build-outs."""
    relaxation, plans = Relaxation(question, service), Plans(question, service)
    relaxation.solved(left_s=lambda: 60.0, on_round=lambda number, *_: number == 2)

    def value(module):
        plan = plans.valued(module)
        if plan is not None:
            relaxation.learn_prices(plan)
        return plan

    return relaxation, value


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_neighbors_are_those_the_limits_allow_and_promise_no_less_than_they_are_worth(corridors, data):
    corridor, laps, question, module = data.draw(_cases(corridors))
    relaxation, value = _searched(question, fill_service(corridor, question, laps))
    plan = value(module)
    around = _Around(relaxation.neighbors, plan, seen=relaxation.seen)
    around._floor = -np.inf
    found = {}
    while True:
        promise = around._promise.max()
        other = around.most_promising(set(found) | {module.tobytes()})
        if other is None:
            break
        found[other.tobytes()] = promise
        assert promise >= _worth(corridor, question, laps, other) - 1e-6
    usable = relaxation.layout.usable
    changed = {
        each.tobytes(): np.flatnonzero((each != module).any(axis=0)) for each in allowed_buildouts(question)
    }
    built = (module[-1] >= 0).nonzero()[0]
    expected = {
        key
        for key, sites in changed.items()
        if len(sites) == 1 or (len(sites) == 2 and np.isin(sites, built).any())
        if usable[sites].all()
    }
    assert {key for key in found if usable[changed[key]].all()} == expected


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_the_plan_found_is_better_than_all_that_differ_at_one_station(corridors, data):
    corridor, laps, question, module = data.draw(_cases(corridors))
    relaxation, value = _searched(question, fill_service(corridor, question, laps))
    begun = value(module)
    plan, _ = relaxation.neighbors.better(begun, value=value, tries=500, seen=relaxation.seen)
    assert question.allows(plan.module)
    assert plan.worth >= begun.worth
    assert plan.worth == pytest.approx(_worth(corridor, question, laps, plan.module), abs=1e-5)
    for other in allowed_buildouts(question):
        if ((other != plan.module).any(axis=0)).sum() == 1:
            most = plan.worth + 3e-4 * abs(plan.worth) + 1e-6
            assert _worth(corridor, question, laps, other) <= most


def test_no_build_out_is_valued_twice_and_tries_end_the_search():
    corridor = Corridor(
        paths=((0, 1, 2, 3), (1, 2, 3)),
        km=((0.0, 10.0, 20.0, 30.0), (0.0, 10.0, 20.0)),
        range_km=(40.0, 30.0),
        volume=(1.0, 1.0),
        n_nodes=4,
    )
    laps = [[1.0, 0.5]]
    question = question_of(corridor, laps, budget=np.array([8.0]))
    relaxation, value = _searched(question, fill_service(corridor, question, laps))
    seen: list[bytes] = []

    def counted(module):
        seen.append(module.tobytes())
        return value(module)

    nothing = value(np.full((1, corridor.n_nodes), -1, dtype=np.int64))
    _, left = relaxation.neighbors.better(nothing, value=counted, tries=1, seen=relaxation.seen)
    assert (len(seen), left) == (1, 0)
    _, left = relaxation.neighbors.better(nothing, value=counted, tries=500, seen=relaxation.seen)
    assert len(seen) == len(set(seen)) == 501 - left
