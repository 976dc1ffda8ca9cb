"""Stretches of the corridor routes: a road made by hand, and the shipped routes with a plan on them."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from corridor.geodesy import great_circle_km
from corridor.named_routes import NAMED_ROUTES, named_route
from corridor.roads import from_tables
from planner.inputs import load_inputs
from planner.stretches import STRETCH_COLUMNS, no_stretches, route_paths, stretch_lines, stretches

_NODES = {1: (104.07, 30.66), 2: (104.6, 30.2), 3: (105.1, 29.6), 4: (105.9, 29.4), 5: (106.55, 29.56)}
_KM = 60.0
_TERMS = {"station.access_km": 1.0, "station.ready_spacing_km": 100.0}


def _network(ref):
    nodes = pd.DataFrame([{"osmid": node, "x": x, "y": y} for node, (x, y) in _NODES.items()])
    nodes = nodes.set_index("osmid")
    rows = [
        {"u": u, "v": v, "key": 0, "osmid": piece, "highway": "motorway", "ref": ref}
        | {"length": 1000.0 * _KM, "geometry": shapely.LineString([_NODES[u], _NODES[v]])}
        for piece, (a, b) in enumerate([(1, 2), (2, 3), (3, 4), (4, 5)])
        for u, v in ((a, b), (b, a))
    ]
    edges = gpd.GeoDataFrame(rows, crs="EPSG:4326").set_index(["u", "v", "key"])
    points = gpd.points_from_xy(nodes["x"], nodes["y"], crs="EPSG:4326")
    return from_tables(gpd.GeoDataFrame(nodes, geometry=points), edges, speeds_kmh={"motorway": 75.0})


@pytest.fixture(scope="module")
def made():
    """A road of 240 km on G76 with sites at its third and fourth node, and one off the road."""
    network = _network("G76")
    sites = pd.DataFrame(
        {"node_id": [4, 3, 3], "lon": [105.9, 105.1, 105.1], "lat": [29.4, 29.6, 29.601]},
        index=pd.Index(["FAR", "MIDDLE", "BESIDE"], name="site_id"),
    )
    costs = SimpleNamespace(total_cny=np.ones(len(network.heads)))
    return SimpleNamespace(network=network, sites=sites, costs=costs)


def test_a_road_is_cut_where_stations_stand(made):
    table = stretches(made, pd.Series(["FAR", "MIDDLE"]), _TERMS)
    assert table.to_dict("list") == {
        "route_id": ["chengyu"] * 3,
        "from_km": [0.0, 120.0, 180.0],
        "to_km": [120.0, 180.0, 240.0],
        "length_km": [120.0, 60.0, 60.0],
        "from_site": ["", "MIDDLE", "FAR"],
        "to_site": ["MIDDLE", "FAR", ""],
        "closed": [False] * 3,
        "ready": [False, True, True],
    }


def test_two_stations_at_one_node_leave_a_stretch_of_no_length_that_is_not_drawn(made):
    table = stretches(made, pd.Series(["MIDDLE", "BESIDE"]), _TERMS)
    assert table["length_km"].tolist() == [120.0, 0.0, 120.0]
    drawn = stretch_lines(SimpleNamespace(stretches=table), made)
    assert [line.row["to_km"] for line in drawn] == [120.0, 240.0]
    assert drawn[0].line.equals(shapely.LineString([_NODES[1], _NODES[2], _NODES[3]]))


def test_without_a_station_the_whole_road_is_one_stretch(made):
    table = stretches(made, pd.Series([], dtype=object), _TERMS)
    assert table["length_km"].tolist() == [240.0]
    assert not table["ready"].any()
    assert stretches(made, pd.Series([], dtype=object), _TERMS | {"station.ready_spacing_km": 240.0})[
        "ready"
    ].all()


def test_a_closed_road_makes_a_short_stretch_pending(made):
    cost = np.ones(len(made.network.heads))
    arcs = route_paths(made.network)["chengyu"].arcs
    cost[arcs[2]] = np.inf
    shut = SimpleNamespace(**vars(made) | {"costs": SimpleNamespace(total_cny=cost)})
    table = stretches(shut, pd.Series(["FAR", "MIDDLE"]), _TERMS)
    assert table["closed"].tolist() == [False, True, False]
    assert table["ready"].tolist() == [False, False, True]


def test_roads_without_the_numbers_of_a_route_have_no_stretches():
    network = _network("S9")
    inputs = SimpleNamespace(
        network=network,
        sites=pd.DataFrame({"node_id": [3], "lon": [105.1], "lat": [29.6]}, index=["A"]),
        costs=SimpleNamespace(total_cny=np.ones(len(network.heads))),
    )
    pd.testing.assert_frame_equal(stretches(inputs, pd.Series(["A"]), _TERMS), no_stretches())


def test_stretches_of_the_shipped_routes_add_up_and_miss_no_station():
    inputs = load_inputs()
    network, sites = inputs.network, inputs.sites
    open_sites = sites.index[::12].to_series()
    table = stretches(inputs, open_sites, _TERMS)
    assert list(table.columns) == list(STRETCH_COLUMNS)
    for named in NAMED_ROUTES:
        rows = table[table["route_id"] == named.route_id]
        arcs = named_route(network, named)
        assert rows["length_km"].sum() == pytest.approx(network.length_km[arcs].sum())
        np.testing.assert_allclose(rows["to_km"][:-1], rows["from_km"][1:])
        assert rows["from_site"].iloc[1:].tolist() == rows["to_site"].iloc[:-1].tolist()
        passed = network.nodes.loc[network.node_ids[network.heads[arcs]]]
        near = [
            site
            for site in open_sites
            if great_circle_km(
                *network.nodes.loc[sites.loc[site, "node_id"], ["x", "y"]].astype(float),
                passed["x"],
                passed["y"],
            ).min()
            <= _TERMS["station.access_km"]
        ]
        assert sorted(rows["to_site"].iloc[:-1]) == sorted(near)
    assert table["to_site"].ne("").sum() > 3
    drawn = stretch_lines(SimpleNamespace(stretches=table), inputs)
    assert len(drawn) == (table["length_km"] > 0).sum()
    for line in drawn:
        points = shapely.get_coordinates(line.line)
        km = great_circle_km(*points[:-1].T, *points[1:].T).sum()
        assert km == pytest.approx(line.row["length_km"], rel=0.02)


def test_no_path_of_another_network_is_taken_for_the_routes(made):
    assert list(route_paths(made.network)) == ["chengyu"]
    path = route_paths(made.network)["chengyu"]
    assert path.length_km == 4 * _KM
