from __future__ import annotations

import pytest

from corridor.errors import InputError
from demand.inputs import VEHICLE_CLASSES
from demand.vehicles import driven, vehicle_table


def test_masses_and_tanks_by_hand(assumptions):
    assumptions |= {
        "vehicle.tractor_49t.tank_kg": 40.0,
        "vehicle.tractor_49t.curb_t": 17.0,
        "vehicle.tractor_49t.payload_t": 30.0,
        "vehicle.usable_tank_share": 0.9,
        "freight.load_factor": 0.75,
    }
    assert vehicle_table(assumptions).loc["tractor_49t", "usable_kg"] == pytest.approx(36.0)
    laden, empty = (driven(assumptions, laden=laden)[0] for laden in (True, False))
    assert (laden.mass_t, empty.mass_t) == (pytest.approx(39.5), 17.0)
    assert laden.fuel_cell_kw == assumptions["vehicle.tractor_49t.fuel_cell_kw"]


def test_every_class_has_a_laden_and_an_empty_vehicle(assumptions):
    laden, empty = (driven(assumptions, laden=laden) for laden in (True, False))
    assert len(laden) == len(empty) == len(VEHICLE_CLASSES)
    assert all(heavy.mass_t > light.mass_t for heavy, light in zip(laden, empty, strict=True))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("vehicle.tractor_49t.tank_kg", 0.0),
        ("vehicle.usable_tank_share", 1.01),
        ("vehicle.coach_12m.drag_area_m2", float("nan")),
        ("vehicle.rigid_18t.payload_t", float("inf")),
        ("vehicle.traffic_factor", 0.9),
    ],
)
def test_impossible_values_are_refused(assumptions, key, value):
    with pytest.raises(InputError, match="out of range") as error:
        vehicle_table(assumptions | {key: value})
    assert [fault.where for fault in error.value.faults] == [key]


def test_keys_of_other_packages_are_passed_over(assumptions):
    table = vehicle_table(assumptions | {"station.500.capex_wan_cny": -1.0, "elsewhere": 2.0})
    assert list(table.index) == list(VEHICLE_CLASSES)
