"""Screening of sites: what is decided, what stays unknown, and on what grounds."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod

from corridor import roads, sites, sources
from tests.corridor.test_routes import both_ways, network_of

DATA = Path(__file__).resolve().parents[2] / "data"
NETWORK = network_of(both_ways([(0, 1, 1.0, "motorway", "G5"), (1, 2, 1.0, "motorway", "G5")]))
KM = 1 / 111.195


def site(kind="logistics_park", lon=104.01, lat=30.0, quality="surveyed", **more):
    return {"kind": kind, "lon": lon, "lat": lat, "position_quality": quality} | more


def screened(*rows, zones=None):
    frame = pd.DataFrame(list(rows), index=[f"S{i}" for i in range(len(rows))])
    return sites.screened(frame, NETWORK, zones=zones)


def seats(*names, lon=104.01, lat=30.0):
    return pd.DataFrame({"kind": "county", "name_zh": names, "lon": lon, "lat": lat})


def test_distance_to_the_road_is_to_the_edge_not_to_the_node():
    table = screened(site(lon=104.005, lat=30.0 + 1.0 * KM))
    # The line from (104, 30) to (104.01, 30.0001) passes half-way at 30.00005.
    assert table["road_km"].iloc[0] == pytest.approx(1.0 - 0.00005 / KM, rel=1e-3)


def test_directions_state_their_grounds():
    table = screened(
        site("interchange", direction=None), site("service_area", direction="one"), site(direction=np.nan)
    )
    assert table["direction"].tolist() == ["both", "one", "both"]
    assert table["direction_basis"].tolist() == ["interchange", "stated", "assumed"]


def test_the_city_center_needs_a_check_within_reach_of_the_position_error():
    near, far = 30.0 + 4.9 * KM, 30.0 + 5.2 * KM
    rows = [site(lat=near), site(lat=far), site(lat=far, quality="approx"), site(lat=far, quality="centroid")]
    table = screened(*rows, zones=seats("江北区"))
    assert table["screen_city_center"].tolist() == ["check", "ok", "check", "check"]
    assert screened(*rows, zones=seats("简阳市"))["screen_city_center"].tolist() == [
        "check",
        "ok",
        "check",
        "check",
    ]
    # Whether the seat of a county is a city in the sense of the clause is not known.
    town = screened(*rows, zones=seats("荣县"))["screen_city_center"]
    assert town.tolist() == ["unknown", "ok", "unknown", "unknown"]
    both = screened(*rows, zones=seats("荣县", "江北区"))["screen_city_center"]
    assert both.tolist() == ["check", "ok", "check", "check"]
    assert screened(*rows, zones=seats("江北区", lat=30.6))["screen_city_center"].eq("unknown").all()
    nowhere = seats("江北区").assign(kind="gateway")
    assert screened(*rows, zones=nowhere)["screen_city_center"].eq("unknown").all()
    assert screened(*rows)["screen_city_center"].eq("unknown").all()


def test_what_no_table_tells_stays_unknown():
    table = screened(site("service_area"), site(lat=30.0 + 3 * KM), site(lat=30.0 + 3 * KM, quality="approx"))
    assert table["screen_crossing"].tolist() == ["ok", "unknown", "unknown"]
    assert table["screen_main_road"].tolist() == ["unknown", "ok", "unknown"]
    assert table["screen_public_buildings"].eq("unknown").all()
    assert table["screen_open_flame"].eq("unknown").all()


def test_every_rule_names_its_clause_and_has_a_flag():
    table = screened(site())
    assert {f"screen_{rule.rule_id}" for rule in sites.RULES} == set(table.filter(like="screen_"))
    for rule in sites.RULES:
        assert rule.clause.startswith("GB 50516")
        assert rule.what
        assert (rule.confidence == "L") == ("unverified" in rule.source)


def test_the_embedded_sites_keep_their_rows_and_columns():
    nodes, edges = sources.read_roads(DATA)
    network = roads.from_tables(nodes, edges, speeds_kmh={"motorway": 80.0, "trunk": 50.0, "primary": 45.0})
    before, _ = sites.attach(sources.read_sites(DATA), network)
    table = sites.screened(before, network, zones=sources.read_zones(DATA))
    pd.testing.assert_frame_equal(table[before.columns], before)
    # The nearest edge is nowhere farther than the nearest node (4 % for the plane of the search).
    assert (table["road_km"] <= table["snap_km"] * 1.04 + 1e-6).all()
    assert table.loc[table["kind"] == "interchange", "road_km"].max() < 0.2
    assert set(table["screen_city_center"]) == {"ok", "check", "unknown"}
    assert table.loc["ST-JIULONGPO", "screen_city_center"] == "check"


def test_distance_to_the_road_agrees_with_shapely_and_the_geodesic():
    """By shapely on lines cut fine, and WGS 84 geodesics: within 0.6 % of the sphere."""
    nodes, edges = sources.read_roads(DATA)
    network = roads.from_tables(nodes, edges, speeds_kmh={"motorway": 80.0, "trunk": 50.0, "primary": 45.0})
    chosen = sources.read_sites(DATA).query("kind not in ('interchange', 'service_area')")
    table = sites.screened(chosen, network)
    geod = Geod(ellps="WGS84")
    for lon, lat, road_km in zip(table["lon"], table["lat"], table["road_km"], strict=True):
        near = edges.geometry.cx[lon - 0.15 : lon + 0.15, lat - 0.15 : lat + 0.15]
        points = shapely.get_coordinates(shapely.segmentize(near.to_numpy(), 0.0001))
        _, _, meters = geod.inv(np.full(len(points), lon), np.full(len(points), lat), *points.T)
        assert road_km == pytest.approx(meters.min() / 1000, rel=0.006, abs=0.01)


def test_a_road_and_a_county_not_given_are_the_nearest_and_say_so():
    zones = seats("江北区", "荣县", lon=[104.01, 104.2]).set_index(pd.Index(["500105", "510321"]))
    table = sites.screened(
        pd.DataFrame(
            [site(road_ref="G93", county_code="510000"), site(), site(lat=30.05), site(lat=30.3)],
            index=["GIVEN", "OPEN", "NEAR", "FAR"],
        ),
        NETWORK,
        zones=zones,
    )
    assert table["road_ref"].fillna("").tolist() == ["G93", "G5", "G5", ""]
    assert table["road_ref_basis"].fillna("").tolist() == ["on", "nearest", "nearest", ""]
    assert table["county_code"].fillna("").tolist() == ["510000", "500105", "500105", ""]
    assert table["county_basis"].fillna("").tolist() == ["source", "seat", "seat", ""]


def test_a_road_without_a_number_is_passed_over_for_one_that_bears_it():
    links = both_ways(
        [(0, 1, 1.0, "trunk", None), (1, 2, 1.0, "trunk", None), (2, 3, 1.0, "motorway", "G5;G76")]
    )
    table = sites.screened(pd.DataFrame([site(lon=104.001)], index=["A"]), network_of(links))
    assert table["road_ref"].tolist() == ["G5"]
    assert table["road_km"].iloc[0] < 0.1


def test_the_nearest_seat_names_the_right_county_for_four_of_five():
    given = sources.read_sites(DATA).query("kind == 'interchange'")
    found, basis = sites.nearest_county(
        given.drop(columns=["county_code", "county_basis"]), sources.read_zones(DATA)
    )
    named = basis == "seat"
    assert named.mean() > 0.7
    assert 0.78 < (found[named] == given["county_code"].to_numpy()[named]).mean() < 0.85
