"""Routes between points on edges against networkx on a graph cut by hand."""

from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra
from shapely.geometry import LineString, Point

from corridor import roads, snapping
from corridor.geodesy import great_circle_km

SPEEDS = {"motorway": 80.0, "trunk": 60.0}


def line_m(line):
    """Length on the globe, m."""
    xy = shapely.get_coordinates(line)
    return 1000.0 * great_circle_km(xy[:-1, 0], xy[:-1, 1], xy[1:, 0], xy[1:, 1]).sum()


def network_of(nodes, links):
    """A network of {node: (lon, lat)} and (u, v, bends, two_way) links."""
    rows = []
    for u, v, bends, two_way in links:
        line = [nodes[u], *bends, nodes[v]]
        rows.append((u, v, line))
        if two_way:
            rows.append((v, u, line[::-1]))
    seen = {}
    keys = []
    for u, v, _ in rows:
        seen[u, v] = seen.get((u, v), -1) + 1
        keys.append((u, v, seen[u, v]))
    lines = [LineString(line) for *_, line in rows]
    edges = gpd.GeoDataFrame(
        {"length": [line_m(line) for line in lines], "highway": "motorway", "osmid": 1},
        index=pd.MultiIndex.from_tuples(keys, names=["u", "v", "key"]),
        geometry=lines,
        crs="EPSG:4326",
    )
    ids = sorted(nodes)
    table = gpd.GeoDataFrame(
        {"x": [nodes[n][0] for n in ids], "y": [nodes[n][1] for n in ids]},
        index=pd.Index(ids, name="osmid"),
        geometry=[Point(nodes[n]) for n in ids],
        crs="EPSG:4326",
    )
    return roads.from_tables(table, edges, speeds_kmh=SPEEDS)


def km_between(joined, start, end):
    """Shortest km between two of the points."""
    network = joined.network
    source, target = network.vertices(joined.nodes[[start, end]])
    return float(dijkstra(network.matrix(network.length_km), indices=source)[target])


@st.composite
def networks(draw):
    """A random network with bends, one-way and two-way roads, and two points on edges of it."""
    n = draw(st.integers(3, 8))
    fractions = st.floats(0.0, 1.0, allow_nan=False)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    xy = np.column_stack([rng.uniform(104, 104.05, n), rng.uniform(30, 30.04, n)]).round(6)
    nodes = {10 * i: tuple(xy[i]) for i in range(n)}
    pairs = [(i, (i + 1) % n) for i in range(n)]  # a ring keeps it connected, even one-way
    pairs += [tuple(pair) for pair in rng.integers(0, n, (draw(st.integers(0, 8)), 2)) if pair[0] != pair[1]]
    links = []
    for i, j in pairs:
        shares = np.sort(rng.uniform(0.1, 0.9, rng.integers(0, 4)))
        bends = [
            tuple((xy[i] + share * (xy[j] - xy[i]) + rng.normal(0, 0.001, 2)).round(6)) for share in shares
        ]
        links.append((10 * i, 10 * j, bends, bool(rng.integers(0, 2))))
    network = network_of(nodes, links)
    chosen = [(draw(st.integers(0, len(network.edges) - 1)), draw(fractions)) for _ in range(2)]
    return network, chosen


def cut_by_hand(network, points):
    """Networkx graph with every edge cut at each of the points that lies on it, vertex by vertex."""
    graph = nx.DiGraph()
    for (u, v, _), line in network.edges.geometry.items():
        at = {}
        for name, point in points.items():
            if line.distance(point) < 1e-10:  # degrees: 10 um
                at[name] = line.project(point)
        order = sorted(at, key=at.get)
        places = [0.0, *(at[name] for name in order), line.length]
        for one, other, tail, head in zip(places, places[1:], [u, *order], [*order, v], strict=False):
            part = shapely.ops.substring(line, one, other)
            km = 0.0 if part.geom_type == "Point" else line_m(part) / 1000.0
            if not graph.has_edge(tail, head) or graph[tail][head]["km"] > km:
                graph.add_edge(tail, head, km=km)
    return graph


@settings(max_examples=2000, deadline=None)
@given(networks())
def test_distances_between_points_on_edges_by_networkx(case):
    network, chosen = case
    points = {}
    for name, (row, fraction) in zip("ab", chosen, strict=True):
        points[name] = network.edges.geometry.iloc[row].interpolate(fraction, normalized=True)
    found = [snapping.road_point(network, point.x, point.y) for point in points.values()]
    for point in found:
        assert point.distance_km < AT_NODE_KM
    joined = snapping.join(network, found)
    graph = cut_by_hand(network, points)
    for one, other in (("a", "b"), ("b", "a")):
        expected = nx.dijkstra_path_length(graph, one, other, weight="km")
        mine = km_between(joined, "ab".index(one), "ab".index(other))
        on_node = any(point.node is not None for point in found)
        round_trip = joined.nodes[0] == joined.nodes[1]
        # A point half a meter from a node is the node: a way round the block may then be saved.
        if not on_node and not round_trip:
            # Straight in degrees is not straight on the globe: a segment of 5 km shares out to centimeters.
            assert mine == pytest.approx(expected, abs=2e-4)
    result = joined.network
    order = np.lexsort((result.hours, result.heads, result.tails))
    assert np.array_equal(order, np.arange(len(order))), "by tail, head and hours"
    assert np.array_equal(result.edge_rows, network.edge_rows[joined.parent])
    total = joined.network.length_km.sum()
    assert total == pytest.approx(network.length_km.sum(), rel=1e-12), "cutting adds no road"
    assert joined.network.hours.sum() == pytest.approx(network.hours.sum(), rel=1e-12)


AT_NODE_KM = snapping.AT_NODE_KM
STRAIGHT = {1: (104.0, 30.0), 2: (104.1, 30.0), 3: (104.1, 30.1)}


def test_forward_only_on_a_one_way_road():
    ring = network_of(STRAIGHT, [(1, 2, [], False), (2, 3, [], False), (3, 1, [], False)])
    km = ring.length_km.sum()
    ahead, behind = (snapping.road_point(ring, 104.0 + dx, 30.0) for dx in (0.07, 0.02))
    joined = snapping.join(ring, [behind, ahead])
    there = km_between(joined, 0, 1)
    assert there == pytest.approx(0.05 / 0.1 * great_circle_km(104, 30, 104.1, 30), abs=1e-3)
    assert km_between(joined, 1, 0) == pytest.approx(km - there, abs=1e-6), "round the block"


def test_both_ways_on_one_line():
    road = network_of(STRAIGHT, [(1, 2, [], True), (2, 3, [], True)])
    points = [snapping.road_point(road, 104.0 + dx, 30.001) for dx in (0.02, 0.07)]
    assert [len(point.rows) for point in points] == [2, 2]
    assert points[0].fraction.sum() == pytest.approx(1.0)
    assert points[0].distance_km == pytest.approx(0.1112, abs=1e-3)
    joined = snapping.join(road, points)
    assert km_between(joined, 0, 1) == pytest.approx(km_between(joined, 1, 0), abs=1e-9)
    assert joined.network.node_ids.tolist() == [1, 2, 3, 4, 5]
    assert joined.network.nodes.loc[4, "x"] == pytest.approx(104.02)
    cut = joined.end - joined.start < 1
    assert cut.sum() == 6
    assert set(joined.network.edge_rows[cut]) == set(points[0].rows)


def test_carriageways_apart_and_bridges_overhead_are_not_cut():
    nodes = {**STRAIGHT, 4: (104.05, 29.95), 5: (104.05, 30.05)}
    carriageways = [(1, 2, [(104.05, 30.0002)], False), (2, 1, [(104.05, 29.9998)], False)]
    network = network_of(nodes, [*carriageways, (4, 5, [], True)])
    north = snapping.road_point(network, 104.03, 30.001)
    assert network.edges.index[north.rows].tolist() == [(1, 2, 0)]
    # Exactly where the bridge crosses, only one road is entered.
    crossing = snapping.road_point(network, 104.05, 30.0002)
    assert len({tuple(sorted(edge[:2])) for edge in network.edges.index[crossing.rows]}) == 1


@pytest.mark.parametrize(("meters", "is_node"), [(0.3, True), (3.0, False)])
def test_near_a_node_is_the_node(meters, is_node):
    network = network_of(STRAIGHT, [(1, 2, [], True), (2, 3, [], True)])
    point = snapping.road_point(network, 104.1 - meters / 96_300.0, 30.0)
    assert (point.node == 2) is is_node
    assert len(point.rows) == (0 if is_node else 2)


def test_points_at_one_place_are_one_node():
    network = network_of(STRAIGHT, [(1, 2, [], True), (2, 3, [], True)])
    points = [snapping.road_point(network, 104.05, lat) for lat in (30.0, 30.001)]
    assert len(set(snapping.join(network, points).nodes)) == 1


def test_merged_or_not_the_distance_is_the_same():
    rng = np.random.default_rng(3)
    bends = [(104.0 + 0.01 * i, 30.0 + rng.uniform(-0.01, 0.01)) for i in range(1, 10)]
    whole = network_of(STRAIGHT, [(1, 2, bends, True), (2, 3, [], True)])
    chain = [(104.0, 30.0), *bends, (104.1, 30.0)]
    names = [1, *range(100, 109), 2]
    nodes = STRAIGHT | dict(zip(names, chain, strict=True))
    raw = network_of(nodes, [(*pair, [], True) for pair in pairwise(names)] + [(2, 3, [], True)])
    for _ in range(20):
        points = rng.uniform((103.98, 29.98), (104.12, 30.02), (2, 2))
        lengths = [
            km_between(snapping.join(each, [snapping.road_point(each, *point) for point in points]), 0, 1)
            for each in (whole, raw)
        ]
        assert lengths[0] == pytest.approx(lengths[1], abs=0.001)


def test_a_piece_of_a_line():
    line = LineString([(104.0, 30.0), (104.1, 30.0), (104.1, 30.1)])
    whole = snapping.along_km(shapely.get_coordinates(line))[-1]
    part = snapping.piece(line, 0.25, 0.9)
    assert snapping.along_km(part)[-1] == pytest.approx(0.65 * whole, rel=1e-7)
    assert part[1].tolist() == [104.1, 30.0]
    assert snapping.piece(line, 0.0, 1.0).tolist() == shapely.get_coordinates(line).tolist()
