"""Location models on bare instances: a directory goes in, one plain answer comes out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corridor.errors import InfeasibleError
from planner.instance import NetworkInstance, read_instance
from planner.locate_classics import facility_location, on_demand_points
from planner.locate_deviation import can_be_served, deviating_trips
from planner.locate_question import MODELS, Question, site_ids
from siting.deviation import solve_deviation
from siting.flow_refueling import solve_flow_refueling
from siting.stops import candidate_stops, even_paths
from siting.trip_cover import cover_sets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from os import PathLike

    from planner.locate_question import SiteIds
    from siting.coverage import CoverSets
    from siting.search import ProgressCallback

__all__ = ["MODELS", "locate"]


def locate(
    directory: str | PathLike[str],
    *,
    model: str = "flow-refueling",
    range_: float | None = None,
    radius: float | None = None,
    stations: int | None = None,
    locked: Sequence[object] = (),
    forbidden: Sequence[object] = (),
    existing: Sequence[object] = (),
    detour: float = 0.0,
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Locate stations on a bare instance.

    Parameters
    ----------
    directory
        Where the files are: node.csv, link.csv and flow.csv (`planner.instance`) for flow refueling, node.csv
        and link.csv (`planner.demand_points`) for the models between nodes, facility.csv, customer.csv and
        cost.csv (`planner.facility_instance`) for facility location.
    model
        ``flow-refueling``: serve the most volume (`siting.flow_refueling`); ``p-median``: least weighted
        distance (`siting.p_median`); ``p-center``: least largest distance (`siting.p_center`); ``max-cover``:
        most weight within a radius (`siting.maximal_covering`); ``set-cover``: fewest, or cheapest, stations
        with everyone within a radius (`siting.set_covering`); ``facility-location``: least cost of opening
        and serving (`siting.facility_location`).
    range_
        Usable range, in the unit of the link lengths; for flow refueling.
    radius
        In the unit of the link lengths; for the two covering models.
    stations
        Most new stations; for all but set covering and facility location.
    locked, forbidden, existing
        Ids of sites that must be chosen, must not be chosen, and are open anyhow (they do not count as new,
        and cost nothing).
    detour
        Share of its trip's length a driver accepts on top, for flow refueling; with 0 drivers keep to the one
        path of their flow, with more they take any way within it (`siting.deviation`).
    time_limit_s
        Stop after about this many seconds with the best solution found.
    gap
        Stop at this relative gap, 0-1.
    on_progress, should_stop
        See `siting.flow_refueling.solve_flow_refueling`.

    Returns
    -------
    dict
        Ready for JSON: `status` (``optimal`` only when proven), `objective`, `bound`, `gap` (relative),
        `stations` (ids of the new ones, in the order of the file), `seconds`, `solver`, `version`;
        `existing` if any are given; `objective_share` (of the total volume or weight, 0-1) for flow refueling
        and maximal covering; `assignments` (who is served from where) for all but flow refueling; `note`
        about what the files leave out of reach; `reason` when the status is ``infeasible``.

    Raises
    ------
    InputError
        Anything wrong with the files or the question, as much of it at once as can be seen.
    """
    clock = time.perf_counter()
    question = Question(
        model=model,
        range_=range_,
        radius=radius,
        stations=stations,
        locked=tuple(map(str, locked)),
        forbidden=tuple(map(str, forbidden)),
        existing=tuple(map(str, existing)),
        detour=detour,
        time_limit_s=time_limit_s,
        gap=gap,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    try:
        question.check()
        if model == "flow-refueling":
            answer = _flow_refueling(Path(directory), question, clock=clock)
        elif model == "facility-location":
            answer = facility_location(Path(directory), question, clock=clock)
        else:
            answer = on_demand_points(Path(directory), question, clock=clock)
    except InfeasibleError as error:
        answer = {
            "status": "infeasible",
            "reason": str(error),
            "objective": None,
            "bound": None,
            "gap": None,
            "stations": [],
        }
    return answer | {"seconds": time.perf_counter() - clock}


def _flow_refueling(directory: Path, question: Question, *, clock: float) -> dict[str, Any]:
    """Serve the most volume."""
    instance = read_instance(directory)
    places = site_ids(question, instance.node_ids, instance.candidates, file="node.csv")
    range_ = question.range_ or 0.0
    options: dict[str, Any] = {
        "n_new": question.stations or 0,
        "existing": places.existing,
        "locked": places.locked,
        "forbidden": places.forbidden,
        "gap": question.gap,
        "time_limit_s": max(0.0, question.time_limit_s - (time.perf_counter() - clock)),
        "on_progress": question.on_progress,
        "should_stop": question.should_stop,
    }
    if question.detour > 0.0:
        trips, legs = deviating_trips(instance, places.sites, range_=range_, detour=question.detour)
        solution = solve_deviation(trips, [legs], **options)
        servable = can_be_served(trips, [legs])
    else:
        cover = _cover(instance, places, range_)
        solution = solve_flow_refueling(cover, instance.volume, **options)
        servable = cover.trip_class >= 0
    certificate = solution.certificate
    total = float(instance.volume.sum())
    answer: dict[str, Any] = {
        "status": certificate.status,
        "objective": certificate.incumbent,
        "objective_share": (certificate.incumbent or 0.0) / total if total > 0.0 else 0.0,
        "bound": certificate.bound,
        "gap": certificate.gap,
        "stations": [instance.node_ids[vertex] for vertex in places.sites[solution.new].tolist()],
        "seconds": 0.0,
        "solver": certificate.solver,
        "version": certificate.version,
    }
    if question.existing:
        answer["existing"] = [instance.node_ids[v] for v in places.sites[places.existing].tolist()]
    if out_of_reach := int(np.count_nonzero(~servable)):
        flows = f"{out_of_reach} of {len(instance.volume)} flows"
        answer["note"] = f"{flows} cannot be served at range {range_:g} even with every candidate open"
    return answer


def _cover(instance: NetworkInstance, places: SiteIds, range_: float) -> CoverSets:
    """Return the cover sets of the flows."""
    stops = candidate_stops(instance.offsets, instance.nodes, site_nodes=places.sites)
    paths = even_paths(stops, instance.distance[stops.row], length=instance.length)
    n_flows = len(instance.volume)
    return cover_sets(paths, path=np.arange(n_flows), tank=np.full(n_flows, float(range_)))
