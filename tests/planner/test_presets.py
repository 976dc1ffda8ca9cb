"""Shipped scenarios: valid, of known assumptions within their ranges, named, and in the wheel's package."""

import inspect
import re
from importlib import resources
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corridor.errors import InputError
from planner import cli, edits, siting_case
from planner.closures import closed_arcs
from planner.inputs import assumptions_in_force, load_inputs
from planner.presets import PRESETS, preset, preset_explanation, preset_name, preset_of
from planner.scenario import Scenario
from planner.text import LANGUAGES


def test_every_file_is_a_preset_and_the_other_way_round():
    files = resources.files("planner").joinpath("presets").iterdir()
    assert sorted(file.name for file in files if file.name.endswith(".toml")) == sorted(
        f"{each}.toml" for each in PRESETS
    )


@pytest.mark.parametrize("preset_id", PRESETS)
def test_presets_use_known_assumptions_within_their_ranges(preset_id):
    scenario = preset(preset_id)
    assert scenario.name == preset_id
    table = load_inputs().assumptions
    _, unusual = assumptions_in_force(table, scenario.assumptions)
    assert unusual == ()
    for key, value in scenario.assumptions.items():
        assert value != table.loc[key, "value"], "says nothing"


@pytest.mark.parametrize("preset_id", PRESETS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_presets_have_a_name_and_an_explanation(preset_id, language):
    name, explanation = preset_name(preset_id, language), preset_explanation(preset_id, language)
    assert 0 < len(name) <= 30
    assert explanation != name
    assert str(preset(preset_id).year) in explanation


def test_presets_are_what_they_are_called():
    assert preset("corridor-2030").identity == Scenario().identity
    assert (preset("policy-2026").year, preset("policy-2026").adoption) == (2027, "policy")
    deep = preset("deep-decarbonization-2035")
    assert (deep.year, deep.green_only, deep.objective) == (2035, True, "co2")
    table = load_inputs().assumptions
    shares = [key for key in table.index if key.startswith("adoption.share.") and key.endswith(".2035")]
    assert deep.assumptions == {key: table.loc[key, "high"] for key in shares}
    assert preset("green-only").green_only
    assert preset("hydrogen-25").assumptions == {"economics.retail_price_cny_per_kg": 25.0}
    inputs = load_inputs()
    yaxi = preset("yaxi-closed").closures
    assert len(closed_arcs(inputs.network, yaxi, zones=inputs.zones)) > 0


def test_a_scenario_is_known_as_a_preset_whatever_its_name():
    for each in PRESETS:
        assert preset_of(preset(each).model_copy(update={"name": "mine"})) == each
    assert preset_of(Scenario(stations=1)) is None


def test_cheaper_hydrogen_has_more_vehicles_switch():
    cheap = preset("hydrogen-25")
    dear = cheap.model_copy(update={"assumptions": {}})
    kg = [siting_case.siting_case(each).demand["kg_per_day"].sum() for each in (cheap, dear)]
    assert kg[0] > 1.2 * kg[1]


def test_an_unknown_preset_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"there is no preset green\. Did you mean green-only\?"):
        preset("green")


def test_the_command_line_begins_with_a_preset(monkeypatch, tmp_path):
    asked = []

    def stop(scenario, **_options):
        asked.append(scenario)
        raise InputError([])

    monkeypatch.setattr("planner.pipeline.make_plan", stop)
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path))
    run = CliRunner().invoke
    run(cli.app, ["plan", "--preset", "green-only", "--set", "stations=3", "--year", "2035"])
    assert asked[0] == preset("green-only").model_copy(update={"stations": 3, "year": 2035})
    run(cli.app, ["plan", "--preset", "hydrogen-25", "--set", "station.access_km=2", "--close", "G76"])
    assert asked[1].assumptions == {"economics.retail_price_cny_per_kg": 25.0, "station.access_km": 2.0}
    assert asked[1].closures == ("G76",)
    path = tmp_path / "own.toml"
    path.write_text("stations = 1", encoding="utf-8")
    both = run(cli.app, ["plan", str(path), "--preset", "green-only", "--json"])
    assert both.exit_code != 0
    assert "a scenario file and a preset" in both.output
    assert len(asked) == 2


def test_the_page_of_scenarios_names_every_field_edit_and_preset():
    page = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w-]+)`", page))
    functions = {name for name, one in inspect.getmembers(edits, inspect.isfunction) if name[0] != "_"}
    made = {name for name in functions if getattr(edits, name).__module__ == "planner.edits"}
    assert made >= {"lock", "move", "resize"}
    assert {*Scenario.model_fields, *made, *PRESETS} <= named
