"""What is only drawn, waters and names of places, against the sources and against what is generally known."""

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from corridor.sources import DATA_FILES, EXTENT, data_directory, read_places, read_waters, read_zones

DATA = data_directory()
FACTS = Path(__file__).resolve().parents[2] / "data" / "build" / "facts"
#: Lengths inside the region: whole rivers are longer.
_KM = {
    "长江": (700, 900),
    "嘉陵江": (600, 750),
    "沱江": (300, 450),
    "乌江": (800, 1_050),
    "大渡河": (750, 900),
}

_ON_THE_RIVER = (
    ("长江", "重庆"),
    ("长江", "泸州"),
    ("长江", "万州"),
    ("嘉陵江", "南充"),
    ("嘉陵江", "广元"),
    ("沱江", "内江"),
    ("岷江", "犍为"),
    ("金沙江", "攀枝花"),
    ("乌江", "彭水"),
)


@pytest.fixture(scope="module")
def waters():
    return read_waters(DATA)


@pytest.fixture(scope="module")
def places():
    return read_places(DATA)


def test_drawings_do_not_tell_plans_apart():
    assert not {"waters.parquet", "places.csv"} & set(DATA_FILES)


def test_waters_are_valid_light_and_inside_the_region(waters):
    assert waters.is_valid.all()
    assert shapely.get_num_coordinates(waters.geometry.to_numpy()).sum() <= 6_000
    west, south, east, north = waters.total_bounds
    assert (west, south) >= EXTENT[:2]
    assert east <= EXTENT[2]
    assert north <= EXTENT[3]
    assert set(waters.geom_type[waters["kind"] == "river"]) == {"LineString"}
    assert set(waters.geom_type[waters["kind"] == "area"]) == {"Polygon"}


@pytest.mark.parametrize("name", _KM)
def test_rivers_are_as_long_as_they_are_in_the_region(waters, name):
    km = waters[waters["name_zh"] == name].to_crs("EPSG:32648").length.sum() / 1000
    assert _KM[name][0] <= km <= _KM[name][1]


def test_rivers_pass_the_cities_that_stand_on_them(waters, places):
    points = gpd.GeoSeries(
        gpd.points_from_xy(places["lon"], places["lat"], crs="EPSG:4326"), index=places["name_zh"]
    ).to_crs("EPSG:32648")
    rivers = waters[waters["kind"] == "river"].to_crs("EPSG:32648").dissolve("name_zh")
    for river, city in _ON_THE_RIVER:
        km = rivers.geometry[river].distance(points[city]) / 1000
        assert km < 5, f"{city} is {km:.1f} km from {river}"


def test_every_point_that_names_a_river_lies_on_it(waters):
    known = pd.read_csv(FACTS / "rivers.csv")
    for row in known.itertuples():
        own = waters.geometry[waters["name_zh"] == row.name_zh].to_numpy()
        assert shapely.distance(own, shapely.Point(row.lon, row.lat)).min() < 0.15, row.name_zh


def test_places_come_by_importance_and_once(places):
    assert places["name_zh"][places["rank"] == 1].tolist() == ["重庆", "成都"]
    assert places["rank"].is_monotonic_increasing
    assert not places["name_zh"].duplicated().any()
    assert all(re.fullmatch(r"[一-鿿]{2,4}", name) for name in places["name_zh"])
    assert all(re.fullmatch(r"[A-Z][a-z']+", name) for name in places["name_en"])


def test_places_stand_where_the_zones_have_them(places):
    zones = read_zones(DATA)
    seats = zones[zones["kind"] == "county"].set_index("name_zh")
    moved = []
    for row in places[places["rank"] >= 3].itertuples():
        full = [name for name in seats.index if name.startswith(row.name_zh)]
        near = min(
            np.hypot(seats.loc[name, "lon"] - row.lon, seats.loc[name, "lat"] - row.lat).min()
            for name in full
        )
        moved += [row.name_zh] if near > 0 else []
    assert not moved


def test_people_of_prefectures_add_up_to_the_census(places):
    zones = read_zones(DATA)
    seats = places[(places["rank"] <= 2) & places["population"].notna()]
    own = seats["source"].str.contains("OpenStreetMap place; census|^seat of")
    assert own.sum() == 22, "21 prefectures and Chongqing"
    assert seats["population"][own].sum() == zones["population"].sum()
