"""Graphs as OSMnx saves them: GraphML, and GeoPackage with the layers ``nodes`` and ``edges``."""

from __future__ import annotations

import ast
import sqlite3
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj.exceptions import CRSError

from corridor.errors import Fault, InputError
from corridor.osm import indexed, refuse_entities

if TYPE_CHECKING:
    from pathlib import Path

_WGS84 = "EPSG:4326"
_SAVE_AGAIN = "Save the graph with osmnx again"


def read_graphml(path: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the tables of an OSMnx GraphML file, in WGS 84.

    Raises
    ------
    corridor.errors.InputError
        If the file is missing, not GraphML of OSMnx, or of an unknown coordinate system.
    """
    import osmnx as ox  # noqa: PLC0415  1.8 s and 280 MB: paid only where a graph is converted

    _existing(path)
    refuse_entities(path)
    try:
        graph = ox.load_graphml(path)
    except (ParseError, ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        detail = f"not readable as an OSMnx GraphML ({error or type(error).__name__})"
        raise InputError(Fault(detail, path.name, _SAVE_AGAIN)) from error
    return graph_tables(graph, where=path.name)


def graph_tables(graph: Any, *, where: str) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:  # noqa: ANN401  networkx is typed loosely
    """Return the tables of an OSMnx graph in WGS 84; a graph without edges or coordinates is refused."""
    import osmnx as ox  # noqa: PLC0415  1.8 s and 280 MB: paid only where a graph is converted

    faults = []
    if graph.number_of_edges() == 0:
        faults.append(Fault("there is no drivable edge", where, "Take a graph with edges"))
    if not graph.graph.get("crs"):
        faults.append(Fault("the graph names no coordinate system", where, "Set its crs, e.g. EPSG:4326"))
    lost = [node for node, data in graph.nodes(data=True) if not _placed(data)]
    if lost:
        what = f"{len(lost)} nodes have no coordinates, first {lost[0]}"
        faults.append(Fault(what, where, "Give x and y to every node"))
    if faults:
        raise InputError(faults)
    try:
        nodes, edges = ox.graph_to_gdfs(graph)
    except CRSError as error:
        what = f"the coordinate system {graph.graph['crs']} is unknown"
        raise InputError(Fault(what, where, "Set its crs, e.g. EPSG:4326")) from error
    return _in_wgs84(nodes, edges, where=where)


def _placed(data: dict[str, Any]) -> bool:
    """Whether a node has finite coordinates."""
    return all(isinstance(data.get(axis), (int, float)) and np.isfinite(data[axis]) for axis in "xy")


def read_geopackage(path: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return the tables of an OSMnx GeoPackage, in WGS 84.

    A file saved undirected, the default of OSMnx, holds every two-way road once; both directions are made of
    it.

    Raises
    ------
    corridor.errors.InputError
        If the file is missing or unreadable, lacks a layer or a column, or names no coordinate system.
    """
    _existing(path)
    tables = {}
    try:
        present = set(gpd.list_layers(path)["name"])
        lacking = {"nodes", "edges"} - present
        if lacking:
            what = f"there is no layer {' and no layer '.join(sorted(lacking))}"
            raise InputError(Fault(what, path.name, _SAVE_AGAIN))
        for layer in ("nodes", "edges"):
            tables[layer] = gpd.read_file(path, layer=layer)
    except (RuntimeError, ValueError, sqlite3.Error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(Fault(f"not readable as a GeoPackage ({error})", path.name, _SAVE_AGAIN)) from error
    needed = {"nodes": ("osmid",), "edges": ("u", "v")}
    faults = [
        Fault(f"layer {layer} has no column {name}", path.name, _SAVE_AGAIN)
        for layer, names in needed.items()
        for name in names
        if name not in tables[layer].columns
    ]
    if faults:
        raise InputError(faults)
    nodes, edges = _in_wgs84(tables["nodes"], tables["edges"], where=path.name)
    edges = pd.DataFrame({name: _parsed(edges[name]) for name in edges.columns})
    nodes = gpd.GeoDataFrame({name: _parsed(nodes[name]) for name in nodes.columns}, crs=_WGS84)
    if {"from", "to"} <= set(edges.columns):
        edges = _directed(edges)
    return nodes.set_index(nodes["osmid"].astype(np.int64).rename("osmid")), indexed(
        edges.drop(columns=["key", "from", "to"], errors="ignore").astype({"u": np.int64, "v": np.int64})
    )


def _existing(path: Path) -> None:
    """Refuse a missing file."""
    if not path.is_file():
        raise InputError(Fault("there is no such file", str(path), "Check the path"))


def _in_wgs84(
    nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, *, where: str
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Reproject both tables from the coordinate system they name."""
    if nodes.crs is None or edges.crs is None:
        mend = "Set the coordinate system of both layers; it is never guessed"
        raise InputError(Fault("there is no coordinate system", where, mend))
    placed = nodes.geometry.notna() & ~nodes.geometry.is_empty
    if not placed.all():
        what = f"{int((~placed).sum())} nodes have no coordinates"
        raise InputError(Fault(what, where, "Give every node a point"))
    nodes, edges = nodes.to_crs(_WGS84), edges.to_crs(_WGS84)
    return nodes.assign(x=nodes.geometry.x, y=nodes.geometry.y), edges


def _parsed(column: pd.Series) -> pd.Series:
    """Return a column with lists written as text made lists again, and empty text made missing."""
    if not pd.api.types.is_string_dtype(column) and column.dtype != object:
        return column
    return column.astype(object).map(parsed)


def parsed(cell: object) -> object:
    """Return a cell as it was before OSMnx wrote it as text."""
    if not isinstance(cell, str):
        return cell
    if cell.startswith("[") and cell.endswith("]"):
        try:
            return ast.literal_eval(cell.replace("nan", "None"))
        except (ValueError, SyntaxError):
            return cell
    return cell or None


def _directed(edges: pd.DataFrame) -> pd.DataFrame:
    """Return one row per direction of a graph saved undirected."""
    forward = edges.assign(u=edges["from"], v=edges["to"])
    both = ~edges["oneway"].astype(str).isin({"True", "true", "1"})
    back = edges[both].assign(u=edges["to"], v=edges["from"])
    back["geometry"] = gpd.GeoSeries(back["geometry"], crs=_WGS84).reverse().to_numpy()
    return pd.concat([forward, back], ignore_index=True)
