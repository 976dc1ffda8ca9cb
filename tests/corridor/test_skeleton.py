"""The skeleton against networkx: simple paths between the vertices kept, and where trees meet in chains."""

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.roads import from_tables
from corridor.skeleton import running, skeleton


def network_of(arcs):
    """Network of (tail, head) motorway arcs of 1 km each; nodes are vertices."""
    ids = sorted({node for arc in arcs for node in arc})
    nodes = pd.DataFrame({"x": 104.0, "y": 30.0}, index=pd.Index(ids, name="osmid"))
    index = pd.MultiIndex.from_tuples([(u, v, 0) for u, v in arcs], names=["u", "v", "key"])
    edges = pd.DataFrame({"length": 1000.0, "highway": "motorway"}, index=index)
    return from_tables(nodes, edges, speeds_kmh={"motorway": 100.0})


def both_ways(links):
    return sorted({arc for u, v in links for arc in ((u, v), (v, u))})


def kept(network, *vertices):
    found = np.zeros(network.n_nodes, dtype=bool)
    found[list(vertices)] = True
    return found


def paths_of(small, network, arc):
    """Vertices an arc of the skeleton drives over."""
    inner = small.arcs[small.offsets[arc] : small.offsets[arc + 1]]
    return [int(network.tails[inner[0]]), *network.heads[inner].tolist()]


@st.composite
def sparse_network(draw):
    """A tree or nearly so, some of its links one-way, and two vertices to keep."""
    n = draw(st.integers(3, 12))
    links = {(draw(st.integers(0, v - 1)), v) for v in range(1, n)}
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)).filter(lambda p: p[0] != p[1])
    links |= set(draw(st.lists(pairs, max_size=6)))
    one_way = draw(st.lists(st.booleans(), min_size=len(links), max_size=len(links)))
    arcs = {
        arc
        for (u, v), one in zip(sorted(links), one_way, strict=True)
        for arc in [(u, v)] + [(v, u)] * (not one)
    }
    network = network_of(sorted(arcs))
    cost = np.random.default_rng(draw(st.integers(0, 2**32 - 1))).uniform(1, 3, len(arcs))
    return network, cost, draw(pairs)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(sparse_network())
def test_simple_paths_between_kept_vertices_are_the_same(case):
    network, cost, (s, t) = case
    small = skeleton(network, cost, keep=kept(network, s, t))
    whole = nx.DiGraph(zip(network.tails.tolist(), network.heads.tolist(), strict=True))
    few = nx.DiGraph()
    few.add_nodes_from((s, t))
    for arc in range(len(small.tails)):
        path = paths_of(small, network, arc)
        ends = small.vertices[small.tails[arc]], small.vertices[small.heads[arc]]
        assert (path[0], path[-1]) == ends
        assert not few.has_edge(*ends), "arcs side by side"
        few.add_edge(*ends, path=path)
        inner = small.arcs[small.offsets[arc] : small.offsets[arc + 1]]
        assert small.cost[arc] == pytest.approx(cost[inner].sum())
    unfolded = [
        [s, *(v for u, w in itertools.pairwise(path) for v in few.edges[u, w]["path"][1:])]
        for path in nx.all_simple_paths(few, s, t)
    ]
    assert sorted(unfolded) == sorted(nx.all_simple_paths(whole, s, t))
    assert (np.diff(small.tails * len(small.vertices) + small.heads) > 0).all()


def test_dead_ends_go_and_a_chain_is_one_arc_each_way():
    # 0-1-2-3-4 with a dead end 2-5-6 and one that holds a vertex to keep, 3-7-8.
    network = network_of(both_ways([(0, 1), (1, 2), (2, 3), (3, 4), (2, 5), (5, 6), (3, 7), (7, 8)]))
    small = skeleton(network, np.ones(len(network.heads)), keep=kept(network, 0, 4, 8))
    assert small.vertices.tolist() == [0, 3, 4, 8]
    assert [paths_of(small, network, arc) for arc in range(len(small.tails))] == [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
        [3, 4],
        [3, 7, 8],
        [4, 3],
        [8, 7, 3],
    ]
    assert small.cost.tolist() == [3, 3, 1, 2, 1, 2]
    assert small.sums(2.0 * np.ones(len(network.heads))).tolist() == [6, 6, 2, 4, 2, 4]


def test_chains_side_by_side_both_stay():
    network = network_of(both_ways([(0, 1), (0, 2), (2, 1), (0, 3), (3, 4), (4, 1)]))
    small = skeleton(network, np.ones(len(network.heads)), keep=kept(network, 0, 1))
    paths = [paths_of(small, network, arc) for arc in range(len(small.tails))]
    assert [0, 1] in paths
    assert len(small.vertices) == 4, "one vertex inside each of the two chains beside the road"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 5), st.floats(0, 12), st.floats(0, 12), st.integers(0, 2**32 - 1))
def test_trees_meet_inside_a_chain_where_networkx_has_them_meet(k, near_tail, near_head, seed):
    # An origin and a destination hang at both ends of the chain 0, 2, 3, ..., 1 and pull its vertices.
    rng = np.random.default_rng(seed)
    chain = [0, *range(2, 2 + k), 1]
    network = network_of(both_ways(itertools.pairwise(chain)))
    cost = rng.uniform(1, 3, len(network.heads))
    small = skeleton(network, cost, keep=kept(network, 0, 1))
    graph = nx.DiGraph()
    for u, v, c in zip(network.tails.tolist(), network.heads.tolist(), cost.tolist(), strict=True):
        graph.add_edge(u, v, cost=c)
    graph.add_weighted_edges_from([("s", 0, near_tail), ("s", 1, near_head)], weight="cost")
    graph.add_weighted_edges_from([(0, "t", near_tail), (1, "t", near_head)], weight="cost")
    f = nx.single_source_dijkstra_path_length(graph, "s", weight="cost")
    to_tail, to_head = (nx.single_source_dijkstra_path_length(graph, v, weight="cost") for v in (0, 1))
    arc = np.flatnonzero((small.tails == 0) & (small.heads == 1))
    reached = [0.0, *np.cumsum([graph.edges[step]["cost"] for step in itertools.pairwise(chain)]).tolist()]
    over_tail = [v for v in chain[1:-1] if nx.dijkstra_path(graph, "s", v, weight="cost")[1] == 0]
    over_head = [v for v in chain[1:-1] if nx.dijkstra_path(graph, v, "t", weight="cost")[-2] == 1]
    end = small.end_of_tail_side(arc, np.array([f[1] - f[0]]))
    start = small.start_of_head_side(arc, np.array([to_head["t"] - to_tail["t"]]))
    assert end[0] == pytest.approx(reached[len(over_tail) + 1])
    assert start[0] == pytest.approx(reached[k - len(over_head)])


def test_sums_run_over_each_group_alone():
    assert running(np.array([0, 3, 4, 6]), np.array([1.0, 2.0, 3.0, 9.0, 1.0, 1.0])).tolist() == [
        1,
        3,
        6,
        9,
        1,
        2,
    ]
    assert running(np.zeros(1, dtype=np.int64), np.zeros(0)).tolist() == []


def test_closed_roads_leave_an_empty_skeleton():
    network = network_of(both_ways([(0, 1), (1, 2)]))
    small = skeleton(network, np.full(len(network.heads), np.inf), keep=kept(network, 0, 2))
    assert small.vertices.tolist() == [0, 2]
    assert len(small.tails) == 0
