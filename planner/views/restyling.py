"""Layers and markup drawn in the light style, in another one: every color of the palette, translated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pydeck as pdk

from planner.drawing.palette import LIGHT, rgba, translated

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.drawing.palette import MapStyle

_CHANNELS = 3
#: A color in HTML, or in a picture that is part of an address.
_WRITTEN = re.compile(r"(#|%23)([0-9a-f]{6})\b")


def restyled(layers: Sequence[pdk.Layer], style: MapStyle) -> list[pdk.Layer]:
    """Return the same layers, changed in place unless the style is the light one."""
    if style.name == LIGHT.name:
        return list(layers)
    colors = {tuple(rgba(color)[:_CHANNELS]): translated(color, style) for color in LIGHT.colors.values()}
    for layer in layers:
        own = vars(layer)
        own |= {name: _color(value, colors) for name, value in own.items() if name != "_data"}
        if isinstance(own.get("icon_atlas"), pdk.types.String):
            own["icon_atlas"] = pdk.types.String(markup(own["icon_atlas"].value, style))
        if isinstance(layer.data, list):
            layer.data = [{key: _color(value, colors) for key, value in row.items()} for row in layer.data]
    return list(layers)


def markup(text: str, style: MapStyle) -> str:
    """Return HTML, or a picture in SVG, with its colors as the style has them."""
    return _WRITTEN.sub(lambda found: found[1] + translated(f"#{found[2]}", style).removeprefix("#"), text)


def _color(value: Any, colors: dict[tuple[int, ...], str]) -> Any:  # noqa: ANN401  whatever a layer holds
    """Return a color as the style has it, anything else as it is."""
    if not isinstance(value, list) or len(value) not in {_CHANNELS, _CHANNELS + 1}:
        return value
    if not all(isinstance(channel, int) for channel in value):
        return value
    found = colors.get(tuple(value[:_CHANNELS]))
    return value if found is None else [*rgba(found)[:_CHANNELS], *value[_CHANNELS:]]
