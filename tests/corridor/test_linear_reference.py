"""Nearest edges against brute force."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from corridor.geodesy import great_circle_km
from corridor.linear_reference import locate, nearest_km
from tests.corridor.test_routes import both_ways, network_of

LINKS = [(0, 3, 1.0, "motorway", "G5;G93"), (3, 9, 1.0, "trunk", None), (0, 9, 1.0, "trunk", "G108")]
NETWORK = network_of(both_ways(LINKS))


def brute_force_km(lon, lat):
    """Great-circle distance to 2,000 points on every edge."""
    share = np.linspace(0, 1, 2000)[:, None]
    ends = [np.array(line.coords) for line in NETWORK.edges.geometry]
    on_roads = np.concatenate([start + share * (end - start) for start, end in ends])
    return cdist(
        np.column_stack([lon, lat]), on_roads, lambda a, b: float(great_circle_km(a[0], a[1], b[0], b[1]))
    ).min(axis=1)


def test_the_nearest_edge_by_brute_force():
    rng = np.random.default_rng(5)
    lon, lat = rng.uniform(103.98, 104.11, 6), rng.uniform(29.99, 30.03, 6)
    assert nearest_km(NETWORK, lon, lat) == pytest.approx(brute_force_km(lon, lat), abs=5e-3)


def test_fractions_run_from_tail_to_head():
    start, end = NETWORK.nodes.loc[0], NETWORK.nodes.loc[3]
    quarter = [start[axis] + 0.25 * (end[axis] - start[axis]) for axis in ("x", "y")]
    table = locate(NETWORK, *quarter)
    edges = NETWORK.edges.index[table["row"]]
    assert {(u, v): f for (u, v, _), f in zip(edges, table["fraction"], strict=True)} == pytest.approx(
        {(0, 3): 0.25, (3, 0): 0.75}
    )
    assert table["distance_km"].to_numpy() == pytest.approx(0.0, abs=1e-6)


def test_a_road_number_is_a_whole_number_of_its_own():
    point = NETWORK.nodes.loc[9, ["x", "y"]]
    lon, lat = [point["x"]] * 4, [point["y"]] * 4
    table = locate(NETWORK, lon, lat, refs=["G93", "G9", None, "G108"])
    roads = {
        number: set(NETWORK.edges["ref"].iloc[rows["row"]].astype(object).where(lambda ref: ref.notna(), ""))
        for number, rows in table.groupby("point")
    }
    assert roads == {0: {"G5;G93"}, 2: {"", "G108"}, 3: {"G108"}}, "G9 is no part of G93"
    assert table.loc[table["point"] == 0, "distance_km"].min() > 5.0


def test_slack_takes_neighbors_in():
    point = (104.045, 30.0007)  # between the direct road and the one over node 3
    nearest = locate(NETWORK, *point)
    wider = locate(NETWORK, *point, slack_km=1.0)
    assert len(nearest) == 2
    assert len(wider) > 2
    assert wider["distance_km"].is_monotonic_increasing
    assert wider["distance_km"].max() <= nearest["distance_km"].min() + 1.0 + 1e-3
