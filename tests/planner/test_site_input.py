"""Sites of an analyst: schema, reference systems, faults and refusals."""

import json

import numpy as np
import pandas as pd
import pytest

from corridor.coordinates import from_wgs84
from corridor.errors import InputError
from planner.inputs import load_inputs
from planner.scenario import AddedSite, Scenario
from planner.site_input import load_sites, to_added
from tests.corridor.test_routes import both_ways, network_of

NETWORK = network_of(both_ways([(0, 1, 1.0, "motorway", "G5"), (1, 2, 1.0, "motorway", "G5")]))
HEADER = "site_id,name_zh,kind,x,y,crs\n"
PLACE = (104.01, 30.02)  # 2.2 km north of node 1


def write(tmp_path, *rows, header=HEADER):
    path = tmp_path / "mine.csv"
    path.write_text(header + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def row(site_id, crs, *, at=PLACE):
    x, y = from_wgs84(*at, crs=crs)
    return f"{site_id},园区,logistics_park,{x:.10f},{y:.10f},{crs}"


@pytest.mark.parametrize("crs", ["WGS84", "CGCS2000", "GCJ-02", "BD-09", "EPSG:4543", "EPSG:4523"])
def test_every_reference_system_leads_to_the_same_site(tmp_path, crs):
    result = load_sites(write(tmp_path, row("A", crs)), NETWORK)
    site = result.taken.loc["A"]
    assert (site["lon"], site["lat"]) == pytest.approx(PLACE, abs=1e-8)
    assert site["node_id"] == 1
    assert site["snap_km"] == pytest.approx(0.0199 * 111.195, rel=1e-3)
    assert 0.0 < site["road_km"] <= site["snap_km"] + 1e-9
    assert (site["status"], site["position_quality"], site["confidence"]) == ("candidate", "approx", "L")
    assert result.refused.empty


def test_the_system_may_be_named_for_the_file_and_is_never_guessed(tmp_path):
    path = write(tmp_path, "A,园区,port,104.01,30.02", header="site_id,name_zh,kind,lon,lat\n")
    assert load_sites(path, NETWORK, crs="WGS84").taken.loc["A", "lon"] == 104.01
    shifted = load_sites(path, NETWORK, crs="GCJ-02").taken.loc["A", "lon"]
    assert 0.001 < 104.01 - shifted < 0.006
    with pytest.raises(InputError, match="not stated"):
        load_sites(path, NETWORK)


def test_all_faulty_cells_are_reported_together(tmp_path):
    path = write(
        tmp_path,
        "A,园区,logistics_park,104.01,30.02,WGS84",
        "A,园区,casino,104.01,30.02,WGS84",
        "C,,port,north,30.02,Mars",
        "D,园区,port,104.01,,",
    )
    with pytest.raises(InputError) as caught:
        load_sites(path, NETWORK)
    text = str(caught.value)
    for part in (
        "column site_id, row 3",
        "column kind, row 3",
        "column name_zh, row 4",
        "column x, row 4",
        "column y, row 5",
        "column crs, row 4: the reference system 'Mars'",
        "not stated",
    ):
        assert part in text
    with pytest.raises(InputError, match="there is no site"):
        load_sites(write(tmp_path), NETWORK)


def test_a_fault_names_the_column_as_it_stands_in_the_file(tmp_path):
    path = write(tmp_path, "A,园区,port,nan,inf", header="site_id,name_zh,kind,lon,latitude\n")
    with pytest.raises(InputError) as caught:
        load_sites(path, NETWORK, crs="WGS84")
    assert [fault.where for fault in caught.value.faults] == [
        "mine.csv, column lon, row 2",
        "mine.csv, column latitude, row 2",
    ]


def test_each_site_is_taken_or_refused_with_its_reason(tmp_path):
    path = write(
        tmp_path,
        row("NEAR", "WGS84"),
        "SWAP,园区,port,30.02,104.01,WGS84",
        row("USED", "GCJ-02"),
        row("FAR", "WGS84", at=(104.01, 30.06)),
        row("PARIS", "WGS84", at=(2.35, 48.86)),
        "KM,园区,port,30.02,104.01,EPSG:4543",
    )
    east, north = from_wgs84(*PLACE, crs="EPSG:4543")
    with path.open("a", encoding="utf-8") as file:
        file.write(f"GKSWAP,园区,port,{north},{east},EPSG:4543\n")
    result = load_sites(path, NETWORK, existing={"USED"}, farthest_km=5.0)
    assert result.taken.index.tolist() == ["NEAR"]
    refused = result.refused
    assert refused["row"].to_dict() == {"SWAP": 3, "USED": 4, "FAR": 5, "PARIS": 6, "KM": 7, "GKSWAP": 8}
    assert refused["reason"].to_dict() == {
        "SWAP": "x and y look swapped: x is longitude or easting",
        "USED": "the site id is already in use",
        "FAR": "6.7 km from the road network, more than 5 km",
        "PARIS": "outside the region of the road network",
        "KM": "outside the region of the road network",
        "GKSWAP": "x and y look swapped: x is longitude or easting",
    }


def geojson(tmp_path, content):
    path = tmp_path / "mine.geojson"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def feature(site_id, position, geometry="Point"):
    return {
        "type": "Feature",
        "geometry": {"type": geometry, "coordinates": position},
        "properties": {
            "site_id": site_id,
            "name_zh": "园区",
            "kind": "port",
            "km_post": 12,
            "direction": "one",
        },
    }


def test_geojson_gives_the_same_as_csv(tmp_path):
    path = geojson(tmp_path, {"type": "FeatureCollection", "features": [feature("A", [*PLACE, 412.0])]})
    with pytest.raises(InputError, match="not stated"):
        load_sites(path, NETWORK)
    taken = load_sites(path, NETWORK, crs="wgs84").taken
    other = load_sites(write(tmp_path, row("A", "WGS84")), NETWORK).taken
    shared = ["name_zh", "lon", "lat", "node_id", "snap_km", "road_km", "status", "source"]
    pd.testing.assert_frame_equal(taken[shared], other[shared], check_dtype=False)
    assert taken.loc["A", "kind"] == "port"
    assert (taken.loc["A", "km_post"], taken.loc["A", "direction"]) == (12.0, "one")


def test_geojson_that_is_none_is_refused(tmp_path):
    for content, message in (
        ("{", "not readable JSON"),
        ('{"type": "Point"}', "no features"),
        ([], "no features"),
    ):
        with pytest.raises(InputError, match=message):
            load_sites(geojson(tmp_path, content), NETWORK, crs="WGS84")
    bad = [feature("A", PLACE), feature("B", [PLACE, PLACE], "LineString"), {"geometry": None}, 7]
    with pytest.raises(InputError) as caught:
        load_sites(geojson(tmp_path, {"features": bad}), NETWORK, crs="WGS84")
    assert len(caught.value.faults) == 3
    with pytest.raises(InputError, match="column x, row 1: is not a finite number"):
        load_sites(geojson(tmp_path, {"features": [feature("A", ["x", 30.0])]}), NETWORK, crs="WGS84")
    with pytest.raises(InputError, match="no such file"):
        load_sites(tmp_path / "absent.geojson", NETWORK, crs="WGS84")


def test_columns_are_those_of_the_shipped_sites(tmp_path):
    taken = load_sites(write(tmp_path, row("A", "WGS84")), NETWORK).taken
    shipped = {"status", "kind", "name_zh", "name_en", "road_ref", "km_post", "county_code", "lon", "lat"}
    shipped |= {"capacity_kg_per_day", "position_quality", "source", "confidence", "node_id", "snap_km"}
    assert shipped <= set(taken.columns)
    assert np.isnan(taken.loc["A", "km_post"])


def test_sites_taken_become_sites_of_a_scenario(tmp_path):
    path = write(
        tmp_path,
        "A,园区,port,104.01,30.02,WGS84,12.5,one,owner,M,500",
        "B,站,station,104.01,30.02,WGS84,,,,,",
        header="site_id,name_zh,kind,x,y,crs,km_post,direction,source,confidence,capacity_kg_per_day\n",
    )
    first, second = to_added(load_sites(path, NETWORK).taken, where=path.name)
    assert first == AddedSite(
        site_id="A",
        name_zh="园区",
        name_en="园区",
        kind="port",
        lon=104.01,
        lat=30.02,
        km_post=12.5,
        direction="one",
        source="owner",
        confidence="M",
        capacity_kg_per_day=500.0,
    )
    assert (second.km_post, second.direction, second.source, second.confidence) == (
        None,
        None,
        "analyst",
        "L",
    )


def test_what_a_scenario_cannot_hold_is_told_for_every_cell(tmp_path):
    path = write(
        tmp_path,
        f"A,{'长' * 81},port,104.01,30.02,WGS84,1",
        "B,站,port,104.01,30.02,WGS84,-3",
        header="site_id,name_zh,kind,x,y,crs,km_post\n",
    )
    with pytest.raises(InputError) as caught:
        to_added(load_sites(path, NETWORK).taken, where=path.name)
    assert [fault.where for fault in caught.value.faults] == [
        "mine.csv, site A, column name_zh",
        "mine.csv, site B, column km_post",
    ]


def test_added_sites_are_screened_and_placed_like_the_shipped_ones():
    """At the place and on the road of a shipped service area: the same post, road, county and flags."""
    plain = load_inputs()
    shipped = plain.sites.loc["SA-G85-YONGCHUAN"]
    added = AddedSite(
        site_id="MINE",
        name_zh="我的",
        kind="service_area",
        lon=shipped["lon"],
        lat=shipped["lat"],
        road_ref="G85",
    )
    far = AddedSite(site_id="FAR", name_zh="远", kind="port", lon=101.0, lat=31.9)
    inputs = load_inputs(Scenario(added_sites=(added, far, added)))
    mine = inputs.sites.loc["MINE"]
    same = ["km_post", "km_post_basis", "km_post_error_km", "road_km", "snap_km", "node_id", "direction"]
    same += [name for name in inputs.sites if name.startswith("screen_")]
    assert mine[same].tolist() == shipped[same].tolist()
    assert (mine["name_en"], mine["county_code"], mine["county_basis"]) == (
        "我的",
        shipped["county_code"],
        "seat",
    )
    assert len(inputs.sites) == len(plain.sites) + 1
    assert inputs.refused_sites["reason"].tolist() == [
        "the site id is already in use",
        "25.8 km from the road network",
    ]
    assert plain.sites.dtypes.equals(inputs.sites[plain.sites.columns].dtypes)
