"""Files of point demands: every fault at once, three formats, any stated reference system."""

import io
import re

import openpyxl
import pandas as pd
import pytest

from corridor.errors import InputError
from planner.fault_text import said
from planner.inputs import load_inputs
from planner.point_input import read_point_upload, read_points, with_points
from planner.scenario import Scenario

GOOD = """point_id,name_zh,name_en,use,lon,lat,kg_per_day,from_year,color
BUS-1,公交场站,Bus depot,bus,104.15,30.57,600,,red
PORT-1,果园港,,SHIP,106.74,29.62,250.5,2030,
"""


@pytest.fixture(scope="module")
def network():
    return load_inputs().network


def _read(network, text, **options):
    return read_point_upload("p.csv", text.encode(), network, **({"crs": "WGS84"} | options))


def test_a_sound_file_is_taken_whole(network):
    file = _read(network, GOOD)
    first, second = file.points
    assert (first.point_id, first.use, first.kg_per_day, first.from_year) == ("BUS-1", "bus", 600.0, None)
    assert (second.use, second.kg_per_day, second.from_year) == ("ship", 250.5, 2030)
    assert (second.source, second.confidence, second.position_quality) == ("analyst", "L", "approx")
    assert file.ignored == ("color",)


def test_the_three_formats_say_the_same(network, tmp_path):
    table = pd.read_csv(io.StringIO(GOOD))
    table.to_parquet(tmp_path / "p.parquet")
    table.to_excel(tmp_path / "p.xlsx", index=False)
    expected = _read(network, GOOD).points
    for name in ("p.parquet", "p.xlsx"):
        assert read_points(tmp_path / name, network, crs="WGS84").points == expected


def test_other_systems_are_converted_and_never_guessed(network):
    wgs, gcj = (_read(network, GOOD, crs=crs).points[0] for crs in ("WGS84", "GCJ-02"))
    assert 0.001 < abs(wgs.lon - gcj.lon) < 0.01
    per_row = GOOD.replace("color", "crs").replace("red", "GCJ-02").replace("2030,", "2030,WGS84")
    assert _read(network, per_row, crs="BD-09").points == (gcj, _read(network, GOOD).points[1])
    with pytest.raises(InputError) as caught:
        _read(network, GOOD, crs=None)
    assert [fault.where for fault in caught.value.faults] == [
        "p.csv, row 2, column crs",
        "p.csv, row 3, column crs",
    ]


FAULTY = """point_id,name_zh,use,lon,lat,kg_per_day,from_year,unit,crs
A,一,bus,104.15,30.57,-5,,,
A,二,bus,104.15,30.57,0,,,
C,三,tram,104.15,30.57,nan,,,
,四,ship,104.15,30.57,ten,,,
E,,rail,104.15,30.57,1e9,,,
F,六,power,30.57,104.15,5,,,
G,七,drone,121.4,31.2,5,,t/d,
H,八,drone,100.9,32.9,5,,,
I,九,drone,abc,31.2,5,1830,,
J,十,drone,104.15,30.57,,,,Mars
USED,十一,other,104.15,30.57,5,,,
"""
EXPECTED = {
    "row 2, column kg_per_day": "is negative",
    "row 3, column kg_per_day": "is zero",
    "row 3, column point_id": "repeats row 2",
    "row 4, column use": "'tram' is not known",
    "row 4, column kg_per_day": "is not a finite number",
    "row 5, column point_id": "is empty",
    "row 5, column kg_per_day": "is not a finite number",
    "row 6, column name_zh": "is empty",
    "row 6, column kg_per_day": "is above 1,000,000",
    "row 7, column lon, lat": "look swapped",
    "row 8, column lon, lat": "lie outside the region of the road network",
    "row 8, column unit": "'t/d' is another unit",
    "row 9, column lon, lat": "km from the road network, more than 10 km",
    "row 10, column lon": "is not a finite number",
    "row 10, column from_year": "is no year",
    "row 11, column kg_per_day": "is empty",
    "row 11, column crs": "the reference system 'Mars' is not known",
    "row 12, column point_id": "is already in use",
}


def test_every_fault_is_named_by_row_and_column(network):
    with pytest.raises(InputError) as caught:
        _read(network, FAULTY, existing=["USED"])
    said = {fault.where.removeprefix("p.csv, "): fault.what for fault in caught.value.faults}
    assert set(said) == set(EXPECTED)
    assert len(caught.value.faults) == len(EXPECTED)
    for where, what in EXPECTED.items():
        assert what in said[where]
    assert all(fault.mend for fault in caught.value.faults)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace("kg_per_day", "t_per_day"), "column t_per_day is in another unit"),
        (GOOD.replace("color", "kg_per_year"), "column kg_per_year is in another unit"),
        (GOOD.replace(",use,", ",zweck,"), "column use is missing"),
        (GOOD.replace("lat", "breite"), "there are no coordinates"),
        (GOOD.replace("from_year,color", "x,y"), "there are coordinates twice"),
        (GOOD.splitlines()[0] + "\n", "there is no row below the header"),
        ("", "empty"),
    ],
)
def test_a_header_that_will_not_do_is_said(network, text, message):
    with pytest.raises(InputError, match=message):
        _read(network, text)


def test_a_very_long_file_is_refused(network):
    rows = "".join(f"P{n},点,bus,104.15,30.57,1\n" for n in range(10_001))
    with pytest.raises(InputError, match="there are more than 10,000 points"):
        _read(network, "point_id,name_zh,use,lon,lat,kg_per_day\n" + rows)


def test_points_add_to_those_of_the_scenario(network, tmp_path):
    del network
    path = tmp_path / "p.csv"
    path.write_text(GOOD, encoding="utf-8")
    scenario = with_points(Scenario(), path, crs="WGS84")
    assert [point.point_id for point in scenario.point_demands] == ["BUS-1", "PORT-1"]
    with pytest.raises(InputError, match="row 2, column point_id: is already in use"):
        with_points(scenario, path, crs="WGS84")
    assert with_points(scenario, None, crs=None) is scenario
    with pytest.raises(InputError, match="Give --points FILE too"):
        with_points(scenario, None, crs="WGS84")


def test_a_workbook_of_numbered_points_keeps_whole_ids(network, tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["point_id", "name_zh", "use", "x", "y", "kg_per_day"])
    book.active.append([7.0, "点", "bus", 104.15, 30.57, 5])
    book.save(tmp_path / "n.xlsx")
    assert read_points(tmp_path / "n.xlsx", network, crs="WGS84").points[0].point_id == "7"


HEADERS = [
    GOOD.replace("kg_per_day", "t_per_day"),
    GOOD.replace(",use,", ",zweck,"),
    GOOD.replace("lat", "breite"),
    GOOD.replace("from_year,color", "x,y"),
    GOOD.splitlines()[0] + "\n",
    GOOD.replace("BUS-1", "B" * 61),
]


@pytest.mark.parametrize("text", [FAULTY, *HEADERS])
def test_faults_are_chinese_on_the_chinese_page(network, text):
    with pytest.raises(InputError) as caught:
        _read(network, text, existing=["USED"])
    for fault in caught.value.faults:
        told = said(fault, "zh")
        assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", told), told
        assert said(fault, "en") == str(fault)
