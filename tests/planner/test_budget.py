"""Budgets: what may be spent by when, what stations cost, and plans that keep to it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from corridor.errors import InputError
from planner.assembly import MODULES_KG_PER_DAY
from planner.budget import most_spent_wan_cny, most_stations
from planner.cli import app
from planner.fault_text import said
from planner.pipeline import make_plan
from planner.scenario import Scenario, read_toml, to_toml, validated, with_settings
from planner.siting_case import siting_case

RUNNER = CliRunner()

#: Money for one large station, or a few small ones; a wide gap ends the search early, the same everywhere.
SHORT = {"budget_wan_cny": 4000.0, "solve": {"gap": 0.5, "time_limit_s": 600.0}}


@pytest.fixture(scope="module")
def plan(solved):
    return solved(**SHORT)


@pytest.fixture(scope="module")
def rolled_out():
    return make_plan(
        Scenario(
            stations=6,
            budget_wan_cny=8000.0,
            rollout_budget_wan_cny={"2027": 3000.0},
            solve={"gap": 0.9, "time_limit_s": 600.0},
        )
    )


def test_a_plan_keeps_to_its_budget(plan):
    assert plan.kpis["budget_wan_cny"] == 4000.0
    assert 0.0 < plan.kpis["capex_wan_cny"] <= 4000.0
    assert plan.kpis["stations_new"] <= 12
    new = plan.stations[plan.stations["status"] == "new"]
    assert new["capex_wan_cny"].sum() == pytest.approx(plan.kpis["capex_wan_cny"])
    assert set(new["capacity_kg_per_day"]) <= set(MODULES_KG_PER_DAY)
    assert plan.replay["faults"] == 0


def test_the_certificate_is_of_what_the_sizes_paid_for_serve(plan):
    proof = plan.certificate
    assert plan.kpis["served_kg_per_day"] == pytest.approx(proof.incumbent, rel=1e-5)
    assert proof.incumbent <= proof.bound
    room = 0.9 * plan.stations["capacity_kg_per_day"]
    assert (plan.stations["load_kg_per_day"] <= room * (1 + 1e-6)).all()
    # One station of the largest size costs 3,800: what one serves is within the budget, so within the bound.
    one = make_plan(Scenario(stations=1))
    assert one.kpis["capex_wan_cny"] <= 4000.0
    assert one.kpis["served_kg_per_day"] <= proof.bound * (1 + 1e-6)
    assert "unused_stations" not in {notice.key for notice in plan.notices}


def test_each_year_keeps_to_its_budget(rolled_out):
    kpis, table = rolled_out.kpis, rolled_out.rollout
    assert kpis["budget_wan_cny_2027"] == 3000.0
    assert kpis["budget_wan_cny"] == 8000.0
    first, second = (table.loc[table["year"] == year, "capex_wan_cny"].sum() for year in (2027, 2030))
    assert 0.0 < first <= 3000.0
    assert first + second <= 8000.0
    assert kpis["capex_wan_cny_2027"] == pytest.approx(first)
    assert first + second == pytest.approx(kpis["capex_wan_cny"])
    sizes = table.pivot_table(index="site_id", columns="year", values="capacity_kg_per_day").fillna(0.0)
    assert (sizes[2030] >= sizes[2027]).all()
    served = [kpis[f"served_kg_per_day_{year}"] for year in (2027, 2030)]
    share = np.array([3 / 8, 5 / 8])
    assert share @ served == pytest.approx(rolled_out.certificate.incumbent, rel=1e-5)


def test_plans_of_the_same_scenario_are_the_same(plan):
    again = make_plan(Scenario(**SHORT))
    pd.testing.assert_frame_equal(again.stations, plan.stations)


def test_a_year_without_a_limit_of_its_own_has_that_of_the_next():
    asked = {"year": 2035, "stations": 30, "rollout": {"2030": 12}, "rollout_budget_wan_cny": {"2027": 5e3}}
    scenario = Scenario(**asked)
    assert scenario.earlier_years == (2027, 2030)
    assert most_stations(scenario).tolist() == [12.0, 12.0, 30.0]
    assert most_spent_wan_cny(scenario).tolist() == [5e3, np.inf, np.inf]
    limited = scenario.model_copy(update={"budget_wan_cny": 2e4})
    assert most_spent_wan_cny(limited).tolist() == [5e3, 2e4, 2e4]


def test_a_budget_counts_room_and_leaves_other_identities_as_they_are():
    assert not Scenario(room=False).counts_room
    assert Scenario(room=False, budget_wan_cny=9e3).counts_room
    assert Scenario(room=False, rollout_budget_wan_cny={"2027": 9e3}).counts_room
    assert Scenario().identity == Scenario(budget_wan_cny=None, rollout_budget_wan_cny={}).identity
    assert Scenario().identity == "5229c364ea320c904fe5748f8e7ac236a4ee33461fb622b0449dc5990d8a85be"
    different = [Scenario(budget_wan_cny=9e3), Scenario(rollout_budget_wan_cny={"2027": 9e3}), Scenario()]
    assert len({each.identity for each in different}) == 3


def test_budgets_are_written_and_read(tmp_path):
    scenario = Scenario(year=2035, budget_wan_cny=3e4, rollout_budget_wan_cny={"2030": 2e4, "2027": 1e4})
    assert list(scenario.rollout_budget_wan_cny) == ["2027", "2030"]
    path = tmp_path / "scenario.toml"
    path.write_text(to_toml(scenario), encoding="utf-8")
    assert validated(read_toml(path), where="file") == scenario
    set_ = with_settings({}, ["year=2035", "budget_wan_cny=30000", "rollout_budget_wan_cny.2027=10000"])
    assert validated(set_, where="--set").rollout_budget_wan_cny == {"2027": 1e4}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"budget_wan_cny": -1}, "greater than or equal to 0"),
        ({"budget_wan_cny": float("inf")}, "finite"),
        ({"budget_wan_cny": "much"}, "valid number"),
        ({"rollout_budget_wan_cny": {"2030": 5e3}}, "not a year before"),
        ({"rollout_budget_wan_cny": {"2028": 5e3}}, "not a year before"),
        ({"rollout_budget_wan_cny": {"2027": -5.0}}, "greater than or equal to 0"),
        ({"budget_wan_cny": 4e3, "rollout_budget_wan_cny": {"2027": 5e3}}, "the budget falls"),
        ({"year": 2035, "rollout_budget_wan_cny": {"2027": 5e3, "2030": 4e3}}, "the budget falls"),
    ],
)
def test_budgets_that_cannot_be_are_refused(content, message):
    with pytest.raises(InputError, match=message) as caught:
        validated(content, where="scenario")
    assert len(caught.value.faults) == 1


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"budget_wan_cny": 0.0}, "budget_wan_cny"),
        ({"budget_wan_cny": 719.0}, "budget_wan_cny"),
        ({"rollout_budget_wan_cny": {"2027": 0.0}}, "rollout_budget_wan_cny.2027"),
    ],
)
def test_a_budget_that_builds_nothing_is_one_clear_error(asked, where):
    with pytest.raises(InputError, match="builds nothing: the cheapest station costs 720") as caught:
        siting_case(Scenario(**asked))
    (fault,) = caught.value.faults
    assert fault.where == where
    assert "720 or more" in fault.mend
    assert "720 万元" in said(fault, "zh")
    assert not {"builds", "Give", "budget_wan_cny"} & set(said(fault, "zh").split())


def test_the_cheapest_station_is_that_of_the_assumptions():
    own = {"budget_wan_cny": 700.0, "assumptions": {"station.500.capex_wan_cny": 875.0}}
    assert siting_case(Scenario(**own)).scenario.budget_wan_cny == 700.0, "skid-mounted: 0.8 of it"


@pytest.mark.parametrize("other", [{"detour": 0.1}, {"resilience": 0.5}])
@pytest.mark.parametrize("asked", [{"budget_wan_cny": 9e3}, {"rollout_budget_wan_cny": {"2027": 9e3}}])
def test_what_cannot_be_asked_for_together_is_told(other, asked):
    with pytest.raises(InputError, match="cannot be asked for"):
        make_plan(Scenario(**asked, **other))


def test_the_command_line_takes_a_budget(plan, monkeypatch, tmp_path):
    from planner import store

    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    store.save(plan)
    settings = ["budget_wan_cny=4000", "solve.gap=0.5", "solve.time_limit_s=600"]
    arguments = [part for each in settings for part in ("--set", each)]
    printed = RUNNER.invoke(app, ["plan", "--reuse", "--json", *arguments])
    assert printed.exit_code == 0, printed.output
    assert json.loads(printed.stdout)["kpis"]["budget_wan_cny"] == 4000.0
    refused = RUNNER.invoke(app, ["plan", "--set", "budget_wan_cny=0"])
    assert refused.exit_code == 2
    assert "builds nothing" in refused.stderr


def test_the_page_says_that_the_budget_was_kept():
    from planner.views import certificate

    for language, word in (("zh", "预算"), ("en", "budget")):
        goals = [
            certificate.goal(SimpleNamespace(scenario=scenario), language)
            for scenario in (Scenario(budget_wan_cny=9e3), Scenario())
        ]
        assert [word in goal for goal in goals] == [True, False]
