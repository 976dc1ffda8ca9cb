"""What each vehicle class uses on every road, and along every route there and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from demand.energy import both_ways
from demand.inputs import VEHICLE_CLASSES
from demand.vehicles import driven, vehicle_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from corridor.routes import Routes
    from demand.energy import Road


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Consumption:
    """Hydrogen of each class on each arc of a network, mean of laden and empty running.

    Parameters
    ----------
    out_kg, back_kg
        (n_arcs, n_classes) float64, columns in the order of ``VEHICLE_CLASSES``: driving the arc, and
        driving the same road the other way.
    climbs
        (n_arcs, n_classes) bool, False where a laden vehicle cannot climb, one way or the other.
    """

    out_kg: NDArray[np.float64]
    back_kg: NDArray[np.float64]
    climbs: NDArray[np.bool_]


def consumption(road: Road, assumptions: Mapping[str, float]) -> Consumption:
    """Return what each class uses on every arc.

    Parameters
    ----------
    road
        Arcs of the network.
    assumptions
        Value by key.
    """
    empty_share = vehicle_table(assumptions)["empty_share"].to_numpy()[:, None]
    laden, empty = (both_ways(road, driven(assumptions, laden=full)) for full in (True, False))
    kg, climbs = [], []
    for full, light in zip(laden, empty, strict=True):
        kg.append(((1.0 - empty_share) * full.kg + empty_share * light.kg).T)
        climbs.append(full.climbs.T)
    return Consumption(out_kg=kg[0], back_kg=kg[1], climbs=climbs[0] & climbs[1])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RouteUse:
    """Hydrogen of each class on each route, mean of laden and empty running.

    Parameters
    ----------
    out_kg, back_kg
        (n_routes, n_classes) float64, columns in the order of ``VEHICLE_CLASSES``: the whole way there and
        the whole way back.
    """

    out_kg: NDArray[np.float64]
    back_kg: NDArray[np.float64]


def route_use(routes: Routes, arcs: NDArray[np.integer], used: Consumption) -> RouteUse:
    """Return what each class uses on every route.

    Parameters
    ----------
    routes
        Routes.
    arcs
        (routes.offsets[-1],) arc that leads to each entry; -1 at an origin.
    used
        Of the network.
    """
    starts = routes.offsets[:-1]
    out, back = (np.empty((len(routes), len(VEHICLE_CLASSES)), dtype=np.float64) for _ in range(2))
    for kind in range(len(VEHICLE_CLASSES)):
        for total, per_arc in ((out, used.out_kg), (back, used.back_kg)):
            # A last, empty arc stands for the origins, whose number is -1.
            padded = np.append(per_arc[:, kind], 0.0)
            total[:, kind] = np.add.reduceat(padded[arcs], starts) if len(routes) else 0.0
    return RouteUse(out_kg=out, back_kg=back)


def running_kg(
    routes: Routes, arcs: NDArray[np.integer], per_arc_kg: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return what has been used since the origin at every entry of the routes.

    Parameters
    ----------
    routes, arcs
        As for :func:`route_use`.
    per_arc_kg
        (n_arcs,) float64, of one class one way.

    Returns
    -------
    numpy.ndarray
        (routes.offsets[-1],) float64.
    """
    step = np.append(per_arc_kg, 0.0)[arcs]
    total = np.cumsum(step)
    before = total[routes.offsets[:-1]] - step[routes.offsets[:-1]]
    running: NDArray[np.float64] = total - np.repeat(before, np.diff(routes.offsets))
    return running
