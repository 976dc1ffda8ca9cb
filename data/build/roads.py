"""Derive the road graph: ``roads_nodes.parquet`` and ``roads_edges.parquet``.

Motorways and trunk roads of lon 100–110, lat 26–33, as of about the end of 2020, from zoom-7 tiles of
OpenStreetMap data, with the numbers and interchanges of TravelMapping's waypoints.

How the graph is made
    1. Road lines become centerlines: raster, skeleton, graph (`roads_skeleton`), cleaned (`roads_topology`).
       One centerline stands for the road; in the tables it is **two directed edges, u→v and v→u, of equal
       length**, whether the road is a dual carriageway (``oneway`` True on both) or a single one
       (``oneway`` False, the second edge ``reversed``). The tiles do not tell; motorways count as dual,
       trunk roads as single.
    2. The double spiral of G5 at Tuowushan (exits 94–109), which a skeleton cannot hold because the road
       crosses itself there, is drawn as a spline through its waypoints, its length the waypoint distance
       × `SPIRAL_FACTOR`.
    3. Class, bridge and tunnel shares come from the nearest source line.
    4. Waypoints are matched (`roads_waypoints`), become nodes, and give the edges between them their number.
    5. Numbers that the waypoints lack are added by rule (`roads_routes`): the Sichuan half of G5013, the
       eastern half of SA2, provincial expressways between two interchanges whose labels name them.
    6. ``length`` is the geodesic length of the line × one factor for all edges, found by comparing the graph
       with exit numbers, which are kilometer posts (`calibration`).

Every crossing of two lines is a junction, because the tiles hold no ramps; some are not in the world.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod
from scipy.interpolate import CubicSpline
from scipy.spatial import cKDTree

from data.build import roads_topology as topology
from data.build.roads_names import Counties, road_name, sort_refs
from data.build.roads_routes import add_missing_routes, add_named_lines, calibration, name_nodes, number_edges
from data.build.roads_skeleton import centerline_graph
from data.build.roads_tiles import SourceLine, nearest, read_lines, region_box, sample, to_degrees, to_pixels
from data.build.roads_waypoints import Route, read_routes

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

GEOD = Geod(ellps="WGS84")

SPIRAL_FACTOR = 1.026
"""Road over waypoint distance between G5 exits 94 and 109 (../shared/sources, traps of the tiles)."""

SPIRAL_BOX = (102.27, 28.9030, 102.34, 29.0105)
"""West, south, east, north of the motorway that is cut out for the spiral: just inside its two exits."""

GAP = 12.0
"""Dead ends at most this far (pixels, 0.8 km) from another line are led to it."""

SHORTEST_RUN = 15
"""A change of class must last this many pixels (1 km) to count."""

NEAR = 4.0
"""A source line tells class and structure of a centerline within this many pixels."""

SIMPLIFY = 0.5
"""Tolerance of the shipped geometry, pixels (33 m)."""


def main(sources: Path, out: Path) -> None:
    """Derive both tables from ``sources`` and write them to ``out``."""
    nodes, edges = derive(sources)
    nodes.to_parquet(out / "roads_nodes.parquet", compression="zstd")
    edges.to_parquet(out / "roads_edges.parquet", compression="zstd")
    size = sum((out / f"roads_{part}.parquet").stat().st_size for part in ("nodes", "edges"))
    print(f"   {len(nodes):,} nodes, {len(edges):,} directed edges, {size / 1e6:.2f} MB")


def derive(sources: Path) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """Both tables, from the tiles, the waypoints and the county polygons in ``sources``."""
    lines, named = read_lines(sources / "osm_tiles_z7")
    routes = read_routes(sources / "travelmapping")
    print(f"   {len(lines):,} road lines, {len(routes)} numbered expressways", flush=True)
    cut = without_box(lines)
    graph = clean_graph(cut, routes)
    classify(graph, lines, cut)
    print(f"   {graph.number_of_nodes():,} junctions, {graph.number_of_edges():,} centerlines", flush=True)
    found = number_edges(graph, routes)
    add_named_lines(graph, named, known={route.ref for route in routes})
    add_missing_routes(graph, found)
    name_nodes(graph, found, Counties(sources / "census2020"))
    measure(graph)
    factor = calibration(graph, found)
    print(f"   lengths × {factor:.4f} to agree with exit numbers", flush=True)
    return tables(graph, factor)


def clean_graph(lines: list[SourceLine], routes: list[Route]) -> nx.MultiGraph[int]:
    """Centerlines of the region: one component, smooth, with the spiral of Tuowushan put into its gap."""
    spiral = spiral_points(routes)
    graph = topology.clean(centerline_graph(lines), region_box())
    first, last = (topology.nearest_node(graph, xy, snap=topology.CLUSTER) for xy in spiral[[0, -1]])
    spiral[[0, -1]] = [graph.nodes[node]["xy"] for node in (first, last)]
    knots = np.r_[0, np.cumsum(np.hypot(*np.diff(spiral, axis=0).T))]
    curve = CubicSpline(knots, spiral)(np.linspace(0, knots[-1], int(knots[-1]) + 1))
    spiral_m = geodesic(spiral) * SPIRAL_FACTOR
    graph.add_edge(first, last, tail=first, line=curve, length_m=spiral_m)
    nx.set_node_attributes(graph, {first: True, last: True}, "fixed")
    graph = topology.clean(graph, region_box())
    mended = topology.mend_gaps(graph, region_box(), reach=GAP)
    graph = topology.largest_component(topology.clean(graph, region_box()))
    print(f"   {mended} gaps mended; the spiral of Tuowushan measures {spiral_m / 1000:.2f} km", flush=True)
    for *_, data in graph.edges(data=True):
        if "length_m" not in data:
            data["line"] = topology.smooth(data["line"])
    return graph


def spiral_points(routes: list[Route]) -> NDArray[np.float64]:
    """Waypoints of G5 from exit 94 to exit 109, (n, 2) pixels."""
    (route,) = [route for route in routes if (route.ref, route.province) == ("G5", "SC")]
    labels = [point.label for point in route.points]
    return np.array([point.xy for point in route.points[labels.index("94") : labels.index("109") + 1]])


def without_box(lines: list[SourceLine]) -> list[SourceLine]:
    """Lines without the motorway inside `SPIRAL_BOX`."""
    west, south, east, north = SPIRAL_BOX
    (x0, y1), (x1, y0) = to_pixels(np.array([[west, south], [east, north]]))
    hole = shapely.box(x0, y0, x1, y1)
    kept = []
    for line in lines:
        shape = shapely.linestrings(line.xy)
        if line.highway != "motorway" or not shapely.intersects(shape, hole):
            kept.append(line)
            continue
        outside = shapely.get_parts(shapely.difference(shape, hole))
        kept += [
            SourceLine(shapely.get_coordinates(part), line.highway, line.structure)
            for part in outside[~shapely.is_empty(outside)]
        ]
    return kept


def classify(graph: nx.MultiGraph[int], lines: list[SourceLine], cut: list[SourceLine]) -> None:
    """Give edges ``highway`` and the source points of their class, in place; split where the class changes.

    Parameters
    ----------
    graph
        Centerlines.
    lines
        All source lines.
    cut
        Source lines without the motorway of the spiral, beside which another road runs.
    """
    trees = {fast: _points(lines, fast=fast) for fast in (True, False)}
    motorway = _points(cut, fast=True)[0]
    for u, v, key, data in sorted(graph.edges(keys=True, data=True), key=lambda edge: edge[:3]):
        even, _ = sample([data["line"]], 1.0)
        fast = without_short_runs(nearest(motorway, even, NEAR)[0] <= NEAR)
        if "length_m" in data:
            fast[:] = True
        data["highway"] = "motorway" if fast[0] else "trunk"
        changes = np.flatnonzero(fast[1:] != fast[:-1])
        if len(changes):
            per_sample = topology.length(data["line"]) / (len(even) - 1)
            new = range(max(graph) + 1, max(graph) + 1 + len(changes))
            places = [((change + 0.5) * per_sample, node) for change, node in zip(changes, new, strict=True)]
            pieces = topology.split_edge(graph, (u, v, key), places)
            for piece, index in zip(pieces, [0, *(changes + 1)], strict=True):
                graph.edges[piece]["highway"] = "motorway" if fast[index] else "trunk"
    for *_, data in graph.edges(data=True):
        data["structure"] = trees[data["highway"] == "motorway"]


def _points(lines: list[SourceLine], *, fast: bool) -> tuple[cKDTree, NDArray[np.str_]]:
    """Points of the motorways (or of the other roads) and whether each is on a bridge or in a tunnel."""
    chosen = [line for line in lines if (line.highway == "motorway") == fast]
    points, owners = sample([line.xy for line in chosen], 0.5)
    return cKDTree(points), np.array([line.structure for line in chosen])[owners]


def without_short_runs(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return flags with runs shorter than `SHORTEST_RUN` turned over, shortest first."""
    flags = flags.copy()
    while True:
        edges = np.r_[0, np.flatnonzero(flags[1:] != flags[:-1]) + 1, len(flags)]
        runs = np.diff(edges)
        if len(runs) == 1 or runs.min() >= SHORTEST_RUN:
            return flags
        shortest = int(runs.argmin())
        flags[edges[shortest] : edges[shortest + 1]] ^= True


def measure(graph: nx.MultiGraph[int]) -> None:
    """Simplify lines; give edges ``geometry`` (degrees), ``length_m`` and structure shares; in place."""
    for u, v, data in graph.edges(data=True):
        even, _ = sample([data["line"]], 1.0)
        tree, kinds = data.pop("structure")
        distance, index = nearest(tree, even, NEAR)
        kind = np.where(np.isfinite(distance), kinds[np.minimum(index, len(kinds) - 1)], "")
        data["bridge_share"], data["tunnel_share"] = (
            float((kind == "bridge").mean()),
            float((kind == "tunnel").mean()),
        )
        line = data["line"] if data["tail"] == u else data["line"][::-1]
        line[[0, -1]] = [graph.nodes[u]["xy"], graph.nodes[v]["xy"]]
        simple = shapely.get_coordinates(shapely.simplify(shapely.linestrings(line), SIMPLIFY))
        data["geometry"] = np.round(to_degrees(simple), 5)
        data["start"] = u
        data.setdefault("calibrated", "length_m" in data)
        if not data["calibrated"]:
            data["length_m"] = geodesic(simple)


def geodesic(xy: NDArray[np.float64]) -> float:
    """Length in meters on the ellipsoid of a line in pixels."""
    return float(GEOD.line_length(*to_degrees(xy).T))


def tables(graph: nx.MultiGraph[int], factor: float) -> tuple[pd.DataFrame, gpd.GeoDataFrame]:
    """Both tables in the schema of docs/tables.md; nodes are numbered from north-west to south-east."""
    order = sorted(
        graph, key=lambda node: (round(graph.nodes[node]["xy"][1], 6), round(graph.nodes[node]["xy"][0], 6))
    )
    number = {node: index for index, node in enumerate(order, start=1)}
    degrees = np.round(to_degrees(np.array([graph.nodes[node]["xy"] for node in order])), 5)
    text = ("highway", "ref", "name", "name_en", "road_ref")
    nodes = pd.DataFrame(
        {"x": degrees[:, 0], "y": degrees[:, 1]}, index=pd.Index(range(1, len(order) + 1), name="osmid")
    )
    nodes["street_count"] = [graph.degree(node) for node in order]
    for column in text:
        nodes[column] = pd.array([graph.nodes[node].get(column) for node in order], dtype="object")
    nodes["km_post"] = [graph.nodes[node].get("km_post", np.nan) for node in order]
    columns = ["x", "y", "street_count", "highway", "ref", "name", "name_en", "road_ref", "km_post"]
    return nodes[columns], edge_table(graph, number, factor)


def edge_table(graph: nx.MultiGraph[int], number: dict[int, int], factor: float) -> gpd.GeoDataFrame:
    """Directed edges: both directions of every centerline."""
    pieces = sorted(
        (
            (number[data["start"]], number[v if data["start"] == u else u], data)
            for u, v, data in graph.edges(data=True)
        ),
        key=lambda piece: (min(piece[:2]), max(piece[:2]), piece[2]["length_m"]),
    )
    rows = []
    keys: dict[tuple[int, int], int] = {}
    for osmid, (start, stop, data) in enumerate(pieces, start=1):
        dual = data["highway"] == "motorway"
        line = shapely.linestrings(data["geometry"])
        common = {
            "osmid": osmid,
            "highway": data["highway"],
            "ref": ";".join(sort_refs(data["refs"])) or None,
            "name": data.get("name") or road_name(data["refs"]),
            "oneway": dual,
            "length": round(data["length_m"] * (1.0 if data["calibrated"] else factor), 1),
            "bridge": "yes" if data["bridge_share"] > 0.5 else None,
            "tunnel": "yes" if data["tunnel_share"] > 0.5 else None,
            "bridge_share": round(data["bridge_share"], 3),
            "tunnel_share": round(data["tunnel_share"], 3),
        }
        for u, v, geometry, back in ((start, stop, line, False), (stop, start, shapely.reverse(line), True)):
            key = keys.get((u, v), -1) + 1
            keys[u, v] = key
            rows.append(
                {"u": u, "v": v, "key": key, **common, "reversed": back and not dual, "geometry": geometry}
            )
    frame = (
        gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326").set_index(["u", "v", "key"]).sort_index()
    )
    order = ["osmid", "highway", "ref", "name", "oneway", "reversed", "length", "bridge", "tunnel"]
    return frame[[*order, "bridge_share", "tunnel_share", "geometry"]]
