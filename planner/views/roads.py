"""Road lines for the map: one direction only, joined and thinned to what a screen can show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from corridor.routes import NAMED_ROUTES, named_route

if TYPE_CHECKING:
    from collections.abc import Iterable

    from corridor.roads import RoadNetwork
    from corridor.routes import NamedRoute

#: Deviation allowed when a line is thinned, degrees: about 200 m, one pixel of the regional view.
_TOLERANCE = 0.002
_DIGITS = 4

#: Classes drawn, the important ones last.
CLASSES = ("trunk", "motorway")


class RouteLine(NamedTuple):
    """A named route: its path, its length, and where its label stands."""

    route: NamedRoute
    path: list[list[float]]
    length_km: float
    label_at: list[float]


def road_paths(network: RoadNetwork) -> dict[str, list[list[list[float]]]]:
    """Return the paths of every road class: lists of [lon, lat], pieces joined end to end."""
    edges = network.edges.drop_duplicates("osmid")
    classes = edges["highway"].astype(str).str.removesuffix("_link")
    return {name: _joined(edges.geometry[(classes == name).to_numpy()]) for name in CLASSES}


def _joined(lines: Iterable[Any]) -> list[list[list[float]]]:
    """Return paths of lines merged where exactly two meet, thinned and rounded."""
    merged = shapely.line_merge(shapely.union_all(list(lines)))
    return [coordinates(shapely.simplify(line, _TOLERANCE)) for line in shapely.get_parts(merged)]


def coordinates(line: Any) -> list[list[float]]:  # noqa: ANN401  a shapely line
    """Return the points of a line, rounded to about 10 m."""
    points: list[list[float]] = np.round(shapely.get_coordinates(line), _DIGITS).tolist()
    return points


def link_paths(network: RoadNetwork, edge_rows: np.ndarray) -> list[list[list[float]]]:
    """Return the thinned path of each row of ``edges``."""
    lines = network.edges.geometry.to_numpy()[edge_rows]
    return [coordinates(line) for line in shapely.simplify(lines, _TOLERANCE)]


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
            label_at=_apart(
                lines[named.route_id], [line for key, line in lines.items() if key != named.route_id]
            ),
        )
        for named in NAMED_ROUTES
    ]


def _geometry(network: RoadNetwork, arcs: np.ndarray) -> Any:  # noqa: ANN401  shapely lines
    """(n,) lines of the arcs, in driving order."""
    return network.edges.geometry.to_numpy()[network.edge_rows[arcs]]


def _apart(line: Any, others: list[Any]) -> list[float]:  # noqa: ANN401  shapely lines
    """Return the point of the middle of a line that is farthest from the other lines: room for its label."""
    shares = np.linspace(0.3, 0.7, 41)
    points = shapely.line_interpolate_point(line, shares, normalized=True)
    room = shapely.distance(points, shapely.union_all(others))
    point: list[float] = shapely.get_coordinates(points[int(np.argmax(room))])[0].tolist()
    return point
