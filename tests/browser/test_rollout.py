"""A roll-out in headless Chromium: earlier years set in the sidebar, the tab read in both languages."""

import re
from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser


def _numbers(line):
    """Return the numbers of a line of the years."""
    return [float(found.replace(",", "")) for found in re.findall(r"[\d,]+(?:\.\d+)?", line)]


def test_earlier_years_are_planned_together_with_the_last(visit, app_url, tmp_path):
    page = (planner := visit()).page
    # The first plan, solved at once, is not waited for.
    page.get_by_text("建设时序（早期年份）").wait_for()
    stop = page.get_by_role("button", name="停止", exact=True)
    if stop.count():
        stop.click()
    page.get_by_text("建设时序（早期年份）").click()
    field = page.locator(".st-key-rollout-2027 input")
    field.fill("13")
    field.press("Enter")
    page.get_by_text("至 2027 年最多 13 座，而至 2030 年只有 12 座").wait_for()
    assert page.get_by_role("button", name="求解", exact=True).count() == 0
    field.fill("3")
    field.press("Enter")
    page.get_by_text("至 2027 年最多 13 座").wait_for(state="detached")
    slider = page.get_by_role("slider").first
    slider.press("Home")
    for _ in range(6):
        slider.press("ArrowRight")
    page.locator(".st-key-stations").get_by_text("6", exact=True).wait_for()

    # Supply by tube trailers alone.
    page.get_by_text("供氢方式", exact=True).click()
    page.locator(".st-key-modes-zh").get_by_text("液氢槽车", exact=True).click()
    page.get_by_text("挂车上限：液氢槽车").wait_for(state="detached")
    page.get_by_role("button", name="求解", exact=True).click()
    page.wait_for_function(
        "document.querySelector('[data-kpi=stations] .value')?.innerText.startsWith('6 +')", timeout=100_000
    )

    page.get_by_role("tab", name="建设时序").click()
    years = page.locator(".years tbody tr")
    years.first.wait_for()
    first, last = (_numbers(line) for line in years.all_inner_texts())
    assert first[:3] == [2027, 3, 3], "year, standing, built"
    assert last[:3] == [2030, 6, 3]
    assert 0 < first[-3] <= first[-2], "served of demand"
    assert 0 < last[-3] <= last[-2]
    assert last[-3] == pytest.approx(_numbers(planner.figure("served"))[0])
    cells = page.locator(".st-key-rollout [role=gridcell]")
    cells.filter(has_text="↑").first.wait_for(state="attached")
    seen = cells.all_text_contents()
    assert seen.count("2027") == 3
    assert seen.count("2030") > 3, "three are built, others enlarged"
    page.screenshot(path=tmp_path / "zh.png")

    page.get_by_text("English", exact=True).click()
    page.get_by_role("tab", name="Roll-out").click()
    page.get_by_text("Stations only grow").wait_for()
    assert page.locator(".st-key-rollout-2027 input").input_value() == "3"
    assert page.get_by_text("The map shows the plan of this scenario.").count() == 1
    page.screenshot(path=tmp_path / "en.png")

    hosts = {urlsplit(url).netloc for url in planner.requests if url.startswith(("http", "ws"))}
    assert hosts == {urlsplit(app_url).netloc}
    assert planner.complaints == []
