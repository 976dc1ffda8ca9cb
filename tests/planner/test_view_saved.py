"""The panel of kept scenarios, driven as a person would."""

import pytest
from streamlit.testing.v1 import AppTest

from planner import saved
from planner.inputs import load_inputs
from planner.scenario import Scenario, to_toml
from planner.text import LANGUAGES, text
from planner.trip_files import example, taken


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


def _page():
    """Draw the panel; what is asked is kept aside."""
    import streamlit as st

    from planner.scenario import Scenario
    from planner.views import saved_panel
    from planner.views.session import Session

    class Asked(Session):
        def ask(self, scenario):
            self.wanted = scenario

    if "kept-session" not in st.session_state:
        st.session_state["kept-session"] = Asked(opened=Scenario(stations=7))
    saved_panel.draw(st.session_state["kept-session"], st.session_state["in"])


def start(language="zh"):
    app = AppTest.from_function(_page)
    app.session_state["in"] = language
    app.run()
    assert not app.exception
    return app


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception


def save(app, name):
    app.text_input(key="saved-name").input(name)
    press(app, "saved-save")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_scenario_is_saved_and_opened_again(language):
    app = start(language)
    assert app.caption[0].value == text("saved.none", language)
    save(app, " 绿氢/方案 ")
    assert app.success[0].value == text("saved.done", language, name="绿氢/方案")
    assert app.selectbox[0].options == ["绿氢/方案"]
    app.session_state["kept-session"].opened = Scenario(stations=3)
    press(app, "saved-open")
    assert app.session_state["kept-session"].draft.stations == 7
    assert app.session_state["kept-session"].wanted.stations == 7
    assert app.success[0].value == text("saved.opened", language, name="绿氢/方案")


def test_what_is_there_is_replaced_only_when_confirmed():
    saved.save("a", Scenario(stations=1))
    app = start()
    save(app, "a")
    assert app.warning[0].value == text("saved.ask_overwrite", "zh", name="a")
    press(app, "saved-no")
    assert not app.warning
    assert saved.open_named("a").stations == 1
    save(app, "a")
    press(app, "saved-yes")
    assert saved.open_named("a").stations == 7


def test_what_is_deleted_is_deleted_only_when_confirmed():
    saved.save("a", Scenario())
    saved.save("b", Scenario())
    app = start()
    app.selectbox[0].select("b").run()
    press(app, "saved-delete")
    assert saved.names()
    assert set(saved.names()) == {"a", "b"}
    press(app, "saved-yes")
    assert saved.names() == ("a",)
    assert app.selectbox[0].options == ["a"]


def test_a_name_that_is_none_and_a_damaged_file_are_said(store):
    app = start()
    save(app, "   ")
    assert app.error[0].value.startswith(text("saved.not_saved", "zh"))
    saved.save("a", Scenario())
    app.run()
    (path,) = (store / "scenarios").iterdir()
    path.write_text('name = "a"\nstations = -5\n', encoding="utf-8")
    press(app, "saved-open")
    assert app.error[0].value.startswith(text("saved.refused", "zh"))
    assert "应不小于 0（给出 -5）" in app.error[0].value
    assert app.session_state["kept-session"].wanted is None


def upload(app, name, content):
    (uploader,) = app.get("file_uploader")
    uploader.upload(name, content, "application/toml").run()
    assert not app.exception


def test_a_file_is_opened_or_refused():
    app = start()
    upload(app, "x.toml", to_toml(Scenario(stations=4, name="甲")).encode())
    assert app.session_state["kept-session"].wanted.stations == 4
    assert app.success[0].value == text("saved.opened", "zh", name="甲")
    upload(app, "x.toml", b"stations = 'many'")
    assert "应为整数" in app.error[0].value
    assert app.session_state["kept-session"].wanted.stations == 4


def test_own_files_of_a_kept_scenario_are_known_again(store):
    file = taken("od_table", "trips.csv", example("od_table"), inputs=load_inputs())
    saved.save("own", Scenario(od_table=str(file.path)))
    app = start()
    press(app, "saved-open")
    state = app.session_state["kept-session"]
    assert state.trip_files == {"od_table": file}
    assert state.wanted.od_table == str(file.path)
    file.path.unlink()
    press(app, "saved-open")
    assert "trips.csv：没有这个文件" in app.error[0].value
    saved.save("roads", Scenario(network=str(store / "networks" / "gone")))
    app.run()
    app.selectbox[0].select("roads").run()
    press(app, "saved-open")
    assert "其路网已被删除" in app.error[0].value
