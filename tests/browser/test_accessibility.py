"""Every view of the page under axe-core: no serious fault outside the canvas of the map."""

import hashlib
import shutil
import subprocess
import tarfile

import pytest

pytestmark = pytest.mark.browser

_VERSION = "4.14.1"
_SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
#: Drawn by packages of which the page uses the whole: a canvas, and grids drawn in one.
_OUTSIDE = ["canvas", "[data-testid=stDataFrame]", "[data-testid=stDeckGlJsonChart]"]
_VIEWS = ("plan", "compare", "charts", "demand", "routes", "sites", "points", "roads", "print")


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """Source of axe-core, from the npm registry, checked by its hash."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: axe-core comes from its registry")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "pack", f"axe-core@{_VERSION}", "--silent"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    packed = folder / f"axe-core-{_VERSION}.tgz"
    assert hashlib.sha256(packed.read_bytes()).hexdigest() == _SHA256
    with tarfile.open(packed) as archive:
        return archive.extractfile("package/axe.min.js").read().decode()


def _faults(page, axe):
    """Return serious and critical faults, each with the first places it was found at."""
    page.evaluate(axe)
    found = page.evaluate(
        """async (outside) => {
            const result = await axe.run({exclude: outside.map((each) => [each])},
                {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations']});
            return result.violations
                .filter((each) => ['serious', 'critical'].includes(each.impact))
                .map((each) => [each.id, each.nodes.slice(0, 4).map((node) => [node.target.join(' '),
                    node.html.slice(0, 200), (node.any[0] || node.all[0] || {message: ''}).message])]);
        }""",
        _OUTSIDE,
    )
    return dict(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_view_has_a_serious_fault(visit, axe, scheme):
    page = (one := visit(color_scheme=scheme, path="/?layers=stations")).page
    page.locator("[data-kpi=served]").wait_for()
    page.locator(".st-key-job").wait_for(state="detached")
    faults = {}
    for place, name in enumerate(_VIEWS):
        page.locator(".st-key-view button").nth(place).click()
        if place:
            page.wait_for_function("said => location.search.includes(said)", arg=f"view={name}")
        page.locator("[data-test-script-state=notRunning]").wait_for(state="attached")
        page.wait_for_timeout(1_500)
        found = _faults(page, axe)
        if found:
            faults[name] = found
    assert faults == {}
    assert one.complaints == []
