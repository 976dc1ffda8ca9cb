"""Generalized cost against hand-computed figures."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString, Point

from corridor import costs, roads
from corridor.errors import InputError

VALUES = {
    "road.value_of_time_cny_per_h": 100.0,
    "road.distance_cost_cny_per_km.motorway": 3.0,
    "road.distance_cost_cny_per_km.trunk": 4.0,
    "road.distance_cost_cny_per_km.primary": 5.0,
    "road.toll_cny_per_km.motorway.6": 2.0,
    "road.toll_cny_per_km.motorway.1": 0.5,
    "road.toll_cny_per_km.trunk": 0.0,
    "road.toll_cny_per_km.primary": 0.0,
    "road.toll_etc_discount": 0.1,
}


def network_of(links):
    """Network of (u, v, km, highway) links."""
    ids = sorted({node for link in links for node in link[:2]})
    nodes = gpd.GeoDataFrame(
        {"x": [104.0 + n for n in ids], "y": 30.0},
        index=pd.Index(ids, name="osmid"),
        geometry=[Point(104.0 + n, 30.0) for n in ids],
        crs="EPSG:4326",
    )
    keys = [(u, v, k) for k, (u, v, *_) in enumerate(links)]
    edges = gpd.GeoDataFrame(
        {
            "length": [km * 1000.0 for _, _, km, _ in links],
            "highway": [link[3] for link in links],
            "ref": None,
        },
        index=pd.MultiIndex.from_tuples(keys, names=["u", "v", "key"]),
        geometry=[LineString([(104.0 + u, 30.0), (104.0 + v, 30.0)]) for u, v, *_ in links],
        crs="EPSG:4326",
    )
    return roads.from_tables(nodes, edges, speeds_kmh={"motorway": 80.0, "trunk": 50.0})


def test_cost_is_time_toll_and_distance():
    network = network_of([(0, 1, 80.0, "motorway"), (1, 2, 10.0, "trunk"), (2, 3, 8.0, "motorway_link")])
    found = costs.generalized(network, costs.rates(VALUES))
    assert found.toll_cny.tolist() == pytest.approx([144.0, 0.0, 14.4])
    assert found.hours.tolist() == pytest.approx([1.0, 0.2, 0.1])
    assert found.total_cny.tolist() == pytest.approx([100 + 240 + 144, 20 + 40, 10 + 24 + 14.4])


def test_a_class_without_rates_is_free_of_toll_and_dearest_in_distance():
    network = network_of([(0, 1, 10.0, "unclassified"), (1, 2, 10.0, ["trunk", "primary"])])
    found = costs.generalized(network, costs.rates(VALUES))
    assert found.toll_cny.tolist() == [0.0, 0.0]
    assert found.total_cny.tolist() == pytest.approx([20 + 50, 20 + 40])


def test_the_axle_class_sets_the_toll():
    network = network_of([(0, 1, 10.0, "motorway")])
    assert costs.generalized(network, costs.rates(VALUES, axle_class=1)).toll_cny[0] == pytest.approx(4.5)


def test_a_motorway_tagged_free_has_no_toll():
    network = network_of([(0, 1, 10.0, "motorway"), (1, 2, 10.0, "motorway"), (2, 3, 10.0, "motorway")])
    network.edges["toll"] = ["no", "yes", None]
    found = costs.generalized(network, costs.rates(VALUES))
    assert found.toll_cny.tolist() == pytest.approx([0.0, 18.0, 18.0])


def test_every_faulty_rate_is_named_at_once():
    bad = VALUES | {"road.toll_cny_per_km.trunk": -1.0}
    del bad["road.value_of_time_cny_per_h"]
    with pytest.raises(InputError) as error:
        costs.rates(bad)
    assert len(error.value.faults) == 2
    with pytest.raises(InputError, match="no axle class 7"):
        costs.rates(VALUES, axle_class=7)
    with pytest.raises(InputError, match="no share"):
        costs.rates(VALUES | {"road.toll_etc_discount": 5.0})


def test_a_closed_arc_gives_way_to_its_parallel():
    network = network_of([(0, 1, 10.0, "motorway"), (0, 1, 12.0, "motorway"), (1, 0, 10.0, "motorway")])
    found = costs.generalized(network, costs.rates(VALUES))
    assert costs.cheapest_arcs(network, found.total_cny).tolist() == [0, 2]
    without = costs.closed(found, np.array([0]))
    assert costs.cheapest_arcs(network, without.total_cny).tolist() == [1, 2]
    assert np.isfinite(found.total_cny).all(), "the open costs stay as they were"
    path = np.array([0, 1])
    assert costs.arcs_of_path(network, without.total_cny, path).tolist() == [1]
    with pytest.raises(InputError, match="no open edge leads from node 0 to node 1"):
        costs.arcs_of_path(network, costs.closed(found, np.array([0, 1])).total_cny, path)


def test_shipped_rates_keep_the_tolls_in_order():
    from corridor import sources

    table = sources.read_assumptions(sources.data_directory())
    values = {str(key): float(value) for key, value in table["value"].items()}
    tolls = [costs.rates(values, axle_class=each).toll_cny_per_km["motorway"] for each in costs.AXLE_CLASSES]
    assert tolls == sorted(tolls)
    assert (table.loc[table.index.str.contains("toll"), "confidence"] == "L").all()
