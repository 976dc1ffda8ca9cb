"""Features of an OpenStreetMap file that may be sites, read as a stream: points, ways, multipolygons.

The file is passed for relations, for ways and tagged nodes, for the ways relations are made of, and for the
nodes of all of them; memory follows the features kept, not the size of the file.
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
from corridor.osm import refuse_entities
from corridor.osm_sites import KINDS, TAGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

#: libosmium keeps a set of ids in chunks of 2^25 ids, 4 MB each; so many chunks at a time, one pass each.
_CHUNK_BITS, _CHUNKS_AT_ONCE = 25, 128

#: A ring has three corners and its end.
_RING = 4


@dataclass(slots=True)
class _Found:
    """What the passes gathered; keys are ``(element, id)``."""

    tags: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    places: dict[int, tuple[float, float]] = field(default_factory=dict)
    ways: dict[int, array[int]] = field(default_factory=dict)
    members: dict[int, list[tuple[int, bool]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Corners:
    """Nodes ascending by id with their places."""

    ids: Ints
    points: NDArray[np.float64]

    def of(self, refs: array[int]) -> NDArray[np.float64] | None:
        """(n, 2) float64: places of these nodes; None if the file lacks one."""
        wanted = np.frombuffer(refs, dtype=np.int64)
        if len(self.ids) == 0 or len(wanted) == 0:
            return None
        row = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        return self.points[row] if bool((self.ids[row] == wanted).all()) else None


def read_features(path: Path, *, say: Callable[[str], None] = lambda _: None) -> gpd.GeoDataFrame:
    """Return the features of an OpenStreetMap file that may be sites.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.
    say
        Called with a line of progress, and with how many features were cut off at the edge of the file.

    Returns
    -------
    GeoDataFrame
        Index ``(element, id)``, the tags that matter as columns, WGS 84: points, polygons of closed ways,
        lines of open ones, (multi)polygons of multipolygon relations. Those with a way or node missing in the
        file are left out. Empty where the file has none.

    Raises
    ------
    corridor.errors.InputError
        If the file is missing, cut off or not OpenStreetMap data.
    """
    import osmium  # noqa: PLC0415  the library is loaded only where a file is read

    if not path.is_file():
        raise InputError(Fault("there is no such file", str(path), "Check the path"))
    refuse_entities(path)
    try:
        say(f"reading the places of {path.name}")
        found = _read(path)
        corners = _read_corners(path, found)
    except (RuntimeError, osmium.InvalidLocationError) as error:
        mend = "The file may be cut off or of another format: download it again and check its size"
        raise InputError(Fault(f"not readable as OpenStreetMap data ({error})", path.name, mend)) from error
    shapes = {key: shape for key in found.tags if (shape := _shape(key, found, corners)) is not None}
    if lost := len(found.tags) - len(shapes):
        say(f"left out {lost} places that are not wholly in the file")
    rows = [found.tags[key] for key in shapes]
    index = pd.MultiIndex.from_tuples(list(shapes), names=["element", "id"]) if rows else None
    frame = pd.DataFrame(rows, index=index, columns=list(TAGS), dtype=object)
    return gpd.GeoDataFrame(frame, geometry=list(shapes.values()), crs="EPSG:4326")


def _read(path: Path) -> _Found:
    """Gather relations, tagged nodes and ways, and the ways of the relations."""
    import osmium  # noqa: PLC0415  the library is loaded only where a file is read

    found = _Found()
    wanted = osmium.filter.TagFilter(*KINDS)
    relations: Any = osmium.FileProcessor(path, osmium.osm.RELATION).with_filter(wanted)
    for relation in relations:
        if relation.tags.get("type") == "multipolygon":
            found.tags["relation", relation.id] = _kept(relation.tags)
            found.members[relation.id] = [
                (member.ref, member.role != "inner") for member in relation.members if member.type == "w"
            ]
    things: Any = osmium.FileProcessor(path, osmium.osm.NODE | osmium.osm.WAY).with_filter(wanted)
    for thing in things:
        if thing.is_node():
            found.tags["node", thing.id] = _kept(thing.tags)
            found.places[thing.id] = (thing.location.lon, thing.location.lat)
        else:
            found.tags["way", thing.id] = _kept(thing.tags)
            found.ways[thing.id] = array("q", (node.ref for node in thing.nodes))
    parts = np.array(
        sorted({ref for each in found.members.values() for ref, _ in each} - set(found.ways)), dtype=np.int64
    )
    for chosen in _portions(parts):
        ways: Any = osmium.FileProcessor(path, osmium.osm.WAY).with_filter(osmium.filter.IdFilter(chosen))
        for way in ways:
            found.ways[way.id] = array("q", (node.ref for node in way.nodes))
    return found


def _read_corners(path: Path, found: _Found) -> _Corners:
    """Read the nodes of the ways."""
    import osmium  # noqa: PLC0415  the library is loaded only where a file is read

    refs = array("q")
    for way in found.ways.values():
        refs.extend(way)
    ids, xy = array("q"), array("d")
    for chosen in _portions(np.unique(np.frombuffer(refs, dtype=np.int64))):
        nodes: Any = osmium.FileProcessor(path, osmium.osm.NODE).with_filter(osmium.filter.IdFilter(chosen))
        for node in nodes:
            ids.append(node.id)
            xy.extend((node.location.lon, node.location.lat))
    unique, rows = np.unique(np.frombuffer(ids, dtype=np.int64), return_index=True)
    return _Corners(unique, np.frombuffer(xy, dtype=np.float64).reshape(-1, 2)[rows])


def _portions(wanted: Ints) -> Iterator[array[int]]:
    """Yield the ids in portions that fill few chunks of a filter."""
    _, number = np.unique(wanted >> _CHUNK_BITS, return_inverse=True)
    portion = number // _CHUNKS_AT_ONCE
    for which in np.unique(portion):
        yield array("q", wanted[portion == which].tobytes())


def _shape(key: tuple[str, int], found: _Found, corners: _Corners) -> Any:  # noqa: ANN401  any shapely shape
    """Return the shape of a feature; None if part of it is missing."""
    element, number = key
    if element == "node":
        return shapely.Point(found.places[number])
    if element == "relation":
        return _multipolygon(found.members[number], found, corners)
    points = corners.of(found.ways[number])
    if points is None or len(points) < 2:  # noqa: PLR2004  the ends of a line
        return None
    is_ring = len(points) >= _RING and bool((points[0] == points[-1]).all())
    return shapely.Polygon(points) if is_ring else shapely.LineString(points)


def _multipolygon(members: list[tuple[int, bool]], found: _Found, corners: _Corners) -> Any:  # noqa: ANN401
    """Return the area of a relation: the rings its outer ways form, less those of the inner ones."""
    lines: dict[bool, list[Any]] = {True: [], False: []}
    for ref, is_outer in members:
        points = corners.of(found.ways[ref]) if ref in found.ways else None
        if points is None or len(points) < 2:  # noqa: PLR2004  the ends of a line
            return None
        lines[is_outer].append(shapely.LineString(points))
    outer, inner = (_rings(lines[is_outer]) for is_outer in (True, False))
    area = outer.difference(inner)
    return None if area.is_empty else area


def _rings(lines: list[Any]) -> Any:  # noqa: ANN401  any shapely shape
    """Return the area within the rings that the lines form together."""
    polygons, _, _, _ = shapely.polygonize_full(lines) if lines else (shapely.Polygon(),) * 4
    return shapely.union_all(shapely.make_valid(shapely.get_parts(polygons)))


def _kept(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that become columns."""
    return {key: tags[key] for key in TAGS if key in tags}
