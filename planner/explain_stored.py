"""What ``chengyu explain`` takes from a plan on disk: its scenario and its stations."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from corridor.errors import Fault, InputError
from planner.scenario import validated

if TYPE_CHECKING:
    from pathlib import Path

    from planner.scenario import Scenario


def stored_choice(folder: Path) -> tuple[Scenario, list[str], float]:
    """Return scenario, station ids and covered kg/d of a plan written by ``chengyu plan --out``.

    Raises
    ------
    corridor.errors.InputError
        If the folder holds no such plan.
    """
    path = folder / "plan.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        scenario = validated(content["scenario"], where=str(path))
        ids = [str(row["site_id"]) for row in content["stations"]]
        covered = float(content["kpis"]["covered_kg_per_day"])
    except FileNotFoundError as error:
        raise InputError(
            Fault("there is no such file", str(path), "Name a folder of chengyu plan --out")
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            Fault("this is no plan", str(path), "Solve the scenario again with --out")
        ) from error
    return scenario, ids, covered
