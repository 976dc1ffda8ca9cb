"""Two plans side by side: what differs, and what of it is proven.

Definitions
-----------
A certificate says that the best plan of its scenario is worth something between incumbent and bound: an
interval, a point where the plan is proven optimal. Of two scenarios with the same objective

    proven       the intervals do not overlap: the order of the best plans is certain
    within_gap   they do: which scenario allows the better plan is not proven
    not_compared the objectives differ, or a plan has no value

A figure that follows the objective is ``within_gap`` too where it changes by no more than the room between
incumbent and bound of the plan that looks worse. The hydrogen price is judged likewise by the certificate of
the supply.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from planner.objective import PER_DAY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from planner.plan import Plan
    from siting.certificate import Certificate

Standing = Literal["proven", "within_gap", "not_compared"]

#: Key figures compared, in order: unit, and whether more of it is better (None: neither).
FIGURES: Mapping[str, tuple[str, bool | None]] = {
    "demand_kg_per_day": ("kg_per_day", None),
    "covered_kg_per_day": ("kg_per_day", True),
    "served_kg_per_day": ("kg_per_day", True),
    "served_share": ("share", True),
    "trips_served_per_day": ("trips_per_day", True),
    "stations_new": ("stations", None),
    "stations_existing": ("stations", None),
    "capacity_new_kg_per_day": ("kg_per_day", None),
    "capex_wan_cny": ("wan_cny", False),
    "footprint_new_m2": ("m2", False),
    "hydrogen_cny_per_kg": ("cny_per_kg", False),
    "levelized_cost_cny_per_kg": ("cny_per_kg", False),
    "npv_wan_cny": ("wan_cny", True),
    "green_share": ("share", True),
    "co2_avoided_t_per_year": ("t_per_year", True),
    "worst_outage_left_share": ("share", True),
}

#: What may become of a station, in the order of the table.
CHANGES = ("added", "removed", "resized", "load", "same")

#: Columns of the table of stations, in order (docs/tables.md).
STATION_COLUMNS = (
    "site_id",
    "name_zh",
    "name_en",
    "kind",
    "status",
    "lon",
    "lat",
    "change",
    *(
        f"{when}_{what}_kg_per_day"
        for what in ("capacity", "load")
        for when in ("baseline", "current", "change")
    ),
    "baseline_base_id",
    "current_base_id",
)

#: Loads nearer than this are the same, kg/d: less than what the page shows.
_SAME_LOAD_KG_PER_DAY = 0.5
_SAME_CAPACITY_KG_PER_DAY = 1e-6
_MINIMIZED = frozenset({"least_cost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One figure of both plans.

    Parameters
    ----------
    key
        Name of the figure: of `Plan.kpis`, or ``objective``.
    unit
        Below ``unit.`` of the catalogues; ``share`` is a part of one.
    baseline, current
        Values; None where a plan does not have the figure.
    more_is_better
        None where neither is.
    standing
        What of the difference is proven; None for figures that no certificate speaks of.
    """

    key: str
    unit: str
    baseline: float | None
    current: float | None
    more_is_better: bool | None
    standing: Standing | None = None

    @property
    def delta(self) -> float | None:
        """Current less baseline; None where either is missing."""
        if self.baseline is None or self.current is None:
            return None
        return self.current - self.baseline

    @property
    def relative(self) -> float | None:
        """Delta over the size of the baseline; None without one."""
        return self.delta / abs(self.baseline) if self.delta is not None and self.baseline else None

    @property
    def is_better(self) -> bool | None:
        """Whether the current plan has the better value; None where neither is better, or nothing changed."""
        if self.more_is_better is None or not self.delta:
            return None
        return (self.delta > 0.0) == self.more_is_better


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Comparison:
    """What differs between two plans.

    Parameters
    ----------
    baseline, current
        The plans.
    objective
        What siting counted, and what of the difference is proven.
    figures
        Key figures that at least one plan has, in the order of ``FIGURES``.
    stations
        Every station of either plan, columns ``STATION_COLUMNS``; added ones first, then removed, resized.
    supply
        Index ``base_id``: ``baseline_kg_per_day``, ``current_kg_per_day``, ``change_kg_per_day``.
    """

    baseline: Plan
    current: Plan
    objective: Difference
    figures: tuple[Difference, ...]
    stations: pd.DataFrame
    supply: pd.DataFrame

    def count(self, change: str) -> int:
        """Return how many stations changed in this way."""
        return int((self.stations["change"] == change).sum())

    def changed(self) -> pd.DataFrame:
        """Return the stations of which anything is different."""
        found: pd.DataFrame = self.stations[self.stations["change"] != "same"]
        return found


def compare(baseline: Plan, current: Plan) -> Comparison:
    """Return what differs between two plans.

    Parameters
    ----------
    baseline, current
        Plans, of the same scenario or not.
    """
    return Comparison(
        baseline=baseline,
        current=current,
        objective=_objective(baseline, current),
        figures=tuple(_figures(baseline, current)),
        stations=_stations(baseline.stations, current.stations),
        supply=_supply(baseline.supply, current.supply),
    )


def is_same(baseline: Plan, current: Plan) -> bool:
    """Return whether two plans answer the same question alike, so that there is nothing to compare."""
    if baseline is current:
        return True
    return baseline.scenario == current.scenario and baseline.certificate == current.certificate


def standing(baseline: Plan, current: Plan) -> Standing:
    """Return what is proven of the order of two plans: whether their certificates keep apart."""
    limits = [_limits(plan) for plan in (baseline, current)]
    if baseline.scenario.objective != current.scenario.objective or None in limits:
        return "not_compared"
    if baseline.certificate.status == current.certificate.status == "optimal":
        return "proven"
    (low, high), (other_low, other_high) = (limit for limit in limits if limit is not None)
    return "within_gap" if low <= other_high and other_low <= high else "proven"


def _limits(plan: Plan) -> tuple[float, float] | None:
    """Return the least and the most that the best plan of a scenario is worth; None without a plan."""
    proof = plan.certificate
    if proof.incumbent is None:
        return None
    is_minimized = plan.scenario.objective in _MINIMIZED
    unproven = -math.inf if is_minimized else math.inf
    bound = unproven if proof.bound is None else proof.bound
    return (min(bound, proof.incumbent), max(bound, proof.incumbent))


def _objective(baseline: Plan, current: Plan) -> Difference:
    """Return what siting counted in both plans."""
    objective = current.scenario.objective
    is_same = baseline.scenario.objective == objective
    return Difference(
        key="objective",
        unit=PER_DAY[objective],
        baseline=baseline.certificate.incumbent if is_same else None,
        current=current.certificate.incumbent,
        more_is_better=objective not in _MINIMIZED,
        standing=standing(baseline, current),
    )


def _figures(baseline: Plan, current: Plan) -> Iterator[Difference]:
    """Return the key figures that at least one of the plans has."""
    own = {
        f"{what}_{PER_DAY[plan.scenario.objective]}": (PER_DAY[plan.scenario.objective], True)
        for plan in (baseline, current)
        for what in ("covered", "served")
    }
    proof = standing(baseline, current)
    for key, (unit, more_is_better) in ({**FIGURES, **own}).items():
        before, after = _known(baseline.kpis.get(key)), _known(current.kpis.get(key))
        if before is None and after is None:
            continue
        row = Difference(key=key, unit=unit, baseline=before, current=after, more_is_better=more_is_better)
        if key == "hydrogen_cny_per_kg":
            yield replace(row, standing=_of_supply(row, baseline, current))
        elif key in own or (key == "served_share" and "served_kg_per_day" in own):
            yield replace(row, standing=_of_siting(row, proof, baseline, current))
        else:
            yield row


def _of_siting(row: Difference, proof: Standing, baseline: Plan, current: Plan) -> Standing:
    """Return what is proven of a figure that siting maximizes: it may rise by the gap of the lesser plan."""
    if row.delta is None or proof != "proven":
        return proof if proof != "proven" else "not_compared"
    lesser = baseline if row.delta > 0.0 else current
    value = min(row.baseline or 0.0, row.current or 0.0)
    gap = _gap_above(lesser.certificate)
    return "within_gap" if gap > 0.0 and abs(row.delta) <= gap * value else "proven"


def _gap_above(proof: Certificate) -> float:
    """Return how much of the incumbent a better plan may add to it, a share; 0 where it is optimal."""
    if proof.status == "optimal":
        return 0.0
    if proof.bound is None or not proof.incumbent:
        return math.inf
    return abs(proof.bound - proof.incumbent) / abs(proof.incumbent)


def _of_supply(row: Difference, baseline: Plan, current: Plan) -> Standing | None:
    """Return what is proven of the price: the dearer supply may be cheaper by its gap."""
    if row.delta is None:
        return None
    dearer = current if row.delta > 0.0 else baseline
    gap = dearer.provenance.get("supply", {}).get("gap")
    if gap is None:
        return None
    value = max(row.baseline or 0.0, row.current or 0.0)
    return "within_gap" if row.delta and abs(row.delta) <= gap * value else "proven"


def _known(value: float | None) -> float | None:
    """Return a figure, None where it is not a number."""
    return None if value is None or not math.isfinite(value) else float(value)


def _stations(baseline: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """Return every station of either plan with what became of it."""
    before, after = (table.set_index("site_id") for table in (baseline, current))
    sites = after.index.append(before.index.difference(after.index, sort=False))
    was, is_now = sites.isin(before.index), sites.isin(after.index)
    told = ["name_zh", "name_en", "kind", "status", "lon", "lat"]
    table = pd.concat([after[told], before.loc[sites[~is_now], told]])
    for what in ("capacity", "load"):
        name = f"{what}_kg_per_day"
        values = [plan[name].astype("float64").reindex(sites) for plan in (before, after)]
        table[f"baseline_{name}"], table[f"current_{name}"] = values
        # A station that is not there has room for nothing; one of unknown size keeps its change unknown.
        table[f"change_{name}"] = values[1].where(is_now, 0.0) - values[0].where(was, 0.0)
    for when, plan in (("baseline", before), ("current", after)):
        table[f"{when}_base_id"] = plan["base_id"].reindex(sites)
    table["change"] = np.select(
        [~was, ~is_now, _is_resized(table), table["change_load_kg_per_day"].abs() >= _SAME_LOAD_KG_PER_DAY],
        ["added", "removed", "resized", "load"],
        default="same",
    )
    table = table.rename_axis("site_id").reset_index()
    rank = table["change"].map({name: order for order, name in enumerate(CHANGES)})
    ordered: pd.DataFrame = table.iloc[np.argsort(rank.to_numpy(), kind="stable")]
    return ordered[list(STATION_COLUMNS)].reset_index(drop=True)


def _is_resized(table: pd.DataFrame) -> pd.Series:
    """Return which stations have another capacity, or one that was unknown before."""
    before, after = table["baseline_capacity_kg_per_day"], table["current_capacity_kg_per_day"]
    changed: pd.Series = (after - before).abs() > _SAME_CAPACITY_KG_PER_DAY
    return changed | (before.isna() != after.isna())


def _supply(baseline: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """Return what each base supplies in both plans, the largest change first."""
    sums = {
        f"{when}_kg_per_day": links.groupby("base_id")["kg_per_day"].sum().astype("float64")
        for when, links in (("baseline", baseline), ("current", current))
    }
    table = pd.DataFrame(sums).fillna(0.0).rename_axis("base_id")
    table["change_kg_per_day"] = table["current_kg_per_day"] - table["baseline_kg_per_day"]
    return table.sort_values("change_kg_per_day", key=lambda change: -change.abs(), kind="stable")


def stations_csv(comparison: Comparison) -> bytes:
    """Return the stations that changed as UTF-8 CSV with the byte-order mark that spreadsheets need."""
    table = comparison.changed()
    in_kg = {name: 1 for name in STATION_COLUMNS if name.endswith("_kg_per_day")}
    content: str = table.round({"lon": 6, "lat": 6, **in_kg}).to_csv(index=False)
    return content.encode("utf-8-sig")
