from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.optimize import linprog

from siting.coverage import CoverSets
from siting.zero_half import zero_half_cuts


def _cover(sets, n_sites):
    """One class per cover set."""
    matrix = np.zeros((len(sets), n_sites))
    for row, members in enumerate(sets):
        matrix[row, list(members)] = 1.0
    n = len(sets)
    return CoverSets(
        sets=sparse.csr_array(matrix),
        offsets=np.arange(n + 1),
        members=np.arange(n),
        trip_class=np.arange(n),
    )


def _cut(cover, volume, x, level=None):
    x = np.asarray(x, dtype=np.float64)
    level = cover.sets @ x if level is None else level
    cuts = zero_half_cuts(cover, np.asarray(volume, dtype=np.float64), x=x, level=level)
    return cuts, cuts.weight.toarray()


def test_three_sets_of_two_sites_in_halves_are_cut_off():
    cuts, weight = _cut(_cover([(0, 1), (1, 2), (0, 2)], 3), np.ones(3), [0.5, 0.5, 0.5])
    assert cuts.sets.tolist() == [[0, 1, 2]]
    assert weight.tolist() == [[1.0, 1.0, 1.0]]  # z1 + z2 + z3 <= 1 + x1 + x2 + x3


def test_a_whole_choice_is_never_cut_off():
    cover = _cover([(0, 1), (1, 2), (0, 2), (2, 3), (0, 3)], 4)
    for x in product((0.0, 1.0), repeat=4):
        assert not len(_cut(cover, np.ones(5), x)[0].sets)


def test_on_a_line_nothing_is_cut_off_at_vertices():
    """Intervals of a line are totally unimodular: the linear solution is whole, there is nothing to cut."""
    rng = np.random.default_rng(5)
    spans = sorted({tuple(sorted(rng.integers(0, 12, 2))) for _ in range(25)})
    cover = _cover([range(a, b + 1) for a, b in spans], 12)
    n = len(spans)
    volume = rng.integers(1, 20, n).astype(np.float64)
    rows = np.hstack([-cover.sets.toarray(), np.eye(n)])
    budget = np.concatenate([np.ones(12), np.zeros(n)])
    answer = linprog(
        np.concatenate([np.zeros(12), -volume]),
        A_ub=np.vstack([rows, budget]),
        b_ub=np.append(np.zeros(n), 3.0),
        bounds=(0.0, 1.0),
    )
    assert not len(_cut(cover, volume, answer.x[:12])[0].sets)


@given(data=st.data())
@settings(max_examples=200, deadline=None)
def test_cuts_hold_for_every_whole_choice_and_are_violated_here(data):
    n_sites = data.draw(st.integers(3, 7))
    site = st.integers(0, n_sites - 1)
    sets = data.draw(st.lists(st.sets(site, min_size=1, max_size=4), min_size=3, max_size=9))
    x = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=n_sites, max_size=n_sites))
    )
    cover = _cover(sets, n_sites)
    total = cover.sets @ x
    below = np.array(
        data.draw(st.lists(st.sampled_from([0.0, 0.0, 0.1]), min_size=len(sets), max_size=len(sets)))
    )
    level = np.maximum(total - below, 0.0)
    cuts, weight = _cut(cover, np.ones(len(sets)), x, level)
    z = np.minimum(level, 1.0)
    for members, line in zip(cuts.sets, weight, strict=True):
        assert len(set(members.tolist())) == 3
        assert z[members].sum() > 1.0 + line @ x + 0.01
    for choice in product((0.0, 1.0), repeat=n_sites):
        whole = np.array(choice)
        has = (cover.sets @ whole > 0.0).astype(np.float64)
        for members, line in zip(cuts.sets, weight, strict=True):
            assert has[members].sum() <= 1.0 + line @ whole


def test_every_violated_triple_is_found_when_there_are_few_sets():
    cover = _cover([*combinations(range(5), 2), (0, 1, 2), (3,), (0, 1, 2, 3, 4)], 5)
    x = np.full(5, 0.5)
    z = np.minimum(cover.sets @ x, 1.0)
    violated = set()
    for triple in combinations(range(cover.sets.shape[0]), 3):
        weight = np.ceil(cover.sets[list(triple)].sum(axis=0) / 2.0)
        if z[list(triple)].sum() > 1.0 + weight @ x + 0.05:
            violated.add(triple)
    found, _ = _cut(cover, np.ones(13), x)
    assert len(violated) == 10  # the triangles
    assert set(map(tuple, found.sets.tolist())) == violated


def test_worth_more_comes_first():
    cover = _cover([(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5)], 6)
    found, _ = _cut(cover, [1.0, 1.0, 1.0, 9.0, 9.0, 9.0], np.full(6, 0.5))
    assert found.sets.tolist() == [[3, 4, 5], [0, 1, 2]]


@pytest.mark.parametrize("x", [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
def test_nothing_to_cut(x):
    assert not len(_cut(_cover([(0, 1), (1, 2), (0, 2)], 3), np.ones(3), x)[0].sets)
