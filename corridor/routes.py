"""Routes between zones as flat arrays, and the three named corridor routes.

A demand is a round trip, so a pair of zones is one route, from the zone listed first to the one listed
later; the way back is the way there. Each pair takes its quickest path by truck travel time, or its cheapest
one by generalized cost [1]_.

References
----------
.. [1] Dijkstra, E. W. (1959). A note on two problems in connexion with graphs. Numerische Mathematik 1,
   269-271.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from corridor.contraction import contract, unpack
from corridor.costs import cheapest_arcs
from corridor.errors import Fault, InputError
from corridor.roads import snap

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from corridor.costs import Costs
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


def between_zones(network: RoadNetwork, zones: pd.DataFrame, *, costs: Costs | None = None) -> Routes:
    """Return the quickest or cheapest route of every pair of zones with different nodes.

    Parameters
    ----------
    network
        Road network, strongly connected between the zones.
    zones
        Index ``zone_id``, with ``node_id``.
    costs
        Generalized costs to minimize, closures included; None minimizes ``network.hours``.

    Raises
    ------
    corridor.errors.InputError
        If two zones are not connected.
    """
    vertex = network.vertices(zones["node_id"].to_numpy())
    origin, destination = np.triu_indices(len(zones), k=1)
    apart = vertex[origin] != vertex[destination]
    origin, destination = origin[apart], destination[apart]
    cost = network.hours if costs is None else costs.total_cny
    paths = cheapest_paths(network, cost, source=vertex[origin], target=vertex[destination])
    cut = ~np.isfinite(paths.cost)
    if cut.any():
        first = int(np.argmax(cut))
        ends = [str(zones.index[zone]) for zone in (origin[first], destination[first])]
        what = f"no road joins zones {ends[0]} and {ends[1]}"
        what += f", nor {int(cut.sum()) - 1} more pairs" if cut.sum() > 1 else ""
        mend = "Keep one strongly connected network, and a way round every closure"
        raise InputError(Fault(what, "roads", mend))
    hours = paths.running(network.hours)
    km = paths.running(network.length_km)
    last = paths.offsets[1:] - 1
    return Routes(
        zone_ids=zones.index.to_numpy(dtype=object),
        origin=origin.astype(np.int32),
        destination=destination.astype(np.int32),
        offsets=paths.offsets,
        nodes=network.node_ids[paths.vertices],
        km=km,
        length_km=km[last],
        hours=hours[last],
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Paths:
    """Cheapest paths as flat arrays.

    Parameters
    ----------
    cost
        (n_paths,) float64; infinite where no open arc leads on, and the path is then its source alone.
    offsets
        (n_paths + 1,) int64: path p holds entries ``offsets[p]:offsets[p + 1]``.
    vertices
        (offsets[-1],) int64, source first.
    arcs
        (offsets[-1],) int64, arc that leads to each entry: position into ``heads``; -1 at a source.
    """

    cost: NDArray[np.float64]
    offsets: NDArray[np.int64]
    vertices: NDArray[np.int64]
    arcs: NDArray[np.int64]

    def running(self, value: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the sum of an arc's value since the source, at every entry: (offsets[-1],) float64."""
        total = np.where(self.arcs >= 0, value[self.arcs], 0.0)
        at, ends = self.offsets[:-1] + 1, self.offsets[1:]
        # One step of every path at a time, so that each sum runs over its own path alone and stays exact.
        while at.size:
            going = at < ends
            at, ends = at[going], ends[going]
            total[at] += total[at - 1]
            at = at + 1
        return total


def cheapest_paths(
    network: RoadNetwork,
    cost: NDArray[np.float64],
    *,
    source: NDArray[np.int64],
    target: NDArray[np.int64],
) -> Paths:
    """Return a cheapest path for every source and target.

    Sources and targets stay in a contracted graph; its trees are grown and unwound, not the network's.

    Parameters
    ----------
    network
        Road network.
    cost
        (n_edges,) positive cost of each arc; infinite when closed.
    source, target
        (n_paths,) vertices.
    """
    position = cheapest_arcs(network, cost)
    keep = np.zeros(network.n_nodes, dtype=bool)
    keep[source], keep[target] = True, True
    core = contract(network.tails[position], network.heads[position], cost[position], keep=keep)
    size = len(core.vertices)
    sources, row = np.unique(source, return_inverse=True)
    matrix = csr_array((core.cost, (core.tails, core.heads)), shape=(size, size))
    total, before = dijkstra(
        matrix, indices=np.searchsorted(core.vertices, sources), return_predecessors=True
    )
    end = np.searchsorted(core.vertices, target)
    end = np.where(np.isfinite(total[row, end]), end, np.searchsorted(core.vertices, source))
    steps, vertices = unwind(before, row, end)
    into = np.ones(len(vertices), dtype=bool)
    into[steps[:-1]] = False
    step = np.flatnonzero(into)
    wanted = vertices[step - 1] * size + vertices[step]
    numbers, which = np.unique(np.searchsorted(core.tails * size + core.heads, wanted), return_inverse=True)
    begin, unpacked = unpack(core, core.arcs[numbers])
    # Every entry but a source's gives way to the arcs its core arc stands for.
    count = np.ones(len(vertices), dtype=np.int64)
    count[step] = np.diff(begin)[which]
    first = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    offsets = first[steps]
    arcs = np.full(offsets[-1], -1, dtype=np.int64)
    rest = np.ones(len(arcs), dtype=bool)
    rest[offsets[:-1]] = False
    arcs[rest] = position[unpacked[_ragged(begin[which], count[step])]]
    heads = network.heads[arcs].astype(np.int64)
    heads[offsets[:-1]] = source
    return Paths(
        cost=total[row, np.searchsorted(core.vertices, target)], offsets=offsets, vertices=heads, arcs=arcs
    )


def _ragged(start: NDArray[np.int64], count: NDArray[np.int64]) -> NDArray[np.int64]:
    """(sum of count,) int64: count[0] numbers from start[0] on, count[1] from start[1] on, and so on."""
    ends = np.cumsum(count)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(start - ends + count, count) + np.arange(total)


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
    source = np.repeat(network.vertices(origins), len(destinations))
    target = np.tile(network.vertices(destinations), len(origins))
    paths = cheapest_paths(network, network.hours, source=source, target=target)
    km = paths.running(network.length_km)[paths.offsets[1:] - 1]
    km[~np.isfinite(paths.cost)] = np.inf
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
