"""Who is within reach, against networkx on small random road networks."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString

from corridor.reach import within_reach
from corridor.roads import from_tables


def network_of(places, arcs):
    """Return a network of positions by id, and (tail, head, km) arcs."""
    nodes = pd.DataFrame([{"osmid": n, "x": x, "y": y} for n, (x, y) in places.items()]).set_index("osmid")
    rows = [
        {"u": u, "v": v, "key": key, "osmid": key, "highway": "motorway", "length": 1000.0 * km}
        | {"geometry": LineString([places[u], places[v]])}
        for key, (u, v, km) in enumerate(arcs)
    ]
    edges = gpd.GeoDataFrame(rows, crs="EPSG:4326").set_index(["u", "v", "key"])
    points = gpd.points_from_xy(nodes["x"], nodes["y"], crs="EPSG:4326")
    return from_tables(gpd.GeoDataFrame(nodes, geometry=points), edges, speeds_kmh={"motorway": 75.0})


@st.composite
def _questions(draw):
    n = draw(st.integers(2, 8))
    places = {10 + v: (104.0 + 0.03 * draw(st.integers(0, 20)), 30.0 + 0.01 * v) for v in range(n)}
    vertex = st.integers(10, 9 + n)
    pairs = draw(st.lists(st.tuples(vertex, vertex, st.integers(1, 30)), min_size=1, max_size=20))
    arcs = [(u, v, float(km)) for u, v, km in pairs if u != v] or [(10, 11, 5.0)]
    is_open = draw(st.lists(st.booleans(), min_size=len(arcs), max_size=len(arcs)))
    at = draw(st.lists(vertex, min_size=1, max_size=4))
    leg = draw(st.lists(st.integers(0, 5).map(float), min_size=len(at), max_size=len(at)))
    sites = draw(st.lists(vertex, min_size=1, max_size=4))
    return places, arcs, is_open, at, leg, sites, float(draw(st.integers(1, 40)))


@settings(deadline=None, max_examples=80)
@given(_questions())
def test_reach_is_the_longer_of_two_shortest_open_ways(question):
    places, arcs, is_open, at, leg, sites, within_km = question
    network = network_of(places, arcs)
    # Arcs of the network stand in another order than given: find each again by its row.
    open_rows = np.array(is_open)[network.edges["osmid"].to_numpy()[network.edge_rows]]
    found = within_reach(
        network, np.array(at), np.array(sites), is_open=open_rows, leg_km=np.array(leg), within_km=within_km
    )
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(places)
    graph.add_weighted_edges_from(arc for arc, free in zip(arcs, is_open, strict=True) if free)
    km = dict(nx.all_pairs_dijkstra_path_length(graph))
    expected = {}
    for p, (node, first) in enumerate(zip(at, leg, strict=True)):
        for s, site in enumerate(sites):
            both = max(km[node].get(site, np.inf), km[site].get(node, np.inf)) + first
            if both <= within_km:
                expected[p, s] = both
    pairs = list(zip(found.place.tolist(), found.site.tolist(), strict=True))
    assert dict(zip(pairs, found.km.round(6).tolist(), strict=True)) == expected
    assert len(pairs) == len(expected)
    order = list(zip(found.place, found.km.round(6), found.site, strict=True))
    assert order == sorted(order)


def test_no_places_reach_nothing():
    network = network_of({1: (104.0, 30.0), 2: (104.1, 30.0)}, [(1, 2, 10.0), (2, 1, 10.0)])
    found = within_reach(
        network,
        np.empty(0, np.int64),
        np.array([1]),
        is_open=np.ones(2, dtype=bool),
        leg_km=np.empty(0),
        within_km=10.0,
    )
    assert len(found.place) == len(found.km) == 0
