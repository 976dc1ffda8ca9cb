"""The hand-entered elevations: schema, honesty, and agreement with what was published."""

import csv
from pathlib import Path

import pytest

from corridor.sources import DATA_FILES, read_elevations

DATA = Path(__file__).resolve().parents[2] / "data"
GEONAMES = DATA.parents[1] / "shared" / "sources" / "geonames" / "geonames_cities15000_2012_bbox.tsv"
TABLE = read_elevations(DATA)


def test_it_is_part_of_the_shipped_data():
    assert "elevations.csv" in DATA_FILES
    assert set(TABLE["kind"]) == {"town", "pass", "tunnel", "river_crossing"}


def test_nothing_unverified_is_called_certain():
    assert not (TABLE["confidence"] == "H").any()
    general = TABLE["source"].str.contains("general knowledge")
    assert set(TABLE.loc[general & (TABLE["kind"] != "pass"), "confidence"]) == {"L"}
    assert (TABLE["high"] - TABLE["low"]).min() >= 20.0, "a point elevation stands for a road through a town"


@pytest.mark.skipif(not GEONAMES.is_file(), reason="raw sources are not beside the checkout")
def test_towns_of_geonames_are_those_of_geonames():
    with GEONAMES.open(encoding="utf-8", newline="") as file:
        published = {
            (round(float(row["lon"]), 4), round(float(row["lat"]), 4)): float(
                row["elevation"] or row["dem_m"]
            )
            for row in csv.DictReader(file, delimiter="\t")
        }
    named = TABLE[TABLE["source"].str.startswith("GeoNames")]
    assert len(named) > 40
    for point, row in named.iterrows():
        assert published[row["lon"], row["lat"]] == row["elevation_m"], point


def test_the_pass_is_where_the_road_is_highest():
    g5 = TABLE[TABLE["road_ref"] == "G5"]
    assert g5["elevation_m"].idxmax() == "EL-TUOWUSHAN-PASS"
    assert g5.loc["EL-TUOWUSHAN-PASS", "low"] >= 2430.0
