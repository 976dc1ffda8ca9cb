"""What siting may maximize, against volumes and coverage worked out by hand."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import openpyxl
import pandas as pd
import pytest
from scipy import sparse
from typer.testing import CliRunner

from corridor.errors import InputError
from planner import exports, store
from planner.cli import app
from planner.explain_report import explain_report
from planner.inputs import fingerprint, load_inputs
from planner.objective import IN_MONEY, PER_DAY, trip_amounts, unit
from planner.pipeline import make_plan
from planner.progress import Progress
from planner.scenario import OBJECTIVES, PointDemand, Scenario, validated
from planner.siting_case import siting_case
from planner.text import LANGUAGES, text
from planner.views import certificate, kpis, status
from siting.coverage import CoverSets, served_trips
from siting.flow_refueling import solve_flow_refueling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.plan import Plan
    from planner.scenario import Objective
    from planner.siting_case import SitingCase
    from planner.text import Language

RUNNER = CliRunner()
#: What is counted trip by trip; money is in tests/planner/test_net_benefit.py and test_least_cost.py.
COUNTED: tuple[Objective, ...] = tuple(name for name in OBJECTIVES if name not in IN_MONEY)
_POINT = PointDemand(point_id="P1", name_zh="港", use="ship", lon=106.7, lat=29.6, kg_per_day=900)
_LITERS_PER_100_KM = {
    "tractor_49t": 33,
    "rigid_31t": 30,
    "rigid_18t": 21,
    "light_9t": 15,
    "light_4t5": 11,
    "coach_12m": 26,
}


@cache
def _plan(objective: Objective) -> Plan:
    return make_plan(Scenario(room=False, stations=2, objective=objective, point_demands=(_POINT,)))


def _counted(flows: pd.DataFrame, objective: str) -> pd.Series:
    """What each flow counts, by hand."""
    round_trip_km = 2 * flows["length_km"] * flows["trips_per_day"]
    liters = round_trip_km * flows["vehicle_class"].map(_LITERS_PER_100_KM) / 100
    by_name = {
        "kg": flows["kg_per_day"],
        "trips": flows["trips_per_day"],
        "vehicle_km": round_trip_km,
        "co2": liters * 2.66,
    }
    return by_name[objective]


def test_the_default_is_hydrogen_and_leaves_the_identity_as_it_was() -> None:
    known = "5229c364"  # of the default scenario before there was a choice
    assert Scenario().objective == "kg"
    assert Scenario().identity.startswith(known)
    assert Scenario(objective="kg").identity == Scenario().identity
    assert len({Scenario(objective=name).identity for name in OBJECTIVES}) == len(OBJECTIVES)
    assert set(PER_DAY) == set(OBJECTIVES)


def test_an_objective_that_is_none_is_one_error() -> None:
    with pytest.raises(InputError, match=r"key objective: input should be 'kg', 'trips'"):
        validated({"objective": "money"}, where="scenario")
    for command in ("plan", "explain"):
        said = RUNNER.invoke(app, [command, "--objective", "money", "--json"])
        assert said.exit_code == 2
        assert "objective" in json.loads(said.stdout)["error"]["message"]


def test_each_objective_has_its_own_best_site() -> None:
    demand = pd.DataFrame(
        {
            "vehicle_class": ["light_4t5", "tractor_49t", "coach_12m", "rigid_31t"],
            "trips_per_day": [10.0, 3.0, 4.0, 4.0],
            "kg_per_day": [10.0, 60.0, 48.0, 70.0],
        }
    )
    length_km = np.array([30.0, 150.0, 140.0, 100.0])
    values = {f"carbon.diesel_l_per_100km.{name}": float(each) for name, each in _LITERS_PER_100_KM.items()}
    values["carbon.diesel_kg_co2_per_l"] = 2.66
    every = np.arange(4)
    one_each = CoverSets(
        sets=sparse.csr_array(np.eye(4)), offsets=np.arange(5), members=every, trip_class=every
    )
    expected = {
        "kg": (3, 70.0),
        "trips": (0, 10.0),
        "vehicle_km": (2, 1120.0),
        "co2": (1, 2 * 150 * 3 * 0.33 * 2.66),
    }
    for objective, (site, amount) in expected.items():
        volume = trip_amounts(objective, demand, length_km, values)
        solution = solve_flow_refueling(one_each, volume, n_new=1)
        assert solution.new.tolist() == [site]
        assert solution.certificate.incumbent == pytest.approx(amount)


@cache
def _alone() -> tuple[SitingCase, NDArray[np.bool_]]:
    """Which trips each site would serve beside the existing stations, (n_sites, n_trips)."""
    case = siting_case(Scenario())
    n_sites = len(case.inputs.sites)
    return case, np.array(
        [served_trips(case.cover, np.union1d(case.existing, [site])) for site in range(n_sites)]
    )


@pytest.mark.parametrize("objective", COUNTED)
def test_one_station_stands_where_trying_every_site_puts_it(objective: Objective) -> None:
    case, served = _alone()
    flows = case.demand.assign(length_km=case.inputs.routes.length_km[case.demand["route"].to_numpy()])
    total = served @ _counted(flows, objective).to_numpy()
    plan = make_plan(Scenario(room=False, stations=1, objective=objective))
    assert plan.certificate.status == "optimal"
    assert plan.certificate.incumbent == pytest.approx(total.max(), rel=1e-6)
    new = plan.stations.loc[plan.stations["status"] == "new", "site_id"].tolist()
    assert total[case.rows(new)[0]] == pytest.approx(total.max(), rel=1e-6)


@pytest.mark.parametrize("objective", COUNTED)
def test_certificate_and_key_figures_follow_from_the_tables(objective: Objective) -> None:
    plan = _plan(objective)
    counted, per_day = _counted(plan.flows, objective), PER_DAY[objective]
    points = plan.points["kg_per_day"] * (objective == "kg")
    covered = counted[plan.flows["covered"]].sum() + points[plan.points["covered"]].sum()
    assert plan.certificate.incumbent == pytest.approx(covered, rel=1e-9)
    assert plan.kpis[f"covered_{per_day}"] == pytest.approx(covered, rel=1e-9)
    assert plan.kpis[f"demand_{per_day}"] == pytest.approx(counted.sum() + points.sum(), rel=1e-9)
    assert plan.kpis[f"served_{per_day}"] <= covered * (1 + 1e-9)
    kg = plan.flows["kg_per_day"].sum() + _POINT.kg_per_day
    assert plan.kpis["demand_kg_per_day"] == pytest.approx(kg)
    if objective == "co2":
        per_year = plan.kpis["co2_avoided_t_per_year"]
        assert plan.kpis[f"served_{per_day}"] * 365 / 1000 == pytest.approx(per_year)
    if objective == "trips":
        assert plan.kpis[f"served_{per_day}"] == pytest.approx(plan.kpis["trips_served_per_day"])


def test_no_plan_beats_another_at_its_own_objective() -> None:
    flows = load_inputs().routes.length_km
    stations = {name: tuple(sorted(_plan(name).stations["site_id"])) for name in COUNTED}
    assert len(set(stations.values())) > 1
    for own in COUNTED:
        best = _plan(own).certificate.incumbent
        for other in COUNTED:
            plan = _plan(other)
            assert (plan.flows["length_km"] == flows[plan.flows["route"].to_numpy()]).all()
            points = plan.points["kg_per_day"] * (own == "kg")
            reached = _counted(plan.flows, own)[plan.flows["covered"]].sum()
            reached += points[plan.points["covered"]].sum()
            assert best is not None
            assert reached <= best * (1 + 2e-6)


@pytest.mark.parametrize("objective", COUNTED)
def test_point_demands_count_in_kg_only_and_the_plan_says_so(objective: Objective) -> None:
    plan = _plan(objective)
    said = [notice for notice in plan.notices if notice.key == "points_not_counted"]
    if objective == "kg":
        assert not said
        return
    assert said[0].details["kg"] == 900.0
    for language in LANGUAGES:
        assert unit(objective, language) in said[0].say(language)
    of_points = siting_case(plan.scenario).volume[len(plan.flows) :]
    assert of_points.tolist() == [0.0]


def test_the_unit_stands_beside_every_bound(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    plan = _plan("vehicle_km")
    store.save(plan)
    again = store.find(plan.scenario, fingerprint(plan.scenario))
    assert again is not None
    assert again.certificate == plan.certificate
    exports.write_all(plan, tmp_path / "out")
    proof = json.loads((tmp_path / "out" / "plan.json").read_text(encoding="utf-8"))["certificate"]
    assert (proof["objective"], proof["unit"]) == ("vehicle_km", "vehicle-km/d")
    book = openpyxl.load_workbook(tmp_path / "out" / "plan.xlsx")
    sheet = next(
        sheet for sheet in book.worksheets if sheet.title.startswith(text("sheet.certificate", "zh"))
    )
    assert ("unit", "vehicle-km/d") in [tuple(cell.value for cell in row) for row in sheet.iter_rows()]
    for language in LANGUAGES:
        shown = certificate.table(plan.certificate, plan.replay, language, objective="vehicle_km")
        assert shown.count(text("unit.vehicle_km_per_day", language)) == 2
        assert "kg/d" not in shown
    points = tmp_path / "points.csv"
    points.write_text(
        "point_id,name_zh,use,lon,lat,kg_per_day,crs\nP1,港,ship,106.7,29.6,900,WGS84\n", encoding="utf-8"
    )
    asked = [
        "plan",
        "--set",
        "room=false",
        "--stations",
        "2",
        "--objective",
        "vehicle_km",
        "--points",
        str(points),
    ]
    printed = RUNNER.invoke(app, asked)
    assert printed.exit_code == 0
    lines = [line for line in printed.output.splitlines() if "bound" in line and "incumbent" in line]
    assert lines
    assert all("vehicle-km/d" in line for line in lines)


def test_progress_names_what_it_counts() -> None:
    heard: list[Progress] = []
    make_plan(Scenario(room=False, stations=1, objective="trips"), on_progress=heard.append)
    counting = [report for report in heard if report.incumbent is not None]
    assert counting
    assert {report.objective for report in counting} == {"trips"}


@pytest.mark.parametrize("objective", ["vehicle_km", "co2"])
def test_weak_spots_are_in_the_unit_of_the_objective(objective: Objective) -> None:
    plan = make_plan(Scenario(room=False, stations=2, resilience=0.3, objective=objective))
    case, per_day = siting_case(plan.scenario), PER_DAY[objective]
    counted = _counted(plan.flows, objective).to_numpy()
    rows = np.sort(case.rows(plan.stations["site_id"].tolist()))
    assert list(plan.weak_spots.columns[4:]) == [f"left_{per_day}", f"lost_{per_day}", "left_share"]
    for _, spot in plan.weak_spots.iterrows():
        rest = np.setdiff1d(rows, case.rows([spot["site_id"]]))
        left = counted[served_trips(case.cover, rest)].sum()
        assert spot[f"left_{per_day}"] == pytest.approx(left)
        assert spot["left_share"] == pytest.approx(left / counted[case.cover.trip_class >= 0].sum())
    assert plan.kpis[f"worst_outage_left_{per_day}"] == pytest.approx(
        plan.weak_spots[f"left_{per_day}"].min()
    )
    assert f"resilience_price_{per_day}" in plan.kpis
    notice = next(notice for notice in plan.notices if notice.key == "resilience")
    for language in LANGUAGES:
        assert unit(objective, language) in notice.say(language)


@pytest.mark.parametrize("objective", COUNTED)
def test_explanations_are_differences_in_the_unit_of_the_objective(objective: Objective) -> None:
    plan = _plan(objective)
    case, per_day = siting_case(plan.scenario), PER_DAY[objective]
    ids = plan.stations["site_id"].tolist()
    report = explain_report(case, ids, covered_kg=plan.kpis["covered_kg_per_day"])
    amounts = {
        PER_DAY[name]: np.append(
            _counted(plan.flows, name).to_numpy(), _POINT.kg_per_day if name == "kg" else 0.0
        )
        for name in {objective, "kg", "trips"}
    }

    def reached(name: str, chosen: set[str]) -> float:
        return float(amounts[name][served_trips(case.cover, np.sort(case.rows(sorted(chosen))))].sum())

    assert plan.certificate.incumbent == pytest.approx(report.totals[f"served_{per_day}"])
    for _, row in report.stations.head(4).iterrows():
        for name in amounts:
            lost = reached(name, set(ids)) - reached(name, set(ids) - {row["site_id"]})
            assert row[f"lost_{name}"] == pytest.approx(lost, abs=1e-6)
    for _, row in report.sites.head(10).iterrows():
        for name in amounts:
            gain = reached(name, {*ids, row["site_id"]}) - reached(name, set(ids))
            assert row[f"gain_{name}"] == pytest.approx(gain, abs=1e-6)
    assert report.sites[f"swap_{per_day}"].max() <= 2e-6 * report.totals[f"served_{per_day}"]
    unserved = report.totals[f"demand_{per_day}"] - report.totals[f"served_{per_day}"]
    assert report.reasons[per_day].sum() == pytest.approx(unserved)


def test_the_explanation_printed_names_the_unit(tmp_path):
    exports.write_all(_plan("co2"), tmp_path)
    printed = RUNNER.invoke(app, ["explain", "--plan", str(tmp_path)])
    assert printed.exit_code == 0
    assert "减排 CO₂" in printed.stdout
    assert printed.stdout.count("CO₂/d") >= 3


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_names_the_unit_beside_bounds(language: Language) -> None:
    running = Progress(
        stage="siting", seconds=1.0, message="bound", incumbent=90.0, bound=100.0, objective="co2"
    )
    line = status._line(running, language, first=False)
    assert line.count(unit("co2", language)) == 2
    proof = kpis._proof(_plan("trips"), language)
    assert unit("trips", language) in proof
    assert "kg/d" not in proof
    for objective in OBJECTIVES:
        assert text(f"objective.{objective}", language)
        assert text(f"objective.{objective}_said", language)
