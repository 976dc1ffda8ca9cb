"""Run every benchmark in one go, or some, and keep the tables in ``benchmarks/RESULTS.md``.

Each benchmark runs in a process of its own, so that the peak of memory is its own.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks import (
    anytime,
    buildout,
    classics,
    demand,
    flow_refueling,
    opening,
    page,
    replanning,
    routing,
    scale,
    twenty_five,
)
from benchmarks.timing import Report
from planner.inputs import load_inputs
from planner.scenario import Scenario

if TYPE_CHECKING:
    from collections.abc import Callable


def main(wanted: list[str]) -> None:
    """Measure, print, write: every benchmark, or those named; the others keep what an earlier run wrote.

    Parameters
    ----------
    wanted
        Names of benchmarks; none takes all.
    """
    tasks: dict[str, Callable[[], Report]] = {
        "routing": lambda: Report(routing.rows(load_inputs()), []),
        "demand": lambda: Report(demand.rows(load_inputs()), []),
        "plan": lambda: Report(flow_refueling.rows(load_inputs(), Scenario()), []),
        "replanning": replanning.report,
        "scale": scale.report,
        "buildout": buildout.report,
        "anytime": anytime.report,
        "n25": twenty_five.report,
        "classics": classics.report,
        "opening": opening.report,
    }
    if unknown := set(wanted) - set(tasks):
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}. Known: {', '.join(tasks)}")
    names = wanted or list(tasks)
    if len(names) > 1:
        ended = {
            name: subprocess.run([sys.executable, "-m", "benchmarks", name], check=False).returncode
            for name in names
        }
        if failed := [name for name, code in ended.items() if code]:
            sys.exit(f"failed: {', '.join(failed)}")
        return
    (name,) = names
    print(f"... {name}", flush=True)
    found = tasks[name]()
    for row in found.rows:
        print(f"{row.who:<28} {row.seconds:9.2f} s  {row.ratio:8.1f}x  {row.work}: {row.answer}", flush=True)
    for check in found.checks:
        print(f"{'yes' if check.met else 'NO':<4} {check.asked}: {check.reached}", flush=True)
    page.keep(name, found, order=list(tasks))


if __name__ == "__main__":
    main(sys.argv[1:])
