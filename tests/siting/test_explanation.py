"""Gains, losses and needs against driving every variant of a plan with the naive tank."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from corridor.errors import InfeasibleError, InputError
from siting.coverage import CoverSets
from siting.explanation import FORBIDDEN, OUT_OF_REACH, explain, fewest_sites, needs
from siting.flow_refueling import solve_flow_refueling
from siting.serving import cheapest_service, hitting_set


def _driven(corridor, stations):
    """Volume of the trips the naive tank gets home."""
    served = corridor.naively_served(stations)
    return sum(v for v, s in zip(corridor.volume, served, strict=True) if s)


def _some(data, corridor, *, most=4):
    nodes = st.integers(0, corridor.n_nodes - 1)
    return sorted(data.draw(st.sets(nodes, max_size=most)))


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_every_addition_removal_and_exchange_is_what_driving_it_gives(corridors, data):
    corridor = data.draw(corridors())
    stations, forbidden = _some(data, corridor), _some(data, corridor, most=2)
    kept = [s for s in stations if data.draw(st.booleans())]
    made = explain(
        corridor.cover(), np.array(corridor.volume), stations=stations, kept=kept, forbidden=forbidden
    )
    value = _driven(corridor, stations)
    others = sorted(set(range(corridor.n_nodes)) - set(stations))
    assert made.served == pytest.approx(value)
    for row, station in enumerate(stations):
        rest = set(stations) - {station}
        best = max([_driven(corridor, rest | {i}) for i in others if i not in forbidden], default=0.0)
        assert made.lost[row] == pytest.approx(value - _driven(corridor, rest))
        assert made.lost_replaced[row] == pytest.approx(value - max(best, _driven(corridor, rest)))
        if (one := int(made.replacement[row])) >= 0:
            assert one in others
            assert one not in forbidden
            assert _driven(corridor, rest | {one}) == pytest.approx(best)
    for site in others:
        assert made.gain[site] == pytest.approx(_driven(corridor, {*stations, site}) - value)
        swaps = [_driven(corridor, (set(stations) - {j}) | {site}) for j in stations if j not in kept]
        if swaps:
            assert made.swap[site] == pytest.approx(max(swaps) - value)
            best = (set(stations) - {int(made.swap_for[site])}) | {site}
            assert _driven(corridor, best) == pytest.approx(max(swaps))
        else:
            assert np.isnan(made.swap[site])
        assert (made.reason[site] == "") == (made.gain[site] > 0)
    assert np.isnan(made.swap[stations]).all()


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_needs_are_the_fewest_stations_that_drive_a_trip(corridors, data):
    corridor = data.draw(corridors(most_nodes=7))
    stations, forbidden = _some(data, corridor, most=2), _some(data, corridor, most=2)
    forbidden = sorted(set(forbidden) - set(stations))
    made = needs(corridor.cover(), stations=stations, forbidden=forbidden)
    others = sorted(set(range(corridor.n_nodes)) - set(stations))
    allowed = [i for i in others if i not in forbidden]
    everywhere = corridor.naively_served(range(corridor.n_nodes))
    by_size = [
        (n, corridor.naively_served([*stations, *choice]))
        for n in range(len(allowed) + 1)
        for choice in combinations(allowed, n)
    ]
    for trip in range(len(corridor.paths)):
        fewest = next((n for n, served in by_size if served[trip]), None)
        if fewest is None:
            fewest = FORBIDDEN if everywhere[trip] else OUT_OF_REACH
        assert made.stations[trip] == fewest
        if fewest > 0:
            sites = made.sites[made.group[trip]]
            assert len(sites) == fewest
            assert not set(sites) & set(forbidden)
            assert corridor.naively_served([*stations, *sites])[trip]
        elif fewest == 0:
            assert made.group[trip] == -1


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_cheapest_service_is_the_smallest_of_all_choices(corridors, data):
    corridor = data.draw(corridors(most_nodes=7))
    cover, volume = corridor.cover(), np.array(corridor.volume)
    stations = np.array(_some(data, corridor, most=2), dtype=np.int64)
    trips = needs(cover, stations=stations).stations > 0
    found = cheapest_service(cover, volume, stations=stations, trips=trips)
    wanted = np.flatnonzero(trips).tolist()
    others = sorted(set(range(corridor.n_nodes)) - set(stations.tolist()))
    fewest = next(
        n
        for n in range(len(others) + 1)
        for choice in combinations(others, n)
        if all(corridor.naively_served([*stations, *choice])[trip] for trip in wanted)
    )
    assert (len(found.sites), found.certificate.status) == (fewest, "optimal")
    served = corridor.naively_served([*stations, *found.sites])
    assert all(served[trip] for trip in wanted)
    total = _driven(corridor, [*stations, *found.sites]) - _driven(corridor, stations)
    assert found.gain.sum() == pytest.approx(total)


def test_no_exchange_beats_a_proven_plan(region):
    cover, volume = region
    plan = solve_flow_refueling(cover, volume, n_new=6)
    made = explain(cover, volume, stations=plan.stations)
    assert plan.certificate.status == "optimal"
    assert made.served == pytest.approx(plan.certificate.incumbent)
    assert np.nanmax(made.swap) <= 1e-9 * made.served
    assert made.lost_replaced.min() >= -1e-9 * made.served
    assert (made.lost > 0).all()


def test_a_dominated_site_names_a_station_that_does_all_it_would(region):
    cover, volume = region
    made = explain(cover, volume, stations=range(0, 80, 2))
    members = [set(cover.sets[:, [site]].tocoo().row) for site in range(cover.sets.shape[1])]
    dominated = np.flatnonzero(made.dominated_by >= 0)
    assert dominated.size
    for site in dominated:
        assert members[site] <= members[made.dominated_by[site]]
        assert made.gain[site] == 0.0
        assert made.reason[site] in {"dominated", "no_trip"}


def _triangle():
    """One trip whose three cover sets share sites two by two: no order makes them intervals."""
    sets = sparse.csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 1.0]]))
    return CoverSets(
        sets=sets, offsets=np.array([0, 3]), members=np.array([0, 1, 2]), trip_class=np.array([0])
    )


def test_sets_that_are_no_intervals_are_counted_exactly():
    assert [len(sites) for sites in fewest_sites(_triangle())] == [2]
    grid = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 0], [1, 0, 0, 1, 0], [0, 1, 0, 0, 1]], dtype=float)
    for order in ([0, 1, 2, 3], [3, 1, 0, 2], [2, 3, 1, 0]):
        cover = CoverSets(
            sets=sparse.csr_array(grid),
            offsets=np.array([0, 4]),
            members=np.array(order),
            trip_class=np.array([0]),
        )
        assert [len(sites) for sites in fewest_sites(cover)] == [2]


def test_where_choosing_the_fullest_site_is_not_exact_the_program_decides():
    # Site 0 meets most sets of the first kind, but 1, 2 and 3 meet all.
    members = [{0, 1}, {0, 1}, {0, 2}, {0, 2}, {1, 4}, {2, 5}, {3, 6}, {3, 7}]
    sets = np.zeros((len(members), 8))
    for row, sites in enumerate(members):
        sets[row, list(sites)] = 1.0
    cover = CoverSets(
        sets=sparse.csr_array(sets),
        offsets=np.array([0, len(members)]),
        members=np.arange(len(members)),
        trip_class=np.array([0]),
    )
    assert fewest_sites(cover) == ((1, 2, 3),)


def test_a_set_without_a_site_cannot_be_met():
    with pytest.raises(InfeasibleError, match="no site"):
        hitting_set(sparse.csr_array(np.array([[0.0, 1.0], [0.0, 0.0]])), time_limit_s=1.0)


def test_no_time_is_no_proof_of_the_fewest_stations(region):
    cover, volume = region
    trips = cover.trip_class >= 0
    nothing = np.empty(0, dtype=np.int64)
    quick = cheapest_service(cover, volume, stations=nothing, trips=trips, time_limit_s=0.0)
    exact = cheapest_service(cover, volume, stations=nothing, trips=trips, time_limit_s=60.0)
    assert exact.certificate.status == "optimal"
    assert quick.certificate.bound <= exact.certificate.incumbent <= quick.certificate.incumbent
    assert needs(cover, stations=quick.sites).stations[trips].max() == 0


def test_unknown_sites_are_one_error(region):
    cover, volume = region
    with pytest.raises(InputError, match="80") as raised:
        explain(cover, volume, stations=[80, 1, -1])
    assert len(raised.value.faults) == 2
    with pytest.raises(InputError, match="forbidden"):
        needs(cover, stations=[1], forbidden=[99])
