from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InfeasibleError, InputError
from corridor.sources import data_directory, read_fleet
from demand.adoption import (
    fuel_cell_shares,
    gateway_weight,
    intercity_fleet,
    modeled_work,
    spread,
)
from demand.checks import implied_fleet
from demand.diffusion import fitted
from demand.hydrogen import all_trips, demand_table
from demand.inputs import VEHICLE_CLASSES
from demand.vehicles import vehicle_table

GIVEN = {
    "adoption.share.tractor_49t.2027": 0.02,
    "adoption.share.tractor_49t.2030": 0.08,
    "adoption.share.tractor_49t.2035": 0.28,
    "adoption.share.rigid_18t.2027": 0.01,
    "adoption.share.rigid_18t.2035": 0.09,
    "adoption.share.coach_12m.2027": 0.0,
    "adoption.share.coach_12m.2035": 1.0,
    **{
        f"adoption.share.{name}.{year}": 0.01
        for name in ("rigid_31t", "light_9t", "light_4t5")
        for year in (2027, 2035)
    },
}


@pytest.mark.parametrize(
    ("year", "tractor", "rigid"),
    [(2027, 0.02, 0.01), (2028, 0.04, 0.02), (2030, 0.08, 0.04), (2033, 0.20, 0.07), (2035, 0.28, 0.09)],
)
def test_straight_lines_between_given_years(year, tractor, rigid):
    shares = fuel_cell_shares(GIVEN, year=year)
    assert shares["tractor_49t"] == pytest.approx(tractor)
    assert shares["rigid_18t"] == pytest.approx(rigid)


@pytest.mark.parametrize("year", [2026, 2036])
def test_nothing_outside_the_given_years(year):
    with pytest.raises(InputError, match="is outside 2027-2035") as error:
        fuel_cell_shares(GIVEN, year=year)
    assert len(error.value.faults) == 6


def test_a_class_without_shares_and_an_impossible_share_are_named_together():
    wrong = {key: value for key, value in GIVEN.items() if "coach" not in key}
    wrong["adoption.share.rigid_18t.2035"] = 1.2
    with pytest.raises(InputError) as error:
        fuel_cell_shares(wrong, year=2030)
    assert [fault.where for fault in error.value.faults] == [
        "adoption.share.rigid_18t.2035",
        "adoption.share.coach_12m.<year>",
    ]


def test_each_gateway_end_scales_the_share(zones, routes):
    weight = gateway_weight(zones, routes, assumptions={"adoption.gateway_factor": 0.3})
    assert weight.tolist() == [0.3 if end == 4 else 1.0 for end in routes.destination]
    both = zones.assign(kind=["county", "county", "county", "gateway", "gateway"])
    assert gateway_weight(both, routes, assumptions={"adoption.gateway_factor": 0.3})[-1] == pytest.approx(
        0.09
    )


@pytest.fixture(scope="module")
def fleet():
    return read_fleet(data_directory())


@pytest.mark.parametrize("year", [2027, 2030, 2035])
def test_the_bass_fleet_is_what_the_trips_keep_busy(zones, routes, used, assumptions, fleet, year):
    # A quarter of the trips a real region has: a market that fits into it.
    values = assumptions | {"diffusion.market_vehicles": 3_000.0}
    table = demand_table(
        zones, routes, used=used, assumptions=values, year=year, adoption="bass", fleet=fleet
    )
    share = np.interp(
        year, (2027, 2030, 2035), [values[f"diffusion.intercity_share.{y}"] for y in (2027, 2030, 2035)]
    )
    expected = share * fitted(fleet, values).fleet(year + 0.5)
    assert implied_fleet(table, routes, assumptions=values).sum() == pytest.approx(expected)
    assert intercity_fleet(values, fleet=fleet, year=year) == pytest.approx(expected)


def test_classes_keep_the_proportions_of_policy(zones, routes, used, assumptions, fleet):
    options = {"used": used, "assumptions": assumptions | {"diffusion.market_vehicles": 3_000.0}}
    tables = [
        demand_table(zones, routes, year=2027, adoption=mode, fleet=fleet, **options)
        for mode in ("policy", "bass")
    ]
    ratio = tables[1]["trips_per_day"] / tables[0]["trips_per_day"]
    assert ratio.to_numpy() == pytest.approx(ratio.iloc[0])
    assert ratio.iloc[0] != pytest.approx(1.0, rel=0.01)


def test_modeled_work_by_hand(routes, make_use, assumptions):
    round_trips = np.zeros((len(routes), len(VEHICLE_CLASSES)))
    round_trips[1, 0], round_trips[2, 0] = 10.0, 5.0  # A-C, 120 km, and A-D, 300 km: 2,400 and 3,000 km
    rate = assumptions["road.toll_cny_per_km.motorway.6"] * (1 - assumptions["road.toll_etc_discount"])
    toll = np.zeros(len(routes))
    toll[1] = 60.0 * rate  # half of A-C is tolled
    tolled = type(routes)(**{**{name: getattr(routes, name) for name in routes.__slots__}, "toll_cny": toll})
    use = make_use(routes, assumptions, kg_per_km=[0.1] * len(VEHICLE_CLASSES))
    work = modeled_work(tolled, round_trips, used=use, assumptions=assumptions)
    tractor = work.loc["tractor_49t"]
    km_per_day = vehicle_table(assumptions).loc["tractor_49t", "km_per_day"]
    assert tractor["vehicles"] == pytest.approx(5_400 / km_per_day)
    assert tractor["kg_per_km"] == pytest.approx(0.1)
    assert tractor["hours_per_km"] == pytest.approx(1 / 75)
    assert tractor["tolled_share"] == pytest.approx(1_200 / 5_400)
    assert (work.drop(index="tractor_49t") == 0.0).all().all()


def test_cost_mode_follows_the_price_of_hydrogen(zones, routes, used, assumptions):
    shares = []
    for price in (15.0, 30.0, 45.0):
        values = assumptions | {"economics.retail_price_cny_per_kg": price}
        table = demand_table(zones, routes, used=used, assumptions=values, year=2030, adoption="cost")
        shares.append(float(table["trips_per_day"].sum()))
    assert shares[0] > shares[1] > shares[2] > 0


def test_policy_is_the_default_and_needs_nothing_else(zones, routes, used, assumptions):
    bare = {k: v for k, v in assumptions.items() if not k.startswith(("diffusion.", "ownership."))}
    plain = demand_table(zones, routes, used=used, assumptions=bare, year=2030)
    named = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030, adoption="policy")
    pd.testing.assert_frame_equal(plain, named)


def test_what_a_way_lacks_is_named(zones, routes, used, assumptions):
    bare = {k: v for k, v in assumptions.items() if not k.startswith(("diffusion.", "ownership."))}
    bare |= {"diffusion.intercity_share.2030": 1.5}
    for mode, some in (("bass", "diffusion.market_vehicles"), ("cost", "ownership.life_years")):
        with pytest.raises(InputError) as error:
            demand_table(zones, routes, used=used, assumptions=bare, year=2030, adoption=mode)
        where = [fault.where for fault in error.value.faults]
        assert some in where
        assert ("diffusion.intercity_share.2030" in where) == (mode == "bass")
    with pytest.raises(InputError, match="the work of the vehicles is missing") as error:
        fuel_cell_shares(assumptions, year=2030, mode="bass")
    assert len(error.value.faults) == 2
    none = {k: v for k, v in assumptions.items() if not k.startswith("diffusion.intercity_share")}
    with pytest.raises(InputError, match=r"diffusion.intercity_share.<year>: no year is given"):
        fuel_cell_shares(none, year=2030, mode="bass")


def test_spread_fills_the_largest_first():
    weights = pd.Series({"a": 0.8, "b": 0.1, "c": 0.0})
    vehicles = pd.Series({"a": 100.0, "b": 1000.0, "c": 500.0})
    assert spread(90.0, weights, vehicles=vehicles).to_dict() == pytest.approx({"a": 0.4, "b": 0.05, "c": 0})
    assert spread(400.0, weights, vehicles=vehicles).to_dict() == pytest.approx({"a": 1, "b": 0.3, "c": 0})
    assert spread(1100.0, weights, vehicles=vehicles).to_dict() == pytest.approx({"a": 1, "b": 1, "c": 0})
    with pytest.raises(InfeasibleError, match="1,101 fuel-cell vehicles"):
        spread(1101.0, weights, vehicles=vehicles)


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.floats(0.001, 1.0), min_size=2, max_size=6),
    vehicles=st.lists(st.floats(1.0, 1e5), min_size=6, max_size=6),
    part=st.floats(0.0, 0.999),
)
def test_spread_adds_up_to_the_fleet(weights, vehicles, part):
    weight = pd.Series(weights)
    count = pd.Series(vehicles[: len(weights)])
    shares = spread(part * count.sum(), weight, vehicles=count)
    assert shares.between(0.0, 1.0).all()
    assert float((shares * count).sum()) == pytest.approx(part * count.sum(), rel=1e-9)
    assert (shares[weight.sort_values().index].diff().dropna() >= -1e-12).all()


def test_policy_shares_of_the_small_region_are_unchanged(zones, routes, used, assumptions):
    """The default stays: shares times weighted trips, nothing else."""
    table = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030)
    trips = all_trips(zones, routes, assumptions=assumptions, year=2030).to_numpy()
    weight = gateway_weight(zones, routes, assumptions=assumptions)
    share = [assumptions[f"adoption.share.{name}.2030"] for name in VEHICLE_CLASSES]
    assert table["trips_per_day"].sum() == pytest.approx(float((trips * share * weight[:, None]).sum()))
