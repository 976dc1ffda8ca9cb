"""The road network as tables and arrays."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist

from corridor import geodesy, roads, sites
from corridor.errors import InputError
from tests.corridor.test_routes import SPEEDS, both_ways, network_of, tables

LINKS = both_ways([(0, 1, 10.0, "motorway", "G5"), (1, 2, 20.0, "trunk", None), (0, 2, 5.0, "primary", None)])


def test_arrays_hold_every_edge_with_its_length_and_speed():
    network = network_of(LINKS)
    arcs = {
        (int(network.node_ids[t]), int(network.node_ids[h])): (km, hours)
        for t, h, km, hours in zip(
            network.tails, network.heads, network.length_km, network.hours, strict=True
        )
    }
    assert arcs[1, 2] == (20.0, 20.0 / 60.0)
    assert arcs[1, 0] == (10.0, 10.0 / 80.0)
    assert arcs[0, 2] == (5.0, 5.0 / 60.0), "an unlisted class runs at the lowest speed"
    rows = network.edges.iloc[network.edge_rows]
    assert np.allclose(rows["length"].to_numpy() / 1000.0, network.length_km)


def test_osmnx_round_trip_keeps_tables_and_arrays():
    network = network_of(LINKS)
    again = roads.from_osmnx(roads.to_osmnx(network), speeds_kmh=SPEEDS)
    pd.testing.assert_frame_equal(
        again.edges.sort_index()[["length", "highway"]].astype({"highway": str}),
        network.edges.sort_index()[["length", "highway"]].astype({"highway": str}),
    )
    assert np.array_equal(again.heads, network.heads)
    assert np.array_equal(again.hours, network.hours)


def test_faulty_edges_are_all_reported():
    nodes, edges = tables(LINKS)
    edges["length"] = edges["length"].where(edges["length"] != 10_000.0)
    with pytest.raises(InputError) as caught:
        roads.from_tables(nodes.drop(index=2), edges, speeds_kmh=SPEEDS)
    assert len(caught.value.faults) == 2
    with pytest.raises(InputError, match="no drivable edge"):
        roads.from_tables(nodes, edges.iloc[:0], speeds_kmh=SPEEDS)


def test_great_circle_against_a_known_distance():
    # One degree of longitude on the equator is 2 pi R / 360.
    assert geodesy.great_circle_km(0, 0, 1, 0) == pytest.approx(2 * np.pi * geodesy.EARTH_RADIUS_KM / 360)
    # Chengdu Shuangliu - Chongqing Jiangbei airports, great circle by the haversine formula.
    lon1, lat1, lon2, lat2 = np.radians([103.947, 30.578, 106.642, 29.719])
    h = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    haversine = 2 * geodesy.EARTH_RADIUS_KM * np.arcsin(np.sqrt(h))
    assert geodesy.great_circle_km(103.947, 30.578, 106.642, 29.719) == pytest.approx(haversine, rel=1e-12)


def test_snap_finds_the_nearest_node_by_brute_force():
    network = network_of(LINKS)
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(103.9, 104.1, 50), rng.uniform(29.9, 30.1, 50)
    node, km = roads.snap(network, lon, lat)
    xy = network.nodes.loc[network.node_ids, ["x", "y"]].to_numpy()
    distances = cdist(
        np.column_stack([lon, lat]), xy, lambda a, b: float(geodesy.great_circle_km(a[0], a[1], b[0], b[1]))
    )
    assert np.allclose(km, distances.min(axis=1), rtol=1e-9)
    assert np.array_equal(node, network.node_ids[distances.argmin(axis=1)])


def test_a_far_site_is_refused_with_its_distance():
    network = network_of(LINKS)
    frame = pd.DataFrame({"lon": [104.0, 104.0], "lat": [30.01, 31.0]}, index=["near", "far"])
    attached, refused = sites.attach(frame, network, farthest_km=5.0)
    assert list(attached.index) == ["near"]
    assert refused.loc["far", "snap_km"] == pytest.approx(111.2, rel=1e-2)


def test_an_unknown_node_is_named():
    with pytest.raises(InputError, match="node 99 is not in the road network"):
        network_of(LINKS).vertices([0, 99])
