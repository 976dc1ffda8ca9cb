"""Files of a plan, read back by other readers than wrote them."""

import csv
import io
import json
import math
from dataclasses import replace

import openpyxl
import pytest

from corridor.errors import InputError
from planner import exports, store
from planner.plan import REFUSED_COLUMNS, summary, to_json


@pytest.fixture(scope="module")
def plan(solved):
    return solved(room=False, stations=4)


def test_csv_opens_in_a_spreadsheet_and_holds_every_station(plan):
    raw = exports.stations_csv(plan)
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert [row["site_id"] for row in rows] == plan.stations["site_id"].tolist()
    assert float(rows[0]["lon"]) == pytest.approx(plan.stations["lon"].iloc[0], abs=1e-5)
    assert any("站" in row["name_zh"] for row in rows)


def test_workbook_has_bilingual_sheets_with_the_same_numbers(plan):
    book = openpyxl.load_workbook(io.BytesIO(exports.plan_xlsx(plan)))
    assert len(book.sheetnames) == 15
    sheet = book.worksheets[0]
    headings = [cell.value for cell in sheet[1]]
    assert len(headings) == plan.stations.shape[1]
    assert all("\n" in heading for heading in headings)
    column = plan.stations.columns.get_loc("load_kg_per_day") + 1
    total = sum(sheet.cell(row, column).value for row in range(2, sheet.max_row + 1))
    assert total == pytest.approx(plan.kpis["served_kg_per_day"], rel=1e-6)


def test_geojson_places_stations_and_joins_them_to_their_bases(plan):
    content = json.loads(exports.plan_geojson(plan))
    points = [f for f in content["features"] if f["geometry"]["type"] == "Point"]
    lines = [f for f in content["features"] if f["geometry"]["type"] == "LineString"]
    assert len(points) == len(plan.stations)
    assert len(lines) == len(plan.supply)
    place = {f["properties"]["site_id"]: f["geometry"]["coordinates"] for f in points}
    for line in lines:
        start, end = line["geometry"]["coordinates"]
        assert end == place[line["properties"]["site_id"]]
        assert start == plan.provenance["bases"][line["properties"]["base_id"]]


SITE_COLUMNS = ("direction", "direction_basis", "road_km", "snap_km", "km_post_basis", "source", "confidence")
FLAGS = ("city_center", "crossing", "public_buildings", "open_flame", "main_road")


def test_every_file_carries_screening_and_the_same_values(plan):
    wanted = [*SITE_COLUMNS, *(f"screen_{flag}" for flag in FLAGS)]
    first = plan.stations.iloc[0]
    row = next(csv.DictReader(io.StringIO(exports.stations_csv(plan).decode("utf-8-sig"))))
    sheet = openpyxl.load_workbook(io.BytesIO(exports.plan_xlsx(plan))).worksheets[0]
    cells = [cell.value for cell in sheet[2]]
    point = json.loads(exports.plan_geojson(plan))["features"][0]["properties"]
    station = json.loads(to_json(plan))["stations"][0]
    for name in wanted:
        value = first[name]
        cell = cells[plan.stations.columns.get_loc(name)]
        if isinstance(value, str):
            assert (row[name], cell, point[name], station[name]) == (value,) * 4
        else:
            assert float(row[name] or "nan") == pytest.approx(value, abs=1e-3, nan_ok=True)
            for other in (cell, point[name], station[name]):
                assert float("nan" if other is None else other) == pytest.approx(value, nan_ok=True)
    assert plan.stations["road_km"].le(plan.stations["snap_km"] * 1.04 + 1e-6).all()
    assert set(plan.stations.filter(like="screen_").stack()) <= {"ok", "check", "unknown"}
    assert plan.stations["county_zh"].notna().all()


def test_every_flag_is_explained_with_clause_source_and_confidence(plan):
    flags = set(plan.stations.filter(like="screen_").columns)
    rules = list(csv.DictReader(io.StringIO(exports.screening_csv(plan).decode("utf-8-sig"))))
    assert {rule["flag"] for rule in rules} == flags
    for rule in rules:
        assert "GB 5" in rule["clause"]
        assert rule["source"]
        assert rule["confidence"] in {"H", "M", "L"}
        assert any(ord(letter) > 0x2E80 for letter in rule["what_zh"])
        assert rule["what_en"].isascii()
    assert {rule["flag"] for rule in json.loads(exports.plan_geojson(plan))["screening_rules"]} == flags
    book = openpyxl.load_workbook(io.BytesIO(exports.plan_xlsx(plan)))
    listed = [row[0].value for row in book.worksheets[2].iter_rows(min_row=2)]
    assert flags | {"ok", "check", "unknown"} == set(listed)


def test_refused_sites_are_kept_with_their_reasons(plan, tmp_path, monkeypatch):
    record = {"site_id": "FAR", "name_zh": "远", "reason": "12.0 km from the road network"}
    record = dict.fromkeys(REFUSED_COLUMNS) | record
    refusing = replace(plan, refused_sites=(record,))
    assert json.loads(to_json(refusing))["refused_sites"] == [record]
    sheet = openpyxl.load_workbook(io.BytesIO(exports.plan_xlsx(refusing))).worksheets[3]
    assert [cell.value for cell in sheet[2]] == [record[name] for name in REFUSED_COLUMNS]
    (row,) = csv.DictReader(io.StringIO(exports.refused_csv(refusing).decode("utf-8-sig")))
    assert (row["site_id"], row["reason"], row["lon"]) == ("FAR", record["reason"], "")
    assert json.loads(exports.plan_geojson(refusing))["refused_sites"] == [record]
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    store.save(refusing)
    assert store.find(plan.scenario, plan.provenance["fingerprint"]).refused_sites == (record,)


def test_json_holds_the_whole_plan_without_nan(plan):
    content = json.loads(to_json(plan), parse_constant=lambda name: pytest.fail(f"{name} in JSON"))
    assert set(content) >= {"scenario", "stations", "flows_served", "supply", "certificate", "provenance"}
    served = math.fsum(row["served_kg_per_day"] for row in content["flows_served"])
    assert served == pytest.approx(plan.kpis["served_kg_per_day"], rel=1e-6)
    assert content["certificate"]["status"] == plan.certificate.status
    assert set(content["provenance"]) >= {"data_sha256", "versions", "fingerprint"}
    assert "flows_served" in summary(plan)


def test_files_are_written_together_and_replace_earlier_ones(plan, tmp_path):
    folder = tmp_path / "new" / "out"
    paths = exports.write_all(plan, folder)
    assert sorted(path.name for path in paths) == sorted(exports.WRITERS)
    assert sorted(path.name for path in folder.iterdir()) == sorted(exports.WRITERS)
    (folder / "plan.json").write_text("old")
    exports.write_all(plan, folder)
    assert json.loads((folder / "plan.json").read_text(encoding="utf-8"))["schema"]


def test_a_fault_while_making_the_files_leaves_the_earlier_ones(plan, tmp_path, monkeypatch):
    exports.write_all(plan, tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def broken(_):
        raise RuntimeError("no")

    monkeypatch.setitem(exports.WRITERS, "plan.json", broken)
    with pytest.raises(RuntimeError):
        exports.write_all(plan, tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_in_the_way_is_refused(plan, tmp_path):
    target = tmp_path / "file"
    target.write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        exports.write_all(plan, target)
    assert target.read_text() == "mine"


def test_a_stored_plan_comes_back_equal_and_a_damaged_one_does_not(plan, tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    fingerprint = plan.provenance["fingerprint"]
    assert store.find(plan.scenario, fingerprint) is None
    folder = store.save(plan)
    again = store.find(plan.scenario, fingerprint)
    assert again is not None
    assert to_json(again) == to_json(plan)
    assert store.find(plan.scenario, "other") is None
    (folder / "plan.json").write_text("{")
    assert store.find(plan.scenario, fingerprint) is None
