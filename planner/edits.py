"""Edits of a plan on the map: each takes a scenario and returns another.

An edit means what a planner would expect of it on its own: the last word on a site counts, so that locking a
forbidden site allows it, and forbidding a locked one unlocks it. An edit that changes nothing returns the
scenario as it is. The number of new stations rises where more are locked than it allows, and earlier years of
a roll-out never keep more than it.

Whether there is such a site at all is checked where the tables are (:func:`planner.siting_case.check_sites`).
"""

from __future__ import annotations

from typing import Any, Literal

from corridor.errors import Fault, InputError
from planner.scenario import MODULES_KG_PER_DAY, Scenario, validated

#: What stands at a site that an edit is about.
Standing = Literal["new", "existing"]

_WHERE = "edit"


def lock(scenario: Scenario, site_id: str) -> Scenario:
    """Make a site get a new station."""
    _refuse_closed(scenario, site_id)
    if site_id in scenario.locked:
        return scenario
    return _changed(
        scenario, locked=(*scenario.locked, site_id), forbidden=_without(scenario.forbidden, site_id)
    )


def unlock(scenario: Scenario, site_id: str) -> Scenario:
    """Leave it to the solver whether a site gets a new station."""
    return _changed(scenario, locked=_without(scenario.locked, site_id))


def forbid(scenario: Scenario, site_id: str) -> Scenario:
    """Keep new stations off a site; as many as before may be built, so that another may take its place."""
    if site_id in scenario.forbidden:
        return scenario
    return _changed(
        scenario,
        locked=_without(scenario.locked, site_id),
        forbidden=(*scenario.forbidden, site_id),
        sizes=_unsized(scenario, site_id),
    )


def allow(scenario: Scenario, site_id: str) -> Scenario:
    """Let a forbidden site get a new station again."""
    return _changed(scenario, forbidden=_without(scenario.forbidden, site_id))


def add(scenario: Scenario, site_id: str) -> Scenario:
    """Build one station more, at this site."""
    if site_id in scenario.locked:
        return scenario
    more = _changed(scenario, stations=scenario.stations + 1)
    return lock(more, site_id)


def remove(scenario: Scenario, site_id: str, *, status: Standing = "new") -> Scenario:
    """Take a station out of the plan: build one less, and not here; or close one that stands.

    Parameters
    ----------
    scenario
        What holds.
    site_id
        Where the station is.
    status
        Whether the station is new or exists.
    """
    if status == "existing":
        if site_id in scenario.closed_stations:
            return scenario
        return _changed(
            scenario,
            locked=_without(scenario.locked, site_id),
            closed_stations=(*scenario.closed_stations, site_id),
        )
    if site_id in scenario.forbidden:
        return scenario
    return _changed(forbid(scenario, site_id), stations=max(0, scenario.stations - 1))


def reopen(scenario: Scenario, site_id: str) -> Scenario:
    """Take a closed station back into the plan."""
    return _changed(scenario, closed_stations=_without(scenario.closed_stations, site_id))


def move(scenario: Scenario, from_id: str, to_id: str, *, status: Standing = "new") -> Scenario:
    """Build a station elsewhere: not at the one site but at the other, of the same size if that is set.

    An existing station is closed, and another built.

    Parameters
    ----------
    scenario
        What holds.
    from_id, to_id
        Where the station is, and where it shall be.
    status
        Whether the station is new or exists.

    Raises
    ------
    corridor.errors.InputError
        If a new station is there already, or it would not move at all.
    """
    if from_id == to_id:
        raise InputError(Fault("a station cannot move to where it stands", _WHERE, "Choose another site"))
    if to_id in scenario.locked:
        raise InputError(Fault(f"site {to_id} gets a new station already", _WHERE, "Choose another site"))
    if status == "existing":
        return add(remove(scenario, from_id, status="existing"), to_id)
    size = scenario.sizes.get(from_id)
    moved = lock(forbid(scenario, from_id), to_id)
    return moved if size is None else resize(moved, to_id, size)


def resize(scenario: Scenario, site_id: str, kg_per_day: float) -> Scenario:
    """Set the size of a new station, which is built in any case.

    Raises
    ------
    corridor.errors.InputError
        If no station of that size can be built.
    """
    if kg_per_day not in MODULES_KG_PER_DAY:
        known = ", ".join(map(str, MODULES_KG_PER_DAY))
        what = f"no station of {kg_per_day:g} kg/d can be built"
        raise InputError(Fault(what, _WHERE, f"Sizes are {known}"))
    locked = lock(scenario, site_id)
    return _changed(locked, sizes={**locked.sizes, site_id: float(kg_per_day)})


def unsize(scenario: Scenario, site_id: str) -> Scenario:
    """Leave the size of a new station to its load; it stays locked."""
    return _changed(scenario, sizes=_unsized(scenario, site_id))


def _changed(scenario: Scenario, **fields: Any) -> Scenario:  # noqa: ANN401  values of any field
    """Return a scenario with other fields, valid again; the same object where nothing changes."""
    if all(getattr(scenario, name) == value for name, value in fields.items()):
        return scenario
    content = {name: getattr(scenario, name) for name in scenario.model_fields_set} | fields
    stations = max(fields.get("stations", scenario.stations), len(fields.get("locked", scenario.locked)))
    rollout = {year: min(most, stations) for year, most in scenario.rollout.items()}
    return validated({**content, "stations": stations, "rollout": rollout}, where=_WHERE)


def _without(site_ids: tuple[str, ...], site_id: str) -> tuple[str, ...]:
    return tuple(each for each in site_ids if each != site_id)


def _unsized(scenario: Scenario, site_id: str) -> dict[str, float]:
    return {each: size for each, size in scenario.sizes.items() if each != site_id}


def _refuse_closed(scenario: Scenario, site_id: str) -> None:
    """Refuse to build where a station that stands is closed."""
    if site_id in scenario.closed_stations:
        raise InputError(Fault(f"station {site_id} is closed", _WHERE, "Reopen it"))
