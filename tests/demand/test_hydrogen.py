from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from corridor.errors import InputError
from demand.hydrogen import all_trips, demand_table
from demand.inputs import VEHICLE_CLASSES

COLUMNS = [
    "route",
    "vehicle_class",
    "storage",
    "trips_per_day",
    "kg_per_trip",
    "kg_out",
    "kg_back",
    "usable_range_km",
    "tank_kg",
]


def test_table_has_its_schema_and_only_rows_with_trips(zones, routes, used, assumptions):
    table = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030)
    assert list(table.columns) == COLUMNS
    assert (table[COLUMNS[3:]] > 0).all().all()
    assert table["route"].is_monotonic_increasing
    assert set(table["vehicle_class"]) == set(VEHICLE_CLASSES)
    assert not table.duplicated(["route", "vehicle_class"]).any()
    counted = np.flatnonzero(routes.length_km >= 50)
    assert sorted(table["route"].unique()) == counted.tolist()


def test_hydrogen_is_share_times_vehicle_km_times_consumption(zones, routes, used, assumptions):
    table = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030)
    trips = all_trips(zones, routes, assumptions=assumptions, year=2030)
    expected = 0.0
    for number, name in enumerate(VEHICLE_CLASSES):
        kg_per_km = (used.out_kg / routes.length_km[:, None])[0, number]
        share = assumptions[f"adoption.share.{name}.2030"]
        outside = np.where(routes.destination == 4, assumptions["adoption.gateway_factor"], 1.0)
        km = 2 * (trips[name].to_numpy() * routes.length_km * outside).sum()
        expected += share * km * kg_per_km
    assert (table["trips_per_day"] * table["kg_per_trip"]).sum() == pytest.approx(expected, rel=1e-12)


def test_tank_is_what_the_usable_range_burns(zones, routes, used, assumptions):
    table = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030)
    kg_per_km = table["kg_per_trip"] / (2 * routes.length_km[table["route"]])
    np.testing.assert_allclose(table["tank_kg"], table["usable_range_km"] * kg_per_km, rtol=1e-12)
    tractors = table[table["vehicle_class"] == "tractor_49t"]
    np.testing.assert_allclose(tractors["tank_kg"], 35 * 0.85)


def test_larger_tanks_split_the_trips_and_leave_the_hydrogen(zones, routes, used, assumptions):
    plain = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030)
    shares = {"vehicle.tractor_49t.share_70mpa": 0.3, "vehicle.tractor_49t.share_liquid": 0.7}
    mixed = demand_table(zones, routes, used=used, assumptions=assumptions | shares, year=2030)
    for table in (plain, mixed):
        table["kg"] = table["trips_per_day"] * table["kg_per_trip"]
    assert mixed["kg"].sum() == pytest.approx(plain["kg"].sum(), rel=1e-12)
    tractors = mixed[mixed["vehicle_class"] == "tractor_49t"]
    share = tractors.groupby("storage")["trips_per_day"].sum() / tractors["trips_per_day"].sum()
    assert share.to_dict() == {"70mpa": pytest.approx(0.3), "liquid": pytest.approx(0.7)}
    tank = tractors.groupby("storage")["tank_kg"].first()
    assert tank["liquid"] > tank["70mpa"] > 35 * 0.85
    too_many = assumptions | {"vehicle.tractor_49t.share_70mpa": 0.6, "vehicle.tractor_49t.share_liquid": 0.6}
    with pytest.raises(InputError, match=r"tractor_49t.share_\*: .*add up to 1.2"):
        demand_table(zones, routes, used=used, assumptions=too_many, year=2030)


def test_a_given_range_replaces_the_tank_and_leaves_the_hydrogen(zones, routes, used, assumptions):
    plain = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030)
    short = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030, usable_range_km=200)
    np.testing.assert_allclose(short["usable_range_km"], 200.0)
    assert short["kg_per_trip"].equals(plain["kg_per_trip"])
    np.testing.assert_allclose(short["tank_kg"] / plain["tank_kg"], 200 / plain["usable_range_km"])


@pytest.mark.parametrize(
    "key",
    [
        "adoption.share.tractor_49t.2030",
        "vehicle.tractor_49t.curb_t",
        "vehicle.rigid_18t.drag_area_m2",
        "vehicle.traffic_factor",
        "freight.intercity_share",
        "coach.passengers_million_per_year",
    ],
)
def test_more_of_a_driver_means_more_hydrogen(zones, routes, make_use, assumptions, key):
    def kg(values):
        table = demand_table(zones, routes, used=make_use(routes, values), assumptions=values, year=2030)
        return (table["trips_per_day"] * table["kg_per_trip"]).sum()

    assert kg(assumptions | {key: assumptions[key] * 1.2}) > kg(assumptions) * 1.0001


def test_no_fuel_cell_vehicle_gives_an_empty_table_with_columns(zones, routes, used, assumptions):
    none = {key: 0.0 for key in assumptions if key.startswith("adoption.")}
    table = demand_table(zones, routes, used=used, assumptions=assumptions | none, year=2030)
    assert list(table.columns) == COLUMNS
    assert table.empty


def test_shuffled_zones_change_nothing(zones, routes, used, assumptions):
    plain = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030)
    shuffled = demand_table(zones.iloc[::-1], routes, used=used, assumptions=assumptions, year=2030)
    np.testing.assert_allclose(shuffled["trips_per_day"], plain["trips_per_day"], rtol=1e-9)


def test_all_faults_come_at_once(zones, routes, used, assumptions):
    zones.loc["A", "population"] = -5.0
    zones.loc["B", "employment_transport"] = np.nan
    assumptions |= {
        "freight.empty_running": 1.5,
        "vehicle.tractor_49t.tank_kgs": 30.0,
        "adoption.share.coach_12m.2030": float("nan"),
        "freight.gateway_trucks_per_day.mian": 100.0,
    }
    del assumptions["freight.load_factor"]
    with pytest.raises(InputError) as error:
        demand_table(zones, routes, used=used, assumptions=assumptions, year=2050, usable_range_km=-1)
    places = [fault.where for fault in error.value.faults]
    assert len(places) == len(set(places))
    text = str(error.value)
    for piece in (
        "population, A",
        "employment_transport, B",
        "freight.empty_running: 1.5 is out of range",
        "Did you mean vehicle.tractor_49t.tank_kg?",
        "adoption.share.coach_12m.2030: nan",
        "Did you mean freight.gateway_trucks_per_day.main?",
        "freight.load_factor: the key is missing",
        "year 2050 is outside 2027-2035",
        "usable_range_km: -1",
    ):
        assert piece in text


@st.composite
def regions(draw):
    """Six to ten zones at least 60 km apart, none so large that the others cannot trade with it."""
    n = draw(st.integers(6, 10))
    gaps = draw(st.lists(st.floats(60.0, 300.0), min_size=n, max_size=n))
    people = draw(st.lists(st.floats(1e5, 1e6), min_size=n, max_size=n))
    kinds = ["gateway" if draw(st.booleans()) and row > 3 else "county" for row in range(n)]
    return np.cumsum(gaps), np.array(people), kinds


@settings(deadline=None, max_examples=40)
@given(region=regions(), share=st.floats(0.001, 1.0), range_km=st.floats(50.0, 1500.0))
def test_any_region_balances(small_region, make_routes, make_use, region, share, range_km):
    at_km, people, kinds = region
    inside = people * (np.array(kinds) == "county")
    assume(inside.max() < 0.4 * inside.sum())
    ids = [f"Z{row}" for row in range(len(people))]
    frame = pd.DataFrame(
        {
            "kind": kinds,
            "road_ref": None,
            "population": people,
            "employment_transport": people / 50,
            "employment_manufacturing": people / 20,
        },
        index=pd.Index(ids, name="zone_id"),
    )
    line = make_routes(dict(zip(ids, at_km, strict=True)))
    values = small_region | {f"adoption.share.{name}.2030": share for name in VEHICLE_CLASSES}
    used = make_use(line, values)
    table = demand_table(frame, line, used=used, assumptions=values, year=2030, usable_range_km=range_km)
    trips = all_trips(frame, line, assumptions=values, year=2030)
    assert (table["trips_per_day"] > 0).all()
    for name in VEHICLE_CLASSES:
        mine = table[table["vehicle_class"] == name]
        assert (
            mine["trips_per_day"].to_numpy() <= trips[name].to_numpy()[mine["route"]] * share * (1 + 1e-9)
        ).all()
        np.testing.assert_allclose(mine["tank_kg"], mine["tank_kg"].iloc[0])
    kg = (table["trips_per_day"] * table["kg_per_trip"]).sum()
    vehicle_kg = table["trips_per_day"] * 2 * line.length_km[table["route"]] * table["tank_kg"] / range_km
    assert kg == pytest.approx(vehicle_kg.sum(), rel=1e-9)
