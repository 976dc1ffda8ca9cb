"""Scenarios to begin with, shipped as TOML files (docs/scenarios.md)."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from corridor.errors import Fault, InputError
from planner.scenario import suggestion, validated
from planner.text import text

if TYPE_CHECKING:
    from planner.scenario import Scenario
    from planner.text import Language

#: Ids of the scenarios, in the order they are shown.
PRESETS = (
    "policy-2026",
    "corridor-2030",
    "deep-decarbonization-2035",
    "green-only",
    "yaxi-closed",
    "hydrogen-25",
)


@lru_cache(maxsize=len(PRESETS))
def preset(preset_id: str) -> Scenario:
    """Return a shipped scenario.

    Raises
    ------
    corridor.errors.InputError
        If there is none of that id.
    """
    if preset_id not in PRESETS:
        raise InputError(Fault(f"there is no preset {preset_id}", "preset", suggestion(preset_id, PRESETS)))
    source = resources.files("planner").joinpath("presets", f"{preset_id}.toml")
    return validated(tomllib.loads(source.read_text(encoding="utf-8")), where=f"{preset_id}.toml")


def preset_of(scenario: Scenario) -> str | None:
    """Return the id of the preset a scenario is, whatever its name; None if it is none."""
    return next((each for each in PRESETS if preset(each).identity == scenario.identity), None)


def preset_name(preset_id: str, language: Language) -> str:
    """Return what a preset is called."""
    return text(f"preset.{preset_id}.name", language)


def preset_explanation(preset_id: str, language: Language) -> str:
    """Return what a preset assumes, in a sentence or two."""
    return text(f"preset.{preset_id}.explanation", language)
