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


@dataclass(slots=True)
class _Ways:
    """Ways as they are read."""

    ids: list[int] = field(default_factory=list)
    refs: array[int] = field(default_factory=lambda: array("q"))
    counts: array[int] = field(default_factory=lambda: array("q"))
    tags: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The nodes of those ways that the file holds, ascending by id; tags of a few."""

    ids: Ints
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    tags: dict[int, dict[str, str]]


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
        nodes = _read_nodes(path, np.unique(np.array(ways.refs, dtype=np.int64)))
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
    stream: Any = osmium.FileProcessor(path, osmium.osm.WAY).with_filter(wanted)
    for way in stream:
        tags: dict[str, str] = {tag.k: tag.v for tag in way.tags}
        ways.ids.append(way.id)
        before = len(ways.refs)
        ways.refs.extend(node.ref for node in way.nodes)
        ways.counts.append(len(ways.refs) - before)
        ways.tags.append({key: tags[key] for key in (*WAY_TAGS, "oneway", "junction") if key in tags})
    return ways


def _read_nodes(path: Path, wanted: Ints) -> _Nodes:
    """Read the nodes of these ids, in as many passes as keep the id filter small."""
    tags: dict[int, dict[str, str]] = {}
    passes = [_read_part(path, part, tags) for part in _parts(wanted)]
    ids, lon, lat = (np.concatenate(column) for column in zip(*passes, strict=True))
    unique, rows = np.unique(ids, return_index=True)
    return _Nodes(unique, lon[rows], lat[rows], tags)


def _read_part(
    path: Path, wanted: Ints, tags: dict[int, dict[str, str]]
) -> tuple[Ints, NDArray[np.float64], NDArray[np.float64]]:
    """Read ids, longitudes and latitudes of these nodes; tags are added to ``tags``."""
    import osmium  # noqa: PLC0415  the library is loaded only where a file is read

    ids, lon, lat = array("q"), array("d"), array("d")
    chosen = osmium.filter.IdFilter(wanted.tolist())
    stream: Any = osmium.FileProcessor(path, osmium.osm.NODE).with_filter(chosen)
    for node in stream:
        place = node.location
        if not place.valid():
            mend = "Latitude must lie within 90 degrees: are longitude and latitude swapped?"
            raise InputError(Fault(f"node {node.id} lies off the map", path.name, mend))
        ids.append(node.id)
        lon.append(place.lon)
        lat.append(place.lat)
        if node.tags:
            found = {tag.k: tag.v for tag in node.tags if tag.k in NODE_TAGS}
            if found:
                tags[node.id] = found
    return np.array(ids, dtype=np.int64), np.array(lon, dtype=np.float64), np.array(lat, dtype=np.float64)


def _parts(wanted: Ints) -> Iterator[Ints]:
    """Yield the ids in parts that fill few chunks of a filter."""
    chunk = wanted >> _CHUNK_BITS
    _, number = np.unique(chunk, return_inverse=True)
    part = number // _CHUNKS_AT_ONCE
    for which in np.unique(part):
        yield wanted[part == which]


def _tables(ways: _Ways, nodes: _Nodes, where: str) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the tables of ways cut at the nodes they share."""
    way = np.repeat(np.arange(len(ways.ids)), np.array(ways.counts, dtype=np.int64))
    refs = np.array(ways.refs, dtype=np.int64)
    row = np.searchsorted(nodes.ids, refs)
    row = np.minimum(row, max(len(nodes.ids) - 1, 0))
    known = np.zeros(len(refs), dtype=bool) if len(nodes.ids) == 0 else nodes.ids[row] == refs
    # A way that leaves the extract is cut there: points on either side of a gap belong to different runs.
    run = np.cumsum(np.concatenate([[False], (way[1:] != way[:-1]) | ~known[1:] | ~known[:-1]]))
    way, row, run = way[known], row[known], run[known]
    repeated = np.zeros(len(row), dtype=bool)
    repeated[1:] = (row[1:] == row[:-1]) & (run[1:] == run[:-1])
    way, row, run = way[~repeated], row[~repeated], run[~repeated]
    first, last = _pieces(row, run)
    if len(first) == 0:
        raise InputError(
            Fault("no way has two nodes in the file", where, "Take an extract with complete ways")
        )
    tags = pd.DataFrame(ways.tags).reindex(columns=[*WAY_TAGS, "oneway", "junction"])
    tags.insert(0, "osmid", np.array(ways.ids, dtype=np.int64))
    lines = _lines(row, first, last, nodes)
    edges = both_directions(tags.iloc[way[first]].reset_index(drop=True), lines, row[first], row[last])
    used, ends = np.unique(edges[["u", "v"]].to_numpy(), return_inverse=True)
    edges[["u", "v"]] = nodes.ids[used][ends.reshape(-1, 2)]
    return _node_table(nodes, used), indexed(edges)


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
    count = last - first + 1
    piece = np.repeat(np.arange(len(first)), count)
    step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    at = row[first[piece] + step]
    return np.asarray(shapely.linestrings(nodes.lon[at], nodes.lat[at], indices=piece), dtype=object)


def both_directions(tags: pd.DataFrame, lines: NDArray[np.object_], start: Ints, end: Ints) -> pd.DataFrame:
    """Return one row per direction of travel, with ``u``, ``v``, ``oneway``, ``reversed``, ``geometry``."""
    oneway = tags["oneway"].isin(ONE_WAY) | (tags["junction"] == "roundabout")
    against = tags["oneway"].isin(AGAINST).to_numpy()
    table = tags.drop(columns=["oneway", "junction"]).assign(oneway=oneway, reversed=False)
    table["u"], table["v"] = np.where(against, end, start), np.where(against, start, end)
    table["geometry"] = np.where(against, shapely.reverse(lines), lines)
    back = table[~table["oneway"]].copy()
    back["u"], back["v"] = table.loc[back.index, "v"], table.loc[back.index, "u"]
    back["reversed"] = True
    back["geometry"] = shapely.reverse(back["geometry"].to_numpy())
    return pd.concat([table, back], ignore_index=True)


def indexed(edges: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the edges as a GeoDataFrame under ``u, v, key``."""
    key = edges.groupby(["u", "v"]).cumcount().rename("key")
    frame: Any = gpd.GeoDataFrame(edges, geometry="geometry", crs="EPSG:4326")
    table: gpd.GeoDataFrame = frame.assign(key=key).set_index(["u", "v", "key"]).sort_index()
    return table


def _node_table(nodes: _Nodes, used: Ints) -> gpd.GeoDataFrame:
    """Return the nodes table with the tags of interchanges."""
    ids = nodes.ids[used]
    table = pd.DataFrame({"x": nodes.lon[used], "y": nodes.lat[used]}, index=pd.Index(ids, name="osmid"))
    for tag in NODE_TAGS:
        values = {node: tags[tag] for node, tags in nodes.tags.items() if tag in tags}
        table[tag.replace(":", "_")] = pd.Series(values, dtype=object).reindex(table.index)
    return gpd.GeoDataFrame(table, geometry=gpd.points_from_xy(table["x"], table["y"], crs="EPSG:4326"))
