"""Dispensers of a plan: the wait at each station's design hour, by formula and simulated, and its buffer.

Visits are the fills of the plan's replay, of the trips that found room; hours, kinds of day and months are
those of :mod:`demand.profile`. Point demands come in fills of one size, evenly over the clock
(docs/queues.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault
from demand.inputs import NON_NEGATIVE, POSITIVE, VEHICLE_CLASSES, Limits, raise_faults
from demand.profile import DAY_GROUPS, DAY_TYPES, MONTHS, daily_factor, days, hourly, profile_faults
from planner.plan import QUEUE_COLUMNS, Notice
from siting.queue_simulation import SimulatedQueue, Traffic, simulate_queue
from siting.queues import Queue, buffer_needed, design_hour, least_servers, mean_wait, wait_quantile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from planner.points import ServedPoints

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

#: Kinds of day in a year.
KINDS = tuple((month, day_type) for month in MONTHS for day_type in DAY_TYPES)

#: Who comes at the same hours: vehicle classes, and the vehicles of point demands behind them.
_STREAMS = len(VEHICLE_CLASSES) + 1

#: Pressures and states of hydrogen with a rate of their own: keys of ``station.fill_kg_per_min``.
_STORAGES = ("35mpa", "70mpa", "liquid")

#: A station with fewer visits a day than this is simulated for more days, so that as many fills are seen.
_BUSY_VISITS_PER_DAY = 50.0
_MOST_TIMES = 1000.0

#: Of the simulation: the same plan has the same waits.
_SEED = 20_350

#: Stations named in a notice; all stand in the table.
_NAMED = 8

#: What the assumptions of the queues must lie in.
_LIMITS = {
    **{f"station.fill_kg_per_min.{storage}": POSITIVE for storage in _STORAGES},
    "station.vehicles_per_dispenser": POSITIVE,
    "station.point_fill_kg": POSITIVE,
    "station.handling_min": NON_NEGATIVE,
    "station.wait_target_min": NON_NEGATIVE,
    "station.simulated_days": Limits(low=1.0),
    "station.design_hour_rank": Limits(low=1.0),
}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Visits:
    """Fills at stations on the mean day.

    Parameters
    ----------
    station, stream
        (n,) int64: row of the open station; position in ``VEHICLE_CLASSES``, behind them point demands.
    per_day, kg, service_min
        (n,) float64: fills a day, kg each, minutes at the dispenser.
    """

    station: Indices
    stream: Indices
    per_day: Floats
    kg: Floats
    service_min: Floats

    def summed(self, what: Floats, *, n_stations: int) -> Floats:
        """Return (n_stations, n_streams) float64: an amount per fill, summed over a day's fills."""
        cell = self.station * _STREAMS + self.stream
        total = np.bincount(cell, weights=what * self.per_day, minlength=n_stations * _STREAMS)
        return total.astype(np.float64).reshape(n_stations, _STREAMS)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StationQueues:
    """Waits and buffers of a plan.

    Parameters
    ----------
    table
        Columns ``QUEUE_COLUMNS``, in the order of the stations given.
    target_min
        Wait that 95 % should not exceed at the design hour.
    """

    table: pd.DataFrame
    target_min: float

    def notices(self) -> list[Notice]:
        """Return where dispensers or storage do not do, and where the simulation contradicts the formula."""
        table, target = self.table, self.target_min
        short = table["dispensers_needed"] > table["dispensers"]
        unsure = ~short & (table["simulated_wait_p95_low_min"] > target)
        small = table["buffer_needed_kg"] > table["storage_kg"]
        found = {"queue_long": short, "queue_unconfirmed": unsure, "buffer_small": small}
        also = int((short & (table["simulated_wait_p95_min"] > target)).sum())
        return [
            Notice(
                key,
                {
                    "count": int(rows.sum()),
                    "target": target,
                    "simulated": also,
                    "stations": _named(table["name_zh"][rows]),
                },
            )
            for key, rows in found.items()
            if rows.any()
        ]


def check_queue_values(values: Mapping[str, float], *, modules: tuple[int, ...]) -> None:
    """Refuse assumptions no queue can be computed with.

    Parameters
    ----------
    values
        Assumptions in force.
    modules
        Sizes of stations, kg/d.

    Raises
    ------
    corridor.errors.InputError
        With every key out of range.
    """
    limits = _LIMITS | {f"station.{size}.dispensers": Limits(low=1.0) for size in modules}
    limits |= {f"station.{size}.storage_kg": NON_NEGATIVE for size in modules}
    faults = [
        Fault(f"{values[key]!r} is out of range", key, f"Give {limit}")
        for key, limit in limits.items()
        if not limit.hold(values[key])
    ]
    raise_faults([*faults, *profile_faults(values)])


def visits(
    fills: pd.DataFrame,
    served: pd.DataFrame,
    points: ServedPoints,
    *,
    share: Floats,
    values: Mapping[str, float],
) -> Visits:
    """Return the fills of a plan on the mean day.

    Parameters
    ----------
    fills
        :attr:`siting.replay.Replay.fills`; what is no visit there (below 1 % of a tank) is none here.
    served
        Trips the fills number: `vehicle_class`, `storage`, `trips_per_day`.
    points
        Point demands with their share of room.
    share
        (n_trips,) float64, share of each trip refueled.
    values
        Assumptions in force.
    """
    stops = fills[fills["visits_per_trip"] > 0.0]
    trip = stops["trip"].to_numpy(np.int64)
    times = stops["visits_per_trip"].to_numpy(np.float64)
    kg = stops["kg_per_trip"].to_numpy(np.float64) / times
    rates = {storage: values[f"station.fill_kg_per_min.{storage}"] for storage in _STORAGES}
    rate = served["storage"].map(rates).to_numpy(np.float64)[trip]
    stream = pd.Index(VEHICLE_CLASSES).get_indexer(pd.Index(served["vehicle_class"]))[trip]

    point_kg = values["station.point_fill_kg"]
    taken = np.flatnonzero(points.covered)
    fueled = points.served_kg_per_day()[taken]
    kg = np.concatenate([kg, np.full(len(taken), point_kg)])
    rate = np.concatenate([rate, np.full(len(taken), rates["35mpa"])])
    return Visits(
        station=np.concatenate([stops["station"].to_numpy(np.int64), points.station[taken]]),
        stream=np.concatenate([stream, np.full(len(taken), _STREAMS - 1)]).astype(np.int64),
        per_day=np.concatenate(
            [times * (served["trips_per_day"].to_numpy(np.float64) * share)[trip], fueled / point_kg]
        ),
        kg=kg,
        service_min=kg / rate + values["station.handling_min"],
    )


def station_queues(
    stations: pd.DataFrame,
    of_plan: Visits,
    *,
    capacity_kg_per_day: Floats,
    modules: tuple[int, ...],
    values: Mapping[str, float],
) -> StationQueues:
    """Return the waits at the dispensers of a plan's stations.

    Parameters
    ----------
    stations
        Open stations, index ``site_id``, with names and ``status``.
    of_plan
        Their fills on the mean day.
    capacity_kg_per_day
        (n_stations,) float64. One that is no module counts as the next larger module, dispensers and storage
        being unknown.
    modules
        Sizes of stations, kg/d, ascending.
    values
        Assumptions in force.
    """
    n = len(stations)
    calendar = _calendar(values)
    coming = of_plan.summed(np.ones_like(of_plan.kg), n_stations=n)
    work = of_plan.summed(of_plan.service_min, n_stations=n)
    kind, hour = design_hour(
        np.einsum("js,sdh->jdh", work, calendar),
        np.array([days(month, day_type) for month, day_type in KINDS]),
        rank=values["station.design_hour_rank"],
    )
    per_hour = coming[:, :, None] * calendar[:, kind, :].transpose(1, 0, 2)  # (n_stations, n_streams, 24)
    dispensers, storage = _equipment(capacity_kg_per_day, modules, values)
    at_once = values["station.vehicles_per_dispenser"]
    servers = np.maximum(np.floor(dispensers * at_once), 1.0).astype(np.int64)
    queue = _queue(of_plan, calendar[:, kind, hour].T)
    kg = of_plan.summed(of_plan.kg, n_stations=n)
    least = least_servers(queue, target_min=values["station.wait_target_min"])
    table = pd.DataFrame(
        {"site_id": stations.index.to_numpy()}
        | {name: stations[name].to_numpy() for name in ("name_zh", "name_en")}
        | {
            "status": np.where(stations["status"] == "existing", "existing", "new"),
            "dispensers": dispensers.astype(np.int64),
            "dispensers_needed": np.ceil(least / at_once).astype(np.int64),
            "design_month": [KINDS[each][0] for each in kind],
            "design_day": [KINDS[each][1] for each in kind],
            "design_hour": hour,
            "arrivals_per_hour": queue.arrivals_per_hour,
            "fill_kg": _over((kg * calendar[:, kind, hour].T).sum(axis=1), queue.arrivals_per_hour),
            "service_min": queue.service_min,
            "service_cv": queue.service_cv,
            "dispenser_busy_share": queue.offered / servers,
            "wait_mean_min": _finite(mean_wait(queue, servers)),
            "wait_p95_min": _finite(wait_quantile(queue, servers)),
            "buffer_needed_kg": buffer_needed(np.einsum("js,sjh->jh", kg, calendar[:, kind, :])),
            "storage_kg": storage,
        }
        | _simulated(of_plan, per_hour, servers=servers, hour=hour, values=values)
    )
    quiet = pd.Series(queue.arrivals_per_hour == 0.0)
    unknown = ["design_month", "design_day", "design_hour", "fill_kg", "service_min", "service_cv"]
    table[unknown] = table[unknown].astype(object).mask(quiet, axis=0)
    return StationQueues(
        table=table[list(QUEUE_COLUMNS)].astype(QUEUE_COLUMNS), target_min=values["station.wait_target_min"]
    )


def _queue(of_plan: Visits, of_hour: Floats) -> Queue:
    """Return the traffic of the design hours.

    ``of_hour`` is (n_stations, n_streams): visits in the hour over those of the mean day.
    """
    n = len(of_hour)
    arrivals = (of_plan.summed(np.ones_like(of_plan.kg), n_stations=n) * of_hour).sum(axis=1)
    mean = _over((of_plan.summed(of_plan.service_min, n_stations=n) * of_hour).sum(axis=1), arrivals)
    square = _over((of_plan.summed(of_plan.service_min**2, n_stations=n) * of_hour).sum(axis=1), arrivals)
    spread = np.sqrt(np.maximum(square - mean**2, 0.0))
    return Queue(arrivals_per_hour=arrivals, service_min=mean, service_cv=_over(spread, mean))


def _calendar(values: Mapping[str, float]) -> Floats:
    """Return (n_streams, n_kinds, 24) float64: visits in an hour of a kind of day over a mean day's."""
    one_of = {group: name for name, group in DAY_GROUPS.items()}
    factor = {
        group: np.array([daily_factor(values, name, month=month, day_type=kind) for month, kind in KINDS])
        for group, name in one_of.items()
    }
    calendar = np.full((_STREAMS, len(KINDS), 24), 1.0 / 24.0)
    for stream, name in enumerate(VEHICLE_CLASSES):
        calendar[stream] = factor[DAY_GROUPS[name]][:, None] * hourly(values, name)
    return calendar


def _equipment(
    capacity: Floats, modules: tuple[int, ...], values: Mapping[str, float]
) -> tuple[Floats, Floats]:
    """Return dispensers and storage, kg; above the largest module in proportion."""
    size = np.minimum(np.searchsorted(np.array(modules), capacity), len(modules) - 1)
    larger = np.maximum(capacity / modules[-1], 1.0)
    dispensers = np.array([values[f"station.{module}.dispensers"] for module in modules])[size]
    storage = np.array([values[f"station.{module}.storage_kg"] for module in modules])[size]
    return np.floor(dispensers * larger), storage * larger


def _simulated(
    of_plan: Visits,
    per_hour: Floats,
    *,
    servers: Indices,
    hour: Indices,
    values: Mapping[str, float],
) -> dict[str, list[float]]:
    """Return the columns of the simulation; nothing happens where nobody comes."""
    order = np.lexsort((of_plan.stream, of_plan.station))
    cells = (of_plan.station * _STREAMS + of_plan.stream)[order]
    edges = np.searchsorted(cells, np.arange(len(servers) * _STREAMS + 1))
    service, weight = of_plan.service_min[order], of_plan.per_day[order]
    runs: list[SimulatedQueue | None] = []
    for station, (at_once, when) in enumerate(zip(servers.tolist(), hour.tolist(), strict=True)):
        per_day = float(per_hour[station].sum())
        if per_day == 0.0:
            runs.append(None)
            continue
        traffic = []
        for stream in np.flatnonzero(per_hour[station].any(axis=1)):
            first, last = edges[station * _STREAMS + stream : station * _STREAMS + stream + 2]
            traffic.append(
                Traffic(
                    per_hour=per_hour[station, stream],
                    service_min=service[first:last],
                    weight=weight[first:last],
                )
            )
        times = min(max(1.0, np.ceil(_BUSY_VISITS_PER_DAY / per_day)), _MOST_TIMES)
        runs.append(
            simulate_queue(
                traffic,
                servers=at_once,
                days=int(values["station.simulated_days"] * times),
                hour=when,
                seed=(_SEED, station),
            )
        )
    columns = {
        "simulated_wait_mean_min": "hour_mean_min",
        "simulated_wait_p95_min": "hour_p95_min",
        "simulated_wait_p95_low_min": "hour_p95_low_min",
        "simulated_wait_p95_high_min": "hour_p95_high_min",
        "simulated_day_mean_min": "day_mean_min",
        "simulated_day_p95_min": "day_p95_min",
        "simulated_days": "days",
        "simulated_vehicles": "arrived",
    }
    return {
        column: [0 if run is None else getattr(run, name) for run in runs] for column, name in columns.items()
    }


def _over(part: Floats, whole: Floats) -> Floats:
    """Return a ratio; 0 over 0 is 0."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0.0)


def _finite(wait: Floats) -> Floats:
    """Return waits, unknown where the queue would grow without end."""
    return np.where(np.isfinite(wait), wait, np.nan)


def _named(names: pd.Series) -> str:
    """Return the first names."""
    return ", ".join(str(name) for name in names.iloc[:_NAMED]) + (", …" if len(names) > _NAMED else "")
