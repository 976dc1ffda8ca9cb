from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corridor.errors import InfeasibleError, InputError
from siting.buildout import solve_buildout
from siting.buildout.cuts import ServingPlanes
from siting.buildout.fill_service import FillService
from siting.buildout.relaxation import Relaxation
from siting.flow_refueling import solve_flow_refueling
from siting.stops import CandidatePaths
from tests.siting.buildouts import best_worth, fill_service, question_of
from tests.siting.conftest import Corridor


def _checked(corridor, question, laps):
    answer = solve_buildout(question, fill_service(corridor, question, laps))
    proof = answer.certificate
    assert proof.status == "optimal"
    assert question.allows(answer.module)
    assert (np.diff(answer.module, axis=0) >= 0).all()
    size = question.size_kg_per_day(answer.module)
    assert (answer.load_kg_per_day <= question.highest_utilization * size + 1e-6).all()
    assert answer.load_kg_per_day.sum(axis=1) == pytest.approx(answer.volume, abs=1e-5)
    return proof.incumbent


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_one_period_is_as_good_as_trying_everything(corridors, data):
    corridor = data.draw(corridors(most_nodes=5))
    laps = [[data.draw(st.sampled_from([0.1, 0.5, 1.0, 2.0])) for _ in corridor.paths]]
    most = np.array([float(data.draw(st.integers(0, 3)))])
    existing = np.full(corridor.n_nodes, np.nan)
    if data.draw(st.booleans()):
        existing[data.draw(st.integers(0, corridor.n_nodes - 1))] = data.draw(st.sampled_from([0.0, 3.0]))
    question = question_of(corridor, laps, most_new=most, existing_kg_per_day=existing)
    assert _checked(corridor, question, laps) == pytest.approx(best_worth(corridor, question, laps), abs=1e-5)


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_budgets_over_two_periods_are_as_good_as_trying_everything(corridors, data):
    corridor = data.draw(corridors(most_nodes=4))
    first = [data.draw(st.sampled_from([0.2, 0.6, 1.5])) for _ in corridor.paths]
    laps = [first, [2.5 * each for each in first]]
    early = float(data.draw(st.integers(0, 9)))
    budget = np.array([early, early + data.draw(st.integers(0, 9))])
    locked = [data.draw(st.integers(0, corridor.n_nodes - 1))] if budget[1] >= 3.0 else []
    question = question_of(
        corridor,
        laps,
        budget=budget,
        weight=np.array([3.0, 5.0]),
        locked=np.array(locked, dtype=np.int64),
        highest_utilization=0.8,
    )
    assert _checked(corridor, question, laps) == pytest.approx(best_worth(corridor, question, laps), abs=1e-4)


@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_running_costs_and_least_volumes_are_as_good_as_trying_everything(corridors, data):
    corridor = data.draw(corridors(most_nodes=4))
    laps = [[data.draw(st.sampled_from([0.2, 0.6, 1.5])) for _ in corridor.paths]]
    running = np.tile([1.0, data.draw(st.sampled_from([1.5, 4.0]))], (corridor.n_nodes, 1))
    question = question_of(corridor, laps, running_cost=running, worth=np.array([0.4]))
    least = data.draw(st.sampled_from([0.0, 0.3, 0.6])) * question.volume.sum()
    question = replace(question, least_volume=np.array([least]))
    best = best_worth(corridor, question, laps)
    if np.isfinite(best):
        assert _checked(corridor, question, laps) == pytest.approx(best, abs=1e-5)
    else:
        with pytest.raises(InfeasibleError, match="must be served"):
            solve_buildout(question, fill_service(corridor, question, laps))


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_fixed_sizes_are_as_good_as_trying_everything(corridors, data):
    corridor = data.draw(corridors(most_nodes=4))
    n, periods = corridor.n_nodes, data.draw(st.integers(1, 2))
    first = [data.draw(st.sampled_from([0.2, 0.6, 1.5])) for _ in corridor.paths]
    laps = [first, [2.5 * each for each in first]][:periods]
    fixed = np.array(data.draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=n, max_size=n)))
    limits = data.draw(
        st.sampled_from(
            [
                {"most_new": np.full(periods, 2.0)},
                {"budget": np.full(periods, 8.0)},
                {"running_cost": np.tile([1.0, 2.5], (n, 1)), "worth": np.full(periods, 0.4)},
            ]
        )
    )
    locked = np.array([data.draw(st.integers(0, n - 1))] if data.draw(st.booleans()) else [], dtype=np.int64)
    question = question_of(corridor, laps, fixed=fixed, locked=locked, **limits)
    answer = solve_buildout(question, fill_service(corridor, question, laps))
    for row in answer.module:
        assert all(row[site] in {-1, only} for site, only in enumerate(fixed) if only >= 0)
    assert _checked(corridor, question, laps) == pytest.approx(best_worth(corridor, question, laps), abs=1e-4)


def test_a_fixed_size_costs_and_carries_what_that_size_does():
    corridor = Corridor(((0, 1, 2),), ((0.0, 5.0, 10.0),), (20.0,), (1.0,), 3)
    given_ = np.array([[3.0, 5.0], [2.0, 7.0], [1.0, 4.0]])
    question = question_of(corridor, [[1.0]], cost=given_, fixed=np.array([-1, 0, 1]))
    assert question.cost.tolist() == [[3.0, 5.0], [2.0, 2.0], [4.0, 4.0]]
    assert question.sizes_kg_per_day.tolist() == [[4.0, 10.0], [4.0, 4.0], [10.0, 10.0]]
    module = np.array([0, 1, 0])
    assert question.size_kg_per_day(module).tolist() == [4.0, 4.0, 10.0]
    assert question.named(module).tolist() == [0, 0, 1]
    for wrong in (np.array([0, 0]), np.array([0, 0, 2])):
        with pytest.raises(InputError, match="fixed"):
            question_of(corridor, [[1.0]], fixed=wrong).check()


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_costs_of_what_is_filled_are_as_good_as_trying_everything(corridors, data):
    corridor = data.draw(corridors(most_nodes=4))
    n, periods = corridor.n_nodes, data.draw(st.integers(1, 2))
    laps = [[data.draw(st.sampled_from([0.2, 1.0, 3.0])) for _ in corridor.paths] for _ in range(periods)]
    prices = st.lists(st.sampled_from([0.0, 0.3, 0.9, 1.2]), min_size=n, max_size=n)
    cost = np.array([data.draw(prices) for _ in range(periods)])
    question = question_of(corridor, laps, running_cost=np.tile([1.0, 2.0], (n, 1)), weight=np.ones(periods))
    service = FillService(
        corridor.candidate_paths(),
        path=np.arange(len(corridor.paths)),
        kind=None,
        tank_kg=np.array(corridor.range_km),
        laps_per_day=np.asarray(laps),
        volume=question.volume,
        cost_per_kg=cost,
    )
    answer = solve_buildout(replace(question, volume=service.most()), service)
    assert answer.certificate.status == "optimal"
    best = best_worth(corridor, question, laps, cost)
    assert answer.certificate.incumbent == pytest.approx(best, abs=1e-5)


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_serving_planes_hold_for_every_choice_of_stations(corridors, data):
    corridor = data.draw(corridors(most_nodes=6))
    laps = [[data.draw(st.sampled_from([0.2, 1.0, 3.0])) for _ in corridor.paths]]
    question = question_of(corridor, laps)
    assume(question.cover.n_classes > 0)
    service = fill_service(corridor, question, laps)
    rooms = st.lists(
        st.sampled_from([0.0, 2.0, 8.0, 50.0]), min_size=corridor.n_nodes, max_size=corridor.n_nodes
    )
    made_at, other = (np.array(data.draw(rooms)) for _ in range(2))
    prices = st.lists(st.sampled_from([0.0, 0.3, 1.0, 1.7]), min_size=corridor.n_nodes)
    layout = Relaxation(question, service).layout
    planes = ServingPlanes(layout, service)
    planes.learn(service.everywhere(0, service.serve(0, made_at)))
    planes.learn(np.resize(np.array(data.draw(prices)), corridor.n_nodes))
    at_other = service.serve(0, other)
    x = np.zeros(layout.n_common)
    x[layout.open(0)] = other > 0.0
    x[layout.load(0)] = at_other.load_kg_per_day
    volume = layout.volume(0)
    x[volume.start] = 1e9  # so that every plane is violated, and told
    for stations in ((made_at > 0.0).astype(float), np.full(corridor.n_nodes, 0.5)):
        rows = planes.at(0, x, stations, least=0.0)
        assert len(rows) == 2
        assert at_other.volume <= (rows.limit - rows.matrix @ np.where(x == 1e9, 0.0, x)).min() + 1e-6
    # Tight where it was made: there the plane says what is served.
    at_made = service.serve(0, made_at)
    x[layout.open(0)], x[layout.load(0)] = made_at > 0.0, made_at
    rows = planes.at(0, x, (made_at > 0.0).astype(float), least=0.0)
    said = rows.limit - rows.matrix @ np.where(x == 1e9, 0.0, x)
    assert said.min() == pytest.approx(at_made.volume, abs=1e-5)


def test_points_take_what_they_need_from_the_first_open_site_in_reach():
    one = np.array([[5.0]])
    paths = CandidatePaths(
        offsets=np.array([0, 1]),
        site=np.array([0]),
        out=np.array([[2.0]]),
        back=np.array([[2.0]]),
        total_out=one,
        total_back=one,
        n_sites=3,
    )
    service = FillService(
        paths,
        path=np.array([0]),
        kind=None,
        tank_kg=np.array([20.0]),
        laps_per_day=np.array([[1.0, 1.0, 1.0]]),
        volume=np.array([[10.0, 7.0, 4.0]]),
        points=(np.array([0, 0, 1]), np.array([2, 1, 1]), np.array([7.0, 4.0])),
    )
    every = service.serve(0, np.array([100.0, 100.0, 100.0]))
    assert every.load_kg_per_day.tolist() == pytest.approx([10.0, 4.0, 7.0])
    without_nearest = service.serve(0, np.array([100.0, 100.0, 0.0]))
    assert without_nearest.load_kg_per_day.tolist() == pytest.approx([10.0, 11.0, 0.0])
    tight = service.serve(0, np.array([100.0, 5.0, 0.0]))
    assert tight.volume == pytest.approx(15.0)
    assert tight.price[1] == pytest.approx(1.0)


def test_where_stations_have_the_room_the_answer_is_that_of_covering(corridors):
    @given(data=st.data())
    @settings(max_examples=20, deadline=None)
    def check(data):
        corridor = data.draw(corridors())
        laps = [[1.0] * len(corridor.paths)]
        n_new = data.draw(st.integers(0, 3))
        question = question_of(
            corridor,
            laps,
            most_new=np.array([float(n_new)]),
            module_kg_per_day=np.array([1e4, 1e6]),
        )
        answer = solve_buildout(question, fill_service(corridor, question, laps))
        covering = solve_flow_refueling(question.cover, question.volume[0], n_new=n_new)
        assert answer.certificate.incumbent == pytest.approx(covering.certificate.incumbent)
        assert set(answer.module.ravel().tolist()) <= {-1, 0}  # the smallest carries the load

    check()


def _line():
    """Four sites on a road of 30 km, three trips."""
    whole, part = ((0, 1, 2, 3), (0.0, 10.0, 20.0, 30.0)), ((1, 2, 3), (0.0, 10.0, 20.0))
    return Corridor(
        paths=(whole[0], part[0], whole[0]),
        km=(whole[1], part[1], whole[1]),
        range_km=(40.0, 30.0, 80.0),
        volume=(1.0, 1.0, 1.0),
        n_nodes=4,
    )


def test_what_is_stopped_early_is_feasible_and_its_bound_holds():
    corridor = _line()
    laps = [[1.0, 0.5, 0.3], [2.0, 1.0, 0.6]]
    question = question_of(corridor, laps, budget=np.array([5.0, 11.0]))
    best = best_worth(corridor, question, laps)
    service = fill_service(corridor, question, laps)
    for limit in ({"time_limit_s": 0.0}, {"should_stop": lambda: True}, {"gap": 0.5}):
        answer = solve_buildout(question, service, **limit)
        assert answer.certificate.incumbent <= best + 1e-6
        assert answer.certificate.bound >= best - 1e-6
    assert solve_buildout(question, service, time_limit_s=0.0).certificate.status == "feasible"


def test_progress_narrows_and_ends_at_the_answer():
    corridor = _line()
    laps = [[1.0, 0.5, 0.3], [2.0, 1.0, 0.6]]
    question = question_of(corridor, laps, budget=np.array([5.0, 11.0]))
    heard = []
    answer = solve_buildout(
        question,
        fill_service(corridor, question, laps),
        on_progress=lambda *said: heard.append((time.monotonic(), *said)),
    )
    values, bounds = [said[1] for said in heard], [said[2] for said in heard]
    assert values == sorted(values)
    assert bounds == sorted(bounds, reverse=True)
    assert values[-1] == pytest.approx(answer.certificate.incumbent)
    assert all(value <= bound * (1 + 1e-9) for value, bound in zip(values, bounds, strict=True))


def test_the_same_question_has_the_same_answer():
    corridor = _line()
    laps = [[1.0, 0.5, 0.3], [2.0, 1.0, 0.6]]
    question = question_of(corridor, laps, budget=np.array([5.0, 11.0]))
    answers = [solve_buildout(question, fill_service(corridor, question, laps)) for _ in range(2)]
    assert answers[0].module.tolist() == answers[1].module.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"volume": np.full((1, 3), -1.0)}, "volume"),
        ({"module_kg_per_day": np.array([5.0, 4.0])}, "ascending"),
        ({"existing_kg_per_day": np.array([-1.0, np.nan, np.nan, np.nan])}, "negative"),
        ({"highest_utilization": 0.0}, "utilization"),
        ({"cost": np.tile([5.0, 3.0], (4, 1))}, "larger station costs less"),
        ({"most_new": np.array([1.0, 2.0])}, "shape"),
        ({"budget": np.array([np.nan])}, "budget"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    corridor = _line()
    laps = [[1.0, 0.5, 0.3]]
    question = question_of(corridor, laps, **change)
    with pytest.raises(InputError, match=message):
        solve_buildout(question, fill_service(corridor, question_of(corridor, laps), laps))


def test_limits_that_contradict_each_other_are_told():
    corridor = _line()
    laps = [[1.0, 0.5, 0.3]]
    locked = np.array([1, 2])
    for limits, message in (
        ({"most_new": np.array([1.0])}, "at most 1"),
        ({"budget": np.array([5.0])}, "budget is 5"),
        ({"forbidden": np.array([2])}, "both locked and forbidden"),
    ):
        question = question_of(corridor, laps, locked=locked, **limits)
        with pytest.raises(InfeasibleError, match=message):
            solve_buildout(question, fill_service(corridor, question, laps))


def test_limits_must_not_fall():
    corridor = _line()
    laps = [[1.0, 0.5, 0.3]] * 2
    question = question_of(corridor, laps, budget=np.array([9.0, 5.0]))
    with pytest.raises(InputError, match="fall"):
        solve_buildout(question, fill_service(corridor, question, laps))
