"""Planning again after an edit, in the process of a first plan and in a new one: wall time of whole plans."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.timing import Check, Report, Row, timed
from planner.inputs import load_inputs
from planner.pipeline import make_plan
from planner.scenario import AddedSite, Scenario

if TYPE_CHECKING:
    from planner.inputs import Inputs
    from planner.plan import Plan

#: Wall time asked of a plan after an edit.
_ASKED_S = 3.0

#: Edits of each kind that are tried.
_TRIED = 5

#: A site is added so far from one of the tables, degrees.
_BESIDE = 0.01

#: Reads a scenario, prints what a plan of it is.
_NEW_PROCESS = """
import sys
from benchmarks.replanning import told
from planner.pipeline import make_plan
from planner.scenario import Scenario
print(told(make_plan(Scenario.model_validate_json(sys.stdin.read()))))
"""


def report() -> Report:
    """Return the slowest edit of each kind on the default scenario, from the scenario to the checked plan."""
    base, inputs = Scenario(), load_inputs()
    first = make_plan(base)
    rows, slowest = [], {}
    for kind, edits in _edits(base, first, inputs).items():
        times, work_s, plans = [], [], []
        for edit in edits:
            make_plan(base)  # the plan that is edited
            processor = time.process_time()
            plan, seconds = timed(partial(make_plan, edit), repeats=1)
            work_s.append(time.process_time() - processor)
            times.append(seconds)
            plans.append(plan)
        worst = int(np.argmax(times))
        answer, alone = timed(partial(_in_new_process, edits[worst]), repeats=1)
        same = "the same plan" if answer == told(plans[worst]) else "ANOTHER PLAN"
        work = f"corridor 2030, p={base.stations}: {kind}"
        ours = (
            f"slowest of {len(times)}, {work_s[worst]:.2f} s of processor time; "
            f"mean {np.mean(times):.2f} s, {np.mean(work_s):.2f} s; {_proof(plans[worst])}"
        )
        rows += [
            Row(work, "planner, after a first plan", times[worst], 1.0, ours),
            Row(work, "planner, new process", alone, alone / times[worst], same),
        ]
        slowest[kind] = times[worst]
    reached = ", ".join(f"{kind} {seconds:.2f} s" for kind, seconds in slowest.items())
    asked = (
        f"corridor: a plan after a site is locked, forbidden or added, or p changed, within {_ASKED_S:g} s"
    )
    return Report(rows, [Check(asked, reached, max(slowest.values()) <= _ASKED_S)])


def told(plan: Plan) -> str:
    """Return stations and proof of a plan in one line."""
    return f"{_proof(plan)} {' '.join(plan.stations['site_id'])}"


def _proof(plan: Plan) -> str:
    """Return incumbent, bound and status."""
    proof = plan.certificate
    return f"{proof.incumbent:,.2f} <= {proof.bound:,.2f} {proof.status}"


def _edits(base: Scenario, first: Plan, inputs: Inputs) -> dict[str, list[Scenario]]:
    """Return edited scenarios by kind of edit."""
    built = first.stations.loc[first.stations["status"] == "new", "site_id"].tolist()
    open_sites = inputs.sites[inputs.sites["status"] != "existing"]
    others = open_sites[~open_sites.index.isin(built)]
    some = others.iloc[np.linspace(0, len(others) - 1, _TRIED).astype(int)]
    added = [
        AddedSite(
            site_id=f"ADDED-{number}",
            name_zh=f"新站{number}",
            kind="service_area",
            lon=lon + _BESIDE,
            lat=lat,
        )
        for number, (lon, lat) in enumerate(zip(some["lon"], some["lat"], strict=True))
    ]
    changes: dict[str, list[dict[str, object]]] = {
        "a site locked": [{"locked": (str(site),)} for site in some.index],
        "a station forbidden": [{"forbidden": (str(site),)} for site in built[:_TRIED]],
        "a site added": [{"added_sites": (site,)} for site in added],
        "p from 10 to 14": [{"stations": base.stations + more} for more in (-2, -1, 1, 2)],
    }
    return {kind: [base.model_copy(update=one) for one in each] for kind, each in changes.items()}


def _in_new_process(scenario: Scenario) -> str:
    """Return what a new process tells of the plan, start of Python and imports included."""
    found = subprocess.run(
        [sys.executable, "-c", _NEW_PROCESS],
        input=scenario.model_dump_json(),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return found.stdout.strip()
