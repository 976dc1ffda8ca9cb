"""Route queries in headless Chromium on the real roads."""

from urllib.parse import urlsplit

import pytest

pytestmark = pytest.mark.browser

_ROUTES = {"成渝高速 G76/G85", "成安渝高速 G5013", "成遂渝高速 G42/G93"}


def _cells(visit):
    """Return the cells of the table of ways, as a screen reader finds them."""
    cells = visit.page.locator(".st-key-routes-table [role=gridcell]")
    cells.first.wait_for(state="attached")
    return cells.all_inner_texts()


def test_the_three_ways_between_the_two_cities(visit, app_url):
    page = (planner := visit()).page
    # Routes can be asked about while the first plan is being solved.
    page.get_by_role("radio", name="路线", exact=True).click()
    cells = _cells(planner)
    assert set(cells) >= _ROUTES
    hosts = {urlsplit(url).netloc for url in planner.requests if url.startswith(("http", "ws"))}
    assert hosts == {urlsplit(app_url).netloc}
    assert planner.complaints == []
