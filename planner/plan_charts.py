"""Numbers behind the charts of a plan, as tidy tables: what a chart draws and no more.

All money is CNY/kg. Cost parts are those at the nozzle (:mod:`planner.nozzle_costs`), without value-added tax
and before any support; what support and tax make of them is the break-even price of the accounts
(:mod:`planner.economics`).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.economics import GROUPS
from planner.frontier_chart import ceiling, staircase
from planner.nozzle_costs import HYDROGEN_PARTS, STATION_PARTS
from planner.objective import PER_DAY
from planner.station_numbers import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.frontier_store import StoredFrontier
    from planner.plan import Plan

#: Parts of the cost at the nozzle in the order the hydrogen meets them: part, what it belongs to.
COST_PARTS: dict[str, str] = dict.fromkeys(HYDROGEN_PARTS, "hydrogen") | dict.fromkeys(
    STATION_PARTS, "station"
)

#: Steps of the waterfall: what comes on top, and the sums between (``None``: a sum).
_STEPS: dict[str, tuple[str, ...] | None] = {
    "production": (
        "electricity_cny_per_kg",
        "electrolyzer_cny_per_kg",
        "purchase_cny_per_kg",
        "storage_cny_per_kg",
    ),
    "conversion": ("conversion_cny_per_kg",),
    "transport": ("transport_cny_per_kg",),
    "delivered": None,
    **{part.removesuffix("_cny_per_kg"): (part,) for part in STATION_PARTS},
    "nozzle": None,
}

#: Steps below this are rounding, CNY/kg.
_NOTHING = 1e-9

#: Highest utilization that has a bin of its own; what is fuller goes into the last one.
_FULL = 1.0


def scopes(plan: Plan) -> tuple[str, ...]:
    """Return the groups of stations that sell hydrogen: ``new``, ``existing``, ``all``."""
    costs = plan.nozzle_costs
    known = set(costs.loc[costs["nozzle_cost_cny_per_kg"].notna(), "scope"])
    return tuple(scope for scope in GROUPS if scope in known)


def cost_stack(plan: Plan) -> pd.DataFrame:
    """Return what a kilogram costs at the nozzle by group of stations and part, one on top of the other.

    Returns
    -------
    pandas.DataFrame
        ``scope``, ``part`` (column of the table ``nozzle_costs``), ``group`` (``hydrogen`` or ``station``),
        ``cny_per_kg``, ``from_cny_per_kg``, ``to_cny_per_kg``, ``share`` of the total, ``total_cny_per_kg``.
        Parts that cost nothing anywhere are left out.
    """
    columns = ("scope", "part", "group", "cny_per_kg", "from_cny_per_kg", "to_cny_per_kg", "share")
    rows = []
    for scope in scopes(plan):
        amounts = _of(plan, scope)[list(COST_PARTS)].astype(np.float64)
        tops = amounts.cumsum()
        for (part, group), amount, top in zip(COST_PARTS.items(), amounts, tops, strict=True):
            total = float(tops.iloc[-1])
            share = amount / total if total else np.nan
            rows.append((scope, part, group, amount, top - amount, top, share, total))
    table = pd.DataFrame(rows, columns=[*columns, "total_cny_per_kg"])
    costly = table.groupby("part")["cny_per_kg"].transform(lambda amounts: amounts.abs().max()) > 0.0
    return table[costly].reset_index(drop=True)


def waterfall(plan: Plan, scope: str) -> pd.DataFrame:
    """Return the way from the cost of production to the price a group of stations has to ask.

    Returns
    -------
    pandas.DataFrame
        In order: ``step``, ``is_sum``, ``cny_per_kg`` (of the step, or the sum so far), ``from_cny_per_kg``,
        ``to_cny_per_kg``. The sums are ``delivered`` (hydrogen at the station), ``nozzle`` (levelized cost)
        and, after ``support`` (grants and subsidies, negative) and ``tax``, ``break_even`` (retail price,
        value-added tax included).
    """
    costs = _of(plan, scope)
    accounts = plan.economics[plan.economics["scope"] == scope]
    price = float(accounts["break_even_cny_per_kg"].iloc[0])
    untaxed = price / (1.0 + plan.provenance["terms"]["vat_rate"])
    rows: list[tuple[str, bool, float, float, float]] = []
    top = 0.0
    for step, parts in _STEPS.items():
        if parts is None:
            rows.append((step, True, top, 0.0, top))
            continue
        amount = float(costs[list(parts)].sum())
        rows.append((step, False, amount, top, top + amount))
        top += amount
    rows += [
        ("support", False, untaxed - top, top, untaxed),
        ("tax", False, price - untaxed, untaxed, price),
        ("break_even", True, price, 0.0, price),
    ]
    table = pd.DataFrame(rows, columns=["step", "is_sum", "cny_per_kg", "from_cny_per_kg", "to_cny_per_kg"])
    return table[table["is_sum"] | (table["cny_per_kg"].abs() > _NOTHING)].reset_index(drop=True)


def retail_cny_per_kg(plan: Plan) -> float:
    """Return the retail price the accounts assume, value-added tax included."""
    return float(plan.provenance["terms"]["retail_cny_per_kg"])


def _of(plan: Plan, scope: str) -> pd.Series:
    """Return the nozzle costs of a group of stations."""
    row: pd.Series = plan.nozzle_costs[plan.nozzle_costs["scope"] == scope].iloc[0]
    return row


def utilization_histogram(plan: Plan, *, bins: int = 10) -> pd.DataFrame:
    """Return how many stations, and how much of their load, fall in each class of utilization.

    Stations of unknown size are left out.

    Returns
    -------
    pandas.DataFrame
        A row per class and status: ``low``, ``high`` (shares; a class holds its lower end, the last one all
        that is fuller, too), ``status``, ``stations``, ``load_kg_per_day``, ``capacity_kg_per_day``.
    """
    known = plan.stations[plan.stations["utilization"].notna()]
    # Ten classes of 0.1: 0.3 must not fall below 3 / 10 by its last digits.
    number = np.floor(known["utilization"].to_numpy(dtype=np.float64) * bins / _FULL + 1e-9)
    binned = known.assign(bin=np.minimum(number, bins - 1).astype(np.int64))
    index = pd.MultiIndex.from_product([range(bins), ("new", "existing")], names=["bin", "status"])
    table = (
        binned.groupby(["bin", "status"])
        .agg(
            stations=("site_id", "size"),
            load_kg_per_day=("load_kg_per_day", "sum"),
            capacity_kg_per_day=("capacity_kg_per_day", "sum"),
        )
        .reindex(index, fill_value=0)
        .reset_index()
    )
    low = table["bin"] * _FULL / bins
    return table.assign(low=low, high=low + _FULL / bins).drop(columns="bin")


def station_loads(plan: Plan) -> pd.DataFrame:
    """Return load and size of each station, the busiest first.

    Returns
    -------
    pandas.DataFrame
        ``number`` on the page, ``site_id``, ``name_zh``, ``name_en``, ``status``, ``load_kg_per_day``,
        ``capacity_kg_per_day``, ``utilization`` (the last two NaN where the size is unknown).
    """
    columns = ["number", "site_id", "name_zh", "name_en", "status", "load_kg_per_day"]
    table = numbered(plan)[[*columns, "capacity_kg_per_day", "utilization"]]
    return table.sort_values("load_kg_per_day", ascending=False, kind="stable").reset_index(drop=True)


@dataclass(frozen=True, slots=True, eq=False)
class FrontierTables:
    """A frontier as it is drawn: amounts per day in the unit of its objective, budgets in 10,000 CNY.

    Parameters
    ----------
    points
        A row per budget searched: ``budget_wan_cny``, ``capex_wan_cny``, ``stations_new``, ``served``,
        ``served_share``, ``bound``, ``gap``, ``status``.
    served, bound
        Corners of the most that plans found serve, and of what no plan can beat: ``budget_wan_cny``,
        ``amount``, in drawing order.
    open
        What is not decided: ``from_wan_cny``, ``to_wan_cny``, ``served``, ``bound``, constant in between.
    """

    points: pd.DataFrame
    served: pd.DataFrame
    bound: pd.DataFrame
    open: pd.DataFrame


def frontier_tables(stored: StoredFrontier) -> FrontierTables:
    """Return the tables of a frontier."""
    per_day = PER_DAY[stored.objective]
    points = stored.points.rename(columns={f"served_{per_day}": "served", f"bound_{per_day}": "bound"})
    # Where nothing is proven, all that is certain is that no plan serves more than the demand.
    bounds = points["bound"].astype(np.float64).fillna(stored.demand)
    points = points.assign(bound=bounds)
    budgets = [float(budget) for budget in points["budget_wan_cny"]]
    plans = stored.plans.sort_values("capex_wan_cny")
    found = [(float(cost), float(value)) for cost, value in plans[["capex_wan_cny", "served"]].to_numpy()]
    below = staircase(found, first=budgets[0], last=budgets[-1])
    corners = ["budget_wan_cny", "amount"]
    shown = ["capex_wan_cny", "stations_new", "served", "served_share", "bound", "gap", "status"]
    return FrontierTables(
        points=points[["budget_wan_cny", *shown]],
        served=pd.DataFrame(below, columns=corners),
        bound=pd.DataFrame(ceiling(budgets, list(bounds)), columns=corners),
        open=_open(found, budgets, list(bounds)),
    )


def _open(
    found: Sequence[tuple[float, float]], budgets: Sequence[float], bounds: Sequence[float]
) -> pd.DataFrame:
    """Return between which amounts the most that can be served lies, budget by budget."""
    costs = [cost for cost, _ in found if budgets[0] < cost < budgets[-1]]
    rows = []
    for start, end in itertools.pairwise(sorted({*budgets, *costs})):
        served = max(value for cost, value in found if cost <= start)
        rows.append((start, end, served, bounds[int(np.searchsorted(budgets, end))]))
    return pd.DataFrame(rows, columns=["from_wan_cny", "to_wan_cny", "served", "bound"])
