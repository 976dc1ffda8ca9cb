"""Weak spots of any plan: what is covered while each of its stations is out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner.kept import Latest
from siting.weak_spots import WeakSpots, weak_spots

if TYPE_CHECKING:
    from planner.detours import Detours
    from planner.siting_case import SitingCase
    from siting.flow_refueling import FlowRefuelingSolution
    from siting.resilience import ResilientSolution

#: What all sites cover together when drivers may leave their routes: seconds, and the same in every re-plan.
_REACHABLE: Latest[float] = Latest()


def plan_weak_spots(
    case: SitingCase,
    solution: FlowRefuelingSolution,
    *,
    detours: Detours | None = None,
    resilient: ResilientSolution | None = None,
) -> WeakSpots:
    """Return what a plan covers while each of its stations is out, in the unit of the objective.

    Parameters
    ----------
    case
        What was asked.
    solution
        Stations chosen.
    detours
        Ways open to drivers who may leave their route; None if they may not.
    resilient
        The answer of a solve that looked at outages itself.
    """
    if resilient is not None:
        return resilient.weak_spots
    if detours is None:
        return weak_spots(
            case.cover,
            case.volume,
            stations=solution.stations,
            existing=case.existing,
            forbidden=case.barred,
        )
    stations = np.asarray(solution.stations, dtype=np.int64)
    left = np.array([detours.covered(case.cover, stations[stations != out]) for out in stations.tolist()])
    allowed = np.setdiff1d(np.arange(len(case.inputs.sites)), case.barred)
    asked = (case.cover, detours.legs, detours.steps, detours.trips.volume.tobytes(), allowed.tobytes())
    order = np.lexsort((stations, left))
    return WeakSpots(
        station=stations[order],
        served=left[order],
        all_open=detours.covered(case.cover, stations),
        reachable=_REACHABLE.of(asked, lambda: detours.covered(case.cover, allowed)),
    )
