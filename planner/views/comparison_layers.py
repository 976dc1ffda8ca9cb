"""What the two maps of a comparison show, as plain values for the browser: roads, routes, names, stations.

Positions are in map units: hundredths of a degree of longitude east, and as much of the Mercator projection
south, so that a unit is as long both ways.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from planner.drawing import palette
from planner.drawing.figures import number, with_unit
from planner.drawing.places import SMALLEST_RANK, places
from planner.text import Language, text
from planner.views.names import name
from planner.views.site_layers import radius_px

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from planner.comparison import Comparison
    from planner.views.map_frame import Ground

#: Map units in a degree of longitude.
PER_DEGREE = 100.0

#: Of text on the map, pixels, by rank of the place.
_PLACE_PX = {1: 16, 2: 12, 3: 11}
_NAME_PX = 12
#: Stations are drawn smaller than on the map of one plan: each map has half the room.
_RADIUS_SHARE = 0.75
#: Names of the largest stations that changed; the others are in the table.
_MOST_NAMES = 24

#: Changes that are in sight at first, besides the corridor routes.
_MOVED = frozenset({"added", "removed", "resized"})
#: Marks of each map where stations changed, and of the other map where they are not.
_NOT_THERE = {"baseline": "added", "current": "removed"}


def unit_position(lon: float, lat: float) -> tuple[float, float]:
    """Return a position in map units, x east and y south."""
    mercator = math.degrees(math.log(math.tan(math.pi / 4.0 + math.radians(lat) / 2.0)))
    return round(PER_DEGREE * lon, 2), round(-PER_DEGREE * mercator, 2)


def layers(comparison: Comparison, ground: Ground, language: Language) -> dict[str, Any]:
    """Return everything the maps draw, ready for JSON.

    Parameters
    ----------
    comparison
        Two plans.
    ground
        Roads and routes below both.
    language
        Of the texts.
    """
    rows = comparison.stations.to_dict("records")
    moved = [(row["lon"], row["lat"]) for row in rows if row["change"] in _MOVED]
    along = [point for line in ground.route_lines for point in line.path]
    return {
        "per_degree": PER_DEGREE,
        "bounds": _bounds([*moved, *along]),
        "roads": {kind: _path(lines) for kind, lines in ground.road_paths.items()},
        "routes": [
            {"path": _path([line.path]), "color": palette.ROUTES[line.route.route_id]}
            for line in ground.route_lines
        ],
        "places": [
            {**_at(place.lon, place.lat), "rank": place.rank, "size": _PLACE_PX[place.rank]}
            | {"label": place.name_zh if language == "zh" else place.name_en}
            for place in places()
            if place.rank <= SMALLEST_RANK
        ],
        "maps": [_map(which, rows, comparison, language) for which in ("baseline", "current")],
        "words": {
            key: text(f"compare.{key}", language) for key in ("zoom_in", "zoom_out", "whole", "keys", "map")
        },
    }


def _map(
    which: str, rows: Sequence[Mapping[Any, Any]], comparison: Comparison, language: Language
) -> dict[str, Any]:
    """Return one of the two maps: its heading and its stations, large ones first so that small ones show."""
    stations = [_station(which, row, language) for row in rows]
    stations.sort(key=lambda station: (station["mark"] != "ghost", -station["radius"]))
    named = [station for station in stations if station["mark"] not in {"kept", "ghost"}]
    for station in named[_MOST_NAMES:]:
        station["label"] = ""
    plan = getattr(comparison, which)
    return {
        "key": which,
        "title": text(f"compare.{which}", language),
        "summary": text(
            f"compare.{which}_summary",
            language,
            stations=number(len(plan.stations)),
            changed=number(comparison.count(_NOT_THERE["current" if which == "baseline" else "baseline"])),
            resized=number(comparison.count("resized")),
        ),
        "stations": stations,
    }


def mark(which: str, row: Mapping[Any, Any]) -> str:
    """Return how a station is drawn on the map of one plan: a ghost where only the other plan has it."""
    change = str(row["change"])
    if change == _NOT_THERE[which]:
        return "ghost"
    if change == "resized":
        before, after = row["baseline_capacity_kg_per_day"], row["current_capacity_kg_per_day"]
        return "shrunk" if after < before else "grown"
    return change if change in {"added", "removed"} else "kept"


def _station(which: str, row: Mapping[Any, Any], language: Language) -> dict[str, Any]:
    """Return one station as one map draws it."""
    drawn = mark(which, row)
    there = "current" if drawn == "ghost" and which == "baseline" else which
    there = "baseline" if drawn == "ghost" and which == "current" else there
    capacity = row[f"{there}_capacity_kg_per_day"]
    title = name(row, language)
    return {
        "id": row["site_id"],
        **_at(row["lon"], row["lat"]),
        "mark": drawn,
        "status": row["status"],
        "radius": round(_RADIUS_SHARE * radius_px(None if math.isnan(capacity) else capacity), 2),
        "size": _NAME_PX,
        "label": "" if drawn in {"kept", "ghost"} else title,
        "tip": None if drawn == "ghost" else [title, *_told(which, row, language)],
    }


def _told(which: str, row: Mapping[Any, Any], language: Language) -> list[str]:
    """Return the lines below a station's name: what became of it, its size and its load."""
    return [
        text(f"compare.became_{row['change']}", language),
        *(
            f"{text(f'table.{what}_short', language)} "
            + with_unit(row[f"{which}_{what}_kg_per_day"], "kg_per_day", language)
            for what in ("capacity", "load")
        ),
    ]


def _at(lon: float, lat: float) -> dict[str, float]:
    """Return a position as the browser reads it."""
    x, y = unit_position(lon, lat)
    return {"x": x, "y": y}


def _bounds(positions: Iterable[Sequence[float]]) -> list[float]:
    """Return west, north, east and south of positions, map units."""
    points = [unit_position(lon, lat) for lon, lat in positions]
    columns = tuple(zip(*points, strict=True))
    return [min(columns[0]), min(columns[1]), max(columns[0]), max(columns[1])]


def _path(lines: Iterable[Sequence[Sequence[float]]]) -> str:
    """Return lines of [lon, lat] as one SVG path, to a tenth of a unit: about 100 m."""
    pieces = []
    for line in lines:
        points = (unit_position(lon, lat) for lon, lat in line)
        pieces.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points))
    return "".join(pieces)
