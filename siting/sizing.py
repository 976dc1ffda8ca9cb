"""Sizes of stations: what each can dispense, and the module a new one needs for its load.

Existing stations keep their capacity. A new one may grow to the largest module, or as far as there is money
for it; once fills are shared (`siting.allocation`) it gets the smallest that carries its load. No station is
loaded beyond the highest utilization a plan may count on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.certificate import Certificate

    Floats = NDArray[np.float64]

#: A load counts as carried when it exceeds the capacity by no more than this share: last digits of sums.
_CARRIED = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Capacities:
    """What stations can dispense.

    Parameters
    ----------
    existing_kg_per_day
        (n_stations,) float64, capacity of existing stations; NaN for a new one.
    modules_kg_per_day
        (n_modules,) float64, capacities that can be built, ascending.
    highest_utilization
        Share of its capacity a station may be loaded with, above 0 to 1.
    most_kg_per_day
        (n_stations,) float64, largest module each new station may get; of existing ones it is not read. None:
        the largest of all.

    Raises
    ------
    corridor.errors.InputError
        For capacities or a utilization out of bounds, and limits of new stations that are no modules.
    """

    existing_kg_per_day: Floats
    modules_kg_per_day: Floats
    highest_utilization: float
    most_kg_per_day: Floats | None = None

    def __post_init__(self) -> None:
        faults = []
        if np.any(self.existing_kg_per_day < 0.0):
            faults.append(Fault("a capacity is negative", "existing_kg_per_day", "Give 0 or more, or NaN"))
        modules = self.modules_kg_per_day
        if not len(modules) or np.any(modules <= 0.0) or np.any(np.diff(modules) <= 0.0):
            faults.append(Fault("modules must be positive and ascending", "modules_kg_per_day"))
        if not 0.0 < self.highest_utilization <= 1.0:
            what, where = f"{self.highest_utilization} is not a utilization", "station.highest_utilization"
            faults.append(Fault(what, where, "Above 0, at most 1"))
        most = self.most_kg_per_day
        if most is not None and not np.isin(most[np.isnan(self.existing_kg_per_day)], modules).all():
            faults.append(Fault("a limit is no module", "most_kg_per_day", "Give one of the modules"))
        if faults:
            raise InputError(faults)

    @property
    def limit_kg_per_day(self) -> Floats:
        """(n_stations,) float64, the most each station may be loaded with."""
        is_new = np.isnan(self.existing_kg_per_day)
        ceiling = np.where(is_new, self.modules_kg_per_day[self._last_module], self.existing_kg_per_day)
        limit: Floats = self.highest_utilization * ceiling
        return limit

    @property
    def _last_module(self) -> NDArray[np.int64]:
        """(n_stations,) int64, largest module of each new station."""
        is_new, last = np.isnan(self.existing_kg_per_day), len(self.modules_kg_per_day) - 1
        if self.most_kg_per_day is None:
            return np.full(len(is_new), last)
        return np.where(is_new, np.searchsorted(self.modules_kg_per_day, self.most_kg_per_day), last)

    def sized(
        self,
        load_kg_per_day: Floats,
        *,
        visits_per_day: Floats,
        least_kg_per_day: Floats | None = None,
    ) -> pd.DataFrame:
        """Return the sizes of stations with these loads, as in `Sizing`.

        Parameters
        ----------
        load_kg_per_day, visits_per_day
            (n_stations,) float64.
        least_kg_per_day
            (n_stations,) float64, sizes new stations have already; None: none.
        """
        is_new = np.isnan(self.existing_kg_per_day)
        carried = self.highest_utilization * self.modules_kg_per_day * (1.0 + _CARRIED)
        smallest = np.minimum(np.searchsorted(carried, load_kg_per_day), self._last_module)
        if least_kg_per_day is not None:
            smallest = np.maximum(smallest, np.searchsorted(self.modules_kg_per_day, least_kg_per_day))
        module = np.where(is_new, smallest, -1)
        capacity = np.where(is_new, self.modules_kg_per_day[module], self.existing_kg_per_day)
        return pd.DataFrame(
            {
                "load_kg_per_day": load_kg_per_day,
                "capacity_kg_per_day": capacity,
                "utilization": np.divide(
                    load_kg_per_day, capacity, out=np.zeros(len(capacity)), where=capacity > 0.0
                ),
                "visits_per_day": visits_per_day,
                "module": module,
            }
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Sizing:
    """Sizes and what they carry.

    Parameters
    ----------
    stations
        One row per station, in the order given: `load_kg_per_day`, `capacity_kg_per_day`, `utilization`
        (load over capacity), `visits_per_day`, `module` (index of the module built; -1: existing station).
    served_share
        (n_trips,) float64, share of each trip that is refueled, 0-1.
    certificate
        Of the sharing of fills, kg/d refueled.
    """

    stations: pd.DataFrame
    served_share: Floats
    certificate: Certificate
