"""The cost at each nozzle, added up again from the assumptions, the supply and the accounts."""

import csv
import io
import json

import numpy as np
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from planner import exports, store
from planner.cli import app
from planner.inputs import assumptions_in_force, load_inputs
from planner.nozzle_costs import HYDROGEN_PARTS, NOZZLE_COLUMNS, STATION_PARTS, no_nozzle_costs, nozzle_costs
from planner.pipeline import make_plan
from planner.plan import Plan, summary
from planner.scenario import Scenario
from planner.supply_report import stored_report, supply_report
from planner.text import LANGUAGES
from planner.views import economics as view

RUNNER = CliRunner()
PARTS = [*HYDROGEN_PARTS, *STATION_PARTS]
ASKED = {
    "default": {},
    "green": {"green_only": True},
    "on_site": {"on_site": True, "trailers": {"tube_20mpa": 10, "liquid": 0}},
}


@pytest.fixture(scope="module", params=ASKED)
def plan(request) -> Plan:
    return make_plan(Scenario(stations=4, **ASKED[request.param]))


@pytest.fixture(scope="module")
def default(solved):
    return solved(stations=4)


def _each(plan):
    return plan.nozzle_costs[plan.nozzle_costs["scope"] == "station"].set_index("site_id")


def test_parts_sum_to_the_cost_and_the_cost_to_the_accounts(plan):
    table = plan.nozzle_costs
    assert list(table.columns) == list(NOZZLE_COLUMNS)
    assert table["scope"].tolist() == plan.economics["scope"].tolist()
    sold = table["kg_per_day"] > 0.0
    whole = table.loc[sold, "nozzle_cost_cny_per_kg"].to_numpy()
    assert table.loc[sold, PARTS].sum(axis=1).to_numpy() == pytest.approx(whole)
    assert table.loc[sold, list(STATION_PARTS)].sum(axis=1).to_numpy() == pytest.approx(
        table.loc[sold, "station_cny_per_kg"].to_numpy()
    )
    assert whole == pytest.approx(plan.economics.loc[sold, "levelized_cost_cny_per_kg"].to_numpy())
    assert plan.kpis["levelized_cost_cny_per_kg"] == pytest.approx(
        table.set_index("scope").loc["new", "nozzle_cost_cny_per_kg"]
    )


def test_the_mean_by_kilogram_is_the_cost_of_the_whole(plan):
    """Stations without hydrogen have no cost per kilogram; what they cost stands in the whole."""
    each, sums = _each(plan), plan.nozzle_costs.set_index("scope")
    spent = (each["kg_per_day"] * each["nozzle_cost_cny_per_kg"]).sum()
    accounts = plan.economics.set_index("site_id").loc[each.index]
    idle = accounts.loc[(each["kg_per_day"] == 0.0).to_numpy(), "annualized_cost_wan_cny_per_year"].sum()
    kg = sums.loc["all", "kg_per_day"]
    assert kg == pytest.approx(plan.supply["kg_per_day"].sum())
    assert (spent + idle * 1e4 / 365) / kg == pytest.approx(sums.loc["all", "nozzle_cost_cny_per_kg"])
    for status in ("new", "existing"):
        of = each[each["status"] == status]
        assert sums.loc[status, "kg_per_day"] == pytest.approx(of["kg_per_day"].sum())
        if (of["kg_per_day"] > 0.0).all():
            mean = np.average(of["nozzle_cost_cny_per_kg"], weights=of["kg_per_day"])
            assert sums.loc[status, "nozzle_cost_cny_per_kg"] == pytest.approx(mean)


def test_the_whole_is_what_supply_and_stations_cost(plan):
    """Against the certificate of the supply, whose cost is another program's, and the assumptions."""
    values, _ = assumptions_in_force(load_inputs(plan.scenario).assumptions, plan.scenario.assumptions)
    parts = plan.provenance["supply"]["parts"]
    supply = sum(parts.values()) - parts["idle_bases_cny_per_year"] - parts["shortage_cny_per_year"]
    kg = plan.supply["kg_per_day"].sum() * 365
    whole = plan.nozzle_costs.set_index("scope").loc["all"]
    assert whole[list(HYDROGEN_PARTS)].sum() * kg == pytest.approx(supply, rel=1e-6)
    electricity = values["station.electricity_kwh_per_kg"] * values["economics.electricity_cny_per_kwh"]
    assert whole["station_electricity_cny_per_kg"] == pytest.approx(electricity / 1.13)
    land = values["station.land_cny_per_m2"] * plan.kpis["footprint_new_m2"]
    rate, years = values["economics.discount_rate"], values["station.land_use_years"]
    annuity = rate / (1 - (1 + rate) ** -years)
    assert whole["station_land_cny_per_kg"] == pytest.approx(land * annuity / kg)


def test_a_station_of_several_bases_pays_the_mean_by_kilogram(plan):
    each = _each(plan)
    for site, links in plan.supply[plan.supply["kg_per_day"] > 0.0].groupby("site_id"):
        spent = kg = green = 0.0
        for link in links.to_dict("records"):
            spent += link["kg_per_day"] * link["delivered_cny_per_kg"]
            kg += link["kg_per_day"]
            green += link["kg_per_day"] * link["green"]
        row = each.loc[site]
        assert row["kg_per_day"] == pytest.approx(kg)
        assert row[list(HYDROGEN_PARTS)].sum() == pytest.approx(spent / kg)
        assert row["green_share"] == pytest.approx(green / kg)
        station = plan.stations.set_index("site_id").loc[site]
        assert row[list(HYDROGEN_PARTS)].sum() == pytest.approx(station["hydrogen_cny_per_kg"])
        assert row["nozzle_cost_cny_per_kg"] == pytest.approx(station["nozzle_cost_cny_per_kg"])


def test_stations_without_hydrogen_have_no_cost_per_kilogram(default):
    idle = _each(default).query("kg_per_day == 0")
    assert len(idle)
    assert idle[[*PARTS, "station_cny_per_kg", "nozzle_cost_cny_per_kg", "green_share"]].isna().all(axis=None)
    assert not np.isinf(default.nozzle_costs.select_dtypes("number").to_numpy()).any()
    by_site = default.stations.set_index("site_id")["nozzle_cost_cny_per_kg"]
    assert by_site[idle.index].isna().all()


def test_green_hydrogen_costs_no_purchase_and_on_site_hydrogen_no_transport():
    green = make_plan(Scenario(stations=4, **ASKED["green"])).nozzle_costs.set_index("scope").loc["all"]
    assert green["green_share"] == pytest.approx(1.0)
    assert green["purchase_cny_per_kg"] == 0.0
    assert green["electricity_cny_per_kg"] > 0.0
    plan = make_plan(Scenario(stations=4, **ASKED["on_site"]))
    made = plan.supply.query("mode == 'on_site' and kg_per_day > 0").groupby("site_id")["kg_per_day"].sum()
    rows = _each(plan).loc[made.index]
    alone = rows[np.isclose(rows["kg_per_day"], made)]
    assert len(alone)
    assert (alone["transport_cny_per_kg"] == 0.0).all()
    assert (alone["electrolyzer_cny_per_kg"] > 0.0).all()


def test_a_plan_of_nothing_has_headings_only():
    nothing = nozzle_costs(pd.DataFrame(), pd.DataFrame())
    assert nothing.empty
    assert list(nothing.columns) == list(no_nozzle_costs().columns) == list(NOZZLE_COLUMNS)


def test_files_and_store_keep_the_costs(default, tmp_path, monkeypatch):
    rows = list(csv.DictReader(io.StringIO(exports.nozzle_costs_csv(default).decode("utf-8-sig"))))
    assert [row["scope"] for row in rows] == default.nozzle_costs["scope"].tolist()
    assert float(rows[0]["nozzle_cost_cny_per_kg"]) == pytest.approx(
        default.nozzle_costs["nozzle_cost_cny_per_kg"].iloc[0], abs=1e-4
    )
    book = openpyxl.load_workbook(io.BytesIO(exports.plan_xlsx(default)))
    sheet = next(book[name] for name in book.sheetnames if name.endswith("Cost at nozzle"))
    assert sheet.max_row == len(default.nozzle_costs) + 1
    assert summary(default)["nozzle_costs"][-1]["scope"] == "all"
    point = json.loads(exports.plan_geojson(default))["features"][0]["properties"]
    assert point["nozzle_cost_cny_per_kg"] == pytest.approx(
        default.stations["nozzle_cost_cny_per_kg"].iloc[0]
    )
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    store.save(default)
    again = store.find(default.scenario, default.provenance["fingerprint"])
    pd.testing.assert_frame_equal(again.nozzle_costs, default.nozzle_costs, check_dtype=False)


def test_the_report_of_the_supply_tells_them_and_so_does_a_stored_one(default, tmp_path, monkeypatch):
    exports.write_all(default, tmp_path / "out")
    told, stored = supply_report(default), stored_report(tmp_path / "out")
    pd.testing.assert_frame_equal(told.nozzle_costs, default.nozzle_costs)
    pd.testing.assert_frame_equal(stored.nozzle_costs, default.nozzle_costs, check_dtype=False)
    assert tmp_path / "csv" / "nozzle_costs.csv" in told.write_csv(tmp_path / "csv")
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    printed = RUNNER.invoke(app, ["supply", "plan", "--plan", str(tmp_path / "out")])
    assert printed.exit_code == 0, printed.output
    assert "Cost at the nozzle" in printed.output
    whole = default.nozzle_costs.iloc[-1]
    assert f"{whole['nozzle_cost_cny_per_kg']:.2f}" in printed.output
    as_json = RUNNER.invoke(app, ["supply", "plan", "--plan", str(tmp_path / "out"), "--json"])
    content = json.loads(as_json.stdout)
    assert content["nozzle_costs"][-1]["scope"] == "all"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_the_parts_beside_the_accounts(default, language):
    shown = view.rows(default, language)
    each = shown.dropna(subset=["site_id"]).set_index("site_id")
    asked = _each(default).loc[each.index]
    for part in PARTS:
        assert each[part].to_numpy() == pytest.approx(asked[part].to_numpy(), nan_ok=True)
    sums = default.nozzle_costs.set_index("scope").loc[["new", "existing", "all"]]
    assert shown["station_cny_per_kg"].iloc[:3].to_numpy() == pytest.approx(
        sums["station_cny_per_kg"].to_numpy()
    )
