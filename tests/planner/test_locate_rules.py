"""Rules of driving, budgets and targets at the door of `chengyu locate`, against a tank and brute force."""

from __future__ import annotations

import csv
import itertools
import json
import shutil
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from corridor.errors import InputError
from planner.instance import read_instance
from planner.locate import locate

N25 = Path(__file__).parents[1] / "instances" / "n25"


def _rows(name):
    with (N25 / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _write(directory, name, rows):
    with (directory / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module", params=[0, -1])
def tied(request, tmp_path_factory):
    """The 25-node network with, of all shortest paths of each pair, the first or the last one."""
    directory = tmp_path_factory.mktemp("n25")
    graph = nx.Graph()
    for link in _rows("link.csv"):
        graph.add_edge(link["from_node_id"], link["to_node_id"], length=float(link["length"]))
    flows = _rows("flow.csv")
    ties = 0
    for flow in flows:
        paths = sorted(nx.all_shortest_paths(graph, flow["origin"], flow["destination"], weight="length"))
        ties += len(paths) > 1
        flow["path"] = " ".join(paths[request.param])
    assert ties == 67
    _write(directory, "flow.csv", flows)
    for name in ("node.csv", "link.csv"):
        shutil.copy(N25 / name, directory)
    return directory


def _tank_says(path, km, *, range_, stations, way="round_trip", start=0.5, arrival=0.0):
    """Drive node by node; an independent account of the rules."""
    lengths = np.diff(km).tolist()
    legs = list(zip(path[1:], lengths, strict=True))
    if way != "one_way":
        legs += zip(path[-2::-1], lengths[::-1], strict=True)
    level = range_ if way == "cyclic" or path[0] in stations else start * range_
    least = arrival * range_ if way == "one_way" else level
    for _ in range(1 if way == "one_way" else 3):
        least = level if way == "cyclic" else least
        for node, length in legs:
            level -= length
            if level < 0:
                return False
            level = range_ if node in stations else level
        if level < least and way != "cyclic":
            return False
    return level >= least


def _by_trial(instance, most, **rule):
    """Return the most volume that 0, 1 ... `most` stations serve."""
    trips = []
    bounds = itertools.pairwise(instance.offsets.tolist())
    for (a, b), volume in zip(bounds, instance.volume.tolist(), strict=True):
        path, km = instance.nodes[a:b].tolist(), instance.distance[a:b]
        serving = {
            stations
            for size in range(most + 1)
            for stations in map(frozenset, itertools.combinations(path, size))
            if _tank_says(path, km, stations=stations, **rule)
        }
        trips.append((frozenset(path), serving, volume))
    return [
        max(
            sum(volume for path, serving, volume in trips if chosen & path in serving)
            for chosen in map(frozenset, itertools.combinations(range(len(instance.node_ids)), p))
        )
        for p in range(most + 1)
    ]


@pytest.mark.parametrize("range_", [4, 8, 12])
def test_either_side_of_every_tie_agrees_with_brute_force(tied, range_):
    best = _by_trial(read_instance(tied), 3, range_=range_)
    for p in (1, 2, 3):
        answer = locate(tied, range_=range_, stations=p)
        assert answer["status"] == "optimal"
        assert answer["objective"] == pytest.approx(best[p])


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"one_way": True}, {"way": "one_way"}),
        (
            {"one_way": True, "start_fill": 0.25, "arrival_fill": 0.5},
            {"way": "one_way", "start": 0.25, "arrival": 0.5},
        ),
        ({"cyclic": True}, {"way": "cyclic"}),
        ({"start_fill": 0.75}, {"start": 0.75}),
    ],
)
def test_other_rules_agree_with_brute_force(options, rule):
    best = _by_trial(read_instance(N25), 2, range_=8, **rule)
    for p in (0, 1, 2):
        answer = locate(N25, range_=8, stations=p, **options)
        assert answer["status"] == "optimal"
        assert answer["objective"] == pytest.approx(best[p])


def _line(directory, **columns):
    """Nodes 1-2-3-4-5 on a road, 10 apart; one flow of 3 from 1 to 5 and one of 2 back."""
    ids = [str(k) for k in range(1, 6)]
    nodes = [{"node_id": k, "x_coord": k, "y_coord": 0} for k in ids]
    for name, values in columns.items():
        for node, value in zip(nodes, values, strict=True):
            node[name] = value
    _write(directory, "node.csv", nodes)
    link = {"directed": 0, "length": 10}
    ends = itertools.pairwise(ids)
    _write(
        directory,
        "link.csv",
        [{"link_id": f"{u}-{v}", "from_node_id": u, "to_node_id": v, **link} for u, v in ends],
    )
    flows = [("1", "5", 3), ("5", "1", 2)]
    _write(
        directory, "flow.csv", [dict(zip(("origin", "destination", "volume"), f, strict=True)) for f in flows]
    )
    return directory


def test_a_station_may_serve_those_from_one_side_only(tmp_path):
    # One way, range 40, half full: only node 3 serves both flows; now it takes those from 2 only.
    both = locate(_line(tmp_path), range_=40, stations=1, one_way=True, locked=[3])
    assert (both["objective"], both["stations"]) == (5.0, [3])
    directory = _line(tmp_path, from_nodes=["", "", "2", "", ""])
    assert locate(directory, range_=40, stations=1, one_way=True, locked=[3])["objective"] == 3.0
    assert locate(directory, range_=40, stations=1, one_way=True)["objective"] == 3.0
    assert locate(directory, range_=40, stations=2, one_way=True)["objective"] == 5.0
    # Round trips of 80 fill up once only, at 20 or 60: with range 80 they come home with 20, or never fill.
    assert locate(directory, range_=40, stations=1)["objective"] == 0.0
    assert locate(directory, range_=80, stations=1, locked=[3])["objective"] == 0.0
    # With range 120 they start with 60, and come home with 60 or 100.
    assert locate(directory, range_=120, stations=1, locked=[3])["objective"] == 3.0 + 2.0


def test_from_nodes_must_be_neighbors(tmp_path):
    with pytest.raises(InputError) as caught:
        read_instance(_line(tmp_path, from_nodes=["", "", "2 5", "", "9"]))
    assert [str(fault) for fault in caught.value.faults] == [
        "node.csv row 4 from_nodes: no link leads here from '5'. List neighboring nodes, separated by spaces",
        "node.csv row 6 from_nodes: no link leads here from '9'. List neighboring nodes, separated by spaces",
    ]


def test_start_fills_of_nodes_go_before_that_of_the_question(tmp_path):
    directory = _line(tmp_path, start_fill=["1", "", "", "", ""])
    answer = locate(directory, range_=40, stations=0, one_way=True)
    assert (answer["objective"], answer["objective_share"]) == (3.0, 0.6)
    assert locate(directory, range_=40, stations=0, one_way=True, start_fill=1.0)["objective"] == 5.0
    with pytest.raises(InputError, match=r"node\.csv row 2: start_fill '1\.5' will not do"):
        locate(_line(tmp_path, start_fill=["1.5", "", "", "", ""]), range_=40, stations=0)


def test_budget_and_target_count_costs(tmp_path):
    # Range 40: a round trip of 80 needs both ends, or the middle and one end.
    directory = _line(tmp_path, cost=[5, 9, 1, 9, 3])
    spent = locate(directory, range_=40, budget=4.0)
    assert (spent["stations"], spent["cost"], spent["objective"]) == ([3], 1.0, 5.0)
    cheapest = locate(directory, range_=40, target=1.0)
    assert (cheapest["stations"], cheapest["cost"], cheapest["objective"]) == ([3], 1.0, 1.0)
    assert (cheapest["status"], cheapest["bound"], cheapest["objective_share"]) == ("optimal", 1.0, 1.0)
    assert json.loads(json.dumps(cheapest)) == cheapest
    barred = locate(directory, range_=40, target=1.0, forbidden=[3])
    assert sorted(barred["stations"]) == [1, 5]


def test_targets_on_the_25_node_network():
    answer = locate(N25, range_=8, target=0.5)
    fewest = len(answer["stations"])
    assert (answer["status"], answer["objective"]) == ("optimal", fewest)
    assert answer["objective_share"] >= 0.5 > locate(N25, range_=8, stations=fewest - 1)["objective_share"]
    out_of_reach = locate(N25, range_=8, target=1.0)
    assert out_of_reach["status"] == "infeasible"
    assert "at most 98.33% can be served" in out_of_reach["reason"]
    every = locate(N25, range_=8, target=1.0, target_of="servable")
    assert 100 * every["objective_share"] == pytest.approx(98.333, abs=5e-4)


def test_what_cannot_be_is_noted(tmp_path):
    directory = _line(tmp_path)
    assert locate(directory, range_=5, stations=5)["note"] == (
        "2 of 2 flows cannot be served at range 5 even with every candidate open"
    )
    barred = locate(directory, range_=40, stations=2, forbidden=[1, 2, 3, 4, 5])
    assert (barred["status"], barred["objective"]) == ("optimal", 0.0)
    assert barred["note"] == "no station may be built: all 5 candidates are forbidden"
    flows = [{"origin": 1, "destination": 5, "volume": 0}]
    _write(directory, "flow.csv", flows)
    assert locate(directory, range_=40, stations=2)["note"] == "there is no volume to serve"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"stations": 2, "budget": 3.0}, "stations, budget: only one of them"),
        ({"one_way": True, "cyclic": True, "stations": 1}, "one-way, cyclic"),
        ({"arrival_fill": 0.2, "stations": 1}, "arrival-fill: only a one-way trip"),
        ({"start_fill": 1.2, "stations": 1}, "start-fill: 1.2 is not a share"),
        ({"cyclic": True, "start_fill": 0.4, "stations": 1}, "start-fill: in its steady state"),
        ({"target": float("nan")}, "target: nan is not a share"),
        ({"target": 0.5, "target_of": "some"}, "target-of: 'some' is no volume"),
        ({"stations": 2, "target_of": "servable"}, "target-of: without a target"),
        ({"budget": -1.0}, "budget: -1.0 is not a budget"),
        ({"detour": 0.1, "one_way": True, "stations": 1}, "one-way: not for drivers who leave"),
        (
            {"model": "p-median", "range_": None, "stations": 1, "cyclic": True},
            "cyclic: p-median has no such",
        ),
    ],
)
def test_options_that_do_not_go_together(options, said):
    with pytest.raises(InputError, match=said):
        locate(N25, **{"range_": 8, **options})


def test_columns_without_a_meaning_to_detours(tmp_path):
    with pytest.raises(InputError, match="from_nodes has no meaning"):
        locate(_line(tmp_path, from_nodes=["", "", "2", "", ""]), range_=40, stations=1, detour=0.1)
