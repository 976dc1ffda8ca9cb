from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from corridor.errors import InputError
from planner.instance import read_instance

NODE = "node_id,x_coord,y_coord\nA,0,0\nB,1,0\nC,2,0\nD,3,0\n"
LINK = "link_id,from_node_id,to_node_id,directed,length\n1,A,B,0,2\n2,B,C,0,3\n3,A,C,0,9\n4,C,D,1,1.5\n"
FLOW = "origin,destination,volume,path\nA,C,10,\nC,A,5,C A\nA,D,1,\n"


@pytest.fixture
def write(tmp_path):
    def write_files(*, node=NODE, link=LINK, flow=FLOW):
        for name, text in (("node", node), ("link", link), ("flow", flow)):
            if text is not None:
                (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
        return tmp_path

    return write_files


def _paths(instance):
    return [
        [instance.node_ids[v] for v in instance.nodes[a:b]]
        for a, b in zip(instance.offsets[:-1], instance.offsets[1:], strict=True)
    ]


def _faults(directory):
    with pytest.raises(InputError) as caught:
        read_instance(directory)
    return [str(fault) for fault in caught.value.faults]


def test_shortest_and_given_paths(write):
    instance = read_instance(write())
    assert _paths(instance) == [["A", "B", "C"], ["C", "A"], ["A", "B", "C", "D"]]
    assert instance.length.tolist() == [5.0, 9.0, 6.5]
    assert instance.distance.tolist() == [0.0, 2.0, 5.0, 0.0, 9.0, 0.0, 2.0, 5.0, 6.5]
    assert instance.volume.tolist() == [10.0, 5.0, 1.0]
    assert instance.candidates.tolist() == [0, 1, 2, 3]


def test_whole_number_ids_come_back_as_int_and_others_as_given(write):
    number = {"A": "10", "B": "2", "C": "3", "D": "4"}
    node, link, flow = NODE, LINK, FLOW
    for letter, digit in number.items():
        node, link, flow = (text.replace(letter, digit) for text in (node, link, flow))
    assert read_instance(write(node=node, link=link, flow=flow)).node_ids == (10, 2, 3, 4)
    node, link, flow = (text.replace("10", "010") for text in (node, link, flow))
    assert read_instance(write(node=node, link=link, flow=flow)).node_ids == ("010", "2", "3", "4")


def test_a_node_may_be_called_na_and_files_may_carry_a_mark_spaces_and_blank_lines(write):
    node = "\ufeff" + NODE.replace("\nB", "\n\n NA ")
    link = LINK.replace("B", "NA")
    instance = read_instance(write(node=node, link=link))
    assert instance.node_ids == ("A", "NA", "C", "D")
    assert _paths(instance)[0] == ["A", "NA", "C"]


def test_candidates_are_those_marked(write):
    node = "node_id,x_coord,y_coord,candidate\nA,0,0,1\nB,1,0,0\nC,2,0,1\nD,3,0,0\n"
    assert read_instance(write(node=node)).candidates.tolist() == [0, 2]


def test_parallel_links_count_by_the_shorter(write):
    instance = read_instance(write(link=LINK + "5,B,A,0,1\n"))
    assert instance.length.tolist() == [4.0, 9.0, 5.5]


def test_ties_go_the_way_of_networkx(write):
    rng = np.random.default_rng(1)
    graph = nx.grid_2d_graph(5, 5)
    graph = nx.convert_node_labels_to_integers(graph)
    edges = rng.permutation(list(graph.edges)).tolist()
    ordered = nx.Graph()
    ordered.add_weighted_edges_from([(u, v, int(rng.integers(1, 3))) for u, v in edges])
    node = "node_id,x_coord,y_coord\n" + "".join(f"{v},0,0\n" for v in range(25))
    link = "link_id,from_node_id,to_node_id,directed,length\n" + "".join(
        f"{k},{u},{v},0,{d['weight']}\n" for k, (u, v) in enumerate(edges) for d in [ordered[u][v]]
    )
    pairs = [(u, v) for u in range(25) for v in range(25) if u != v]
    flow = "origin,destination,volume\n" + "".join(f"{u},{v},1\n" for u, v in pairs)
    paths = _paths(read_instance(write(node=node, link=link, flow=flow)))
    assert paths == [nx.single_source_dijkstra(ordered, u, v)[1] for u, v in pairs]


def test_every_fault_is_listed_with_file_and_row(write):
    node = "node_id,x_coord,y_coord,candidate\nA,0,0,1\nB,east,0,1\nA,2,0,2\n,3,0,1\n"
    link = "link_id,from_node_id,to_node_id,directed,length\n1,A,B,0,-2\n1,B,Z,maybe,3\n3,A,B,0,\n"
    flow = "origin,destination,volume\nA,B,-1\nA,Q,nan\nB,B,1\n"
    faults = _faults(write(node=node, link=link, flow=flow))
    places = [fault.split(":")[0] for fault in faults]
    assert places == [
        "node.csv row 5",
        "node.csv row 4",
        "node.csv row 3",
        "node.csv row 4",
        "link.csv row 3",
        "link.csv row 3",
        "link.csv row 3",
        "link.csv row 2",
        "link.csv row 4",
        "flow.csv row 3",
        "flow.csv row 4",
        "flow.csv row 2",
        "flow.csv row 3",
    ]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("A Q C", "node Q is not in node.csv"),
        ("B C", "starts at B"),
        ("A B", "ends at B"),
        ("A D C", "no link leads from A to D"),
    ],
)
def test_paths_given_must_hold_together(write, path, said):
    (fault,) = _faults(write(flow=f"origin,destination,volume,path\nA,C,1,{path}\n"))
    assert said in fault
    assert fault.startswith("flow.csv row 2 path")


def test_a_flow_nobody_can_drive_is_named(write):
    (fault,) = _faults(write(flow="origin,destination,volume\nA,C,1\nD,A,1\n"))
    assert fault.startswith("flow.csv row 3: no links lead from D to A")


@pytest.mark.parametrize("name", ["node", "link", "flow"])
def test_missing_files_and_columns_are_named(write, name):
    directory = write()
    (directory / f"{name}.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (fault,) = _faults(directory)
    assert fault.startswith(f"{name}.csv: column ")
    (directory / f"{name}.csv").unlink()
    (fault,) = _faults(directory)
    assert f"{name}.csv: the file is missing" in fault


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b'node_id,x\n"1,2\n', b"node_id,x_coord,y_coord\n1,2,3\n1,2,3,4,5\n"]
)
def test_files_that_are_no_csv_are_named(write, content):
    directory = write()
    (directory / "node.csv").write_bytes(content)
    assert "node.csv" in _faults(directory)[0]


def test_many_faults_of_a_kind_are_counted(write):
    faults = _faults(write(flow="origin,destination,volume\n" + "A,C,x\n" * 50))
    assert len(faults) == 21
    assert faults[-1].endswith("30 more rows of the same kind")
