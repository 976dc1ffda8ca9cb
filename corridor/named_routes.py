"""The three named corridor routes between Chengdu and Chongqing, and the road numbers of edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import dijkstra

from corridor.paths import unwind
from corridor.roads import snap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from corridor.routes import Routes


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
    refs_of_edges = refs_of(network)
    marks = (not wanted.isdisjoint(numbers(ref)) for ref in refs_of_edges)
    found: NDArray[np.bool_] = np.fromiter(marks, dtype=np.bool_, count=len(refs_of_edges))
    return found


def refs_of(network: RoadNetwork) -> list[object]:
    """Return the ``ref`` of each row of ``edges``; a table without that column has none."""
    edges = network.edges
    return edges["ref"].tolist() if "ref" in edges.columns else [None] * len(edges)


def numbers(ref: object) -> list[str]:
    """Return the road numbers in an edge's ``ref``: ``;``-joined as in OSM, a list of such, or none."""
    each = ref if isinstance(ref, list) else [ref]
    return [number.strip() for part in each if isinstance(part, str) for number in part.split(";")]
