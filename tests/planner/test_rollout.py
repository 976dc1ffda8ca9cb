"""Plans over several years: one model, stations that only grow, and what each year serves."""

from __future__ import annotations

import json

import numpy as np
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from corridor.errors import InputError
from planner import exports, store
from planner.assembly import MODULES_KG_PER_DAY
from planner.buildout import Amounts
from planner.cli import app
from planner.inputs import fingerprint
from planner.pipeline import make_plan
from planner.plan import ROLLOUT_COLUMNS
from planner.rollout import weights
from planner.scenario import Scenario, read_toml, to_toml, validated
from planner.siting_case import siting_case
from siting.coverage import served_trips

RUNNER = CliRunner()
ASKED = {"stations": 5, "rollout": {"2027": 2}, "solve": {"gap": 0.02}}


@pytest.fixture(scope="module")
def plan(solved):
    return solved(**ASKED)


def test_stations_and_sizes_only_grow(plan):
    table = plan.rollout
    assert list(table.columns) == list(ROLLOUT_COLUMNS)
    first, second = (table[table["year"] == year].set_index("site_id") for year in (2027, 2030))
    assert len(first) <= 2
    assert len(second) <= 5
    assert set(first.index) <= set(second.index)
    assert (second.loc[first.index, "capacity_kg_per_day"] >= first["capacity_kg_per_day"]).all()
    assert set(table["capacity_kg_per_day"]) <= set(MODULES_KG_PER_DAY)
    added = table.groupby("site_id")["added_kg_per_day"].sum()
    assert added.to_dict() == second["capacity_kg_per_day"].to_dict()
    said = {"built": (first["added_kg_per_day"] > 0).sum() + len(second) - len(first)}
    assert (table["action"] == "built").sum() == said["built"]


def test_the_last_year_is_the_plan(plan):
    last = plan.rollout[plan.rollout["year"] == 2030].set_index("site_id")
    new = plan.stations[plan.stations["status"] == "new"].set_index("site_id")
    assert set(last.index) == set(new.index)
    for name in ("capacity_kg_per_day", "load_kg_per_day", "utilization"):
        assert last[name].to_dict() == pytest.approx(new[name].to_dict())
    assert plan.kpis["served_kg_per_day_2030"] == pytest.approx(plan.kpis["served_kg_per_day"])
    assert plan.kpis["demand_kg_per_day_2030"] == pytest.approx(plan.kpis["demand_kg_per_day"])
    assert plan.kpis["stations_new_2030"] == len(new)


def test_steps_cost_what_the_sizes_of_the_end_cost(plan):
    spent = plan.rollout["capex_wan_cny"].sum()
    assert spent == pytest.approx(plan.kpis["capex_wan_cny"])
    assert spent == pytest.approx(plan.kpis["capex_wan_cny_2027"] + plan.kpis["capex_wan_cny_2030"])
    assert (plan.rollout["capex_wan_cny"] >= 0.0).all()


def test_the_certificate_is_the_mean_over_the_years(plan):
    share = weights(plan.scenario, {"station.last_period_years": 5.0})
    assert share.tolist() == pytest.approx([3 / 8, 5 / 8])
    served = [plan.kpis[f"served_kg_per_day_{year}"] for year in (2027, 2030)]
    assert share @ served == pytest.approx(plan.certificate.incumbent, rel=1e-5)
    assert plan.certificate.gap <= 0.02


def test_no_year_serves_more_than_it_would_alone(plan):
    alone = {
        2027: make_plan(Scenario(year=2027, stations=2, room=True)),
        2030: make_plan(Scenario(stations=5, room=True)),
    }
    for year, other in alone.items():
        assert other.certificate.gap <= 0.05
        assert plan.kpis[f"served_kg_per_day_{year}"] <= other.certificate.bound * (1 + 1e-6)
        assert other.kpis["served_kg_per_day"] == pytest.approx(other.certificate.incumbent, rel=1e-5)


def test_what_stands_only_here_is_lost_without_the_station(plan):
    for year in (2027, 2030):
        case = siting_case(Scenario(**{**ASKED, "year": year, "rollout": {}}))
        rows = plan.rollout[plan.rollout["year"] == year]
        existing = case.inputs.sites.index[case.existing]
        open_ = case.rows([*existing, *rows["site_id"]])
        kg = case.counted("kg")
        whole = kg[served_trips(case.cover, open_)].sum()
        for row in rows.itertuples():
            rest = np.setdiff1d(open_, case.rows([row.site_id]))
            lost = whole - kg[served_trips(case.cover, rest)].sum()
            assert row.only_here_kg_per_day == pytest.approx(lost, abs=1e-6)
        assert rows["only_here_kg_per_day"].is_monotonic_decreasing


def test_plans_of_one_year_have_no_roll_out():
    plain = make_plan(Scenario(stations=2))
    assert plain.rollout.empty
    assert not [name for name in plain.kpis if name.endswith(("_2027", "_2030"))]


def test_exports_and_the_store_keep_the_roll_out(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    store.save(plan)
    again = store.find(plan.scenario, fingerprint(plan.scenario))
    assert again is not None
    pd.testing.assert_frame_equal(again.rollout, plan.rollout, check_dtype=False)
    exports.write_all(plan, tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "rollout.csv", encoding="utf-8-sig")
    assert table["site_id"].tolist() == plan.rollout["site_id"].tolist()
    book = openpyxl.load_workbook(tmp_path / "out" / "plan.xlsx")
    assert any(name.endswith("Roll-out") for name in book.sheetnames)
    content = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))
    assert len(content["rollout"]) == len(plan.rollout)


def test_a_scenario_with_a_roll_out_is_written_and_read(tmp_path):
    scenario = Scenario(year=2035, stations=30, rollout={"2030": 12, "2027": 4})
    assert list(scenario.rollout.items()) == [("2027", 4), ("2030", 12)]
    path = tmp_path / "scenario.toml"
    path.write_text(to_toml(scenario), encoding="utf-8")
    assert validated(read_toml(path), where="file") == scenario
    assert scenario.identity != Scenario(year=2035, stations=30).identity
    assert Scenario().identity == Scenario(rollout={}).identity


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"rollout": {"2030": 3}}, "not a year before"),
        ({"rollout": {"2028": 3}}, "not a year before"),
        ({"rollout": {"2027": 20}}, "falls"),
        ({"rollout": {"2027": -1}}, "greater than or equal to 0"),
        ({"year": 2035, "stations": 20, "rollout": {"2027": 9, "2030": 5}}, "falls"),
    ],
)
def test_a_roll_out_that_cannot_be_is_refused(content, message):
    with pytest.raises(InputError, match=message):
        validated(content, where="scenario")


@pytest.mark.parametrize("other", [{"detour": 0.1}, {"resilience": 0.5}])
@pytest.mark.parametrize("asked", [{"rollout": {"2027": 2}}, {"room": True}])
def test_what_cannot_be_asked_for_together_is_told(other, asked):
    with pytest.raises(InputError, match="cannot be asked for"):
        make_plan(Scenario(**asked, **other))


def test_with_room_counted_a_crowded_plan_serves_no_less():
    by_range, by_room = (make_plan(Scenario(stations=1, room=room)) for room in (False, True))
    assert by_range.kpis["served_kg_per_day"] <= by_room.kpis["served_kg_per_day"] + 1e-6
    assert by_room.certificate.bound < by_range.certificate.bound
    assert by_room.kpis["served_kg_per_day"] == pytest.approx(by_room.certificate.incumbent, rel=1e-5)
    assert by_room.certificate.bound >= by_room.certificate.incumbent


def test_points_count_from_their_year_on():
    point = {
        "point_id": "bus",
        "name_zh": "公交场站",
        "use": "bus",
        "lon": 104.1,
        "lat": 30.65,
        "kg_per_day": 100.0,
        "from_year": 2030,
    }
    scenario = Scenario(stations=2, rollout={"2027": 1}, point_demands=(point,))
    cases = [siting_case(scenario.model_copy(update={"year": year, "rollout": {}})) for year in (2027, 2030)]
    amounts = Amounts.of(cases)
    assert amounts.volume[:, -1].tolist() == [0.0, 100.0]
    assert amounts.laps_per_day[:, -1].tolist() == [0.0, 1.0]
    for row, case in zip(amounts.volume, cases, strict=True):
        assert row.sum() == pytest.approx(case.volume.sum())


def test_the_command_line_prints_the_roll_out(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    store.save(plan)
    settings = ["--set", "rollout.2027=2", "--set", "stations=5", "--set", "solve.gap=0.02"]
    printed = RUNNER.invoke(app, ["plan", "--reuse", *settings])
    assert printed.exit_code == 0, printed.output
    assert "建设时序 Roll-out" in printed.output
    assert "2027" in printed.output
