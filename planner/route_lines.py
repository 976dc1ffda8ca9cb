"""A route query as it can be drawn: the ways between two places with their lines, and the closed roads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from corridor.named_routes import NAMED_ROUTES
from planner.closures import closed_arcs
from planner.inputs import assumptions_in_force
from planner.route_formats import way_line
from planner.route_query import find_ways

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planner.inputs import Inputs


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RouteAnswer:
    """The ways from one place to another.

    Parameters
    ----------
    table
        One row per way, cheapest first, index ``rank`` from 1: ``route_id`` (of the corridor route followed,
        empty for others), and ``name``, ``length_km``, ``hours``, ``toll_cny``, ``cost_cny``, ``share``,
        ``refs`` as in :class:`planner.route_query.Way`.
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
        Places, as for :func:`planner.route_query.find_ways`.
    closures
        Closed roads, as :mod:`planner.closures` reads them.
    assumptions
        Values that replace the defaults, by key; those of ``road.*`` count.

    Raises
    ------
    corridor.errors.InputError
        For closures that say no road, and places that are not there.
    corridor.errors.InfeasibleError
        When no open road leads there.
    """
    network, zones = inputs.network, every_zone(inputs)
    values, _ = assumptions_in_force(inputs.assumptions, assumptions or {})
    found = find_ways(
        network,
        from_text,
        to_text,
        zones=zones,
        assumptions=values,
        most=int(values["road.alternatives"]),
        detour=values["road.detour_factor"],
        closed=closed_arcs(network, closures, zones=zones),
    )
    figures = ("name", "length_km", "hours", "toll_cny", "cost_cny", "share", "refs")
    table = pd.DataFrame(
        [[getattr(way, figure) for figure in figures] for way in found.ways],
        columns=list(figures),
        index=pd.RangeIndex(1, len(found.ways) + 1, name="rank"),
    )
    table = table.assign(route_id=table["name"].map(_NAMED).fillna(""))
    return RouteAnswer(table=table, lines=tuple(_line(way_line(network, way)) for way in found.ways))


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


def _line(points: NDArray[np.float64]) -> shapely.LineString:
    """Return the line through points, each once in a row."""
    again = np.flatnonzero((np.diff(points, axis=0) == 0).all(axis=1)) + 1
    return shapely.LineString(np.delete(points, again, axis=0))
