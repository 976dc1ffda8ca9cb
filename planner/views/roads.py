"""Road lines for the map: one direction only, joined and thinned to what a screen can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from corridor.named_routes import NAMED_ROUTES, named_route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corridor.named_routes import NamedRoute
    from corridor.roads import RoadNetwork

#: Deviation allowed when a line is thinned, degrees: about 300 m, less than a pixel of the regional view.
_TOLERANCE = 0.003
#: Stubs shorter than this are not drawn, degrees: about 3 km, where a trunk road ends in a city.
_SHORTEST = 0.03
_DIGITS = 4

#: Classes drawn, the important ones last.
CLASSES = ("trunk", "motorway")


class RouteLine(NamedTuple):
    """A named route: its path, its length, and points where its label may stand, best first."""

    route: NamedRoute
    path: list[list[float]]
    length_km: float
    label_points: list[list[float]]


def road_paths(network: RoadNetwork) -> dict[str, list[list[list[float]]]]:
    """Return the paths of every road class: lists of [lon, lat], pieces joined end to end."""
    edges = network.edges.drop_duplicates("osmid")
    classes = edges["highway"].astype(str).str.removesuffix("_link")
    return {
        name: [
            coordinates(line)
            for line in joined(edges.geometry[(classes == name).to_numpy()], shortest=_SHORTEST)
        ]
        for name in CLASSES
    }


def joined(lines: Iterable[Any], *, shortest: float = 0.0) -> list[Any]:
    """Return lines merged where exactly two meet and thinned.

    Parameters
    ----------
    lines
        Shapely lines, degrees.
    shortest
        Merged lines shorter than this are left out, degrees.
    """
    merged = shapely.get_parts(shapely.line_merge(shapely.union_all(list(lines))))
    long_enough: list[Any] = list(shapely.simplify(merged[shapely.length(merged) >= shortest], _TOLERANCE))
    return long_enough


def coordinates(line: Any) -> list[list[float]]:  # noqa: ANN401  a shapely line
    """Return the points of a line, rounded to about 10 m."""
    points: list[list[float]] = np.round(shapely.get_coordinates(line), _DIGITS).tolist()
    return points


def route_lines(network: RoadNetwork) -> list[RouteLine]:
    """Return the named corridor routes."""
    arcs = {named.route_id: named_route(network, named) for named in NAMED_ROUTES}
    lines = {
        route_id: shapely.LineString(
            np.concatenate([shapely.get_coordinates(line) for line in _geometry(network, arcs[route_id])])
        )
        for route_id in arcs
    }
    return [
        RouteLine(
            route=named,
            path=coordinates(shapely.simplify(lines[named.route_id], _TOLERANCE / 2)),
            length_km=float(network.length_km[arcs[named.route_id]].sum()),
            label_points=apart(
                lines[named.route_id], [line for key, line in lines.items() if key != named.route_id]
            ),
        )
        for named in NAMED_ROUTES
    ]


def _geometry(network: RoadNetwork, arcs: np.ndarray) -> Any:  # noqa: ANN401  shapely lines
    """(n,) lines of the arcs, in driving order."""
    return network.edges.geometry.to_numpy()[network.edge_rows[arcs]]


def apart(line: Any, others: list[Any]) -> list[list[float]]:  # noqa: ANN401  shapely lines
    """Return points of the middle of a line, farthest from the other lines first: room for its label."""
    shares = np.linspace(0.25, 0.75, 51)
    points = shapely.line_interpolate_point(line, shares, normalized=True)
    room = shapely.distance(points, shapely.union_all(others))
    ordered: list[list[float]] = shapely.get_coordinates(points[np.argsort(-room)]).tolist()
    return ordered
