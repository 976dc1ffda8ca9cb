"""Point demands of a scenario on its roads: what can serve them, what does, and the check of it.

A point is driven to from its nearest node; the straight line between the two counts in both directions. One
station takes all of it: the nearest open one by road.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError, ReplayError
from corridor.reach import Reach, within_reach
from corridor.sites import FARTHEST_SNAP_KM, attach
from demand.point_demands import in_use
from planner.objective import COUNTS_POINTS
from planner.plan import POINT_COLUMNS, Notice
from planner.scenario import PointDemand
from siting.point_cover import with_points
from siting.point_replay import TOLERANCE_KM, replay_points

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from planner.inputs import Inputs
    from planner.scenario import Objective, Scenario
    from siting.coverage import CoverSets

#: Points named in a notice; the rest is counted.
_NAMED = 8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PlacedPoints:
    """Point demands of a scenario's year on the network.

    Parameters
    ----------
    table
        Index ``point_id``, fields of :class:`planner.scenario.PointDemand`, ``node_id``, ``snap_km``.
    later
        Ids of points not in use yet.
    reach
        Sites of the inputs within reach of each point.
    within_km
        How far that is.
    """

    table: pd.DataFrame
    later: tuple[str, ...]
    reach: Reach
    within_km: float

    @property
    def kg_per_day(self) -> NDArray[np.float64]:
        """(n_points,) float64."""
        return self.table["kg_per_day"].to_numpy(dtype=np.float64)

    def added_to(self, cover: CoverSets) -> CoverSets:
        """Return the cover sets of trips with a row per point behind them."""
        return with_points(cover, point=self.reach.place, site=self.reach.site, n_points=len(self.table))

    def served_from(self, stations: NDArray[np.int64]) -> ServedPoints:
        """Return which of the open stations takes each point.

        Parameters
        ----------
        stations
            (n_stations,) int64, site rows of the open stations, ascending.
        """
        is_open = np.isin(self.reach.site, stations)
        place, site, km = self.reach.place[is_open], self.reach.site[is_open], self.reach.km[is_open]
        points, nearest = np.unique(place, return_index=True)  # nearer ones come first
        station = np.full(len(self.table), -1, dtype=np.int64)
        station[points] = np.searchsorted(stations, site[nearest])
        distance = np.full(len(self.table), np.nan)
        distance[points] = km[nearest]
        return ServedPoints(placed=self, station=station, km=distance)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ServedPoints:
    """Point demands and the stations that take them.

    Parameters
    ----------
    placed
        The points.
    station
        (n_points,) int64, row of the open station that takes the point; -1 where none is within reach.
    km
        (n_points,) float64, distance to it; NaN without one.
    share
        (n_points,) float64, share of the amount the station has room for; None before sizes are known.
    """

    placed: PlacedPoints
    station: NDArray[np.int64]
    km: NDArray[np.float64]
    share: NDArray[np.float64] | None = None

    @property
    def covered(self) -> NDArray[np.bool_]:
        """(n_points,) bool: whether an open station is within reach."""
        return self.station >= 0

    def check(self, inputs: Inputs, stations: pd.DataFrame) -> None:
        """Drive between points and stations by code other than the one that chose them.

        Raises
        ------
        corridor.errors.ReplayError
            If a distance, or who is within reach, is not as said.
        """
        network, table = inputs.network, self.placed.table
        km = replay_points(
            network.indptr.astype(np.int64),
            network.heads.astype(np.int64),
            np.where(np.isfinite(inputs.costs.total_cny), network.length_km, np.inf),
            point=network.vertices(table["node_id"].to_numpy()),
            leg_km=table["snap_km"].to_numpy(dtype=np.float64),
            station=network.vertices(stations["node_id"].to_numpy()),
            taken_by=self.station,
            within_km=self.placed.within_km,
        )
        if not np.allclose(km, self.km, rtol=0.0, atol=TOLERANCE_KM, equal_nan=True):
            raise ReplayError("distances of point demands differ between the search and its check")

    def served_kg_per_day(self) -> NDArray[np.float64]:
        """(n_points,) float64: what the stations have room for."""
        share = np.zeros(len(self.station)) if self.share is None else self.share
        served: NDArray[np.float64] = share * self.placed.kg_per_day
        return served

    def plan_table(self, stations: pd.DataFrame) -> pd.DataFrame:
        """Return the ``points`` table of a plan (docs/tables.md).

        Parameters
        ----------
        stations
            Open stations, index ``site_id``, in the order of ``station``.
        """
        table = self.placed.table
        ids = np.array([*stations.index, None], dtype=object)
        names = table["name_en"].where(table["name_en"] != "", table["name_zh"])
        shown = table.reset_index().assign(
            name_en=names.to_numpy(),
            covered=self.covered,
            served_kg_per_day=self.served_kg_per_day(),
            site_id=ids[self.station],
            distance_km=self.km,
        )
        ordered: pd.DataFrame = shown[list(POINT_COLUMNS)]
        return ordered

    def notices(self, objective: Objective) -> list[Notice]:
        """Return what a person should know about the points of a plan with this objective."""
        said = []
        if not COUNTS_POINTS[objective] and len(self.placed.table):
            kg = float(self.placed.kg_per_day.sum())
            values = {"count": len(self.placed.table), "kg": kg, "objective": objective}
            said.append(Notice("points_not_counted", values))
        if later := self.placed.later:
            said.append(Notice("points_later", {"count": len(later), "points": _named(later)}))
        if len(missed := self.placed.table.index[~self.covered]):
            kg = float(self.placed.kg_per_day[~self.covered].sum())
            values = {"count": len(missed), "kg": kg, "km": self.placed.within_km}
            said.append(Notice("points_out_of_reach", values | {"points": _named(missed.tolist())}))
        return said


def placed_points(scenario: Scenario, inputs: Inputs, values: Mapping[str, float]) -> PlacedPoints:
    """Return the point demands of a scenario on its roads.

    Parameters
    ----------
    scenario
        Its ``point_demands`` and ``year``.
    inputs
        Network, open arcs and sites.
    values
        Assumptions in force.

    Raises
    ------
    corridor.errors.InputError
        For points too far from the network.
    """
    every = pd.DataFrame(
        [point.model_dump() for point in scenario.point_demands], columns=list(PointDemand.model_fields)
    ).set_index("point_id")
    table = on_roads(in_use(every, year=scenario.year), inputs.network)
    within_km = values["points.reach_km"]
    return PlacedPoints(
        table=table,
        later=tuple(str(point) for point in every.index.difference(table.index, sort=False)),
        within_km=within_km,
        reach=within_reach(
            inputs.network,
            table["node_id"].to_numpy(dtype=np.int64),
            inputs.sites["node_id"].to_numpy(dtype=np.int64),
            is_open=np.isfinite(inputs.costs.total_cny),
            leg_km=table["snap_km"].to_numpy(dtype=np.float64),
            within_km=within_km,
        ),
    )


def on_roads(points: pd.DataFrame, network: RoadNetwork) -> pd.DataFrame:
    """Return points with ``node_id`` and ``snap_km``, great-circle, or refuse those too far from every node.

    Raises
    ------
    corridor.errors.InputError
        Naming every such point.
    """
    near, far = attach(points, network)
    if len(far):
        what = [
            f"{km:.1f} km from the road network, more than {FARTHEST_SNAP_KM:g} km" for km in far["snap_km"]
        ]
        mend = "Place it nearer to the roads, or remove it"
        where = [f"point_demands, {point}" for point in far.index]
        raise InputError([Fault(text, place, mend) for text, place in zip(what, where, strict=True)])
    return near


def _named(points: tuple[str, ...] | list[str]) -> str:
    """Return the first ids in one line."""
    return ", ".join(points[:_NAMED]) + (", …" if len(points) > _NAMED else "")
