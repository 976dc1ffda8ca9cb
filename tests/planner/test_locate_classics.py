"""The location models between points through the door of `chengyu locate`."""

from __future__ import annotations

import csv
import json
import shutil
from itertools import combinations
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from typer.testing import CliRunner

from corridor.errors import InputError
from planner import cli
from planner.cli import app
from planner.locate import MODELS, locate

N25 = Path(__file__).parents[1] / "instances" / "n25"
SHARED = Path(__file__).parents[2].parent / "shared" / "benchmarks"

# OR-Library p-median (Beasley 1985): a spread of sizes and of p; benchmarks/classics.py runs all of them.
PMED = ("pmed1", "pmed5", "pmed6", "pmed9", "pmed13", "pmed16", "pmed20")

needs_shared = pytest.mark.skipif(
    not SHARED.exists(), reason="reference instances are not beside the checkout"
)


@pytest.fixture(scope="module")
def network():
    """Distances of the 25-node network by networkx, and its node ids."""
    graph = nx.Graph()
    for row in csv.DictReader((N25 / "link.csv").read_text(encoding="utf-8").splitlines()):
        graph.add_edge(int(row["from_node_id"]), int(row["to_node_id"]), weight=float(row["length"]))
    ids = sorted(graph)
    reached = dict(nx.all_pairs_dijkstra_path_length(graph, weight="weight"))
    return ids, np.array([[reached[u][v] for v in ids] for u in ids])


def _weighted(tmp_path, weights):
    """Copy the network, with weights at its nodes and without flows."""
    shutil.copy(N25 / "link.csv", tmp_path)
    rows = (N25 / "node.csv").read_text(encoding="utf-8").splitlines()
    marked = [f"{row},{weight:g}" for row, weight in zip(rows[1:], weights, strict=True)]
    (tmp_path / "node.csv").write_text("\n".join([rows[0] + ",weight", *marked]), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("stations", [1, 2, 3])
def test_between_nodes_as_trying_everything(tmp_path, network, stations):
    ids, distance = network
    weight = np.arange(25) % 4.0
    directory = _weighted(tmp_path, weight)
    asked = weight > 0
    every = [list(chosen) for chosen in combinations(range(25), stations)]
    nearest = [distance[:, chosen].min(axis=1) for chosen in every]
    truth = {
        "p-median": min(float(near @ weight) for near in nearest),
        "p-center": min(float(near[asked].max()) for near in nearest),
        "max-cover": max(float(weight[near <= 5].sum()) for near in nearest),
    }
    for model, best in truth.items():
        radius = {"radius": 5} if model == "max-cover" else {}
        answer = locate(directory, model=model, stations=stations, **radius)
        assert answer["status"] == "optimal"
        assert answer["objective"] == pytest.approx(best)
        assert answer["bound"] == pytest.approx(best)
        assert json.loads(json.dumps(answer, allow_nan=False)) == answer
        rows = answer["assignments"]
        assert {row["station"] for row in rows} <= set(answer["stations"])
        assert all(
            row["distance"] == distance[ids.index(row["node"]), ids.index(row["station"])] for row in rows
        )
        if model == "max-cover":
            assert answer["objective_share"] == pytest.approx(best / weight.sum())
        else:
            assert [row["node"] for row in rows] == [
                i for i, is_asked in zip(ids, asked, strict=True) if is_asked
            ]


def test_the_fewest_stations_cover_everyone(network):
    _, distance = network
    answer = locate(N25, model="set-cover", radius=8)
    best = next(
        size
        for size in range(1, 26)
        if any((distance[:, c] <= 8).any(axis=1).all() for c in combinations(range(25), size))
    )
    assert (answer["status"], answer["objective"], len(answer["stations"])) == ("optimal", best, best)
    assert len(answer["assignments"]) == 25


def test_distances_follow_one_way_links(tmp_path):
    node = "node_id,x_coord,y_coord,candidate\nA,0,0,1\nB,0,0,0\nC,0,0,1\n"
    link = "link_id,from_node_id,to_node_id,directed,length\n1,A,B,1,1\n2,B,C,1,2\n3,C,A,1,4\n4,C,C,1,0\n"
    (tmp_path / "node.csv").write_text(node, encoding="utf-8")
    (tmp_path / "link.csv").write_text(link, encoding="utf-8")
    answer = locate(tmp_path, model="p-median", stations=1)
    assert (answer["stations"], answer["objective"]) == (["C"], 5.0)  # A 3, B 2; at A: B 6, C 4
    link = link.replace("1,A,B,1,1", "1,A,B,1,0")
    (tmp_path / "link.csv").write_text(link, encoding="utf-8")
    assert locate(tmp_path, model="p-median", stations=1)["objective"] == 4.0


def test_a_network_in_parts_has_a_reason(tmp_path):
    node = "node_id,x_coord,y_coord,weight\n" + "".join(
        f"{k},0,0,{w}\n" for k, w in enumerate([1, 1, 1, 1, 0])
    )
    link = "link_id,from_node_id,to_node_id,directed,length\n1,0,1,0,1\n2,2,3,0,1\n"
    (tmp_path / "node.csv").write_text(node, encoding="utf-8")
    (tmp_path / "link.csv").write_text(link, encoding="utf-8")
    for model in ("p-median", "p-center"):
        answer = locate(tmp_path, model=model, stations=1)
        assert (answer["status"], answer["objective"]) == ("infeasible", None)
        assert "at least 2 more stations, but 1" in answer["reason"]
        assert locate(tmp_path, model=model, stations=2)["status"] == "optimal"
    forbidden = locate(tmp_path, model="p-median", stations=2, forbidden=["2", "3"])
    assert forbidden["reason"].startswith(
        "2 of 4 nodes with weight have no site that may be open in reach: 2, 3"
    )
    alone = locate(tmp_path, model="set-cover", radius=0.5, forbidden=["0"])
    assert "within 0.5: 0" in alone["reason"]
    assert locate(tmp_path, model="max-cover", stations=1, radius=1)["objective"] == 2.0


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("weight", ["-1", "x"], "weight '-1' will not do"),
        ("weight", ["nan", "1"], "weight 'nan' will not do"),
        ("weight", ["0", "0"], "no node has weight"),
        ("cost", ["1", "-3"], "cost '-3' will not do"),
    ],
)
def test_faulty_columns_of_nodes_are_named(tmp_path, column, values, said):
    node = f"node_id,x_coord,y_coord,{column}\n" + "".join(f"{k},0,0,{v}\n" for k, v in enumerate(values))
    (tmp_path / "node.csv").write_text(node, encoding="utf-8")
    (tmp_path / "link.csv").write_text(
        "link_id,from_node_id,to_node_id,directed,length\n1,0,1,0,1\n", encoding="utf-8"
    )
    with pytest.raises(InputError, match=said):
        locate(tmp_path, model="set-cover", radius=1)


def test_costs_at_the_nodes_count_for_set_covering(tmp_path):
    node = "node_id,x_coord,y_coord,cost\n0,0,0,1\n1,0,0,5\n2,0,0,1\n"
    (tmp_path / "node.csv").write_text(node, encoding="utf-8")
    (tmp_path / "link.csv").write_text(
        "link_id,from_node_id,to_node_id,directed,length\n1,0,1,0,1\n2,1,2,0,1\n", encoding="utf-8"
    )
    answer = locate(tmp_path, model="set-cover", radius=1)
    assert (answer["stations"], answer["objective"]) == ([0, 2], 2.0)


FACILITY = "facility_id,fixed_cost,capacity\nF1,10,6\nF2,4,3\nF3,7,\n"
CUSTOMER = "customer_id,demand\na,2\nb,4\nc,1\n"
COST = "facility_id,customer_id,cost\n" + "".join(
    f"{f},{c},{cost}\n"
    for f, row in {"F1": (1, 2, 9), "F2": (4, 3, 1), "F3": (8, 8, 8)}.items()
    for c, cost in zip("abc", row, strict=True)
)


@pytest.fixture
def write(tmp_path):
    def write_files(*, facility=FACILITY, customer=CUSTOMER, cost=COST):
        for name, text in (("facility", facility), ("customer", customer), ("cost", cost)):
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        return tmp_path

    return write_files


def test_a_small_facility_location_worked_out_by_hand(write):
    # F1 and F2: fixed 14, a and b from F1 1 + 2, c from F2 1: 18. F1 alone holds 6 of the 7 demanded.
    # F2 and F3: 11, c and a from F2 1 + 4, b from F3 8: 24. F1 and F3: 17 + 1 + 2 + 8 = 28. F3: 7 + 24 = 31.
    answer = locate(write(), model="facility-location")
    assert (answer["status"], answer["stations"]) == ("optimal", ["F1", "F2"])
    assert answer["objective"] == pytest.approx(18.0)
    assert answer["assignments"] == [
        {"customer": "a", "facility": "F1", "share": pytest.approx(1.0)},
        {"customer": "b", "facility": "F1", "share": pytest.approx(1.0)},
        {"customer": "c", "facility": "F2", "share": pytest.approx(1.0)},
    ]
    # Without capacities F2 alone: 4 + 8 = 12.
    free = locate(write(facility="facility_id,fixed_cost\nF1,10\nF2,4\nF3,7\n"), model="facility-location")
    assert (free["objective"], free["stations"]) == (12.0, ["F2"])
    # Standing F1 costs nothing.
    standing = locate(write(), model="facility-location", existing=["F1"])
    assert (standing["objective"], standing["stations"]) == (pytest.approx(8.0), ["F2"])


def test_pairs_left_out_cannot_be_served(write):
    rows = COST.splitlines()
    answer = locate(write(cost="\n".join(row for row in rows if row != "F2,c,1")), model="facility-location")
    assert answer["note"] == "1 of 9 pairs are not in cost.csv and were not served"
    assert {"customer": "c", "facility": "F2", "share": 1.0} not in answer["assignments"]
    nobody = locate(write(cost="\n".join(r for r in rows if ",c," not in r)), model="facility-location")
    assert nobody["status"] == "infeasible"
    assert nobody["reason"].endswith("1 of 3 customers have no facility that may be open and serve them: c")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"facility": FACILITY + "F1,1,1\n"}, "facility.csv row 5: facility_id F1 stands twice"),
        ({"customer": "customer_id,demand\n"}, "customer.csv: no rows"),
        ({"customer": CUSTOMER + ",1\n"}, "customer.csv row 5: customer_id is empty"),
        ({"customer": CUSTOMER + "d,nan\n"}, "demand 'nan' will not do"),
        ({"facility": "facility_id,fixed_cost\nF1,-1\n"}, "fixed_cost '-1' will not do"),
        ({"facility": FACILITY + "F4,1,-1\n"}, "facility.csv row 5: capacity '-1' will not do"),
        ({"cost": COST + "F1,a,1\n"}, "cost.csv row 11: facility F1 and customer a stand twice"),
        ({"cost": COST + "F9,a,1\n"}, "cost.csv row 11: facility_id 'F9' is not in facility.csv"),
        ({"cost": COST + "F1,z,1\n"}, "cost.csv row 11: customer_id 'z' is not in customer.csv"),
        ({"cost": COST.replace("F1,a,1", "F1,a,inf")}, "cost.csv row 2: cost 'inf' will not do"),
        ({"cost": "facility_id,cost\nF1,1\n"}, "cost.csv: column customer_id is missing"),
        ({"cost": ""}, "cost.csv: the file is empty"),
    ],
)
def test_faults_of_facility_files_are_named(write, files, said):
    with pytest.raises(InputError) as caught:
        locate(write(**files), model="facility-location")
    assert said in str(caught.value)


def test_instances_that_would_not_fit_into_memory_are_refused(write, monkeypatch):
    monkeypatch.setattr("planner.facility_instance.MOST_CAPACITATED", 8)
    with pytest.raises(InputError, match="3 facilities x 3 customers are more than 8 pairs"):
        locate(write(), model="facility-location")
    monkeypatch.setattr("planner.demand_points.MOST_CELLS", 600)
    with pytest.raises(InputError, match="25 nodes with weight x 25 sites are more than 600 distances"):
        locate(N25, model="p-median", stations=1)
    monkeypatch.setattr("planner.instance_tables.MOST_ROWS", 24)
    with pytest.raises(InputError, match=r"node\.csv: has more than 24 rows"):
        locate(N25, model="p-median", stations=1)


def test_costs_are_read_in_chunks(write, monkeypatch):
    whole = locate(write(), model="facility-location")
    monkeypatch.setattr("planner.facility_instance._CHUNK", 2)
    assert locate(write(), model="facility-location")["objective"] == whole["objective"]
    with pytest.raises(InputError, match=r"cost.csv row 11: facility F1 and customer a stand twice"):
        locate(write(cost=COST + "F1,a,1\n"), model="facility-location")


def test_the_command_line_takes_ids_by_commas_and_one_by_one():
    arguments = ["locate", str(N25), "--model", "p-median", "--stations", "3", "--json"]
    fates = ["--locked", "1,2", "--existing", "9", "--existing", "11", "--forbidden", "12"]
    result = CliRunner().invoke(app, arguments + fates)
    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["existing"] == [9, 11]
    assert {1, 2} < set(answer["stations"])
    assert 12 not in answer["stations"]


def test_the_command_line_names_the_models_there_are():
    assert cli._MODELS.split(" | ") == list(MODELS)


def test_the_command_line_leaves_with_3_when_there_is_no_answer():
    result = CliRunner().invoke(app, ["locate", str(N25), "--model", "p-center", "--stations", "0", "--json"])
    assert result.exit_code == 3
    assert json.loads(result.stdout)["status"] == "infeasible"
    assert "no station stands" in result.stderr


def _optima(folder):
    """Return the published optimum of each instance."""
    rows = (SHARED / folder / "optima.csv").read_text(encoding="utf-8").split()[1:]
    return {name: float(best) for name, best in (row.split(",") for row in rows)}


def _write_pmed(name, directory):
    """Write an OR-Library p-median instance as node.csv and link.csv; return p."""
    numbers = (SHARED / "orlib_pmed" / f"{name}.txt").read_text(encoding="utf-8").split()
    n, m, p = map(int, numbers[:3])
    rows = np.array(numbers[3 : 3 + 3 * m], dtype=int).reshape(m, 3).tolist()
    last = {(min(u, v), max(u, v)): length for u, v, length in rows}  # the last of duplicate edges wins
    node = ["node_id,x_coord,y_coord", *(f"{v},0,0" for v in range(1, n + 1))]
    link = [f"{k},{u},{v},0,{length}" for k, ((u, v), length) in enumerate(last.items())]
    (directory / "node.csv").write_text("\n".join(node), encoding="utf-8")
    header = "link_id,from_node_id,to_node_id,directed,length"
    (directory / "link.csv").write_text("\n".join([header, *link]), encoding="utf-8")
    return p


@needs_shared
@pytest.mark.parametrize("name", PMED)
def test_optima_of_the_or_library_p_medians(tmp_path, name):
    optima = _optima("orlib_pmed")
    p = _write_pmed(name, tmp_path)
    answer = locate(tmp_path, model="p-median", stations=p)
    assert (answer["status"], answer["objective"]) == ("optimal", optima[name])
    assert answer["bound"] == answer["objective"]


@needs_shared
def test_optima_of_the_or_library_warehouses(tmp_path):
    for name, best in _optima("orlib_cap").items():
        numbers = (SHARED / "orlib_cap" / f"{name}.txt").read_text(encoding="utf-8").split()
        m, n = int(numbers[0]), int(numbers[1])
        facility = np.array(numbers[2 : 2 + 2 * m], dtype=float).reshape(m, 2).tolist()
        block = np.array(numbers[2 + 2 * m :], dtype=float).reshape(n, m + 1).tolist()
        tables = {
            "facility": [
                "facility_id,fixed_cost,capacity",
                *(f"{j},{f},{k}" for j, (k, f) in enumerate(facility)),
            ],
            "customer": ["customer_id,demand", *(f"{i},{row[0]}" for i, row in enumerate(block))],
            "cost": [
                "facility_id,customer_id,cost",
                *(f"{j},{i},{c!r}" for i, row in enumerate(block) for j, c in enumerate(row[1:])),
            ],
        }
        for table, lines in tables.items():
            (tmp_path / f"{table}.csv").write_text("\n".join(lines), encoding="utf-8")
        answer = locate(tmp_path, model="facility-location")
        assert answer["status"] == "optimal"
        assert answer["objective"] == pytest.approx(best, abs=1e-3)
