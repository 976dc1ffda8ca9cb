"""Vehicle classes: what a kilometer costs in hydrogen and how far a tank goes.

With loaded and empty consumption c_l, c_e (kg/km) and the share e of kilometers run empty, a class uses on
average

    c = (1 - e) c_l + e c_e   kg/km,

and with tank mass B (kg) and usable share s its usable range is s B / c. The range is the one of an average
kilometer: a truck loaded all the way goes c / c_l times as far.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from demand.inputs import TRUCK_CLASSES, VEHICLE_CLASSES, assumption_faults, raise_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

_KM_PER_100KM = 100.0


def vehicle_table(assumptions: Mapping[str, float]) -> pd.DataFrame:
    """Return one row per vehicle class.

    Parameters
    ----------
    assumptions
        Value by key, see "Keys of assumptions.csv" in docs/tables.md.

    Returns
    -------
    pandas.DataFrame
        Index ``vehicle_class``; ``kg_per_km`` (average of loaded and empty running), ``usable_kg``,
        ``usable_range_km``, ``payload_t``, ``km_per_day``.

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
    stem = f"vehicle.{vehicle_class}"
    empty = assumptions["freight.empty_running" if vehicle_class in TRUCK_CLASSES else "coach.empty_running"]
    loaded_kg_per_km = assumptions[f"{stem}.kg_per_100km_loaded"] / _KM_PER_100KM
    empty_kg_per_km = assumptions[f"{stem}.kg_per_100km_empty"] / _KM_PER_100KM
    kg_per_km = (1.0 - empty) * loaded_kg_per_km + empty * empty_kg_per_km
    usable_kg = assumptions[f"{stem}.tank_kg"] * assumptions["vehicle.usable_tank_share"]
    return {
        "kg_per_km": kg_per_km,
        "usable_kg": usable_kg,
        "usable_range_km": usable_kg / kg_per_km,
        "payload_t": assumptions[f"{stem}.payload_t"],
        "km_per_day": assumptions[f"{stem}.km_per_day"],
    }
