"""Facts found at one budget hold at others: plans upward, bounds downward; never anything in between."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.frontier_chart import ceiling, staircase, ticks
from planner.frontier_points import Built, best_within, efficient, points_of, tightened
from siting.certificate import Certificate


def _built(cost, value, *, found_by="budget", found_at=None):
    at = float(cost) if found_at is None else found_at
    nothing = np.empty(0)
    return Built(
        module=nothing.astype(np.int64),
        load_kg_per_day=nothing,
        value=float(value),
        capex_wan_cny=float(cost),
        found_by=found_by,
        found_at=at,
    )


def _proof(value, bound, status="feasible"):
    return Certificate(status=status, incumbent=value, bound=bound, seconds=1.0, solver="test", version="1")


@st.composite
def _searches(draw):
    """Draw a true frontier, and searches along it: plans that cost no more than asked, bounds that hold."""
    rises = draw(st.lists(st.integers(0, 5), min_size=1, max_size=8))
    true = np.cumsum(rises).astype(float)
    steps = draw(st.lists(st.integers(1, 9), min_size=len(true), max_size=len(true)))
    budgets = np.cumsum(steps).astype(float)
    found, own = [_built(0, 0, found_by="nothing")], []
    for number, (budget, most) in enumerate(zip(budgets, true, strict=True)):
        reached = draw(st.integers(0, number))  # a plan of a smaller budget, perhaps
        found.append(_built(budgets[reached], true[reached], found_at=budget))
        own.append(_proof(true[reached], most + draw(st.integers(0, 6))))
    return budgets.tolist(), true, own, found


@given(_searches())
def test_what_is_shared_holds_and_is_never_weaker(drawn):
    budgets, true, own, found = drawn
    points = points_of(budgets, own, found)
    values = [point.built.value for point in points]
    bounds = [point.certificate.bound for point in points]
    assert values == sorted(values)
    assert bounds == sorted(bounds)
    for point, most, alone in zip(points, true, own, strict=True):
        assert point.built.capex_wan_cny <= point.budget_wan_cny
        assert alone.incumbent <= point.built.value <= most <= point.certificate.bound <= alone.bound
        assert (point.certificate.status == "optimal") == (point.built.value == point.certificate.bound)
        assert point.certificate.incumbent == point.built.value


def test_a_plan_found_at_a_larger_budget_may_do_for_a_smaller():
    found = [_built(0, 10), _built(5, 20, found_at=9.0)]
    points = points_of([6.0, 9.0], [_proof(10, 30), _proof(20, 25)], found)
    assert [point.built.value for point in points] == [20.0, 20.0]
    assert [point.certificate.bound for point in points] == [25.0, 25.0]
    assert [point.origin for point in points] == ["budget", "own"]
    assert [point.is_dominated for point in points] == [False, True]


def test_of_equal_plans_the_cheapest_is_taken():
    found = [_built(7, 20), _built(5, 20), _built(6, 19), _built(1, 3, found_by="number", found_at=1.0)]
    assert best_within(found, 8.0).capex_wan_cny == 5.0
    assert best_within(found, 4.0).value == 3.0
    assert [each.capex_wan_cny for each in efficient(found)] == [1.0, 5.0]


def test_a_search_that_proved_nothing_takes_what_others_proved():
    unknown = Certificate(
        status="unknown", incumbent=None, bound=None, seconds=1.0, solver="test", version="1"
    )
    points = points_of([4.0, 8.0], [unknown, _proof(7, 9)], [_built(0, 1), _built(8, 7)])
    assert points[0].certificate.bound == 9.0
    assert points[0].certificate.incumbent == 1.0
    last = points_of([4.0, 8.0], [_proof(7, 9), unknown], [_built(0, 1), _built(4, 7)])[1].certificate
    assert (last.status, last.bound, last.gap) == ("feasible", None, None)


def test_no_bound_is_below_a_plan():
    assert tightened(np.array([3.0, np.nan, 2.0]), np.array([1.0, 1.0, 2.5])).tolist() == [2.0, 2.0, 2.5]


def test_the_drawn_line_rises_where_plans_cost_and_the_ceiling_holds_until_the_next_budget():
    found = [(0.0, 1.0), (3.0, 2.0), (9.0, 5.0)]
    assert staircase(found, first=0.0, last=7.0) == [(0.0, 1.0), (3.0, 1.0), (3.0, 2.0), (7.0, 2.0)]
    assert staircase(found, first=4.0, last=9.0) == [(4.0, 2.0), (9.0, 2.0), (9.0, 5.0)]
    assert staircase(found, first=3.0, last=3.0) == [(3.0, 2.0)]
    assert ceiling([0.0, 5.0], [1.0, 4.0]) == [(0.0, 1.0), (0.0, 4.0), (5.0, 4.0)]


@pytest.mark.parametrize("most", [0.0, 0.004, 1.0, 9.0, 28_250.0, 30_000.0, 1e7])
def test_ticks_are_round_and_reach_the_end(most):
    marks = ticks(most)
    assert marks[0] == 0.0
    assert marks[-1] >= most
    assert len(marks) <= 8
    steps = np.diff(marks)
    assert steps == pytest.approx(np.full(len(steps), steps[0]))
    assert f"{steps[0]:.6e}"[:3] in {"1.0", "2.0", "2.5", "5.0"}
