"""Cost-coverage frontiers kept on disk beside the plans, by the identity of what is asked and the data."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.jobs import Job
from planner.store import store_directory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.progress import OnProgress, ShouldStop
    from planner.scenario import Objective, Scenario

#: Layout of what is kept, that of ``frontier.json`` (:mod:`planner.frontier_report`).
_SCHEMA = "chengyu-frontier/1"

#: As many new stations as money buys (:data:`planner.frontier.ANY_NUMBER`).
_ANY_NUMBER = 1000


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StoredFrontier:
    """What a chart of a frontier needs.

    Parameters
    ----------
    objective
        What is served.
    demand
        All that counts, in the unit of the objective, per day.
    is_whole
        Whether every budget asked for is there, each searched to its own end.
    points
        Table ``frontier`` of docs/tables.md.
    plans
        All plans found that serve more than every cheaper one: ``capex_wan_cny``, ``served``.
    """

    objective: Objective
    demand: float
    is_whole: bool
    points: pd.DataFrame
    plans: pd.DataFrame


def question(scenario: Scenario) -> Scenario:
    """Return what the frontier of a scenario asks: its own year, without limits on money, number or sizes."""
    return scenario.model_copy(
        update={
            "stations": max(_ANY_NUMBER, scenario.stations),
            "budget_wan_cny": None,
            "rollout": {},
            "rollout_budget_wan_cny": {},
            "room": True,
            "sizes": {},
        }
    )


def save(content: Mapping[str, Any]) -> Path:
    """Keep a frontier, content of ``frontier.json``; an interrupted save leaves nothing behind."""
    origin = content["provenance"]
    target = _path(origin["scenario_identity"], origin["fingerprint"])
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=".draft-", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, allow_nan=False)
        return Path(draft).replace(target)
    finally:
        Path(draft).unlink(missing_ok=True)


def find(scenario: Scenario, fingerprint: str) -> StoredFrontier | None:
    """Return the stored frontier of a scenario on the same data and code; None without one or if damaged."""
    try:
        path = _path(question(scenario).identity, fingerprint)
        return of_content(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def of_content(content: Mapping[str, Any]) -> StoredFrontier:
    """Return a frontier of the content of ``frontier.json``.

    Raises
    ------
    ValueError
        If the content is of another layout.
    """
    if content["schema"] != _SCHEMA:
        raise ValueError(f"layout {content['schema']} is not {_SCHEMA}")
    nested = ("certificate", "search", "stations")
    return StoredFrontier(
        objective=content["objective"],
        demand=float(content["demand"]),
        is_whole=bool(content["whole"]),
        points=pd.DataFrame(content["points"]).drop(columns=list(nested)),
        plans=pd.DataFrame(content["plans"], columns=["capex_wan_cny", "served"]),
    )


def solve(scenario: Scenario, on_progress: OnProgress, should_stop: ShouldStop) -> StoredFrontier:
    """Return the frontier of a scenario: the stored one, else a new one, which is then stored.

    One that was stopped early is not stored, or it would stand for the question ever after.

    Raises
    ------
    planner.progress.Stopped
        If asked to stop before there was a budget to tell of.
    corridor.errors.ChengyuError
        For scenarios without a frontier, and failing solvers.
    """
    # The solver takes a second to import: paid in this thread.
    from planner.frontier import solve_frontier  # noqa: PLC0415
    from planner.frontier_report import content  # noqa: PLC0415
    from planner.inputs import fingerprint  # noqa: PLC0415

    found = find(scenario, fingerprint(scenario))
    if found is not None:
        return found
    told = content(solve_frontier(question(scenario), on_progress=on_progress, should_stop=should_stop))
    if not should_stop():
        save(told)
    return of_content(told)


def frontier_job(scenario: Scenario) -> Job[StoredFrontier]:
    """Return a running job that finds the frontier of a scenario."""
    return Job(lambda on_progress, should_stop: solve(scenario, on_progress, should_stop))


def _path(identity: str, fingerprint: str) -> Path:
    """Return the file of one question and state of data."""
    return store_directory() / f"frontier-{identity[:20]}-{fingerprint[:20]}.json"
