"""Every input is in one group, found by its words, and judged against its documented range."""

import pandas as pd
import pytest

from corridor import sources
from corridor.errors import Fault
from demand.adoption import fuel_cell_shares
from demand.inputs import VEHICLE_CLASSES
from planner.assumption_choices import (
    concerns,
    group_of,
    groups,
    is_of_supply,
    is_unused,
    keys_of,
    search,
    standing,
)
from planner.inputs import load_inputs
from planner.scenario import YEARS
from planner.text import LANGUAGES, catalogue

#: Inputs that a way of adoption reads though a small change moves none of these shares.
_STILL = ("ownership.first_sales_year",)


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


@pytest.mark.parametrize("year", YEARS)
@pytest.mark.parametrize("mode", ["policy", "bass", "cost"])
def test_what_is_marked_unused_leaves_the_shares_and_nothing_else_does(table, mode, year):
    values = {str(key): float(value) for key, value in table["value"].items()}
    work = pd.DataFrame(
        {"vehicles": 9_000.0, "kg_per_km": 0.08, "hours_per_km": 0.015, "tolled_share": 0.7},
        index=pd.Index(VEHICLE_CLASSES, name="vehicle_class"),
    )
    fleet = sources.read_fleet(sources.data_directory())

    def shares(key, value):
        changed = values | {key: value}
        return fuel_cell_shares(changed, year=year, mode=mode, work=work, fleet=fleet)

    base = shares("adoption.gateway_factor", values["adoption.gateway_factor"])
    keys = [key for key in values if key.startswith(("adoption.share.", "diffusion.", "ownership."))]
    for key in keys:
        value = 1.02 * values[key] if values[key] else 0.01
        if key.endswith(("start", "first_sales_year")):
            value = values[key] + 1
        moved = (shares(key, value) - base).abs().max() > 1e-12
        assert not (moved and is_unused(key, adoption=mode, year=year)), key
        if not moved:
            assert is_unused(key, adoption=mode, year=year) or key in _STILL, key


def test_costs_are_of_supply_unless_they_make_the_shares():
    for key in ("economics.discount_rate", "carbon.diesel_l_per_100km.tractor_49t"):
        assert is_of_supply(key, adoption="policy")
        assert not is_of_supply(key, adoption="cost")
    assert is_of_supply("station.lifetime_years", adoption="cost")
    assert not is_of_supply("freight.load_factor", adoption="policy")


def test_daily_kilometers_count_vehicles_where_a_fleet_or_costs_do():
    key = "vehicle.tractor_49t.km_per_day"
    assert is_unused(key, adoption="policy", year=2030)
    assert not is_unused(key, adoption="bass", year=2030)
    assert not is_unused(key, adoption="cost", year=2030)
