from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from demand.inputs import VEHICLE_CLASSES
from demand.ownership_cost import (
    AXLE_CLASSES,
    FUELS,
    PARTS,
    break_even_hydrogen,
    cost_per_km,
    fleet_shares,
    limits,
    ownership_faults,
    purchase_price,
    purchase_shares,
)

#: Values close to what the modeled trips give.
WORK = pd.DataFrame(
    {
        "kg_per_km": [0.08, 0.06, 0.045, 0.033, 0.026, 0.057],
        "hours_per_km": 0.014,
        "tolled_share": 0.9,
    },
    index=pd.Index(VEHICLE_CLASSES, name="vehicle_class"),
)

HYDROGEN = "economics.retail_price_cny_per_kg"


def fuel_cell_share(values, year=2030):
    return fleet_shares(WORK, values, year=year)["fuel_cell"]


def test_cost_of_a_fuel_cell_tractor_by_hand(assumptions):
    values = assumptions | {
        "economics.discount_rate": 0.10,
        "ownership.life_years": 2.0,
        "ownership.days_per_year": 100.0,
        "vehicle.tractor_49t.km_per_day": 500.0,
        "ownership.price_wan_cny.tractor_49t.diesel": 40.0,
        "ownership.price_wan_cny.tractor_49t.fuel_cell": 100.0,
        "ownership.surplus_decline_per_year.fuel_cell": 0.5,
        "ownership.residual_share.fuel_cell": 0.121,
        "ownership.insurance_share": 0.05,
        HYDROGEN: 30.0,
        "ownership.maintenance_cny_per_km.tractor_49t": 0.5,
        "ownership.maintenance_factor.fuel_cell": 1.2,
        "road.toll_cny_per_km.motorway.6": 2.0,
        "road.toll_etc_discount": 0.05,
        "ownership.toll_exempt_share": 0.25,
        "ownership.driver_cny_per_h": 50.0,
        "ownership.stop_hours_per_100km.fuel_cell": 0.1,
        "road.value_of_time_cny_per_h": 200.0,
        "ownership.purchase_subsidy_share": 0.2,
        "ownership.operating_subsidy_wan_cny_per_year": 1.0,
        "ownership.payload_loss_share.fuel_cell": 0.2,
    }
    row = cost_per_km(WORK, values, year=2026).loc[("tractor_49t", "fuel_cell")]
    # 700,000 CNY less a residual of 0.121/1.21 = 0.1 of it; two equal payments a at 10 % repay P when
    # a/1.1 + a/1.21 = P; 50,000 km a year.
    annuity = 700_000 / (1 / 1.1 + 1 / 1.21)
    expected = {
        "capital": annuity * 0.9 / 50_000,
        "insurance": 0.7,
        "energy": 2.4,
        "maintenance": 0.6,
        "toll": 0.9 * 2.0 * 0.95 * 0.75,
        "driver": 0.7,
        "stops": 0.2,
        "subsidy": -(annuity * 0.2 + 10_000) / 50_000,
    }
    for part, value in expected.items():
        assert row[part] == pytest.approx(value), part
    assert row["payload"] == pytest.approx(sum(expected.values()) * 0.25)
    assert row["total"] == pytest.approx(sum(expected.values()) / 0.8)


def test_energy_of_the_other_fuels_by_hand(assumptions):
    values = assumptions | {
        "ownership.diesel_cny_per_l": 7.0,
        "carbon.diesel_l_per_100km.tractor_49t": 30.0,
        "ownership.kwh_per_kg_hydrogen": 20.0,
        "ownership.electricity_cny_per_kwh": 0.5,
    }
    energy = cost_per_km(WORK, values, year=2030).loc["tractor_49t", "energy"]
    assert energy["diesel"] == pytest.approx(2.1)
    assert energy["battery"] == pytest.approx(0.08 * 20 * 0.5)


def test_subsidy_and_exemption_are_for_hydrogen_alone_and_the_driver_for_all(assumptions):
    helped = assumptions | {
        "ownership.purchase_subsidy_share": 0.3,
        "ownership.toll_exempt_share": 1.0,
        "ownership.operating_subsidy_wan_cny_per_year": 1.2,
    }
    plain, aided = (cost_per_km(WORK, values, year=2030) for values in (assumptions, helped))
    others = [fuel for fuel in FUELS if fuel != "fuel_cell"]
    pd.testing.assert_frame_equal(plain.loc[(slice(None), others), :], aided.loc[(slice(None), others), :])
    assert (aided.xs("fuel_cell", level="fuel")["toll"] == 0.0).all()
    assert (plain["subsidy"] == 0.0).all()
    assert plain["driver"].to_numpy() == pytest.approx(0.014 * assumptions["ownership.driver_cny_per_h"])
    assert plain[list(PARTS)].sum(axis=1).to_numpy() == pytest.approx(plain["total"].to_numpy())


def test_prices_approach_diesel_and_never_pass_it(assumptions):
    prices = [
        purchase_price("tractor_49t", "fuel_cell", assumptions, year=year) for year in (2025, 2035, 2200)
    ]
    diesel = purchase_price("tractor_49t", "diesel", assumptions, year=2035)
    assert prices[0] == pytest.approx(975_000)
    assert prices[1] == pytest.approx(diesel + 575_000 * 0.9**10)
    assert diesel < prices[2] < 1.001 * diesel


def test_logit_limits(assumptions):
    cost = cost_per_km(WORK, assumptions, year=2030)
    indifferent = purchase_shares(cost, scale=0.0)
    np.testing.assert_allclose(indifferent, 1 / 3)
    sharp = purchase_shares(cost, scale=1e5)
    cheapest = cost["total"].groupby("vehicle_class", sort=False).idxmin()
    assert sharp.idxmax(axis=1).tolist() == [fuel for _, fuel in cheapest]
    np.testing.assert_allclose(sharp.max(axis=1), 1.0)


def test_logit_ratio_is_that_of_the_costs(assumptions):
    cost = cost_per_km(WORK, assumptions, year=2030)
    shares = purchase_shares(cost, scale=10.0)
    total = cost["total"]
    for name in VEHICLE_CLASSES:
        dearer = (total[name, "fuel_cell"] - total[name, "battery"]) / total[name, "diesel"]
        ratio = shares.loc[name, "fuel_cell"] / shares.loc[name, "battery"]
        assert ratio == pytest.approx(math.exp(-10.0 * dearer))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)


def test_a_fleet_is_the_mean_of_its_purchases(assumptions):
    values = assumptions | {"ownership.life_years": 4.0, "ownership.first_sales_year": 2029.0}
    bought = [
        purchase_shares(cost_per_km(WORK, values, year=year), scale=values["ownership.logit_scale"])
        for year in (2029, 2030)
    ]
    fleet = fleet_shares(WORK, values, year=2030)
    # 2027 and 2028 bought diesel.
    np.testing.assert_allclose(fleet["fuel_cell"], (bought[0] + bought[1])["fuel_cell"] / 4)
    np.testing.assert_allclose(fleet["diesel"], (2 + (bought[0] + bought[1])["diesel"]) / 4)
    assert (fleet_shares(WORK, values, year=2028)["fuel_cell"] == 0.0).all()
    # Kept a year and a half: half of 2029's purchases are left.
    half = fleet_shares(WORK, values | {"ownership.life_years": 1.5}, year=2030)
    bought = [
        purchase_shares(
            cost_per_km(WORK, values | {"ownership.life_years": 1.5}, year=year),
            scale=values["ownership.logit_scale"],
        )
        for year in (2029, 2030)
    ]
    np.testing.assert_allclose(half["fuel_cell"], (bought[0] / 2 + bought[1])["fuel_cell"] / 1.5)


def test_break_even_price_makes_the_costs_equal(assumptions):
    cost = cost_per_km(WORK, assumptions, year=2035)
    for against in ("diesel", "battery"):
        even = break_even_hydrogen(
            cost, kg_per_km=WORK["kg_per_km"], price=assumptions[HYDROGEN], against=against
        )
        for name in VEHICLE_CLASSES:
            again = cost_per_km(WORK, assumptions | {HYDROGEN: even[name]}, year=2035)["total"]
            assert again[name, "fuel_cell"] == pytest.approx(again[name, against])


@settings(max_examples=25, deadline=None)
@given(low=st.floats(0.0, 60.0), more=st.floats(0.1, 40.0), year=st.integers(2027, 2040))
def test_cheaper_hydrogen_never_lowers_a_share(small_region, low, more, year):
    cheap = fuel_cell_share(small_region | {HYDROGEN: low}, year)
    dear = fuel_cell_share(small_region | {HYDROGEN: low + more}, year)
    assert (cheap > dear).all()


@settings(max_examples=25, deadline=None)
@given(
    key=st.sampled_from(
        [
            "ownership.toll_exempt_share",
            "ownership.purchase_subsidy_share",
            "ownership.operating_subsidy_wan_cny_per_year",
        ]
    ),
    low=st.floats(0.0, 0.4),
    more=st.floats(0.05, 0.5),
    price=st.floats(10.0, 60.0),
)
def test_more_help_never_lowers_a_share(small_region, key, low, more, price):
    base = small_region | {HYDROGEN: price}
    assert (fuel_cell_share(base | {key: low + more}) > fuel_cell_share(base | {key: low})).all()


@settings(max_examples=30, deadline=None)
@given(
    key=st.sampled_from(["ownership.diesel_cny_per_l", "ownership.electricity_cny_per_kwh"]),
    factor=st.floats(1.05, 3.0),
)
def test_dearer_rivals_never_lower_a_share(small_region, key, factor):
    dearer = small_region | {key: small_region[key] * factor}
    assert (fuel_cell_share(dearer) > fuel_cell_share(small_region)).all()


def test_axle_classes_are_those_of_trucks_and_keys_are_shipped(assumption_table):
    assert set(AXLE_CLASSES) == set(VEHICLE_CLASSES) - {"coach_12m"}
    assert set(limits()) <= set(assumption_table.index)
    own = {key for key in assumption_table.index if key.startswith("ownership.")}
    assert own <= set(limits())


def test_faults_name_the_key():
    values = dict.fromkeys(limits(), 0.5) | {"ownership.first_sales_year": 2025.0}
    values["ownership.life_years"] = 8.0
    assert ownership_faults(values) == []
    del values["ownership.price_wan_cny.light_9t.battery"]
    values["ownership.toll_exempt_share"] = 1.5
    assert [fault.where for fault in ownership_faults(values)] == [
        "ownership.toll_exempt_share",
        "ownership.price_wan_cny.light_9t.battery",
    ]


@pytest.mark.parametrize("bound", ["low", "high"])
def test_each_single_bound_gives_shares(assumption_table, assumptions, bound):
    for key in limits():
        values = assumptions | {key: float(assumption_table.loc[key, bound])}
        assert ownership_faults(values) == [], key
        assert fuel_cell_share(values).between(0.0, 1.0, inclusive="neither").all(), key
