"""Charts draw the figures of their tables, in both languages, light and dark, told apart without color."""

import json
import re
from dataclasses import fields

import pandas as pd
import pytest

from planner.plan_charts import frontier_tables
from planner.text import LANGUAGES
from planner.views.charts import cost_stack, frontier, loads, utilization, waterfall
from planner.views.charts.look import DARK, LIGHT, ink_on, of_theme

LOOKS = (LIGHT, DARK)


@pytest.fixture
def stack():
    rows = [
        ("new", "purchase_cny_per_kg", "hydrogen", 16.0, 0.0, 16.0, 0.64, 25.0),
        ("new", "station_staff_cny_per_kg", "station", 8.9, 16.0, 24.9, 0.356, 25.0),
        ("new", "station_land_cny_per_kg", "station", 0.1, 24.9, 25.0, 0.004, 25.0),
    ]
    names = ["scope", "part", "group", "cny_per_kg", "from_cny_per_kg", "to_cny_per_kg", "share"]
    return pd.DataFrame(rows, columns=[*names, "total_cny_per_kg"])


@pytest.fixture
def steps():
    rows = [
        ("production", False, 16.0, 0.0, 16.0),
        ("delivered", True, 16.0, 0.0, 16.0),
        ("station_staff", False, 8.0, 16.0, 24.0),
        ("nozzle", True, 24.0, 0.0, 24.0),
        ("support", False, -4.0, 24.0, 20.0),
        ("tax", False, 2.6, 20.0, 22.6),
        ("break_even", True, 22.6, 0.0, 22.6),
    ]
    names = ["step", "is_sum", "cny_per_kg", "from_cny_per_kg", "to_cny_per_kg"]
    return pd.DataFrame(rows, columns=names)


@pytest.fixture
def stations():
    return pd.DataFrame(
        {
            "number": [1, 2],
            "site_id": ["A", "B"],
            "name_zh": ["内江服务区", "既有站"],
            "name_en": ["Neijiang service area", "Old station"],
            "status": ["new", "existing"],
            "load_kg_per_day": [1234.0, 50.0],
            "capacity_kg_per_day": [2000.0, None],
            "utilization": [0.617, None],
        }
    )


@pytest.fixture
def histogram():
    return pd.DataFrame(
        {
            "low": [0.0, 0.0, 0.5, 0.5],
            "high": [0.5, 0.5, 1.0, 1.0],
            "status": ["new", "existing", "new", "existing"],
            "stations": [0, 3, 2, 0],
            "load_kg_per_day": [0.0, 400.0, 2500.0, 0.0],
            "capacity_kg_per_day": [0.0, 2000.0, 4000.0, 0.0],
        }
    )


@pytest.fixture
def tables(small_frontier):
    return frontier_tables(small_frontier)


def _written(chart):
    """Return the chart as the browser gets it, and every cell of its data."""
    spec = chart.to_dict()
    cells = [value for rows in spec["datasets"].values() for row in rows for value in row.values()]
    return spec, [str(value) for value in cells]


def _titles(spec):
    """Return every heading a person reads: titles of the chart, axes and tooltips."""
    return re.findall(r'"(?:title|text|subtitle)": "([^"]+)"', json.dumps(spec, ensure_ascii=False))


def _all(stack, steps, stations, histogram, tables, language, look):
    asked, here = frontier.Asked("kg", 100.0), frontier.Here(950.0, 65.0)
    return {
        "stack": cost_stack.draw(stack, language, look),
        "waterfall": waterfall.draw(steps, language, look, scope="new", retail_cny_per_kg=30.0),
        "count": utilization.draw(histogram, language, look, measure="stations"),
        "load": utilization.draw(histogram, language, look, measure="load_kg_per_day"),
        "loads": loads.draw(stations, language, look),
        "frontier": frontier.draw(tables, language, look, asked=asked, here=here),
    }


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_is_titled_in_the_language_and_asks_no_other_host(
    stack, steps, stations, histogram, tables, language, look
):
    for name, chart in _all(stack, steps, stations, histogram, tables, language, look).items():
        spec, _ = _written(chart)
        headings = [heading for heading in _titles(spec) if heading != "kg/d"]
        assert len(headings) >= 3, name
        chinese = [bool(re.search(r"[\u4e00-\u9fff]", heading)) for heading in headings]
        assert all(chinese) if language == "zh" else not any(chinese), (name, headings)
        assert "url" not in json.dumps({key: spec[key] for key in spec if key != "$schema"}), name
        assert look.ink in json.dumps(spec["config"]), name


@pytest.mark.parametrize("language", LANGUAGES)
def test_parts_bear_letters_and_figures_where_there_is_room(stack, language):
    spec, _ = _written(cost_stack.draw(stack, language, LIGHT))
    rows = next(iter(spec["datasets"].values()))
    assert [row["label"][0] for row in rows] == ["A", "B", "C"]
    assert [row["figure"] for row in rows] == ["16.0", "8.9", "0.1"]
    assert [row["has_letter"] for row in rows] == [True, True, False]
    said = cost_stack.alternative(stack, language)
    assert "25.0" in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_steps_carry_their_sign_and_sums_do_not(steps, language):
    chart = waterfall.draw(steps, language, LIGHT, scope="new", retail_cny_per_kg=30.0)
    _, cells = _written(chart)
    assert {"+16.0", "16.0", "+8.0", "24.0", "−4.0", "+2.6", "22.6"} <= set(cells)
    assert LIGHT.saving in cells
    said = waterfall.alternative(steps, language, retail_cny_per_kg=30.0)
    assert all(figure in said for figure in ("16.0", "24.0", "22.6", "30.0"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_stations_are_named_numbered_and_marked_by_status(stations, language):
    _, cells = _written(loads.draw(stations, language, LIGHT))
    names = stations[f"name_{language}"]
    assert {f"● 1 {names[0]}", f"○ 2 {names[1]}", "62%", "–"} <= set(cells)
    assert "1,234 kg/d" in loads.alternative(stations, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_classes_without_stations_keep_their_place_on_the_axis(histogram, language):
    sparse = histogram.assign(stations=[0, 3, 0, 0])
    spec, _ = _written(utilization.draw(sparse, language, LIGHT, measure="stations"))
    assert spec["layer"][0]["encoding"]["x"]["scale"]["domain"] == ["0–50", "50–100"]
    assert "5" in utilization.alternative(histogram, language, measure="stations")
    assert "2,900 kg/d" in utilization.alternative(histogram, language, measure="load_kg_per_day")


def test_budgets_are_in_the_units_of_the_language(tables):
    asked = frontier.Asked("kg", 100.0)
    for language, budget, last in (("zh", "1,000 万元", 1000.0), ("en", "10 M CNY", 10.0)):
        spec, cells = _written(frontier.draw(tables, language, LIGHT, asked=asked, here=None))
        assert budget in cells
        assert (
            max(row["money"] for rows in spec["datasets"].values() for row in rows if "money" in row) == last
        )
        assert budget in frontier.alternative(tables, language, asked=asked)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plan_shown_stands_among_the_points_with_a_mark_of_its_own(tables, language):
    asked = frontier.Asked("kg", 100.0)
    with_plan = frontier.draw(tables, language, LIGHT, asked=asked, here=frontier.Here(950.0, 65.0))
    spec, _ = _written(with_plan)
    rows = [row for each in spec["datasets"].values() for row in each if row.get("mark")]
    assert [row["mark"] for row in rows] == ["proven", "unproven", "plan"]
    assert (rows[-1]["amount"], rows[-1]["said_share"], rows[-1]["said_gap"]) == (65.0, "65.0%", "–")
    shape = spec["layer"][-1]["encoding"]["shape"]["scale"]
    assert dict(zip(shape["domain"], shape["range"], strict=True))[rows[-1]["label"]] == "diamond"


def _luminance(color):
    values = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("look", LOOKS)
def test_what_is_written_reads_and_what_is_drawn_is_seen(look):
    """WCAG 2: 4.5 to 1 for text, 3 to 1 for what a bar means."""
    assert _contrast(look.ink, look.paper) >= 4.5
    assert _contrast(look.soft, look.paper) >= 4.5
    for color in (*look.hydrogen, *look.station):
        assert _contrast(ink_on(color), color) >= 4.5, color
    for color in (look.found, look.total, look.saving, *look.routes.values()):
        assert _contrast(color, look.paper) >= 3.0, color


def test_looks_follow_the_theme():
    assert of_theme("dark") is DARK
    assert of_theme("light") is of_theme(None) is LIGHT
    assert {field.name for field in fields(DARK)} == {field.name for field in fields(LIGHT)}
