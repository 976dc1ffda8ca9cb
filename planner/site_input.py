"""Sites an analyst brings: a CSV or GeoJSON file in a named reference system, to sites on the network.

Cells that cannot be read make the whole file wrong, and all of them are reported at once. A readable site is
taken or refused on its own, with a reason. The schema stands in docs/sites.md.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import ValidationError

from corridor.coordinates import crs_name, to_wgs84
from corridor.errors import Fault, InputError
from corridor.linear_reference import nearest_km
from corridor.sites import FARTHEST_SNAP_KM, attach
from corridor.sources import CONFIDENCES, QUALITIES, read_text_table
from corridor.tables import Column, checked
from planner.plan import records
from planner.scenario import AddedSite

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

KINDS = ("interchange", "service_area", "logistics_park", "port", "airport", "station")

_OPTIONAL = Column(required=False, empty=True)

#: What a file may hold; other columns are kept as text.
COLUMNS: Mapping[str, Column] = {
    "site_id": Column(unique=True),
    "name_zh": Column(),
    "kind": Column(choices=KINDS),
    "x": Column(kind="number"),
    "y": Column(kind="number"),
    "crs": _OPTIONAL,
    "name_en": _OPTIONAL,
    "status": Column(required=False, empty=True, choices=("candidate", "existing", "planned")),
    "road_ref": _OPTIONAL,
    "km_post": Column(kind="number", required=False, empty=True),
    "direction": Column(required=False, empty=True, choices=("both", "one")),
    "county_code": _OPTIONAL,
    "capacity_kg_per_day": Column(kind="number", required=False, empty=True, low=0.0),
    "position_quality": Column(required=False, empty=True, choices=QUALITIES),
    "source": _OPTIONAL,
    "confidence": Column(required=False, empty=True, choices=CONFIDENCES),
}

#: What stands in an optional cell that was left empty; the position of a hand-made site is approximate.
_DEFAULTS = {"status": "candidate", "position_quality": "approx", "source": "analyst", "confidence": "L"}

#: Other names of the coordinate columns.
_ALIASES = {"lon": "x", "lat": "y", "longitude": "x", "latitude": "y", "easting": "x", "northing": "y"}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SiteInput:
    """Sites read, taken and refused.

    Parameters
    ----------
    taken
        Index ``site_id``, columns of ``sites.csv`` plus ``node_id``, ``snap_km``, ``road_km``.
    refused
        The others, index ``site_id``, with ``row`` (as a person counts in the file) and ``reason``.
    """

    taken: pd.DataFrame
    refused: pd.DataFrame


def load_sites(
    path: Path,
    network: RoadNetwork,
    *,
    crs: str | None = None,
    existing: Collection[str] = (),
    farthest_km: float = FARTHEST_SNAP_KM,
) -> SiteInput:
    """Return the sites of a file on the network.

    Parameters
    ----------
    path
        ``.csv``, or ``.geojson`` / ``.json`` with a FeatureCollection of points.
    network
        Road network to snap to; edges with ``geometry``.
    crs
        Reference system of rows that do not name their own in a ``crs`` cell, see
        :func:`corridor.coordinates.crs_name`. It is never guessed, not for GeoJSON either.
    existing
        Site ids that are already in use.
    farthest_km
        Greatest distance to the nearest node of the network.

    Raises
    ------
    corridor.errors.InputError
        With every faulty cell, row and column named.
    """
    spatial = path.suffix.lower() in {".geojson", ".json"}
    frame = _read_geojson(path) if spatial else _read_csv(path)
    return place_sites(
        frame,
        network,
        crs=crs,
        existing=existing,
        farthest_km=farthest_km,
        where=path.name,
        first_row=1 if spatial else 2,
    )


def to_added(taken: pd.DataFrame, *, where: str) -> tuple[AddedSite, ...]:
    """Return sites taken as those a scenario adds.

    Parameters
    ----------
    taken
        As in :class:`SiteInput`.
    where
        What to call the file in messages.

    Raises
    ------
    corridor.errors.InputError
        With every cell a scenario cannot hold: texts too long, numbers out of range.
    """
    rows = records(taken.rename_axis(index="site_id").reset_index())
    added, faults = [], []
    for row in rows:
        cells = {
            key: value for key, value in row.items() if key in AddedSite.model_fields and value is not None
        }
        try:
            added.append(AddedSite.model_validate(cells))
        except ValidationError as error:
            faults += [
                Fault(
                    f"{str(detail['msg']).lower()} (got {detail['input']!r})",
                    f"{where}, site {row['site_id']}, column {'.'.join(map(str, detail['loc']))}",
                    "Correct the cell",
                )
                for detail in error.errors()
            ]
    if faults:
        raise InputError(faults)
    return tuple(added)


def place_sites(
    frame: pd.DataFrame,
    network: RoadNetwork,
    *,
    where: str,
    crs: str | None = None,
    existing: Collection[str] = (),
    farthest_km: float = FARTHEST_SNAP_KM,
    first_row: int = 2,
) -> SiteInput:
    """Return the sites of a table on the network; parameters as for :func:`load_sites`."""
    renamed = {old: new for old, new in _ALIASES.items() if old in frame and new not in frame}
    try:
        table = _checked(frame.rename(columns=renamed), crs, where=where, first_row=first_row)
    except InputError as error:
        raise InputError([_as_written(fault, renamed) for fault in error.faults]) from error
    x, y = table["x"].to_numpy(dtype=np.float64), table["y"].to_numpy(dtype=np.float64)
    lon, lat = _converted(table, x, y)
    names = table["name_en"].fillna(table["name_zh"]) if "name_en" in table else table["name_zh"]
    table = table.assign(lon=lon, lat=lat, name_en=names, row=np.arange(len(table)) + first_row)
    for column, value in _DEFAULTS.items():
        table[column] = table[column].fillna(value) if column in table else value
    for column in ("road_ref", "km_post", "county_code", "capacity_kg_per_day"):
        if column not in table:
            table[column] = np.nan if COLUMNS[column].kind == "number" else None
    table = table.set_index("site_id")
    reason = _misplaced(table, network, existing, farthest_km)
    near, far = attach(table[reason == ""], network, farthest_km=farthest_km)
    far_reason = [f"{km:.1f} km from the road network, more than {farthest_km:g} km" for km in far["snap_km"]]
    refused = pd.concat(
        [table[reason != ""].assign(reason=reason[reason != ""]), far.assign(reason=far_reason)]
    )
    taken = near.drop(columns=["x", "y", "crs", "row"])
    return SiteInput(
        taken=taken.assign(road_km=nearest_km(network, taken["lon"], taken["lat"])),
        refused=refused.sort_values("row"),
    )


def _read_csv(path: Path) -> pd.DataFrame:
    """Return the table as text."""
    return read_text_table(path)


def _read_geojson(path: Path) -> pd.DataFrame:
    """Return the properties and coordinates of a FeatureCollection of points, one row per feature."""
    if not path.is_file():
        raise InputError(Fault("there is no such file", str(path), "Check the path"))
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(Fault(f"not readable JSON ({error})", str(path), "Export it again")) from error
    features = content.get("features") if isinstance(content, dict) else None
    if not isinstance(features, list) or not features:
        raise InputError(Fault("no features in it", str(path), "Give a FeatureCollection of points"))
    rows, faults = [], []
    for number, feature in enumerate(features, start=1):
        row = _feature_row(feature)
        if row is None:
            fault = Fault("is not a point feature", f"{path.name}, row {number}", "Give one point per site")
            faults.append(fault)
        else:
            rows.append(row)
    if faults:
        raise InputError(faults)
    return pd.DataFrame(rows)


def _feature_row(feature: object) -> dict[str, object] | None:
    """Return one feature as a row, or None if it is no point."""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if not isinstance(feature, dict) or not isinstance(geometry, dict) or geometry.get("type") != "Point":
        return None
    position = geometry.get("coordinates")
    if not isinstance(position, list) or len(position) < 2:  # noqa: PLR2004  x and y
        return None
    properties = feature.get("properties")
    return (properties if isinstance(properties, dict) else {}) | {"x": position[0], "y": position[1]}


def _checked(frame: pd.DataFrame, crs: str | None, *, where: str, first_row: int) -> pd.DataFrame:
    """Return the table in its types with a known ``crs`` in every row, or report every fault at once."""
    faults: list[Fault] = []
    table = frame
    try:
        table = checked(frame, COLUMNS, where=where, first_row=first_row)
    except InputError as error:
        faults.extend(error.faults)
    cells = frame["crs"] if "crs" in frame else pd.Series("", index=frame.index)
    stated = cells.map(lambda cell: "" if pd.isna(cell) else str(cell).strip()).tolist()
    systems = []
    for number, cell in enumerate(stated, start=first_row):
        place = f"{where}, column crs, row {number}" if cell else "crs"
        name, fault = _named(cell or (crs or ""), place)
        systems.append(name)
        if fault is not None and fault not in faults:
            faults.append(fault)
    if frame.empty:
        faults.append(Fault("there is no site in it", where, "Add a row per site"))
    if faults:
        raise InputError(faults)
    return table.assign(crs=systems)


def _as_written(fault: Fault, renamed: Mapping[str, str]) -> Fault:
    """Return the fault with the column called as in the file."""
    place = fault.where
    for old, new in renamed.items():
        place = place.replace(f", column {new}, ", f", column {old}, ")
    return Fault(fault.what, place, fault.mend)


def _named(name: str, place: str) -> tuple[str, Fault | None]:
    """Return the canonical name of a reference system, or the fault."""
    if not name:
        mend = "Say WGS84, CGCS2000, GCJ-02, BD-09 or EPSG:4491 to EPSG:4554"
        return "", Fault("the reference system of the coordinates is not stated", place, mend)
    try:
        return crs_name(name), None
    except InputError as error:
        return "", Fault(error.faults[0].what, place, error.faults[0].mend)


def _converted(
    table: pd.DataFrame, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude WGS 84 of every row; NaN where the coordinates fit no place on Earth."""
    lon, lat = np.full(len(table), np.nan), np.full(len(table), np.nan)
    systems = table["crs"].to_numpy(dtype=object)
    for name in np.unique(systems.astype(str)):
        rows = np.flatnonzero(systems == name)
        try:
            lon[rows], lat[rows] = to_wgs84(x[rows], y[rows], crs=str(name))
        except InputError:  # one of them is off the Earth: find out which
            for row in rows:
                with contextlib.suppress(InputError):
                    lon[row], lat[row] = to_wgs84(x[row], y[row], crs=str(name))
    return lon, lat


def _misplaced(
    table: pd.DataFrame, network: RoadNetwork, existing: Collection[str], farthest_km: float
) -> NDArray[np.object_]:
    """(n,) str: why a site cannot be taken, empty where it can."""
    nodes_x, nodes_y = network.nodes["x"], network.nodes["y"]
    pad = farthest_km / 80.0  # degrees: a degree of longitude has 80 km or more up to 44 degrees north
    box = (nodes_x.min() - pad, nodes_y.min() - pad, nodes_x.max() + pad, nodes_y.max() + pad)
    x, y = table["x"].to_numpy(dtype=np.float64), table["y"].to_numpy(dtype=np.float64)
    inside, other_way = (
        (box[0] <= lon) & (lon <= box[2]) & (box[1] <= lat) & (lat <= box[3])
        for lon, lat in (_converted(table, x, y), _converted(table, y, x))
    )
    swapped = other_way & ~inside
    outside = "outside the region of the road network"
    reason = np.where(swapped, "x and y look swapped: x is longitude or easting", "")
    reason = np.where(~inside & ~swapped, outside, reason)
    return np.where(table.index.isin(list(existing)), "the site id is already in use", reason).astype(object)
