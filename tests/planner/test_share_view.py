"""How the page stands comes out of an address as it went in; what is no view is left out and said."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.fault_text import said
from planner.scenario import YEARS
from planner.share_view import KINDS, Camera, View, from_query, to_query

_NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)
_KEYS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1, max_size=60)
_VIEWS = st.builds(
    View,
    name=st.none() | _NAMES,
    language=st.sampled_from([None, "zh", "en"]),
    layers=st.none() | st.lists(_NAMES.filter(lambda name: name != "none"), unique=True).map(tuple),
    selected=st.none() | st.tuples(st.sampled_from(KINDS), _KEYS),
    year=st.none() | st.sampled_from(YEARS),
    month=st.none() | st.integers(1, 12),
    camera=st.none()
    | st.builds(Camera, lon=st.floats(-180, 180), lat=st.floats(-90, 90), zoom=st.floats(0, 22)),
)


@given(_VIEWS)
def test_a_view_comes_back(view):
    query = to_query(view)
    found, faults = from_query({**query, "s": "abc"})
    assert faults == ()
    assert to_query(found) == query
    fields = ("name", "language", "layers", "selected", "year", "month")
    assert all(getattr(found, name) == getattr(view, name) for name in fields)
    if view.camera is None:
        assert found.camera is None
    else:
        assert abs(found.camera.lon - view.camera.lon) <= 5.1e-5
        assert abs(found.camera.zoom - view.camera.zoom) <= 5.1e-3


def test_an_empty_address_leaves_all_to_the_page():
    assert from_query({}) == (View(), ())
    assert to_query(View()) == {}
    assert to_query(View(layers=())) == {"layers": "none"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lang", "fr"),
        ("view", "settings"),
        ("view", ""),
        ("layers", "flows.gone"),
        ("layers", ""),
        ("sel", "station"),
        ("sel", "station:"),
        ("sel", "tree:1"),
        ("sel", "station:\x07"),
        ("sel", "station:" + "x" * 61),
        ("year", "2031"),
        ("year", "2030.0"),
        ("month", "0"),
        ("month", "13"),
        ("at", "104,30"),
        ("at", "104,nan,7"),
        ("at", "204,30,7"),
        ("at", "104,30,7e1"),
        ("utm_source", "x"),
    ],
)
def test_what_is_not_understood_is_left_out_and_said(name, value):
    sound = {"lang": "en", "year": "2035"}
    sound.pop(name, None)
    view, faults = from_query({**sound, name: value}, views=("plan", "demand"), layers=("flows", "places"))
    assert to_query(view) == sound
    (fault,) = faults
    assert said(fault, "zh") == f"链接，{name}：无法识别，已忽略"


@given(
    st.dictionaries(
        st.sampled_from(["lang", "view", "layers", "sel", "year", "month", "at"]) | st.text(), st.text()
    )
)
def test_no_address_breaks_the_page(query):
    view, faults = from_query(query)
    assert from_query(to_query(view)) == (view, ())
    for fault in faults:
        told = said(fault, "zh")
        assert re.fullmatch(r"链接，[\w.?-]{1,40}：无法识别，已忽略", told)
        told.encode()
