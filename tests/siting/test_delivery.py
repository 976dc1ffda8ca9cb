"""Cost of delivery: by hand, against what was published, and how it must move."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor import sources
from corridor.errors import InputError
from siting.cash_flow import annuity
from siting.delivery import (
    PARTS,
    RoadMode,
    compression_kwh_per_kg,
    delivery,
    whole,
)
from siting.delivery_modes import MODES, ROAD_MODES, mode_of, needed_keys

TABLE = sources.read_assumptions(Path(__file__).resolve().parents[2] / "data")
VALUES = TABLE["value"].astype(float).to_dict()
KM_PER_H = VALUES["road.truck_speed_kmh.motorway"] / VALUES["delivery.travel_time_factor"]


def cost(mode, km, *, values=VALUES, kg_per_day=1000.0, hydrogen=15.6, hours=None):
    km = np.asarray(km, dtype=float)
    return delivery(
        mode_of(values, mode),
        km=km,
        hours=km / KM_PER_H if hours is None else hours,
        kg_per_day=kg_per_day,
        hydrogen_cny_per_kg=hydrogen,
        electricity_cny_per_kwh=values["delivery.electricity_cny_per_kwh"],
    )


@pytest.mark.parametrize(
    ("mode", "km", "published"),
    [
        ("tube_20mpa", 100, 6.3),
        ("tube_20mpa", 500, 16.2),
        ("liquid", 100, 10.5),
        ("liquid", 500, 14.47),
        ("pipeline", 25, 0.86),
        ("pipeline", 100, 1.20),
    ],
)
def test_published_points_are_reproduced_within_15_percent(mode, km, published):
    full_load = 100.4e6 / 365
    assert cost(mode, [km], kg_per_day=full_load).cny_per_kg[0] == pytest.approx(published, rel=0.15)


def test_compression_is_the_corrected_figure_of_geoh2():
    # 25 to 500 bar takes about 2.0 kWh/kg.
    assert compression_kwh_per_kg(2.5, 50.0, efficiency=0.8) == pytest.approx(2.0, abs=0.05)
    assert compression_kwh_per_kg(5.0, 4.0, efficiency=0.8) == 0.0


PLAIN = RoadMode(
    payload_kg=200.0,
    kwh_per_kg=2.0,
    plant_cny_per_kg=0.5,
    handling_loss=0.2,
    boil_off_per_day=0.0,
    stop_h=2.0,
    fill_h=3.0,
    unload_h=5.0,
    closed_h_per_day=0.0,
    drive_before_rest_h=4.0,
    rest_h=0.5,
    tractor_cny_per_h=10.0,
    trailer_cny_per_h=4.0,
    tractor_h_per_day=12.0,
    trailer_h_per_day=20.0,
    crew=2.0,
    wage_cny_per_h=30.0,
    road_cny_per_km=3.0,
)


def test_a_trip_by_hand():
    # 400 km in 5 h each way and a rest of half an hour: 11 h under way, 13 h of tractor, 19 h of trailer.
    # 200 kg leave and 160 arrive.
    found = delivery(
        PLAIN, km=400.0, hours=5.0, kg_per_day=160.0, hydrogen_cny_per_kg=16.0, electricity_cny_per_kwh=0.5
    )
    by_hand = {
        "conversion_energy_cny_per_kg": 2.0 * 0.5 / 0.8,
        "conversion_plant_cny_per_kg": 0.5 / 0.8,
        "vehicles_cny_per_kg": (13 * 10.0 + 19 * 4.0) / 160,
        "drivers_cny_per_kg": 13 * 2 * 30.0 / 160,
        "fuel_toll_cny_per_kg": 800 * 3.0 / 160,
        "losses_cny_per_kg": 16.0 * 40 / 160,
    }
    for part, value in by_hand.items():
        assert getattr(found, part) == pytest.approx(value), part
    assert found.cny_per_kg == pytest.approx(sum(by_hand.values()))
    assert found.trips * 160 == pytest.approx(1.0)
    assert found.tractors * 160 == pytest.approx(13 / 12)
    assert found.trailers * 160 == pytest.approx(19 / 20)
    assert found.driver_h * 160 == pytest.approx(26.0)


@pytest.mark.parametrize(("hours", "rests"), [(0.0, 0), (4.0, 0), (4.1, 1), (8.0, 1), (8.1, 2)])
def test_a_rest_follows_every_four_hours_that_are_not_the_last(hours, rests):
    found = delivery(
        PLAIN, km=1.0, hours=hours, kg_per_day=1.0, hydrogen_cny_per_kg=0.0, electricity_cny_per_kwh=0.0
    )
    assert found.driver_h * 160 / 2 == pytest.approx(2 * (hours + 0.5 * rests) + 2.0)


def test_what_the_fractional_fleet_costs_is_its_yearly_price():
    """Vehicles times their yearly cost is the part per kg times the kg of a year."""
    values, kg = VALUES, 5000.0
    found = cost("tube_20mpa", [250.0])
    rate, own = values["economics.discount_rate"], "ownership."
    tractor = values[own + "price_wan_cny.tractor_49t.diesel"] * 1e4
    tractor *= annuity(rate, values[own + "life_years"]) + values[own + "insurance_share"]
    trailer = values["delivery.tube_20mpa.trailer_wan_cny"] * 1e4
    trailer *= annuity(rate, values["delivery.trailer_life_years"]) + values["delivery.trailer_fixed_share"]
    yearly = (found.tractors * tractor + found.trailers * trailer) * kg
    assert found.vehicles_cny_per_kg * kg * 365 == pytest.approx(yearly)


@given(km=st.floats(0, 1500), more=st.floats(0.1, 500), mode=st.sampled_from(ROAD_MODES))
@settings(max_examples=60, deadline=None)
def test_farther_is_dearer_and_parts_make_the_whole(km, more, mode):
    near, far = (cost(mode, [each]) for each in (km, km + more))
    assert far.cny_per_kg[0] > near.cny_per_kg[0]
    parts = [getattr(far, part)[0] for part in PARTS]
    assert min(parts) >= 0.0
    assert math.fsum(parts) == pytest.approx(far.cny_per_kg[0], rel=1e-12)
    assert far.trailers[0] >= near.trailers[0]


@pytest.mark.parametrize("mode", MODES)
def test_pairs_are_told_at_once_as_one_by_one(mode):
    km = np.array([[10.0, 250.0, np.inf], [90.0, 610.0, 40.0]])
    kg = np.array([[100.0], [3000.0]])
    hydrogen = np.array([15.0, 16.0, 20.0])
    together = cost(mode, km, kg_per_day=kg, hydrogen=hydrogen)
    assert together.cny_per_kg.shape == km.shape
    assert np.isinf(together.cny_per_kg[0, 2])
    for (row, column), each in np.ndenumerate(km):
        alone = cost(mode, each, kg_per_day=kg[row, 0], hydrogen=hydrogen[column])
        assert alone.cny_per_kg == pytest.approx(together.cny_per_kg[row, column])
        assert alone.trailers == pytest.approx(together.trailers[row, column], nan_ok=True)
    assert together.columns(np.array([True, False, True])).distance_km.tolist() == km[:, [0, 2]].tolist()


def test_closed_hours_take_vehicles_but_no_wages():
    night = VALUES | {"delivery.closed_h_per_day": 3.0}
    free, barred = cost("tube_20mpa", [300.0]), cost("tube_20mpa", [300.0], values=night)
    assert barred.tractors[0] == pytest.approx(free.tractors[0] * 24 / 21)
    assert barred.trailers[0] > free.trailers[0]
    assert barred.vehicles_cny_per_kg[0] > free.vehicles_cny_per_kg[0]
    for part in set(PARTS) - {"vehicles_cny_per_kg"}:
        assert getattr(barred, part)[0] == pytest.approx(getattr(free, part)[0])


def test_a_pipeline_pays_for_large_flows_only():
    small, large = (cost("pipeline", [100.0], kg_per_day=kg).cny_per_kg[0] for kg in (1e3, 1e6))
    assert large < 1.2 < small
    assert np.isinf(cost("pipeline", [100.0], kg_per_day=0.0).cny_per_kg[0])


def test_the_least_price_of_a_pipe_binds_below_its_flow():
    """Half the flow of a pipe of least price costs twice as much a kg."""
    one, half = (cost("pipeline", [50.0], kg_per_day=kg).vehicles_cny_per_kg[0] for kg in (2000.0, 1000.0))
    assert half == pytest.approx(2 * one)


def test_whole_vehicles_are_rounded_up_but_not_by_the_last_digit():
    assert whole([0.0, 0.2, 1.0, 1.0 + 1e-12, 1.01]).tolist() == [0, 1, 1, 1, 2]


@pytest.mark.parametrize("mode", MODES)
def test_every_needed_key_matters_to_the_mode(mode):
    """Each key moves the cost or the vehicles of a long delivery when it moves."""
    told = [*PARTS, "trips", "trailers", "tractors", "driver_h"]
    hours = 9.0
    base = cost(mode, [620.0], hours=hours, kg_per_day=50_000.0)
    for key in needed_keys(mode):
        moved = dict(VALUES)
        moved[key] = VALUES[key] * 0.9 if VALUES[key] else 1.0
        if key == "delivery.drive_before_rest_h":
            moved[key] = 2.0
        kg = 50.0 if key.endswith("least_wan_cny_per_km") else 50_000.0
        before = base if kg > 50.0 else cost(mode, [620.0], hours=hours, kg_per_day=kg)
        after = cost(mode, [620.0], hours=hours, kg_per_day=kg, values=moved)
        assert any(getattr(after, name)[0] != getattr(before, name)[0] for name in told), key


def test_every_assumption_of_delivery_is_used():
    used = {key for mode in MODES for key in needed_keys(mode)}
    others = {"delivery.electricity_cny_per_kwh", "delivery.travel_time_factor"}
    assert {key for key in VALUES if key.startswith("delivery.")} == {
        key for key in used | others if key.startswith("delivery.")
    }
    assert used <= set(VALUES)


@pytest.mark.parametrize("bound", ["low", "high"])
def test_each_end_of_a_range_is_a_possible_value(bound):
    for mode in MODES:
        for key in needed_keys(mode):
            moved = VALUES | {key: float(TABLE[bound][key])}
            assert np.isfinite(cost(mode, [300.0], values=moved).cny_per_kg[0]), key


def test_faults_are_named_together():
    wrong = VALUES | {
        "delivery.liquid.payload_kg": 0.0,
        "delivery.trailer_use": 1.2,
        "delivery.liquid.handling_loss": 1.0,
        "delivery.closed_h_per_day": 24.0,
        "delivery.crew": -1.0,
    }
    del wrong["delivery.rest_h"]
    with pytest.raises(InputError) as caught:
        mode_of(wrong, "liquid")
    assert {fault.where for fault in caught.value.faults} == {
        "delivery.liquid.payload_kg",
        "delivery.trailer_use",
        "delivery.liquid.handling_loss",
        "delivery.closed_h_per_day",
        "delivery.crew",
        "delivery.rest_h",
    }
    assert all(fault.mend for fault in caught.value.faults)
    with pytest.raises(InputError, match="no mode of delivery drone"):
        mode_of(VALUES, "drone")


def test_what_is_calibrated_says_so():
    told = TABLE["source"].str.contains("calibrated to")
    assert set(TABLE.index[told & TABLE.index.str.startswith("delivery.")]) == {
        "delivery.toll_cny_per_km",
        "delivery.tube_20mpa.plant_cny_per_kg_per_day",
        "delivery.pipeline.plant_cny_per_kg_per_day",
    }


@pytest.mark.parametrize("mode", MODES)
def test_losses_are_what_is_lost_at_its_price_and_carriage_is_the_rest(mode):
    one, other = (cost(mode, [0.0, 50.0, 400.0, np.inf], hydrogen=price) for price in (1.0, 20.0))
    assert np.allclose(one.losses_cny_per_kg, one.lost_kg)
    assert np.allclose(other.losses_cny_per_kg, 20.0 * other.lost_kg)
    reached = np.array([True, True, True, False])
    assert np.allclose(one.carriage_cny_per_kg[reached], other.carriage_cny_per_kg[reached])
    assert np.allclose(
        (other.carriage_cny_per_kg + other.losses_cny_per_kg)[reached], other.cny_per_kg[reached]
    )
    assert np.isinf(one.carriage_cny_per_kg[3])
    kept = cost(mode, [[10.0, 20.0], [30.0, 40.0]]).rows(np.array([False, True]))
    assert kept.distance_km.tolist() == [[30.0, 40.0]]
