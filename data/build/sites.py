"""Sites: the interchanges of the road graph, and the places and stations entered by hand.

An interchange becomes a candidate where the graph names it (``highway == motorway_junction``) inside Sichuan
or Chongqing. Several nodes of one physical interchange are one site. Hand-entered rows stand in
``facts/sites.csv`` with a source and a confidence each; their positions are approximate and say so.

What no source gives is derived and says on what grounds: km posts by the posts of the interchanges around
(``km_post_basis``), the road of a site on none by the nearest (``road_ref_basis``), the county by the county
polygon the point lies in (``county_basis``), the direction served by the kind of site (``direction_basis``).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from corridor import roads
from corridor.km_posts import derived, with_km_posts
from corridor.sites import directions, nearest_road
from corridor.sources import data_directory, read_roads, read_truck_speeds
from data.build.zones import ALBERS, english_name, read_counties

if TYPE_CHECKING:
    from corridor.roads import RoadNetwork

FACTS = Path(__file__).parent / "facts"
ONE_INTERCHANGE_KM = 0.8
"""Named nodes nearer than this to each other are one interchange: its ramps reach that far."""

ON_BORDER_KM = 0.1
"""A node this near to a county counts as inside: the polygons are generalized and leave slits."""

OFF_BORDER_KM = 5.0
"""Hand-entered points farther than this from every county of the two provinces are refused."""

CONTRADICTION_KM = 3.0
"""An exit number this much beyond the error of the post derived from its neighbors contradicts them."""

SITE_COLUMNS = (
    "site_id",
    "status",
    "kind",
    "name_zh",
    "name_en",
    "road_ref",
    "road_ref_basis",
    "km_post",
    "km_post_basis",
    "km_post_error_km",
    "direction",
    "direction_basis",
    "county_code",
    "county_basis",
    "lon",
    "lat",
    "capacity_kg_per_day",
    "opened",
    "operator",
    "position_quality",
    "source",
    "confidence",
    "note",
)


def points(table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the table with its ``lon``, ``lat`` as point geometry, in the projection of the polygons."""
    geometry = gpd.points_from_xy(table["lon"], table["lat"], crs="EPSG:4326")
    return gpd.GeoDataFrame(table, geometry=geometry).to_crs(ALBERS)


def county_of(table: pd.DataFrame, counties: gpd.GeoDataFrame, *, within_km: float) -> pd.Series:
    """Return the code of the county each row lies in, or of one within ``within_km`` of it, else missing."""
    joined = points(table)[["geometry"]].sjoin_nearest(counties.to_crs(ALBERS), max_distance=within_km * 1000)
    code = joined["CODE"]  # a point on a shared border has two counties: the first by code
    nearest: pd.Series = code.sort_values().groupby(level=0).first().reindex(table.index)
    return nearest


def clusters(table: pd.DataFrame, *, within_km: float) -> np.ndarray:
    """Return a label per row; rows nearer than ``within_km``, directly or through others, share one.

    Returns
    -------
    labels
        (n_rows,) int.
    """
    metric = points(table).geometry
    pairs = KDTree(np.column_stack([metric.x, metric.y])).query_pairs(within_km * 1000, output_type="ndarray")
    joined = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(table), len(table)))
    return connected_components(joined, directed=False)[1]


def with_county(table: pd.DataFrame, counties: gpd.GeoDataFrame) -> tuple[list[str], list[str]]:
    """Return Chinese and English names that end in the county of the row, spelled as in ``zones.csv``."""
    county = table["county_code"].map(counties["name_zh"])
    chinese = [
        f"{re.sub('（[^（）]*）$', '', name)}（{place}）"
        for name, place in zip(table["name_zh"], county, strict=True)
    ]
    english = [
        f"{re.sub(r' [(][^()]*[)]$', '', name)} ({english_name(place)})"
        for name, place in zip(table["name_en"], county, strict=True)
    ]
    return chinese, english


def interchanges(nodes: pd.DataFrame, counties: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return one candidate row per interchange of the two provinces, in order of ``site_id``.

    Parameters
    ----------
    nodes
        Nodes of the road graph, schema of ``docs/tables.md``.
    counties
        Polygons, index ``CODE``.
    """
    named = nodes[nodes["highway"] == "motorway_junction"].reset_index(names="osmid")
    table = named.rename(columns={"x": "lon", "y": "lat", "name": "name_zh"})
    table["county_code"] = county_of(table, counties, within_km=ON_BORDER_KM)
    table = table[table["county_code"].notna()].reset_index(drop=True)
    table["interchange"] = clusters(table, within_km=ONE_INTERCHANGE_KM)
    # The node with a km post speaks for its interchange, else the busiest.
    table = table.sort_values(["km_post", "street_count"], ascending=[True, False], na_position="last")
    table = table.drop_duplicates("interchange")
    label = table["ref"].fillna("").astype(str).str.replace(r"[^0-9A-Za-z]+", "", regex=True)
    stem = "IC-" + table["road_ref"].fillna("X") + "-" + label.where(label != "", table["osmid"].astype(str))
    table = table.assign(stem=stem).sort_values(["stem", "lon", "lat"])
    repeat = table.groupby("stem").cumcount()
    table["site_id"] = table["stem"] + repeat.map(lambda n: f"-{n + 1}" if n else "")
    table["lon"], table["lat"] = table["lon"].round(5), table["lat"].round(5)
    table["name_zh"], table["name_en"] = with_county(table, counties)
    fixed = {
        "status": "candidate",
        "kind": "interchange",
        "road_ref_basis": "on",
        "county_basis": "position",
        "position_quality": "osm",
        "source": "TravelMapping/HighwayData waypoint on the OpenStreetMap road graph",
        "confidence": "M",
    }
    return table.assign(**fixed).reindex(columns=list(SITE_COLUMNS)).sort_values("site_id")


def hand_entered(counties: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return stations, service areas, parks, ports and airports of ``facts/sites.csv``.

    Where the source names the district (``county_code`` is filled), that holds against the approximate point.
    """
    kinds = {"opened": "Int64", "capacity_kg_per_day": "Int64", "county_code": "object"}
    table = pd.read_csv(FACTS / "sites.csv", dtype=kinds)
    table["county_basis"] = np.where(table["county_code"].notna(), "source", "position")
    table["county_code"] = table["county_code"].fillna(county_of(table, counties, within_km=OFF_BORDER_KM))
    table["note"] = _with_namesake(table, counties)
    table["road_ref_basis"] = table["road_ref"].notna().map({True: "on", False: None})
    outside = table.loc[table["county_code"].isna(), "site_id"]
    if len(outside):
        raise ValueError(f"facts/sites.csv: outside Sichuan and Chongqing: {', '.join(outside)}")
    return table.assign(position_quality="approx").reindex(columns=list(SITE_COLUMNS))


def _with_namesake(table: pd.DataFrame, counties: gpd.GeoDataFrame) -> list[str]:
    """Return the notes; a service area in another county than the one it is named after says so."""
    notes = []
    rows = zip(
        table["kind"],
        table["name_zh"],
        table["county_code"],
        table["county_basis"],
        table["note"],
        strict=True,
    )
    for kind, name, code, basis, note in rows:
        here = str(counties.loc[code, "name_zh"])
        town = str(name).split("服务区")[0]
        there = [str(other) for other in counties["name_zh"] if len(town) > 1 and str(other)[:-1] == town]
        text = "" if pd.isna(note) else str(note)
        if kind == "service_area" and basis == "position" and there and here not in there:
            text += (
                f"; named after {english_name(there[0])}, its approximate point lies in {english_name(here)}"
            )
        notes.append(text)
    return notes


def with_reference(table: pd.DataFrame, network: RoadNetwork) -> pd.DataFrame:
    """Return the table with km posts, roads and directions filled in, each with its basis.

    Parameters
    ----------
    table
        Rows of ``sites.csv``; a ``km_post`` given is a sign.
    network
        The road graph.
    """
    table = table.copy()
    table["km_post_basis"] = np.where(table["km_post"].notna(), "sign", None)
    table["km_post_error_km"] = np.where(table["km_post_basis"] == "sign", 1.0, np.nan)
    _mark_contradictions(table, network)
    table = with_km_posts(table, network)
    table["road_ref"], table["road_ref_basis"] = nearest_road(table, network)
    table["direction"], table["direction_basis"] = directions(table)
    return table


def _mark_contradictions(table: pd.DataFrame, network: RoadNetwork) -> None:
    """Note, and leave without an error, the exit numbers that those of the neighbors contradict."""
    signs = table[table["km_post_basis"] == "sign"]
    found = derived(
        network, signs["lon"], signs["lat"], refs=signs["road_ref"].tolist(), beyond_km=ONE_INTERCHANGE_KM
    )
    post = found["km_post"].to_numpy()
    off = np.abs(post - signs["km_post"].to_numpy(dtype=float))
    doubtful = off > found["error_km"].to_numpy() + CONTRADICTION_KM
    table.loc[signs.index[doubtful], "note"] = [
        f"the exit number does not continue those of its neighbors, by which it would be km {km:.0f}"
        for km in post[doubtful]
    ]
    table.loc[signs.index[doubtful], "km_post_error_km"] = np.nan


def main(sources: Path, out: Path) -> None:
    """Write ``sites.csv`` from ``facts/sites.csv`` and ``out/roads_nodes.parquet``."""
    counties = read_counties(sources)
    tables = [hand_entered(counties)]
    roads_nodes = out / "roads_nodes.parquet"
    if roads_nodes.is_file():
        tables.append(interchanges(pd.read_parquet(roads_nodes), counties))
    else:
        print(f"sites: {roads_nodes.name} is not there yet, interchanges left out")
    table = pd.concat([part.astype("object") for part in tables], ignore_index=True)
    if roads_nodes.is_file():
        nodes, edges = read_roads(out)
        speeds = read_truck_speeds(data_directory())
        table = with_reference(table, roads.from_tables(nodes, edges, speeds_kmh=speeds))
    table.to_csv(out / "sites.csv", index=False, lineterminator="\n")
    print(f"sites: {len(table)} rows, {table.groupby(['status', 'kind']).size().to_dict()}")
