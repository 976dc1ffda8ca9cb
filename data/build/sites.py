"""Sites: the interchanges of the road graph, and the places and stations entered by hand.

An interchange becomes a candidate where the graph names it (``highway == motorway_junction``) inside Sichuan
or Chongqing. Several nodes of one physical interchange are one site. Hand-entered rows stand in
``facts/sites.csv`` with a source and a confidence each; their positions are approximate and say so.
"""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from data.build.zones import ALBERS, english_name, read_counties

FACTS = Path(__file__).parent / "facts"
ONE_INTERCHANGE_KM = 0.8
"""Named nodes nearer than this to each other are one interchange: its ramps reach that far."""

ON_BORDER_KM = 0.1
"""A node this near to a county counts as inside: the polygons are generalized and leave slits."""

OFF_BORDER_KM = 5.0
"""Hand-entered points farther than this from every county of the two provinces are refused."""

SITE_COLUMNS = (
    "site_id",
    "status",
    "kind",
    "name_zh",
    "name_en",
    "road_ref",
    "km_post",
    "county_code",
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
    table["county_code"] = table["county_code"].fillna(county_of(table, counties, within_km=OFF_BORDER_KM))
    outside = table.loc[table["county_code"].isna(), "site_id"]
    if len(outside):
        raise ValueError(f"facts/sites.csv: outside Sichuan and Chongqing: {', '.join(outside)}")
    return table.assign(position_quality="approx").reindex(columns=list(SITE_COLUMNS))


def main(sources: Path, out: Path) -> None:
    """Write ``sites.csv`` from ``facts/sites.csv`` and ``out/roads_nodes.parquet``."""
    counties = read_counties(sources)
    tables = [hand_entered(counties)]
    roads = out / "roads_nodes.parquet"
    if roads.is_file():
        tables.append(interchanges(pd.read_parquet(roads), counties))
    else:
        print(f"sites: {roads.name} is not there yet, interchanges left out")
    table = pd.concat([part.astype("object") for part in tables], ignore_index=True)
    table.to_csv(out / "sites.csv", index=False, lineterminator="\n")
    print(f"sites: {len(table)} rows, {table.groupby(['status', 'kind']).size().to_dict()}")
