"""Sites of OpenStreetMap: mapping of tags on hand-made features, and a real extract."""

from pathlib import Path

import geopandas as gpd
import osmium
import pandas as pd
import pytest
from pyproj import Geod
from shapely.geometry import Point, box

from corridor import osm_features
from corridor.errors import InputError
from corridor.osm_features import read_features
from corridor.osm_sites import from_features
from corridor.sources import SITE_COLUMNS
from corridor.tables import checked

EXTRACT = Path(__file__).resolve().parents[3] / "shared" / "sources" / "osm_samples" / "harrisburg.osm.pbf"
SQUARE = box(104.0, 30.0, 104.002, 30.002)  # about 193 m x 222 m = 4.3 ha


def features(*rows):
    index = pd.MultiIndex.from_tuples([row[:2] for row in rows], names=["element", "id"])
    tags = pd.DataFrame([row[3] for row in rows], index=index)
    return gpd.GeoDataFrame(tags, geometry=[row[2] for row in rows], crs="EPSG:4326")


def test_tags_become_kinds():
    table = from_features(
        features(
            ("way", 1, SQUARE, {"highway": "services", "name": "安岳服务区", "name:en": "Anyue"}),
            ("node", 2, Point(104, 30), {"amenity": "fuel"}),
            ("node", 3, Point(104, 30), {"amenity": "fuel", "fuel:h35": "yes", "operator": "中国石化"}),
            ("way", 4, SQUARE, {"landuse": "industrial", "industrial": "port"}),
            ("way", 5, SQUARE, {"landuse": "industrial"}),
            ("way", 6, SQUARE, {"landuse": "farmland"}),
            ("node", 7, Point(104, 30), {"highway": "rest_area"}),
        )
    )
    assert table["kind"].to_dict() == {
        "OSM-W1": "service_area",
        "OSM-N2": "station",
        "OSM-N3": "station",
        "OSM-W4": "port",
        "OSM-W5": "logistics_park",
        "OSM-N7": "service_area",
    }
    assert table["status"].eq("existing").to_dict() == {site: site == "OSM-N3" for site in table.index}
    assert table.loc["OSM-W1", ["name_zh", "name_en"]].tolist() == ["安岳服务区", "Anyue"]
    assert table.loc["OSM-N2", "name_zh"] == "加油站 N2"
    assert table.loc["OSM-W1", ["lon", "lat"]].tolist() == pytest.approx([104.001, 30.001])
    assert table["capacity_kg_per_day"].isna().all()
    # A mapped area is one side of the road; a point may stand for both.
    assert table["direction"].dropna().to_dict() == {"OSM-W1": "one"}
    assert table["direction_basis"].dropna().to_dict() == {"OSM-W1": "assumed"}


def test_small_land_is_left_out_but_no_small_service_area():
    rows = [("way", 1, SQUARE, {"landuse": "industrial"}), ("way", 2, SQUARE, {"highway": "services"})]
    assert from_features(features(*rows), smallest_ha=4.2).index.tolist() == ["OSM-W1", "OSM-W2"]
    assert from_features(features(*rows), smallest_ha=4.4).index.tolist() == ["OSM-W2"]


def test_they_fit_the_schema_of_sites():
    table = from_features(features(("way", 1, SQUARE, {"highway": "services"}))).reset_index()
    checked(table, SITE_COLUMNS, where="sites")


def test_features_without_a_system_are_refused():
    with pytest.raises(InputError, match="no reference system"):
        from_features(
            features(("node", 1, Point(104, 30), {"amenity": "fuel"})).set_crs(None, allow_override=True)
        )


OSM = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
  <node id="1" version="1" lat="30.0" lon="104.0"/>
  <node id="2" version="1" lat="30.0" lon="104.002"/>
  <node id="3" version="1" lat="30.002" lon="104.002"/>
  <node id="4" version="1" lat="30.1" lon="104.1"><tag k="amenity" v="fuel"/><tag k="name" v="北站"/></node>
  <node id="5" version="1" lat="30.1" lon="104.1"><tag k="amenity" v="cafe"/></node>
  <way id="7" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/>
    <tag k="highway" v="services"/></way>
  <way id="8" version="1"><nd ref="1"/><nd ref="99"/><tag k="highway" v="services"/></way>
  <way id="9" version="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="motorway"/></way>
</osm>
"""


def test_reading_a_file(tmp_path):
    path = tmp_path / "small.osm"
    path.write_text(OSM, encoding="utf-8")
    found = read_features(path)
    assert sorted(found.index) == [("node", 4), ("way", 7)]
    assert found.loc[("way", 7), "geometry"].equals(
        gpd.GeoSeries.from_wkt(["POLYGON ((104 30, 104.002 30, 104.002 30.002, 104 30))"])[0]
    )
    assert from_features(found).loc["OSM-N4", "name_zh"] == "北站"
    path.write_text(OSM.replace("services", "motorway").replace("fuel", "cafe"), encoding="utf-8")
    assert from_features(read_features(path)).empty


#: Two ways that close a ring around a hole, a relation with a way missing, and one that is no area.
RELATIONS = """<?xml version="1.0" encoding="UTF-8"?>
<osm version="0.6">
  <node id="1" version="1" lat="30.0" lon="104.0"/>
  <node id="2" version="1" lat="30.0" lon="104.01"/>
  <node id="3" version="1" lat="30.01" lon="104.01"/>
  <node id="4" version="1" lat="30.01" lon="104.0"/>
  <node id="5" version="1" lat="30.002" lon="104.002"/>
  <node id="6" version="1" lat="30.002" lon="104.008"/>
  <node id="7" version="1" lat="30.008" lon="104.008"/>
  <node id="8" version="1" lat="30.008" lon="104.002"/>
  <way id="11" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/></way>
  <way id="12" version="1"><nd ref="1"/><nd ref="4"/><nd ref="3"/></way>
  <way id="13" version="1"><nd ref="5"/><nd ref="6"/><nd ref="7"/><nd ref="8"/><nd ref="5"/></way>
  <relation id="21" version="1">
    <member type="way" ref="11" role="outer"/><member type="way" ref="12" role="outer"/>
    <member type="way" ref="13" role="inner"/><member type="node" ref="5" role="label"/>
    <tag k="type" v="multipolygon"/><tag k="landuse" v="industrial"/><tag k="name" v="高新区"/>
  </relation>
  <relation id="22" version="1"><member type="way" ref="99" role="outer"/>
    <tag k="type" v="multipolygon"/><tag k="landuse" v="harbour"/></relation>
  <relation id="23" version="1"><member type="way" ref="13" role="outer"/>
    <tag k="type" v="boundary"/><tag k="landuse" v="industrial"/></relation>
</osm>
"""


@pytest.mark.parametrize("ending", ["osm", "osm.gz", "osm.pbf"])
def test_multipolygon_relations_are_areas_with_holes(tmp_path, ending):
    source = tmp_path / "relations.osm"
    source.write_text(RELATIONS, encoding="utf-8")
    path = tmp_path / f"other.{ending}"
    with osmium.SimpleWriter(str(path)) as writer:
        for thing in osmium.FileProcessor(source):
            writer.add(thing)
    said = []
    found = read_features(path, say=said.append)
    assert found.index.tolist() == [("relation", 21)]
    assert "left out 1 places" in said[-1]
    ring = box(104.0, 30.0, 104.01, 30.01).difference(box(104.002, 30.002, 104.008, 30.008))
    assert found.geometry.iloc[0].equals(ring)
    table = from_features(found)
    assert table.index.tolist() == ["OSM-R21"]
    assert table.loc["OSM-R21", ["kind", "name_zh"]].tolist() == ["logistics_park", "高新区"]
    assert ring.contains(Point(table.loc["OSM-R21", ["lon", "lat"]]))
    area_ha = abs(Geod(ellps="WGS84").geometry_area_perimeter(ring)[0]) / 1e4
    assert from_features(found, smallest_ha=area_ha * 1.001).empty


def test_ids_far_apart_are_read_in_several_passes(tmp_path, monkeypatch):
    monkeypatch.setattr(osm_features, "_CHUNKS_AT_ONCE", 1)
    path = tmp_path / "spread.osm"
    path.write_text(RELATIONS, encoding="utf-8")
    alone = read_features(path).geometry.iloc[0]
    spread = RELATIONS
    for node in range(1, 9):  # 2^25 ids fill a chunk
        spread = spread.replace(f'node id="{node}"', f'node id="{node << 26}"')
        spread = spread.replace(f'<nd ref="{node}"', f'<nd ref="{node << 26}"')
    path.write_text(spread, encoding="utf-8")
    assert read_features(path).geometry.iloc[0].equals(alone)


def test_files_that_are_none_are_refused(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_features(tmp_path / "absent.osm.pbf")
    path = tmp_path / "text.osm.pbf"
    path.write_text("no protocol buffer", encoding="utf-8")
    with pytest.raises(InputError, match="not readable as OpenStreetMap"):
        read_features(path)


needs_extract = pytest.mark.skipif(not EXTRACT.is_file(), reason="the raw extract is not beside the checkout")


@needs_extract
def test_a_file_cut_off_is_refused(tmp_path):
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(EXTRACT.read_bytes()[:-500])
    with pytest.raises(InputError, match="cut off"):
        read_features(path)


@needs_extract
def test_a_real_extract():
    table = from_features(read_features(EXTRACT))
    assert set(table["kind"]) >= {"station", "logistics_park"}
    assert table["lon"].between(-77.5, -76.5).all()
    assert table["lat"].between(40.0, 40.7).all()
    assert table.index.is_unique
