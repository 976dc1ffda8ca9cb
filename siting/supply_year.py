"""The cheapest supply of a year: solved, bounded, and told in tables (:mod:`siting.supply_network`)."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import SolverError
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.program import ORTOOLS_VERSION, solve
from siting.supply_flows import Flows
from siting.supply_lanes import check_deliveries, lanes
from siting.supply_network import DAYS, YEAR_DAYS, by_month, check_network
from siting.supply_prices import prices_of
from siting.supply_program import year_program
from siting.supply_tables import SupplyTables, supply_tables

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from siting.delivery import Delivery
    from siting.supply_network import SupplyNetwork
    from siting.supply_prices import Prices
    from siting.supply_program import YearProgram

    Floats = NDArray[np.float64]

#: A number of modules this little above a whole one is that.
_WHOLE = 1e-6
#: A linear program of a year gets at least this long, s: without it there is no answer at all.
_LEAST_S = 30.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SupplyYear:
    """Supply of one year.

    Parameters
    ----------
    tables
        Links, months, bases, stations and the parts of the cost.
    modules
        (n_bases,) int64, standing and new.
    prices
        Of the linear relaxation: what one more kg costs, anywhere.
    certificate
        Yearly cost, CNY/a, shortages at their penalty.
    """

    tables: SupplyTables
    modules: NDArray[np.int64]
    prices: Prices
    certificate: Certificate


def solve_supply(
    load_kg_per_day: pd.Series[float] | pd.DataFrame,
    network: SupplyNetwork,
    deliveries: Mapping[str, Delivery],
    *,
    time_limit_s: float = 30.0,
    gap: float = 0.0,
) -> SupplyYear:
    """Find the cheapest supply of a year.

    Parameters
    ----------
    load_kg_per_day
        Index ``site_id``: one figure, or twelve columns, of each station.
    network
        Where hydrogen can come from.
    deliveries
        By mode, arrays (n_sites, n_bases) in the order of stations and bases.
    time_limit_s, gap
        Limits of the search for whole modules.

    Raises
    ------
    InputError
        For negative or unknown loads, capacities, prices; for loads only modes without trailers reach.
    InfeasibleError
        Without any base or capacity.
    SolverError
        If the linear program could not be solved.
    """
    clock = time.perf_counter()
    load = by_month(load_kg_per_day.to_numpy(dtype=np.float64))
    check_network(network)
    check_deliveries(network, deliveries, load)
    ways = lanes(network, deliveries)
    relaxed = year_program(network, ways, load, whole=False)
    prices = prices_of(network, relaxed, load, time_limit_s=max(time_limit_s, _LEAST_S))
    year = year_program(network, ways, load, whole=True)
    x, searched = _whole(network, year, time_limit_s=time_limit_s, gap=gap)
    there = network.bases.standing_cny_per_year
    total = float(year.program.objective @ x) + there
    bound = min(total, max(_relaxation(prices, deliveries, load), searched + there))
    proven = total - bound <= OPTIMALITY_TOLERANCE * max(abs(total), 1.0)
    flows = Flows.of(network, year, x, load)
    return SupplyYear(
        tables=supply_tables(network, flows, deliveries, prices, site_id=load_kg_per_day.index),
        modules=flows.modules,
        prices=prices,
        certificate=Certificate(
            status="optimal" if proven else "feasible",
            incumbent=total,
            bound=bound,
            seconds=time.perf_counter() - clock,
            solver="SCIP, GLOP (OR-Tools)",
            version=ORTOOLS_VERSION,
        ),
    )


def _relaxation(prices: Prices, deliveries: Mapping[str, Delivery], load: Floats) -> float:
    """Return the height of the prices' plane at loads: what no supply can cost less than."""
    mean = load @ DAYS / YEAR_DAYS
    shape = np.divide(load, mean[:, None], out=np.ones_like(load), where=mean[:, None] > 0.0)
    return prices.plane(deliveries, month_share=shape).at(mean)


def _whole(
    network: SupplyNetwork, year: YearProgram, *, time_limit_s: float, gap: float
) -> tuple[Floats, float]:
    """Return a solution with whole modules and a bound on all, both without the cost of standing modules.

    New modules are whole from the start. How many run in a month is made whole afterwards, which costs
    something only where they run at their least: then it is searched for, too. A search that ends before it
    is done competes with the relaxation rounded.
    """
    clock = time.perf_counter()
    few = replace(year.program, integer=year.block.is_added(len(year.program.objective)))
    first = solve(few, solver="scip", time_limit_s=time_limit_s, gap=gap)
    bound = first.bound if first.bound is not None else -np.inf
    starts = [_running_whole(network, year, first.x)] if first.x is not None else []
    if first.status != "optimal":
        starts += _rounded(network, year)
    best = _polished(year, starts)
    left = time_limit_s - (time.perf_counter() - clock)
    if first.status == "optimal" and left > 0.0 and not _meets(year, best, bound):
        answer = solve(year.program, solver="scip", time_limit_s=left, gap=gap)
        bound = max(bound, answer.bound if answer.bound is not None else -np.inf)
        best = _polished(year, starts + ([answer.x] if answer.x is not None else []))
    if best is None:
        raise SolverError("no supply with whole modules was found in time")
    return best, bound


def _meets(year: YearProgram, x: Floats | None, bound: float) -> bool:
    """Return whether a solution costs no more than a bound."""
    if x is None:
        return False
    cost = float(year.program.objective @ x)
    return cost - bound <= OPTIMALITY_TOLERANCE * max(abs(cost), 1.0)


def _polished(year: YearProgram, starts: list[Floats]) -> Floats | None:
    """Return the cheapest solution with the whole numbers of one of several starts; None if none has any."""
    answers = [solve(year.fixed(start), solver="glop", time_limit_s=_LEAST_S) for start in starts]
    found = [each.x for each in answers if each.status == "optimal" and each.x is not None]
    return min(found, key=lambda x: float(year.program.objective @ x), default=None)


def _running_whole(network: SupplyNetwork, year: YearProgram, solution: Floats) -> Floats:
    """Return a solution in whose months whole modules run, at most those that stand."""
    x = solution.copy()
    parts = year.block.parts(x, len(network.bases))
    standing = np.round(parts["added"]) + network.bases.modules_there
    parts["running"][:] = np.minimum(np.ceil(parts["running"] - _WHOLE), standing[:, None])
    return x


def _rounded(network: SupplyNetwork, year: YearProgram) -> list[Floats]:
    """Return the relaxation with its modules rounded, up and to the nearest; what runs too much is vented."""
    answer = solve(replace(year.program, integer=None), solver="glop", time_limit_s=_LEAST_S)
    if answer.x is None:
        return []
    found = []
    for ahead in (0.5 - _WHOLE, 0.0):
        x = answer.x.copy()
        parts = year.block.parts(x, len(network.bases))
        parts["added"][:] = np.round(parts["added"] + ahead)
        found.append(_running_whole(network, year, x))
    return found
