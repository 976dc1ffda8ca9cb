from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import ReplayError
from siting.flow_refueling import solve_flow_refueling
from siting.replay import replay_trips
from siting.stops import candidate_stops, even_paths
from siting.trip_cover import cover_sets
from siting.trip_rules import TripRule

# One road: nodes 10 ... 50 at 0, 100, 200, 300, 400 km; a tank of 40 kg drives 400 km.
ROAD = {
    "offsets": np.array([0, 5]),
    "nodes": np.array([10, 20, 30, 40, 50]),
    "km": np.array([0.0, 100.0, 200.0, 300.0, 400.0]),
}
TRUCK = {"route": np.array([0]), "tank_kg": np.array([40.0]), "usable_range_km": np.array([400.0])}


def even_replay(offsets, nodes, km, *, usable_range_km, tank_kg, **trips):
    """Replay of vehicles that each use the same on every km, one kind per trip."""
    used = km[:, None] * (tank_kg / usable_range_km)
    kind = np.arange(len(tank_kg))
    return replay_trips(offsets, nodes, km, out_kg=used, back_kg=used, kind=kind, tank_kg=tank_kg, **trips)


def _drive(*station_nodes, **changes):
    return even_replay(
        **{**ROAD, **TRUCK, "station_nodes": np.array(station_nodes, dtype=np.int64), **changes}
    )


def test_fills_of_a_trip_by_hand():
    replay = _drive(20, 40)
    assert replay.faults.empty
    # Home to 20 km and back is 200 km: 20 kg at node 20, of which 10 outward; then 20 + 20 + 20 kg.
    assert replay.fills.to_dict("list") == {
        "trip": [0, 0],
        "station": [0, 1],
        "kg_per_trip": [40.0, 40.0],
        "visits_per_trip": [2.0, 2.0],
    }
    assert replay.lowest_level_share.tolist() == [0.25]


def test_a_station_in_the_middle_is_just_enough():
    replay = _drive(30)
    assert replay.faults.empty
    assert replay.lowest_level_share.tolist() == [0.0]
    assert _drive(30, usable_range_km=np.array([399.9])).faults["what"].tolist() == ["runs dry"]


def test_an_origin_with_a_station_starts_full():
    assert _drive(10, 50).faults.empty
    assert _drive(10).faults.to_dict("records") == [{"trip": 0, "what": "runs dry", "node": 40, "km": 500.0}]


def test_a_vehicle_may_not_come_home_below_half():
    replay = _drive(50, usable_range_km=np.array([800.0]))  # half a tank there, half a tank left at home
    assert replay.faults.empty
    replay = _drive(50, usable_range_km=np.array([799.0]))
    assert replay.faults["what"].tolist() == ["runs dry"]
    short = even_replay(
        np.array([0, 2]),
        np.array([1, 2]),
        np.array([0.0, 10.0]),
        route=np.array([0]),
        tank_kg=np.array([40.0]),
        usable_range_km=np.array([400.0]),
        station_nodes=np.array([9]),
    )
    assert short.faults.to_dict("records") == [
        {"trip": 0, "what": "comes home with too little", "node": 1, "km": 20.0}
    ]
    with pytest.raises(
        ReplayError, match="1 of 1 trips failed on the road:\ntrip 0 comes home with too little"
    ):
        short.raise_for_faults()


def test_stations_at_one_node_share_its_fills():
    replay = _drive(30, 10, 30)
    assert replay.fills["station"].tolist() == [0, 1, 2]
    assert replay.fills["kg_per_trip"].tolist() == [30.0, 20.0, 30.0]
    assert replay.fills["visits_per_trip"].tolist() == [1.0, 1.0, 1.0]


def test_no_trips():
    replay = _drive(
        30, route=np.array([], dtype=np.int64), tank_kg=np.array([]), usable_range_km=np.array([])
    )
    assert (replay.trips_driven, len(replay.fills), len(replay.faults)) == (0, 0, 0)
    replay.raise_for_faults()


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_every_plan_of_the_optimizer_is_accepted_and_what_is_burnt_is_dispensed(corridors, data):
    corridor = data.draw(corridors())
    n_new = data.draw(st.integers(0, 4))
    solution = solve_flow_refueling(corridor.cover(), np.array(corridor.volume), n_new=n_new)
    offsets, nodes, km = corridor.flat()
    trips = np.flatnonzero(solution.served)
    ranges = np.array(corridor.range_km)
    replay = even_replay(
        offsets,
        nodes,
        km,
        route=trips,
        tank_kg=np.full(len(trips), 30.0),
        usable_range_km=ranges[trips],
        station_nodes=solution.stations,
    )
    replay.raise_for_faults()
    burnt = 2.0 * km[offsets[trips + 1] - 1] * 30.0 / ranges[trips]
    dispensed = np.bincount(replay.fills["trip"], weights=replay.fills["kg_per_trip"], minlength=len(trips))
    assert dispensed == pytest.approx(burnt)


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_exactly_the_trips_a_single_tank_can_drive_pass(corridors, data):
    corridor = data.draw(corridors())
    stations = data.draw(st.lists(st.integers(0, corridor.n_nodes - 1), unique=True))
    offsets, nodes, km = corridor.flat()
    n = len(corridor.paths)
    replay = even_replay(
        offsets,
        nodes,
        km,
        route=np.arange(n),
        tank_kg=np.linspace(10, 50, n),
        usable_range_km=np.array(corridor.range_km),
        station_nodes=np.array(stations, dtype=np.int64),
    )
    passed = np.ones(n, dtype=bool)
    passed[replay.faults["trip"]] = False
    assert passed.tolist() == corridor.naively_served(stations)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_plans_of_sites_with_several_accesses_are_accepted_too(corridors, data):
    corridor = data.draw(corridors())
    n_sites = data.draw(st.integers(1, corridor.n_nodes))
    sites = [*range(n_sites), *data.draw(st.lists(st.integers(0, n_sites - 1), max_size=6))]
    at = st.integers(0, corridor.n_nodes - 1)
    reached = np.array(sorted({(site, data.draw(at)) for site in sites}), dtype=np.int64)
    offsets, nodes, km = corridor.flat()
    paths = corridor.candidate_paths(reached[:, 1], reached[:, 0])
    ranges = np.array(corridor.range_km)
    cover = cover_sets(paths, path=np.arange(len(ranges)), tank=ranges)
    solution = solve_flow_refueling(cover, np.array(corridor.volume), n_new=data.draw(st.integers(0, 3)))
    trips = np.flatnonzero(solution.served)
    opened = np.isin(reached[:, 0], solution.stations)
    replay = even_replay(
        offsets,
        nodes,
        km,
        route=trips,
        tank_kg=np.full(len(trips), 30.0),
        usable_range_km=ranges[trips],
        station_nodes=reached[opened, 1],
        stations=np.searchsorted(solution.stations, reached[opened, 0]),
    )
    replay.raise_for_faults()
    burnt = 2.0 * km[offsets[trips + 1] - 1] * 30.0 / ranges[trips]
    dispensed = np.bincount(replay.fills["trip"], weights=replay.fills["kg_per_trip"], minlength=len(trips))
    assert dispensed == pytest.approx(burnt)


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_uneven_roads_are_driven_as_step_by_step(data):
    n = data.draw(st.integers(2, 7))
    amounts = st.lists(st.integers(0, 6), min_size=n - 1, max_size=n - 1)
    out, back = (np.array(data.draw(amounts), dtype=float) for _ in range(2))
    tank = float(data.draw(st.integers(1, 25)))
    stations = data.draw(st.lists(st.integers(0, n - 1), unique=True, min_size=1))
    used = [np.concatenate([[0.0], np.cumsum(each)])[:, None] for each in (out, back)]
    replay = replay_trips(
        np.array([0, n]),
        np.arange(n),
        np.arange(n, dtype=float),
        out_kg=used[0],
        back_kg=used[1],
        route=np.array([0]),
        kind=np.array([0]),
        tank_kg=np.array([tank]),
        station_nodes=np.array(stations, dtype=np.int64),
    )
    level, fine = (tank if 0 in stations else tank / 2), True
    steps = [(i + 1, out[i]) for i in range(n - 1)] + [(i, back[i]) for i in range(n - 2, -1, -1)]
    for _ in range(3):
        for node, kg in steps:
            level -= kg
            fine &= level >= -1e-9
            level = tank if node in stations else level
    fine &= 0 in stations or level >= tank / 2 - 1e-9
    assert replay.faults.empty == fine
    if fine:
        assert replay.fills["kg_per_trip"].sum() == pytest.approx(out.sum() + back.sum())


def _simulate(path, out, back, *, tank, doors, rule):
    """Drive node by node; `doors` holds, for each station node, who may enter (empty: everybody)."""
    ends = {0, len(path) - 1}

    def enters(k, previous):
        neighbors = doors.get(path[k])
        return neighbors is not None and (k in ends or not neighbors or previous in neighbors)

    legs = [(k, out[k - 1], path[k - 1]) for k in range(1, len(path))]
    if rule.way != "one_way":
        legs += [(k, back[k], path[k + 1]) for k in reversed(range(len(path) - 1))]
    level = tank if rule.way == "cyclic" else rule.start_fill * tank
    dispensed = 0.0
    for _ in range(1 if rule.way == "one_way" else 4):
        if enters(0, None):
            dispensed, level = dispensed + tank - level, tank
        before = level
        dispensed = 0.0 if rule.way != "one_way" else dispensed
        for k, used, previous in legs:
            level -= used
            if level < -1e-9:
                return False, dispensed
            if enters(k, previous):
                dispensed, level = dispensed + tank - level, tank
        if rule.way == "round_trip" and level < before - 1e-9:
            return False, dispensed
    enough = level >= (rule.arrival_fill * tank if rule.way == "one_way" else before) - 1e-9
    return enough, dispensed


@st.composite
def _rules(draw):
    quarters = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
    way = draw(st.sampled_from(["round_trip", "cyclic", "one_way"]))
    return TripRule(
        way=way, start_fill=draw(quarters), arrival_fill=draw(quarters) if way == "one_way" else 0.0
    )


def _driven(rule):
    return {"way": rule.way, "start_fill": rule.start_fill, "arrival_fill": rule.arrival_fill}


@given(data=st.data(), rule=_rules())
@settings(max_examples=300, deadline=None)
def test_every_rule_is_driven_as_step_by_step(data, rule):
    path = data.draw(st.lists(st.integers(0, 6), min_size=2, max_size=6, unique=True))
    n = len(path)
    amounts = st.lists(st.integers(0, 6), min_size=n - 1, max_size=n - 1)
    out, back = data.draw(amounts), data.draw(amounts)
    tank = float(data.draw(st.integers(1, 20)))
    doors = data.draw(
        st.dictionaries(st.integers(0, 6), st.sets(st.sampled_from(path), max_size=2), max_size=5)
    )
    pairs = [(k, v) for k, neighbors in enumerate(doors.values()) for v in sorted(neighbors)]
    used = [np.concatenate([[0.0], np.cumsum(each)])[:, None] for each in (out, back)]
    replay = replay_trips(
        np.array([0, n]),
        np.array(path),
        np.arange(n, dtype=float),
        out_kg=used[0],
        back_kg=used[1],
        route=np.array([0]),
        kind=np.array([0]),
        tank_kg=np.array([tank]),
        station_nodes=np.array(list(doors), dtype=np.int64),
        entered_from=(
            np.array([k for k, _ in pairs], dtype=np.int64),
            np.array([v for _, v in pairs], dtype=np.int64),
        ),
        **_driven(rule),
    )
    fine, dispensed = _simulate(path, out, back, tank=tank, doors=doors, rule=rule)
    assert replay.faults.empty == fine
    if fine:
        assert replay.fills["kg_per_trip"].sum() == pytest.approx(dispensed)


@given(data=st.data(), rule=_rules())
@settings(max_examples=120, deadline=None)
def test_plans_under_every_rule_and_direction_are_accepted_and_others_refused(corridors, data, rule):
    corridor = data.draw(corridors())
    node = st.integers(0, corridor.n_nodes - 1)
    pairs = np.array(data.draw(st.lists(st.tuples(node, node), max_size=8)) or np.empty((0, 2)), np.int64)
    offsets, nodes, km = corridor.flat()
    stops = candidate_stops(
        offsets, nodes, site_nodes=np.arange(corridor.n_nodes), entered_from=(pairs[:, 0], pairs[:, 1])
    )
    ranges, trips = np.array(corridor.range_km), np.arange(len(corridor.paths))
    paths = even_paths(stops, km[stops.row], length=km[offsets[1:] - 1])
    cover = cover_sets(paths, path=trips, tank=ranges, rule=rule)
    solution = solve_flow_refueling(cover, np.array(corridor.volume), n_new=data.draw(st.integers(0, 4)))
    opened = np.isin(pairs[:, 0], solution.stations)
    replay = even_replay(
        offsets,
        nodes,
        km,
        route=trips,
        tank_kg=np.full(len(trips), 30.0),
        usable_range_km=ranges,
        station_nodes=solution.stations,
        entered_from=(np.searchsorted(solution.stations, pairs[opened, 0]), pairs[opened, 1]),
        **_driven(rule),
    )
    passed = np.ones(len(trips), dtype=bool)
    passed[replay.faults["trip"]] = False
    assert passed.tolist() == solution.served.tolist()
    laps = 1.0 if rule.way == "one_way" else 2.0
    burnt = laps * km[offsets[1:] - 1] * 30.0 / ranges
    dispensed = np.bincount(replay.fills["trip"], weights=replay.fills["kg_per_trip"], minlength=len(trips))
    if rule.way == "one_way":
        assert np.all(dispensed[passed] >= (burnt - 30.0 * rule.start_fill)[passed] - 1e-6)
    else:
        assert dispensed[passed] == pytest.approx(burnt[passed])


def test_a_one_way_trip_fills_up_at_its_origin_and_arrives_with_enough():
    # 40 kg drive 400 km: half a tank of 20 kg at the start, 40 kg with a station at the origin.
    with_origin = _drive(10, way="one_way")
    assert with_origin.faults.empty
    assert with_origin.fills.to_dict("records") == [
        {"trip": 0, "station": 0, "kg_per_trip": 20.0, "visits_per_trip": 1.0}
    ]
    assert with_origin.lowest_level_share.tolist() == [0.0]
    short = _drive(10, way="one_way", arrival_fill=0.1)
    assert short.faults.to_dict("records") == [
        {"trip": 0, "what": "arrives with too little", "node": 50, "km": 400.0}
    ]
    assert _drive(10, 50, way="one_way", arrival_fill=1.0).faults.empty
    dry = _drive(way="one_way")
    assert dry.faults.to_dict("records") == [{"trip": 0, "what": "runs dry", "node": 40, "km": 300.0}]
    assert _drive(way="one_way", start_fill=1.0).faults.empty


def test_a_vehicle_in_its_steady_state_needs_no_half_tank_at_home():
    # Stations 100 km out on a road of 400 km: 200 km across home, 600 km across the destination.
    assert _drive(20, usable_range_km=np.array([600.0]), way="cyclic").faults.empty
    assert _drive(20, usable_range_km=np.array([599.0]), way="cyclic").faults["what"].tolist() == ["runs dry"]
    never = _drive(way="cyclic", usable_range_km=np.array([2000.0]))
    assert never.faults["what"].tolist() == ["comes home with too little"]
    far = {"usable_range_km": np.array([799.0])}
    assert _drive(50, **far).faults["what"].tolist() == ["runs dry"]
    assert _drive(50, **far, way="cyclic").faults["what"].tolist() == ["runs dry"]


def test_fills_go_to_the_stations_a_vehicle_may_enter():
    # At node 30 one station for each direction: 0 for those from 20, 1 for those from 40; and one at 50.
    replay = _drive(
        30,
        30,
        10,
        stations=np.array([0, 1, 2]),
        entered_from=(np.array([0, 1]), np.array([20, 40])),
    )
    assert replay.faults.empty
    assert replay.fills["station"].tolist() == [0, 1, 2]
    assert replay.fills["kg_per_trip"].tolist() == [20.0, 40.0, 20.0]
