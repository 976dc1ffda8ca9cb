"""The money of a plan: recomputed from its tables, in its files, in both languages."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from corridor.errors import InputError
from planner import exports, store
from planner.cli import app
from planner.economics import (
    ECONOMICS_COLUMNS,
    KEY_FIGURES,
    amounts_by_station,
    books_of,
    check_economics,
    economics_table,
    grants_wan_cny,
    investment_like_new,
    key_money,
    terms_of,
    totals,
)
from planner.inputs import assumptions_in_force, load_inputs
from planner.pipeline import make_plan
from planner.plan import summary
from planner.scenario import Scenario
from planner.text import LANGUAGES, text
from planner.views import economics as view
from siting.economics import COSTS

MODULES = (500, 1000, 2000, 4000)
PARTS = [f"{cost}_wan_cny_per_year" for cost in (*COSTS, "capital")]


@pytest.fixture(scope="module")
def plan(solved):
    return solved(room=False, stations=4)


@pytest.fixture(scope="module")
def values():
    return assumptions_in_force(load_inputs().assumptions, {})[0]


def _books(values, *, year=2030, **changes):
    """One new station of 1,000 kg/d in Chengdu that sells 700 kg/d at 20 + 3 CNY/kg."""
    station = {
        "site_id": "A",
        "name_zh": "甲",
        "name_en": "A",
        "status": "new",
        "capacity_kg_per_day": 1000.0,
        "capex_wan_cny": 1550.0,
        "form": "combined",
        "footprint_m2": 1200.0,
        "county_code": 510112,
    }
    station |= changes
    link = {"site_id": "A", "kg_per_day": 700.0, "production_cny_per_kg": 20.0, "delivery_cny_per_kg": 3.0}
    stations = pd.DataFrame([station])
    books = books_of(
        stations,
        pd.DataFrame([link]),
        county_code=pd.Series([station["county_code"]], index=["A"]),
        modules_kg_per_day=MODULES,
        year=year,
        values=values,
    )
    return books.loc["A"]


def test_books_by_hand(values):
    book = _books(values)
    kg = 700 * 365
    untaxed = 15.5e6 * (0.57 / 1.13 + 0.43 / 1.09)
    assert book["kg_per_year"] == pytest.approx(kg)
    assert book["investment_cny"] == pytest.approx(untaxed)
    assert book["production_cny_per_year"] == pytest.approx(20 * kg)
    assert book["delivery_cny_per_year"] == pytest.approx(3 * kg)
    assert book["electricity_cny_per_year"] == pytest.approx(2 * 0.6 / 1.13 * kg)
    assert book["fixed_opex_cny_per_year"] == pytest.approx(0.05 * untaxed)
    assert book["staff_cny_per_year"] == pytest.approx(8e5 * 0.7)
    right_of_use = 0.0750091  # (A/P, 7 %, 40) of printed tables
    assert book["land_cny_per_year"] == pytest.approx(1200 * 600 * right_of_use, rel=1e-5)
    assert book["possible_subsidy_cny_per_year"] == 5e6, "20 CNY/kg would be 5.11 million"
    assert book["grant_cny"] == 0.0


def test_what_exists_is_sunk_but_still_runs(values):
    unknown = {"capex_wan_cny": np.nan, "form": None, "footprint_m2": np.nan}
    book, new = _books(values, status="existing", **unknown), _books(values, form="standalone")
    assert book["investment_cny"] == book["grant_cny"] == book["land_cny_per_year"] == 0.0
    assert book["fixed_opex_cny_per_year"] == pytest.approx(new["fixed_opex_cny_per_year"])
    assert book["staff_cny_per_year"] == new["staff_cny_per_year"]


@pytest.mark.parametrize(
    ("code", "subsidy", "grant"),
    [(510112, 5e6, 0), (510185.0, 5e6, 0), (511011, 0, 0), (500107, 0, 3e6), ("", 0, 0), (None, 0, 0)],
)
def test_support_is_that_of_the_county(values, code, subsidy, grant):
    book = _books(values, county_code=code)
    assert book["possible_subsidy_cny_per_year"] == subsidy
    assert book["grant_cny"] == grant


def test_the_award_of_sichuan_is_shared_within_a_prefecture_until_it_ends(values):
    codes = ["510112", "510185", "511011", "500107", "511011"]
    cost = np.array([3800.0, 9000.0, 1550.0, 250.0, 900.0])
    is_new = np.array([True, True, True, True, False])
    early = grants_wan_cny(cost, codes, is_new=is_new, year=2027, values=values)
    share = 0.3 * 0.57
    assert early[:2].sum() == pytest.approx(2000.0), "both in Chengdu: 2,188.8 asked for"
    assert early[0] / early[1] == pytest.approx(3800 / 9000)
    assert early[2] == pytest.approx(share * 1550)
    assert early[3] == 250.0, "no more than it costs"
    assert early[4] == 0.0
    late = grants_wan_cny(cost, codes, is_new=is_new, year=2030, values=values)
    assert late.tolist() == [0.0, 0.0, 0.0, 250.0, 0.0]


def test_stations_of_any_size_have_a_price():
    capex = np.array([900.0, 1550.0, 2450.0, 3800.0])
    sizes = np.array(MODULES, dtype=float)
    assert investment_like_new(sizes, sizes, capex) == pytest.approx(capex)
    between = investment_like_new(np.array([0.0, 250.0, 700.0, 8000.0]), sizes, capex)
    assert between[0] == 0.0
    assert between[1] == pytest.approx(900 * 900 / 1550), "half the size of 500 as 500 is half of 1,000"
    assert 900 < between[2] < 1550
    assert between[3] == pytest.approx(3800 * 3800 / 2450)


def test_amounts_follow_the_hydrogen():
    fills = pd.DataFrame({"trip": [0, 0, 1], "station": [0, 1, 1], "kg_per_trip": [10.0, 30.0, 5.0]})
    shared = amounts_by_station(np.array([8.0, 1.0, 0.0]), fills, n_stations=3)
    assert shared.tolist() == [2.0, 7.0, 0.0]


def test_parts_sum_to_the_whole(plan):
    table = plan.economics
    assert list(table.columns) == list(ECONOMICS_COLUMNS)
    assert table["scope"].tolist() == ["station"] * len(plan.stations) + ["new", "existing", "all"]
    assert table["site_id"].iloc[:-3].tolist() == plan.stations["site_id"].tolist()
    assert table["annualized_cost_wan_cny_per_year"].to_numpy() == pytest.approx(
        table[PARTS].sum(axis=1).to_numpy()
    )
    stations, sums = table.iloc[:-3], table.set_index("scope").iloc[-3:]
    adding = [*PARTS, "npv_wan_cny", "kg_per_year", "sales_wan_cny_per_year", "co2_avoided_t_per_year"]
    for name in adding:
        of_new = stations.loc[stations["status"] == "new", name].sum()
        assert sums.loc["new", name] == pytest.approx(of_new)
        assert sums.loc["all", name] == pytest.approx(stations[name].sum())
        assert sums.loc["all", name] == pytest.approx(sums.loc["new", name] + sums.loc["existing", name])
    assert sums.loc["all", "co2_avoided_t_per_year"] == pytest.approx(plan.kpis["co2_avoided_t_per_year"])
    assert sums.loc["all", "kg_per_year"] == pytest.approx(365 * plan.supply["kg_per_day"].sum())
    bought = sums.loc["all", ["production_wan_cny_per_year", "delivery_wan_cny_per_year"]].sum()
    spent = (plan.supply["kg_per_day"] * plan.supply["delivered_cny_per_kg"]).sum() * 365 / 1e4
    assert bought == pytest.approx(spent)


def test_co2_is_what_diesel_would_burn(plan, values):
    flows = plan.flows
    liters = flows["vehicle_class"].map(lambda name: values[f"carbon.diesel_l_per_100km.{name}"]) / 100
    driven = (
        flows["trips_per_day"] * flows["served_kg_per_day"] / flows["kg_per_day"] * 2 * flows["length_km"]
    )
    tonnes = (driven * liters).sum() * values["carbon.diesel_kg_co2_per_l"] * 365 / 1000
    assert plan.kpis["co2_avoided_t_per_year"] == pytest.approx(tonnes)


def test_selling_at_the_break_even_price_loses_nothing(plan, values):
    price = plan.kpis["break_even_cny_per_kg"]
    scenario = Scenario(room=False, stations=4, assumptions={"economics.retail_price_cny_per_kg": price})
    even = make_plan(scenario)
    assert even.stations["site_id"].tolist() == plan.stations["site_id"].tolist()
    assert even.kpis["npv_wan_cny"] == pytest.approx(0.0, abs=1e-6 * abs(plan.kpis["npv_wan_cny"]))
    assert even.kpis["irr"] == pytest.approx(values["economics.discount_rate"], abs=1e-9)
    assert even.kpis["discounted_payback_years"] == pytest.approx(20.0, abs=1e-6)
    assert even.kpis["payback_years"] < 20.0
    assert even.kpis["subsidy_need_wan_cny"] == pytest.approx(0.0, abs=1e-3)


def test_key_figures_are_those_of_the_new_stations_as_far_as_known(plan):
    together = plan.economics.set_index("scope").loc["new"]
    for name in KEY_FIGURES:
        if np.isfinite(together[name]):
            assert plan.kpis[name] == pytest.approx(together[name])
        else:
            assert name not in plan.kpis
    assert key_money(plan.economics[plan.economics["status"] != "new"].iloc[:-3]) == {}


def test_a_plan_that_builds_nothing_has_no_investment_to_judge():
    nothing = make_plan(Scenario(stations=0))
    assert not set(KEY_FIGURES) & set(nothing.kpis)
    assert list(totals(nothing).index) == ["existing", "all"]


def test_files_and_store_keep_the_accounts(plan, tmp_path, monkeypatch):
    rows = list(csv.DictReader(io.StringIO(exports.economics_csv(plan).decode("utf-8-sig"))))
    assert [row["scope"] for row in rows] == plan.economics["scope"].tolist()
    assert float(rows[0]["npv_wan_cny"]) == pytest.approx(plan.economics["npv_wan_cny"].iloc[0], abs=0.006)
    book = openpyxl.load_workbook(io.BytesIO(exports.plan_xlsx(plan)))
    sheet = book[f"{text('sheet.economics', 'zh')} {text('sheet.economics', 'en')}"]
    assert sheet.max_row == len(plan.economics) + 1
    assert all("\n" in cell.value for cell in sheet[1])
    content = json.loads(exports.plan_json(plan))
    assert len(content["economics"]) == len(plan.economics)
    assert content["provenance"]["terms"]["subsidy"]["cap_cny_per_year"] == 5e6
    assert summary(plan)["economics"][-1]["scope"] == "all"
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    store.save(plan)
    again = store.find(plan.scenario, plan.provenance["fingerprint"])
    pd.testing.assert_frame_equal(again.economics, plan.economics, check_dtype=False)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_view_shows_sums_and_then_stations_with_their_numbers(plan, language):
    shown = view.rows(plan, language)
    assert shown[f"name_{language}"].iloc[:3].tolist() == [
        text(f"economics.{scope}", language) for scope in ("new", "existing", "all")
    ]
    assert shown["number"].iloc[:4].tolist() == ["Σ", "Σ", "Σ", "● 1"]
    assert shown["npv_wan_cny"].iloc[2] == pytest.approx(plan.economics["npv_wan_cny"].iloc[-1])
    assert shown["irr"].dropna().to_numpy() / 100 == pytest.approx(
        pd.concat([plan.economics["irr"].iloc[-3:], plan.economics["irr"].iloc[:-3]]).dropna().to_numpy()
    )
    said = view.terms(plan, language)
    assert "30.0" in said
    assert text("economics.sunk", language) in said
    only_new = replace(plan, stations=plan.stations[plan.stations["status"] == "new"])
    assert text("economics.sunk", language) not in view.terms(only_new, language)


def test_the_command_line_prints_the_accounts(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    printed = CliRunner().invoke(app, ["plan", "--set", "room=false", "--stations", "1"])
    assert printed.exit_code == 0, printed.stderr
    assert "经济性 Money" in printed.stdout
    assert "break_even_cny_per_kg" in printed.stdout


def test_terms_out_of_bounds_are_told_before_any_work(values):
    with pytest.raises(InputError) as error:
        check_economics(values | {"economics.vat_rate": 2.0, "station.lifetime_years": 0.0})
    assert [fault.where for fault in error.value.faults] == ["economics.vat_rate", "station.lifetime_years"]
    with pytest.raises(InputError, match=r"economics\.residual_share"):
        make_plan(Scenario(room=False, stations=1, assumptions={"economics.residual_share": 1.5}))


def test_no_stations_no_accounts(values):
    stations = pd.DataFrame(columns=["site_id", "name_zh", "name_en", "status"])
    table = economics_table(
        stations,
        pd.DataFrame(),
        county_code=pd.Series(dtype=object),
        co2_t_per_year=np.empty(0),
        modules_kg_per_day=MODULES,
        year=2030,
        values=values,
    )
    assert table.empty
    assert list(table.columns) == list(ECONOMICS_COLUMNS)
    assert terms_of(values).subsidy.cap_cny_per_year == 5e6
