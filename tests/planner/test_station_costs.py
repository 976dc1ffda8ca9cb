"""What new stations cost at each site: as the plan builds them, and as its accounts have it."""

import io
import json

import numpy as np
import openpyxl
import pandas as pd
import pytest

from corridor import sources
from corridor.errors import InputError
from planner import exports
from planner.economics import check_economics, untaxed_share
from planner.inputs import assumptions_in_force, load_inputs
from planner.pipeline import make_plan
from planner.plan import records
from planner.scenario import Scenario
from planner.station_costs import MODULES_KG_PER_DAY, annual_by_site, capex_by_site, forms_of, options_at
from planner.text import LANGUAGES, text
from planner.views import site_layers, tables
from siting.station_forms import FORMS


@pytest.fixture(scope="module")
def plan(solved):
    return solved()


@pytest.fixture(scope="module")
def values():
    return assumptions_in_force(load_inputs().assumptions, {})[0]


def _module(stations):
    return np.searchsorted(MODULES_KG_PER_DAY, stations["capacity_kg_per_day"])


def test_the_default_plan_builds_every_form(plan):
    new = plan.stations[plan.stations["status"] == "new"]
    assert set(new["form"]) == set(FORMS)
    assert (new.loc[new["form"] == "combined", "kind"] == "service_area").all()
    assert (new.loc[new["kind"] == "service_area", "form"] == "combined").all()
    assert (new.loc[new["form"] == "skid", "capacity_kg_per_day"] == 500.0).all()


def test_of_what_stands_only_what_is_published_is_known(plan):
    published = sources.read_station_forms(sources.data_directory())
    standing = plan.stations[plan.stations["status"] == "existing"].set_index("site_id")
    assert standing["capex_wan_cny"].isna().all()
    known = standing.dropna(subset=["form"])
    assert set(known.index) == set(published.index)
    assert known["form"].to_dict() == published["form"].to_dict()
    assert standing["footprint_m2"].dropna().to_dict() == {"ST-JIULONGPO": 4000.0}
    assert set(published.index) <= set(load_inputs().sites.query("status == 'existing'").index)


def test_what_stands_runs_as_its_form_does(plan, values):
    accounts = plan.economics.set_index("site_id")
    staff = accounts["staff_wan_cny_per_year"] / values["station.staff_wan_cny_per_year"]
    assert staff["ST-JIULONGPO"] == pytest.approx(values["station.form.combined.staff_factor"])
    assert staff["ST-XICHANG"] == pytest.approx(1.0)
    fixed = accounts["fixed_opex_wan_cny_per_year"]
    share = values["station.form.combined.capex_factor"] * values["station.fixed_opex_share"]
    assert fixed["ST-JIULONGPO"] == pytest.approx(1550 * untaxed_share(values) * share)


def test_investment_and_land_are_those_of_the_form(plan, values):
    new = plan.stations[plan.stations["status"] == "new"]
    for row in new.itertuples():
        size = int(row.capacity_kg_per_day)
        of_form = f"station.form.{row.form}"
        capex = values[f"station.{size}.capex_wan_cny"] * values.get(f"{of_form}.capex_factor", 1.0)
        area = values[f"station.{size}.footprint_m2"] * values.get(f"{of_form}.footprint_factor", 1.0)
        assert (row.capex_wan_cny, row.footprint_m2) == pytest.approx((capex, area))
    assert plan.kpis["capex_wan_cny"] == pytest.approx(new["capex_wan_cny"].sum())
    assert plan.kpis["footprint_new_m2"] == pytest.approx(new["footprint_m2"].sum())


def test_every_site_is_priced_as_the_plan_and_its_accounts_have_it(plan, values):
    new = plan.stations[plan.stations["status"] == "new"]
    row = np.arange(len(new))
    assert capex_by_site(new, values)[row, _module(new)] == pytest.approx(new["capex_wan_cny"].to_numpy())
    accounts = plan.economics.set_index("site_id").loc[new["site_id"]]
    parts = ["capital", "fixed_opex", "staff", "land"]
    yearly = accounts[[f"{part}_wan_cny_per_year" for part in parts]].sum(axis=1)
    assert annual_by_site(new, values)[row, _module(new)] == pytest.approx(yearly.to_numpy())


def test_larger_stations_cost_more_everywhere_and_anything_else_is_told(values):
    sites = load_inputs().sites
    for costs in (capex_by_site(sites, values), annual_by_site(sites, values)):
        assert costs.shape == (len(sites), len(MODULES_KG_PER_DAY))
        assert (np.diff(costs, axis=1) > 0.0).all()
    with pytest.raises(InputError, match=r"station\.2000"):
        capex_by_site(sites, values | {"station.1000.capex_wan_cny": 2500.0})


def test_a_shared_fuel_station_can_be_allowed_anywhere(values):
    asked = values | {"station.form.combined.possible.interchange": 1.0}
    kinds = pd.DataFrame({"kind": ["interchange", "port", "service_area"]})
    assert options_at(kinds, asked).form[:, 1].tolist() == ["combined", "standalone", "combined"]
    assert options_at(kinds, values).form[:, 1].tolist() == ["standalone", "standalone", "combined"]
    none = asked | {key: 0.0 for key in asked if key.startswith("station.form.combined.possible.")}
    combined = next(form for form in forms_of(none) if form.name == "combined")
    assert combined.kinds == frozenset()


def test_stations_and_demand_do_not_hang_on_the_form(plan):
    dear = {"station.form.combined.capex_factor": 1.5, "station.form.skid.capex_factor": 1.5}
    other = make_plan(Scenario(assumptions=dear))
    assert set(other.stations.loc[other.stations["status"] == "new", "form"]) == {"standalone"}
    for name in ("site_id", "load_kg_per_day", "capacity_kg_per_day", "base_id"):
        assert other.stations[name].tolist() == plan.stations[name].tolist()
    assert other.kpis["capex_wan_cny"] == 27850.0, "11 stations of 2,000 kg/d and one of 500, stand-alone"
    assert other.kpis["levelized_cost_cny_per_kg"] > plan.kpis["levelized_cost_cny_per_kg"]


def test_factors_out_of_bounds_are_told(values):
    with pytest.raises(InputError) as error:
        check_economics(values | {"station.form.skid.staff_factor": -1.0, "station.land_use_years": 0.0})
    assert [fault.where for fault in error.value.faults] == [
        "station.land_use_years",
        "station.form.skid.staff_factor",
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_and_files_tell_form_land_and_cost(plan, language):
    bases = load_inputs().bases
    drawn = json.loads(site_layers.stations(plan, plan.scenario, bases, language)[0].to_json())["data"]
    tips = {row["number"]: row["tip_text"] for row in drawn}
    for row in records(tables.numbered(plan)):
        tip = tips[str(row["number"])]
        assert text(f"form.{row['form'] or 'unknown'}", language) in tip
        if row["status"] == "new":
            assert f"{row['footprint_m2']:,.0f} m²" in tip
            assert f"{row['nozzle_cost_cny_per_kg']:.1f}" in tip
    sheet = openpyxl.load_workbook(io.BytesIO(exports.plan_xlsx(plan))).worksheets[0]
    headings = [str(cell.value) for cell in sheet[1]]
    for name in ("form", "footprint_m2", "nozzle_cost_cny_per_kg"):
        heading = f"{text(f'column.{name}', 'zh')}\n{text(f'column.{name}', 'en')}"
        column = headings.index(heading) + 1
        first, asked = sheet.cell(2, column).value, plan.stations[name].iloc[0]
        assert first == (asked if name == "form" else pytest.approx(asked))
