from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InfeasibleError, InputError
from siting.coverage import class_cover
from siting.flow_refueling import solve_flow_refueling
from siting.reduction import reduce_problem


def _best_by_trial(corridor, n_new, *, existing=(), locked=(), forbidden=()):
    """Try every choice with the naive tank."""
    sites = set(range(corridor.n_nodes)) - set(existing) - set(forbidden)
    best = -1.0
    for choice in combinations(sorted(sites), min(n_new, len(sites))):
        if set(locked) <= set(choice) | set(existing):
            served = corridor.naively_served([*existing, *choice])
            best = max(best, sum(v for v, s in zip(corridor.volume, served, strict=True) if s))
    return best


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_optimum_is_that_of_trying_everything(corridors, data):
    corridor = data.draw(corridors(most_nodes=7))
    n_new = data.draw(st.integers(0, 3))
    solution = solve_flow_refueling(corridor.cover(), np.array(corridor.volume), n_new=n_new)
    assert solution.certificate.status == "optimal"
    assert solution.certificate.incumbent == pytest.approx(_best_by_trial(corridor, n_new))
    assert solution.served.tolist() == corridor.naively_served(solution.stations.tolist())
    assert len(solution.new) <= n_new


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_optimum_with_existing_locked_and_forbidden_sites(corridors, data):
    corridor = data.draw(corridors(most_nodes=7))
    fate = data.draw(
        st.lists(st.sampled_from("....elf"), min_size=corridor.n_nodes, max_size=corridor.n_nodes)
    )
    sites = {
        name: [i for i, f in enumerate(fate) if f == name[0]] for name in ("existing", "locked", "forbidden")
    }
    n_new = len(sites["locked"]) + data.draw(st.integers(0, 2))
    solution = solve_flow_refueling(corridor.cover(), np.array(corridor.volume), n_new=n_new, **sites)
    assert solution.certificate.status == "optimal"
    assert solution.certificate.incumbent == pytest.approx(_best_by_trial(corridor, n_new, **sites))
    assert set(sites["locked"]) <= set(solution.new.tolist())
    assert set(sites["existing"]) <= set(solution.stations.tolist())
    assert not set(sites["existing"]) & set(solution.new.tolist())
    assert not set(sites["forbidden"]) & set(solution.stations.tolist())


@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_coverage_never_falls_when_a_station_is_added(corridors, data):
    corridor = data.draw(corridors())
    cover, volume = corridor.cover(), np.array(corridor.volume)
    found = [solve_flow_refueling(cover, volume, n_new=n) for n in range(corridor.n_nodes + 1)]
    values = [solution.certificate.incumbent for solution in found]
    assert all(more >= less - 1e-9 for less, more in pairwise(values))
    assert values[0] == 0.0
    open_everywhere = corridor.naively_served(range(corridor.n_nodes))
    assert values[-1] == pytest.approx(sum(v for v, s in zip(volume, open_everywhere, strict=True) if s))


def test_coverage_never_falls_and_bounds_hold_as_stations_are_added(region):
    cover, volume = region
    solutions = [solve_flow_refueling(cover, volume, n_new=n, gap=0.02) for n in (0, 3, 6, 9, 12, 80)]
    exact = [solve_flow_refueling(cover, volume, n_new=n) for n in (3, 6, 9)]
    assert [s.certificate.status for s in exact] == ["optimal"] * 3
    for loose, tight in zip(solutions[1:4], exact, strict=True):
        assert loose.certificate.incumbent <= tight.certificate.incumbent * (1 + 1e-9)
        assert loose.certificate.bound >= tight.certificate.incumbent * (1 - 1e-9)
        assert loose.certificate.gap <= 0.02
        if loose.certificate.gap > 1e-6:
            assert loose.certificate.status == "feasible"
    values = [s.certificate.incumbent for s in exact]
    assert values == sorted(values)
    assert solutions[0].certificate.incumbent == 0.0
    assert solutions[-1].certificate.incumbent == pytest.approx(volume[cover.trip_class >= 0].sum())


@pytest.mark.parametrize("n_new", [2, 5, 9])
def test_cuts_and_the_whole_model_agree(region, monkeypatch, n_new):
    cover, volume = region
    whole = solve_flow_refueling(cover, volume, n_new=n_new, existing=[3])
    monkeypatch.setattr("siting.linear_bound._GROUPS", 1)
    by_cuts = solve_flow_refueling(cover, volume, n_new=n_new, existing=[3])
    assert whole.certificate.status == by_cuts.certificate.status == "optimal"
    assert by_cuts.certificate.incumbent == pytest.approx(whole.certificate.incumbent, rel=1e-6)


def test_dominated_sites_are_left_out_at_no_loss(region):
    cover, volume = region
    problem = reduce_problem(
        cover, volume, is_open=np.array([], dtype=np.int64), forbidden=np.array([], dtype=np.int64)
    )
    assert len(problem.free) < cover.sets.shape[1]
    everything, _ = class_cover(problem.cover, np.ones(len(problem.free)))
    assert problem.volume @ everything * problem.scale + problem.constant == pytest.approx(
        volume[cover.trip_class >= 0].sum()
    )


def test_same_input_same_plan(region):
    cover, volume = region
    first, second = (solve_flow_refueling(cover, volume, n_new=5) for _ in range(2))
    assert first.stations.tolist() == second.stations.tolist()
    assert first.certificate.incumbent == second.certificate.incumbent


def test_no_time_is_no_proof(region):
    cover, volume = region
    solution = solve_flow_refueling(cover, volume, n_new=6, time_limit_s=0.0)
    assert solution.certificate.status == "feasible"
    assert (solution.certificate.incumbent, len(solution.new)) == (0.0, 0)
    assert solution.certificate.bound == pytest.approx(volume[cover.trip_class >= 0].sum())


def test_a_stop_keeps_the_best_plan_and_its_gap(region):
    cover, volume = region
    seen = []
    solution = solve_flow_refueling(
        cover,
        volume,
        n_new=8,
        on_progress=lambda *state: seen.append(state),
        should_stop=lambda: bool(seen) and seen[-1][0] > 0.0,
    )
    assert solution.certificate.status == "feasible"
    assert solution.certificate.incumbent == pytest.approx(seen[-1][0])
    assert solution.certificate.gap > 1e-6


def test_progress_only_ever_improves(region):
    cover, volume = region
    seen = []
    solution = solve_flow_refueling(cover, volume, n_new=8, on_progress=lambda *state: seen.append(state))
    incumbents, bounds, gaps, seconds, messages = zip(*seen, strict=True)
    assert list(incumbents) == sorted(incumbents)
    assert list(bounds) == sorted(bounds, reverse=True)
    assert list(seconds) == sorted(seconds)
    assert gaps[-1] <= 1e-6
    assert all(messages)
    assert incumbents[-1] == pytest.approx(solution.certificate.incumbent)


def test_a_station_that_serves_nobody_is_not_built(region):
    cover, volume = region
    solution = solve_flow_refueling(cover, volume, n_new=80)
    for site in solution.new:
        rest = np.setdiff1d(solution.stations, [site])
        assert volume[solution.served].sum() > _served_volume(cover, volume, rest)


def _served_volume(cover, volume, stations):
    total = 0.0
    chosen = set(stations.tolist())
    for trip, c in enumerate(cover.trip_class):
        members = cover.members[cover.offsets[c] : cover.offsets[c + 1]] if c >= 0 else []
        sets = [cover.sets.indices[cover.sets.indptr[k] : cover.sets.indptr[k + 1]] for k in members]
        total += volume[trip] * (c >= 0 and all(chosen.intersection(s.tolist()) for s in sets))
    return total


def test_faults_are_named_together(region):
    cover, volume = region
    volume = np.concatenate([[-1.0], volume[1:]])
    with pytest.raises(InputError) as caught:
        solve_flow_refueling(cover, volume, n_new=-1, locked=[80], gap=2.0)
    assert len(caught.value.faults) == 4


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        ({"n_new": 1, "locked": [1, 2]}, "2 sites are locked, but at most 1"),
        ({"n_new": 3, "locked": [1, 2], "forbidden": [2, 3]}, r"\[2\] are both locked and forbidden"),
    ],
)
def test_contradictions_say_why(region, question, reason):
    cover, volume = region
    with pytest.raises(InfeasibleError, match=reason):
        solve_flow_refueling(cover, volume, **question)
