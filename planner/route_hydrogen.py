"""What each kind of vehicle uses along one way and along the same way back, and how far its tank takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from demand.inputs import VEHICLE_CLASSES
from demand.vehicles import tank_table
from planner.driving import on_arcs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from corridor.elevation import Terrain
    from corridor.roads import RoadNetwork
    from planner.route_query import Way


def hydrogen(
    network: RoadNetwork, terrain: Terrain, assumptions: Mapping[str, float], way: Way
) -> pd.DataFrame:
    """Return the hydrogen of a way, mean of laden and empty running.

    Parameters
    ----------
    network, terrain
        Roads and their elevations; a road of unknown elevation counts as level.
    assumptions
        Value by key.
    way
        On that network.

    Returns
    -------
    pandas.DataFrame
        One row per class and kind of tank: ``vehicle_class``, ``storage``, ``tank_kg`` (usable), ``out_kg``,
        ``back_kg`` (the whole way there, and back), ``out_range_km``, ``back_range_km`` (one tank, at the
        mean use of the way in that direction).
    """
    used = on_arcs(network, terrain, assumptions)
    part = (way.end - way.start)[:, None]
    kg = [(part * per_arc[way.arcs]).sum(axis=0) for per_arc in (used.out_kg, used.back_kg)]
    tanks = tank_table(assumptions)
    kind, usable = tanks["kind"].to_numpy(), tanks["usable_kg"].to_numpy()
    out, back = (each[kind] for each in kg)
    with np.errstate(divide="ignore", invalid="ignore"):  # a way of no length has no range
        ranges = [np.where(each > 0, usable * way.length_km / each, np.nan) for each in (out, back)]
    return pd.DataFrame(
        {
            "vehicle_class": [VEHICLE_CLASSES[number] for number in kind],
            "storage": tanks["storage"].to_numpy(),
            "tank_kg": usable,
            "out_kg": out,
            "back_kg": back,
            "out_range_km": ranges[0],
            "back_range_km": ranges[1],
        }
    )


def lines(table: pd.DataFrame) -> Iterator[str]:
    """Give the table as lines of text."""
    yield "   vehicle      tank    usable      there       back   range there   range back"
    for row in table.itertuples():
        yield (
            f"   {row.vehicle_class:<12} {row.storage:<7}{row.tank_kg:6.1f} kg{row.out_kg:8.1f} kg"
            f"{row.back_kg:8.1f} kg{row.out_range_km:11.0f} km{row.back_range_km:10.0f} km"
        )
