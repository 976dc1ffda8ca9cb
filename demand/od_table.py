"""An analyst's own origin-destination table in place of the modeled trips.

Let T_ijk be one-way trips per day from zone i to zone j by class k, as listed. A demand is a round trip on an
unordered pair, so a vehicle that goes is taken to come back:

    R_ijk = (T_ijk + T_jik) / 2   round trips per day,

spread over the pair's routes by their shares. A class that is listed at all is replaced on every pair: what
is not listed is zero. Other classes keep their modeled trips. As in the model, trips inside a zone and below
the shortest trip are left out: they refuel at home.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from demand.inputs import VEHICLE_CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from corridor.routes import Routes

_DIRECTIONS = 2.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OdTable:
    """Trips between zones as an analyst lists them.

    Parameters
    ----------
    zone_ids
        (n_zones,) str.
    trips
        (n_zones, n_zones, n_classes) float64, one-way trips per day from the first zone to the second, all
        fuels; classes in the order of ``demand.inputs.VEHICLE_CLASSES``.
    listed
        (n_zones, n_zones, n_classes) bool, whether the file says anything.
    shared_trips
        Like ``trips``, those whose fuel-cell share is given.
    fuel_cell_trips
        Like ``trips``, those times their share.
    """

    zone_ids: NDArray[np.object_]
    trips: NDArray[np.float64]
    listed: NDArray[np.bool_]
    shared_trips: NDArray[np.float64]
    fuel_cell_trips: NDArray[np.float64]

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes the table holds."""
        return tuple(name for row, name in enumerate(VEHICLE_CLASSES) if self.listed[:, :, row].any())


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class GivenTrips:
    """Trips that stand in place of the modeled ones.

    Parameters
    ----------
    round_trips
        Index ``route``, a column per class of ``VEHICLE_CLASSES``, round trips per day of all fuels.
    fuel_cell_share
        (n_routes, n_classes) float64, 0-1; NaN where the adoption model decides.
    """

    round_trips: pd.DataFrame
    fuel_cell_share: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """What became of the trips of a table, all figures one-way trips per day unless named otherwise.

    Parameters
    ----------
    classes
        Classes replaced.
    listed
        Trips in the table.
    inside_zone, too_short, no_route
        Left out: inside one zone, below the shortest trip, between zones that no route of the network joins.
    moved
        Trips that changed their direction when both ways were made equal: half of all differences.
    one_direction_pairs
        Pairs of a class listed one way only; the other way counts as zero.
    model_round_trips, round_trips
        Round trips per day of the classes before and after.
    """

    classes: tuple[str, ...]
    listed: float
    inside_zone: float
    too_short: float
    no_route: float
    moved: float
    one_direction_pairs: int
    model_round_trips: float
    round_trips: float


def replaced(
    table: OdTable, routes: Routes, modeled: pd.DataFrame, *, assumptions: Mapping[str, float]
) -> tuple[GivenTrips, Replacement]:
    """Return the trips with those of the table in place of the modeled ones, and what became of the table's.

    Parameters
    ----------
    table
        Trips as listed.
    routes
        Routes of each pair of zones; zones of the table may be missing.
    modeled
        Index ``route``, a column per class, round trips per day (:func:`demand.hydrogen.all_trips`).
    assumptions
        Value by key: the shortest trips.
    """
    held = [VEHICLE_CLASSES.index(name) for name in table.classes]
    row_of = {str(zone): row for row, zone in enumerate(table.zone_ids)}
    at = np.array([row_of.get(str(zone), -1) for zone in routes.zone_ids], dtype=np.int64)
    first = routes.first
    near, far = at[routes.origin[first]], at[routes.destination[first]]
    on_table = ((near >= 0) & (far >= 0))[:, None]
    length_km = routes.pair_mean(routes.length_km)
    long_enough = length_km[:, None] >= _shortest_km(assumptions)[held]

    there, back = table.trips[near, far][:, held], table.trips[far, near][:, held]
    both = np.where(on_table, there + back, 0.0)
    round_trips = modeled[list(VEHICLE_CLASSES)].to_numpy(dtype=np.float64, copy=True)
    before = float(round_trips[:, held].sum())
    per_pair = np.where(long_enough, both, 0.0) / _DIRECTIONS
    round_trips[:, held] = per_pair[routes.pair] * routes.share[:, None]

    shared, fuel_cell = (
        np.where(on_table, values[near, far][:, held] + values[far, near][:, held], 0.0)
        for values in (table.shared_trips, table.fuel_cell_trips)
    )
    share = np.full(round_trips.shape, np.nan)
    share[:, held] = np.divide(fuel_cell, shared, out=np.full_like(shared, np.nan), where=shared > 0)[
        routes.pair
    ]
    used = on_table & long_enough
    return GivenTrips(
        round_trips=pd.DataFrame(round_trips, columns=list(VEHICLE_CLASSES)).rename_axis("route"),
        fuel_cell_share=share,
    ), Replacement(
        classes=table.classes,
        listed=float(table.trips.sum()),
        inside_zone=float(np.einsum("iik->", table.trips)),
        too_short=float(both[~long_enough].sum()),
        no_route=float(max(table.trips.sum() - np.einsum("iik->", table.trips) - both.sum(), 0.0)),
        moved=float(np.abs(there - back)[used].sum() / _DIRECTIONS),
        one_direction_pairs=_one_direction_pairs(table),
        model_round_trips=before,
        round_trips=float(per_pair.sum()),
    )


def _shortest_km(assumptions: Mapping[str, float]) -> NDArray[np.float64]:
    """(n_classes,) float64: shortest trip counted of each class, km."""
    kinds = ["coach" if name == "coach_12m" else "freight" for name in VEHICLE_CLASSES]
    return np.array([assumptions[f"{kind}.shortest_trip_km"] for kind in kinds], dtype=np.float64)


def _one_direction_pairs(table: OdTable) -> int:
    """Count the pairs of a class that are listed one way only."""
    return int(np.count_nonzero(table.listed & ~table.listed.transpose(1, 0, 2)))
