"""Cost of delivery by distance and mode, and beside it what was published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError
from siting.delivery import PARTS, delivery, whole
from siting.delivery_modes import MODES, mode_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from siting.delivery import Delivery

#: Published figures: ``check.delivery.<study>.<mode>.<km>``.
_PUBLISHED = "check.delivery."
_CROSSOVER = "check.delivery.innova_2025.crossover_km"

#: Studies the model was calibrated to; the others were only compared.
CALIBRATED_TO = ("innova_2025", "jiyuan_luoyang")

_DAYS, _KG_PER_KT = 365.0, 1e6
#: Where the modes' lines are looked for to cross, km.
_FARTHEST_KM = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a table of delivery goes by.

    Parameters
    ----------
    assumptions
        Values in force.
    hydrogen_cny_per_kg
        Value of hydrogen at the base, for what is lost.
    """

    assumptions: Mapping[str, float]
    hydrogen_cny_per_kg: float

    @property
    def km_per_h(self) -> float:
        """Speed of a hydrogen trailer on motorways, rests apart."""
        factor = self.assumptions["delivery.travel_time_factor"]
        speed = self.assumptions["road.truck_speed_kmh.motorway"]
        return min(speed, self.assumptions["road.truck_speed_cap_kmh"]) / factor if factor > 0 else np.inf

    def delivery(self, mode: str, km: NDArray[np.float64] | Sequence[float], kg_per_day: float) -> Delivery:
        """Return the delivery over distances by motorway."""
        distance = np.asarray(km, dtype=np.float64)
        return delivery(
            mode_of(self.assumptions, mode),
            km=distance,
            hours=distance / self.km_per_h,
            kg_per_day=kg_per_day,
            hydrogen_cny_per_kg=self.hydrogen_cny_per_kg,
            electricity_cny_per_kwh=self.assumptions["delivery.electricity_cny_per_kwh"],
        )


def by_distance(
    terms: Terms, *, modes: Sequence[str], km: Sequence[float], kg_per_day: float
) -> pd.DataFrame:
    """Return cost, its parts and the vehicles by mode and distance.

    Parameters
    ----------
    terms
        What it goes by.
    modes
        Of :data:`siting.delivery_modes.MODES`.
    km
        Distances one way, above 0.
    kg_per_day
        Delivered, above 0; vehicles are whole ones for this amount alone.

    Returns
    -------
    table
        `mode`, `km`, `kg_per_day`, `cny_per_kg`, the parts, `trips_per_day`, `trailers`, `tractors`,
        `driver_h_per_day`.

    Raises
    ------
    corridor.errors.InputError
        For unknown modes, distances and amounts that are none, and assumptions that cannot be.
    """
    faults = [
        Fault(f"there is no mode of delivery {each}", "--mode", f"Known: {', '.join(MODES)}")
        for each in modes
        if each not in MODES
    ]
    faults += [
        Fault(f"{each:g} is no distance", "--km", "Give km above 0")
        for each in km
        if not (np.isfinite(each) and each > 0)
    ]
    if not (np.isfinite(kg_per_day) and kg_per_day > 0):
        faults.append(Fault(f"{kg_per_day:g} is no amount", "--kg-per-day", "Give kg/d above 0"))
    if faults:
        raise InputError(faults)
    return pd.concat(
        [_rows(terms.delivery(mode, km, kg_per_day), mode, kg_per_day) for mode in modes], ignore_index=True
    )


def _rows(found: Delivery, mode: str, kg_per_day: float) -> pd.DataFrame:
    """Return the rows of one mode."""
    return pd.DataFrame(
        {
            "mode": mode,
            "km": found.distance_km,
            "kg_per_day": kg_per_day,
            "cny_per_kg": found.cny_per_kg,
            **{part: getattr(found, part) for part in PARTS},
            "trips_per_day": found.trips * kg_per_day,
            "trailers": whole(found.trailers * kg_per_day),
            "tractors": whole(found.tractors * kg_per_day),
            "driver_h_per_day": found.driver_h * kg_per_day,
        }
    )


def beside_published(terms: Terms, assumptions: pd.DataFrame) -> pd.DataFrame:
    """Return the model at every published point.

    Parameters
    ----------
    terms
        What it goes by.
    assumptions
        The table, index ``key``, with ``value`` and ``source``.

    Returns
    -------
    table
        `study`, `mode`, `km`, `published_cny_per_kg`, `model_cny_per_kg`, `misfit` (model over published,
        less 1), `calibrated` (bool), `source`. Pipelines at their reference flow, as published.
    """
    flow = terms.assumptions["delivery.pipeline.reference_kt_per_year"] * _KG_PER_KT / _DAYS
    rows = []
    for key, point in assumptions[assumptions.index.str.startswith(_PUBLISHED)].iterrows():
        study, _, rest = str(key).removeprefix(_PUBLISHED).partition(".")
        mode, _, km = rest.partition(".")
        if mode not in MODES:
            continue
        published = float(point["value"])
        model = float(terms.delivery(mode, [float(km)], flow).cny_per_kg[0])
        rows.append(
            {
                "study": study,
                "mode": mode,
                "km": float(km),
                "published_cny_per_kg": published,
                "model_cny_per_kg": model,
                "misfit": model / published - 1.0,
                "calibrated": study in CALIBRATED_TO,
                "source": str(point["source"]),
            }
        )
    return pd.DataFrame(rows)


def crossover_km(terms: Terms) -> float | None:
    """Return the distance from which liquid is cheaper than 20 MPa tubes, km; None within 2,000 km."""
    km = np.arange(1, _FARTHEST_KM + 1, dtype=np.float64)
    tube, liquid = (terms.delivery(mode, km, 1.0).cny_per_kg for mode in ("tube_20mpa", "liquid"))
    dearer = np.flatnonzero(liquid >= tube)
    first = int(dearer[-1]) + 1 if len(dearer) else 0
    return float(km[first]) if first < len(km) else None


def published_crossover_km(assumptions: pd.DataFrame) -> float:
    """Return the published distance from which liquid is cheaper, km."""
    return float(assumptions["value"][_CROSSOVER])
