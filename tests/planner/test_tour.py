"""The tour: three steps, back and forth, skipped at any, and never again unless asked for."""

import pytest
from streamlit.testing.v1 import AppTest

from planner.text import LANGUAGES, text


def _page():
    import streamlit as st

    from planner.views import tour

    tour.draw(st.session_state["in"], is_first_use=st.session_state["first"])
    if st.button("again", key="again", on_click=tour.begin):
        pass


def _opened(language="zh", *, first=True):
    app = AppTest.from_function(_page)
    app.session_state["in"], app.session_state["first"] = language, first
    return app.run()


def _keys(app):
    return [button.key for button in app.button]


@pytest.mark.parametrize("language", LANGUAGES)
def test_three_steps_lead_through(language):
    app = _opened(language)
    assert _keys(app) == ["tour-next", "tour-skip", "again"]
    app.button("tour-next").click().run()
    app.button("tour-back").click().run()
    assert "tour-back" not in _keys(app)
    app.button("tour-next").click().run()
    app.button("tour-next").click().run()
    assert app.button("tour-next").label == text("tour.done", language)
    app.button("tour-next").click().run()
    assert _keys(app) == ["again"]


def test_it_is_skipped_and_begun_again():
    app = _opened()
    app.button("tour-skip").click().run()
    assert _keys(app.run()) == ["again"]
    app.button("again").click().run()
    assert "tour-next" in _keys(app)


def test_who_comes_by_a_link_is_not_led():
    assert _keys(_opened(first=False)) == ["again"]
