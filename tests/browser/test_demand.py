"""The demand view in headless Chromium: edit an assumption, see what follows, set it back."""

import io
import re
from urllib.parse import urlsplit

import pytest
from PIL import Image

from planner.drawing import palette

pytestmark = pytest.mark.browser

_DEMAND, _MORE = palette.DEMAND, palette.MORE
_SHARE = ".st-key-assumption-adoption-share-tractor_49t-2030"


def _pixels_near(image, color, tolerance=24):
    """Count the pixels of about this color."""
    wanted = bytes.fromhex(color.removeprefix("#"))
    return sum(
        count
        for count, seen in image.getcolors(maxcolors=image.width * image.height)
        if all(abs(a - b) <= tolerance for a, b in zip(seen, wanted, strict=True))
    )


def _seen_on_map(visit, color):
    """Return the pixels of a color on the map of the demand, once it is drawn."""
    frame = visit.page.locator(".st-key-demand-map")
    frame.locator("canvas").first.wait_for(state="visible")
    seen = 0
    for _ in range(100):
        seen = _pixels_near(Image.open(io.BytesIO(frame.screenshot())).convert("RGB"), color)
        if seen > 300:
            break
        visit.page.wait_for_timeout(200)
    return seen


def _idle(page):
    """Wait until the page is drawn whole."""
    page.wait_for_timeout(300)
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")


def _kg(visit):
    """Return the hydrogen demand as the page shows it, kg/day."""
    return float(re.sub(r"[^\d.]", "", visit.figure("demand_kg")))


def _type(page, value):
    """Type a fuel-cell share of 49 t tractors in 2030."""
    field = page.locator(f"{_SHARE} input")
    field.fill(value)
    field.press("Enter")


def test_an_assumption_is_edited_and_set_back(visit, app_url):
    page = (planner := visit()).page
    # Demand needs no plan: it is looked at while the first one is being solved.
    page.get_by_role("radio", name="需求", exact=True).click()
    page.locator("[data-kpi=demand_kg]").wait_for()
    page.locator(".st-key-job").wait_for(state="detached")
    _idle(page)
    baseline = _kg(planner)
    assert baseline > 0
    assert planner.figure("demand_edits").startswith("0")
    assert _seen_on_map(planner, _DEMAND) > 300
    block = page.locator(_SHARE)
    assert "来源" in block.inner_text()
    assert "0.053 – 0.112" in block.inner_text()

    # Outside its documented range: taken over, and marked.
    _type(page, "0.2")
    block.locator("[data-mark=outside]").wait_for()
    _idle(page)
    edited = _kg(planner)
    assert edited > 1.5 * baseline
    assert planner.figure("demand_edits").startswith("1")
    page.get_by_text("含 1 项已修改的假设").wait_for()
    page.get_by_role("radio", name="相对基准的变化", exact=True).click()
    assert _seen_on_map(planner, _MORE) > 300

    # Impossible: refused on the spot, the last possible demand stays.
    _type(page, "1.5")
    block.locator("[data-mark=refused]").wait_for()
    page.get_by_text("1.5 超出可能的范围").wait_for()
    _idle(page)
    assert _kg(planner) == edited

    block.get_by_role("button").last.click()
    # Set back: nothing is edited; marks that the choice of shares does not use a row stay.
    for mark in ("refused", "outside", "changed"):
        page.locator(f"[data-mark={mark}]").first.wait_for(state="detached")
    _idle(page)
    assert _kg(planner) == baseline
    assert page.locator(f"{_SHARE} input").input_value() == "0.078"

    hosts = {urlsplit(url).netloc for url in planner.requests if url.startswith(("http", "ws"))}
    assert hosts == {urlsplit(app_url).netloc}
    assert planner.complaints == []
