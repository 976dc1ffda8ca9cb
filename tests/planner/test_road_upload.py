"""A road graph brought by upload: the same network as the command line imports, or one clear error."""

import gzip
import io
import itertools
import re
import tempfile
import zipfile
from dataclasses import replace

import numpy as np
import osmnx as ox
import pandas as pd
import pytest

from corridor import roads
from corridor.errors import InputError
from corridor.geodesy import great_circle_km
from planner import road_store, road_upload
from planner.fault_text import said, sentence
from planner.inputs import load_inputs
from planner.progress import Stopped
from planner.road_upload import keep, preview, preview_job, source_name
from planner.scenario import Scenario
from tests.corridor.road_samples import NODES, WAYS, write_osm


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """The town of the samples in every format that is taken: name -> files."""
    folder = tmp_path_factory.mktemp("town")
    pbf, osm = (write_osm(folder / f"town.{ending}") for ending in ("osm.pbf", "osm"))
    network = roads.load(pbf)
    for target, kind in (
        ("town.graphml", "graphml"),
        ("town.gpkg", "gpkg"),
        ("gmns", "gmns"),
        ("tables", "parquet"),
    ):
        road_store.export(network, folder / target, kind)
    found = {path.name: [path] for path in (pbf, osm, folder / "town.graphml", folder / "town.gpkg")}
    found |= {name: sorted((folder / name).iterdir()) for name in ("gmns", "tables")}
    files = {name: [(path.name, path.read_bytes()) for path in paths] for name, paths in found.items()}
    return files | {"town.osm.gz": [("town.osm.gz", gzip.compress(osm.read_bytes()))]}


NAMES = ("town.osm.pbf", "town.osm", "town.osm.gz", "town.graphml", "town.gpkg", "gmns", "tables")


def ways(network):
    """Edges as sorted rows of what a truck notices."""
    edges = network.edges
    return sorted(zip(edges["length"].round(1), edges["highway"].astype(str), strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_the_town(sources, name):
    found = preview(sources[name])
    assert ways(found.network) == ways(preview(sources["town.osm.pbf"]).network)
    assert found.network.edges.columns.is_unique
    assert found.name.startswith(("town", "config.csv", "network.json"))


def test_the_preview_counts_what_is_in_the_file(sources, store):
    found = preview(sources["town.osm"])
    west, south, east, north = found.extent
    ring = [1, 2, 3, 4, 11, 12, 13, 14, 32, 33]
    kept = np.array([NODES[node] for node in ring])
    assert kept[:, 0].min() <= west < east <= kept[:, 0].max()
    assert kept[:, 1].min() <= south < north <= kept[:, 1].max()
    assert found.km_by_class.sum() == pytest.approx(found.report.km_out, abs=0.01)
    assert found.km_by_class.index[0] == "motorway"
    lonely = great_circle_km(*NODES[21], *NODES[22])
    spur = great_circle_km(*NODES[3], *NODES[31])
    assert (
        found.faults.loc["islands", "edges"] == 3
    )  # both ways of 107, and 108, which nobody comes back from
    assert found.faults.loc["islands", "km"] == pytest.approx(2 * lonely + spur, rel=0.003)
    assert found.faults.loc["banned", "edges"] == 2
    assert found.faults.loc["banned", "km"] == pytest.approx(
        2 * great_circle_km(*NODES[1], *NODES[3]), rel=0.003
    )
    limited = sum(
        float(great_circle_km(*NODES[u], *NODES[v])) * (1 if "oneway" in tags else 2)
        for nodes, tags in WAYS.values()
        if "maxspeed" in tags
        for u, v in itertools.pairwise(nodes)
    )
    assert found.faults.loc["no_limit", "km"] == pytest.approx(found.report.km_out - limited, rel=0.01)
    assert (found.faults["edges"] > 0).all()
    assert not store.exists()


def test_zones_are_those_of_a_plan_on_these_roads(sources):
    found = preview(sources["town.osm.pbf"])
    inputs = load_inputs(Scenario(network=str(keep(found))))
    assert set(found.zones.index[found.zones["is_near"]]) == set(inputs.zones.index)
    assert set(found.zones.index[~found.zones["is_near"]]) == set(inputs.far_zones.index)
    assert set(found.sites.index[found.sites["is_near"]]) == set(inputs.sites.index)
    assert 2 <= found.zones["is_near"].sum() < len(found.zones)


def test_what_is_kept_is_a_network_of_the_store_and_written_once(sources, store):
    found = preview(sources["town.osm.pbf"])
    folder = keep(found)
    assert folder.is_relative_to(store)
    assert ways(roads.load(folder)) == ways(found.network)
    content = road_store.description(folder)
    assert content["source"] == "town.osm.pbf"
    assert "ODbL" in content["license"]
    assert content["report"]["components"] == found.report.components
    assert source_name(str(folder)) == "town.osm.pbf"
    written = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert keep(preview(sources["town.osm.pbf"])) == folder
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == written
    assert keep(preview(sources["town.osm"])) != folder
    assert "ODbL" not in road_store.description(keep(preview(sources["town.graphml"])))["license"]


def test_a_damaged_folder_is_written_again(sources):
    found = preview(sources["town.osm.pbf"])
    folder = keep(found)
    (folder / "network.json").write_bytes(b"{")
    assert source_name(str(folder)) == folder.name
    assert keep(found) == folder
    assert source_name(str(folder)) == "town.osm.pbf"
    (folder / "roads_edges.parquet").unlink()
    assert ways(roads.load(keep(found))) == ways(found.network)
    changed = replace(found, report=replace(found.report, nodes_out=7))
    keep(changed)
    assert road_store.description(folder)["report"]["nodes_out"] == 7


def refused(files):
    with pytest.raises(InputError) as caught:
        preview(files)
    for fault in caught.value.faults:
        assert tempfile.gettempdir() not in str(fault)
        told = re.sub(r"[(（].*[)）]", "", said(fault, "zh"))  # details of readers are theirs
        assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", told), told
        assert said(fault, "en") == str(fault)
    return str(caught.value)


def zipped():
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr("town.osm", "<osm/>")
    return data.getvalue()


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "empty"),
        ([("town.osm.pbf", b"")], "empty"),
        ([("town.zip", zipped())], "no road graph by the names"),
        ([("notes.txt", b"roads")], "no road graph by the names"),
        ([("..", b"roads")], "no road graph by the names"),
        ([("node.csv", b"node_id\n1\n")], "no road graph by the names"),
        ([("a.osm", b"<osm/>"), ("b.osm", b"<osm/>")], "no road graph by the names"),
        ([("node.csv", b"1"), ("link.csv", b"1"), ("etc.csv", b"1")], "no road graph by the names"),
        ([("x/node.csv", b"1"), ("y/node.csv", b"2"), ("link.csv", b"1")], "no road graph by the names"),
        ([("town.osm.pbf", b"not a road")], "not readable as OpenStreetMap data"),
        ([("town.osm", b"<osm")], "not readable as OpenStreetMap data"),
        ([("town.osm", b"<!DOCTYPE x><osm/>")], "entities"),
        ([("town.osm", b"<osm version='0.6'></osm>")], "no drivable edge"),
        ([("town.osm.gz", b"\x1f\x8bxx")], "not readable"),
        ([("town.graphml", b"<graphml>")], "not readable as an OSMnx GraphML"),
        ([("town.graphml", b"<graphml/>")], "town.graphml"),
        ([("town.gpkg", b"not a package")], "not readable as a GeoPackage"),
        ([("node.csv", b"node_id,x_coord\n1,2\n"), ("link.csv", b"link_id\n1\n")], "y_coord"),
        ([("roads_nodes.parquet", b"PAR1"), ("roads_edges.parquet", b"PAR1")], "not a readable road table"),
    ],
)
def test_what_is_no_road_graph_is_one_clear_error(files, says, store):
    assert says in refused(files)
    assert not store.exists()


@pytest.mark.parametrize("name", ["town.osm.pbf", "town.osm.gz", "town.graphml", "town.gpkg"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_off_is_refused(sources, name, share):
    ((file, content),) = sources[name]
    refused([(file, content[: int(share * len(content))])])


def test_tables_without_their_columns_are_refused(sources, tmp_path):
    files = dict(sources["tables"])
    nodes = pd.read_parquet(io.BytesIO(files["roads_nodes.parquet"])).drop(columns="x")
    nodes.to_parquet(tmp_path / "nodes.parquet")
    files["roads_nodes.parquet"] = (tmp_path / "nodes.parquet").read_bytes()
    assert "KeyError" in refused(list(files.items()))


def test_roads_elsewhere_are_refused_with_where_they_are(tmp_path):
    graph = ox.load_graphml(graph_at(tmp_path, lon=8.5, lat=47.4))
    assert len(graph) > 2
    error = refused([("zurich.graphml", (tmp_path / "moved.graphml").read_bytes())])
    assert "longitude 8.50 to 8.60 and latitude 47.40 to 47.50" in error


def graph_at(folder, *, lon, lat):
    """Write the town's main ring at another place."""
    graph = roads.to_osmnx(roads.load(write_osm(folder / "town.osm.pbf")))
    for _, data in graph.nodes(data=True):
        data["x"], data["y"] = data["x"] - 104.0 + lon, data["y"] - 30.6 + lat
    for _, _, data in graph.edges(data=True):
        data.pop("geometry", None)
        data.pop("length", None)
    ox.save_graphml(graph, folder / "moved.graphml")
    return folder / "moved.graphml"


def test_large_files_and_networks_are_refused(sources, monkeypatch):
    monkeypatch.setattr(road_upload, "MOST_NODES", 3)
    assert "more than the 3" in refused(sources["town.osm.pbf"])
    monkeypatch.setattr(road_upload, "MOST_GRAPHML_MB", 0.001)
    assert "larger than 0.001 MB" in refused(sources["town.graphml"])
    monkeypatch.setattr(road_upload, "MOST_MB", 0.0001)
    assert "larger than 0.0001 MB" in refused(sources["town.osm.pbf"])


def test_reading_tells_its_steps_and_stops_when_asked(sources):
    told = []
    preview(sources["town.osm.pbf"], told.append)
    messages = [progress.message for progress in told]
    assert [message.split()[0] for message in messages] == ["reading", "reading", "simplifying", "joining"]
    assert all(re.search(r"[一-鿿]", sentence(message, "zh")) for message in messages)
    for asked in range(len(messages)):
        asks = iter([False] * asked + [True])
        with pytest.raises(Stopped):
            preview(sources["town.osm.pbf"], should_stop=lambda asks=asks: next(asks))


def test_a_job_gives_the_preview_or_the_error(sources):
    job = preview_job(sources["town.osm.pbf"])
    assert job.wait(60)
    assert job.error is None
    assert ways(job.result.network) == ways(preview(sources["town.osm.pbf"]).network)
    bad = preview_job([("town.osm.pbf", b"not a road")])
    assert bad.wait(60)
    assert isinstance(bad.error, InputError)


@pytest.mark.parametrize(
    "name", ["../../x.osm.pbf", "C:\\a\\b.osm.pbf", "a\x00b.osm.pbf", "图" * 200 + ".osm.pbf"]
)
def test_a_name_leads_nowhere(sources, name):
    ((_, content),) = sources["town.osm.pbf"]
    found = preview([(name, content)])
    assert re.fullmatch(r"[\w.() -]{1,150}", found.name)
    assert keep(found).parent.name == "networks"
