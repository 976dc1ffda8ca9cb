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
    driven = _stepped(routes, network)
    table = pd.DataFrame(
        {
            "edge_row": driven.edge_row,
            "kg_per_day": driven.sums(flows, "kg_per_day"),
            "served_kg_per_day": driven.sums(flows, "served_kg_per_day"),
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
    columns = {
        str(name): driven.sums(group, "kg_per_day")
        for name, group in demand.groupby("vehicle_class", sort=False)
    }
    table = pd.DataFrame(
        {name: columns.get(name, np.zeros(len(driven.edge_row))) for name in VEHICLE_CLASSES},
        index=pd.Index(driven.edge_row, name="edge_row"),
    )
    used: pd.DataFrame = table[table.sum(axis="columns") > 0]
    return used


class _Driven(NamedTuple):
    """Links that the routes drive: each entry's ``link`` and ``route``, and the ``edge_row`` of each link."""

    link: NDArray[np.int64]
    route: NDArray[np.int64]
    edge_row: NDArray[np.int64]
    n_routes: int

    def sums(self, trips: pd.DataFrame, column: str) -> NDArray[np.float64]:
        """(n_links,) sums of a column of trips with a ``route`` over those that drive each link."""
        of_route = np.bincount(trips["route"], weights=trips[column], minlength=self.n_routes)
        of_link = np.bincount(self.link, weights=of_route[self.route], minlength=len(self.edge_row))
        return of_link.astype(np.float64, copy=False)


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
        n_routes=len(routes),
    )


@lru_cache(maxsize=2)
def _stepped(routes: Routes, network: RoadNetwork) -> _Driven:
    """Return the links between the nodes of all routes: they stay from plan to plan."""
    vertex = network.vertices(routes.nodes)
    inside = np.ones(len(vertex), dtype=bool)
    inside[routes.offsets[1:] - 1] = False
    start = np.flatnonzero(inside)
    pairs = _pair(vertex[start], vertex[start + 1], n_nodes=network.n_nodes)
    known, link = np.unique(pairs, return_inverse=True)
    return _Driven(
        link=link,
        route=np.repeat(np.arange(len(routes)), np.diff(routes.offsets) - 1),
        edge_row=_edge_rows(network, known),
        n_routes=len(routes),
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
