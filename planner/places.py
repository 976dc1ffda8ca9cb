"""Places by name or coordinates, as people write them."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

import numpy as np

from corridor.coordinates import crs_name, to_wgs84
from corridor.errors import Fault, InputError
from corridor.geodesy import great_circle_km
from corridor.snapping import node_point, road_point

if TYPE_CHECKING:
    import pandas as pd

    from corridor.roads import RoadNetwork
    from corridor.snapping import RoadPoint

#: A point farther than this from every road is refused.
FARTHEST_KM = 30.0

#: Within this distance people belong to the same town, when a prefecture's center is looked for.
_TOWN_KM = 15.0

_LON_LAT = re.compile(r"\s*([-+]?\d+(?:\.\d*)?)\s*[,，]\s*([-+]?\d+(?:\.\d*)?)\s*")

#: English names of the prefectures, which the tables name in Chinese.
PREFECTURES_EN = {
    "重庆市": "Chongqing",
    "成都市": "Chengdu",
    "自贡市": "Zigong",
    "攀枝花市": "Panzhihua",
    "泸州市": "Luzhou",
    "德阳市": "Deyang",
    "绵阳市": "Mianyang",
    "广元市": "Guangyuan",
    "遂宁市": "Suining",
    "内江市": "Neijiang",
    "乐山市": "Leshan",
    "南充市": "Nanchong",
    "眉山市": "Meishan",
    "宜宾市": "Yibin",
    "广安市": "Guang'an",
    "达州市": "Dazhou",
    "雅安市": "Ya'an",
    "巴中市": "Bazhong",
    "资阳市": "Ziyang",
    "阿坝藏族羌族自治州": "Aba",
    "甘孜藏族自治州": "Garze",
    "凉山彝族自治州": "Liangshan",
}

#: Endings people leave out.
_ENDINGS = ("市", "区", "县", "自治州", "地区")


def position(
    network: RoadNetwork, text: str, *, zones: pd.DataFrame, where: str = "place", crs: str = "WGS84"
) -> tuple[float, float]:
    """Return longitude and latitude of a place, degrees WGS 84.

    Parameters
    ----------
    network
        Road network; its extent tells swapped coordinates.
    text
        Name of a zone or prefecture in Chinese or English, a zone id, or ``lon,lat``.
    zones
        Index ``zone_id``, with ``name_zh``, ``name_en``, ``prefecture_zh``, ``population``, ``lon``, ``lat``.
    where
        What an error calls the place.
    crs
        Reference system of coordinates in ``text``, see :func:`corridor.coordinates.crs_name`; easting and
        northing in m for a Gauss-Kruger zone.

    Raises
    ------
    corridor.errors.InputError
        For a place that is unknown, ambiguous or nowhere on Earth, and for an unknown reference system.
    """
    match = _LON_LAT.fullmatch(text)
    return _coordinates(network, match, where, crs_name(crs)) if match else _named(text, zones, where)


def place(
    network: RoadNetwork, text: str, *, zones: pd.DataFrame, where: str = "place", crs: str = "WGS84"
) -> RoadPoint:
    """Return where a place lies on the roads; parameters as for :func:`position`.

    Coordinates lead to the nearest edge; a name leads to the node nearest to its zone's center, where the
    zone's trips begin.

    Raises
    ------
    corridor.errors.InputError
        Also for a place farther than 30 km from the network.
    """
    lon, lat = position(network, text, zones=zones, where=where, crs=crs)
    point = (road_point if _LON_LAT.fullmatch(text) else node_point)(network, lon, lat)
    if point.distance_km > FARTHEST_KM:
        what = f"{text} is {point.distance_km:,.0f} km from the nearest road of the network"
        raise InputError(Fault(what, where, f"Choose a point within {FARTHEST_KM:g} km of it, as lon,lat"))
    return point


def _coordinates(network: RoadNetwork, match: re.Match[str], where: str, crs: str) -> tuple[float, float]:
    """Read ``lon,lat``; refuse what can only be latitude first."""
    x, y = float(match[1]), float(match[2])
    here, mirrored = _on_earth(x, y, crs), _on_earth(y, x, crs)
    if not _is_inside(network, here) and _is_inside(network, mirrored):
        is_degrees = not crs.startswith("EPSG")
        what, mend = (
            ("latitude and longitude", "Longitude") if is_degrees else ("northing and easting", "Easting")
        )
        raise InputError(
            Fault(
                f"{match[1]},{match[2]} has {what} swapped",
                where,
                f"{mend} comes first: {match[2]},{match[1]}",
            )
        )
    if here is None:
        raise InputError(Fault(f"{match[1]},{match[2]} is not on Earth", where, f"Write lon,lat in {crs}"))
    return here


def _on_earth(x: float, y: float, crs: str) -> tuple[float, float] | None:
    """(lon, lat) WGS 84 of coordinates, None where they fit no place."""
    try:
        lon, lat = (float(each) for each in to_wgs84(x, y, crs=crs))
    except InputError:  # off the projection
        return None
    return (lon, lat) if -180 <= lon <= 180 and -90 <= lat <= 90 else None  # noqa: PLR2004  the Earth


def _is_inside(network: RoadNetwork, point: tuple[float, float] | None) -> bool:
    """Tell whether a point lies within a degree of the network's extent."""
    if point is None:
        return False
    sides = [(network.nodes[axis].min() - 1, network.nodes[axis].max() + 1) for axis in ("x", "y")]
    return all(bool(low <= each <= high) for (low, high), each in zip(sides, point, strict=True))


def _named(text: str, zones: pd.DataFrame, where: str) -> tuple[float, float]:
    """(lon, lat) of a zone or prefecture by its name or id."""
    wanted = _plain(text)
    by_name = _names(zones, wanted)
    found = by_name.get(wanted, [])
    if len(found) == 1:
        lon, lat = zones.loc[found[0], ["lon", "lat"]].to_numpy(dtype=np.float64)
        return float(lon), float(lat)
    if found:
        rows = zones.loc[sorted(found)]
        named = zip(rows.index, rows["name_zh"], rows["prefecture_zh"], strict=True)
        choices = ", ".join(f"{zone} ({name}, {prefecture})" for zone, name, prefecture in named)
        raise InputError(Fault(f"{text} names {len(found)} places", where, f"Use the id of one: {choices}"))
    close = difflib.get_close_matches(wanted, list(by_name), n=3, cutoff=0.5)
    close = close or [name for name in by_name if wanted and (wanted in name or name in wanted)][:3]
    labels = [_label(zones, name, by_name[name]) for name in close]
    mend = f"Did you mean {', '.join(labels)}?" if labels else "Name a county or city, or write lon,lat"
    raise InputError(Fault(f"there is no place {text!r}", where, mend))


def _label(zones: pd.DataFrame, plain: str, zone_ids: list[str]) -> str:
    """Return a place as it is written in the tables."""
    zone = zones.loc[zone_ids[0]]
    spoken = (zone["name_zh"], zone["name_en"], zone["prefecture_zh"], _english(zone["prefecture_zh"]))
    return next((str(name) for name in spoken if _plain(name) == plain), zone_ids[0])


def _english(prefecture: object) -> str:
    """Return the English name of a prefecture, or nothing."""
    return PREFECTURES_EN.get(str(prefecture), "")


def _names(zones: pd.DataFrame, wanted: str) -> dict[str, list[str]]:
    """Zone ids by plain name; a prefecture's name means its center, before a county of the same name.

    Centers are looked for only where wanted; of other prefectures any zone stands in.
    """
    by_name: dict[str, list[str]] = {}
    for zone, zh, en in zip(zones.index, zones["name_zh"], zones["name_en"], strict=True):
        for name in {_plain(zone), _plain(zh), _plain(en)} - {""}:
            by_name.setdefault(name, []).append(str(zone))
    for prefecture, rows in zones.groupby("prefecture_zh"):
        for name in {_plain(prefecture), _plain(_english(prefecture))} - {""}:
            by_name[name] = [_center(rows) if name == wanted else str(rows.index[0])]
    return by_name


def _plain(name: object) -> str:
    """Return a name as it is compared: lower case, no spaces, no 市 or 县 at its end."""
    if not isinstance(name, str):
        return ""
    plain = re.sub(r"[\s'’·-]+", "", name).lower()
    for ending in _ENDINGS:
        if plain.endswith(ending) and len(plain) > len(ending) + 1:
            return plain.removesuffix(ending)
    return plain


def _center(zones: pd.DataFrame) -> str:
    """Return the zone amid the most people: its own and, the less the farther, those of the others.

    The seat of a prefecture is a district (区) or, where there is none, a city (市), not a county.
    """
    for ending in ("区", "市"):
        urban = zones[zones["name_zh"].str.endswith(ending)]
        if len(urban):
            zones = urban
            break
    lon, lat = zones["lon"].to_numpy(dtype=np.float64), zones["lat"].to_numpy(dtype=np.float64)
    km = great_circle_km(lon[:, None], lat[:, None], lon[None, :], lat[None, :])
    people = zones["population"].fillna(0).to_numpy(dtype=np.float64)
    return str(zones.index[int(np.argmax(np.exp(-km / _TOWN_KM) @ people))])
