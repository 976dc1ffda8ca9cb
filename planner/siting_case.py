"""A scenario up to the question where stations go: tables, trips, and what each trip needs of the sites.

Trips and their cover sets are kept for the next plan (docs/replanning.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor import sources, zones
from corridor.access import access
from corridor.errors import Fault, InputError
from corridor.named_routes import corridor_share
from demand.consumption import route_use
from demand.hydrogen import demand_table
from planner.budget import check_budgets
from planner.driving import along, class_numbers, on_arcs
from planner.inputs import assumptions_in_force, load_inputs
from planner.kept import Latest
from planner.objective import IN_MONEY, point_amounts, trip_amounts
from planner.own_trips import file_stamp, own_trips
from planner.points import placed_points
from planner.scenario import Scenario
from siting.trip_cover import cover_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from numpy.typing import NDArray

    from corridor.access import Access
    from corridor.roads import RoadNetwork
    from corridor.routes import Routes
    from demand.consumption import Consumption
    from planner.driving import Driving
    from planner.inputs import Inputs
    from planner.own_trips import OwnTrips
    from planner.plan import Notice
    from planner.points import PlacedPoints
    from planner.scenario import Objective
    from siting.coverage import CoverSets

#: Fields of a scenario that leave its trips as they are. A field not named here counts as one that does not.
_NOT_OF_TRIPS = (
    "name",
    "stations",
    "objective",
    "least_share",
    "green_only",
    "resilience",
    "detour",
    "detour_decay",
    "rollout",
    "budget_wan_cny",
    "rollout_budget_wan_cny",
    "room",
    "locked",
    "forbidden",
    "sizes",
    "closed_stations",
    "hazmat_closed",
    "delivery_modes",
    "on_site",
    "trailers",
    "added_sites",
    "point_demands",
    "solve",
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Traffic:
    """Trips of a scenario before any site is looked at; fields as in `SitingCase`."""

    own: OwnTrips
    demand: pd.DataFrame
    driving: Driving
    used: Consumption


_TRAFFIC: Latest[Traffic] = Latest()
_COVER: Latest[tuple[Access, CoverSets]] = Latest()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SitingCase:
    """A scenario up to the question where stations go.

    Parameters
    ----------
    scenario, inputs, values
        What is asked, the tables, and the assumptions in force.
    unusual
        Notices of assumptions out of their range.
    own
        Trips of the scenario's own files.
    demand, points
        Trips that count, and point demands.
    driving, reached
        Their routes, and the nodes from which sites are reached.
    used
        Hydrogen of each class on every arc.
    cover
        Cover sets of the trips, then of the points.
    """

    scenario: Scenario
    inputs: Inputs
    values: Mapping[str, float]
    unusual: tuple[Notice, ...]
    own: OwnTrips
    demand: pd.DataFrame
    points: PlacedPoints
    driving: Driving
    reached: Access
    used: Consumption
    cover: CoverSets

    @property
    def volume(self) -> NDArray[np.float64]:
        """What serving each row of the cover sets counts, in the unit of the scenario's objective."""
        return self.counted(self.scenario.objective)

    def counted(self, objective: Objective) -> NDArray[np.float64]:
        """Return what serving each row of the cover sets counts towards an objective, per day."""
        length_km = self.inputs.routes.length_km[self.demand["route"].to_numpy()]
        trips = trip_amounts(objective, self.demand, length_km, self.values)
        return np.concatenate([trips, point_amounts(objective, self.points.kg_per_day)])

    @property
    def existing(self) -> NDArray[np.int64]:
        """Rows of the existing stations among the sites, without those that are closed."""
        standing = np.flatnonzero(self.inputs.sites["status"] == "existing").astype(np.int64)
        return np.setdiff1d(standing, self.rows(self.scenario.closed_stations)).astype(np.int64)

    @property
    def barred(self) -> NDArray[np.int64]:
        """Rows of the sites that must not get a new station: those forbidden, and of closed stations."""
        return self.rows((*self.scenario.forbidden, *self.scenario.closed_stations))

    @property
    def fixed_kg_per_day(self) -> NDArray[np.float64]:
        """(n_sites,) float64, size that a new station at each site has by the scenario, NaN for any."""
        sizes = np.full(len(self.inputs.sites), np.nan)
        sizes[self.rows(tuple(self.scenario.sizes))] = list(self.scenario.sizes.values())
        return sizes

    def rows(self, site_ids: Sequence[str]) -> NDArray[np.int64]:
        """Return the rows of sites by their ids."""
        return self.inputs.sites.index.get_indexer(pd.Index(site_ids)).astype(np.int64)


def siting_case(scenario: Scenario, *, stage: Callable[[str, str], None] = lambda *_: None) -> SitingCase:
    """Load, route, estimate, and find what each trip needs of the sites.

    Parameters
    ----------
    scenario
        What is asked.
    stage
        Told of each stage and what is going on.

    Raises
    ------
    corridor.errors.InputError
        For unknown sites, zones or assumptions, budgets that build nothing, and for what cannot be asked for
        together.
    """
    if scenario.detour > 0.0 and scenario.usable_range_km is not None:
        # Every route would be a kind of vehicle, with legs between all sites of its own: 20 GB and more.
        what = "detours and one range for all vehicles cannot be asked for together yet"
        mend = "Set detour = 0 or leave usable_range_km out"
        raise InputError(Fault(what, "detour, usable_range_km", mend))
    if scenario.detour > 0.0 and scenario.resilience is not None:
        what = "detours and resilience cannot be asked for together yet"
        raise InputError(Fault(what, "detour, resilience", "Set detour = 0 or leave resilience out"))
    if scenario.asks_room and (scenario.detour > 0.0 or scenario.resilience is not None):
        what = "room, a roll-out, a budget or money cannot be asked for with detours or resilience yet"
        mend = "Leave these out and take another objective, or set detour = 0 and leave resilience out"
        raise InputError(Fault(what, "room, rollout, budget, objective, detour, resilience", mend))
    if scenario.objective in IN_MONEY and scenario.earlier_years:
        what = "an objective in money and a roll-out cannot be asked for together yet"
        mend = "Leave the earlier years out, or take another objective"
        raise InputError(Fault(what, "objective, rollout", mend))
    stage("load", "reading the tables, routing all pairs of zones")
    inputs = load_inputs(scenario)
    values, unusual = assumptions_in_force(inputs.assumptions, scenario.assumptions)
    check_sites(scenario, inputs.sites)
    check_budgets(scenario, inputs.sites, values)
    stage("demand", f"trips on {len(inputs.routes):,} routes")
    asked, traffic = _traffic(scenario, values)
    points = placed_points(scenario, inputs, values)
    stage("siting", f"{len(traffic.demand):,} flows, {len(inputs.sites):,} sites")
    within_km = values["station.access_km"]
    reached, cover = _COVER.of((inputs, asked), lambda: _cover(inputs, traffic, within_km=within_km))
    return SitingCase(
        scenario=scenario,
        inputs=inputs,
        values=values,
        unusual=tuple(unusual),
        own=traffic.own,
        demand=traffic.demand,
        points=points,
        driving=traffic.driving,
        reached=reached,
        used=traffic.used,
        cover=points.added_to(cover),
    )


def _traffic(scenario: Scenario, values: Mapping[str, float]) -> tuple[Hashable, Traffic]:
    """Return what the trips of a scenario depend on, and the trips: the kept ones if that is the same."""
    rest = {name: Scenario.model_fields[name].default for name in _NOT_OF_TRIPS}
    of_trips = scenario.model_copy(update=rest)
    inputs = load_inputs(of_trips)
    asked = (inputs, of_trips.identity, file_stamp(of_trips))

    def make() -> Traffic:
        used = on_arcs(inputs.network, inputs.terrain, values)
        own = own_trips(of_trips, inputs, values)
        demand = scoped_demand(of_trips, inputs, values, used, own=own)
        driving = along(inputs, used, demand["route"].to_numpy())
        return Traffic(own=own, demand=demand, driving=driving, used=used)

    return asked, _TRAFFIC.of(asked, make)


def _cover(inputs: Inputs, traffic: Traffic, *, within_km: float) -> tuple[Access, CoverSets]:
    """Return the nodes from which sites are reached, and the cover sets of the trips."""
    reached = access(inputs.sites, inputs.network, within_km=within_km)
    cover = cover_sets(
        traffic.driving.candidate_paths(reached),
        path=traffic.driving.of(traffic.demand),
        tank=traffic.demand["tank_kg"].to_numpy(),
        kind=class_numbers(traffic.demand),
    )
    return reached, cover


def check_sites(scenario: Scenario, sites: pd.DataFrame) -> None:
    """Refuse sites that cannot be locked, forbidden, of a size or closed as the scenario says.

    Raises
    ------
    corridor.errors.InputError
        For unknown ids, existing stations among the forbidden and the sized, others among the closed, and
        sites of which two things are said that contradict each other.
    """
    faults = []
    for name in ("locked", "forbidden", "sizes", "closed_stations"):
        for site in getattr(scenario, name):
            stands = site in sites.index and sites.loc[site, "status"] == "existing"
            if site not in sites.index:
                faults.append(Fault(f"there is no site {site}", name, "Site ids stand in data/sites.csv"))
            elif name == "forbidden" and stands:
                faults.append(Fault(f"site {site} is an existing station", name, "Close it instead"))
            elif name == "sizes" and stands:
                mend = "Its size is that of the table of sites"
                faults.append(Fault(f"site {site} is an existing station", name, mend))
            elif name == "closed_stations" and not stands:
                what = f"no station stands at site {site}"
                faults.append(Fault(what, name, "Forbid the site instead"))
    locked, forbidden = set(scenario.locked), set(scenario.forbidden)
    faults += [
        Fault(f"site {site} is both locked and forbidden", "locked, forbidden", "Choose one")
        for site in sorted(locked & forbidden)
    ]
    faults += [
        Fault(f"site {site} is both locked and closed", "locked, closed_stations", "Choose one")
        for site in sorted(locked & set(scenario.closed_stations))
    ]
    faults += [
        Fault(f"site {site} is forbidden and has a size", "forbidden, sizes", "Choose one")
        for site in sorted(forbidden & set(scenario.sizes))
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
