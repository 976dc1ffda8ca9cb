"""Routes that carry demand, and what each vehicle class uses along them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from demand.consumption import consumption, running_kg
from demand.energy import Road
from demand.inputs import VEHICLE_CLASSES
from siting.stops import CandidatePaths, candidate_stops

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from corridor.access import Access
    from corridor.elevation import Terrain
    from corridor.roads import RoadNetwork
    from demand.consumption import Consumption
    from planner.inputs import Inputs


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Driving:
    """Routes as flat arrays with the hydrogen used along them.

    Parameters
    ----------
    route
        (n_routes,) int64, rows of the inputs' routes; ascending.
    offsets
        (n_routes + 1,) int64: route r holds entries ``offsets[r]:offsets[r + 1]``.
    nodes
        (offsets[-1],) int64, node ids.
    km
        (offsets[-1],) float64, since the origin.
    out_kg, back_kg
        (offsets[-1], n_classes) float64: used from the origin to the entry, and from the entry back to it.
    """

    route: NDArray[np.int64]
    offsets: NDArray[np.int64]
    nodes: NDArray[np.int64]
    km: NDArray[np.float64]
    out_kg: NDArray[np.float64]
    back_kg: NDArray[np.float64]

    def of(self, demand: pd.DataFrame) -> NDArray[np.int64]:
        """Return the position in ``route`` of each row of a demand table: (n_rows,) int64."""
        return np.searchsorted(self.route, demand["route"].to_numpy()).astype(np.int64)

    def candidate_paths(self, reached: Access) -> CandidatePaths:
        """Return where the sites stand along the routes."""
        stops = candidate_stops(self.offsets, self.nodes, site_nodes=reached.node_id, sites=reached.site)
        last = self.offsets[1:] - 1
        return CandidatePaths(
            offsets=stops.offsets,
            site=stops.site,
            out=self.out_kg[stops.row],
            back=self.back_kg[stops.row],
            total_out=self.out_kg[last],
            total_back=self.back_kg[last],
            n_sites=stops.n_sites,
        )


def class_numbers(demand: pd.DataFrame) -> NDArray[np.int64]:
    """Return the position of each row's vehicle class in ``VEHICLE_CLASSES``: (n_rows,) int64."""
    numbers = {name: number for number, name in enumerate(VEHICLE_CLASSES)}
    return np.asarray(demand["vehicle_class"].map(numbers), dtype=np.int64)


def on_arcs(network: RoadNetwork, terrain: Terrain, assumptions: Mapping[str, float]) -> Consumption:
    """Return what each class uses on every arc of the network.

    Where the elevation is unknown the road is taken for level, as high as the mean of the known nodes.
    """
    nodes = terrain.nodes["elevation_m"]
    height = nodes.fillna(nodes.mean() if nodes.notna().any() else 0.0).to_numpy(dtype=np.float64)
    altitude = (height[network.tails] + height[network.heads]) / 2.0
    return consumption(
        Road(
            length_km=network.length_km,
            speed_kmh=network.length_km / network.hours,
            climb_m=np.nan_to_num(terrain.climb_m),
            descent_m=np.nan_to_num(terrain.descent_m),
            altitude_m=altitude,
        ),
        assumptions,
    )


def along(inputs: Inputs, used: Consumption, route: NDArray[np.int64]) -> Driving:
    """Return some routes with the hydrogen used along them.

    Parameters
    ----------
    inputs
        Routes and their arcs.
    used
        On every arc.
    route
        Rows of the routes, in any order and number.
    """
    wanted = np.unique(route)
    routes, arcs = inputs.routes.only(wanted), inputs.route_arcs[inputs.routes.entries(wanted)]
    out, back = (
        np.column_stack([running_kg(routes, arcs, per_arc[:, kind]) for kind in range(per_arc.shape[1])])
        for per_arc in (used.out_kg, used.back_kg)
    )
    return Driving(
        route=wanted.astype(np.int64),
        offsets=routes.offsets,
        nodes=routes.nodes,
        km=routes.km,
        out_kg=out,
        back_kg=back,
    )
