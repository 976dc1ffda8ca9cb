"""The build-out of a scenario: its siting cases as a question to :mod:`siting.buildout`, and the answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError
from planner.assembly import MODULES_KG_PER_DAY
from planner.budget import most_spent_wan_cny, most_stations
from planner.driving import class_numbers
from planner.station_costs import capex_by_site
from siting.buildout import solve_buildout
from siting.buildout.fill_service import FillService
from siting.buildout.question import Question
from siting.coverage import served_trips
from siting.flow_refueling import FlowRefuelingSolution

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from planner.siting_case import SitingCase
    from siting.buildout import Buildout
    from siting.search import ProgressCallback

    Floats = NDArray[np.float64]

#: What tells a row of trips from another.
_TRIP = ["route", "vehicle_class", "storage"]
#: Amounts that differ by no more than this share are equal.
_LAST_DIGITS = 1e-9


def existing_kg_per_day(
    sites: pd.DataFrame, values: Mapping[str, float], *, closed: Sequence[str] = ()
) -> Floats:
    """Return the size of the stations that stand, NaN for other sites: (n_sites,) float64.

    Parameters
    ----------
    sites
        ``status`` and ``capacity_kg_per_day``.
    values
        Assumptions in force: an unpublished size is taken from them.
    closed
        Ids of stations that serve nobody: their size is 0.
    """
    published = sites["capacity_kg_per_day"].to_numpy(dtype=np.float64)
    known = np.where(np.isnan(published), values["station.unknown_capacity_kg_per_day"], published)
    serving = np.where(sites.index.isin(list(closed)), 0.0, known)
    return np.where((sites["status"] == "existing").to_numpy(), serving, np.nan)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Amounts:
    """Trips and points of several years, in the rows of the last one.

    Parameters
    ----------
    laps_per_day
        (n_years, n_trips + n_points) float64, a point that is in use has one.
    volume
        (n_years, n_trips + n_points) float64, in the unit of the objective, per day.
    """

    laps_per_day: Floats
    volume: Floats

    @classmethod
    def of(cls, cases: Sequence[SitingCase]) -> Amounts:
        """Bring the cases of several years, ascending, into the rows of the last one.

        Raises
        ------
        InputError
            An earlier year has trips that the last one has not, or uses other amounts.
        """
        last = cases[-1]
        trips = pd.MultiIndex.from_frame(last.demand[_TRIP])
        laps, volume = [], []
        for case in cases:
            n_trips = len(case.demand)
            row = trips.get_indexer(pd.MultiIndex.from_frame(case.demand[_TRIP]))
            point = last.points.table.index.get_indexer(case.points.table.index)
            if (row < 0).any() or (point < 0).any() or not _alike(case.demand, last.demand, row):
                what = f"the trips of {case.scenario.year} are not among those of {last.scenario.year}"
                mend = "Plan each year alone, or give trips of the same kinds for both years"
                raise InputError(Fault(what, "rollout", mend))
            into = np.concatenate([row, len(trips) + point]).astype(np.int64)
            size = len(trips) + len(last.points.table)
            driven, counted = np.zeros(size), np.zeros(size)
            driven[into[:n_trips]] = case.demand["trips_per_day"].to_numpy(dtype=np.float64)
            driven[into[n_trips:]] = 1.0
            counted[into] = case.volume
            laps.append(driven)
            volume.append(counted)
        return cls(laps_per_day=np.stack(laps), volume=np.stack(volume))


def _alike(demand: pd.DataFrame, last: pd.DataFrame, row: NDArray[np.int64]) -> bool:
    """Tell whether trips burn the same from the same tanks in both years."""
    return all(
        np.allclose(demand[name], last[name].to_numpy()[row], rtol=_LAST_DIGITS, atol=0.0)
        for name in ("tank_kg", "kg_per_trip")
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Paid:
    """What tells which trips it pays to serve.

    Parameters
    ----------
    cny_per_kg
        Worth of a kilogram sold.
    cost_cny_per_kg
        (n_stations,) float64, of a kilogram at each station.
    """

    cny_per_kg: float
    cost_cny_per_kg: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sited:
    """Where stations go in a year.

    Parameters
    ----------
    solution
        Stations, what is within range of them, and what was proven.
    most_kg_per_day
        (n_stations,) float64, sizes the budget pays for, NaN for existing stations; None: any size.
    sizes_kg_per_day
        (n_stations,) float64, sizes chosen, NaN for existing stations; None: they were not.
    paid
        What tells which trips it pays to serve; None: all are served that stations have room for.
    """

    solution: FlowRefuelingSolution
    most_kg_per_day: Floats | None = None
    sizes_kg_per_day: Floats | None = None
    paid: Paid | None = None


def question_of(cases: Sequence[SitingCase], amounts: Amounts, *, weight: Floats) -> Question:
    """Return what a scenario asks: the most served, with so many new stations and so much money each year.

    Parameters
    ----------
    cases
        Of the years, ascending; the last is that of the plan.
    amounts
        Of these cases.
    weight
        (n_years,) float64, what a day of each year counts.
    """
    last, n_years = cases[-1], len(cases)
    sites, assumed = last.inputs.sites, last.values  # noqa: PD011  no table
    no_costs = np.zeros((len(sites), len(MODULES_KG_PER_DAY)))
    return Question(
        cover=last.cover,
        volume=amounts.volume,
        weight=weight,
        module_kg_per_day=np.array(MODULES_KG_PER_DAY, dtype=np.float64),
        existing_kg_per_day=existing_kg_per_day(sites, assumed, closed=last.scenario.closed_stations),
        highest_utilization=assumed["station.highest_utilization"],
        most_new=most_stations(last.scenario),
        cost=capex_by_site(sites, assumed) if last.scenario.has_budget else no_costs,
        budget=most_spent_wan_cny(last.scenario),
        worth=np.ones(n_years),
        running_cost=no_costs,
        least_volume=np.zeros(n_years),
        locked=last.rows(last.scenario.locked),
        forbidden=last.barred,
        fixed=_modules(last.fixed_kg_per_day),
    )


def _modules(size_kg_per_day: Floats) -> NDArray[np.int64]:
    """Return the modules of sizes, -1 where they are not known."""
    module = np.searchsorted(MODULES_KG_PER_DAY, np.nan_to_num(size_kg_per_day))
    return np.where(np.isnan(size_kg_per_day), -1, module).astype(np.int64)


def service_of(case: SitingCase, amounts: Amounts, *, cost_per_kg: Floats | None = None) -> FillService:
    """Return what stations serve: trips on their routes, and point demands.

    Parameters
    ----------
    case
        Of the last year.
    amounts
        Of all years.
    cost_per_kg
        (n_years, n_sites) float64, of a kilogram filled, in the unit of the volume; None: nothing.
    """
    demand, reach = case.demand, case.points.reach
    nearest = np.lexsort((reach.km, reach.place))
    return FillService(
        case.driving.candidate_paths(case.reached),
        path=case.driving.of(demand),
        kind=class_numbers(demand),
        tank_kg=demand["tank_kg"].to_numpy(dtype=np.float64),
        laps_per_day=amounts.laps_per_day,
        volume=amounts.volume,
        points=(reach.place[nearest], reach.site[nearest], case.points.kg_per_day),
        cost_per_kg=cost_per_kg,
    )


def solve(
    cases: Sequence[SitingCase],
    *,
    weight: Floats,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> list[Sited]:
    """Choose the stations that serve the most within their sizes, those of each year among the next one's.

    Parameters
    ----------
    cases
        Of the years, ascending; the last is that of the plan.
    weight
        (n_years,) float64, what a day of each year counts.
    on_progress, should_stop
        Told about changes; asked whether to stop.

    Returns
    -------
    list[Sited]
        One per year; ``served`` is of the trips of its case. All bear the certificate of the whole.
    """
    last = cases[-1]
    amounts = Amounts.of(cases)
    answer = solve_buildout(
        question_of(cases, amounts, weight=weight),
        service_of(last, amounts),
        gap=last.scenario.solve.gap,
        time_limit_s=last.scenario.solve.time_limit_s,
        rounds=last.scenario.solve.rounds,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    found = [sited(case, answer, period) for period, case in enumerate(cases)]
    if last.scenario.has_budget:
        return [replace(each, most_kg_per_day=each.sizes_kg_per_day) for each in found]
    return found


def sited(case: SitingCase, answer: Buildout, period: int) -> Sited:
    """Return where the stations of a period of a build-out stand."""
    new = answer.new(period)
    stations = np.union1d(case.existing, new).astype(np.int64)
    solution = FlowRefuelingSolution(
        stations=stations,
        new=new,
        served=served_trips(case.cover, stations)[: len(case.demand)],
        certificate=answer.certificate,
    )
    module = answer.module[period, stations]
    size = np.where(module < 0, np.nan, np.array(MODULES_KG_PER_DAY, dtype=np.float64)[module])
    return Sited(solution=solution, sizes_kg_per_day=size)
