"""The view of the charts and the view for print, driven as a page without a browser."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from corridor.errors import Fault, InputError
from planner.inputs import load_inputs
from planner.jobs import Job
from planner.pipeline import make_plan
from planner.progress import Stopped
from planner.scenario import Scenario
from planner.text import LANGUAGES, text
from planner.views import frontier_panel

_PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def plan():
    return make_plan(Scenario(stations=4))


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch):
    monkeypatch.setenv("CHENGYU_STORE", str(tmp_path / "store"))


def _charts(plan, inputs, language):
    from planner.views import charts_panel

    charts_panel.draw(plan, inputs, language)


def _print(plan, inputs, language):
    from planner.views import print_view

    print_view.draw(plan, inputs, language)


def _page(view, plan, language):
    inputs = load_inputs(None if plan is None else plan.scenario)
    page = AppTest.from_function(view, default_timeout=_PATIENCE_S, args=(plan, inputs, language))
    page.run()
    assert not page.exception
    return page


def _drawn(page):
    """Return the charts as JSON with its characters as they are, in the order of the page."""
    specs = [json.loads(element.proto.spec) for element in page.get("vega_lite_chart")]
    return [json.dumps(spec, ensure_ascii=False) for spec in specs]


def _job_that(monkeypatch, work):
    jobs = []

    def start(_scenario):
        jobs.append(Job(work))
        return jobs[-1]

    monkeypatch.setattr(frontier_panel, "frontier_job", start)
    return jobs


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_charts_of_a_plan_are_drawn(plan, language):
    page = _page(_charts, plan, language)
    specs = _drawn(page)
    for title in ("stack_title", "utilization_title", "utilization_load_title", "loads_title"):
        assert sum(f'"{text(f"charts.{title}", language)}"' in spec for spec in specs) == 1, title
    fills = [spec for spec in specs if f'"{text("fill.title", language)}"' in spec]
    assert len(fills) == 3, "one for each corridor route"


def test_the_waterfall_follows_the_stations_chosen(plan):
    page = _page(_charts, plan, "en")
    page.get("button_group")[0].set_value("existing").run()
    assert not page.exception
    title = text("charts.waterfall_title", "en", scope=text("charts.scope_existing", "en"))
    assert sum(f'"{title}"' in spec for spec in _drawn(page)) == 1


def test_a_frontier_is_found_in_the_background_and_drawn(plan, small_frontier, monkeypatch):
    jobs = _job_that(monkeypatch, lambda _on_progress, _should_stop: small_frontier)
    page = _page(_charts, plan, "en")
    title = f'"{text("charts.frontier_title", "en")}"'
    assert not any(title in spec for spec in _drawn(page))
    page.button(key="frontier-start").click().run()
    assert jobs[0].wait(_PATIENCE_S)
    page.run()
    assert any(title in spec for spec in _drawn(page))
    assert not [button for button in page.button if button.key == "frontier-start"]


def test_a_frontier_stopped_before_a_budget_was_done_says_so(plan, monkeypatch):
    def work(_on_progress, should_stop):
        while not should_stop():
            pass
        raise Stopped

    jobs = _job_that(monkeypatch, work)
    page = _page(_charts, plan, "zh")
    page.button(key="frontier-start").click().run()
    page.button(key="frontier-stop").click().run()
    assert jobs[0].wait(_PATIENCE_S)
    page.run()
    assert [warning.value for warning in page.warning] == [text("charts.frontier_none", "zh")]
    assert page.button(key="frontier-start")


def test_a_frontier_that_cannot_be_says_why(plan, monkeypatch):
    def work(_on_progress, _should_stop):
        raise InputError(Fault("a frontier is of one year", "rollout", "Leave rollout out"))

    jobs = _job_that(monkeypatch, work)
    page = _page(_charts, plan, "en")
    page.button(key="frontier-start").click().run()
    assert jobs[0].wait(_PATIENCE_S)
    page.run()
    assert "a frontier is of one year" in page.error[0].value


@pytest.mark.parametrize("view", [_charts, _print])
def test_without_a_plan_the_page_says_what_to_wait_for(view):
    page = _page(view, None, "zh")
    assert len(page.info) == 1


def test_the_sheet_is_drawn_whole_with_its_map_as_an_image(plan):
    page = _page(_print, plan, "en")
    sheets = [element.proto.body for element in page.get("html") if 'class="sheet"' in element.proto.body]
    assert len(sheets) == 1
    assert all(name in sheets[0] for name in plan.stations["name_en"] if "&" not in name)
    assert 'src="data:image/svg+xml;base64,' in sheets[0]
    assert "<svg" not in sheets[0], "the page would drop it"
