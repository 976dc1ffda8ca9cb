"""Networks in the General Modeling Network Specification (GMNS): ``node.csv`` and ``link.csv`` [1]_.

GMNS leaves the unit of ``length`` to ``config.csv`` (``long_length``). Without that file the unit is the one
of m, km and mile in which the links are about as long as their lines on the map; if none is, the network is
refused. Links read here carry the class of road as ``highway``, ``facility_type`` or ``link_type_name``.

References
----------
.. [1] Zephyr Foundation, General Modeling Network Specification 0.96, tables node, link and config.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from corridor.errors import Fault, InputError
from corridor.osm import indexed
from corridor.road_schema import KM_PER_MILE
from corridor.simplification import line_lengths_m
from corridor.sources import read_table
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
    "directed": Column(kind="flag"),
    "length": Column(kind="number", required=False, empty=True, low=0.0),
    "free_speed": Column(kind="number", required=False, empty=True, low=0.0),
}
_CLASS_COLUMNS = ("highway", "facility_type", "link_type_name")
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
    node_table = nodes.rename(columns={"x_coord": "x", "y_coord": "y"})
    node_table = node_table.drop(columns="geometry", errors="ignore").replace("", None)
    node_table.index = pd.Index(ids, name="osmid")
    points = gpd.points_from_xy(node_table["x"], node_table["y"], crs="EPSG:4326")
    edges = links.assign(
        u=links["from_node_id"].map(node_of).to_numpy(), v=links["to_node_id"].map(node_of).to_numpy()
    )
    edges["geometry"] = _lines(edges, node_table)
    edges, notices = _with_classes(edges.replace("", None))
    if "length" in edges.columns:
        factor, found = _unit(edges, directory)
        edges["length"] = edges["length"] * factor
        notices = (*notices, *found)
    if "free_speed" in edges.columns and "maxspeed_kmh" not in edges.columns:
        edges["maxspeed_kmh"] = edges["free_speed"].where(edges["free_speed"] > 0)
    return gpd.GeoDataFrame(node_table, geometry=points), indexed(_both_ways(edges)), notices


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


def _with_classes(links: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Take the class of road from the first column that has it."""
    for name in _CLASS_COLUMNS:
        if name in links.columns and links[name].notna().any():
            return links.assign(highway=links[name]), ()
    notice = "link.csv names no class of road (facility_type): every link was kept, at its free_speed"
    return links.assign(highway=None), (notice,)


def _unit(links: pd.DataFrame, directory: Path) -> tuple[float, tuple[str, ...]]:
    """Return the meters in a unit of length."""
    config = directory / "config.csv"
    if config.is_file():
        table = read_table(config, {"long_length": Column(required=False, empty=True)})
        if "long_length" in table.columns and len(table) and table["long_length"].iloc[0]:
            name = str(table["long_length"].iloc[0]).lower().rstrip("s")
            if name not in _METERS:
                mend = "Write m, km or mile"
                raise InputError(Fault(f"long_length {name!r} is unknown", "config.csv", mend))
            return _METERS[name], ()
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
    extra = {"oneway": links["directed"]} if "oneway" not in links.columns else {}
    if "reversed" not in links.columns:
        extra["reversed"] = pd.Series(data=False, index=links.index)
    table = links.assign(**extra)
    back = table[~table["directed"]].rename(columns={"u": "v", "v": "u"}).assign(reversed=True)
    back["geometry"] = shapely.reverse(back["geometry"].to_numpy())
    return pd.concat([table, back], ignore_index=True)


def gmns_tables(
    nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return node.csv, link.csv and config.csv of a network: one link per direction, lengths in km."""
    ends = edges.index.to_frame(index=False)
    node = pd.DataFrame(nodes.drop(columns="geometry")).rename(columns={"x": "x_coord", "y": "y_coord"})
    node.insert(0, "node_id", nodes.index)
    link = pd.DataFrame(edges.drop(columns="geometry")).reset_index(drop=True)
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
