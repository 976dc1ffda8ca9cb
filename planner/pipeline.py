"""From a scenario to a plan: load, route, estimate, site, replay, size, supply.

Each step is a call into a room below; this module only passes tables on and puts the Plan together.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import SolverError
from planner import least_cost, net_benefit
from planner.assembly import MODULES_KG_PER_DAY, Parts
from planner.buildout import Sited
from planner.buildout import solve as solve_buildout
from planner.deliveries import delivery_terms, hazmat_notices
from planner.detours import Detours, DrivenWays
from planner.driving import class_numbers
from planner.economics import check_economics
from planner.fills import shared_fills
from planner.gains import gains_table
from planner.objective import IN_MONEY
from planner.progress import Reporter
from planner.queues import check_queue_values, station_queues, visits
from planner.rollout import (
    Phase,
    earlier_cases,
    phases_before,
    rollout_kpis,
    rollout_table,
    sizes_before,
    weights,
)
from planner.siting_case import siting_case
from planner.station_hours import sold_by_class, station_hours
from planner.supply_case import supply_case
from planner.weak_spots import plan_weak_spots
from siting.deviation import even_steps
from siting.flow_refueling import FlowRefuelingSolution, solve_flow_refueling
from siting.replay import replay_trips
from siting.resilience import ResilientSolution, solve_resilient
from siting.supply_terms import check_supply_values
from siting.supply_year import solve_supply

if TYPE_CHECKING:
    from collections.abc import Callable

    from corridor.access import Access
    from planner.deliveries import DeliveryTerms
    from planner.plan import Plan
    from planner.progress import OnProgress, ShouldStop
    from planner.scenario import Scenario
    from planner.siting_case import SitingCase
    from siting.sizing import Sizing
    from siting.supply_year import SupplyYear

#: Longest search for whole electrolyzers, s: then the best ones found stand, with their gap.
_SUPPLY_S = 15.0


def make_plan(
    scenario: Scenario,
    *,
    on_progress: OnProgress | None = None,
    should_stop: ShouldStop | None = None,
) -> Plan:
    """Solve a scenario.

    Parameters
    ----------
    scenario
        What to plan.
    on_progress
        Told what is going on; during siting of every better plan and bound.
    should_stop
        Asked often. During siting, True ends the search with the best plan so far; before, it ends the work.

    Returns
    -------
    planner.plan.Plan
        Replayed without a fault.

    Raises
    ------
    corridor.errors.InputError
        For unknown sites, zones or assumptions.
    corridor.errors.InfeasibleError
        If the demands on the plan contradict each other.
    corridor.errors.ReplayError
        If a served vehicle runs dry in the replay.
    planner.progress.Stopped
        If stopped before siting began.
    """
    reporter = Reporter(on_progress, should_stop, objective=scenario.objective)
    case = siting_case(scenario, stage=reporter.stage)
    inputs, demand, points = case.inputs, case.demand, case.points
    values = case.values  # noqa: PD011  no table
    check_economics(values)
    check_supply_values(values)
    delivered_by = delivery_terms(scenario, inputs, values)
    check_queue_values(values, modules=MODULES_KG_PER_DAY)
    detours = _detours(case)
    earlier = earlier_cases(scenario)
    before, sited, resilient = _site(case, earlier, reporter, detours, delivered_by)
    solution = sited.solution
    reporter.stage("replay", f"driving {int(solution.served.sum()):,} served flows with a tank")
    stations = inputs.sites.iloc[solution.stations]
    served = np.flatnonzero(solution.served)
    driven = _driven(case, solution, detours)
    coming = demand.iloc[served].assign(
        trips_per_day=demand["trips_per_day"].to_numpy()[served] * driven.share
    )
    reached = case.reached.of(solution.stations)
    _drive_filling_up(driven, coming, reached)
    within_reach = points.served_from(solution.stations)
    within_reach.check(inputs, stations)
    reporter.stage("sizing", f"fills and sizes of {len(stations)} stations")
    phases = phases_before(earlier, before)
    shared = shared_fills(
        stations,
        coming,
        driven=driven,
        reached=reached,
        points=within_reach,
        values=values,
        least_kg_per_day=sizes_before(phases, stations.index),
        most_kg_per_day=sited.most_kg_per_day,
        fixed_kg_per_day=case.fixed_kg_per_day[solution.stations],
        paid=sited.paid,
    )
    replay, sizing, taken = shared.replay, shared.sizing, shared.points
    reporter.stage("queues", "waiting times at the dispensers, by formula and simulated")
    queues = station_queues(
        stations,
        visits(replay.fills, coming, taken, share=sizing.served_share, values=values),
        capacity_kg_per_day=sizing.stations["capacity_kg_per_day"].to_numpy(),
        modules=MODULES_KG_PER_DAY,
        values=values,
    )
    reporter.stage("supply", "from which base, by which mode, in which month")
    supply = _supply(case, stations, sizing, delivered_by)
    parts = Parts(
        scenario=scenario,
        inputs=inputs,
        values=values,
        demand=demand,
        solution=solution,
        replay=replay,
        sizing=sizing,
        supply=supply,
        points=taken,
        queues=queues,
        weak_spots=plan_weak_spots(case, solution, detours=detours, resilient=resilient),
        resilient=resilient,
        extra_km=driven.extra_km,
        coming_share=driven.share,
    )
    cut_off = hazmat_notices(delivered_by, inputs, stations)
    plan = parts.plan((*case.unusual, *case.own.notices, *cut_off), seconds=reporter.seconds)
    served_kg = plan.kpis["served_kg_per_day"]
    sized = sizing.stations.set_axis(stations.index, axis="index")
    phases.append(Phase(case=case, stations=sized, served_kg_per_day=served_kg))
    rollout = rollout_table(phases, values)
    sold = sold_by_class(replay.fills, coming, share=sizing.served_share, n_stations=len(stations))
    hours = station_hours(queues.table, sold, taken, values=values).set_index("site_id")
    plan = replace(
        plan,
        rollout=rollout,
        gains=gains_table(case, plan.stations, plan.flows),
        hours=hours.loc[plan.stations["site_id"]].reset_index(),
        kpis={**plan.kpis, **rollout_kpis(phases, rollout)},
        provenance={**plan.provenance, "fills": sizing.certificate.to_dict(), **case.own.provenance()},
    )
    if scenario.objective == "net_benefit":
        plan = net_benefit.with_net_benefit(plan)
    if scenario.objective == "least_cost":
        plan = least_cost.with_least_cost(plan)
    reporter.stage("done", f"{int(plan.kpis['stations_new'])} new stations")
    return plan


def _detours(case: SitingCase) -> Detours | None:
    """Return the ways open to drivers who may leave their route; None if they may not."""
    if case.scenario.detour == 0.0:
        return None
    return Detours.of(
        case.inputs,
        case.used,
        case.demand,
        steps=even_steps(case.scenario.detour, last_share=case.scenario.detour_decay),
        volume=case.volume,
    )


def _site(
    case: SitingCase,
    earlier: list[SitingCase],
    reporter: Reporter,
    detours: Detours | None,
    delivered_by: DeliveryTerms,
) -> tuple[list[Sited], Sited, ResilientSolution | None]:
    """Choose the stations of earlier years and of the plan's; ``served`` is of the trips."""
    scenario = case.scenario
    solve: Callable[..., FlowRefuelingSolution | ResilientSolution]
    if scenario.objective in IN_MONEY:
        by_money = net_benefit.solve if scenario.objective == "net_benefit" else least_cost.solve
        where = by_money(case, delivered_by, on_progress=reporter.siting, should_stop=reporter.should_stop)
        return [], where, None
    if detours is not None:
        solve = partial(detours.solve, case.cover)
    elif scenario.resilience is not None:
        solve = partial(solve_resilient, case.cover, case.volume, least_share=scenario.resilience)
    elif not scenario.counts_room:
        solve = partial(solve_flow_refueling, case.cover, case.volume)
    else:
        *before, built = solve_buildout(
            [*earlier, case],
            weight=weights(scenario, case.values),
            on_progress=reporter.siting,
            should_stop=reporter.should_stop,
        )
        return before, built, None
    answer = solve(
        n_new=scenario.stations,
        existing=case.existing,
        locked=case.rows(scenario.locked),
        forbidden=case.barred,
        gap=scenario.solve.gap,
        time_limit_s=scenario.solve.time_limit_s,
        on_progress=reporter.siting,
        should_stop=reporter.should_stop,
    )
    resilient = answer if isinstance(answer, ResilientSolution) else None
    if answer.certificate.status == "unknown" and resilient is not None:
        raise SolverError(
            f"No plan found that leaves {scenario.resilience:.1%} in every outage, the best leaves "
            f"{resilient.weak_spots.share:.1%}; none was ruled out. Ask for less or raise solve.time_limit_s"
        )
    solution = FlowRefuelingSolution(
        stations=answer.stations,
        new=answer.new,
        served=answer.served[: len(case.demand)],
        certificate=answer.certificate,
    )
    return [], Sited(solution=solution), resilient


def _driven(case: SitingCase, solution: FlowRefuelingSolution, detours: Detours | None) -> DrivenWays:
    """Return the way each served trip takes."""
    if detours is not None:
        return detours.driven(case.driving, case.cover, case.demand, solution)
    way = case.driving.of(case.demand.iloc[np.flatnonzero(solution.served)])
    return DrivenWays(driving=case.driving, way=way, extra_km=np.zeros(len(way)), share=np.ones(len(way)))


def _drive_filling_up(driven: DrivenWays, covered: pd.DataFrame, reached: Access) -> None:
    """Drive the trips within range, filling up wherever they pass a station; one that fails is an error."""
    driving = driven.driving
    replay_trips(
        driving.offsets,
        driving.nodes,
        driving.km,
        out_kg=driving.out_kg,
        back_kg=driving.back_kg,
        route=driven.way,
        kind=class_numbers(covered),
        tank_kg=covered["tank_kg"].to_numpy(),
        station_nodes=reached.node_id,
        stations=reached.site,
    ).raise_for_faults()


def _supply(case: SitingCase, stations: pd.DataFrame, sizing: Sizing, terms: DeliveryTerms) -> SupplyYear:
    """Return the cheapest supply of the year."""
    load = sizing.stations["load_kg_per_day"].to_numpy(dtype=np.float64)
    network, brought = supply_case(case, terms, stations, load_kg_per_day=load)
    return solve_supply(pd.Series(load, index=stations.index), network, brought, time_limit_s=_SUPPLY_S)
