from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InputError
from siting.coverage import class_cover, class_volumes, served_trips
from siting.stops import CandidatePaths, Stops, candidate_stops, even_paths
from siting.trip_cover import cover_sets
from siting.trip_rules import TripRule


def even_line(positions, *, length, range_km, rule=None):
    """One trip on a straight road with one site per position."""
    paths = flat_paths([0, len(positions)], range(len(positions)), positions, [length])
    return cover_sets(paths, path=np.array([0]), tank=np.array([float(range_km)]), rule=rule)


def flat_paths(offsets, site, positions, length, n_sites=None):
    """Paths on which every km uses the same."""
    site = np.array(site, dtype=np.int64)
    stops = Stops(
        offsets=np.array(offsets), site=site, row=np.arange(len(site)), n_sites=n_sites or len(positions)
    )
    return even_paths(stops, np.array(positions, dtype=float), length=np.array(length, dtype=float))


def _families(cover):
    """The cover sets of each trip, as a set of sets."""
    rows = [frozenset(cover.sets.indices[a:b].tolist()) for a, b in itertools.pairwise(cover.sets.indptr)]
    return [
        None if c < 0 else {rows[k] for k in cover.members[cover.offsets[c] : cover.offsets[c + 1]]}
        for c in cover.trip_class
    ]


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_served_exactly_when_a_tank_says_so(corridors, data):
    corridor = data.draw(corridors())
    cover = corridor.cover()
    for size in range(corridor.n_nodes + 1):
        for stations in itertools.islice(itertools.combinations(range(corridor.n_nodes), size), 30):
            served = served_trips(cover, np.array(stations, dtype=np.int64))
            assert served.tolist() == corridor.naively_served(stations), stations


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_cover_set_contains_another_of_its_trip(corridors, data):
    for family in _families(data.draw(corridors()).cover()):
        for a, b in itertools.permutations(family or (), 2):
            assert not a <= b


def test_sets_of_a_line_by_hand():
    # R = 8: start within 4, end beyond 16; into 10: from 2; into 15: from 7; into 20: from 12.
    cover = even_line([0, 3, 7, 10, 15, 20], length=20, range_km=8)
    assert _families(cover) == [
        {frozenset({0, 1}), frozenset({1, 2}), frozenset({2, 3}), frozenset({4}), frozenset({5})}
    ]


def test_exact_range_is_reached_and_a_little_less_is_not():
    assert even_line([4, 12], length=16, range_km=8).trip_class.tolist() == [0]
    assert even_line([4, 12], length=16, range_km=8 - 1e-6).trip_class.tolist() == [-1]
    thirds = np.cumsum(np.full(12, 1 / 3))  # 4 km, all but the last digits
    assert even_line([thirds[-1]], length=2 * thirds[-1], range_km=8).trip_class.tolist() == [0]


def test_one_station_in_the_middle_needs_a_half_tank_each_way():
    cover = even_line([5], length=10, range_km=10)
    assert served_trips(cover, np.array([0])).tolist() == [True]
    assert even_line([5], length=10, range_km=9.9).trip_class.tolist() == [-1]


def test_without_candidates_a_trip_cannot_be_served():
    paths = flat_paths([0, 0, 1], [0], [1.0], [1.0, 2.0])
    cover = cover_sets(paths, path=np.array([0, 1, 0]), tank=np.array([100.0, 100.0, 100.0]))
    assert cover.trip_class.tolist() == [-1, 0, -1]
    assert served_trips(cover, np.array([0])).tolist() == [False, True, False]


def test_no_trips_at_all():
    cover = even_line([1], length=2, range_km=5)
    empty = cover_sets(
        flat_paths([0, 1], [0], [1.0], [2.0]),
        path=np.array([], dtype=np.int64),
        tank=np.array([]),
    )
    assert (cover.n_classes, empty.n_classes, len(empty.trip_class)) == (1, 0, 0)


def test_sites_at_one_place_stand_in_the_same_sets():
    stops = candidate_stops(np.array([0, 3]), np.array([7, 8, 9]), site_nodes=np.array([8, 5, 8, 9]))
    paths = even_paths(stops, np.array([0.0, 6.0, 12.0])[stops.row], length=np.array([12.0]))
    cover = cover_sets(paths, path=np.array([0]), tank=np.array([12.0]))
    assert _families(cover) == [{frozenset({0, 2})}]  # the end set {0, 2, 3} contains it


@st.composite
def uneven_trips(draw):
    """A path whose steps use different amounts there and back; some use nothing one way."""
    n = draw(st.integers(2, 6))
    amounts = st.lists(st.integers(0, 6), min_size=n - 1, max_size=n - 1)
    return draw(amounts), draw(amounts), draw(st.integers(1, 25))


@st.composite
def rules(draw):
    """A rule whose shares are exact in binary."""
    quarters = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
    way = draw(st.sampled_from(["round_trip", "cyclic", "one_way"]))
    arrival = draw(quarters) if way == "one_way" else 0.0
    return TripRule(way=way, start_fill=draw(quarters), arrival_fill=arrival)


def drives(out, back, tank, *, there, home, rule):
    """Drive step by step, filling up at the nodes `there` on the way there and `home` on the way back."""
    way = [(True, i + 1, used) for i, used in enumerate(out)]
    if rule.way != "one_way":
        way += [(False, len(back), 0)]  # turning round, it may enter the stations of the way back
        way += [(False, i, back[i]) for i in reversed(range(len(back)))]
    level = tank if rule.way == "cyclic" else rule.start_fill * tank
    for _ in range(1 if rule.way == "one_way" else 3):
        before = level
        level = tank if 0 in there else level
        for outward, node, used in way:
            level -= used
            if level < -1e-9:
                return False
            level = tank if node in (there if outward else home) else level
        if rule.way == "one_way":
            return level >= rule.arrival_fill * tank - 1e-9
        if rule.way == "round_trip" and level < rule.start_fill * tank - 1e-9:
            return False
    return rule.way == "round_trip" or level >= before - 1e-9


def uneven_paths(out, back, **flags):
    """One path with a site at every node; the first kind of vehicle uses nothing."""
    n = len(out) + 1
    s, b = (np.concatenate([[0.0], np.cumsum(used)])[:, None] for used in (out, back))
    return CandidatePaths(
        offsets=np.array([0, n]),
        site=np.arange(n),
        out=np.hstack([np.zeros((n, 1)), s]),
        back=np.hstack([np.zeros((n, 1)), b]),
        total_out=np.hstack([[[0.0]], s[-1:]]),
        total_back=np.hstack([[[0.0]], b[-1:]]),
        n_sites=n,
        **flags,
    )


def one_trip(paths, tank, rule):
    return cover_sets(paths, path=np.array([0]), tank=np.array([float(tank)]), kind=np.array([1]), rule=rule)


def assert_minimal(cover):
    for family in _families(cover):
        for one, other in itertools.permutations(family or (), 2):
            assert not one <= other


@given(uneven_trips(), rules())
@settings(max_examples=400, deadline=None)
def test_uneven_roads_are_served_exactly_when_a_tank_says_so(trip, rule):
    out, back, tank = trip
    cover = one_trip(uneven_paths(out, back), tank, rule)
    for size in range(len(out) + 2):
        for stations in itertools.combinations(range(len(out) + 1), size):
            served = served_trips(cover, np.array(stations, dtype=np.int64))
            said = drives(out, back, tank, there=stations, home=stations, rule=rule)
            assert served.tolist() == [said], stations
    assert_minimal(cover)


@given(uneven_trips(), rules(), st.data())
@settings(max_examples=400, deadline=None)
def test_stations_that_serve_one_direction_serve_exactly_when_a_tank_says_so(trip, rule, data):
    out, back, tank = trip
    n = len(out) + 1
    flags = st.lists(st.booleans(), min_size=n, max_size=n)
    serves_out, serves_back = np.array(data.draw(flags)), np.array(data.draw(flags))
    cover = one_trip(uneven_paths(out, back, serves_out=serves_out, serves_back=serves_back), tank, rule)
    for size in range(n + 1):
        for stations in itertools.combinations(range(n), size):
            served = served_trips(cover, np.array(stations, dtype=np.int64))
            there, home = ({i for i in stations if flag[i]} for flag in (serves_out, serves_back))
            assert served.tolist() == [drives(out, back, tank, there=there, home=home, rule=rule)], stations
    assert_minimal(cover)


@given(uneven_trips(), rules())
@settings(max_examples=200, deadline=None)
def test_the_lap_stop_by_stop_gives_the_sets_of_the_way_there_and_back(trip, rule):
    out, back, tank = trip
    paths = uneven_paths(out, back)
    assert paths.serve_both_ways
    by_sites = one_trip(paths, tank, rule)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CandidatePaths, "serve_both_ways", False)
        by_stops = one_trip(paths, tank, rule)
    assert _families(by_stops) == _families(by_sites)


def test_a_trip_that_needs_no_station_is_served_without_any():
    rule = TripRule(way="one_way")
    near = even_line([0, 10, 20], length=20, range_km=40, rule=rule)
    assert (_families(near), served_trips(near, np.array([], dtype=np.int64)).tolist()) == ([set()], [True])
    far = even_line([0, 10, 20], length=20, range_km=39, rule=rule)
    assert _families(far) == [{frozenset({0, 1})}]
    arriving = even_line([0, 10, 20], length=20, range_km=40, rule=TripRule(way="one_way", arrival_fill=0.75))
    assert _families(arriving) == [{frozenset({1, 2})}]


def test_the_steady_state_needs_less_than_half_a_tank_at_home():
    # R = 18 on 10 km: half a tank reaches 9 km, so the station 10 km away serves the steady state alone ...
    assert even_line([10], length=10, range_km=18, rule=TripRule()).trip_class.tolist() == [-1]
    assert even_line([10], length=10, range_km=18, rule=TripRule(way="cyclic")).trip_class.tolist() == [-1]
    # ... only if the tank lasts the whole lap.
    assert even_line([10], length=10, range_km=20, rule=TripRule(way="cyclic")).trip_class.tolist() == [0]
    # A station 1 km out and one 9 km out: 16 km between them on the way round, 2 km across home.
    lap = even_line([1, 9], length=20, range_km=22, rule=TripRule(way="cyclic"))
    assert _families(lap) == [{frozenset({1})}]


def test_start_fills_by_trip():
    paths = flat_paths([0, 1], [0], [6.0], [10.0])
    rule = TripRule(way="one_way", start_fill=np.array([1.0, 0.6, 0.5]))
    cover = cover_sets(paths, path=np.zeros(3, dtype=np.int64), tank=np.full(3, 10.0), rule=rule)
    assert _families(cover) == [set(), {frozenset({0})}, None]


@pytest.mark.parametrize(
    ("rule", "faults"),
    [
        ({"way": "sideways"}, 1),
        ({"start_fill": 1.1, "arrival_fill": float("nan"), "way": "one_way"}, 2),
        ({"arrival_fill": 0.5}, 1),
        ({"start_fill": np.array([0.5, np.nan])}, 1),
    ],
)
def test_rules_that_make_no_sense(rule, faults):
    with pytest.raises(InputError) as caught:
        TripRule(**rule)
    assert len(caught.value.faults) == faults


@pytest.mark.parametrize("tank", [0.0, -1.0, np.nan, np.inf])
def test_tanks_that_make_no_sense(tank):
    with pytest.raises(InputError, match="greater than 0"):
        even_line([1], length=2, range_km=tank, rule=TripRule())


def test_a_path_passing_a_site_twice():
    stops = candidate_stops(np.array([0, 4]), np.array([1, 2, 1, 3]), site_nodes=np.array([1]))
    paths = even_paths(stops, np.array([0.0, 3.0, 6.0, 9.0])[stops.row], length=np.array([9.0]))
    cover = cover_sets(paths, path=np.array([0, 0]), tank=np.array([6.0, 5.0]))
    assert served_trips(cover, np.array([0])).tolist() == [True, False]


def test_trips_with_equal_families_are_one_class():
    there = even_line([0, 10, 20], length=20, range_km=20)
    paths = flat_paths([0, 3, 6], [0, 1, 2, 2, 1, 0], [0.0, 10, 20, 0, 10, 20], [20.0, 20.0], 3)
    cover = cover_sets(paths, path=np.array([0, 1, 0]), tank=np.array([20.0, 20.0, 60.0]))
    assert there.n_classes == 1
    assert cover.trip_class.tolist() == [0, 0, 1]
    assert class_volumes(cover, np.array([1.0, 2.0, 4.0])).tolist() == [3.0, 4.0]


def test_class_cover_is_the_weakest_set():
    cover = even_line([0, 10, 20], length=20, range_km=20)
    y, weakest = class_cover(cover, np.array([0.2, 0.3, 0.9]))
    assert y == pytest.approx([0.5])
    assert cover.sets[weakest[0]].toarray().ravel().tolist() == [1.0, 1.0, 0.0]
    y, weakest = class_cover(cover, np.array([0.0, 1.0, 0.0]))
    assert (y.tolist(), weakest.tolist()) == ([1.0], [-1])


def test_blocks_give_what_one_block_gives(monkeypatch):
    rng = np.random.default_rng(0)
    positions = [np.sort(rng.uniform(0, 500, 9)) for _ in range(40)]
    paths = flat_paths(
        np.arange(0, 361, 9), rng.integers(0, 30, 360), np.concatenate(positions), np.full(40, 500.0), 30
    )
    trips = rng.integers(0, 40, 200)
    ranges = rng.choice([200.0, 300.0, 400.0], 200)
    whole = cover_sets(paths, path=trips, tank=ranges)
    monkeypatch.setattr("siting.trip_cover._BLOCK_ROWS", 50)
    parts = cover_sets(paths, path=trips, tank=ranges)
    assert whole.trip_class.tolist() == parts.trip_class.tolist()
    assert _families(whole) == _families(parts)
