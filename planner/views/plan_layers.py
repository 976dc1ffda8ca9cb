"""Map layers of one plan: demand on the roads, supply links, bases, stations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pydeck as pdk

from planner.plan import records
from planner.text import Language, text
from planner.views import palette
from planner.views.backdrop import halo, labelled
from planner.views.figures import number, share, with_unit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from planner.plan import Plan

#: Width of the widest demand band and supply link, and radius of a station of 1,000 kg/d, pixels.
_FLOW_PX, _SUPPLY_PX, _STATION_PX = 18.0, 5.0, 9.0
#: A station smaller than this cannot show its number.
_SMALLEST_PX = 7.0
#: Demand below this share of the busiest link is not drawn: thinner than a pixel.
_FAINTEST = 0.03


def flows(links: pd.DataFrame, paths: Sequence[Any], language: Language) -> list[pdk.Layer]:
    """Return the demand bands: all demand in gray, the served part of it in gold on top.

    Parameters
    ----------
    links
        Of :func:`planner.flows.link_flows`.
    paths
        Path of each link.
    language
        Of the tooltips.
    """
    most = links["kg_per_day"].max() if len(links) else 1.0
    rows = [
        {
            "path": path,
            "total_px": _FLOW_PX * total / most,
            "served_px": _FLOW_PX * served / most,
            "tip_title": text("map.flow", language),
            "tip_text": text(
                "map.flow_tip",
                language,
                served=with_unit(served, "kg_per_day", language),
                unserved=with_unit(total - served, "kg_per_day", language),
            ),
        }
        for path, total, served in zip(
            paths, links["kg_per_day"].tolist(), links["served_kg_per_day"].tolist(), strict=True
        )
        if total >= _FAINTEST * most
    ]
    shared = {
        "get_path": "path",
        "width_units": pdk.types.String("pixels"),
        "joint_rounded": True,
        "cap_rounded": True,
    }
    return [
        pdk.Layer(
            "PathLayer",
            rows,
            id="flow-demand",
            get_color=palette.rgba(palette.UNSERVED),
            get_width="total_px",
            pickable=True,
            **shared,
        ),
        pdk.Layer(
            "PathLayer",
            rows,
            id="flow-served",
            get_color=palette.rgba(palette.SERVED),
            get_width="served_px",
            pickable=True,
            **shared,
        ),
    ]


def supply(plan: Plan, bases: pd.DataFrame, language: Language) -> pdk.Layer:
    """Return an arc from base to station per supply link, in the color of the base."""
    colors = palette.base_colors(bases.index)
    place = {row["site_id"]: row for row in records(plan.stations)}
    links = [row for row in records(plan.supply) if row["base_id"] in colors]
    most = max((row["kg_per_day"] for row in links), default=1.0) or 1.0
    rows = [
        {
            "source": [bases.at[row["base_id"], "lon"], bases.at[row["base_id"], "lat"]],
            "target": [place[row["site_id"]]["lon"], place[row["site_id"]]["lat"]],
            "color": palette.rgba(colors[row["base_id"]], 190),
            "width_px": 1.0 + (_SUPPLY_PX - 1.0) * row["kg_per_day"] / most,
            "tip_title": f"{name(bases.loc[row['base_id']], language)} → {name(place[row['site_id']], language)}",
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
        "ArcLayer",
        rows,
        id="supply",
        get_source_position="source",
        get_target_position="target",
        get_source_color="color",
        get_target_color="color",
        get_width="width_px",
        get_height=0.35,
        get_tilt=65,
        pickable=True,
    )


def supply_bases(plan: Plan, bases: pd.DataFrame, language: Language) -> list[pdk.Layer]:
    """Return the bases as diamonds in their color, with their names."""
    colors = palette.base_colors(bases.index)
    given = plan.supply.groupby("base_id")["kg_per_day"].sum().to_dict()
    rows = [
        {
            "position": [base["lon"], base["lat"]],
            "color": palette.rgba(colors[base["base_id"]]),
            "label": name(base, language),
            "tip_title": name(base, language),
            "tip_text": text(
                "map.base_tip",
                language,
                kind=text(f"kind.{base['kind']}", language),
                amount=with_unit(given.get(base["base_id"], 0.0), "kg_per_day", language),
            ),
        }
        for base in records(bases.reset_index())
    ]
    shared = {"get_position": "position", "pickable": True, **halo(), **labelled()}
    return [
        pdk.Layer(
            "TextLayer",
            [row | {"mark": "◆"} for row in rows],
            id="base",
            get_text="mark",
            get_size=28,
            get_color="color",
            **shared,
        ),
        pdk.Layer(
            "TextLayer",
            rows,
            id="base-name",
            get_text="label",
            get_size=12,
            get_color="color",
            get_pixel_offset=[0, 20],
            font_weight=700,
            **shared,
        ),
    ]


def stations(plan: Plan, bases: pd.DataFrame, language: Language) -> list[pdk.Layer]:
    """Return the stations, area by size, numbered as in the siting table: new filled, existing hollow."""
    rows = [
        _station_row(row, rank, bases, language) for rank, row in enumerate(records(plan.stations), start=1)
    ]
    # Large ones first, so that a small one beside them stays in sight.
    rows.sort(key=lambda row: -row["radius_px"])
    return [
        pdk.Layer(
            "ScatterplotLayer",
            rows,
            id="station",
            get_position="position",
            get_radius="radius_px",
            radius_units=pdk.types.String("pixels"),
            get_fill_color="fill",
            get_line_color="line",
            get_line_width=2,
            line_width_units=pdk.types.String("pixels"),
            stroked=True,
            pickable=True,
        ),
        pdk.Layer(
            "TextLayer",
            rows,
            id="station-number",
            get_position="position",
            get_text="number",
            get_size=11,
            get_color="ink",
            font_weight=700,
            **labelled(),
        ),
    ]


def _station_row(
    row: Mapping[str, Any], rank: int, bases: pd.DataFrame, language: Language
) -> dict[str, Any]:
    """Return one station as the layers need it."""
    ink, white = palette.rgba(palette.INK), [255, 255, 255, 255]
    is_new = row["status"] == "new"
    base_id = row["base_id"]
    return {
        "position": [row["lon"], row["lat"]],
        "number": str(rank),
        "radius_px": radius_px(row["capacity_kg_per_day"]),
        "fill": ink if is_new else white,
        "line": white if is_new else ink,
        "ink": white if is_new else ink,
        "tip_title": f"{rank} · {name(row, language)}",
        "tip_text": text(
            "map.station_tip",
            language,
            status=text(f"status.{row['status']}", language),
            kind=text(f"kind.{row['kind']}", language),
            road=row["road_ref"] or "–",
            capacity=with_unit(row["capacity_kg_per_day"], "kg_per_day", language),
            load=number(row["load_kg_per_day"]),
            utilization=share(row["utilization"]),
            base=name(bases.loc[base_id], language) if base_id in bases.index else "–",
            price=with_unit(row["hydrogen_cny_per_kg"], "cny_per_kg", language, digits=1),
        ),
    }


def radius_px(capacity_kg_per_day: float | None) -> float:
    """Return the radius of a station's circle, pixels: area by size; the smallest where the size is unknown."""
    if not capacity_kg_per_day:
        return _SMALLEST_PX
    return max(_SMALLEST_PX, _STATION_PX * math.sqrt(capacity_kg_per_day / 1000.0))


def name(row: Any, language: Language) -> str:  # noqa: ANN401  a table row or a dictionary
    """Return a site's name in the language of the page."""
    return str(row["name_zh"] if language == "zh" else row["name_en"])
