"""The map of a route query: the ways found, nested where they share a road, above muted roads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pydeck as pdk
import shapely
import streamlit as st

from corridor.named_routes import NAMED_ROUTES
from planner.drawing import palette
from planner.drawing.figures import number, share, with_unit
from planner.drawing.labels import Screen
from planner.drawing.roads import apart, coordinates
from planner.plan import records
from planner.text import Language, text
from planner.views import backdrop, closed_roads
from planner.views.map_frame import deck, ground

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.inputs import Inputs
    from planner.route_lines import RouteAnswer

#: Width of a way, of the one chosen, of the casing around it, and how far a way that shares its road with
#: cheaper ones shows on both sides of them, pixels.
_WIDTH_PX, _CHOSEN_PX, _CASING_PX, _BESIDE_PX = 4.5, 7.0, 2.5, 2.2
#: Opacity of the ways not chosen, 0-255.
_FAINT = 80
#: Width and height of the map in a window of 1280 by 800, and of the part of it the ways fill, pixels.
_SMALLEST_MAP_PX, _ROOM_PX = (970.0, 440.0), (820.0, 320.0)
#: Half the width kept free of city names along a way, pixels.
_CLEAR_PX = 4.0
_CLOSEST_ZOOM = 11.0
#: A way without a name is called by its first roads.
_REFS = 3
_WORLD_PX = 512.0
_PLATE_PX, _END_PX = 12, 11.0
_TOLERANCE = 0.001


def draw(
    answer: RouteAnswer,
    closed: Sequence[shapely.LineString],
    inputs: Inputs,
    *,
    language: Language,
    chosen: int | None,
) -> None:
    """Draw the map.

    Parameters
    ----------
    answer
        The ways.
    closed
        Closed roads.
    inputs
        Joined tables.
    language
        Of the texts.
    chosen
        Rank of the way to bring out; None draws all alike, the cheapest on top.
    """
    view = view_of(answer.lines)
    map_ = deck(
        layers(answer, closed, inputs, language=language, chosen=chosen), **view, min_zoom=5, max_zoom=13
    )
    with st.container(key="route-map"):
        st.pydeck_chart(map_, height="stretch", alt=text("routes.alt", language))


def layers(
    answer: RouteAnswer,
    closed: Sequence[shapely.LineString],
    inputs: Inputs,
    *,
    language: Language,
    chosen: int | None,
) -> list[pdk.Layer]:
    """Return the layers from the ground up; parameters as for :func:`draw`."""
    view = view_of(answer.lines)
    screen = Screen(view["zoom"], (view["longitude"], view["latitude"]), _SMALLEST_MAP_PX)
    rows = _rows(answer, language, chosen)
    # The last drawn is on top: the cheapest, or the one chosen.
    drawn = sorted(rows, key=lambda row: (row["rank"] == chosen, -row["rank"]))
    ends = _ends(answer, language)
    for end in ends:
        lon, lat = end["position"]
        screen.take_circle(lon, lat, _END_PX)
    for row in rows:
        row["at"] = (
            screen.along(row["label"], row["label_points"], size_px=_PLATE_PX, padding_px=6)
            or row["label_points"][0]
        )
    for row in rows:
        screen.take_path(row["path"], _CLEAR_PX)
    look = {
        "get_path": "path",
        "width_units": pdk.types.String("pixels"),
        "joint_rounded": True,
        "cap_rounded": True,
    }
    return [
        *backdrop.ground(ground(inputs).road_paths, muted=True),
        pdk.Layer(
            "PathLayer", drawn, id="way-casing", get_color=[255, 255, 255], get_width="casing_px", **look
        ),
        pdk.Layer(
            "PathLayer",
            _shared(answer, drawn),
            id="way-shared",
            get_color="color",
            get_width="width_px",
            **look,
        ),
        pdk.Layer(
            "PathLayer", drawn, id="way", get_color="color", get_width="width_px", pickable=True, **look
        ),
        *closed_roads.layers(closed, language),
        *backdrop.names(language, screen),
        backdrop.plates(drawn, layer_id="way-name", size_px=_PLATE_PX),
        *_end_layers(ends),
    ]


def colors(answer: RouteAnswer) -> list[str]:
    """Return the color of each way: a corridor route keeps its own, others take those left over."""
    others = iter(palette.OTHER_WAYS)
    return [palette.ROUTES[route] if route else next(others) for route in answer.table["route_id"]]


def names(answer: RouteAnswer, language: Language) -> list[str]:
    """Return the name of each way in the language of the page."""
    by_id = {
        named.route_id: f"{named.name_zh if language == 'zh' else named.name_en} {'/'.join(named.refs)}"
        for named in NAMED_ROUTES
    }
    other = [text("routes.other", language, refs="/".join(refs[:_REFS])) for refs in answer.table["refs"]]
    return [by_id.get(route, via) for route, via in zip(answer.table["route_id"], other, strict=True)]


def view_of(lines: Sequence[shapely.LineString]) -> dict[str, float]:
    """Return the middle and the zoom at which all lines fit the smallest map."""
    west, south, east, north = shapely.total_bounds(list(lines))
    height = _north(north) - _north(south)
    middle = (_north(north) + _north(south)) / 2
    zooms = [
        math.log2(room * 360.0 / (_WORLD_PX * extent))
        for room, extent in zip(_ROOM_PX, (east - west, height), strict=True)
        if extent > 0
    ]
    return {
        "longitude": round((west + east) / 2, 4),
        "latitude": round(math.degrees(2 * math.atan(math.exp(math.radians(middle))) - math.pi / 2), 4),
        "zoom": round(min([*zooms, _CLOSEST_ZOOM]), 2),
    }


def _north(lat: float) -> float:
    """Return a latitude stretched as on the map (Web Mercator), degrees."""
    return math.degrees(math.log(math.tan(math.pi / 4 + math.radians(lat) / 2)))


def _rows(answer: RouteAnswer, language: Language, chosen: int | None) -> list[dict[str, Any]]:
    """Return the ways as the layers need them, cheapest first."""
    found = zip(
        records(answer.table.reset_index()),
        answer.lines,
        colors(answer),
        names(answer, language),
        strict=True,
    )
    rows = []
    for way, line, color, name in found:
        width = _CHOSEN_PX if way["rank"] == chosen else _WIDTH_PX
        others = [other for rank, other in enumerate(answer.lines, start=1) if rank != way["rank"]]
        faint = chosen is not None and way["rank"] != chosen
        rows.append(
            {
                "rank": way["rank"],
                "path": coordinates(shapely.simplify(line, _TOLERANCE)),
                "width_px": width,
                "casing_px": width + _CASING_PX,
                "color": palette.rgba(color, _FAINT if faint else 255),
                "label": f"{way['rank']}  {name}",
                "label_points": apart(line, others),
                "tip_title": f"{way['rank']} · {name}",
                "tip_text": text(
                    "routes.tip",
                    language,
                    length=with_unit(way["length_km"], "km", language, digits=1),
                    hours=number(way["hours"], 2),
                    toll=number(way["toll_cny"]),
                    share=share(way["share"]),
                ),
            }
        )
    return rows


def _shared(answer: RouteAnswer, drawn: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return where ways run on the road of cheaper ones: drawn below these, and wider, so that both show."""
    lines = answer.lines
    shared = {
        rank: shapely.line_merge(shapely.intersection(lines[rank - 1], shapely.union_all(lines[: rank - 1])))
        for rank in range(len(lines), 1, -1)
    }
    colors_of = {row["rank"]: row["color"] for row in drawn}
    return [
        {
            "path": coordinates(shapely.simplify(part, _TOLERANCE)),
            "color": colors_of[rank],
            "width_px": _WIDTH_PX + 2 * _BESIDE_PX * (rank - 1),
        }
        for rank, piece in shared.items()
        for part in shapely.get_parts(piece)
        if part.geom_type == "LineString"
    ]


def _ends(answer: RouteAnswer, language: Language) -> list[dict[str, Any]]:
    """Return the two ends as the layers need them."""
    line = answer.lines[0]
    return [
        {
            "position": [round(value, 4) for value in line.coords[at]],
            "mark": mark,
            "tip_title": text(f"routes.{key}", language),
            "tip_text": "",
        }
        for at, mark, key in ((0, "A", "from"), (-1, "B", "to"))
    ]


def _end_layers(ends: list[dict[str, Any]]) -> list[pdk.Layer]:
    """Return the marks of the two ends."""
    return [
        pdk.Layer(
            "ScatterplotLayer",
            ends,
            id="way-end",
            get_position="position",
            get_radius=_END_PX,
            radius_units=pdk.types.String("pixels"),
            get_fill_color=palette.rgba(palette.INK),
            get_line_color=[255, 255, 255],
            get_line_width=2,
            line_width_units=pdk.types.String("pixels"),
            stroked=True,
            pickable=True,
        ),
        pdk.Layer(
            "TextLayer",
            ends,
            id="way-end-mark",
            get_position="position",
            get_text="mark",
            get_size=12,
            get_color=[255, 255, 255],
            font_weight=700,
            **backdrop.labelled(),
        ),
    ]
