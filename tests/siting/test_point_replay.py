"""The check of point demands accepts what is true and nothing else."""

import numpy as np
import pytest

from corridor.errors import ReplayError
from siting.point_replay import replay_points

# 0 -5-> 1 -5-> 2 -20-> 3 and back, but from 1 to 0 it takes 9; a slower parallel 0 -8-> 1 stands first.
INDPTR = np.array([0, 2, 4, 6, 7])
HEADS = np.array([1, 1, 0, 2, 1, 3, 2])
KM = np.array([8.0, 5.0, 9.0, 5.0, 5.0, 20.0, 20.0])


def _replay(taken_by, *, within_km=15.0, km=KM, leg=(0.0, 1.0)):
    """Points at 0 and 1, stations at 2 and 3."""
    return replay_points(
        INDPTR,
        HEADS,
        km,
        point=np.array([0, 1]),
        leg_km=np.array(leg),
        station=np.array([2, 3]),
        taken_by=np.array(taken_by),
        within_km=within_km,
    )


def test_distances_are_the_longer_direction_and_the_leg():
    assert _replay([0, 0]).tolist() == [14.0, 6.0]
    assert _replay([-1, 0], within_km=13.9)[1] == 6.0
    assert np.isnan(_replay([-1, 0], within_km=13.9)[0])


@pytest.mark.parametrize(
    ("taken_by", "options", "said"),
    [
        ([0, 0], {"within_km": 13.9}, "point 0: its station is 14.000 km off"),
        ([-1, 0], {}, "point 0: an open station is 14.000 km off, and none serves it"),
        ([0, 1], {"within_km": 40.0}, "point 1: an open station is nearer"),
        ([0, 0], {"km": np.where([i == 4 for i in range(7)], np.inf, KM)}, "point 0: its station is inf"),
    ],
)
def test_what_is_not_so_is_refused(taken_by, options, said):
    with pytest.raises(ReplayError, match=said):
        _replay(taken_by, **options)


def test_without_stations_no_point_is_served():
    nothing = np.empty(0, dtype=np.int64)
    answer = replay_points(
        INDPTR,
        HEADS,
        KM,
        point=np.array([0]),
        leg_km=np.zeros(1),
        station=nothing,
        taken_by=np.array([-1]),
        within_km=5.0,
    )
    assert np.isnan(answer).all()
