"""A road through a ridge: elevations from a model written by hand, kept with an imported network."""

import json

import numpy as np
import osmium
import osmnx as ox
import pytest
import rasterio
from pyproj import Transformer
from rasterio import Affine
from typer.testing import CliRunner

from corridor import roads
from planner.cli import app

RUNNER = CliRunner()

#: id: (lon, lat); the ridge runs north to south at 104.10, the road through it from west to east.
NODES = {n: (round(104.0 + 0.02 * n, 2), 30.5) for n in range(11)}
FOOT = 500.0


def ground(lon):
    """Meters above sea level: a ridge 1,000 m high over a plain."""
    return FOOT + 1000.0 * np.exp(-(((lon - 104.1) / 0.02) ** 2))


@pytest.fixture(autouse=True)
def _own_store(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store" / "plans"))


def answer(*arguments, code=0):
    result = RUNNER.invoke(app, ["roads", *map(str, arguments), "--json"])
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def road(tmp_path):
    """A primary road of ten ways; the two amid the ridge are a tunnel."""
    path = tmp_path / "ridge.osm"
    writer = osmium.SimpleWriter(str(path), overwrite=True)
    for node, place in NODES.items():
        writer.add_node(osmium.osm.mutable.Node(id=node + 1, location=place, version=1, tags={}))
    for way in range(10):
        tags = {"highway": "primary"} | ({"tunnel": "yes"} if way in {4, 5} else {})
        nodes = [way + 1, way + 2]
        writer.add_way(osmium.osm.mutable.Way(id=100 + way, nodes=nodes, version=1, tags=tags))
    writer.close()
    return path


def write_dem(path, *, crs="EPSG:4326", west=103.9, cells=400, nodata=None):
    step = 0.001
    lon = west + step * (np.arange(cells) + 0.5)
    heights = np.tile(ground(lon), (200, 1)).astype("float32")
    if nodata is not None:
        heights[:, lon > nodata] = -9999.0
    profile = {"driver": "GTiff", "height": 200, "width": cells, "count": 1, "dtype": "float32"}
    transform = Affine(step, 0.0, west, 0.0, -step, 30.6)
    with rasterio.open(path, "w", **profile, crs=crs, nodata=-9999.0, transform=transform) as raster:
        raster.write(heights, 1)
    return path


def test_a_tunnel_runs_through_the_ridge_not_over_it(road, tmp_path):
    dem = write_dem(tmp_path / "dem.tif")
    folder = tmp_path / "net"
    report = answer("import", road, "--no-simplify", "--dem", dem, "--out", folder)
    assert report["notices"] == []
    network = roads.load(folder)
    heights = network.nodes["elevation_m"]
    portal = ground(104.08)
    # Cells are 100 m wide; the ridge rises 20 m on that.
    assert heights[5] == pytest.approx(portal, abs=25)
    assert heights[6] == pytest.approx(portal, abs=25), "inside, 600 m below the top"
    assert network.nodes["elevation_quality"].value_counts().to_dict() == {"given": 10, "interpolated": 1}
    climbing = network.edges.loc[(4, 5, 0)]
    rise = heights[5] - heights[4]
    assert climbing["climb_m"] == pytest.approx(rise, abs=0.2)
    assert climbing["descent_m"] == 0.0
    assert climbing["grade"] == pytest.approx(rise / climbing["length"], abs=1e-4)
    back = network.edges.loc[(5, 4, 0)]
    assert (back["climb_m"], back["descent_m"]) == (0.0, climbing["climb_m"])
    assert back["grade"] == -climbing["grade"]
    way = answer("route", "104.0,30.5", "104.2,30.5", "--network", folder)["routes"][0]
    assert way["highest_m"] == pytest.approx(portal, abs=25)
    assert way["climb_m"] == pytest.approx(portal - FOOT, abs=30)
    described = answer("describe", folder)["elevation"]
    assert described["source"] == "network"
    assert described["share_by_quality"]["given"] == pytest.approx(10 / 11, abs=1e-3)
    assert described["highest_m"] == pytest.approx(portal, abs=25)


def test_a_long_edge_over_the_ridge_climbs_it(tmp_path):
    path = tmp_path / "open.osm"
    writer = osmium.SimpleWriter(str(path), overwrite=True)
    for node, place in NODES.items():
        writer.add_node(osmium.osm.mutable.Node(id=node + 1, location=place, version=1, tags={}))
    nodes = [node + 1 for node in NODES]
    writer.add_way(osmium.osm.mutable.Way(id=100, nodes=nodes, version=1, tags={"highway": "primary"}))
    writer.close()
    dem = write_dem(tmp_path / "dem.tif")
    answer("import", path, "--dem", dem, "--out", tmp_path / "net")
    network = roads.load(tmp_path / "net")
    assert len(network.edges) == 2
    edge = network.edges.iloc[0]
    # Read every kilometer, the top is met within half of one: the ridge falls 65 m on that.
    assert edge["climb_m"] == pytest.approx(1000, abs=80)
    assert edge["descent_m"] == pytest.approx(1000, abs=80)
    assert edge["grade"] == pytest.approx(0.0, abs=1e-3)


def test_cells_are_those_osmnx_takes(road, tmp_path):
    dem = write_dem(tmp_path / "dem.tif")
    answer("import", road, "--no-simplify", "--dem", dem, "--out", tmp_path / "net")
    graph = ox.graph_from_xml(road, simplify=False, retain_all=True)
    graph = ox.elevation.add_node_elevations_raster(graph, dem, cpus=1)
    heights = roads.load(tmp_path / "net").nodes["elevation_m"]
    compared = [node for node in graph if node != 6]  # inside the tunnel OSMnx drapes the road over the top
    assert {node: graph.nodes[node]["elevation"] for node in compared} == pytest.approx(
        {node: heights[node] for node in compared}, abs=0.06
    )
    assert graph.nodes[6]["elevation"] > heights[6] + 500


def test_elevations_stay_with_the_network_when_it_is_exported_and_imported(road, tmp_path):
    dem = write_dem(tmp_path / "dem.tif")
    answer("import", road, "--dem", dem, "--no-simplify", "--out", tmp_path / "net")
    answer("export", tmp_path / "copy", "--format", "parquet", "--network", tmp_path / "net")
    ends = ("104.0,30.5", "104.2,30.5", "--profile", "--network")
    assert answer("route", *ends, tmp_path / "copy") == answer("route", *ends, tmp_path / "net")


def test_a_network_at_hand_is_draped_without_reading_its_source_again(road, tmp_path):
    answer("import", road, "--no-simplify", "--out", tmp_path / "bare")
    assert answer("describe", tmp_path / "bare")["elevation"]["source"].startswith("shipped table")
    dem = write_dem(tmp_path / "dem.tif")
    answer("import", tmp_path / "bare", "--dem", dem, "--out", tmp_path / "net")
    content = answer("describe", tmp_path / "net")
    assert content["elevation"]["source"] == "network"
    assert (content["source"], content["license"][:4]) == ("ridge.osm", "ODbL")


@pytest.mark.parametrize("options", [{"cells": 200}, {"nodata": 104.1}])
def test_a_model_of_a_part_only_is_said(road, tmp_path, options):
    dem = write_dem(tmp_path / "part.tif", **options)
    report = answer("import", road, "--no-simplify", "--dem", dem, "--out", tmp_path / "net")
    assert len(report["notices"]) == 1
    assert "part.tif has an elevation at" in report["notices"][0]
    assert "of 11 nodes" in report["notices"][0]
    assert answer("describe", tmp_path / "net")["import"]["notices"] == report["notices"]
    qualities = roads.load(tmp_path / "net").nodes["elevation_quality"]
    assert qualities[1] == "given"
    assert qualities[11] in {"interpolated", "far"}


def test_models_in_another_system_are_converted(road, tmp_path):
    dem, other = write_dem(tmp_path / "dem.tif"), tmp_path / "utm.tif"
    to_utm = Transformer.from_crs("EPSG:4326", "EPSG:32648", always_xy=True)
    west, south = to_utm.transform(103.95, 30.45)
    east, north = to_utm.transform(104.25, 30.55)
    cells = [np.arange(low + 50.0, high, 100.0) for low, high in ((west, east), (south, north))]
    lon, _ = to_utm.transform(*np.meshgrid(cells[0], cells[1][::-1]), direction="INVERSE")
    profile = {
        "driver": "GTiff",
        "height": lon.shape[0],
        "width": lon.shape[1],
        "count": 1,
        "dtype": "float32",
    }
    transform = Affine(100.0, 0.0, west, 0.0, -100.0, south + 100.0 * len(cells[1]))
    with rasterio.open(other, "w", **profile, crs="EPSG:32648", transform=transform) as raster:
        raster.write(ground(lon).astype("float32"), 1)
    heights = []
    for name, path in (("one", dem), ("two", other)):
        answer("import", road, "--no-simplify", "--dem", path, "--out", tmp_path / name)
        heights.append(roads.load(tmp_path / name).nodes["elevation_m"].to_numpy())
    assert heights[1] == pytest.approx(heights[0], abs=45)  # two cells on the slope


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: folder / "absent.tif", "no such file"),
        (
            lambda folder: (folder / "text.tif", (folder / "text.tif").write_text("x"))[0],
            "not a readable raster",
        ),
        (lambda folder: write_dem(folder / "crs.tif", crs=None), "names no reference system"),
        (lambda folder: write_dem(folder / "far.tif", west=10.0), "covers none of the points"),
    ],
)
def test_what_is_no_model_of_the_place_is_refused_and_nothing_written(road, tmp_path, make, message):
    error = answer("import", road, "--dem", make(tmp_path), "--out", tmp_path / "net", code=2)["error"]
    assert message in error["message"]
    assert len(error["faults"]) == 1
    assert error["faults"][0]["mend"]
    assert not (tmp_path / "net").exists()
