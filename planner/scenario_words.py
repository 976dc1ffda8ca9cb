"""A scenario in words: what a person asked for, line by line, in either language."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from planner.drawing.figures import names_joined, number, share, with_unit
from planner.scenario import Scenario
from planner.text import Language, text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from planner.inputs import Inputs

#: What every scenario says, default or not.
_ALWAYS = ("year", "scope", "adoption", "objective", "stations")

#: What is no part of the question: its name, and how long to solve.
_UNSAID = ("name", "solve")


def scenario_words(scenario: Scenario, inputs: Inputs, language: Language) -> list[tuple[str, str]]:
    """Return label and value of everything a scenario asks for: the main choices, and what is not default.

    Parameters
    ----------
    scenario
        What is asked.
    inputs
        Its tables: names of sites, default assumptions.
    language
        Of the words.
    """
    default = Scenario()
    fields = [*_ALWAYS, *(name for name in Scenario.model_fields if name not in (*_ALWAYS, *_UNSAID))]
    rows = []
    for name in fields:
        value = getattr(scenario, name)
        is_asked = name in _ALWAYS or value != getattr(default, name)
        # The least share is asked for by one objective alone.
        if name == "least_share":
            is_asked = scenario.objective == "least_cost"
        if is_asked:
            rows.append((text(f"asked.{name}", language), _said(name, scenario, inputs, language)))
    return rows


def _said(name: str, scenario: Scenario, inputs: Inputs, language: Language) -> str:
    """Return the value of a field in words."""
    value = getattr(scenario, name)
    if name in _NUMBERS:
        return _NUMBERS[name](value, language)
    return names_joined(_each(name, value, inputs, language), language)


def _each(name: str, value: Any, inputs: Inputs, language: Language) -> Iterable[str]:  # noqa: ANN401  any field
    """Return the parts of a value in words: one of a choice or a file."""
    if name in {"scope", "adoption", "objective"}:
        return [text(f"{name}.{value}", language)]
    if name in {"locked", "forbidden", "closed_stations"}:
        return [_site(site, inputs.sites, language) for site in value]
    if name in {"added_sites", "point_demands"}:
        return [str(getattr(each, f"name_{language}") or each.name_zh) for each in value]
    if name == "delivery_modes":
        return [text(f"mode.{mode}", language) for mode in value]
    if isinstance(value, dict):
        return _pairs(name, value, inputs, language)
    return list(value) if isinstance(value, tuple) else [_single(value, language)]


def _single(value: bool | str, language: Language) -> str:  # noqa: FBT001  a field of the scenario
    """Return yes or no, or the name of a file without its folder."""
    if isinstance(value, bool):
        return text("asked.yes" if value else "asked.no", language)
    return PurePath(value).name


def _pairs(name: str, values: dict[str, float], inputs: Inputs, language: Language) -> Iterable[str]:
    """Return what is said of each key."""
    colon = text("asked.colon", language)
    for key, value in values.items():
        if name == "assumptions":
            row = inputs.assumptions.loc[key] if key in inputs.assumptions.index else None
            was = "–" if row is None else f"{row['value']:g}"
            unit = "" if row is None else f" {row['unit']}"
            yield text("asked.assumption", language, name=key, value=f"{value:g}{unit}", default=was)
        elif name == "sizes":
            size = with_unit(value, "kg_per_day", language)
            yield f"{_site(key, inputs.sites, language)}{colon}{size}"
        elif name == "rollout_budget_wan_cny":
            yield f"{key}{colon}{_budget(value, language)}"
        elif name == "trailers":
            yield f"{text(f'mode.{key}', language)}{colon}{number(value)}"
        else:
            yield f"{key}{colon}{value:g}"


def _site(site_id: str, sites: pd.DataFrame, language: Language) -> str:
    """Return the name of a site; an unknown id stays as it is."""
    return str(sites.loc[site_id, f"name_{language}"]) if site_id in sites.index else site_id


def _budget(wan_cny: float, language: Language) -> str:
    """Return a budget with its unit: millions in English."""
    unit, factor = ("m_cny", 0.01) if language == "en" else ("wan_cny", 1.0)
    return with_unit(wan_cny * factor, unit, language)


_NUMBERS: dict[str, Callable[[float, Language], str]] = {
    "year": lambda value, _: str(value),
    "stations": lambda value, _: number(value),
    "budget_wan_cny": _budget,
    "least_share": lambda value, _: share(value),
    "resilience": lambda value, _: share(value),
    "detour": lambda value, _: share(value),
    "detour_decay": lambda value, _: share(value),
    "usable_range_km": lambda value, language: with_unit(value, "km", language),
}
