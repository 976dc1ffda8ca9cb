"""The contracted graph against networkx: equal costs, and paths that unpack into the arcs they cost."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from corridor.contraction import contract, unpack


@st.composite
def random_graph(draw):
    """Arcs of a directed graph, some of them parallel or loops, and vertices to keep."""
    n = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    m = draw(st.integers(0, 90))
    arcs = rng.integers(0, n, (m, 2))
    return arcs[:, 0], arcs[:, 1], rng.integers(1, 50, m).astype(np.float64), rng.random(n) < 0.3


@settings(max_examples=150, deadline=None)
@given(random_graph())
def test_costs_between_kept_vertices_and_their_arcs_agree_with_networkx(case):
    tails, heads, cost, keep = case
    core = contract(tails, heads, cost, keep=keep)
    assert set(np.flatnonzero(keep)) <= set(core.vertices.tolist())
    assert core.sizes[core.arcs].sum() == len(unpack(core, core.arcs)[1])
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(keep)))
    for u, v, c in zip(tails.tolist(), heads.tolist(), cost.tolist(), strict=True):
        if not graph.has_edge(u, v) or graph[u][v]["cost"] > c:
            graph.add_edge(u, v, cost=c)
    size = len(core.vertices)
    total = dijkstra(csr_array((core.cost, (core.tails, core.heads)), shape=(size, size)))
    for i, source in enumerate(core.vertices.tolist()):
        best = nx.single_source_dijkstra_path_length(graph, source, weight="cost")
        mine = {v: c for v, c in zip(core.vertices.tolist(), total[i].tolist(), strict=True) if c < np.inf}
        assert mine == {v: c for v, c in best.items() if v in set(core.vertices.tolist())}
    offsets, arcs = unpack(core, core.arcs)
    for row, number in enumerate(core.arcs):
        path = arcs[offsets[row] : offsets[row + 1]]
        assert tails[path[0]] == core.vertices[core.tails[row]]
        assert heads[path[-1]] == core.vertices[core.heads[row]]
        assert heads[path[:-1]].tolist() == tails[path[1:]].tolist()
        assert cost[path].sum() == pytest.approx(core.cost[row])
        assert core.sizes[number] == len(path)


def test_a_long_road_shrinks_to_one_arc_each_way():
    n = 400
    tails, heads = np.arange(n - 1), np.arange(1, n)
    keep = np.zeros(n, dtype=bool)
    keep[[0, -1]] = True
    core = contract(
        np.concatenate([tails, heads]), np.concatenate([heads, tails]), np.ones(2 * n - 2), keep=keep
    )
    assert len(core.vertices) < 10
    assert dijkstra(csr_array((core.cost, (core.tails, core.heads))), indices=0)[-1] == n - 1
