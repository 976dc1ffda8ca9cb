"""The shipped road tables: schema, topology, and lengths against published ones."""

from __future__ import annotations

import csv
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod
from scipy.spatial import cKDTree

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
DOMAIN = ROOT.parent / "shared" / "domain" / "corridor_waypoints.csv"

PIXEL_M = 66
"""Grid of the source at 30° N."""

# Ends of the published lengths, as (lon, lat): the interchange of the road with the ring (G4202 of Chengdu,
# G5001 of Chongqing), or the exit that stands for the town on G5.
PLACES = {
    "Chengdu G5013": (104.2042, 30.6501),
    "Chengdu G76": (104.2038, 30.6183),
    "Chengdu G42": (104.2036, 30.6748),
    "Chengdu G5": (104.0265, 30.5769),
    "Chongqing G5013": (106.3001, 29.6403),
    "Chongqing G85": (106.2968, 29.4674),
    "Chongqing G93": (106.3180, 29.6767),
    "border G5013": (105.5609, 29.7412),
    "Ya'an": (103.0054, 30.0192),
    "Xichang": (102.1937, 27.8972),
    "Panzhihua": (101.8001, 26.4989),
}


@pytest.fixture(scope="module")
def nodes() -> pd.DataFrame:
    return pd.read_parquet(DATA / "roads_nodes.parquet")


@pytest.fixture(scope="module")
def edges() -> gpd.GeoDataFrame:
    return gpd.read_parquet(DATA / "roads_edges.parquet")


@pytest.fixture(scope="module")
def graph(edges: gpd.GeoDataFrame) -> nx.MultiDiGraph[int]:
    result: nx.MultiDiGraph[int] = nx.MultiDiGraph()
    for (u, v, key), meters, ref in zip(edges.index, edges["length"], edges["ref"], strict=True):
        result.add_edge(
            u, v, key, km=meters / 1000, refs=set(ref.split(";")) if isinstance(ref, str) else set()
        )
    return result


def node_near(nodes: pd.DataFrame, place: tuple[float, float]) -> int:
    """Node nearest to a place, which must have one within 0.6 km."""
    _, _, meters = Geod(ellps="WGS84").inv(
        np.full(len(nodes), place[0]),
        np.full(len(nodes), place[1]),
        nodes["x"].to_numpy(),
        nodes["y"].to_numpy(),
    )
    assert meters.min() < 600
    return int(nodes.index[meters.argmin()])


def test_schema(nodes: pd.DataFrame, edges: gpd.GeoDataFrame) -> None:
    assert list(nodes.columns) == [
        "x", "y", "street_count", "highway", "ref", "name", "name_en", "road_ref", "km_post",
    ]  # fmt: skip
    assert list(edges.columns) == [
        "osmid", "highway", "ref", "name", "oneway", "reversed", "length",
        "bridge", "tunnel", "bridge_share", "tunnel_share", "geometry",
    ]  # fmt: skip
    assert nodes.index.name == "osmid"
    assert nodes.index.dtype == np.int64
    assert nodes.index.is_unique
    assert edges.index.names == ["u", "v", "key"]
    assert edges.index.is_unique
    assert edges.crs.to_epsg() == 4326
    assert set(edges["highway"]) == {"motorway", "trunk"}
    assert set(nodes["highway"].dropna()) == {"motorway_junction"}
    assert edges["oneway"].dtype == edges["reversed"].dtype == bool
    assert edges[["bridge_share", "tunnel_share"]].min(axis=None) >= 0
    assert edges[["bridge_share", "tunnel_share"]].sum(axis=1).max() <= 1.001
    for kind in ("bridge", "tunnel"):
        assert ((edges[kind] == "yes") == (edges[f"{kind}_share"] > 0.5)).mean() > 0.999
    assert nodes["x"].between(99.99, 110.01).all()
    assert nodes["y"].between(25.99, 33.01).all()


def test_size_on_disk() -> None:
    assert sum(path.stat().st_size for path in DATA.glob("roads_*.parquet")) <= 8_000_000


def test_edges_join_the_nodes(nodes: pd.DataFrame, edges: gpd.GeoDataFrame) -> None:
    for end, position in ((0, 0), (1, -1)):
        ids = edges.index.get_level_values(end)
        drawn = shapely.get_coordinates(shapely.get_point(edges.geometry.to_numpy(), position))
        np.testing.assert_allclose(drawn, nodes.loc[ids, ["x", "y"]].to_numpy(), atol=1.5e-5)
    used = set(edges.index.get_level_values(0)) | set(edges.index.get_level_values(1))
    assert used == set(nodes.index)


def test_one_strongly_connected_component(graph: nx.MultiDiGraph[int]) -> None:
    assert nx.number_strongly_connected_components(graph) == 1


def test_every_edge_has_an_opposite_of_equal_length(edges: gpd.GeoDataFrame) -> None:
    pieces = edges.reset_index().groupby("osmid")
    assert (pieces.size() == 2).all()
    first, second = pieces.first(), pieces.last()
    assert (first["u"] == second["v"]).all()
    assert (first["v"] == second["u"]).all()
    assert (first["length"] == second["length"]).all()
    # A dual carriageway is two one-way edges, a single one an edge and its reverse.
    assert (pieces["reversed"].sum() == (~first["oneway"]).astype(int)).all()


def test_street_count_is_the_number_of_centerlines(nodes: pd.DataFrame, edges: gpd.GeoDataFrame) -> None:
    count = edges.reset_index().groupby("u")["osmid"].size()
    pd.testing.assert_series_equal(nodes["street_count"], count, check_names=False, check_dtype=False)


def test_length_agrees_with_geometry(edges: gpd.GeoDataFrame) -> None:
    geod = Geod(ellps="WGS84")
    drawn = np.array([geod.geometry_length(line) for line in edges.geometry])
    ratio = edges["length"].to_numpy() / drawn
    # One factor for all edges but the spiral of Tuowushan; short edges feel the rounding of coordinates.
    assert np.median(ratio) == pytest.approx(1.012, abs=0.006)
    off = edges[np.abs(ratio - np.median(ratio)) > 0.01]
    assert set(off.loc[off["length"] > 500, "ref"].dropna()) <= {"G5"}
    straight = geod.inv(
        *shapely.get_coordinates(shapely.get_point(edges.geometry.to_numpy(), 0)).T,
        *shapely.get_coordinates(shapely.get_point(edges.geometry.to_numpy(), -1)).T,
    )[2]
    assert (edges["length"].to_numpy() >= straight - 1).all()


def test_no_pixel_gaps(nodes: pd.DataFrame, edges: gpd.GeoDataFrame) -> None:
    east = np.cos(np.radians(nodes["y"].to_numpy()))
    meters = np.column_stack([nodes["x"] * east, nodes["y"]]) * 111_195
    tree = cKDTree(meters)
    assert not tree.query_pairs(1.5 * PIXEL_M), "two nodes nearer than one and a half pixels ought to be one"
    # A dead end inside the region must not stop a pixel or two before another road.
    ends = nodes[
        (nodes["street_count"] == 1) & nodes["x"].between(100.05, 109.95) & nodes["y"].between(26.05, 32.95)
    ]
    lines = edges[~edges["osmid"].duplicated()]
    index = shapely.STRtree(lines.geometry.to_numpy())
    for node, x, y in zip(ends.index, ends["x"], ends["y"], strict=True):
        point = shapely.Point(x, y)
        near = lines.iloc[index.query(point, predicate="dwithin", distance=2.9 * PIXEL_M / 111_195)]
        assert all(node in edge[:2] for edge in near.index), f"gap at node {node}"


@pytest.mark.parametrize(
    ("ref", "name", "at_least_km"),
    [
        ("G76", "厦蓉高速", 350),
        ("G85", "银昆高速", 300),
        ("G5013", "渝蓉高速", 250),
        ("G42", "沪蓉高速", 600),
        ("G93", "成渝地区环线高速", 900),
        ("G5", "京昆高速", 1000),
        ("G4202", "成都绕城高速", 80),
        ("G5001", "重庆绕城高速", 180),
        ("SA2", "成都第二绕城高速", 200),
    ],
)
def test_numbered_roads(edges: gpd.GeoDataFrame, ref: str, name: str, at_least_km: float) -> None:
    has = edges["ref"].fillna("").str.split(";").map(lambda refs: ref in refs)
    road = edges[has & ~edges["osmid"].duplicated()]
    assert road["length"].sum() / 1000 >= at_least_km
    assert road["name"].fillna("").str.contains(name).all()


def test_rings_close(graph: nx.MultiDiGraph[int]) -> None:
    """Both rings are cycles as long as their exit numbers count (85 km; 188 km), within 3 %."""
    for ref, counted in (("G4202", 85.0), ("G5001", 188.0)):
        ring: nx.Graph[int] = nx.Graph(
            (u, v, {"km": data["km"]}) for u, v, data in graph.edges(data=True) if ref in data["refs"]
        )
        assert min(dict(ring.degree()).values()) >= 2
        assert sum(data["km"] for *_, data in ring.edges(data=True)) == pytest.approx(counted, rel=0.03)


def test_interchanges(nodes: pd.DataFrame, edges: gpd.GeoDataFrame) -> None:
    named = nodes[nodes["highway"] == "motorway_junction"]
    assert named[["name", "name_en", "road_ref"]].notna().all(axis=None)
    assert named["name"].is_unique
    assert named["name_en"].is_unique
    assert nodes.loc[nodes["km_post"].notna(), "ref"].astype(float).equals(nodes["km_post"].dropna())
    refs = edges["ref"].fillna("").str.split(";")
    at_node = refs.groupby(edges.index.get_level_values(0)).agg(lambda groups: set().union(*groups))
    on_road = [road in at_node[node] for node, road in named["road_ref"].items()]
    assert np.mean(on_road) > 0.99
    for road, fewest in (
        ("G76", 40),
        ("G85", 40),
        ("G5013", 20),
        ("G42", 35),
        ("G93", 60),
        ("G5", 80),
        ("G5001", 30),
    ):
        assert (named["road_ref"] == road).sum() >= fewest, road
    jianyang = named[named["name"].str.contains("简阳市") & (named["ref"] == "89")]
    assert jianyang["name"].tolist() == ["G76 出口89（简阳市）"]
    assert jianyang["name_en"].tolist() == ["G76 exit 89 (Jianyang)"]


@pytest.mark.parametrize(
    ("start", "stop", "roads", "published_km"),
    [
        ("Chengdu G5013", "Chongqing G5013", {"G5013"}, (251.0, 253.6)),
        ("Chengdu G5013", "border G5013", {"G5013"}, (173.0, 175.0)),
        ("border G5013", "Chongqing G5013", {"G5013"}, (77.0, 79.0)),
        ("Chengdu G76", "Chongqing G85", {"G76", "G85"}, (306.0, 308.0)),
        ("Chengdu G42", "Chongqing G93", {"G42", "G93"}, (288.0, 288.0)),
        ("Chengdu G5", "Ya'an", {"G5"}, (125.0, 130.0)),
        ("Chengdu G5", "Xichang", {"G5"}, (417.0, 430.0)),
        ("Chengdu G5", "Panzhihua", {"G5"}, (610.0, 620.0)),
    ],
)
def test_published_lengths(
    nodes: pd.DataFrame,
    graph: nx.MultiDiGraph[int],
    start: str,
    stop: str,
    roads: set[str],
    published_km: tuple[float, float],
) -> None:
    """Shortest way along the named roads, both directions, within 3 % of the published range."""
    named: nx.MultiDiGraph[int] = nx.MultiDiGraph(
        [(u, v, data) for u, v, data in graph.edges(data=True) if data["refs"] & roads]
    )
    ends = [node_near(nodes, PLACES[place]) for place in (start, stop)]
    for u, v in (ends, ends[::-1]):
        km = nx.shortest_path_length(named, u, v, weight="km")
        assert published_km[0] * 0.97 <= km <= published_km[1] * 1.03


def test_spiral_of_tuowushan(nodes: pd.DataFrame, graph: nx.MultiDiGraph[int]) -> None:
    """G5 from exit 94 to exit 109: 19.4 km of waypoints × 1.026."""
    first, last = (node_near(nodes, place) for place in ((102.3062, 29.0111), (102.3160, 28.9022)))
    assert nx.shortest_path_length(graph, first, last, weight="km") == pytest.approx(19.4 * 1.026, rel=0.03)


@pytest.mark.skipif(
    not DOMAIN.is_file(), reason="needs ../shared/domain/corridor_waypoints.csv beside the checkout"
)
def test_waypoints_lie_on_their_road(edges: gpd.GeoDataFrame) -> None:
    """Corridor waypoints, listed apart from the derivation (same origin), lie within 500 m of their road."""
    split = edges["ref"].fillna("").str.split(";")
    far = []
    with DOMAIN.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        source = next(value for value in row.values() if value.endswith(".wpt"))
        ref = source.rsplit(".", 2)[1].upper().replace("G0", "G")
        lon, lat = float(row["lon_wgs84"]), float(row["lat_wgs84"])
        near = edges[split.map(lambda refs, ref=ref: ref in refs)].cx[
            lon - 0.1 : lon + 0.1, lat - 0.1 : lat + 0.1
        ]
        squeeze = np.array([np.cos(np.radians(lat)), 1.0])
        lines = [shapely.LineString(shapely.get_coordinates(line) * squeeze) for line in near.geometry]
        distance = shapely.distance(lines, shapely.Point(lon * squeeze[0], lat)) * 111_195
        if not len(distance) or distance.min() > 500:
            far.append((ref, row["tm_label"], distance.min() if len(distance) else None))
    assert len(rows) > 100
    assert not far
