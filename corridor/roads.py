"""The road network: OSMnx tables outside, compressed sparse rows inside, one id map between them.

:func:`load` makes it of any source: the shipped tables, a file, a folder, or a download.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError
from corridor.geodesy import EARTH_RADIUS_KM, unit_vectors
from corridor.road_classes import UNKNOWN_CLASS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import geopandas as gpd
    import networkx as nx
    from numpy.typing import ArrayLike, NDArray
    from scipy.sparse import csr_array

    from corridor.download import Area, Servers
    from corridor.imports import ImportReport, Pipeline


@dataclass(frozen=True, slots=True, eq=False)
class RoadNetwork:
    """A directed road graph as tables and as arrays.

    Parameters
    ----------
    nodes
        OSMnx nodes table, index ``osmid``, WGS 84.
    edges
        OSMnx edges table, index ``(u, v, key)``, ``length`` in m.
    node_ids
        (n_nodes,) int64: node id of each vertex; ascending.
    indptr, heads
        (n_nodes + 1,) and (n_edges,) int32: edges leaving vertex i go to
        ``heads[indptr[i]:indptr[i + 1]]``. Parallel edges stay, quickest first.
    edge_rows
        (n_edges,) int64: row of ``edges`` behind each arc.
    length_km, hours
        (n_edges,) float64: length and free-flow truck travel time.
    """

    nodes: gpd.GeoDataFrame
    edges: gpd.GeoDataFrame
    node_ids: NDArray[np.int64]
    indptr: NDArray[np.int32]
    heads: NDArray[np.int32]
    edge_rows: NDArray[np.int64]
    length_km: NDArray[np.float64]
    hours: NDArray[np.float64]

    @property
    def n_nodes(self) -> int:
        """Number of vertices."""
        return len(self.node_ids)

    @property
    def tails(self) -> NDArray[np.int32]:
        """(n_edges,) int32: vertex each arc leaves."""
        return np.repeat(np.arange(self.n_nodes, dtype=np.int32), np.diff(self.indptr))

    def vertices(self, node_ids: ArrayLike) -> NDArray[np.int64]:
        """Return the vertex of each node id.

        Raises
        ------
        corridor.errors.InputError
            If an id is not in the network.
        """
        wanted = np.asarray(node_ids, dtype=np.int64)
        found = np.searchsorted(self.node_ids, wanted)
        found = np.minimum(found, self.n_nodes - 1)
        missing = wanted[self.node_ids[found] != wanted]
        if missing.size:
            raise InputError(Fault(f"node {missing[0]} is not in the road network", mend="Snap it first"))
        return found

    def arcs(self) -> NDArray[np.int64]:
        """Return the quickest arc of every ordered pair: (n,) int64 positions into ``heads``."""
        tails = self.tails
        first = np.ones(len(tails), dtype=bool)
        first[1:] = (tails[1:] != tails[:-1]) | (self.heads[1:] != self.heads[:-1])
        return np.flatnonzero(first)

    def matrix(self, cost: NDArray[np.float64] | None = None) -> csr_array:
        """Return a sparse cost matrix over vertices, without slower parallels.

        Parameters
        ----------
        cost
            (n_edges,) positive cost per arc; None takes ``hours``.
        """
        from scipy.sparse import csr_array  # noqa: PLC0415  half a second: paid where a matrix is made

        arcs = self.arcs()
        data = (self.hours if cost is None else cost)[arcs]
        return csr_array((data, (self.tails[arcs], self.heads[arcs])), shape=(self.n_nodes, self.n_nodes))


def from_tables(
    nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, *, speeds_kmh: Mapping[str, float]
) -> RoadNetwork:
    """Return the network of OSMnx tables.

    Parameters
    ----------
    nodes, edges
        As :func:`osmnx.graph_to_gdfs` gives them.
    speeds_kmh
        Truck speed by ``highway`` class; a ``_link`` runs at its class's speed, an unlisted class
        at the lowest. Where the edges have ``maxspeed_kmh``, a truck keeps to that limit too; an edge of
        unknown class (``road``) runs at its limit, at most at the speed of the fastest class.

    Raises
    ------
    corridor.errors.InputError
        If an edge has no positive finite length or joins an unknown node.
    """
    node_ids = np.sort(nodes.index.to_numpy(dtype=np.int64))
    length_km = edges["length"].to_numpy(dtype=np.float64) / 1000.0
    tail, head = _checked_ends(node_ids, edges.index, length_km)
    hours = length_km / _speeds(edges, speeds_kmh)
    order = _order(tail, head, hours)
    counts = np.bincount(tail, minlength=len(node_ids))
    return RoadNetwork(
        nodes=nodes,
        edges=edges,
        node_ids=node_ids,
        indptr=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        heads=head[order],
        edge_rows=order.astype(np.int64),
        length_km=length_km[order],
        hours=hours[order],
    )


def _order(tail: NDArray[np.int32], head: NDArray[np.int32], hours: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n_edges,) int64: edges by tail, head and hours; tables written by an import are so already."""
    step = np.sign(np.diff(tail)) * 2 + np.sign(np.diff(head))
    if len(step) == 0 or step.min() > 0:
        return np.arange(len(tail))
    return np.lexsort((hours, head, tail))


def _checked_ends(
    node_ids: NDArray[np.int64], index: pd.Index, length_km: NDArray[np.float64]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return the vertices each edge joins; refuse edges that go nowhere or have no length."""
    faults, vertices, stray = [], [], []
    ids = [index.get_level_values(level).to_numpy(np.int64) for level in (0, 1)]
    for end in ids:
        at = np.minimum(np.searchsorted(node_ids, end), max(len(node_ids) - 1, 0))
        vertices.append(at.astype(np.int32))
        stray.append(end[node_ids[at] != end] if len(node_ids) else end)
    lost = np.unique(np.concatenate(stray))
    if lost.size:
        faults.append(
            Fault(f"{lost.size} edge ends are not nodes, first {lost[0]}", "roads", "Add the nodes")
        )
    bad = ~(np.isfinite(length_km) & (length_km > 0))
    if bad.any():
        u, v = (end[np.argmax(bad)] for end in ids)
        faults.append(
            Fault(f"{bad.sum()} edges have no positive length, first {u}->{v}", "roads", "Measure them in m")
        )
    if len(index) == 0:
        faults.append(Fault("there is no drivable edge", "roads", "Check the highway classes kept"))
    if faults:
        raise InputError(faults)
    return vertices[0], vertices[1]


def _speeds(edges: gpd.GeoDataFrame, speeds_kmh: Mapping[str, float]) -> NDArray[np.float64]:
    """(n_edges,) float64, km/h: truck speed by highway class, and never above a posted limit."""
    lowest, highest = min(speeds_kmh.values()), max(speeds_kmh.values())
    highway = edges["highway"]
    if highway.dtype == object:
        highway = highway.map(lambda value: value[0] if isinstance(value, list) else value)
    codes, classes = pd.factorize(highway.astype(str))
    by_class = [speeds_kmh.get(str(name).removesuffix("_link"), lowest) for name in classes]
    speeds = np.asarray(by_class, dtype=np.float64)[codes]
    if "maxspeed_kmh" in edges.columns:
        limit = edges["maxspeed_kmh"].to_numpy(dtype=np.float64)
        unknown = (classes == UNKNOWN_CLASS)[codes]
        speeds = np.where(limit > 0, np.minimum(limit, np.where(unknown, highest, speeds)), speeds)
    return speeds


def load(
    source: Path | Area | None = None,
    *,
    speeds_kmh: Mapping[str, float] | None = None,
    pipeline: Pipeline | None = None,
    cache: Path | None = None,
    servers: Servers | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> RoadNetwork:
    """Return the road network of a source; :func:`load_with_report` also says what was left out.

    Parameters
    ----------
    source
        None: the shipped tables. A file: ``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``, ``.graphml`` or
        ``.gpkg`` of OSMnx. A folder: node.csv and link.csv (GMNS), or tables written by an import.
        An area: downloaded through OSMnx.
    speeds_kmh
        Truck speed by ``highway`` class; the documented defaults without it.
    pipeline
        Steps taken on a graph that is not a table of ours; the defaults without it.
    cache
        Folder for answers of the download servers.
    servers
        Where to download from.
    say
        Called with a line of progress.

    Raises
    ------
    corridor.errors.InputError
        If the source cannot be read or holds no drivable network.
    """
    network, _ = load_with_report(
        source, speeds_kmh=speeds_kmh, pipeline=pipeline, cache=cache, servers=servers, say=say
    )
    return network


def load_with_report(
    source: Path | Area | None = None,
    *,
    speeds_kmh: Mapping[str, float] | None = None,
    pipeline: Pipeline | None = None,
    cache: Path | None = None,
    servers: Servers | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[RoadNetwork, ImportReport | None]:
    """Return the network of a source as :func:`load` does, and the report of its import, None for tables."""
    from corridor.loading import road_tables  # noqa: PLC0415  the readers cost a second

    nodes, edges, report = road_tables(source, pipeline=pipeline, cache=cache, servers=servers, say=say)
    if speeds_kmh is None:
        from corridor.sources import data_directory, read_truck_speeds  # noqa: PLC0415  only for the defaults

        speeds_kmh = read_truck_speeds(data_directory())
    return from_tables(nodes, edges, speeds_kmh=speeds_kmh), report


def from_osmnx(graph: nx.MultiDiGraph[int], *, speeds_kmh: Mapping[str, float]) -> RoadNetwork:
    """Return the network of an OSMnx graph, every attribute kept; another projection is brought to WGS 84."""
    import osmnx as ox  # noqa: PLC0415  1.8 s and 280 MB: paid only where a graph is converted

    nodes, edges = ox.graph_to_gdfs(graph)
    # A table fills what only some nodes or edges have with NaN and makes whole numbers of it fractions.
    for table, rows in ((nodes, graph.nodes(data=True)), (edges, graph.edges(keys=True, data=True))):
        _restore_types(table, [row[-1] for row in rows])
    if not nodes.crs.equals("EPSG:4326"):
        nodes, edges = nodes.to_crs("EPSG:4326"), edges.to_crs("EPSG:4326")
        nodes = nodes.assign(x=nodes.geometry.x, y=nodes.geometry.y)
    else:
        edges.attrs["graph"] = {key: value for key, value in graph.graph.items() if key != "crs"}
    return from_tables(nodes, edges, speeds_kmh=speeds_kmh)


def _restore_types(table: gpd.GeoDataFrame, attributes: list[dict[str, Any]]) -> None:
    """Put values back as they were where a column of whole numbers or flags became fractional."""
    for name in table.columns:
        if name == "geometry" or not pd.api.types.is_float_dtype(table[name]):
            continue
        given = [data.get(name) for data in attributes]
        if not all(isinstance(value, float) for value in given if value is not None):
            table[name] = pd.Series(given, index=table.index, dtype=object)


def to_osmnx(network: RoadNetwork) -> nx.MultiDiGraph[int]:
    """Return the network as an OSMnx graph, on which every OSMnx function works."""
    import osmnx as ox  # noqa: PLC0415  1.8 s and 280 MB: paid only where a graph is converted

    attributes = {"crs": network.edges.crs, **network.edges.attrs.get("graph", {})}
    graph: nx.MultiDiGraph[int] = ox.graph_from_gdfs(network.nodes, network.edges, graph_attrs=attributes)
    return graph


def snap(
    network: RoadNetwork, lon: ArrayLike, lat: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the nearest node of each point and how far away it is.

    Nodes of an import that only mark where a road changes (``split``) are passed over: where they lie depends
    on the tags a source has, and the same place must lie at the same junction in every source.

    Parameters
    ----------
    network
        Road network.
    lon, lat
        (n,) degrees WGS 84.

    Returns
    -------
    node_ids
        (n,) int64.
    distance_km
        (n,) float64, great-circle km.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415  half a second: paid where something is snapped

    nodes = network.nodes
    if "split" in nodes.columns:
        junctions = ~nodes["split"].to_numpy(dtype=bool)
        nodes = nodes[junctions] if junctions.any() else nodes
    x, y = nodes["x"].to_numpy(dtype=np.float64), nodes["y"].to_numpy(dtype=np.float64)
    chord, row = cKDTree(unit_vectors(x, y)).query(unit_vectors(lon, lat))
    distance = 2.0 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2.0, 1.0))
    return nodes.index.to_numpy(dtype=np.int64)[row], np.asarray(distance, dtype=np.float64)
