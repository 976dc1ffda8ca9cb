"""Stations in time, and scenarios of other years."""

from dataclasses import replace

import pandas as pd
import pytest

from corridor.errors import InputError
from planner.inputs import load_inputs
from planner.plan import no_rollout
from planner.scenario import YEARS, Scenario
from planner.station_numbers import numbered
from planner.timeline import plan_in, staged, standing_in, with_year, years_of

FULL = Scenario(
    name="long",
    year=2035,
    stations=9,
    rollout={"2027": 3, "2030": 6},
    budget_wan_cny=90_000.0,
    rollout_budget_wan_cny={"2030": 40_000.0},
    locked=("SA-G5013-ANYUE",),
    green_only=True,
    assumptions={"freight.load_factor": 0.7},
)


@pytest.fixture(scope="module")
def plan(solved):
    return solved(stations=5, rollout={"2027": 2}, solve={"gap": 0.02})


def test_stations_of_a_rollout_stand_since_the_year_they_were_built(plan):
    table = staged(plan)
    assert years_of(plan) == (2027, 2030)
    assert list(table.index) == plan.stations["site_id"].tolist()
    new = table[table["status"] == "new"]
    built = plan.rollout[plan.rollout["action"] == "built"].set_index("site_id")["year"]
    assert new["since"].to_dict() == built.to_dict()
    assert set(new["since"]) == {2027, 2030}
    assert (table.loc[table["status"] == "existing", "since"] == 2027).all()


def test_stations_of_an_earlier_year_are_as_large_and_busy_as_then(plan):
    early, said = standing_in(plan, 2027), plan.rollout[plan.rollout["year"] == 2027].set_index("site_id")
    new = early[early["status"] == "new"].set_index("site_id")
    assert set(new.index) == set(said.index)
    for name in ("capacity_kg_per_day", "load_kg_per_day", "utilization"):
        assert new[name].to_dict() == said[name].to_dict()
    standing = early[early["status"] == "existing"]
    assert set(standing["site_id"]) == set(
        plan.stations.loc[plan.stations["status"] == "existing", "site_id"]
    )
    assert standing["load_kg_per_day"].isna().all()
    assert early["hydrogen_cny_per_kg"].isna().all()
    assert early["base_id"].isna().all()
    assert list(early.columns) == list(plan.stations.columns)
    assert len(early) < len(plan.stations)


def test_an_earlier_year_is_drawn_with_its_stations_and_stretches_only(plan):
    inputs = load_inputs(plan.scenario)
    early = plan_in(plan, inputs, 2027)
    there = set(standing_in(plan, 2027)["site_id"])
    assert set(early.stations["site_id"]) == there
    number_of = numbered(plan).set_index("site_id")["number"]
    assert numbered(early).set_index("site_id")["number"].equals(number_of.loc[numbered(early)["site_id"]])
    ends = set(early.stretches["from_site"]) | set(early.stretches["to_site"])
    assert ends - {""} <= there
    on_road = (set(plan.stretches["to_site"]) - {""}) & there
    assert on_road <= ends
    assert early.stretches["length_km"].sum() == pytest.approx(plan.stretches["length_km"].sum())
    assert early.scenario == with_year(plan.scenario, 2027)  # caches tell the two apart by it
    assert early.flows.empty
    assert early.supply.empty
    assert plan_in(plan, inputs, 2030) is plan


def test_the_year_of_the_plan_is_the_plan(plan):
    pd.testing.assert_frame_equal(standing_in(plan, 2030), plan.stations)


def test_a_plan_of_one_year_knows_no_other(plan):
    alone = replace(plan, scenario=plan.scenario.model_copy(update={"rollout": {}}), rollout=no_rollout())
    assert years_of(alone) == (2030,)
    assert (staged(alone)["since"] == 2030).all()
    with pytest.raises(ValueError, match="2027 is none of the years"):
        standing_in(alone, 2027)


def test_edits_stay_and_what_the_rollout_says_of_the_year_is_asked_for():
    earlier = with_year(FULL, 2030)
    assert (earlier.year, earlier.stations, earlier.budget_wan_cny) == (2030, 6, 40_000.0)
    assert earlier.rollout == {"2027": 3}
    assert earlier.rollout_budget_wan_cny == {}
    first = with_year(FULL, 2027)
    assert (first.stations, first.rollout, first.budget_wan_cny) == (3, {}, 90_000.0)
    kept = ("name", "locked", "green_only", "assumptions", "solve", "objective")
    for other in (earlier, first):
        assert all(getattr(other, name) == getattr(FULL, name) for name in kept)


@pytest.mark.parametrize("year", YEARS)
def test_a_later_year_keeps_the_years_before_it(year):
    scenario = Scenario(year=2030, rollout={"2027": 4})
    moved = with_year(scenario, year)
    assert moved.rollout == ({} if year == 2027 else {"2027": 4})
    assert moved.year == year
    assert (moved == scenario) == (year == 2030)


def test_a_year_that_cannot_be_planned_is_refused():
    with pytest.raises(InputError, match="year"):
        with_year(Scenario(), 2028)
