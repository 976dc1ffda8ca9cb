"""What the comparison shows: marks on both maps, figures in words, escaped tables."""

from types import SimpleNamespace

import pandas as pd
import pytest

from planner.comparison import FIGURES, Difference, compare
from planner.objective import PER_DAY
from planner.text import LANGUAGES, catalogue
from planner.views.comparison_layers import layers, mark, unit_position
from planner.views.comparison_panel import change_mark
from planner.views.comparison_tables import difference_table, scenario_list, stations_table, supply_table
from planner.views.kpi_names import change_said, figure_name, figure_said
from planner.views.map_frame import Ground


def _plan(sizes):
    stations = pd.DataFrame(
        {
            "site_id": list(sizes),
            "name_zh": [f"站<{site}>" for site in sizes],
            "name_en": [f"Station <{site}>" for site in sizes],
            "kind": "interchange",
            "status": "new",
            "lon": [104.0 + rank for rank in range(len(sizes))],
            "lat": 30.0,
            "capacity_kg_per_day": [float(size) for size in sizes.values()],
            "load_kg_per_day": 100.0,
            "base_id": "B1",
        }
    )
    supply = pd.DataFrame({"site_id": list(sizes), "base_id": "B1", "kg_per_day": 100.0})
    proof = SimpleNamespace(status="optimal", incumbent=float(len(sizes)), bound=float(len(sizes)))
    kpis = {"served_kg_per_day": 100.0 * len(sizes), "capex_wan_cny": 20_000.0 * len(sizes)}
    scenario = SimpleNamespace(objective="kg")
    return SimpleNamespace(
        stations=stations, supply=supply, certificate=proof, scenario=scenario, kpis=kpis, provenance={}
    )


@pytest.fixture
def found():
    baseline = _plan({"gone": 1000, "grown": 500, "cut": 4000, "kept": 500})
    return compare(baseline, _plan({"come": 2000, "grown": 1000, "cut": 500, "kept": 500}))


BASES = pd.DataFrame({"name_zh": ["基地"], "name_en": ["Base & Co"]}, index=pd.Index(["B1"], name="base_id"))


def test_each_map_marks_what_became_of_its_stations(found):
    rows = found.stations.set_index("site_id")
    told = {site: (mark("baseline", rows.loc[site]), mark("current", rows.loc[site])) for site in rows.index}
    assert told == {
        "come": ("ghost", "added"),
        "gone": ("removed", "ghost"),
        "grown": ("grown", "grown"),
        "cut": ("shrunk", "shrunk"),
        "kept": ("kept", "kept"),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_maps_have_the_same_places_and_names_where_something_changed(found, language):
    ground = Ground({"motorway": [[[104.0, 30.0], [105.0, 31.0]]]}, [])
    drawn = layers(found, ground, language)
    baseline, current = ({each["id"]: each for each in one["stations"]} for one in drawn["maps"])
    assert set(baseline) == set(current) == set(found.stations["site_id"])
    assert all(
        (baseline[site]["x"], baseline[site]["y"]) == (current[site]["x"], current[site]["y"])
        for site in baseline
    )
    assert {site for site, each in current.items() if each["label"]} == {"come", "grown", "cut"}
    assert {site for site, each in baseline.items() if each["label"]} == {"gone", "grown", "cut"}
    assert current["grown"]["radius"] > baseline["grown"]["radius"]
    assert current["cut"]["radius"] < baseline["cut"]["radius"]
    assert baseline["come"]["tip"] is None
    west, north, east, south = drawn["bounds"]
    inside = [
        site
        for site in current
        if west <= current[site]["x"] <= east and north <= current[site]["y"] <= south
    ]
    assert {"come", "gone", "grown", "cut"} <= set(inside)
    assert drawn["roads"]["motorway"].startswith("M10400.0 -")


def test_map_units_are_mercator():
    # 45 N is asinh(1) radians = 50.49899 degrees from the equator of the projection.
    assert unit_position(105.0, 45.0) == (10500.0, -5049.9)
    assert unit_position(-1.0, 0.0) == (-100.0, 0.0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_figure_has_a_name_and_a_unit(language):
    texts = catalogue(language)
    own = [
        f"{what}_{PER_DAY[name]}" for name in ("trips", "vehicle_km", "co2") for what in ("covered", "served")
    ]
    for key in ("objective", *FIGURES, *own):
        assert figure_name(key, language)
    units = {unit for unit, _ in FIGURES.values()} | set(PER_DAY.values())
    assert not {f"unit.{unit}" for unit in units - {"share"}} - set(texts)


def test_figures_are_said_with_sign_and_unit():
    assert figure_said(0.982, "share", "en") == ("98.2%", "")
    assert figure_said(26_979.0, "wan_cny", "en") == ("270", "M CNY")
    assert figure_said(None, "kg_per_day", "en") == ("–", "kg/d")
    assert change_said(-0.0491, "share", "en") == "−4.9 points"
    assert change_said(1234.4, "kg_per_day", "en") == "+1,234 kg/d"
    assert change_said(-0.162, "cny_per_kg", "zh") == "−0.16 元/kg"
    assert change_said(0.2, "kg_per_day", "en") == "0 kg/d"
    assert change_said(None, "kg_per_day", "en") == "–"


def test_a_change_says_in_words_whether_it_is_better():
    def row(**values):
        given = {"key": "capex_wan_cny", "unit": "wan_cny", "more_is_better": False, "standing": None}
        return Difference(**(given | values))

    assert "better" in change_mark(row(baseline=200.0, current=100.0), "en")
    assert "(−50.0%)" in change_mark(row(baseline=200.0, current=100.0), "en")
    assert "worse" in change_mark(row(baseline=100.0, current=200.0), "en")
    assert "unchanged" in change_mark(row(baseline=100.0, current=100.0), "en")
    neither = change_mark(
        row(key="stations_new", unit="stations", baseline=5.0, current=6.0, more_is_better=None), "en"
    )
    assert "+1 stations (+20.0%)" in neither
    assert "better" not in neither


@pytest.mark.parametrize("language", LANGUAGES)
def test_tables_say_all_of_it_and_escape_names(found, language):
    figures = difference_table(found, language)
    assert figures.count("<tr>") == 1 + 1 + len(found.figures)
    supply = supply_table(found, BASES, language)
    assert ("Base &amp; Co" if language == "en" else "基地") in supply
    shown, configured = stations_table(found.changed(), BASES, language)
    assert set(configured) <= set(shown.columns)
    assert [text.split()[0] for text in shown["change"]] == ["⊕", "⊗", "▲", "▼"]
    assert set(shown["current_base_id"].dropna()) == {"Base & Co" if language == "en" else "基地"}
    assert "<li>" not in scenario_list((), language)
    assert "<li>1 &lt; 2</li>" in scenario_list(("1 < 2",), language)
