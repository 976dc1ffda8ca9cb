"""Cost-coverage frontier: the most that each budget serves, with what is proven of it.

Formulation
-----------
For budgets b_1 < ... < b_n, f(b) is the most that stations costing at most b to build serve
(`siting.buildout`); the number of stations is limited by the scenario alone. Each budget is searched by
itself, ascending. Then facts are shared, as f never falls:

    L(b) = max { value of p : p found anywhere, cost of p <= b }       a plan within b
    U(b) = min { bound found at b' : b' >= b }                         no plan within b serves more

so that L(b) <= f(b) <= U(b), at the budgets searched. Between two of them, b_i <= b <= b_i+1, what is proven
is L(b_i) <= f(b) <= U(b_i+1). Nothing is interpolated: f is neither concave nor continuous, stations being
whole.

Plans come from the search at each budget and, besides, from stations sited by number with all the room they
need: 1, 2, 3, ... of them until they serve all but a thousandth of what all sites together could. Each of
these plans is then made smaller, station by station, as long as it serves all but a thousandth of what it
did. What the last one costs is the largest budget, unless budgets are given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError
from planner.budget import budget_faults
from planner.buildout import Amounts, question_of, service_of
from planner.frontier_points import Built, Point, efficient, points_of
from planner.frontier_search import Search
from planner.objective import IN_MONEY
from planner.progress import Reporter, Stopped
from planner.siting_case import siting_case
from planner.station_costs import capex_by_site

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.progress import OnProgress, ShouldStop
    from planner.scenario import Scenario
    from planner.siting_case import SitingCase

#: Most stations a scenario can ask for: as good as any number.
ANY_NUMBER = 1000
#: Budgets there are without any given, and the most there may be.
DEFAULT_POINTS, MOST_POINTS = 8, 60


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Frontier:
    """Budgets and what they serve.

    Parameters
    ----------
    case
        What is asked.
    demand
        All that counts, in the unit of the objective, per day.
    points
        By budget, ascending.
    found
        All plans found that serve more than every cheaper one, the cheapest first: at other costs, too.
    is_whole
        Whether all budgets asked for are there, each searched to its own end.
    """

    case: SitingCase
    demand: float
    points: tuple[Point, ...]
    found: tuple[Built, ...]
    is_whole: bool

    @property
    def scenario(self) -> Scenario:
        """Scenario, without a budget."""
        return self.case.scenario


def solve_frontier(
    scenario: Scenario,
    *,
    budgets_wan_cny: Sequence[float] | None = None,
    n_points: int = DEFAULT_POINTS,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
) -> Frontier:
    """Find what each budget serves at most.

    Parameters
    ----------
    scenario
        Of one year, without a budget; ``stations`` limits the new ones. The limits of its ``solve`` hold for
        each budget.
    budgets_wan_cny
        Ascending, 10,000 CNY. None: `n_points` of them, evenly spaced from the cheapest station to what
        serves all.
    n_points
        Number of budgets where none are given.
    on_progress, should_stop
        Told what is going on. Asked often: True ends the search at the budget at hand with its best plan,
        and the budgets after it are left out.

    Raises
    ------
    corridor.errors.InputError
        For budgets that cannot be, and scenarios without a frontier.
    planner.progress.Stopped
        If stopped before there was a budget to tell of.
    """
    _check(scenario, budgets_wan_cny, n_points)
    reporter = Reporter(on_progress, should_stop, objective=scenario.objective)
    case = siting_case(scenario.model_copy(update={"room": True}), stage=reporter.stage)
    amounts = Amounts.of([case])
    cost = capex_by_site(case.inputs.sites, case.values)
    question = replace(question_of([case], amounts, weight=np.ones(1)), cost=cost)
    search = Search(question, service_of(case, amounts), limits=scenario.solve, reporter=reporter)
    if budgets_wan_cny is not None:
        _refuse(search.cheapest, budgets_wan_cny)
    search.nothing_new()
    search.by_number(budgets_wan_cny)
    asked = search.budgets(n_points) if budgets_wan_cny is None else list(budgets_wan_cny)
    for number, budget in enumerate(asked, start=1):
        reporter.stage("siting", f"budget {number} of {len(asked)}: {budget:,.0f} x 10,000 CNY")
        search.at(budget)
        if should_stop is not None and should_stop():
            break
    if not search.budget:
        raise Stopped
    points = points_of(search.budget, search.own, search.found)
    is_whole = search.budget[-len(asked) :] == asked and not search.was_cut_short
    reporter.stage("done", f"{len(points)} points")
    return Frontier(
        case=case,
        demand=float(amounts.volume.sum()),
        points=points,
        found=efficient(search.found),
        is_whole=is_whole,
    )


def _check(scenario: Scenario, budgets: Sequence[float] | None, n_points: int) -> None:
    """Refuse what has no frontier."""
    if faults := [*_scenario_faults(scenario), *_points_faults(budgets, n_points)]:
        raise InputError(faults)


def _scenario_faults(scenario: Scenario) -> list[Fault]:
    """List what a scenario must not ask for."""
    faults = []
    if scenario.earlier_years:
        mend = "Leave rollout and rollout_budget_wan_cny out"
        faults.append(Fault("a frontier is of one year", "rollout", mend))
    if scenario.budget_wan_cny is not None:
        mend = "Leave it out, and name the budgets by --budgets"
        faults.append(Fault("a frontier sets the budgets itself", "budget_wan_cny", mend))
    if scenario.sizes:
        faults.append(Fault("a frontier chooses all sizes itself", "sizes", "Leave them out"))
    if scenario.objective in IN_MONEY:
        mend = "Take kg, trips, vehicle_km or co2"
        faults.append(Fault("a frontier is of what is served, not of money", "objective", mend))
    return faults


def _points_faults(budgets: Sequence[float] | None, n_points: int) -> list[Fault]:
    """List what is wrong with the budgets, or their number."""
    faults = []
    if not 1 <= n_points <= MOST_POINTS:
        faults.append(Fault(f"{n_points} budgets", "--points", f"Give 1 to {MOST_POINTS}"))
    if budgets is not None and not 1 <= len(budgets) <= MOST_POINTS:
        faults.append(Fault(f"{len(budgets)} budgets", "--budgets", f"Give 1 to {MOST_POINTS}"))
    for budget in budgets or ():
        if not math.isfinite(budget) or budget < 0.0:
            mend = "Give 10,000 CNY, above 0, e.g. --budgets 5000,10000"
            faults.append(Fault(f"{budget:g} is no budget", "--budgets", mend))
    for before, after in zip(budgets or (), (budgets or ())[1:], strict=False):
        if not after > before:
            what = f"{after:g} comes after {before:g}"
            faults.append(Fault(what, "--budgets", "Name each budget once, the smallest first"))
    return faults


def _refuse(cheapest_wan_cny: float, budgets: Sequence[float]) -> None:
    """Refuse budgets that build nothing."""
    # Budgets rise: the first ones are the small ones, and one fault tells what is wrong with all.
    if faults := budget_faults({"--budgets": budgets[0]}, cheapest_wan_cny=cheapest_wan_cny):
        mend = f"Give {cheapest_wan_cny:g} or more, in 10,000 CNY: no new station is always among the points"
        raise InputError([replace(fault, mend=mend) for fault in faults])
