"""Files of trips: what is read, in which encodings and formats, and everything wrong with them at once."""

import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from corridor import sources
from corridor.errors import InputError
from demand.inputs import VEHICLE_CLASSES
from planner import table_file
from planner.od_input import read_od

HEADER = "origin,destination,vehicle_class,trips_per_day"
TRACTOR = VEHICLE_CLASSES.index("tractor_49t")


@pytest.fixture(scope="module")
def zones():
    return sources.read_zones(sources.data_directory())


def written(tmp_path, text, *, encoding="utf-8", name="od.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


def cell(file, zones, origin, destination, kind=TRACTOR):
    return file.table.trips[zones.index.get_loc(origin), zones.index.get_loc(destination), kind]


def messages(path, zones):
    with pytest.raises(InputError) as caught:
        read_od(path, zones)
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gbk", "gb18030"), ("gb18030", "gb18030")],
)
def test_names_and_codes_are_read_in_the_encodings_of_spreadsheets(tmp_path, zones, encoding, said):
    rows = ["龙泉驿区,江津区,tractor_49t,12.5", "500116, 510112 ,TRACTOR_49t,7"]
    rows += ["内江市市中区,GW-G5-N,rigid_18t,1e1", ""]
    file = read_od(written(tmp_path, "\n".join([HEADER, *rows]), encoding=encoding), zones)
    assert file.encoding == said
    assert file.rows == 3
    assert cell(file, zones, "510112", "500116") == 12.5
    assert cell(file, zones, "500116", "510112") == 7.0
    assert cell(file, zones, "511002", "GW-G5-N", VEHICLE_CLASSES.index("rigid_18t")) == 10.0
    assert file.table.trips.sum() == pytest.approx(29.5)
    assert set(file.table.classes) == {"tractor_49t", "rigid_18t"}


def test_csv_xlsx_and_parquet_read_alike(tmp_path, zones):
    frame = pd.DataFrame(
        {
            "origin": [510112, 500116, 510104],
            "destination": [500116, 510112, 511002],
            "vehicle_class": ["tractor_49t", "tractor_49t", "coach_12m"],
            "trips_per_day": [12.5, 7.0, 3.0],
            "unit": ["one_way", "one_way", "round_trip"],
            "fuel_cell_share": [0.2, None, 1.0],
            "remark": ["x", "", "y"],
        }
    )
    frame.to_csv(tmp_path / "od.csv", index=False)
    frame.to_excel(tmp_path / "od.xlsx", index=False)
    frame.to_parquet(tmp_path / "od.parquet")
    files = [read_od(tmp_path / f"od.{kind}", zones) for kind in ("csv", "xlsx", "parquet")]
    for file in files:
        assert file.ignored == ("remark",)
        coaches = VEHICLE_CLASSES.index("coach_12m")
        assert cell(file, zones, "510104", "511002", coaches) == 3.0
        assert cell(file, zones, "511002", "510104", coaches) == 3.0  # a round trip goes both ways
        for name in ("trips", "listed", "shared_trips", "fuel_cell_trips"):
            assert np.array_equal(getattr(file.table, name), getattr(files[0].table, name))
    assert files[0].table.fuel_cell_trips.sum() == pytest.approx(12.5 * 0.2 + 6.0)


def test_every_faulty_cell_is_named_with_row_and_column(tmp_path, zones):
    rows = [
        "510112,500116,tractor_49t,-3",
        "519999,500116,tractor_49t,3",
        "510100,市中区,tank,many",
        "",
        "510112,500116,tractor_49t,",
        "510112,500116,tractor_49t,200000000",
    ]
    found = messages(written(tmp_path, "\n".join([HEADER, *rows]) + "\n"), zones)
    for start in (
        "od.csv, row 2, column trips_per_day: is negative",
        "od.csv, row 3, column origin: '519999' is no zone. Use a county code of GB/T 2260",
        "od.csv, row 4, column origin: '510100' is a prefecture",
        "od.csv, row 4, column destination: '市中区' names more than one zone",
        "od.csv, row 4, column vehicle_class: 'tank' is not known",
        "od.csv, row 4, column trips_per_day: is not a finite number",
        "od.csv, row 6, column trips_per_day: is empty",
        "od.csv, row 6, column origin, destination, vehicle_class: repeats row 2",
        "od.csv, row 7, column trips_per_day: is above 100,000. Give vehicles per day, not per year",
        "od.csv, row 7, column origin, destination, vehicle_class: repeats row 2",
    ):
        assert any(message.startswith(start) for message in found), start
    assert len(found) == 10


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("fuel_cell_percent", "120", "row 2, column fuel_cell_percent: is above 100"),
        ("fuel_cell_share", "5", "row 2, column fuel_cell_share: is above 1. Write 0.05 for 5 %"),
        ("fuel_cell_share", "-0.1", "row 2, column fuel_cell_share: is negative"),
        ("fuel_cell_share", "5%", "row 2, column fuel_cell_share: is not a finite number"),
        ("unit", "per_year", "row 2, column unit: 'per_year' is not known. Use one of one_way, round_trip"),
    ],
)
def test_units_and_percentages_out_of_range(tmp_path, zones, column, value, message):
    text = f"{HEADER},{column}\n510112,500116,tractor_49t,3,{value}\n"
    assert message in messages(written(tmp_path, text), zones)[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        (f"{HEADER}\n", "no row below the header"),
        (f"{HEADER}\n\n,,,\n", "no row below the header"),
        ("origin,destination,vehicle_class,trips_per_year\n1,2,3,4\n", "column trips_per_day is missing"),
        (f"OD 2030,,,\n{HEADER}\n510112,500116,tractor_49t,3\n", "the column names stand in row 2"),
        (f"{HEADER},origin\n", "column origin stands there twice"),
        (f"{HEADER}\n510112,500116,tractor_49t,3,9\n", "row 2: 5 cells under 4 columns"),
        (f"{HEADER},fuel_cell_share,fuel_cell_percent\n", "say the same thing"),
    ],
)
def test_what_is_no_table_of_trips(tmp_path, zones, content, message):
    assert message in messages(written(tmp_path, content), zones)[0]


def test_other_files_are_refused(tmp_path, zones):
    assert "no such file" in messages(tmp_path / "none.csv", zones)[0]
    utf16 = written(tmp_path, f"{HEADER}\n龙泉驿区,500116,tractor_49t,3\n", encoding="utf-16")
    assert "UTF-16" in messages(utf16, zones)[0]
    raw = tmp_path / "raw.csv"
    raw.write_bytes(b"origin,\xff\xff\xff\n")
    assert "neither UTF-8 nor GB18030" in messages(raw, zones)[0]
    for name in ("od.xlsx", "od.parquet", "od.pdf"):
        assert messages(written(tmp_path, "nonsense", name=name), zones)


def test_parquet_text_is_read_however_it_is_stored(tmp_path, zones):
    columns = {
        "origin": pa.array(["510112", "510112"]).dictionary_encode(),
        "destination": pa.array(["500116", "龙泉驿区"], pa.large_string()),
        "vehicle_class": pa.array(["tractor_49t", "coach_12m"], pa.string_view()),
        "trips_per_day": pa.array([" 12.5", "3"], pa.large_string()),
        "fuel_cell_share": pa.array([None, None]),
    }
    pq.write_table(pa.table(columns), tmp_path / "od.parquet")
    file = read_od(tmp_path / "od.parquet", zones)
    assert cell(file, zones, "510112", "500116") == 12.5
    assert file.table.trips.sum() == 15.5
    assert file.table.shared_trips.sum() == 0.0
    columns["trips_per_day"] = pa.array([[1], [2]])
    pq.write_table(pa.table(columns), tmp_path / "od.parquet")
    assert "column trips_per_day holds list" in messages(tmp_path / "od.parquet", zones)[0]
    columns["trips_per_day"] = pa.array(["many", ""], pa.large_string())
    pq.write_table(pa.table(columns), tmp_path / "od.parquet")
    found = messages(tmp_path / "od.parquet", zones)
    assert "row 1, column trips_per_day: is not a finite number" in found[0]
    assert "row 2, column trips_per_day: is empty" in found[1]


def test_a_merged_title_above_the_header_is_told(tmp_path, zones):
    book = openpyxl.Workbook()
    book.active.append(["OD 表"])
    book.active.merge_cells("A1:D1")
    book.active.append(HEADER.split(","))
    book.active.append([510112, 500116, "tractor_49t", 3])
    book.save(tmp_path / "od.xlsx")
    assert "the column names stand in row 2" in messages(tmp_path / "od.xlsx", zones)[0]


def test_a_sheet_too_long_to_read_is_refused_at_once(tmp_path, zones, monkeypatch):
    monkeypatch.setattr(table_file, "_MOST_SHEET_ROWS", 2)
    book = openpyxl.Workbook()
    for row in (HEADER.split(","), [510112, 500116, "tractor_49t", 3], [500116, 510112, "tractor_49t", 3]):
        book.active.append(row)
    book.save(tmp_path / "od.xlsx")
    assert "the sheet has 3 rows, more than 2" in messages(tmp_path / "od.xlsx", zones)[0]


def test_rows_keep_their_numbers_across_blocks_and_skipped_rows(tmp_path, zones, monkeypatch):
    monkeypatch.setattr(table_file, "_BLOCK_BYTES", 256)
    codes = [code for code in zones.index if not code.startswith("GW")]
    rows = [f"{codes[0]},{code},tractor_49t,1" for code in codes[1:121]]
    rows[20] = "1,2,3,4,5"
    rows[60] = ""
    rows[90] += ",x"
    rows[110] = f"{codes[0]},nowhere,tractor_49t,1"
    found = messages(written(tmp_path, "\n".join([HEADER, *rows]) + "\n"), zones)
    named = [message.split(":")[0].split(", column")[0] for message in found]
    assert named == ["od.csv, row 22", "od.csv, row 92", "od.csv, row 112"]


def test_a_file_of_many_faults_names_the_first_and_counts_the_rest(tmp_path, zones):
    frame = pd.DataFrame(
        {
            "origin": np.full(300_000, "510112"),
            "destination": "500116",
            "vehicle_class": "tractor_49t",
            "trips_per_day": 1.0,
        }
    )
    frame.to_parquet(tmp_path / "od.parquet")
    found = messages(tmp_path / "od.parquet", zones)
    assert len(found) == table_file.FAULTS_NAMED + 1
    assert "row 2, " in found[0]
    assert "repeats row 1" in found[0]
    assert "299,979 more faulty cells" in found[-1]
