"""What one station more or less changes, against a new evaluation of every single change."""

import json
import time

import numpy as np
import pandas as pd
import pytest

from planner import exports, store
from planner.gains import gains_table
from planner.pipeline import make_plan
from planner.plan import GAIN_COLUMNS, no_gains
from planner.scenario import PointDemand, Scenario
from planner.siting_case import siting_case
from siting.coverage import served_trips

FORBIDDEN = "SA-G5013-ANYUE"


@pytest.fixture(scope="module")
def few():
    """A plan with too few stations: many sites would add something."""
    return make_plan(Scenario(room=False, stations=4, forbidden=(FORBIDDEN,)))


@pytest.fixture(scope="module")
def default(solved):
    return solved(assumptions={"station.simulated_days": 1})


def within_range(case, rows, objective="kg"):
    return float(case.counted(objective)[served_trips(case.cover, np.asarray(rows, np.int64))].sum())


def check(plan, sample, objective="kg", unit="kg_per_day"):
    """Evaluate a sample of sites anew, each added to the stations or taken from them."""
    case = siting_case(plan.scenario)
    stations = case.rows(plan.stations["site_id"].tolist())
    before = within_range(case, stations, objective)
    table = plan.gains.set_index("site_id")
    for site in sample:
        row = int(case.rows([site])[0])
        if row in stations:
            after = before - within_range(case, np.setdiff1d(stations, [row]), objective)
            assert table.loc[site, f"loss_{unit}"] == pytest.approx(after, abs=1e-6)
            assert np.isnan(table.loc[site, f"gain_{unit}"])
        else:
            after = within_range(case, np.append(stations, row), objective) - before
            assert table.loc[site, f"gain_{unit}"] == pytest.approx(after, abs=1e-6)
            assert np.isnan(table.loc[site, f"loss_{unit}"])


def sample(plan, n):
    """Return all stations, the sites of the largest gains, and others drawn."""
    others = plan.gains["site_id"][plan.gains["loss_kg_per_day"].isna()]
    drawn = others.sample(n, random_state=7)
    return [*plan.stations["site_id"], *others[:n], *drawn]


def test_gains_and_losses_are_what_a_new_evaluation_gives(few):
    assert (few.gains["gain_kg_per_day"] > 0.0).sum() > 50
    assert (few.gains["loss_kg_per_day"] > 0.0).sum() >= 4
    check(few, sample(few, 30))


def test_the_default_plan_agrees_too_and_takes_no_time(default):
    check(default, sample(default, 15))
    case = siting_case(default.scenario)
    start = time.process_time()
    again = gains_table(case, default.stations, default.flows)
    assert time.process_time() - start < 0.5
    pd.testing.assert_frame_equal(again, default.gains)
    assert default.kpis["served_kg_per_day"] == pytest.approx(default.kpis["covered_kg_per_day"])
    assert (default.gains["no_room_kg_per_day"] == 0.0).all()


def test_every_site_has_its_row_stations_first_then_the_largest_gain(few):
    table = few.gains
    n = len(few.stations)
    assert list(table.columns) == list(GAIN_COLUMNS)
    assert len(table) == len(siting_case(few.scenario).inputs.sites)
    assert table["site_id"].is_unique
    assert table["site_id"][:n].tolist() == few.stations["site_id"].tolist()
    assert table["status"][:n].tolist() == few.stations["status"].tolist()
    assert table["gain_kg_per_day"][n:].is_monotonic_decreasing
    status = table.set_index("site_id")["status"]
    assert status[FORBIDDEN] == "forbidden"
    assert set(status[n:]) == {"candidate", "forbidden"}


def test_another_objective_adds_gains_in_its_unit():
    plan = make_plan(Scenario(room=False, stations=3, objective="trips"))
    check(plan, sample(plan, 10), objective="trips", unit="trips_per_day")
    check(plan, sample(plan, 10))


def test_a_point_nobody_reaches_is_gained_by_the_sites_beside_it(few):
    """A point at a site far from the stations adds its amount to what that site would add."""
    site = few.gains.query("status == 'candidate' and gain_kg_per_day > 0").iloc[0]
    place = siting_case(few.scenario).inputs.sites.loc[site["site_id"]]
    point = PointDemand(
        point_id="P", name_zh="点", use="bus", lon=place["lon"], lat=place["lat"], kg_per_day=777.0
    )
    scenario = few.scenario.model_copy(update={"point_demands": (point,)})
    gains = gains_table(siting_case(scenario), few.stations, few.flows).set_index("site_id")
    assert gains.loc[site["site_id"], "gain_kg_per_day"] == pytest.approx(site["gain_kg_per_day"] + 777.0)


def test_what_finds_no_room_is_told_where_it_passes():
    """Without new stations the existing ones are full: counted trip by trip along the nodes of its route."""
    plan = make_plan(Scenario(room=False, stations=1, assumptions={"station.highest_utilization": 0.2}))
    case = siting_case(plan.scenario)
    flows = plan.flows
    left = flows["kg_per_day"] * flows["coming_share"] - flows["served_kg_per_day"]
    crowded = flows[left > 1e-6]
    assert len(crowded)
    expected = pd.Series(0.0, index=case.inputs.sites.index)
    routes, reached = case.inputs.routes, case.reached
    sites_at = pd.Series(reached.site).groupby(reached.node_id).agg(list)
    for route, kg in left[crowded.index].groupby(flows["route"]).sum().items():
        nodes = routes.nodes[routes.offsets[route] : routes.offsets[route + 1]]
        passed = {site for node in nodes.tolist() for site in sites_at.get(node, [])}
        expected.iloc[sorted(passed)] += kg
    told = plan.gains.set_index("site_id")["no_room_kg_per_day"].reindex(expected.index)
    assert expected.max() > 0.0
    assert np.allclose(told, expected, atol=1e-6)


def test_with_detours_gains_are_unknown(few):
    scenario = few.scenario.model_copy(update={"detour": 0.1, "room": None})
    table = gains_table(siting_case(scenario), few.stations, few.flows)
    assert table[["gain_kg_per_day", "loss_kg_per_day"]].isna().all(axis=None)
    assert len(table) == len(few.gains)


def test_files_and_store_keep_the_table(few, tmp_path, monkeypatch):
    exports.write_all(few, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "gains.csv", encoding="utf-8-sig")
    assert np.allclose(table["gain_kg_per_day"], few.gains["gain_kg_per_day"], atol=1e-3, equal_nan=True)
    stored = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))["gains"]
    assert [row["site_id"] for row in stored] == few.gains["site_id"].tolist()
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    store.save(few)
    again = store.find(few.scenario, few.provenance["fingerprint"])
    pd.testing.assert_frame_equal(again.gains, few.gains)
    pd.testing.assert_frame_equal(again.hours, few.hours)
    assert list(no_gains().columns) == list(GAIN_COLUMNS)
