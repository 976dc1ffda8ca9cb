"""Map layers of names on the ground: cities, counties near by, rivers."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pydeck as pdk

from planner.drawing.palette import LIGHT, rgba
from planner.drawing.places import SMALLEST_RANK, places
from planner.drawing.waters import waters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.drawing.labels import Screen
    from planner.drawing.places import Place
    from planner.text import Language

#: Chinese glyphs come from whatever the reader's system has; the last names are Latin fallbacks.
FONTS = '"Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", Arial, sans-serif'

#: Font size by rank, pixels.
_SIZES_PX = {1: 20, 2: 13, 3: 11, 4: 11}
_RIVER_PX = 11
#: A river bears its name again so far on, degrees.
_AGAIN = 1.0
#: The last rank named before rivers; what is left is named from the closer zoom on.
_CITY_RANK, _CLOSE_ZOOM = 2, 8.75
#: One tile of the world at this level holds the region, so that a tile layer, the only one that knows at
#: which zoom it shows, makes one of it: side of the tile on the screen, pixels.
_LEVEL, _TILE_PX = 3, 512 * 2**6


def names(language: Language, screen: Screen) -> list[pdk.Layer]:
    """Return the names of cities, of counties for those who come near, and of rivers, as there is room."""
    known = places()
    rows, later = _placed([place for place in known if place.rank <= _CITY_RANK], language, screen)
    rivers = _river_rows(language, screen)
    middling = [place for place in known if _CITY_RANK < place.rank <= SMALLEST_RANK]
    more, left = _placed(middling, language, screen)
    later += left + [place for place in known if place.rank > SMALLEST_RANK]
    return [_names(rivers + rows + more), _near_by(later, language, screen.closer(_CLOSE_ZOOM))]


def _placed(
    found: Sequence[Place], language: Language, screen: Screen
) -> tuple[list[dict[str, Any]], list[Place]]:
    """Return the places that find room as the layer needs them, and those that do not."""
    rows: list[dict[str, Any]] = []
    left: list[Place] = []
    for place in found:
        row = _place_row(place, language, screen)
        if row is None:
            left.append(place)
        else:
            rows.append(row)
    return rows, left


def _names(rows: Sequence[dict[str, Any]]) -> pdk.Layer:
    """Return the names shown at every zoom."""
    return pdk.Layer(
        "TextLayer",
        rows,
        id="place",
        get_position="position",
        get_text="label",
        get_size="size",
        get_color="color",
        get_pixel_offset="offset",
        get_angle="angle",
        line_height=1.15,
        font_weight=600,
        **halo(),
        **labelled(),
    )


def _place_row(place: Place, language: Language, screen: Screen) -> dict[str, Any] | None:
    """Return a place as the layer needs it; None without room."""
    label = place.name_zh if language == "zh" else f"{place.name_en}\n{place.name_zh}"
    size, at, is_large = _SIZES_PX[place.rank], [place.lon, place.lat], place.rank == 1
    offset = screen.offset(label, at, size_px=size, clear_px=2, rings=8 if is_large else 2, whole=True)
    if offset is None and not is_large:
        return None
    return {
        "position": at,
        "label": label,
        "size": size,
        "color": rgba(LIGHT.ink if is_large else LIGHT.place),
        "offset": offset or [0, -size],
        "angle": 0.0,
    }


def _near_by(found: Sequence[Place], language: Language, screen: Screen) -> pdk.Layer:
    """Return the names shown from the closer zoom on, as far as there is room then."""
    rows, _ = _placed(found, language, screen)
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": row["position"]},
            "properties": {"label": row["label"], "size": row["size"], "offset": row["offset"]},
        }
        for row in rows
    ]
    collection = json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
    look = halo() | labelled()
    return pdk.Layer(
        "TileLayer",
        f"data:application/json,{quote(collection)}",
        id="place-near",
        min_zoom=_LEVEL,
        max_zoom=_LEVEL,
        tile_size=_TILE_PX,
        visible_min_zoom=_CLOSE_ZOOM,
        point_type=pdk.types.String("text"),
        get_text="properties.label",
        get_text_size="properties.size",
        get_text_pixel_offset="properties.offset",
        get_text_color=rgba(LIGHT.place),
        text_line_height=1.15,
        text_font_weight=600,
        **{f"text_{name}": value for name, value in look.items()},
    )


def _river_rows(language: Language, screen: Screen) -> list[dict[str, Any]]:
    """Return the names of rivers as the layer needs them, along straight reaches where nothing stands."""
    rows = []
    for river in waters().rivers:
        label = river.name_zh if language == "zh" else river.name_en
        named: list[list[float]] = []
        for spot in river.spots:
            is_far = all(math.dist(spot.at, other) > _AGAIN for other in named)
            if is_far and screen.along(
                label, [spot.at], size_px=_RIVER_PX, padding_px=0, angle=spot.angle, whole=True
            ):
                rows.append(
                    {
                        "position": spot.at,
                        "label": label,
                        "size": _RIVER_PX,
                        "color": rgba(LIGHT.water_name),
                        "offset": [0, 0],
                        "angle": spot.angle,
                    }
                )
                named.append(spot.at)
    return rows


def labelled() -> dict[str, Any]:
    """Return what every text layer needs for Chinese glyphs."""
    return {"character_set": pdk.types.String("auto"), "font_family": pdk.types.String(FONTS)}


def halo() -> dict[str, Any]:
    """Return the settings of text with an outline in the color of the ground."""
    return {
        "font_settings": {"sdf": True, "fontSize": 64, "buffer": 8, "radius": 16},
        "outline_width": 6,
        "outline_color": rgba(LIGHT.ground),
    }
