"""Candidate sites of OpenStreetMap: service areas, filling stations, truck stops, industrial and harbor land.

Both sides of a service area are two features there, so two sites. Multipolygon relations are not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Geod

from corridor.errors import Fault, InputError
from corridor.osm import refuse_entities

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Tag -> kind of site; the first that fits counts.
KINDS = {
    ("highway", "services"): "service_area",
    ("highway", "rest_area"): "service_area",
    ("amenity", "truck_stop"): "service_area",
    ("amenity", "fuel"): "station",
    ("industrial", "port"): "port",
    ("landuse", "harbour"): "port",
    ("landuse", "port"): "port",
    ("landuse", "industrial"): "logistics_park",
}

#: Any of these tags on a filling station says it sells hydrogen.
HYDROGEN_TAGS = ("fuel:h35", "fuel:h70", "fuel:h2", "fuel:LH2", "fuel:GH2", "fuel:hydrogen")

#: Land smaller than this is no place for a truck station beside its own use, ha (an assumption, L).
SMALLEST_LAND_HA = 2.0

_LABELS = {
    "service_area": ("服务区", "service area"),
    "station": ("加油站", "filling station"),
    "port": ("港口", "port"),
    "logistics_park": ("工业用地", "industrial land"),
}
_SOURCE = "OpenStreetMap, © OpenStreetMap contributors, ODbL 1.0"
_GEOD = Geod(ellps="WGS84")

#: Tags that are read.
_TAGS = (
    "highway",
    "amenity",
    "industrial",
    "landuse",
    "name",
    "name:zh",
    "name:en",
    "operator",
    *HYDROGEN_TAGS,
)


def from_features(features: gpd.GeoDataFrame, *, smallest_ha: float = SMALLEST_LAND_HA) -> pd.DataFrame:
    """Return the sites among OpenStreetMap features.

    Parameters
    ----------
    features
        One row per feature, tags as columns, index ``(element, id)``: what OSMnx's ``features_from_*``
        functions give, and :func:`read_features`.
    smallest_ha
        Land (``landuse``, ``industrial``) with less area is left out.

    Returns
    -------
    DataFrame
        Index ``site_id`` (``OSM-W123``), columns of ``sites.csv``. A filling station is a ``candidate``
        (hydrogen may be added), or ``existing`` where a tag says it sells hydrogen. A polygon stands at a
        point inside it. Unknown stays empty.

    Raises
    ------
    corridor.errors.InputError
        If the features name no reference system.
    """
    if features.crs is None:
        raise InputError(Fault("the features name no reference system", "features", "Set it: WGS 84 of OSM"))
    tags = features.to_crs("EPSG:4326").reindex(columns=["geometry", *_TAGS])
    kind = pd.Series(None, index=tags.index, dtype=object)
    note = pd.Series("", index=tags.index, dtype=object)
    for (key, value), name in reversed(KINDS.items()):
        fits = tags[key] == value
        kind[fits], note[fits] = name, f"{key}={value}"
    land = note.str.startswith(("landuse", "industrial"))
    large = np.array([abs(_GEOD.geometry_area_perimeter(shape)[0]) / 1e4 for shape in tags.geometry])
    kept = (kind.notna() & ~tags.geometry.is_empty & (~land | (large >= smallest_ha))).to_numpy()
    tags, kind, note = tags[kept], kind[kept], note[kept]
    inside = tags.geometry.representative_point()
    codes = [f"{str(element)[0].upper()}{number}" for element, number in tags.index]
    hydrogen = tags[list(HYDROGEN_TAGS)].isin(["yes", "only"]).any(axis=1)
    labels = [_LABELS[name] for name in kind]
    table = pd.DataFrame(
        {
            "site_id": [f"OSM-{code}" for code in codes],
            "status": np.where(hydrogen & (kind == "station"), "existing", "candidate"),
            "kind": kind.to_numpy(dtype=object),
            "name_zh": _names(
                tags, ("name:zh", "name"), [f"{zh} {c}" for (zh, _), c in zip(labels, codes, strict=True)]
            ),
            "name_en": _names(
                tags, ("name:en", "name"), [f"{en} {c}" for (_, en), c in zip(labels, codes, strict=True)]
            ),
            "road_ref": None,
            "km_post": np.nan,
            "county_code": None,
            "lon": inside.x.to_numpy(),
            "lat": inside.y.to_numpy(),
            "capacity_kg_per_day": np.nan,
            "opened": None,
            "operator": tags["operator"].to_numpy(dtype=object),
            "position_quality": "osm",
            "source": _SOURCE,
            "confidence": "M",
            "note": note.to_numpy(dtype=object),
        }
    )
    return table.drop_duplicates("site_id").set_index("site_id").sort_index()


def _names(tags: pd.DataFrame, keys: tuple[str, ...], otherwise: list[str]) -> list[str]:
    """Return the first tag of each row that holds a name, else the given text."""
    names = []
    for row, text in zip(tags[list(keys)].itertuples(index=False), otherwise, strict=True):
        given = [name for name in row if isinstance(name, str) and name.strip()]
        names.append(given[0].strip() if given else text)
    return names


def read_features(path: Path) -> gpd.GeoDataFrame:
    """Return the features of an OpenStreetMap file that may be sites.

    Two passes: the tagged ways and nodes, then the nodes of those ways; memory follows the features kept.

    Parameters
    ----------
    path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2``.

    Returns
    -------
    GeoDataFrame
        Index ``(element, id)``, the tags that matter as columns, WGS 84: points, polygons of closed ways,
        lines of open ones. Empty where the file has none.

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
        rows, shapes = _read(path)
    except (RuntimeError, osmium.InvalidLocationError) as error:
        mend = "The file may be cut off or of another format: download it again and check its size"
        raise InputError(Fault(f"not readable as OpenStreetMap data ({error})", path.name, mend)) from error
    index = pd.MultiIndex.from_tuples(list(rows), names=["element", "id"]) if rows else None
    frame = pd.DataFrame(list(rows.values()), index=index, columns=list(_TAGS), dtype=object)
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")


def _read(path: Path) -> tuple[dict[tuple[str, int], dict[str, str]], list[Any]]:
    """Return tags and shapes of the tagged nodes and ways, but for ways with nodes missing in the file."""
    import osmium  # noqa: PLC0415  the library is loaded only where a file is read

    wanted = osmium.filter.TagFilter(*KINDS)
    rows: dict[tuple[str, int], dict[str, str]] = {}
    places: dict[int, tuple[float, float]] = {}
    ways: dict[int, list[int]] = {}
    stream: Any = osmium.FileProcessor(path, osmium.osm.NODE | osmium.osm.WAY).with_filter(wanted)
    for thing in stream:
        element = "node" if thing.is_node() else "way"
        rows[element, thing.id] = _kept(thing.tags)
        if thing.is_node():
            places[thing.id] = (thing.location.lon, thing.location.lat)
        else:
            ways[thing.id] = [node.ref for node in thing.nodes]
    needed = {ref for refs in ways.values() for ref in refs}
    corners: Any = osmium.FileProcessor(path, osmium.osm.NODE).with_filter(osmium.filter.IdFilter(needed))
    at = {node.id: (node.location.lon, node.location.lat) for node in corners} if needed else {}
    shapes: dict[tuple[str, int], Any] = {}
    for element, number in rows:
        if element == "node":
            shapes[element, number] = shapely.Point(places[number])
            continue
        outline = [at[ref] for ref in ways[number] if ref in at]
        if len(outline) == len(ways[number]) > 1:
            closed = outline[0] == outline[-1] and len(outline) > 3  # noqa: PLR2004  a triangle and its end
            shapes[element, number] = shapely.Polygon(outline) if closed else shapely.LineString(outline)
    return {key: rows[key] for key in shapes}, list(shapes.values())


def _kept(tags: Mapping[str, str]) -> dict[str, str]:
    """Return the tags that become columns."""
    return {key: tags[key] for key in _TAGS if key in tags}
