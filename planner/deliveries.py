"""What hydrogen costs to bring from each base to each station of a plan, by the modes of the scenario."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.costs import closed
from corridor.errors import Fault, InputError
from corridor.paths import cheapest_paths
from planner.closures import closed_arcs
from planner.plan import Notice
from planner.route_lines import every_zone
from siting.delivery import Pipeline, delivery
from siting.delivery_modes import mode_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from planner.inputs import Inputs
    from planner.scenario import Scenario
    from siting.delivery import Delivery, RoadMode

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DeliveryTerms:
    """What deliveries of a scenario go by.

    Parameters
    ----------
    modes
        Modes weighed, in the scenario's order.
    cost
        (n_edges,) float64: generalized cost of each arc to a hydrogen trailer; infinite where it may not go.
    electricity_cny_per_kwh
        At the bases.
    travel_time_factor
        Driving time of a hydrogen trailer over that of the network.
    """

    modes: dict[str, RoadMode | Pipeline]
    cost: Floats
    electricity_cny_per_kwh: float
    travel_time_factor: float


def delivery_terms(scenario: Scenario, inputs: Inputs, values: Mapping[str, float]) -> DeliveryTerms:
    """Return what deliveries go by: asked for before the solve, so that a fault shows at once.

    Parameters
    ----------
    scenario
        Its modes, and roads closed to hydrogen trailers.
    inputs
        Network and costs.
    values
        Assumptions in force.

    Raises
    ------
    corridor.errors.InputError
        For assumptions no vehicle or plant can have, and closed roads that are none.
    """
    faults: list[Fault] = []
    modes: dict[str, RoadMode | Pipeline] = {}
    for name in scenario.delivery_modes:
        try:
            modes[name] = mode_of(values, name)
        except InputError as error:
            faults += [
                Fault(fault.what, f"assumptions, key {fault.where}", fault.mend) for fault in error.faults
            ]
    costs = inputs.costs
    if scenario.hazmat_closed:
        try:
            arcs = closed_arcs(inputs.network, scenario.hazmat_closed, zones=every_zone(inputs))
            costs = closed(costs, arcs)
        except InputError as error:
            faults += [
                Fault(fault.what, fault.where.replace("closures", "hazmat_closed", 1), fault.mend)
                for fault in error.faults
            ]
    if faults:
        raise InputError(list(dict.fromkeys(faults)))
    return DeliveryTerms(
        modes=modes,
        cost=costs.total_cny,
        electricity_cny_per_kwh=values["delivery.electricity_cny_per_kwh"],
        travel_time_factor=values["delivery.travel_time_factor"],
    )


def deliveries(
    terms: DeliveryTerms, inputs: Inputs, stations: pd.DataFrame, *, load_kg_per_day: Floats
) -> dict[str, Delivery]:
    """Return the delivery from every base to every station by mode; arrays (n_stations, n_bases).

    Parameters
    ----------
    terms
        From :func:`delivery_terms`.
    inputs
        Network and bases. A pipeline follows the cheapest road, dangerous goods or not.
    stations
        Column ``node_id``.
    load_kg_per_day
        (n_stations,) float64, what each station is to be brought: a pipeline is sized to it.
    """
    by_road = _ways(inputs, terms.cost, stations) if _are_on_road(terms) else None
    by_pipe = _ways(inputs, inputs.costs.total_cny, stations) if "pipeline" in terms.modes else None
    found = {}
    for name, mode in terms.modes.items():
        way = by_pipe if isinstance(mode, Pipeline) else by_road
        assert way is not None  # noqa: S101  one of the two is there for each mode
        found[name] = delivery(
            mode,
            km=way[0],
            hours=way[1] * terms.travel_time_factor,
            kg_per_day=load_kg_per_day[:, None],
            hydrogen_cny_per_kg=inputs.bases["production_cny_per_kg"].to_numpy(dtype=np.float64),
            electricity_cny_per_kwh=terms.electricity_cny_per_kwh,
        )
    return found


def hazmat_notices(terms: DeliveryTerms, inputs: Inputs, stations: pd.DataFrame) -> tuple[Notice, ...]:
    """Return a notice of the bases that roads closed to hydrogen trailers cut off from stations.

    Parameters
    ----------
    terms
        From :func:`delivery_terms`.
    inputs
        Network and bases.
    stations
        Column ``node_id``.
    """
    if terms.cost is inputs.costs.total_cny or not len(stations):
        return ()
    open_km, km = (_ways(inputs, cost, stations)[0] for cost in (inputs.costs.total_cny, terms.cost))
    lost = (np.isfinite(open_km) & ~np.isfinite(km)).sum(axis=0)
    if not lost.any():
        return ()
    names = ", ".join(inputs.bases["name_zh"].to_numpy()[lost > 0])
    return (Notice("hazmat_cut_off", {"bases": names, "count": int(lost.max()), "all": len(stations)}),)


def _are_on_road(terms: DeliveryTerms) -> bool:
    """Return whether any mode drives."""
    return any(name != "pipeline" for name in terms.modes)


def _ways(inputs: Inputs, cost: Floats, stations: pd.DataFrame) -> tuple[Floats, Floats]:
    """Return km and hours of the cheapest way from each base to each station: (n_stations, n_bases)."""
    network = inputs.network
    ends = network.vertices(stations["node_id"].to_numpy())
    starts = network.vertices(inputs.bases["node_id"].to_numpy())
    shape = (len(ends), len(starts))
    paths = cheapest_paths(
        network, cost, source=np.tile(starts, len(ends)), target=np.repeat(ends, len(starts))
    )
    last = paths.offsets[1:] - 1
    reached = np.isfinite(paths.cost)
    km = np.where(reached, paths.running(network.length_km)[last], np.inf)
    hours = np.where(reached, paths.running(network.hours)[last], np.inf)
    return km.reshape(shape), hours.reshape(shape)
