"""Plans that bear every outage, against trying every choice in every outage with the naive tank."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InfeasibleError, InputError
from siting.coverage import served_trips
from siting.flow_refueling import solve_flow_refueling
from siting.outages import Outages, outage_problem
from siting.resilience import solve_resilient
from siting.weak_spots import weak_spots


def _driven(corridor, stations):
    served = corridor.naively_served(sorted(stations))
    return sum(v for v, s in zip(corridor.volume, served, strict=True) if s)


def _worst(corridor, stations, *, failing):
    """Volume the naive tank serves in the worst outage of one station that may fail."""
    whole = _driven(corridor, stations)
    return min([_driven(corridor, set(stations) - {j}) for j in set(stations) & failing], default=whole)


def _by_trial(corridor, n_new, *, existing, locked, forbidden, failing):
    """Served and worst outage of every choice there is."""
    free = sorted(set(range(corridor.n_nodes)) - set(existing) - set(forbidden) - set(locked))
    room = min(n_new - len(locked), len(free))
    for n in range(room + 1):
        for choice in combinations(free, n):
            stations = {*existing, *locked, *choice}
            yield _driven(corridor, stations), _worst(corridor, stations, failing=failing)


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_the_plan_is_the_best_of_all_that_bear_every_outage(corridors, data):
    corridor = data.draw(corridors(most_nodes=7))
    fate = data.draw(
        st.lists(st.sampled_from("......elf"), min_size=corridor.n_nodes, max_size=corridor.n_nodes)
    )
    sites = {
        name: [i for i, f in enumerate(fate) if f == name[0]] for name in ("existing", "locked", "forbidden")
    }
    n_new = len(sites["locked"]) + data.draw(st.integers(0, 4))
    share = data.draw(st.sampled_from([0.0, 0.2, 0.35, 0.5, 0.75, 1.0]))
    who = data.draw(st.sampled_from(["any", "new"]))
    nodes = set(range(corridor.n_nodes))
    failing = nodes if who == "any" else nodes - set(sites["existing"])
    reachable = _driven(corridor, nodes - set(sites["forbidden"]))
    tried = list(_by_trial(corridor, n_new, **sites, failing=failing))
    bearing = [served for served, worst in tried if worst >= share * reachable - 1e-9]
    volume = np.array(corridor.volume)
    if not bearing:
        with pytest.raises(InfeasibleError) as raised:
            solve_resilient(corridor.cover(), volume, n_new=n_new, least_share=share, failing=who, **sites)
        if told := re.search(r"most they can leave is ([\d.]+)%(?: to ([\d.]+)%)?", str(raised.value)):
            low, high = float(told[1]), float(told[2] or told[1])
            most = max(worst for _, worst in tried) / reachable * 100
            assert low - 0.06 <= most <= high + 0.06
        return
    made = solve_resilient(corridor.cover(), volume, n_new=n_new, least_share=share, failing=who, **sites)
    assert made.certificate.status == "optimal"
    assert made.certificate.incumbent == pytest.approx(max(bearing))
    stations = set(made.stations.tolist())
    assert made.served.tolist() == corridor.naively_served(stations)
    assert _worst(corridor, stations, failing=failing) >= share * reachable - 1e-9
    assert made.weak_spots.worst == pytest.approx(_worst(corridor, stations, failing=failing))
    assert made.weak_spots.reachable == pytest.approx(reachable)
    assert stations >= {*sites["existing"], *sites["locked"]}
    assert not stations & set(sites["forbidden"])
    assert len(made.new) <= n_new
    assert made.without.certificate.incumbent >= made.certificate.incumbent - 1e-9


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_weak_spots_are_what_driving_each_outage_gives(corridors, data):
    corridor = data.draw(corridors())
    stations = sorted(data.draw(st.sets(st.integers(0, corridor.n_nodes - 1))))
    existing = stations[::2]
    cover, volume = corridor.cover(), np.array(corridor.volume)
    made = weak_spots(cover, volume, stations=stations)
    assert sorted(made.station.tolist()) == stations
    for station, left in zip(made.station.tolist(), made.served.tolist(), strict=True):
        assert left == pytest.approx(_driven(corridor, set(stations) - {station}))
    assert made.served.tolist() == sorted(made.served.tolist())
    assert made.all_open == pytest.approx(_driven(corridor, stations))
    new = weak_spots(cover, volume, stations=stations, existing=existing, failing="new")
    assert sorted(new.station.tolist()) == sorted(set(stations) - set(existing))


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_reduction_changes_no_outage(corridors, data):
    corridor = data.draw(corridors())
    nodes = range(corridor.n_nodes)
    standing = sorted(data.draw(st.sets(st.sampled_from(nodes), max_size=3)))
    problem = outage_problem(
        corridor.cover(),
        np.array(corridor.volume),
        standing=np.array(standing, dtype=np.int64),
        sound=np.empty(0, dtype=np.int64),
        forbidden=np.empty(0, dtype=np.int64),
    )
    free = np.flatnonzero(~problem.standing)
    picked = data.draw(st.sets(st.sampled_from(free.tolist()))) if len(free) else set()
    chosen = problem.standing.copy()
    chosen[list(picked)] = True
    score = Outages(problem, asked=np.inf).score(chosen)
    stations = {*standing, *problem.site[chosen].tolist()}
    assert score.served * problem.scale + problem.constant == pytest.approx(_driven(corridor, stations))
    worst = _worst(corridor, stations, failing=set(nodes))
    assert score.worst * problem.scale + problem.constant == pytest.approx(worst)
    assert problem.total == pytest.approx(_driven(corridor, nodes))


def test_a_plan_that_bears_every_outage_anyhow_is_the_answer(region):
    cover, volume = region
    free = solve_flow_refueling(cover, volume, n_new=8)
    spots = weak_spots(cover, volume, stations=free.stations)
    made = solve_resilient(cover, volume, n_new=8, least_share=spots.share * (1 - 1e-9))
    assert made.stations.tolist() == free.stations.tolist()
    assert made.certificate.solver == free.certificate.solver


def test_the_price_rises_with_the_share_asked(region):
    cover, volume = region
    free = solve_flow_refueling(cover, volume, n_new=5)
    share = weak_spots(cover, volume, stations=free.stations).share
    values = [free.certificate.incumbent]
    for least in (share * 1.05, share * 1.12):
        made = solve_resilient(cover, volume, n_new=5, least_share=least)
        assert made.certificate.status == "optimal"
        assert made.weak_spots.share >= least * (1 - 1e-9)
        rest = [volume[served_trips(cover, np.setdiff1d(made.stations, [j]))].sum() for j in made.stations]
        assert min(rest) == pytest.approx(made.weak_spots.worst)
        values.append(made.certificate.incumbent)
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0]


def test_same_question_same_plan(region):
    cover, volume = region
    spots = weak_spots(cover, volume, stations=solve_flow_refueling(cover, volume, n_new=5).stations)
    share = spots.share * 1.08
    first, second = (solve_resilient(cover, volume, n_new=5, least_share=share) for _ in range(2))
    assert first.stations.tolist() == second.stations.tolist()


def test_no_time_is_neither_a_proof_nor_a_plan(region):
    cover, volume = region
    made = solve_resilient(cover, volume, n_new=6, least_share=0.3, time_limit_s=0.0)
    assert made.certificate.status == "unknown"
    assert made.certificate.incumbent is None
    assert made.certificate.bound <= volume[cover.trip_class >= 0].sum() * (1 + 1e-9)


def test_more_than_every_site_bears_is_refused_at_once(region):
    cover, volume = region
    plan = solve_flow_refueling(cover, volume, n_new=8).stations
    others = np.setdiff1d(np.arange(80), plan)
    everywhere = weak_spots(cover, volume, stations=plan, forbidden=others).share
    assert everywhere < 1.0
    with pytest.raises(InfeasibleError, match="Even with a station at every site"):
        solve_resilient(cover, volume, n_new=8, least_share=everywhere + 1e-3, forbidden=others)


@pytest.mark.parametrize("share", [-0.1, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(region, share):
    with pytest.raises(InputError, match="least_share"):
        solve_resilient(*region, n_new=2, least_share=share)
