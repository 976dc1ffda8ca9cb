"""Map layers of what stands or could stand: stations, sites kept out, candidates, weak spots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pydeck as pdk

from planner.drawing import palette, station_icons
from planner.drawing.figures import number, share, with_unit
from planner.plan import records
from planner.text import Language, text
from planner.views.backdrop import halo, labelled
from planner.views.names import name
from planner.views.tables import numbered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from planner.drawing.station_icons import Kind
    from planner.plan import Plan
    from planner.scenario import Scenario
    from planner.views.selection import Selection

#: Radius of a station of 1,000 kg/d, pixels; a smaller one than the smallest cannot show its number.
_STATION_PX, _SMALLEST_PX = 9.0, 8.0
#: A mark fills three quarters of its cell in the sheet.
_CELL_SHARE = 0.75
_OUT_PX, _CANDIDATE_PX, _RING_PX, _CLEAR_PX = 9.0, 2.2, 5.0, 4.0
#: Losses below this share of what is served are no weak spot.
_LEAST_LOSS = 0.05


def stations(
    plan: Plan, draft: Scenario, bases: pd.DataFrame, language: Language, *, suffix: str = ""
) -> list[pdk.Layer]:
    """Return the stations, area by size and filled by use, numbered as in the siting table.

    Parameters
    ----------
    plan
        With the stations.
    draft
        Scenario as the page shows it: what is locked.
    bases
        Table of the supply bases.
    language
        Of the texts.
    suffix
        Of the ids of layers that can be clicked.
    """
    rows = [_station_row(row, draft, bases, language) for row in records(numbered(plan))]
    # Large ones first, so that a small one beside them stays in sight.
    rows.sort(key=lambda row: -row["radius_px"])
    return [
        _marks(f"station{suffix}", rows),
        pdk.Layer(
            "TextLayer",
            rows,
            id="station-number",
            get_position="position",
            get_text="number",
            get_size=11,
            get_color=palette.rgba(palette.INK),
            font_weight=700,
            **halo(),
            **labelled(),
        ),
    ]


def kept_out(draft: Scenario, sites: pd.DataFrame, language: Language, *, suffix: str = "") -> pdk.Layer:
    """Return the sites that must not get a station and the stations taken out of the plan."""
    out: list[tuple[str, Kind]] = [(site, "forbidden") for site in draft.forbidden]
    out += [(site, "closed") for site in draft.closed_stations]
    rows = [
        {
            "position": [sites.loc[site, "lon"], sites.loc[site, "lat"]],
            "mark": kind,
            "radius_px": _OUT_PX,
            "pick": "site",
            "key": site,
            "tip_title": name(sites.loc[site], language),
            "tip_text": text(f"map.{kind}_tip", language),
        }
        for site, kind in out
        if site in sites.index
    ]
    return _marks(f"kept-out{suffix}", rows)


def _marks(layer_id: str, rows: Sequence[Mapping[str, Any]]) -> pdk.Layer:
    """Return marks of the sheet."""
    atlas, mapping = station_icons.sheet(**palette.STATION)
    return pdk.Layer(
        "IconLayer",
        [{**row, "size_px": 2.0 * row["radius_px"] / _CELL_SHARE} for row in rows],
        id=layer_id,
        icon_atlas=pdk.types.String(atlas),
        icon_mapping=mapping,
        get_icon="mark",
        get_position="position",
        get_size="size_px",
        pickable=True,
    )


def candidates(
    plan: Plan, draft: Scenario, sites: pd.DataFrame, language: Language, *, suffix: str = ""
) -> pdk.Layer:
    """Return the sites without a station, as small dots."""
    taken = {*plan.stations["site_id"], *draft.forbidden, *draft.closed_stations}
    table = sites[~sites.index.isin(taken)].reset_index()
    rows = [
        {
            "position": [round(row["lon"], 4), round(row["lat"], 4)],
            "pick": "site",
            "key": row["site_id"],
            "tip_title": name(row, language),
            "tip_text": text(
                "map.candidate_tip",
                language,
                kind=text(f"kind.{row['kind']}", language),
                road=row["road_ref"] or "–",
            ),
        }
        for row in records(table[["site_id", "lon", "lat", "name_zh", "name_en", "kind", "road_ref"]])
    ]
    return pdk.Layer(
        "ScatterplotLayer",
        rows,
        id=f"candidate{suffix}",
        get_position="position",
        get_radius=_CANDIDATE_PX,
        radius_units=pdk.types.String("pixels"),
        get_fill_color=palette.rgba(palette.CANDIDATE_FILL),
        get_line_color=palette.rgba(palette.CANDIDATE),
        get_line_width=1,
        line_width_units=pdk.types.String("pixels"),
        stroked=True,
        pickable=True,
    )


def weak_spots(plan: Plan, language: Language) -> pdk.Layer:
    """Return a ring around each station whose outage costs much, the wider the more."""
    place = plan.stations.set_index("site_id")
    most = max(plan.kpis.get("served_kg_per_day", 0.0), 1.0)
    rows = [
        {
            "position": [place.loc[row["site_id"], "lon"], place.loc[row["site_id"], "lat"]],
            "radius_px": radius_px(place.loc[row["site_id"], "capacity_kg_per_day"])
            + _RING_PX * (1.0 + 2.0 * row["lost_kg_per_day"] / most),
            "tip_title": name(row, language),
            "tip_text": text(
                "map.weak_tip",
                language,
                lost=with_unit(row["lost_kg_per_day"], "kg_per_day", language),
                left=share(row["left_share"]),
            ),
        }
        for row in records(plan.weak_spots)
        if row["site_id"] in place.index and row["lost_kg_per_day"] >= _LEAST_LOSS * most
    ]
    return _rings("weak-spot", rows, palette.WEAK)


def chosen(
    selection: Selection | None, plan: Plan, sites: pd.DataFrame, bases: pd.DataFrame
) -> list[pdk.Layer]:
    """Return a ring around the station, site or base whose card is open; nothing without one."""
    if selection is None:
        return []
    table = bases if selection.kind == "base" else sites
    if selection.kind == "route" or selection.key not in table.index:
        return []
    size = plan.stations.loc[plan.stations["site_id"] == selection.key, "capacity_kg_per_day"]
    radius = radius_px(float(size.iloc[0]) if len(size) else None) + _CLEAR_PX
    at = [float(table["lon"][selection.key]), float(table["lat"][selection.key])]
    return [_rings("chosen", [{"position": at, "radius_px": radius}], palette.CHOSEN)]


def _rings(layer_id: str, rows: Sequence[Mapping[str, Any]], color: str) -> pdk.Layer:
    """Return rings that let clicks through."""
    return pdk.Layer(
        "ScatterplotLayer",
        rows,
        id=layer_id,
        get_position="position",
        get_radius="radius_px",
        radius_units=pdk.types.String("pixels"),
        get_line_color=palette.rgba(color),
        get_line_width=3,
        line_width_units=pdk.types.String("pixels"),
        stroked=True,
        filled=False,
    )


def _station_row(
    row: Mapping[str, Any], draft: Scenario, bases: pd.DataFrame, language: Language
) -> dict[str, Any]:
    """Return one station as the layers need it."""
    base_id = row["base_id"]
    return {
        "position": [row["lon"], row["lat"]],
        "number": str(row["number"]),
        "radius_px": radius_px(row["capacity_kg_per_day"]),
        "mark": station_icons.mark(kind_of(row, draft), row["utilization"]),
        "pick": "station",
        "key": row["site_id"],
        "tip_title": f"{row['number']} · {name(row, language)}",
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
            form=text(f"form.{row['form'] or 'unknown'}", language),
            footprint=with_unit(row["footprint_m2"], "m2", language),
            cost=with_unit(row["nozzle_cost_cny_per_kg"], "cny_per_kg", language, digits=1),
        ),
    }


def kind_of(row: Mapping[str, Any], draft: Scenario) -> Kind:
    """Return which mark a station bears."""
    if row["status"] != "new":
        return "existing"
    return "locked" if row["site_id"] in draft.locked else "new"


def kinds(plan: Plan, draft: Scenario) -> set[str]:
    """Return the kinds of marks on the map of a plan."""
    out = [("forbidden", draft.forbidden), ("closed", draft.closed_stations)]
    return {kind_of(row, draft) for row in records(plan.stations[["site_id", "status"]])} | {
        kind for kind, sites in out if sites
    }


def radius_px(capacity_kg_per_day: float | None) -> float:
    """Return the radius of a station's mark, pixels: area by size, smallest where unknown."""
    if not capacity_kg_per_day or not math.isfinite(capacity_kg_per_day):
        return _SMALLEST_PX
    return max(_SMALLEST_PX, _STATION_PX * math.sqrt(capacity_kg_per_day / 1000.0))
