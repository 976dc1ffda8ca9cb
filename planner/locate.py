"""Location models on bare instances: a directory goes in, one plain answer comes out."""

from __future__ import annotations

import time
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from corridor.errors import Fault, InfeasibleError, InputError
from planner.locate_classics import facility_location, on_demand_points
from planner.locate_question import MODELS, Question, as_ids
from planner.locate_refueling import flow_refueling

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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
    detour_decay: float | None = None,
    one_way: bool = False,
    cyclic: bool = False,
    start_fill: float | None = None,
    arrival_fill: float | None = None,
    budget: float | None = None,
    target: float | None = None,
    target_of: str = "all",
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
    one_way, cyclic, start_fill, arrival_fill
        How the flows are driven (`siting.trip_rules`): round trips that start half full unless said
        otherwise; for flow refueling, without a detour.
    budget, target, target_of
        In place of `stations`, for flow refueling without a detour: the most all new stations may cost
        (`cost` in node.csv, default 1); or the least share of the volume to be served by the fewest or
        cheapest stations (`siting.coverage_target`), of ``all`` of it or of what is ``servable`` with a
        station at every site that is not forbidden.
    detour
        Share of its trip's length a driver accepts on top, for flow refueling; with 0 drivers keep to the one
        path of their flow, with more they take any way within it (`siting.deviation`).
    detour_decay
        Share of a flow's volume that still comes when the detour is that long, 0-1; without a detour all of
        it does, in between it falls evenly, in steps (`siting.deviation.even_steps`). None: all of it.
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
        and maximal covering; `cost` of the new stations with a budget or a target (its objective);
        `assignments` (who is served from where) for all but flow refueling; `note`
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
        locked=as_ids("locked", locked),
        forbidden=as_ids("forbidden", forbidden),
        existing=as_ids("existing", existing),
        detour=detour,
        detour_decay=detour_decay,
        one_way=one_way,
        cyclic=cyclic,
        start_fill=start_fill,
        arrival_fill=arrival_fill,
        budget=budget,
        target=target,
        target_of=target_of,
        time_limit_s=time_limit_s,
        gap=gap,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    try:
        question.check()
        folder = _folder(directory)
        if model == "flow-refueling":
            answer = flow_refueling(folder, question, clock=clock)
        elif model == "facility-location":
            answer = facility_location(folder, question, clock=clock)
        else:
            answer = on_demand_points(folder, question, clock=clock)
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


def _folder(directory: str | PathLike[str]) -> Path:
    """Return the folder, which must be there."""
    if not isinstance(directory, str | PathLike) or not Path(directory).is_dir():
        raise InputError(Fault("there is no such folder", str(directory), "Give the one with the CSV files"))
    return Path(directory)
