r"""Waiting at the dispensers of a station in its design hour, and hydrogen kept at hand over the day.

Symbols
-------
lambda          arrivals, 1/min, a Poisson stream within the hour
S               time at the dispenser, min: fill and handling; c_S its coefficient of variation
c               vehicles fueled at once
a = lambda E[S] offered load, rho = a / c share of the time a dispenser is busy

Formulas
--------
Erlang C: the share of vehicles that wait at all in M/M/c (Erlang 1917), by the recursion of Erlang B,

    B_0 = 1,  B_k = a B_{k-1} / (k + a B_{k-1}),  C = c B_c / (c - a (1 - B_c)).

Lee-Longton correction for other service times (Lee & Longton 1959, Operational Research Quarterly 10: 56-71;
what Allen-Cunneen gives for Poisson arrivals), mean wait of all vehicles in M/G/c:

    E[W] ~ (1 + c_S^2) / 2 * C E[S] / (c - a),

exact for one server (Pollaczek-Khinchine) and for exponential times, else an approximation. The wait of those
who wait is taken as exponential with the same mean (exact for exponential times):

    P(W > t) ~ C exp(-t C / E[W]),  so the quantile of share p is  max(0, E[W] / C ln(C / (1 - p))).

The hour counts as if it lasted: a queue needs a few fills' time to build up, so that a short peak is judged
somewhat too hard, and the hour after a peak too mildly. :mod:`siting.queue_simulation` knows the whole day
and shares no code with this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

#: Share of the vehicles whose wait is told and held against the target.
WAIT_SHARE = 0.95

#: More vehicles fueled at once than this stand at no station; a search ends here.
_MOST_SERVERS = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Traffic at the dispensers of stations in one hour each.

    Parameters
    ----------
    arrivals_per_hour
        (n_stations,) float64.
    service_min
        (n_stations,) float64, mean time at the dispenser, minutes; anything where nobody comes.
    service_cv
        (n_stations,) float64, its coefficient of variation.
    """

    arrivals_per_hour: Floats
    service_min: Floats
    service_cv: Floats

    def __post_init__(self) -> None:
        """Refuse what is no traffic."""
        faults = [
            Fault("a value is negative or not finite", name, "Give finite numbers, 0 or more")
            for name in ("arrivals_per_hour", "service_min", "service_cv")
            if not np.all(np.isfinite(getattr(self, name)) & (getattr(self, name) >= 0.0))
        ]
        if faults:
            raise InputError(faults)

    @property
    def offered(self) -> Floats:
        """(n_stations,) float64, a: vehicles at the dispensers on average if nobody had to wait."""
        load: Floats = self.arrivals_per_hour * self.service_min / 60.0
        return load


def waiting_share(offered: Floats, servers: Indices) -> Floats:
    """Return Erlang C: the share of vehicles that wait in M/M/c, 0-1; 1 where the queue grows without end.

    Parameters
    ----------
    offered
        (n,) float64, offered load a.
    servers
        (n,) int64, c, at least 1.
    """
    blocked = np.ones_like(offered)
    for k in range(1, int(servers.max(initial=0)) + 1):
        blocked = np.where(k <= servers, offered * blocked / (k + offered * blocked), blocked)
    spare = servers - offered * (1.0 - blocked)
    share = np.divide(servers * blocked, spare, out=np.ones_like(offered), where=offered < servers)
    return np.minimum(share, 1.0)


def mean_wait(queue: Queue, servers: Indices) -> Floats:
    """Return the mean wait of all vehicles by Lee-Longton, minutes; infinite where rho is 1 or more.

    Parameters
    ----------
    queue
        Traffic at n stations.
    servers
        (n,) int64, vehicles fueled at once.
    """
    wait: Floats = waiting_share(queue.offered, servers) * _delay(queue, servers)
    return np.where(queue.offered > 0.0, wait, 0.0)


def wait_quantile(queue: Queue, servers: Indices, *, share: float = WAIT_SHARE) -> Floats:
    """Return the wait that a share of the vehicles does not exceed, minutes; infinite where rho is 1 or more.

    Parameters
    ----------
    queue
        Traffic at n stations.
    servers
        (n,) int64, vehicles fueled at once.
    share
        Share of the vehicles, 0-1.
    """
    waiting = waiting_share(queue.offered, servers)
    excess = np.log(np.maximum(waiting / (1.0 - share), 1.0))
    return np.where((excess > 0.0) & (queue.offered > 0.0), excess * _delay(queue, servers), 0.0)


def _delay(queue: Queue, servers: Indices) -> Floats:
    """Return the mean wait of those who wait, minutes."""
    offered = queue.offered
    spare = np.where(offered < servers, servers - offered, 1.0)
    delay = 0.5 * (1.0 + queue.service_cv**2) * queue.service_min / spare
    return np.where(offered < servers, delay, np.inf)


def least_servers(queue: Queue, *, target_min: float, share: float = WAIT_SHARE) -> Indices:
    """Return the fewest vehicles fueled at once with which a share waits no longer than the target.

    Parameters
    ----------
    queue
        Traffic at n stations.
    target_min
        Longest wait of that share, minutes; 0 asks that they do not wait at all.
    share
        Share of the vehicles, 0-1.

    Returns
    -------
    (n,) int64; 0 where nobody comes.

    Raises
    ------
    InputError
        For a negative target, or one no number of dispensers in reason meets.
    """
    if not target_min >= 0.0:
        raise InputError(Fault(f"{target_min} min is no waiting time", "target_min", "Give 0 or more"))
    servers = np.floor(queue.offered).astype(np.int64) + 1
    if np.any(servers > _MOST_SERVERS):
        what = f"{queue.offered.max():,.0f} vehicles would stand at the dispensers at once"
        raise InputError(Fault(what, "arrivals_per_hour", "Check loads, fill rates and handling time"))
    while np.any(too_long := wait_quantile(queue, servers, share=share) > target_min):
        servers = servers + too_long
    return np.where(queue.offered > 0.0, servers, 0)


def design_hour(load: Floats, days: Floats, *, rank: float) -> tuple[Indices, Indices]:
    """Return the hour of the year that a number of hours exceed or equal, of each station.

    Hours of a year are ordered by load; that of the given rank is the design hour (30 in road design).

    Parameters
    ----------
    load
        (n_stations, n_kinds, 24) float64, what ranks the hours of each kind of day.
    days
        (n_kinds,) float64, days of each kind in a year.
    rank
        At least 1; beyond the hours of the year the quietest hour is taken.

    Returns
    -------
    (n_stations,) int64 kind of day, and (n_stations,) int64 hour, 0-23.
    """
    if not rank >= 1.0:
        raise InputError(Fault(f"{rank} is no rank of an hour", "rank", "Give 1 or more"))
    hours = load.shape[2]
    flat = load.reshape(len(load), -1)
    order = np.argsort(-flat, axis=1, kind="stable")
    passed = np.cumsum(np.repeat(days, hours)[order], axis=1)
    at = np.minimum((passed < rank).sum(axis=1), flat.shape[1] - 1)
    cell = np.take_along_axis(order, at[:, None], axis=1).ravel()
    return (cell // hours).astype(np.int64), (cell % hours).astype(np.int64)


def buffer_needed(sold_kg: Floats) -> Floats:
    """Return the storage that evens a day's sales out against a constant rate of supply, kg.

    The day repeats itself and its sum is supplied evenly over 24 hours, so that what is at hand swings by the
    range of cumulated supply less sales. Deliveries in lots (trailers) and a stop of the compressor
    come on top.

    Parameters
    ----------
    sold_kg
        (n_stations, 24) float64, kg sold in each hour.
    """
    swing = np.cumsum(sold_kg.mean(axis=1, keepdims=True) - sold_kg, axis=1)
    # At midnight the swing is zero, the end of the last hour.
    needed: Floats = swing.max(axis=1, initial=0.0) - swing.min(axis=1, initial=0.0)
    return needed
