"""Legs on the shipped road network, against networkx."""

from __future__ import annotations

import itertools
from typing import Any

import networkx as nx
import numpy as np
import pytest

from planner.chains import Between, Trees, between, least_kg, legs
from planner.driving import on_arcs
from planner.inputs import assumptions_in_force, load_inputs


def test_figures_of_cheapest_ways_are_those_of_networkx() -> None:
    inputs = load_inputs()
    network, cost = inputs.network, inputs.costs.total_cny
    values, _ = assumptions_in_force(inputs.assumptions, {})
    used = on_arcs(network, inputs.terrain, values)
    chosen = np.random.default_rng(3).choice(network.n_nodes, 12, replace=False).astype(np.int64)
    source, target = chosen[:5], chosen[5:]
    trees = Trees(network, cost)
    found = between(trees, used, source=source, target=target)
    ways = trees.ways(np.repeat(source, len(target)), np.tile(target, len(source)))
    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph()
    ends = zip(network.tails.tolist(), network.heads.tolist(), cost.tolist(), strict=True)
    for arc, (tail, head, cny) in enumerate(ends):
        graph.add_edge(tail, head, key=arc, cny=cny, kg=float(used.out_kg[arc, 0]))
    least = least_kg(network, cost, used, source=source, target=target)
    for row, start in enumerate(source.tolist()):
        for column, end in enumerate(target.tolist()):
            way = nx.dijkstra_path(graph, start, end, weight="cny")
            number = row * len(target) + column
            entries = slice(ways.offsets[number], ways.offsets[number + 1])
            assert ways.vertices[entries].tolist() == way
            assert network.length_km[ways.arcs[entries][1:]].sum() == pytest.approx(found.km[row, column])
            arcs: list[Any] = [
                min(graph[u][v], key=lambda arc: graph[u][v][arc]["cny"]) for u, v in itertools.pairwise(way)
            ]
            assert found.km[row, column] == pytest.approx(network.length_km[arcs].sum())
            np.testing.assert_allclose(found.out_kg[:, row, column], used.out_kg[arcs].sum(axis=0))
            np.testing.assert_allclose(found.back_kg[:, row, column], used.back_kg[arcs].sum(axis=0))
            kg = nx.dijkstra_path_length(graph, start, end, weight="kg")
            assert least[0, row, column] == pytest.approx(kg)
            assert least[0, row, column] <= found.out_kg[0, row, column] + 1e-9


def test_a_leg_takes_a_tank_at_most_both_ways() -> None:
    def line(km: list[list[float]], back: float) -> Between:
        length = np.array(km)
        return Between(km=length, out_kg=length[None] / 10.0, back_kg=length[None] / 10.0 * back)

    to_site, hop, home = (
        line([[40.0, 90.0]], 1.5),
        line([[0.0, 50.0], [50.0, 0.0]], 1.5),
        line([[60.0], [10.0]], 1.5),
    )
    (leg,) = legs(to_site, hop, home, least=to_site.out_kg, kinds=[(0, 12.0)])
    # First: the harder way within half a tank; between: within a tank; last: there and back within one.
    assert leg.first.tolist() == [[True, False]]
    assert leg.between.tolist() == [[True, True], [True, True]]
    assert leg.last.tolist() == [[False, True]]
    (tight,) = legs(to_site, hop, home, least=to_site.out_kg, kinds=[(0, 7.4)])
    assert tight.between.tolist() == [[True, False], [False, True]]
