"""``chengyu frontier``: what each budget serves, against trying every plan where there are few."""

from __future__ import annotations

import json
import signal
from itertools import pairwise, product
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import planner.frontier_cli
import planner.frontier_search
from corridor.errors import InputError, SolverError
from planner.assembly import MODULES_KG_PER_DAY
from planner.buildout import Amounts, question_of, service_of
from planner.cli import app
from planner.frontier import solve_frontier
from planner.frontier_report import frontier_table, stations_table
from planner.pipeline import make_plan
from planner.progress import Stopped
from planner.scenario import Scenario, to_toml
from planner.siting_case import siting_case
from planner.station_costs import capex_by_site
from siting.flow_refueling import solve_flow_refueling

RUNNER = CliRunner()
BUDGETS = [1000.0, 2500.0, 4000.0, 7700.0]


@pytest.fixture(scope="module")
def few():
    """Two sites in the whole region: every plan can be tried."""
    case = siting_case(Scenario(room=True))
    best = solve_flow_refueling(case.cover, case.volume, n_new=2, existing=case.existing, gap=0.02)
    open_ = case.inputs.sites.index[best.new]
    rest = case.inputs.sites.index[case.inputs.sites["status"] != "existing"].difference(open_)
    return Scenario(name="few", stations=1000, forbidden=tuple(rest), solve={"rounds": 50})


@pytest.fixture(scope="module")
def quick(few):
    """The same, each budget searched to a gap of 5 %."""
    return few.model_copy(update={"solve": few.solve.model_copy(update={"gap": 0.05})})


@pytest.fixture(scope="module")
def frontier(few):
    return solve_frontier(few, budgets_wan_cny=BUDGETS)


@pytest.fixture(scope="module")
def every_plan(few):
    """Cost and what is served of every plan."""
    case = siting_case(few)
    amounts = Amounts.of([case])
    question, service = question_of([case], amounts, weight=np.ones(1)), service_of(case, amounts)
    cost = capex_by_site(case.inputs.sites, case.values)
    free = np.flatnonzero(~question.is_barred)
    assert len(free) == 2
    found = []
    for sizes in product(range(-1, len(MODULES_KG_PER_DAY)), repeat=2):
        module = np.full(question.n_sites, -1)
        module[free] = sizes
        served = service.serve(0, question.highest_utilization * question.size_kg_per_day(module))
        spent = sum(cost[site, size] for site, size in zip(free, sizes, strict=True) if size >= 0)
        found.append((float(spent), served.volume))
    return found


def test_proven_points_are_as_good_as_trying_everything(frontier, every_plan):
    assert [point.budget_wan_cny for point in frontier.points] == [0.0, *BUDGETS]
    for point in frontier.points:
        best = max(value for cost, value in every_plan if cost <= point.budget_wan_cny)
        assert point.built.value <= best * (1 + 1e-6)
        assert point.certificate.bound >= best * (1 - 1e-6)
        assert point.certificate.status == "optimal"
        assert point.built.value == pytest.approx(best, rel=2e-6)
    assert frontier.is_whole


def test_points_rise_and_keep_to_their_budgets(frontier):
    for before, after in pairwise(frontier.points):
        assert before.built.value <= after.built.value
        assert before.certificate.bound <= after.certificate.bound
    for point in frontier.points:
        assert point.built.capex_wan_cny <= point.budget_wan_cny
        assert point.built.value <= point.certificate.bound


def test_no_station_is_larger_than_its_load_needs(frontier):
    stations = stations_table(frontier)
    for row in stations.itertuples():
        smaller = [size for size in MODULES_KG_PER_DAY if size < row.capacity_kg_per_day]
        assert row.load_kg_per_day <= 0.9 * row.capacity_kg_per_day * (1 + 1e-6)
        assert not smaller or row.load_kg_per_day > 0.9 * smaller[-1]
    spent = stations.groupby("budget_wan_cny")["capex_wan_cny"].sum()
    table = frontier_table(frontier).set_index("budget_wan_cny")
    assert spent.to_dict() == pytest.approx(table.loc[spent.index, "capex_wan_cny"].to_dict())


def test_a_point_is_what_a_plan_with_its_budget_serves(few, frontier):
    point = frontier.points[2]
    plan = make_plan(few.model_copy(update={"budget_wan_cny": point.budget_wan_cny}))
    assert plan.kpis["served_kg_per_day"] == pytest.approx(point.built.value, rel=1e-5)
    assert plan.kpis["capex_wan_cny"] <= point.budget_wan_cny
    assert plan.kpis["demand_kg_per_day"] == pytest.approx(frontier.demand)


def test_costs_of_stations_are_those_of_the_accounts(few, frontier):
    plan = make_plan(few.model_copy(update={"budget_wan_cny": BUDGETS[0]}))
    new = plan.economics[(plan.economics["scope"] == "new")].iloc[0]
    parts = ("capital", "fixed_opex", "staff", "land")
    cost = sum(new[name] for name in (f"{part}_wan_cny_per_year" for part in parts) if name in new)
    row = frontier_table(frontier).iloc[1]
    assert row["station_wan_cny_per_year"] == pytest.approx(cost)
    kg = new["kg_per_year"]
    assert row["station_cny_per_kg"] == pytest.approx(cost * 1e4 / kg, rel=1e-3)


def test_budgets_of_its_own_reach_from_the_cheapest_station_to_all(quick):
    own = solve_frontier(quick, n_points=3)
    budgets = [point.budget_wan_cny for point in own.points]
    assert budgets[0] == 0.0
    assert budgets[1] == 720.0, "a skid"
    assert len(budgets) == 4
    assert np.diff(budgets[1:])[0] == pytest.approx(np.diff(budgets[1:])[1], abs=10.0)
    assert own.points[-1].built.value >= (1 - 3e-3) * max(built.value for built in own.found)


def test_the_number_of_stations_can_be_limited(quick):
    one = solve_frontier(quick.model_copy(update={"stations": 1}), budgets_wan_cny=[7700.0])
    assert len(stations_table(one)) == 1
    none = solve_frontier(quick.model_copy(update={"stations": 0}), budgets_wan_cny=[7700.0])
    assert none.points[1].is_dominated


def test_locked_sites_are_in_every_plan(quick):
    case = siting_case(quick)
    free = case.inputs.sites.index.difference(quick.forbidden)
    locked = next(site for site in free if case.inputs.sites.loc[site, "status"] != "existing")
    found = solve_frontier(quick.model_copy(update={"locked": (locked,)}), budgets_wan_cny=[1000.0, 2500.0])
    assert [point.budget_wan_cny for point in found.points] == [1000.0, 2500.0], "nothing new is no plan"
    for point in found.points:
        assert point.built.module[case.rows([locked])[0]] >= 0


def test_a_stop_keeps_the_budgets_done(quick):
    heard = []
    found = solve_frontier(
        quick,
        budgets_wan_cny=BUDGETS,
        on_progress=heard.append,
        should_stop=lambda: any(said.message.startswith("budget 2 of 4") for said in heard),
    )
    assert [point.budget_wan_cny for point in found.points] == [0.0, *BUDGETS[:2]]
    assert not found.is_whole
    for point in found.points:
        assert point.built.value <= point.certificate.bound
    with pytest.raises(Stopped):
        solve_frontier(quick, budgets_wan_cny=BUDGETS, should_stop=lambda: True)


def test_a_search_that_fails_leaves_the_others(quick, frontier, monkeypatch):
    real = planner.frontier_search.solve_buildout

    def failing(question, *given, **options):
        if question.budget[0] == BUDGETS[1]:
            raise SolverError("numbers")
        return real(question, *given, **options)

    monkeypatch.setattr(planner.frontier_search, "solve_buildout", failing)
    found = solve_frontier(quick, budgets_wan_cny=BUDGETS[:3])
    lost = found.points[2]
    assert lost.own.status == "unknown"
    assert lost.certificate.bound == found.points[3].certificate.bound
    assert lost.built.value <= frontier.points[2].built.value * (1 + 1e-6)


@pytest.mark.parametrize(
    ("asked", "given", "message"),
    [
        ({}, {"budgets_wan_cny": [5000.0, 4000.0]}, "4000 comes after 5000"),
        ({}, {"budgets_wan_cny": [5000.0, 5000.0]}, "comes after"),
        ({}, {"budgets_wan_cny": [-1.0]}, "-1 is no budget"),
        ({}, {"budgets_wan_cny": [float("nan")]}, "nan is no budget"),
        ({}, {"budgets_wan_cny": [0.0, 5000.0]}, "a budget of 0 builds nothing"),
        ({}, {"budgets_wan_cny": [500.0]}, "the cheapest station costs 720"),
        ({}, {"budgets_wan_cny": []}, "0 budgets"),
        ({}, {"n_points": 0}, "0 budgets"),
        ({}, {"n_points": 1000}, "1000 budgets"),
        ({"budget_wan_cny": 9e3}, {}, "a frontier sets the budgets itself"),
        ({"rollout": {"2027": 2}}, {}, "a frontier is of one year"),
        ({"objective": "net_benefit"}, {}, "of what is served, not of money"),
        ({"detour": 0.1}, {}, "cannot be asked for with"),
        ({"resilience": 0.5}, {}, "cannot be asked for with"),
    ],
)
def test_what_cannot_be_is_one_clear_error(asked, given, message):
    with pytest.raises(InputError, match=message) as caught:
        solve_frontier(Scenario(**asked), **given)
    assert len(caught.value.faults) == 1
    assert caught.value.faults[0].mend


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budgets", "5000,much"], "'much' is no number"),
        (["--budgets", "5000,,9000"], "'' is no number"),
        (["--budgets", "9000,5000"], "5000 comes after 9000"),
        (["--budgets", "-5"], "-5 is no budget"),
        (["--budgets", "5000", "--points", "3"], "both say which budgets"),
        (["--points", "0"], "0 budgets"),
        (["--stations", "-1"], "key stations"),
    ],
)
def test_the_command_line_refuses_what_cannot_be(arguments, message, tmp_path):
    result = RUNNER.invoke(app, ["frontier", *arguments, "--out", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 2
    assert message in json.loads(result.stdout)["error"]["message"]
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def scenario_file(quick, tmp_path_factory):
    path = tmp_path_factory.mktemp("scenario") / "few.toml"
    path.write_text(to_toml(quick), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def written(scenario_file, tmp_path_factory):
    """What the command line says, and the folder of its files."""
    out = tmp_path_factory.mktemp("frontier") / "out"
    result = RUNNER.invoke(app, ["frontier", scenario_file, "--budgets", "1000,4000", "--out", str(out)])
    assert result.exit_code == 0, result.output
    return result, out


def test_the_command_line_prints_the_frontier(written):
    result, out = written
    assert "成本–覆盖前沿 Cost-coverage frontier · few · 2030" in result.stdout
    assert "optimal" in result.stdout, "nothing new is known for certain"
    assert "budget 1 of 2" in result.stderr
    for name in ("frontier.csv", "frontier_stations.csv", "frontier.json", "frontier.svg"):
        assert f"wrote {out / name}" in result.stderr
    assert len(list(out.iterdir())) == 4


def test_files_are_read_back_and_agree(written):
    _, out = written
    table = pd.read_csv(out / "frontier.csv", encoding="utf-8-sig")
    stations = pd.read_csv(out / "frontier_stations.csv", encoding="utf-8-sig")
    told = json.loads((out / "frontier.json").read_text(encoding="utf-8"))
    assert told["schema"] == "chengyu-frontier/1"
    assert told["whole"] is True
    assert told["scenario"]["name"] == "few"
    assert table["budget_wan_cny"].tolist() == [0.0, 1000.0, 4000.0]
    assert told["plans"][0]["capex_wan_cny"] == 0.0
    for row, point in zip(table.to_dict("records"), told["points"], strict=True):
        for name, value in row.items():
            if isinstance(value, str | bool):
                assert point[name] == value
            elif not np.isnan(value):
                assert point[name] == pytest.approx(value, abs=1e-3)
        assert {"incumbent", "bound", "gap", "status", "seconds"} <= set(point["certificate"])
        assert point["certificate"]["incumbent"] == pytest.approx(point["served_kg_per_day"])
        of_budget = stations[stations["budget_wan_cny"] == row["budget_wan_cny"]]
        assert [each["site_id"] for each in point["stations"]] == of_budget["site_id"].tolist()
        assert len(of_budget) == row["stations_new"]
        assert of_budget["capex_wan_cny"].sum() == pytest.approx(row["capex_wan_cny"])


def test_the_chart_has_both_lines_between_its_axes(written):
    _, out = written
    root = ET.fromstring((out / "frontier.svg").read_text(encoding="utf-8"))  # noqa: S314  just written
    svg = {"svg": "http://www.w3.org/2000/svg"}
    lines = {path.get("class"): path.get("d") for path in root.findall("svg:path", svg)}
    assert set(lines) == {"open", "bound", "served"}
    corners = {
        name: [tuple(map(float, corner.split(","))) for corner in line.strip("MZ").split("L")]
        for name, line in lines.items()
    }
    assert max(x for x, _ in corners["served"]) == max(x for x, _ in corners["bound"])
    low, high = (min(y for _, y in corners[name]) for name in ("served", "bound"))
    assert high <= low + 0.11, "the bound is above what is served: less far down"
    assert len(root.findall("svg:circle[@class='point']", svg)) == 3
    words = " ".join(element.text or "" for element in root.findall("svg:text", svg))
    for said in ("服务量 Served (kg/d)", "万元", "10,000 CNY", "Best plan found", "未证最优"):
        assert said in words


def test_ctrl_c_writes_what_is_done(scenario_file, tmp_path, monkeypatch):
    out = tmp_path / "out"

    def say(progress):
        if progress.message.startswith("budget 2 of"):
            signal.raise_signal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(planner.frontier_cli, "say", say)
    result = RUNNER.invoke(
        app, ["frontier", scenario_file, "--budgets", "1000,2500,4000", "--out", str(out), "--json"]
    )
    assert result.exit_code == 130
    assert signal.getsignal(signal.SIGINT) is before
    told = json.loads(result.stdout)
    assert told["whole"] is False
    assert [point["budget_wan_cny"] for point in told["points"]] == [0.0, 1000.0, 2500.0]
    assert len(pd.read_csv(out / "frontier.csv", encoding="utf-8-sig")) == 3
    assert "stopping" in result.stderr


def test_stations_are_only_limited_where_asked(tmp_path):
    few, any_number = {"stations": 3}, planner.frontier_cli.ANY_NUMBER
    scenario = planner.frontier_cli._scenario
    assert scenario(None, [], {}).stations == any_number
    assert scenario(None, ["stations=5"], {}).stations == 5
    assert scenario(None, [], few).stations == 3
    path = tmp_path / "own.toml"
    path.write_text("stations = 7\n", encoding="utf-8")
    assert scenario(path, [], {}).stations == 7
