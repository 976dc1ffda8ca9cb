"""Run every benchmark in one go and keep the table in ``benchmarks/RESULTS.md``."""

from __future__ import annotations

import datetime as dt
import os
import platform
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


def main() -> None:
    """Measure, print, write."""
    inputs = load_inputs()
    table: list[Row] = []
    tasks: dict[str, Callable[[], list[Row]]] = {
        "routing": partial(routing.rows, inputs),
        "demand": partial(demand.rows, inputs),
        "flow refueling, default plan": partial(flow_refueling.rows, inputs, Scenario()),
        "flow refueling at scale": partial(scale.rows, inputs),
        "location models, OR-Library": classics.rows,
    }
    for label, work in tasks.items():
        print(f"... {label}", flush=True)
        found = work()
        table += found
        for row in found:
            print(f"{row.who:<28} {row.seconds:9.2f} s  {row.ratio:8.1f}x  {row.answer}", flush=True)
    RESULTS.write_text(_page(table), encoding="utf-8")
    print(f"wrote {RESULTS.name}")


def _page(table: list[Row]) -> str:
    """Return the results as Markdown, the machine named."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("ortools", "scipy", "networkx", "numpy"))
    where = f"{_machine()}, Python {platform.python_version()}, {packages}"
    head = [
        "# Benchmark results",
        "",
        f"`make bench` on {dt.datetime.now(tz=dt.UTC):%Y-%m-%d}: {where}.",
        "Ratio = seconds over this project's in the same run.",
        "",
        "| work | who | seconds | ratio | answer |",
        "|---|---|---:|---:|---|",
    ]
    body = [f"| {r.work} | {r.who} | {r.seconds:.2f} | {r.ratio:.1f} | {r.answer} |" for r in table]
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
    main()
