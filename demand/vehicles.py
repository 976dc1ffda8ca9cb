"""Vehicle classes: what they weigh and resist, what their tank holds, how far they drive in a day.

A class is driven laden, with payload p times load factor l on top of its curb mass, and empty on the share e
of its kilometers; what it uses on a road is the mean of both (:mod:`demand.energy`):

    kg = (1 - e) kg(curb + l p) + e kg(curb).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from demand.energy import Vehicle
from demand.inputs import (
    STORAGE,
    TRUCK_CLASSES,
    VEHICLE_CLASSES,
    assumption_faults,
    raise_faults,
    storages,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Figures of a class, as in ``vehicle.<class>.<figure>``.
FIGURES = (
    "tank_kg",
    "curb_t",
    "payload_t",
    "drag_area_m2",
    "rolling",
    "auxiliary_kw",
    "fuel_cell_kw",
    "battery_kwh",
    "top_speed_kmh",
    "speed_factor",
    "km_per_day",
)

#: Fields of a vehicle that come from its class, and those that are the same for all, with their keys.
OF_CLASS = (
    "mass_t",
    "drag_area_m2",
    "rolling",
    "auxiliary_kw",
    "fuel_cell_kw",
    "battery_kwh",
    "top_speed_kmh",
    "speed_factor",
)
OF_ALL = {
    "drivetrain": "drivetrain_efficiency",
    "recovery": "recovery_share",
    "aging": "fuel_cell_aging",
    "traffic_factor": "traffic_factor",
    "derate_per_km": "derate_per_km",
}


def vehicle_table(assumptions: Mapping[str, float]) -> pd.DataFrame:
    """Return one row per vehicle class.

    Parameters
    ----------
    assumptions
        Value by key, see "Keys of assumptions.csv" in docs/tables.md.

    Returns
    -------
    pandas.DataFrame
        Index ``vehicle_class``; the ``FIGURES``, ``usable_kg`` (of the tank), ``load_factor`` (of the
        payload, when laden) and ``empty_share`` (of the kilometers).

    Raises
    ------
    corridor.errors.InputError
        With every missing, unknown or impossible demand key.
    """
    raise_faults(assumption_faults(assumptions))
    rows = {name: _row(name, assumptions) for name in VEHICLE_CLASSES}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("vehicle_class")


def _row(vehicle_class: str, assumptions: Mapping[str, float]) -> dict[str, float]:
    """Return the figures of one class."""
    row = {name: assumptions[f"vehicle.{vehicle_class}.{name}"] for name in FIGURES}
    is_truck = vehicle_class in TRUCK_CLASSES
    return row | {
        "usable_kg": row["tank_kg"] * assumptions["vehicle.usable_tank_share"],
        "load_factor": assumptions["freight.load_factor" if is_truck else "coach.load_factor"],
        "empty_share": assumptions["freight.empty_running" if is_truck else "coach.empty_running"],
    }


def tank_table(assumptions: Mapping[str, float]) -> pd.DataFrame:
    """Return the tanks in use: one row per class and way of keeping hydrogen that any of its vehicles has.

    Returns
    -------
    pandas.DataFrame
        ``kind`` (position in ``VEHICLE_CLASSES``), ``storage``, ``share`` (of the class's vehicles, above 0),
        ``usable_kg``; by class, then in the order of ``demand.inputs.STORAGE``.
    """
    usable = assumptions["vehicle.usable_tank_share"]
    rows: list[tuple[int, str, float, float]] = []
    for kind, name in enumerate(VEHICLE_CLASSES):
        special = storages(name)[1:]
        shares = {storage: assumptions[f"vehicle.{name}.share_{storage}"] for storage in special}
        shares = {STORAGE[0]: max(0.0, 1.0 - sum(shares.values())), **shares}
        for storage, share in shares.items():
            key = "tank_kg" if storage == STORAGE[0] else f"tank_kg_{storage}"
            if share > 0:
                rows.append((kind, storage, share, usable * assumptions[f"vehicle.{name}.{key}"]))
    return pd.DataFrame(rows, columns=["kind", "storage", "share", "usable_kg"])


def driven(assumptions: Mapping[str, float], *, laden: bool) -> list[Vehicle]:
    """Return the vehicles of all classes in one state of loading, in the order of ``VEHICLE_CLASSES``.

    Parameters
    ----------
    assumptions
        Value by key.
    laden
        Whether they carry their load.
    """
    table = vehicle_table(assumptions)
    load_t = table["payload_t"] * table["load_factor"] if laden else 0.0 * table["payload_t"]
    figures = table.assign(mass_t=table["curb_t"] + load_t)[list(OF_CLASS)]
    common = {name: assumptions[f"vehicle.{key}"] for name, key in OF_ALL.items()}
    return [
        Vehicle(**{name: float(value) for name, value in zip(OF_CLASS, row, strict=True)}, **common)
        for row in figures.to_numpy(dtype=np.float64)
    ]
