"""Map layers that hold for every plan: waters, roads, the three corridor routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydeck as pdk

from planner.drawing import palette
from planner.drawing.figures import with_unit
from planner.drawing.waters import waters
from planner.text import Language, text
from planner.views.place_names import halo, labelled, names

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.drawing.labels import Screen
    from planner.drawing.roads import RouteLine

__all__ = ["ground", "halo", "labelled", "names", "plates", "route_names", "routes"]

_ROAD_STYLES = {"trunk": (palette.TRUNK, 1.0), "motorway": (palette.MOTORWAY, 1.6)}
_MUTED_STYLES = {"trunk": (palette.MUTED_TRUNK, 1.0), "motorway": (palette.MUTED_MOTORWAY, 1.4)}
_RIVER_PX = 1.5
_ROUTE_NAME_PX = 12


def ground(paths: Mapping[str, Sequence[Any]], *, muted: bool = False) -> list[pdk.Layer]:
    """Return waters and, above them, roads by class; muted where something else matters more."""
    found = waters()
    styles = {"river": (palette.LIGHT.water, _RIVER_PX), **(_MUTED_STYLES if muted else _ROAD_STYLES)}
    lines = {"river": found.paths, **paths}
    return [
        pdk.Layer(
            "SolidPolygonLayer",
            [{"rings": rings} for rings in found.areas],
            id="ground-area",
            get_polygon="rings",
            get_fill_color=palette.rgba(palette.LIGHT.water),
        ),
        pdk.Layer(
            "PathLayer",
            [
                {"path": path, "color": palette.rgba(styles[name][0]), "width": styles[name][1]}
                for name, found_paths in lines.items()
                for path in found_paths
            ],
            id="ground-line",
            get_path="path",
            get_color="color",
            get_width="width",
            width_units=pdk.types.String("pixels"),
        ),
    ]


def routes(lines: Sequence[RouteLine], language: Language, *, suffix: str = "") -> list[pdk.Layer]:
    """Return the corridor routes, each in its color on a white casing; ``suffix`` ends the id to click."""
    rows = [_route_row(line, language) for line in lines]
    shared = {"get_path": "path", "width_units": pdk.types.String("pixels"), "joint_rounded": True}
    return [
        pdk.Layer("PathLayer", rows, id="route-casing", get_color=[255, 255, 255], get_width=5.5, **shared),
        pdk.Layer(
            "PathLayer", rows, id=f"route{suffix}", get_color="color", get_width=3, pickable=True, **shared
        ),
    ]


def route_names(lines: Sequence[RouteLine], language: Language, screen: Screen) -> pdk.Layer:
    """Return the name plates of the corridor routes, each where its route runs apart and nothing stands."""
    rows = []
    for line in lines:
        row = _route_row(line, language)
        points = line.label_points
        at = screen.along(row["label"], points, size_px=_ROUTE_NAME_PX, padding_px=6) or points[0]
        rows.append(row | {"at": at})
    return plates(rows, layer_id="route-name", size_px=_ROUTE_NAME_PX)


def plates(rows: Sequence[Mapping[str, Any]], *, layer_id: str, size_px: float) -> pdk.Layer:
    """Return name plates: rows with ``label``, ``at`` and the ``color`` of their frame."""
    return pdk.Layer(
        "TextLayer",
        rows,
        id=layer_id,
        get_position="at",
        get_text="label",
        get_size=size_px,
        get_color=palette.rgba(palette.INK),
        background=True,
        get_background_color=palette.rgba(palette.LIGHT.paper),
        get_border_color="color",
        get_border_width=2,
        background_padding=[6, 3, 6, 3],
        font_weight=600,
        pickable=True,
        **labelled(),
    )


def _route_row(line: RouteLine, language: Language) -> dict[str, Any]:
    """Return one route as the layers need it."""
    refs = "/".join(line.route.refs)
    name = line.route.name_zh if language == "zh" else line.route.name_en
    return {
        "path": line.path,
        "pick": "route",
        "key": line.route.route_id,
        "color": palette.rgba(palette.ROUTES[line.route.route_id]),
        "label": f"{name} {refs}",
        "tip_title": name,
        "tip_text": text(
            "map.route_tip", language, refs=refs, length=with_unit(line.length_km, "km", language)
        ),
    }
