"""The app on a loopback port with an empty store, and a browser that watches where it calls."""

from __future__ import annotations

import csv
import importlib.util
import io
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

import pytest

_REPO = Path(__file__).parents[2]
_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Patience with a slow machine that draws WebGL in software, seconds.
PATIENCE_S = 120.0


def _chromium():
    """Return the path of a browser, as ``ensure_chromium.py`` finds it."""
    spec = importlib.util.spec_from_file_location(
        "ensure_chromium", Path(__file__).with_name("ensure_chromium.py")
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.find_chromium()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_up(url, server):
    """Return once the server answers; fail when it ends instead."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        assert server.poll() is None, "the app ended at once"
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:  # noqa: S310  loopback
                if answer.status == 200:
                    return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail("the app did not start")


class App(NamedTuple):
    """The running app: its address, its process, and the folder of its store."""

    url: str
    process: subprocess.Popen
    store: Path


@pytest.fixture
def app(tmp_path):
    """The running app; its store is empty."""
    port = _free_port()
    store = tmp_path / "store"
    environment = {**os.environ, "CHENGYU_STORE": str(store)}
    command = [sys.executable, "-m", "streamlit", "run", "app.py"]
    options = ["--server.headless", "true", "--server.port", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, *options], cwd=_REPO, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_up(f"http://127.0.0.1:{port}", server)
            yield App(f"http://127.0.0.1:{port}", server, store)
        finally:
            server.terminate()
            try:
                server.wait(timeout=20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@pytest.fixture
def app_url(app):
    """Address of the running app."""
    return app.url


@pytest.fixture
def browser():
    """A headless Chromium."""
    path = _chromium()
    if path is None:
        pytest.skip("no Chromium: run tests/browser/ensure_chromium.py")
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        instance = playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield instance
        instance.close()


def first_number(said):
    """Return the first number of a text."""
    return float(re.search(r"[\d,.]+", said)[0].replace(",", ""))


class Visit:
    """One browser session on the app, and all it said and asked for.

    Parameters
    ----------
    browser
        Playwright browser.
    url
        Address of the app.
    size
        Width and height of the window, pixels.
    path
        What of the address follows the host.
    context
        Options of the browser's context: ``locale``, ``color_scheme``.
    """

    def __init__(self, browser, url, size=(1280, 800), path="", **context):
        window = {"width": size[0], "height": size[1]}
        self.context = browser.new_context(viewport=window, **{"locale": "zh-CN", **context})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_S * 1000)
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._heard)
        self.page.goto(url + path)

    def _heard(self, message):
        if message.type == "error":
            self.complaints.append(message.text)

    def figure(self, name):
        """Return the value of a key figure as the page shows it."""
        return self.page.locator(f"[data-kpi={name}] .value").inner_text()

    def number(self, name):
        """Return the first number of a key figure."""
        return first_number(self.figure(name))

    def download(self, name):
        """Return the bytes behind a download button, once the page is drawn whole."""
        self.page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")
        with self.page.expect_download() as waiting:
            self.page.locator(f".st-key-download-{name} button:visible").click()
        return waiting.value.path().read_bytes()

    def stations(self):
        """Return the rows of the siting table that the page offers."""
        return list(csv.DictReader(io.StringIO(self.download("csv").decode("utf-8-sig"))))

    def wait_for_plan(self):
        """Return once no work is under way and the page is drawn whole."""
        self.page.locator("[data-kpi=served]").wait_for()
        self.page.locator(".st-key-job").wait_for(state="detached")
        self.page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")

    def map_drawn(self):
        """Wait for the canvas of the map and return its locator."""
        canvas = self.page.locator(".st-key-map canvas").first
        canvas.wait_for(state="visible")
        return self.page.locator(".st-key-map")


@pytest.fixture
def visit(browser, app_url):
    """Open sessions on the app; they are closed at the end."""
    visits = []

    def open_one(**options):
        visits.append(Visit(browser, app_url, **options))
        return visits[-1]

    yield open_one
    for one in visits:
        one.context.close()
