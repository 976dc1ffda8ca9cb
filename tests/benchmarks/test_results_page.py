from __future__ import annotations

import math

import pytest

from benchmarks.page import updated
from benchmarks.timing import Check, Report, Row, Trace, listed

ORDER = ("one", "two")


def _report(seconds, *, met):
    row = Row("work", "who", seconds, math.nan, "told")
    return Report([row], [Check("asked", f"{seconds} s", met)])


def test_a_section_replaces_its_own_lines_and_keeps_the_others():
    page = updated("", "two", _report(2.0, met=False), order=ORDER)
    page = updated(page, "one", _report(1.0, met=True), order=ORDER)
    again = updated(page, "two", _report(3.0, met=True), order=ORDER)
    assert "| asked | 2.0 s | **no** | two |" in page
    assert "| asked | 1.0 s | yes | one |\n| asked | 3.0 s | yes | two |\n" in again
    assert "2.0 s" not in again
    first, second = again.split("\n## one\n")[1].split("\n## two\n")
    assert first == page.split("\n## one\n")[1].split("\n## two\n")[0]
    assert "| work | who | 3.00 | - | told |" in second


def test_sections_stand_in_order_and_dropped_benchmarks_leave():
    page = updated("", "two", _report(2.0, met=True), order=ORDER)
    page = updated(page, "old", _report(5.0, met=True), order=(*ORDER, "old"))
    page = updated(page, "one", _report(1.0, met=True), order=ORDER)
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## asked and reached",
        "## one",
        "## two",
    ]
    assert "5.0 s" not in page


def test_a_trace_tells_when_a_gap_was_reached(monkeypatch):
    clock = iter([1.0, 2.0, 3.0, 4.0])
    monkeypatch.setattr("benchmarks.timing.time.perf_counter", lambda: next(clock))
    trace = Trace(0.5)
    assert math.isnan(trace.first_plan)
    for plan, bound in ((0.0, 100.0), (50.0, 100.0), (99.5, 100.0), (100.0, 100.0)):
        trace(plan, bound, 0.0, 0.0, "")
    assert trace.first_plan == 1.5
    assert (trace.until(0.01), trace.until(0.0)) == (2.5, 3.5)
    assert listed([trace.until(0.01), math.inf]) == "2.5 / never s"


def test_a_gap_of_a_minimization_counts_from_the_plan():
    trace = Trace(0.0)
    trace(100.0, 50.0, 0.5, 0.0, "")
    assert trace.until(0.4) == math.inf
    assert trace.until(0.5) == pytest.approx(trace.first_plan)
