"""Routes between zones as flat arrays: every pair's cheapest path and its alternatives.

A demand is a round trip, so a pair of zones is driven from the zone listed first to the one listed later; the
way back is the way there. Trips of a pair split among its routes by their ``share``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.alternatives import alternatives
from corridor.closures import cut_off
from corridor.costs import cheapest_arcs
from corridor.errors import Fault, InputError
from corridor.paths import cheapest_paths

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from corridor.costs import Costs
    from corridor.roads import RoadNetwork

#: Zones named in a message.
_NAMED = 5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Routes:
    """Paths of pairs of zones, a pair's routes in a row and the cheapest first.

    Parameters
    ----------
    zone_ids
        (n_zones,) str.
    origin, destination
        (n_routes,) int32, rows of ``zone_ids``; origin < destination.
    offsets
        (n_routes + 1,) int64: route r holds entries ``offsets[r]:offsets[r + 1]`` of ``nodes`` and ``km``.
    nodes
        (offsets[-1],) int64, node ids from origin to destination.
    km
        (offsets[-1],) float64, km driven since the origin.
    length_km, hours
        (n_routes,) float64, one way.
    toll_cny, cost_cny
        (n_routes,) float64, one way; ``cost_cny`` is what the routes were chosen by, hours if by time alone.
    share
        (n_routes,) float64, share of the pair's trips; adds up to 1 per pair.
    """

    zone_ids: NDArray[np.object_]
    origin: NDArray[np.int32]
    destination: NDArray[np.int32]
    offsets: NDArray[np.int64]
    nodes: NDArray[np.int64]
    km: NDArray[np.float64]
    length_km: NDArray[np.float64]
    hours: NDArray[np.float64]
    toll_cny: NDArray[np.float64]
    cost_cny: NDArray[np.float64]
    share: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.origin)

    def path(self, route: int) -> NDArray[np.int64]:
        """Return the node ids of one route, origin first."""
        return self.nodes[self.offsets[route] : self.offsets[route + 1]]

    def entries(self, kept: NDArray[np.integer]) -> NDArray[np.int64]:
        """Return the entries of some routes in the flat arrays, route by route."""
        counts = np.diff(self.offsets)[kept]
        ends = np.cumsum(counts)
        starts = np.repeat(self.offsets[:-1][kept] - ends + counts, counts)
        return starts + np.arange(len(starts))

    def only(self, kept: NDArray[np.integer]) -> Routes:
        """Return some of the routes, in the order given."""
        entries = self.entries(kept)
        offsets = np.concatenate([[0], np.cumsum(np.diff(self.offsets)[kept])]).astype(np.int64)
        columns = ("origin", "destination", "length_km", "hours", "toll_cny", "cost_cny", "share")
        return Routes(
            zone_ids=self.zone_ids,
            offsets=offsets,
            nodes=self.nodes[entries],
            km=self.km[entries],
            **{name: getattr(self, name)[kept] for name in columns},
        )

    @property
    def first(self) -> NDArray[np.intp]:
        """(n_pairs,) intp: each pair's cheapest route."""
        pair = self.origin.astype(np.int64) * len(self.zone_ids) + self.destination
        return np.flatnonzero(np.concatenate([[True], pair[1:] != pair[:-1]])[: len(pair)])

    @property
    def pair(self) -> NDArray[np.intp]:
        """(n_routes,) intp: pair each route belongs to, a position in ``first``; ascending."""
        starts = np.zeros(len(self), dtype=np.intp)
        starts[self.first[1:]] = 1
        return np.cumsum(starts)

    def pair_mean(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the mean of a value of the routes over each pair's trips: (n_pairs,) float64."""
        mean = np.bincount(self.pair, weights=value * self.share, minlength=len(self.first))
        return mean.astype(np.float64, copy=False)


def between_zones(
    network: RoadNetwork,
    zones: pd.DataFrame,
    *,
    costs: Costs | None = None,
    most: int = 1,
    detour: float = 1.25,
    scale: float = 12.0,
) -> Routes:
    """Return the routes of every pair of zones with different nodes.

    Parameters
    ----------
    network
        Road network, strongly connected between the zones.
    zones
        Index ``zone_id``, with ``node_id``.
    costs
        Generalized costs to minimize, closures included; None minimizes ``network.hours``.
    most
        Largest number of routes per pair; more than one needs ``costs``.
    detour, scale
        As in :func:`corridor.alternatives.alternatives`.

    Raises
    ------
    corridor.errors.InputError
        If two zones are not connected, or alternatives are wanted without costs.
    """
    if most > 1 and costs is None:
        raise InputError(Fault("alternatives are weighed by cost", "costs", "Give the costs of the arcs"))
    cost = network.hours if costs is None else costs.total_cny
    _check_connected(network, zones, cost)
    vertex = network.vertices(zones["node_id"].to_numpy())
    origin, destination = np.triu_indices(len(zones), k=1)
    apart = vertex[origin] != vertex[destination]
    origin, destination = origin[apart].astype(np.int32), destination[apart].astype(np.int32)
    zone_ids = zones.index.to_numpy(dtype=object)
    if most > 1 and costs is not None and len(origin):
        node = zones["node_id"].to_numpy()
        found = alternatives(
            network,
            costs,
            origins=node[origin],
            destinations=node[destination],
            most=most,
            detour=detour,
            scale=scale,
        )
        return Routes(
            zone_ids=zone_ids,
            origin=origin[found.pair],
            destination=destination[found.pair],
            offsets=found.offsets,
            nodes=found.nodes,
            km=found.km,
            length_km=found.length_km,
            hours=found.hours,
            toll_cny=found.toll_cny,
            cost_cny=found.cost_cny,
            share=found.share,
        )
    paths = cheapest_paths(network, cost, source=vertex[origin], target=vertex[destination])
    km, last = paths.running(network.length_km), paths.offsets[1:] - 1
    toll = np.zeros(len(cost)) if costs is None else costs.toll_cny
    return Routes(
        zone_ids=zone_ids,
        origin=origin,
        destination=destination,
        offsets=paths.offsets,
        nodes=network.node_ids[paths.vertices],
        km=km,
        length_km=km[last],
        hours=paths.running(network.hours)[last],
        toll_cny=paths.running(toll)[last],
        cost_cny=paths.cost,
        share=np.ones(len(origin)),
    )


def route_arcs(network: RoadNetwork, cost: NDArray[np.float64], routes: Routes) -> NDArray[np.int64]:
    """Return the arc that leads to each entry of the routes: (routes.offsets[-1],) int64, -1 at an origin.

    Parameters
    ----------
    network
        Road network of the routes.
    cost
        (n_edges,) cost of each arc; the cheapest of parallel ones is driven.
    routes
        Routes between zones.
    """
    open_arcs = cheapest_arcs(network, cost)
    key = network.tails[open_arcs].astype(np.int64) * network.n_nodes + network.heads[open_arcs]
    vertex = network.vertices(routes.nodes)
    arcs = np.full(len(vertex), -1, dtype=np.int64)
    inside = np.ones(len(vertex), dtype=bool)
    inside[routes.offsets[:-1]] = False
    at = np.flatnonzero(inside)
    arcs[at] = open_arcs[np.searchsorted(key, vertex[at - 1].astype(np.int64) * network.n_nodes + vertex[at])]
    return arcs


def _check_connected(network: RoadNetwork, zones: pd.DataFrame, cost: NDArray[np.float64]) -> None:
    """Refuse zones that not all others can reach and leave."""
    nodes = zones["node_id"].to_numpy()
    stranded = zones.index[np.isin(nodes, cut_off(network, cost, nodes))]
    if len(stranded):
        named = ", ".join(_label(zones, zone) for zone in stranded[:_NAMED])
        more = f" and {len(stranded) - _NAMED} more" if len(stranded) > _NAMED else ""
        what = f"no road joins {named}{more} with the other zones, there and back"
        mend = "Keep one strongly connected network, and a way round every closure"
        raise InputError(Fault(what, "roads", mend))


def _label(zones: pd.DataFrame, zone: object) -> str:
    """Return a zone's id and name."""
    name = zones["name_zh"].get(zone) if "name_zh" in zones.columns else None
    return f"{zone} ({name})" if isinstance(name, str) else f"{zone}"
