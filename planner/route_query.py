"""One question to the road network: from a place to a place, which ways are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.csgraph import breadth_first_order

from corridor import costs
from corridor.alternatives import alternatives
from corridor.coordinates import crs_name
from corridor.errors import Fault, InfeasibleError, InputError
from corridor.named_routes import NAMED_ROUTES, named_route, numbers, refs_of
from corridor.snapping import JoinedNetwork, RoadPoint, join
from planner.places import place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from corridor.alternatives import AlternativeRoutes
    from corridor.costs import Costs
    from corridor.roads import RoadNetwork

#: A route bears the name of a corridor route when it runs at least this share of its way on its expressways.
_NAMED_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadPassed:
    """One road of a way.

    Parameters
    ----------
    ref
        Road number, empty for a road without.
    name
        Chinese name, of several the longest driven; empty if unknown.
    km
        Driven on it in all.
    """

    ref: str
    name: str
    km: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Way:
    """One way from a place to a place.

    Parameters
    ----------
    arcs
        (n,) int64 positions into ``heads`` of the network asked, in driving order.
    start, end
        (n,) float64 shares of each arc where it is entered and left.
    nodes
        Node ids passed, in driving order; an end between two nodes is none of them.
    length_km, hours, toll_cny, cost_cny, share
        Of the way; the cost is the generalized one, the share that of the trips, 0-1.
    name
        Corridor route followed, empty for others.
    refs
        Road numbers in driving order, each once.
    roads
        Roads in driving order, each once; an edge of several numbers counts for the one driven longest.
    """

    arcs: NDArray[np.int64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    nodes: list[int]
    length_km: float
    hours: float
    toll_cny: float
    cost_cny: float
    share: float
    name: str
    refs: list[str]
    roads: list[RoadPassed]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Answer:
    """Ways from a place to a place, the cheapest first, and where both lie on the roads."""

    origin: RoadPoint
    destination: RoadPoint
    ways: list[Way]


def find_ways(
    network: RoadNetwork,
    from_text: str,
    to_text: str,
    *,
    zones: pd.DataFrame,
    assumptions: Mapping[str, float],
    most: int = 3,
    detour: float = 1.25,
    axle_class: int = 6,
    closed: NDArray[np.int64] | None = None,
    crs: str = "WGS84",
) -> Answer:
    """Return the ways from one place to another, cheapest first.

    Parameters
    ----------
    network
        Road network.
    from_text, to_text
        Name of a zone or prefecture in Chinese or English, a zone id, or ``lon,lat``: see
        :func:`planner.places.place`.
    zones
        Index ``zone_id``, with ``name_zh``, ``name_en``, ``prefecture_zh``, ``population``, ``lon``, ``lat``.
    assumptions
        Values by key; those of ``road.*`` are used.
    most, detour
        Largest number of routes, and their largest cost and length relative to the cheapest route's.
    axle_class
        Of JT/T 489-2019, for the toll.
    closed
        (n,) arcs closed to traffic, see :mod:`corridor.closures`.
    crs
        Reference system of coordinates in the texts.

    Raises
    ------
    corridor.errors.InputError
        For a place that is unknown, ambiguous or off the network, and options out of range.
    corridor.errors.InfeasibleError
        When no open road leads there.
    """
    points = _ends(network, from_text, to_text, zones=zones, crs=crs_name(crs))
    joined = join(network, points)
    if joined.nodes[0] == joined.nodes[1]:
        what = f"{from_text} and {to_text} are the same place on the network"
        raise InputError(Fault(what, "FROM, TO", "Choose two places apart"))
    cost = costs.generalized(joined.network, costs.rates(assumptions, axle_class=axle_class))
    if closed is not None and len(closed):
        cost = costs.closed(cost, np.flatnonzero(np.isin(joined.parent, closed)))
        if not _is_joined(joined, cost):
            what = f"no open road leads from {from_text} to {to_text}: the closures cut them off"
            raise InfeasibleError(what)
    try:
        found = alternatives(
            joined.network,
            cost,
            origins=joined.nodes[:1],
            destinations=joined.nodes[1:],
            most=most,
            detour=detour,
            scale=assumptions["road.choice_scale"],
        )
    except InputError as error:
        if _is_joined(joined, cost):
            raise
        why = (
            "the closures cut them off" if closed is not None and len(closed) else "the roads are not joined"
        )
        raise InfeasibleError(f"no open road leads from {from_text} to {to_text}: {why}") from error
    ways = [_way(network, joined, cost, found, route) for route in range(len(found))]
    return Answer(origin=points[0], destination=points[1], ways=ways)


def _ends(
    network: RoadNetwork, from_text: str, to_text: str, *, zones: pd.DataFrame, crs: str
) -> tuple[RoadPoint, RoadPoint]:
    """Return where both places lie on the roads; both are faulted at once."""
    faults: list[Fault] = []
    ends: list[RoadPoint] = []
    for label, text in (("FROM", from_text), ("TO", to_text)):
        try:
            ends.append(place(network, text, zones=zones, where=label, crs=crs))
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return ends[0], ends[1]


def _is_joined(joined: JoinedNetwork, cost: Costs) -> bool:
    """Tell whether open roads lead from the first point to the second."""
    links = costs.matrix(joined.network, cost.total_cny)
    start, end = joined.network.vertices(joined.nodes)
    return bool(np.isin(end, breadth_first_order(links, start, return_predecessors=False)))


def _way(
    network: RoadNetwork, joined: JoinedNetwork, cost: Costs, found: AlternativeRoutes, route: int
) -> Way:
    """Return one route as a way over arcs of the network asked."""
    path = found.path(route)
    pieces = costs.arcs_of_path(joined.network, cost.total_cny, path)
    arcs, km = joined.parent[pieces], joined.network.length_km[pieces]
    refs = refs_of(network)
    carried = [numbers(refs[row]) for row in network.edge_rows[arcs].tolist()]
    return Way(
        arcs=arcs,
        start=joined.start[pieces],
        end=joined.end[pieces],
        nodes=path[path <= network.node_ids[-1]].tolist(),
        length_km=float(found.length_km[route]),
        hours=float(found.hours[route]),
        toll_cny=float(found.toll_cny[route]),
        cost_cny=float(found.cost_cny[route]),
        share=float(found.share[route]),
        name=_name(network, arcs, km, carried),
        refs=_once(number for each in carried for number in each),
        roads=_roads(network, arcs, km, carried),
    )


def _name(
    network: RoadNetwork, arcs: NDArray[np.int64], km: NDArray[np.float64], carried: list[list[str]]
) -> str:
    """Return the name of the corridor route followed, or nothing."""
    for named in NAMED_ROUTES:
        on_it = np.array([not set(named.refs).isdisjoint(each) for each in carried])
        if km[on_it].sum() < _NAMED_SHARE * km.sum():
            continue
        # The numbers go on beyond both cities: G93 is a ring. Only the road between them bears the name.
        on_it &= np.isin(_undirected(network, arcs), _undirected(network, named_route(network, named)))
        if km[on_it].sum() >= _NAMED_SHARE * km.sum():
            return f"{'/'.join(named.refs)} {named.name_zh}"
    return ""


def _roads(
    network: RoadNetwork, arcs: NDArray[np.int64], km: NDArray[np.float64], carried: list[list[str]]
) -> list[RoadPassed]:
    """Return the roads driven."""
    driven: dict[str, float] = {}
    for each, length in zip(carried, km.tolist(), strict=True):
        for number in each:
            driven[number] = driven.get(number, 0.0) + length
    names = network.edges["name"].tolist() if "name" in network.edges else [None] * len(network.edges)
    roads: dict[tuple[str, str], dict[str, float]] = {}
    for row, each, length in zip(network.edge_rows[arcs].tolist(), carried, km.tolist(), strict=True):
        name = ";".join(numbers(names[row]))
        number = max(each, key=driven.__getitem__, default="")
        spoken = roads.setdefault((number, "" if number else name), {})
        spoken[name] = spoken.get(name, 0.0) + length
    return [
        RoadPassed(
            ref=number,
            name=max((each for each in spoken if each), key=spoken.__getitem__, default=""),
            km=sum(spoken.values()),
        )
        for (number, _), spoken in roads.items()
    ]


def _undirected(network: RoadNetwork, arcs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) int64: a number per arc, the same for both directions."""
    tails, heads = network.tails[arcs].astype(np.int64), network.heads[arcs].astype(np.int64)
    return np.asarray(np.minimum(tails, heads) * network.n_nodes + np.maximum(tails, heads))


def _once(items: Iterable[str]) -> list[str]:
    """Return the items without repeats, in order."""
    return list(dict.fromkeys(items))
