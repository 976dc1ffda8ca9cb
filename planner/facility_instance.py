"""Facility location instances: a directory with facility.csv, customer.csv and cost.csv.

``facility.csv``
    facility_id, fixed_cost, optional `capacity` (empty or absent: without limit).
``customer.csv``
    customer_id, demand.
``cost.csv``
    facility_id, customer_id, cost (of serving the whole demand of the customer from the facility). A pair
    that is not there cannot be served.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError
from planner.demand_points import MOST_CELLS
from planner.instance_files import text_blocks
from planner.instance_tables import as_given, numbers, read_table, report

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

_FACILITY = ("facility_id", "fixed_cost")
_CUSTOMER = ("customer_id", "demand")
_COST = ("facility_id", "customer_id", "cost")
_MEND = "An instance is facility.csv, customer.csv and cost.csv"
#: Rows of cost.csv read at once: about 100 MB.
_CHUNK = 500_000
#: Most pairs of an instance with capacities, whose program is given to the solver whole.
MOST_CAPACITATED = 400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FacilityInstance:
    """A facility location instance.

    Parameters
    ----------
    facility_ids, customer_ids
        As given; int if all of them are whole numbers.
    fixed_cost, capacity
        (n_facilities,) float64; capacity may be infinite.
    demand
        (n_customers,) float64.
    cost
        (n_customers, n_facilities) float64, infinite where a facility cannot serve.
    """

    facility_ids: tuple[int, ...] | tuple[str, ...]
    customer_ids: tuple[int, ...] | tuple[str, ...]
    fixed_cost: Floats
    capacity: Floats
    demand: Floats
    cost: Floats

    @property
    def all_facilities(self) -> Indices:
        """(n_facilities,) int64, their numbers."""
        return np.arange(len(self.fixed_cost), dtype=np.int64)

    @property
    def n_pairs(self) -> int:
        """Pairs that may meet."""
        return int(np.count_nonzero(np.isfinite(self.cost)))


def read_facility_instance(directory: Path) -> FacilityInstance:
    """Read and check a facility location instance.

    Parameters
    ----------
    directory
        Where facility.csv, customer.csv and cost.csv are.

    Raises
    ------
    InputError
        With every fault found: file, row (1 is the header) and mend.
    """
    faults: list[Fault] = []
    facility = read_table(directory, "facility.csv", _FACILITY, faults, mend=_MEND)
    customer = read_table(directory, "customer.csv", _CUSTOMER, faults, mend=_MEND)
    if not (directory / "cost.csv").exists():
        faults.append(Fault("the file is missing", str(directory / "cost.csv"), _MEND))
    if facility is None or customer is None or faults:
        raise InputError(faults)
    sites = _numbered(facility, "facility_id", "facility.csv", faults)
    customers = _numbered(customer, "customer_id", "customer.csv", faults)
    fixed = numbers(facility, "fixed_cost", "facility.csv", faults, lowest=0.0)
    capacity = np.full(len(facility), np.inf)
    if "capacity" in facility:
        limited = facility["capacity"] != ""
        capacity[limited] = numbers(facility[limited], "capacity", "facility.csv", faults, lowest=0.0)
    demand = numbers(customer, "demand", "customer.csv", faults, lowest=0.0)
    most = MOST_CAPACITATED if np.isfinite(capacity).any() else MOST_CELLS
    if len(sites) * len(customers) > most:
        what = f"{len(sites):,} facilities x {len(customers):,} customers are more than {most:,} pairs"
        faults.append(Fault(what, "cost.csv", "Give a smaller instance"))
    if faults:
        raise InputError(faults)
    cost = _read_costs(directory, sites, customers, faults)
    if faults:
        raise InputError(faults)
    return FacilityInstance(
        facility_ids=as_given(list(sites)),
        customer_ids=as_given(list(customers)),
        fixed_cost=fixed,
        capacity=capacity,
        demand=demand,
        cost=cost,
    )


def _numbered(table: pd.DataFrame, column: str, file: str, faults: list[Fault]) -> dict[str, int]:
    """Return the number of each id."""
    ids = table[column]
    report(faults, table[ids == ""], file, lambda _: f"{column} is empty", "Give every row an id")
    repeated = ids.duplicated() & (ids != "")
    report(faults, table[repeated], file, lambda row: f"{column} {row[column]} stands twice", "Keep one")
    if table.empty:
        faults.append(Fault("no rows", file))
    return {name: number for number, name in enumerate(ids)}


def _read_costs(
    directory: Path, sites: dict[str, int], customers: dict[str, int], faults: list[Fault]
) -> Floats:
    """Return the matrix of costs, read in chunks; stops at the first chunk with faults."""
    cost = np.full((len(customers), len(sites)), np.inf)
    for chunk in text_blocks(directory / "cost.csv", _COST, faults, rows=_CHUNK):
        facility = _found(chunk, "facility_id", sites, "facility.csv", faults)
        customer = _found(chunk, "customer_id", customers, "customer.csv", faults)
        values = numbers(chunk, "cost", "cost.csv", faults, lowest=0.0)
        if faults:
            return cost
        pair = customer, facility
        twice = np.isfinite(cost[pair]) | pd.Series(pair[0] * len(sites) + pair[1]).duplicated().to_numpy()
        report(
            faults,
            chunk[twice],
            "cost.csv",
            lambda row: f"facility {row['facility_id']} and customer {row['customer_id']} stand twice",
            "Keep one cost per pair",
        )
        cost[pair] = values
        if faults:
            return cost
    return cost


def _found(
    table: pd.DataFrame, column: str, number: dict[str, int], file: str, faults: list[Fault]
) -> Indices:
    """Return the number of each id of a column, -1 where there is none."""
    found: Indices = np.asarray(table[column].map(number).fillna(-1), dtype=np.int64)

    def said(row: pd.Series[str]) -> str:
        return f"{column} {row[column]!r} is not in {file}"

    report(faults, table[found < 0], "cost.csv", said, "Add it there or correct the id")
    return found
