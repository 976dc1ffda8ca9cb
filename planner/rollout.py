"""Roll-out: what of a plan is built by when, how large, and why there first.

The years of a roll-out are sited in one model (:mod:`siting.buildout`): a station stands from its year on,
and never shrinks. What each year serves is shared out and driven with the trips of that year.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.detours import DrivenWays
from planner.fills import shared_fills
from planner.plan import ROLLOUT_COLUMNS, no_rollout
from planner.siting_case import siting_case
from planner.station_costs import MODULES_KG_PER_DAY, capex_by_site
from siting.coverage import class_volumes
from siting.marginal import Margins

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planner.buildout import Sited
    from planner.scenario import Scenario
    from planner.siting_case import SitingCase

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Phase:
    """A year of the roll-out.

    Parameters
    ----------
    case
        Its trips.
    stations
        Open stations: index ``site_id``, with ``capacity_kg_per_day``, ``load_kg_per_day``, ``utilization``,
        ``module`` (-1: existing).
    served_kg_per_day
        Refueled.
    """

    case: SitingCase
    stations: pd.DataFrame
    served_kg_per_day: float

    @property
    def year(self) -> int:
        """Year."""
        return self.case.scenario.year


def earlier_cases(scenario: Scenario) -> list[SitingCase]:
    """Return the siting cases of the years before that of the plan, ascending."""
    alone = scenario.model_copy(update={"rollout": {}, "budget_wan_cny": None, "rollout_budget_wan_cny": {}})
    return [siting_case(alone.model_copy(update={"year": year})) for year in scenario.earlier_years]


def weights(scenario: Scenario, values: Mapping[str, float]) -> Floats:
    """Return what a day of each year counts: (n_years,) float64, summing to 1.

    A year stands for those up to the next one, the last for ``station.last_period_years``.
    """
    years = [*scenario.earlier_years, scenario.year]
    spans = [float(after - before) for before, after in pairwise(years)]
    lasting = np.array([*spans, values["station.last_period_years"]])
    share: Floats = lasting / lasting.sum()
    return share


def phases_before(cases: Sequence[SitingCase], sited: Sequence[Sited]) -> list[Phase]:
    """Share out and drive what each year serves, stations growing from year to year.

    Parameters
    ----------
    cases, sited
        Of the years, ascending.

    Raises
    ------
    corridor.errors.ReplayError
        If a vehicle fails on the road, or a station dispenses more than it may.
    """
    found: list[Phase] = []
    for case, chosen in zip(cases, sited, strict=True):
        solution = chosen.solution
        stations = case.inputs.sites.iloc[solution.stations]
        served = np.flatnonzero(solution.served)
        coming = case.demand.iloc[served]
        way = case.driving.of(coming)
        shared = shared_fills(
            stations,
            coming,
            driven=DrivenWays(
                driving=case.driving, way=way, extra_km=np.zeros(len(way)), share=np.ones(len(way))
            ),
            reached=case.reached.of(solution.stations),
            points=case.points.served_from(solution.stations),
            values=case.values,
            least_kg_per_day=sizes_before(found, stations.index),
            most_kg_per_day=chosen.most_kg_per_day,
            fixed_kg_per_day=case.fixed_kg_per_day[solution.stations],
        )
        sized = shared.sizing.stations.set_axis(stations.index, axis="index")
        of_points = float(shared.points.served_kg_per_day().sum())
        of_trips = float(shared.sizing.served_share @ coming["kg_per_day"].to_numpy(dtype=np.float64))
        found.append(Phase(case=case, stations=sized, served_kg_per_day=of_trips + of_points))
    return found


def sizes_before(phases: Sequence[Phase], sites: pd.Index) -> Floats:
    """Return the sizes stations have from the years before, 0 for none: (n_sites,) float64."""
    if not phases:
        return np.zeros(len(sites))
    last = phases[-1].stations["capacity_kg_per_day"]
    sizes: Floats = last.reindex(sites).fillna(0.0).to_numpy(dtype=np.float64)
    return sizes


def rollout_table(phases: Sequence[Phase], values: Mapping[str, float]) -> pd.DataFrame:
    """Return the table ``rollout`` of docs/tables.md: the new stations year by year, what matters most first.

    Parameters
    ----------
    phases
        All years, ascending.
    values
        Assumptions in force: what sizes cost.
    """
    if len(phases) < 2:  # noqa: PLR2004  a roll-out has steps
        return no_rollout()
    before = pd.Series(dtype=np.float64)
    parts = []
    for phase in phases:
        sites = phase.case.inputs.sites.loc[phase.stations.index]
        table = phase.stations.assign(
            year=phase.year,
            name_zh=sites["name_zh"],
            name_en=sites["name_en"],
            only_here_kg_per_day=_only_here(phase),
        )
        table = table[table["module"] >= 0]
        standing = before.reindex(table.index)
        size = table["capacity_kg_per_day"]
        capex = capex_by_site(sites.loc[table.index], values)
        spent = _cost(size, capex) - _cost(standing, capex)
        parts.append(
            table.assign(
                action=np.where(standing.isna(), "built", np.where(size > standing, "enlarged", "stands")),
                added_kg_per_day=size - standing.fillna(0.0),
                capex_wan_cny=spent,
            )
            .sort_values("only_here_kg_per_day", ascending=False, kind="stable")
            .rename_axis("site_id")
            .reset_index()
        )
        before = size
    joined: pd.DataFrame = pd.concat(parts, ignore_index=True)[list(ROLLOUT_COLUMNS)]
    return joined


def _cost(size_kg_per_day: pd.Series, capex: Floats) -> Floats:
    """Return what stations of these sizes cost, 0 for none; ``capex`` is (n_stations, n_modules)."""
    module = np.searchsorted(MODULES_KG_PER_DAY, size_kg_per_day.fillna(0.0))
    of_size = capex[np.arange(len(capex)), np.minimum(module, capex.shape[1] - 1)]
    return np.where(size_kg_per_day.isna(), 0.0, of_size)


def _only_here(phase: Phase) -> Floats:
    """Return the hydrogen of the trips that would be out of range without each station, kg/d."""
    case = phase.case
    margins = Margins(case.cover)
    stations = case.inputs.sites.index.get_indexer(phase.stations.index).astype(np.int64)
    held = margins.open_in_sets(stations)
    return margins.losses(held, class_volumes(case.cover, case.counted("kg")), stations)


def rollout_kpis(phases: Sequence[Phase], table: pd.DataFrame) -> dict[str, float]:
    """Return the key figures of each year of a roll-out, and the budgets."""
    scenario = phases[-1].case.scenario
    figures = {f"budget_wan_cny_{year}": most for year, most in scenario.rollout_budget_wan_cny.items()}
    if scenario.budget_wan_cny is not None:
        figures["budget_wan_cny"] = scenario.budget_wan_cny
    if table.empty:
        return figures
    for phase in phases:
        case = phase.case
        demand = float(case.demand["kg_per_day"].sum()) + float(case.points.kg_per_day.sum())
        rows = table[table["year"] == phase.year]
        figures |= {
            f"demand_kg_per_day_{phase.year}": demand,
            f"served_kg_per_day_{phase.year}": phase.served_kg_per_day,
            f"stations_new_{phase.year}": float(len(rows)),
            f"capex_wan_cny_{phase.year}": float(rows["capex_wan_cny"].sum()),
        }
    return figures
