"""Own trips and link counts in headless Chromium: faults by row and column, then a sound file, then none."""

import re

import pytest
from playwright.sync_api import expect

from planner.trip_files import example

pytestmark = pytest.mark.browser

_BAD_TRIPS = """origin,destination,vehicle_class,trips_per_day
510112,999999,tractor_49t,-3
510112,500112,truck,5
"""
_BAD_COUNTS = """road_ref,from,to,count_per_day
G76,资阳,内江,-5
G9999,资阳,内江,100
"""


def _idle(page):
    """Wait until the page is drawn whole."""
    page.wait_for_timeout(300)
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")


def _figure(visit, name):
    """Return a key figure as a number."""
    return float(re.sub(r"[^\d.]", "", visit.figure(name)))


def _bring(page, kind, name, content):
    """Give a file to the upload of trips or counts."""
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    upload = page.locator(f"[class*=st-key-{kind}-upload] input[type=file]")
    expect(upload).to_have_count(1)  # the uploader of the file before goes a moment after the new one comes
    upload.set_input_files(file)


def test_own_files_are_refused_with_every_fault_or_change_the_demand(visit):
    page = (planner := visit()).page
    page.get_by_role("radio", name="需求", exact=True).click()
    page.locator("[data-kpi=demand_kg]").wait_for()
    page.locator(".st-key-job").wait_for(state="detached")
    page.get_by_text("自备出行量与流量").click()
    page.get_by_role("tab", name="自备数据").click()
    _idle(page)
    baseline = _figure(planner, "demand_trips")

    _bring(page, "od_table", "trips.csv", _BAD_TRIPS.encode())
    told = page.locator(".st-key-od_table-state")
    told.get_by_text("trips.csv 未读入").wait_for()
    faults = told.inner_text()
    for cell in ("trips.csv 第 2 行 destination 列", "第 2 行 trips_per_day 列", "第 3 行 vehicle_class 列"):
        assert cell in faults
    listed = page.locator(".st-key-demand-own [data-testid=stDataFrame]")
    listed.wait_for()
    page.locator(".st-key-demand-own").get_by_text("trips.csv 未读入").wait_for()
    _idle(page)
    assert _figure(planner, "demand_trips") == baseline

    _bring(page, "od_table", "trips.csv", example("od_table"))
    told.get_by_text("采用 trips.csv").wait_for()
    page.locator(".st-key-demand-own").get_by_text("出行量表（OD） · trips.csv").wait_for()
    _idle(page)
    with_trips = _figure(planner, "demand_trips")
    assert with_trips < 0.9 * baseline
    assert page.locator(".st-key-demand-own").get_by_text("未读入").count() == 0

    _bring(page, "link_counts", "counts.csv", _BAD_COUNTS.encode())
    told = page.locator(".st-key-link_counts-state")
    told.get_by_text("counts.csv 未读入").wait_for()
    faults = told.inner_text()
    assert "第 2 行 count_per_day 列" in faults
    assert "第 3 行 road_ref, from, to 列" in faults
    _bring(page, "link_counts", "counts.csv", example("link_counts"))
    told.get_by_text("采用 counts.csv").wait_for()
    page.locator(".st-key-demand-own").get_by_text("2 处路段流量").first.wait_for()
    _idle(page)
    assert _figure(planner, "demand_trips") != with_trips

    for kind in ("link_counts", "od_table"):
        page.locator(f".st-key-{kind}-remove button").click()
        page.locator(f".st-key-{kind}-remove").wait_for(state="detached")
        _idle(page)
    assert _figure(planner, "demand_trips") == baseline
    assert planner.complaints == []
