"""Run every benchmark in one go, or some, and keep the tables in ``benchmarks/RESULTS.md``."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sys
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import classics, demand, flow_refueling, routing, scale
from planner.inputs import load_inputs
from planner.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.timing import Row

RESULTS = Path(__file__).with_name("RESULTS.md")


def main(wanted: list[str]) -> None:
    """Measure, print, write: every benchmark, or those named; the others keep what an earlier run wrote.

    Parameters
    ----------
    wanted
        Names of benchmarks; none takes all.
    """
    inputs = load_inputs()
    tasks: dict[str, Callable[[], list[Row]]] = {
        "routing": partial(routing.rows, inputs),
        "demand": partial(demand.rows, inputs),
        "plan": partial(flow_refueling.rows, inputs, Scenario()),
        "scale": partial(scale.rows, inputs),
        "classics": classics.rows,
    }
    if unknown := set(wanted) - set(tasks):
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}. Known: {', '.join(tasks)}")
    sections = _sections(RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "")
    for name in wanted or tasks:
        print(f"... {name}", flush=True)
        found = tasks[name]()
        for row in found:
            print(f"{row.who:<28} {row.seconds:9.2f} s  {row.ratio:8.1f}x  {row.answer}", flush=True)
        sections[name] = _section(found)
        RESULTS.write_text(
            _page({known: sections[known] for known in tasks if known in sections}), encoding="utf-8"
        )
    print(f"wrote {RESULTS.name}")


def _sections(page: str) -> dict[str, str]:
    """Return the sections of an earlier page by the name in their headings."""
    parts = page.split("\n## ")[1:]
    return {part.partition("\n")[0].strip(): part.partition("\n")[2].strip() for part in parts}


def _section(table: list[Row]) -> str:
    """Return the results of one benchmark as Markdown, when and where measured."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("ortools", "scipy", "networkx", "numpy"))
    when = f"{dt.datetime.now(tz=dt.UTC):%Y-%m-%d %H:%M} UTC"
    head = [
        f"{when}, {_machine()}, Python {platform.python_version()}, {packages}.",
        "",
        "| work | who | seconds | ratio | answer |",
        "|---|---|---:|---:|---|",
    ]
    body = [f"| {r.work} | {r.who} | {r.seconds:.2f} | {r.ratio:.1f} | {r.answer} |" for r in table]
    return "\n".join([*head, *body])


def _page(sections: dict[str, str]) -> str:
    """Return all results as Markdown."""
    head = [
        "# Benchmark results",
        "",
        "`make bench` measures all of it, `python -m benchmarks NAME ...` some; sections say when and where.",
        "Ratio = seconds over this project's in the same run.",
    ]
    body = [f"\n## {name}\n{section}" for name, section in sections.items()]
    return "\n".join([*head, *body]) + "\n"


def _machine() -> str:
    """Return the processor and the number of cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores"


if __name__ == "__main__":
    main(sys.argv[1:])
