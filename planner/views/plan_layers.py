"""Map layers of one plan: demand on the roads, supply links, bases."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import pydeck as pdk

from planner.drawing import palette
from planner.drawing.figures import with_unit
from planner.plan import records
from planner.text import Language, text
from planner.views.backdrop import halo, labelled
from planner.views.names import name
from planner.views.site_layers import radius_px

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from planner.drawing.flow_bands import Band
    from planner.drawing.labels import Screen
    from planner.plan import Plan

#: Width of the widest demand band and supply link, pixels.
_FLOW_PX, _SUPPLY_PX = 14.0, 4.0
_BASE_PX, _BASE_NAME_PX, _BASE_NAME_CHARACTERS = 28, 12, 18
#: How far a supply link bows, as a share of its length, and in how many pieces it is drawn.
_BOW, _BOW_STEPS = 0.12, 24
#: A served part thinner than this cannot be seen.
_THINNEST_PX = 0.4


def flows(bands: Sequence[Band], language: Language) -> list[pdk.Layer]:
    """Return the demand bands: all demand in gray, the served part of it in gold on top."""
    most = max((band.kg_per_day for band in bands), default=1.0)
    rows = [
        {
            "path": band.path,
            "total_px": round(_FLOW_PX * band.kg_per_day / most, 2),
            "served_px": round(_FLOW_PX * band.served_kg_per_day / most, 2),
            "tip_title": text("map.flow", language),
            "tip_text": text(
                "map.flow_tip",
                language,
                served=with_unit(band.served_kg_per_day, "kg_per_day", language),
                unserved=with_unit(band.kg_per_day - band.served_kg_per_day, "kg_per_day", language),
            ),
        }
        for band in bands
    ]
    served = [
        row
        for row, band in zip(rows, bands, strict=True)
        if _FLOW_PX * band.served_kg_per_day / most >= _THINNEST_PX
    ]
    return [
        _flow("flow-demand", rows, palette.UNSERVED, "total_px", pickable=True),
        _flow("flow-served", served, palette.SERVED, "served_px"),
    ]


def unserved(bands: Sequence[Band], language: Language) -> pdk.Layer:
    """Return the demand that no station serves, as bands of its own, in one scale with all demand."""
    most = max((band.kg_per_day for band in bands), default=1.0)
    missed = [(band.path, band.kg_per_day - band.served_kg_per_day) for band in bands]
    rows = [
        {
            "path": path,
            "missed_px": round(_FLOW_PX * kg_per_day / most, 2),
            "tip_title": text("map.unserved", language),
            "tip_text": with_unit(kg_per_day, "kg_per_day", language),
        }
        for path, kg_per_day in missed
        if _FLOW_PX * kg_per_day / most >= _THINNEST_PX
    ]
    return _flow("flow-unserved", rows, palette.MISSED, "missed_px", pickable=True)


def _flow(layer_id: str, rows: Sequence[Any], color: str, width: str, *, pickable: bool = False) -> pdk.Layer:
    """Return one layer of demand bands."""
    return pdk.Layer(
        "PathLayer",
        rows,
        id=layer_id,
        get_path="path",
        get_color=palette.rgba(color),
        get_width=width,
        width_units=pdk.types.String("pixels"),
        joint_rounded=True,
        cap_rounded=True,
        pickable=pickable,
    )


def supply(plan: Plan, bases: pd.DataFrame, language: Language) -> pdk.Layer:
    """Return an arc from base to station per supply link, in the color of the base."""
    colors = palette.base_colors(bases.index)
    place = {row["site_id"]: row for row in records(plan.stations)}
    links = [row for row in records(plan.supply) if row["base_id"] in colors]
    most = max((row["kg_per_day"] for row in links), default=1.0) or 1.0
    rows = [
        {
            "path": bowed(
                bases.loc[row["base_id"], ["lon", "lat"]].tolist(),
                [place[row["site_id"]]["lon"], place[row["site_id"]]["lat"]],
            ),
            "color": palette.rgba(colors[row["base_id"]], 190),
            "width_px": 1.0 + (_SUPPLY_PX - 1.0) * row["kg_per_day"] / most,
            "tip_title": " → ".join(
                name(end, language) for end in (bases.loc[row["base_id"]], place[row["site_id"]])
            ),
            "tip_text": text(
                "map.supply_tip",
                language,
                amount=with_unit(row["kg_per_day"], "kg_per_day", language),
                distance=with_unit(row["distance_km"], "km", language),
                mode=text(f"mode.{row['mode']}", language),
                price=with_unit(row["delivered_cny_per_kg"], "cny_per_kg", language, digits=1),
            ),
        }
        for row in links
    ]
    return pdk.Layer(
        "PathLayer",
        rows,
        id="supply",
        get_path="path",
        get_color="color",
        get_width="width_px",
        width_units=pdk.types.String("pixels"),
        joint_rounded=True,
        pickable=True,
    )


def bowed(start: Sequence[float], end: Sequence[float]) -> list[list[float]]:
    """Return an arc between two points, bowed to its left, as a quadratic Bezier curve.

    Flat on purpose: deck.gl's own arcs rise above the map and hide what is drawn after them.
    """
    (x0, y0), (x1, y1) = start, end
    middle = ((x0 + x1) / 2 - _BOW * (y1 - y0), (y0 + y1) / 2 + _BOW * (x1 - x0))
    steps = [step / _BOW_STEPS for step in range(_BOW_STEPS + 1)]
    return [
        [
            round((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c, 4)
            for a, b, c in zip((x0, y0), middle, (x1, y1), strict=True)
        ]
        for t in steps
    ]


def supply_bases(
    plan: Plan, bases: pd.DataFrame, language: Language, screen: Screen, *, suffix: str = ""
) -> list[pdk.Layer]:
    """Return the bases as diamonds in their color, with their names; ``suffix`` ends the ids of both."""
    colors = palette.base_colors(bases.index)
    given = plan.supply.groupby("base_id")["kg_per_day"].sum().to_dict()
    rows = []
    for base in records(bases.reset_index()):
        at = [base["lon"], base["lat"]]
        label = textwrap.fill(name(base, language), _BASE_NAME_CHARACTERS)
        offset = screen.offset(label, at, size_px=_BASE_NAME_PX, clear_px=_BASE_PX / 2, rings=3, whole=True)
        rows.append(
            {
                "position": at,
                "pick": "base",
                "key": base["base_id"],
                "color": palette.rgba(colors[base["base_id"]]),
                "label": label,
                "offset": offset or [0, _BASE_PX],
                "tip_title": name(base, language),
                "tip_text": text(
                    "map.base_tip",
                    language,
                    kind=text(f"kind.{base['kind']}", language),
                    amount=with_unit(given.get(base["base_id"], 0.0), "kg_per_day", language),
                ),
            }
        )
    shared = {"get_position": "position", "pickable": True, **halo(), **labelled()}
    return [
        pdk.Layer(
            "TextLayer",
            [row | {"mark": "◆"} for row in rows],
            id=f"base{suffix}",
            get_text="mark",
            get_size=_BASE_PX,
            get_color="color",
            **shared,
        ),
        pdk.Layer(
            "TextLayer",
            rows,
            id=f"base-name{suffix}",
            get_text="label",
            get_size=_BASE_NAME_PX,
            get_color=palette.rgba(palette.INK),
            get_pixel_offset="offset",
            font_weight=700,
            **shared,
        ),
    ]


def take_marks(plan: Plan, bases: pd.DataFrame, screen: Screen) -> None:
    """Keep labels off the stations and bases."""
    for row in records(plan.stations):
        screen.take_circle(row["lon"], row["lat"], radius_px(row["capacity_kg_per_day"]))
    for lon, lat in zip(bases["lon"], bases["lat"], strict=True):
        screen.take_circle(lon, lat, _BASE_PX / 3)
