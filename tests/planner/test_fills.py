"""Fills of a plan are shared over its stations: what it covers it serves, as long as there is room."""

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

import planner.pipeline
from planner.driving import class_numbers
from planner.fills import shared_fills
from planner.pipeline import make_plan
from planner.scenario import Scenario
from siting.replay import replay_trips


def test_the_default_plan_serves_all_it_covers():
    plan = make_plan(Scenario())
    assert plan.kpis["served_kg_per_day"] == pytest.approx(plan.kpis["covered_kg_per_day"], rel=1e-9)
    assert "full_stations" not in {notice.key for notice in plan.notices}
    assert plan.replay["faults"] == 0
    assert plan.replay["trips"] >= plan.flows["covered"].sum()
    assert 0.0 <= plan.replay["lowest_fill_share"] < 1.0
    # Few stops each: a lap burns little more than a tank on average.
    stops = plan.stations["visits_per_day"].sum() / plan.kpis["trips_served_per_day"]
    assert 1.0 < stops < 4.0


@pytest.fixture(scope="module")
def crowded():
    """Fills of a plan with little room, and what they were made from."""
    seen = {}

    def spy(stations, served, **given):
        seen.update(given, stations=stations, served=served, shared=shared_fills(stations, served, **given))
        return seen["shared"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planner.pipeline, "shared_fills", spy)
        scenario = Scenario(room=False, stations=4, assumptions={"station.highest_utilization": 0.3})
        seen["plan"] = make_plan(scenario)
    return seen


def test_full_stations_are_full_and_no_more(crowded):
    plan, sizing = crowded["plan"], crowded["shared"].sizing
    load, capacity = sizing.stations["load_kg_per_day"], sizing.stations["capacity_kg_per_day"]
    assert (load <= 0.3 * capacity * (1 + 1e-9)).all()
    assert (load > 0.3 * capacity * (1 - 1e-6)).any()
    assert sizing.certificate.status == "optimal"
    assert 0 < plan.kpis["served_kg_per_day"] < plan.kpis["covered_kg_per_day"]
    told = plan.to_dict()["provenance"]["fills"]
    assert told["status"] == "optimal"
    assert told["incumbent"] == pytest.approx(plan.kpis["served_kg_per_day"], rel=1e-8)
    assert told["incumbent"] <= told["bound"] <= plan.kpis["covered_kg_per_day"]
    assert "full_stations" in {notice.key for notice in plan.notices}


def test_fills_loads_and_served_trips_balance(crowded):
    shared, served = crowded["shared"], crowded["served"]
    fills, share = shared.replay.fills, shared.sizing.served_share
    trip, station = fills["trip"].to_numpy(), fills["station"].to_numpy()
    laps = served["trips_per_day"].to_numpy() * share
    load = np.bincount(station, weights=fills["kg_per_trip"] * laps[trip], minlength=len(crowded["stations"]))
    assert load == pytest.approx(shared.sizing.stations["load_kg_per_day"].to_numpy())
    visits = np.bincount(station, weights=fills["visits_per_trip"] * laps[trip], minlength=len(load))
    assert visits == pytest.approx(shared.sizing.stations["visits_per_day"].to_numpy())
    per_trip = np.bincount(trip, weights=fills["kg_per_trip"], minlength=len(served))
    assert per_trip[share > 0] == pytest.approx(served["kg_per_trip"].to_numpy()[share > 0], rel=1e-6)
    assert crowded["plan"].queues["arrivals_per_hour"].notna().all()


def test_sharing_serves_more_than_topping_up_everywhere(crowded):
    served, driven, reached = crowded["served"], crowded["driven"], crowded["reached"]
    driving = driven.driving
    everywhere = replay_trips(
        driving.offsets,
        driving.nodes,
        driving.km,
        out_kg=driving.out_kg,
        back_kg=driving.back_kg,
        route=driven.way,
        kind=class_numbers(served),
        tank_kg=served["tank_kg"].to_numpy(),
        station_nodes=reached.node_id,
        stations=reached.site,
    ).fills
    kg = everywhere["kg_per_trip"] * served["trips_per_day"].to_numpy()[everywhere["trip"]]
    load = sparse.csr_array(
        (kg, (everywhere["station"], everywhere["trip"])), shape=(len(crowded["stations"]), len(served))
    )
    limit = np.where(
        crowded["shared"].sizing.stations["module"] < 0,
        crowded["shared"].sizing.stations["capacity_kg_per_day"],
        4000.0,
    )
    best = linprog(-load.sum(axis=0), A_ub=load, b_ub=0.3 * limit, bounds=(0, 1))
    assert crowded["shared"].sizing.certificate.incumbent > -best.fun * 1.01
