"""Map layers that hold for every plan: roads, the three corridor routes, names of cities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydeck as pdk

from planner.text import Language, text
from planner.views import palette
from planner.views.figures import with_unit
from planner.views.places import PLACES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from planner.views.labels import Screen
    from planner.views.roads import RouteLine

#: Chinese glyphs come from whatever the reader's system has; the last names are Latin fallbacks.
FONTS = '"Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", Arial, sans-serif'

_ROAD_STYLES = {"trunk": (palette.TRUNK, 1.0), "motorway": (palette.MOTORWAY, 1.6)}
_MUTED_STYLES = {"trunk": (palette.MUTED_TRUNK, 1.0), "motorway": (palette.MUTED_MOTORWAY, 1.4)}
_PLACE_SIZES = {1: 20, 2: 13, 3: 11}
_ROUTE_NAME_PX = 12


def roads(paths: Mapping[str, Sequence[Any]], *, muted: bool = False) -> list[pdk.Layer]:
    """Return the roads by class, motorways above trunk roads; muted where something else matters more."""
    styles = _MUTED_STYLES if muted else _ROAD_STYLES
    return [
        pdk.Layer(
            "PathLayer",
            [{"path": path} for path in lines],
            id=f"road-{name}",
            get_path="path",
            get_color=palette.rgba(styles[name][0]),
            get_width=styles[name][1],
            width_units=pdk.types.String("pixels"),
        )
        for name, lines in paths.items()
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
    """Return name plates: rows with ``label``, ``at`` and ``color``."""
    return pdk.Layer(
        "TextLayer",
        rows,
        id=layer_id,
        get_position="at",
        get_text="label",
        get_size=size_px,
        get_color=[255, 255, 255],
        background=True,
        get_background_color="color",
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


def places(language: Language, screen: Screen) -> pdk.Layer:
    """Return the names of cities, larger ones first, as far as there is room."""
    rows = []
    for place in sorted(PLACES, key=lambda place: place.rank):
        label = place.name_zh if language == "zh" else f"{place.name_en}\n{place.name_zh}"
        size = _PLACE_SIZES[place.rank]
        at = [place.lon, place.lat]
        is_large = place.rank == 1
        offset = screen.offset(label, at, size_px=size, clear_px=2, rings=8 if is_large else 2, whole=True)
        if offset is None and not is_large:
            continue
        color = palette.INK if is_large else palette.PLACE
        rows.append(
            {
                "position": at,
                "label": label,
                "size": size,
                "color": palette.rgba(color),
                "offset": offset or [0, -size],
            }
        )
    return pdk.Layer(
        "TextLayer",
        rows,
        id="place",
        get_position="position",
        get_text="label",
        get_size="size",
        get_color="color",
        get_pixel_offset="offset",
        line_height=1.15,
        font_weight=600,
        **halo(),
        **labelled(),
    )


def labelled() -> dict[str, Any]:
    """Return what every text layer needs for Chinese glyphs."""
    return {"character_set": pdk.types.String("auto"), "font_family": pdk.types.String(FONTS)}


def halo() -> dict[str, Any]:
    """Return the settings of text with a paper-colored outline."""
    return {
        "font_settings": {"sdf": True, "fontSize": 64, "buffer": 8, "radius": 16},
        "outline_width": 6,
        "outline_color": palette.rgba(palette.PAPER),
    }
