from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from corridor.errors import InputError
from planner.instance import read_instance
from planner.locate import locate

N25 = Path(__file__).parents[1] / "instances" / "n25"
SHARED = Path(__file__).parents[2].parent / "shared" / "benchmarks" / "n25"


# Shares of flow at range 8, Kuby & Lim (2005) rules, paths of networkx' Dijkstra order.
@pytest.mark.parametrize(
    ("stations", "percent"),
    [(1, 13.369), (2, 27.078), (3, 39.722), (5, 58.553), (10, 82.804), (25, 98.333)],
)
def test_optimum_of_the_25_node_network(stations, percent):
    answer = locate(N25, range_=8, stations=stations)
    assert answer["status"] == "optimal"
    assert 100 * answer["objective_share"] == pytest.approx(percent, abs=5e-4)
    assert len(answer["stations"]) <= stations
    assert answer["bound"] == pytest.approx(answer["objective"])
    assert json.loads(json.dumps(answer)) == answer


def test_flows_out_of_reach_are_said_to_be():
    # No link of the network is shorter than 2, and every trip drives its last link twice between fills.
    answer = locate(N25, range_=1, stations=25)
    assert answer["objective"] == 0.0
    assert "300 of 300 flows cannot be served at range 1" in answer["note"]
    assert "note" not in locate(N25, range_=20, stations=2)


@pytest.mark.parametrize(("stations", "percent"), [(3, 39.722), (10, 82.804)])
def test_cuts_find_the_same_optimum(monkeypatch, stations, percent):
    monkeypatch.setattr("siting.linear_bound._GROUPS", 1)
    answer = locate(N25, range_=8, stations=stations)
    assert answer["status"] == "optimal"
    assert 100 * answer["objective_share"] == pytest.approx(percent, abs=5e-4)


def test_shortest_paths_found_are_those_of_the_benchmark(tmp_path):
    for name in ("node.csv", "link.csv"):
        shutil.copy(N25 / name, tmp_path)
    rows = (N25 / "flow.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "flow.csv").write_text("\n".join(row.rsplit(",", 1)[0] for row in rows), encoding="utf-8")
    given, found = read_instance(N25), read_instance(tmp_path)
    assert found.nodes.tolist() == given.nodes.tolist()


@pytest.mark.skipif(not SHARED.exists(), reason="reference instances are not beside the checkout")
def test_network_is_the_reference_one():
    text = (SHARED / "25-Node_Network_Edges.csv").read_text(encoding="utf-8-sig")
    reference = {tuple(map(int, line.split(","))) for line in text.splitlines()[1:]}
    rows = (N25 / "link.csv").read_text(encoding="utf-8").split()[1:]
    ours = {tuple(int(row.split(",")[k]) for k in (1, 2, 4)) for row in rows}
    assert ours | {(v, u, length) for u, v, length in ours} == reference


def _tank_says(path, km, *, range_, stations):
    """Drive there and back twice; an independent account of the rules."""
    if not stations.intersection(path):
        return False
    level = range_ if path[0] in stations else range_ / 2
    lengths = list(np.diff(km))
    legs = list(zip(path[1:], lengths, strict=True)) + list(zip(path[-2::-1], lengths[::-1], strict=True))
    for node, length in legs * 2:
        level -= length
        if level < 0:
            return False
        if node in stations:
            level = range_
    return path[0] in stations or level >= range_ / 2


@pytest.mark.parametrize("range_", [4, 8, 12])
def test_brute_force_with_a_tank_agrees(range_):
    instance = read_instance(N25)
    trips = []  # what each trip says to every set of at most three stations on its path
    for (a, b), volume in zip(
        itertools.pairwise(instance.offsets.tolist()), instance.volume.tolist(), strict=True
    ):
        path, km = instance.nodes[a:b].tolist(), instance.distance[a:b]
        serving = {
            stations
            for size in (1, 2, 3)
            for stations in map(frozenset, itertools.combinations(path, size))
            if _tank_says(path, km, range_=range_, stations=stations)
        }
        trips.append((frozenset(path), serving, volume))
    for p in (1, 2, 3):
        best = max(
            sum(volume for path, serving, volume in trips if chosen & path in serving)
            for chosen in map(frozenset, itertools.combinations(range(25), p))
        )
        assert locate(N25, range_=range_, stations=p)["objective"] == pytest.approx(best)


def test_only_candidates_are_chosen(tmp_path):
    for name in ("link.csv", "flow.csv"):
        shutil.copy(N25 / name, tmp_path)
    rows = (N25 / "node.csv").read_text(encoding="utf-8").splitlines()
    marked = [rows[0] + ",candidate"] + [f"{row},{int(row.split(',')[0]) % 2}" for row in rows[1:]]
    (tmp_path / "node.csv").write_text("\n".join(marked), encoding="utf-8")
    answer = locate(tmp_path, range_=8, stations=5)
    assert answer["stations"]
    assert all(node % 2 == 1 for node in answer["stations"])
    with pytest.raises(InputError, match="locked: no candidate: 4"):
        locate(tmp_path, range_=8, stations=2, locked=[4])
    assert locate(tmp_path, range_=8, stations=2, existing=[4])["existing"] == [4]
    with pytest.raises(InputError, match=r"14 stations asked for, but node\.csv has 13 candidates"):
        locate(tmp_path, range_=8, stations=14)


def test_without_stations_nothing_is_served():
    answer = locate(N25, range_=8, stations=0)
    assert (answer["status"], answer["objective"], answer["bound"], answer["gap"]) == (
        "optimal",
        0.0,
        0.0,
        0.0,
    )
    assert answer["stations"] == []


def test_no_time_is_feasible_at_best():
    answer = locate(N25, range_=8, stations=5, time_limit_s=0.0)
    assert answer["status"] in {"feasible", "unknown"}
    assert answer["bound"] >= answer["objective"]


def test_every_fault_of_the_question_is_named():
    with pytest.raises(InputError) as caught:
        locate(N25, range_=-1, stations=-2, time_limit_s=float("nan"), gap=1.5, existing=[3], forbidden=[3])
    assert len(caught.value.faults) == 5
    with pytest.raises(InputError, match=r"'p-mean' is not a model\. Models are flow-refueling, p-median"):
        locate(N25, model="p-mean")


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ("flow-refueling", {"stations": 3}, "range: flow-refueling needs it"),
        ("flow-refueling", {"range_": 8}, "stations: flow-refueling needs it"),
        ("p-median", {"range_": 8, "stations": 3}, "range: p-median has no such option"),
        ("p-center", {}, "stations: p-center needs it"),
        ("max-cover", {"stations": 3}, "radius: max-cover needs it"),
        ("set-cover", {"radius": 3, "stations": 3}, "stations: set-cover has no such option"),
        ("facility-location", {"radius": 3}, "radius: facility-location has no such option"),
    ],
)
def test_options_a_model_needs_or_does_not_know(model, options, said):
    with pytest.raises(InputError, match=said):
        locate(N25, model=model, **options)


def test_existing_locked_and_forbidden_nodes():
    free = locate(N25, range_=8, stations=3)
    answer = locate(N25, range_=8, stations=2, existing=[4], locked=["12"], forbidden=free["stations"][:1])
    assert answer["status"] == "optimal"
    assert answer["existing"] == [4]
    assert 12 in answer["stations"]
    assert not {4, free["stations"][0]} & set(answer["stations"])
    clash = locate(N25, range_=8, stations=2, locked=[12], forbidden=[12])
    assert (clash["status"], clash["stations"]) == ("infeasible", [])
    assert clash["reason"] == "both locked and forbidden: 12"
    with pytest.raises(InputError, match=r"locked: not in node\.csv: 26, 27"):
        locate(N25, range_=8, stations=2, locked=[26, 27])
