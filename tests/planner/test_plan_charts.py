"""Numbers of the charts: added up again from the plan's tables, and the frontier against its definition."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from planner import frontier_store, plan_charts
from planner.frontier_store import StoredFrontier
from planner.nozzle_costs import HYDROGEN_PARTS, STATION_PARTS
from planner.scenario import Scenario


@pytest.fixture(scope="module")
def plan(solved):
    return solved(stations=4)


def _none(plan):
    empty = {name: getattr(plan, name).iloc[:0] for name in ("stations", "nozzle_costs", "economics")}
    return replace(plan, **empty)


def test_parts_of_the_stack_sum_to_the_cost_of_stations_weighted_by_what_they_sell(plan):
    table = plan_charts.cost_stack(plan)
    each = plan.nozzle_costs[plan.nozzle_costs["scope"] == "station"]
    for scope in ("new", "existing"):
        of = table[table["scope"] == scope]
        stations = each[each["status"] == scope]
        kg = stations["kg_per_day"]
        sells = kg > 0.0
        hydrogen = of[of["group"] == "hydrogen"].set_index("part")["cny_per_kg"]
        for part, amount in hydrogen.items():
            assert amount == pytest.approx(np.average(stations.loc[sells, part], weights=kg[sells])), part
        accounts = plan.economics[
            (plan.economics["scope"] == "station") & (plan.economics["status"] == scope)
        ]
        whole = accounts["annualized_cost_wan_cny_per_year"].sum() * 1e4 / accounts["kg_per_year"].sum()
        assert of["cny_per_kg"].sum() == pytest.approx(whole)
        assert of["total_cny_per_kg"].iloc[0] == pytest.approx(whole)
        assert set(of["total_cny_per_kg"]) == {of["total_cny_per_kg"].iloc[0]}
        assert of["share"].sum() == pytest.approx(1.0)


def test_parts_of_the_stack_stand_on_one_another_and_none_is_lost(plan):
    table = plan_charts.cost_stack(plan)
    for _, of in table.groupby("scope"):
        assert of["from_cny_per_kg"].iloc[0] == pytest.approx(0.0)
        assert of["from_cny_per_kg"].to_numpy()[1:] == pytest.approx(of["to_cny_per_kg"].to_numpy()[:-1])
    assert set(plan_charts.COST_PARTS) == {*HYDROGEN_PARTS, *STATION_PARTS}
    sums = plan.nozzle_costs[plan.nozzle_costs["scope"] != "station"]
    left_out = set(plan_charts.COST_PARTS) - set(table["part"])
    assert (sums[sorted(left_out)].fillna(0.0) == 0.0).all(axis=None)


@pytest.mark.parametrize("scope", ["new", "existing", "all"])
def test_steps_of_the_waterfall_lead_to_its_sums(plan, scope):
    table = plan_charts.waterfall(plan, scope)
    top = 0.0
    for row in table.itertuples():
        if row.is_sum:
            assert row.cny_per_kg == pytest.approx(top), row.step
            assert (row.from_cny_per_kg, row.to_cny_per_kg) == (0.0, pytest.approx(top))
        else:
            assert row.from_cny_per_kg == pytest.approx(top), row.step
            top += row.cny_per_kg
    sums = table[table["is_sum"]].set_index("step")["cny_per_kg"]
    links = plan.supply.join(plan.stations.set_index("site_id")["status"], on="site_id")
    links = links[(links["status"] == scope) | (scope == "all")]
    delivered = np.average(links["delivered_cny_per_kg"], weights=links["kg_per_day"])
    assert sums["delivered"] == pytest.approx(delivered)
    accounts = plan.economics.set_index("scope").loc[scope]
    assert sums["nozzle"] == pytest.approx(accounts["levelized_cost_cny_per_kg"])
    assert sums["break_even"] == pytest.approx(accounts["break_even_cny_per_kg"])


def test_support_is_the_grant_as_an_annuity_where_no_subsidy_is_paid(plan):
    """Above the ceiling of the operating subsidy only grants are left, spread over the life."""
    terms, new = plan.provenance["terms"], plan.economics.set_index("scope").loc["new"]
    assert new["break_even_cny_per_kg"] > terms["subsidy"]["highest_retail_cny_per_kg"]
    rate, years = terms["discount_rate"], terms["lifetime_years"]
    annuity = rate / (1.0 - (1.0 + rate) ** -years)
    steps = plan_charts.waterfall(plan, "new").set_index("step")["cny_per_kg"]
    assert steps["support"] == pytest.approx(-new["grant_wan_cny"] * 1e4 * annuity / new["kg_per_year"])
    assert steps["tax"] == pytest.approx(terms["vat_rate"] * (steps["nozzle"] + steps["support"]))


def test_histogram_counts_every_station_once(plan):
    table = plan_charts.utilization_histogram(plan)
    assert table["stations"].sum() == len(plan.stations)
    assert table["load_kg_per_day"].sum() == pytest.approx(plan.stations["load_kg_per_day"].sum())
    for row in table.itertuples():
        of = plan.stations[plan.stations["status"] == row.status]
        within = of[(of["utilization"] >= row.low - 1e-9) & (of["utilization"] < row.high - 1e-9)]
        assert row.stations == len(within)
        assert row.capacity_kg_per_day == pytest.approx(within["capacity_kg_per_day"].sum())


def test_classes_hold_their_lower_end_and_the_last_one_all_that_is_fuller(plan):
    odd = plan.stations.iloc[:6].assign(
        utilization=[0.0, 0.3, 0.7, 1.0, 1.2, np.nan], status="new", load_kg_per_day=10.0
    )
    table = plan_charts.utilization_histogram(replace(plan, stations=odd))
    of = table[table["status"] == "new"].assign(low=table["low"].round(1)).set_index("low")["stations"]
    assert of[of > 0].to_dict() == {0.0: 1, 0.3: 1, 0.7: 1, 0.9: 2}
    coarse = plan_charts.utilization_histogram(replace(plan, stations=odd), bins=2)
    assert coarse.loc[coarse["status"] == "new", "stations"].tolist() == [2, 3]


def test_loads_are_sorted_and_numbered_as_on_the_page(plan):
    table = plan_charts.station_loads(plan)
    assert table["load_kg_per_day"].is_monotonic_decreasing
    assert sorted(table["number"]) == list(range(1, len(plan.stations) + 1))
    new = plan.stations.loc[plan.stations["status"] == "new", "site_id"].tolist()
    assert table.set_index("number").loc[range(1, len(new) + 1), "site_id"].tolist() == new


def test_a_plan_without_stations_has_empty_tables(plan):
    none = _none(plan)
    assert plan_charts.scopes(none) == ()
    assert plan_charts.cost_stack(none).empty
    assert plan_charts.utilization_histogram(none)["stations"].sum() == 0
    assert plan_charts.station_loads(none).empty


def _stored(bounds):
    """Return a frontier of three budgets; plans cost 0, 300, 450 and 900."""
    served = [10.0, 40.0, 70.0]
    points = pd.DataFrame(
        {
            "budget_wan_cny": [0.0, 400.0, 1000.0],
            "capex_wan_cny": [0.0, 300.0, 900.0],
            "stations_new": [0, 1, 3],
            "served_kg_per_day": served,
            "served_share": [each / 100.0 for each in served],
            "bound_kg_per_day": bounds,
            "gap": [0.0, 0.2, 0.1],
            "status": ["optimal", "feasible", "feasible"],
        }
    )
    plans = pd.DataFrame({"capex_wan_cny": [0.0, 300.0, 450.0, 900.0], "served": [10.0, 40.0, 55.0, 70.0]})
    return StoredFrontier(objective="kg", demand=100.0, is_whole=True, points=points, plans=plans)


def test_the_band_is_between_the_best_plan_and_the_bound_of_the_next_budget():
    """L(b) and U(b) as docs/frontier.md defines them, at a hundred budgets."""
    stored = _stored([10.0, 50.0, 80.0])
    tables = plan_charts.frontier_tables(stored)
    band = tables.open
    assert band["from_wan_cny"].tolist()[1:] == band["to_wan_cny"].tolist()[:-1]
    for budget in np.linspace(1.0, 999.0, 101):
        row = band[(band["from_wan_cny"] <= budget) & (budget < band["to_wan_cny"])].iloc[0]
        affordable = stored.plans[stored.plans["capex_wan_cny"] <= budget]
        searched = stored.points[stored.points["budget_wan_cny"] >= budget]
        assert row["served"] == affordable["served"].max()
        assert row["bound"] == searched["bound_kg_per_day"].min()
    corners = tables.served.to_numpy().tolist()
    assert corners[0] == [0.0, 10.0]
    assert corners[-1] == [1000.0, 70.0]
    assert tables.bound["amount"].max() == 80.0


def test_an_unknown_bound_is_the_demand():
    tables = plan_charts.frontier_tables(_stored([10.0, 50.0, None]))
    assert tables.points["bound"].tolist() == [10.0, 50.0, 100.0]


def _content(scenario, fingerprint):
    stored = _stored([10.0, 50.0, 80.0])
    nested = {"certificate": {}, "search": {}, "stations": []}
    return {
        "schema": "chengyu-frontier/1",
        "objective": stored.objective,
        "demand": stored.demand,
        "whole": True,
        "points": [row | nested for row in stored.points.to_dict("records")],
        "plans": stored.plans.to_dict("records"),
        "provenance": {
            "scenario_identity": frontier_store.question(scenario).identity,
            "fingerprint": fingerprint,
        },
    }


def test_a_frontier_is_found_again_for_the_same_question_and_data(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    scenario = Scenario()
    assert frontier_store.find(scenario, "data") is None
    path = frontier_store.save(_content(scenario, "data"))
    assert [file.name for file in path.parent.iterdir()] == [path.name], "no draft is left behind"
    found = frontier_store.find(scenario, "data")
    pd.testing.assert_frame_equal(found.points, _stored([10.0, 50.0, 80.0]).points)
    assert (found.demand, found.is_whole, len(found.plans)) == (100.0, True, 4)
    limited = scenario.model_copy(update={"stations": 3, "budget_wan_cny": 500.0})
    assert frontier_store.find(limited, "data") is not None, "money and number are the frontier's own"
    assert frontier_store.find(scenario, "other data") is None
    assert frontier_store.find(Scenario(year=2035), "data") is None


def test_a_damaged_or_strange_file_is_no_frontier(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    path = frontier_store.save(_content(Scenario(), "data"))
    path.write_text(json.dumps(_content(Scenario(), "data") | {"schema": "other/9"}), encoding="utf-8")
    assert frontier_store.find(Scenario(), "data") is None
    path.write_text("{", encoding="utf-8")
    assert frontier_store.find(Scenario(), "data") is None


def test_a_search_is_kept_under_its_question_and_not_made_twice(tmp_path, monkeypatch):
    """A region of two sites; the second time nothing is solved."""
    import planner.frontier

    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    from planner.inputs import load_inputs

    sites = load_inputs(Scenario()).sites
    rest = sites.index[sites["status"] != "existing"][2:]
    scenario = Scenario(forbidden=tuple(rest), solve={"rounds": 0, "gap": 0.3, "time_limit_s": 5.0})
    reports = []
    first = frontier_store.solve(scenario, reports.append, lambda: False)
    assert reports[-1].stage == "done"
    monkeypatch.setattr(planner.frontier, "solve_frontier", None)
    again = frontier_store.solve(scenario, reports.append, lambda: False)
    pd.testing.assert_frame_equal(first.points, again.points)
    assert first.points["served_kg_per_day"].is_monotonic_increasing
