"""GMNS tables as other tools write them: the network must be that of the OpenStreetMap file."""

import numpy as np
import osmnx as ox
import pandas as pd
import pytest

from corridor import gmns, roads
from corridor.errors import InputError
from tests.corridor.road_samples import write_osm
from tests.corridor.test_imports import load, routes


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = write_osm(tmp_path_factory.mktemp("gmns") / "town.osm")
    graph = ox.graph_from_xml(path, retain_all=True, simplify=True)
    closed = [(u, v, k) for u, v, k, data in graph.edges(keys=True, data=True) if "access" in data]
    graph.remove_edges_from(closed)
    return graph


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    return routes(load(write_osm(tmp_path_factory.mktemp("osm") / "town.osm")))


def write(folder, graph, config=None, drop=(), node=None, **columns):
    """Write an OSMnx graph as a person would with pandas: lists as text, lengths in m."""
    folder.mkdir()
    nodes, edges = ox.graph_to_gdfs(graph)
    table = pd.DataFrame({"node_id": nodes.index, "x_coord": nodes["x"], "y_coord": nodes["y"]})
    table.assign(**(node or {})).to_csv(folder / "node.csv", index=False)
    ends = edges.reset_index()
    link = pd.DataFrame(
        {
            "link_id": np.arange(len(ends)),
            "from_node_id": ends["u"],
            "to_node_id": ends["v"],
            "directed": 1,
            "length": ends["length"],
            "facility_type": ends["highway"],
            "maxspeed": ends["maxspeed"],
            "geometry": ends.geometry.to_wkt(),
        }
    )
    link.assign(**columns).drop(columns=list(drop)).to_csv(folder / "link.csv", index=False)
    if config:
        (folder / "config.csv").write_text(config, encoding="utf-8")
    return folder


def test_an_osmnx_graph_written_by_hand(graph, expected, tmp_path):
    listed = [str([data["highway"]]) for *_, data in graph.edges(data=True)]
    lists = load(write(tmp_path / "lists", graph, facility_type=listed))
    assert routes(lists) == pytest.approx(expected, abs=0.5)
    assert routes(load(write(tmp_path / "plain", graph))) == pytest.approx(expected, abs=0.5)
    without = write(tmp_path / "without", graph, drop=["directed"])
    assert routes(load(without)) == pytest.approx(expected, abs=0.5)


def test_projected_coordinates_need_the_system_named(graph, expected, tmp_path):
    moved = ox.project_graph(graph, to_crs="EPSG:32648")
    named = write(tmp_path / "named", moved, config="crs,long_length\nEPSG:32648,m\n")
    assert routes(load(named)) == pytest.approx(expected, abs=0.5)
    with pytest.raises(InputError, match="off the map"):
        load(write(tmp_path / "unnamed", moved, config="long_length\nm\n"))
    with pytest.raises(InputError) as caught:
        load(write(tmp_path / "faulty", moved, config="crs,long_length,speed\nEPSG:1,li,knots\n"))
    assert len(caught.value.faults) == 3


def test_links_of_no_use_to_trucks_are_left_out(graph, tmp_path):
    uses = ["walk;bike"] * graph.number_of_edges()
    with pytest.raises(InputError, match="no drivable edge"):
        load(write(tmp_path / "walk", graph, allowed_uses=uses))
    uses[1:] = ["auto;bike"] * (len(uses) - 1)
    _, edges, notices = gmns.read_gmns(write(tmp_path / "some", graph, allowed_uses=uses))
    assert len(edges) == len(uses) - 1
    assert "1 links are not open to trucks" in notices[0]


def test_words_of_agencies_and_osm2gmns_become_classes(graph, tmp_path):
    n_links = graph.number_of_edges()
    _, edges, notices = gmns.read_gmns(
        write(tmp_path / "agency", graph, facility_type=["Freeway", "Ramp"] + ["Arterial"] * (n_links - 2))
    )
    assert edges["highway"].value_counts().to_dict() == {
        "primary": n_links - 2,
        "motorway": 1,
        "motorway_link": 1,
    }
    assert any("Freeway = motorway" in notice for notice in notices)
    options = {"link_type_name": "trunk", "is_link": [1] + [0] * (n_links - 1), "free_speed": 50.0}
    _, edges, _ = gmns.read_gmns(
        write(tmp_path / "tool", graph, config="speed\nmph\n", drop=["facility_type"], **options)
    )
    assert edges["highway"].value_counts().to_dict() == {"trunk": n_links - 1, "trunk_link": 1}
    assert edges["maxspeed_kmh"].to_numpy() == pytest.approx(80.4672)


def test_own_columns_survive_import_and_export(graph, tmp_path):
    folder = write(tmp_path / "own", graph, node={"depot": "yes"}, aadt="1200")
    network = load(folder)
    assert network.edges["aadt"].eq("1200").all()
    node, link, _ = gmns.gmns_tables(network.nodes, network.edges)
    assert node["depot"].eq("yes").all()
    assert link["link_id"].is_unique
    assert link.columns.is_unique
    assert set(node["node_id"]) == set(network.nodes.index)
    assert isinstance(network, roads.RoadNetwork)
