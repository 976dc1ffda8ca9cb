"""The shipped tables of places against published totals, county polygons and each other.

The polygons are read here by other code than the one that built the tables.
"""

import csv
import gzip
import json
import math
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from corridor.sources import read_bases, read_sites, read_zones
from data.build import bases

DATA = Path(__file__).resolve().parents[2] / "data"
SOURCES = DATA.parents[1] / "shared" / "sources"
CENSUS_TOTALS = {"50": 32_054_159, "51": 83_674_866}
QUALITIES = {"surveyed", "osm", "centroid", "approx"}

needs_sources = pytest.mark.skipif(not SOURCES.is_dir(), reason="raw sources are not beside the checkout")


def rows(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ZONES = rows("zones.csv")
COUNTIES = {row["zone_id"]: row for row in ZONES if row["kind"] == "county"}
GATEWAYS = [row for row in ZONES if row["kind"] == "gateway"]
SITES = rows("sites.csv")
BASES = {row["base_id"]: row for row in rows("bases.csv")}
INTERCHANGES = [row for row in SITES if row["kind"] == "interchange"]


def lonlat(row):
    return float(row["lon"]), float(row["lat"])


def meters(points):
    """Local plane at 30 N; good to 1 % over the few kilometers compared here."""
    lon, lat = np.asarray(points, dtype=float).T
    return np.column_stack([lon * 111_320 * math.cos(math.radians(30)), lat * 110_850])


@pytest.fixture(scope="module")
def polygons():
    """County polygons in WGS 84 by code, from the outer and inner rings alike (even-odd)."""
    path = SOURCES / "census2020" / "tudigong-counties-geo.topojson.gz"
    with gzip.open(path) as file:
        topology = json.load(file)
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    to_wgs84 = pyproj.Transformer.from_crs(
        "+proj=aea +lat_1=24 +lat_2=48 +lat_0=36 +lon_0=104.5 +datum=WGS84", "EPSG:4326", always_xy=True
    )
    found = {}
    for item in topology["objects"]["county"]["geometries"]:
        code = str(item["properties"]["CODE"])
        if code not in COUNTIES:
            continue
        shape = shapely.Polygon()
        for part in item["arcs"] if item["type"] == "MultiPolygon" else [item["arcs"]]:
            for ring in part:
                line = []
                for index in ring:
                    x = y = 0
                    arc = []
                    for dx, dy in topology["arcs"][index if index >= 0 else ~index]:
                        x, y = x + dx, y + dy
                        arc.append(to_wgs84.transform(x * sx + tx, y * sy + ty))
                    line.extend(arc if index >= 0 else arc[::-1])
                if len(line) > 3:
                    shape = shape.symmetric_difference(shapely.make_valid(shapely.Polygon(line)))
        found[code] = shape
    return found


@pytest.mark.parametrize(
    ("name", "key"), [("zones.csv", "zone_id"), ("sites.csv", "site_id"), ("bases.csv", "base_id")]
)
def test_every_row_names_itself_its_source_and_its_confidence(name, key):
    table = rows(name)
    assert len({row[key] for row in table}) == len(table)
    for row in table:
        assert row["source"].strip(), row[key]
        assert row["confidence"] in {"H", "M", "L"}, row[key]
        assert row["position_quality"] in QUALITIES, row[key]
        assert row["name_zh"], row[key]
        assert row["name_en"], row[key]
        assert 100 <= float(row["lon"]) <= 110, row[key]
        assert 26 <= float(row["lat"]) <= 33, row[key]


def test_general_knowledge_is_never_rated_high():
    for row in [*ZONES, *SITES, *BASES.values()]:
        assert not (row["source"].startswith("general knowledge") and row["confidence"] == "H"), row


def test_the_readers_accept_the_tables():
    assert len(read_zones(DATA)) == len(ZONES)
    assert len(read_sites(DATA)) == len(SITES)
    assert len(read_bases(DATA)) == len(BASES)


# Zones


@pytest.mark.parametrize(("province", "total"), CENSUS_TOTALS.items())
def test_population_sums_to_the_published_census_total(province, total):
    assert sum(int(row["population"]) for code, row in COUNTIES.items() if code.startswith(province)) == total


def test_every_county_is_there_once():
    provinces = [code[:2] for code in COUNTIES]
    assert provinces.count("50") == 38  # the districts and counties of Chongqing
    assert provinces.count("51") == 186  # 183 of Sichuan and three development zones the census counts apart
    assert len({row["prefecture_zh"] for code, row in COUNTIES.items() if code.startswith("51")}) == 21


@needs_sources
def test_population_of_each_county_is_that_of_the_census():
    census = pd.read_csv(
        SOURCES / "census2020" / "tudigong-population.csv", dtype=str, encoding="utf-8-sig"
    ).set_index("CODE")
    for code, row in COUNTIES.items():
        assert int(row["population"]) == int(census.loc[code, "POPU"]), code
        assert row["name_zh"] == census.loc[code, "NAME"]


def test_employment_is_a_plausible_part_of_the_population():
    totals = dict.fromkeys(CENSUS_TOTALS, 0)
    for code, row in COUNTIES.items():
        transport, manufacturing = (
            int(row["employment_transport"]),
            int(row["employment_manufacturing"]),
        )
        assert 0 < transport + manufacturing < 0.5 * int(row["population"]), code
        totals[code[:2]] += transport
    # Transport, storage and post employ 3-6 % of the employed, who are half of the population.
    for province, total in totals.items():
        assert 0.015 < total / CENSUS_TOTALS[province] < 0.03


@needs_sources
def test_employment_follows_from_the_shares_of_the_census():
    """Chengdu's Longquanyi by hand: population x share aged 16+ x employed x in manufacturing."""
    table = pd.read_csv(
        SOURCES / "census2020" / "tudigong-employment.csv", dtype=str, encoding="utf-8-sig"
    ).set_index("CODE")
    share = float(table.loc["510112", "EMPL_OCCU"]) * float(table.loc["510112", "EMPL_INDU_MANU"])
    row = COUNTIES["510112"]
    assert int(row["employment_manufacturing"]) == pytest.approx(
        int(row["population"]) * 0.828 * share, abs=1
    )


def test_gateways_know_where_they_lead_and_count_no_people():
    assert len(GATEWAYS) >= 10
    assert {"G5", "G42", "G50", "G65", "G75", "G76", "G85"} <= {row["road_ref"] for row in GATEWAYS}
    for row in GATEWAYS:
        assert row["zone_id"].startswith("GW-")
        assert row["toward_zh"]
        assert row["position_quality"] == "osm"
        assert row["population"] == row["employment_transport"] == row["employment_manufacturing"] == ""


@needs_sources
def test_gateways_lie_on_the_border_or_beyond(polygons):
    region = shapely.union_all([shape.buffer(1e-4) for shape in polygons.values()])
    border = shapely.MultiLineString([part.exterior for part in shapely.get_parts(region)])
    for row in GATEWAYS:
        point = shapely.Point(lonlat(row))
        if row["zone_id"] == "GW-G42-E":  # leaves beyond 110 E, the edge of the tables
            assert border.distance(point) < 0.25
        elif "beyond the border" in row["source"]:
            assert 0.02 < region.distance(point) < 0.6, row["zone_id"]
        else:
            assert border.distance(point) < 0.02, row["zone_id"]


def test_gateways_stand_on_the_road_graph():
    nodes = pd.read_parquet(DATA / "roads_nodes.parquet")
    at = meters(nodes[["x", "y"]].to_numpy())
    for row in GATEWAYS:
        nearest = np.hypot(*(at - meters([lonlat(row)])).T).min()
        assert nearest < 3_000, row["zone_id"]


@needs_sources
def test_counties_start_within_their_borders(polygons):
    for code, row in COUNTIES.items():
        if "moved to its edge" in row["source"]:
            assert row["lon"] == "100.0" or row["lat"] == "33.0"
            assert row["confidence"] == "L"
            continue
        assert polygons[code].distance(shapely.Point(lonlat(row))) < 0.006, code  # borders are generalized


def test_most_people_start_from_a_town_not_from_a_centroid():
    people = dict.fromkeys(QUALITIES, 0)
    for row in COUNTIES.values():
        people[row["position_quality"]] += int(row["population"])
    assert people["centroid"] < 0.01 * sum(people.values())
    assert people["osm"] > 0.5 * sum(people.values())


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("500115", "Changshou"),
        ("500109", "Beibei"),
        ("500110", "Qijiang"),
        ("500120", "Bishan"),
        ("500151", "Tongliang"),
        ("500230", "Fengdu"),
        ("510114", "Xindu"),
        ("510117", "Pidu"),
        ("510181", "Dujiangyan"),
        ("510321", "Rongxian"),
        ("510682", "Shifang"),
        ("511123", "Qianwei"),
        ("511424", "Danling"),
        ("511524", "Changning"),
        ("511527", "Junlian"),
        ("511822", "Yingjing"),
        ("512022", "Lezhi"),
        ("500240", "Shizhu"),
        ("511602", "Guang'an"),
        ("511071", "Neijiang Economic Development Zone"),
    ],
)
def test_english_names(code, name):
    assert COUNTIES[code]["name_en"] == name


@pytest.mark.parametrize("name", ["zones.csv", "sites.csv", "bases.csv"])
def test_english_names_are_plain_ascii(name):
    for row in rows(name):
        assert row["name_en"].isascii(), row["name_en"]


# Sites


def test_stations_carry_what_is_published_and_nothing_more():
    stations = {row["site_id"]: row for row in SITES if row["status"] in {"existing", "planned"}}
    assert (stations["ST-JIULONGPO"]["capacity_kg_per_day"], stations["ST-JIULONGPO"]["opened"]) == (
        "1000",
        "2021",
    )
    assert stations["ST-JIULONGPO"]["county_code"] == "500107"
    assert (stations["ST-XICHANG"]["capacity_kg_per_day"], stations["ST-XICHANG"]["opened"]) == (
        "500",
        "2021",
    )
    assert (stations["ST-ANWEN"]["capacity_kg_per_day"], stations["ST-ANWEN"]["opened"]) == ("", "2025")
    assert stations["ST-GAOSHENG"]["status"] == "planned"
    for row in stations.values():
        assert row["position_quality"] == "approx"
        assert row["capacity_kg_per_day"] == "" or int(row["capacity_kg_per_day"]) > 0
        if row["capacity_kg_per_day"] == "" and "not verified" in row["name_en"]:
            assert row["confidence"] == "L"


def test_service_areas_stand_on_the_corridor_roads():
    areas = [row for row in SITES if row["kind"] == "service_area"]
    assert {row["road_ref"] for row in areas} == {"G5013", "G76", "G85", "G42", "G93", "G5"}
    assert all(row["km_post_basis"] != "sign" and row["position_quality"] == "approx" for row in areas)


def test_every_site_has_what_a_siting_table_asks_for():
    for row in SITES:
        assert row["name_zh"]
        assert row["name_en"]
        assert row["direction"] in {"both", "one"}
        assert row["direction_basis"] in {"stated", "interchange", "assumed"}
        assert row["county_basis"] in {"source", "position"}
        assert (row["road_ref"] == "") == (row["road_ref_basis"] == "")
        assert (row["km_post"] == "") == (row["km_post_basis"] == "")
        assert row["kind"] not in {"interchange", "service_area"} or row["road_ref_basis"] == "on"
    assert sum(row["road_ref"] == "" for row in SITES) <= 1


def test_derived_km_posts_say_how_far_off_they_may_be():
    for row in SITES:
        if row["km_post_basis"] != "derived":
            continue
        assert float(row["km_post"]) == round(float(row["km_post"]))
        assert float(row["km_post_error_km"]) >= (5 if row["position_quality"] == "approx" else 1)
    signs = [row for row in SITES if row["km_post_basis"] == "sign"]
    assert len(signs) == 377
    doubtful = [row for row in signs if row["km_post_error_km"] == ""]
    assert 0 < len(doubtful) < 0.03 * len(signs)
    assert all("would be km" in row["note"] for row in doubtful)


def test_derived_km_posts_keep_the_distance_along_the_road_to_the_next_signs():
    """Distances by networkx on the edges that bear the number; the signs by the nodes of the road graph."""
    nodes = pd.read_parquet(DATA / "roads_nodes.parquet")
    edges = pd.read_parquet(DATA / "roads_edges.parquet", columns=["ref", "length"]).reset_index()
    at = {
        (round(x, 5), round(y, 5)): node
        for node, x, y in zip(nodes.index, nodes["x"], nodes["y"], strict=True)
    }
    checked = 0
    for ref in ("G5", "G65", "G75", "G93", "G85"):
        on_road = edges[edges["ref"].fillna("").str.split(";").map(lambda parts, ref=ref: ref in parts)]
        graph = nx.Graph()
        for u, v, meters_long in zip(on_road["u"], on_road["v"], on_road["length"], strict=True):
            known = graph.get_edge_data(u, v, {"km": np.inf})["km"]
            graph.add_edge(u, v, km=min(known, meters_long / 1000))
        posts = nodes[(nodes["road_ref"] == ref) & nodes["km_post"].notna()]["km_post"]
        for row in INTERCHANGES:
            if row["road_ref"] != ref or row["km_post_basis"] != "derived":
                continue
            km = nx.single_source_dijkstra_path_length(graph, at[lonlat(row)], weight="km")
            near = sorted((km[node], post) for node, post in posts.items() if node in km)[:6]
            error = float(row["km_post_error_km"])
            fits = [abs(abs(float(row["km_post"]) - post) - away) <= error for away, post in near]
            assert sum(fits) >= 1, row["site_id"]
            checked += 1
    assert checked >= 50


def test_sites_lie_in_a_county_of_the_zones():
    assert {row["county_code"] for row in SITES} <= set(COUNTIES)


@needs_sources
def test_sites_lie_in_the_county_they_name(polygons):
    for row in SITES:
        limit = 0.002 if row["position_quality"] == "osm" else 0.06
        assert polygons[row["county_code"]].distance(shapely.Point(lonlat(row))) < limit, row["site_id"]


def test_interchanges_are_many_named_and_one_each():
    assert 350 <= len(INTERCHANGES) <= 800
    assert {"G5", "G42", "G76", "G85", "G93", "G5013", "G4202", "G5001"} <= {
        row["road_ref"] for row in INTERCHANGES
    }
    assert {(row["status"], row["position_quality"]) for row in INTERCHANGES} == {("candidate", "osm")}
    points = meters([lonlat(row) for row in INTERCHANGES])
    distance = np.hypot(*(points[:, None, :] - points[None, :, :]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    assert distance.min() > 700


def test_interchanges_name_their_road_and_their_county():
    for row in INTERCHANGES:
        assert row["site_id"].startswith(f"IC-{row['road_ref']}-")
        assert row["road_ref"] in row["name_zh"], row["site_id"]
        assert row["name_zh"].endswith(f"（{COUNTIES[row['county_code']]['name_zh']}）"), row["site_id"]


def test_interchanges_are_nodes_of_the_road_graph():
    nodes = pd.read_parquet(DATA / "roads_nodes.parquet")
    named = nodes[nodes["highway"] == "motorway_junction"]
    known = {(round(x, 5), round(y, 5)) for x, y in zip(named["x"], named["y"], strict=True)}
    assert {lonlat(row) for row in INTERCHANGES} <= known


# Bases


def test_bases_named_by_policy_are_there():
    assert set(BASES) == {"BASE-XICHANG", "BASE-PANZHIHUA", "BASE-YAAN", "BASE-TONGNAN", "BASE-CHANGSHOU"}
    for row in BASES.values():
        assert row["kind"] == ("electrolysis" if row["green"] == "true" else "by_product")
        assert float(row["low"]) < float(row["production_cny_per_kg"]) < float(row["high"])
        capacity = [int(row[f"capacity_kg_per_day_{year}"]) for year in (2027, 2030, 2035)]
        assert capacity == sorted(capacity)
        if row["green"] == "true":
            # 1,000 Nm3/h for a day at 0.0899 kg/Nm3
            assert all(value % round(24_000 * 0.0899) == 0 for value in capacity)


def test_bases_are_what_their_facts_give(tmp_path):
    bases.main(SOURCES, tmp_path)
    assert (tmp_path / "bases.csv").read_bytes() == (DATA / "bases.csv").read_bytes()


def test_changshou_purifies_what_is_published():
    changshou = BASES["BASE-CHANGSHOU"]
    assert int(changshou["capacity_kg_per_day_2027"]) == 6_400
    # and 2,700 t/yr more by 2030
    assert int(changshou["capacity_kg_per_day_2030"]) == 6_400 + round(2_700_000 / 365)


def test_electrolysis_costs_follow_the_published_rule():
    """52 kWh/kg x price + 3-5 CNY/kg: 15.4 at 0.22 CNY/kWh; at 0.30 between 19 and 21."""
    row = BASES["BASE-XICHANG"]
    assert float(row["production_cny_per_kg"]) == 15.4
    assert 10.5 < float(row["low"]) < 11.5  # 0.15 CNY/kWh
    assert 19 < float(row["high"]) < 21


# The list of files


def test_readme_lists_every_file_with_its_rows():
    text = (DATA / "README.md").read_text(encoding="utf-8")
    listed = {}
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if len(cells) > 2 and cells[0].startswith("`"):
            listed[cells[0].strip("`")] = cells[2]
    for path in sorted(DATA.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            assert listed[path.name] == f"{sum(1 for _ in csv.reader(file)) - 1:,}", path.name
    for path in sorted(DATA.glob("*.parquet")):
        assert listed[path.name] == f"{len(pd.read_parquet(path)):,}", path.name
