"""Sales by hour of the day: they add up to the load, and follow who refuels when."""

import numpy as np
import pandas as pd
import pytest

from demand.profile import DAY_TYPES, MONTHS, daily_factor, days, hourly
from planner.inputs import assumptions_in_force, load_inputs
from planner.pipeline import make_plan
from planner.plan import HOUR_COLUMNS
from planner.scenario import PointDemand, Scenario
from planner.station_hours import sold_by_class

TRACTOR, COACH = 0, 5


@pytest.fixture(scope="module")
def plan():
    lon, lat = load_inputs().sites.loc["ST-LONGQUANYI", ["lon", "lat"]]
    depot = PointDemand(point_id="DEPOT", name_zh="公交场", use="bus", lon=lon, lat=lat, kg_per_day=240.0)
    return make_plan(Scenario(stations=6, point_demands=(depot,), assumptions={"station.simulated_days": 1}))


@pytest.fixture(scope="module")
def values(plan):
    return assumptions_in_force(load_inputs().assumptions, plan.scenario.assumptions)[0]


def test_the_hours_of_the_mean_day_add_up_to_the_load(plan):
    table = plan.hours
    assert list(table.columns) == list(HOUR_COLUMNS)
    assert table["site_id"].tolist() == np.repeat(plan.stations["site_id"], 24).tolist()
    assert table["hour"].tolist() == [*range(24)] * len(plan.stations)
    sums = table.groupby("site_id")["kg_per_hour"].sum()[plan.stations["site_id"]]
    assert np.allclose(sums, plan.stations["load_kg_per_day"], rtol=1e-9, atol=1e-9)
    assert (plan.stations["load_kg_per_day"] > 0.0).sum() >= 6


def test_the_design_day_is_busier_by_the_factor_of_its_kind(plan, values):
    """Each station's design day lies between the factors of its vehicles on that day."""
    sums = plan.hours.groupby("site_id")["design_day_kg_per_hour"].sum()
    served = plan.points.loc[plan.points["covered"], ["site_id", "served_kg_per_day"]]
    to_points = served.groupby("site_id")["served_kg_per_day"].sum()
    busy = 0
    for queue, load in zip(plan.queues.itertuples(), plan.stations["load_kg_per_day"], strict=True):
        if pd.isna(queue.design_month):
            assert sums[queue.site_id] == pytest.approx(load)
            continue
        truck, coach = (
            daily_factor(values, name, month=int(queue.design_month), day_type=queue.design_day)
            for name in ("tractor_49t", "coach_12m")
        )
        vehicles = load - to_points.get(queue.site_id, 0.0)
        if vehicles < 1e-9:
            continue
        factor = (sums[queue.site_id] - load + vehicles) / vehicles
        assert min(truck, coach) - 1e-9 <= factor <= max(truck, coach) + 1e-9
        busy += 1
    assert busy >= 6


def test_a_point_is_sold_to_evenly_and_vehicles_by_their_hours(plan, values):
    """What a station sells besides its points has the shape of a mix of the classes' hours."""
    point = plan.points.iloc[0]
    assert point["covered"]
    assert point["served_kg_per_day"] == pytest.approx(240.0)
    row = plan.hours[plan.hours["site_id"] == point["site_id"]]["kg_per_hour"].to_numpy()
    shapes = np.array([hourly(values, name) for name in ("tractor_49t", "rigid_18t", "coach_12m")])
    mix, left, *_ = np.linalg.lstsq(shapes.T, row - 10.0, rcond=None)
    assert left.sum() < 1e-12
    assert (mix > -1e-9).all()
    assert mix.sum() == pytest.approx(row.sum() - 240.0)


def test_the_mean_day_is_the_mean_of_the_days_of_a_year(values):
    """Why the profile of a kind of day, weighted by its days, is that of the mean day."""
    for name in ("tractor_49t", "coach_12m"):
        year = sum(
            days(month, kind) * daily_factor(values, name, month=month, day_type=kind)
            for month in MONTHS
            for kind in DAY_TYPES
        )
        assert year / 365.0 == pytest.approx(1.0)


def test_sales_are_split_by_class():
    fills = pd.DataFrame(
        {"trip": [0, 0, 1], "station": [0, 1, 1], "kg_per_trip": [10.0, 5.0, 3.0], "visits_per_trip": 1.0}
    )
    served = pd.DataFrame({"vehicle_class": ["tractor_49t", "coach_12m"], "trips_per_day": [2.0, 4.0]})
    sold = sold_by_class(fills, served, share=np.array([0.5, 1.0]), n_stations=3)
    assert sold[:, TRACTOR].tolist() == [10.0, 5.0, 0.0]
    assert sold[:, COACH].tolist() == [0.0, 12.0, 0.0]
    assert sold.sum() == 27.0
