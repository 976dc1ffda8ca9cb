"""Deviation against every walk of small networks, driven with a tank."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from corridor.errors import InputError
from siting.coverage import CoverSets
from siting.deviation import even_steps, in_steps, solve_deviation
from siting.legs import Legs, Trips, trip_km

if TYPE_CHECKING:
    from collections.abc import Iterator


@st.composite
def questions(draw: st.DrawFn) -> tuple[nx.Graph[Any], int, float, list[tuple[int, int, float]], list[int]]:
    """Draw a connected network, a range, a detour, flows and candidate nodes."""
    n = draw(st.integers(3, 6))
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_nodes_from(range(n))
    for node in range(1, n):
        graph.add_edge(draw(st.integers(0, node - 1)), node, km=draw(st.integers(1, 5)))
    for _ in range(draw(st.integers(0, 4))):
        u, v = draw(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)))
        if u != v and not graph.has_edge(u, v):
            graph.add_edge(u, v, km=draw(st.integers(1, 5)))
    pairs = list(combinations(range(n), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=5, unique=True))
    flows = [(u, v, float(draw(st.integers(1, 9)))) for u, v in chosen]
    candidates = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=n, unique=True))
    detour = draw(st.sampled_from([0.0, 0.25, 0.5, 1.0]))
    return graph, draw(st.integers(2, 12)), detour, flows, sorted(candidates)


def _walks(graph: nx.Graph[Any], origin: int, destination: int, longest: float) -> Iterator[list[int]]:
    """Every walk from origin to destination that is not longer than `longest`."""
    stack = [([origin], 0.0)]
    while stack:
        walk, km = stack.pop()
        if walk[-1] == destination:
            yield walk
        for node in graph[walk[-1]]:
            further = km + graph[walk[-1]][node]["km"]
            if further <= longest + 1e-9:
                stack.append(([*walk, node], further))


def _runs(graph: nx.Graph[Any], walk: list[int], range_: float, stations: set[int]) -> bool:
    """Drive the walk there and back, and once more."""
    level = start = range_ if walk[0] in stations else range_ / 2.0
    lap = [*walk, *reversed(walk[:-1])]
    for u, v in pairwise(lap):
        level -= graph[u][v]["km"]
        if level < -1e-9:
            return False
        if v in stations:
            level = range_
    return level >= start - 1e-9


def _question(
    graph: nx.Graph[Any],
    range_: float,
    detour: float,
    flows: list[tuple[int, int, float]],
    candidates: list[int],
) -> tuple[Trips, Legs]:
    """State a question as the solver takes it."""
    km = dict(nx.all_pairs_dijkstra_path_length(graph, weight="km"))
    n = graph.number_of_nodes()
    to_km = np.array([[km[end][site] for site in candidates] for end in range(n)], dtype=float)
    between = np.array([[km[a][b] for b in candidates] for a in candidates], dtype=float)
    legs = Legs(
        first=to_km <= range_ / 2.0,
        between=between <= range_,
        last=2.0 * to_km <= range_,
        to_km=to_km,
        between_km=between,
        from_km=to_km,
        use=to_km,
        tank=float(range_),
    )
    origin, destination, volume = (np.array(column) for column in zip(*flows, strict=True))
    shortest = np.array([km[o][d] for o, d, _ in flows], dtype=float)
    trips = Trips(
        origin=origin.astype(np.int64),
        destination=destination.astype(np.int64),
        kind=np.zeros(len(flows), dtype=np.int64),
        longest_km=(1.0 + detour) * shortest,
        volume=volume.astype(float),
        needs_none=np.zeros(len(flows), dtype=bool),
    )
    return trips, legs


@settings(max_examples=60, deadline=None)
@given(question=questions(), n_new=st.integers(0, 3))
def test_optimum_equals_trying_everything(
    question: tuple[nx.Graph[Any], int, float, list[tuple[int, int, float]], list[int]], n_new: int
) -> None:
    graph, range_, detour, flows, candidates = question
    trips, legs = _question(graph, range_, detour, flows, candidates)
    walks = [
        list(_walks(graph, o, d, longest))
        for (o, d, _), longest in zip(flows, trips.longest_km.tolist(), strict=True)
    ]
    best = 0.0
    for chosen in combinations(range(len(candidates)), min(n_new, len(candidates))):
        stations = {candidates[site] for site in chosen}
        served = [any(_runs(graph, walk, range_, stations) for walk in each) for each in walks]
        km = trip_km(trips, [legs], np.array(chosen, dtype=np.int64))
        assert [
            bool(length <= longest + 1e-9) for length, longest in zip(km, trips.longest_km, strict=True)
        ] == (served)
        best = max(best, float(sum(volume for (*_, volume), ok in zip(flows, served, strict=True) if ok)))
    solution = solve_deviation(trips, [legs], n_new=n_new)
    assert solution.certificate.status == "optimal"
    assert solution.certificate.incumbent == pytest.approx(best, abs=1e-9)
    assert float(trips.volume[solution.served].sum()) == pytest.approx(best, abs=1e-9)


def test_a_stopped_search_is_not_called_optimal() -> None:
    graph = nx.grid_2d_graph(5, 5)
    graph = nx.convert_node_labels_to_integers(graph, ordering="sorted")
    nx.set_edge_attributes(graph, dict.fromkeys(graph.edges, 2), "km")
    flows = [(o, d, 1.0 + o + d) for o, d in combinations(range(25), 2) if (o + d) % 3 == 0]
    trips, legs = _question(graph, 6.0, 0.5, flows, list(range(25)))
    stopped = solve_deviation(trips, [legs], n_new=3, should_stop=lambda: True).certificate
    assert stopped.status == "feasible"
    assert stopped.incumbent is not None
    assert stopped.bound is not None
    whole = solve_deviation(trips, [legs], n_new=3).certificate
    assert whole.status == "optimal"
    assert whole.incumbent is not None
    assert stopped.incumbent <= whole.incumbent <= stopped.bound + 1e-6


def test_a_share_that_falls_with_the_detour_is_counted_step_by_step() -> None:
    # 0 - 1 directly 10 km, or 12 km by the only site, node 2.
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 10), (0, 2, 6), (2, 1, 6)], weight="km")
    trips, legs = _question(graph, 12.0, 0.0, [(0, 1, 8.0)], [2])
    steps = ((0.0, 1.0), (0.1, 0.75), (0.2, 0.5), (0.4, 0.125))
    parts, whole = in_steps(trips, np.array([10.0]), steps)
    solution = solve_deviation(parts, [legs], n_new=1)
    assert solution.certificate.incumbent == pytest.approx(0.5 * 8.0)
    assert whole.tolist() == [0, 0, 0, 0]
    assert solution.served.tolist() == [False, False, True, True]


@pytest.mark.parametrize(
    ("last_share", "expected"),
    [
        (None, ((0.2, 1.0),)),
        (1.0, ((0.2, 1.0),)),
        (0.5, ((0.0, 1.0), (0.05, 0.875), (0.1, 0.75), (0.15, 0.625), (0.2, 0.5))),
        (0.0, ((0.0, 1.0), (0.05, 0.75), (0.1, 0.5), (0.15, 0.25))),
    ],
)
def test_a_share_that_falls_evenly_has_its_values_at_the_ends_of_the_steps(
    last_share: float | None, expected: tuple[tuple[float, float], ...]
) -> None:
    found = even_steps(0.2, last_share=last_share)
    assert np.array(found) == pytest.approx(np.array(expected))
    assert found[0][1] == 1.0


@settings(max_examples=60, deadline=None)
@given(question=questions(), n_new=st.integers(0, 3), last_share=st.sampled_from([0.0, 0.3, 0.5, 1.0]))
def test_the_optimum_of_falling_shares_equals_trying_everything(
    question: tuple[nx.Graph[Any], int, float, list[tuple[int, int, float]], list[int]],
    n_new: int,
    last_share: float,
) -> None:
    graph, range_, detour, flows, candidates = question
    detour = detour or 1.0
    trips, legs = _question(graph, range_, 0.0, flows, candidates)
    direct = trips.longest_km
    km_of = dict(nx.all_pairs_dijkstra_path_length(graph, weight="km"))
    best = 0.0
    for chosen in combinations(range(len(candidates)), min(n_new, len(candidates))):
        stations = {candidates[site] for site in chosen}
        total = 0.0
        for o, d, volume in flows:
            shortest = km_of[o][d]
            walks = _walks(graph, o, d, shortest * (1.0 + detour))
            lengths = [
                sum(graph[u][v]["km"] for u, v in pairwise(walk))
                for walk in walks
                if _runs(graph, walk, range_, stations)
            ]
            if lengths:
                quarters = np.ceil((min(lengths) / shortest - 1.0) / detour * 4.0 - 1e-9)
                total += volume * (1.0 - (1.0 - last_share) * quarters / 4.0)
        best = max(best, total)
    parts, whole = in_steps(trips, direct, even_steps(detour, last_share=last_share))
    solution = solve_deviation(parts, [legs], n_new=n_new)
    assert solution.certificate.status == "optimal"
    assert solution.certificate.incumbent == pytest.approx(best, abs=1e-9)
    by_flow = np.bincount(whole, weights=parts.volume, minlength=len(flows))
    assert by_flow == pytest.approx(trips.volume)


@pytest.mark.parametrize(
    "steps", [((0.1, 0.5), (0.0, 0.2)), ((0.0, 0.5), (0.1, 0.6)), ((-0.1, 1.0),), ((0.0, 1.5),)]
)
def test_steps_that_make_no_sense_are_refused(steps: tuple[tuple[float, float], ...]) -> None:
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_edge(0, 1, km=10)
    trips, _ = _question(graph, 12.0, 0.0, [(0, 1, 8.0)], [0])
    with pytest.raises(InputError, match="detours that rise"):
        in_steps(trips, np.array([10.0]), steps)


def test_a_trip_may_also_keep_to_a_way_of_its_own_that_is_too_long_to_choose() -> None:
    # Directly 10 km over site 2; its own way is 20 km over site 3, which no driver would choose.
    graph: nx.Graph[Any] = nx.Graph()
    graph.add_weighted_edges_from([(0, 2, 5), (2, 1, 5), (0, 3, 10), (3, 1, 10)], weight="km")
    trips, legs = _question(graph, 20.0, 0.1, [(0, 1, 8.0)], [2, 3])
    sets = sparse.csr_array(np.array([[0.0, 1.0]]))
    needs_site_3 = CoverSets(
        sets=sets, offsets=np.array([0, 1]), members=np.array([0]), trip_class=np.array([0])
    )
    for forbidden, served in ((0, [1]), (1, [0])):
        solution = solve_deviation(trips, [legs], needs_site_3, n_new=1, forbidden=[forbidden])
        assert solution.certificate.status == "optimal"
        assert solution.certificate.incumbent == pytest.approx(8.0)
        assert solution.stations.tolist() == served
    nowhere = solve_deviation(trips, [legs], needs_site_3, n_new=2, forbidden=[0, 1]).certificate
    assert (nowhere.status, nowhere.incumbent) == ("optimal", 0.0)
    assert solve_deviation(trips, [legs], n_new=1, forbidden=[0]).certificate.incumbent == 0.0


@settings(max_examples=60, deadline=None)
@given(question=questions(), n_new=st.integers(1, 2), data=st.data())
def test_own_ways_and_detours_together_equal_trying_everything(
    question: tuple[nx.Graph[Any], int, float, list[tuple[int, int, float]], list[int]],
    n_new: int,
    data: st.DataObject,
) -> None:
    graph, range_, detour, flows, candidates = question
    trips, legs = _question(graph, range_, detour, flows, candidates)
    site = st.lists(st.integers(0, len(candidates) - 1), min_size=1, unique=True)
    needed = [data.draw(st.lists(site, min_size=1, max_size=3)) for _ in flows]
    rows = [sites for each in needed for sites in each]
    sets = np.zeros((len(rows), len(candidates)))
    for row, sites in enumerate(rows):
        sets[row, sites] = 1.0
    own = CoverSets(
        sets=sparse.csr_array(sets),
        offsets=np.cumsum([0, *map(len, needed)]).astype(np.int64),
        members=np.arange(len(rows), dtype=np.int64),
        trip_class=np.arange(len(flows), dtype=np.int64),
    )
    best = 0.0
    for chosen in combinations(range(len(candidates)), min(n_new, len(candidates))):
        km = trip_km(trips, [legs], np.array(chosen, dtype=np.int64))
        on_own = [all(set(sites) & set(chosen) for sites in each) for each in needed]
        served = (km <= trips.longest_km + 1e-9) | np.array(on_own)
        best = max(best, float(trips.volume[served].sum()))
    solution = solve_deviation(trips, [legs], own, n_new=n_new)
    assert solution.certificate.status == "optimal"
    assert solution.certificate.incumbent == pytest.approx(best, abs=1e-9)


def test_a_stop_while_blockers_are_looked_for_leaves_the_plan_of_those_who_stay() -> None:
    graph: nx.Graph[Any] = nx.convert_node_labels_to_integers(nx.grid_2d_graph(5, 5), ordering="sorted")
    nx.set_edge_attributes(graph, dict.fromkeys(graph.edges, 2), "km")
    flows = [(o, d, 1.0 + o + d) for o, d in combinations(range(25), 2) if (o + d) % 3 == 0]
    trips, legs = _question(graph, 6.0, 0.5, flows, list(range(25)))
    own = CoverSets(
        sets=sparse.csr_array(np.eye(25)),
        offsets=np.arange(len(flows) + 1, dtype=np.int64),
        members=trips.origin,
        trip_class=np.arange(len(flows), dtype=np.int64),
    )
    heard: list[str] = []
    answer = solve_deviation(
        trips,
        [legs],
        own,
        n_new=3,
        on_progress=lambda *said: heard.append(said[-1]),
        should_stop=lambda: "better plan" in heard,
    )
    assert heard == ["better plan"]
    assert answer.certificate.status == "feasible"
    incumbent = answer.certificate.incumbent or 0.0
    assert incumbent == pytest.approx(float(trips.volume[answer.served].sum()))
    assert incumbent > 0.0
    assert answer.certificate.bound == pytest.approx(float(trips.volume.sum()))
