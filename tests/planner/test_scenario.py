"""Scenarios in and out of TOML, and what a wrong one is told."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.errors import InputError
from planner.inputs import assumptions_in_force, load_inputs
from planner.scenario import Scenario, read_toml, to_toml, validated, with_settings


@st.composite
def scenarios(draw):
    ids = st.text("ABCdef-0123456789", min_size=1, max_size=8)
    return Scenario(
        name=draw(st.text(min_size=1, max_size=20)),
        year=draw(st.sampled_from([2027, 2030, 2035])),
        stations=draw(st.integers(0, 100)),
        usable_range_km=draw(st.none() | st.floats(1, 2000)),
        green_only=draw(st.booleans()),
        locked=tuple(draw(st.lists(ids, max_size=3))),
        forbidden=tuple(draw(st.lists(ids, max_size=3))),
        zone_factor=draw(st.dictionaries(ids, st.floats(0, 10), max_size=3)),
        assumptions=draw(st.dictionaries(ids, st.floats(-10, 10), max_size=3)),
    )


@given(scenarios())
def test_toml_gives_back_an_equal_scenario(scenario):
    again = validated(tomllib.loads(to_toml(scenario)), where="t.toml")
    assert again == scenario
    assert again.identity == scenario.identity


def test_identity_depends_on_content_not_on_name():
    base = Scenario()
    assert Scenario(name="other").identity == base.identity
    assert Scenario(stations=base.stations + 1).identity != base.identity
    assert Scenario(assumptions={"a": 1.0}).identity != base.identity


def test_nested_tables_spell_dotted_keys():
    content = tomllib.loads("[assumptions.delivery.liquid]\npayload_kg = 3500\n")
    assert validated(content, where="t").assumptions == {"delivery.liquid.payload_kg": 3500.0}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("statoins = 3", "there is no key statoins. Did you mean stations?"),
        ("stations = -1", "key stations: input should be greater than or equal to 0 (got -1)"),
        ("year = 2028", "key year: input should be 2027, 2030 or 2035 (got 2028)"),
        ("stations = nan", "key stations"),
        ("usable_range_km = -5", "key usable_range_km"),
        ("[solve]\ntime_limit = 3", "there is no key solve.time_limit. Did you mean time_limit_s?"),
        ("[zone_factor]\n510104 = -2.0", "key zone_factor.510104"),
        ("[assumptions]\nx = 'ten'", "key assumptions.x"),
        ("[assumptions]\nx = inf", "key assumptions.x"),
    ],
)
def test_wrong_keys_and_values_are_named(tmp_path, content, message):
    path = tmp_path / "s.toml"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        validated(read_toml(path), where=path.name)
    assert message in str(caught.value)
    assert "s.toml" in str(caught.value)


def test_all_faults_of_a_scenario_come_together():
    with pytest.raises(InputError) as caught:
        validated({"statoins": 3, "year": 1999, "stations": -1}, where="t")
    assert len(caught.value.faults) == 3


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(InputError, match="there is no such file"):
        read_toml(tmp_path / "none.toml")
    with pytest.raises(InputError, match="cannot be read"):
        read_toml(tmp_path)
    bad = tmp_path / "bad.toml"
    bad.write_text("year = = 2")
    with pytest.raises(InputError, match="not valid TOML"):
        read_toml(bad)


def test_settings_reach_fields_zones_and_assumptions():
    content = with_settings(
        {"stations": 5, "assumptions": {"vehicle": {"a": 1}}},
        [
            "stations=7",
            "solve.gap=0.01",
            "zone_factor.510112=2",
            "vehicle.b=40",
            "name=test run",
            "green_only=true",
        ],
    )
    scenario = validated(content, where="t")
    assert (scenario.stations, scenario.solve.gap, scenario.green_only) == (7, 0.01, True)
    assert scenario.zone_factor == {"510112": 2.0}
    assert scenario.assumptions == {"vehicle.a": 1.0, "vehicle.b": 40.0}
    assert scenario.name == "test run"
    with pytest.raises(InputError, match="is not key=value"):
        with_settings({}, ["stations"])


def test_unknown_negative_and_unusual_assumptions():
    table = load_inputs().assumptions
    values, notices = assumptions_in_force(table, {"vehicle.tractor_49t.tank_kg": 60.0})
    assert values["vehicle.tractor_49t.tank_kg"] == 60.0
    assert len(values) == len(table)
    assert "outside its documented range 30 to 40" in notices[0].say("en")
    with pytest.raises(InputError) as caught:
        assumptions_in_force(table, {"vehicle.tractor_49t.tank": 60.0, "vehicle.rigid_18t.tank_kg": -1.0})
    assert "Did you mean vehicle.tractor_49t.tank_kg?" in str(caught.value)
    assert "-1 is negative" in str(caught.value)
