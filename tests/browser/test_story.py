"""A planner's story in headless Chromium: read, touch, compare, assume, export, share, find it again."""

import json
import math
import time
from urllib.parse import parse_qs, urlsplit

import pytest

from planner.views.corridor_map import _VIEW

pytestmark = pytest.mark.browser

_TILE = 512
#: Clicks tried on a map drawn in software: one is lost when drawing takes longer than a click.
_CLICKS = 12


def _mercator(lon, lat, zoom):
    """Return the pixel of a place, as web maps count them."""
    size = _TILE * 2.0**zoom
    y = math.log(math.tan(math.pi / 4 + math.radians(lat) / 2))
    return size * (lon / 360 + 0.5), size * (0.5 - y / (2 * math.pi))


def _click_on_map(visit, lon, lat):
    """Click at a place of the map until a card opens; return the seconds from the last click to the card."""
    page = visit.page
    canvas = visit.map_drawn().locator("canvas").first
    card = page.locator("[class*=st-key-card] .card-head")
    for _ in range(_CLICKS):
        box = canvas.bounding_box()
        middle = _mercator(_VIEW["longitude"], _VIEW["latitude"], _VIEW["zoom"])
        at = _mercator(lon, lat, _VIEW["zoom"])
        x = box["x"] + box["width"] / 2 + at[0] - middle[0]
        y = box["y"] + box["height"] / 2 + at[1] - middle[1]
        page.mouse.move(x, y)
        page.wait_for_timeout(1_500)
        began = time.monotonic()
        page.mouse.click(x, y)
        try:
            card.wait_for(timeout=5_000)
        except Exception:  # noqa: BLE001, S112  lost: once more
            continue
        return time.monotonic() - began
    pytest.fail("no click on the map was taken up")


def _edited(visit, button):
    """Press a button of the card and return the seconds until the plan is solved again."""
    # The card is there before the address that tells of it.
    visit.wait_for_plan()
    page, address = visit.page, visit.page.url
    began = time.monotonic()
    page.locator(f".st-key-card-{button} button").first.click()
    page.wait_for_function("address => location.href !== address", arg=address)
    visit.wait_for_plan()
    return time.monotonic() - began


def _choose_view(page, name):
    page.locator(".st-key-view").get_by_text(name, exact=True).click()


def _locked(planner, station):
    """Click a station on the map and lock it; return the seconds to the card and to the plan."""
    page = planner.page
    click_s = _click_on_map(planner, float(station["lon"]), float(station["lat"]))
    assert station["name_zh"] in page.locator(".card-head h2").inner_text()
    lock_s = _edited(planner, "lock")
    page.locator(".card-head .chip").filter(has_text="锁定").wait_for()
    page.locator(".st-key-card-close button").first.click()
    return click_s, lock_s


def _forbidden(planner, stations, station):
    """Choose a station in the table and forbid it; return the seconds to the plan."""
    page = planner.page
    listed = [row["site_id"] for row in sorted(stations, key=lambda row: row["status"] != "new")]
    table = page.locator(".st-key-siting [data-testid=stDataFrame] canvas").first
    table.wait_for()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 15, box["y"] + 35 * (listed.index(station["site_id"]) + 1) + 17)
    page.locator(".card-head h2").filter(has_text=station["name_zh"]).wait_for()
    forbid_s = _edited(planner, "forbid")
    page.locator(".st-key-card-close button").first.click()
    return forbid_s


def _assumed(planner, key, value):
    """Change an assumption where it stands with its range and source, and solve."""
    page = planner.page
    _choose_view(page, "需求")
    page.locator("[class*=st-key-assumption-search] input").fill(key)
    page.keyboard.press("Enter")
    # The row of the assumption alone: the list before the search may stand a moment longer.
    row = page.locator(f"[class*=st-key-assumption-station-{key}]")
    field = row.locator("input").first
    field.fill(value)
    field.press("Enter")
    row.locator(".mark.changed, .mark.outside").first.wait_for()
    _choose_view(page, "方案")
    address = page.url
    page.locator("[class*=st-key-solve] button").first.click()
    page.wait_for_function("address => location.href !== address", arg=address)
    planner.wait_for_plan()


def _quiet(visit, app_url):
    """Hold the page to no complaint and no request to another host."""
    hosts = {urlsplit(url).netloc for url in visit.requests if url.startswith(("http", "ws"))}
    assert hosts == {urlsplit(app_url).netloc}
    assert visit.complaints == []


def test_a_planners_story(visit, app_url, tmp_path, record_property):
    page = (planner := visit()).page
    # The tour greets whoever comes without a link, and can be skipped.
    page.get_by_role("button", name="跳过").click()
    page.locator(".st-key-tour").wait_for(state="detached")
    planner.wait_for_plan()
    served = planner.number("served")
    stations = planner.stations()
    new = [row for row in stations if row["status"] == "new"]
    kept = max(new, key=lambda row: float(row["load_kg_per_day"]))
    out = next(row for row in new if row["site_id"] != kept["site_id"])

    click_s, lock_s = _locked(planner, kept)
    forbid_s = _forbidden(planner, stations, out)
    after = {row["site_id"] for row in planner.stations() if row["status"] == "new"}
    assert kept["site_id"] in after
    assert out["site_id"] not in after
    assert planner.number("served") <= served

    # Beside the baseline: what went and what came.
    _choose_view(page, "对比")
    page.locator("svg[data-map=current]").wait_for()
    assert page.locator(f"svg[data-map=baseline] [data-site='{out['site_id']}']").count() >= 1
    assert page.locator(f"svg[data-map=current] [data-site='{kept['site_id']}']").count() >= 1
    page.screenshot(path=tmp_path / "compare.png")

    _assumed(planner, "highest_utilization", "0.6")
    tight = planner.number("served")
    assert tight < served, "stations that may be filled less serve less"

    # English, the export, and the address: whoever opens it finds the same plan.
    page.get_by_text("English", exact=True).click()
    page.get_by_role("heading", name="Chengyu Hydrogen Corridor Planner").wait_for()
    plan = json.loads(planner.download("json"))
    assert plan["kpis"]["served_kg_per_day"] == pytest.approx(tight, abs=1)
    assert plan["scenario"]["locked"] == [kept["site_id"]]
    assert plan["scenario"]["forbidden"] == [out["site_id"]]
    page.screenshot(path=tmp_path / "en.png")
    shared = urlsplit(page.url).query
    assert parse_qs(shared)["lang"] == ["en"]
    second = visit(path=f"/?{shared}", locale="zh-CN")
    second.wait_for_plan()
    second.page.get_by_role("heading", name="Chengyu Hydrogen Corridor Planner").wait_for()
    assert second.page.locator(".st-key-tour").count() == 0, "who comes by a link is not led"
    again = json.loads(second.download("json"))
    assert again["scenario"] == plan["scenario"]
    assert [row["site_id"] for row in again["stations"]] == [row["site_id"] for row in plan["stations"]]

    # Undo leads back step by step, to the plan of the beginning.
    for _ in range(3):
        address = page.url
        page.locator(".st-key-undo button").first.click()
        page.wait_for_function("address => location.href !== address", arg=address)
        planner.wait_for_plan()
    assert planner.number("served") == served
    assert page.locator(".st-key-undo button").first.is_disabled()

    took = {"click to card": click_s, "lock to plan": lock_s, "forbid to plan": forbid_s}
    record_property("timing", ", ".join(f"{what} {seconds:.2f} s" for what, seconds in took.items()))
    _quiet(planner, app_url)
    _quiet(second, app_url)
