"""Scenarios drawn from the ranges of the demand assumptions, and how far their demand spreads.

What a person set in a scenario is decided and stays; every other assumption of the demand is drawn
(:mod:`demand.uncertainty`). Roads, routes and stations stay as they are.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor import sources, zones
from corridor.errors import InfeasibleError
from demand.adoption import fuel_cell_shares, gateway_weight, modeled_work
from demand.consumption import route_use
from demand.hydrogen import all_trips
from demand.inputs import VEHICLE_CLASSES, adoption_year
from demand.pilots import FACTOR
from demand.uncertainty import is_drawn, sample
from planner.demand_report import in_scope
from planner.driving import on_arcs
from planner.inputs import assumptions_in_force, load_inputs
from planner.siting_case import scoped_demand

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from demand.consumption import Consumption
    from planner.inputs import Inputs
    from planner.scenario import Scenario

#: Files that change how trips come about; with one the whole demand table is made for each draw.
_OWN_FILES = ("od_table", "link_counts")

#: Ranks told of a spread.
QUANTILES = (0.1, 0.5, 0.9)


def sampled(scenario: Scenario, seed: int, *, draw: int = 0) -> Scenario:
    """Return the scenario with drawn demand assumptions.

    Parameters
    ----------
    scenario
        What is decided.
    seed
        Seed; equal seeds give equal scenarios.
    draw
        Number of the draw of that seed, from 0.

    Raises
    ------
    corridor.errors.InputError
        For unknown assumptions, or decided shares that no others add up to one with.
    """
    return _with(scenario, _draws(scenario, seed=seed, n=draw + 1).iloc[draw])


def _draws(scenario: Scenario, *, seed: int, n: int) -> pd.DataFrame:
    """Return drawn values of the assumptions the scenario leaves open."""
    table = load_inputs(scenario).assumptions
    assumptions_in_force(table, scenario.assumptions)
    own = scenario.assumptions.items()
    decided = {key: value for key, value in own if is_drawn(key, scenario.adoption)}
    draws = sample(table, seed=seed, n=n, fixed=decided, adoption=scenario.adoption)
    return draws[[key for key in draws.columns if key not in decided]]


def _with(scenario: Scenario, row: pd.Series) -> Scenario:
    """Return the scenario with a draw's values beside its own."""
    drawn = {str(key): float(value) for key, value in row.items()}
    return scenario.model_copy(update={"assumptions": drawn | scenario.assumptions})


def demand_spread(
    scenario: Scenario, *, seed: int, n: int, on_draw: Callable[[int], None] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the hydrogen of many draws, and the draws.

    Parameters
    ----------
    scenario
        What is decided.
    seed, n
        Seed and number of draws.
    on_draw
        Told how many draws are done.

    Returns
    -------
    amounts
        A row per draw: ``kg_per_day`` and the same by class (``kg_per_day.<class>``), ``trips_per_day``
        (fuel-cell round trips). Empty cells where a draw's totals contradict each other.
    draws
        The drawn assumptions, a row per draw.

    Raises
    ------
    corridor.errors.InputError
        As for :func:`sampled`.
    """
    draws = _draws(scenario, seed=seed, n=n)
    inputs = load_inputs(scenario)
    base, _ = assumptions_in_force(inputs.assumptions, scenario.assumptions)
    driven = np.flatnonzero(in_scope(scenario, inputs, base))
    located = zones.scaled(inputs.zones, scenario.zone_factor)
    rows = []
    for number, (_, row) in enumerate(draws.iterrows(), start=1):
        values = base | {str(key): float(value) for key, value in row.items()}
        try:
            rows.append(amounts(scenario, inputs, values, located=located, driven=driven))
        except InfeasibleError:
            rows.append({})
        if on_draw is not None:
            on_draw(number)
    names = ["kg_per_day", "trips_per_day", *(f"kg_per_day.{name}" for name in VEHICLE_CLASSES)]
    return pd.DataFrame(rows, index=draws.index, columns=names, dtype=np.float64), draws


def amounts_of(scenario: Scenario) -> dict[str, float]:
    """Return trips and hydrogen of a scenario as it is, named as by :func:`demand_spread`."""
    inputs = load_inputs(scenario)
    values, _ = assumptions_in_force(inputs.assumptions, scenario.assumptions)
    driven = np.flatnonzero(in_scope(scenario, inputs, values))
    located = zones.scaled(inputs.zones, scenario.zone_factor)
    return amounts(scenario, inputs, values, located=located, driven=driven)


def amounts(
    scenario: Scenario,
    inputs: Inputs,
    values: Mapping[str, float],
    *,
    located: pd.DataFrame,
    driven: NDArray[np.int64],
) -> dict[str, float]:
    """Return trips and hydrogen of a scenario, without the table in between where it can be spared.

    Parameters
    ----------
    scenario, inputs, values
        As for :func:`planner.siting_case.scoped_demand`.
    located
        Zones with the scenario's factors.
    driven
        (n_driven,) rows of the routes whose trips count.
    """
    used = on_arcs(inputs.network, inputs.terrain, values)
    as_modeled = all(getattr(scenario, name) is None for name in _OWN_FILES)
    if not as_modeled or values.get(FACTOR, 1.0) != 1.0:
        table = scoped_demand(scenario, inputs, values, used)
        by_class = table.groupby("vehicle_class")["kg_per_day"].sum().reindex(list(VEHICLE_CLASSES))
        kg, trips = by_class.fillna(0.0).to_numpy(), float(table["trips_per_day"].sum())
    else:
        classes = list(VEHICLE_CLASSES)
        weight = gateway_weight(located, inputs.routes, assumptions=values)[:, None]
        every = all_trips(located, inputs.routes, assumptions=values, year=scenario.year)[classes].to_numpy()
        shares = _shares(scenario, inputs, values, trips=every * weight, used=used)
        on_hydrogen = every[driven] * shares.loc[classes].to_numpy() * weight[driven]
        chosen = inputs.routes.only(driven)
        on_way = route_use(chosen, inputs.route_arcs[inputs.routes.entries(driven)], used)
        kg = (on_hydrogen * (on_way.out_kg + on_way.back_kg)).sum(axis=0)
        trips = float(on_hydrogen.sum())
    by_name = {f"kg_per_day.{name}": float(each) for name, each in zip(VEHICLE_CLASSES, kg, strict=True)}
    return {"kg_per_day": float(kg.sum()), "trips_per_day": trips} | by_name


def _shares(
    scenario: Scenario,
    inputs: Inputs,
    values: Mapping[str, float],
    *,
    trips: NDArray[np.float64],
    used: Consumption,
) -> pd.Series:
    """Return the fuel-cell share of each class, as :func:`demand.hydrogen.demand_table` comes to it."""
    if scenario.adoption == "policy":
        return fuel_cell_shares(values, year=scenario.year)
    on_way = route_use(inputs.routes, inputs.route_arcs, used)
    work = modeled_work(inputs.routes, trips, used=on_way, assumptions=values)
    fleet = _fleet() if scenario.adoption == "bass" else None
    return fuel_cell_shares(values, year=scenario.year, mode=scenario.adoption, work=work, fleet=fleet)


@lru_cache(maxsize=1)
def _fleet() -> pd.DataFrame:
    """Return the published fleet; read once for all draws."""
    return sources.read_fleet(sources.data_directory())


def drivers(spread: pd.DataFrame, draws: pd.DataFrame, *, year: int, most: int = 8) -> pd.Series:
    """Return the rank correlation of kg per day with the assumptions that move it most, strongest first.

    Parameters
    ----------
    spread, draws
        As :func:`demand_spread` gives them.
    year
        Year of the demand; adoption in other years has the same ranks and is not told.
    most
        How many assumptions to name.
    """
    told = spread["kg_per_day"].notna()
    other = [key for key in draws.columns if (found := adoption_year(str(key))) and found[1] != year]
    open_ = draws.drop(columns=other)
    moving = open_.loc[told, open_.max() > open_.min()]
    ranks = moving.rank().corrwith(spread.loc[told, "kg_per_day"].rank()).dropna()
    return ranks.loc[ranks.abs().sort_values(ascending=False).index[:most]]
