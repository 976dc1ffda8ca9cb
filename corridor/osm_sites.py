"""Candidate sites of OpenStreetMap: service areas, filling stations, truck stops, industrial and harbor land.

Both sides of a service area are two features there, so two sites; each is taken for its side alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pyproj import Geod

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    import geopandas as gpd

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
TAGS = (
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
        functions give, and :func:`corridor.osm_features.read_features`.
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
    tags = features.to_crs("EPSG:4326").reindex(columns=["geometry", *TAGS])
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
    # A mapped area beside a dual carriageway is one of two; a single point may stand for both.
    is_area = np.array([str(element)[0] != "n" for element, _ in tags.index], dtype=bool)
    one_sided = is_area & note.isin(["highway=services", "highway=rest_area"]).to_numpy()
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
            "direction": ["one" if side else None for side in one_sided],
            "direction_basis": ["assumed" if side else None for side in one_sided],
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
