"""What a plan's explanation says, against evaluating the plan anew with the stations it speaks of."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from corridor.errors import InputError
from planner import exports
from planner.cli import app
from planner.driving import class_numbers
from planner.explain_report import explain_report, of_site
from planner.explain_stored import stored_choice
from planner.pipeline import make_plan
from planner.scenario import PointDemand, Scenario
from planner.siting_case import siting_case
from siting.coverage import served_trips
from siting.replay import replay_trips

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def plan():
    point = PointDemand(
        point_id="P1",
        name_zh="港",
        use="ship",
        lon=106.7,
        lat=29.6,
        kg_per_day=120,
        position_quality="approx",
    )
    return make_plan(Scenario(stations=6, forbidden=("IC-G69-254",), point_demands=(point,)))


@pytest.fixture(scope="module")
def case(plan):
    return siting_case(plan.scenario)


@pytest.fixture(scope="module")
def report(plan, case):
    return explain_report(case, plan.stations["site_id"].tolist(), covered_kg=plan.kpis["covered_kg_per_day"])


def _covered(case, ids):
    return float(case.volume[served_trips(case.cover, np.sort(case.rows(sorted(ids))))].sum())


def _home(case, ids):
    """Which trips stop somewhere and get home on the road, by the replay's tank."""
    demand, reached = case.demand, case.reached.of(np.sort(case.rows(sorted(ids))))
    made = replay_trips(
        case.driving.offsets,
        case.driving.nodes,
        case.driving.km,
        out_kg=case.driving.out_kg,
        back_kg=case.driving.back_kg,
        route=case.driving.of(demand),
        kind=class_numbers(demand),
        tank_kg=demand["tank_kg"].to_numpy(),
        station_nodes=reached.node_id,
        stations=reached.site,
    )
    stopped = np.zeros(len(demand), dtype=bool)
    stopped[made.fills["trip"].unique()] = True
    return stopped & ~np.isin(np.arange(len(demand)), made.faults["trip"])


def _meets_a_station_twice(case, ids):
    """Trips that pass two accesses of one station: the cover sets count the first, the road both."""
    reached = case.reached.of(np.sort(case.rows(sorted(ids))))
    shared = [reached.node_id[reached.site == site] for site in np.unique(reached.site)]
    twice = np.zeros(len(case.driving.offsets) - 1, dtype=bool)
    for nodes in (nodes for nodes in shared if len(nodes) > 1):
        passed = np.concatenate([[0], np.cumsum(np.isin(case.driving.nodes, nodes))])
        twice |= passed[case.driving.offsets[1:]] - passed[case.driving.offsets[:-1]] > 1
    return twice[case.driving.of(case.demand)]


def test_without_a_station_the_trips_lost_are_those_that_fail_on_the_road(plan, case, report):
    ids = set(plan.stations["site_id"])
    once = ~_meets_a_station_twice(case, ids)
    assert once.mean() > 0.5
    trips = len(case.demand)
    new = report.stations.loc[report.stations["status"] == "new", "site_id"]
    for out in ["", new.iloc[0], new.iloc[2], new.iloc[-1], report.stations["site_id"].iloc[-1]]:
        covered = served_trips(case.cover, np.sort(case.rows(sorted(ids - {out}))))[:trips]
        home = _home(case, ids - {out})
        assert (covered == home)[once].all()
        assert not (covered & ~home).any()


def test_every_loss_gain_and_exchange_is_a_difference_of_two_plans(plan, case, report):
    ids = set(plan.stations["site_id"])
    served = _covered(case, ids)
    assert served == pytest.approx(plan.kpis["covered_kg_per_day"])
    for row in report.stations.itertuples():
        rest = ids - {row.site_id}
        assert row.lost_kg_per_day == pytest.approx(served - _covered(case, rest), abs=1e-6)
        replaced = rest | ({row.replacement_id} - {""})
        assert row.lost_replaced_kg_per_day == pytest.approx(served - _covered(case, replaced), abs=1e-6)
    assert len(report.sites) + len(report.stations) == len(case.inputs.sites)
    for row in report.sites.sample(60, random_state=2).itertuples():
        assert row.gain_kg_per_day == pytest.approx(_covered(case, ids | {row.site_id}) - served, abs=1e-6)
        swapped = (ids - {row.swap_for_id}) | {row.site_id}
        assert row.swap_kg_per_day == pytest.approx(_covered(case, swapped) - served, abs=1e-6)
    allowed = report.sites[report.sites["status"] != "forbidden"]
    assert plan.certificate.status == "optimal"
    assert allowed["swap_kg_per_day"].max() <= 1e-5 * served
    assert (report.sites.loc[report.sites["reason"] != "", "gain_kg_per_day"] == 0).all()
    assert "IC-G69-254" not in set(report.stations["replacement_id"])
    assert report.sites.set_index("site_id").loc["IC-G69-254", "status"] == "forbidden"


def test_unserved_trips_add_up_and_the_ways_serve_them(plan, case, report):
    missing = report.totals["demand_kg_per_day"] - report.totals["served_kg_per_day"]
    assert report.reasons["kg_per_day"].sum() == pytest.approx(missing)
    assert len(report.trips) == report.reasons["flows"].sum() - int((~plan.points["covered"]).sum())
    ids = set(plan.stations["site_id"])
    hopeless = report.reasons.loc[report.reasons["reason"] != "more_stations", "kg_per_day"].sum()
    last = report.ways[report.ways["trips_needing_up_to"] == report.ways["trips_needing_up_to"].max()]
    assert _covered(case, ids | set(last["site_id"])) == pytest.approx(case.volume.sum() - hopeless)
    assert last["total_kg_per_day"].iloc[-1] == pytest.approx(missing - hopeless)
    assert (last["stations"] == len(last)).all()
    assert (last["at_least"] <= last["stations"]).all()
    for row in report.groups.itertuples():
        sites = row.site_ids.split()
        gain = _covered(case, ids | set(sites)) - report.totals["served_kg_per_day"]
        assert len(sites) == row.stations_needed
        assert row.gain_kg_per_day == pytest.approx(gain)
        assert gain >= row.kg_per_day - 1e-6


def test_the_command_explains_a_written_plan_as_it_is(plan, report, tmp_path):
    exports.write_all(plan, tmp_path / "plan")
    scenario, ids, covered = stored_choice(tmp_path / "plan")
    assert scenario.identity == plan.scenario.identity
    assert ids == plan.stations["site_id"].tolist()
    assert covered == pytest.approx(plan.kpis["covered_kg_per_day"])
    where = ["explain", "--plan", str(tmp_path / "plan")]
    said = RUNNER.invoke(app, [*where, "--json", "--csv", str(tmp_path / "csv")])
    assert said.exit_code == 0
    content = json.loads(said.stdout)
    assert content["totals"]["served_kg_per_day"] == pytest.approx(report.totals["served_kg_per_day"])
    assert len(content["stations"]) == len(report.stations)
    assert len(content["files"]) == 6
    table = pd.read_csv(tmp_path / "csv" / "explain_sites.csv", encoding="utf-8-sig")
    assert table["site_id"].tolist() == report.sites["site_id"].tolist()
    printed = RUNNER.invoke(app, where).stdout
    for words in (
        "为何建在这里 Why here",
        "Why not there",
        "未服务的行程 Unserved trips",
        "补建 Cheapest way",
    ):
        assert words in printed
    one = RUNNER.invoke(app, [*where, "--site", "IC-G69-254"])
    assert "forbidden" in one.stdout


def test_one_site_is_found_whether_open_or_not_and_others_are_refused(report):
    first = report.stations["site_id"].iloc[0]
    assert of_site(report, first)["chosen"] is True
    assert of_site(report, report.sites["site_id"].iloc[0])["chosen"] is False
    with pytest.raises(InputError, match="Did you mean"):
        of_site(report, first + "X")


def test_a_plan_of_other_data_is_refused(plan, case):
    ids = plan.stations["site_id"].tolist()
    with pytest.raises(InputError, match="solve the scenario again"):
        explain_report(case, ids, covered_kg=plan.kpis["covered_kg_per_day"] * 1.01)
    with pytest.raises(InputError, match="no sites NOWHERE"):
        explain_report(case, [*ids, "NOWHERE"], covered_kg=1.0)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"scenario": {"stations": -1}, "stations": []}'])
def test_a_folder_without_a_plan_is_one_error(tmp_path, content):
    if content is not None:
        (tmp_path / "plan.json").write_text(content, encoding="utf-8")
    said = RUNNER.invoke(app, ["explain", "--plan", str(tmp_path), "--json"])
    assert said.exit_code == 2
    assert json.loads(said.stdout)["error"]["message"]


def test_a_stored_plan_takes_no_other_options(tmp_path):
    said = RUNNER.invoke(app, ["explain", "--plan", str(tmp_path), "--stations", "3", "--json"])
    assert said.exit_code == 2
    assert "own scenario" in json.loads(said.stdout)["error"]["message"]
