"""The terminal's road commands, driven as a person would."""

import itertools
import json
import time

import numpy as np
import osmnx as ox
import pandas as pd
import pytest
from typer.testing import CliRunner

from corridor import roads
from corridor.coordinates import from_wgs84
from demand.inputs import VEHICLE_CLASSES
from planner import road_store
from planner.cli import app
from tests.corridor.road_samples import NODES, overpass, write_osm

RUNNER = CliRunner()
FROM, TO = (f"{lon},{lat}" for lon, lat in (NODES[1], NODES[3]))


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store" / "plans"))


def run(*arguments, code=0):
    result = RUNNER.invoke(app, ["roads", *map(str, arguments)])
    assert result.exit_code == code, result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def answer(*arguments, code=0):
    return json.loads(run(*arguments, "--json", code=code).stdout)


@pytest.fixture
def imported(tmp_path):
    folder = tmp_path / "network"
    report = answer("import", write_osm(tmp_path / "town.osm.pbf"), "--out", folder)
    assert report["components"] == 3
    assert report["dropped_km"] > 0
    return folder


def test_default_routes_are_named_and_cheapest_first():
    routes = answer("route", "成都", "重庆")["routes"]
    assert len(routes) == 3
    assert {"length_km", "hours", "toll_cny", "refs", "nodes"} <= set(routes[0])
    assert {"G5013", "G42", "G76"} <= {ref for route in routes for ref in route["refs"]}
    assert [route["cost_cny"] for route in routes] == sorted(route["cost_cny"] for route in routes)
    lines = run("route", "Chengdu", "Chongqing").stdout.splitlines()
    assert lines[0].startswith(f"1. {routes[0]['length_km']:.1f} km")


def test_an_import_is_described_with_its_source_and_license(imported):
    content = answer("describe", "--network", imported)
    assert content["strong_components"] == 1
    assert content["refs"] == ["G318", "G76", "G85"]
    assert content["source"] == "town.osm.pbf"
    assert "ODbL" in content["license"]
    assert content["import"]["components"] == 3
    assert sum(content["km_by_class"].values()) == pytest.approx(content["km"], abs=0.3)
    assert "trunk_link" in run("describe", imported).stdout
    # The bridge of 102 and the tunnel of 103, each one way.
    by_class = content["km_by_class"]
    assert content["tunnel_km"] + content["bridge_km"] < by_class["motorway"]
    assert content["tunnel_km"] > content["bridge_km"] > 0
    assert content["tolled_km"] == pytest.approx(by_class["motorway"], abs=0.1)
    assert 0.5 < content["truck_hours"] < 1.5
    shipped = answer("describe")
    assert shipped["nodes"] == len(roads.load().nodes)
    assert shipped["elevation"]["lowest_m"] < 250
    assert shipped["elevation"]["highest_m"] > 4000
    assert sum(shipped["elevation"]["share_by_quality"].values()) == pytest.approx(1.0, abs=0.001)


@pytest.mark.parametrize(
    ("target", "file_format"), [("town.graphml", None), ("town.gpkg", None), ("gmns", None)]
)
def test_what_is_exported_comes_back_with_the_same_routes(imported, tmp_path, target, file_format):
    expected = answer("route", FROM, TO, "--network", imported)["routes"]
    assert answer("export", tmp_path / target, "--network", imported)["files"]
    report = answer("import", tmp_path / target, "--out", tmp_path / "again")
    assert report["dropped_edges"] == 0
    found = answer("route", FROM, TO, "--network", tmp_path / "again")["routes"]
    assert file_format is None
    for one, other in itertools.zip_longest(expected, found):
        assert other["length_km"] == pytest.approx(one["length_km"], abs=0.001)
        assert other["hours"] == pytest.approx(one["hours"], abs=0.0001)
        assert other["refs"] == one["refs"]


def test_an_exported_folder_of_parquet_is_a_network(imported, tmp_path):
    answer("export", tmp_path / "copy", "--format", "parquet", "--network", imported)
    assert answer("route", FROM, TO, "--network", tmp_path / "copy") == answer(
        "route", FROM, TO, "--network", imported
    )


def test_a_failed_import_leaves_the_earlier_network(imported, tmp_path, monkeypatch):
    before = {path.name: path.read_bytes() for path in imported.iterdir()}
    bad = tmp_path / "bad.osm"
    bad.write_bytes(b"<osm")
    error = answer("import", bad, "--out", imported, code=2)["error"]
    assert error["faults"][0]["mend"]
    with overpass(504, b"") as (url, _):
        options = ("--bbox", "103.9,30.5,104.6,30.8", "--overpass-url", url, "--out", imported)
        assert "504" in answer("download", *options, code=2)["error"]["message"]

    def broken(*_, **__):
        raise OSError

    monkeypatch.setattr(pd.DataFrame, "to_parquet", broken)
    with pytest.raises(OSError):  # noqa: PT011  the error made above
        road_store.save(roads.load(imported), imported, source="test")
    assert {path.name: path.read_bytes() for path in imported.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_download_is_kept_and_not_asked_for_again(tmp_path):
    with overpass() as (url, queries):
        options = ("--bbox", "103.9,30.5,104.6,30.8", "--overpass-url", url, "--out", tmp_path / "net")
        first = answer("download", *options)
        answer("download", *options)
    assert len(queries) == 1
    assert first["components"] == 3
    content = answer("describe", "--network", tmp_path / "net")
    assert "ODbL" in content["license"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("import", "nothing.osm.pbf", "--out", "OUT"), "no such file"),
        (("import", "nothing.osm.pbf", "--out", "FULL"), "other files"),
        (("download", "--out", "OUT"), "one area is needed"),
        (("download", "--bbox", "30,104,31,105,1", "--out", "OUT"), "not a box"),
        (("download", "--bbox", "30,104,31,105", "--out", "OUT"), "not a box"),
        (("download", "--polygon", "nothing.json", "--out", "OUT"), "not a readable outline"),
        (("route", "成都", "重庆", "--network", "nothing"), "no such file"),
        (("describe", "--network", "FULL"), "no network"),
        (("export", "network.shp"), "not known by its ending"),
        (("export", "OUT", "--format", "shp"), "no format"),
    ],
)
def test_faulty_questions_are_answered_with_a_mend(tmp_path, arguments, message):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine", encoding="utf-8")
    places = {"OUT": tmp_path / "out", "FULL": tmp_path / "full"}
    error = answer(*(places.get(each, each) for each in arguments), code=2)["error"]
    assert message in error["message"]
    assert error["faults"][0]["mend"]
    assert not (tmp_path / "out").exists()
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["thesis.txt"]


def test_the_steps_of_an_import_can_be_chosen(imported, tmp_path):
    town = tmp_path / "town.osm.pbf"
    merged = answer("describe", "--network", imported)
    whole = answer("import", town, "--out", tmp_path / "whole", "--no-simplify")
    assert whole["km_out"] == pytest.approx(merged["km"], abs=0.1)
    answer("import", town, "--out", tmp_path / "motorways", "--highway", "motorway")
    assert answer("describe", "--network", tmp_path / "motorways")["km_by_class"].keys() == {"motorway"}
    assert answer("import", town, "--out", tmp_path / "joined", "--consolidate", 50)["km_out"] > 0
    error = answer("import", town, "--out", tmp_path / "x", "--consolidate", 500, code=2)["error"]
    assert "will not do" in error["message"]


def test_a_place_is_looked_up_on_the_server_named(tmp_path):
    with overpass() as (url, _):
        options = ("--overpass-url", url, "--nominatim-url", f"{url}/", "--out", tmp_path / "net")
        assert answer("download", "Town", *options)["nodes_out"] > 0
        assert "Atlantis" in answer("download", "Atlantis", *options, code=2)["error"]["message"]


def random_pairs(count):
    rng = np.random.default_rng(11)
    return [
        [f"{x:.6f},{y:.6f}" for x, y in rng.uniform((103.99, 30.59), (104.11, 30.71), (2, 2))]
        for _ in range(count)
    ]


def test_networks_simplified_differently_agree_to_the_meter_between_any_points(imported, tmp_path):
    xml = write_osm(tmp_path / "town.osm")
    # Every bend a node, as OSMnx reads the file; the same simplified by OSMnx instead of by us.
    graph = ox.graph_from_xml(xml, simplify=False, retain_all=True)
    ox.save_graphml(graph, tmp_path / "bends.graphml")
    ox.save_graphml(ox.simplify_graph(graph), tmp_path / "simplified.graphml")
    answer("import", tmp_path / "bends.graphml", "--out", tmp_path / "bends", "--no-simplify")
    answer("import", tmp_path / "simplified.graphml", "--out", tmp_path / "simplified", "--no-simplify")
    answer("import", xml, "--out", tmp_path / "ways", "--no-simplify")
    answer("export", tmp_path / "gmns", "--network", tmp_path / "bends")
    answer("import", tmp_path / "gmns", "--out", tmp_path / "of-gmns", "--no-simplify")
    folders = ["bends", "simplified", "ways", "of-gmns"]
    sizes = [
        answer("describe", folder)["nodes"] for folder in (imported, *(tmp_path / each for each in folders))
    ]
    assert sizes[0] < sizes[1], "the networks are cut into different edges"
    for pair in random_pairs(4):
        expected = answer("route", *pair, "--network", imported)
        for name in folders:
            found = answer("route", *pair, "--network", tmp_path / name)
            assert found["from_km"] == pytest.approx(expected["from_km"], abs=0.001)
            best, wanted = found["routes"][0], expected["routes"][0]
            assert best["length_km"] == pytest.approx(wanted["length_km"], abs=0.001)
            assert best["hours"] == pytest.approx(wanted["hours"], abs=0.0001)
            assert best["toll_cny"] == pytest.approx(wanted["toll_cny"], abs=0.01)
            assert best["refs"] == wanted["refs"]


def test_a_route_over_the_pass_climbs_and_falls():
    found = answer("route", "雅安", "西昌", "--profile")["routes"][0]
    heights = found["profile"]["elevation_m"]
    assert heights[0] == pytest.approx(650, abs=60)
    assert heights[-1] == pytest.approx(1560, abs=80)
    assert 2400 < found["highest_m"] < 2600
    assert found["climb_m"] - found["descent_m"] == pytest.approx(heights[-1] - heights[0], abs=2)
    assert found["climb_m"] > 1800
    assert found["elevation_quality"] == "interpolated"
    assert "profile" not in answer("route", "雅安", "西昌")["routes"][0]
    assert "climb" in run("route", "雅安", "西昌", "--profile").stdout


def test_climbing_to_xichang_takes_more_hydrogen_than_coming_down():
    there = answer("route", "雅安", "西昌", "--most", 1, "--hydrogen")["routes"][0]
    back = answer("route", "西昌", "雅安", "--most", 1, "--hydrogen")["routes"][0]
    classes = [row["vehicle_class"] for row in there["hydrogen"]]
    assert set(classes) == set(VEHICLE_CLASSES)
    for up, down in zip(there["hydrogen"], back["hydrogen"], strict=True):
        assert up["out_kg"] > up["back_kg"] > 0
        assert up["out_range_km"] < up["back_range_km"]
        assert up["out_range_km"] == pytest.approx(up["tank_kg"] / up["out_kg"] * there["length_km"])
        # The way asked for from the other end is another one by a ramp or two.
        assert down["out_kg"] == pytest.approx(up["back_kg"], rel=0.02)
    assert "hydrogen" not in answer("route", "雅安", "西昌")["routes"][0]
    assert "range there" in run("route", "雅安", "西昌", "--hydrogen").stdout


def test_options_of_a_route(tmp_path):
    cheap = answer("route", "成都", "重庆", "--most", 1, "--axle-class", 1)["routes"]
    assert len(cheap) == 1
    around = answer("route", "成都", "重庆", "--close", "G5013", "--close", "G76", "--most", 1)["routes"][0]
    assert {"G5013", "G76"}.isdisjoint(around["refs"])
    near = answer("route", "成都", "重庆", "--detour", 1.01)["routes"]
    assert len(near) < 3
    target = tmp_path / "routes.geojson"
    run("route", "104.07,30.66", "106.55,29.56", "--crs", "gcj02", "--geojson", target)
    content = json.loads(target.read_text(encoding="utf-8"))
    assert content["crs_name"] == "GCJ-02"
    assert len(content["features"]) == 3


def test_systems_of_coordinates_are_never_mixed():
    shifted = from_wgs84([104.07, 106.55], [30.66, 29.56], crs="GCJ-02")
    texts = [f"{x},{y}" for x, y in zip(*shifted, strict=True)]
    plain = answer("route", "104.07,30.66", "106.55,29.56")
    found = answer("route", *texts, "--crs", "GCJ-02")
    assert found["crs"] == "GCJ-02"
    assert found["routes"][0]["length_km"] == pytest.approx(plain["routes"][0]["length_km"], abs=0.001)
    assert found["from"] == pytest.approx(
        [float(each) for each in from_wgs84(*plain["from"], crs="GCJ-02")], abs=2e-6
    )


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("火星", "重庆"), 2, "there is no place"),
        (("30.66,104.07", "重庆"), 2, "swapped"),
        (("116.4,39.9", "重庆"), 2, "km from the nearest road"),
        (("-76.88,40.27", "重庆"), 2, "-76.88,40.27 is"),
        (("成都", "重庆", "--crs", "EPSG:3857"), 2, "not known"),
        (("成都", "成都"), 2, "same place"),
        (("成都", "重庆", "--close", "G999"), 2, "no road has the number"),
        (("成都", "重庆", "--geojson", "/"), 2, "is a folder"),
        (("成都", "重庆", *(f"--close=G{n}" for n in (42, 76, 93, 5013, 85, 4202)), "--close=SA2"), 0, ""),
    ],
)
def test_faulty_route_questions_have_one_answer_each(arguments, code, message):
    content = answer("route", *arguments, code=code)
    if code:
        assert message in content["error"]["message"]
        assert len(content["error"]["faults"]) == 1
        assert content["error"]["faults"][0]["mend"]


def test_a_place_cut_off_by_closures_has_no_answer(imported):
    options = ("--network", imported, "--close", "G76", "--close", "G318")
    content = answer("route", FROM, TO, *options, code=3)
    assert "closures cut them off" in content["error"]["message"]


def test_an_outline_is_read_from_geojson(tmp_path):
    ring = [[103.9, 30.5], [104.6, 30.5], [104.6, 30.8], [103.9, 30.8], [103.9, 30.5]]
    outline = tmp_path / "outline.geojson"
    shape = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    outline.write_text(json.dumps({"type": "FeatureCollection", "features": [shape]}), encoding="utf-8")
    with overpass() as (url, _):
        report = answer("download", "--polygon", outline, "--overpass-url", url, "--out", tmp_path / "net")
    assert report["nodes_out"] > 0


def test_the_shipped_roads_load_within_a_second():
    roads.load()
    started = time.process_time()
    roads.load()
    assert time.process_time() - started < 1.0
