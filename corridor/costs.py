r"""Generalized cost of driving: time, toll and distance of a truck, arc by arc.

A driver's generalized cost of an arc of length :math:`l` km driven in :math:`t` hours is
:math:`v t + (\tau + d) l` CNY, with value of time :math:`v` (CNY/h), toll :math:`\tau` and distance cost
:math:`d` (energy, tires, maintenance), both in CNY/km by road class [1]_.

References
----------
.. [1] Ortúzar, J. de D., & Willumsen, L. G. (2011). Modelling Transport, 4th ed., section 10.1. Wiley.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

#: Axle classes of trucks in JT/T 489-2019; class 6 is the six-axle 49 t combination.
AXLE_CLASSES = (1, 2, 3, 4, 5, 6)

#: ``highway`` classes with rates of their own; a ``_link`` has those of its class.
_CLASSES = ("motorway", "trunk", "primary")

_TIME_KEY = "road.value_of_time_cny_per_h"
_DISCOUNT_KEY = "road.toll_etc_discount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """What an hour and a kilometer cost a truck.

    Parameters
    ----------
    value_of_time_cny_per_h
        Driver and vehicle, CNY/h.
    distance_cost_cny_per_km
        Energy, tires, maintenance by ``highway`` class, CNY/km, toll apart; an unlisted one costs the most.
    toll_cny_per_km
        Toll by ``highway`` class, CNY/km; a class not listed is free.
    """

    value_of_time_cny_per_h: float
    distance_cost_cny_per_km: Mapping[str, float]
    toll_cny_per_km: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Costs:
    """Costs of each arc of a network.

    Parameters
    ----------
    hours, toll_cny, total_cny
        (n_edges,) float64, aligned with ``RoadNetwork.heads``: travel time, toll, and generalized cost.
        A closed arc has an infinite ``total_cny``.
    """

    hours: NDArray[np.float64]
    toll_cny: NDArray[np.float64]
    total_cny: NDArray[np.float64]


def rates(assumptions: Mapping[str, float], *, axle_class: int = 6) -> Rates:
    """Return the rates of a truck from assumption values.

    Parameters
    ----------
    assumptions
        Values by key: ``road.value_of_time_cny_per_h``, ``road.distance_cost_cny_per_km.<class>``,
        ``road.toll_cny_per_km.motorway.<axle class>``, ``road.toll_cny_per_km.<trunk | primary>`` and
        ``road.toll_etc_discount``.
    axle_class
        Of JT/T 489-2019, 1-6.

    Raises
    ------
    corridor.errors.InputError
        For an unknown axle class, a missing key, or a rate that is negative or not finite.
    """
    if axle_class not in AXLE_CLASSES:
        raise InputError(Fault(f"there is no axle class {axle_class}", "axle_class", "Use 1 to 6"))
    distance = {name: f"road.distance_cost_cny_per_km.{name}" for name in _CLASSES}
    tolled = {name: f"road.toll_cny_per_km.{name}" for name in _CLASSES}
    tolled["motorway"] += f".{axle_class}"
    faults = []
    for key in (_TIME_KEY, _DISCOUNT_KEY, *distance.values(), *tolled.values()):
        value = assumptions.get(key)
        if value is None:
            faults.append(Fault("the assumption is missing", key, "Add it to the assumptions"))
        elif not (np.isfinite(value) and value >= 0):
            faults.append(Fault(f"{value:g} is not a rate", key, "Use a number from 0 up"))
    if not faults and assumptions[_DISCOUNT_KEY] > 1:
        faults.append(Fault(f"{assumptions[_DISCOUNT_KEY]:g} is no share", _DISCOUNT_KEY, "Use 0 to 1"))
    if not faults and assumptions[_TIME_KEY] + min(assumptions[key] for key in distance.values()) <= 0:
        faults.append(Fault("neither time nor distance costs anything", _TIME_KEY, "Set one above 0"))
    if faults:
        raise InputError(faults)
    paid = 1.0 - assumptions[_DISCOUNT_KEY]
    return Rates(
        value_of_time_cny_per_h=assumptions[_TIME_KEY],
        distance_cost_cny_per_km={name: assumptions[key] for name, key in distance.items()},
        toll_cny_per_km={name: paid * assumptions[key] for name, key in tolled.items()},
    )


def generalized(network: RoadNetwork, rates: Rates) -> Costs:
    """Return the costs of every arc.

    Parameters
    ----------
    network
        Road network; its ``hours`` are taken as they are.
    rates
        What an hour and a kilometer cost. An edge with ``toll`` = ``no`` is free whatever its class.
    """
    dearest = max(rates.distance_cost_cny_per_km.values())
    distance = _by_class(network, rates.distance_cost_cny_per_km, other=dearest) * network.length_km
    toll = _by_class(network, rates.toll_cny_per_km, other=0.0) * network.length_km
    toll[_is_free(network)[network.edge_rows]] = 0.0
    total = rates.value_of_time_cny_per_h * network.hours + distance + toll
    return Costs(hours=network.hours, toll_cny=toll, total_cny=total)


def _by_class(network: RoadNetwork, value: Mapping[str, float], *, other: float) -> NDArray[np.float64]:
    """(n_edges,) float64: the value of each arc's highway class; a link has its class's."""
    highway = network.edges["highway"].map(lambda each: each[0] if isinstance(each, list) else each)
    classes = highway.astype(str).str.removesuffix("_link")
    found: NDArray[np.float64] = classes.map(value).fillna(other).to_numpy(dtype=np.float64)
    return found[network.edge_rows]


def _is_free(network: RoadNetwork) -> NDArray[np.bool_]:
    """(rows of edges,) bool: edges that OpenStreetMap says are free."""
    edges = network.edges
    if "toll" not in edges.columns:
        return np.zeros(len(edges), dtype=np.bool_)
    free: NDArray[np.bool_] = (edges["toll"].astype(object) == "no").to_numpy(dtype=np.bool_)
    return free


def closed(costs: Costs, arcs: NDArray[np.int64]) -> Costs:
    """Return the costs with some arcs closed to all traffic.

    Parameters
    ----------
    costs
        Costs of the open network.
    arcs
        (n,) int64, positions into ``RoadNetwork.heads``; see :mod:`corridor.closures`.
    """
    total = costs.total_cny.copy()
    total[arcs] = np.inf
    return replace(costs, total_cny=total)


def cheapest_arcs(network: RoadNetwork, cost: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the cheapest open arc of every ordered pair of vertices that has one.

    Parameters
    ----------
    network
        Road network.
    cost
        (n_edges,) float64 cost of each arc; infinite when closed.

    Returns
    -------
    arcs
        (n,) int64 positions into ``heads``, ordered by tail and then by head.
    """
    open_arcs = np.flatnonzero(np.isfinite(cost))
    tails, heads = network.tails[open_arcs], network.heads[open_arcs]
    order = np.lexsort((cost[open_arcs], heads, tails))
    tails, heads = tails[order], heads[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (tails[1:] != tails[:-1]) | (heads[1:] != heads[:-1])
    return open_arcs[order[first]].astype(np.int64)


def matrix(network: RoadNetwork, cost: NDArray[np.float64]) -> csr_array:
    """Return the sparse cost matrix over vertices, with the cheapest open arc of each ordered pair."""
    arcs = cheapest_arcs(network, cost)
    shape = (network.n_nodes, network.n_nodes)
    return csr_array((cost[arcs], (network.tails[arcs], network.heads[arcs])), shape=shape)


def arcs_of_path(
    network: RoadNetwork, cost: NDArray[np.float64], nodes: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the cheapest open arcs along a path.

    Parameters
    ----------
    network
        Road network.
    cost
        (n_edges,) float64 cost of each arc; infinite when closed.
    nodes
        (n,) int64 node ids in driving order.

    Returns
    -------
    arcs
        (n - 1,) int64 positions into ``heads``.

    Raises
    ------
    corridor.errors.InputError
        If two nodes in a row have no open arc between them.
    """
    arcs = cheapest_arcs(network, cost)
    key = network.tails[arcs].astype(np.int64) * network.n_nodes + network.heads[arcs]
    vertex = network.vertices(nodes)
    wanted = vertex[:-1] * network.n_nodes + vertex[1:]
    found = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    if (key[found] != wanted).any():
        step = int(np.argmax(key[found] != wanted))
        raise InputError(
            Fault(f"no open edge leads from node {nodes[step]} to node {nodes[step + 1]}", "path")
        )
    return arcs[found]
