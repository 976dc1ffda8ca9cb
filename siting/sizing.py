"""Sizes of stations: load each carries, the module it needs, and trips that find it full.

Formulation
-----------
Sets
    p in P      served trips (route and vehicle class)
    j in J      open stations
Parameters
    n_p         trips, 1/d
    f_pj        fills of one trip of p at station j, kg (from the replay)
    C_j         capacity, kg/d: that of an existing station, the largest module of a new one
    u           highest utilization a plan may count on, 0-1
Variables
    z_p in [0, 1]   share of the trips of p that is refueled
Maximize
    sum_p n_p z_p sum_j f_pj            kg/d refueled
subject to
    sum_p n_p f_pj z_p <= u C_j         for j in J

A trip is refueled at all its stations or not at all, hence one share per trip. Trips that pass no station
overloaded at full demand are refueled whole (z_p = 1 is best for them and takes nothing from others), so only
the rest enter the linear program. A new station then gets the smallest module that carries its load.

The mass balance holds by construction: kg refueled over trips equals load over stations.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from corridor.errors import Fault, InputError, SolverError
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.program import ORTOOLS_VERSION, Program, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

#: A load counts as carried when it exceeds the capacity by no more than this share: last digits of sums.
_CARRIED = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """Sizes and what they carry.

    Parameters
    ----------
    stations
        One row per station, in the order given: `load_kg_per_day`, `capacity_kg_per_day`, `utilization`
        (load over capacity), `visits_per_day`, `module` (index of the module built; -1: existing station).
    served_share
        (n_trips,) float64, z_p: share of each trip that is refueled, 0-1.
    certificate
        Of the linear program, kg/d refueled.
    """

    stations: pd.DataFrame
    served_share: Floats
    certificate: Certificate


def size_stations(
    fills: pd.DataFrame,
    *,
    trips_per_day: Floats,
    existing_kg_per_day: Floats,
    modules_kg_per_day: Floats,
    highest_utilization: float,
    time_limit_s: float = 60.0,
) -> Sizing:
    """Serve as many kg as the stations can carry, and choose the module of each new one.

    Parameters
    ----------
    fills
        One row per trip and station: `trip` (0 ... n_trips - 1), `station` (0 ... n_stations - 1),
        `kg_per_trip`, `visits_per_trip` (`siting.replay.Replay.fills`).
    trips_per_day
        (n_trips,) float64, round trips per day.
    existing_kg_per_day
        (n_stations,) float64, capacity of existing stations; NaN for a new one.
    modules_kg_per_day
        (n_modules,) float64, capacities that can be built, ascending.
    highest_utilization
        Share of its capacity a station may be loaded with, above 0 to 1.
    time_limit_s
        For the linear program.

    Returns
    -------
    Sizing
        Sizes, loads and the share of each trip refueled.

    Raises
    ------
    InputError
        Capacities or utilization out of bounds.
    SolverError
        No solution within the time.
    """
    clock = time.perf_counter()
    _check(existing_kg_per_day, modules_kg_per_day, highest_utilization)
    is_new = np.isnan(existing_kg_per_day)
    ceiling = np.where(is_new, modules_kg_per_day[-1], existing_kg_per_day)
    limit = highest_utilization * ceiling
    demand = _demand_matrix(fills, trips_per_day, n_stations=len(limit))
    share, bound = _served_share(demand, limit, time_limit_s=time_limit_s)
    load = np.asarray(demand.T @ share, dtype=np.float64)

    carried = highest_utilization * modules_kg_per_day * (1.0 + _CARRIED)
    module = np.where(is_new, np.minimum(np.searchsorted(carried, load), len(carried) - 1), -1)
    capacity = np.where(is_new, modules_kg_per_day[module], existing_kg_per_day)
    trip, station = fills["trip"].to_numpy(np.int64), fills["station"].to_numpy(np.int64)
    visits = fills["visits_per_trip"].to_numpy(np.float64) * (trips_per_day * share)[trip]
    refueled = float(load.sum())
    bound = max(bound, refueled)
    return Sizing(
        stations=pd.DataFrame(
            {
                "load_kg_per_day": load,
                "capacity_kg_per_day": capacity,
                "utilization": np.divide(load, capacity, out=np.zeros_like(load), where=capacity > 0.0),
                "visits_per_day": np.bincount(station, weights=visits, minlength=len(limit)),
                "module": module,
            }
        ),
        served_share=share,
        certificate=Certificate(
            status="optimal" if bound - refueled <= OPTIMALITY_TOLERANCE * bound else "feasible",
            incumbent=refueled,
            bound=bound,
            seconds=time.perf_counter() - clock,
            solver="GLOP (OR-Tools)",
            version=ORTOOLS_VERSION,
        ),
    )


def _check(existing: Floats, modules: Floats, highest_utilization: float) -> None:
    """Raise for capacities and utilization out of bounds."""
    faults = []
    if np.any(existing < 0.0):
        faults.append(Fault("a capacity is negative", "existing_kg_per_day", "Give 0 or more, or NaN"))
    if not len(modules) or np.any(modules <= 0.0) or np.any(np.diff(modules) <= 0.0):
        faults.append(Fault("modules must be positive and ascending", "modules_kg_per_day"))
    if not 0.0 < highest_utilization <= 1.0:
        where = "station.highest_utilization"
        faults.append(Fault(f"{highest_utilization} is not a utilization", where, "Above 0, at most 1"))
    if faults:
        raise InputError(faults)


def _demand_matrix(fills: pd.DataFrame, trips_per_day: Floats, *, n_stations: int) -> sparse.csr_array:
    """Return n_p f_pj as a (n_trips, n_stations) matrix, kg/d."""
    trip, station = fills["trip"].to_numpy(np.int64), fills["station"].to_numpy(np.int64)
    kg = fills["kg_per_trip"].to_numpy(np.float64) * trips_per_day[trip]
    return sparse.csr_array((kg, (trip, station)), shape=(len(trips_per_day), n_stations))


def _served_share(demand: sparse.csr_array, limit: Floats, *, time_limit_s: float) -> tuple[Floats, float]:
    """Return z_p of every trip and the most kg/d any choice of z refuels."""
    share = np.ones(demand.shape[0])
    full_load = np.asarray(demand.sum(axis=0)).ravel()
    overloaded = full_load > limit * (1.0 + _CARRIED)
    if not overloaded.any():
        return share, float(full_load.sum())
    touched = np.flatnonzero(np.asarray(demand @ overloaded.astype(np.float64)) > 0.0)
    others = np.asarray(demand.sum(axis=0)).ravel() - np.asarray(demand[touched].sum(axis=0)).ravel()
    kg = np.asarray(demand[touched].sum(axis=1), dtype=np.float64).ravel()
    answer = solve(
        Program(
            objective=kg,
            lower=np.zeros(len(touched)),
            upper=np.ones(len(touched)),
            matrix=sparse.csr_array(demand[touched][:, overloaded].T),
            row_lower=np.full(int(overloaded.sum()), -np.inf),
            row_upper=(limit - others)[overloaded],
            maximize=True,
        ),
        solver="glop",
        time_limit_s=time_limit_s,
    )
    if answer.x is None or answer.objective is None:
        raise SolverError("the sizes of stations were not found in time")
    share[touched] = np.clip(answer.x, 0.0, 1.0)
    bound = float(others.sum()) + (answer.objective if answer.bound is not None else float(kg.sum()))
    return _within_limits(demand, limit, share), bound


def _within_limits(demand: sparse.csr_array, limit: Floats, share: Floats) -> Floats:
    """Take back what the solver's tolerance let slip over the limits."""
    load = np.asarray(demand.T @ share)
    factor = np.where(load > limit, np.divide(limit, load, out=np.ones_like(load), where=load > 0.0), 1.0)
    entries = demand.tocoo()
    weakest = np.ones(demand.shape[0])
    np.minimum.at(weakest, entries.row, factor[entries.col])
    return share * weakest
