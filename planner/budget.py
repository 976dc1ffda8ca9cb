"""Budgets of a scenario: what new stations cost to build, and how much may be spent by when.

A budget counts the capital cost of all new stations standing by the end of a year, without land and without
grants. What the table of new stations says they cost is never more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError
from planner.station_costs import capex_by_site

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from planner.scenario import Scenario

    Floats = NDArray[np.float64]


def most_stations(scenario: Scenario) -> Floats:
    """Return the most new stations of each year, the plan's last: (n_years,) float64.

    A year without a number of its own has that of the next one: stations only grow.
    """
    own = [scenario.rollout.get(str(year), np.inf) for year in scenario.earlier_years]
    return _no_more_than_later([*own, scenario.stations])


def most_spent_wan_cny(scenario: Scenario) -> Floats:
    """Return the most that all new stations of each year may cost: (n_years,) float64, infinite for any.

    A year without a budget of its own has that of the next one.
    """
    own = [scenario.rollout_budget_wan_cny.get(str(year), np.inf) for year in scenario.earlier_years]
    return _no_more_than_later([*own, np.inf if scenario.budget_wan_cny is None else scenario.budget_wan_cny])


def _no_more_than_later(limits: list[float]) -> Floats:
    """Return limits by year, none above a later one."""
    least: Floats = np.minimum.accumulate(np.array(limits[::-1], dtype=np.float64))[::-1]
    return least


def check_budgets(scenario: Scenario, sites: pd.DataFrame, values: Mapping[str, float]) -> None:
    """Refuse budgets that build nothing.

    Raises
    ------
    corridor.errors.InputError
        With one fault per budget.
    """
    if not scenario.has_budget:
        return
    asked = {f"rollout_budget_wan_cny.{year}": most for year, most in scenario.rollout_budget_wan_cny.items()}
    if scenario.budget_wan_cny is not None:
        asked["budget_wan_cny"] = scenario.budget_wan_cny
    faults = budget_faults(asked, cheapest_wan_cny=float(capex_by_site(sites, values).min(initial=np.inf)))
    if faults:
        raise InputError(faults)


def budget_faults(asked: Mapping[str, float], *, cheapest_wan_cny: float) -> list[Fault]:
    """List the budgets, by where they stand, that build not even the cheapest station."""
    return [
        Fault(
            f"a budget of {budget:g} builds nothing: the cheapest station costs {cheapest_wan_cny:g}",
            where,
            f"Give {cheapest_wan_cny:g} or more, in 10,000 CNY, or leave it out: then money is not limited",
        )
        for where, budget in asked.items()
        if budget < cheapest_wan_cny
    ]
