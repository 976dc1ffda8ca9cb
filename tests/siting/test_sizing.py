from __future__ import annotations

import numpy as np
import pytest

from corridor.errors import InputError
from siting.sizing import Capacities

MODULES = np.array([500.0, 1000.0, 2000.0, 4000.0])
NEW = np.nan


def _capacities(*existing, utilization=0.8):
    return Capacities(
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
    sized = _capacities(NEW, utilization=utilization).sized(
        np.array([float(load)]), visits_per_day=np.array([20.0])
    )
    row = sized.iloc[0]
    assert row["capacity_kg_per_day"] == capacity
    assert MODULES[int(row["module"])] == capacity
    assert row["utilization"] == pytest.approx(load / capacity)
    assert row["visits_per_day"] == 20.0


def test_an_existing_station_keeps_its_size():
    capacities = _capacities(400.0, NEW, 0.0)
    assert capacities.limit_kg_per_day.tolist() == [320.0, 3200.0, 0.0]
    sized = capacities.sized(np.array([320.0, 1000.0, 0.0]), visits_per_day=np.zeros(3))
    assert sized["capacity_kg_per_day"].tolist() == [400, 2000, 0]
    assert sized["module"].tolist() == [-1, 2, -1]
    assert sized["utilization"].tolist() == [0.8, 0.5, 0.0]


def test_faults_are_named_together():
    with pytest.raises(InputError) as caught:
        Capacities(
            existing_kg_per_day=np.array([-5.0]),
            modules_kg_per_day=np.array([1000.0, 500.0]),
            highest_utilization=1.2,
        )
    assert len(caught.value.faults) == 3
