"""Stations in time: which of a plan stand in which year, and the scenario of another year."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from planner.inputs import assumptions_in_force
from planner.scenario import YEARS, validated
from planner.station_numbers import numbered
from planner.stretches import stretches

if TYPE_CHECKING:
    import pandas as pd

    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.scenario import Scenario

#: Numbers of the stations that hold for the plan's year only.
_NUMBERS_OF_PLAN_YEAR = (
    "visits_per_day",
    "dispensers",
    "dispensers_needed",
    "wait_p95_min",
    "simulated_wait_p95_min",
    "capex_wan_cny",
    "footprint_m2",
    "hydrogen_cny_per_kg",
    "nozzle_cost_cny_per_kg",
)


def years_of(plan: Plan) -> tuple[int, ...]:
    """Return the years a plan knows, ascending: those of its roll-out, and its own."""
    return (*plan.scenario.earlier_years, plan.scenario.year)


def staged(plan: Plan) -> pd.DataFrame:
    """Return since when each station of a plan stands.

    Returns
    -------
    pandas.DataFrame
        Index ``site_id``, in the order of the plan: ``status``, and ``since``, the first of the plan's years
        (:func:`years_of`) in which the station stands; existing ones stand in all.
    """
    first, last = years_of(plan)[0], plan.scenario.year
    built = plan.rollout.groupby("site_id")["year"].min()
    table = plan.stations.set_index("site_id")[["status"]]
    since = table.index.to_series().map(built).fillna(last).astype("int64")
    return table.assign(since=since.mask(table["status"] == "existing", first))


def standing_in(plan: Plan, year: int) -> pd.DataFrame:
    """Return the stations that stand in a year of a plan.

    Parameters
    ----------
    plan
        A plan.
    year
        One of :func:`years_of`.

    Returns
    -------
    pandas.DataFrame
        Rows and columns of ``plan.stations``. In a year before the plan's the new ones have the size, load
        and use of that year; what a roll-out does not say of the year (load of existing stations, waits,
        costs of hydrogen) is missing.

    Raises
    ------
    ValueError
        If the plan does not know the year.
    """
    if year not in years_of(plan):
        raise ValueError(f"{year} is none of the years of the plan: {years_of(plan)}")
    if year == plan.scenario.year:
        return plan.stations
    there = staged(plan)["since"] <= year
    table = plan.stations[plan.stations["site_id"].map(there)].reset_index(drop=True)
    said = plan.rollout[plan.rollout["year"] == year].set_index("site_id")
    of_year = ("load_kg_per_day", "utilization")
    changed = {name: table["site_id"].map(said[name]) for name in of_year}
    size = table["site_id"].map(said["capacity_kg_per_day"]).fillna(table["capacity_kg_per_day"])
    unknown = dict.fromkeys(_NUMBERS_OF_PLAN_YEAR, float("nan"))
    return table.assign(**unknown, base_id=None, **changed, capacity_kg_per_day=size)


def plan_in(plan: Plan, inputs: Inputs, year: int) -> Plan:
    """Return a plan as it stands in one of its years, for drawing: stations, stretches and the roll-out.

    Stations keep their numbers. Its scenario is that of the year. Whom the stations of an earlier year serve,
    and who supplies them, a roll-out does not say: these tables are empty then, and the key figures stay
    those of the plan.

    Parameters
    ----------
    plan
        A plan.
    inputs
        Tables of its scenario.
    year
        One of :func:`years_of`.
    """
    stations = standing_in(plan, year)
    if year == plan.scenario.year:
        return plan
    number_of = numbered(plan).set_index("site_id")["number"]
    values, _ = assumptions_in_force(inputs.assumptions, plan.scenario.assumptions)
    unknown = ("flows", "supply", "supply_months", "bases", "points", "weak_spots", "gains", "hours")
    return replace(
        plan,
        scenario=with_year(plan.scenario, year),
        stations=stations.assign(number=stations["site_id"].map(number_of)),
        stretches=stretches(inputs, stations["site_id"], values),
        **{name: getattr(plan, name).iloc[:0] for name in unknown},
    )


def with_year(scenario: Scenario, year: int) -> Scenario:
    """Return the scenario of another year; edits and choices stay.

    Of the roll-out the years before the new one stay. Where it says how many stations may stand in the new
    year, or what they may cost by then, that is asked for.

    Parameters
    ----------
    scenario
        A scenario.
    year
        One of ``planner.scenario.YEARS``.

    Raises
    ------
    corridor.errors.InputError
        For other years.
    """
    if year == scenario.year:
        return scenario
    content = scenario.model_dump(mode="json", exclude_none=True)
    earlier = {str(each) for each in YEARS if each < year}
    rollout, budgets = scenario.rollout, scenario.rollout_budget_wan_cny
    content |= {
        "year": year,
        "stations": rollout.get(str(year), scenario.stations),
        "rollout": {name: most for name, most in rollout.items() if name in earlier},
        "rollout_budget_wan_cny": {name: most for name, most in budgets.items() if name in earlier},
    }
    if str(year) in budgets:
        content["budget_wan_cny"] = budgets[str(year)]
    return validated(content, where="scenario")
