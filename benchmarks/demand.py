"""Demand: energy of all arcs, fitting of the trips, and the whole table; peers are the textbook ways."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchmarks.timing import Row, timed
from demand.consumption import route_use
from demand.freight import trip_ends
from demand.gravity import deterrence, symmetric_factors
from demand.hydrogen import demand_table
from demand.inputs import VEHICLE_CLASSES
from planner.driving import on_arcs
from planner.inputs import assumptions_in_force

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from planner.inputs import Inputs

_YEAR = 2030

#: Largest relative miss of the trip ends at which the plain fitting may stop.
_TOLERANCE = 1e-10

_MOST_ROUNDS = 100_000


def rows(inputs: Inputs) -> list[Row]:
    """Return timings on the shipped region."""
    values, _ = assumptions_in_force(inputs.assumptions, {})
    used, seconds = timed(lambda: on_arcs(inputs.network, inputs.terrain, values), repeats=3)
    n_arcs = len(inputs.network.heads)
    work = f"hydrogen of {n_arcs:,} arcs x {len(VEHICLE_CLASSES)} classes, laden and empty, both ways"
    result = [Row(work, "demand.energy", seconds, 1.0, f"{used.out_kg.sum():,.1f} kg")]
    result += _fitting(inputs, values)
    table, seconds = timed(
        lambda: demand_table(
            inputs.zones,
            inputs.routes,
            used=route_use(inputs.routes, inputs.route_arcs, used),
            assumptions=values,
            year=_YEAR,
        ),
        repeats=3,
    )
    kg = float((table["trips_per_day"] * table["kg_per_trip"]).sum())
    work = f"demand table of {len(inputs.routes):,} routes, energy along them included"
    result.append(Row(work, "demand.hydrogen", seconds, 1.0, f"{len(table):,} rows, {kg / 1000:,.1f} t/d"))
    return result


def _fitting(inputs: Inputs, values: dict[str, float]) -> list[Row]:
    """Fit one class: Newton's method here, plain iterative proportional fitting for comparison."""
    routes, zones = inputs.routes, inputs.zones.loc[list(inputs.routes.zone_ids)]
    pattern = deterrence(
        routes,
        (zones["kind"] == "gateway").to_numpy(dtype=bool),
        exponent=values["freight.cost_exponent.tractor_49t"],
        shortest_km=values["freight.shortest_trip_km"],
        outside_km=values["freight.gateway_outside_km"],
        through_factor=values["freight.through_factor"],
    )
    table = np.zeros((len(zones), len(zones)))
    origin, destination = routes.origin[routes.first], routes.destination[routes.first]
    table[origin, destination] = table[destination, origin] = pattern
    ends = trip_ends(zones, assumptions=values, year=_YEAR)["tractor_49t"].to_numpy()
    labels = [str(zone) for zone in zones.index]
    factor, ours = timed(lambda: symmetric_factors(table, ends, labels=labels), repeats=3)
    peer_factor, peer = timed(lambda: _proportional(table, ends), repeats=1)
    work = f"trips of {len(zones)} zones fitted to 1e-10"
    trips, peer_trips = (float((f[:, None] * table * f).sum()) / 2 for f in (factor, peer_factor))
    return [
        Row(work, "demand.gravity (Newton)", ours, 1.0, f"{trips:,.2f} trips/d"),
        Row(work, "iterative proportional fitting", peer, peer / ours, f"{peer_trips:,.2f} trips/d"),
    ]


def _proportional(table: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale rows and columns in turn until both meet the ends (Deming & Stephan 1940); return one factor."""
    row, column = np.ones(len(ends)), np.ones(len(ends))
    for _ in range(_MOST_ROUNDS):
        row = ends / (table @ column)
        column = ends / (table.T @ row)
        if np.abs(row * (table @ column) / ends - 1.0).max() <= _TOLERANCE:
            break
    return np.sqrt(row * column)
