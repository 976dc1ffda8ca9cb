"""Places where a station may stand, and where one stands: network node, direction served, siting rules.

A screening flag is no permit. It says what the tables can tell: ``ok``, ``check`` (the clause may forbid or
limit the site: look at it on the ground) or ``unknown`` (the tables hold nothing that decides it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.spatial import KDTree

from corridor.geodesy import EARTH_RADIUS_KM, great_circle_km, unit_vectors
from corridor.linear_reference import locate, nearest_km
from corridor.named_routes import numbers, refs_of
from corridor.roads import snap

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

#: A site farther than this from every network node serves no trip on the network, km great-circle.
FARTHEST_SNAP_KM = 10.0


def attach(
    sites: pd.DataFrame, network: RoadNetwork, *, farthest_km: float = FARTHEST_SNAP_KM
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the sites on the network and those refused for distance.

    Parameters
    ----------
    sites
        Index ``site_id``, with ``lon`` and ``lat``.
    network
        Road network.
    farthest_km
        Greatest distance to the nearest node.

    Returns
    -------
    attached
        Sites within reach, with ``node_id`` and ``snap_km``.
    refused
        The others, same columns.
    """
    node_id, snap_km = snap(network, sites["lon"].to_numpy(), sites["lat"].to_numpy())
    snapped = sites.assign(node_id=node_id, snap_km=snap_km)
    near = snapped["snap_km"] <= farthest_km
    return snapped[near], snapped[~near]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A siting rule a site is screened against.

    Parameters
    ----------
    rule_id
        The flag's column is ``screen_<rule_id>``.
    clause
        Standard and clause.
    what, what_zh
        What the clause asks.
    needs, needs_zh
        What must be known to decide; where the tables lack it the flag says ``unknown``.
    source
        Where the clause was read.
    confidence
        ``H`` seen in a source, ``M``, ``L`` general knowledge to be checked in the original.
    """

    rule_id: str
    clause: str
    what: str
    what_zh: str
    needs: str
    needs_zh: str
    source: str
    confidence: str


_COMMENTARY = "secondary copies of the standards and their commentary (jianbiaoku.com, zzguifan.com)"

#: What a flag may say.
FLAGS = ("ok", "check", "unknown")

#: Rules known so far. The full distance tables (GB 50516 4.0.4A, GB 50156 4.0.8) are missing.
RULES = (
    Rule(
        rule_id="city_center",
        clause="GB 50516-2010 (2021) 4.0.2, mandatory; GB 50156-2021 4.0.2 for combined stations",
        what="no class 1 station in the central area of a city",
        what_zh="城市中心区不应建一级站",
        needs="extent of the central area; distance to the seat of a district or city stands in for it",
        needs_zh="中心区范围；以到区、市政府驻地的距离代替",
        source=_COMMENTARY,
        confidence="H",
    ),
    Rule(
        rule_id="crossing",
        clause="GB 50516-2010 (2021) 4.0.3; GB 50156-2021 4.0.3",
        what="near urban roads, but not at a crossing of urban main roads",
        what_zh="宜靠近城市道路，但不应选在城市干道的交叉路口附近",
        needs="urban streets; a service area is at no urban crossing",
        needs_zh="城市街道；服务区不在城市路口",
        source=_COMMENTARY,
        confidence="H",
    ),
    Rule(
        rule_id="public_buildings",
        clause="GB 50516-2010 (2021) chapter 4, clause number not seen",
        what="at least 50 m from important public buildings, whatever is stored",
        what_zh="距重要公共建筑物不小于 50 m（与储氢量无关）",
        needs="buildings",
        needs_zh="建筑物",
        source=_COMMENTARY,
        confidence="H",
    ),
    Rule(
        rule_id="open_flame",
        clause="GB 50516-2010 (2021) chapter 4, clause number not seen",
        what="25 to 40 m from open flame and sparks, by what is stored",
        what_zh="距明火或散发火花地点 25–40 m（视储氢量）",
        needs="workshops, boilers and the like around the site",
        needs_zh="周边车间、锅炉房等",
        source=_COMMENTARY,
        confidence="H",
    ),
    Rule(
        rule_id="main_road",
        clause="GB 50516-2010 (2021) table 4.0.4A",
        what="12 to 15 m from motorways and main roads",
        what_zh="距高速公路、主干路 12–15 m",
        needs="position of the site to a few meters, and every main road",
        needs_zh="站址位置（米级）及全部干道",
        source="general knowledge, unverified",
        confidence="L",
    ),
)

#: Nearer than this to the seat of a district (区) or city (市), a class 1 station needs a check, km. An
#: assumption (L): no line around the centers is in the tables.
CENTER_KM = 5.0

#: Farther than this from every seat of the tables, a site lies in a region whose cities are not known, km.
_KNOWN_KM = 50.0

#: A site without a county is given the one whose seat is nearest, this near, km.
SEAT_KM = 15.0

#: How far off a position may be, km, by ``position_quality`` (docs/tables.md).
OFF_KM = {"surveyed": 0.0, "osm": 0.1, "approx": 5.0, "centroid": 20.0}

#: On what grounds a direction is given.
DIRECTION_BASES = ("stated", "interchange", "assumed")

#: Farther than this from every road of the network, its protection distance is kept for sure, km.
_CLEAR_OF_ROAD_KM = 0.2


def screened(sites: pd.DataFrame, network: RoadNetwork, *, zones: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the sites with their distance to the road, direction served and one flag per rule.

    Parameters
    ----------
    sites
        Index ``site_id``, with ``kind``, ``lon``, ``lat``, ``position_quality``; optional ``direction``.
    network
        Road network; edges with ``geometry``.
    zones
        Seats of counties and city districts, index their code, with ``kind``, ``name_zh``, ``lon``, ``lat``;
        without them the central-area flag stays unknown.

    Returns
    -------
    DataFrame
        The same rows and columns with ``road_km`` (great-circle, to the nearest edge), ``direction``
        (``both`` | ``one``), ``direction_basis`` (``stated`` | ``interchange``: its ramps serve both |
        ``assumed``) and ``screen_<rule>`` (``ok`` | ``check`` | ``unknown``) for every rule of ``RULES``.
        Empty cells of ``road_ref`` and ``county_code`` are filled in as :func:`nearest_road` and
        :func:`nearest_county` say, with ``road_ref_basis``, ``county_basis``.
    """
    road_km = nearest_km(network, sites["lon"].to_numpy(), sites["lat"].to_numpy())
    direction, basis = directions(sites)
    off_km = np.array([OFF_KM.get(str(quality), OFF_KM["centroid"]) for quality in sites["position_quality"]])
    unknown = np.full(len(sites), "unknown", dtype=object)
    flags = {f"screen_{rule.rule_id}": unknown for rule in RULES}
    flags["screen_city_center"] = _city_center(sites, zones, off_km)
    flags["screen_crossing"] = np.where(sites["kind"] == "service_area", "ok", unknown)
    flags["screen_main_road"] = np.where(road_km - off_km > _CLEAR_OF_ROAD_KM, "ok", unknown)
    road_ref, road_basis = nearest_road(sites, network)
    county, county_basis = nearest_county(sites, zones)
    return sites.assign(
        road_ref=road_ref,
        road_ref_basis=road_basis,
        county_code=county,
        county_basis=county_basis,
        road_km=road_km,
        direction=direction,
        direction_basis=basis,
        **flags,
    )


def directions(sites: pd.DataFrame) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the direction each site serves and on what grounds.

    Parameters
    ----------
    sites
        With ``kind``; optional ``direction`` and ``direction_basis``, kept where given.

    Returns
    -------
    direction, basis
        (n,) str: ``both`` | ``one``, and ``stated`` | ``interchange`` (its ramps serve both) | ``assumed``.
    """
    nothing = pd.Series(None, index=sites.index, dtype=object)
    given = sites.get("direction", nothing).to_numpy(dtype=object)
    grounds = sites.get("direction_basis", nothing).to_numpy(dtype=object)
    stated = np.isin(given.astype(str), ["both", "one"])
    direction = np.where(stated, given, "both")
    by_kind = np.where(sites["kind"] == "interchange", "interchange", "assumed")
    basis = np.where(
        stated, np.where(np.isin(grounds.astype(str), DIRECTION_BASES), grounds, "stated"), by_kind
    )
    return direction.astype(object), basis.astype(object)


def nearest_road(
    sites: pd.DataFrame, network: RoadNetwork, *, within_km: float = FARTHEST_SNAP_KM
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the road number of each site and on what grounds.

    Parameters
    ----------
    sites
        With ``lon``, ``lat``; optional ``road_ref`` and ``road_ref_basis``, kept where given.
    network
        Road network; edges with ``geometry`` and ``ref``.
    within_km
        Farthest numbered road to name.

    Returns
    -------
    road_ref, basis
        (n,) str or None: the number given (``on`` unless the table says otherwise), else that of the nearest
        numbered road (``nearest``: the site is not said to lie on it).
    """
    result, grounds = _given(sites, "road_ref", "road_ref_basis", otherwise="on")
    missing = np.flatnonzero([cell is None for cell in result])
    first = np.array([next(iter(numbers(cell)), "") for cell in refs_of(network)], dtype=object)
    for slack_km in (0.0, within_km):  # the nearest edge bears a number mostly: few points need a wide search
        if len(missing) == 0 or not any(first):
            break
        where = sites.iloc[missing]
        reached = locate(network, where["lon"].to_numpy(), where["lat"].to_numpy(), slack_km=slack_km)
        bears = np.array([ref != "" for ref in first[reached["row"].to_numpy()]], dtype=bool)
        reached = reached[bears & (reached["distance_km"] <= within_km)].drop_duplicates("point")
        rows = missing[reached["point"].to_numpy()]
        result[rows], grounds[rows] = first[reached["row"].to_numpy()], "nearest"
        missing = np.setdiff1d(missing, rows)
    return result, grounds


def nearest_county(
    sites: pd.DataFrame, zones: pd.DataFrame | None
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the county of each site and on what grounds.

    Parameters
    ----------
    sites
        With ``lon``, ``lat``; optional ``county_code`` and ``county_basis``, kept where given.
    zones
        Seats of counties, as for :func:`screened`.

    Returns
    -------
    county_code, basis
        (n,) str or None: the county given (``source`` unless the table says otherwise), else the one whose
        seat is nearest, within ``SEAT_KM`` (``seat``: right for four of five interchanges of the list).
    """
    result, grounds = _given(sites, "county_code", "county_basis", otherwise="source")
    missing = np.flatnonzero([cell is None for cell in result])
    seats = None if zones is None else zones[zones["kind"] == "county"]
    if seats is None or seats.empty or len(missing) == 0:
        return result, grounds
    lon, lat = (sites[axis].to_numpy(dtype=np.float64)[missing] for axis in ("lon", "lat"))
    tree = KDTree(unit_vectors(seats["lon"].to_numpy(), seats["lat"].to_numpy()))
    chord, row = (np.asarray(part) for part in tree.query(unit_vectors(lon, lat)))
    near = 2.0 * EARTH_RADIUS_KM * np.arcsin(np.minimum(chord / 2.0, 1.0)) <= SEAT_KM
    result[missing[near]] = seats.index.astype(str).to_numpy(dtype=object)[row[near]]
    grounds[missing[near]] = "seat"
    return result, grounds


def _given(
    sites: pd.DataFrame, column: str, basis: str, *, otherwise: str
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """(n,) each: the text cells of a column and their grounds, None where empty."""
    nothing = pd.Series(None, index=sites.index, dtype=object)
    cells = sites.get(column, nothing).to_numpy(dtype=object)
    stated = sites.get(basis, nothing).to_numpy(dtype=object)
    result, grounds = np.full(len(sites), None, dtype=object), np.full(len(sites), None, dtype=object)
    for row, (cell, ground) in enumerate(zip(cells, stated, strict=True)):
        if isinstance(cell, str) and cell:
            result[row], grounds[row] = cell, ground if isinstance(ground, str) and ground else otherwise
    return result, grounds


def _city_center(
    sites: pd.DataFrame, zones: pd.DataFrame | None, off_km: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Flag sites that may lie in the central area of a city; whether a county town is one stays unknown."""
    flag = np.full(len(sites), "unknown", dtype=object)
    seats = None if zones is None else zones[zones["kind"] == "county"]
    if seats is None or seats.empty:
        return flag
    city = seats["name_zh"].str.endswith(("区", "市"))
    to_city, to_town = (_away_km(sites, chosen) for chosen in (seats[city], seats[~city]))
    known = np.minimum(to_city, to_town) <= _KNOWN_KM
    flag[known & (to_town - off_km > CENTER_KM)] = "ok"
    flag[to_city - off_km <= CENTER_KM] = "check"
    return flag


def _away_km(sites: pd.DataFrame, seats: pd.DataFrame) -> NDArray[np.float64]:
    """(n_sites,) float64: great-circle distance to the nearest seat; infinite without any."""
    lon, lat = (sites[axis].to_numpy(dtype=np.float64)[:, None] for axis in ("lon", "lat"))
    away = great_circle_km(lon, lat, seats["lon"].to_numpy()[None], seats["lat"].to_numpy()[None])
    nearest: NDArray[np.float64] = away.min(axis=1, initial=np.inf)
    return nearest
