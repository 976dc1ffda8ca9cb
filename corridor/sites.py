"""Places where a station may stand, and where one stands: network node, direction served, siting rules.

A screening flag is no permit. It says what the tables can tell: ``ok``, ``check`` (the clause may forbid or
limit the site: look at it on the ground) or ``unknown`` (the tables hold nothing that decides it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.geodesy import great_circle_km
from corridor.linear_reference import nearest_km
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
    what
        What the clause asks.
    needs
        What must be known to decide; where the tables lack it the flag says ``unknown``.
    source
        Where the clause was read.
    confidence
        ``H`` seen in a source, ``M``, ``L`` general knowledge to be checked in the original.
    """

    rule_id: str
    clause: str
    what: str
    needs: str
    source: str
    confidence: str


_COMMENTARY = "secondary copies of the standards and their commentary (jianbiaoku.com, zzguifan.com)"

#: Rules known so far. The full distance tables (GB 50516 4.0.4A, GB 50156 4.0.8) are missing.
RULES = (
    Rule(
        rule_id="city_center",
        clause="GB 50516-2010 (2021) 4.0.2, mandatory; GB 50156-2021 4.0.2 for combined stations",
        what="no class 1 station in the central area of a city",
        needs="extent of the central area; distance to the seat of a district or city stands in for it",
        source=_COMMENTARY,
        confidence="H",
    ),
    Rule(
        rule_id="crossing",
        clause="GB 50516-2010 (2021) 4.0.3; GB 50156-2021 4.0.3",
        what="near urban roads, but not at a crossing of urban main roads",
        needs="urban streets; a service area is at no urban crossing",
        source=_COMMENTARY,
        confidence="H",
    ),
    Rule(
        rule_id="public_buildings",
        clause="GB 50516-2010 (2021) chapter 4, clause number not seen",
        what="at least 50 m from important public buildings, whatever is stored",
        needs="buildings",
        source=_COMMENTARY,
        confidence="H",
    ),
    Rule(
        rule_id="open_flame",
        clause="GB 50516-2010 (2021) chapter 4, clause number not seen",
        what="25 to 40 m from open flame and sparks, by what is stored",
        needs="workshops, boilers and the like around the site",
        source=_COMMENTARY,
        confidence="H",
    ),
    Rule(
        rule_id="main_road",
        clause="GB 50516-2010 (2021) table 4.0.4A",
        what="12 to 15 m from motorways and main roads",
        needs="position of the site to a few meters, and every main road",
        source="general knowledge, unverified",
        confidence="L",
    ),
)

#: Nearer than this to the seat of a district (区) or city (市), a class 1 station needs a check, km. An
#: assumption (L): no line around the centers is in the tables.
CENTER_KM = 5.0

#: How far off a position may be, km, by ``position_quality`` (docs/tables.md).
_OFF_KM = {"surveyed": 0.0, "osm": 0.1, "approx": 5.0, "centroid": 20.0}

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
        Seats of counties and city districts, with ``kind``, ``name_zh``, ``lon``, ``lat``; without them the
        central-area flag stays unknown.

    Returns
    -------
    DataFrame
        The same rows and columns with ``road_km`` (great-circle, to the nearest edge), ``direction``
        (``both`` | ``one``), ``direction_basis`` (``stated`` | ``interchange``: its ramps serve both |
        ``assumed``) and ``screen_<rule>`` (``ok`` | ``check`` | ``unknown``) for every rule of ``RULES``.
    """
    road_km = nearest_km(network, sites["lon"].to_numpy(), sites["lat"].to_numpy())
    direction, basis = _directions(sites)
    off_km = np.array(
        [_OFF_KM.get(str(quality), _OFF_KM["centroid"]) for quality in sites["position_quality"]]
    )
    unknown = np.full(len(sites), "unknown", dtype=object)
    flags = {f"screen_{rule.rule_id}": unknown for rule in RULES}
    flags["screen_city_center"] = _city_center(sites, zones, off_km)
    flags["screen_crossing"] = np.where(sites["kind"] == "service_area", "ok", unknown)
    flags["screen_main_road"] = np.where(road_km - off_km > _CLEAR_OF_ROAD_KM, "ok", unknown)
    return sites.assign(road_km=road_km, direction=direction, direction_basis=basis, **flags)


def _directions(sites: pd.DataFrame) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Return the direction served and on what grounds: stated, by the kind of site, or assumed."""
    given = sites.get("direction", pd.Series(None, index=sites.index, dtype=object))
    stated = given.isin(["both", "one"])
    direction = np.where(stated, given, "both")
    basis = np.where(stated, "stated", np.where(sites["kind"] == "interchange", "interchange", "assumed"))
    return direction.astype(object), basis.astype(object)


def _city_center(
    sites: pd.DataFrame, zones: pd.DataFrame | None, off_km: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Flag sites that may lie in the central area of a city; whether a county town is one stays unknown."""
    flag = np.full(len(sites), "unknown", dtype=object)
    seats = None if zones is None else zones[zones["kind"] == "county"]
    if seats is None or seats.empty:
        return flag
    city = seats["name_zh"].str.endswith(("区", "市"))
    near_city, near_town = (_near(sites, chosen, off_km) for chosen in (seats[city], seats[~city]))
    flag[~near_town] = "ok"
    flag[near_city] = "check"
    return flag


def _near(sites: pd.DataFrame, seats: pd.DataFrame, off_km: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(n_sites,) bool: a seat may lie within ``CENTER_KM``."""
    lon, lat = (sites[axis].to_numpy(dtype=np.float64)[:, None] for axis in ("lon", "lat"))
    away = great_circle_km(lon, lat, seats["lon"].to_numpy()[None], seats["lat"].to_numpy()[None])
    near: NDArray[np.bool_] = away.min(axis=1, initial=np.inf) - off_km <= CENTER_KM
    return near
