"""The demand of a scenario as a person looks at it: by class, by road link, by county, and against another.

No station matters here: what is counted is what fuel-cell vehicles use, served or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from demand.inputs import VEHICLE_CLASSES
from planner.driving import on_arcs
from planner.flows import link_demand
from planner.inputs import assumptions_in_force, fingerprint, load_inputs
from planner.own_trips import own_trips
from planner.scenario import Scenario
from planner.siting_case import scoped_demand

if TYPE_CHECKING:
    from corridor.roads import RoadNetwork
    from planner.inputs import Inputs
    from planner.own_trips import OwnTrips

#: Fields of a scenario that leave its demand on the roads as it is.
_OF_SUPPLY = (
    "name",
    "stations",
    "rollout",
    "budget_wan_cny",
    "rollout_budget_wan_cny",
    "room",
    "green_only",
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

_BOTH_WAYS = 2.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DemandView:
    """Demand of a scenario.

    Parameters
    ----------
    classes
        Index ``vehicle_class``, all of them: ``trips_per_day`` (round trips), ``vehicle_km_per_day`` (both
        ways), ``kg_per_day``.
    links
        Index ``edge_row``, a column per vehicle class: kg/day of the round trips over the link.
    zones
        Index ``zone_id``: ``kind``, ``name_zh``, ``name_en``, and a column per vehicle class: kg/day of the
        round trips that begin or end there, half of each trip to each end.
    network
        Road network of the links.
    own
        What became of the scenario's own trips and link counts.
    """

    classes: pd.DataFrame
    links: pd.DataFrame
    zones: pd.DataFrame
    network: RoadNetwork
    own: OwnTrips


def demand_view(scenario: Scenario) -> DemandView:
    """Return the demand of a scenario.

    Raises
    ------
    corridor.errors.InputError
        For assumptions that are not possible, closures that say no road, a network that is not there.
    corridor.errors.InfeasibleError
        If totals contradict each other.
    """
    inputs = load_inputs(scenario)
    values, _ = assumptions_in_force(inputs.assumptions, scenario.assumptions)
    own = own_trips(scenario, inputs, values)
    table = scoped_demand(scenario, inputs, values, on_arcs(inputs.network, inputs.terrain, values), own=own)
    return DemandView(
        classes=_classes(table, inputs),
        links=link_demand(table, inputs),
        zones=_zones(table, inputs),
        network=inputs.network,
        own=own,
    )


def baseline(scenario: Scenario) -> Scenario:
    """Return the scenario on default assumptions and modeled trips, to compare edits and files with."""
    return scenario.model_copy(update={"assumptions": {}, "od_table": None, "link_counts": None})


def demand_key(scenario: Scenario) -> str:
    """Return what tells demands apart: equal for scenarios that differ in stations and supply only."""
    plain = {name: field.default for name, field in Scenario.model_fields.items() if name in _OF_SUPPLY}
    return f"{scenario.model_copy(update=plain).identity} {fingerprint(scenario)}"


def class_changes(now: DemandView, base: DemandView) -> pd.DataFrame:
    """Return demand by class against a baseline.

    Returns
    -------
    changes
        Index ``vehicle_class``: the columns of ``DemandView.classes``, each also as ``baseline_...``, and
        ``change_kg_per_day``.
    """
    joined: pd.DataFrame = now.classes.join(base.classes.add_prefix("baseline_"))
    return joined.assign(change_kg_per_day=joined["kg_per_day"] - joined["baseline_kg_per_day"])


def zone_changes(now: DemandView, base: DemandView, *, classes: tuple[str, ...]) -> pd.DataFrame:
    """Return the demand of some classes by county and gateway against a baseline, the largest first.

    Returns
    -------
    changes
        Index ``zone_id``: ``kind``, ``name_zh``, ``name_en``, ``kg_per_day``, ``baseline_kg_per_day``,
        ``change_kg_per_day``; zones with demand in either only.
    """
    names = ["kind", "name_zh", "name_en"]
    named = now.zones[names].combine_first(base.zones[names])
    table = _against(now.zones, base.zones, classes)
    joined = named.join(
        table[table[["kg_per_day", "baseline_kg_per_day"]].sum(axis="columns") > 0], how="inner"
    )
    ordered: pd.DataFrame = joined.sort_values("kg_per_day", ascending=False, kind="stable")
    return ordered


def link_changes(now: DemandView, base: DemandView, *, classes: tuple[str, ...]) -> pd.DataFrame:
    """Return the demand of some classes on the road links against a baseline.

    Returns
    -------
    changes
        Index ``edge_row``: ``kg_per_day``, ``baseline_kg_per_day``, ``change_kg_per_day``.
    """
    return _against(now.links, base.links, classes)


def _against(now: pd.DataFrame, base: pd.DataFrame, classes: tuple[str, ...]) -> pd.DataFrame:
    """Return the sums over some classes in both tables, rows of either, and their difference."""
    index = now.index.union(base.index)
    sums = (table[list(classes)].sum(axis="columns").reindex(index, fill_value=0.0) for table in (now, base))
    after, before = sums
    return pd.DataFrame(
        {"kg_per_day": after, "baseline_kg_per_day": before, "change_kg_per_day": after - before}
    )


def _classes(table: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """Return trips, kilometers and hydrogen by class."""
    km = _BOTH_WAYS * inputs.routes.length_km[table["route"].to_numpy()]
    rows = table.assign(vehicle_km_per_day=table["trips_per_day"] * km)
    sums = rows.groupby("vehicle_class")[["trips_per_day", "vehicle_km_per_day", "kg_per_day"]].sum()
    whole: pd.DataFrame = sums.reindex(pd.Index(VEHICLE_CLASSES, name="vehicle_class"), fill_value=0.0)
    return whole


def _zones(table: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """Return hydrogen by zone and class, half of each trip to each end."""
    routes = inputs.routes
    ends = [routes.origin[table["route"].to_numpy()], routes.destination[table["route"].to_numpy()]]
    of_class = {name: (table["vehicle_class"] == name).to_numpy() for name in VEHICLE_CLASSES}
    kg = table["kg_per_day"].to_numpy() / len(ends)
    columns = {
        name: sum(
            np.bincount(end[chosen], weights=kg[chosen], minlength=len(routes.zone_ids)) for end in ends
        )
        for name, chosen in of_class.items()
    }
    sums = pd.DataFrame(columns, index=pd.Index(routes.zone_ids, name="zone_id"))
    named: pd.DataFrame = inputs.zones[["kind", "name_zh", "name_en"]].join(sums)
    return named
