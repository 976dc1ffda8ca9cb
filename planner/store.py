"""Plans kept on disk by the identity of their scenario and data, so that nothing is solved twice."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from corridor.errors import ChengyuError
from planner.plan import Plan, from_parts

if TYPE_CHECKING:
    from planner.scenario import Scenario

_TABLES = (
    "stations",
    "flows",
    "supply",
    "supply_months",
    "bases",
    "points",
    "weak_spots",
    "economics",
    "nozzle_costs",
    "queues",
    "rollout",
    "gains",
    "hours",
    "stretches",
)


def store_directory() -> Path:
    """Return the folder of stored plans: ``CHENGYU_STORE``, else the user's cache folder."""
    chosen = os.environ.get("CHENGYU_STORE")
    if chosen:
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(cache) if cache else Path.home() / ".cache") / "chengyu-h2" / "plans"


def _folder(scenario: Scenario, fingerprint: str) -> Path:
    """One folder per scenario and data."""
    return store_directory() / f"{scenario.identity[:20]}-{fingerprint[:20]}"


def save(plan: Plan) -> Path:
    """Keep a plan and return its folder; an interrupted save leaves nothing behind."""
    target = _folder(plan.scenario, plan.provenance["fingerprint"])
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=target.parent))
    try:
        content = replace(plan, flows=plan.flows.iloc[:0]).to_dict()  # as JSON they would take longest
        for name in ("flows_served", *(name for name in _TABLES if name != "flows")):
            del content[name]
        (draft / "plan.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        for name in _TABLES:
            getattr(plan, name).to_parquet(draft / f"{name}.parquet")
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    except OSError:
        # Another process kept the same plan a moment earlier: the same scenario, data and code.
        if find(plan.scenario, plan.provenance["fingerprint"]) is None:
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def find(scenario: Scenario, fingerprint: str) -> Plan | None:
    """Return the stored plan of a scenario on the same data and code; None without one or if damaged."""
    folder = _folder(scenario, fingerprint)
    try:
        content = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        tables = {name: pd.read_parquet(folder / f"{name}.parquet") for name in _TABLES}
        plan = from_parts(content, tables)
    except (OSError, ValueError, KeyError, TypeError, ChengyuError):
        return None
    return plan
