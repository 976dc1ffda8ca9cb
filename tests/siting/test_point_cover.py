"""Points beside trips: every choice of stations enumerated, and the trips left as they were."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from siting.coverage import served_trips
from siting.flow_refueling import solve_flow_refueling
from siting.point_cover import with_points
from siting.stops import CandidatePaths
from siting.trip_cover import cover_sets


def _pairs(reach):
    point = np.array([p for p, sites in enumerate(reach) for _ in sites], dtype=np.int64)
    site = np.array([site for sites in reach for site in sorted(sites)], dtype=np.int64)
    return point, site


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_the_optimum_with_points_is_that_of_enumeration(corridors, data):
    corridor = data.draw(corridors(most_nodes=7))
    sites = st.integers(0, corridor.n_nodes - 1)
    reach = data.draw(st.lists(st.sets(sites, max_size=3), min_size=1, max_size=5))
    kg = np.array(data.draw(st.lists(st.integers(1, 9), min_size=len(reach), max_size=len(reach))), float)
    n_new = data.draw(st.integers(0, 3))
    point, site = _pairs(reach)
    cover = with_points(corridor.cover(), point=point, site=site, n_points=len(reach))
    answer = solve_flow_refueling(cover, np.concatenate([corridor.volume, kg]), n_new=n_new)

    def worth(stations):
        trips = np.dot(corridor.volume, corridor.naively_served(stations))
        return trips + sum(q for q, near in zip(kg, reach, strict=True) if near & set(stations))

    best = max(worth(chosen) for k in range(n_new + 1) for chosen in combinations(range(corridor.n_nodes), k))
    assert answer.certificate.status == "optimal"
    assert answer.certificate.incumbent == best
    assert worth(answer.stations.tolist()) == best
    said = answer.served[len(corridor.volume) :].tolist()
    assert said == [bool(near & set(answer.stations.tolist())) for near in reach]


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_trips_are_served_as_without_points(corridors, data):
    corridor = data.draw(corridors())
    sites = st.integers(0, corridor.n_nodes - 1)
    reach = data.draw(st.lists(st.sets(sites, max_size=4), max_size=4))
    point, site = _pairs(reach)
    alone = corridor.cover()
    together = with_points(alone, point=point, site=site, n_points=len(reach))
    stations = np.array(sorted(data.draw(st.sets(sites))), dtype=np.int64)
    n_trips = len(corridor.volume)
    assert served_trips(together, stations)[:n_trips].tolist() == served_trips(alone, stations).tolist()
    assert (together.trip_class[n_trips:] >= 0).tolist() == [bool(near) for near in reach]


def test_points_with_the_reach_of_others_share_their_class():
    nothing = np.empty((0, 1))
    paths = CandidatePaths(
        offsets=np.zeros(1, np.int64),
        site=np.empty(0, np.int64),
        out=nothing,
        back=nothing,
        total_out=nothing,
        total_back=nothing,
        n_sites=4,
    )
    empty = cover_sets(paths, path=np.empty(0, np.int64), tank=np.empty(0))
    assert with_points(empty, point=np.empty(0, np.int64), site=np.empty(0, np.int64), n_points=0) is empty
    point, site = _pairs([{0, 1}, {2}, {0, 1}, set()])
    cover = with_points(empty, point=point, site=site, n_points=4)
    assert cover.trip_class.tolist() == [0, 1, 0, -1]
    assert cover.sets.toarray().tolist() == [[1, 1, 0, 0], [0, 0, 1, 0]]
