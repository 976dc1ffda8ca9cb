"""Supply of a plan by month: recomputed by other code, as files, and as ``chengyu supply plan`` prints it."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from corridor.errors import InfeasibleError, InputError
from planner import exports, store
from planner.cli import app
from planner.deliveries import deliveries, delivery_terms
from planner.inputs import assumptions_in_force, load_inputs
from planner.pipeline import make_plan
from planner.scenario import Scenario, validated
from planner.supply_report import spans
from planner.text import LANGUAGES
from planner.views import bases as view
from siting.delivery import PARTS
from siting.supply_tables import PRODUCTION_PARTS
from siting.supply_terms import supply_network
from siting.supply_year import solve_supply
from tests.siting.supply_cases import optimum

RUNNER = CliRunner()
BY_PRODUCT = {"BASE-TONGNAN", "BASE-CHANGSHOU"}


@pytest.fixture(scope="module")
def plan(solved):
    return solved(room=False, stations=4)


@pytest.fixture(scope="module")
def green(solved):
    return solved(room=False, stations=4, green_only=True)


@pytest.fixture
def folder(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    store.save(plan)
    exports.write_all(plan, tmp_path / "out")
    return tmp_path / "out"


def question(plan, **changes):
    """Return network and deliveries of a plan's stations with load, and the loads."""
    scenario = plan.scenario.model_copy(update=changes)
    inputs = load_inputs(scenario)
    values, _ = assumptions_in_force(inputs.assumptions, scenario.assumptions)
    loaded = plan.stations[plan.stations["load_kg_per_day"] > 0]
    sites = inputs.sites.loc[loaded["site_id"]]
    load = loaded["load_kg_per_day"].to_numpy()
    terms = delivery_terms(scenario, inputs, values)
    brought = deliveries(terms, inputs, sites, load_kg_per_day=load)
    bases = inputs.bases.rename(columns={f"capacity_kg_per_day_{scenario.year}": "capacity_kg_per_day"})
    network = supply_network(bases, values, on_site=scenario.on_site)
    if scenario.green_only:
        brought = {name: each.columns(network.bases.green) for name, each in brought.items()}
        network = network.green_only()
    return network, brought, pd.Series(load, index=loaded["site_id"])


@pytest.mark.parametrize("name", ["plan", "green"])
def test_the_cost_of_a_finished_plan_is_that_of_other_code(name, request):
    plan = request.getfixturevalue(name)
    network, brought, load = question(plan)
    truth = optimum(network, brought, load.to_numpy())
    proof = plan.provenance["supply"]
    assert proof["status"] == "optimal"
    assert proof["incumbent"] == pytest.approx(truth, rel=1e-6)
    assert proof["bound"] <= truth * (1 + 1e-6)


def test_tables_add_up(plan):
    links, months, bases = plan.supply, plan.supply_months, plan.bases
    sold = links[links["kg_per_day"] > 0]
    assert np.allclose(sold[list(PRODUCTION_PARTS)].sum(axis=1), sold["production_cny_per_kg"])
    assert np.allclose(links[list(PARTS)].sum(axis=1), links["delivery_cny_per_kg"])
    keys = ["site_id", "base_id", "mode"]
    kg = months.groupby(keys)["kg"].sum() / 365
    assert np.allclose(kg.reindex(pd.MultiIndex.from_frame(sold[keys])), sold["kg_per_day"])
    load = plan.stations.set_index("site_id")["load_kg_per_day"]
    by_station = links.groupby("site_id")["kg_per_day"].sum()
    assert np.allclose(by_station.reindex(load.index), load, atol=1e-3)
    delivered = months.groupby(["base_id", "month"])["kg"].sum()
    for (base, month), sent in bases.set_index(["base_id", "month"])["sent_kg"].items():
        assert sent >= delivered.get((base, month), 0.0) - 1e-6
        assert sent <= 1.1 * delivered.get((base, month), 0.0) + 1e-6
    made = bases.groupby("base_id")["produced_kg"].sum().sum()
    assert made == pytest.approx(bases["sent_kg"].sum() + bases["vented_kg"].sum(), abs=1.0)
    parts = plan.provenance["supply"]["parts"]
    spent = (links["kg_per_day"] * links["delivered_cny_per_kg"]).sum() * 365
    assert sum(parts.values()) == pytest.approx(spent, rel=1e-6)
    money = plan.economics[plan.economics["scope"] == "all"].iloc[0]
    bought = money["production_wan_cny_per_year"] + money["delivery_wan_cny_per_year"]
    assert bought * 1e4 == pytest.approx(spent, rel=1e-6)
    mean = links.groupby("site_id").apply(
        lambda rows: np.average(rows["delivered_cny_per_kg"], weights=np.maximum(rows["kg_per_day"], 1e-9))
    )
    shown = plan.stations.set_index("site_id")["hydrogen_cny_per_kg"]
    assert np.allclose(mean.reindex(shown.index), shown, rtol=1e-4)
    most = links.sort_values("kg_per_day", ascending=False).drop_duplicates("site_id").set_index("site_id")
    assert most["base_id"].reindex(shown.index).tolist() == plan.stations["base_id"].tolist()


def test_by_product_wins_the_east_unless_green_only_and_yaan_goes_by_tube(plan, green):
    lon = plan.stations.set_index("site_id")["lon"]
    sold = plan.supply[plan.supply["kg_per_day"] > 0]
    east = sold[sold["site_id"].map(lon) > 106.0]
    assert set(east["base_id"]) <= BY_PRODUCT
    to_chengdu = green.supply[(green.supply["site_id"].map(lon) < 104.6) & (green.supply["kg_per_day"] > 0)]
    assert set(zip(to_chengdu["base_id"], to_chengdu["mode"], strict=True)) == {("BASE-YAAN", "tube_20mpa")}
    assert green.supply["green"].all()
    assert not set(green.bases["base_id"]) & BY_PRODUCT
    assert green.kpis["hydrogen_cny_per_kg"] > plan.kpis["hydrogen_cny_per_kg"]


def test_without_yaan_hydrogen_from_the_southwest_comes_as_liquid(green):
    network, brought, load = question(green)
    rest = np.array([name != "BASE-YAAN" for name in network.bases.base_id])
    cut = replace(network, bases=network.bases.only(rest))
    answer = solve_supply(load, cut, {name: each.columns(rest) for name, each in brought.items()})
    assert set(answer.tables.links["mode"]) == {"liquid"}
    assert set(answer.tables.links["base_id"]) <= {"BASE-XICHANG", "BASE-PANZHIHUA"}


def test_stations_may_make_their_own_and_do_so_where_trailers_are_few():
    few = Scenario(room=False, stations=2, on_site=True, trailers={"tube_20mpa": 2, "liquid": 0})
    plan = make_plan(few)
    own = plan.supply[plan.supply["mode"] == "on_site"]
    assert len(own)
    assert set(own["base_id"]) == {"ON-SITE"}
    assert plan.kpis["trailers_needed"] <= 4.0  # two in use, rounded up at two bases
    assert plan.supply.loc[plan.supply["mode"] == "tube_20mpa", "trailers"].sum() <= 2.0 + 1e-6
    assert plan.kpis["supply_shortage_kg_per_day"] == pytest.approx(0.0, abs=1e-3)
    assert len(exports.plan_geojson(plan)) > 0
    assert make_plan(few.model_copy(update={"on_site": False})).kpis["supply_shortage_kg_per_day"] > 0.0


def test_switches_of_supply_keep_the_identity_of_old_scenarios():
    assert Scenario(on_site=False, trailers={}).identity == Scenario().identity
    assert Scenario(on_site=True).identity != Scenario().identity
    assert Scenario(trailers={"liquid": 3}).identity != Scenario().identity
    set_ = validated({"trailers": {"liquid": 3}}, where="t")
    assert set_.trailers == {"liquid": 3}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"trailers": {"tube_20mpa": 0, "liquid": 0}}, "no mode of delivery has a trailer"),
        ({"trailers": {"tube_30mpa": 5}}, "not among delivery_modes: tube_30mpa"),
        ({"trailers": {"pipeline": 1}, "delivery_modes": ["pipeline"]}, "a pipeline takes no trailers"),
        ({"trailers": {"liquid": -1}}, "greater than or equal to 0"),
        ({"trailers": {"drone": 1}}, "drone"),
    ],
)
def test_trailers_that_make_no_sense_are_refused(content, said):
    with pytest.raises(InputError, match=said):
        validated(content, where="t")


def test_impossible_assumptions_are_told_before_anything_is_solved():
    wrong = Scenario(assumptions={"supply.electrolyzer.availability": 0.0, "supply.storage.life_years": 0.0})
    with pytest.raises(InputError) as caught:
        make_plan(
            wrong, on_progress=lambda progress: pytest.fail("late") if progress.stage == "replay" else None
        )
    assert [fault.where for fault in caught.value.faults] == [
        "assumptions, key supply.electrolyzer.availability",
        "assumptions, key supply.storage.life_years",
    ]


def test_no_supply_at_all_is_one_clear_error(monkeypatch):
    inputs = load_inputs()
    none = inputs.bases.assign(capacity_kg_per_day_2030=0)
    monkeypatch.setattr("planner.siting_case.load_inputs", lambda *_: replace(inputs, bases=none))
    with pytest.raises(InfeasibleError, match="no supply base has any capacity"):
        make_plan(Scenario(room=False, stations=1))


def test_the_page_shows_each_base_with_its_months(plan):
    for language in LANGUAGES:
        rows = view.rows(plan, language)
        assert len(rows) == 5
        made = plan.bases.groupby("base_id", sort=False)["produced_kg"].sum() / 1000
        assert rows["made_t"].tolist() == pytest.approx(made.tolist())
        assert [sum(months) for months in rows["months"]] == pytest.approx(made.tolist(), abs=1.0)
        green = plan.bases.groupby("base_id", sort=False)["green"].first().to_numpy()
        assert rows.loc[green, "left_t"].sum() == pytest.approx(plan.kpis["green_export_t_per_year"])
        assert "None" not in view.told(plan, language)


def test_a_supply_that_is_not_proven_is_told(monkeypatch):
    monkeypatch.setattr("planner.pipeline._SUPPLY_S", 1e-3)
    plan = make_plan(Scenario(room=False, stations=2))
    proof = plan.provenance["supply"]
    assert proof["bound"] <= proof["incumbent"]
    told = {notice.key: notice for notice in plan.notices}
    assert ("supply_stopped_early" in told) == (proof["status"] != "optimal")
    for notice in told.values():
        assert notice.say("zh")


def test_months_are_told_as_spans():
    assert spans([1, 2, 3, 4, 12]) == "12-4"
    assert spans([6]) == "6"
    assert spans(range(1, 13)) == "1-12"
    assert spans([1, 3, 4, 11]) == "1,3-4,11"
    assert spans([]) == ""


def run(*arguments, code=0):
    result = RUNNER.invoke(app, ["supply", "plan", *arguments])
    assert result.exit_code == code, result.stderr
    return result


def test_the_command_line_tells_the_same_of_a_stored_plan_and_of_its_scenario(plan, folder, tmp_path):
    told = json.loads(run("--plan", str(folder), "--json").stdout)
    again = json.loads(
        run("--stations", "4", "--set", "room=false", "--json", "--out", str(tmp_path / "csv")).stdout
    )
    for content in (told, again):
        assert {row["site_id"] for row in content["links"]} == set(plan.supply["site_id"])
        assert content["figures"]["green_share"] == pytest.approx(plan.kpis["green_share"])
        assert sum(content["cost"]["parts"].values()) == pytest.approx(content["cost"]["incumbent"])
        assert len(content["bases"]) == len(plan.bases)
    files = {path.name for path in (tmp_path / "csv").iterdir()}
    assert files == {"supply.csv", "supply_months.csv", "bases.csv", "nozzle_costs.csv"}
    written = pd.read_csv(tmp_path / "csv" / "supply_months.csv")
    assert written["kg"].sum() == pytest.approx(plan.supply_months["kg"].sum(), rel=1e-6)
    shown = run("--plan", str(folder)).stdout
    for words in ("供氢联系", "CHANGSHOU", "1-12", "by-product", "left for export", "optimal"):
        assert words in shown


def test_a_plan_and_a_scenario_together_are_refused(folder, tmp_path):
    assert "its own scenario" in run("--plan", str(folder), "--year", "2035", code=2).stderr
    assert "no such file" in run("--plan", str(tmp_path / "none"), code=2).stderr
    old = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    del old["supply_months"]
    (folder / "plan.json").write_text(json.dumps(old), encoding="utf-8")
    assert "no plan with a supply by month" in run("--plan", str(folder), code=2).stderr
