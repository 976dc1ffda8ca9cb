from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InputError
from siting.sizing import size_stations

MODULES = np.array([500.0, 1000.0, 2000.0, 4000.0])
NEW = np.nan


def _fills(*rows):
    return pd.DataFrame(rows, columns=["trip", "station", "kg_per_trip", "visits_per_trip"])


def _size(fills, trips, existing, *, utilization=1.0):
    return size_stations(
        fills,
        trips_per_day=np.array(trips, dtype=float),
        existing_kg_per_day=np.array(existing, dtype=float),
        modules_kg_per_day=MODULES,
        highest_utilization=utilization,
    )


@pytest.mark.parametrize(
    ("load", "utilization", "capacity"),
    [
        (0, 0.8, 500),
        (400, 0.8, 500),
        (400.1, 0.8, 1000),
        (800, 0.8, 1000),
        (3200, 0.8, 4000),
        (2000, 1.0, 2000),
    ],
)
def test_the_smallest_module_that_carries_the_load(load, utilization, capacity):
    sizing = _size(_fills((0, 0, load / 10, 2.0)), [10], [NEW], utilization=utilization)
    row = sizing.stations.iloc[0]
    assert row["capacity_kg_per_day"] == capacity
    assert MODULES[int(row["module"])] == capacity
    assert row["utilization"] == pytest.approx(load / capacity)
    assert row["visits_per_day"] == pytest.approx(20.0)
    assert sizing.served_share.tolist() == [1.0]
    assert sizing.certificate.status == "optimal"


def test_an_existing_station_keeps_its_size_and_turns_trips_away():
    sizing = _size(_fills((0, 0, 10, 1), (1, 1, 10, 1)), [100, 100], [400, NEW], utilization=0.8)
    assert sizing.stations["load_kg_per_day"].tolist() == pytest.approx([320, 1000])
    assert sizing.stations["capacity_kg_per_day"].tolist() == [400, 2000]
    assert sizing.stations["module"].tolist() == [-1, 2]
    assert sizing.served_share.tolist() == pytest.approx([0.32, 1.0])
    assert sizing.stations["visits_per_day"].tolist() == pytest.approx([32, 100])


def test_scarce_capacity_goes_where_it_serves_most():
    # Trip 0 takes 10 kg at the scarce station and 30 elsewhere, trip 1 takes its 10 kg there only.
    fills = _fills((0, 0, 10, 1), (0, 1, 30, 1), (1, 0, 10, 1))
    sizing = _size(fills, [50, 50], [500, NEW])
    assert sizing.served_share.tolist() == pytest.approx([1.0, 0.0])
    assert sizing.certificate.incumbent == pytest.approx(2000)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_no_choice_of_shares_serves_more_and_mass_balances(data):
    n_trips, n_stations = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    kg = np.array(
        data.draw(st.lists(st.integers(0, 9), min_size=n_trips * n_stations, max_size=n_trips * n_stations))
    )
    kg = kg.reshape(n_trips, n_stations).astype(float)
    trips = np.array(
        data.draw(st.lists(st.integers(1, 300), min_size=n_trips, max_size=n_trips)), dtype=float
    )
    existing = np.array(
        data.draw(
            st.lists(st.sampled_from([NEW, 0.0, 300.0, 900.0]), min_size=n_stations, max_size=n_stations)
        )
    )
    rows = [(p, j, kg[p, j], 1.0) for p in range(n_trips) for j in range(n_stations) if kg[p, j]]
    sizing = _size(_fills(*rows), trips, existing, utilization=0.9)
    limit = 0.9 * np.where(np.isnan(existing), 4000.0, existing)
    load = sizing.stations["load_kg_per_day"].to_numpy()
    assert np.all(load <= limit * (1 + 1e-9))
    assert np.all(load <= 0.9 * sizing.stations["capacity_kg_per_day"].to_numpy() * (1 + 1e-6))
    assert load == pytest.approx((kg * trips[:, None] * sizing.served_share[:, None]).sum(axis=0))
    assert load.sum() == pytest.approx(sizing.certificate.incumbent)
    assert sizing.certificate.status == "optimal"
    best = 0.0
    for share in product(np.linspace(0, 1, 6), repeat=n_trips):
        loads = (kg * trips[:, None] * np.array(share)[:, None]).sum(axis=0)
        if np.all(loads <= limit + 1e-9):
            best = max(best, loads.sum())
    assert sizing.certificate.incumbent >= best - 1e-6


def test_faults_are_named_together():
    with pytest.raises(InputError) as caught:
        size_stations(
            _fills((0, 0, 1, 1)),
            trips_per_day=np.array([1.0]),
            existing_kg_per_day=np.array([-5.0]),
            modules_kg_per_day=np.array([1000.0, 500.0]),
            highest_utilization=1.2,
        )
    assert len(caught.value.faults) == 3
