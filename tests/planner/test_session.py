"""What a session keeps: edits that can be undone, fields that begin anew, clicks taken up once."""

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from planner.scenario import Scenario
from planner.text import LANGUAGES, text
from planner.views import corridor_map, session
from planner.views.selection import Selection
from planner.views.session import Session


@pytest.fixture
def asked(monkeypatch):
    """Scenarios that would be solved; plans stand for their scenario."""
    solved = []

    def found(scenario, _fingerprint):
        solved.append(scenario)
        return SimpleNamespace(scenario=scenario)

    monkeypatch.setattr(session.store, "find", found)
    return solved


def test_edits_are_undone_and_done_again(asked):
    state = Session()
    state.ask(Scenario())
    first = state.plan
    state.apply(Scenario(stations=5, forbidden=("A",)))
    state.apply(Scenario(stations=4, assumptions={"station.access_km": 3.0}))
    assert state.draft.stations == 4
    assert state.edits == {"station.access_km": 3.0}
    state.undo()
    assert (state.draft.stations, state.draft.forbidden, state.edits) == (5, ("A",), {})
    state.undo()
    assert state.plan.scenario == Scenario()
    state.undo()
    assert state.plan.scenario == Scenario(), "nothing before the first"
    state.redo()
    assert state.plan.scenario.stations == 5
    assert state.baseline is first, "what others are compared with stays"
    state.apply(Scenario(stations=9))
    assert not state.history.can_redo
    assert asked[-1].stations == 9


def test_a_session_begins_with_the_scenario_of_its_link(asked, monkeypatch):
    monkeypatch.setattr(session.st, "session_state", {})
    state = session.current(Scenario(stations=5))
    assert asked == [Scenario(stations=5)], "the default scenario is not solved for it"
    assert state.draft == state.wanted == state.baseline.scenario == Scenario(stations=5)
    assert session.current(Scenario(stations=9)) is state
    assert asked == [Scenario(stations=5)]


def test_every_field_begins_anew_after_an_edit(asked):
    state = Session()
    assert state.key("stations") == "stations", "keys are those of the style sheet and of the tests"
    state.apply(Scenario(stations=5, closures=("G5 雅安..西昌",)))
    assert state.key("stations") != "stations"
    assert state.closures == ("G5 雅安..西昌",)
    assert asked[-1].closures == state.closures


def test_a_scenario_opened_closes_the_card(asked):
    state = Session()
    state.select("station", "IC-1")
    state.open(Scenario(year=2035))
    assert state.selection is None
    assert asked[-1].year == 2035


@pytest.mark.parametrize("first", [None, Scenario(stations=4)])
def test_what_a_session_begins_with_cannot_be_undone(asked, monkeypatch, first):
    monkeypatch.setattr(session.st, "session_state", {})
    state = session.current(first)
    assert asked == [first or Scenario()]
    assert not state.history.can_undo
    assert state.draft == (first or Scenario())
    assert session.current() is state


def _event(layer_id, **row):
    return SimpleNamespace(selection={"objects": {layer_id: [row]}})


def test_a_click_is_taken_up_once(monkeypatch):
    reruns = []
    monkeypatch.setattr(corridor_map.st, "rerun", lambda: reruns.append(True))
    state = Session()
    click = _event("station@0", pick="station", key="IC-1")
    corridor_map._take_up(state, click)
    assert state.selection == Selection("station", "IC-1")
    state.deselect()
    corridor_map._take_up(state, click)
    assert state.selection is None, "Streamlit still tells of the click before"
    corridor_map._take_up(state, _event("station@1", pick="station", key="IC-1"))
    assert state.selection == Selection("station", "IC-1"), "the same station can be clicked again"
    assert len(reruns) == 2


def test_what_has_no_card_opens_none():
    state = Session()
    corridor_map._take_up(state, _event("flow-demand", total_px=3.0))
    corridor_map._take_up(state, SimpleNamespace(selection={"objects": {}}))
    assert state.selection is None


def _sidebar():
    """Draw the settings; what is asked is kept aside."""
    from types import SimpleNamespace

    import pandas as pd
    import streamlit as st

    from planner.views import sidebar, toolbar
    from planner.views.session import Session

    class Asked(Session):
        def _show(self, scenario):
            self.wanted = scenario

    state = st.session_state.setdefault("kept-session", Asked())
    columns = ["name_zh", "name_en", "value"]
    nothing = SimpleNamespace(sites=pd.DataFrame(columns=columns), assumptions=pd.DataFrame(columns=columns))
    toolbar.draw(state, nothing, "zh")
    sidebar.scenario(state, None, "zh")


def test_undo_brings_the_settings_back():
    app = AppTest.from_function(_sidebar).run()
    app.slider("stations").set_value(7).run()
    app.number_input("budget").set_value(9_000.0).run()
    app.button("solve").click().run()
    app.slider("stations").set_value(3).run()
    app.button("solve").click().run()
    app.button("undo").click().run()
    assert not app.exception
    state = app.session_state["kept-session"]
    assert (state.wanted.stations, state.wanted.budget_wan_cny) == (7, 9_000.0)
    assert "7" in app.button("redo").help, "what a redo does is told before"
    assert app.slider[0].value == 7
    assert [each.value for each in app.number_input if each.key.startswith("budget")] == [9_000.0]
    app.button("undo").click().run()
    assert app.slider[0].value == Scenario().stations
    assert app.session_state["kept-session"].wanted == Scenario()
    app.button("redo").click().run()
    app.button("redo").click().run()
    assert app.slider[0].value == 3
    assert app.button("redo").disabled


def test_settings_without_a_field_outlive_a_solve():
    app = AppTest.from_function(_sidebar)
    app.run()
    state = app.session_state["kept-session"]
    state.apply(Scenario(locked=("SA-1",), forbidden=("IC-2",)))
    app.run()
    app.slider[0].set_value(5).run()
    app.button("solve").click().run()
    assert app.session_state["kept-session"].wanted == Scenario(
        locked=("SA-1",), forbidden=("IC-2",), stations=5
    )


def test_a_press_outlives_the_drawing_that_another_click_ended():
    """The button tells of it before the page is drawn; the next drawing comes to it with its own settings."""
    app = AppTest.from_function(_sidebar).run()
    state = app.session_state["kept-session"]
    assert [button for button in app.button if button.key == "solve"]
    state.press()
    app.slider("stations").set_value(6).run()
    assert state.wanted.stations == 6
    app.slider("stations").set_value(8).run()
    assert state.wanted.stations == 6, "one press, one solve"


def test_a_press_on_settings_that_cannot_be_solved_is_let_go():
    app = AppTest.from_function(_sidebar).run()
    state = app.session_state["kept-session"]
    state.press()
    app.number_input("rollout-2027").set_value(13).run()
    assert app.error
    app.number_input("rollout-2027").set_value(3).run()
    assert not app.error
    assert state.wanted is None


def _status():
    """Draw what went wrong, and what to do next."""
    import streamlit as st

    from corridor.errors import Fault, InfeasibleError, InputError, SolverError
    from planner.scenario import Scenario
    from planner.views import status
    from planner.views.session import Session

    class Asked(Session):
        def _show(self, scenario):
            self.wanted, self.error, self.notice = scenario, None, None

    state = st.session_state.setdefault("kept-session", Asked())
    if "begun" not in st.session_state:
        st.session_state["begun"] = True
        state.ask(Scenario(stations=3))
        errors = {
            "infeasible": InfeasibleError("no"),
            "input": InputError(Fault("wrong", "here", "mend")),
            "failed": SolverError("no"),
        }
        state.error = errors.get(st.session_state["case"])
        state.notice = "progress.stopped" if st.session_state["case"] == "stopped" else None
    status.draw(state, st.session_state["in"])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", ["infeasible", "input", "failed", "stopped"])
def test_whatever_went_wrong_the_next_step_is_said_and_can_be_taken(case, language):
    app = AppTest.from_function(_status)
    app.session_state["case"], app.session_state["in"] = case, language
    app.run()
    assert app.caption[0].value == text(f"next.{case}", language)
    app.button("next-undo").click().run()
    assert not app.exception
    assert app.session_state["kept-session"].wanted == Scenario()
    assert not app.error
    assert not app.warning
