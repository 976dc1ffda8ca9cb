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

Vehicles may also be told what to fill where (`replay_fills`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from corridor.errors import ReplayError
from siting.replay_fleet import (
    CLOSED,
    LEAST_FILL,
    TOO_LITTLE_AT_ARRIVAL,
    TOO_LITTLE_AT_HOME,
    TOO_MUCH_AT_HOME,
    Doors,
    Fleet,
    SuppliedFleet,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Loads that differ by less than this share of what a station may dispense are equal: fills below 1e-9 of a
#: tank are left out, and sums of doubles differ.
LOAD_TOLERANCE = 1e-6

_FAULTS_LISTED = 10

#: How trips are driven.
Driven = Literal["round_trip", "cyclic", "one_way"]


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

    def loads(self, trips_per_day: Floats, *, n_stations: int) -> Floats:
        """Return what each station dispenses, (n_stations,) float64, kg/d.

        Parameters
        ----------
        trips_per_day
            (trips_driven,) float64.
        n_stations
            Number of stations.
        """
        kg = self.fills["kg_per_trip"].to_numpy() * trips_per_day[self.fills["trip"].to_numpy()]
        load = np.bincount(self.fills["station"].to_numpy(), weights=kg, minlength=n_stations)
        return load.astype(np.float64)


def check_loads(load_kg_per_day: Floats, *, said_kg_per_day: Floats, limit_kg_per_day: Floats) -> None:
    """Compare what vehicles filled up on the road with what stations are said to dispense, and may.

    Parameters
    ----------
    load_kg_per_day, said_kg_per_day, limit_kg_per_day
        (n_stations,) float64.

    Raises
    ------
    ReplayError
        Naming the first stations that dispense something else, or more than they may.
    """
    scale = LOAD_TOLERANCE * np.maximum(1.0, limit_kg_per_day)
    other = np.abs(load_kg_per_day - said_kg_per_day) > scale
    above = load_kg_per_day > limit_kg_per_day + scale
    faults = [
        f"station {station} dispenses {load_kg_per_day[station]:.3f} kg/d, not {said_kg_per_day[station]:.3f}"
        for station in np.flatnonzero(other)
    ] + [
        f"station {station} dispenses {load_kg_per_day[station]:.3f} kg/d, "
        f"more than {limit_kg_per_day[station]:.3f}"
        for station in np.flatnonzero(above & ~other)
    ]
    if faults:
        more = [f"and {len(faults) - _FAULTS_LISTED} more"] if len(faults) > _FAULTS_LISTED else []
        raise ReplayError("\n".join([*faults[:_FAULTS_LISTED], *more]))


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
    doors = Doors(
        station_nodes, np.arange(len(station_nodes)) if stations is None else stations, entered_from
    )
    fleet = Fleet(
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
        fleet.check(arrival_fill * fleet.tank, TOO_LITTLE_AT_ARRIVAL)
    else:
        fleet.start_with(np.ones(len(fill)) if way == "cyclic" else fill, full_at_stations=True)
        before = fleet.level.copy()
        fleet.drive_lap()
        if way == "cyclic":
            before = fleet.level.copy()
        else:
            fleet.check(before, TOO_LITTLE_AT_HOME)
        fleet.log.clear()
        fleet.drive_lap()
        fleet.check(before, TOO_LITTLE_AT_HOME)
    return Replay(
        trips_driven=len(fleet.order),
        fills=doors.fills(fleet, offsets, nodes),
        faults=fleet.faults(nodes),
        lowest_level_share=fleet.by_trip(fleet.lowest / fleet.tank),
    )


def replay_fills(
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
    fills: pd.DataFrame,
    stations: Indices | None = None,
    entered_from: tuple[Indices, Indices] | None = None,
    start_fill: float = 0.5,
) -> Replay:
    """Drive round trips that fill given amounts.

    A vehicle leaves home with `start_fill` of its tank; with a station at home it leaves with as much as lets
    every fill find room. It may never run dry nor be filled beyond its tank, must fill up only where it may,
    and must come home with what it left with.

    Parameters
    ----------
    offsets, nodes, km, out_kg, back_kg, route, kind, tank_kg, station_nodes, stations, entered_from
        As in `replay_trips`.
    fills
        One row per fill: `trip` (0 ... n_trips - 1), `entry` (of the flat nodes), `homeward` (whether on the
        way back), `station` (row of station_nodes, or number in stations), `kg`.
    start_fill
        Share of the tank at home without a station, 0-1, before a fill there.

    Returns
    -------
    Replay
        Fills and faults. `lowest_level_share` is of the one lap driven.

    Raises
    ------
    ValueError
        For fills that are not amounts.
    """
    doors = Doors(
        station_nodes, np.arange(len(station_nodes)) if stations is None else stations, entered_from
    )
    trip, entry, station = (fills[name].to_numpy(np.int64) for name in ("trip", "entry", "station"))
    homeward, kg = fills["homeward"].to_numpy(np.bool_), fills["kg"].to_numpy(np.float64)
    if not np.all((kg >= 0.0) & np.isfinite(kg)):
        raise ValueError("fills must be 0 kg or more")
    route, kind = np.asarray(route, dtype=np.int64), np.asarray(kind, dtype=np.int64)
    tank_kg = np.asarray(tank_kg, dtype=np.float64)
    on_route = (offsets[route[trip]] <= entry) & (entry < offsets[route[trip] + 1])
    allowed = on_route & doors.may_fill(entry, offsets, nodes, station=station, homeward=homeward)

    may_stop = doors.open_along(offsets, nodes)

    def at_home(some: Indices) -> SuppliedFleet:
        number = np.full(len(route), -1, dtype=np.int64)
        number[some] = np.arange(len(some))
        theirs = on_route & (number[trip] >= 0)
        fleet = SuppliedFleet(
            offsets,
            km,
            out_kg=out_kg,
            back_kg=back_kg,
            route=route[some],
            kind=kind[some],
            tank_kg=tank_kg[some],
            may_stop=may_stop,
        )
        fleet.supply(number[trip[theirs]], entry[theirs], kg[theirs], homeward=homeward[theirs])
        fleet.start_with(np.full(len(some), start_fill))
        return fleet

    fleet = at_home(np.arange(len(route)))
    at_station = np.flatnonzero(may_stop[0, offsets[route]])
    trial = at_home(at_station)
    trial.drive_from_home()
    fullest = np.maximum(trial.level_at_home + trial.tank - trial.highest, 0.0)
    fleet.leave_home_with(trial.by_trip(fullest), trip=at_station)
    fleet.fail_trips(trip[~allowed], entry[~allowed], fault=CLOSED)
    fleet.drive_from_home()
    fleet.check(fleet.level_at_home, TOO_LITTLE_AT_HOME)
    fleet.check_not_above(fleet.level_at_home, TOO_MUCH_AT_HOME)
    visits = (kg > LEAST_FILL * tank_kg[trip]).astype(np.float64)
    per_station = (
        pd.DataFrame({"trip": trip, "station": station, "kg_per_trip": kg, "visits_per_trip": visits})
        .groupby(["trip", "station"], as_index=False)
        .sum()
    )
    return Replay(
        trips_driven=len(route),
        fills=per_station,
        faults=fleet.faults(nodes),
        lowest_level_share=fleet.by_trip(fleet.lowest / fleet.tank),
    )
