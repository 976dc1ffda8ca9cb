"""A route query as it can be drawn: the ways between two places with their lines, and the closed roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from corridor.costs import arcs_of_path, generalized, rates
from corridor.costs import closed as closed_costs
from corridor.named_routes import NAMED_ROUTES
from planner.closures import closed_arcs
from planner.inputs import assumptions_in_force
from planner.route_query import query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from planner.inputs import Inputs


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RouteAnswer:
    """The ways from one place to another.

    Parameters
    ----------
    table
        One row per way, cheapest first, index ``rank`` from 1: ``route_id`` (of the corridor route followed,
        empty for others), ``name`` (as :func:`planner.route_query.query` names it), ``length_km``, ``hours``,
        ``toll_cny``, ``cost_cny``, ``share`` (0-1), ``refs`` (road numbers in driving order).
    lines
        Line of each way, degrees WGS 84, in driving order.
    """

    table: pd.DataFrame
    lines: tuple[shapely.LineString, ...]


def answer(
    inputs: Inputs,
    from_text: str,
    to_text: str,
    *,
    closures: Sequence[str] = (),
    assumptions: Mapping[str, float] | None = None,
) -> RouteAnswer:
    """Return the ways between two places of the joined tables.

    Parameters
    ----------
    inputs
        Joined tables; closures already in their costs are not taken over, only those given here.
    from_text, to_text
        Places, as for :func:`planner.route_query.query`.
    closures
        Closed roads, as :mod:`planner.closures` reads them.
    assumptions
        Values that replace the defaults, by key; those of ``road.*`` count.

    Raises
    ------
    corridor.errors.InputError
        For closures that say no road, places that are not there, and ends that no open road joins.
    """
    network, zones = inputs.network, every_zone(inputs)
    values, _ = assumptions_in_force(inputs.assumptions, assumptions or {})
    closed = closed_arcs(network, closures, zones=zones)
    found = query(
        network,
        from_text,
        to_text,
        zones=zones,
        assumptions=values,
        most=int(values["road.alternatives"]),
        detour=values["road.detour_factor"],
        closed=closed,
    )["routes"]
    cost = closed_costs(generalized(network, rates(values)), closed)
    lines = tuple(
        _line(network, arcs_of_path(network, cost.total_cny, np.asarray(route["nodes"], dtype=np.int64)))
        for route in found
    )
    table = pd.DataFrame(found).drop(columns="nodes")
    table = table.assign(route_id=table["name"].map(_NAMED).fillna(""))
    table.index = pd.RangeIndex(1, len(table) + 1, name="rank")
    return RouteAnswer(table=table, lines=lines)


#: Ids of the corridor routes by the name a query gives them.
_NAMED = {f"{'/'.join(named.refs)} {named.name_zh}": named.route_id for named in NAMED_ROUTES}


def every_zone(inputs: Inputs) -> pd.DataFrame:
    """Return all zones: a place may be named that lies too far from the roads to be planned for."""
    return pd.concat([inputs.zones, inputs.far_zones]) if len(inputs.far_zones) else inputs.zones


def closed_lines(inputs: Inputs, closures: Sequence[str]) -> list[shapely.LineString]:
    """Return the closed roads as lines, degrees WGS 84, one for both directions, pieces joined end to end.

    Raises
    ------
    corridor.errors.InputError
        For closures that say no road.
    """
    network = inputs.network
    arcs = closed_arcs(network, closures, zones=every_zone(inputs))
    rows = np.unique(network.edge_rows[arcs])
    both_ways: shapely.Geometry = shapely.union_all(network.edges.geometry.to_numpy()[rows])
    merged = shapely.get_parts(shapely.line_merge(both_ways))
    return [line for line in merged if not line.is_empty]


def _line(network: RoadNetwork, arcs: NDArray[np.int64]) -> shapely.LineString:
    """Return the line driven over arcs."""
    drawn = network.edges.geometry.to_numpy()[network.edge_rows[arcs]]
    points = np.concatenate([shapely.get_coordinates(line) for line in drawn])
    again = np.flatnonzero((np.diff(points, axis=0) == 0).all(axis=1)) + 1
    return shapely.LineString(np.delete(points, again, axis=0))
