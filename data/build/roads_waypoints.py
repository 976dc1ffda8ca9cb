"""Named expressways as ordered waypoints, and their way through the centerline graph.

A waypoint is matched to one of the centerlines near it so that the whole sequence costs least: the
distance of each waypoint from its centerline, and the excess of the road between two waypoints over
the straight line (a hidden Markov model as in Newson & Krumm 2009, solved by Viterbi's recursion).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from data.build.roads_tiles import REGION, to_pixels
from data.build.roads_topology import project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import networkx as nx
    from numpy.typing import NDArray

SYSTEMS = ("chng", "chnsf")
"""National expressways, and the provincial ones that are present."""

STEP = 5.0
"""Spacing of match points along an edge, pixels."""

REACH = 10.0
"""A waypoint farther from every centerline (pixels, 0.66 km) has none: its road is newer than the tiles."""

CANDIDATES = 5
"""Centerlines tried for one waypoint."""

DETOUR, SLACK = 1.35, 15.0
"""Road between two waypoints is accepted up to DETOUR × straight line + SLACK pixels."""

LESSER = 1.3
"""Factor on the length of roads that are no motorways: named expressways prefer motorways."""


@dataclass(frozen=True)
class Waypoint:
    """One waypoint: label, global pixels, and whether it is a visible one (shaping points are not)."""

    label: str
    xy: NDArray[np.float64]
    visible: bool


@dataclass(frozen=True)
class Route:
    """A named expressway in one province."""

    ref: str
    province: str
    points: tuple[Waypoint, ...]


@dataclass(frozen=True)
class Matched:
    """A visible waypoint on a centerline: edge, position along its line (pixels) and distance from it."""

    route: Route
    point: Waypoint
    edge: tuple[int, int, int]
    position: float
    distance: float


def read_routes(folder: Path) -> list[Route]:
    """All expressways with a waypoint in the region, in the order of the files."""
    routes = []
    for system in SYSTEMS:
        table = (
            (folder / "hwy_data" / "_systems" / f"{system}.csv").read_text(encoding="utf-8").splitlines()[1:]
        )
        for row in table:
            _, region, ref, *_, root, _ = row.split(";")
            path = folder / "hwy_data" / region / system / f"{root}.wpt"
            if path.is_file():
                points = tuple(_read_points(path))
                west, south, east, north = REGION
                low, high = to_pixels(np.array([[west, north], [east, south]]))
                if any(((p.xy > low) & (p.xy < high)).all() for p in points):
                    routes.append(Route(ref, region.removeprefix("CHN-"), points))
    return routes


def _read_points(path: Path) -> Iterator[Waypoint]:
    for row in path.read_text(encoding="utf-8").splitlines():
        found = re.match(r"(\S+) .*lat=(-?[\d.]+)&lon=(-?[\d.]+)", row)
        if found:
            label, lat, lon = found.groups()
            yield Waypoint(
                label.lstrip("+*"), to_pixels(np.array([[float(lon), float(lat)]]))[0], label[0] != "+"
            )


class Matcher:
    """The centerline graph cut into short steps, on which waypoint sequences are matched.

    Parameters
    ----------
    graph
        Centerline graph with ``highway`` on its edges.
    """

    def __init__(self, graph: nx.MultiGraph[int]) -> None:
        self.nodes = sorted(graph)
        vertex = {node: index for index, node in enumerate(self.nodes)}
        self.edges = sorted(graph.edges(keys=True))
        xy = [graph.nodes[node]["xy"] for node in self.nodes]
        on: list[tuple[int, int, float]] = []  # vertex, edge, position
        self.steps: dict[tuple[int, int], tuple[tuple[int, float, float], float]] = {}
        for number, edge in enumerate(self.edges):
            data = graph.edges[edge]
            tail = data["tail"]
            head = edge[1] if tail == edge[0] else edge[0]
            along = np.r_[0, np.cumsum(np.hypot(*np.diff(data["line"], axis=0).T))]
            at = np.linspace(0, along[-1], max(2, int(np.ceil(along[-1] / STEP)) + 1))
            inner = range(len(xy), len(xy) + len(at) - 2)
            xy += [[np.interp(s, along, data["line"][:, k]) for k in (0, 1)] for s in at[1:-1]]
            chain = [vertex[tail], *inner, vertex[head]]
            on += list(zip(chain, [number] * len(at), at.tolist(), strict=True))
            factor = 1.0 if data.get("highway") == "motorway" else LESSER
            for a, b, start, stop in zip(chain, chain[1:], at, at[1:], strict=False):
                cost = max(float(stop - start), 1e-3) * factor
                self._keep_step(a, b, (number, float(start), float(stop)), cost)
        self.xy = np.array(xy)
        self.on_vertex, self.on_edge = np.array([o[0] for o in on]), np.array([o[1] for o in on])
        self.on_position = np.array([o[2] for o in on])
        self.tree = cKDTree(self.xy[self.on_vertex])
        shape = (len(xy), len(xy))
        # A double edge would be added up by the constructor: keep the cheaper one.
        best = {(min(a, b), max(a, b)): c for (a, b), (_, c) in self.steps.items()}
        pairs = np.array(list(best))
        self.matrix = csr_matrix((list(best.values()), (pairs[:, 0], pairs[:, 1])), shape=shape)
        self.lines = [graph.edges[edge]["line"] for edge in self.edges]

    def _keep_step(self, a: int, b: int, step: tuple[int, float, float], cost: float) -> None:
        pair = (min(a, b), max(a, b))
        if pair not in self.steps or cost < self.steps[pair][1]:
            self.steps[pair] = (step, cost)

    def candidates(self, xy: NDArray[np.float64]) -> list[tuple[float, int]]:
        """Cost and row (vertex on edge) of the nearest point of each centerline near ``xy``, best first."""
        found: dict[int, tuple[float, int]] = {}
        for row in self.tree.query_ball_point(xy, REACH + STEP):
            distance = project(self.lines[self.on_edge[row]], xy)[1]
            step = float(np.hypot(*(self.xy[self.on_vertex[row]] - xy)))
            edge = int(self.on_edge[row])
            if distance <= REACH and (edge not in found or step < found[edge][0]):
                found[edge] = (step, int(row))
        scored = [
            ((project(self.lines[e], xy)[1] / 2) ** 2 + 0.02 * step, row) for e, (step, row) in found.items()
        ]
        return sorted(scored)[:CANDIDATES]

    def match(self, route: Route) -> tuple[list[Matched], list[tuple[int, float, float]]]:
        """Visible waypoints on centerlines, and the steps (edge number, start, stop) the route runs along."""
        found: list[Matched] = []
        steps: list[tuple[int, float, float]] = []
        chain: list[tuple[Waypoint, list[tuple[float, int]]]] = []
        for point in route.points:
            options = self.candidates(point.xy)
            if options:
                chain.append((point, options))
        if not chain:
            return found, steps
        rows, linked = self._viterbi(chain)
        for good, (first, second) in zip(linked, pairwise(rows), strict=True):
            if good:
                steps += self.path(int(self.on_vertex[first]), int(self.on_vertex[second]))
        for (point, _), row, before, after in zip(
            chain, rows, [False, *linked], [*linked, False], strict=True
        ):
            # A waypoint that no road joins to its neighbors lies on a road that the tiles lack.
            if point.visible and (before or after):
                edge = int(self.on_edge[row])
                position, distance = project(self.lines[edge], point.xy)
                found.append(Matched(route, point, self.edges[edge], position, distance))
        return found, steps

    def _viterbi(self, chain: list[tuple[Waypoint, list[tuple[float, int]]]]) -> tuple[list[int], list[bool]]:
        """Chosen row for each waypoint, and whether the road to the next one is accepted."""
        score = np.array([cost for cost, _ in chain[0][1]])
        back: list[NDArray[np.int64]] = []
        fits: list[NDArray[np.bool_]] = []
        for (here, options), (there, following) in pairwise(chain):
            straight = float(np.hypot(*(there.xy - here.xy)))
            limit = DETOUR * straight + SLACK
            ends = self.on_vertex[[row for _, row in following]]
            starts = self.on_vertex[[row for _, row in options]]
            road = dijkstra(self.matrix, directed=False, indices=starts, limit=limit * LESSER)[:, ends]
            excess = np.where(road <= limit, np.abs(road - straight), 1000.0)
            total = score[:, None] + excess * 0.5 + np.array([cost for cost, _ in following])[None, :]
            choice = total.argmin(axis=0)
            back.append(choice)
            fits.append((road <= limit)[choice, np.arange(len(ends))])
            score = total[choice, np.arange(len(ends))]
        at = int(score.argmin())
        rows, linked = [chain[-1][1][at][1]], []
        for index in range(len(back) - 1, -1, -1):
            linked.append(bool(fits[index][at]))
            at = int(back[index][at])
            rows.append(chain[index][1][at][1])
        return rows[::-1], linked[::-1]

    def path(self, start: int, stop: int) -> list[tuple[int, float, float]]:
        """Return the steps of the cheapest way between two vertices."""
        _, before = dijkstra(self.matrix, directed=False, indices=np.array([start]), return_predecessors=True)
        steps = []
        while stop != start and before[0, stop] >= 0:
            previous = int(before[0, stop])
            steps.append(self.steps[min(previous, stop), max(previous, stop)][0])
            stop = previous
        return steps[::-1]
