"""The printed plan holds every station and link, with the plan's figures, and lets no text become markup."""

import math
import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from planner import plan_print
from planner.inputs import load_inputs
from planner.pipeline import make_plan
from planner.plan_map_contents import around, map_contents
from planner.plan_map_svg import KM_PER_DEGREE, WIDTH_PX, Projection, apart, round_km, to_svg
from planner.scenario import AddedSite, PointDemand, Scenario
from planner.scenario_words import scenario_words
from planner.text import LANGUAGES, text

_XHTML = "{http://www.w3.org/1999/xhtml}"
_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def plan():
    return make_plan(Scenario(stations=4))


@pytest.fixture(scope="module")
def inputs(plan):
    return load_inputs(plan.scenario)


def _parsed(page):
    """Return a page of our own as XML; an error if it is not well-formed."""
    return ET.fromstring(page)  # noqa: S314  made here


def _rows(page, section):
    """Return the cells of the tables of a section, without headings."""
    root = _parsed(page)
    place = next(each for each in root.iter(f"{_XHTML}section") if each.get("class") == section)
    return [
        ["".join(cell.itertext()) for cell in row if cell.tag in {f"{_XHTML}td", f"{_XHTML}th"}]
        for body in place.iter(f"{_XHTML}tbody")
        for row in body
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_station_is_printed_with_its_figures(plan, inputs, language):
    rows = _rows(plan_print.to_html(plan, inputs, language), "stations")
    assert len(rows) == len(plan.stations)
    by_name = {row[1]: row for row in rows}
    for station in plan.stations.itertuples():
        row = by_name[getattr(station, f"name_{language}")]
        mark = "●" if station.status == "new" else "○"
        assert row[0].startswith(mark)
        assert row[5] == f"{station.capacity_kg_per_day:,.0f}"
        assert row[6] == f"{station.load_kg_per_day:,.0f}"
        assert row[7] == f"{station.utilization:.0%}"
        assert row[9] == f"{station.hydrogen_cny_per_kg:,.1f}"
        assert row[11] == (f"{station.capex_wan_cny:,.0f}" if station.status == "new" else "–")
    assert sorted(int(row[0].split()[1]) for row in rows) == list(range(1, len(rows) + 1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_that_brings_hydrogen_is_printed(plan, inputs, language):
    rows = _rows(plan_print.to_html(plan, inputs, language), "supply")
    links = plan.supply[plan.supply["kg_per_day"] > 0.0]
    assert len(rows) == len(links)
    printed = sorted(int(row[5].replace(",", "")) for row in rows)
    assert printed == sorted(round(kg) for kg in links["kg_per_day"])
    assert {row[8] for row in rows} == {f"{price:,.2f}" for price in links["delivered_cny_per_kg"]}
    assert sum(row[9] == "✓" for row in rows) == links["green"].sum()


@pytest.mark.parametrize("language", LANGUAGES)
def test_costs_and_proof_are_those_of_the_plan(plan, inputs, language):
    page = plan_print.to_html(plan, inputs, language)
    costs = _rows(page, "costs")
    totals = plan.nozzle_costs.set_index("scope")["nozzle_cost_cny_per_kg"]
    assert costs[-1][1:] == [f"{totals[scope]:,.2f}" for scope in ("new", "existing", "all")]
    assert f"{plan.certificate.incumbent:,.1f}" in page
    assert f"{plan.kpis['served_kg_per_day']:,.0f}" in page
    assert all(notice.say(language) in page for notice in plan.notices if "&" not in notice.say(language))
    assert plan.provenance["scenario_identity"][:12] in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_file_stands_alone_and_holds_its_map(plan, inputs, language):
    page = plan_print.to_html(plan, inputs, language)
    root = _parsed(page)
    assert root.get("lang") == {"zh": "zh-CN", "en": "en"}[language]
    drawn = root.findall(f".//{_SVG}svg")
    assert len(drawn) == 1
    assert not re.search(r"(?:src|href)=|url\(http|<script", page)
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {
        "http://www.w3.org/1999/xhtml",
        "http://www.w3.org/2000/svg",
    }
    groups = [each for each in drawn[0].iter(f"{_SVG}g") if "station" in each.get("class", "").split()]
    numbers = {"".join(each.find(f"{_SVG}text").itertext()) for each in groups}
    assert numbers == {str(number) for number in range(1, len(plan.stations) + 1)}


def test_text_of_people_stays_text(plan, inputs):
    evil = '<script>alert("1")</script>&'
    named = replace(
        plan,
        scenario=plan.scenario.model_copy(update={"name": evil}),
        stations=plan.stations.assign(name_zh=evil, name_en=evil, road_ref=evil),
    )
    page = plan_print.to_html(named, inputs, "en")
    _parsed(page)
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= len(plan.stations)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plan_without_stations_can_be_printed(plan, inputs, language):
    tables = {
        name: getattr(plan, name).iloc[:0] for name in ("stations", "supply", "nozzle_costs", "economics")
    }
    page = plan_print.to_html(replace(plan, **tables), inputs, language)
    _parsed(page)
    assert text("table.empty", language) in page


def test_distances_on_the_map_are_those_on_the_ground(plan, inputs):
    """Against the great circle (haversine), within 2 %; the scale bar alike."""
    contents = map_contents(plan, inputs, "zh")
    view = Projection.of(contents.bounds)
    for one, other in combinations(contents.stations, 2):
        (x0, y0), (x1, y1) = view.at(one.lon, one.lat), view.at(other.lon, other.lat)
        lat0, lat1 = math.radians(one.lat), math.radians(other.lat)
        half = math.sin((lat1 - lat0) / 2) ** 2
        half += math.cos(lat0) * math.cos(lat1) * math.sin(math.radians(other.lon - one.lon) / 2) ** 2
        km = 2 * 6371.0088 * math.asin(math.sqrt(half))
        assert math.hypot(x1 - x0, y1 - y0) / view.px_per_km == pytest.approx(km, rel=0.02)
    drawn = to_svg(contents, "zh")
    bar = re.search(r'data-km="(\d+)"><path d="M[\d.]+,[\d.]+v6h([\d.]+)v-6"', drawn)
    assert float(bar[2]) == pytest.approx(float(bar[1]) * view.scale / KM_PER_DEGREE, abs=0.01)


def test_the_map_shows_every_station_and_all_the_routes(plan, inputs):
    contents = map_contents(plan, inputs, "en")
    west, south, east, north = contents.bounds
    points = [(mark.lon, mark.lat) for mark in contents.stations]
    points += [tuple(point) for line in contents.routes for point in line.path]
    assert all(west < lon < east and south < lat < north for lon, lat in points)
    assert len(contents.routes) == 3
    assert len(contents.links) == (plan.supply["kg_per_day"] > 0.0).sum()
    assert {mark.key for mark in contents.stations if mark.kind == "new"} == set(
        plan.stations.loc[plan.stations["status"] == "new", "site_id"]
    )


def test_bounds_of_a_single_point_have_room():
    west, south, east, north = around([(105.0, 30.0)])
    assert west < 105.0 < east
    assert south < 30.0 < north
    assert Projection.of((west, south, east, north)).height <= WIDTH_PX


@pytest.mark.parametrize("count", [2, 5, 12])
def test_crowded_stations_are_moved_apart_and_off_the_bases(count):
    view = Projection.of((104.0, 29.0, 107.0, 31.0))
    middle = (300.0, 200.0)
    rng = np.random.default_rng(count)
    points = {str(each): tuple(middle + rng.uniform(-3.0, 3.0, 2)) for each in range(count)}
    points["far"] = (700.0, 100.0)
    placed = apart(points, [middle], view)
    assert placed["far"] == points["far"]
    for one, other in combinations([*placed.values(), middle], 2):
        assert math.dist(one, other) >= 15.0
    assert max(math.dist(placed[key], points[key]) for key in points) < 15.0 * count


def test_two_stations_at_one_place_both_show():
    view = Projection.of((104.0, 29.0, 107.0, 31.0))
    placed = apart({"A": (10.0, 10.0), "B": (10.0, 10.0)}, [], view)
    assert math.dist(placed["A"], placed["B"]) >= 15.0
    assert all(min(point) >= 7.5 for point in placed.values())


@pytest.mark.parametrize(("most", "rounded"), [(137.0, 100.0), (50.0, 50.0), (49.9, 20.0), (9.0, 5.0)])
def test_scale_bars_are_round(most, rounded):
    assert round_km(most) == rounded


_POINT = {"point_id": "P", "name_zh": "公交场", "use": "bus", "lon": 105.0, "lat": 30.0, "kg_per_day": 5.0}
_SITE = {"site_id": "X", "name_zh": "自备站", "kind": "station", "lon": 105.0, "lat": 30.0}
#: A value of every field that is not its default, and what is said of it in English.
_ASKED = {
    "year": (2035, "2035"),
    "scope": ("region", "Region"),
    "adoption": ("bass", "Diffusion (Bass)"),
    "stations": (1000, "1,000"),
    "objective": ("co2", "CO₂ avoided"),
    "rollout": ({"2027": 4}, "2027: 4"),
    "budget_wan_cny": (12_300.0, "123 M CNY"),
    "rollout_budget_wan_cny": ({"2027": 5000.0}, "2027: 50 M CNY"),
    "room": (False, "no"),
    "usable_range_km": (300.0, "300 km"),
    "green_only": (True, "yes"),
    "resilience": (0.7, "70%"),
    "detour": (0.1, "10%"),
    "detour_decay": (0.25, "25%"),
    "locked": (("SA-G5013-JIANYANG",), "Jianyang service area"),
    "forbidden": (("NOWHERE",), "NOWHERE"),
    "sizes": ({"SA-G5013-JIANYANG": 1000.0}, "Jianyang service area: 1,000 kg/d"),
    "closed_stations": (("ST-XINDU",), "Xindu"),
    "closures": (("G5 雅安..西昌",), "G5 雅安..西昌"),
    "hazmat_closed": (("G76",), "G76"),
    "delivery_modes": (("pipeline",), "pipeline"),
    "on_site": (True, "yes"),
    "trailers": ({"liquid": 3}, "liquid tanker: 3"),
    "network": ("/secret/roads", "roads"),
    "od_table": ("/secret/od.csv", "od.csv"),
    "link_counts": ("/secret/counts.csv", "counts.csv"),
    "added_sites": ((AddedSite(**_SITE),), "自备站"),
    "point_demands": ((PointDemand(**_POINT),), "公交场"),
    "zone_factor": ({"510100": 2.0}, "510100: 2"),
    "assumptions": (
        {"economics.retail_price_cny_per_kg": 25.0},
        "retail_price_cny_per_kg = 25 CNY/kg (default",
    ),
}


def test_everything_a_scenario_can_ask_for_is_said(inputs):
    """No field is forgotten, those added later neither; no folder of a machine is told."""
    assert set(_ASKED) == set(Scenario.model_fields) - {"name", "solve", "least_share"}
    plain = dict(scenario_words(Scenario(), inputs, "en"))
    assert len(plain) == 5
    for name, (value, said) in _ASKED.items():
        asked = Scenario().model_copy(update={name: value})
        rows = dict(scenario_words(asked, inputs, "en"))
        assert said in rows[text(f"asked.{name}", "en")], name
        assert "secret" not in " ".join(rows.values())
        assert set(plain) <= set(rows)
        assert dict(scenario_words(asked, inputs, "zh")).get(text(f"asked.{name}", "zh")), name


def test_the_least_share_is_said_where_it_is_asked_for(inputs):
    rows = dict(scenario_words(Scenario(objective="least_cost", least_share=0.8), inputs, "en"))
    assert rows[text("asked.least_share", "en")] == "80%"
    other = dict(scenario_words(Scenario(least_share=0.5), inputs, "en"))
    assert text("asked.least_share", "en") not in other
