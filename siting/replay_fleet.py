"""Vehicles on the road for the replay, and the doors of stations; shares no code with the optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

#: A vehicle is dry when it misses more than this share of its tank: 0.4 m in 400 km, for sums of doubles.
DRY_TOLERANCE = 1e-6

#: Topping up less than this share of the tank is no visit: the next access of the station just left.
LEAST_FILL = 0.01

#: What may go wrong.
DRY, TOO_LITTLE_AT_HOME, TOO_LITTLE_AT_ARRIVAL = (
    "runs dry",
    "comes home with too little",
    "arrives with too little",
)
OVERFULL, TOO_MUCH_AT_HOME, CLOSED = (
    "is filled beyond its tank",
    "comes home with more than it left with",
    "fills up where it may not",
)


class Fleet:
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
        may_stop: Flags,
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
        self.fault = np.full(len(route), "", dtype=object)
        #: Vehicles, rows of the route nodes, whether homeward bound, kg filled.
        self.log: list[tuple[Indices, Indices, Flags, Floats]] = []

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
        dry = np.flatnonzero(level < -DRY_TOLERANCE * self.tank[:driving])
        self.fail(dry, row[dry], fault=DRY, homeward=homeward)
        self.enter(row, homeward=homeward)

    def enter(self, row: Indices, *, homeward: bool) -> None:
        """Fill up the first vehicles where a station is open to them."""
        stopping = np.flatnonzero(self.may_stop[int(homeward), row])
        kg = self.tank[stopping] - self.level[stopping]
        self.log.append((stopping, row[stopping], np.full(len(stopping), homeward), kg))
        self.level[stopping] = self.tank[stopping]

    def check(self, least: Floats, fault: str) -> None:
        """Find vehicles with less in the tank than they must have where they are now."""
        short = np.flatnonzero(self.level < least - DRY_TOLERANCE * self.tank)
        at_home = fault == TOO_LITTLE_AT_HOME
        self.fail(short, (self.first if at_home else self.last)[short], fault=fault, homeward=at_home)

    def fail(self, vehicle: Indices, row: Indices, *, fault: str, homeward: bool) -> None:
        """Note what happened to vehicles at entries of their routes; of each only the first counts."""
        new = self.fault_row[vehicle] < 0
        vehicle, row = vehicle[new], row[new]
        length, along = self.km[self.last[vehicle]], self.km[row]
        self.fault_row[vehicle] = row
        self.fault_km[vehicle] = 2.0 * length - along if homeward else along
        self.fault[vehicle] = fault

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


class SuppliedFleet(Fleet):
    """Vehicles that fill given amounts at given entries of their routes."""

    def supply(self, trip: Indices, entry: Indices, kg: Floats, *, homeward: Flags) -> None:
        """Say which trip fills how much at which entry, on the way there or back: (n,) each."""
        self._place = np.empty(len(self.order), dtype=np.int64)
        self._place[self.order] = np.arange(len(self.order))
        vehicle = self._place[trip]
        step = entry - self.first[vehicle]
        back = homeward & (entry < self.last[vehicle])  # where it turns it fills up once
        order = np.lexsort((vehicle, step, back))
        self._vehicle, self._kg, self._supplied_row = vehicle[order], kg[order], entry[order]
        when = np.column_stack([back, step])[order]
        starts = np.flatnonzero(np.any(np.diff(when, axis=0, prepend=-1), axis=1))
        ends = np.append(starts, len(when))[1:]
        self._when = {
            (bool(when[a, 0]), int(when[a, 1])): slice(a, b)
            for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
        }

    def leave_home_with(self, level: Floats, *, trip: Indices) -> None:
        """Set the level of some trips at home."""
        self.level[self._place[trip]] = level
        self.lowest = self.level.copy()

    def drive_from_home(self) -> None:
        """Fill up at home if that is said, drive a lap, and keep the level before and the highest."""
        self.level_at_home = self.level.copy()
        self.highest = self.level.copy()
        self.enter(self.first, homeward=False)
        self.drive_lap()

    def check_not_above(self, most: Floats, fault: str) -> None:
        """Find vehicles with more in the tank than they may have, now that they are home."""
        above = np.flatnonzero(self.level > most + DRY_TOLERANCE * self.tank)
        self.fail(above, self.first[above], fault=fault, homeward=True)

    def fail_trips(self, trip: Indices, entry: Indices, *, fault: str) -> None:
        """Note what happened to trips, of each the first given; `entry` may lie off their routes."""
        trip, row = np.unique(trip, return_index=True)
        vehicle = self._place[trip]
        at = np.clip(entry[row], self.first[vehicle], self.last[vehicle])
        self.fail(vehicle, at, fault=fault, homeward=False)

    def enter(self, row: Indices, *, homeward: bool) -> None:
        """Fill up who is said to fill up here."""
        if not len(row) or (homeward, int(row[0] - self.first[0])) not in self._when:
            return
        now = self._when[homeward, int(row[0] - self.first[0])]
        vehicle, at = self._vehicle[now], self._supplied_row[now]
        np.add.at(self.level, vehicle, self._kg[now])
        np.maximum.at(self.highest, vehicle, self.level[vehicle])
        over = self.level[vehicle] > self.tank[vehicle] * (1.0 + DRY_TOLERANCE)
        self.fail(vehicle[over], at[over], fault=OVERFULL, homeward=homeward)


class Doors:
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

    def open_along(self, offsets: Indices, nodes: Indices) -> Flags:
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

    def may_fill(
        self, entry: Indices, offsets: Indices, nodes: Indices, *, station: Indices, homeward: Flags
    ) -> Flags:
        """Tell whether who drives a route may enter these stations at these entries of it: (n,) bool."""
        ends = np.isin(entry, offsets[:-1]) | np.isin(entry, offsets[1:] - 1)
        previous = nodes[np.clip(np.where(homeward, entry + 1, entry - 1), 0, len(nodes) - 1)]
        here = pd.MultiIndex.from_arrays([station, nodes[entry]])
        access = pd.MultiIndex.from_frame(self._access[["station", "node"]])
        free: Flags = here.isin(access[self._access["free"].to_numpy()])
        turn = self._one_sided.merge(self._access, on="access")
        turns = pd.MultiIndex.from_frame(turn[["station", "node", "previous"]])
        coming = pd.MultiIndex.from_arrays([station, nodes[entry], previous])
        return free | (ends & here.isin(access)) | coming.isin(turns)

    def fills(self, fleet: Fleet, offsets: Indices, nodes: Indices) -> pd.DataFrame:
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
