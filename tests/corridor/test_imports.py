"""One town by every way in: the networks must agree; faulty input must be refused by name."""

import itertools
import socket
import threading
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmnx as ox
import pandas as pd
import pytest
import shapely
from scipy.sparse.csgraph import dijkstra
from shapely.geometry import box

from corridor import costs, geodesy, graphs, roads
from corridor.download import Area, Servers
from corridor.errors import InputError
from corridor.imports import MAIN_ROADS, Pipeline, prepared
from corridor.loading import road_tables
from corridor.road_schema import speed_limit_kmh
from tests.corridor.road_samples import NODES, WAYS, overpass, write_osm

SPEEDS = {"motorway": 75.0, "trunk": 50.0, "primary": 40.0}
TOWN = box(103.9, 30.5, 104.6, 30.8)
HARRISBURG = Path(__file__).parents[3] / "shared" / "sources" / "osm_samples" / "harrisburg.osm.pbf"


def load(source, **options):
    return roads.load(source, speeds_kmh=SPEEDS, **options)


def save_osmnx(path, name, **options):
    """Save what OSMnx itself makes of the OSM XML file."""
    graph = ox.graph_from_xml(path, retain_all=True, **options)
    if name.suffix == ".graphml":
        ox.save_graphml(graph, name)
    else:
        ox.save_graph_geopackage(graph, name, directed="directed" in name.stem)
    return name


def save_gmns(folder, unit=1.0, config=None):
    """Write the town as GMNS by hand: straight links between all nodes."""
    folder.mkdir()
    pd.DataFrame(
        [(node, lon, lat) for node, (lon, lat) in NODES.items()], columns=["node_id", "x_coord", "y_coord"]
    ).to_csv(folder / "node.csv", index=False)
    links = []
    for nodes, tags in WAYS.values():
        if tags["highway"] == "residential" or "access" in tags:
            continue
        ends = nodes[::-1] if tags.get("oneway") == "-1" else nodes
        for u, v in itertools.pairwise(ends):
            km = geodesy.great_circle_km(*NODES[u], *NODES[v])
            kind = (tags["highway"], int("oneway" in tags), tags.get("ref"), tags.get("maxspeed"))
            links.append((len(links), u, v, float(km) / unit, *kind))
    names = ["link_id", "from_node_id", "to_node_id", "length", "facility_type", "directed", "ref"]
    pd.DataFrame(links, columns=[*names, "free_speed"]).to_csv(folder / "link.csv", index=False)
    if config:
        pd.DataFrame({"long_length": [config]}).to_csv(folder / "config.csv", index=False)
    return folder


def routes(network, ids=(1, 3, 4)):
    """Meters of the quickest routes between the junctions of the town."""
    rows = network.vertices(list(ids))
    _, before = dijkstra(network.matrix(), indices=rows, return_predecessors=True)
    lengths = network.matrix(network.length_km).todok()
    result = {}
    for (row, start), end in itertools.product(enumerate(rows), rows):
        km, at = 0.0, end
        while at != start:
            km += lengths[before[row, at], at]
            at = before[row, at]
        result[int(network.node_ids[start]), int(network.node_ids[end])] = km * 1000
    return result


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    paths = [write_osm(folder / f"town.{end}") for end in ("osm", "osm.pbf", "osm.gz", "osm.bz2")]
    paths += [
        save_osmnx(paths[0], folder / name, simplify=simplify)
        for name, simplify in (
            ("raw.graphml", False),
            ("simple.graphml", True),
            ("simple.gpkg", True),
            ("directed.gpkg", False),
        )
    ]
    return [*paths, save_gmns(folder / "gmns")]


def test_every_source_gives_the_same_network(town):
    expected = routes(load(town[0]))
    # By hand: the quickest way from 3 to 1 is the motorway through 13, 4 and 14, not the primary road.
    by_hand = sum(
        1000 * float(geodesy.great_circle_km(*NODES[u], *NODES[v]))
        for u, v in itertools.pairwise((3, 13, 4, 14, 1))
    )
    primary = sum(
        1000 * float(geodesy.great_circle_km(*NODES[u], *NODES[v]))
        for u, v in itertools.pairwise((3, 33, 32, 1))
    )
    assert expected[3, 1] == pytest.approx(by_hand if by_hand / 75 < primary / 50 else primary, abs=0.01)
    for path in town[1:]:
        assert routes(load(path)) == pytest.approx(expected, abs=0.5), path.name


def test_a_download_gives_the_same_again_and_is_kept(town, tmp_path):
    before = {name: getattr(ox.settings, name) for name in dir(ox.settings) if name[0] != "_"}
    resolver = socket.getaddrinfo
    expected = routes(load(town[0]))
    with overpass() as (url, queries):
        servers = Servers(overpass_url=url, timeout_s=20)
        area = Area(polygon=TOWN)
        first = load(area, cache=tmp_path, servers=servers)
        assert routes(first) == pytest.approx(expected, abs=0.5)
        assert len(queries) == 1
        assert "motorway_link" in queries[0]
        load(area, cache=tmp_path, servers=servers)
        assert len(queries) == 1, "an answer in the cache is not asked for again"
        next(tmp_path.glob("*.json")).write_text('{"elements": [', encoding="utf-8")
        assert routes(load(area, cache=tmp_path, servers=servers)) == pytest.approx(expected, abs=0.5)
        assert len(queries) == 2, "half an answer is thrown away"
    after = {name: getattr(ox.settings, name) for name in dir(ox.settings) if name[0] != "_"}
    assert after == before
    assert socket.getaddrinfo is resolver


def test_places_are_looked_up_by_name(town, tmp_path):
    with overpass() as (url, queries):
        servers = Servers(overpass_url=url, nominatim_url=url, timeout_s=20)
        network = load(Area(places=("Town",)), cache=tmp_path, servers=servers)
        assert routes(network) == pytest.approx(routes(load(town[0])), abs=0.5)
        with pytest.raises(InputError, match="Atlantis"):
            load(Area(places=("Atlantis",)), cache=tmp_path, servers=servers)
        assert len(queries) == 1


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (429, b"", "429"),
        (504, b"", "504"),
        (400, b"bad", "answered 400"),
        (200, b'{"elements": [], "remark": "runtime error: Query timed out"}', "cut its answer short"),
        (200, b'{"elements": []}', "no such roads"),
        (200, b"<html>", "no JSON"),
        (200, b'{"elements": [{"type": "node", "id": 1', "cut off"),
        (200, b"", "no JSON"),
    ],
)
def test_a_server_that_does_not_deliver_is_named_and_leaves_nothing(tmp_path, status, body, message):
    with overpass(status, body) as (url, queries), pytest.raises(InputError, match=message) as caught:
        load(Area(polygon=TOWN), cache=tmp_path, servers=Servers(overpass_url=url, timeout_s=20))
    assert len(queries) == 1, "no hammering"
    assert caught.value.faults[0].mend
    assert list(tmp_path.glob("*.json")) == []


def test_half_an_answer_is_named_and_leaves_nothing(tmp_path):
    with overpass(broken=True) as (url, queries), pytest.raises(InputError, match="broke off"):
        load(Area(polygon=TOWN), cache=tmp_path, servers=Servers(overpass_url=url, timeout_s=20))
    assert len(queries) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_server_out_of_reach_or_too_slow_is_named(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    silent = Servers(overpass_url=f"http://127.0.0.1:{port}/api", timeout_s=5)
    with pytest.raises(InputError, match="out of reach"):
        load(Area(polygon=TOWN), cache=tmp_path, servers=silent)
    with (
        overpass(delay=threading.Event()) as (url, _),
        pytest.raises(InputError, match="did not answer in time"),
    ):
        load(Area(polygon=TOWN), cache=tmp_path, servers=Servers(overpass_url=url, timeout_s=0.5))
    assert list(tmp_path.iterdir()) == []


def test_the_report_counts_what_was_left_out(town):
    _, edges, report = road_tables(town[1])
    assert report is not None
    assert report.banned_edges == 2
    assert report.components == 3, "the town, the island, the dead end"
    assert (report.dropped_nodes, report.dropped_edges) == (3, 3)
    lost = 2 * geodesy.great_circle_km(*NODES[21], *NODES[22]) + geodesy.great_circle_km(
        *NODES[3], *NODES[31]
    )
    assert report.dropped_km == pytest.approx(float(lost), abs=0.01)
    assert report.km_out == pytest.approx(edges["length"].sum() / 1000, abs=0.01)
    assert report.edges_out == len(edges)


def test_columns_follow_the_schema(town):
    nodes, edges, _ = road_tables(town[1])
    assert nodes.loc[3, "name"] == "三岔"
    motorway = edges.xs(1, level="u").loc[edges.xs(1, level="u")["highway"] == "motorway"].iloc[0]
    assert motorway["maxspeed_kmh"] == 120
    assert edges["maxspeed_kmh"].isna().any()
    assert edges.loc[edges["bridge"] == "yes", "bridge_share"].eq(1).all()
    assert set(edges["tunnel"].dropna()) == {"yes"}
    assert edges.loc[edges["tunnel"] == "yes", "ref"].eq("G85").all()
    network = load(town[1])
    speed = pd.Series(network.length_km / network.hours, index=edges.index[network.edge_rows])
    assert speed[1].max() == pytest.approx(75), "a limit of 120 km/h does not make a truck faster"
    assert speed[33, 3].max() == pytest.approx(40), "nor does one of 60 km/h on a slow class"


def test_osmnx_round_trip_loses_nothing(tmp_path):
    graph = ox.graph_from_xml(write_osm(tmp_path / "town.osm"), retain_all=True)
    graph.edges[next(iter(graph.edges))]["highway"] = ["trunk", "primary"]
    graph.nodes[1]["lanes"] = 3
    again = roads.to_osmnx(roads.from_osmnx(graph, speeds_kmh=SPEEDS))
    assert {key: graph.graph[key] for key in graph.graph if key != "crs"} == {
        key: again.graph[key] for key in again.graph if key != "crs"
    }
    assert dict(again.nodes(data=True)) == dict(graph.nodes(data=True))
    assert set(again.edges(keys=True)) == set(graph.edges(keys=True))
    for edge in graph.edges:
        given, found = graph.edges[edge], again.edges[edge]
        assert {key: found[key] for key in given} == given
        assert set(found) - set(given) <= {"geometry"}, "straight lines are drawn"
    assert nx.shortest_path(again, 1, 3, weight="length")


def test_gmns_units_are_found_or_asked_for(tmp_path, town):
    expected = routes(load(town[0]))
    assert routes(load(save_gmns(tmp_path / "m", unit=0.001))) == pytest.approx(expected, abs=0.5)
    assert routes(load(save_gmns(tmp_path / "mile", unit=1.609344, config="mile"))) == pytest.approx(
        expected, abs=0.5
    )
    with pytest.raises(InputError, match="in no unit"):
        load(save_gmns(tmp_path / "li", unit=0.5))


def test_speed_limits_as_openstreetmap_writes_them():
    assert speed_limit_kmh("55 mph") == pytest.approx(88.51, abs=0.01)
    assert speed_limit_kmh("100;80") == 80
    for text in ("CN:motorway", "none", "walk", "0"):
        assert np.isnan(speed_limit_kmh(text))


TWO_NODES = b"""<osm version="0.6"><node id="1" lat="LAT" lon="30"/><node id="2" lat="10" lon="30"/>
<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="trunk"/></way></osm>"""
BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><osm version="0.6">&b;</osm>'


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bomb.osm", BOMB.encode(), "entities"),
        ("bomb.graphml", BOMB.encode(), "entities"),
        ("text.osm", b"no xml", "not readable"),
        ("empty.osm.pbf", b"", "not readable"),
        ("half.osm.gz", b"\x1f\x8b\x08\x00", "not readable"),
        ("text.graphml", b"no xml", "not readable"),
        ("text.gpkg", b"no database", "not readable"),
        ("nowhere.osm", b'<osm version="0.6"></osm>', "no drivable edge"),
        ("town.shp", b"", "format is not known"),
        (
            "nan.osm",
            TWO_NODES.replace(b"LAT", b"nan"),
            "not readable",
        ),
        (
            "swapped.osm",
            TWO_NODES.replace(b"LAT", b"104.1"),
            "off the map",
        ),
    ],
)
def test_faulty_files_are_refused_by_name(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        load(path)
    assert caught.value.faults[0].mend


def test_a_cut_off_file_is_refused(tmp_path, town):
    for path in town[1:4]:
        whole = path.read_bytes()
        short = tmp_path / path.name
        short.write_bytes(whole[: len(whole) * 2 // 3])
        with pytest.raises(InputError, match="not readable"):
            load(short)
    with pytest.raises(InputError, match="no such file"):
        load(tmp_path / "missing.osm.pbf")
    with pytest.raises(InputError, match="no network"):
        load(tmp_path)


# The file without a coordinate system is written on purpose.
@pytest.mark.filterwarnings("ignore:'crs' was not provided:UserWarning")
def test_tables_with_impossible_coordinates_are_refused(tmp_path, town):
    nodes, edges = graphs.read_geopackage(town[7])
    for name, crs, expected in (("known", "EPSG:32648", None), ("none", None, "no coordinate system")):
        path = tmp_path / f"{name}.gpkg"
        for layer, table in (("nodes", nodes), ("edges", edges)):
            moved = gpd.GeoDataFrame(table[["geometry"]].to_crs("EPSG:32648"))
            columns = [c for c in table.columns if c in {"highway", "oneway", "ref", "length", "access"}]
            moved[columns] = table[columns]
            moved = moved.set_crs(crs, allow_override=True)
            keys = moved.drop(columns="osmid", errors="ignore").reset_index()
            keys.to_file(path, layer=layer, driver="GPKG")
        if expected is None:
            assert routes(load(path)) == pytest.approx(routes(load(town[0])), abs=0.5)
        else:
            with pytest.raises(InputError, match=expected):
                load(path)
    folder = save_gmns(tmp_path / "swapped")
    table = pd.read_csv(folder / "node.csv").rename(columns={"x_coord": "y_coord", "y_coord": "x_coord"})
    table.to_csv(folder / "node.csv", index=False)
    (folder / "config.csv").write_text("long_length\nkm\n", encoding="utf-8")
    with pytest.raises(InputError, match="swapped"):
        load(folder)


def test_options_that_make_no_sense_are_refused():
    for options in ({"highways": ()}, {"consolidate_m": 500.0}, {"consolidate_m": float("nan")}):
        with pytest.raises(InputError):
            Pipeline(**options)
    with pytest.raises(InputError):
        Area()


@pytest.mark.skipif(not HARRISBURG.is_file(), reason="needs ../shared/sources/osm_samples")
def test_a_real_extract_agrees_with_osmnx(tmp_path):
    import osmium

    xml = tmp_path / "area.osm"
    keep = osmium.filter.KeyFilter("highway")
    refs, ways = set(), []
    for way in osmium.FileProcessor(HARRISBURG, osmium.osm.WAY).with_filter(keep):
        if way.tags["highway"] in MAIN_ROADS:
            ways.append(way.id)
            refs |= {node.ref for node in way.nodes}
    writer = osmium.SimpleWriter(str(xml))
    for item in osmium.FileProcessor(HARRISBURG, osmium.osm.NODE | osmium.osm.WAY):
        if item.id in (refs if item.is_node() else set(ways)):
            writer.add(item)
    writer.close()
    network = load(HARRISBURG)
    graphml = save_osmnx(xml, tmp_path / "area.graphml", simplify=True)
    for other in (load(xml), load(graphml)):
        common = np.intersect1d(network.node_ids, other.node_ids)
        assert len(common) > 60
        ids = common[:: len(common) // 12]
        assert routes(other, ids) == pytest.approx(routes(network, ids), abs=0.5)


@pytest.mark.skipif(not HARRISBURG.is_file(), reason="needs ../shared/sources/osm_samples")
def test_a_whole_file_read_by_osmnx_agrees_though_it_holds_buildings_and_rivers(tmp_path):
    import osmium

    xml = tmp_path / "whole.osm"
    with osmium.SimpleWriter(str(xml)) as writer:
        for item in osmium.FileProcessor(HARRISBURG, osmium.osm.NODE | osmium.osm.WAY):
            writer.add(item)
    graph = ox.graph_from_xml(xml, retain_all=True, simplify=False)
    assert any("highway" not in data for *_, data in graph.edges(data=True))
    network = load(HARRISBURG)
    for each in (graph, ox.simplify_graph(graph)):
        nodes, edges, _ = prepared(*graphs.graph_tables(each, where="whole"), Pipeline(), source="whole")
        other = roads.from_tables(nodes, edges, speeds_kmh=SPEEDS)
        common = np.intersect1d(network.node_ids, other.node_ids)
        assert len(common) > 90
        ids = common[:: len(common) // 15]
        assert routes(other, ids) == pytest.approx(routes(network, ids), abs=0.5)


@pytest.mark.skipif(not HARRISBURG.is_file(), reason="needs ../shared/sources/osm_samples")
def test_consolidation_leaves_about_the_junctions_osmnx_leaves_and_lengthens_no_route():
    network = load(HARRISBURG)
    projected = ox.project_graph(roads.to_osmnx(network))
    for tolerance in (15.0, 50.0):
        few = load(HARRISBURG, pipeline=Pipeline(consolidate_m=tolerance))
        theirs = ox.consolidate_intersections(projected, tolerance=tolerance / 2, dead_ends=True)
        assert len(few.nodes) == pytest.approx(len(theirs), rel=0.05)
        assert len(few.nodes) < len(network.nodes)
        ids = np.intersect1d(few.node_ids, network.node_ids)
        rows = [each.vertices(ids) for each in (few, network)]
        km = [
            dijkstra(costs.matrix(each, each.length_km), indices=row)[:, row]
            for each, row in zip((few, network), rows, strict=True)
        ]
        assert (km[0] <= km[1] + 1e-9).all()


def test_axes_swapped_within_range_are_told_by_the_lengths(town):
    nodes, edges, _ = road_tables(town[0])
    west = nodes.assign(x=nodes["x"] - 60.0)
    moved = edges.assign(geometry=shapely.transform(edges.geometry.to_numpy(), lambda p: p - [60.0, 0.0]))
    assert prepared(west, moved, Pipeline(), source="west")[2].km_out > 0
    turned = moved.assign(geometry=shapely.transform(moved.geometry.to_numpy(), lambda p: p[:, ::-1]))
    with pytest.raises(InputError, match="swapped, by the lengths"):
        prepared(west.assign(x=west["y"], y=west["x"]), turned, Pipeline(), source="turned")
    with pytest.raises(InputError, match="contradict"):
        prepared(west, moved.assign(length=moved["length"] / 1000), Pipeline(), source="km")
