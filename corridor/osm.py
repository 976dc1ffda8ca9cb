"""Roads of an OpenStreetMap file, read as a stream: ``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``.

The file is passed once for the ways and then for their nodes only, so memory follows the roads kept, not the
size of the file. A way becomes one edge per direction between nodes it shares with other ways; oneway rules
are those of OSMnx.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

#: Tags of a way that become columns.
WAY_TAGS = (
    "highway",
    "ref",
    "name",
    "maxspeed",
    "maxspeed:hgv",
    "toll",
    "bridge",
    "tunnel",
    "access",
    "motor_vehicle",
    "hgv",
    "area",
)
NODE_TAGS = ("highway", "ref", "name", "name:en")

ONE_WAY = frozenset({"yes", "true", "1", "-1", "reverse", "T", "F"})
AGAINST = frozenset({"-1", "reverse", "T"})

#: libosmium keeps a set of ids in chunks of 2^25 ids, 4 MB each; so many chunks at a time, one pass each.
_CHUNK_BITS, _CHUNKS_AT_ONCE = 25, 128

#: OpenStreetMap keeps coordinates as whole numbers of this part of a degree.
_PER_DEGREE = 1e7

#: Lines made at once: bounds the memory of their coordinates.
_LINES_AT_ONCE = 50_000


@dataclass(slots=True)
class _Ways:
    """Ways as they are read; a tag is the number of its value, -1 where the way lacks it."""

    ids: array[int] = field(default_factory=lambda: array("q"))
    refs: array[int] = field(default_factory=lambda: array("q"))
    counts: array[int] = field(default_factory=lambda: array("i"))
    tags: dict[str, array[int]] = field(default_factory=dict)
    words: dict[str, dict[str, int]] = field(default_factory=dict)

    def table(self) -> pd.DataFrame:
        """Return one row per way: ``osmid`` and a categorical column per tag."""
        columns: dict[str, Any] = {"osmid": np.frombuffer(self.ids, dtype=np.int64)}
        for tag in (*WAY_TAGS, "oneway", "junction"):
            codes = np.frombuffer(self.tags[tag], dtype=np.int32)
            columns[tag] = pd.Categorical.from_codes(codes, pd.Index(self.words[tag], dtype=object))
        return pd.DataFrame(columns)


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The nodes of those ways that the file holds, ascending by id, in 1e-7 degrees; tags of a few."""

    ids: Ints
    x: NDArray[np.int32]
    y: NDArray[np.int32]
    tags: dict[int, dict[str, str]]

    def points(self, rows: Ints) -> NDArray[np.float64]:
        """(n, 2) float64: longitude and latitude in degrees."""
        return np.column_stack([self.x[rows], self.y[rows]]) / _PER_DEGREE


def read_osm(
    path: Path, highways: Sequence[str], *, say: Callable[[str], None] = lambda _: None
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the roads of an OpenStreetMap file as OSMnx tables, unsimplified.

    Parameters
    ----------
    path
        File; its format follows from the name.
    highways
        Values of ``highway`` to keep.
    say
        Called with a line of progress.

    Raises
    ------
    corridor.errors.InputError
        If the file is missing, cut off, not OpenStreetMap data, or without such roads.
    """
    import osmium  # noqa: PLC0415  the library is loaded only where a file is read

    if not path.is_file():
        raise InputError(Fault("there is no such file", str(path), "Check the path"))
    refuse_entities(path)
    try:
        say(f"reading the ways of {path.name}")
        ways = _read_ways(path, highways)
        if not ways.ids:
            mend = "Keep more classes of highway, or take an extract that holds them"
            raise InputError(Fault("there is no drivable edge", path.name, mend))
        say(f"reading the nodes of {len(ways.ids)} ways")
        nodes = _read_nodes(path, np.unique(np.frombuffer(ways.refs, dtype=np.int64)))
    except (RuntimeError, osmium.InvalidLocationError) as error:
        detail = str(error) or type(error).__name__
        mend = "The file may be cut off or of another format: download it again and check its size"
        raise InputError(Fault(f"not readable as OpenStreetMap data ({detail})", path.name, mend)) from error
    return _tables(ways, nodes, path.name)


def refuse_entities(path: Path) -> None:
    """Refuse XML that declares a document type: OpenStreetMap has none, and its entities can blow up."""
    import bz2  # noqa: PLC0415  only for compressed XML
    import gzip  # noqa: PLC0415  only for compressed XML

    if path.name.endswith(".pbf"):
        return
    try:
        if path.name.endswith(".gz"):
            with gzip.open(path) as file:
                start = file.read(65_536)
        elif path.name.endswith(".bz2"):
            with bz2.open(path) as packed:
                start = packed.read(65_536)
        else:
            with path.open("rb") as plain:
                start = plain.read(65_536)
    except (OSError, EOFError) as error:
        raise InputError(Fault(f"not readable ({error})", path.name, "Download the file again")) from error
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        mend = "OpenStreetMap XML has no DOCTYPE: take the file from a source you trust"
        raise InputError(Fault("the XML declares entities, which are refused", path.name, mend))


def _read_ways(path: Path, highways: Sequence[str]) -> _Ways:
    """Read the ways of these classes, in the order of their ids."""
    import osmium  # noqa: PLC0415  the library is loaded only where a file is read

    wanted = osmium.filter.TagFilter(*(("highway", value) for value in highways))
    ways = _Ways()
    for tag in (*WAY_TAGS, "oneway", "junction"):
        ways.tags[tag], ways.words[tag] = array("i"), {}
    stream: Any = osmium.FileProcessor(path, osmium.osm.WAY).with_filter(wanted)
    for way in stream:
        ways.ids.append(way.id)
        before = len(ways.refs)
        ways.refs.extend(node.ref for node in way.nodes)
        ways.counts.append(len(ways.refs) - before)
        tags = way.tags
        for tag, codes in ways.tags.items():
            value, known = tags.get(tag), ways.words[tag]
            codes.append(-1 if value is None else known.setdefault(value, len(known)))
    return ways


def _read_nodes(path: Path, wanted: Ints) -> _Nodes:
    """Read the nodes of these ids, in as many passes as keep the id filter small."""
    ids, x, y = array("q"), array("i"), array("i")
    tags: dict[int, dict[str, str]] = {}
    for part in _parts(wanted):
        _read_part(path, part, (ids, x, y), tags)
    unique, rows = np.unique(np.frombuffer(ids, dtype=np.int64), return_index=True)
    return _Nodes(
        unique, np.frombuffer(x, dtype=np.int32)[rows], np.frombuffer(y, dtype=np.int32)[rows], tags
    )


def _read_part(
    path: Path,
    wanted: Ints,
    columns: tuple[array[int], array[int], array[int]],
    tags: dict[int, dict[str, str]],
) -> None:
    """Add ids, longitudes, latitudes and tags of these nodes."""
    import osmium  # noqa: PLC0415  the library is loaded only where a file is read

    ids, x, y = columns
    chosen = osmium.filter.IdFilter(array("q", wanted.tobytes()))
    stream: Any = osmium.FileProcessor(path, osmium.osm.NODE).with_filter(chosen)
    for node in stream:
        place = node.location
        if not place.valid():
            mend = "Latitude must lie within 90 degrees: are longitude and latitude swapped?"
            raise InputError(Fault(f"node {node.id} lies off the map", path.name, mend))
        ids.append(node.id)
        x.append(place.x)
        y.append(place.y)
        if node.tags:
            found = {tag.k: tag.v for tag in node.tags if tag.k in NODE_TAGS}
            if found:
                tags[node.id] = found


def _parts(wanted: Ints) -> Iterator[Ints]:
    """Yield the ids in parts that fill few chunks of a filter."""
    chunk = wanted >> _CHUNK_BITS
    _, number = np.unique(chunk, return_inverse=True)
    part = number // _CHUNKS_AT_ONCE
    for which in np.unique(part):
        yield wanted[part == which]


def _tables(ways: _Ways, nodes: _Nodes, where: str) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the tables of ways cut at the nodes they share."""
    way, row, run = _points(ways, nodes)
    first, last = _pieces(row, run)
    if len(first) == 0:
        raise InputError(
            Fault("no way has two nodes in the file", where, "Take an extract with complete ways")
        )
    lines = _lines(row, first, last, nodes)
    edges = both_directions(ways.table().take(way[first]), lines, row[first], row[last])
    used, ends = np.unique(edges[["u", "v"]].to_numpy(), return_inverse=True)
    edges[["u", "v"]] = nodes.ids[used][ends.reshape(-1, 2)]
    return _node_table(nodes, used), indexed(edges)


def _points(ways: _Ways, nodes: _Nodes) -> tuple[Ints, Ints, Ints]:
    """Return way, row of the node, and run of each point of the ways that the file holds.

    A way that leaves the extract is cut there: points on either side of a gap belong to different runs. A
    point repeated on the spot counts once.
    """
    way = np.repeat(np.arange(len(ways.ids)), np.frombuffer(ways.counts, dtype=np.int32))
    refs = np.frombuffer(ways.refs, dtype=np.int64)
    row = np.minimum(np.searchsorted(nodes.ids, refs), max(len(nodes.ids) - 1, 0))
    known = np.zeros(len(refs), dtype=bool) if len(nodes.ids) == 0 else nodes.ids[row] == refs
    run = np.cumsum(np.concatenate([[False], (way[1:] != way[:-1]) | ~known[1:] | ~known[:-1]]))
    way, row, run = way[known], row[known], run[known]
    kept = np.ones(len(row), dtype=bool)
    kept[1:] = (row[1:] != row[:-1]) | (run[1:] != run[:-1])
    return way[kept], row[kept], run[kept]


def _pieces(row: Ints, run: Ints) -> tuple[Ints, Ints]:
    """Return the positions where each piece between shared nodes begins and ends."""
    shared = np.bincount(row)[row] > 1
    edge = np.ones(len(row), dtype=bool)
    edge[1:] = run[1:] != run[:-1]
    closing = np.append(edge[1:], True)
    breaks = np.flatnonzero(shared | edge | closing)
    same = run[breaks[1:]] == run[breaks[:-1]]
    return breaks[:-1][same], breaks[1:][same]


def _lines(row: Ints, first: Ints, last: Ints, nodes: _Nodes) -> NDArray[np.object_]:
    """(n_pieces,) LineString: the points from the first position to the last."""
    lines = np.empty(len(first), dtype=object)
    for begin in range(0, len(first), _LINES_AT_ONCE):
        part = slice(begin, begin + _LINES_AT_ONCE)
        count = last[part] - first[part] + 1
        offsets = np.concatenate([[0], np.cumsum(count)])
        step = np.arange(offsets[-1]) - np.repeat(offsets[:-1], count)
        points = nodes.points(row[np.repeat(first[part], count) + step])
        lines[part] = shapely.from_ragged_array(shapely.GeometryType.LINESTRING, points, (offsets,))
    return lines


def both_directions(tags: pd.DataFrame, lines: NDArray[np.object_], start: Ints, end: Ints) -> pd.DataFrame:
    """Return one row per direction of travel, with ``u``, ``v``, ``oneway``, ``reversed``, ``geometry``."""
    against = tags["oneway"].isin(AGAINST).to_numpy()
    oneway = (tags["oneway"].isin(ONE_WAY) | (tags["junction"] == "roundabout")).to_numpy()
    back = np.flatnonzero(~oneway)
    rows = np.concatenate([np.arange(len(tags)), back])
    turned = np.concatenate([against, np.ones(len(back), dtype=bool)])
    table = tags.drop(columns=["oneway", "junction"]).take(rows).reset_index(drop=True)
    geometry = lines[rows]
    geometry[turned] = shapely.reverse(geometry[turned])
    return table.assign(
        oneway=oneway[rows],
        reversed=rows != np.arange(len(rows)),
        u=np.where(turned, end[rows], start[rows]),
        v=np.where(turned, start[rows], end[rows]),
        geometry=geometry,
    )


def indexed(edges: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the edges as a GeoDataFrame under ``u, v, key``, sorted."""
    edges = edges.take(np.lexsort((edges["v"], edges["u"])))
    key = edges.groupby(["u", "v"]).cumcount().rename("key").to_numpy()
    index = pd.MultiIndex.from_arrays([edges["u"], edges["v"], key], names=["u", "v", "key"])
    table = edges.drop(columns=["u", "v", "geometry"]).set_index(index)
    return gpd.GeoDataFrame(table, geometry=edges["geometry"].to_numpy(), crs="EPSG:4326")


def _node_table(nodes: _Nodes, used: Ints) -> gpd.GeoDataFrame:
    """Return the nodes table with the tags of interchanges."""
    points = nodes.points(used)
    index = pd.Index(nodes.ids[used], name="osmid")
    table = pd.DataFrame({"x": points[:, 0], "y": points[:, 1]}, index=index)
    for tag in NODE_TAGS:
        values = {node: tags[tag] for node, tags in nodes.tags.items() if tag in tags}
        table[tag.replace(":", "_")] = pd.Series(values, dtype=object).reindex(table.index)
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["x"], table["y"], crs="EPSG:4326"))
