"""Plans with point demands: what is served, by whom, and that every kilogram is somewhere."""

import csv
import io
import json
import tomllib
from dataclasses import replace

import numpy as np
import openpyxl
import pytest
from typer.testing import CliRunner

from corridor.errors import InputError, ReplayError
from planner import exports, store
from planner.cli import app
from planner.demand_report import demand_report
from planner.inputs import assumptions_in_force, load_inputs
from planner.pipeline import make_plan
from planner.plan import no_points, to_json
from planner.points import placed_points
from planner.scenario import PointDemand, Scenario, to_toml, validated
from planner.text import LANGUAGES, text
from planner.views import plan_points
from planner.views.point_panel import placed


def _point(point_id, use, lon, lat, kg, **more):
    return PointDemand(
        point_id=point_id, name_zh=f"{point_id}点", use=use, lon=lon, lat=lat, kg_per_day=kg, **more
    )


POINTS = (
    _point("BUS", "bus", 104.15, 30.57, 600.0),
    _point("PORT", "ship", 106.74, 29.62, 250.0, name_en="Port"),
    _point("ANYUE", "power", 105.34, 30.10, 5.0),
    _point("LATER", "drone", 106.51, 29.50, 20.0, from_year=2035),
)
IDENTITY = "5229c364ea320c904fe5748f8e7ac236a4ee33461fb622b0449dc5990d8a85be"
SCENARIO = Scenario(room=False, stations=4, point_demands=POINTS)


@pytest.fixture(scope="module")
def plan():
    return make_plan(SCENARIO)


def test_served_and_unserved_are_all_the_demand(plan):
    assert plan.points["point_id"].tolist() == ["BUS", "PORT", "ANYUE"]
    kpis = plan.kpis
    assert kpis["point_demand_kg_per_day"] == 855.0
    total = plan.flows["kg_per_day"].sum() + 855.0
    assert kpis["demand_kg_per_day"] == pytest.approx(total, rel=1e-12)
    served = plan.flows["served_kg_per_day"].sum() + plan.points["served_kg_per_day"].sum()
    unserved = (plan.flows["kg_per_day"] - plan.flows["served_kg_per_day"]).sum() + (
        plan.points["kg_per_day"] - plan.points["served_kg_per_day"]
    ).sum()
    assert served + unserved == pytest.approx(total, rel=1e-12)
    assert kpis["served_kg_per_day"] == pytest.approx(served, rel=1e-12)
    assert plan.stations["load_kg_per_day"].sum() == pytest.approx(served, rel=1e-6)
    supplied = plan.supply["kg_per_day"].sum() + kpis["supply_shortage_kg_per_day"]
    assert supplied == pytest.approx(served, rel=1e-6)
    assert plan.certificate.status == "optimal"
    assert plan.certificate.incumbent == pytest.approx(kpis["covered_kg_per_day"], rel=1e-9)


def test_points_share_the_room_of_their_station(plan):
    assert (plan.points["served_kg_per_day"] <= plan.points["kg_per_day"] + 1e-9).all()
    assert (plan.points.loc[~plan.points["covered"], "served_kg_per_day"] == 0.0).all()
    limits = plan.stations.set_index("site_id")["capacity_kg_per_day"] * 0.8
    loads = plan.stations.set_index("site_id")["load_kg_per_day"]
    assert (loads <= limits + 1e-6).all()
    taken = plan.points[plan.points["covered"]]
    assert set(taken["site_id"]) <= set(plan.stations["site_id"])
    by_station = taken.groupby("site_id")["served_kg_per_day"].sum()
    assert (by_station <= loads[by_station.index] + 1e-6).all()
    assert by_station.sum() > 0
    assert (taken["distance_km"] <= 15.0).all()


def test_more_room_for_points_never_serves_less_and_none_leaves_the_plan(plan):
    wider = make_plan(SCENARIO.model_copy(update={"assumptions": {"points.reach_km": 30.0}}))
    assert wider.certificate.incumbent >= plan.certificate.incumbent - 1e-6
    assert wider.points["covered"].sum() >= plan.points["covered"].sum()
    without = make_plan(Scenario(room=False, stations=4))
    assert without.points.empty
    assert not [name for name in without.kpis if name.startswith("point_")]
    assert without.kpis["demand_kg_per_day"] == pytest.approx(plan.kpis["demand_kg_per_day"] - 855.0)


def test_a_station_is_built_for_a_point_that_asks_enough():
    # Guangyuan lies off the corridor: no station would stand there for its trips.
    alone = Scenario(room=False, stations=1)
    asking = _point("GY", "power", 105.84, 32.44, 50_000.0)
    without, given = make_plan(alone), make_plan(alone.model_copy(update={"point_demands": (asking,)}))
    assert given.points["covered"].tolist() == [True]
    site = given.points["site_id"].iloc[0]
    assert site not in set(without.stations["site_id"])
    row = given.stations.set_index("site_id").loc[site]
    assert row["status"] == "new"
    assert row["capacity_kg_per_day"] == 4000
    assert row["load_kg_per_day"] == pytest.approx(0.8 * 4000)
    assert 0 < given.points["served_kg_per_day"].iloc[0] <= 3200
    assert "full_stations" in {notice.key for notice in given.notices}


def test_what_does_not_count_is_said(plan):
    said = {notice.key: notice for notice in plan.notices}
    assert "LATER" in said["points_later"].say("en")
    assert "ANYUE" in said["points_out_of_reach"].say("zh")
    assert said["points_out_of_reach"].details["kg"] == 5.0


def test_a_closed_road_takes_a_station_out_of_reach():
    inputs = load_inputs(SCENARIO)
    values, _ = assumptions_in_force(inputs.assumptions, {})
    before = placed_points(SCENARIO, inputs, values)
    shut = replace(
        inputs, costs=replace(inputs.costs, total_cny=np.full_like(inputs.costs.total_cny, np.inf))
    )
    after = placed_points(SCENARIO, shut, values)
    nodes = inputs.sites["node_id"].to_numpy()[after.reach.site]
    assert len(after.reach.place) < len(before.reach.place)
    assert (nodes == after.table["node_id"].to_numpy()[after.reach.place]).all()


def test_a_plan_that_says_otherwise_fails_the_check(plan):
    inputs = load_inputs(SCENARIO)
    values, _ = assumptions_in_force(inputs.assumptions, {})
    rows = np.sort(inputs.sites.index.get_indexer(plan.stations["site_id"]))
    stations = inputs.sites.iloc[rows]
    taken = placed_points(SCENARIO, inputs, values).served_from(rows)
    taken.check(inputs, stations)
    with pytest.raises(ReplayError, match="point 0"):
        replace(taken, station=np.full(3, -1)).check(inputs, stations)
    with pytest.raises(ReplayError, match="distances"):
        replace(taken, km=taken.km + 1.0).check(inputs, stations)


def test_a_point_far_from_the_roads_is_refused():
    far = Scenario(point_demands=(_point("FAR", "power", 100.9, 32.9, 5.0),))
    with pytest.raises(InputError, match=r"point_demands, FAR: .* km from the road network"):
        make_plan(far)


def test_the_scenario_keeps_points_and_its_old_identity():
    again = validated(tomllib.loads(to_toml(SCENARIO)), where="t.toml")
    assert again == SCENARIO
    assert again.identity == SCENARIO.identity != Scenario(room=False, stations=4).identity
    # Of the default scenario before there were point demands.
    assert Scenario().identity == IDENTITY
    with pytest.raises(InputError, match="point ids stand twice: BUS"):
        validated({"point_demands": [point.model_dump() for point in (POINTS[0], POINTS[0])]}, where="t.toml")


def test_every_file_tells_of_the_points(plan, tmp_path, monkeypatch):
    rows = list(csv.DictReader(io.StringIO(exports.points_csv(plan).decode("utf-8-sig"))))
    assert [row["point_id"] for row in rows] == ["BUS", "PORT", "ANYUE"]
    assert rows[1]["name_en"] == "Port"
    assert rows[2]["site_id"] == rows[2]["distance_km"] == ""
    features = json.loads(exports.plan_geojson(plan))["features"]
    drawn = [f for f in features if f["properties"]["layer"] == "point_demand"]
    assert [f["geometry"]["coordinates"] for f in drawn] == [[p.lon, p.lat] for p in POINTS[:3]]
    book = openpyxl.load_workbook(io.BytesIO(exports.plan_xlsx(plan)))
    assert [cell.value for cell in book.worksheets[-1]["A"]][1:] == ["BUS", "PORT", "ANYUE"]
    assert [row["kg_per_day"] for row in json.loads(to_json(plan))["points"]] == [600.0, 250.0, 5.0]
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    store.save(plan)
    assert to_json(store.find(plan.scenario, plan.provenance["fingerprint"])) == to_json(plan)


def test_the_report_counts_points_apart_from_trips():
    report = demand_report(SCENARIO)
    assert report.points.loc["bus", "kg_per_day"] == 600.0
    assert report.points["points"].sum() == 3
    trips = report.classes["kg_per_day"].sum()
    assert report.points.loc["ship", "share"] == pytest.approx(250.0 / (trips + 855.0))


def test_the_command_line_takes_a_file(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    path = tmp_path / "p.csv"
    path.write_text(
        "point_id,name_zh,use,lon,lat,kg_per_day\nBUS,场站,bus,104.15,30.57,600\n", encoding="utf-8"
    )
    runner = CliRunner()
    arguments = ["--points", str(path), "--points-crs", "WGS84", "--json"]
    result = runner.invoke(
        app, ["plan", "--set", "room=false", "--stations", "2", *arguments, "--out", str(tmp_path / "out")]
    )
    assert result.exit_code == 0, result.stderr
    content = json.loads(result.stdout)
    assert [row["point_id"] for row in content["points"]] == ["BUS"]
    assert content["kpis"]["point_demand_kg_per_day"] == 600.0
    assert (tmp_path / "out" / "points.csv").is_file()
    told = json.loads(runner.invoke(app, ["demand", "describe", "--no-method", *arguments]).stdout)
    assert [row["kg_per_day"] for row in told["points"] if row["use"] == "bus"] == [600.0]
    path.write_text(
        "point_id,name_zh,use,lon,lat,t_per_day\nBUS,场站,bus,104.15,30.57,0.6\n", encoding="utf-8"
    )
    refused = runner.invoke(app, ["plan", *arguments, "--out", str(tmp_path / "none")])
    assert refused.exit_code == 2
    assert "column t_per_day is in another unit" in refused.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_map_marks_served_and_unserved_points(plan, language):
    (drawn,) = plan_points.layers(plan, language)
    rows = {row["tip_title"]: row for row in json.loads(drawn.to_json())["data"]}
    assert [row["mark"] for row in rows.values()] == ["■", "■", "×"]
    bus = rows["BUS点"]
    station = plan.points["site_id"].iloc[0]
    name = plan.stations.set_index("site_id").loc[station, f"name_{language}"]
    assert bus["position"] == [104.15, 30.57]
    assert name in bus["tip_text"]
    assert text("map.point_unserved", language) in rows["ANYUE点"]["tip_text"]
    assert plan_points.layers(None, language) == []
    assert plan_points.layers(replace(plan, points=no_points()), language) == []


def test_a_point_placed_by_hand_gets_an_id_of_its_own():
    inputs = load_inputs()
    first = placed("港口", "ship", "106.74,29.62", 5.0, POINTS, inputs)
    assert (first.point_id, first.lon, first.lat) == ("P1", 106.74, 29.62)
    second = placed("场站", "bus", "510112", 7.0, (first,), inputs)
    assert (second.point_id, second.kg_per_day) == ("P2", 7.0)
    with pytest.raises(InputError, match="there is no place"):
        placed("x", "bus", "Atlantis City", 7.0, (), inputs)
    with pytest.raises(InputError, match="km from the road network"):
        placed("x", "bus", "100.9,32.9", 7.0, (), inputs)
