"""Drive every served trip along its route with a tank; shares no code with the optimizer.

The rules driven by (Kuby & Lim 2005), for each vehicle on its own:

- the tank is full at an origin with a station, half full at an origin without;
- consumption is given for every step of the way there and of the way back, by kind of vehicle;
- wherever the route passes a station, the vehicle fills up;
- it drives to the destination and back on the same road, and must never run dry;
- it must come home with what it started with, so that it can do it again.

The vehicle then drives a second lap, from the level it came home with: its fills are what a trip takes day by
day, and add up to what it burns. All vehicles drive at once, node by node.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import ReplayError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: A vehicle is dry when it misses more than this share of its tank: 0.4 m in 400 km, for sums of doubles.
DRY_TOLERANCE = 1e-6

#: Topping up less than this share of the tank is no visit: the next access of the station just left.
LEAST_FILL = 0.01

_FAULTS_LISTED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What happened on the road.

    Parameters
    ----------
    trips_driven
        Number of trips driven.
    fills
        One row per trip and station: `trip` (row of the arrays given), `station` (row of station_nodes),
        `kg_per_trip` (dispensed per round trip), `visits_per_trip` (fills of 1 % of the tank and more);
        ordered by trip, then station.
    faults
        One row per failed trip: `trip`, `what`, `node` (id), `km` (driven since leaving the origin).
    lowest_level_share
        (n_trips,) float64, lowest level on the way over the tank, 0-1; negative where it ran dry.
    """

    trips_driven: int
    fills: pd.DataFrame
    faults: pd.DataFrame
    lowest_level_share: Floats

    def raise_for_faults(self) -> None:
        """Raise when a trip failed.

        Raises
        ------
        ReplayError
            Naming the first failed trips.
        """
        if self.faults.empty:
            return
        listed = [
            f"trip {fault.trip} {fault.what} at node {fault.node} after {fault.km:.1f} km"
            for fault in self.faults.head(_FAULTS_LISTED).itertuples()
        ]
        more = len(self.faults) - len(listed)
        text = "\n".join(listed + ([f"and {more} more"] if more else []))
        raise ReplayError(f"{len(self.faults)} of {self.trips_driven} trips failed on the road:\n{text}")


def replay_trips(
    offsets: Indices,
    nodes: Indices,
    km: Floats,
    *,
    out_kg: Floats,
    back_kg: Floats,
    route: Indices,
    kind: Indices,
    tank_kg: Floats,
    station_nodes: Indices,
    stations: Indices | None = None,
) -> Replay:
    """Drive trips there and back, twice.

    Parameters
    ----------
    offsets, nodes, km
        Routes as flat arrays: (n_routes + 1,) offsets, node ids from origin to destination, cumulative km.
    out_kg, back_kg
        (offsets[-1], n_kinds) float64, used by each kind of vehicle from the origin to a node on the way
        there, and from the node to the origin on the way back.
    route
        (n_trips,) int64, route of each trip to drive.
    kind
        (n_trips,) int64, its kind of vehicle.
    tank_kg
        (n_trips,) float64, usable kg of a full tank.
    station_nodes
        (n_access,) int64, node id from which an open station is reached. Stations reached from one node share
        its fills equally.
    stations
        (n_access,) int64, station reached from each node; None when each station has one node.

    Returns
    -------
    Replay
        Fills and faults.
    """
    fleet = _Fleet(
        offsets,
        km,
        out_kg=out_kg,
        back_kg=back_kg,
        route=np.asarray(route, dtype=np.int64),
        kind=np.asarray(kind, dtype=np.int64),
        tank_kg=np.asarray(tank_kg, dtype=np.float64),
        has_station=np.isin(nodes, station_nodes),
    )
    fleet.drive_lap()
    fleet.check_home()
    fleet.log.clear()
    fleet.drive_lap()
    return Replay(
        trips_driven=len(fleet.order),
        fills=_fills(
            fleet, nodes, station_nodes, np.arange(len(station_nodes)) if stations is None else stations
        ),
        faults=fleet.faults(nodes),
        lowest_level_share=fleet.by_trip(fleet.lowest / fleet.tank),
    )


class _Fleet:
    """All vehicles on the road, longest routes first, so that those still driving come first."""

    def __init__(
        self,
        offsets: Indices,
        km: Floats,
        *,
        out_kg: Floats,
        back_kg: Floats,
        route: Indices,
        kind: Indices,
        tank_kg: Floats,
        has_station: NDArray[np.bool_],
    ) -> None:
        self.order = np.argsort(offsets[route] - offsets[route + 1], kind="stable")
        route = route[self.order]
        self.km, self.has_station = km, has_station
        self.first, self.last = offsets[route], offsets[route + 1] - 1
        self.tank = tank_kg[self.order]
        self.kind, self.out_kg, self.back_kg = kind[self.order], out_kg, back_kg
        self.start = np.where(has_station[self.first], self.tank, self.tank / 2.0)
        self.level = self.start.copy()
        self.lowest = self.level.copy()
        self.fault_row = np.full(len(route), -1, dtype=np.int64)
        self.fault_km = np.zeros(len(route))
        self.not_home = np.zeros(len(route), dtype=bool)
        self.log: list[tuple[Indices, Indices, Floats]] = []  # vehicles, rows of the route nodes, kg filled

    def drive_lap(self) -> None:
        """Drive to the destination and back."""
        steps = self.last - self.first
        for step in range(1, int(steps.max(initial=0)) + 1):
            driving = int(np.count_nonzero(steps >= step))
            self._arrive(self.first[:driving] + step, self.first[:driving] + step - 1)
        for step in range(int(steps.max(initial=0)) - 1, -1, -1):
            driving = int(np.count_nonzero(steps > step))
            self._arrive(self.first[:driving] + step, self.first[:driving] + step + 1)

    def _arrive(self, row: Indices, previous: Indices) -> None:
        """Move the first vehicles to the next node of their routes, and fill up where there is a station."""
        driving = len(row)
        kind = self.kind[:driving]
        there = self.out_kg[row, kind] - self.out_kg[previous, kind]
        back = self.back_kg[previous, kind] - self.back_kg[row, kind]
        level = self.level[:driving]
        level -= np.where(row > previous, there, back)
        np.minimum(self.lowest[:driving], level, out=self.lowest[:driving])
        dry = (level < -DRY_TOLERANCE * self.tank[:driving]) & (self.fault_row[:driving] < 0)
        if dry.any():
            homeward = row < previous
            length, along = self.km[self.last[:driving]], self.km[row]
            self.fault_row[:driving][dry] = row[dry]
            self.fault_km[:driving][dry] = np.where(homeward, 2.0 * length - along, along)[dry]
        stopping = np.flatnonzero(self.has_station[row])
        self.log.append((stopping, row[stopping], self.tank[stopping] - level[stopping]))
        level[stopping] = self.tank[stopping]

    def check_home(self) -> None:
        """Find vehicles that come home with less than they started with."""
        self.not_home = (self.level < self.start - DRY_TOLERANCE * self.tank) & (self.fault_row < 0)
        self.fault_row[self.not_home] = self.first[self.not_home]
        self.fault_km[self.not_home] = 2.0 * self.km[self.last[self.not_home]]

    def faults(self, nodes: Indices) -> pd.DataFrame:
        """Return the table of faults, by trip."""
        failed = np.flatnonzero(self.fault_row >= 0)
        table = pd.DataFrame(
            {
                "trip": self.order[failed],
                "what": np.where(self.not_home[failed], "comes home with too little", "runs dry"),
                "node": nodes[self.fault_row[failed]],
                "km": self.fault_km[failed],
            }
        )
        return table.sort_values("trip", ignore_index=True)

    def by_trip(self, values: Floats) -> Floats:
        """Put values of vehicles back in the order of the trips given."""
        result = np.empty_like(values)
        result[self.order] = values
        return result


def _fills(fleet: _Fleet, nodes: Indices, station_nodes: Indices, stations: Indices) -> pd.DataFrame:
    """Add up the fills of each trip at each station."""
    nothing = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    vehicle, row, kg = (np.concatenate(column) for column in zip(nothing, *fleet.log, strict=True))
    is_visit = kg > LEAST_FILL * fleet.tank[vehicle]
    visits = pd.DataFrame({"trip": fleet.order[vehicle], "node": nodes[row], "kg": kg, "visits": is_visit})
    reached = pd.DataFrame({"station": stations, "node": station_nodes})
    reached["share"] = 1.0 / reached.groupby("node")["node"].transform("size")
    per_node = visits.groupby(["trip", "node"], as_index=False).agg(
        kg=("kg", "sum"), visits=("visits", "sum")
    )
    shared = per_node.merge(reached, on="node")
    shared[["kg", "visits"]] = shared[["kg", "visits"]].mul(shared["share"], axis="index")
    fills = shared.groupby(["trip", "station"], as_index=False)[["kg", "visits"]].sum()
    return pd.DataFrame(
        {
            "trip": fills["trip"].astype(np.int64),
            "station": fills["station"].astype(np.int64),
            "kg_per_trip": fills["kg"].astype(np.float64),
            "visits_per_trip": fills["visits"].astype(np.float64),
        }
    )
