from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InfeasibleError, InputError
from siting.coverage_target import solve_coverage_target
from siting.flow_refueling import solve_flow_refueling
from siting.stops import Stops, even_paths
from siting.trip_cover import cover_sets


def _volume_of(corridor, stations):
    served = corridor.naively_served(stations)
    return sum(v for v, s in zip(corridor.volume, served, strict=True) if s)


def _cheapest_by_trial(corridor, goal, cost, *, existing=(), locked=(), forbidden=()):
    """Try every choice with the naive tank."""
    free = sorted(set(range(corridor.n_nodes)) - set(existing) - set(forbidden))
    best = np.inf
    for size in range(len(free) + 1):
        for choice in combinations(free, size):
            if not set(locked) <= {*choice, *existing}:
                continue
            if _volume_of(corridor, [*existing, *choice]) >= goal - 1e-9:
                best = min(best, sum(cost[i] for i in choice))
    return best


@pytest.mark.parametrize("groups", [1, 60])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_cheapest_is_that_of_trying_everything(corridors, groups, data):
    corridor = data.draw(corridors(most_nodes=7))
    n = corridor.n_nodes
    fate = data.draw(st.lists(st.sampled_from(".......elf"), min_size=n, max_size=n))
    sites = {
        name: [i for i, f in enumerate(fate) if f == name[0]] for name in ("existing", "locked", "forbidden")
    }
    cost = data.draw(
        st.one_of(
            st.none(),
            st.lists(st.integers(0, 5).map(float), min_size=n, max_size=n),
            st.lists(st.sampled_from([0.3, 1.7, 2.2, 0.0]), min_size=n, max_size=n),
        )
    )
    of = data.draw(st.sampled_from(["servable", "all"]))
    target = data.draw(st.sampled_from([0.0, 0.1, 0.5, 0.8, 0.95, 1.0]))
    servable = _volume_of(corridor, set(range(n)) - set(sites["forbidden"]))
    goal = target * (servable if of == "servable" else sum(corridor.volume))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("siting.linear_bound._GROUPS", groups)
        question = {
            "target": target,
            "of": of,
            "site_cost": None if cost is None else np.array(cost),
            **sites,
        }
        volume = np.array(corridor.volume)
        if goal > servable + 1e-9:
            with pytest.raises(InfeasibleError, match="out of reach"):
                solve_coverage_target(corridor.cover(), volume, **question)
            return
        solution = solve_coverage_target(corridor.cover(), volume, **question)
    price = [1.0] * n if cost is None else cost
    best = _cheapest_by_trial(corridor, goal, price, **sites)
    assert solution.certificate.status == "optimal"
    assert solution.certificate.incumbent == pytest.approx(best, abs=1e-6)
    assert solution.certificate.bound <= solution.certificate.incumbent
    assert sum(price[i] for i in solution.new.tolist()) == pytest.approx(best, abs=1e-6)
    assert solution.served.tolist() == corridor.naively_served(solution.stations.tolist())
    assert volume[solution.served].sum() >= goal - 1e-6
    assert set(sites["locked"]) <= set(solution.new.tolist())
    assert set(sites["existing"]) <= set(solution.stations.tolist())
    assert not set(sites["forbidden"]) & set(solution.stations.tolist())


@pytest.mark.parametrize("target", [0.3, 0.7, 0.9])
def test_fewest_stations_are_those_that_first_serve_enough(region, target):
    cover, volume = region
    solution = solve_coverage_target(cover, volume, target=target)
    fewest = int(solution.certificate.incumbent)
    assert solution.certificate.status == "optimal"
    goal = target * volume[cover.trip_class >= 0].sum()
    one_less, enough = (solve_flow_refueling(cover, volume, n_new=n) for n in (fewest - 1, fewest))
    assert one_less.certificate.status == "optimal"
    assert one_less.certificate.incumbent < goal <= enough.certificate.incumbent * (1 + 1e-9)


def test_everything_that_can_be_served(region):
    cover, volume = region
    solution = solve_coverage_target(cover, volume)
    assert solution.certificate.status == "optimal"
    assert solution.served.tolist() == (cover.trip_class >= 0).tolist()


def test_bounds_rise_and_plans_get_cheaper(region):
    cover, volume = region
    seen = []
    solution = solve_coverage_target(
        cover,
        volume,
        target=0.4,
        site_cost=1.0 + np.arange(cover.sets.shape[1]) % 7 / 10,
        on_progress=lambda *state: seen.append(state),
    )
    incumbents, bounds, _, seconds, messages = zip(*seen, strict=True)
    assert list(incumbents) == sorted(incumbents, reverse=True)
    assert list(bounds) == sorted(bounds)
    assert list(seconds) == sorted(seconds)
    assert all(messages)
    assert incumbents[-1] == solution.certificate.incumbent
    assert solution.certificate.status == "optimal"


def test_costs_without_a_common_unit_are_proven_too(region):
    cover, volume = region
    cost = 1.0 + np.sqrt(np.arange(cover.sets.shape[1])) / 10
    solution = solve_coverage_target(cover, volume, target=0.4, site_cost=cost)
    assert solution.certificate.status == "optimal"
    assert solution.certificate.incumbent == pytest.approx(cost[solution.new].sum())


def test_a_stop_leaves_a_plan_that_meets_the_target(region):
    cover, volume = region
    goal = 0.8 * volume[cover.trip_class >= 0].sum()
    for options in ({"should_stop": lambda: True}, {"time_limit_s": 0.0}):
        solution = solve_coverage_target(cover, volume, target=0.8, **options)
        assert solution.certificate.status == "feasible"
        assert volume[solution.served].sum() >= goal


def test_what_is_out_of_reach_is_said():
    # Trips of 4 and 40 km with a range of 10: no station serves the second; the first needs site 0 or 1.
    stops = Stops(offsets=np.array([0, 2, 4]), site=np.array([0, 1, 1, 2]), row=np.arange(4), n_sites=3)
    paths = even_paths(stops, np.array([0.0, 4, 0, 40]), length=np.array([4.0, 40]))
    cover = cover_sets(paths, path=np.array([0, 1]), tank=np.array([10.0, 10]))
    volume = np.array([3.0, 1.0])
    assert len(solve_coverage_target(cover, volume).new) == 1
    with pytest.raises(InfeasibleError) as caught:
        solve_coverage_target(cover, volume, target=0.9, of="all", forbidden=[0])
    assert str(caught.value) == (
        "90.00% of the volume asked for, at most 75.00% can be served: "
        "1 trips (25.00%) are out of reach with a station at every site"
    )
    with pytest.raises(InfeasibleError, match=r"1 trips \(75.00%\) are out of reach without the forbidden"):
        solve_coverage_target(cover, volume, target=0.5, of="all", forbidden=[0, 1])


def test_no_volume_needs_no_station(region):
    cover, volume = region
    solution = solve_coverage_target(cover, np.zeros_like(volume), of="all", locked=[2])
    assert (solution.new.tolist(), solution.certificate.status) == ([2], "optimal")
    assert solution.certificate.incumbent == 1.0


def test_faults_are_named_together(region):
    cover, volume = region
    with pytest.raises(InputError) as caught:
        solve_coverage_target(
            cover,
            np.full_like(volume, np.nan),
            target=1.5,
            of="some",
            site_cost=np.full(80, -1.0),
            locked=[99],
            gap=1.0,
            time_limit_s=-1.0,
        )
    assert len(caught.value.faults) == 7
