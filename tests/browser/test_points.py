"""Point demands in headless Chromium: a faulty file, a sound one, one by hand, then the plan with them."""

import io
from urllib.parse import urlsplit

import pytest
from PIL import Image

from planner.text import text

pytestmark = pytest.mark.browser

_POINT = "#d6006c"
_HEADER = "point_id,name_zh,use,lon,lat,kg_per_day\n"
_SOUND = _HEADER + "PORT,果园港,ship,106.74,29.62,250\nANYUE,安岳电站,power,105.34,30.10,5\n"
_FAULTY = _HEADER + "PORT,果园港,ship,106.74,29.62,-250\nPORT,安岳电站,tram,105.34,30.10,5\n"


def _pixels_near(image, color, tolerance=24):
    """Count the pixels of about this color."""
    wanted = bytes.fromhex(color.removeprefix("#"))
    return sum(
        count
        for count, seen in image.getcolors(maxcolors=image.width * image.height)
        if all(abs(a - b) <= tolerance for a, b in zip(seen, wanted, strict=True))
    )


def _file(content):
    return {"name": "points.csv", "mimeType": "text/csv", "buffer": content.encode()}


def test_point_demands_are_placed_and_served(visit, app_url, tmp_path):
    page = (planner := visit()).page
    # Points need no plan: they are placed while the first one is being solved, and that is stopped.
    page.get_by_role("radio", name="用氢点", exact=True).click()
    page.get_by_text("此情景没有用氢点").wait_for()
    upload = page.locator(".st-key-points-file input[type=file]")
    upload.evaluate("element => { element.dataset.seen = 'before the solve ended' }")
    stop = page.get_by_role("button", name="停止", exact=True)
    if stop.count():
        stop.click()
    page.locator(".st-key-job").wait_for(state="detached")
    # A field built anew when the work ends would lose the file a person is just handing over.
    assert upload.get_attribute("data-seen") == "before the solve ended"
    upload.set_input_files(_file(_FAULTY))
    page.get_by_text("请选择坐标参考系").wait_for()
    page.locator(".st-key-points-crs input").click()
    page.get_by_role("option", name="WGS84", exact=True).click()
    for fault in (
        "第 2 行 kg_per_day 列：为负数",
        "第 3 行 point_id 列：与第 2 行重复",
        "第 3 行 use 列：'tram' 无法识别",
    ):
        page.get_by_text(fault).wait_for()
    assert page.get_by_text("此情景没有用氢点").is_visible()

    upload.set_input_files(_file(_SOUND))
    page.get_by_text("读入 2 个用氢点，共 255.0 kg/d").wait_for()
    page.get_by_role("button", name="采用这 2 个用氢点").click()
    page.get_by_text("此情景含 2 个用氢点").wait_for()

    # One by hand, where a place is named.
    name = page.locator("[class*=st-key-points-name] input")
    name.fill("内江场站")
    page.locator("[class*=st-key-points-kg] input").fill("30")
    page.locator(".st-key-points-add button").click()
    page.get_by_text(text("points.incomplete", "zh")).wait_for()
    # What cannot be placed stays as typed; what was placed makes room for the next.
    assert name.input_value() == "内江场站"
    page.locator("[class*=st-key-points-place] input").fill("105.06,29.58")
    page.locator("[class*=st-key-points-place] input").press("Enter")
    page.locator(".st-key-points-add button").click()
    page.get_by_text("此情景含 3 个用氢点").wait_for()
    assert page.locator("[class*=st-key-points-name] input").input_value() == ""
    page.screenshot(path=tmp_path / "points.png")

    page.get_by_role("button", name="求解", exact=True).click()
    page.get_by_role("radio", name="方案", exact=True).click()
    planner.wait_for_plan()
    page.get_by_role("tab", name="用氢点").click()
    cells = page.locator(".st-key-points [role=gridcell]")
    cells.filter(has_text="果园港").first.wait_for(state="attached")
    seen = 0
    for _ in range(30):
        seen = _pixels_near(Image.open(io.BytesIO(planner.map_drawn().screenshot())).convert("RGB"), _POINT)
        if seen > 100:
            break
        page.wait_for_timeout(500)
    page.screenshot(path=tmp_path / "plan.png")
    assert seen > 100
    names = {cell for cell in cells.all_text_contents() if cell}
    assert {"果园港", "安岳电站", "内江场站"} <= names

    hosts = {urlsplit(url).netloc for url in planner.requests if url.startswith(("http", "ws"))}
    assert hosts == {urlsplit(app_url).netloc}
    assert planner.complaints == []
