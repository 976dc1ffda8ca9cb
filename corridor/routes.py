"""Routes between zones as flat arrays, and the three named corridor routes.

A demand is a round trip, so a pair of zones is one route, from the zone listed first to the one listed
later; the way back is the way there. Each pair takes its quickest path by truck travel time [1]_.

References
----------
.. [1] Dijkstra, E. W. (1959). A note on two problems in connexion with graphs. Numerische Mathematik 1,
   269-271.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import dijkstra

from corridor.errors import Fault, InputError
from corridor.roads import snap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

#: What ``scipy`` writes where a vertex has no predecessor.
_NO_PREDECESSOR = -9999


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """One path per pair of zones.

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
    """

    zone_ids: NDArray[np.object_]
    origin: NDArray[np.int32]
    destination: NDArray[np.int32]
    offsets: NDArray[np.int64]
    nodes: NDArray[np.int64]
    km: NDArray[np.float64]
    length_km: NDArray[np.float64]
    hours: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.origin)

    def path(self, route: int) -> NDArray[np.int64]:
        """Return the node ids of one route, origin first."""
        return self.nodes[self.offsets[route] : self.offsets[route + 1]]


def between_zones(network: RoadNetwork, zones: pd.DataFrame) -> Routes:
    """Return the quickest route of every pair of zones with different nodes.

    Parameters
    ----------
    network
        Road network, strongly connected between the zones.
    zones
        Index ``zone_id``, with ``node_id``.

    Raises
    ------
    corridor.errors.InputError
        If two zones are not connected.
    """
    vertex = network.vertices(zones["node_id"].to_numpy())
    sources, source_of = np.unique(vertex, return_inverse=True)
    hours, predecessors = dijkstra(network.matrix(), indices=sources, return_predecessors=True)
    origin, destination = np.triu_indices(len(zones), k=1)
    apart = vertex[origin] != vertex[destination]
    origin, destination = origin[apart], destination[apart]
    route_hours = hours[source_of[origin], vertex[destination]]
    if not np.isfinite(route_hours).all():
        first = int(np.argmin(np.isfinite(route_hours)))
        ends = [str(zones.index[zone]) for zone in (origin[first], destination[first])]
        raise InputError(
            Fault(
                f"no road joins zones {ends[0]} and {ends[1]}", "roads", "Keep one strongly connected network"
            )
        )
    offsets, flat = unwind(predecessors, source_of[origin], vertex[destination])
    km = _cumulative_km(network, flat, offsets)
    return Routes(
        zone_ids=zones.index.to_numpy(dtype=object),
        origin=origin.astype(np.int32),
        destination=destination.astype(np.int32),
        offsets=offsets,
        nodes=network.node_ids[flat],
        km=km,
        length_km=km[offsets[1:] - 1],
        hours=route_hours,
    )


def unwind(
    predecessors: NDArray[np.int32], source: NDArray[np.intp], target: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Follow predecessors of all pairs at once.

    Parameters
    ----------
    predecessors
        (n_sources, n_vertices) as scipy returns them.
    source
        (n_routes,) row of ``predecessors``.
    target
        (n_routes,) vertex.

    Returns
    -------
    offsets
        (n_routes + 1,) int64.
    vertices
        (offsets[-1],) int64, source first.
    """
    alive = np.arange(len(target))
    at = target.astype(np.int64)
    steps: list[tuple[NDArray[np.intp], NDArray[np.int64]]] = []
    while alive.size:
        steps.append((alive, at))
        before = predecessors[source[alive], at].astype(np.int64)
        go_on = before != _NO_PREDECESSOR
        alive, at = alive[go_on], before[go_on]
    counts = np.zeros(len(target), dtype=np.int64)
    for routes, _ in steps:
        counts[routes] += 1
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    vertices = np.empty(offsets[-1], dtype=np.int64)
    for step, (routes, vertex) in enumerate(steps):
        vertices[offsets[routes + 1] - 1 - step] = vertex
    return offsets, vertices


def _cumulative_km(
    network: RoadNetwork, vertices: NDArray[np.int64], offsets: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(offsets[-1],) float64: km since the first vertex of each path, over the quickest arcs."""
    arcs = network.arcs()
    key = network.tails[arcs].astype(np.int64) * network.n_nodes + network.heads[arcs]
    km = np.zeros(len(vertices), dtype=np.float64)
    length = network.length_km[arcs]
    longer = np.diff(offsets) > 1
    at, ends = offsets[:-1][longer] + 1, offsets[1:][longer]
    # One step of every route at a time, so that each sum runs over its own route alone and stays exact.
    while at.size:
        wanted = vertices[at - 1] * network.n_nodes + vertices[at]
        km[at] = km[at - 1] + length[np.searchsorted(key, wanted)]
        going = at + 1 < ends
        at, ends = at[going] + 1, ends[going]
    return km


def road_km(
    network: RoadNetwork, origins: NDArray[np.int64], destinations: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the length of the quickest route from every origin to every destination.

    Parameters
    ----------
    network
        Road network.
    origins, destinations
        (n,) and (m,) int64 node ids.

    Returns
    -------
    km
        (n, m) float64; infinite where no road leads.
    """
    sources, source_of = np.unique(network.vertices(origins), return_inverse=True)
    hours, predecessors = dijkstra(network.matrix(), indices=sources, return_predecessors=True)
    target = np.tile(network.vertices(destinations), len(origins))
    source = np.repeat(source_of, len(destinations))
    offsets, vertices = unwind(predecessors, source, target)
    km = _cumulative_km(network, vertices, offsets)[offsets[1:] - 1]
    km[~np.isfinite(hours[source, target])] = np.inf
    return km.reshape(len(origins), len(destinations))


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRoute:
    """A corridor route known by the expressways it follows.

    Parameters
    ----------
    route_id
        Short id.
    refs
        Expressway numbers it follows.
    name_zh, name_en
        What people call it.
    """

    route_id: str
    refs: tuple[str, ...]
    name_zh: str
    name_en: str


#: The three routes between Chengdu and Chongqing named by the corridor's launch (Sichuan Daily, 2021-12-03).
NAMED_ROUTES = (
    NamedRoute(route_id="chengyu", refs=("G76", "G85"), name_zh="成渝高速", name_en="Chengyu Expressway"),
    NamedRoute(route_id="chenganyu", refs=("G5013",), name_zh="成安渝高速", name_en="Cheng'anyu Expressway"),
    NamedRoute(
        route_id="chengsuiyu", refs=("G42", "G93"), name_zh="成遂渝高速", name_en="Chengsuiyu Expressway"
    ),
)

#: City centers the named routes join, (lon, lat) WGS 84: approximate, used only to find the nearest nodes.
CHENGDU = (104.07, 30.66)
CHONGQING = (106.55, 29.56)

#: Roads outside a named route's numbers count this many times their travel time: the path keeps to the name.
_OFF_ROUTE_FACTOR = 5.0


def named_route(
    network: RoadNetwork,
    named: NamedRoute,
    *,
    origin: tuple[float, float] = CHENGDU,
    destination: tuple[float, float] = CHONGQING,
) -> NDArray[np.int64]:
    """Return the arcs of a named route, in driving order.

    Parameters
    ----------
    network
        Road network.
    named
        Route to follow.
    origin, destination
        (lon, lat) in degrees WGS 84 of its ends; the nearest nodes are taken.

    Returns
    -------
    arcs
        (n,) int64, positions into ``network.heads``.
    """
    on_route = has_ref(network, named.refs)[network.edge_rows]
    cost = np.where(on_route, network.hours, network.hours * _OFF_ROUTE_FACTOR)
    nodes, _ = snap(network, [origin[0], destination[0]], [origin[1], destination[1]])
    start, end = network.vertices(nodes)
    _, predecessors = dijkstra(network.matrix(cost), indices=[start], return_predecessors=True)
    _, path = unwind(predecessors, np.zeros(1, dtype=np.intp), np.array([end]))
    arcs = network.arcs()
    key = network.tails[arcs].astype(np.int64) * network.n_nodes + network.heads[arcs]
    return arcs[np.searchsorted(key, path[:-1] * network.n_nodes + path[1:])]


def corridor_share(network: RoadNetwork, routes: Routes) -> NDArray[np.float64]:
    """Return the share of each route's length driven on any of the three named corridor routes.

    Parameters
    ----------
    network
        Road network the routes run on.
    routes
        Routes, in either direction.

    Returns
    -------
    share
        (n_routes,) float64, 0-1.
    """
    named = [named_route(network, route) for route in NAMED_ROUTES]
    return _share_on(network, routes, np.unique(np.concatenate(named)))


def _share_on(network: RoadNetwork, routes: Routes, arcs: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n_routes,) float64: share of each route's length on the given arcs, whichever way they are driven."""
    tails, heads = network.tails[arcs].astype(np.int64), network.heads[arcs].astype(np.int64)
    wanted = np.union1d(tails * network.n_nodes + heads, heads * network.n_nodes + tails)
    vertex = network.vertices(routes.nodes)
    step_km = np.diff(routes.km)
    inside = np.ones(len(step_km), dtype=bool)
    inside[routes.offsets[1:-1] - 1] = False  # from the end of one route to the start of the next
    inside &= np.isin(vertex[:-1] * network.n_nodes + vertex[1:], wanted)
    owner = np.repeat(np.arange(len(routes)), np.diff(routes.offsets))[:-1]
    on_km = np.bincount(owner[inside], weights=step_km[inside], minlength=len(routes))
    return on_km / routes.length_km


def has_ref(network: RoadNetwork, refs: Sequence[str]) -> NDArray[np.bool_]:
    """Return whether each row of ``edges`` carries one of the road numbers: (rows,) bool."""
    wanted = set(refs)
    refs_of_edges = network.edges["ref"].tolist()
    marks = (not wanted.isdisjoint(numbers(ref)) for ref in refs_of_edges)
    found: NDArray[np.bool_] = np.fromiter(marks, dtype=np.bool_, count=len(refs_of_edges))
    return found


def numbers(ref: object) -> list[str]:
    """Return the road numbers in an edge's ``ref``: ``;``-joined as in OSM, a list of such, or none."""
    each = ref if isinstance(ref, list) else [ref]
    return [number.strip() for part in each if isinstance(part, str) for number in part.split(";")]
