"""Names for orientation on the map: ``places.csv``, from the zones and the places of the zoom-7 tiles.

Ranks tell at which scale a name belongs on the map
    1  Chengdu and Chongqing.
    2  seats of the other prefectures; cities the tiles rank as high, outside the two provinces; and counties
       of over `LARGE` people at least `OWN_KM` from their prefecture's city.
    3  counties of over `MIDDLING` people at least `APART_KM` from a city of rank 1 or 2.
    4  all other counties whose seat is known and does not coincide with such a city.

Good for labels; nothing is computed from it.
"""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any

import mapbox_vector_tile  # type: ignore[import-not-found,unused-ignore] # only in the build environment
import numpy as np
import pandas as pd
from pyproj import Geod

from data.build.roads_tiles import EXTENT, REGION, to_degrees
from data.build.zones import CENSUS, PREFECTURES, PROVINCES, english_name, read_places, short_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGE, MIDDLING = 1_100_000, 500_000
"""People, census 2020."""

OWN_KM, APART_KM, SAME_KM = 50.0, 25.0, 3.0
TILE_RANK = 7
"""Places of the tiles up to this rank are cities that a map of the region names."""

CAPITALS = ("成都市", "重庆市")
SEATS = {"阿坝藏族羌族自治州": "马尔康市", "甘孜藏族自治州": "康定市", "凉山彝族自治州": "西昌市"}
"""Seats of the autonomous prefectures, which bear other names."""

COLUMNS = ("name_zh", "name_en", "lon", "lat", "rank", "population", "source")
OSM = "OpenStreetMap place"
NAMELESS = ("市中区", "东区", "西区")
"""Districts whose name says where in a city they lie, not where in the region."""

_GEOD = Geod(ellps="WGS84")


def main(sources: Path, out: Path) -> None:
    """Derive the table from ``sources`` and the zones in ``out``, and write it there."""
    table = derive(sources, pd.read_csv(out / "zones.csv", dtype={"zone_id": str}))
    table.to_csv(out / "places.csv", index=False, lineterminator="\n")
    print(f"places: {len(table)} rows, by rank {table['rank'].value_counts().sort_index().to_dict()}")


def derive(sources: Path, zones: pd.DataFrame) -> pd.DataFrame:
    """Return the places, important ones first, of equal rank the larger first."""
    counties = zones[zones["kind"] == "county"]
    seated = counties[
        (counties["position_quality"] != "centroid") & ~counties["source"].str.contains("beyond the tables")
    ]
    cities = [*_cities(sources, counties), *_beyond(sources, counties)]
    ranked = cities + [county for row in seated.to_dict("records") if (county := _county(row, cities))]
    table = pd.DataFrame(ranked, columns=list(COLUMNS))
    table["population"] = table["population"].astype("Int64")
    order = ["rank", "population", "name_zh"]
    return table.sort_values(order, ascending=[True, False, True], kind="stable", ignore_index=True)


def plain(name_zh: str) -> str:
    """Return a name as maps bear it, without its kind: 简阳市 -> 简阳, 荣县 stays."""
    name = short_name(name_zh)
    return name[:-1] if len(name) > 2 else name


def _cities(sources: Path, counties: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the seats of the prefectures and of Chongqing, with the people of the whole prefecture."""
    where = {place.name: place for place in read_places(sources)}
    for name in (*PREFECTURES.values(), PROVINCES["50"]):
        own = counties[counties["prefecture_zh"] == name]
        seat = SEATS.get(name, name)
        if seat in where:
            lon, lat, source = where[seat].lon, where[seat].lat, OSM
        else:
            largest = own.loc[own["population"].idxmax()]
            lon, lat, source = largest["lon"], largest["lat"], f"seat of {largest['name_zh']}"
        yield _row(
            seat, (lon, lat), 1 if name in CAPITALS else 2, own["population"].sum(), f"{source}; {CENSUS}"
        )


def _beyond(sources: Path, counties: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the cities of the neighboring provinces, without people: other figures do not compare."""
    west, south, east, north = REGION
    ours = {*PREFECTURES.values(), *PROVINCES.values(), *counties["name_zh"]}
    found: dict[str, tuple[float, float]] = {}
    for path in sorted((sources / "osm_tiles_z7" / "7").glob("*/*.pbf")):
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        corner = np.array([int(path.parent.name), int(path.stem)], dtype=float) * EXTENT
        layers = mapbox_vector_tile.decode(data, default_options={"y_coord_down": True})
        for feature in layers["place"]["features"]:
            tags = feature["properties"]
            name = tags.get("name", "")
            if tags.get("class") != "city" or tags.get("rank", 99) > TILE_RANK or not name.endswith("市"):
                continue
            lon, lat = to_degrees(corner + feature["geometry"]["coordinates"])[0].round(4).tolist()
            if west < lon < east and south < lat < north and name not in ours:
                found[name] = (lon, lat)
    for name, at in found.items():
        yield _row(name, at, 2, None, OSM)


def _county(row: dict[str, Any], cities: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return a county ranked; None where a city's name already stands for it."""
    away = {city["name_zh"]: _km(row, city) for city in cities}
    if row["name_zh"] in NAMELESS or min(away.values()) < SAME_KM or plain(row["name_zh"]) in away:
        return None
    own = plain(SEATS.get(row["prefecture_zh"], row["prefecture_zh"]))
    people = row["population"]
    if people > LARGE and away[own] >= OWN_KM:
        rank = 2
    else:
        rank = 3 if people > MIDDLING and min(away.values()) >= APART_KM else 4
    return _row(row["name_zh"], (row["lon"], row["lat"]), rank, people, row["source"])


def _row(
    name_zh: str, at: tuple[float, float], rank: int, people: float | None, source: str
) -> dict[str, Any]:
    """Return one row of the table."""
    lon, lat = (round(float(value), 4) for value in at)
    values = (plain(name_zh), english_name(name_zh), lon, lat, rank, people, source)
    return dict(zip(COLUMNS, values, strict=True))


def _km(a: dict[str, Any], b: dict[str, Any]) -> float:
    """Return the geodesic distance of two rows, km."""
    return float(_GEOD.inv(a["lon"], a["lat"], b["lon"], b["lat"])[2]) / 1000.0
