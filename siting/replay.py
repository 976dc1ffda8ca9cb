"""Drive every served trip along its route with a tank; shares no code with the optimizer.

The rules driven by (Kuby & Lim 2005), for each vehicle on its own:

- the tank is full at an origin with a station, half full (or as said) at an origin without;
- consumption is given for every step of the way there and of the way back, by kind of vehicle;
- wherever the route passes a station it may enter, the vehicle fills up; some are entered by those only who
  come from certain nodes, except where the trip starts or ends;
- it drives to the destination and back on the same road, and must never run dry;
- it must come home with what it started with, so that it can do it again.

The vehicle then drives a second lap, from the level it came home with: its fills are what a trip takes day by
day, and add up to what it burns. All vehicles drive at once, node by node.

A vehicle in its steady state (``cyclic``) drives the first lap from a full tank, to see what it comes home
with, and the second from that. One that drives ``one_way`` starts with the share said, tops up where the
origin has a station, drives there once, and must arrive with the share said or fill up there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

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

#: How trips are driven.
Driven = Literal["round_trip", "cyclic", "one_way"]

_DRY, _HOME, _ARRIVAL = "runs dry", "comes home with too little", "arrives with too little"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What happened on the road.

    Parameters
    ----------
    trips_driven
        Number of trips driven.
    fills
        One row per trip and station: `trip` (row of the arrays given), `station` (row of station_nodes),
        `kg_per_trip` (dispensed per trip driven), `visits_per_trip` (fills of 1 % of the tank and more);
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
    entered_from: tuple[Indices, Indices] | None = None,
    way: Driven = "round_trip",
    start_fill: float | Floats = 0.5,
    arrival_fill: float = 0.0,
) -> Replay:
    """Drive trips: there and back twice, or there once.

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
    entered_from
        (n,) positions in `station_nodes`, (n,) node ids: pairs "may be entered by who comes from this node".
        A position that stands in no pair is entered from anywhere.
    way
        How trips are driven.
    start_fill
        Share of the tank at an origin without a station, 0-1; one for all, or (n_trips,) float64.
    arrival_fill
        Least share of the tank at the destination of a one-way trip, 0-1.

    Returns
    -------
    Replay
        Fills and faults.
    """
    doors = _Doors(
        station_nodes, np.arange(len(station_nodes)) if stations is None else stations, entered_from
    )
    fleet = _Fleet(
        offsets,
        km,
        out_kg=out_kg,
        back_kg=back_kg,
        route=np.asarray(route, dtype=np.int64),
        kind=np.asarray(kind, dtype=np.int64),
        tank_kg=np.asarray(tank_kg, dtype=np.float64),
        may_stop=doors.open_along(offsets, nodes),
    )
    fill = np.broadcast_to(np.asarray(start_fill, dtype=np.float64), len(fleet.order))
    if way == "one_way":
        fleet.start_with(fill)
        fleet.enter(fleet.first, homeward=False)
        fleet.drive_there()
        fleet.check(arrival_fill * fleet.tank, _ARRIVAL)
    else:
        fleet.start_with(np.ones(len(fill)) if way == "cyclic" else fill, full_at_stations=True)
        before = fleet.level.copy()
        fleet.drive_lap()
        if way == "cyclic":
            before = fleet.level.copy()
        else:
            fleet.check(before, _HOME)
        fleet.log.clear()
        fleet.drive_lap()
        fleet.check(before, _HOME)
    return Replay(
        trips_driven=len(fleet.order),
        fills=doors.fills(fleet, offsets, nodes),
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
        may_stop: NDArray[np.bool_],
    ) -> None:
        self.order = np.argsort(offsets[route] - offsets[route + 1], kind="stable")
        route = route[self.order]
        self.km, self.may_stop = km, may_stop
        self.first, self.last = offsets[route], offsets[route + 1] - 1
        self.tank = tank_kg[self.order]
        self.kind, self.out_kg, self.back_kg = kind[self.order], out_kg, back_kg
        self.level = np.zeros(len(route))
        self.lowest = self.tank.copy()
        self.fault_row = np.full(len(route), -1, dtype=np.int64)
        self.fault_km = np.zeros(len(route))
        self.fault = np.full(len(route), _DRY, dtype=object)
        #: Vehicles, rows of the route nodes, whether homeward bound, kg filled.
        self.log: list[tuple[Indices, Indices, NDArray[np.bool_], Floats]] = []

    def start_with(self, fill: Floats, *, full_at_stations: bool = False) -> None:
        """Fill the tanks before the first drive: shares, by trip."""
        share = fill[self.order]
        self.level = self.tank * np.where(full_at_stations & self.may_stop[0, self.first], 1.0, share)
        self.lowest = self.level.copy()

    def drive_lap(self) -> None:
        """Drive to the destination and back."""
        self.drive_there()
        steps = self.last - self.first
        for step in range(int(steps.max(initial=0)) - 1, -1, -1):
            driving = int(np.count_nonzero(steps > step))
            self._arrive(self.first[:driving] + step, homeward=True)

    def drive_there(self) -> None:
        """Drive to the destination."""
        steps = self.last - self.first
        for step in range(1, int(steps.max(initial=0)) + 1):
            driving = int(np.count_nonzero(steps >= step))
            self._arrive(self.first[:driving] + step, homeward=False)

    def _arrive(self, row: Indices, *, homeward: bool) -> None:
        """Move the first vehicles to the next node of their routes, and fill up where there is a station."""
        driving = len(row)
        kind = self.kind[:driving]
        if homeward:
            used = self.back_kg[row + 1, kind] - self.back_kg[row, kind]
        else:
            used = self.out_kg[row, kind] - self.out_kg[row - 1, kind]
        level = self.level[:driving]
        level -= used
        np.minimum(self.lowest[:driving], level, out=self.lowest[:driving])
        dry = (level < -DRY_TOLERANCE * self.tank[:driving]) & (self.fault_row[:driving] < 0)
        if dry.any():
            length, along = self.km[self.last[:driving]], self.km[row]
            self.fault_row[:driving][dry] = row[dry]
            self.fault_km[:driving][dry] = (2.0 * length - along if homeward else along)[dry]
        self.enter(row, homeward=homeward)

    def enter(self, row: Indices, *, homeward: bool) -> None:
        """Fill up the first vehicles where a station is open to them."""
        stopping = np.flatnonzero(self.may_stop[int(homeward), row])
        kg = self.tank[stopping] - self.level[stopping]
        self.log.append((stopping, row[stopping], np.full(len(stopping), homeward), kg))
        self.level[stopping] = self.tank[stopping]

    def check(self, least: Floats, fault: str) -> None:
        """Find vehicles with less in the tank than they must have where they are now."""
        short = (self.level < least - DRY_TOLERANCE * self.tank) & (self.fault_row < 0)
        at_home = fault == _HOME
        self.fault_row[short] = (self.first if at_home else self.last)[short]
        self.fault_km[short] = (2.0 if at_home else 1.0) * self.km[self.last[short]]
        self.fault[short] = fault

    def faults(self, nodes: Indices) -> pd.DataFrame:
        """Return the table of faults, by trip."""
        failed = np.flatnonzero(self.fault_row >= 0)
        table = pd.DataFrame(
            {
                "trip": self.order[failed],
                "what": self.fault[failed],
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


class _Doors:
    """Who may enter which station: by node, and where one comes from."""

    def __init__(
        self, station_nodes: Indices, stations: Indices, entered_from: tuple[Indices, Indices] | None
    ) -> None:
        self._access = pd.DataFrame({"station": stations, "node": station_nodes})
        self._access["access"] = np.arange(len(station_nodes))
        nowhere = (np.empty(0, np.int64), np.empty(0, np.int64))
        access, neighbor = nowhere if entered_from is None else entered_from
        self._one_sided = pd.DataFrame({"access": access, "previous": neighbor}).drop_duplicates()
        self._access["free"] = ~self._access["access"].isin(self._one_sided["access"])

    def open_along(self, offsets: Indices, nodes: Indices) -> NDArray[np.bool_]:
        """Tell where along the routes a vehicle may stop: (2, n) bool, on the way there, and back."""
        is_end = np.zeros(len(nodes), dtype=bool)
        is_end[offsets[:-1]] = True
        is_end[offsets[1:] - 1] = True
        free = self._access.loc[self._access["free"], "node"]
        always = np.isin(nodes, free) | (is_end & np.isin(nodes, self._access["node"]))
        if self._one_sided.empty:
            return np.stack([always, always])
        turn = self._one_sided.merge(self._access, on="access")
        turns = pd.MultiIndex.from_frame(turn[["previous", "node"]])
        return np.stack(
            [
                always | pd.MultiIndex.from_arrays([np.roll(nodes, by), nodes]).isin(turns)
                for by in (1, -1)  # what is rolled in from beyond an end is not looked at
            ]
        )

    def fills(self, fleet: _Fleet, offsets: Indices, nodes: Indices) -> pd.DataFrame:
        """Add up the fills of each trip at each station; those open to a vehicle at once share its fills."""
        nothing = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool), np.empty(0))
        vehicle, row, homeward, kg = (
            np.concatenate(column) for column in zip(nothing, *fleet.log, strict=True)
        )
        is_visit = kg > LEAST_FILL * fleet.tank[vehicle]
        visits = pd.DataFrame(
            {"trip": fleet.order[vehicle], "node": nodes[row], "kg": kg, "visits": is_visit}
        )
        by = ["trip", "node"]
        if not self._one_sided.empty:
            ends = np.isin(row, offsets[:-1]) | np.isin(row, offsets[1:] - 1)
            previous = np.where(homeward, row + 1, row - 1)
            visits["end"] = ends
            visits["previous"] = np.where(ends, -1, nodes[np.clip(previous, 0, len(nodes) - 1)])
            by += ["end", "previous"]
        per_door = visits.groupby(by, as_index=False).agg(kg=("kg", "sum"), visits=("visits", "sum"))
        shared = per_door.merge(self._access, on="node")
        if not self._one_sided.empty:
            turns = pd.MultiIndex.from_frame(self._one_sided[["access", "previous"]])
            turning = pd.MultiIndex.from_frame(shared[["access", "previous"]]).isin(turns)
            shared = shared[shared["free"] | shared["end"] | turning].drop_duplicates([*by, "station"])
        share = 1.0 / shared.groupby(by)["station"].transform("size")
        shared[["kg", "visits"]] = shared[["kg", "visits"]].mul(share, axis="index")
        fills = shared.groupby(["trip", "station"], as_index=False)[["kg", "visits"]].sum()
        return pd.DataFrame(
            {
                "trip": fills["trip"].astype(np.int64),
                "station": fills["station"].astype(np.int64),
                "kg_per_trip": fills["kg"].astype(np.float64),
                "visits_per_trip": fills["visits"].astype(np.float64),
            }
        )
