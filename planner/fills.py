"""Fills of a plan: shared over the stations within their capacities, then driven (docs/fills.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.assembly import MODULES_KG_PER_DAY
from planner.buildout import existing_kg_per_day
from planner.driving import class_numbers
from siting.allocation import share_fills
from siting.fill_plans import round_trip_stops, with_points
from siting.replay import Replay, check_loads, replay_fills
from siting.sizing import Capacities, Sizing
from siting.stops import candidate_stops

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from corridor.access import Access
    from planner.buildout import Paid
    from planner.detours import DrivenWays
    from planner.points import ServedPoints
    from siting.allocation import Allocation
    from siting.fill_plans import FillStops

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SharedFills:
    """Who fills up where.

    Parameters
    ----------
    sizing
        Sizes and loads of the stations; share of each trip served.
    replay
        Of all plans driven; its `fills` are those of each trip, mean of its plans.
    points
        Point demands with what the stations have room for.
    """

    sizing: Sizing
    replay: Replay
    points: ServedPoints


def shared_fills(
    stations: pd.DataFrame,
    served: pd.DataFrame,
    *,
    driven: DrivenWays,
    reached: Access,
    points: ServedPoints,
    values: Mapping[str, float],
    least_kg_per_day: Floats | None = None,
    most_kg_per_day: Floats | None = None,
    fixed_kg_per_day: Floats | None = None,
    paid: Paid | None = None,
) -> SharedFills:
    """Share the fills of trips and points over the stations, drive them, and size the stations.

    Parameters
    ----------
    stations
        Open stations.
    served
        Trips within range of them, with those per day that come.
    driven
        Their ways.
    reached
        How the stations are reached.
    points
        Point demands and the stations that take them.
    values
        Assumptions in force.
    least_kg_per_day
        (n_stations,) float64, sizes new stations have already; None: none.
    most_kg_per_day
        (n_stations,) float64, largest sizes there is money for, of new stations; None: any.
    fixed_kg_per_day
        (n_stations,) float64, sizes that new stations have whatever they carry, NaN for any; None: any.
    paid
        What tells which trips it pays to serve; None: all that there is room for.

    Raises
    ------
    corridor.errors.ReplayError
        If a vehicle fails on the road, or a station dispenses more than it may.
    """
    if fixed_kg_per_day is not None:
        least_kg_per_day = _where_fixed(fixed_kg_per_day, least_kg_per_day, other=0.0)
        most_kg_per_day = _where_fixed(fixed_kg_per_day, most_kg_per_day, other=MODULES_KG_PER_DAY[-1])
    capacities = _capacities(stations, values, most_kg_per_day=most_kg_per_day)
    limit = capacities.limit_kg_per_day
    driving, n_trips = driven.driving, len(served)
    of_trips = round_trip_stops(
        driving.candidate_paths(reached),
        path=driven.way,
        kind=class_numbers(served),
        tank_kg=served["tank_kg"].to_numpy(dtype=np.float64),
    )
    covered = np.flatnonzero(points.covered)
    stops = with_points(
        of_trips,
        point=np.arange(len(covered)),
        station=points.station[covered],
        kg=points.placed.kg_per_day[covered],
    )
    laps = np.concatenate([served["trips_per_day"].to_numpy(dtype=np.float64), np.ones(len(covered))])
    answer = share_fills(
        stops,
        laps_per_day=laps,
        limit_kg_per_day=limit,
        worth_per_lap=None if paid is None else paid.cny_per_kg * stops.lap_kg,
        cost_per_kg=None if paid is None else paid.cost_cny_per_kg,
    )

    by_plan = _drive(answer, stops, served, driven=driven, reached=reached)
    by_plan.raise_for_faults()
    plan = slice(0, by_plan.trips_driven)
    trip, share = answer.plans.trip[plan], answer.plans.share[plan]
    taken = answer.served_share[n_trips:]
    point_kg = taken * points.placed.kg_per_day[covered]
    at_points = np.bincount(points.station[covered], weights=point_kg, minlength=len(limit))
    load = by_plan.loads(laps[trip] * share, n_stations=len(limit)) + at_points
    check_loads(load, said_kg_per_day=answer.load_kg_per_day, limit_kg_per_day=limit)

    fills = _by_trip(by_plan.fills, trip=trip, share=share / answer.served_share[trip])
    times = fills["visits_per_trip"].to_numpy() * (laps * answer.served_share)[fills["trip"].to_numpy()]
    visits = np.bincount(
        np.concatenate([fills["station"].to_numpy(), points.station[covered]]),
        weights=np.concatenate([times, taken]),
        minlength=len(limit),
    ).astype(np.float64)
    of_points = np.zeros(len(points.covered))
    of_points[covered] = taken
    return SharedFills(
        sizing=Sizing(
            stations=capacities.sized(load, visits_per_day=visits, least_kg_per_day=least_kg_per_day),
            served_share=answer.served_share[:n_trips],
            certificate=answer.certificate,
        ),
        replay=replace(by_plan, fills=fills, lowest_level_share=np.maximum(by_plan.lowest_level_share, 0.0)),
        points=replace(points, share=of_points),
    )


def _where_fixed(fixed_kg_per_day: Floats, limit_kg_per_day: Floats | None, *, other: float) -> Floats:
    """Return limits of the sizes with those fixed in place of them; without limits another for all."""
    limit = np.full(len(fixed_kg_per_day), other) if limit_kg_per_day is None else limit_kg_per_day
    return np.where(np.isnan(fixed_kg_per_day), limit, fixed_kg_per_day)


def _capacities(
    stations: pd.DataFrame, values: Mapping[str, float], *, most_kg_per_day: Floats | None
) -> Capacities:
    """Return what the stations can dispense."""
    return Capacities(
        existing_kg_per_day=existing_kg_per_day(stations, values),
        modules_kg_per_day=np.array(MODULES_KG_PER_DAY, dtype=np.float64),
        highest_utilization=values["station.highest_utilization"],
        most_kg_per_day=most_kg_per_day,
    )


def _drive(
    answer: Allocation,
    stops: FillStops,
    served: pd.DataFrame,
    *,
    driven: DrivenWays,
    reached: Access,
) -> Replay:
    """Drive every plan of the trips; a trip of the replay is a plan."""
    driving, plans = driven.driving, answer.plans
    trip = plans.trip[: np.searchsorted(plans.trip, len(served))]  # points come last
    of_trip = plans.fill_plan < len(trip)
    stop = plans.fill_stop[of_trip]
    entry = candidate_stops(
        driving.offsets, driving.nodes, site_nodes=reached.node_id, sites=reached.site
    ).row
    return replay_fills(
        driving.offsets,
        driving.nodes,
        driving.km,
        out_kg=driving.out_kg,
        back_kg=driving.back_kg,
        route=driven.way[trip],
        kind=class_numbers(served)[trip],
        tank_kg=served["tank_kg"].to_numpy(dtype=np.float64)[trip],
        station_nodes=reached.node_id,
        stations=reached.site,
        fills=pd.DataFrame(
            {
                "trip": plans.fill_plan[of_trip],
                "entry": entry[stops.row[stop]],
                "homeward": stops.homeward[stop],
                "station": stops.station[stop],
                "kg": plans.fill_kg[of_trip],
            }
        ),
    )


def _by_trip(fills: pd.DataFrame, *, trip: NDArray[np.int64], share: Floats) -> pd.DataFrame:
    """Return the fills of each trip: the mean of its plans, of which each is driven by a share of it."""
    plan = fills["trip"].to_numpy()
    amounts = fills[["kg_per_trip", "visits_per_trip"]].mul(share[plan], axis="index")
    named = amounts.assign(trip=trip[plan], station=fills["station"].to_numpy())
    mean: pd.DataFrame = named.groupby(["trip", "station"], as_index=False).sum()
    return mean[["trip", "station", "kg_per_trip", "visits_per_trip"]]
