"""Drawn scenarios: reproducible, faithful to what was decided, and the same demand as the long way round."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from typer.testing import CliRunner

from planner.cli import app
from planner.driving import on_arcs
from planner.ensemble import demand_spread, drivers, sampled
from planner.inputs import assumptions_in_force, load_inputs
from planner.scenario import Scenario
from planner.siting_case import scoped_demand

RUNNER = CliRunner()


def long_way(scenario):
    inputs = load_inputs(scenario)
    values, _ = assumptions_in_force(inputs.assumptions, scenario.assumptions)
    return scoped_demand(scenario, inputs, values, on_arcs(inputs.network, inputs.terrain, values))


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(adoption="cost"),
        Scenario(adoption="bass"),
        Scenario(assumptions={"pilot.adoption_factor": 2.0}),
        Scenario(),
        Scenario(scope="region", year=2027, zone_factor={"510112": 2}),
    ],
)
def test_a_draw_has_the_demand_of_its_scenario(scenario):
    spread, _ = demand_spread(scenario, seed=5, n=2)
    for draw in (0, 1):
        table = long_way(sampled(scenario, 5, draw=draw))
        assert spread.loc[draw, "kg_per_day"] == pytest.approx(table["kg_per_day"].sum())
        assert spread.loc[draw, "trips_per_day"] == pytest.approx(table["trips_per_day"].sum())
        by_class = table.groupby("vehicle_class")["kg_per_day"].sum()
        for name, kg in by_class.items():
            assert spread.loc[draw, f"kg_per_day.{name}"] == pytest.approx(kg)


def test_equal_seeds_give_equal_scenarios():
    assert sampled(Scenario(), 3).identity == sampled(Scenario(), 3).identity
    assert sampled(Scenario(), 3).identity != sampled(Scenario(), 4).identity
    assert sampled(Scenario(), 3).identity != sampled(Scenario(), 3, draw=1).identity


def test_what_the_scenario_sets_is_not_drawn():
    decided = {"freight.load_factor": 0.9, "road.choice_scale": 10.0, "freight.tonne_share.tractor_49t": 0.8}
    drawn = sampled(Scenario(assumptions=decided), 1).assumptions
    assert {key: drawn[key] for key in decided} == decided
    assert not [key for key in drawn if key.startswith(("station.", "delivery.", "economics.", "check."))]
    shares = [value for key, value in drawn.items() if key.startswith("freight.tonne_share.")]
    assert sum(shares) == pytest.approx(1.0)
    free = sampled(Scenario(), 1).assumptions
    assert free["vehicle.tractor_49t.rolling"] == drawn["vehicle.tractor_49t.rolling"]


def test_drivers_are_the_rank_correlations_of_scipy():
    rng = np.random.default_rng(0)
    draws = pd.DataFrame(rng.random((50, 3)), columns=["a", "adoption.share.tractor_49t.2030", "c"])
    draws["adoption.share.tractor_49t.2027"] = draws["adoption.share.tractor_49t.2030"] / 2
    draws["still"] = 1.0
    spread = pd.DataFrame({"kg_per_day": draws["a"] - 3 * draws["adoption.share.tractor_49t.2030"]})
    told = drivers(spread, draws, year=2030, most=2)
    assert list(told.index) == ["adoption.share.tractor_49t.2030", "a"]
    for key, rank in told.items():
        assert rank == pytest.approx(stats.spearmanr(draws[key], spread["kg_per_day"]).statistic)


def test_sample_prints_a_spread_around_the_documented_value(tmp_path):
    done = RUNNER.invoke(
        app, ["demand", "sample", "--n", "8", "--seed", "2", "--csv", str(tmp_path), "--json"]
    )
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    kg = said["quantiles"]["kg_per_day"]
    assert kg["p10"] < kg["p50"] < kg["p90"]
    assert said["documented"]["kg_per_day"] == pytest.approx(long_way(Scenario())["kg_per_day"].sum())
    table = pd.read_csv(tmp_path / "demand_draws.csv", encoding="utf-8-sig")
    assert len(table) == 8
    assert table["kg_per_day"].quantile(0.5) == pytest.approx(kg["p50"])
    page = RUNNER.invoke(app, ["demand", "sample", "--n", "2"])
    assert page.exit_code == 0
    assert "P50" in page.stdout


def test_totals_that_contradict_each_other_are_told_not_hidden():
    full = ["--set", "freight.gateway_trucks_per_day.main=90000"]
    done = RUNNER.invoke(app, ["demand", "sample", "--n", "2", *full])
    assert done.exit_code == 3
    assert "contradict" in done.stderr
