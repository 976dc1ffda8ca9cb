"""The views draw what a plan says, in both languages, and keep labels apart."""

import json
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely.geometry import LineString

from corridor.errors import ChengyuError, Fault, InfeasibleError, InputError, ReplayError, SolverError
from corridor.roads import from_tables
from corridor.routes import between_zones
from corridor.sites import FLAGS, RULES
from planner.drawing import figures, palette
from planner.drawing.flow_bands import bands
from planner.drawing.labels import Box, Screen, text_size_px
from planner.drawing.roads import joined
from planner.flows import link_flows
from planner.plan import Plan
from planner.scenario import Scenario
from planner.text import LANGUAGES, text
from planner.views import (
    backdrop,
    certificate,
    kpis,
    plan_layers,
    screening,
    site_layers,
    status,
    tables,
)
from siting.certificate import Certificate

_CITIES = {1: (104.0, 30.6), 2: (104.6, 30.2), 3: (105.1, 29.6), 4: (105.9, 29.4), 5: (106.5, 29.5)}


@pytest.fixture
def network():
    """A road 1-2-3-4-5, drawn in both directions."""
    nodes = pd.DataFrame([{"osmid": node, "x": x, "y": y} for node, (x, y) in _CITIES.items()])
    nodes = nodes.set_index("osmid")
    rows = []
    for piece, (a, b) in enumerate([(1, 2), (2, 3), (3, 4), (4, 5)]):
        for u, v in ((a, b), (b, a)):
            line = LineString([_CITIES[u], _CITIES[v]])
            rows.append(
                {"u": u, "v": v, "key": 0, "osmid": piece, "highway": "motorway", "ref": "G76"}
                | {"length": 60_000.0, "geometry": line}
            )
    edges = gpd.GeoDataFrame(rows, crs="EPSG:4326").set_index(["u", "v", "key"])
    points = gpd.points_from_xy(nodes["x"], nodes["y"], crs="EPSG:4326")
    return from_tables(gpd.GeoDataFrame(nodes, geometry=points), edges, speeds_kmh={"motorway": 75.0})


@pytest.fixture
def routes(network):
    zones = pd.DataFrame({"node_id": [1, 3, 5]}, index=pd.Index(["A", "B", "C"], name="zone_id"))
    return between_zones(network, zones)


@pytest.fixture
def bases():
    return pd.DataFrame(
        {
            "kind": ["electrolysis", "by_product"],
            "name_zh": ["西昌绿氢基地", "长寿副产氢"],
            "name_en": ["Xichang base", "Changshou base"],
            "lon": [102.26, 107.05],
            "lat": [27.9, 29.82],
            "green": [True, False],
        },
        index=pd.Index(["BASE-XICHANG", "BASE-CHANGSHOU"], name="base_id"),
    )


@pytest.fixture
def plan():
    """Two new stations and an existing one of unknown size; two of three flows are served."""
    stations = pd.DataFrame(
        {
            "site_id": ["ST-OLD", "SA-1", "IC-2"],
            "name_zh": ["既有站", "内江服务区", "永川互通"],
            "name_en": ["Old station", "Neijiang service area", "Yongchuan interchange"],
            "kind": ["station", "service_area", "interchange"],
            "status": ["existing", "new", "new"],
            "road_ref": [None, "G76", "G85"],
            "km_post": [np.nan, np.nan, 264.0],
            "county_zh": ["龙泉驿区", "东兴区", "永川区"],
            "lon": [104.25, 105.1, 105.9],
            "lat": [30.56, 29.6, 29.4],
            "position_quality": ["approx", "approx", "osm"],
            "capacity_kg_per_day": [np.nan, 1000.0, 4000.0],
            "load_kg_per_day": [100.0, 800.0, 1000.0],
            "utilization": [np.nan, 0.8, 0.25],
            "visits_per_day": [4.0, 30.0, 40.0],
            "base_id": [None, "BASE-XICHANG", "BASE-CHANGSHOU"],
            "form": [None, "combined", "standalone"],
            "footprint_m2": [np.nan, 1200.0, 6500.0],
            "capex_wan_cny": [0.0, 1500.0, 4500.0],
            "nozzle_cost_cny_per_kg": [np.nan, 44.5, 31.0],
            "hydrogen_cny_per_kg": [np.nan, 31.5, 22.0],
        }
    )
    flows = pd.DataFrame(
        {
            "route": [0, 1, 2],
            "kg_per_day": [100.0, 40.0, 10.0],
            "served_kg_per_day": [100.0, 0.0, 10.0],
        }
    )
    supply = pd.DataFrame(
        {
            "site_id": ["SA-1", "IC-2"],
            "base_id": ["BASE-XICHANG", "BASE-CHANGSHOU"],
            "mode": ["liquid", "tube_20mpa"],
            "distance_km": [480.0, 150.0],
            "kg_per_day": [800.0, 1000.0],
            "production_cny_per_kg": [15.4, 16.0],
            "delivery_cny_per_kg": [16.1, 6.0],
            "delivered_cny_per_kg": [31.5, 22.0],
            "green": [True, False],
        }
    )
    return Plan(
        scenario=Scenario(),
        stations=stations,
        flows=flows,
        supply=supply,
        certificate=Certificate(
            status="feasible", incumbent=98.0, bound=100.0, seconds=3.0, solver="test", version="1"
        ),
        replay={"trips": 2, "faults": 0},
        kpis={
            "demand_kg_per_day": 150.0,
            "served_kg_per_day": 110.0,
            "served_share": 110 / 150,
            "stations_new": 2.0,
            "stations_existing": 1.0,
            "capacity_new_kg_per_day": 5000.0,
            "capex_wan_cny": 23_450.0,
            "footprint_new_m2": 41_200.0,
            "hydrogen_cny_per_kg": 26.2,
            "green_share": 0.44,
        },
        provenance={"created_utc": "2026-11-22T00:00:00Z"},
    )


def _screen():
    """Return an empty screen over the corridor."""
    return Screen(7.0, (105.4, 29.95), (640, 470))


def _drawn(layers):
    """Return the layers as the browser gets them, by id."""
    import pydeck as pdk

    return {layer["id"]: layer for layer in json.loads(pdk.Deck(layers=layers).to_json())["layers"]}


def test_link_flows_add_up_over_both_directions(plan, routes, network):
    links = link_flows(plan.flows, routes, network)
    ends = [tuple(sorted(network.edges.index[row][:2])) for row in links["edge_row"]]
    # Routes in order: A-B over 1-2-3, A-C over 1-2-3-4-5, B-C over 3-4-5.
    assert dict(zip(ends, links["kg_per_day"], strict=True)) == {
        (1, 2): 140.0,
        (2, 3): 140.0,
        (3, 4): 50.0,
        (4, 5): 50.0,
    }
    assert links["served_kg_per_day"].tolist() == [100.0, 100.0, 10.0, 10.0]


def test_bands_join_links_with_equal_demand(plan, routes, network):
    found = bands(link_flows(plan.flows, routes, network), network)
    assert [(band.kg_per_day, band.served_kg_per_day) for band in found] == [(50.0, 10.0), (140.0, 100.0)]
    assert {tuple(found[1].path[0]), tuple(found[1].path[-1])} == {_CITIES[1], _CITIES[3]}


def test_bands_of_no_demand(plan, routes, network):
    none = plan.flows.assign(kg_per_day=0.0, served_kg_per_day=0.0)
    assert bands(link_flows(none, routes, network), network) == []


def test_joined_lines_meet_end_to_end_and_drop_stubs():
    chain = [LineString([(0, 0), (1, 0)]), LineString([(1, 0), (2, 0)])]
    stub = LineString([(5, 5), (5.001, 5)])
    lines = joined([*chain, stub], shortest=0.01)
    assert len(lines) == 1
    assert lines[0].length == pytest.approx(2.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_stations_are_drawn_by_size_and_status(plan, bases, language):
    rows = _drawn(site_layers.stations(plan, Scenario(), bases, language))["station"]["data"]
    by_number = {row["number"]: row for row in rows}
    assert set(by_number) == {"1", "2", "3"}
    assert [row["number"] for row in rows] == ["2", "1", "3"], "large ones below small ones"
    assert by_number["2"]["radius_px"] == pytest.approx(2 * by_number["1"]["radius_px"])
    assert by_number["1"]["mark"].startswith("new-")
    assert by_number["3"]["mark"].startswith("existing-")
    assert all((row["pick"], bool(row["key"])) == ("station", True) for row in rows)
    assert text("status.existing", language) in by_number["3"]["tip_text"]
    assert "nan" not in json.dumps(rows).lower()


def test_numbers_of_map_and_table_agree(plan, bases):
    table = tables.numbered(plan)
    drawn = _drawn(site_layers.stations(plan, Scenario(), bases, "zh"))["station"]["data"]
    places = {row["number"]: row["position"] for row in drawn}
    assert table["status"].tolist() == ["new", "new", "existing"]
    for row in table.itertuples():
        assert places[str(row.number)] == [row.lon, row.lat]


def test_supply_links_run_from_base_to_station_in_the_color_of_the_base(plan, bases):
    rows = _drawn([plan_layers.supply(plan, bases, "en")])["supply"]["data"]
    colors = palette.base_colors(bases.index)
    assert [row["path"][0] for row in rows] == [[102.26, 27.9], [107.05, 29.82]]
    assert [row["path"][-1] for row in rows] == [[105.1, 29.6], [105.9, 29.4]]
    assert [row["color"][:3] for row in rows] == [palette.rgba(color)[:3] for color in colors.values()]
    assert rows[1]["tip_title"] == "Changshou base → Yongchuan interchange"


def test_served_band_is_never_wider_than_all_demand(plan, routes, network):
    layers = _drawn(plan_layers.flows(bands(link_flows(plan.flows, routes, network), network), "zh"))
    rows = layers["flow-demand"]["data"]
    assert all(0 <= row["served_px"] <= row["total_px"] for row in rows)
    assert max(row["total_px"] for row in rows) == pytest.approx(plan_layers._FLOW_PX)


@pytest.mark.parametrize("language", LANGUAGES)
def test_city_names_do_not_overlap(language):
    screen = _screen()
    layer = _drawn(backdrop.names(language, screen))["place"]
    names = {row["label"].split("\n")[0] for row in layer["data"]}
    assert {"zh": {"成都", "重庆", "内江"}, "en": {"Chengdu", "Chongqing", "Neijiang"}}[language] <= names
    boxes = list({box for cell in screen._taken.values() for box in cell})
    assert len(boxes) > 40
    overlaps = [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.meets(b)]
    assert not overlaps


def test_a_label_without_room_is_left_out():
    screen = _screen()
    screen.take_circle(105.0, 30.0, 200.0)
    assert screen.offset("内江", [105.0, 30.0], size_px=13, clear_px=2) is None


def test_an_important_label_is_not_cut_by_the_edge():
    left_edge = 105.4 - 320 / (512 * 2**7 / 360)
    cut = _screen().offset("成都", [left_edge, 29.95], size_px=20, clear_px=2)
    whole = _screen().offset("成都", [left_edge, 29.95], size_px=20, clear_px=2, whole=True)
    assert cut == [0.0, pytest.approx(-14.0)]
    assert whole == [pytest.approx(25.0), 0.0]


def test_a_route_name_moves_to_where_there_is_room():
    screen = _screen()
    screen.take_circle(105.0, 30.0, 20.0)
    points = [[105.0, 30.0], [106.0, 30.0]]
    assert screen.along("成渝高速", points, size_px=12, padding_px=6) == [106.0, 30.0]


def test_chinese_text_is_taken_for_wider_than_latin():
    assert text_size_px("成都", 10)[0] == pytest.approx(20.0)
    assert text_size_px("Chengdu\n成都", 10)[1] == pytest.approx(24.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_key_figure_has_value_and_unit(plan, language):
    cards = "".join(kpis._cards(plan, language))
    for figure in ("110", "73.3%", "2 + 1", "26.2", "44%", "2.00%"):
        assert figure in cards
    assert {"zh": "2.35", "en": "234"}[language] in cards
    assert text("status.feasible", language) in cards


def test_money_by_language():
    assert figures.money(23_450.0, "zh") == ("2.35", "亿元")
    assert figures.money(1_500.0, "zh") == ("1,500", "万元")
    assert figures.money(23_400.0, "en") == ("234", "M CNY")


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (0.0, "0.00%"), (1e-9, "<0.01%"), (0.0196, "1.96%")]
)
def test_a_gap_is_never_rounded_down_to_nothing(value, shown):
    assert figures.gap(value) == shown


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_a_proven_plan_is_called_optimal(language):
    def proof(state, bound):
        return Certificate(
            status=state, incumbent=98.0, bound=bound, seconds=40.0, solver="test", version="1"
        )

    assert certificate.verdict(proof("optimal", 98.0), language) == text("certificate.optimal", language)
    assert "2.00%" in certificate.verdict(proof("feasible", 100.0), language)
    unbounded = certificate.verdict(proof("feasible", None), language)
    assert unbounded == text("certificate.feasible_unbounded", language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_site_conditions_say_what_is_known_and_on_what_grounds(plan, language):
    assert "direction" not in screening.rows(plan, language), "a plan without these columns is drawn without"
    stations = plan.stations.assign(
        road_ref=["S40", "G76", "G85"],
        road_ref_basis=["nearest", "on", "on"],
        km_post=[np.nan, 88.5, 264.0],
        km_post_basis=[None, "derived", "sign"],
        km_post_error_km=[np.nan, 2.0, 0.0],
        direction=["both", "one", "both"],
        direction_basis=["assumed", "stated", "interchange"],
        road_km=[1.2, 0.1, 0.0],
        screen_city_center=["check", "ok", "unknown"],
    )
    table = screening.rows(replace(plan, stations=stations), language).set_index("number")
    # New stations come first: Neijiang, Yongchuan, then the existing one.
    assert table["place"].tolist() == [
        "G76 ≈K88.5 ±2",
        "G85 K264",
        text("screening.near_road", language, road="S40"),
    ]
    assert (
        table["direction"].tolist()[0]
        == f"{text('screening.one', language)} · {text('screening.stated', language)}"
    )
    assert [flag[0] for flag in table["screen_city_center"]] == ["✓", "?", "!"]
    assert table["road_km"].tolist() == [0.1, 0.0, 1.2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_and_ground_has_a_text(language):
    for rule in RULES:
        assert text(f"screening.{rule.rule_id}", language)
        assert screening.asked(rule, language)
    for flag in FLAGS:
        assert text(f"screening.flag_{flag}", language)
    for basis in ("stated", "interchange", "assumed", "both", "one"):
        assert text(f"screening.{basis}", language)


def test_labels_of_places_are_not_cut_by_the_edge_of_the_smallest_map():
    screen = _screen()
    layer = _drawn(backdrop.names("zh", screen))["place"]
    for row in layer["data"]:
        width, height = text_size_px(row["label"], row["size"])
        x, y = screen._pixel(*row["position"])
        x, y = x + row["offset"][0], y + row["offset"][1]
        box = Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        assert not box.meets(screen._frame) or box.within(screen._frame), row["label"]


def test_errors_say_in_chinese_what_did_not_happen():
    for error in (InfeasibleError("x"), SolverError("x"), ReplayError("x"), ChengyuError("x"), KeyError("x")):
        assert status.message(error, "zh")[0] >= "\u4e00", type(error)
    lead = status.message(InputError(Fault("says no road", "closures, 'x'")), "zh", lead="error.closures")
    assert lead.startswith(text("error.closures", "zh"))
    assert "没有指明道路" in lead


def test_errors_are_shown_with_their_mend():
    fault = Fault("there is no site SA-X", "scenario, key locked", "See data/sites.csv")
    shown = status.message(InputError(fault), "en")
    assert "there is no site SA-X" in shown
    assert "See data/sites.csv" in shown
    assert text("error.infeasible", "zh") in status.message(InfeasibleError("no site is open"), "zh")
    assert "ZeroDivisionError" in status.message(ZeroDivisionError("division by zero"), "zh")


def test_text_from_data_cannot_become_markup(plan):
    named = Certificate(
        status="feasible", incumbent=1.0, bound=2.0, seconds=1.0, solver="<script>", version="1"
    )
    assert "<script>" not in certificate.table(named, plan.replay, "en")
