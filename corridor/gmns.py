"""Networks in the General Modeling Network Specification (GMNS): ``node.csv`` and ``link.csv`` [1]_.

GMNS leaves the unit of ``length`` to ``config.csv`` (``long_length``). Without that file the unit is the one
of m, km and mile in which the links are about as long as their lines on the map; if none is, the network is
refused. Links read here carry the class of road as ``highway``, ``facility_type`` or ``link_type_name``, in
the words of OpenStreetMap or of :data:`corridor.road_classes.FACILITY_TYPES`; ``free_speed`` stands for the
posted limit. A table without ``directed`` holds links of one direction (osm2gmns writes such).

References
----------
.. [1] Zephyr Foundation, General Modeling Network Specification 0.96, tables node, link and config.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from corridor.errors import Fault, InputError
from corridor.graphs import parsed
from corridor.osm import indexed
from corridor.road_classes import CLASSES, FACILITY_TYPES
from corridor.road_schema import KM_PER_MILE
from corridor.simplification import line_lengths_m
from corridor.sources import read_table, read_text_table
from corridor.tables import Column

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_NODE_COLUMNS: Mapping[str, Column] = {
    "node_id": Column(unique=True),
    "x_coord": Column(kind="number"),
    "y_coord": Column(kind="number"),
}
_LINK_COLUMNS: Mapping[str, Column] = {
    "link_id": Column(unique=True),
    "from_node_id": Column(),
    "to_node_id": Column(),
    "directed": Column(kind="flag", required=False),
    "length": Column(kind="number", required=False, empty=True, low=0.0),
    "free_speed": Column(kind="number", required=False, empty=True, low=0.0),
}
#: Columns that say how a link is stored.
_KEYS = ["from_node_id", "to_node_id"]
_WGS84 = "EPSG:4326"
_CLASS_COLUMNS = ("highway", "facility_type", "link_type_name")
_KMH = {"kph": 1.0, "km/h": 1.0, "kmh": 1.0, "kmph": 1.0, "mph": KM_PER_MILE}
#: Values of ``allowed_uses`` that are no use to a truck.
_OTHER_USES = frozenset(
    {"walk", "pedestrian", "bike", "bicycle", "rail", "railway", "aero", "transit", "bus"}
)
_METERS = {"m": 1.0, "meter": 1.0, "km": 1000.0, "kilometer": 1000.0}
_METERS |= {"mi": 1000.0 * KM_PER_MILE, "mile": 1000.0 * KM_PER_MILE}
#: A road is at least as long as its line on the map, which may leave out bends.
_LEAST_RATIO, _MOST_RATIO = 0.95, 1.5


def read_gmns(directory: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, tuple[str, ...]]:
    """Return the tables of a GMNS network in OSMnx schema, and what was found out about it.

    Parameters
    ----------
    directory
        Where node.csv and link.csv are, coordinates in degrees WGS 84; config.csv if there is one.

    Raises
    ------
    corridor.errors.InputError
        If a table does not fit its schema, a link ends at no node, or the unit of length is unclear.
    """
    nodes = read_table(directory / "node.csv", _NODE_COLUMNS)
    links = read_table(directory / "link.csv", _LINK_COLUMNS)
    ids = _numbers(nodes["node_id"])
    node_of = pd.Series(ids, index=nodes["node_id"])
    faults = []
    for end in ("from_node_id", "to_node_id"):
        stray = links.loc[~links[end].isin(node_of.index), end]
        if len(stray):
            what = f"{end} {stray.iloc[0]!r} and {len(stray) - 1} more are not in node.csv"
            faults.append(Fault(what, f"link.csv row {stray.index[0] + 2}", "Add the nodes"))
    if len(links) == 0:
        faults.append(Fault("there is no drivable edge", "link.csv", "Write at least one link"))
    if faults:
        raise InputError(faults)
    config = _config(directory)
    node_table = nodes.rename(columns={"x_coord": "x", "y_coord": "y"})
    node_table = node_table.drop(columns="geometry", errors="ignore").replace("", None)
    node_table.index = pd.Index(ids, name="osmid")
    edges = links.assign(
        u=links["from_node_id"].map(node_of).to_numpy(), v=links["to_node_id"].map(node_of).to_numpy()
    )
    points = gpd.points_from_xy(node_table["x"], node_table["y"], crs=config["crs"])
    lines = gpd.GeoSeries(_lines(edges, node_table), index=edges.index, crs=config["crs"])
    if config["crs"] != _WGS84:
        points, lines = points.to_crs(_WGS84), lines.to_crs(_WGS84)
        node_table = node_table.assign(x=points.x, y=points.y)
    edges["geometry"] = lines.to_numpy()
    edges, notices = _for_trucks(edges)
    edges, found = _with_classes(_with_lists(edges.replace("", None)))
    notices = (*notices, *found)
    if "length" in edges.columns:
        factor, found = _unit(edges, config["long_length"])
        edges["length"] = edges["length"] * factor
        notices = (*notices, *found)
    if "free_speed" in edges.columns and "maxspeed_kmh" not in edges.columns:
        edges["maxspeed_kmh"] = config["speed"] * edges["free_speed"].where(edges["free_speed"] > 0)
    node_table = gpd.GeoDataFrame(node_table, geometry=points)
    return node_table, indexed(_both_ways(edges.drop(columns=_KEYS, errors="ignore"))), notices


def _config(directory: Path) -> dict[str, Any]:
    """Return ``long_length`` (m in the unit, None if not given), ``speed`` (km/h in the unit) and ``crs``."""
    stated: dict[str, Any] = {"long_length": None, "speed": 1.0, "crs": _WGS84}
    path = directory / "config.csv"
    if not path.is_file():
        return stated
    table = read_text_table(path)
    cells = {name: str(table[name].iloc[0]).strip() for name in table.columns} if len(table) else {}
    faults = []
    for name, units, mend in (
        ("long_length", _METERS, "Write m, km or mile"),
        ("speed", _KMH, "Write km/h or mph"),
    ):
        unit = cells.get(name, "").lower().removesuffix("s")
        if unit and unit not in units:
            faults.append(Fault(f"{name} {unit!r} is unknown", "config.csv", mend))
        elif unit:
            stated[name] = units[unit]
    if cells.get("crs"):
        try:
            stated["crs"] = pyproj.CRS.from_user_input(cells["crs"])
        except pyproj.exceptions.CRSError:
            what = f"crs {cells['crs']!r} is unknown"
            faults.append(Fault(what, "config.csv", "Write an EPSG code, e.g. EPSG:4326"))
    if faults:
        raise InputError(faults)
    return stated


def _for_trucks(links: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Leave out links only for people on foot, bicycles or rails."""
    if "allowed_uses" not in links.columns:
        return links, ()
    uses = links["allowed_uses"].fillna("").str.lower().str.replace(" ", "").str.split(r"[;,]", regex=True)
    other = uses.map(lambda each: any(each) and set(filter(None, each)) <= _OTHER_USES).astype(bool)
    if not other.any():
        return links, ()
    return links[~other], (f"{other.sum()} links are not open to trucks by allowed_uses and were left out",)


def _numbers(names: pd.Series) -> np.ndarray:
    """(n_nodes,) int64: node ids as given if they are whole numbers, else their rows from 1 on."""
    if names.astype(str).str.fullmatch(r"-?\d{1,18}").all():
        numbers = names.astype(np.int64).to_numpy()
        if len(np.unique(numbers)) == len(numbers):
            return np.asarray(numbers)
    return np.arange(1, len(names) + 1, dtype=np.int64)


def _lines(links: pd.DataFrame, nodes: pd.DataFrame) -> np.ndarray:
    """(n_links,) LineString: as given in well-known text, else straight."""
    ends = np.stack([nodes.loc[links[end], ["x", "y"]].to_numpy(np.float64) for end in ("u", "v")], axis=1)
    lines = np.asarray(shapely.linestrings(ends), dtype=object)
    if "geometry" not in links.columns:
        return lines
    text = links["geometry"].astype(str)
    drawn = text.str.upper().str.startswith("LINESTRING").to_numpy()
    try:
        lines[drawn] = shapely.from_wkt(text[drawn].to_numpy(dtype=object))
    except shapely.errors.GEOSException as error:
        mend = "Write LINESTRING (lon lat, ...)"
        raise InputError(Fault(f"a geometry is no well-known text ({error})", "link.csv", mend)) from error
    return lines


def _with_lists(links: pd.DataFrame) -> pd.DataFrame:
    """Return the links with lists of several values, written as Python prints them, made lists again."""
    texts = [name for name in links.columns if name != "geometry"]
    listed = [name for name in texts if links[name].astype(str).str.startswith("[").any()]
    return links.assign(**{name: links[name].astype(object).map(parsed) for name in listed})


def _with_classes(links: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Take the class of road from the first column that has it, in the words of OpenStreetMap."""
    for name in _CLASS_COLUMNS:
        if name in links.columns and links[name].notna().any():
            break
    else:
        notice = "link.csv names no class of road (facility_type): every link was kept, at its free_speed"
        return links.assign(highway=None), (notice,)
    given = links[name]
    known = given.map(lambda cell: FACILITY_TYPES.get(str(cell).strip().lower()))
    highway = given.where(known.isna(), known)
    if "is_link" in links.columns:  # osm2gmns writes the links of a class under the class
        ramp = links["is_link"].isin(("1", "True", "true")) & highway.isin(CLASSES[::2])
        highway = highway.where(~ramp, highway.astype(str) + "_link")
    pairs = sorted({(str(a), str(b)) for a, b in zip(given, known, strict=True) if b is not None})
    notices = (f"{name} is read as: " + ", ".join(f"{a} = {b}" for a, b in pairs),) if pairs else ()
    return links.assign(highway=highway), notices


def _unit(links: pd.DataFrame, stated: float | None) -> tuple[float, tuple[str, ...]]:
    """Return the meters in a unit of length: as stated, else the unit that fits the coordinates."""
    if stated is not None:
        return stated, ()
    measured = line_lengths_m(links["geometry"].to_numpy())
    given = links["length"].to_numpy(np.float64)
    usable = np.isfinite(given) & (given > 0) & (measured > 0)
    if not usable.any():
        return 1.0, ()
    ratio = float(np.median(given[usable] / measured[usable]))
    for name in ("m", "km", "mi"):
        if _LEAST_RATIO <= ratio * _METERS[name] <= _MOST_RATIO:
            return _METERS[name], (f"lengths of link.csv are read as {name}: that fits the coordinates",)
    mend = (
        "Write config.csv with long_length (m, km or mile), and check that x_coord is longitude and "
        "y_coord latitude, in degrees"
    )
    raise InputError(Fault("lengths fit the coordinates in no unit (m, km, mile)", "link.csv", mend))


def _both_ways(links: pd.DataFrame) -> pd.DataFrame:
    """Return one row per direction of travel."""
    directed = links["directed"] if "directed" in links.columns else pd.Series(data=True, index=links.index)
    extra = {"oneway": directed} if "oneway" not in links.columns else {}
    if "reversed" not in links.columns:
        extra["reversed"] = pd.Series(data=False, index=links.index)
    table = links.assign(**extra)
    back = table[~directed].rename(columns={"u": "v", "v": "u"}).assign(reversed=True)
    back["geometry"] = shapely.reverse(back["geometry"].to_numpy())
    return pd.concat([table, back], ignore_index=True)


def gmns_tables(
    nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return node.csv, link.csv and config.csv of a network: one link per direction, lengths in km."""
    ends = edges.index.to_frame(index=False)
    node = pd.DataFrame(nodes.drop(columns=["geometry", "node_id"], errors="ignore")).rename(
        columns={"x": "x_coord", "y": "y_coord"}
    )
    node.insert(0, "node_id", nodes.index)
    ours = ["geometry", "link_id", *_KEYS]
    link = pd.DataFrame(edges.drop(columns=ours, errors="ignore")).reset_index(drop=True)
    link = link.assign(length=link["length"] / 1000.0, facility_type=link["highway"], directed=1)
    link.insert(0, "link_id", np.arange(1, len(link) + 1))
    link.insert(1, "from_node_id", ends["u"].to_numpy())
    link.insert(2, "to_node_id", ends["v"].to_numpy())
    link["geometry"] = shapely.to_wkt(edges.geometry.to_numpy(), rounding_precision=-1)
    return (
        node,
        link,
        pd.DataFrame({"dataset_name": ["chengyu"], "long_length": ["km"], "crs": ["EPSG:4326"]}),
    )
