"""Fills shared over stations: who fills up where, so that no station dispenses more than it can.

Formulation
-----------
Sets
    p in P      trips
    j in J      open stations
    k in K_p    fill plans of p: kg at each stop of a lap that can be driven (`siting.fill_plans`)
Data
    n_p         laps, 1/d
    v_p         worth of a lap served (by default the kg it burns)
    c_j         cost per kg at station j (by default 0)
    g_pkj       filled at station j under plan k, kg
    U_j         what a station can dispense, kg/d

Variables
    z_pk >= 0   share of the laps of p driven by plan k
Maximize
    sum_p n_p sum_k (v_p - sum_j c_j g_pkj) z_pk
subject to
    sum_p n_p sum_k g_pkj z_pk <= U_j       for j in J          (price lambda_j)
    sum_k z_pk <= 1                         for p in P

1. *Loading*. Group after group of trips fills up where it is cheapest, a station costing c_j and the more,
   the more of its room the others take: load / U_j times the worth of a kilogram. Two rounds. As fills go to
   the cheapest stations in reach, they are few, and stations are used evenly. Where all find room, no other
   choice of plans serves more (with c = 0), and this is the answer.
2. *Columns* (Dantzig & Wolfe 1960). Otherwise a linear program mixes the answers of the groups found so far.
   Its prices lambda are put to all trips, whose cheapest plans at c + lambda are new columns, and so on. At
   any prices

       sum_j lambda_j U_j + sum_p n_p max(0, v_p - least cost of a lap at c + lambda)

   is a bound no choice of plans beats; the work ends where the best one meets the linear program. As long as
   well apart, the prices tried lie halfway between those of the linear program and those of the best bound
   (Wentges 1997), which takes half the rounds where dozens of stations are open a little.

Groups mix as a whole. At an optimum at most as many groups as there are full stations mix plans or are served
in part; all other trips have one plan.

References
----------
Dantzig, G. B., Wolfe, P. (1960). Decomposition principle for linear programs. Operations Research 8, 101-111.
Wentges, P. (1997). Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming. International
Transactions in Operational Research 4, 151-162.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from corridor.errors import Fault, InputError
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.fill_plans import cheapest_fills
from siting.program import ORTOOLS_VERSION, Program, solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.fill_plans import FillStops

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

#: Groups of trips: with more of them fewer trips mix plans, and rounds are fewer and a bit longer.
_GROUPS = 64

#: Rounds of loading; a third changes little.
_LOADINGS = 2

#: Columns end at this relative gap, well below what counts as proven.
_GAP = OPTIMALITY_TOLERANCE / 10.0

#: Relative gap above which the prices tried lie between two, and where.
_APART, _BETWEEN = 0.003, 0.5

#: Rounds without a better bound or answer after which only the solver's tolerance is left.
_PATIENCE = 20

#: Shares, and fills as shares of a tank, below this are last digits.
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FillPlans:
    """Plans and their fills.

    Parameters
    ----------
    trip
        (n_plans,) int64, trip of each plan; ascending.
    share
        (n_plans,) float64, share of the trip's laps driven by it, above 0; those of a trip sum to at most 1.
    fill_plan, fill_stop
        (n_fills,) int64, plan and stop of each fill; by plan, then stop.
    fill_kg
        (n_fills,) float64, kg of a lap.
    """

    trip: Indices
    share: Floats
    fill_plan: Indices
    fill_stop: Indices
    fill_kg: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Allocation:
    """Who fills up where.

    Parameters
    ----------
    plans
        Plans driven.
    served_share
        (n_trips,) float64, share of the laps of each trip that is served, 0-1.
    load_kg_per_day
        (n_stations,) float64.
    price
        (n_stations,) float64, lambda: what another kg/d of capacity would add.
    certificate
        Of the objective per day.
    """

    plans: FillPlans
    served_share: Floats
    load_kg_per_day: Floats
    price: Floats
    certificate: Certificate


def share_fills(
    stops: FillStops,
    *,
    laps_per_day: Floats,
    limit_kg_per_day: Floats,
    worth_per_lap: Floats | None = None,
    cost_per_kg: Floats | None = None,
    time_limit_s: float = 60.0,
    gap: float = 0.0,
) -> Allocation:
    """Serve as much as the stations can dispense.

    Parameters
    ----------
    stops
        Stops of the trips at open stations.
    laps_per_day
        (n_trips,) float64.
    limit_kg_per_day
        (n_stations,) float64, most each station may dispense.
    worth_per_lap
        (n_trips,) float64; None: the kilograms of a lap.
    cost_per_kg
        (n_stations,) float64, taken off the worth; None: nothing.
    time_limit_s
        The best answer and bound found by then are returned.
    gap
        Relative gap at which to stop.

    Returns
    -------
    Allocation
        Plans and their shares. Same input, same answer, unless time ran out.

    Raises
    ------
    corridor.errors.InputError
        For limits or numbers of laps that are negative or unknown.
    """
    clock = time.perf_counter()
    limit = np.asarray(limit_kg_per_day, dtype=np.float64)
    worth = stops.lap_kg if worth_per_lap is None else np.asarray(worth_per_lap, dtype=np.float64)
    cost = np.zeros(stops.n_stations) if cost_per_kg is None else np.asarray(cost_per_kg, dtype=np.float64)
    _check({"laps_per_day": laps_per_day, "limit_kg_per_day": limit})
    columns = _Columns(stops, laps=laps_per_day, limit=limit, worth=worth, cost=cost)
    price = np.zeros(len(limit))
    bound = columns.add(price)
    mix, value = columns.loaded()
    waited = 0
    while bound - value > max(gap, _GAP) * abs(bound) and waited < _PATIENCE:
        left = time_limit_s - (time.perf_counter() - clock)
        found = columns.mixed(time_limit_s=left) if left > 0.0 else None
        if found is None:
            break
        mix, tried = found
        if bound - value > _APART * abs(bound):
            tried = _BETWEEN * price + (1.0 - _BETWEEN) * tried
        lower, upper = columns.value(mix), columns.add(tried)
        waited = 0 if lower > value or upper < bound else waited + 1
        value = lower
        if upper < bound:
            bound, price = upper, tried
    plans = _within_limits(stops, columns.plans(mix), laps=laps_per_day, limit=limit)
    laps = laps_per_day[plans.trip] * plans.share
    kg, station = plans.fill_kg * laps[plans.fill_plan], stops.station[plans.fill_stop]
    value = float(laps @ worth[plans.trip] - kg @ cost[station])
    bound = max(bound, value)
    is_best = bound - value <= OPTIMALITY_TOLERANCE * abs(bound)
    in_all = np.bincount(plans.trip, weights=plans.share, minlength=stops.n_trips)
    return Allocation(
        plans=plans,
        served_share=np.minimum(in_all, 1.0),
        load_kg_per_day=np.bincount(station, weights=kg, minlength=len(limit)).astype(np.float64),
        price=price,
        certificate=Certificate(
            status="optimal" if is_best else "feasible",
            incumbent=value,
            bound=bound,
            seconds=time.perf_counter() - clock,
            solver="cheapest fills, columns, GLOP (OR-Tools)",
            version=ORTOOLS_VERSION,
        ),
    )


def _check(amounts: dict[str, Floats]) -> None:
    """Raise for amounts that are negative or unknown."""
    faults = [
        Fault("an amount is negative or unknown", name, "Give 0 or more")
        for name, amount in amounts.items()
        if not np.all(np.asarray(amount) >= 0.0)
    ]
    if faults:
        raise InputError(faults)


def _within_limits(stops: FillStops, plans: FillPlans, *, laps: Floats, limit: Floats) -> FillPlans:
    """Take back what the solver's tolerance let slip over the limits of trips and stations."""
    in_all = np.bincount(plans.trip, weights=plans.share, minlength=stops.n_trips)
    share = plans.share / np.maximum(in_all, 1.0)[plans.trip]
    station = stops.station[plans.fill_stop]
    kg = plans.fill_kg * (laps[plans.trip] * share)[plans.fill_plan]
    load = np.bincount(station, weights=kg, minlength=len(limit))
    factor = np.divide(limit, load, out=np.ones(len(limit)), where=load > limit)
    weakest = np.ones(len(share))
    np.minimum.at(weakest, plans.fill_plan, factor[station])
    return replace(plans, share=share * weakest)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Column:
    """Answer of a group to prices: which of its trips are served, what they take, its worth a day."""

    group: int
    price: Floats
    taken: Flags
    load: Floats
    value: float


class _Columns:
    """Groups of trips and their answers so far. A mix is the share of each answer: (n_columns,) float64."""

    def __init__(self, stops: FillStops, *, laps: Floats, limit: Floats, worth: Floats, cost: Floats) -> None:
        self._stops, self._laps, self._limit, self._worth = stops, laps, limit, worth
        self._cost = cost
        self._shut = np.where(limit > 0.0, 0.0, np.inf)
        n_groups = max(1, min(_GROUPS, stops.n_trips))
        self._group = np.empty(stops.n_trips, dtype=np.int64)
        largest_first = np.argsort(-laps * stops.lap_kg, kind="stable")
        self._group[largest_first] = np.arange(stops.n_trips) % n_groups
        self._trips = [np.flatnonzero(self._group == group) for group in range(n_groups)]
        self._parts = [stops.only(trips) for trips in self._trips]
        self._columns: list[_Column] = []

    def value(self, mix: Floats) -> float:
        """Return what a mix is worth."""
        return float(sum(share * column.value for share, column in zip(mix, self._columns, strict=False)))

    def add(self, price: Floats) -> float:
        """Put prices of capacity to all trips, keep their answers, and return the bound at these prices."""
        stops, n_stations, n_groups = self._stops, self._stops.n_stations, len(self._trips)
        least, kg = cheapest_fills(stops, self._cost + self._shut + price)
        taken = least <= self._worth
        gain = self._laps * np.where(taken, self._worth - np.where(taken, least, 0.0), 0.0)
        gains = np.bincount(self._group, weights=gain, minlength=n_groups)
        cell = self._group[stops.trip] * n_stations + stops.station
        per_day = kg * (self._laps * taken)[stops.trip]
        loads = np.bincount(cell, weights=per_day, minlength=n_groups * n_stations).astype(np.float64)
        self._columns += [
            _Column(
                group=group,
                price=price,
                taken=taken[self._trips[group]],
                load=load,
                value=float(gains[group] + load @ price),
            )
            for group, load in enumerate(loads.reshape(n_groups, n_stations))
        ]
        return float(gains.sum() + self._limit @ price)

    def loaded(self) -> tuple[Floats, float]:
        """Let group after group fill up; return their last answers, and their worth if there is room."""
        burned = float(self._laps @ self._stops.lap_kg)
        per_kg = max(float(self._laps @ self._worth) / burned, 0.0) if burned > 0.0 else 0.0
        load = np.zeros(self._stops.n_stations)
        last: dict[int, int] = {}
        for group in [*range(len(self._parts))] * _LOADINGS:
            if group in last:
                load = load - self._columns[last[group]].load
            used = np.divide(load, self._limit, out=np.zeros_like(load), where=self._limit > 0.0)
            last[group] = len(self._columns)
            self._columns.append(self._answer(group, per_kg * used))
            load = load + self._columns[-1].load
        mix = np.zeros(len(self._columns))
        mix[list(last.values())] = 1.0
        fits = bool(np.all(load <= self._limit * (1.0 + _NOTHING)))
        return mix, self.value(mix) if fits else -np.inf

    def _answer(self, group: int, price: Floats) -> _Column:
        """Return where a group fills up at prices; costs alone decide who is served."""
        part, laps, worth = (
            self._parts[group],
            self._laps[self._trips[group]],
            self._worth[self._trips[group]],
        )
        least, kg = cheapest_fills(part, self._cost + self._shut + price)
        gain = worth - part.summed(kg * self._cost[part.station])
        taken = np.isfinite(least) & (gain >= 0.0)
        return _Column(
            group=group,
            price=price,
            taken=taken,
            load=part.loads(kg, laps * taken),
            value=float(laps @ np.where(taken, gain, 0.0)),
        )

    def mixed(self, *, time_limit_s: float) -> tuple[Floats, Floats] | None:
        """Return the best mix of the answers, and the prices of capacity; None where none comes in time."""
        n_columns, n_groups = len(self._columns), len(self._trips)
        loads = sparse.csr_array(np.array([column.load for column in self._columns]).T)
        group = np.array([column.group for column in self._columns])
        of_group = sparse.csr_array(
            (np.ones(n_columns), (group, np.arange(n_columns))), shape=(n_groups, n_columns)
        )
        answer = solve(
            Program(
                objective=np.array([column.value for column in self._columns]),
                lower=np.zeros(n_columns),
                upper=np.full(n_columns, np.inf),
                matrix=sparse.csr_array(sparse.vstack([loads, of_group])),
                row_lower=np.full(len(self._limit) + n_groups, -np.inf),
                row_upper=np.concatenate([self._limit, np.ones(n_groups)]),
                maximize=True,
            ),
            solver="glop",
            time_limit_s=time_limit_s,
        )
        if answer.x is None or answer.dual is None:
            return None
        return np.maximum(answer.x, 0.0), np.maximum(answer.dual[: len(self._limit)], 0.0)

    def plans(self, mix: Floats) -> FillPlans:
        """Return the plans of a mix."""
        found: list[FillPlans] = []
        n_plans = 0
        for group, (trips, part) in enumerate(zip(self._trips, self._parts, strict=True)):
            row = self._stops.rows(trips)
            for share, kg in self._distinct(group, mix):
                driven = np.flatnonzero(share > _NOTHING)
                number = np.full(len(trips), -1, dtype=np.int64)
                number[driven] = n_plans + np.arange(len(driven))
                n_plans += len(driven)
                fills = np.flatnonzero((number[part.trip] >= 0) & (kg > _NOTHING * part.tank_kg[part.trip]))
                found.append(
                    FillPlans(
                        trip=trips[driven],
                        share=share[driven],
                        fill_plan=number[part.trip[fills]],
                        fill_stop=row[fills],
                        fill_kg=kg[fills],
                    )
                )
        return _in_order(found)

    def _distinct(self, group: int, mix: Floats) -> list[tuple[Floats, Floats]]:
        """Return shares of trips and fills of each answer of a group in a mix; like plans become one."""
        part = self._parts[group]
        found: list[tuple[Floats, Floats]] = []
        for number in np.flatnonzero(mix > _NOTHING).tolist():
            column = self._columns[number]
            if column.group != group:
                continue
            _, kg = cheapest_fills(part, self._cost + self._shut + column.price)
            share = np.where(column.taken, mix[number], 0.0)
            for other, its_kg in found:
                alike = (part.summed(np.abs(kg - its_kg)) <= _NOTHING * part.tank_kg) & (other > 0.0)
                other[alike] += share[alike]
                share[alike] = 0.0
            found.append((share, kg))
        return found


def _in_order(found: list[FillPlans]) -> FillPlans:
    """Join plans and number them by trip."""
    trip = np.concatenate([plans.trip for plans in found])
    order = np.argsort(trip, kind="stable")
    place = np.empty(len(trip), dtype=np.int64)
    place[order] = np.arange(len(trip))
    plan = place[np.concatenate([plans.fill_plan for plans in found])]
    stop = np.concatenate([plans.fill_stop for plans in found])
    fills = np.lexsort((stop, plan))
    return FillPlans(
        trip=trip[order],
        share=np.concatenate([plans.share for plans in found])[order],
        fill_plan=plan[fills],
        fill_stop=stop[fills],
        fill_kg=np.concatenate([plans.fill_kg for plans in found])[fills],
    )
