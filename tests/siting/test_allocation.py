from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from corridor.errors import InputError
from siting.allocation import share_fills
from siting.fill_plans import FillStops

FREE = np.nan


def _stops(*trips, n_stations):
    """Stops of trips given as (stations, used, lap, tank, level at home)."""
    count = [len(trip[0]) for trip in trips]
    return FillStops(
        offsets=np.concatenate([[0], np.cumsum(count)]).astype(np.int64),
        station=np.array([s for trip in trips for s in trip[0]], dtype=np.int64),
        used_kg=np.array([u for trip in trips for u in trip[1]], dtype=float),
        lap_kg=np.array([trip[2] for trip in trips], dtype=float),
        tank_kg=np.array([trip[3] for trip in trips], dtype=float),
        home_kg=np.array([trip[4] for trip in trips], dtype=float),
        n_stations=n_stations,
        row=np.arange(sum(count)),
        homeward=np.zeros(sum(count), dtype=bool),
    )


def _explicit(trips, laps, limit, worth, cost):
    """Solve everything as one linear program: of each trip its share, its fills and its level at home."""
    n_columns = sum(len(trip[0]) + 2 for trip in trips)
    gain, rows, right, even = np.zeros(n_columns), [], [], []
    load = np.zeros((len(limit), n_columns))
    at = 0
    for (stations, used, lap, tank, home), n, v in zip(trips, laps, worth, strict=True):
        z, level, fill = at, at + 1, at + 2 + np.arange(len(stations))
        at += 2 + len(stations)
        gain[z] = n * v
        for k, (station, before) in enumerate(zip(stations, used, strict=True)):
            load[station, fill[k]] = n
            gain[fill[k]] = -n * cost[station]
            arriving = np.zeros(n_columns)
            arriving[fill[:k]], arriving[level], arriving[z] = -1.0, -1.0, before
            leaving = -arriving
            leaving[fill[k]], leaving[z] = 1.0, leaving[z] - tank
            rows += [arriving, leaving]
        if np.isnan(home):
            within = np.zeros(n_columns)
            within[level], within[z] = 1.0, -tank
            rows.append(within)
        else:
            at_home = np.zeros(n_columns)
            at_home[level], at_home[z] = 1.0, -home
            even.append(at_home)
        level_again = np.zeros(n_columns)
        level_again[fill], level_again[z] = 1.0, -lap
        even.append(level_again)
        served = np.zeros(n_columns)
        served[z] = 1.0
        rows.append(served)
        right += [0.0] * (len(rows) - len(right) - 1) + [1.0]
    answer = linprog(
        -gain,
        A_ub=np.vstack([*rows, load]),
        b_ub=np.concatenate([right, limit]),
        A_eq=np.vstack(even),
        b_eq=np.zeros(len(even)),
    )
    return -answer.fun


def _consistent(stops, answer, laps, limit):
    plans = answer.plans
    assert np.all(plans.share > 0.0)
    assert np.all(np.diff(plans.trip) >= 0)
    assert np.bincount(plans.trip, weights=plans.share, minlength=stops.n_trips) == pytest.approx(
        answer.served_share
    )
    assert np.all(answer.served_share <= 1.0)
    # Each plan is of its own trip and fills what one lap burns.
    assert (stops.trip[plans.fill_stop] == plans.trip[plans.fill_plan]).all()
    filled = np.bincount(plans.fill_plan, weights=plans.fill_kg, minlength=len(plans.trip))
    assert filled == pytest.approx(stops.lap_kg[plans.trip], abs=1e-6)
    for plan in range(len(plans.trip)):
        mine = plans.fill_plan == plan
        used, kg = stops.used_kg[plans.fill_stop[mine]], plans.fill_kg[mine]
        tank, home = stops.tank_kg[plans.trip[plan]], stops.home_kg[plans.trip[plan]]
        level = np.cumsum(kg) - kg - used
        start = max(0.0, -level.min(initial=0.0)) if np.isnan(home) else home
        assert np.all(start + level >= -1e-6)
        assert np.all(start + level + kg <= tank + 1e-6)
    # Mass balance, and no station beyond its limit.
    kg = plans.fill_kg * (plans.share * laps[plans.trip])[plans.fill_plan]
    load = np.bincount(stops.station[plans.fill_stop], weights=kg, minlength=stops.n_stations)
    assert load == pytest.approx(answer.load_kg_per_day)
    assert np.all(answer.load_kg_per_day <= limit * (1 + 1e-9))
    assert answer.load_kg_per_day.sum() == pytest.approx(
        laps @ (answer.served_share * stops.lap_kg), abs=1e-4
    )


def test_the_overflow_of_one_station_goes_to_the_other():
    # Home 0, A at 10, B at 15, destination 20 and back; a tank of 40 lasts for the lap of 40.
    trip = ((0, 1, 1, 0), (10, 15, 25, 30), 40, 40, 20)
    stops = _stops(trip, n_stations=2)
    laps = np.array([10.0])
    both = share_fills(stops, laps_per_day=laps, limit_kg_per_day=np.array([100.0, 300.0]))
    # Of 400 kg/d all are served, with A full: some laps fill up at A, the others at B.
    assert both.load_kg_per_day.tolist() == pytest.approx([100.0, 300.0])
    assert both.served_share.tolist() == pytest.approx([1.0])
    assert both.certificate.status == "optimal"
    assert both.certificate.incumbent == pytest.approx(400.0)
    _consistent(stops, both, laps, np.array([100.0, 300.0]))
    less = share_fills(stops, laps_per_day=laps, limit_kg_per_day=np.array([100.0, 150.0]))
    assert less.load_kg_per_day.tolist() == pytest.approx([100.0, 150.0])
    assert less.served_share.tolist() == pytest.approx([0.625])
    assert less.price.tolist() == pytest.approx([1.0, 1.0])
    one = share_fills(stops, laps_per_day=laps, limit_kg_per_day=np.array([0.0, 1000.0]))
    assert one.load_kg_per_day.tolist() == pytest.approx([0.0, 400.0])


def test_what_only_one_station_reaches_is_what_it_is_kept_for():
    # Trip 0 can fill up at either station, trip 1 at A only; A has room for one of them.
    stops = _stops(((0, 1), (10, 10), 20, 20, FREE), ((0,), (10,), 20, 20, FREE), n_stations=2)
    laps, limit = np.array([10.0, 10.0]), np.array([200.0, 200.0])
    answer = share_fills(stops, laps_per_day=laps, limit_kg_per_day=limit)
    assert answer.served_share.tolist() == pytest.approx([1.0, 1.0])
    assert answer.load_kg_per_day.tolist() == pytest.approx([200.0, 200.0])


def test_where_there_is_room_stations_are_used_evenly_and_trips_have_one_plan():
    stops = _stops(*[((0, 1, 2, 3), (5, 15, 20, 35), 40, 80, 40)] * 100, n_stations=4)
    laps, limit = np.ones(100), np.array([4000.0, 4000.0, 4000.0, 2000.0])
    answer = share_fills(stops, laps_per_day=laps, limit_kg_per_day=limit)
    assert answer.plans.trip.tolist() == list(range(100))
    assert len(answer.plans.fill_kg) == 100  # one stop each: any tankful lasts for the lap
    used = answer.load_kg_per_day / limit
    assert used == pytest.approx(np.full(4, 4000 / 14000), abs=0.03)
    assert answer.certificate.gap == 0.0


def test_costs_of_stations_and_worths_of_trips_decide():
    # At A a kg costs 1, at B 3; trip 1 is worth 2 a kg only and never goes to B.
    trip = ((0, 1), (10, 10), 20, 20, FREE)
    stops = _stops(trip, trip, n_stations=2)
    answer = share_fills(
        stops,
        laps_per_day=np.array([10.0, 10.0]),
        limit_kg_per_day=np.array([100.0, 1000.0]),
        worth_per_lap=np.array([100.0, 40.0]),
        cost_per_kg=np.array([1.0, 3.0]),
    )
    # 100 kg at A gain 4 a kg for trip 0 instead of 2 at B, or 1 for trip 1.
    assert answer.certificate.incumbent == pytest.approx(100 * 4 + 100 * 2)
    assert answer.load_kg_per_day.tolist() == pytest.approx([100.0, 100.0])
    assert answer.served_share.tolist() == pytest.approx([1.0, 0.0])


@st.composite
def _trips(draw):
    m = draw(st.integers(0, 5))
    used = sorted(draw(st.lists(st.integers(0, 24), min_size=m, max_size=m)))
    stations = draw(st.lists(st.integers(0, 2), min_size=m, max_size=m))
    tank = draw(st.integers(6, 30))
    return stations, used, 24, tank, draw(st.sampled_from([FREE, 0.25, 0.5, 0.5])) * tank


@given(trips=st.lists(_trips(), min_size=1, max_size=6), data=st.data())
@settings(max_examples=150, deadline=None)
def test_one_linear_program_of_everything_serves_no_more(trips, data):
    n = len(trips)
    laps = np.array(data.draw(st.lists(st.integers(0, 9), min_size=n, max_size=n)), dtype=float)
    limit = np.array(
        data.draw(st.lists(st.sampled_from([0, 40, 90, 500]), min_size=3, max_size=3)), dtype=float
    )
    worth, cost = np.full(n, 24.0), np.zeros(3)
    options = {}
    if data.draw(st.booleans()):
        worth = np.array(data.draw(st.lists(st.integers(0, 99), min_size=n, max_size=n)), dtype=float)
        cost = np.array(data.draw(st.lists(st.integers(0, 3), min_size=3, max_size=3)), dtype=float)
        options = {"worth_per_lap": worth, "cost_per_kg": cost}
    stops = _stops(*trips, n_stations=3)
    answer = share_fills(stops, laps_per_day=laps, limit_kg_per_day=limit, **options)
    _consistent(stops, answer, laps, limit)
    best = _explicit(trips, laps, limit, worth, cost)
    assert answer.certificate.incumbent == pytest.approx(best, rel=1e-6, abs=1e-6)
    assert answer.certificate.bound >= best - 1e-6 * max(1.0, abs(best))
    assert answer.certificate.status == "optimal"


def test_hundreds_of_trips_and_full_stations_reach_the_bound_of_the_explicit_program():
    rng = np.random.default_rng(7)
    trips = []
    for t in range(150):
        used = np.sort(rng.uniform(0, 50, 8))
        trips.append((rng.integers(0, 9, 8), used, 50, rng.uniform(20, 45), FREE if t % 4 == 0 else 10.0))
    laps, limit = rng.uniform(0, 3, 150), rng.uniform(200, 900, 9)
    stops = _stops(*trips, n_stations=9)
    answer = share_fills(stops, laps_per_day=laps, limit_kg_per_day=limit)
    _consistent(stops, answer, laps, limit)
    best = _explicit(trips, laps, limit, np.full(150, 50.0), np.zeros(9))
    assert answer.certificate.incumbent == pytest.approx(best, rel=1e-6)
    assert answer.certificate.status == "optimal"
    again = share_fills(stops, laps_per_day=laps, limit_kg_per_day=limit)
    assert again.plans.fill_kg.tolist() == answer.plans.fill_kg.tolist()
    assert again.plans.share.tolist() == answer.plans.share.tolist()


def test_a_search_stopped_early_keeps_to_the_limits_and_says_so():
    stops = _stops(((0,), (10,), 20, 20, FREE), n_stations=1)
    limit = np.array([50.0])
    answer = share_fills(stops, laps_per_day=np.array([10.0]), limit_kg_per_day=limit, time_limit_s=0.0)
    assert answer.load_kg_per_day.tolist() == pytest.approx([50.0])
    assert (answer.certificate.status, answer.certificate.bound) == ("feasible", 200.0)


def test_no_trips_and_faults():
    stops = _stops(n_stations=2)
    answer = share_fills(stops, laps_per_day=np.empty(0), limit_kg_per_day=np.ones(2))
    assert (answer.certificate.incumbent, answer.certificate.status) == (0.0, "optimal")
    with pytest.raises(InputError) as caught:
        share_fills(stops, laps_per_day=np.array([-1.0]), limit_kg_per_day=np.array([1.0, np.nan]))
    assert [fault.where for fault in caught.value.faults] == ["laps_per_day", "limit_kg_per_day"]
