"""Plans asked to bear the outage of any one station: what they say, and what others say of them."""

from __future__ import annotations

import json

import numpy as np
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from corridor.errors import InfeasibleError, InputError, SolverError
from planner import exports, store
from planner.cli import app
from planner.inputs import fingerprint
from planner.pipeline import make_plan
from planner.plan import WEAK_SPOT_COLUMNS
from planner.scenario import Scenario, validated
from planner.siting_case import siting_case
from planner.text import LANGUAGES
from siting.coverage import served_trips

RUNNER = CliRunner()
SHARE = 0.3


@pytest.fixture(scope="module")
def plain_plan(solved):
    return solved(room=False, stations=2)


@pytest.fixture(scope="module")
def plan(solved):
    return solved(room=False, stations=2, resilience=SHARE)


def test_scenarios_without_resilience_keep_their_identity():
    content = Scenario().model_dump(mode="json", exclude={"name", "point_demands", "resilience"})
    assert "resilience" not in content
    assert Scenario(resilience=None).identity == Scenario().identity
    assert Scenario(resilience=0.0).identity != Scenario().identity
    assert Scenario(resilience=0.5).identity != Scenario(resilience=0.6).identity


def test_weak_spots_are_what_the_other_stations_cover(plan):
    case = siting_case(plan.scenario)
    rows = np.sort(case.rows(plan.stations["site_id"].tolist()))
    reachable = case.volume[case.cover.trip_class >= 0].sum()
    assert list(plan.weak_spots.columns) == list(WEAK_SPOT_COLUMNS)
    assert sorted(plan.weak_spots["site_id"]) == sorted(plan.stations["site_id"])
    for spot in plan.weak_spots.itertuples():
        rest = np.setdiff1d(rows, case.rows([spot.site_id]))
        left = case.volume[served_trips(case.cover, rest)].sum()
        assert spot.left_kg_per_day == pytest.approx(left)
        assert spot.lost_kg_per_day == pytest.approx(plan.kpis["covered_kg_per_day"] - left, abs=1e-6)
        assert spot.left_share == pytest.approx(left / reachable)
    assert plan.weak_spots["left_kg_per_day"].is_monotonic_increasing
    assert plan.kpis["worst_outage_left_share"] == pytest.approx(plan.weak_spots["left_share"].min())
    assert plan.kpis["worst_outage_left_share"] >= SHARE


def test_the_price_is_what_the_plan_without_the_demand_covers_more(plan, plain_plan):
    more = plain_plan.kpis["covered_kg_per_day"] - plan.kpis["covered_kg_per_day"]
    assert plan.kpis["resilience_price_kg_per_day"] == pytest.approx(more, abs=1e-3)
    assert more >= -1e-6
    assert "worst_outage_left_share" not in plain_plan.kpis


def test_a_plan_that_was_not_asked_knows_its_weak_spots(plain_plan):
    case = siting_case(plain_plan.scenario)
    rows = np.sort(case.rows(plain_plan.stations["site_id"].tolist()))
    assert sorted(plain_plan.weak_spots["site_id"]) == sorted(plain_plan.stations["site_id"])
    for spot in plain_plan.weak_spots.itertuples():
        left = case.volume[served_trips(case.cover, np.setdiff1d(rows, case.rows([spot.site_id])))].sum()
        assert spot.left_kg_per_day == pytest.approx(left)


def test_weak_spots_of_a_plan_in_money_are_in_kilograms():
    plan = make_plan(Scenario(objective="net_benefit", stations=2, solve={"time_limit_s": 3.0}))
    assert list(plan.weak_spots.columns) == list(WEAK_SPOT_COLUMNS)
    spots = plan.weak_spots
    np.testing.assert_allclose(
        spots["left_kg_per_day"] + spots["lost_kg_per_day"], plan.kpis["covered_kg_per_day"]
    )


def test_the_notice_names_the_worst_outage_in_both_languages(plan, plain_plan):
    notice = next(notice for notice in plan.notices if notice.key == "resilience")
    for language in LANGUAGES:
        assert str(plan.weak_spots["name_zh"].iloc[0]) in notice.say(language)
        assert f"{SHARE:.1%}" in notice.say(language)
    assert all(notice.key != "resilience" for notice in plain_plan.notices)


def test_exports_and_the_store_keep_the_weak_spots(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    store.save(plan)
    again = store.find(plan.scenario, fingerprint(plan.scenario))
    pd.testing.assert_frame_equal(again.weak_spots, plan.weak_spots, check_dtype=False)
    exports.write_all(plan, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "weak_spots.csv", encoding="utf-8-sig")
    assert table["site_id"].tolist() == plan.weak_spots["site_id"].tolist()
    book = openpyxl.load_workbook(tmp_path / "out" / "plan.xlsx")
    assert book.worksheets[-1].max_row == len(plan.weak_spots) + 1
    content = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert len(content["weak_spots"]) == len(plan.weak_spots)


def test_more_than_two_stations_can_leave_names_the_most_they_can():
    with pytest.raises(InfeasibleError, match=r"No 2 new stations leave 99\.0%.*most they can leave is"):
        make_plan(Scenario(room=False, stations=2, resilience=0.99, solve={"time_limit_s": 5.0}))


def test_no_time_is_no_answer():
    with pytest.raises(SolverError, match="none was ruled out"):
        make_plan(Scenario(stations=6, resilience=0.7, solve={"time_limit_s": 1e-3}))


@pytest.mark.parametrize("value", ["1.2", "-0.1", "nan", "much"])
def test_a_share_that_is_none_is_one_error(value):
    said = RUNNER.invoke(app, ["plan", "--set", f"resilience={value}", "--json"])
    assert said.exit_code == 2
    with pytest.raises(InputError, match="resilience"):
        validated({"resilience": value}, where="scenario")


def test_the_command_line_prints_the_weak_spots(tmp_path, monkeypatch, plan):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    store.save(plan)
    said = RUNNER.invoke(
        app, ["plan", "--set", "room=false", "--stations", "2", "--resilience", str(SHARE), "--reuse"]
    )
    assert said.exit_code == 0
    assert "薄弱站点 Weak spots" in said.stdout


def test_a_closed_station_is_no_weak_spot_and_no_longer_within_reach(solved):
    closed = "ST-JIULONGPO"
    plan = solved(room=False, stations=2, closed_stations=(closed,))
    case = siting_case(plan.scenario)
    assert closed not in set(plan.weak_spots["site_id"])
    rest = np.setdiff1d(np.arange(len(case.inputs.sites)), case.rows([closed]))
    reachable = case.volume[served_trips(case.cover, rest)].sum()
    worst = plan.weak_spots.iloc[0]
    assert worst["left_share"] == pytest.approx(worst["left_kg_per_day"] / reachable)
