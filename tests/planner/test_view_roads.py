"""The panel of own roads, driven as a person would."""

import threading

import pytest
from streamlit.testing.v1 import AppTest

from corridor.sources import data_directory
from planner import road_upload
from planner.road_upload import preview
from planner.scenario import Scenario
from planner.text import LANGUAGES, text
from planner.views import road_panel
from tests.corridor.road_samples import write_osm


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return write_osm(tmp_path_factory.mktemp("town") / "town.osm.pbf").read_bytes()


def _page():
    """Draw the panel; what is asked is kept aside."""
    import streamlit as st

    from planner.scenario import Scenario
    from planner.views import road_panel
    from planner.views.session import Session

    class Asked(Session):
        def ask(self, scenario):
            self.wanted = scenario

    if "kept-session" not in st.session_state:
        st.session_state["kept-session"] = Asked(opened=Scenario(stations=7))
    road_panel.draw(st.session_state["kept-session"], st.session_state["in"])


def start(language="zh"):
    app = AppTest.from_function(_page, default_timeout=90)
    app.session_state["in"] = language
    app.run()
    assert not app.exception
    return app


def press(app, key):
    app.button(key=key).click().run()
    assert not app.exception


def read(app, *files):
    """Hand files over, and wait until they are read."""
    (uploader,) = app.get("file_uploader")
    for name, content in files:
        uploader.upload(name, content, "application/octet-stream")
    app.run()
    press(app, "own-roads-read")
    job = app.session_state[road_panel._KEY].job
    assert job is None or job.wait(60)
    app.run()
    assert not app.exception


@pytest.mark.parametrize("language", LANGUAGES)
def test_roads_are_looked_over_before_they_are_taken(town, store, language):
    app = start(language)
    state = app.session_state["kept-session"]
    assert app.caption[0].value == text("own_roads.shipped", language)
    assert app.button(key="own-roads-read").disabled
    read(app, ("town.osm.pbf", town))
    expected = preview([("town.osm.pbf", town)])
    assert state.wanted is None
    assert not store.exists()
    near, every = expected.reached("zones")
    assert app.metric[0].label == text("own_roads.zones", language)
    assert app.metric[0].value == text("own_roads.of", language, near=near, all=every)
    faults = app.dataframe[0].value
    assert faults["edges"].tolist() == expected.faults["edges"].tolist()
    assert faults["what"].tolist() == [text(f"own_roads.{kind}", language) for kind in expected.faults.index]
    far = app.dataframe[1].value
    assert len(far) == sum(
        expected.reached(each)[1] - expected.reached(each)[0] for each in road_panel._PLACES
    )
    assert far["snap_km"].is_monotonic_increasing
    press(app, "own-roads-use")
    assert app.error[0].value.startswith(text("own_roads.not_taken", language)), "no trips in one town"
    assert state.wanted is None
    assert app.metric, "what was read stays in sight"


@pytest.mark.parametrize("language", LANGUAGES)
def test_roads_are_taken_over_and_given_back(language):
    app = start(language)
    state = app.session_state["kept-session"]
    names = ("roads_nodes.parquet", "roads_edges.parquet")
    files = [(name, (data_directory() / name).read_bytes()) for name in names]
    read(app, *files)
    press(app, "own-roads-use")
    assert not app.error
    folder = road_upload.keep(preview(files))
    assert state.wanted == Scenario(stations=7, network=str(folder))
    assert app.caption[0].value == text("own_roads.in_use", language, name=", ".join(names))
    assert not app.metric
    press(app, "own-roads-back")
    assert state.wanted == Scenario(stations=7)
    assert app.caption[0].value == text("own_roads.shipped", language)


def test_several_files_are_one_network(tmp_path, town):
    from corridor import roads
    from planner import road_store

    (tmp_path / "town.osm.pbf").write_bytes(town)
    files = road_store.export(roads.load(tmp_path / "town.osm.pbf"), tmp_path / "gmns", "gmns")
    app = start()
    read(app, *[(path.name, path.read_bytes()) for path in files])
    assert "node.csv" in app.markdown[0].value
    assert app.session_state[road_panel._KEY].found.network.n_nodes > 0
    press(app, "own-roads-dismiss")
    assert not app.metric
    assert app.session_state["kept-session"].wanted is None


def test_what_is_no_road_graph_is_said(town):
    app = start()
    read(app, ("town.osm.pbf", town[:200]))
    assert app.error[0].value.startswith(text("own_roads.refused", "zh"))
    assert "town.osm.pbf" in app.error[0].value
    assert not app.metric
    read(app, ("town.osm.pbf", town))
    assert not app.error
    assert app.metric


def test_a_store_that_cannot_be_written_to_is_said(town, monkeypatch, tmp_path):
    app = start()
    read(app, ("town.osm.pbf", town))
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "file"))
    press(app, "own-roads-use")
    assert app.error[0].value.startswith(text("own_roads.not_taken", "zh"))
    assert app.session_state["kept-session"].wanted is None


def test_reading_says_its_step_and_can_be_stopped(town, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    read_tables = road_upload.loading.road_tables

    def slowly(source, *, say):
        say("reading town.osm.pbf")
        begun.set()
        assert go_on.wait(30)
        return read_tables(source, say=say)

    monkeypatch.setattr(road_upload.loading, "road_tables", slowly)
    app = start()
    (uploader,) = app.get("file_uploader")
    uploader.upload("town.osm.pbf", town, "application/octet-stream")
    app.run()
    press(app, "own-roads-read")
    assert begun.wait(30)
    app.run()
    assert app.markdown[0].value.startswith("正在读取 town.osm.pbf · ")
    assert app.button(key="own-roads-read").disabled
    job = app.session_state[road_panel._KEY].job
    press(app, "own-roads-stop")
    assert text("own_roads.stopping", "zh") in [caption.value for caption in app.caption]
    go_on.set()
    assert job.wait(30)
    app.run()
    assert app.info[0].value == text("own_roads.stopped", "zh")
    assert not app.metric
