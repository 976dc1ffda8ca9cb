"""A station's dispensers hour by hour in SimPy: vehicles come, wait their turn, are fueled, leave.

Independent of the waiting-time formula (:mod:`siting.queues`): no code is shared, no steady state assumed.
Arrivals are a Poisson process whose rate changes with the hour, drawn by thinning (Lewis & Shedler 1979).
Each vehicle draws its time at the dispenser from fills that happen at the station. Who comes first is
served first, at whichever dispenser is free. Days follow each other without a break, all of the same kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import simpy

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

_DAY_MIN = 24 * 60.0

#: Spans of days drawn again for the interval, and how often: enough for two figures of a 95 % interval.
_SPANS = 50
_DRAWS = 200
_INTERVAL = (0.025, 0.975)

_HIGH_SHARE = 0.95


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Traffic:
    """Vehicles that come to a station at the same hours.

    Parameters
    ----------
    per_hour
        (24,) float64, expected arrivals in each hour of the day.
    service_min
        (n_fills,) float64, times at the dispenser to draw from, minutes.
    weight
        (n_fills,) float64, how often each of them occurs; any scale.
    """

    per_hour: Floats
    service_min: Floats
    weight: Floats

    def __post_init__(self) -> None:
        """Refuse traffic that cannot be drawn."""
        faults = []
        if self.per_hour.shape != (24,) or not np.all(np.isfinite(self.per_hour) & (self.per_hour >= 0.0)):
            faults.append(Fault("24 finite numbers, 0 or more, are needed", "per_hour"))
        if len(self.service_min) != len(self.weight) or np.any(self.service_min < 0.0):
            faults.append(Fault("times must be 0 or more, with a weight each", "service_min"))
        if self.per_hour.any() and not np.sum(self.weight) > 0.0:
            faults.append(Fault("vehicles come, but no fill has a weight", "weight"))
        if faults:
            raise InputError(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedQueue:
    """What happened at a station.

    Parameters
    ----------
    days
        Simulated.
    arrived, served, fueling, waiting
        Vehicles that came, had left at the end, stood at a dispenser and in line then.
    hour_vehicles
        Vehicles that came in the hour asked for and reached a dispenser.
    hour_mean_min, hour_p95_min
        Their wait, minutes, mean and 95th percentile; 0 without vehicles.
    hour_p95_low_min, hour_p95_high_min
        95 % interval of that percentile, by drawing spans of days again (bootstrap).
    day_mean_min, day_p95_min
        The wait over the whole day.
    """

    days: int
    arrived: int
    served: int
    fueling: int
    waiting: int
    hour_vehicles: int
    hour_mean_min: float
    hour_p95_min: float
    hour_p95_low_min: float
    hour_p95_high_min: float
    day_mean_min: float
    day_p95_min: float


def simulate_queue(
    traffic: Sequence[Traffic], *, servers: int, days: int, hour: int, seed: Sequence[int]
) -> SimulatedQueue:
    """Run a station for a number of days.

    Parameters
    ----------
    traffic
        Vehicles that come, by their hours.
    servers
        Vehicles fueled at once, at least 1.
    days
        To simulate, at least 1.
    hour
        Of the day, 0-23, that is told apart: vehicles count by when they come.
    seed
        Integers; the same give the same vehicles, whatever the number of servers.

    Returns
    -------
    SimulatedQueue
        Counts and waits.

    Raises
    ------
    InputError
        Without a dispenser or a day.
    """
    if servers < 1 or days < 1 or not 0 <= hour < 24:  # noqa: PLR2004  hours of a day
        what = f"{servers} dispensers, {days} days, hour {hour} cannot be simulated"
        raise InputError(Fault(what, "simulate_queue", "Give at least one dispenser and day, hour 0-23"))
    rng = np.random.default_rng(list(seed))
    came, service = _vehicles(traffic, days, rng)
    wait, served = _run(came, service, servers=servers, end=days * _DAY_MIN)
    seen = ~np.isnan(wait)
    in_hour = seen & ((came % _DAY_MIN) // 60.0 == hour)
    span = (came // _DAY_MIN).astype(np.int64) * min(days, _SPANS) // days
    low, high = _interval(wait[in_hour], span[in_hour], min(days, _SPANS), rng)
    return SimulatedQueue(
        days=days,
        arrived=len(came),
        served=served,
        fueling=int(seen.sum()) - served,
        waiting=int((~seen).sum()),
        hour_vehicles=int(in_hour.sum()),
        hour_mean_min=_mean(wait[in_hour]),
        hour_p95_min=_high(wait[in_hour]),
        hour_p95_low_min=low,
        hour_p95_high_min=high,
        day_mean_min=_mean(wait[seen]),
        day_p95_min=_high(wait[seen]),
    )


def _vehicles(traffic: Sequence[Traffic], days: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return when vehicles come, minutes since the first midnight, ascending, and how long each fuels."""
    came, service = [np.empty(0)], [np.empty(0)]
    for each in traffic:
        busiest = float(each.per_hour.max())
        if busiest == 0.0:
            continue
        proposed = rng.uniform(0.0, days * _DAY_MIN, rng.poisson(busiest * 24.0 * days))
        hour = (proposed % _DAY_MIN // 60.0).astype(np.int64)
        kept = proposed[rng.random(len(proposed)) * busiest < each.per_hour[hour]]
        shares = each.weight / each.weight.sum()
        came.append(kept)
        service.append(each.service_min[rng.choice(len(shares), size=len(kept), p=shares)])
    times, minutes = np.concatenate(came), np.concatenate(service)
    order = np.argsort(times, kind="stable")
    return times[order], minutes[order]


def _run(came: Floats, service: Floats, *, servers: int, end: float) -> tuple[Floats, int]:
    """Return the wait of every vehicle, NaN for those still in line at the end, and how many were served."""
    environment = simpy.Environment()
    line: simpy.Store = simpy.Store(environment)
    arrivals, minutes = came.tolist(), service.tolist()
    wait = [np.nan] * len(arrivals)
    served = [0] * servers

    def road() -> Generator[simpy.Event, None, None]:
        for vehicle, at in enumerate(arrivals):
            yield environment.timeout(max(0.0, at - environment.now))  # sums of doubles may be past it
            line.put(vehicle)

    def dispenser(number: int) -> Generator[simpy.Event, int, None]:
        while True:
            vehicle = yield line.get()
            wait[vehicle] = environment.now - arrivals[vehicle]
            yield environment.timeout(minutes[vehicle])
            served[number] += 1

    environment.process(road())
    for number in range(servers):
        environment.process(dispenser(number))
    environment.run(until=end)
    # Rounding of the clock: nobody waits a billionth of a minute.
    return np.round(wait, 9), sum(served)


def _mean(wait: Floats) -> float:
    """Return the mean; 0 without vehicles."""
    return float(wait.mean()) if len(wait) else 0.0


def _high(wait: Floats) -> float:
    """Return the 95th percentile, a wait that occurred; 0 without vehicles."""
    return float(np.quantile(wait, _HIGH_SHARE, method="inverted_cdf")) if len(wait) else 0.0


def _interval(wait: Floats, span: Indices, n_spans: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return a 95 % interval of the 95th percentile: waits of a day hang together, days hardly do."""
    if not len(wait):
        return 0.0, 0.0
    order = np.argsort(wait)
    ranked = wait[order]
    drawn = rng.multinomial(n_spans, np.full(n_spans, 1.0 / n_spans), size=_DRAWS)
    passed = np.cumsum(drawn[:, span[order]], axis=1)
    total = passed[:, -1:]
    at = (passed < _HIGH_SHARE * total).sum(axis=1)
    found = ranked[np.minimum(at, len(ranked) - 1)][total.ravel() > 0]
    low, high = np.quantile(found if len(found) else ranked, _INTERVAL)
    return float(low), float(high)
