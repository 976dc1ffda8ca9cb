"""Supply of stations: one base each, by production and delivery cost.

Formulation
-----------
Sets
    j in J      stations that sell hydrogen
    b in B      supply bases
    m in M      modes of delivery: tube trailer, liquid, pipeline
Parameters
    L_j         load of the station, kg/d
    K_b         capacity of the base, kg/d
    p_b         production cost, CNY/kg
    g_jbm       cost of delivery by mode m (:mod:`siting.delivery`), CNY/kg
    c_jb        = p_b + min_m g_jbm, delivered cost, CNY/kg
    w           cost of a kg not supplied, CNY/kg
Variables
    a_jb in {0, 1}   1 if base b supplies station j
    q_jb >= 0        supply, kg/d
    s_j >= 0         shortage, kg/d
Minimize
    sum_jb c_jb q_jb + w sum_j s_j
subject to
    sum_b q_jb + s_j = L_j      for j in J
    q_jb <= L_j a_jb            for j in J, b in B
    sum_b a_jb <= 1             for j in J
    sum_j q_jb <= K_b           for b in B

This is single-source capacitated assignment. Where capacities suffice s is zero; otherwise the shortage is
reported station by station.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from corridor.errors import Fault, InfeasibleError, InputError, SolverError
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.delivery import PARTS, whole
from siting.program import ORTOOLS_VERSION, Program, solve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from siting.delivery import Delivery

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

#: Cost of a kg not supplied, as a multiple of the dearest delivered cost: no detour is worth a shortage.
_SHORTAGE_FACTOR = 10.0
#: Quantities below this, kg/d, are zero to the solver.
_NOTHING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Supply:
    """Which base supplies which station.

    Parameters
    ----------
    links
        One row per station: the `supply` table of docs/tables.md, and `shortage_kg_per_day`. A station that
        no base can supply has an empty base and all its load as shortage.
    certificate
        Daily cost, CNY/d, shortages at their penalty.
    """

    links: pd.DataFrame
    certificate: Certificate

    @property
    def shortage_kg_per_day(self) -> float:
        """Load no base can supply, kg/d."""
        return float(self.links["shortage_kg_per_day"].sum())


def assign_bases(
    load_kg_per_day: pd.Series[float],
    bases: pd.DataFrame,
    *,
    deliveries: Mapping[str, Delivery],
    green_only: bool = False,
    time_limit_s: float = 30.0,
    gap: float = 0.0,
) -> Supply:
    """Assign each station the base that makes the whole supply cheapest.

    Parameters
    ----------
    load_kg_per_day
        Load of each station, index ``site_id``.
    bases
        Index ``base_id``; columns ``capacity_kg_per_day``, ``production_cny_per_kg``, ``green``.
    deliveries
        Cost of delivery by mode, arrays (n_stations, n_bases) in the order of the stations and bases given;
        the cheapest mode is taken for each pair, the first of equal ones. Where no road leads, the distance
        is infinite.
    green_only
        Use bases with ``green`` only.
    time_limit_s, gap
        Limits of the search.

    Returns
    -------
    Supply
        Links in the order of the stations. A station without load gets the base with the cheapest delivery.

    Raises
    ------
    InputError
        No mode, unknown distances, negative loads, capacities or costs.
    InfeasibleError
        No (green) base at all.
    SolverError
        No assignment within the time.
    """
    clock = time.perf_counter()
    if bases.empty:
        raise InfeasibleError("there is no supply base")
    _check(load_kg_per_day, bases, deliveries)
    if green_only:
        green = bases["green"].to_numpy(dtype=np.bool_)
        deliveries = {name: each.columns(green) for name, each in deliveries.items()}
        bases = bases[green]
        if bases.empty:
            raise InfeasibleError("there is no green supply base")
    load: Floats = np.asarray(load_kg_per_day, dtype=np.float64)
    delivery, mode = _cheapest_mode(deliveries)
    cost = bases["production_cny_per_kg"].to_numpy(dtype=np.float64) + delivery
    capacity: Floats = np.asarray(bases["capacity_kg_per_day"], dtype=np.float64)
    base, quantity, certificate = _assign(
        load, capacity, cost, time_limit_s=time_limit_s, gap=gap, clock=clock
    )
    links = _links(load_kg_per_day, bases, base=base, quantity=quantity)
    _add_delivery(links, deliveries, base=base, mode=mode)
    return Supply(links=links[_COLUMNS], certificate=certificate)


#: What a link takes, and the field of a delivery that says so per kg/d.
_NEEDS = {
    "trips_per_day": "trips",
    "trailers": "trailers",
    "tractors": "tractors",
    "driver_h_per_day": "driver_h",
}
_COLUMNS = [
    "site_id",
    "base_id",
    "mode",
    "distance_km",
    "kg_per_day",
    "production_cny_per_kg",
    "delivery_cny_per_kg",
    *PARTS,
    "delivered_cny_per_kg",
    *_NEEDS,
    "green",
    "shortage_kg_per_day",
]


def _check(load: pd.Series[float], bases: pd.DataFrame, deliveries: Mapping[str, Delivery]) -> None:
    """Raise with everything that is wrong."""
    faults = []
    if load.isna().any() or (load < 0.0).any():
        faults.append(Fault("a load is negative or unknown", "load_kg_per_day"))
    for column in ("capacity_kg_per_day", "production_cny_per_kg"):
        wrong = bases.index[bases[column].isna() | (bases[column] < 0.0)]
        faults += [Fault(f"{column} is negative or unknown", f"base {name}", "Correct it") for name in wrong]
    if not deliveries:
        faults.append(Fault("no mode of delivery", "deliveries", "Name at least one"))
    shape = (len(load), len(bases))
    for name, each in deliveries.items():
        where = f"delivery mode {name}"
        if each.distance_km.shape != shape:
            faults.append(Fault(f"costs of {each.distance_km.shape} pairs, not {shape}", where))
            continue
        if not (each.distance_km >= 0.0).all():
            faults.append(Fault("a distance is negative or unknown", where, "Use infinity for no road"))
        if not (each.cny_per_kg >= 0.0).all():
            faults.append(Fault("a cost is negative or undefined", where))
    if faults:
        raise InputError(faults)


def _cheapest_mode(deliveries: Mapping[str, Delivery]) -> tuple[Floats, Indices]:
    """Return delivery cost, CNY/kg, and mode of every pair."""
    costs = np.stack([each.cny_per_kg for each in deliveries.values()])
    return np.min(costs, axis=0), np.argmin(costs, axis=0).astype(np.int64)


def _add_delivery(
    links: pd.DataFrame, deliveries: Mapping[str, Delivery], *, base: Indices, mode: Indices
) -> None:
    """Add to each link its mode, the distance, the cost in its parts, and the vehicles it takes."""
    rows = np.flatnonzero(base >= 0)
    chosen = mode[rows, base[rows]]
    names = np.full(len(links), None, dtype=object)
    names[rows] = np.array(list(deliveries), dtype=object)[chosen]
    links["mode"] = names

    def of_links(field: str) -> Floats:
        stacked = np.stack([getattr(each, field) for each in deliveries.values()])
        values = np.full(len(links), np.nan)
        values[rows] = stacked[chosen, rows, base[rows]]
        return values

    for column in ("distance_km", *PARTS):
        links[column] = of_links(column)
    links["delivery_cny_per_kg"] = of_links("cny_per_kg")
    links["delivered_cny_per_kg"] = links["production_cny_per_kg"] + links["delivery_cny_per_kg"]
    for column, field in _NEEDS.items():
        links[column] = of_links(field) * links["kg_per_day"]


def fleet_figures(links: pd.DataFrame) -> dict[str, float]:
    """Return what all deliveries cost on the mean, CNY/kg, and the whole vehicles they take.

    Parameters
    ----------
    links
        Of a `Supply`. Vehicles are rounded up per base and mode: they serve a base's stations in turn.
    """
    supplied = links[links["kg_per_day"] > 0.0]
    kg = float(supplied["kg_per_day"].sum())
    spent = float((supplied["kg_per_day"] * supplied["delivery_cny_per_kg"]).sum())
    fleets = supplied.groupby(["base_id", "mode"])[["trailers", "tractors"]].sum()
    return {
        "delivery_cny_per_kg": spent / kg if kg > 0.0 else 0.0,
        "trailers_needed": float(whole(fleets["trailers"]).sum()),
        "tractors_needed": float(whole(fleets["tractors"]).sum()),
    }


def _assign(
    load: Floats, capacity: Floats, cost: Floats, *, time_limit_s: float, gap: float, clock: float
) -> tuple[Indices, Floats, Certificate]:
    """Return base (-1: none) and supply of each station, and the certificate."""
    n_stations, n_bases = cost.shape
    reachable = np.isfinite(cost)
    price = np.where(reachable, cost, 0.0)
    penalty = _SHORTAGE_FACTOR * float(price.max(initial=1.0))
    pairs = n_stations * n_bases
    station = np.repeat(np.arange(n_stations), n_bases)
    per_station = sparse.csr_array((np.ones(pairs), (station, np.arange(pairs))), shape=(n_stations, pairs))
    supplied = np.tile(np.arange(n_bases), n_stations)
    per_base = sparse.csr_array((np.ones(pairs), (supplied, np.arange(pairs))), shape=(n_bases, pairs))
    # Columns: a (pairs), q (pairs), s (stations). Rows: balance, link, one base, capacity.
    identity = sparse.eye_array(pairs, format="csr")
    matrix = sparse.block_array(
        [
            [None, per_station, sparse.eye_array(n_stations)],
            [-sparse.diags_array(load[station]), identity, None],
            [per_station, None, None],
            [None, per_base, None],
        ],
        format="csr",
    )
    usable = reachable.ravel().astype(np.float64)
    answer = solve(
        Program(
            objective=np.concatenate([np.zeros(pairs), price.ravel(), np.full(n_stations, penalty)]),
            lower=np.zeros(2 * pairs + n_stations),
            upper=np.concatenate([usable, usable * load[station], load]),
            matrix=sparse.csr_array(matrix),
            row_lower=np.concatenate([load, np.full(pairs + n_stations + n_bases, -np.inf)]),
            row_upper=np.concatenate([load, np.zeros(pairs), np.ones(n_stations), capacity]),
            integer=np.arange(2 * pairs + n_stations) < pairs,
        ),
        solver="scip",
        time_limit_s=time_limit_s,
        gap=gap,
    )
    if answer.x is None:
        raise SolverError("no assignment of bases was found in time")
    supply = answer.x[pairs : 2 * pairs].reshape(n_stations, n_bases)
    cheapest = np.where(reachable.any(axis=1), np.argmin(cost, axis=1), -1)
    base = np.where(supply.max(axis=1) > _NOTHING, np.argmax(supply, axis=1), -1)
    quantity = np.clip(supply[np.arange(n_stations), base], 0.0, load)
    base = np.where(load <= _NOTHING, cheapest, base)
    quantity = np.where(base < 0, 0.0, quantity)
    quantity = np.where(np.isclose(quantity, load, rtol=1e-9, atol=_NOTHING), load, quantity)
    total = float(np.sum(np.where(base < 0, 0.0, price[np.arange(n_stations), base]) * quantity))
    total += penalty * float((load - quantity).sum())
    bound = min(total, answer.bound) if answer.bound is not None else None
    proven = bound is not None and total - bound <= OPTIMALITY_TOLERANCE * total
    certificate = Certificate(
        status="optimal" if proven else "feasible",
        incumbent=total,
        bound=bound,
        seconds=time.perf_counter() - clock,
        solver="SCIP (OR-Tools)",
        version=ORTOOLS_VERSION,
    )
    return base.astype(np.int64), quantity, certificate


def _links(load: pd.Series[float], bases: pd.DataFrame, *, base: Indices, quantity: Floats) -> pd.DataFrame:
    """Return one row per station with what is known of its base."""
    chosen = bases.reset_index(names="base_id").reindex(np.where(base < 0, len(bases), base))
    links = chosen[["base_id", "production_cny_per_kg", "green"]].reset_index(drop=True)
    links.insert(0, "site_id", load.index.to_numpy())
    links["kg_per_day"] = quantity
    links["shortage_kg_per_day"] = load.to_numpy(dtype=np.float64) - quantity
    return links
