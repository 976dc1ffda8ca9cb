"""Cells of other graphs brought to one schema."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString

from corridor import costs, imports, road_schema, roads
from corridor.errors import InputError

SPEEDS = {"motorway": 75.0, "trunk": 50.0, "primary": 40.0}
LON = {1: 104.0, 2: 104.1, 3: 104.2, 4: 104.3}


def triangle(**columns):
    """Nodes 1-2-3-4 on a line, driven both ways; 2 and 3 are passed."""
    nodes = pd.DataFrame({"x": LON, "y": 30.6})
    nodes.index.name = "osmid"
    ends = [(1, 2, 0), (2, 1, 0), (2, 3, 0), (3, 2, 0), (3, 4, 0), (4, 3, 0)]
    index = pd.MultiIndex.from_tuples(ends, names=["u", "v", "key"])
    lines = [LineString([(LON[u], 30.6), (LON[v], 30.6)]) for u, v, _ in ends]
    edges = gpd.GeoDataFrame({"highway": "trunk"} | columns, index=index, geometry=lines, crs="EPSG:4326")
    return gpd.GeoDataFrame(nodes, geometry=gpd.points_from_xy(nodes.x, nodes.y), crs="EPSG:4326"), edges


def prepared(nodes, edges, **options):
    return imports.prepared(nodes, edges, imports.Pipeline(**options), source="test")


def test_what_has_no_class_is_no_road_unless_nothing_has_one():
    mixed = ["trunk"] * 4 + [None, None]
    nodes, edges, report = prepared(*triangle(highway=mixed))
    assert set(edges.index.get_level_values("u")) == {1, 3}
    assert report.filtered_edges == 2
    assert "2 edges name no class" in report.notices[0]
    _, edges, report = prepared(
        *triangle(highway=[None] * 6, maxspeed=["100", "100", "60", "60", "90", "90"])
    )
    assert report.notices == ()
    assert set(edges["highway"]) == {"road"}
    network = roads.from_tables(nodes.reindex([1, 2, 3, 4]), edges, speeds_kmh=SPEEDS)
    assert sorted(set(np.round(network.length_km / network.hours))) == [60, 75], "the limit, up to 75"


def test_classes_not_kept_are_named():
    with pytest.raises(InputError, match=r"Keep some of the classes found \(--highway\): trunk"):
        prepared(*triangle(), highways=("motorway",))


def test_a_truck_keeps_to_its_class_and_to_the_limit():
    _, edges, _ = prepared(*triangle(maxspeed=["30 mph", "30 mph", "80", "80", "20", "20"]))
    nodes, _ = triangle()
    network = roads.from_tables(nodes, edges, speeds_kmh=SPEEDS)
    found = sorted(set(np.round(network.length_km / network.hours, 3)))
    assert found == pytest.approx([20.0, 30 * 1.609344, 50.0], abs=1e-3)


def test_other_columns_stay_and_lists_are_joined():
    nodes, edges = triangle(
        aadt=[100.5] * 6, owner=[["b", "a"], "a", None, "a", "a", 7], empty=None, lanes="2"
    )
    nodes = nodes.assign(zone=["A", "B", None, "D"])
    nodes, edges, _ = prepared(nodes, edges, simplify=False)
    assert edges["aadt"].tolist() == [100.5] * 6
    assert edges.loc[(1, 2, 0), "owner"] == "a;b"
    assert edges.loc[(4, 3, 0), "owner"] == "7"
    assert "empty" not in edges.columns
    assert nodes["zone"].dropna().tolist() == ["A", "B", "D"]


def test_toll_tags_count_only_when_asked_for():
    rates = costs.Rates(
        value_of_time_cny_per_h=100.0, distance_cost_cny_per_km={"trunk": 1.0}, toll_cny_per_km={"trunk": 2.0}
    )
    nodes, edges = triangle(toll="no")
    for asked in (False, True):
        few, kept, _ = prepared(nodes, edges, toll_tags=asked)
        toll = costs.generalized(roads.from_tables(few, kept, speeds_kmh=SPEEDS), rates).toll_cny
        assert (toll == 0).all() == asked
        assert kept["toll" if asked else "toll_tag"].eq("no").all()


def test_places_lie_at_junctions_not_where_a_tag_changes():
    nodes, edges = triangle(ref=["G5", "G5", "G6", "G6", "G6", "G6"])
    few, kept, _ = prepared(nodes, edges)
    assert few["split"].tolist() == [False, True, False]
    network = roads.from_tables(few, kept, speeds_kmh=SPEEDS)
    found, km = roads.snap(network, [104.11, 104.29], [30.6, 30.6])
    assert found.tolist() == [1, 4]
    assert km == pytest.approx([0.11 * 95.71, 0.01 * 95.71], rel=2e-3)
    dense = prepared(nodes, edges, simplify=False)[0]
    assert not dense["split"].any(), "who wants every node is given every node"


@pytest.mark.parametrize(
    ("text", "limit"),
    [("60;80", 60.0), ("80|100", 80.0), ("50 mph", 80.4672), ("none", np.nan), ("-5", np.nan)],
)
def test_limits(text, limit):
    assert road_schema.speed_limit_kmh(text) == pytest.approx(limit, nan_ok=True)
