"""Elevations along roads against hand-made answers, networkx and the known profile of G5."""

from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import dijkstra

from corridor import elevation, roads, sources
from tests.corridor.test_routes import both_ways, network_of, random_links

DATA = Path(__file__).resolve().parents[2] / "data"


def points_at(network, known):
    """Known points standing on nodes: {node id: elevation}."""
    xy = network.nodes.loc[list(known), ["x", "y"]]
    return pd.DataFrame({"lon": xy["x"], "lat": xy["y"], "elevation_m": list(known.values())})


def line(*km):
    """Nodes 0, 1, 2, ... in a row, these km apart, both directions."""
    return network_of(both_ways([(i, i + 1, d, "motorway", "G5") for i, d in enumerate(km)]))


def test_between_two_points_the_profile_is_a_straight_line():
    network = line(10.0, 30.0, 60.0)
    table = elevation.elevations(network, points_at(network, {0: 500.0, 3: 1500.0}))
    assert table["elevation_m"].to_numpy() == pytest.approx([500.0, 600.0, 900.0, 1500.0])
    assert table["elevation_quality"].tolist() == ["given", "interpolated", "interpolated", "given"]
    assert table["known_km"].to_numpy() == pytest.approx([0.0, 10.0, 40.0, 0.0])
    grade = elevation.grades(network, table["elevation_m"])
    climbing = network.tails < network.heads
    assert grade[climbing] == pytest.approx(0.01)
    assert grade[~climbing] == pytest.approx(-0.01)


def test_a_pass_inside_an_edge_counts_as_climb_and_descent():
    network = line(40.0)
    ends = network.nodes.loc[[0, 1]]
    quarter = ends["x"][0] + 0.25 * (ends["x"][1] - ends["x"][0])
    pass_lat = ends["y"][0] + 0.25 * (ends["y"][1] - ends["y"][0])
    known = points_at(network, {0: 600.0, 1: 1600.0})
    known.loc["pass"] = (quarter, pass_lat, 2400.0)
    result = elevation.terrain(network, known)
    there = int(np.flatnonzero(network.tails == 0)[0])
    assert (result.climb_m[there], result.descent_m[there]) == pytest.approx((1800.0, 800.0))
    assert (result.climb_m[1 - there], result.descent_m[1 - there]) == pytest.approx((800.0, 1800.0))
    # 1800 m over a quarter of 40 km; the mean over the edge is only 2.5 %.
    assert result.steepest == pytest.approx(0.18, rel=1e-3)
    assert np.abs(elevation.grades(network, result.nodes["elevation_m"])) == pytest.approx(0.025)


def test_what_no_known_point_reaches_is_unknown_and_far_is_said():
    island = both_ways([(0, 1, 10.0, "motorway", None), (1, 2, 90.0, "motorway", None)])
    network = network_of([*island, *both_ways([(7, 8, 5.0, "trunk", None)])])
    table = elevation.elevations(network, points_at(network, {0: 400.0}))
    assert table["elevation_quality"].tolist() == ["given", "interpolated", "far", "unknown", "unknown"]
    assert table.loc[2, "elevation_m"] == pytest.approx(400.0), "a dead end stays level"
    assert table.loc[[7, 8], "elevation_m"].isna().all()
    nothing = elevation.terrain(network, points_at(network, {}))
    assert set(nothing.nodes["elevation_quality"]) == {"unknown"}
    assert np.isnan(nothing.climb_m).all()


def test_a_point_stands_on_the_road_it_names():
    links = [(0, 1, 10.0, "trunk", "G108"), (0, 2, 10.0, "motorway", "G5"), (1, 2, 10.0, "trunk", None)]
    network = network_of(both_ways(links))
    xy = network.nodes.loc[1, ["x", "y"]]
    known = pd.DataFrame({"lon": [xy["x"]], "lat": [xy["y"]], "elevation_m": [700.0], "road_ref": ["G99"]})
    assert set(elevation.elevations(network, known)["elevation_quality"]) == {"unknown"}
    table = elevation.elevations(network, known.assign(road_ref="G108"))
    assert table.loc[1, "elevation_quality"] == "given"


def test_an_elevation_model_does_not_drape_tunnels_and_bridges():
    network = line(10.0, 2.0, 3.0, 10.0)
    edges = network.edges.copy()
    low = edges.reset_index()[["u", "v"]].min(axis=1).to_numpy()
    edges["tunnel_share"] = np.isin(low, [1, 2]).astype(float)
    network = roads.from_tables(network.nodes, edges, speeds_kmh={"motorway": 80.0})
    surface = np.array([500.0, 700.0, 1900.0, 800.0, np.nan])  # node 2 lies inside the mountain
    points = points_at(network, {0: 100.0, 4: 900.0})
    table = elevation.elevations(network, points, surface_m=surface)
    assert table["elevation_m"].to_numpy() == pytest.approx([500.0, 700.0, 740.0, 800.0, 800.0])
    assert table.loc[4, "elevation_quality"] == "interpolated", "its road is known at the other end"


@given(random_links(), st.data())
@settings(max_examples=60, deadline=None)
def test_harmonic_by_networkx_and_within_the_known_range(links, data):
    network = network_of(both_ways(links))
    ids = network.node_ids.tolist()
    chosen = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=4, unique=True))
    heights = data.draw(st.lists(st.floats(200, 4000), min_size=len(chosen), max_size=len(chosen)))
    known = dict(zip(chosen, heights, strict=True))
    surface = pd.Series(known).reindex(ids).to_numpy(dtype=float)
    table = elevation.elevations(network, points_at(network, {}), surface_m=surface)
    z = table["elevation_m"]
    assert z.between(min(heights) - 1e-6, max(heights) + 1e-6).all()
    graph = nx.MultiGraph()
    seen = set()
    for u, v, km, *_ in links:  # equal twins are one road
        if (key := (min(u, v), max(u, v), round(km * 1000))) not in seen:
            seen.add(key)
            graph.add_edge(u, v, km=km)
    for node in set(ids) - set(known):
        weights = [(1 / d["km"], z[b]) for _, b, d in graph.edges(node, data=True) if b != node]
        mean = sum(w * h for w, h in weights) / sum(w for w, _ in weights)
        assert z[node] == pytest.approx(mean, rel=1e-6)
    away = nx.multi_source_dijkstra_path_length(graph, set(known), weight="km")
    assert table["known_km"].to_dict() == pytest.approx(away)


@pytest.fixture(scope="module")
def embedded():
    nodes, edges = sources.read_roads(DATA)
    network = roads.from_tables(nodes, edges, speeds_kmh={"motorway": 80.0, "trunk": 50.0, "primary": 45.0})
    return network, elevation.terrain(network, sources.read_elevations(DATA))


def arcs_between(network, start, end):
    """Arcs of the quickest way between two lon, lat places."""
    ids, _ = roads.snap(network, [start[0], end[0]], [start[1], end[1]])
    source, target = network.vertices(ids)
    _, before = dijkstra(network.matrix(), indices=source, return_predecessors=True)
    arc_of = {(network.tails[a], network.heads[a]): a for a in network.arcs()}
    arcs = []
    while target != source:
        arcs.append(arc_of[before[target], target])
        target = before[target]
    return np.array(arcs[::-1])


YAAN, XICHANG = (103.0053, 30.0195), (102.1828, 27.9655)


def test_yaan_xichang_climbs_over_the_pass_and_falls(embedded):
    network, terrain = embedded
    arcs = arcs_between(network, YAAN, XICHANG)
    refs = network.edges["ref"].iloc[network.edge_rows[arcs]].str.contains("G5")
    assert network.length_km[arcs][refs.to_numpy(dtype=bool)].sum() > 270.0, "this is the G5"
    z = terrain.nodes["elevation_m"].to_numpy()
    start, end = z[network.tails[arcs[0]]], z[network.heads[arcs[-1]]]
    assert start == pytest.approx(600.0, abs=50.0)
    assert end == pytest.approx(1560.0, abs=60.0)
    climb, descent = terrain.climb_m[arcs], terrain.descent_m[arcs]
    assert climb.sum() - descent.sum() == pytest.approx(end - start)
    # The pass lies inside an edge: the highest point is the start of that edge plus its climb.
    highest = (z[network.tails[arcs]] + climb).max()
    assert 2430.0 <= highest <= 2550.0
    # Two mountains: Nibashan near 1500 m, down to the Dadu near 900 m, Tuowushan above 2430 m.
    assert 2300.0 < climb.sum() < 3500.0
    assert 1300.0 < descent.sum() < 2600.0
    assert terrain.steepest[arcs].max() < 0.05
    assert set(terrain.nodes["elevation_quality"].iloc[network.heads[arcs]]) <= {"given", "interpolated"}


def test_the_basin_is_low_and_its_roads_flat(embedded):
    network, terrain = embedded
    arcs = arcs_between(network, (104.0667, 30.6667), (106.5528, 29.5628))
    z = terrain.nodes["elevation_m"].to_numpy()[network.heads[arcs]]
    assert z.min() > 180.0
    assert z.max() < 750.0
    assert terrain.steepest[arcs].max() < 0.04


def test_grades_of_the_embedded_network_are_plausible(embedded):
    network, terrain = embedded
    motorway = (network.edges["highway"].iloc[network.edge_rows] == "motorway").to_numpy()
    assert terrain.nodes["elevation_m"].notna().all()
    assert terrain.steepest[motorway].max() < 0.06
    capped, offends = elevation.plausible(network, terrain.steepest)
    # Three trunk edges over the passes of G318, drawn shorter than their hairpins; both directions.
    assert offends.sum() <= 6
    assert not (offends & motorway).any()
    assert capped.max() <= 0.09
    mean = np.abs(elevation.grades(network, terrain.nodes["elevation_m"]))
    assert (mean <= terrain.steepest + 1e-9).all()
