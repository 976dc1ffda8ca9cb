"""Readers of the shipped tables: the only place in ``corridor`` that opens a file."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from corridor.errors import Fault, InputError
from corridor.tables import Column, checked

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Extent the project covers, degrees WGS 84: (west, south, east, north).
EXTENT = (100.0, 26.0, 110.0, 33.0)

QUALITIES = ("surveyed", "osm", "centroid", "approx")
CONFIDENCES = ("H", "M", "L")

_LON = Column(kind="number", low=EXTENT[0], high=EXTENT[2])
_LAT = Column(kind="number", low=EXTENT[1], high=EXTENT[3])
_QUALITY = Column(choices=QUALITIES)
_CONFIDENCE = Column(choices=CONFIDENCES)
_OPTIONAL_TEXT = Column(empty=True)
_NON_NEGATIVE = Column(kind="number", empty=True, low=0.0)

ZONE_COLUMNS: Mapping[str, Column] = {
    "zone_id": Column(unique=True),
    "kind": Column(choices=("county", "gateway")),
    "name_zh": Column(),
    "name_en": Column(),
    "prefecture_zh": _OPTIONAL_TEXT,
    "province_zh": _OPTIONAL_TEXT,
    "population": _NON_NEGATIVE,
    "employment_transport": _NON_NEGATIVE,
    "employment_manufacturing": _NON_NEGATIVE,
    "lon": _LON,
    "lat": _LAT,
    "position_quality": _QUALITY,
    "source": Column(),
    "confidence": _CONFIDENCE,
}

SITE_COLUMNS: Mapping[str, Column] = {
    "site_id": Column(unique=True),
    "status": Column(choices=("candidate", "existing", "planned")),
    "kind": Column(choices=("interchange", "service_area", "logistics_park", "port", "airport", "station")),
    "name_zh": Column(),
    "name_en": Column(),
    "road_ref": _OPTIONAL_TEXT,
    "road_ref_basis": Column(required=False, empty=True, choices=("on", "nearest")),
    "km_post": Column(kind="number", empty=True),
    "km_post_basis": Column(required=False, empty=True, choices=("sign", "derived")),
    "km_post_error_km": Column(kind="number", required=False, empty=True, low=0.0),
    "direction": Column(required=False, empty=True, choices=("both", "one")),
    "direction_basis": Column(required=False, empty=True, choices=("stated", "interchange", "assumed")),
    "county_code": _OPTIONAL_TEXT,
    "county_basis": Column(required=False, empty=True, choices=("source", "position", "seat")),
    "lon": _LON,
    "lat": _LAT,
    "capacity_kg_per_day": _NON_NEGATIVE,
    "position_quality": _QUALITY,
    "source": Column(),
    "confidence": _CONFIDENCE,
}

BASE_COLUMNS: Mapping[str, Column] = {
    "base_id": Column(unique=True),
    "kind": Column(choices=("electrolysis", "by_product")),
    "name_zh": Column(),
    "name_en": Column(),
    "lon": _LON,
    "lat": _LAT,
    "capacity_kg_per_day_2027": Column(kind="number", low=0.0),
    "capacity_kg_per_day_2030": Column(kind="number", low=0.0),
    "capacity_kg_per_day_2035": Column(kind="number", low=0.0),
    "production_cny_per_kg": Column(kind="number", low=0.0),
    "green": Column(kind="flag"),
    "position_quality": _QUALITY,
    "source": Column(),
    "confidence": _CONFIDENCE,
}

ASSUMPTION_COLUMNS: Mapping[str, Column] = {
    "key": Column(unique=True),
    "value": Column(kind="number"),
    "unit": Column(),
    "low": Column(kind="number"),
    "high": Column(kind="number"),
    "year": _OPTIONAL_TEXT,
    "source": Column(),
    "confidence": _CONFIDENCE,
    "name_zh": Column(),
    "name_en": Column(),
}

ELEVATION_COLUMNS: Mapping[str, Column] = {
    "point_id": Column(unique=True),
    "name_zh": Column(),
    "name_en": Column(),
    "kind": Column(choices=("town", "pass", "tunnel", "river_crossing")),
    "road_ref": _OPTIONAL_TEXT,
    "lon": _LON,
    "lat": _LAT,
    "elevation_m": Column(kind="number", low=0.0, high=6000.0),
    "low": Column(kind="number"),
    "high": Column(kind="number"),
    "source": Column(),
    "confidence": _CONFIDENCE,
    "position_quality": _QUALITY,
}

STATION_FORM_COLUMNS: Mapping[str, Column] = {
    "site_id": Column(unique=True),
    "form": Column(choices=("standalone", "combined", "skid")),
    "footprint_m2": _NON_NEGATIVE,
    "source": Column(),
    "confidence": _CONFIDENCE,
    "note": _OPTIONAL_TEXT,
}

FLEET_COLUMNS: Mapping[str, Column] = {
    "record_id": Column(unique=True),
    "area": Column(),
    "month": Column(),
    "kind": Column(choices=("observation", "target", "superseded")),
    "vehicles": Column(kind="number", low=0.0),
    "source": Column(),
    "confidence": _CONFIDENCE,
    "note": _OPTIONAL_TEXT,
}

PLACE_COLUMNS: Mapping[str, Column] = {
    "name_zh": Column(),
    "name_en": Column(),
    "lon": _LON,
    "lat": _LAT,
    "rank": Column(kind="integer", low=1, high=4),
    "population": _NON_NEGATIVE,
    "source": Column(),
}

#: Files that make up the shipped data, in the order a reader meets them. What is only drawn is none of them.
DATA_FILES = (
    "roads_nodes.parquet",
    "roads_edges.parquet",
    "zones.csv",
    "sites.csv",
    "bases.csv",
    "assumptions.csv",
    "elevations.csv",
    "fleet.csv",
    "station_forms.csv",
)


def data_directory() -> Path:
    """Return the folder of the shipped tables: ``data/`` of a checkout, else the copy inside the wheel."""
    here = Path(__file__).resolve().parent
    for folder in (here.parent / "data", here / "_data"):
        if (folder / "assumptions.csv").is_file():
            return folder
    raise InputError(Fault("the shipped tables are missing", str(here.parent / "data"), "Install again"))


def read_text_table(path: Path) -> pd.DataFrame:
    """Return a CSV file as text, nothing guessed; a missing or malformed file is one clear error."""
    if not path.is_file():
        raise InputError(Fault("there is no such file", str(path), "Check the path"))
    try:
        table = pd.read_csv(path, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    except pd.errors.EmptyDataError as error:
        raise InputError(Fault("the file is empty", str(path), "Write a header and rows")) from error
    except pd.errors.ParserError as error:
        detail = str(error).removeprefix("Error tokenizing data. C error: ").strip()
        raise InputError(
            Fault(f"not a readable CSV ({detail})", str(path), "Quote cells with commas")
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(Fault("the file is not UTF-8", str(path), "Save it as UTF-8 CSV")) from error
    if not isinstance(table.index, pd.RangeIndex):  # pandas takes surplus leading cells for an index
        raise InputError(Fault("rows have more cells than the header", str(path), "Quote cells with commas"))
    return table


def read_table(path: Path, columns: Mapping[str, Column]) -> pd.DataFrame:
    """Return a CSV file checked against its schema; extra columns stay text."""
    return checked(read_text_table(path), columns, where=path.name)


def read_roads(directory: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the nodes and edges tables in OSMnx schema (see docs/tables.md), coordinates in WGS 84."""
    paths = [directory / f"roads_{table}.parquet" for table in ("nodes", "edges")]
    for path in paths:
        if not path.is_file():
            mend = "Write a network there first: chengyu roads import FILE --out DIR"
            raise InputError(Fault("there is no such file", str(path), mend))
    try:
        # Both spend most of their time outside the interpreter, making points and lines.
        with ThreadPoolExecutor(max_workers=2) as pool:
            nodes, edges = pool.submit(_read_nodes, paths[0]), pool.submit(gpd.read_parquet, paths[1])
            return nodes.result(), edges.result()
    except (ValueError, OSError) as error:  # pyarrow's errors are among these
        raise InputError(
            Fault(f"not a readable road table ({error})", str(directory), "Import again")
        ) from error


def _read_nodes(path: Path) -> gpd.GeoDataFrame:
    """Read the nodes table; its points are made of x and y."""
    nodes = pd.read_parquet(path)
    geometry = gpd.points_from_xy(nodes["x"], nodes["y"], crs="EPSG:4326")
    return gpd.GeoDataFrame(nodes, geometry=geometry)


def read_zones(directory: Path) -> pd.DataFrame:
    """Return counties and gateways, index ``zone_id``."""
    return read_table(directory / "zones.csv", ZONE_COLUMNS).set_index("zone_id")


def read_sites(directory: Path) -> pd.DataFrame:
    """Return candidate sites and stations, index ``site_id``."""
    return read_table(directory / "sites.csv", SITE_COLUMNS).set_index("site_id")


def read_bases(directory: Path) -> pd.DataFrame:
    """Return hydrogen supply bases, index ``base_id``."""
    return read_table(directory / "bases.csv", BASE_COLUMNS).set_index("base_id")


def read_assumptions(directory: Path) -> pd.DataFrame:
    """Return the documented defaults, index ``key``; every value lies between its low and high."""
    table = read_table(directory / "assumptions.csv", ASSUMPTION_COLUMNS).set_index("key")
    return _within_range(table, "value", where="assumptions.csv")


def read_elevations(directory: Path) -> pd.DataFrame:
    """Return towns, passes and tunnels of known elevation, index ``point_id``, each within its range."""
    table = read_table(directory / "elevations.csv", ELEVATION_COLUMNS).set_index("point_id")
    return _within_range(table, "elevation_m", where="elevations.csv")


def read_station_forms(directory: Path) -> pd.DataFrame:
    """Return published forms and areas of existing stations, index ``site_id``; others are not known."""
    return read_table(directory / "station_forms.csv", STATION_FORM_COLUMNS).set_index("site_id")


def read_places(directory: Path) -> pd.DataFrame:
    """Return names of cities and counties for the map, important ones first."""
    return read_table(directory / "places.csv", PLACE_COLUMNS)


def read_waters(directory: Path) -> gpd.GeoDataFrame:
    """Return rivers (lines) and areas of water (polygons) for the map."""
    return gpd.read_parquet(directory / "waters.parquet")


def read_fleet(directory: Path) -> pd.DataFrame:
    """Return published counts and targets of fuel-cell vehicles, index ``record_id``."""
    table = read_table(directory / "fleet.csv", FLEET_COLUMNS).set_index("record_id")
    wrong = table.index[~table["month"].str.fullmatch(r"20\d\d-(0[1-9]|1[0-2])")]
    if len(wrong):
        rows = ", ".join(map(str, wrong))
        raise InputError(Fault(f"month is not YYYY-MM: {rows}", "fleet.csv", "Write e.g. 2024-04"))
    return table


def _within_range(table: pd.DataFrame, column: str, *, where: str) -> pd.DataFrame:
    """Return the table, or name the rows whose figure lies outside its own low and high."""
    outside = table.index[(table[column] < table["low"]) | (table[column] > table["high"])]
    if len(outside):
        rows = ", ".join(map(str, outside))
        raise InputError(Fault(f"{column} outside its low and high: {rows}", where, "Widen the range"))
    return table


def truck_speeds(assumptions: Mapping[str, float]) -> dict[str, float]:
    """Return the truck speed of each highway class, km/h, from assumption values by key, under the legal cap.

    Raises
    ------
    corridor.errors.InputError
        If a speed is not positive.
    """
    prefix = "road.truck_speed_kmh."
    cap = assumptions.get("road.truck_speed_cap_kmh", float("inf"))
    speeds = {
        key.removeprefix(prefix): min(value, cap)
        for key, value in assumptions.items()
        if key.startswith(prefix)
    }
    if min(speeds.values()) <= 0:
        raise InputError(Fault("a truck speed is not positive", prefix.rstrip("."), "Use km/h above 0"))
    return speeds


def read_truck_speeds(directory: Path) -> dict[str, float]:
    """Return the documented truck speed of each highway class, km/h."""
    values = read_assumptions(directory)["value"]
    return truck_speeds({str(key): float(value) for key, value in values.items()})


def data_hashes(directory: Path) -> dict[str, str]:
    """Return the SHA-256 of every shipped table by file name: the identity of the data behind a plan."""
    return {name: hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in DATA_FILES}
