"""A planner's visit, in headless Chromium, on the real data and the real solver."""

import io
import json
import re
import zipfile
from urllib.parse import urlsplit

import pytest
from PIL import Image

pytestmark = pytest.mark.browser

#: Colors that must be seen on the map: the three routes, the stations.
_MAP_COLORS = {"G76/G85": "#0072b2", "G5013": "#d55e00", "G42/G93": "#009e73", "stations": "#16324f"}


def _pixels_near(image, color, tolerance=24):
    """Count the pixels of about this color."""
    wanted = bytes.fromhex(color.removeprefix("#"))
    return sum(
        count
        for count, seen in image.getcolors(maxcolors=image.width * image.height)
        if all(abs(a - b) <= tolerance for a, b in zip(seen, wanted, strict=True))
    )


def _map_picture(visit):
    """Return the picture of the map once the routes are drawn in it."""
    frame = visit.map_drawn()
    for _ in range(60):
        image = Image.open(io.BytesIO(frame.screenshot())).convert("RGB")
        if min(_pixels_near(image, color) for color in _MAP_COLORS.values()) > 100:
            return image
        visit.page.wait_for_timeout(1000)
    return image


def _solve(visit, stations, button):
    """Ask for so many new stations and wait until the page shows that plan."""
    slider = visit.page.get_by_role("slider").first
    slider.press("Home")
    for _ in range(stations):
        slider.press("ArrowRight")
    visit.page.locator(".st-key-stations").get_by_text(str(stations), exact=True).wait_for()
    visit.page.get_by_role("button", name=button, exact=True).click()


def _check_tools_leave_tabs_free(page):
    """A table under the pointer shows its tools; over the tabs above, they would take their clicks."""
    table = page.locator(".st-key-siting canvas").first.bounding_box()
    page.mouse.move(table["x"] + 40, table["y"] + 100)
    place = ".st-key-siting [data-testid=stElementToolbar]"
    # It comes into sight and to its place by and by.
    page.wait_for_function("at => getComputedStyle(document.querySelector(at)).opacity === '1'", arg=place)
    shown = page.locator(place)
    tools, tabs = shown.bounding_box(), page.get_by_role("tablist").first.bounding_box()
    assert tools["y"] >= tabs["y"] + tabs["height"]


def test_a_planners_visit(visit, app_url, tmp_path):
    page = (planner := visit()).page
    # The first opening finds no stored plan: it solves at once, says so, and draws the roads meanwhile.
    page.get_by_text("尚无此情景的方案").wait_for()
    planner.wait_for_plan()
    _check_tools_leave_tabs_free(page)

    # Key figures with their units, and a proof that claims no more than was proven.
    assert "kg/d" in planner.figure("served")
    served = planner.number("served")
    assert served > 0
    assert planner.number("hydrogen") > 0
    badge = page.locator("[data-kpi=certificate] .badge")
    note = page.locator("[data-kpi=certificate] .note").inner_text()
    closed = "差距 0.00%" in note or "差距 <0.01%" in note
    assert (badge.inner_text() == "已证明最优") == closed

    # The map is drawn: three routes and the stations in their colors.
    picture = _map_picture(planner)
    seen = {name: _pixels_near(picture, color) for name, color in _MAP_COLORS.items()}
    assert min(seen.values()) > 100, seen
    page.screenshot(path=tmp_path / "zh.png")

    # The siting table, as a file, agrees with the key figures.
    before = planner.stations()
    new = [row for row in before if row["status"] == "new"]
    assert planner.figure("stations").startswith(f"{len(new)} + {len(before) - len(new)}")

    # Another scenario: the old plan stays until the new one is there, then the table changes.
    _solve(planner, 3, "求解")
    page.get_by_text("正在求解新情景").wait_for()
    assert page.locator("[data-kpi=served]").is_visible()
    page.locator(".st-key-job").wait_for(state="detached")
    page.wait_for_function("document.querySelector('[data-kpi=stations] .value').innerText.startsWith('3 +')")
    after = planner.stations()
    assert sum(row["status"] == "new" for row in after) == 3
    assert {row["site_id"] for row in after} != {row["site_id"] for row in before}
    assert planner.number("served") <= served

    # Back to the first scenario: it comes from the store, without a job.
    _solve(planner, len(new), "求解")
    page.wait_for_function(
        f"document.querySelector('[data-kpi=stations] .value').innerText.startsWith('{len(new)} +')",
        timeout=15_000,
    )
    assert page.locator(".st-key-job").count() == 0

    # English, and the other files.
    page.get_by_text("English", exact=True).click()
    page.get_by_role("heading", name="Chengyu Hydrogen Corridor Planner").wait_for()
    page.get_by_text("Proof of siting").wait_for()
    plan = json.loads(planner.download("json"))
    assert len(plan["stations"]) == len(before)
    assert plan["kpis"]["served_kg_per_day"] == pytest.approx(served, abs=1)
    geojson = json.loads(planner.download("geojson"))
    assert len([f for f in geojson["features"] if f["properties"]["layer"] == "station"]) == len(before)
    assert zipfile.ZipFile(io.BytesIO(planner.download("xlsx"))).testzip() is None
    _map_picture(planner)
    page.screenshot(path=tmp_path / "en.png")

    # Attribution is there, nothing left the machine, nothing complained.
    assert page.get_by_text("© OpenStreetMap contributors").is_visible()
    hosts = {urlsplit(url).netloc for url in planner.requests if url.startswith(("http", "ws"))}
    assert hosts == {urlsplit(app_url).netloc}
    assert planner.complaints == []


def test_two_sessions_do_not_disturb_each_other(visit):
    first = visit()
    first.wait_for_plan()
    served = first.figure("served")

    # The second asks for much more, which takes long, and stops it.
    second = visit()
    second.wait_for_plan()
    assert second.figure("served") == served
    second.page.get_by_text("全区域", exact=True).click()
    _solve(second, 40, "求解")
    stop = second.page.get_by_role("button", name="停止", exact=True)
    stop.wait_for()

    # Meanwhile the first works on, in its own language, with its own plan and no job.
    first.page.get_by_text("English", exact=True).click()
    first.page.get_by_role("heading", name="Chengyu Hydrogen Corridor Planner").wait_for()
    assert first.page.locator(".st-key-job").count() == 0
    assert first.figure("served") == served

    stop.click()
    second.page.get_by_text(re.compile("求解已停止|求解被提前停止")).wait_for()
    second.wait_for_plan()
    assert second.page.get_by_role("heading", name="成渝氢走廊规划").is_visible()
    assert first.page.get_by_text("Stopped").count() == 0
    assert (first.complaints, second.complaints) == ([], [])
