"""Route queries, closed roads and an analyst's own sites, in headless Chromium on the real roads."""

import io
from urllib.parse import urlsplit

import pytest
from PIL import Image

pytestmark = pytest.mark.browser

#: Colors of the three corridor routes on the map.
_ROUTES = {"成渝高速 G76/G85": "#0072b2", "成安渝高速 G5013": "#d55e00", "成遂渝高速 G42/G93": "#009e73"}
_CLOSED = "#5c0a14"

_SITES = """site_id,name_zh,kind,x,y
MY-1,简阳物流园,logistics_park,104.55,30.40
MY-2,远处,interchange,110.9,20.1
"""


def _pixels_near(image, color, tolerance=24):
    """Count the pixels of about this color."""
    wanted = bytes.fromhex(color.removeprefix("#"))
    return sum(
        count
        for count, seen in image.getcolors(maxcolors=image.width * image.height)
        if all(abs(a - b) <= tolerance for a, b in zip(seen, wanted, strict=True))
    )


def _seen_on_map(visit, colors, least=100):
    """Return the pixels of each color on the map of the ways, once all of them are drawn."""
    frame = visit.page.locator(".st-key-route-map")
    frame.locator("canvas").first.wait_for(state="visible")
    seen = {}
    for _ in range(60):
        image = Image.open(io.BytesIO(frame.screenshot())).convert("RGB")
        seen = {color: _pixels_near(image, color) for color in colors}
        if min(seen.values()) > least:
            break
        visit.page.wait_for_timeout(500)
    return seen


def _cells(visit):
    """Return the cells of the table of ways, as a screen reader finds them."""
    cells = visit.page.locator(".st-key-routes-table [role=gridcell]")
    cells.first.wait_for(state="attached")
    return cells.all_inner_texts()


def _close(page, road):
    """Write a road into the list of closed roads."""
    field = page.locator(".st-key-closures input")
    field.click()
    field.fill(road)
    page.get_by_role("option").filter(has_text=road).first.wait_for()
    field.press("Enter")
    page.locator(".st-key-closures [data-tag]").filter(has_text=road).wait_for(state="attached")
    return field


def test_routes_closures_and_own_sites(visit, app_url, tmp_path):
    page = (planner := visit()).page
    # Routes can be asked about while the first plan is being solved.
    page.get_by_role("radio", name="路线", exact=True).click()
    cells = _cells(planner)
    assert set(_ROUTES) <= set(cells)
    before = cells
    page.locator(".st-key-job").wait_for(state="detached")
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")
    seen = _seen_on_map(planner, _ROUTES.values())
    assert min(seen.values()) > 100, seen

    # A road closed in the sidebar is avoided at once, and drawn as closed.
    # (Written while no map is drawn: drawing in software starves the list of its key strokes.)
    page.get_by_role("radio", name="自备站址", exact=True).click()
    page.locator(".st-key-own-file input[type=file]").wait_for(state="attached")
    page.get_by_text("封闭道路", exact=True).first.click()
    page.wait_for_timeout(2000)  # the list opens once the expander has unfolded
    _close(page, "G5013").press("Escape")
    page.get_by_role("radio", name="路线", exact=True).click()
    page.get_by_text("按侧栏所列封闭道路计算：G5013").wait_for()
    page.wait_for_function(
        "name => ![...document.querySelectorAll('.st-key-routes-table [role=gridcell]')]"
        ".some(cell => cell.innerText === name)",
        arg="成安渝高速 G5013",
    )
    after = _cells(planner)
    assert after != before
    assert {"成渝高速 G76/G85", "成遂渝高速 G42/G93"} <= set(after)
    assert not any("G5013" in cell for cell in after)
    seen = _seen_on_map(planner, [_CLOSED])
    assert seen[_CLOSED] > 100
    page.screenshot(path=tmp_path / "closed.png")

    # An analyst's file: what can be taken, what cannot and why; nothing before the reference system is known.
    page.get_by_role("radio", name="自备站址", exact=True).click()
    file = {"name": "own.csv", "mimeType": "text/csv", "buffer": _SITES.encode()}
    page.locator(".st-key-own-file input[type=file]").set_input_files(file)
    page.get_by_text("请选择坐标参考系").wait_for()
    page.locator(".st-key-own-crs input").click()
    page.get_by_role("option", name="WGS84", exact=True).click()
    page.get_by_text("可采用 1 个，不能采用 1 个").wait_for()
    page.locator("[role=gridcell]").filter(has_text="不在路网范围内").wait_for(state="attached")
    page.get_by_role("button", name="采用这 1 个站址").click()
    page.get_by_text("此情景含 1 个自备站址").wait_for()

    hosts = {urlsplit(url).netloc for url in planner.requests if url.startswith(("http", "ws"))}
    assert hosts == {urlsplit(app_url).netloc}
    assert planner.complaints == []
