"""Answers as plain values, GeoJSON and text."""

import json
import math

import numpy as np
import pytest
import shapely

from corridor import snapping
from corridor.coordinates import to_wgs84
from corridor.errors import InputError
from corridor.sources import data_directory
from planner import route_formats
from planner.inputs import load_inputs
from planner.route_query import find_ways
from planner.terrain import terrain_of

ENDS = ("103.01,30.03", "102.2,27.9")  # off the roads of Ya'an and Xichang


@pytest.fixture(scope="module")
def inputs():
    return load_inputs()


@pytest.fixture(scope="module")
def answer(inputs):
    values = {str(key): float(value) for key, value in inputs.assumptions["value"].items()}
    return find_ways(inputs.network, *ENDS, zones=inputs.zones, assumptions=values)


@pytest.fixture(scope="module")
def profiles(inputs, answer):
    return route_formats.profiles_of(inputs.network, terrain_of(inputs.network, data_directory()), answer)


def test_the_line_runs_from_foot_to_foot_and_is_as_long_as_the_way(inputs, answer):
    way = answer.ways[0]
    points = route_formats.way_line(inputs.network, way)
    assert points[0] == pytest.approx([answer.origin.lon, answer.origin.lat], abs=1e-6)
    assert points[-1] == pytest.approx([answer.destination.lon, answer.destination.lat], abs=1e-6)
    drawn = snapping.along_km(points)
    # Lengths of the shipped roads are a few percent above their thinned lines (data/README.md).
    assert 0.9 < drawn[-1] / way.length_km < 1.01
    assert np.diff(drawn).max() < 60.0, "no jump"


def test_the_profile_starts_and_ends_between_nodes_and_sums_up(answer, profiles):
    way, along = answer.ways[0], profiles[0]
    assert way.start[0] > 0
    assert along.km[0] == 0.0
    assert along.km[-1] == pytest.approx(way.length_km, rel=1e-9)
    assert (np.diff(along.km) >= 0).all()
    rise = along.elevation_m[-1] - along.elevation_m[0]
    assert along.climb_m - along.descent_m == pytest.approx(rise)
    assert along.elevation_m.max() > 2400
    assert "given" in along.quality


@pytest.mark.parametrize("crs", ["WGS84", "GCJ-02", "BD-09", "EPSG:4544"])
def test_geojson_says_its_system_and_holds_the_figures(inputs, answer, profiles, crs):
    content = json.loads(
        json.dumps(route_formats.as_geojson(inputs.network, answer, crs=crs, profiles=profiles))
    )
    assert content["crs_name"] == crs
    expected = route_formats.way_line(inputs.network, answer.ways[0])
    feature = content["features"][0]
    found = np.array(shapely.get_coordinates(shapely.geometry.shape(feature["geometry"])))
    back = np.column_stack(to_wgs84(found[:, 0], found[:, 1], crs=crs))
    assert np.abs(back - expected).max() < 2e-6
    assert feature["properties"]["rank"] == 1
    assert feature["properties"]["crs_name"] == crs
    assert feature["properties"]["length_km"] == pytest.approx(answer.ways[0].length_km, abs=1e-3)
    assert feature["properties"]["highest_m"] > 2400


def test_plain_values_with_and_without_the_profile(answer, profiles):
    bare = route_formats.as_dict(answer)
    assert "climb_m" not in bare["routes"][0]
    assert bare["from_km"] == pytest.approx(answer.origin.distance_km, abs=1e-4)
    full = route_formats.as_dict(answer, profiles=profiles, with_arrays=True)
    arrays = full["routes"][0]["profile"]
    assert len(arrays["km"]) == len(arrays["elevation_m"]) == len(arrays["quality"])
    assert full["routes"][0]["highest_m"] == round(max(arrays["elevation_m"]))


def test_unknown_elevations_are_null_not_zero():
    along = route_formats.Profile(
        km=np.array([0.0, 1.0, 2.0]),
        elevation_m=np.array([500.0, math.nan, 600.0]),
        quality=np.array(["given", "unknown", "far"]),
    )
    values = route_formats.elevation(along)
    assert values.pop("elevation_quality") == "unknown"
    assert set(values.values()) == {None}


def test_the_text_names_roads_and_tells_the_elevation(answer, profiles):
    text = list(route_formats.lines(answer, asked=ENDS, profiles=profiles))
    assert text[0].startswith(f"1. {answer.ways[0].length_km:.1f} km")
    assert "G5 京昆高速" in text[1]
    assert "climb" in text[2]
    assert text[-1].startswith(f"{ENDS[1]} is ")


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "routes.geojson"
    route_formats.write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="not JSON compliant"):
        route_formats.write_json(path, {"a": math.nan})
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": 1}
    for bad in (tmp_path, tmp_path / "missing" / "x.geojson", path / "x.geojson"):
        with pytest.raises(InputError, match="Name a file"):
            route_formats.check_file(bad)
