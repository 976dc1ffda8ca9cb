"""The variables of a solved year of supply, by name (:mod:`siting.supply_network`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from siting.supply_network import DAYS, MONTHS, YEAR_DAYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.supply_lanes import Lanes
    from siting.supply_network import SupplyNetwork
    from siting.supply_program import YearProgram

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

#: Smaller values are the solver's tolerance.
_NOTHING = 1e-8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Flows:
    """The variables of a solved year, symbols of the formulation in brackets; kg/d unless said otherwise.

    Parameters
    ----------
    made, vented, stored, taken
        y, d, u, o: (n_bases, 12) float64.
    level_kg, capacity_kg
        s (n_bases, 12) and S (n_bases,) float64.
    added, modules
        z, and z + n: (n_bases,) int64.
    lanes, delivered
        The open lanes, and x: (n_lanes, 12) float64.
    own, own_capacity
        X (n_sites, 12) and K (n_sites,) float64; zero without on-site electrolysis.
    shortage
        m, (n_sites, 12) float64.
    plant
        Q, (n_bases x n_modes,) float64, CNY/d.
    """

    made: Floats
    vented: Floats
    stored: Floats
    taken: Floats
    level_kg: Floats
    capacity_kg: Floats
    added: Indices
    modules: Indices
    lanes: Lanes
    delivered: Floats
    own: Floats
    own_capacity: Floats
    shortage: Floats
    plant: Floats

    @classmethod
    def of(cls, network: SupplyNetwork, year: YearProgram, x: Floats, load: Floats) -> Flows:
        """Return the variables out of the columns of the program."""
        n = len(network.bases)
        x = np.where(np.abs(x) < _NOTHING, 0.0, np.maximum(x, 0.0))
        bases, to_sites, own, own_capacity, shortage, plant = np.split(x, year.ends)
        found = year.block.parts(bases, n)
        is_own = network.on_site is not None
        added = np.round(found["added"]).astype(np.int64)
        return cls(
            made=found["made"],
            vented=found["vented"],
            stored=found["stored"],
            taken=found["taken"],
            level_kg=found["level"],
            capacity_kg=found["capacity"],
            added=added,
            modules=added + network.bases.modules_there,
            lanes=year.lanes,
            delivered=to_sites.reshape(-1, MONTHS),
            own=own.reshape(-1, MONTHS) if is_own else np.zeros_like(load),
            own_capacity=own_capacity if is_own else np.zeros(len(load)),
            shortage=shortage.reshape(-1, MONTHS),
            plant=plant,
        )

    @property
    def sent(self) -> Floats:
        """What leaves the gates of the bases: (n_bases, 12) float64."""
        sent = np.zeros_like(self.made)
        np.add.at(sent, self.lanes.base, (1.0 + self.lanes.lost_kg)[:, None] * self.delivered)
        return sent

    @property
    def plant_wait(self) -> Floats:
        """Cost of each plant over its cost if it were used alike all year: (n_bases x n_modes,) float64."""
        if not len(self.plant):
            return self.plant
        put_through = np.zeros(len(self.plant))
        rate = self.lanes.plant_cny_per_kg * (self.delivered @ DAYS)
        np.add.at(put_through, self.lanes.plant, rate)
        least = np.where(put_through > 0.0, put_through, 1.0)
        return np.where(put_through > 0.0, np.maximum(YEAR_DAYS * self.plant, put_through) / least, 1.0)
