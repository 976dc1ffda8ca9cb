"""Baseline and current plan side by side: an edit, its deltas, and two maps that move as one."""

import csv
import io
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser

#: Degrees of longitude over which two maps may differ: rounding, no more.
_TOLERANCE = 1e-4


def _map(page, which):
    return page.locator(f"svg[data-map={which}]")


def _view(page, which):
    """Return the middle and the zoom that a map says it shows."""
    told = _map(page, which).evaluate("map => ({...map.dataset})")
    return tuple(float(told[name]) for name in ("lon", "lat", "zoom"))


def _moved_as_one(page, before):
    """Return the view of both maps once it is no longer the one before."""
    lon, lat, zoom = before
    page.wait_for_function(
        """([lon, lat, zoom]) => {
            const maps = [...document.querySelectorAll('*')].flatMap(
                (host) => host.shadowRoot ? [...host.shadowRoot.querySelectorAll('svg[data-map]')] : []);
            return maps.length === 2 && maps.every((map) => Math.abs(map.dataset.lon - lon) > 1e-4
                || Math.abs(map.dataset.lat - lat) > 1e-4 || Math.abs(map.dataset.zoom - zoom) > 1e-3);
        }""",
        arg=[lon, lat, zoom],
        timeout=15_000,
    )
    views = [_view(page, which) for which in ("baseline", "current")]
    assert views[0] == pytest.approx(views[1], abs=_TOLERANCE)
    return views[0]


def _marks(page, which, mark):
    return {node.get_attribute("data-site") for node in _map(page, which).locator(f".station.{mark}").all()}


def _choose_view(page, name):
    page.locator(".st-key-view").get_by_text(name, exact=True).click()


def _solve_with(page, stations):
    slider = page.get_by_role("slider").first
    slider.press("Home")
    for _ in range(stations):
        slider.press("ArrowRight")
    page.get_by_role("button", name="求解", exact=True).click()


@pytest.fixture
def compared(visit):
    """A visit that shows five stations compared with the default plan."""
    planner = visit(size=(1280, 900))
    planner.wait_for_plan()
    planner.served = planner.number("served")
    _choose_view(planner.page, "对比")
    # The first plan is the baseline: there is nothing to compare yet, and the page says what to do.
    planner.page.get_by_text("当前方案就是基准方案").wait_for()
    assert _map(planner.page, "baseline").count() == 0
    _solve_with(planner.page, 5)
    for which in ("baseline", "current"):
        _map(planner.page, which).wait_for()
    planner.page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")
    return planner


def test_an_edit_is_compared_with_the_baseline(compared, app_url, tmp_path):
    page = compared.page
    # Fewer stations: less is served for less money, and the page says by how much.
    card = page.locator("[data-kpi=served_kg_per_day]")
    delta = float(card.get_attribute("data-delta"))
    assert delta < 0
    assert compared.number("served_kg_per_day") - compared.served == pytest.approx(delta, abs=1.0)
    assert page.locator("[data-kpi=stations_new] .value").inner_text().startswith("5")
    assert float(page.locator("[data-kpi=capex_wan_cny]").get_attribute("data-delta")) < 0

    # The maps and the file say the same of the stations.
    assert _map(page, "baseline").locator("path.route").count() == 3
    with page.expect_download() as waiting:
        page.locator(".st-key-compare-csv button").click()
    rows = list(csv.DictReader(io.StringIO(waiting.value.path().read_text(encoding="utf-8-sig"))))
    told = {
        change: {row["site_id"] for row in rows if row["change"] == change} for change in ("added", "removed")
    }
    assert told["removed"]
    assert _marks(page, "baseline", "removed") == told["removed"] == _marks(page, "current", "ghost")
    assert _marks(page, "current", "added") == told["added"] == _marks(page, "baseline", "ghost")
    page.screenshot(path=tmp_path / "zh.png", full_page=True)

    # The same in English, where the view of the maps stays.
    start = _view(page, "baseline")
    _map(page, "baseline").press("+")
    zoomed = _moved_as_one(page, start)
    page.get_by_text("English", exact=True).click()
    page.locator("figcaption").get_by_text("Current plan").wait_for()
    assert _view(page, "current") == pytest.approx(zoomed, abs=_TOLERANCE)
    page.screenshot(path=tmp_path / "en.png", full_page=True)

    # The current plan becomes the baseline, and there is nothing to compare again.
    page.get_by_role("button", name="Make this plan the baseline").click()
    page.get_by_text("The current plan is the baseline.").wait_for()

    hosts = {urlsplit(url).netloc for url in compared.requests if url.startswith(("http", "ws"))}
    assert hosts == {urlsplit(app_url).netloc}
    assert compared.complaints == []


def test_whatever_moves_one_map_moves_the_other(compared):
    page = compared.page
    _map(page, "current").scroll_into_view_if_needed()
    left, right = (_map(page, which).bounding_box() for which in ("baseline", "current"))
    at = [(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3) for box in (left, right)]
    start = _view(page, "baseline")
    assert _view(page, "current") == pytest.approx(start, abs=_TOLERANCE)

    # Drag: pulled north-east, the middle is farther south-west.
    page.mouse.move(*at[0])
    page.mouse.down()
    page.mouse.move(at[0][0] + 60, at[0][1] - 40, steps=4)
    page.mouse.up()
    dragged = _moved_as_one(page, start)
    assert dragged[0] < start[0]
    assert dragged[1] < start[1]
    assert dragged[2] == pytest.approx(start[2], abs=1e-3)

    # Wheel and double click, each on another map.
    page.mouse.move(*at[1])
    page.mouse.wheel(0, -240)
    wheeled = _moved_as_one(page, dragged)
    assert wheeled[2] == pytest.approx(dragged[2] + 1.0, abs=1e-3)
    page.mouse.dblclick(*at[0])
    doubled = _moved_as_one(page, wheeled)
    assert doubled[2] == pytest.approx(wheeled[2] + 1.0, abs=1e-3)

    # Keys and buttons.
    _map(page, "current").press("ArrowRight")
    pressed = _moved_as_one(page, doubled)
    assert pressed[0] > doubled[0]
    assert pressed[1:] == pytest.approx(doubled[1:], abs=1e-3)
    page.locator(".bar .zoom_out").click()
    smaller = _moved_as_one(page, pressed)
    assert smaller[2] < pressed[2]
    _map(page, "baseline").press("0")
    assert _moved_as_one(page, smaller) == pytest.approx(start, abs=_TOLERANCE)

    # Two fingers twice as far apart zoom by one level and stay where they are.
    fingers = page.context.new_cdp_session(page)
    middle = (right["x"] + right["width"] / 2, right["y"] + right["height"] / 2)

    def touch(kind, *places):
        points = [{"x": middle[0] + dx, "y": middle[1], "id": rank} for rank, dx in enumerate(places)]
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", -40, 40)
    for reach in (50, 60, 70, 80):
        touch("touchMove", -reach, reach)
    touch("touchEnd")
    pinched = _moved_as_one(page, start)
    assert pinched[2] == pytest.approx(start[2] + 1.0, abs=0.01)
    assert pinched[:2] == pytest.approx(start[:2], abs=0.01)
    assert compared.complaints == []
