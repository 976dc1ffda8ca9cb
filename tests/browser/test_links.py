"""Links in headless Chromium: opened, followed, loaded anew; scenarios by name; the browser's language."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import expect

from planner.scenario import Scenario
from planner.share import decode, encode

pytestmark = pytest.mark.browser

_SMALL = Scenario(stations=3, green_only=True, locked=("SA-G5013-ANYUE",))


def _idle(page):
    """Wait until the page is drawn whole."""
    page.wait_for_timeout(300)
    page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")


def _solved(page):
    """Wait until a plan is drawn and nothing runs."""
    page.locator(".kpi").first.wait_for()
    page.locator(".st-key-job").wait_for(state="detached")
    _idle(page)


def _query(page):
    """Return the parameters of the address."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_a_link_opens_the_same_plan_and_follows_the_page(visit):
    asked = {"lang": "en", "s": encode(_SMALL), "sel": "station:SA-G5013-ANYUE", "nonsense": "1"}
    first = visit(path=f"/?{urlencode(asked)}")
    page = first.page
    page.locator(".st-key-link-faults").get_by_text("link, nonsense").wait_for()
    _solved(page)
    figures = page.locator(".kpi .value").all_inner_texts()
    assert re.search(r"\b3 \+ ", " ".join(figures))
    page.get_by_role("button", name="I see").click()
    expect(page.locator(".st-key-link-faults")).to_have_count(0)
    query = _query(page)
    assert set(query) == {"lang", "s", "sel"}
    assert decode(query["s"]) == _SMALL
    page.get_by_role("button", name="Share", exact=True).click()
    link = page.locator("[data-testid=stCode] code").inner_text().replace("\n", "")
    assert parse_qs(urlsplit(link).query) == {name: [value] for name, value in query.items()}
    page.keyboard.press("Escape")

    page.reload()
    _solved(page)
    assert page.locator(".kpi .value").all_inner_texts() == figures
    assert _query(page) == query

    page.get_by_role("button", name="Saved", exact=True).click()
    page.locator(".st-key-saved-name input").fill("绿氢 / green")
    page.get_by_role("button", name="Save this scenario").click()
    page.get_by_text("Saved “绿氢 / green”.").wait_for()

    other = visit(locale="en-GB")
    page = other.page
    page.get_by_role("radio", name="English").and_(page.locator("[aria-checked=true]")).wait_for()
    page.get_by_role("button", name="Saved", exact=True).click()
    page.locator(".st-key-saved-open button").click()
    page.get_by_text("Opened “绿氢 / green”.").wait_for()
    _solved(page)
    assert page.locator(".kpi .value").all_inner_texts() == figures
    assert decode(_query(page)["s"]).identity == _SMALL.identity
    for one in (first, other):
        assert one.complaints == []
        hosts = {urlsplit(address.removeprefix("blob:")).hostname for address in one.requests}
        assert hosts <= {"127.0.0.1", None}
