from __future__ import annotations

import pytest

from corridor.errors import InputError
from demand.vehicles import vehicle_table


def test_consumption_and_range_by_hand(assumptions):
    assumptions |= {
        "vehicle.tractor_49t.tank_kg": 40.0,
        "vehicle.tractor_49t.kg_per_100km_loaded": 10.0,
        "vehicle.tractor_49t.kg_per_100km_empty": 6.0,
        "vehicle.usable_tank_share": 0.9,
        "freight.empty_running": 0.25,
    }
    tractor = vehicle_table(assumptions).loc["tractor_49t"]
    assert tractor["kg_per_km"] == pytest.approx(0.09)
    assert tractor["usable_kg"] == pytest.approx(36.0)
    assert tractor["usable_range_km"] == pytest.approx(400.0)


def test_ranges_stay_within_published_ones(assumptions):
    """At 35 MPa catalogs claim 350-450 km on a full tank; a 2024 test run filled every 214 km."""
    ranges = vehicle_table(assumptions)["usable_range_km"]
    assert ranges.between(214, 450).all()


def test_heavier_consumption_shortens_the_range(assumptions):
    before = vehicle_table(assumptions)["usable_range_km"]
    for name in before.index:
        assumptions[f"vehicle.{name}.kg_per_100km_loaded"] *= 1.1
    assert (vehicle_table(assumptions)["usable_range_km"] < before).all()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("vehicle.tractor_49t.tank_kg", 0.0),
        ("vehicle.usable_tank_share", 1.01),
        ("vehicle.coach_12m.kg_per_100km_empty", float("nan")),
        ("vehicle.rigid_18t.payload_t", float("inf")),
    ],
)
def test_impossible_values_are_refused(assumptions, key, value):
    with pytest.raises(InputError, match="out of range") as error:
        vehicle_table(assumptions | {key: value})
    assert [fault.where for fault in error.value.faults] == [key]


def test_keys_of_other_packages_are_passed_over(assumptions):
    assert len(vehicle_table(assumptions | {"station.500.capex_wan_cny": -1.0, "elsewhere": 2.0})) == 3
