"""In which settings two scenarios differ: fields, keys of tables, items of lists."""

from planner.scenario import AddedSite, Scenario
from planner.scenario_changes import scenario_changes
from planner.text import catalogue


def _told(baseline, current):
    return [
        (each.key, each.part, each.baseline, each.current) for each in scenario_changes(baseline, current)
    ]


def test_a_scenario_differs_from_itself_and_from_one_of_another_name_in_nothing():
    assert _told(Scenario(), Scenario()) == []
    assert _told(Scenario(name="a"), Scenario(name="b")) == []


def test_fields_are_told_in_the_order_of_the_scenario():
    current = Scenario(stations=5, green_only=True, year=2035)
    assert _told(Scenario(), current) == [
        ("year", "", 2030, 2035),
        ("stations", "", 12, 5),
        ("green_only", "", False, True),
    ]


def test_of_tables_the_keys_are_told_and_of_lists_what_only_one_has():
    baseline = Scenario(
        assumptions={"economics.discount_rate": 0.06, "station.lifetime_years": 12.0}, locked=("a", "b")
    )
    current = Scenario(
        assumptions={"economics.discount_rate": 0.08, "station.access_km": 2.0}, locked=("b", "c")
    )
    assert _told(baseline, current) == [
        ("locked", "", ("a",), ("c",)),
        ("assumptions", "economics.discount_rate", 0.06, 0.08),
        ("assumptions", "station.lifetime_years", 12.0, None),
        ("assumptions", "station.access_km", None, 2.0),
    ]


def test_settings_of_the_solver_are_told_one_by_one():
    seconds = Scenario().solve.time_limit_s
    current = Scenario(solve={"time_limit_s": seconds + 5.0})
    assert _told(Scenario(), current) == [("solve", "time_limit_s", seconds, seconds + 5.0)]


def test_sites_brought_in_are_told_by_name_even_when_only_their_place_moved():
    site = AddedSite(site_id="X", name_zh="新站", kind="interchange", lon=105.0, lat=30.0)
    moved = site.model_copy(update={"lon": 105.1})
    assert _told(Scenario(), Scenario(added_sites=(site,))) == [("added_sites", "", (), ("新站",))]
    assert _told(Scenario(added_sites=(site,)), Scenario(added_sites=(moved,))) == [
        ("added_sites", "", ("新站",), ("新站",))
    ]


def test_every_text_of_a_setting_belongs_to_a_field():
    named = {key.removeprefix("setting.") for key in catalogue("zh") if key.startswith("setting.")}
    assert named <= set(Scenario.model_fields)
    assert {"stations", "year", "assumptions"} <= named
