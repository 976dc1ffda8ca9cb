"""Every input is in one group, found by its words, and judged against its documented range."""

import pytest

from corridor.errors import Fault
from planner.assumption_choices import concerns, group_of, groups, keys_of, search, standing
from planner.inputs import load_inputs
from planner.text import LANGUAGES, catalogue


@pytest.fixture(scope="module")
def table():
    return load_inputs().assumptions


def test_every_input_is_in_one_group(table):
    grouped = [key for group in groups(table) for key in keys_of(table, group)]
    assert sorted(grouped) == sorted(key for key in table.index if not key.startswith("check."))


def test_figures_to_check_against_are_no_choice(table):
    assert "check" not in groups(table)
    assert not [key for key in search(table, "check.") if key.startswith("check.")]


def test_groups_of_vehicles():
    assert group_of("vehicle.tractor_49t.payload_t") == "vehicle.tractor_49t"
    assert group_of("vehicle.usable_tank_share") == "vehicle"
    assert group_of("scope.corridor_share") == "scope"


@pytest.mark.parametrize("language", LANGUAGES)
def test_vehicle_classes_have_names(language, table):
    for group in groups(table):
        second = group.partition(".")[2]
        assert not second or f"class.{second}" in catalogue(language)


def test_search_wants_every_word_in_any_language_and_case(table):
    assert "adoption.share.tractor_49t.2030" in search(table, "49吨 2030")
    assert search(table, "TRACTOR rolling") == ["vehicle.tractor_49t.rolling"]
    assert search(table, "no such words") == []


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (5.0, "default"),
        (5.0 + 1e-12, "default"),
        (4.0, "changed"),
        (7.0, "changed"),
        (7.1, "outside"),
        (1, "outside"),
    ],
)
def test_a_value_and_its_range(value, found):
    assert standing(value, default=5.0, low=4.0, high=7.0) == found


def test_faults_are_shown_where_they_belong():
    assert concerns(
        Fault("-3 is negative", "assumptions, key vehicle.tractor_49t.payload_t"),
        "vehicle.tractor_49t.payload_t",
    )
    shares = Fault("the shares add up to 2, not 1", "freight.tonne_share.*")
    assert concerns(shares, "freight.tonne_share.light_9t")
    assert not concerns(shares, "freight.load_factor")
    assert not concerns(Fault("says no road"), "freight.load_factor")
