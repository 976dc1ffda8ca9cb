from __future__ import annotations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
from shapely import LineString

from corridor import roads
from corridor.errors import InputError
from demand.checks import between, comparison, implied_fleet, link_volumes, section_volumes
from demand.freight import truck_trips
from demand.hydrogen import demand_table

#: Five points on a straight line from Chengdu to Chongqing.
SHARE = np.linspace(0.0, 1.0, 5)
LON, LAT = 104.07 + SHARE * (106.55 - 104.07), 30.66 + SHARE * (29.56 - 30.66)


@pytest.fixture(scope="module")
def network():
    """The line of zones as a road: G5013, but the last piece is the ring of Chongqing."""
    nodes = gpd.GeoDataFrame(
        {"x": LON, "y": LAT},
        index=pd.Index(range(5), name="osmid"),
        geometry=gpd.points_from_xy(LON, LAT),
        crs=4326,
    )
    pairs = [(a, b) for i in range(4) for a, b in ((i, i + 1), (i + 1, i))]
    edges = gpd.GeoDataFrame(
        {
            "ref": ["G76;G5013" if max(pair) < 4 else "G5013;G5001" for pair in pairs],
            "highway": "motorway",
            "length": [1e4 * (1 + min(pair)) for pair in pairs],
        },
        index=pd.MultiIndex.from_tuples([(*pair, 0) for pair in pairs], names=["u", "v", "key"]),
        geometry=[LineString([(LON[a], LAT[a]), (LON[b], LAT[b])]) for a, b in pairs],
        crs=4326,
    )
    return roads.from_tables(nodes, edges, speeds_kmh={"motorway": 75.0})


def test_link_volumes_agree_with_counting_in_networkx(routes):
    round_trips = np.arange(1.0, len(routes) + 1)
    graph = nx.Graph()
    for route, trips in enumerate(round_trips):
        for u, v in nx.utils.pairwise(routes.path(route)):
            before = graph.get_edge_data(u, v, {"n": 0.0})["n"]
            graph.add_edge(u, v, n=before + 2 * trips)
    volumes = link_volumes(routes, round_trips)
    assert volumes.to_dict() == {tuple(sorted((u, v))): n for u, v, n in graph.edges(data="n")}


def test_vehicle_km_on_links_are_those_on_routes(zones, routes, assumptions):
    trips = truck_trips(zones, routes, assumptions=assumptions, year=2023).sum(axis=1).to_numpy()
    volumes = link_volumes(routes, trips)
    gaps_km = np.array([30.0, 90.0, 180.0, 120.0])
    np.testing.assert_allclose((volumes * gaps_km).sum(), 2 * (trips * routes.length_km).sum())


def test_a_section_is_the_mean_of_its_numbered_pieces_by_length(network):
    volumes = pd.Series({(0, 1): 100.0, (1, 2): 200.0, (2, 3): 300.0, (3, 4): 9000.0})
    volumes.index = volumes.index.set_names(["u", "v"])
    means = section_volumes(network, volumes)
    assert means["chenganyu"] == pytest.approx((100 * 1 + 200 * 2 + 300 * 3) / 6)
    assert means["chengyu"] == pytest.approx(means["chenganyu"])
    assert np.isnan(means["chengsuiyu"])


def test_fleet_is_vehicle_km_over_km_per_day(routes, assumptions):
    demand = pd.DataFrame({"route": [2, 3], "vehicle_class": "tractor_49t", "trips_per_day": [1.0, 2.0]})
    fleet = implied_fleet(demand, routes, assumptions=assumptions)
    assert fleet.to_dict() == {"tractor_49t": pytest.approx((1 * 2 * 300 + 2 * 2 * 420) / 270)}


def test_between_flags_pairs_whichever_end_comes_first(zones, routes):
    flags = between(zones, routes, zones["province_zh"] == "重庆市", zones["prefecture_zh"] == "成都市")
    pairs = {
        (routes.zone_ids[o], routes.zone_ids[d])
        for o, d in zip(routes.origin[flags], routes.destination[flags], strict=True)
    }
    assert pairs == {("A", "D"), ("B", "D")}


def test_comparison_shows_model_published_and_misfit(
    zones, routes, network, used, assumptions, assumption_table
):
    table = comparison(zones, routes, network, used=used, assumptions=assumptions, published=assumption_table)
    g5013 = table.loc["trucks_per_day.chenganyu"]
    assert g5013["published"] == assumption_table.loc["check.trucks_per_day.chenganyu", "value"]
    assert g5013["misfit"] == pytest.approx(g5013["model"] / g5013["published"] - 1)
    assert g5013["inside"] == (g5013["low"] <= g5013["model"] <= g5013["high"])
    assert (table["source"].str.len() > 0).all()
    demand = demand_table(zones, routes, used=used, assumptions=assumptions, year=2030)
    fleet = implied_fleet(demand, routes, assumptions=assumptions).sum()
    assert table.loc["intercity_fleet.2030", "model"] == pytest.approx(fleet)
    kg_per_km = used.out_kg[0, 0] / routes.length_km[0]
    assert table.loc["kg_per_truck_day", "model"] == pytest.approx(270 * kg_per_km)


def test_comparison_names_missing_published_rows(zones, routes, network, used, assumptions, assumption_table):
    short = assumption_table.drop(index=["check.kg_per_truck_day", "check.intercity_fleet.2030"])
    with pytest.raises(InputError) as error:
        comparison(zones, routes, network, used=used, assumptions=assumptions, published=short)
    places = {fault.where for fault in error.value.faults}
    assert places == {"check.kg_per_truck_day", "check.intercity_fleet.2030"}


def test_counts_of_all_vehicles_are_compared_as_trucks(
    zones, routes, network, used, assumptions, assumption_table
):
    table = comparison(zones, routes, network, used=used, assumptions=assumptions, published=assumption_table)
    before, after = (table.loc[f"trucks_per_day.chengyu_sichuan.{year}"] for year in (2019, 2020))
    assert before["published"] == pytest.approx(23_311 * 0.25)
    assert after["published"] == pytest.approx(25_427 * 0.25)
    assert after["low"] < 25_427 * 0.25 < after["high"]
    assert after["model"] / before["model"] == pytest.approx(1 + assumptions["freight.growth_per_year"])


def test_fleet_of_sichuan_is_carried_back_as_the_fleet_grows(
    zones, routes, network, used, assumptions, assumption_table
):
    """With every county in Sichuan and no gateway traffic, all vehicles on the road are at home there."""
    alone = zones.assign(province_zh="四川省")
    without = assumptions | {
        f"{kind}_per_day.{road}": 0.0
        for kind in ("freight.gateway_trucks", "coach.gateway_coaches")
        for road in ("main", "branch")
    }
    table = comparison(alone, routes, network, used=used, assumptions=without, published=assumption_table)
    model = table["model"]
    growth = (model["intercity_fleet.2030"] / model["intercity_fleet.2027"]) ** (1 / 3)
    expected = model["intercity_fleet.2027"] / (2600 / 6500) / growth**3.2
    assert model["fleet.sichuan_2024"] == pytest.approx(expected)
