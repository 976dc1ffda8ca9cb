"""An analyst's own trips and link counts in place of, and on top of, the modeled trips of a scenario."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from corridor import zones as zone_tables
from corridor.errors import Fault, InputError
from demand.estimation import estimated, passages
from demand.hydrogen import all_trips
from demand.inputs import TRUCK_CLASSES
from demand.od_table import GivenTrips, replaced
from planner.count_input import read_counts
from planner.od_input import read_od
from planner.plan import Notice, records

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demand.estimation import Estimate
    from demand.od_table import Replacement
    from planner.count_input import LinkCounts
    from planner.inputs import Inputs
    from planner.od_input import OdFile
    from planner.scenario import Scenario

#: A count missed by more than this share is worth a notice: others contradict it.
_MISSED = 0.01

#: Sections named in a notice; the rest is counted.
_NAMED = 5

#: Trips per day below which nothing was left out.
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OwnTrips:
    """Trips of a scenario that brings its own.

    Parameters
    ----------
    given
        Trips in force; None without files.
    replacement
        What became of the origin-destination table.
    estimate
        How the counts moved the trips.
    counts
        One row per count: ``row``, ``section``, ``weight``, ``trucks_per_day`` (in the scenario's year),
        ``prior_per_day``, ``estimated_per_day``, ``miss`` (estimated / counted - 1).
    notices
        What a person should know.
    """

    given: GivenTrips | None = None
    replacement: Replacement | None = None
    estimate: Estimate | None = None
    counts: pd.DataFrame = field(default_factory=pd.DataFrame)
    notices: tuple[Notice, ...] = ()

    def provenance(self) -> dict[str, Any]:
        """Return counts and their estimate as plain values; empty without counts."""
        if self.estimate is None:
            return {}
        return {
            "link_counts": {
                "method": "minimum information (Van Zuylen & Willumsen 1980)",
                "information_trips_per_day": self.estimate.information,
                "changed_share": self.estimate.changed_share,
                "changed_pairs": self.estimate.changed_pairs,
                "largest_factor": float(self.estimate.factor.max()),
                "counts": records(self.counts),
            }
        }


def own_trips(scenario: Scenario, inputs: Inputs, values: Mapping[str, float]) -> OwnTrips:
    """Return the trips a scenario's files give.

    Parameters
    ----------
    scenario
        Its ``od_table``, ``link_counts``, ``year`` and ``zone_factor``.
    inputs
        Zones, routes and network.
    values
        Assumptions in force.

    Raises
    ------
    corridor.errors.InputError
        For faulty files, and counts where no trip passes.
    """
    if scenario.od_table is None and scenario.link_counts is None:
        return OwnTrips()
    every_zone = pd.concat([table for table in (inputs.zones, inputs.far_zones) if len(table)])
    scaled = zone_tables.scaled(inputs.zones, scenario.zone_factor)
    modeled = all_trips(scaled, inputs.routes, assumptions=values, year=scenario.year)
    given = GivenTrips(round_trips=modeled, fuel_cell_share=np.full(modeled.shape, np.nan))
    replacement, estimate, counts = None, None, pd.DataFrame()
    notices: list[Notice] = []
    if scenario.od_table is not None:
        file = read_od(Path(scenario.od_table), every_zone)
        given, replacement = replaced(file.table, inputs.routes, modeled, assumptions=values)
        notices += _od_notices(file, replacement, Path(scenario.od_table).name)
    if scenario.link_counts is not None:
        counted = read_counts(Path(scenario.link_counts), inputs.network, zones=every_zone)
        name = Path(scenario.link_counts).name
        given, estimate, counts = _estimated(given, counted, inputs, values, scenario.year, where=name)
        notices += _count_notices(counted, estimate, counts, name)
    return OwnTrips(
        given=given, replacement=replacement, estimate=estimate, counts=counts, notices=tuple(notices)
    )


def file_stamp(scenario: Scenario) -> str:
    """Return the SHA-256 of the files a scenario names; empty without, ``missing`` for one not there."""
    stamps = []
    for name in (scenario.od_table, scenario.link_counts):
        if name is None:
            stamps.append("")
            continue
        try:
            with Path(name).open("rb") as file:
                stamps.append(hashlib.file_digest(file, "sha256").hexdigest())
        except OSError:
            stamps.append("missing")
    return " ".join(stamps).strip()


def _estimated(
    given: GivenTrips,
    counted: LinkCounts,
    inputs: Inputs,
    values: Mapping[str, float],
    year: int,
    *,
    where: str,
) -> tuple[GivenTrips, Estimate, pd.DataFrame]:
    """Return the trips that meet the counts: trucks of a pair all change by its factor."""
    table = counted.table
    growth = (1.0 + values["freight.growth_per_year"]) ** (year - table["year"].fillna(year).to_numpy())
    target = table["trucks_per_day"].to_numpy(dtype=np.float64) * growth
    passing = passages(
        inputs.routes,
        inputs.route_arcs,
        sections=counted.sections,
        length_km=inputs.network.length_km,
        section_km=table["section_km"].to_numpy(dtype=np.float64),
    )
    trucks = list(TRUCK_CLASSES)
    pair, n_pairs = inputs.routes.pair, len(inputs.routes.first)
    of_routes = given.round_trips[trucks].to_numpy(dtype=np.float64).sum(axis=1)
    prior = np.bincount(pair, weights=of_routes, minlength=n_pairs).astype(np.float64, copy=False)
    unused = np.flatnonzero((target > 0) & ~(passing @ prior > 0))
    if len(unused):
        raise InputError(
            [
                Fault(
                    f"no truck trip passes {table['section'].iloc[at]}",
                    f"{where}, row {table['row'].iloc[at]}",
                    "Leave the row out: no trips can be moved there",
                )
                for at in unused
            ]
        )
    found = estimated(prior, passing, target, weight=table["weight"].to_numpy(dtype=np.float64))
    moved = given.round_trips.copy()
    moved[trucks] = moved[trucks].mul(found.factor[pair], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        miss = np.where(target > 0, found.estimated / target - 1.0, 0.0)
    counts = table[["row", "section", "weight"]].assign(
        trucks_per_day=target, prior_per_day=found.prior, estimated_per_day=found.estimated, miss=miss
    )
    return GivenTrips(round_trips=moved, fuel_cell_share=given.fuel_cell_share), found, counts


def _file_notices(name: str, encoding: str, ignored: tuple[str, ...]) -> list[Notice]:
    """Say how a file was read where that is not plain."""
    notices = []
    if encoding not in {"", "utf-8"}:
        notices.append(Notice("file_encoding", {"file": name, "encoding": encoding.upper()}))
    if ignored:
        notices.append(Notice("file_columns", {"file": name, "columns": ", ".join(ignored)}))
    return notices


def _od_notices(file: OdFile, replacement: Replacement, name: str) -> list[Notice]:
    """Say what a table replaced and what of it was left out."""
    notices = _file_notices(name, file.encoding, file.ignored)
    figures = {
        "file": name,
        "classes": ", ".join(replacement.classes),
        "trips": replacement.round_trips,
        "model": replacement.model_round_trips,
    }
    notices.append(Notice("od_table", figures))
    left_out = {
        "inside": replacement.inside_zone,
        "short": replacement.too_short,
        "unrouted": replacement.no_route,
    }
    if sum(left_out.values()) > _ROUNDING * max(replacement.listed, 1.0):
        notices.append(Notice("od_left_out", {"file": name, **left_out, "listed": replacement.listed}))
    if replacement.moved > _ROUNDING * max(replacement.listed, 1.0):
        one_way = {"file": name, "moved": replacement.moved, "pairs": replacement.one_direction_pairs}
        notices.append(Notice("od_symmetrized", one_way))
    return notices


def _count_notices(counted: LinkCounts, estimate: Estimate, counts: pd.DataFrame, name: str) -> list[Notice]:
    """Say how far the counts moved the trips, and which they did not meet."""
    notices = _file_notices(name, counted.encoding, counted.ignored)
    figures = {
        "file": name,
        "count": len(counts),
        "share": estimate.changed_share,
        "pairs": estimate.changed_pairs,
        "factor": float(estimate.factor.max()),
        "information": estimate.information,
    }
    notices.append(Notice("link_counts", figures))
    missed = counts[counts["miss"].abs() > _MISSED].sort_values("miss", key=np.abs, ascending=False)
    if len(missed):
        named = ", ".join(
            f"{section} {miss:+.0%}"
            for section, miss in zip(missed["section"][:_NAMED], missed["miss"][:_NAMED], strict=True)
        )
        notices.append(Notice("link_counts_missed", {"count": len(missed), "sections": named}))
    return notices
