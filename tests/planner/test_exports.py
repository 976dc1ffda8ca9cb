"""Files of a plan, read back by other readers than wrote them."""

import csv
import io
import json
import math

import openpyxl
import pytest

from corridor.errors import InputError
from planner import exports, store
from planner.pipeline import make_plan
from planner.plan import summary, to_json
from planner.scenario import Scenario


@pytest.fixture(scope="module")
def plan():
    return make_plan(Scenario(stations=4))


def test_csv_opens_in_a_spreadsheet_and_holds_every_station(plan):
    raw = exports.stations_csv(plan)
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))
    assert [row["site_id"] for row in rows] == plan.stations["site_id"].tolist()
    assert float(rows[0]["lon"]) == pytest.approx(plan.stations["lon"].iloc[0], abs=1e-5)
    assert any("站" in row["name_zh"] for row in rows)


def test_workbook_has_bilingual_sheets_with_the_same_numbers(plan):
    book = openpyxl.load_workbook(io.BytesIO(exports.plan_xlsx(plan)))
    assert len(book.sheetnames) == 4
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
