from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.stops import CandidatePaths, candidate_stops, even_paths


def test_sites_in_driving_order():
    stops = candidate_stops(np.array([0, 3]), np.array([7, 8, 9]), site_nodes=np.array([8, 5, 8, 9]))
    assert stops.site.tolist() == [0, 2, 3]
    assert stops.row.tolist() == [1, 1, 2]


def test_a_site_reached_from_several_nodes_stands_where_the_path_first_meets_one():
    stops = candidate_stops(
        np.array([0, 3, 5]),
        np.array([7, 8, 9, 9, 7]),
        site_nodes=np.array([9, 8, 8, 5]),
        sites=np.array([0, 0, 1, 2]),
    )
    assert stops.n_sites == 3
    assert stops.offsets.tolist() == [0, 2, 3]
    assert stops.site.tolist() == [0, 1, 0]
    assert stops.row.tolist() == [1, 1, 3]


def test_who_may_enter_depends_on_where_he_comes_from():
    # Site 0 at node 5 is entered from node 4 only; site 1 at node 6 from anywhere.
    stops = candidate_stops(
        np.array([0, 4, 8, 10]),
        np.array([4, 5, 6, 7, 7, 6, 5, 4, 5, 6]),
        site_nodes=np.array([5, 6]),
        entered_from=(np.array([0]), np.array([4])),
    )
    assert stops.site.tolist() == [0, 1, 1, 0, 0, 1]
    assert stops.row.tolist() == [1, 2, 5, 6, 8, 9]
    assert stops.serves_out.tolist() == [True, True, True, False, True, True]
    assert stops.serves_back.tolist() == [False, True, True, True, True, True]  # at an end from anywhere


@st.composite
def paths_and_entries(draw):
    paths = draw(
        st.lists(st.lists(st.integers(0, 5), min_size=2, max_size=6, unique=True), min_size=1, max_size=3)
    )
    n_access = draw(st.integers(1, 6))
    site_nodes = draw(st.lists(st.integers(0, 5), min_size=n_access, max_size=n_access))
    extra = draw(st.lists(st.integers(0, 2), min_size=n_access, max_size=n_access))
    sites = np.unique(extra, return_inverse=True)[1].tolist()
    pairs = draw(st.lists(st.tuples(st.integers(0, n_access - 1), st.integers(0, 6)), max_size=8))
    return paths, site_nodes, sites, pairs


@given(paths_and_entries())
@settings(max_examples=200, deadline=None)
def test_entries_are_those_found_one_by_one(drawn):
    paths, site_nodes, sites, pairs = drawn
    expected = []
    for number, path in enumerate(paths):
        for k, node in enumerate(path):
            for access, at in enumerate(site_nodes):
                if at != node:
                    continue
                neighbors = {v for a, v in pairs if a == access}
                free = k in {0, len(path) - 1} or not neighbors
                there = free or path[k - 1] in neighbors
                home = free or path[k + 1] in neighbors
                if there or home:
                    expected.append((number, k, sites[access], there, home))
    offsets = np.concatenate([[0], np.cumsum([len(path) for path in paths])])
    stops = candidate_stops(
        offsets,
        np.concatenate(paths),
        site_nodes=np.array(site_nodes),
        sites=np.array(sites),
        entered_from=(np.array([a for a, _ in pairs], dtype=np.int64), np.array([v for _, v in pairs])),
    )
    found = [
        (number, int(stops.row[i] - offsets[number]), int(stops.site[i]), *flags)
        for number, (a, b) in enumerate(pairwise(stops.offsets.tolist()))
        for i in range(a, b)
        for flags in [(bool(stops.serves_out[i]), bool(stops.serves_back[i]))]
    ]
    assert sorted(found) == sorted(expected)


def _small():
    return CandidatePaths(
        offsets=np.array([0, 2, 3]),
        site=np.array([4, 1, 2]),
        out=np.array([[1.0, 10], [3, 30], [0, 0]]),
        back=np.array([[2.0, 20], [5, 50], [0, 0]]),
        total_out=np.array([[4.0, 40], [1, 10]]),
        total_back=np.array([[6.0, 60], [2, 20]]),
        n_sites=5,
        serves_out=np.array([True, False, True]),
        serves_back=np.array([True, True, False]),
    )


def test_the_way_there_leaves_out_what_it_may_not_enter():
    there = _small().there()
    assert (there.offsets.tolist(), there.site.tolist()) == ([0, 1, 2], [4, 2])
    assert there.used.tolist() == [[1.0, 10], [0, 0]]
    assert there.total.tolist() == [[4.0, 40], [1, 10]]


def test_the_way_back_follows_the_way_there():
    lap = _small().there_and_back()
    assert (lap.offsets.tolist(), lap.site.tolist()) == ([0, 3, 4], [4, 1, 4, 2])
    assert lap.used.tolist() == [[1.0, 10], [5, 50], [8, 80], [0, 0]]
    assert lap.total.tolist() == [[10.0, 100], [3, 30]]
    twice = lap.twice()
    assert (twice.offsets.tolist(), twice.site.tolist()) == ([0, 6, 8], [4, 1, 4, 4, 1, 4, 2, 2])
    assert twice.used[:, 0].tolist() == [1.0, 5, 8, 11, 15, 18, 0, 3]
    assert twice.total.tolist() == lap.total.tolist()


def test_even_paths_use_the_same_both_ways():
    stops = candidate_stops(np.array([0, 3]), np.array([7, 8, 9]), site_nodes=np.array([8]))
    paths = even_paths(stops, np.array([2.0]), length=np.array([5.0]))
    assert paths.serve_both_ways
    assert paths.out.tolist() == paths.back.tolist() == [[2.0]]
    assert paths.total_out.tolist() == paths.total_back.tolist() == [[5.0]]
