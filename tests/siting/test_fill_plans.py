from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from siting.coverage import served_trips
from siting.fill_plans import FillStops, cheapest_fills, least_costs, round_trip_stops
from siting.stops import CandidatePaths
from siting.trip_cover import cover_sets

FREE = np.nan


def _stops(*trips, n_stations=4):
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


def _least_cost(used, price, *, lap, tank, home):
    """Solve one trip as a linear program: fills and the level at home; None if it cannot be driven."""
    m = len(used)
    filled_before = np.tril(np.ones((m, m)), -1)
    home_column = np.ones((m, 1))
    arriving = np.hstack([-filled_before, -home_column])  # level on arrival >= 0
    leaving = np.hstack([filled_before + np.eye(m), home_column])  # level on leaving <= tank
    answer = linprog(
        [*price, 0.0],
        A_ub=np.vstack([arriving, leaving]),
        b_ub=np.concatenate([-np.array(used), tank + np.array(used)]),
        A_eq=[[1.0] * m + [0.0]],
        b_eq=[lap],
        bounds=[(0, None)] * m + [(0, tank) if np.isnan(home) else (home, home)],
    )
    return answer.fun if answer.status == 0 else None


def _can_be_driven(used, kg, *, lap, tank, home):
    level = np.concatenate([[0.0], np.cumsum(kg)])[:-1] - used
    start = max(-level.min(initial=0.0), 0.0) if np.isnan(home) else home
    end = start + kg.sum() - lap
    fine = np.all(start + level >= -1e-7) and np.all(start + level + kg <= tank + 1e-7)
    return bool(fine) and abs(end - start) < 1e-7 and end >= -1e-7


def test_half_a_tank_at_home_by_hand():
    # Home 0, A at 10, B at 30, destination 40, B at 50, A at 70, home 80; half a tank of 40 at home.
    stops = _stops(((0, 1, 1, 0), (10, 30, 50, 70), 80, 40, 20))
    cost, kg = cheapest_fills(stops, np.array([1.0, 9.0, 0.0, 0.0]))
    # A on the way out gives what is burned from 20 to 50, A on the way home from 70 to 100.
    assert kg.tolist() == pytest.approx([30.0, 20.0, 0.0, 30.0], abs=1e-6)
    assert cost.tolist() == pytest.approx([60.0 + 9.0 * 20.0])
    cost, kg = cheapest_fills(stops, np.array([9.0, 1.0, 0.0, 0.0]))
    # Only what B cannot reach comes from A: from 20 to 30, and from 90 to 100.
    assert kg.tolist() == pytest.approx([10.0, 40.0, 20.0, 10.0])
    assert cost.tolist() == pytest.approx([9.0 * 20.0 + 60.0])


def test_a_station_at_home_frees_the_level_there():
    paths = CandidatePaths(
        offsets=np.array([0, 2]),
        site=np.array([0, 1]),
        out=np.array([[0.0], [10.0]]),
        back=np.array([[0.0], [10.0]]),
        total_out=np.array([[20.0]]),
        total_back=np.array([[20.0]]),
        n_sites=2,
    )
    stops = round_trip_stops(paths, path=np.array([0, 0]), tank_kg=np.array([40.0, 25.0]))
    assert stops.station.tolist() == [0, 1, 1] * 2
    assert stops.used_kg.tolist() == [0.0, 10.0, 30.0] * 2
    assert stops.homeward.tolist() == [False, False, True] * 2
    assert np.isnan(stops.home_kg).all()
    cost, kg = cheapest_fills(stops, np.array([5.0, 1.0]))
    assert cost.tolist() == pytest.approx([40.0, 40.0])  # the other one reaches around home
    assert kg.tolist() == pytest.approx([0, 40, 0, 0, 25, 15], abs=1e-6)
    cost, _ = cheapest_fills(stops, np.array([1.0, 5.0]))
    assert cost.tolist() == pytest.approx([40.0, 25.0 + 5.0 * 15.0])
    without = CandidatePaths(
        offsets=np.array([0, 1]),
        site=np.array([1]),
        out=paths.out[1:],
        back=paths.back[1:],
        total_out=paths.total_out,
        total_back=paths.total_back,
        n_sites=2,
    )
    stops = round_trip_stops(without, path=np.array([0]), tank_kg=np.array([40.0]))
    assert stops.home_kg.tolist() == [20.0]


def test_of_equal_prices_few_stops_are_made():
    stops = _stops(((0, 1, 2, 3), (5, 15, 20, 35), 40, 80, 40))
    cost, kg = cheapest_fills(stops, np.full(4, 2.0))
    assert kg.tolist() == [40.0, 0.0, 0.0, 0.0]
    assert cost.tolist() == [80.0]


def test_trips_without_a_stop_in_reach_cost_infinitely_much_and_fill_nothing():
    stops = _stops(
        ((0, 1), (10, 30), 40, 20, 10),
        ((), (), 5, 20, 10),
        ((0, 1), (9, 31), 40, 20, 10),
        ((0,), (0,), 0, 20, 10),
    )
    cost, kg = cheapest_fills(stops, np.array([1.0, 1.0, 0.0, 0.0]))
    assert cost.tolist() == pytest.approx([40.0, np.inf, np.inf, 0.0])
    assert kg.tolist() == pytest.approx([20.0, 20.0, 0.0, 0.0, 0.0])
    closed, kg = cheapest_fills(stops, np.array([1.0, np.inf, 0.0, 0.0]))
    assert closed.tolist() == [np.inf, np.inf, np.inf, 0.0]
    assert not kg.any()


_amount = st.integers(0, 12)


@st.composite
def _trips(draw):
    m = draw(st.integers(0, 7))
    used = sorted(draw(st.lists(st.integers(0, 24), min_size=m, max_size=m)))
    stations = draw(st.lists(st.integers(0, 3), min_size=m, max_size=m))
    tank = draw(st.integers(1, 30))
    home = draw(st.sampled_from([FREE, 0.0, 0.25, 0.5, 1.0])) * tank
    return stations, used, 24, tank, home


@given(trips=st.lists(_trips(), min_size=1, max_size=4), data=st.data())
@settings(max_examples=400, deadline=None)
def test_no_linear_program_finds_a_cheaper_plan(trips, data):
    price = np.array(data.draw(st.lists(st.integers(-2, 5), min_size=4, max_size=4)), dtype=float)
    stops = _stops(*trips)
    cost, kg = cheapest_fills(stops, price)
    assert least_costs(stops, price) == pytest.approx(cost)
    for t, (stations, used, lap, tank, home) in enumerate(trips):
        least = _least_cost(used, price[stations], lap=lap, tank=tank, home=home)
        assert np.isinf(cost[t]) == (least is None)
        own = kg[stops.offsets[t] : stops.offsets[t + 1]]
        if least is None:
            assert not own.any()
        else:
            assert cost[t] == pytest.approx(least, abs=1e-6)
            assert cost[t] == pytest.approx(own @ price[stations])
            assert _can_be_driven(used, own, lap=lap, tank=tank, home=home)


@given(
    stations=st.lists(st.lists(st.integers(0, 3), max_size=6), min_size=1, max_size=3),
    vehicles=st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 30), st.sampled_from([FREE, 0.5]), st.integers(1, 3)),
        min_size=1,
        max_size=8,
    ),
    price=st.lists(st.sampled_from([0.0, 1.0, 1.0, 3.0, np.inf]), min_size=4, max_size=4),
)
@settings(max_examples=200, deadline=None)
def test_vehicles_that_pass_the_same_stations_cost_as_much_as_each_alone(stations, vehicles, price):
    trips = []
    for number, tank, home, per_stop in vehicles:
        passed = stations[number % len(stations)]
        used = [per_stop * (1 + k) for k in range(len(passed))]
        trips.append((passed, used, 24, tank, home * tank))
    price = np.array(price)
    together = least_costs(_stops(*trips), price)
    alone = [cheapest_fills(_stops(trip), price)[0][0] for trip in trips]
    assert together == pytest.approx(alone)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_exactly_the_trips_of_the_cover_sets_can_be_driven(corridors, data):
    corridor = data.draw(corridors())
    paths = corridor.candidate_paths(np.arange(corridor.n_nodes))
    path, ranges = np.arange(len(corridor.paths)), np.array(corridor.range_km)
    stops = round_trip_stops(paths, path=path, tank_kg=ranges)
    n_open = data.draw(st.integers(0, corridor.n_nodes))
    is_open = np.arange(corridor.n_nodes) < n_open
    # A station at home frees the level there only if it is open.
    home = np.array([corridor.paths[p][0] for p in path])
    fixed = np.where(is_open[home], stops.home_kg, ranges / 2.0)
    stops = FillStops(**{**{f: getattr(stops, f) for f in FillStops.__dataclass_fields__}, "home_kg": fixed})
    cost, kg = cheapest_fills(stops, np.where(is_open, 1.0, np.inf))
    served = served_trips(cover_sets(paths, path=path, tank=ranges), np.flatnonzero(is_open))
    assert np.isfinite(cost).tolist() == served.tolist()
    assert stops.summed(kg)[served] == pytest.approx(stops.lap_kg[served])
    assert stops.only(np.flatnonzero(served)).lap_kg.tolist() == stops.lap_kg[served].tolist()


def test_trips_taken_out_keep_their_plans():
    rng = np.random.default_rng(3)
    trips = [
        (rng.integers(0, 4, 6), np.sort(rng.uniform(0, 40, 6)), 40, 30, FREE if t % 3 == 0 else 15)
        for t in range(12)
    ]
    stops, price = _stops(*trips), np.array([3.0, 1.0, 2.0, 2.0])
    cost, kg = cheapest_fills(stops, price)
    some = np.array([7, 2, 3, 11])
    part = stops.only(some)
    cost_of_part, kg_of_part = cheapest_fills(part, price)
    assert cost_of_part.tolist() == cost[some].tolist()
    assert kg_of_part.tolist() == [x for t in some for x in kg[6 * t : 6 * t + 6]]
    assert part.loads(kg_of_part, np.full(4, 2.0)).sum() == pytest.approx(2 * kg_of_part.sum())
