"""The terminal's site commands, driven as a person would."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corridor import sources
from planner import site_store
from planner.cli import app
from planner.scenario import Scenario, to_toml
from tests.corridor.road_samples import write_osm

RUNNER = CliRunner()
SHIPPED = sources.read_sites(sources.data_directory())
EXTRACT = Path(__file__).resolve().parents[3] / "shared" / "sources" / "osm_samples" / "harrisburg.osm.pbf"


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store" / "plans"))


def run(*arguments, code=0):
    result = RUNNER.invoke(app, [*map(str, arguments)])
    assert result.exit_code == code, result.stderr
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def answer(*arguments, code=0):
    return json.loads(run("sites", *arguments, "--json", code=code).stdout)


def test_every_shipped_site_is_listed_with_what_a_siting_table_asks_for():
    listed = answer("list")
    assert {row["site_id"] for row in listed["sites"]} == set(SHIPPED.index)
    assert listed["refused"] == []
    for row in listed["sites"]:
        assert row["name_zh"]
        assert row["name_en"]
        assert row["county_zh"]
        assert row["direction"] in {"both", "one"}
        assert row["road_km"] >= 0
        assert row["position_quality"]
        assert row["screen_city_center"] in {"ok", "check", "unknown"}


def test_filters_take_what_the_table_holds():
    rows = answer("list", "--road", "g76", "--kind", "service_area")["sites"]
    wanted = SHIPPED[(SHIPPED["road_ref"] == "G76") & (SHIPPED["kind"] == "service_area")]
    assert {row["site_id"] for row in rows} == set(wanted.index)
    by_name = answer("list", "--county", "简阳")["sites"]
    assert {row["site_id"] for row in by_name} == set(SHIPPED.index[SHIPPED["county_code"] == "510185"])
    assert answer("list", "--county", "Jianyang")["sites"] == by_name
    assert answer("list", "--county", "510185")["sites"] == by_name


def test_csv_is_read_back_the_same():
    text = run("sites", "list", "--road", "G76", "--csv").stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    other = answer("list", "--road", "G76")["sites"]
    assert [row["site_id"] for row in rows] == [row["site_id"] for row in other]
    assert [float(row["road_km"]) for row in rows] == pytest.approx(
        [row["road_km"] for row in other], abs=1e-6
    )


def test_wrong_filters_are_told_together():
    faults = answer("list", "--road", "G99", "--kind", "casino", "--county", "火星", code=2)["error"][
        "faults"
    ]
    assert [fault["where"] for fault in faults] == ["--kind", "--road", "--county"]


def test_screening_names_clause_source_and_counts():
    content = answer("screen", "--road", "G76")
    total = sum(SHIPPED["road_ref"] == "G76")
    assert content["sites"] == total
    for rule in content["rules"]:
        assert rule["clause"].startswith("GB 50516")
        assert rule["source"]
        assert sum(content["counts"][rule["flag"]].values()) == total
    checked = {row["site_id"] for row in content["check"]}
    assert len(checked) == content["counts"]["screen_city_center"]["check"] > 0
    text = run("sites", "screen", "--road", "G76").stdout
    assert "GB 50156-2021 4.0.2" in text
    assert "城市中心区" in text


HEADER = "site_id,name_zh,kind,x,y,crs,source,confidence\n"
GOOD = "MY-1,内江物流园,logistics_park,105.06,29.58,GCJ-02,owner,M\n"
REFUSED = (
    "MY-2,远方,port,101.0,31.9,WGS84,owner,M\n"
    "MY-3,反了,port,29.58,105.06,WGS84,owner,M\n"
    "SA-G76-QIUXI,重号,port,105.06,29.58,WGS84,owner,M\n"
)


def write(tmp_path, *rows):
    path = tmp_path / "mine.csv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    return path


def test_check_says_what_is_taken_and_what_is_refused(tmp_path):
    good = answer("check", write(tmp_path, GOOD))
    assert good["refused"] == []
    (site,) = good["taken"]
    assert site["lon"] < 105.06  # GCJ-02 shifts to the east there
    assert 0 < site["road_km"] <= site["snap_km"] * 1.04
    assert (site["direction"], site["screen_crossing"], site["source"]) == ("both", "unknown", "owner")
    mixed = answer("check", write(tmp_path, GOOD, REFUSED), code=2)
    assert [row["site_id"] for row in mixed["taken"]] == ["MY-1"]
    assert [(row["site_id"], row["row"]) for row in mixed["refused"]] == [
        ("MY-2", 3),
        ("MY-3", 4),
        ("SA-G76-QIUXI", 5),
    ]
    assert "swapped" in mixed["refused"][1]["reason"]
    assert len(mixed["error"]["faults"]) == 3
    said = run("sites", "check", write(tmp_path, GOOD, REFUSED), code=2).stderr
    assert said.count("is refused") == 3


def test_check_tells_all_faulty_cells(tmp_path):
    path = write(tmp_path, "A,,casino,x,29.6,,o,M\n")
    faults = answer("check", path, code=2)["error"]["faults"]
    assert len(faults) == 4
    assert not (tmp_path / "store").exists()


def test_a_plan_takes_the_sites_of_a_file_and_keeps_the_refused(tmp_path):
    path = write(tmp_path, GOOD.replace("logistics_park", "station"), REFUSED)
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([f"{lines[0]},direction", *(f"{line},one" for line in lines[1:])]), "utf-8")
    options = ("--stations", 1, "--set", 'locked=["MY-1"]', "--sites", path, "--quiet")
    out = tmp_path / "out"
    run("plan", *options, "--out", out)
    content = json.loads((out / "plan.json").read_text(encoding="utf-8"))
    mine = next(row for row in content["stations"] if row["site_id"] == "MY-1")
    assert (mine["source"], mine["confidence"], mine["county_basis"]) == ("owner", "M", "seat")
    assert [row["site_id"] for row in content["refused_sites"]] == ["MY-2", "MY-3", "SA-G76-QIUXI"]
    assert all(row["reason"] for row in content["refused_sites"])
    assert [site["site_id"] for site in content["scenario"]["added_sites"]] == ["MY-1"]
    assert (mine["direction"], mine["direction_basis"]) == ("one", "stated")
    notices = {each["key"]: each for each in content["notices"]}
    assert "MY-3" in notices["refused_sites"]["en"]
    assert notices["one_direction"]["details"] == {"count": 1}
    text = (out / "refused_sites.csv").read_text(encoding="utf-8-sig")
    assert [row["site_id"] for row in csv.DictReader(io.StringIO(text))] == ["MY-2", "MY-3", "SA-G76-QIUXI"]
    again = Scenario.model_validate(content["scenario"])
    assert again.identity != Scenario(stations=1, locked=("MY-1",)).identity
    assert "内江物流园" in to_toml(again)


def test_options_for_no_file_are_refused():
    run("plan", "--sites-crs", "WGS84", code=2)
    run("plan", "--network", "/nowhere/at/all", code=2)
    result = run("plan", "--close", "G5 nowhere..雅安", code=2)
    assert "nowhere" in result.stderr


def test_sites_of_a_map_file_take_the_place_of_the_shipped_candidates(tmp_path):
    folder = tmp_path / "network"
    source = write_osm(tmp_path / "town.osm")
    run("roads", "import", source, "--out", folder)
    answer("import", source, "--network", folder, code=2)  # the town has no place for a station
    places = tmp_path / "places.osm"
    places.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><osm version="0.6">'
        '<node id="1" version="1" lat="30.601" lon="104.001"><tag k="amenity" v="fuel"/></node>'
        '<node id="2" version="1" lat="35.0" lon="104.0"><tag k="amenity" v="fuel"/></node></osm>',
        encoding="utf-8",
    )
    said = answer("import", places, "--network", folder)
    assert (said["sites"], said["too_far"], said["by_kind"]) == (1, 1, {"station": 1})
    table = site_store.candidate_sites(folder)
    standing = SHIPPED.index[SHIPPED["status"] == "existing"]
    assert set(table.index) == {"OSM-N1", *standing}
    assert table.loc["OSM-N1", ["road_ref", "road_ref_basis"]].tolist() == ["G318", "nearest"]
    listed = answer("list", "--network", folder)
    assert "OSM-N1" in {row["site_id"] for row in listed["sites"]}
    assert len(listed["sites"]) + len(listed["refused"]) == len(table)
    (folder / "sites.csv").write_text("site_id,kind\nA,casino\n", encoding="utf-8")
    assert len(answer("list", "--network", folder, code=2)["error"]["faults"]) > 3
    answer("import", places, "--network", tmp_path, code=2)


@pytest.mark.skipif(not EXTRACT.is_file(), reason="the raw extract is not beside the checkout")
def test_a_network_far_from_sichuan_has_sites_of_its_own(tmp_path):
    folder = tmp_path / "network"
    run("roads", "import", EXTRACT, "--out", folder)
    none = answer("list", "--network", folder)
    assert none["sites"] == []
    assert len(none["refused"]) == len(SHIPPED)
    said = answer("import", EXTRACT, "--network", folder)
    listed = answer("list", "--network", folder)["sites"]
    assert len(listed) == said["sites"] > 10
    assert {row["screen_city_center"] for row in listed} == {"unknown"}
    assert {row["county_code"] for row in listed} == {None}
