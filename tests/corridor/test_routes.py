"""Routes against networkx on random graphs, and flat arrays against their own definition."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Point

from corridor import closures, costs, named_routes, paths, roads, routes, zones
from corridor.errors import InputError

SPEEDS = {"motorway": 80.0, "trunk": 60.0}


def tables(links):
    """OSMnx tables of (u, v, length_km, highway, ref) links; nodes stand on a parabola."""
    ids = sorted({node for link in links for node in link[:2]})
    xy = {node: (104 + 0.01 * node, 30 + 0.0001 * node**2) for node in ids}
    nodes = gpd.GeoDataFrame(
        {"x": [xy[n][0] for n in ids], "y": [xy[n][1] for n in ids]},
        index=pd.Index(ids, name="osmid"),
        geometry=[Point(xy[n]) for n in ids],
        crs="EPSG:4326",
    )
    seen = {}
    keys = []
    for u, v, *_ in links:
        seen[u, v] = seen.get((u, v), -1) + 1
        keys.append((u, v, seen[u, v]))
    edges = gpd.GeoDataFrame(
        {
            "osmid": range(len(links)),
            "length": [km * 1000 for _, _, km, _, _ in links],
            "highway": [highway for *_, highway, _ in links],
            "ref": [ref for *_, ref in links],
        },
        index=pd.MultiIndex.from_tuples(keys, names=["u", "v", "key"]),
        geometry=[LineString([xy[u], xy[v]]) for u, v, *_ in links],
        crs="EPSG:4326",
    )
    return nodes, edges


def network_of(links):
    return roads.from_tables(*tables(links), speeds_kmh=SPEEDS)


def both_ways(links):
    return links + [(v, u, km, highway, ref) for u, v, km, highway, ref in links]


@st.composite
def random_links(draw):
    """A connected random road graph with distinct lengths, both directions."""
    n = draw(st.integers(3, 12))
    tree = [(draw(st.integers(0, i - 1)), i) for i in range(1, n)]
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1])
    extra = draw(st.lists(pairs, max_size=15))
    links = []
    for u, v in tree + extra:
        km = draw(st.floats(0.5, 60.0, allow_nan=False))
        links.append((u, v, km, draw(st.sampled_from(["motorway", "trunk"])), None))
    return both_ways(links)


@settings(max_examples=60, deadline=None)
@given(random_links())
def test_routes_agree_with_networkx(links):
    network = network_of(links)
    nodes = network.node_ids
    frame = pd.DataFrame({"node_id": nodes}, index=[f"z{n}" for n in nodes])
    found = routes.between_zones(network, frame)
    graph = nx.DiGraph()
    for u, v, km, highway, _ in links:
        hours = km / SPEEDS[highway]
        if not graph.has_edge(u, v) or graph[u][v]["hours"] > hours:
            graph.add_edge(u, v, hours=hours, km=km)
    assert len(found) == len(nodes) * (len(nodes) - 1) // 2
    for route in range(len(found)):
        path = found.path(route).tolist()
        assert path[0] == nodes[found.origin[route]]
        assert path[-1] == nodes[found.destination[route]]
        best = nx.dijkstra_path_length(graph, path[0], path[-1], weight="hours")
        assert found.hours[route] == pytest.approx(best, rel=1e-12)
        assert nx.path_weight(graph, path, "hours") == pytest.approx(best, rel=1e-12)
        assert found.length_km[route] == pytest.approx(nx.path_weight(graph, path, "km"), rel=1e-12)
        km = found.km[found.offsets[route] : found.offsets[route + 1]]
        assert km[0] == 0.0
        assert (np.diff(km) > 0).all()


def test_zones_on_one_node_have_no_route_between_them():
    network = network_of(both_ways([(0, 1, 10.0, "motorway", None)]))
    found = routes.between_zones(network, pd.DataFrame({"node_id": [0, 0, 1]}, index=list("abc")))
    pairs = {
        (found.zone_ids[o], found.zone_ids[d]) for o, d in zip(found.origin, found.destination, strict=True)
    }
    assert pairs == {("a", "c"), ("b", "c")}


def test_unconnected_zones_are_named():
    links = [(0, 1, 10.0, "motorway", None), (2, 3, 10.0, "motorway", None)]
    network = network_of(both_ways(links))
    with pytest.raises(InputError, match="no road joins"):
        routes.between_zones(network, pd.DataFrame({"node_id": [0, 3]}, index=["a", "b"]))


def test_generalized_costs_and_closures_choose_the_route():
    links = both_ways(
        [(0, 1, 10.0, "motorway", None), (0, 2, 6.0, "trunk", None), (2, 1, 5.0, "trunk", None)]
    )
    network = network_of(links)
    frame = pd.DataFrame({"node_id": [0, 1]}, index=["a", "b"])
    tolled = network.length_km * np.where(network.hours < network.length_km / 70, 3.0, 1.0)
    cost = costs.Costs(hours=network.hours, toll_cny=tolled, total_cny=tolled)
    assert routes.between_zones(network, frame).path(0).tolist() == [0, 1]
    found = routes.between_zones(network, frame, costs=cost)
    assert found.path(0).tolist() == [0, 2, 1]
    assert found.hours[0] == pytest.approx(11 / 60)
    shut = costs.closed(cost, closures.edges(network, [(2, 1)]))
    assert routes.between_zones(network, frame, costs=shut).path(0).tolist() == [0, 1]
    shut = costs.closed(cost, closures.edges(network, [(2, 1), (0, 1)]))
    with pytest.raises(InputError, match=r"no road joins.*a way round every closure"):
        routes.between_zones(network, frame, costs=shut)
    nothing = costs.closed(cost, np.arange(len(network.heads)))
    with pytest.raises(InputError, match="no road joins"):
        routes.between_zones(network, frame, costs=nothing)


def test_a_network_without_road_numbers_has_none():
    nodes, edges = tables(both_ways([(0, 1, 10.0, "motorway", None)]))
    network = roads.from_tables(nodes, edges.drop(columns="ref"), speeds_kmh=SPEEDS)
    assert not named_routes.has_ref(network, ("G76",)).any()
    assert named_routes.numbers(["G76; G85", "G93"]) == ["G76", "G85", "G93"]
    assert named_routes.numbers(float("nan")) == []


def test_parallel_edges_take_the_quicker_one():
    links = both_ways([(0, 1, 10.0, "trunk", None), (0, 1, 11.0, "motorway", None)])
    found = routes.between_zones(network_of(links), pd.DataFrame({"node_id": [0, 1]}, index=["a", "b"]))
    assert found.length_km[0] == pytest.approx(11.0)
    assert found.hours[0] == pytest.approx(11.0 / 80.0)


def test_named_route_keeps_to_its_numbers_though_another_road_is_quicker():
    direct = [(0, 3, 50.0, "motorway", "G5013")]
    long_way = [
        (0, 1, 30.0, "motorway", "G76"),
        (1, 2, 30.0, "motorway", "G76;G85"),
        (2, 3, 30.0, "motorway", "G85"),
    ]
    network = network_of(both_ways(direct + long_way))
    ends = {"origin": (104.0, 30.0), "destination": (104.03, 30.0009)}
    chengyu, chenganyu, _ = named_routes.NAMED_ROUTES
    assert network.length_km[named_routes.named_route(network, chengyu, **ends)].sum() == pytest.approx(90.0)
    assert network.length_km[named_routes.named_route(network, chenganyu, **ends)].sum() == pytest.approx(
        50.0
    )


def test_road_km_is_the_length_of_the_quickest_route_and_infinite_without_one():
    links = both_ways(
        [(0, 1, 10.0, "trunk", None), (0, 2, 6.0, "motorway", None), (2, 1, 6.0, "motorway", None)]
    )
    links += [(1, 3, 5.0, "trunk", None)]  # one way: nothing leads back from 3
    network = network_of(links)
    km = paths.road_km(network, np.array([0, 3, 0]), np.array([0, 1, 3]))
    assert km.tolist() == [[0.0, 12.0, 17.0], [np.inf, np.inf, 0.0], [0.0, 12.0, 17.0]]


def test_share_on_the_corridor_counts_every_step_of_a_named_route_once():
    # 成都 (node 0) -G76- 1 -G85- 2 重庆, with a side road 1-3; node coordinates are those of the two cities.
    links = both_ways(
        [(0, 1, 60.0, "motorway", "G76"), (1, 2, 40.0, "motorway", "G85"), (1, 3, 20.0, "trunk", None)]
    )
    nodes, edges = tables(links)
    for node, (x, y) in {
        0: named_routes.CHENGDU,
        1: (105.0, 30.0),
        2: named_routes.CHONGQING,
        3: (105.0, 29.0),
    }.items():
        nodes.loc[node, ["x", "y"]] = [x, y]
    network = roads.from_tables(nodes, edges, speeds_kmh=SPEEDS)
    found = routes.between_zones(network, pd.DataFrame({"node_id": [3, 0, 2]}, index=["side", "cd", "cq"]))
    share = named_routes.corridor_share(network, found)
    pairs = [
        (found.zone_ids[o], found.zone_ids[d]) for o, d in zip(found.origin, found.destination, strict=True)
    ]
    assert dict(zip(pairs, share, strict=True)) == pytest.approx(
        {("side", "cd"): 60 / 80, ("side", "cq"): 40 / 60, ("cd", "cq"): 1.0}
    )


def test_scaled_zones_refuse_unknown_ids():
    frame = pd.DataFrame(
        {"population": [10], "employment_transport": [1.0], "employment_manufacturing": [2.0]},
        index=["510104"],
    )
    assert zones.scaled(frame, {"510104": 1.5}).loc["510104", "population"] == 15
    with pytest.raises(InputError, match="there is no zone 999999"):
        zones.scaled(frame, {"999999": 2.0})
