"""The tank along a corridor route: there and back, filled up wherever a station is passed.

One vehicle drives one lap, from Chengdu to Chongqing and back, by the rules of :mod:`siting.replay` (which
shares no code with this): it leaves Chengdu full where a station stands there and half full otherwise, fills
up at every node from which a station can be reached, and uses on every arc what :mod:`planner.driving` says,
in either direction. Levels are of the usable tank: 0 is the reserve. Where they fall below, hydrogen is
missing: that way cannot be driven.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.access import access
from corridor.profile import profile
from demand.inputs import VEHICLE_CLASSES
from demand.vehicles import tank_table
from planner.driving import on_arcs
from planner.inputs import assumptions_in_force
from planner.stretches import route_paths

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.stretches import RoutePath

    Floats = NDArray[np.float64]

#: Share of the tank at an origin without a station (Kuby & Lim 2005).
_START_SHARE = 0.5

#: Topping up less than this share of the tank is no visit: the next access of the station just left.
_LEAST_FILL = 0.01

#: Shares of a tank that differ by less are equal: sums of doubles.
_LAST_DIGITS = 1e-6

#: Columns of the levels.
LEVEL_COLUMNS = ("km", "route_km", "homeward", "level_kg", "level_share", "filled_kg", "site_id")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FillProfile:
    """What is in the tank along a route, and how high the road is.

    Parameters
    ----------
    levels
        In driving order, ``LEVEL_COLUMNS``: ``km`` driven, ``route_km`` (since Chengdu), ``homeward``,
        ``level_kg`` and ``level_share`` (of the usable tank) in the tank on leaving, ``filled_kg`` filled
        there, ``site_id`` of the station of such a fill, empty for none. A fill has two rows of one ``km``:
        on arriving, and on leaving.
    elevation
        ``km`` (there only), ``elevation_m`` (NaN where unknown).
    tank_kg
        Usable.
    length_km
        Of the route, one way.
    """

    levels: pd.DataFrame
    elevation: pd.DataFrame
    tank_kg: float
    length_km: float

    @property
    def lowest_share(self) -> float:
        """Lowest level over the usable tank; below 0 where hydrogen is missing."""
        return float(self.levels["level_share"].min())

    @property
    def dry_at(self) -> tuple[float, bool] | None:
        """Where the level first falls below the reserve: km since Chengdu, whether homeward."""
        dry = self.levels[self.levels["level_share"] < -_LAST_DIGITS]
        return None if dry.empty else (float(dry["route_km"].iloc[0]), bool(dry["homeward"].iloc[0]))

    @property
    def comes_home_short(self) -> bool:
        """Whether the vehicle comes home with less than it left with."""
        shares = self.levels["level_share"]
        return bool(shares.iloc[-1] < shares.iloc[0] - _LAST_DIGITS)

    @property
    def stops(self) -> int:
        """Number of fills."""
        return int((self.levels["site_id"] != "").sum())

    @property
    def filled_kg(self) -> float:
        """Filled on the lap."""
        return float(self.levels["filled_kg"].sum())


def tanks(values: Mapping[str, float]) -> pd.DataFrame:
    """Return the tanks in use by class, common ones first: ``vehicle_class``, ``storage``, ``usable_kg``."""
    table = tank_table(values).sort_values(["kind", "share"], ascending=[True, False], kind="stable")
    names = [VEHICLE_CLASSES[kind] for kind in table["kind"]]
    return table.assign(vehicle_class=names)[["vehicle_class", "storage", "usable_kg"]].reset_index(drop=True)


def fill_profile(
    plan: Plan,
    inputs: Inputs,
    route_id: str,
    *,
    vehicle_class: str,
    site_ids: Sequence[str] | None = None,
) -> FillProfile:
    """Return the tank of a vehicle along a corridor route, there and back.

    Parameters
    ----------
    plan
        Its stations and assumptions hold.
    inputs
        Tables of its scenario.
    route_id
        Of the corridor route; the roads hold it (:func:`planner.stretches.route_paths`).
    vehicle_class
        One of ``VEHICLE_CLASSES``, with the tank most of its vehicles have.
    site_ids
        Open stations; None takes all of the plan.
    """
    values, _ = assumptions_in_force(inputs.assumptions, plan.scenario.assumptions)
    path = route_paths(inputs.network)[route_id]
    kind = VEHICLE_CLASSES.index(vehicle_class)
    used = on_arcs(inputs.network, inputs.terrain, values)
    out, back = used.out_kg[path.arcs, kind], used.back_kg[path.arcs, kind]
    tank = _tank_kg(plan, values, vehicle_class, used_kg=float(out.sum() + back.sum()), path=path)
    open_sites = plan.stations["site_id"].tolist() if site_ids is None else list(site_ids)
    names = _stations_at(inputs, path, open_sites, within_km=values["station.access_km"])
    whole = np.ones(len(path.arcs))
    road = profile(inputs.network, inputs.terrain, path.arcs, start=0.0 * whole, end=whole)
    return FillProfile(
        levels=_lap(path, out, back, tank_kg=tank, names=names),
        elevation=pd.DataFrame({"km": road.km, "elevation_m": road.elevation_m}),
        tank_kg=tank,
        length_km=path.length_km,
    )


def _tank_kg(
    plan: Plan, values: Mapping[str, float], vehicle_class: str, *, used_kg: float, path: RoutePath
) -> float:
    """Return the usable tank: that of the class, or what lasts as far as the scenario says."""
    if plan.scenario.usable_range_km is not None:
        return plan.scenario.usable_range_km * used_kg / (2.0 * path.length_km)
    table = tanks(values)
    return float(table.loc[table["vehicle_class"] == vehicle_class, "usable_kg"].iloc[0])


def _stations_at(inputs: Inputs, path: RoutePath, site_ids: Sequence[str], *, within_km: float) -> list[str]:
    """Return the station entered from each node of a route, empty for none; of several the first."""
    stations = inputs.sites.loc[list(site_ids)]
    reached = access(stations, inputs.network, within_km=within_km)
    ids = stations.index.to_numpy(dtype=object)[reached.site]
    at: dict[int, str] = {}
    for node, site in zip(reached.node_id.tolist(), ids.tolist(), strict=True):
        at.setdefault(node, site)
    return [at.get(node, "") for node in path.nodes.tolist()]


def _lap(path: RoutePath, out: Floats, back: Floats, *, tank_kg: float, names: Sequence[str]) -> pd.DataFrame:
    """Drive there and back and return the levels."""
    last = len(path.nodes) - 1
    stops = [(node, False) for node in range(last + 1)] + [(node, True) for node in range(last - 1, -1, -1)]
    used = np.concatenate([[0.0], out, back[::-1]])
    level = tank_kg if names[0] else _START_SHARE * tank_kg
    rows: list[tuple[float, float, bool, float, float, str]] = []
    for (node, homeward), burnt in zip(stops, used.tolist(), strict=True):
        at = float(path.km[node])
        km = 2.0 * path.length_km - at if homeward else at
        level -= burnt
        filled = tank_kg - level if names[node] else 0.0
        if filled > _LEAST_FILL * tank_kg:
            rows.append((km, at, homeward, level, 0.0, ""))
            rows.append((km, at, homeward, tank_kg, filled, names[node]))
        else:
            rows.append((km, at, homeward, level + filled, filled, ""))
        level += filled
    table = pd.DataFrame(rows, columns=["km", "route_km", "homeward", "level_kg", "filled_kg", "site_id"])
    return table.assign(level_share=table["level_kg"] / tank_kg)[list(LEVEL_COLUMNS)]
