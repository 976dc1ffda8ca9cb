from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.buildout.plans import Plans
from tests.siting.buildouts import allowed_buildouts, fill_service, question_of
from tests.siting.conftest import Corridor

#: Two trips over the same stations 1 and 2, and one over station 3 alone.
_CORRIDOR = Corridor(
    paths=((0, 1, 2, 4), (0, 3, 4)),
    km=((0.0, 20.0, 21.0, 40.0), (0.0, 20.0, 40.0)),
    range_km=(45.0, 45.0),
    volume=(1.0, 1.0),
    n_nodes=5,
)
_LAPS = [[1.0, 1.0]]


def _plans(corridor, laps, **given_):
    question = question_of(corridor, laps, **given_)
    return question, Plans(question, fill_service(corridor, question, laps))


def _fractions(n_sites, fractions):
    row = np.zeros((1, n_sites))
    for site, share in fractions.items():
        row[0, site] = share
    return row


def test_fractions_that_serve_alike_come_to_one_station_of_their_size_in_all():
    _, plans = _plans(_CORRIDOR, _LAPS, budget=np.array([100.0]))
    stations = _fractions(5, {1: 0.5, 2: 0.4, 3: 0.4})
    module = plans.gathered(stations, _fractions(5, {1: 6.0, 2: 3.0, 3: 1.0}))
    assert module.tolist() == [[-1, 1, -1, -1, -1]], "9 km of room are nearer to 10 than to 4"
    module = plans.gathered(stations, _fractions(5, {1: 3.0, 2: 3.0, 3: 1.0}))
    assert module.tolist() == [[-1, 0, -1, -1, -1]]
    module = plans.gathered(stations + _fractions(5, {3: 0.2}), _fractions(5, {1: 3.0, 3: 9.0}))
    assert module.tolist() == [[-1, 0, -1, 1, -1]]


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_whole_stations_keep_to_the_limits(corridors, data):
    corridor = data.draw(corridors(most_nodes=5))
    n_periods, n = data.draw(st.integers(1, 2)), corridor.n_nodes
    laps = [[1.0] * len(corridor.paths)] * n_periods
    question, plans = _plans(
        corridor,
        laps,
        budget=np.sort([data.draw(st.sampled_from([3.0, 5.0, 8.0, 13.0])) for _ in range(n_periods)]),
        most_new=np.sort([data.draw(st.sampled_from([1.0, 2.0, np.inf])) for _ in range(n_periods)]),
        forbidden=np.array([0]),
        locked=np.array(data.draw(st.lists(st.just(n - 1), max_size=1)), dtype=np.int64),
    )
    share = st.sampled_from([0.0, 0.2, 0.5, 1.0])
    stations = np.array([[data.draw(share) for _ in range(n)] for _ in range(n_periods)])
    stations = np.maximum.accumulate(stations, axis=0)
    size = stations * data.draw(st.sampled_from([4.0, 7.0, 10.0]))
    assert question.allows(plans.gathered(stations, size))
    assert question.allows(plans.rounded(stations))


def test_two_stations_are_left_out_but_no_locked_one():
    question, plans = _plans(_CORRIDOR, _LAPS, locked=np.array([1]))
    random = np.random.default_rng(0)
    for module in allowed_buildouts(question):
        plan = plans.valued(module)
        left = plans.without_two(plan, random)
        spare = np.setdiff1d(np.flatnonzero(module[0] >= 0), [1])
        assert (left is None) == (len(spare) < 2)
        if left is not None:
            gone = np.flatnonzero(left != module)
            assert len(np.unique(gone)) == 2
            assert np.isin(gone, spare).all()
            assert (left[0, gone] == -1).all()
