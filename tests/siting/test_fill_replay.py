"""Vehicles that fill given amounts: every fault is caught, every plan of the sharing of fills is driven."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import ReplayError
from siting.allocation import share_fills
from siting.fill_plans import round_trip_stops
from siting.flow_refueling import solve_flow_refueling
from siting.replay import check_loads, replay_fills
from siting.stops import candidate_stops
from siting.trip_cover import cover_sets

# One road: nodes 10 ... 50 at 0, 10, 20, 30, 40 km; a km uses a kg, a tank holds 40 kg.
ROAD = {
    "offsets": np.array([0, 5]),
    "nodes": np.array([10, 20, 30, 40, 50]),
    "km": np.array([0.0, 10.0, 20.0, 30.0, 40.0]),
}


def _drive(*fills, station_nodes=(20, 40), tank=40.0, **options):
    """Drive one trip with fills (entry, homeward, station, kg)."""
    table = pd.DataFrame(list(fills), columns=["entry", "homeward", "station", "kg"])
    used = ROAD["km"][:, None]
    return replay_fills(
        **ROAD,
        out_kg=used,
        back_kg=used,
        route=np.array([0]),
        kind=np.array([0]),
        tank_kg=np.array([tank]),
        station_nodes=np.array(station_nodes, dtype=np.int64),
        fills=table.assign(
            trip=0, homeward=table["homeward"].astype(bool), kg=table["kg"].astype(float)
        ).astype({"entry": np.int64, "station": np.int64}),
        **options,
    )


def _fault(replay):
    (fault,) = replay.faults.to_dict("records")
    return fault["what"], fault["node"], fault["km"]


GOOD = ((1, False, 0, 30.0), (3, True, 1, 20.0), (1, True, 0, 30.0))


def test_fills_that_can_be_driven_are_accepted():
    # 20 - 10 + 30 = 40 at node 20; 0 at node 40 homeward, + 20; 0 at node 20, + 30; 20 at home.
    replay = _drive(*GOOD)
    assert replay.faults.empty
    assert replay.lowest_level_share.tolist() == [0.0]
    assert replay.fills.to_dict("list") == {
        "trip": [0, 0],
        "station": [0, 1],
        "kg_per_trip": [60.0, 20.0],
        "visits_per_trip": [2.0, 1.0],
    }
    assert replay.loads(np.array([3.0]), n_stations=3).tolist() == [180.0, 60.0, 0.0]


def test_each_thing_that_may_go_wrong_is_found_where_it_happens():
    first, second, third = GOOD
    assert _fault(_drive((1, False, 0, 31.0), second, third)) == ("is filled beyond its tank", 20, 10.0)
    assert _fault(_drive(first, (3, True, 1, 19.0), third)) == ("runs dry", 20, 70.0)
    assert _fault(_drive(first, second)) == ("runs dry", 10, 80.0)
    assert _fault(_drive(first, second, (1, True, 0, 29.0))) == ("comes home with too little", 10, 80.0)
    more = ((1, False, 0, 30.0), (3, True, 1, 25.0), third)
    assert _fault(_drive(*more)) == ("comes home with more than it left with", 10, 80.0)
    # A station that stands elsewhere, and one that lies off the route.
    assert _fault(_drive(first, (3, True, 0, 20.0), third)) == ("fills up where it may not", 40, 30.0)
    assert _fault(_drive(*GOOD, (0, False, 0, 0.0))) == ("fills up where it may not", 10, 0.0)
    with pytest.raises(ValueError, match="0 kg or more"):
        _drive((1, False, 0, -1.0))


def test_with_a_station_at_home_the_level_there_is_free():
    # 80 kg burned on a lap: 40 at home before it leaves, 40 at the destination, where it arrives dry.
    replay = _drive((0, False, 0, 40.0), (4, False, 1, 40.0), station_nodes=(10, 50))
    assert replay.faults.empty
    assert replay.lowest_level_share.tolist() == [0.0]
    # Half full at home it has no room for 40 there.
    without = _drive((1, False, 0, 40.0), (4, True, 1, 40.0), station_nodes=(20, 50))
    assert _fault(without)[0] == "is filled beyond its tank"
    reserve = _drive((0, False, 0, 80.0), station_nodes=(10,), tank=100.0)
    assert reserve.lowest_level_share.tolist() == [0.2]


def test_one_sided_stations_are_filled_up_at_from_their_side_only():
    doors = {"entered_from": (np.array([0]), np.array([20]))}  # station 0 at node 30 from node 20
    fills = ((2, False, 0, 20.0), (4, False, 1, 40.0), (2, True, 0, 20.0))
    assert _drive(*fills, station_nodes=(30, 50)).faults.empty
    assert _fault(_drive(*fills, station_nodes=(30, 50), **doors)) == ("fills up where it may not", 30, 20.0)
    at_end = {"entered_from": (np.array([1]), np.array([99]))}  # at its own end a trip enters in any case
    assert _drive(*fills, station_nodes=(30, 50), **at_end).faults.empty


def test_loads_are_compared_and_limits_kept():
    limit = np.array([100.0, 100.0])
    check_loads(np.array([100.0, 0.0]), said_kg_per_day=np.array([100.0, 0.0]), limit_kg_per_day=limit)
    with pytest.raises(ReplayError, match=r"station 1 dispenses 7\.000 kg/d, not 5\.000"):
        check_loads(np.array([9.0, 7.0]), said_kg_per_day=np.array([9.0, 5.0]), limit_kg_per_day=limit)
    with pytest.raises(ReplayError, match=r"station 0 dispenses 101\.000 kg/d, more than 100\.000"):
        check_loads(np.array([101.0, 7.0]), said_kg_per_day=np.array([101.0, 7.0]), limit_kg_per_day=limit)


def _step_by_step(n, out, back, fills, *, tank, station_at_home):
    """Drive one lap in the simplest way from every whole level at home, or from half a tank."""
    starts = np.arange(0.0, tank + 0.5, 0.5) if station_at_home else [tank / 2.0]
    for start in starts:
        level, fine = start, True
        for homeward, entries in ((False, range(n)), (True, range(n - 2, -1, -1))):
            for entry in entries:
                if homeward:
                    level -= back[entry]
                elif entry:
                    level -= out[entry - 1]
                fine &= level >= -1e-9
                level += sum(kg for e, h, _, kg in fills if e == entry and h == homeward)
                fine &= level <= tank + 1e-9
        if fine and abs(level - start) < 1e-9:
            return True
    return False


@given(data=st.data())
@settings(max_examples=300, deadline=None)
def test_given_fills_are_driven_as_step_by_step(data):
    n = data.draw(st.integers(2, 5))
    amounts = st.lists(st.integers(0, 6), min_size=n - 1, max_size=n - 1)
    out, back = (np.array(data.draw(amounts), dtype=float) for _ in range(2))
    tank = float(data.draw(st.integers(2, 20)))
    stations = data.draw(st.lists(st.integers(0, n - 1), unique=True, min_size=1))
    stop = st.tuples(st.sampled_from(stations), st.booleans(), st.integers(0, 12))
    fills = [
        (node, homeward and node < n - 1, stations.index(node), float(kg))
        for node, homeward, kg in data.draw(st.lists(stop, max_size=4))
    ]
    # What is missing is filled at the last stop, as a random draw would hardly come home as it left.
    missing = out.sum() + back.sum() - sum(fill[3] for fill in fills)
    if fills and missing >= 0.0 and data.draw(st.booleans()):
        fills[-1] = (*fills[-1][:3], fills[-1][3] + missing)
    used = [np.concatenate([[0.0], np.cumsum(each)])[:, None] for each in (out, back)]
    table = pd.DataFrame(fills, columns=["entry", "homeward", "station", "kg"]).assign(trip=0)
    replay = replay_fills(
        np.array([0, n]),
        np.arange(n),
        np.arange(n, dtype=float),
        out_kg=used[0],
        back_kg=used[1],
        route=np.array([0]),
        kind=np.array([0]),
        tank_kg=np.array([tank]),
        station_nodes=np.array(stations, dtype=np.int64),
        fills=table.astype(
            {"entry": np.int64, "homeward": bool, "station": np.int64, "kg": float, "trip": np.int64}
        ),
    )
    fine = _step_by_step(n, out, back, fills, tank=tank, station_at_home=0 in stations)
    assert replay.faults.empty == fine


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_every_shared_plan_is_driven_and_loads_are_as_said(corridors, data):
    corridor = data.draw(corridors())
    n_sites = data.draw(st.integers(1, corridor.n_nodes))
    sites = [*range(n_sites), *data.draw(st.lists(st.integers(0, n_sites - 1), max_size=6))]
    at = st.integers(0, corridor.n_nodes - 1)
    reached = np.array(sorted({(site, data.draw(at)) for site in sites}), dtype=np.int64)
    offsets, nodes, km = corridor.flat()
    everywhere = corridor.candidate_paths(reached[:, 1], reached[:, 0])
    ranges = np.array(corridor.range_km)
    cover = solve_flow_refueling(
        cover_sets(everywhere, path=np.arange(len(ranges)), tank=ranges),
        np.array(corridor.volume),
        n_new=data.draw(st.integers(0, 4)),
    )
    trips = np.flatnonzero(cover.served)
    opened = np.isin(reached[:, 0], cover.stations)
    station_nodes = reached[opened, 1]
    stations = np.searchsorted(cover.stations, reached[opened, 0])
    if not len(trips):
        return
    stops = round_trip_stops(
        corridor.candidate_paths(station_nodes, stations), path=trips, tank_kg=ranges[trips]
    )
    entry = candidate_stops(offsets, nodes, site_nodes=station_nodes, sites=stations).row
    laps = np.array(corridor.volume)[trips]
    limit = np.array([data.draw(st.sampled_from([0.0, 20.0, 60.0, 1e4])) for _ in range(stops.n_stations)])
    answer = share_fills(stops, laps_per_day=laps, limit_kg_per_day=limit)
    plans = answer.plans
    used = km[:, None]
    replay = replay_fills(
        offsets,
        nodes,
        km,
        out_kg=used,
        back_kg=used,
        route=trips[plans.trip],
        kind=np.zeros(len(plans.trip), dtype=np.int64),
        tank_kg=ranges[trips][plans.trip],
        station_nodes=station_nodes,
        stations=stations,
        fills=pd.DataFrame(
            {
                "trip": plans.fill_plan,
                "entry": entry[stops.row[plans.fill_stop]],
                "homeward": stops.homeward[plans.fill_stop],
                "station": stops.station[plans.fill_stop],
                "kg": plans.fill_kg,
            }
        ),
    )
    replay.raise_for_faults()
    load = replay.loads(laps[plans.trip] * plans.share, n_stations=len(limit))
    check_loads(load, said_kg_per_day=answer.load_kg_per_day, limit_kg_per_day=limit)
    assert load.sum() == pytest.approx(laps @ (answer.served_share * stops.lap_kg), abs=1e-6)
    if limit.min() >= 1e4:
        assert answer.served_share == pytest.approx(np.ones(len(trips)))
