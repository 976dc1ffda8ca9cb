"""What the printed map of a plan shows, and which part of the country."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from planner.drawing.palette import base_colors
from planner.drawing.places import SMALLEST_RANK, places
from planner.drawing.roads import road_paths, route_lines
from planner.plan import records
from planner.station_numbers import numbered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd

    from planner.drawing.places import Place
    from planner.drawing.roads import RouteLine
    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.text import Language

#: Room around what is shown, share of its larger extent.
_MARGIN = 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A station or a base.

    Parameters
    ----------
    key
        Site or base id.
    label
        Number of a station, name of a base.
    name
        In the language of the map.
    lon, lat
        Degrees WGS 84.
    kind
        ``new`` or ``existing``; of a base ``electrolysis`` or ``by_product``.
    color
        Of a base, as on the page; empty for a station.
    """

    key: str
    label: str
    name: str
    lon: float
    lat: float
    kind: str
    color: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Hydrogen from a base to a station, kg/d."""

    start: Mark
    end: Mark
    kg_per_day: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class MapContents:
    """All that is drawn.

    Parameters
    ----------
    bounds
        West, south, east, north, degrees.
    roads
        Paths of [lon, lat] by class.
    routes
        The corridor routes.
    stations, bases, links
        Of the plan; of the bases those within the bounds.
    places
        Cities within the bounds, the larger first.
    """

    bounds: tuple[float, float, float, float]
    roads: Mapping[str, Sequence[Sequence[Sequence[float]]]]
    routes: tuple[RouteLine, ...]
    stations: tuple[Mark, ...]
    bases: tuple[Mark, ...]
    links: tuple[Link, ...]
    places: tuple[Place, ...]


def map_contents(plan: Plan, inputs: Inputs, language: Language) -> MapContents:
    """Return what the map of a plan shows: its stations, what supplies them, and the corridor routes."""
    routes = tuple(route_lines(inputs.network))
    stations = {mark.key: mark for mark in _stations(plan, language)}
    bases = {mark.key: mark for mark in _bases(inputs.bases, language)}
    links = tuple(
        Link(start=bases[row["base_id"]], end=stations[row["site_id"]], kg_per_day=row["kg_per_day"])
        for row in records(plan.supply)
        if row["base_id"] in bases and row["site_id"] in stations and row["kg_per_day"] > 0.0
    )
    points = [(mark.lon, mark.lat) for mark in (*stations.values(), *(link.start for link in links))]
    points += [(point[0], point[1]) for line in routes for point in line.path]
    bounds = around(points)
    return MapContents(
        bounds=bounds,
        roads=road_paths(inputs.network),
        routes=routes,
        stations=tuple(stations.values()),
        bases=tuple(base for base in bases.values() if _within(base.lon, base.lat, bounds)),
        links=links,
        places=tuple(
            place
            for place in places()
            if place.rank <= SMALLEST_RANK and _within(place.lon, place.lat, bounds)
        ),
    )


def around(points: Iterable[Sequence[float]]) -> tuple[float, float, float, float]:
    """Return the bounds of [lon, lat] points with some room, degrees."""
    lons, lats = zip(*((point[0], point[1]) for point in points), strict=True)
    middle = math.radians((min(lats) + max(lats)) / 2)
    room = _MARGIN * max((max(lons) - min(lons)) * math.cos(middle), max(lats) - min(lats), 0.1)
    wide = room / math.cos(middle)
    return min(lons) - wide, min(lats) - room, max(lons) + wide, max(lats) + room


def _within(lon: float, lat: float, bounds: tuple[float, float, float, float]) -> bool:
    """Return whether a point lies in the bounds."""
    west, south, east, north = bounds
    return west <= lon <= east and south <= lat <= north


def _stations(plan: Plan, language: Language) -> list[Mark]:
    """Return the stations, existing ones first: new ones are drawn above."""
    marks = [
        Mark(
            key=row["site_id"],
            label=str(row["number"]),
            name=str(row[f"name_{language}"]),
            lon=row["lon"],
            lat=row["lat"],
            kind=row["status"],
        )
        for row in records(numbered(plan))
    ]
    return sorted(marks, key=lambda mark: mark.kind == "new")


def _bases(bases: pd.DataFrame, language: Language) -> list[Mark]:
    """Return the bases in the colors of the page."""
    colors = base_colors(bases.index)
    return [
        Mark(
            key=row["base_id"],
            label=str(row[f"name_{language}"]),
            name=str(row[f"name_{language}"]),
            lon=row["lon"],
            lat=row["lat"],
            kind=row["kind"],
            color=colors[row["base_id"]],
        )
        for row in records(bases.reset_index())
    ]
