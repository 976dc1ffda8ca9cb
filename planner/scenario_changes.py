"""In which settings two scenarios differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from planner.scenario import AddedSite, PointDemand, Scenario, SolveOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Settings that change no plan.
_NAMES = frozenset({"name"})

#: What a part of a table of settings is where only the other scenario has it.
ABSENT = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioChange:
    """A setting with two values.

    Parameters
    ----------
    key
        Field of the scenario.
    part
        Key within the field where it is a table, such as an assumption; else empty.
    baseline, current
        Values; ``ABSENT`` where a table has no such key. Of lists what only this scenario has.
    """

    key: str
    part: str
    baseline: object
    current: object


def scenario_changes(baseline: Scenario, current: Scenario) -> tuple[ScenarioChange, ...]:
    """Return the settings in which two scenarios differ, in the order of the fields.

    Parameters
    ----------
    baseline, current
        Scenarios.
    """
    return tuple(
        change
        for key in Scenario.model_fields
        if key not in _NAMES
        for change in _changes(key, _value(baseline, key), _value(current, key))
    )


def _value(scenario: Scenario, key: str) -> Any:  # noqa: ANN401  of any field
    """Return a field; settings within settings as a table."""
    value = getattr(scenario, key)
    return value.model_dump() if isinstance(value, SolveOptions) else value


def _said(item: object) -> object:
    """Return an item of a list in short."""
    return item.name_zh if isinstance(item, (AddedSite, PointDemand)) else item


def _changes(key: str, before: Any, after: Any) -> Iterator[ScenarioChange]:  # noqa: ANN401
    """Return the differences within one field."""
    if before == after:
        return
    if isinstance(before, dict):
        for part in dict.fromkeys((*before, *after)):
            values = before.get(part, ABSENT), after.get(part, ABSENT)
            if values[0] != values[1]:
                yield ScenarioChange(key=key, part=str(part), baseline=values[0], current=values[1])
        return
    if isinstance(before, tuple):
        only = (
            tuple(_said(each) for each in one if each not in other)
            for one, other in ((before, after), (after, before))
        )
        before, after = only
    yield ScenarioChange(key=key, part="", baseline=before, current=after)
