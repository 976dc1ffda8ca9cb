"""Hydrogen demand that travels over each road link: demand or flows of a plan laid on the road network."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from demand.inputs import VEHICLE_CLASSES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from corridor.routes import Routes
    from planner.inputs import Inputs


def link_flows(flows: pd.DataFrame, routes: Routes, network: RoadNetwork) -> pd.DataFrame:
    """Return the demand on every road link that carries any, both directions together.

    Parameters
    ----------
    flows
        Of a plan: ``route``, ``kg_per_day``, ``served_kg_per_day``.
    routes
        Of the same inputs as the plan.
    network
        Road network of the routes.

    Returns
    -------
    links
        One row per link: ``edge_row`` (row of ``network.edges``, either direction), ``kg_per_day`` of the
        round trips that use the link, ``served_kg_per_day`` of them served.
    """
    kg, served = (
        np.bincount(flows["route"], weights=flows[column], minlength=len(routes))
        for column in ("kg_per_day", "served_kg_per_day")
    )
    vertex = network.vertices(routes.nodes)
    steps = np.diff(routes.offsets) - 1
    inside = np.ones(len(vertex), dtype=bool)
    inside[routes.offsets[1:] - 1] = False
    start = np.flatnonzero(inside)
    link, index = np.unique(
        _pair(vertex[start], vertex[start + 1], n_nodes=network.n_nodes), return_inverse=True
    )
    route_of = np.repeat(np.arange(len(routes)), steps)
    table = pd.DataFrame(
        {
            "edge_row": _edge_rows(network, link),
            "kg_per_day": np.bincount(index, weights=kg[route_of], minlength=len(link)),
            "served_kg_per_day": np.bincount(index, weights=served[route_of], minlength=len(link)),
        }
    )
    return table[table["kg_per_day"] > 0].reset_index(drop=True)


def link_demand(demand: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """Return the demand of each vehicle class on every road link that carries any, both directions together.

    Parameters
    ----------
    demand
        ``route``, ``vehicle_class``, ``kg_per_day``.
    inputs
        Routes and network of the demand.

    Returns
    -------
    links
        Index ``edge_row`` (row of ``network.edges``, either direction), a column per vehicle class: kg/day of
        the round trips that use the link.
    """
    driven = _driven(inputs)
    n_links = len(driven.edge_row)
    columns = {}
    for name, group in demand.groupby("vehicle_class", sort=False):
        kg = np.bincount(group["route"], weights=group["kg_per_day"], minlength=len(inputs.routes))
        columns[str(name)] = np.bincount(driven.link, weights=kg[driven.route], minlength=n_links)
    table = pd.DataFrame(
        {name: columns.get(name, np.zeros(n_links)) for name in VEHICLE_CLASSES},
        index=pd.Index(driven.edge_row, name="edge_row"),
    )
    used: pd.DataFrame = table[table.sum(axis="columns") > 0]
    return used


class _Driven(NamedTuple):
    """Links that the routes drive: each entry's ``link`` and ``route``, and the ``edge_row`` of each link."""

    link: NDArray[np.int64]
    route: NDArray[np.int64]
    edge_row: NDArray[np.int64]


@lru_cache(maxsize=2)
def _driven(inputs: Inputs) -> _Driven:
    """Return the links of all routes: they stay while assumptions on demand are edited."""
    network, routes = inputs.network, inputs.routes
    pairs = _pair(network.tails, network.heads, n_nodes=network.n_nodes)
    known, link_of_arc = np.unique(pairs, return_inverse=True)
    on_arc = inputs.route_arcs >= 0
    return _Driven(
        link=link_of_arc[inputs.route_arcs[on_arc]],
        route=np.repeat(np.arange(len(routes)), np.diff(routes.offsets))[on_arc],
        edge_row=_edge_rows(network, known),
    )


def _pair(a: np.ndarray, b: np.ndarray, *, n_nodes: int) -> np.ndarray:
    """(n,) int64: one number per unordered pair of vertices."""
    low, high = np.minimum(a, b).astype(np.int64), np.maximum(a, b).astype(np.int64)
    pair: np.ndarray = low * n_nodes + high
    return pair


def _edge_rows(network: RoadNetwork, link: np.ndarray) -> np.ndarray:
    """(n,) int64: a row of ``edges`` that joins each pair; a one-way link has only one."""
    arcs = network.arcs()
    pairs = _pair(network.tails[arcs], network.heads[arcs], n_nodes=network.n_nodes)
    known, first = np.unique(pairs, return_index=True)
    rows: np.ndarray = network.edge_rows[arcs[first[np.searchsorted(known, link)]]]
    return rows
