"""Undo and redo against a list kept by hand."""

from hypothesis import given
from hypothesis import strategies as st

from planner.history import MOST_STEPS, History
from planner.scenario import Scenario


def numbered(stations):
    return Scenario(stations=stations)


@given(st.lists(st.sampled_from(["undo", "redo", 1, 2, 3, 4, 5]), max_size=40))
def test_steps_are_those_of_a_list_with_a_mark(steps):
    history, kept, mark = History(numbered(0)), [0], 0
    for step in steps:
        if step == "undo":
            back = history.undo()
            assert (back is None) == (mark == 0)
            mark = max(0, mark - 1)
        elif step == "redo":
            again = history.redo()
            assert (again is None) == (mark == len(kept) - 1)
            mark = min(len(kept) - 1, mark + 1)
        elif step != kept[mark]:
            kept, mark = [*kept[: mark + 1], step], mark + 1
            history.record(numbered(step))
        else:
            history.record(numbered(step))
        assert history.now.stations == kept[mark]
        assert history.can_undo == (mark > 0)
        assert history.can_redo == (mark < len(kept) - 1)
        assert (history.before.stations if history.before else None) == (kept[mark - 1] if mark else None)
        following = kept[mark + 1 : mark + 2]
        assert ([history.after.stations] if history.after else []) == following


def test_the_oldest_steps_are_forgotten():
    history = History(numbered(0))
    for stations in range(1, MOST_STEPS + 51):
        history.record(numbered(stations))
    undone = 0
    while history.undo() is not None:
        undone += 1
    assert undone == MOST_STEPS
    assert history.now.stations == 50
