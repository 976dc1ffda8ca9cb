"""The address opens what it says, follows what the page shows, and says what could not be."""

from types import SimpleNamespace
from urllib.parse import parse_qs

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from planner.scenario import AddedSite, Scenario
from planner.share import decode, encode
from planner.text import LANGUAGES, text
from planner.views import corridor_map, links, timeline
from planner.views.selection import Selection

SCENARIO = Scenario(stations=20, green_only=True, locked=("SA-G5013-ANYUE",))


def _page():
    """Open, draw the switches, follow, and draw the link."""
    import streamlit as st

    from planner.views import corridor_map, frame, links
    from planner.views.session import Session

    if "kept-session" not in st.session_state:
        first = links.opened().scenario
        st.session_state["kept-session"] = Session(wanted=first)
        if first is not None:
            st.session_state["kept-session"].take_over(first)
    session = st.session_state["kept-session"]
    links.opened()
    links.begin(session, st.session_state["tables"])
    language = st.session_state["language"]
    st.segmented_control("v", frame.VIEWS, default=frame.VIEWS[0], required=True, key="view")
    corridor_map.switches(language)
    view = links.shown(session, language)
    links.follow(session, view)
    links.tell(language)
    links.draw(session, language)


def start(query=None):
    app = AppTest.from_function(_page)
    app.session_state["tables"] = SimpleNamespace(bases=pd.DataFrame(index=["BASE-XICHANG"]))
    for name, value in (query or {}).items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def address(app):
    """Return the parameters of the address; AppTest gives those it was given in lists."""
    return {name: each if isinstance(each, str) else each[-1] for name, each in app.query_params.items()}


def test_a_bare_address_opens_the_page_as_it_is():
    app = start()
    assert address(app) == {"lang": "zh"}
    assert app.session_state["kept-session"].wanted is None
    assert not app.error
    assert not app.warning


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_address_opens_what_it_says_and_stays(language):
    query = {"lang": language, "view": "demand", "layers": "stations.supply", "sel": "station:SA-G5013-ANYUE"}
    app = start(query | {"s": encode(SCENARIO)})
    state = app.session_state["kept-session"]
    assert state.wanted == SCENARIO
    assert state.draft == SCENARIO
    assert state.selection == Selection("station", "SA-G5013-ANYUE")
    assert app.session_state["view"] == "demand"
    assert set(app.session_state["layers-kept"]) == {"stations", "supply"}
    assert address(app) == query | {"s": encode(SCENARIO)}
    assert not app.warning


def test_the_address_follows_and_the_link_shown_is_the_address():
    app = start()
    state = app.session_state["kept-session"]
    state.wanted = SCENARIO
    state.take_over(SCENARIO)
    state.select("base", "BASE-XICHANG")
    app.session_state["layers"] = ["stations"]
    app.session_state["view"] = "routes"
    app.run()
    found = address(app)
    assert decode(found["s"]) == SCENARIO
    assert found["sel"] == "base:BASE-XICHANG"
    assert (found["layers"], found["view"]) == ("stations", "routes")
    shown = app.code[0].value
    assert shown.startswith("?")
    assert {name: values[0] for name, values in parse_qs(shown[1:]).items()} == found
    again = start(found)
    assert again.session_state["kept-session"].wanted.identity == SCENARIO.identity
    state.wanted = Scenario()
    state.deselect()
    app.session_state["layers"] = list(corridor_map.FIRST)
    app.session_state["view"] = "plan"
    app.run()
    assert address(app) == {"lang": "zh"}


@pytest.mark.parametrize(
    ("selected", "is_there"),
    [("base:BASE-XICHANG", True), ("base:GONE", False), ("route:chengyu", True), ("route:GONE", False)],
)
def test_what_is_not_there_is_not_selected(selected, is_there):
    app = start({"lang": "en", "sel": selected})
    state = app.session_state["kept-session"]
    assert (state.selection is not None) == is_there
    assert bool(app.warning) != is_there
    if not is_there:
        assert "link, sel" in app.warning[0].value
    app.run()
    assert (state.selection is not None) == is_there


def test_year_and_month_shown_travel():
    query = {"lang": "en", "year": "2027", "month": "7", "s": encode(SCENARIO)}
    app = start(query)
    assert app.session_state[timeline.MONTH_KEY] == 7
    assert app.session_state[timeline.year_key(SCENARIO)] == 2027
    app.session_state["kept-session"].plan = SimpleNamespace(scenario=SCENARIO)
    app.run()
    assert address(app) == query
    app.session_state[timeline.MONTH_KEY] = 0
    app.session_state[timeline.year_key(SCENARIO)] = SCENARIO.year
    app.run()
    assert address(app) == {"lang": "en", "s": encode(SCENARIO)}


def test_later_addresses_change_nothing():
    app = start({"s": encode(SCENARIO), "sel": "site:A"})
    app.session_state["kept-session"].deselect()
    app.query_params["s"] = "garbage"
    app.query_params["sel"] = "site:B"
    app.run()
    assert app.session_state["kept-session"].selection is None
    assert decode(address(app)["s"]) == SCENARIO
    assert not app.error


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cannot_be_opened_is_said_until_read(language):
    app = start({"s": "garbage", "lang": language, "view": "gone", "month": "77"})
    assert app.session_state["kept-session"].wanted is None
    assert app.error[0].value.startswith(text("share.refused", language))
    assert app.warning[0].value.startswith(text("share.left_out", language))
    assert all(name in app.warning[0].value for name in ("view", "month"))
    assert address(app) == {"lang": language}
    app.run()
    assert app.error
    app.button(key="link-dismiss").click().run()
    assert not app.error
    assert not app.warning


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_does_not_travel_is_said(language):
    app = start({"lang": language})
    state = app.session_state["kept-session"]
    state.wanted = SCENARIO.model_copy(update={"network": "/srv/roads", "od_table": "/srv/t.csv"})
    app.run()
    assert "srv" not in app.code[0].value
    assert text("share.network", language) in app.warning[0].value
    assert text("share.od_table", language) in app.warning[0].value
    assert text("share.unsolved", language) in [caption.value for caption in app.caption]
    sites = tuple(
        AddedSite(
            site_id=f"N{n * 7919 % 10007}", name_zh=f"站{n * 104729}", kind="port", lon=104 + n / 977, lat=30
        )
        for n in range(800)
    )
    state.wanted = Scenario(added_sites=sites)
    app.run()
    assert not app.code
    assert app.warning[0].value.startswith(text("share.too_large", language))
    assert address(app) == {"lang": language}


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("zh-CN", "zh"),
        ("zh", "zh"),
        ("ZH-hant-TW", "zh"),
        ("en-US", "en"),
        ("de", "en"),
        (None, "zh"),
        ("", "zh"),
    ],
)
def test_the_browser_chooses_the_language_unless_the_address_does(locale, language, monkeypatch):
    class Context:
        pass

    context = Context()
    context.locale, context.url = locale, "http://127.0.0.1:8501/"
    monkeypatch.setattr(links.st, "context", context)
    assert links.first_language() == language
    assert address(start()) == {"lang": language}
    app = start({"lang": "en"})
    assert address(app) == {"lang": "en"}
    assert app.code[0].value == "http://127.0.0.1:8501/?lang=en"
    assert text("share.own_host", "en") in [caption.value for caption in app.caption]
