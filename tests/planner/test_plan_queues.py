"""Dispensers of plans: visits from fills, the design hour, notices, and what users see of them."""

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from corridor.errors import InputError
from demand.profile import DAY_TYPES, MONTHS, daily_factor, days, hourly
from planner import exports, store
from planner.cli import app
from planner.inputs import assumptions_in_force, load_inputs
from planner.pipeline import make_plan
from planner.plan import QUEUE_COLUMNS
from planner.queues import Visits, check_queue_values, station_queues, visits
from planner.scenario import Scenario

MODULES = (500, 1000, 2000, 4000)
TRACTOR, POINT = 0, 6


@pytest.fixture(scope="module")
def plan(solved):
    return solved(room=False, stations=6, assumptions={"station.simulated_days": 2})


@pytest.fixture(scope="module")
def values():
    return assumptions_in_force(load_inputs().assumptions, {"station.simulated_days": 3})[0]


def fills(per_day, *, kg=30.0, stream=TRACTOR, n_stations=1, values):
    """Return equal fills at each station."""
    n = n_stations
    return Visits(
        station=np.arange(n),
        stream=np.full(n, stream),
        per_day=np.broadcast_to(np.asarray(per_day, float), n),
        kg=np.full(n, kg),
        service_min=np.full(n, kg / values["station.fill_kg_per_min.35mpa"] + values["station.handling_min"]),
    )


def sites(n):
    names = [f"S{i}" for i in range(n)]
    return pd.DataFrame({"name_zh": names, "name_en": names, "status": "candidate"}, index=names)


def queues(of_plan, capacity, values):
    stations = sites(len(capacity))
    return station_queues(
        stations, of_plan, capacity_kg_per_day=np.asarray(capacity, float), modules=MODULES, values=values
    )


def test_every_station_has_its_row_and_the_siting_table_repeats_it(plan):
    assert list(plan.queues.columns) == list(QUEUE_COLUMNS)
    assert plan.queues["site_id"].tolist() == plan.stations["site_id"].tolist()
    assert plan.queues["status"].tolist() == plan.stations["status"].tolist()
    for name in ("dispensers", "dispensers_needed", "wait_p95_min", "simulated_wait_p95_min"):
        assert np.array_equal(plan.stations[name], plan.queues[name], equal_nan=True)
    idle = plan.queues[plan.stations["load_kg_per_day"] == 0.0]
    assert len(idle)
    assert (idle[["dispensers_needed", "arrivals_per_hour", "wait_p95_min", "simulated_vehicles"]] == 0).all(
        axis=None
    )
    assert idle[["design_hour", "design_month", "design_day", "fill_kg"]].isna().all(axis=None)


def test_traffic_of_the_design_hour_comes_from_the_visits_of_the_plan(plan):
    """The 30th hour lies above the mean hour and, by the shape of the profiles, below a sixth of the day."""
    loaded = plan.stations["visits_per_day"].to_numpy() > 1.0
    share = plan.queues["arrivals_per_hour"].to_numpy()[loaded] / plan.stations["visits_per_day"][loaded]
    assert (share > 1.2 / 24).all()
    assert (share < 1 / 6).all()
    mean_fill = (plan.stations["load_kg_per_day"] / plan.stations["visits_per_day"])[loaded]
    assert np.allclose(plan.queues["fill_kg"][loaded], mean_fill, rtol=0.25)
    q = plan.queues[loaded]
    assert np.allclose(
        q["dispenser_busy_share"], q["arrivals_per_hour"] * q["service_min"] / 60 / q["dispensers"], rtol=1e-9
    )


def test_formula_and_simulation_agree_on_the_plan(plan):
    q = plan.queues
    assert (q["simulated_wait_p95_low_min"] <= q["simulated_wait_p95_min"]).all()
    assert (q["simulated_wait_p95_min"] <= q["simulated_wait_p95_high_min"]).all()
    relaxed = q["dispenser_busy_share"] < 0.1
    assert (q.loc[relaxed, "simulated_day_p95_min"] == 0.0).all()
    assert (q.loc[relaxed, "wait_p95_min"] == 0.0).all()


def test_a_crowded_station_waits_alike_by_formula_and_simulation(values):
    """Fills of one size all day long: the hour is a day, so that no formula is needed for its shape."""
    many = values | {"station.simulated_days": 200.0}
    of_plan = fills([120.0, 290.0], stream=POINT, n_stations=2, values=many)
    row = queues(of_plan, [1000.0, 2000.0], many).table
    assert row["arrivals_per_hour"].tolist() == pytest.approx([5.0, 290 / 24])
    assert (row["wait_p95_min"] > 5.0).all()
    assert np.allclose(row["simulated_day_mean_min"], row["wait_mean_min"], rtol=0.2)
    assert np.allclose(row["simulated_day_p95_min"], row["wait_p95_min"], rtol=0.2)


def test_the_design_hour_is_the_thirtieth_of_a_year_counted_hour_by_hour(values):
    hours = [
        (daily_factor(values, "tractor_49t", month=month, day_type=kind) * share, days(month, kind))
        for month in MONTHS
        for kind in DAY_TYPES
        for share in hourly(values, "tractor_49t")
    ]
    left = 30.0
    for load, count in sorted(hours, reverse=True):  # noqa: B007  the last one is the answer
        left -= count
        if left <= 0.0:
            break
    table = queues(fills(40.0, values=values), [2000.0], values).table
    assert table["arrivals_per_hour"].iloc[0] == pytest.approx(40.0 * load)
    busiest = queues(fills(40.0, values=values), [2000.0], values | {"station.design_hour_rank": 1.0}).table
    assert busiest["arrivals_per_hour"].iloc[0] == pytest.approx(40.0 * max(hours)[0])


def test_too_few_dispensers_are_told_in_both_languages(values):
    found = queues(fills([5.0, 60.0, 400.0], n_stations=3, values=values), [500.0] * 3, values)
    table = found.table
    assert table["dispensers"].tolist() == [2, 2, 2]
    assert table["dispensers_needed"].is_monotonic_increasing
    assert table["dispensers_needed"].iloc[2] > 2
    assert np.isnan(table["wait_p95_min"].iloc[2])  # the line never clears: no wait to tell
    assert table["simulated_wait_p95_min"].iloc[2] > 60.0
    notices = {notice.key: notice for notice in found.notices()}
    assert set(notices) == {"queue_long", "buffer_small"}
    assert notices["queue_long"].details["simulated"] == 1
    for language in ("zh", "en"):
        assert "S2" in notices["queue_long"].say(language)
    enough = values | {"station.500.dispensers": float(table["dispensers_needed"].max())}
    more = queues(fills([5.0, 60.0, 400.0], n_stations=3, values=values), [500.0] * 3, enough)
    assert (more.table["wait_p95_min"] <= 10.0).all()
    assert "queue_long" not in {notice.key for notice in more.notices()}
    asked = queues(
        fills([5.0, 60.0, 400.0], n_stations=3, values=values),
        [500.0] * 3,
        values | {"station.wait_target_min": 0.0},
    )
    assert (asked.table["dispensers_needed"] >= table["dispensers_needed"]).all()


def test_a_simulation_above_the_target_contradicts_the_formula(values):
    found = queues(fills(60.0, values=values), [1000.0], values)
    table = found.table.assign(
        dispensers_needed=1, simulated_wait_p95_low_min=10.1, simulated_wait_p95_high_min=20.0
    )
    notices = type(found)(table=table, target_min=10.0).notices()
    assert [notice.key for notice in notices] == ["queue_unconfirmed"]
    assert "S0" in notices[0].say("en")


def test_two_vehicles_at_a_dispenser_need_half_the_dispensers(values):
    one = queues(fills(200.0, values=values), [4000.0], values).table
    two = queues(
        fills(200.0, values=values), [4000.0], values | {"station.vehicles_per_dispenser": 2.0}
    ).table
    assert two["dispensers_needed"].iloc[0] == -(-one["dispensers_needed"].iloc[0] // 2)
    assert two["dispenser_busy_share"].iloc[0] == pytest.approx(one["dispenser_busy_share"].iloc[0] / 2)


def test_a_station_of_no_module_counts_as_the_next_larger_one(values):
    of_plan = fills(0.0, n_stations=5, values=values)
    table = queues(of_plan, [0.0, 400.0, 1000.0, 1500.0, 8000.0], values).table
    assert table["dispensers"].tolist() == [2, 2, 2, 4, 16]
    assert table["storage_kg"].tolist() == [400, 400, 700, 1300, 4800]


def test_fills_of_trips_and_points_become_visits_and_keep_their_kilograms(values):
    replayed = pd.DataFrame(
        {
            "trip": [0, 0, 1],
            "station": [0, 1, 1],
            "kg_per_trip": [30.0, 8.0, 0.1],
            "visits_per_trip": [2.0, 1.0, 0.0],
        }
    )
    served = pd.DataFrame(
        {
            "vehicle_class": ["tractor_49t", "coach_12m"],
            "storage": ["35mpa", "70mpa"],
            "trips_per_day": [4.0, 9.0],
        }
    )
    points = SimpleNamespace(
        covered=np.array([False, True]),
        station=np.array([-1, 1]),
        served_kg_per_day=lambda: np.array([0.0, 50.0]),
    )
    found = visits(replayed, served, points, share=np.array([0.5, 1.0]), values=values)
    assert found.station.tolist() == [0, 1, 1]
    assert found.stream.tolist() == [TRACTOR, TRACTOR, POINT]
    assert found.per_day.tolist() == pytest.approx([4.0, 2.0, 2.5])
    assert found.kg.tolist() == pytest.approx([15.0, 8.0, 20.0])
    assert found.per_day @ found.kg == pytest.approx(0.5 * 4.0 * 38.0 + 50.0)
    assert found.service_min.tolist() == pytest.approx([15 / 2.7 + 4, 8 / 2.7 + 4, 20 / 2.7 + 4])


def test_point_demands_come_evenly_over_the_clock(values):
    table = queues(fills(24.0, stream=POINT, values=values), [1000.0], values).table
    assert table["arrivals_per_hour"].iloc[0] == pytest.approx(1.0)
    assert table["buffer_needed_kg"].iloc[0] == pytest.approx(0.0, abs=1e-9)


def test_impossible_assumptions_are_named_before_any_work(values):
    bad = {"station.handling_min": -1.0, "station.fill_kg_per_min.35mpa": 0.0, "station.simulated_days": 0.0}
    with pytest.raises(InputError) as caught:
        check_queue_values(values | bad, modules=MODULES)
    assert {fault.where for fault in caught.value.faults} == set(bad)
    with pytest.raises(InputError, match=r"station\.500\.dispensers"):
        make_plan(Scenario(room=False, stations=1, assumptions={"station.500.dispensers": 0.0}))


def test_exports_and_the_store_keep_the_queues(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    store.save(plan)
    again = store.find(plan.scenario, plan.provenance["fingerprint"])
    pd.testing.assert_frame_equal(again.queues, plan.queues, check_dtype=False)
    exports.write_all(plan, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "queues.csv", encoding="utf-8-sig")
    assert list(table.columns) == list(QUEUE_COLUMNS)
    assert table["site_id"].tolist() == plan.stations["site_id"].tolist()
    assert np.allclose(table["simulated_wait_p95_min"], plan.queues["simulated_wait_p95_min"], atol=1e-3)


def test_the_same_scenario_has_the_same_waits_and_more_days_are_simulated_on_request(plan):
    again = make_plan(plan.scenario)
    pd.testing.assert_frame_equal(again.queues, plan.queues)
    busy = plan.stations["visits_per_day"] > 60.0
    assert (plan.queues.loc[busy, "simulated_days"] == 2).all()
    assert (plan.queues.loc[~busy & (plan.queues["arrivals_per_hour"] > 0), "simulated_days"] >= 2).all()


def test_the_command_line_simulates_as_many_days_as_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    asked = ["plan", "--set", "room=false", "--stations", "2", "--year", "2035", "--simulate-days"]
    result = CliRunner().invoke(app, [*asked, "3", "--json"])
    assert result.exit_code == 0, result.stderr
    content = json.loads(result.stdout)
    assert content["scenario"]["assumptions"] == {"station.simulated_days": 3.0}
    rows = [row for row in content["queues"] if row["arrivals_per_hour"] > 5.0]
    assert rows
    assert {row["simulated_days"] for row in rows} == {3}
    assert CliRunner().invoke(app, [*asked, "0"]).exit_code == 2
