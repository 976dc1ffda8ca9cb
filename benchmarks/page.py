"""``RESULTS.md``: a summary of what is asked and reached, then one table per benchmark.

Everything of one benchmark is replaced when it runs; what an earlier run wrote of the others stays.
"""

from __future__ import annotations

import datetime as dt
import math
import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.timing import Report, Row

RESULTS = Path(__file__).with_name("RESULTS.md")

_SUMMARY = "asked and reached"
_HEAD = """# Benchmark results

`make bench` measures all of it, `python -m benchmarks NAME ...` some; sections say when and where.
Ratio = seconds over this project's in the same run; - where nothing is compared.
"""
_SUMMARY_HEAD = """What is asked of siting and of the page; a section's lines are computed when it runs.

| asked | reached | met | section |
|---|---|---|---|"""


def keep(name: str, report: Report, *, order: Sequence[str]) -> None:
    """Write one benchmark into the page.

    Parameters
    ----------
    name
        The benchmark.
    report
        What it found.
    order
        Names of all benchmarks, as they stand in the page.
    """
    page = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    RESULTS.write_text(updated(page, name, report, order=order), encoding="utf-8")


def updated(page: str, name: str, report: Report, *, order: Sequence[str]) -> str:
    """Return the page with the tables of one benchmark replaced."""
    sections = _sections(page)
    lines: dict[str, list[str]] = {}
    for line in sections.pop(_SUMMARY, "").splitlines():
        owner = line.rstrip("| ").rpartition("|")[2].strip()
        if owner in order:
            lines.setdefault(owner, []).append(line)
    lines[name] = [
        f"| {check.asked} | {check.reached} | {'yes' if check.met else '**no**'} | {name} |"
        for check in report.checks
    ]
    sections[name] = _section(report.rows)
    summary = "\n".join([_SUMMARY_HEAD, *(line for owner in order for line in lines.get(owner, ()))])
    parts = {_SUMMARY: summary} | {known: sections[known] for known in order if known in sections}
    return _HEAD + "".join(f"\n## {title}\n{text}\n" for title, text in parts.items())


def _sections(page: str) -> dict[str, str]:
    """Return the sections of an earlier page by the name in their headings."""
    parts = page.split("\n## ")[1:]
    return {part.partition("\n")[0].strip(): part.partition("\n")[2].strip() for part in parts}


def _section(table: Sequence[Row]) -> str:
    """Return the results of one benchmark as Markdown, when and where measured."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("ortools", "scipy", "networkx", "numpy"))
    when = f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d %H:%M} UTC"
    head = [
        f"{when}, {_machine()}, Python {platform.python_version()}, {packages}.",
        "",
        "| work | who | seconds | ratio | answer |",
        "|---|---|---:|---:|---|",
    ]
    return "\n".join([*head, *(_line(row) for row in table)])


def _line(row: Row) -> str:
    """Return a row as Markdown."""
    ratio = "-" if math.isnan(row.ratio) else f"{row.ratio:.1f}"
    return f"| {row.work} | {row.who} | {row.seconds:.2f} | {ratio} | {row.answer} |"


def _machine() -> str:
    """Return the processor and the number of cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores"
