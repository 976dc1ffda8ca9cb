from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.coverage import class_cover, class_volumes, served_trips
from siting.stops import CandidatePaths, Stops, candidate_stops, even_paths
from siting.trip_cover import cover_sets


def _line(positions, *, length, range_km, n_sites=None):
    """One trip on a straight road with one site per position."""
    paths = flat_paths([0, len(positions)], range(len(positions)), positions, [length], n_sites)
    return cover_sets(paths, path=np.array([0]), tank=np.array([float(range_km)]))


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
    cover = _line([0, 3, 7, 10, 15, 20], length=20, range_km=8)
    assert _families(cover) == [
        {frozenset({0, 1}), frozenset({1, 2}), frozenset({2, 3}), frozenset({4}), frozenset({5})}
    ]


def test_exact_range_is_reached_and_a_little_less_is_not():
    assert _line([4, 12], length=16, range_km=8).trip_class.tolist() == [0]
    assert _line([4, 12], length=16, range_km=8 - 1e-6).trip_class.tolist() == [-1]
    thirds = np.cumsum(np.full(12, 1 / 3))  # 4 km, all but the last digits
    assert _line([thirds[-1]], length=2 * thirds[-1], range_km=8).trip_class.tolist() == [0]


def test_one_station_in_the_middle_needs_a_half_tank_each_way():
    cover = _line([5], length=10, range_km=10)
    assert served_trips(cover, np.array([0])).tolist() == [True]
    assert _line([5], length=10, range_km=9.9).trip_class.tolist() == [-1]


def test_without_candidates_a_trip_cannot_be_served():
    paths = flat_paths([0, 0, 1], [0], [1.0], [1.0, 2.0])
    cover = cover_sets(paths, path=np.array([0, 1, 0]), tank=np.array([100.0, 100.0, 100.0]))
    assert cover.trip_class.tolist() == [-1, 0, -1]
    assert served_trips(cover, np.array([0])).tolist() == [False, True, False]


def test_no_trips_at_all():
    cover = _line([1], length=2, range_km=5)
    empty = cover_sets(
        flat_paths([0, 1], [0], [1.0], [2.0]),
        path=np.array([], dtype=np.int64),
        tank=np.array([]),
    )
    assert (cover.n_classes, empty.n_classes, len(empty.trip_class)) == (1, 0, 0)


def test_sites_at_one_place_stand_in_the_same_sets():
    stops = candidate_stops(np.array([0, 3]), np.array([7, 8, 9]), site_nodes=np.array([8, 5, 8, 9]))
    assert stops.site.tolist() == [0, 2, 3]
    assert stops.row.tolist() == [1, 1, 2]
    paths = even_paths(stops, np.array([0.0, 6.0, 12.0])[stops.row], length=np.array([12.0]))
    cover = cover_sets(paths, path=np.array([0]), tank=np.array([12.0]))
    assert _families(cover) == [{frozenset({0, 2})}]  # the end set {0, 2, 3} contains it


def test_a_site_reached_from_several_nodes_stands_where_the_path_first_meets_one():
    stops = candidate_stops(
        np.array([0, 3, 5]),
        np.array([7, 8, 9, 9, 7]),
        site_nodes=np.array([9, 8, 8, 5]),
        sites=np.array([0, 0, 1, 2]),
    )
    assert stops.n_sites == 3
    assert stops.offsets.tolist() == [0, 2, 3]
    assert stops.site.tolist() == [0, 1, 0]
    assert stops.row.tolist() == [1, 1, 3]


@st.composite
def uneven_trips(draw):
    """A path whose steps use different amounts there and back; some use nothing one way."""
    n = draw(st.integers(2, 7))
    amounts = st.lists(st.integers(0, 6), min_size=n - 1, max_size=n - 1)
    return draw(amounts), draw(amounts), draw(st.integers(1, 25))


def drives_unevenly(out, back, tank, stations):
    """Drive the round trip three times, step by step."""
    n = len(out) + 1
    steps = [(i + 1, out[i]) for i in range(n - 1)] + [(i, back[i]) for i in range(n - 2, -1, -1)]
    if not stations:
        return False
    level = tank if 0 in stations else tank / 2
    for _ in range(3):
        for node, used in steps:
            level -= used
            if level < -1e-9:
                return False
            if node in stations:
                level = tank
    return 0 in stations or level >= tank / 2 - 1e-9


@given(uneven_trips())
@settings(max_examples=200, deadline=None)
def test_uneven_roads_are_served_exactly_when_a_tank_says_so(trip):
    out, back, tank = trip
    n = len(out) + 1
    s, b = (np.concatenate([[0.0], np.cumsum(used)])[:, None] for used in (out, back))
    paths = CandidatePaths(
        offsets=np.array([0, n]),
        site=np.arange(n),
        out=np.hstack([np.zeros((n, 1)), s]),
        back=np.hstack([np.zeros((n, 1)), b]),
        total_out=np.hstack([[[0.0]], s[-1:]]),
        total_back=np.hstack([[[0.0]], b[-1:]]),
        n_sites=n,
    )
    cover = cover_sets(paths, path=np.array([0]), tank=np.array([float(tank)]), kind=np.array([1]))
    for size in range(n + 1):
        for stations in itertools.combinations(range(n), size):
            served = served_trips(cover, np.array(stations, dtype=np.int64))
            assert served.tolist() == [drives_unevenly(out, back, tank, set(stations))], stations
    for family in _families(cover):
        for one, other in itertools.permutations(family or (), 2):
            assert not one <= other


def test_a_path_passing_a_site_twice():
    stops = candidate_stops(np.array([0, 4]), np.array([1, 2, 1, 3]), site_nodes=np.array([1]))
    paths = even_paths(stops, np.array([0.0, 3.0, 6.0, 9.0])[stops.row], length=np.array([9.0]))
    cover = cover_sets(paths, path=np.array([0, 0]), tank=np.array([6.0, 5.0]))
    assert served_trips(cover, np.array([0])).tolist() == [True, False]


def test_trips_with_equal_families_are_one_class():
    there = _line([0, 10, 20], length=20, range_km=20)
    paths = flat_paths([0, 3, 6], [0, 1, 2, 2, 1, 0], [0.0, 10, 20, 0, 10, 20], [20.0, 20.0], 3)
    cover = cover_sets(paths, path=np.array([0, 1, 0]), tank=np.array([20.0, 20.0, 60.0]))
    assert there.n_classes == 1
    assert cover.trip_class.tolist() == [0, 0, 1]
    assert class_volumes(cover, np.array([1.0, 2.0, 4.0])).tolist() == [3.0, 4.0]


def test_class_cover_is_the_weakest_set():
    cover = _line([0, 10, 20], length=20, range_km=20)
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
