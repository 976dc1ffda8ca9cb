"""Elevation along a route against a profile drawn by hand."""

import numpy as np
import pandas as pd
import pytest

from corridor.elevation import terrain
from corridor.profile import profile
from tests.corridor.test_routes import both_ways, network_of


def known(network, nodes, extra=()):
    """Known points standing on nodes, and more as (lon, lat, m)."""
    xy = network.nodes.loc[list(nodes), ["x", "y"]].to_numpy()
    rows = [(*point, height) for point, height in zip(xy, nodes.values(), strict=True)]
    return pd.DataFrame([*rows, *extra], columns=["lon", "lat", "elevation_m"])


@pytest.fixture
def over_a_pass():
    """0 -10 km- 1 -40 km- 2: up to a pass a quarter of the way along the second edge, and down."""
    network = network_of(both_ways([(0, 1, 10.0, "motorway", "G5"), (1, 2, 40.0, "motorway", "G5")]))
    one, two = network.nodes.loc[[1, 2], ["x", "y"]].to_numpy()
    x, y = one + 0.25 * (two - one)
    return network, terrain(network, known(network, {0: 500.0, 1: 600.0, 2: 1600.0}, [(x, y, 2400.0)]))


def arc(network, tail, head):
    return int(np.flatnonzero((network.tails == tail) & (network.heads == head))[0])


def test_whole_edges(over_a_pass):
    network, heights = over_a_pass
    arcs = np.array([arc(network, 0, 1), arc(network, 1, 2)])
    along = profile(network, heights, arcs, start=np.zeros(2), end=np.ones(2))
    assert along.km == pytest.approx([0.0, 10.0, 20.0, 50.0])
    assert along.elevation_m == pytest.approx([500.0, 600.0, 2400.0, 1600.0])
    assert set(along.quality) == {"given"}
    assert (along.climb_m, along.descent_m) == pytest.approx((1900.0, 800.0))
    assert along.steepest == pytest.approx(0.18)
    back = np.array([arc(network, 2, 1), arc(network, 1, 0)])
    other = profile(network, heights, back, start=np.zeros(2), end=np.ones(2))
    assert other.elevation_m == pytest.approx(along.elevation_m[::-1])
    assert (other.climb_m, other.descent_m) == pytest.approx((800.0, 1900.0))


def test_from_the_middle_of_an_edge_to_the_middle_of_another(over_a_pass):
    network, heights = over_a_pass
    arcs = np.array([arc(network, 0, 1), arc(network, 1, 2)])
    along = profile(network, heights, arcs, start=np.array([0.5, 0.0]), end=np.array([1.0, 0.125]))
    assert along.km == pytest.approx([0.0, 5.0, 10.0])
    assert along.elevation_m == pytest.approx([550.0, 600.0, 1500.0])
    assert along.quality.tolist() == ["interpolated", "given", "interpolated"]
    inside = profile(network, heights, arcs[1:], start=np.array([0.2]), end=np.array([0.625]))
    assert inside.km == pytest.approx([0.0, 2.0, 17.0])
    assert inside.elevation_m == pytest.approx([2040.0, 2400.0, 2000.0])
    assert inside.worst_quality == "interpolated"


def test_what_is_not_known_stays_unknown():
    network = network_of(both_ways([(0, 1, 10.0, "motorway", None), (1, 2, 5.0, "motorway", None)]))
    nothing = terrain(network, known(network, {}))
    along = profile(network, nothing, np.array([0]), start=np.zeros(1), end=np.ones(1))
    assert np.isnan(along.elevation_m).all()
    assert np.isnan(along.climb_m)
    assert along.worst_quality == "unknown"
