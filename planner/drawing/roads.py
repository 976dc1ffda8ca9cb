"""Road lines for the map: one direction only, joined and thinned to what a screen can show."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from corridor.named_routes import NAMED_ROUTES, named_route

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from corridor.named_routes import NamedRoute
    from corridor.roads import RoadNetwork

#: Deviation allowed when a road section is thinned, degrees: about 120 m, less than a pixel of the region.
#: Sections are thinned one by one, so that whatever is drawn on a road lies on it.
_TOLERANCE = 0.0012
#: Stubs shorter than this are not drawn, degrees: about 3 km, where a trunk road ends in a city.
_SHORTEST = 0.03
_DIGITS = 4
#: Two ends that meet go straight on below this cosine of the angle between them: a turn of under 60 degrees.
_STRAIGHT = -0.5

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
            for line in chained(joined(edges.geometry[(classes == name).to_numpy()]))
            if line.length >= _SHORTEST
        ]
        for name in CLASSES
    }


def joined(lines: Iterable[Any], *, shortest: float = 0.0) -> list[Any]:
    """Return lines thinned, then merged where exactly two meet.

    Parameters
    ----------
    lines
        Shapely lines, degrees.
    shortest
        Merged lines shorter than this are left out, degrees.
    """
    merged = shapely.get_parts(shapely.line_merge(shapely.union_all(thinned(lines))))
    long_enough: list[Any] = list(merged[shapely.length(merged) >= shortest])
    return long_enough


def chained(lines: Sequence[Any]) -> list[Any]:
    """Return lines led on through junctions where another goes straight on: fewer pieces, alike to see."""
    points = [shapely.get_coordinates(line) for line in lines]
    meeting: dict[tuple[float, ...], list[tuple[int, int]]] = {}
    for index, line in enumerate(points):
        for end in (0, -1):
            meeting.setdefault(tuple(line[end]), []).append((index, end))
    mates: dict[tuple[int, int], tuple[int, int]] = {}
    for ends in meeting.values():
        turns = sorted(
            (float(_outward(points, a) @ _outward(points, b)), a, b)
            for a, b in itertools.combinations(ends, 2)
            if a[0] != b[0]
        )
        for turn, a, b in turns:
            if turn < _STRAIGHT and a not in mates and b not in mates:
                mates[a], mates[b] = b, a
    loose = [(index, end) for index in range(len(points)) for end in (0, -1) if (index, end) not in mates]
    left = set(range(len(points)))
    found = []
    for start in (*loose, *((index, 0) for index in range(len(points)))):
        at: tuple[int, int] | None = start
        chain: list[np.ndarray] = []
        while at is not None and at[0] in left:
            left.remove(at[0])
            chain.append(points[at[0]][:: 1 if at[1] == 0 else -1])
            at = mates.get((at[0], -1 if at[1] == 0 else 0))
        if chain:
            found.append(shapely.LineString(np.concatenate([chain[0], *(each[1:] for each in chain[1:])])))
    return found


def _outward(points: Sequence[np.ndarray], end: tuple[int, int]) -> np.ndarray:
    """(2,) direction in which a line leaves one of its ends."""
    line, at = points[end[0]], end[1]
    away = line[1] - line[0] if at == 0 else line[-2] - line[-1]
    unit: np.ndarray = away / np.hypot(*away)
    return unit


def thinned(lines: Iterable[Any]) -> Any:  # noqa: ANN401  shapely lines
    """(n,) road sections with the points that a screen can show."""
    return shapely.simplify(np.asarray(list(lines), dtype=object), _TOLERANCE)


def coordinates(line: Any) -> list[list[float]]:  # noqa: ANN401  a shapely line
    """Return the points of a line, rounded to about 10 m."""
    points: list[list[float]] = np.round(shapely.get_coordinates(line), _DIGITS).tolist()
    return points


def route_lines(network: RoadNetwork) -> list[RouteLine]:
    """Return the named corridor routes."""
    arcs = {named.route_id: named_route(network, named) for named in NAMED_ROUTES}
    lines = {route_id: _through(_geometry(network, arcs[route_id])) for route_id in arcs}
    return [
        RouteLine(
            route=named,
            path=coordinates(_through(thinned(_geometry(network, arcs[named.route_id])))),
            length_km=float(network.length_km[arcs[named.route_id]].sum()),
            label_points=apart(
                lines[named.route_id], [line for key, line in lines.items() if key != named.route_id]
            ),
        )
        for named in NAMED_ROUTES
    ]


def _through(lines: Any) -> shapely.LineString:  # noqa: ANN401  shapely lines
    """Return lines in driving order as one."""
    return shapely.LineString(np.concatenate([shapely.get_coordinates(line) for line in lines]))


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
