"""One question to the road network: from a place to a place, which ways are there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from corridor import costs
from corridor.alternatives import alternatives
from corridor.errors import Fault, InputError
from corridor.named_routes import NAMED_ROUTES, named_route, numbers, refs_of
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


def query(
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
) -> dict[str, Any]:
    """Return the ways from one place to another, cheapest first.

    Parameters
    ----------
    network
        Road network.
    from_text, to_text
        Name of a zone or prefecture in Chinese or English, a zone id, or ``lon,lat`` in degrees WGS 84.
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

    Returns
    -------
    answer
        ``{"routes": [...]}``, each with ``length_km``, ``hours``, ``toll_cny``, ``cost_cny`` (generalized),
        ``share`` (of the trips, 0-1), ``name`` (corridor route followed, empty for others), ``refs`` (road
        numbers in driving order, each once) and ``nodes``.

    Raises
    ------
    corridor.errors.InputError
        For a place that is unknown, ambiguous or off the network, and when no open road leads there.
    """
    faults: list[Fault] = []
    ends: list[int] = []
    for label, text in (("FROM", from_text), ("TO", to_text)):
        try:
            ends.append(place(network, text, zones=zones, where=label))
        except InputError as error:
            faults += error.faults
    if not faults and ends[0] == ends[1]:
        faults.append(Fault(f"{from_text} and {to_text} are the same place on the network", "FROM, TO"))
    if faults:
        raise InputError(faults)
    cost = costs.generalized(network, costs.rates(assumptions, axle_class=axle_class))
    if closed is not None:
        cost = costs.closed(cost, closed)
    scale = assumptions["road.choice_scale"]
    found = alternatives(
        network, cost, origins=ends[:1], destinations=ends[1:], most=most, detour=detour, scale=scale
    )
    return {"routes": [_route(network, cost, found, route) for route in range(len(found))]}


def _route(network: RoadNetwork, cost: Costs, found: AlternativeRoutes, route: int) -> dict[str, Any]:
    """Return one route as plain values."""
    path = found.path(route)
    arcs = costs.arcs_of_path(network, cost.total_cny, path)
    refs = refs_of(network)
    carried = [numbers(refs[row]) for row in network.edge_rows[arcs].tolist()]
    return {
        "name": _name(network, arcs, carried),
        "length_km": round(float(found.length_km[route]), 3),
        "hours": round(float(found.hours[route]), 4),
        "toll_cny": round(float(found.toll_cny[route]), 2),
        "cost_cny": round(float(found.cost_cny[route]), 2),
        "share": round(float(found.share[route]), 4),
        "refs": _once(number for each in carried for number in each),
        "nodes": [int(node) for node in path],
    }


def _name(network: RoadNetwork, arcs: NDArray[np.int64], carried: list[list[str]]) -> str:
    """Return the name of the corridor route followed, or nothing."""
    km = network.length_km[arcs]
    for named in NAMED_ROUTES:
        on_it = np.array([not set(named.refs).isdisjoint(each) for each in carried])
        if km[on_it].sum() < _NAMED_SHARE * km.sum():
            continue
        # The numbers go on beyond both cities: G93 is a ring. Only the road between them bears the name.
        on_it &= np.isin(_undirected(network, arcs), _undirected(network, named_route(network, named)))
        if km[on_it].sum() >= _NAMED_SHARE * km.sum():
            return f"{'/'.join(named.refs)} {named.name_zh}"
    return ""


def _undirected(network: RoadNetwork, arcs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) int64: a number per arc, the same for both directions."""
    tails, heads = network.tails[arcs].astype(np.int64), network.heads[arcs].astype(np.int64)
    return np.asarray(np.minimum(tails, heads) * network.n_nodes + np.maximum(tails, heads))


def _once(items: Iterable[str]) -> list[str]:
    """Return the items without repeats, in order."""
    return list(dict.fromkeys(items))
