"""Answers to route questions as plain values, GeoJSON and lines of text."""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from corridor.coordinates import crs_name, from_wgs84
from corridor.errors import Fault, InputError
from corridor.profile import Profile, profile
from corridor.snapping import piece

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from corridor.elevation import Terrain
    from corridor.roads import RoadNetwork
    from corridor.snapping import RoadPoint
    from planner.route_query import Answer, RoadPassed, Way

#: Decimals of coordinates in degrees (0.1 m) and in m.
_DEGREE_DIGITS, _METER_DIGITS = 6, 1

#: A point this far from its road is said in the text, km.
_SAID_KM = 0.05


def as_dict(
    answer: Answer,
    *,
    crs: str = "WGS84",
    profiles: list[Profile] | None = None,
    with_arrays: bool = False,
) -> dict[str, Any]:
    """Return an answer as plain values.

    Parameters
    ----------
    answer
        What was found.
    crs
        Reference system of the coordinates given out.
    profiles
        Elevation along each way; without, nothing is said of it.
    with_arrays
        Whether the elevation is given point by point.

    Returns
    -------
    values
        ``routes``, the cheapest first, each with ``length_km``, ``hours``, ``toll_cny``, ``cost_cny``
        (generalized), ``share`` (of the trips, 0-1), ``name`` (corridor route followed), ``refs`` (road
        numbers in driving order), ``roads`` (``ref``, ``name``, ``km``), ``nodes`` (ids of the network
        passed); with profiles ``climb_m``, ``descent_m``, ``lowest_m``, ``highest_m``, ``steepest`` (rise
        over length), all null where an elevation is unknown, and ``elevation_quality`` (the worst along the
        way); with arrays ``profile`` (``km``, ``elevation_m``, ``quality``). Beside them ``from_km``,
        ``to_km`` (great-circle, from the point asked about to the road), ``from``, ``to`` (x, y on the road)
        and ``crs``.
    """
    routes = [_way(way) for way in answer.ways]
    for each, along in zip(routes, profiles or [], strict=False):
        each.update(elevation(along))
        if with_arrays:
            each["profile"] = {
                "km": np.round(along.km, 3).tolist(),
                "elevation_m": [_number(value, 1) for value in along.elevation_m],
                "quality": along.quality.tolist(),
            }
    return {
        "routes": routes,
        "from_km": round(answer.origin.distance_km, 4),
        "to_km": round(answer.destination.distance_km, 4),
        "from": _position(answer.origin, crs),
        "to": _position(answer.destination, crs),
        "crs": crs_name(crs),
    }


def _way(way: Way) -> dict[str, Any]:
    """Return a way as plain values."""
    return {
        "name": way.name,
        "length_km": round(way.length_km, 4),
        "hours": round(way.hours, 4),
        "toll_cny": round(way.toll_cny, 2),
        "cost_cny": round(way.cost_cny, 2),
        "share": round(way.share, 4),
        "refs": way.refs,
        "roads": [{"ref": road.ref, "name": road.name, "km": round(road.km, 2)} for road in way.roads],
        "nodes": way.nodes,
    }


def elevation(along: Profile) -> dict[str, Any]:
    """Return the figures of a profile; null where an elevation is unknown."""
    return {
        "climb_m": _number(along.climb_m, 0),
        "descent_m": _number(along.descent_m, 0),
        "lowest_m": _number(along.elevation_m.min(), 0),
        "highest_m": _number(along.elevation_m.max(), 0),
        "steepest": _number(along.steepest, 4),
        "elevation_quality": along.worst_quality,
    }


def _number(value: float, digits: int) -> float | None:
    """Return a rounded number, None for one that is not known."""
    return round(float(value), digits) if math.isfinite(value) else None


def profiles_of(network: RoadNetwork, terrain: Terrain, answer: Answer) -> list[Profile]:
    """Return the elevation along each way of an answer."""
    return [profile(network, terrain, way.arcs, start=way.start, end=way.end) for way in answer.ways]


def as_geojson(
    network: RoadNetwork, answer: Answer, *, crs: str = "WGS84", profiles: list[Profile] | None = None
) -> dict[str, Any]:
    """Return the ways as a GeoJSON FeatureCollection of lines with the figures as properties.

    RFC 7946 knows WGS 84 only; another reference system stands in the members ``crs_name`` of the collection
    and of every feature's properties.
    """
    routes = as_dict(answer, crs=crs, profiles=profiles)["routes"]
    name = crs_name(crs)
    features = [
        {
            "type": "Feature",
            "properties": {"rank": rank, **values, "crs_name": name},
            "geometry": {"type": "LineString", "coordinates": _xy(way_line(network, way), crs)},
        }
        for rank, (way, values) in enumerate(zip(answer.ways, routes, strict=True), start=1)
    ]
    return {"type": "FeatureCollection", "crs_name": name, "features": features}


def way_line(network: RoadNetwork, way: Way) -> NDArray[np.float64]:
    """Return the points of a way: (n, 2) degrees WGS 84, in driving order."""
    lines = network.edges.geometry.to_numpy()[network.edge_rows[way.arcs]]
    parts = [
        piece(line, start, end) if (start, end) != (0.0, 1.0) else shapely.get_coordinates(line)
        for line, start, end in zip(lines, way.start, way.end, strict=True)
    ]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def _xy(points: NDArray[np.float64], crs: str) -> list[list[float]]:
    """Return points in another reference system, rounded to 0.1 m."""
    x, y = from_wgs84(points[:, 0], points[:, 1], crs=crs)
    digits = _METER_DIGITS if crs_name(crs).startswith("EPSG") else _DEGREE_DIGITS
    rounded: list[list[float]] = np.round(np.column_stack([x, y]), digits).tolist()
    return rounded


def _position(point: RoadPoint, crs: str) -> list[float]:
    """Return x, y of a place on the roads."""
    return _xy(np.array([[point.lon, point.lat]]), crs)[0]


def lines(answer: Answer, *, asked: tuple[str, str], profiles: list[Profile] | None = None) -> Iterator[str]:
    """Give an answer as lines of text.

    Parameters
    ----------
    answer
        What was found.
    asked
        The places as they were asked for.
    profiles
        Elevation along each way.
    """
    for number, way in enumerate(answer.ways, start=1):
        figures = f"{way.length_km:.1f} km  {way.hours:.2f} h  {way.toll_cny:.0f} CNY  {way.share:.0%}"
        yield f"{number}. {figures}  {way.name}".rstrip()
        passed = " → ".join(f"{_spoken(road)} {road.km:.1f}" for road in way.roads)
        yield f"   {passed} km"
        if profiles:
            yield f"   {_told(elevation(profiles[number - 1]))}"
    for text, point in zip(asked, (answer.origin, answer.destination), strict=True):
        if point.distance_km >= _SAID_KM:
            yield f"{text} is {point.distance_km:.1f} km from the road"


def _spoken(road: RoadPassed) -> str:
    """Return what a road is called."""
    return " ".join(filter(None, (road.ref, road.name))) or "unnumbered"


def check_file(path: Path) -> None:
    """Refuse a file that cannot be written, before any work is done."""
    if path.is_dir():
        raise InputError(Fault(f"{path} is a folder", "--geojson", "Name a file"))
    if not path.absolute().parent.is_dir() or not os.access(path.absolute().parent, os.W_OK):
        raise InputError(Fault(f"{path} may not be written", "--geojson", "Name a file in another folder"))


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False)
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.absolute().parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(draft).chmod(0o644)
    Path(draft).replace(path)


def _told(values: dict[str, Any]) -> str:
    """Return the figures of a profile in words."""
    if values["climb_m"] is None:
        return "elevation unknown"
    quality = values["elevation_quality"]
    return (
        f"{values['lowest_m']:,.0f}-{values['highest_m']:,.0f} m, climb {values['climb_m']:,.0f} m, "
        f"descent {values['descent_m']:,.0f} m, steepest {values['steepest']:.1%} ({quality})"
    )
