"""Fewer nodes, the same roads: distances before and after must agree with networkx."""

import itertools

import networkx as nx
import numpy as np
import osmnx as ox
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor import simplification
from tests.corridor.test_routes import both_ways, tables


def prepared(links):
    """Tables of links (u, v, km, highway, ref) as the steps want them."""
    nodes, edges = tables(links)
    nodes["x"], nodes["y"] = nodes.geometry.x, nodes.geometry.y
    return nodes, edges.assign(bridge_share=0.0, tunnel_share=0.0, name=None)


def distances(nodes, edges, ids):
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(nodes.index)
    for (u, v, _), length in edges["length"].items():
        graph.add_edge(u, v, length=length)
    found = dict(nx.all_pairs_dijkstra_path_length(graph, weight="length"))
    return np.array([[found[a].get(b, np.inf) for b in ids] for a in ids])


@st.composite
def roads_with_chains(draw):
    """Random junctions joined by chains of one- or two-way pieces."""
    n_junctions = draw(st.integers(2, 5))
    pairs = list(itertools.combinations(range(n_junctions), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=7))
    links, new = [], n_junctions
    for a, b in chosen:
        inner = draw(st.integers(0, 4))
        path = [a, *range(new, new + inner), b]
        new += inner
        two_way = draw(st.booleans())
        kind = draw(st.sampled_from(["motorway", "primary"]))
        for place, (u, v) in enumerate(itertools.pairwise(path)):
            km = float(draw(st.integers(1, 20)))
            ref = "G5" if place < draw(st.integers(0, 6)) else "G6"
            links.append((u, v, km, kind, ref))
            if two_way:
                links.append((v, u, km, kind, ref))
    return list({(u, v): (u, v, *rest) for u, v, *rest in links}.values())


@settings(max_examples=60, deadline=None)
@given(roads_with_chains())
def test_merging_keeps_every_distance_and_leaves_no_chain(links):
    nodes, edges = prepared(links)
    few, merged = simplification.merge_chains(nodes, edges)
    ids = few.index.tolist()
    assert np.allclose(distances(few, merged, ids), distances(nodes, edges, ids))
    assert merged["length"].sum() == pytest.approx(edges["length"].sum())
    again, same = simplification.merge_chains(few, merged)
    assert again.index.tolist() == ids
    assert len(same) == len(merged)
    starts = shapely.get_point(merged.geometry.to_numpy(), 0)
    u = merged.index.get_level_values("u")
    assert np.allclose(shapely.get_x(starts), few.loc[u, "x"])


def test_merging_where_no_column_splits_agrees_with_osmnx():
    links = both_ways([(0, 1, 1, "trunk", None), (1, 2, 2, "trunk", None), (2, 3, 3, "trunk", None)])
    links += [(u, v, 1.0, "trunk", None) for u, v in [(3, 4), (4, 5), (5, 0), (3, 6), (6, 7), (7, 3)]]
    nodes, edges = prepared(links)
    graph = ox.simplify_graph(ox.graph_from_gdfs(nodes, edges))
    _, merged = simplification.merge_chains(nodes, edges, split_at=())
    theirs = sorted((u, v, data["length"]) for u, v, data in graph.edges(data=True))
    ours = sorted((u, v, length) for (u, v, _), length in merged["length"].items())
    assert ours == theirs


def test_an_edge_ends_where_the_road_changes():
    links = [(0, 1, 1.0, "trunk", "G5"), (1, 2, 1.0, "trunk", "G6"), (2, 3, 1.0, "trunk", "G6")]
    nodes, edges = prepared([*links, (3, 0, 1.0, "trunk", "G6")])
    edges["name"] = ["甲", "乙", "丙", "乙"]
    edges["bridge_share"] = [0.0, 1.0, 0.0, 0.0]
    few, merged = simplification.merge_chains(nodes, edges)
    assert few.index.tolist() == [0, 1]
    long = merged.loc[1, 0].iloc[0]
    assert (long["length"], long["name"]) == (3000.0, "乙;丙")
    assert long["bridge_share"] == pytest.approx(1 / 3)


def test_a_ring_without_a_junction_is_kept_at_its_lowest_node():
    ring = both_ways([(5, 6, 1, "trunk", None), (6, 7, 2, "trunk", None), (7, 5, 4, "trunk", None)])
    few, merged = simplification.merge_chains(*prepared(ring))
    assert few.index.tolist() == [5]
    assert merged["length"].tolist() == [7000.0, 7000.0]
    assert simplification.street_counts(few, merged).tolist() == [2]


def test_only_what_a_truck_can_leave_again_is_kept():
    links = [*both_ways([(0, 1, 1, "trunk", None), (1, 2, 1, "trunk", None)]), (2, 3, 1.0, "trunk", None)]
    links += both_ways([(8, 9, 1, "trunk", None)])
    nodes, edges, n_components = simplification.largest_component(*prepared(links))
    assert nodes.index.tolist() == [0, 1, 2]
    assert len(edges) == 4
    assert n_components == 3


def test_short_edges_are_contracted_and_nothing_else():
    # Four corners of an interchange 20 m apart; a bridge passes node 9 without touching it.
    square = both_ways([(a, b, 0.02, "trunk", None) for a, b in [(1, 2), (2, 3), (3, 4), (4, 1)]])
    arms = both_ways([(1, 10, 5, "trunk", None), (3, 11, 7, "trunk", None), (9, 10, 3, "trunk", None)])
    nodes, edges = simplification.contract_short_edges(*prepared(square + arms), tolerance_m=30.0)
    assert nodes.index.tolist() == [1, 9, 10, 11]
    found = distances(nodes, edges, [10, 11])
    assert found[0, 1] == 12_000.0
    ends = shapely.get_point(edges.geometry.to_numpy(), -1)
    assert np.allclose(shapely.get_x(ends), nodes.loc[edges.index.get_level_values("v"), "x"])
