"""From a scenario to a plan: load, route, estimate, site, replay, size, supply.

Each step is a call into a room below; this module only passes tables on and puts the Plan together.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor import sources, zones
from corridor.access import access
from corridor.errors import Fault, InputError
from corridor.named_routes import corridor_share
from corridor.paths import road_km
from demand.consumption import route_use
from demand.hydrogen import demand_table
from planner.assembly import MODULES_KG_PER_DAY, Parts
from planner.driving import along, class_numbers, on_arcs
from planner.inputs import assumptions_in_force, load_inputs
from planner.own_trips import own_trips
from planner.points import placed_points
from planner.progress import Progress, Stopped
from siting.coverage import cover_sets
from siting.flow_refueling import solve_flow_refueling
from siting.replay import replay_trips
from siting.sizing import size_stations
from siting.supply import DeliveryMode, assign_bases

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from corridor.access import Access
    from corridor.roads import RoadNetwork
    from corridor.routes import Routes
    from demand.consumption import Consumption
    from planner.driving import Driving
    from planner.inputs import Inputs
    from planner.own_trips import OwnTrips
    from planner.plan import Plan
    from planner.points import PlacedPoints, ServedPoints
    from planner.progress import OnProgress, ShouldStop
    from planner.scenario import Scenario
    from siting.coverage import CoverSets
    from siting.flow_refueling import FlowRefuelingSolution
    from siting.replay import Replay
    from siting.sizing import Sizing
    from siting.supply import Supply

#: Delivery modes weighed against each other: keys of ``delivery.*``.
DELIVERY_MODES = ("tube_20mpa", "liquid")


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
    reporter = _Reporter(on_progress, should_stop)
    reporter.stage("load", "reading the tables, routing all pairs of zones")
    inputs = load_inputs(scenario)
    values, unusual = assumptions_in_force(inputs.assumptions, scenario.assumptions)
    check_sites(scenario, inputs.sites)
    reporter.stage("demand", f"trips on {len(inputs.routes):,} routes")
    used = on_arcs(inputs.network, inputs.terrain, values)
    own = own_trips(scenario, inputs, values)
    demand = scoped_demand(scenario, inputs, values, used, own=own)
    driving = along(inputs, used, demand["route"].to_numpy())
    points = placed_points(scenario, inputs, values)
    reporter.stage("siting", f"{len(demand):,} flows, {len(inputs.sites):,} sites")
    reached = access(inputs.sites, inputs.network, within_km=values["station.access_km"])
    cover = cover_sets(
        driving.candidate_paths(reached),
        path=driving.of(demand),
        tank=demand["tank_kg"].to_numpy(),
        kind=class_numbers(demand),
    )
    solution = _site(scenario, inputs.sites, demand, points, cover, reporter)
    reporter.stage("replay", f"driving {int(solution.served.sum()):,} served flows with a tank")
    stations = inputs.sites.iloc[solution.stations]
    served = np.flatnonzero(solution.served)
    replay = _replay(driving, demand.iloc[served], reached.of(solution.stations))
    taken = points.served_from(solution.stations)
    taken.check(inputs, stations)
    reporter.stage("sizing", f"sizes of {len(stations)} stations")
    sizing, taken = _size(stations, demand.iloc[served], replay, taken, values)
    reporter.stage("supply", "a base for each station")
    supply = _supply(scenario, inputs, stations, sizing, values)
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
    )
    plan = parts.plan((*unusual, *own.notices), seconds=reporter.seconds)
    plan = replace(plan, provenance={**plan.provenance, **own.provenance()})
    reporter.stage("done", f"{int(plan.kpis['stations_new'])} new stations")
    return plan


class _Reporter:
    """Passes progress on and notices a wish to stop."""

    def __init__(self, on_progress: OnProgress | None, should_stop: ShouldStop | None) -> None:
        self._on_progress = on_progress
        self.should_stop = should_stop
        self._start = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Since the work began."""
        return time.perf_counter() - self._start

    def stage(self, stage: str, message: str) -> None:
        """Say that a stage begins; give up here if asked to, as long as there is nothing to keep."""
        if stage in {"load", "demand", "siting"} and self.should_stop is not None and self.should_stop():
            raise Stopped
        if self._on_progress is not None:
            self._on_progress(Progress(stage=stage, seconds=self.seconds, message=message))

    def siting(self, incumbent: float, bound: float, _gap: float, _seconds: float, message: str) -> None:
        """Say how the siting solve stands."""
        if self._on_progress is not None:
            self._on_progress(
                Progress(
                    stage="siting", seconds=self.seconds, message=message, incumbent=incumbent, bound=bound
                )
            )


def check_sites(scenario: Scenario, sites: pd.DataFrame) -> None:
    """Refuse locked and forbidden sites that cannot be so.

    Raises
    ------
    corridor.errors.InputError
        For unknown ids, sites both locked and forbidden, and existing stations among the forbidden.
    """
    faults = []
    for name in ("locked", "forbidden"):
        for site in getattr(scenario, name):
            if site not in sites.index:
                faults.append(Fault(f"there is no site {site}", name, "Site ids stand in data/sites.csv"))
            elif name == "forbidden" and sites.loc[site, "status"] == "existing":
                faults.append(Fault(f"site {site} is an existing station", name, "Existing stations stay"))
    faults += [
        Fault(f"site {site} is both locked and forbidden", "locked, forbidden", "Choose one")
        for site in sorted(set(scenario.locked) & set(scenario.forbidden))
    ]
    if faults:
        raise InputError(faults)


def scoped_demand(
    scenario: Scenario,
    inputs: Inputs,
    values: Mapping[str, float],
    used: Consumption,
    *,
    own: OwnTrips | None = None,
) -> pd.DataFrame:
    """Return the demand table of the trips that count, with ``kg_per_day``.

    Parameters
    ----------
    scenario
        Year, scope, zone factors and usable range.
    inputs
        Zones and routes.
    values
        Assumptions in force.
    used
        Hydrogen of each class on every arc.
    own
        Trips of the scenario's own files, if they are read already.
    """
    table = demand_table(
        zones.scaled(inputs.zones, scenario.zone_factor),
        inputs.routes,
        used=route_use(inputs.routes, inputs.route_arcs, used),
        assumptions=values,
        year=scenario.year,
        usable_range_km=scenario.usable_range_km,
        adoption=scenario.adoption,
        fleet=sources.read_fleet(sources.data_directory()),
        given=(own or own_trips(scenario, inputs, values)).given,
    )
    table["kg_per_day"] = table["trips_per_day"] * table["kg_per_trip"]
    if scenario.scope == "region":
        return table
    share = _corridor_share(inputs.network, inputs.routes)
    on_corridor = share[table["route"].to_numpy()] >= values["scope.corridor_share"]
    kept: pd.DataFrame = table[on_corridor].reset_index(drop=True)
    return kept


@lru_cache(maxsize=2)
def _corridor_share(network: RoadNetwork, routes: Routes) -> NDArray[np.float64]:
    """Return the share of each route on the corridor: it stays while assumptions on demand are edited."""
    return corridor_share(network, routes)


def _site(
    scenario: Scenario,
    sites: pd.DataFrame,
    demand: pd.DataFrame,
    points: PlacedPoints,
    cover: CoverSets,
    reporter: _Reporter,
) -> FlowRefuelingSolution:
    """Choose the stations for trips and points together; ``served`` is of the trips."""
    solution = solve_flow_refueling(
        points.added_to(cover),
        np.concatenate([demand["kg_per_day"].to_numpy(), points.kg_per_day]),
        n_new=scenario.stations,
        existing=np.flatnonzero(sites["status"] == "existing"),
        locked=sites.index.get_indexer(pd.Index(scenario.locked)),
        forbidden=sites.index.get_indexer(pd.Index(scenario.forbidden)),
        gap=scenario.solve.gap,
        time_limit_s=scenario.solve.time_limit_s,
        on_progress=reporter.siting,
        should_stop=reporter.should_stop,
    )
    return replace(solution, served=solution.served[: len(demand)])


def _replay(driving: Driving, served: pd.DataFrame, reached: Access) -> Replay:
    """Drive the served trips; a plan that fails is an error."""
    replay = replay_trips(
        driving.offsets,
        driving.nodes,
        driving.km,
        out_kg=driving.out_kg,
        back_kg=driving.back_kg,
        route=driving.of(served),
        kind=class_numbers(served),
        tank_kg=served["tank_kg"].to_numpy(),
        station_nodes=reached.node_id,
        stations=reached.site,
    )
    replay.raise_for_faults()
    return replay


def _size(
    stations: pd.DataFrame,
    served: pd.DataFrame,
    replay: Replay,
    points: ServedPoints,
    values: Mapping[str, float],
) -> tuple[Sizing, ServedPoints]:
    """Choose the module of each new station; trips and points share the room."""
    published = stations["capacity_kg_per_day"].to_numpy(dtype=np.float64)
    known = np.where(np.isnan(published), values["station.unknown_capacity_kg_per_day"], published)
    is_existing = (stations["status"] == "existing").to_numpy()
    covered = np.flatnonzero(points.covered)
    sizing = size_stations(
        pd.concat([replay.fills, points.fills(first_trip=len(served))] if len(covered) else [replay.fills]),
        trips_per_day=np.concatenate([served["trips_per_day"].to_numpy(), np.ones(len(covered))]),
        existing_kg_per_day=np.where(is_existing, known, np.nan),
        modules_kg_per_day=np.array(MODULES_KG_PER_DAY, dtype=np.float64),
        highest_utilization=values["station.highest_utilization"],
    )
    share = np.zeros(len(points.covered))
    share[covered] = sizing.served_share[len(served) :]
    of_trips = replace(sizing, served_share=sizing.served_share[: len(served)])
    return of_trips, replace(points, share=share)


def _supply(
    scenario: Scenario,
    inputs: Inputs,
    stations: pd.DataFrame,
    sizing: Sizing,
    values: Mapping[str, float],
) -> Supply:
    """Assign each station a base."""
    bases = inputs.bases.rename(columns={f"capacity_kg_per_day_{scenario.year}": "capacity_kg_per_day"})
    km = road_km(
        inputs.network,
        bases["node_id"].to_numpy(),
        stations["node_id"].to_numpy(),
        cost=inputs.costs.total_cny,
    ).T
    modes = {
        name: DeliveryMode(
            fixed_cny_per_kg=values[f"delivery.{name}.fixed_cny_per_kg"],
            cny_per_kg_km=values[f"delivery.{name}.cny_per_kg_km"],
        )
        for name in DELIVERY_MODES
    }
    return assign_bases(
        pd.Series(sizing.stations["load_kg_per_day"].to_numpy(), index=stations.index),
        bases,
        distance_km=pd.DataFrame(km, index=stations.index, columns=bases.index),
        modes=modes,
        green_only=scenario.green_only,
    )
