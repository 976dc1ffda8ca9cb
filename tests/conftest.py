"""Times that tests took of a person's steps, said at the end."""

from __future__ import annotations

TIMING = "timing"


def pytest_terminal_summary(terminalreporter):
    """Print what tests recorded as ``timing``, wherever they ran."""
    told = [
        f"{report.nodeid}: {value}"
        for report in terminalreporter.stats.get("passed", [])
        for name, value in report.user_properties
        if name == TIMING
    ]
    if told:
        terminalreporter.section("times of a person's steps")
        for line in told:
            terminalreporter.line(line)
