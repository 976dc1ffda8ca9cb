"""Edits of the scenario: what each says, that it holds together, and that the last word counts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.errors import InputError
from planner import edits
from planner.scenario import MODULES_KG_PER_DAY, Scenario, validated

SITES = ("A", "B", "C")
_SITE = st.sampled_from(SITES)
_EDITS = st.one_of(
    st.tuples(st.sampled_from(["lock", "unlock", "forbid", "allow", "add", "remove", "unsize"]), _SITE),
    st.tuples(st.just("move"), _SITE, _SITE),
    st.tuples(st.just("resize"), _SITE, st.sampled_from(MODULES_KG_PER_DAY)),
)


def test_lock_takes_a_site_out_of_the_forbidden_and_forbid_out_of_the_locked():
    locked = edits.lock(Scenario(forbidden=("A", "B")), "A")
    assert (locked.locked, locked.forbidden) == (("A",), ("B",))
    forbidden = edits.forbid(edits.resize(locked, "A", 1000), "A")
    assert (forbidden.locked, forbidden.forbidden, forbidden.sizes) == ((), ("B", "A"), {})
    assert edits.allow(forbidden, "A").forbidden == ("B",)
    assert edits.unlock(locked, "A").locked == ()


def test_locks_beyond_the_number_of_stations_raise_it():
    scenario = Scenario(stations=1)
    for site in SITES:
        scenario = edits.lock(scenario, site)
    assert (scenario.stations, scenario.locked) == (3, SITES)


def test_forbid_leaves_the_number_and_remove_takes_one():
    scenario = Scenario(stations=5)
    assert edits.forbid(scenario, "A").stations == 5
    removed = edits.remove(scenario, "A")
    assert (removed.stations, removed.forbidden) == (4, ("A",))
    assert edits.remove(removed, "A") is removed


def test_add_builds_one_more_once():
    added = edits.add(Scenario(stations=5), "A")
    assert (added.stations, added.locked) == (6, ("A",))
    assert edits.add(added, "A") is added
    assert edits.add(edits.remove(added, "A"), "A") == added


def test_an_existing_station_closes_and_reopens():
    scenario = Scenario(stations=5, locked=("E",))
    closed = edits.remove(scenario, "E", status="existing")
    assert (closed.stations, closed.closed_stations, closed.locked) == (5, ("E",), ())
    assert edits.remove(closed, "E", status="existing") is closed
    assert edits.reopen(closed, "E").closed_stations == ()
    for build in (edits.lock, edits.add):
        with pytest.raises(InputError, match="station E is closed"):
            build(closed, "E")


def test_a_station_moves_with_its_size():
    scenario = edits.resize(Scenario(stations=2), "A", 2000)
    moved = edits.move(scenario, "A", "B")
    assert (moved.stations, moved.locked, moved.forbidden) == (2, ("B",), ("A",))
    assert moved.sizes == {"B": 2000.0}
    assert edits.move(moved, "B", "A").locked == ("A",)


def test_an_existing_station_moves_by_closing_and_building():
    moved = edits.move(Scenario(stations=2), "E", "B", status="existing")
    assert (moved.stations, moved.locked, moved.closed_stations) == (3, ("B",), ("E",))


@pytest.mark.parametrize("to", ["A", "B"])
def test_a_station_does_not_move_where_one_is(to):
    with pytest.raises(InputError, match="move to where it stands" if to == "A" else "already"):
        edits.move(Scenario(locked=("A", "B")), "A", to)


def test_resize_locks_and_takes_only_sizes_there_are():
    sized = edits.resize(Scenario(stations=0), "A", 500)
    assert (sized.stations, sized.locked, sized.sizes) == (1, ("A",), {"A": 500.0})
    free = edits.unsize(sized, "A")
    assert (free.locked, free.sizes) == (("A",), {})
    with pytest.raises(InputError, match=r"no station of 700 kg/d can be built\. Sizes are 500, 1000"):
        edits.resize(sized, "A", 700)


def test_earlier_years_keep_no_more_stations_than_the_plan():
    scenario = Scenario(year=2030, stations=4, rollout={"2027": 4})
    assert edits.remove(scenario, "A").rollout == {"2027": 3}
    assert edits.add(scenario, "A").rollout == {"2027": 4}


def test_edits_leave_everything_else_as_it_is():
    scenario = Scenario(name="mine", year=2035, detour=0.1, detour_decay=0.5, assumptions={"a": 1.0})
    edited = edits.add(scenario, "A")
    assert edited.model_copy(update={"stations": scenario.stations, "locked": ()}) == scenario


@settings(max_examples=200, deadline=None)
@given(st.lists(_EDITS, max_size=12), st.integers(0, 2))
def test_any_edits_in_a_row_hold_together(steps, stations):
    scenario = Scenario(stations=stations)
    for name, *given_ in steps:
        try:
            edited = getattr(edits, name)(scenario, *given_)
        except InputError:
            assert name == "move"
            continue
        scenario = edited
        assert not set(scenario.locked) & set(scenario.forbidden)
        assert not set(scenario.sizes) & set(scenario.forbidden)
        assert len(scenario.locked) <= scenario.stations
        assert len(set(scenario.locked)) == len(scenario.locked)
        assert len(set(scenario.forbidden)) == len(scenario.forbidden)
        assert validated(scenario.model_dump(), where="") == scenario
        if name != "move":
            assert getattr(edits, name)(scenario, *given_) is scenario
