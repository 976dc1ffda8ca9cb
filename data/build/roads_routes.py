"""Put waypoints into the centerline graph: nodes at interchanges, numbers on edges, names on nodes."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from scipy.spatial import cKDTree

from data.build import roads_topology as topology
from data.build.roads_names import (
    BORDER,
    EXPRESSWAY,
    ROAD_NAMES,
    border_name,
    interchange_name,
    label_refs,
    sort_refs,
)
from data.build.roads_tiles import nearest, region_box, sample, to_degrees
from data.build.roads_waypoints import DETOUR, SLACK, Matched, Matcher

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from data.build.roads_names import Counties
    from data.build.roads_tiles import SourceLine
    from data.build.roads_waypoints import Route

Graph = nx.MultiGraph

FARTHEST = 8.0
"""A visible waypoint farther from its centerline (pixels, 0.53 km) gives no node."""

SNAP, SNAP_JUNCTION = 5.0, 14.0
"""A waypoint this near a junction (pixels, along the road) is that junction; more if its label names one."""

TOGETHER = 3.0
"""Waypoints this near each other along an edge (pixels) are one node."""

APART = 45.0
"""Interchanges without a waypoint are at least this far (pixels, 3 km) from others of their road."""

NAMED_SHARE = 0.3
"""An edge takes number and name of a named line that covers this share of it."""


SHARED = 5.0
"""Factor on motorways of another number when the way of one road is sought."""


@dataclass
class Found:
    """Waypoints found in the graph: for each route its (label, node) in order."""

    stops: list[tuple[Route, list[tuple[str, int]]]] = field(default_factory=list)

    def node(self, ref: str, province: str, label: str) -> int:
        """Node of one waypoint."""
        for route, stops in self.stops:
            if (route.ref, route.province) == (ref, province):
                for name, node in stops:
                    if name == label:
                        return node
        message = f"no waypoint {label} of {ref} in {province}"
        raise KeyError(message)


def number_edges(graph: Graph[int], routes: Sequence[Route]) -> Found:
    """Match all routes, split edges at visible waypoints, give every edge its set ``refs``; in place."""
    matcher = Matcher(graph)
    matched: list[Matched] = []
    marks: dict[tuple[int, int, int], list[tuple[float, float, str]]] = defaultdict(list)
    missing = 0
    for route in routes:
        points, steps = matcher.match(route)
        near = [point for point in points if point.distance <= FARTHEST]
        missing += sum(point.visible and _inside(point.xy) for point in route.points) - len(near)
        matched += near
        for number, start, stop in steps:
            marks[matcher.edges[number]].append((start, stop, route.ref))
    print(f"   {len(matched)} waypoints on centerlines, {missing} on roads that the tiles lack", flush=True)
    nodes = _insert(graph, matched, marks)
    found = Found()
    for route in routes:
        stops = [(m.point.label, node) for m, node in zip(matched, nodes, strict=True) if m.route is route]
        if stops:
            found.stops.append((route, stops))
    return found


def _inside(xy: NDArray[np.float64]) -> bool:
    x0, y0, x1, y1 = region_box()
    return bool(x0 < xy[0] < x1 and y0 < xy[1] < y1)


def _insert(
    graph: Graph[int],
    matched: Sequence[Matched],
    marks: dict[tuple[int, int, int], list[tuple[float, float, str]]],
) -> list[int]:
    """Node of each matched waypoint, splitting edges and spreading the marks over the pieces."""
    by_edge: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for index, match in enumerate(matched):
        by_edge[match.edge].append(index)
    nodes = [-1] * len(matched)
    fresh = max(graph) + 1
    degree = dict(graph.degree())
    for edge in sorted(graph.edges(keys=True)):
        data = graph.edges[edge]
        total = topology.length(data["line"])
        tail = data["tail"]
        head = edge[1] if tail == edge[0] else edge[0]
        places: list[tuple[float, int]] = []
        for index in sorted(by_edge.get(edge, []), key=lambda i: matched[i].position):
            position = matched[index].position
            junction = bool(label_refs(matched[index].point.label)[1])
            to_end, end = min((position, tail), (total - position, head))
            if to_end <= (SNAP_JUNCTION if junction and degree[end] > 2 else SNAP):
                nodes[index] = end
            elif places and position - places[-1][0] <= TOGETHER:
                nodes[index] = places[-1][1]
            else:
                places.append((position, fresh))
                nodes[index] = fresh
                fresh += 1
        pieces = topology.split_edge(graph, edge, places) if places else [edge]
        cuts = [0.0, *[position for position, _ in places], total]
        for piece, (start, stop) in zip(pieces, pairwise(cuts), strict=True):
            covered: dict[str, float] = defaultdict(float)
            for low, high, ref in set(marks.get(edge, [])):
                covered[ref] += max(0.0, min(high, stop) - max(low, start))
            graph.edges[piece]["refs"] = {ref for ref, part in covered.items() if part > (stop - start) / 2}
            graph.edges[piece]["waypointed"] = bool(graph.edges[piece]["refs"])
    return nodes


def motorway_path(
    graph: Graph[int], start: int, stops: Iterable[int], *, only: str | None = None
) -> list[tuple[int, int, int]]:
    """Edges of the shortest way over motorways from ``start`` to the nearest of ``stops``; may be none.

    With ``only``, other numbered motorways count `SHARED` times their length: the way keeps to motorways
    without a number or with that one, but for short pieces where it crosses another at an angle.
    """

    def lengths(keyed: dict[Any, dict[str, Any]]) -> dict[int, float]:
        return {
            key: topology.length(data["line"])
            * (SHARED if only is not None and data["refs"] - {only} else 1.0)
            for key, data in keyed.items()
            if data["highway"] == "motorway"
        }

    def weight(_u: int, _v: int, keyed: dict[Any, dict[str, Any]]) -> float | None:
        return min(lengths(keyed).values(), default=None)

    distance: Any
    paths: Any
    distance, paths = nx.single_source_dijkstra(graph, start, weight=weight)
    reached = sorted((distance[stop], stop) for stop in stops if stop in distance)
    if not reached:
        return []
    edges = []
    for u, v in pairwise(paths[reached[0][1]]):
        fast = lengths(graph[u][v])
        edges.append((u, v, min(fast, key=lambda key: fast[key])))
    return edges


def add_missing_routes(graph: Graph[int], found: Found) -> None:
    """Give numbers to roads that the waypoints lack but the tiles hold; in place.

    - G5013 in Sichuan: the shortest way over motorways from the border point of its Chongqing half to the
      ring of Chengdu (G4202).
    - SA2, eastern half: the shortest way over motorways without a number from the interchange that G76 labels
      SA2 to its southern and to its northern end.
    - Provincial expressways: the shortest way over motorways without a number between two interchanges of one
      province whose labels name the same road, if it is at most `DETOUR` × the straight line + `SLACK` and
      shares at most a tenth with other numbers.
    """
    ring = {node for u, v, data in graph.edges(data=True) if "G4202" in data["refs"] for node in (u, v)}
    _number("G5013", graph, motorway_path(graph, found.node("G5013", "CQ", "CQ/SC"), ring))
    middle = found.node("G76", "SC", "SA2")
    for label in ("S4", "New9thRd"):
        _number("SA2", graph, motorway_path(graph, middle, [found.node("SA2", "SC", label)], only="SA2"))
    named: dict[tuple[str, str], set[int]] = defaultdict(set)
    for route, stops in found.stops:
        for label, node in stops:
            for ref in label_refs(label)[1]:
                if ref.startswith("S") and ref != "SA2":
                    named[route.province, ref].add(node)
    for (_, ref), nodes in sorted(named.items()):
        for one, two in combinations(sorted(nodes), 2):
            straight = float(np.hypot(*(graph.nodes[one]["xy"] - graph.nodes[two]["xy"])))
            path = motorway_path(graph, one, [two], only=ref)
            own = [edge for edge in path if graph.edges[edge]["refs"] <= {ref}]
            total, alone = (
                sum(topology.length(graph.edges[e]["line"]) for e in some) for some in (path, own)
            )
            if 0.9 * total <= alone and 0 < total <= DETOUR * straight + SLACK:
                _number(ref, graph, path)


def _number(ref: str, graph: Graph[int], path: Sequence[tuple[int, int, int]]) -> None:
    fresh = [edge for edge in path if ref not in graph.edges[edge]["refs"]]
    for edge in fresh:
        graph.edges[edge]["refs"] = graph.edges[edge]["refs"] | {ref}
    km = sum(topology.length(graph.edges[edge]["line"]) for edge in fresh) * 0.0662
    if fresh:
        print(f"   {ref}: {len(fresh)} edges numbered by rule, about {km:.0f} km", flush=True)


def add_named_lines(graph: Graph[int], named: Sequence[SourceLine], *, known: set[str]) -> None:
    """Give motorways without a number that of a named line of the tiles that covers part of them; in place.

    Numbers ``known`` from waypoints are left out: where the two disagree, the lines are older.
    """
    lines = [
        line
        for line in named
        if line.highway == "motorway" and EXPRESSWAY.match(line.ref) and line.ref not in known
    ]
    points, owners = sample([line.xy for line in lines], 0.5)
    tree = cKDTree(points)
    for u, v, key in sorted(graph.edges(keys=True)):
        data = graph.edges[u, v, key]
        if data["refs"] or data["highway"] != "motorway":
            continue
        distance, index = nearest(tree, sample([data["line"]], 1.0)[0], 4.0)
        near = index[np.isfinite(distance)]
        if len(near) > NAMED_SHARE * len(distance):
            line = lines[int(np.bincount(owners[near]).argmax())]
            data["refs"] = {line.ref}
            data["name"] = ROAD_NAMES.get(line.ref, line.name) or None


def name_nodes(graph: Graph[int], found: Found, counties: Counties) -> None:
    """Give interchanges ``highway``, ``ref``, ``road_ref``, ``km_post``, ``name``, ``name_en``; in place."""
    labels: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for route, stops in found.stops:
        for label, node in stops:
            labels[node].append((route.ref, label))
    seen: dict[str | None, list[NDArray[np.float64]]] = defaultdict(list)
    # Labeled ones first: the others keep away from them.
    for node in sorted(graph, key=lambda one: (one not in labels, one)):
        lon, lat = to_degrees(np.array([graph.nodes[node]["xy"]]))[0]
        county = counties.at(float(lon), float(lat))
        if node in labels:
            _name_labeled(graph, node, labels[node], county)
        elif county[2] // 10000 in (50, 51):
            _name_unlabeled(graph, node, county)
            # A road beside a motorway touches it time and again: one interchange stands for them.
            tags = graph.nodes[node]
            crowded = any(np.hypot(*(place - tags["xy"])) < APART for place in seen[tags.get("road_ref")])
            if crowded and "枢纽" not in tags.get("name", ""):
                for column in ("highway", "road_ref", "name", "name_en"):
                    tags.pop(column, None)
        if "road_ref" in graph.nodes[node]:
            seen[graph.nodes[node]["road_ref"]].append(graph.nodes[node]["xy"])
    _tell_apart(graph)


def _incident_refs(graph: Graph[int], node: int) -> list[frozenset[str]]:
    return [frozenset(data["refs"]) for _, _, data in graph.edges(node, data=True)]


def _name_labeled(
    graph: Graph[int], node: int, labels: list[tuple[str, str]], county: tuple[str, str, int]
) -> None:
    tags = graph.nodes[node]
    # A label that is the road's own exit number comes first, then any that names it.
    labels = sorted(labels, key=lambda pair: (not pair[1].isdigit(), "(" in pair[1], sort_key(pair[0])))
    road, label = labels[0]
    borders = [border_name(road, text) for _, text in labels if BORDER.match(text)]
    if borders and borders[0]:
        tags.update(ref=label, road_ref=road)
        tags["name"], tags["name_en"] = borders[0]
        return
    met = {ref for _, text in labels for ref in label_refs(text)[1]}
    incident = _incident_refs(graph, node)
    if graph.degree(node) > 2:
        # A road that runs along with this one on all its edges here is concurrent, not met.
        met |= {ref for refs in incident if road not in refs for ref in refs}
        met -= {
            ref
            for ref in met
            if all(road in refs for refs in incident if ref in refs) and any(ref in refs for refs in incident)
        }
    tags.update(highway="motorway_junction", ref=label, road_ref=road)
    tags["name"], tags["name_en"] = interchange_name(road, label, sort_refs(met - {road}), county)
    if label.isdigit():
        tags["km_post"] = float(label)


def _name_unlabeled(graph: Graph[int], node: int, county: tuple[str, str, int]) -> None:
    """Name a junction without a waypoint: of motorways; with other roads only where waypoints lack."""
    edges = [data for _, _, data in graph.edges(node, data=True)]
    fast = [data for data in edges if data["highway"] == "motorway" and data["refs"]]
    if len(edges) < 3 or not fast:
        return
    distinct = {frozenset(data["refs"]) for data in fast}
    refs = sort_refs(ref for group in distinct for ref in group)
    if len(distinct) > 1 or not any(data["waypointed"] for data in fast):
        tags = graph.nodes[node]
        tags.update(highway="motorway_junction", road_ref=refs[0])
        road = refs[0]
        met = [ref for ref in refs if any(ref in group and road not in group for group in distinct)]
        tags["name"], tags["name_en"] = interchange_name(road, "", met, county)


def sort_key(ref: str) -> tuple[str, int, str]:
    """Order of road numbers, as `roads_names.sort_refs`."""
    return ref[0], len(ref), ref


def _tell_apart(graph: Graph[int]) -> None:
    """Count interchanges of the same name from west to east, in each language."""
    for column, bracket in (("name", "（"), ("name_en", " (")):
        same: dict[str, list[int]] = defaultdict(list)
        for node, tags in graph.nodes(data=True):
            if tags.get("highway"):
                same[tags[column]].append(node)
        for nodes in same.values():
            if len(nodes) > 1:
                for count, node in enumerate(sorted(nodes, key=lambda n: graph.nodes[n]["xy"][0]), start=1):
                    tags = graph.nodes[node]
                    tags[column] = tags[column].replace(bracket, f"-{count}{bracket}", 1)


def calibration(graph: Graph[int], found: Found) -> float:
    """Factor on geodesic lengths: kilometers between exit numbers over kilometers of the graph.

    Exit numbers are kilometer posts, rounded. Stretches of one road of at least 30 km between two of them
    count, by length, if both lengths agree within 5 %; beyond that, numbering jumps or the road was moved.
    """
    posts, roads = [], []
    for route, stops in found.stops:
        own: nx.MultiGraph[int] = nx.MultiGraph(
            [edge for edge in graph.edges(keys=True, data=True) if route.ref in edge[3]["refs"]]
        )
        numbered = [(float(label), node) for label, node in stops if label.isdigit() and node in own]
        start = 0
        for stop in range(1, len(numbered)):
            (post, node), (next_post, next_node) = numbered[start], numbered[stop]
            if not nx.has_path(own, node, next_node):
                start = stop
                continue
            road = nx.shortest_path_length(own, node, next_node, weight="length_m") / 1000
            if road < 30:
                continue
            # Numbers show the last three digits.
            post_km = abs((next_post - post + 500) % 1000 - 500)
            if abs(post_km / road - 1) < 0.05:
                posts.append(post_km)
                roads.append(road)
            start = stop
    print(f"   {len(posts)} stretches: {sum(posts):,.0f} km by exit numbers, {sum(roads):,.0f} km by graph")
    return float(sum(posts) / sum(roads))
