"""Km posts between the signs: a road made by hand, and every sign of the embedded roads left out in turn."""

import numpy as np
import pandas as pd
import pytest

from corridor import roads
from corridor.km_posts import derived, with_km_posts
from tests.corridor.test_routes import both_ways, network_of

#: Six nodes 10 km apart by the edges' lengths, signs at some of them.
KM_APART = 10.0


def road(posts, *, ref="G5"):
    """A road of len(posts) nodes; NaN where an interchange has no sign."""
    steps = [(i, i + 1, KM_APART, "motorway", ref) for i in range(len(posts) - 1)]
    network = network_of(both_ways(steps))
    nodes = network.nodes.assign(road_ref=ref, km_post=posts)
    speeds = {"motorway": 80.0, "trunk": 50.0, "primary": 45.0}
    return roads.from_tables(nodes, network.edges, speeds_kmh=speeds)


def at(network, *places, ref="G5", **options):
    """Posts and errors at places given as node + share of the way to the next."""
    nodes = network.nodes.sort_index()
    x, y = (np.interp(places, np.arange(len(nodes)), nodes[axis]) for axis in ("x", "y"))
    table = derived(network, x, y, refs=[ref] * len(places), **options)
    return table["km_post"].to_numpy(), table["error_km"].to_numpy()


def test_between_two_signs_the_way_along_the_road_decides():
    network = road([100.0, np.nan, 120.0, 130.0])
    post, error = at(network, 1.0, 0.25, 2.5)
    assert post == pytest.approx([110.0, 102.5, 125.0], abs=0.05)
    assert error == pytest.approx([1.5, 1.5, 1.5], abs=0.05)


def test_posts_may_count_down():
    post, _ = at(road([130.0, np.nan, 110.0, 100.0]), 0.5, 1.0, 2.25)
    assert post == pytest.approx([125.0, 120.0, 107.5], abs=0.05)


def test_the_error_holds_what_posts_and_road_disagree_by():
    # 22 km by the signs, 20 by the road: half-way the post is between 110 and 112.
    post, error = at(road([100.0, np.nan, 122.0, 132.0]), 1.0)
    assert post == pytest.approx([111.0], abs=0.05)
    assert error == pytest.approx([1.0 + 1.5], abs=0.05)
    assert at(road([100.0, np.nan, 122.0, 132.0]), 1.0, off_km=5.0)[1] == pytest.approx([7.5], abs=0.05)


def test_signs_of_two_numberings_give_nothing():
    post, error = at(road([100.0, np.nan, 1720.0]), 1.0)
    assert np.isnan(post).all()
    assert np.isnan(error).all()


def test_beyond_the_last_sign_only_a_little_way():
    post, error = at(road([np.nan, np.nan, 120.0, 130.0]), 0.0, 1.0)
    assert np.isnan(post[0])  # 20 km
    assert (post[1], error[1]) == (pytest.approx(110.0, abs=0.05), pytest.approx(2.5, abs=0.05))
    assert np.isnan(at(road([np.nan, 1.0, 11.0]), 0.0)[0]).all()  # it would be below zero


def test_one_sign_or_another_road_or_a_point_far_off_gives_nothing():
    network = road([100.0, np.nan, 120.0])
    assert np.isnan(at(road([np.nan, 100.0, np.nan]), 0.5)[0]).all()
    assert np.isnan(at(network, 1.0, ref="G93")[0]).all()
    assert np.isnan(at(network, 1.0, ref="")[0]).all()
    middle = network.nodes.iloc[1]
    far = derived(network, [middle["x"]], [middle["y"] + 0.03], refs=["G5"])
    assert far["km_post"].isna().all()
    bare = network_of(both_ways([(0, 1, 1.0, "motorway", "G5")]))
    assert derived(bare, [104.0], [30.0], refs=["G5"])["km_post"].isna().all()


def test_posts_grow_along_the_road():
    places = np.linspace(0.0, 4.0, 41)
    post, _ = at(road([100.0, np.nan, 121.0, np.nan, 139.0]), *places)
    assert (np.diff(post) > 0).all()


def test_a_sign_left_out_is_found_again_within_the_error():
    """Every sign of the embedded roads in turn, from the others: the error holds for 93 % of them."""
    network = roads.load(None)
    signs = network.nodes[network.nodes["km_post"].notna()]
    found = derived(network, signs["x"], signs["y"], refs=signs["road_ref"].tolist(), beyond_km=0.8)
    known = found["km_post"].notna().to_numpy()
    off = np.abs(found["km_post"].to_numpy() - signs["km_post"].to_numpy())[known]
    assert known.mean() > 0.9
    assert np.median(off) < 0.6
    assert (off <= found["error_km"].to_numpy()[known]).mean() > 0.93


def test_sites_on_a_road_get_a_post_in_whole_km_and_others_do_not():
    network = road([100.0, np.nan, 120.0, 130.0])
    middle = network.nodes.sort_index().iloc[1]
    table = pd.DataFrame(
        {
            "lon": middle["x"],
            "lat": middle["y"],
            "position_quality": ["surveyed", "approx", "osm", "osm", "osm"],
            "road_ref": ["G5", "G5", "G5", "G5", None],
            "road_ref_basis": ["on", None, "nearest", "on", None],
            "km_post": [None, None, None, 7.0, None],
        },
        index=["SURE", "ROUGH", "BESIDE", "STATED", "OFF"],
    )
    found = with_km_posts(table, network)
    assert found["km_post"].fillna(-1).tolist() == [110.0, 110.0, -1.0, 7.0, -1.0]
    assert found["km_post_basis"].fillna("").tolist() == ["derived", "derived", "", "", ""]
    assert found["km_post_error_km"].fillna(-1).tolist() == [2.0, 7.0, -1.0, -1.0, -1.0]
    assert table["km_post"].isna().sum() == 4  # the input stays
