"""What a scenario's demand amounts to: by class, by county, by road, and against what is published.

A round trip's kilometers and kilograms count half for each of its two ends in the table of counties, and
where they are driven in the tables of roads: the way there on an arc, the way back on the same road.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from corridor import zones
from corridor.named_routes import NAMED_ROUTES, corridor_share
from demand.checks import COUNTED_SECTION, SECTIONS, comparison, implied_fleet, section_arcs
from demand.consumption import route_use
from demand.hydrogen import all_trips
from demand.inputs import VEHICLE_CLASSES
from demand.point_demands import by_use
from demand.profile import DAY_TYPES, MONTHS, daily_factor, habit, hourly
from planner.driving import class_numbers, on_arcs
from planner.inputs import assumptions_in_force, load_inputs
from planner.own_trips import own_trips
from planner.plan import records
from planner.points import placed_points
from planner.siting_case import scoped_demand

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from demand.consumption import Consumption
    from planner.inputs import Inputs
    from planner.scenario import Scenario
    from planner.text import Language

_BOTH_WAYS = 2.0
_PER_100_KM = 100.0

#: Decimals of the tables as CSV, by the unit that ends the name of a column.
_DECIMALS = {"per_day": 2, "km": 1, "share": 4, "misfit": 3}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DemandReport:
    """Tables of a scenario's demand; all of its scope but the calibration, which is of the whole region.

    Parameters
    ----------
    classes
        Index ``vehicle_class``: ``all_fuels_trips_per_day``, ``fuel_cell_share`` (of them),
        ``trips_per_day`` (fuel-cell round trips, as in all tables), ``vehicle_km_per_day``, ``kg_per_day``,
        ``kg_per_100km``, ``usable_range_km`` (mean by kg), ``vehicles`` (kept busy).
    counties
        Index ``zone_id``, names; ``trips_per_day``, ``vehicle_km_per_day``, ``kg_per_day``: half of each
        trip at each end, gateways standing for what lies beyond.
    corridors
        Index section id, names, ``length_km``, ``vehicles_per_day`` (fuel-cell, both directions, mean by
        length), ``vehicle_km_per_day``, ``kg_per_day`` used on it; city rings left out.
    sections
        Pieces of the corridors by the prefecture whose county seat is nearest (great circle):
        ``corridor``, ``prefecture_zh``, and columns as above.
    calibration
        As :func:`demand.checks.comparison` gives it: of the modeled trips and the policy shares, whatever
        trips and way of adoption the scenario chooses.
    points
        Point demands by use, as :func:`demand.point_demands.by_use` gives them; in no other table.
    """

    classes: pd.DataFrame
    counties: pd.DataFrame
    corridors: pd.DataFrame
    sections: pd.DataFrame
    calibration: pd.DataFrame
    points: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Return the tables as lists of records, ready for JSON."""
        return {field.name: records(_flat(getattr(self, field.name))) for field in fields(self)}

    def write_csv(self, folder: Path) -> list[Path]:
        """Write each table as ``demand_<table>.csv``, UTF-8 with byte-order mark; return the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for field in fields(self):
            path = folder / f"demand_{field.name}.csv"
            table = _flat(getattr(self, field.name))
            places = {
                str(name): next((n for end, n in _DECIMALS.items() if str(name).endswith(end)), 3)
                for name in table.columns
            }
            content: str = table.round(places).to_csv(index=False)
            path.write_bytes(content.encode("utf-8-sig"))
            paths.append(path)
        return paths


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its named index as columns; a numbering is no column."""
    return table if isinstance(table.index, pd.RangeIndex) else table.reset_index()


def demand_report(scenario: Scenario) -> DemandReport:
    """Return the demand of a scenario in tables.

    Raises
    ------
    corridor.errors.InputError
        For faulty assumptions or inputs.
    corridor.errors.InfeasibleError
        If totals contradict each other.
    """
    inputs = load_inputs(scenario)
    values, _ = assumptions_in_force(inputs.assumptions, scenario.assumptions)
    used = on_arcs(inputs.network, inputs.terrain, values)
    own = own_trips(scenario, inputs, values)
    demand = scoped_demand(scenario, inputs, values, used, own=own)
    located = zones.scaled(inputs.zones, scenario.zone_factor)
    if own.given is None:
        everyone = all_trips(located, inputs.routes, assumptions=values, year=scenario.year)
    else:
        everyone = own.given.round_trips
    corridors, sections = road_tables(inputs, demand, used)
    return DemandReport(
        classes=_classes(demand, everyone[in_scope(scenario, inputs, values)], inputs, values),
        counties=county_table(demand, inputs),
        corridors=corridors,
        sections=sections,
        calibration=comparison(
            located,
            inputs.routes,
            inputs.network,
            used=route_use(inputs.routes, inputs.route_arcs, used),
            assumptions=values,
            published=inputs.assumptions,
        ),
        points=by_use(
            placed_points(scenario, inputs, values).table,
            trips_kg_per_day=float(demand["kg_per_day"].sum()),
        ),
    )


def in_scope(scenario: Scenario, inputs: Inputs, values: Mapping[str, float]) -> NDArray[np.bool_]:
    """Return (n_routes,) bool: routes whose trips count, as in :func:`planner.siting_case.scoped_demand`."""
    if scenario.scope == "region":
        return np.ones(len(inputs.routes), dtype=bool)
    share = corridor_share(inputs.network, inputs.routes)
    return np.asarray(share >= values["scope.corridor_share"], dtype=bool)


def _classes(
    demand: pd.DataFrame, everyone: pd.DataFrame, inputs: Inputs, values: Mapping[str, float]
) -> pd.DataFrame:
    """Return the table of classes."""
    km = _BOTH_WAYS * demand["trips_per_day"] * inputs.routes.length_km[demand["route"]]
    amounts = pd.DataFrame(
        {
            "vehicle_class": demand["vehicle_class"],
            "trips_per_day": demand["trips_per_day"],
            "vehicle_km_per_day": km,
            "kg_per_day": demand["kg_per_day"],
            "weighted_km": demand["usable_range_km"] * demand["kg_per_day"],
        }
    )
    table = amounts.groupby("vehicle_class").sum().reindex(list(VEHICLE_CLASSES), fill_value=0.0)
    every = everyone.sum().loc[table.index]
    kg = table["kg_per_day"].where(table["kg_per_day"] > 0)
    return pd.DataFrame(
        {
            "all_fuels_trips_per_day": every,
            "fuel_cell_share": table["trips_per_day"] / every.where(every > 0),
            "trips_per_day": table["trips_per_day"],
            "vehicle_km_per_day": table["vehicle_km_per_day"],
            "kg_per_day": table["kg_per_day"],
            "kg_per_100km": kg / table["vehicle_km_per_day"] * _PER_100_KM,
            "usable_range_km": table["weighted_km"] / kg,
            "vehicles": implied_fleet(demand, inputs.routes, assumptions=values).reindex(
                table.index, fill_value=0.0
            ),
        }
    ).rename_axis("vehicle_class")


def county_table(demand: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """Return the table of counties and gateways: half of every round trip at each end."""
    routes = inputs.routes
    route = demand["route"].to_numpy()
    trips = demand["trips_per_day"].to_numpy()
    amounts = {
        "trips_per_day": trips,
        "vehicle_km_per_day": _BOTH_WAYS * trips * routes.length_km[route],
        "kg_per_day": demand["kg_per_day"].to_numpy(),
    }
    names = ["name_zh", "name_en", "kind", "prefecture_zh", "province_zh"]
    table = inputs.zones.loc[list(routes.zone_ids), names].rename_axis("zone_id")
    n_zones = len(routes.zone_ids)
    for name, amount in amounts.items():
        at_ends = [
            np.bincount(ends[route], weights=amount, minlength=n_zones)
            for ends in (routes.origin, routes.destination)
        ]
        table[name] = (at_ends[0] + at_ends[1]) / 2.0
    return table.sort_values("kg_per_day", ascending=False)


def arc_loads(
    inputs: Inputs, demand: pd.DataFrame, used: Consumption
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return round trips per day and kg per day on every arc.

    A round trip is counted once, on the arcs of its way there; its kilograms there hold both ways.

    Returns
    -------
    trips, kg
        (n_arcs,) float64.
    """
    routes, n_classes, n_arcs = inputs.routes, len(VEHICLE_CLASSES), len(inputs.network.heads)
    cell = demand["route"].to_numpy() * n_classes + class_numbers(demand)
    trips = np.bincount(cell, weights=demand["trips_per_day"], minlength=len(routes) * n_classes)
    per_route = trips.reshape(len(routes), n_classes)
    driven = np.flatnonzero(per_route.any(axis=1))
    chosen, arcs = routes.only(driven), inputs.route_arcs[routes.entries(driven)]
    entries, on_road = np.diff(chosen.offsets), arcs >= 0
    total, kg = np.zeros(n_arcs), np.zeros(n_arcs)
    for kind in range(n_classes):
        weights = np.repeat(per_route[driven, kind], entries)[on_road]
        passing = np.bincount(arcs[on_road], weights=weights, minlength=n_arcs)
        total += passing
        kg += passing * (used.out_kg[:, kind] + used.back_kg[:, kind])
    return total, kg


def road_tables(inputs: Inputs, demand: pd.DataFrame, used: Consumption) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables of corridors and of their sections."""
    trips, kg = arc_loads(inputs, demand, used)
    order, key = _by_ends(inputs.network)
    pieces = []
    for name, arcs in section_arcs(inputs.network).items():
        if name == COUNTED_SECTION:  # part of another
            continue
        rows = [_arc_between(inputs.network, order, key, arcs, back=back) for back in (False, True)]
        used_by = sum((_taken(trips, row) for row in rows), np.zeros(len(arcs)))
        burned = sum((_taken(kg, row) for row in rows), np.zeros(len(arcs)))
        length = inputs.network.length_km[arcs]
        piece = {"prefecture_zh": _prefectures(inputs, arcs), "length_km": length, "kg_per_day": burned}
        pieces.append(
            pd.DataFrame(piece | {"corridor": name, "vehicle_km_per_day": _BOTH_WAYS * used_by * length})
        )
    driven = pd.concat(pieces, ignore_index=True)
    named = {named.route_id: named for named, _, _ in SECTIONS}
    sections = _summed(driven, ["corridor", "prefecture_zh"]).reset_index()
    corridors = _summed(driven, ["corridor"])
    corridors.insert(0, "name_zh", [named[str(name)].name_zh for name in corridors.index])
    corridors.insert(1, "name_en", [named[str(name)].name_en for name in corridors.index])
    is_named = corridors.index.isin([route.route_id for route in NAMED_ROUTES])
    corridors.insert(2, "is_corridor", is_named)
    return corridors, sections


def _summed(driven: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return arcs summed up, in driving order."""
    table = driven.groupby(by, sort=False)[["length_km", "vehicle_km_per_day", "kg_per_day"]].sum()
    table.insert(1, "vehicles_per_day", table["vehicle_km_per_day"] / table["length_km"])
    return table


def _by_ends(network: RoadNetwork) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the arcs in order of the pair of vertices they join, and that pair as one number."""
    arcs = network.arcs()
    key = network.tails[arcs].astype(np.int64) * network.n_nodes + network.heads[arcs]
    order = np.argsort(key, kind="stable")
    return arcs[order].astype(np.int64), key[order]


def _arc_between(
    network: RoadNetwork,
    order: NDArray[np.int64],
    key: NDArray[np.int64],
    arcs: NDArray[np.int64],
    *,
    back: bool,
) -> NDArray[np.int64]:
    """Return the arc that joins the ends of each given arc, the same way or back; -1 where there is none."""
    ends = (network.heads, network.tails) if back else (network.tails, network.heads)
    wanted = ends[0][arcs].astype(np.int64) * network.n_nodes + ends[1][arcs]
    found = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
    return np.where(key[found] == wanted, order[found], -1)


def _taken(values: NDArray[np.float64], arcs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the values of arcs, zero for none."""
    return np.append(values, 0.0)[arcs]


def _prefectures(inputs: Inputs, arcs: NDArray[np.int64]) -> list[str]:
    """Return the prefecture whose county seat lies nearest to each arc's middle."""
    network, seats = inputs.network, inputs.zones[inputs.zones["kind"] == "county"]
    nodes = network.nodes.loc[network.node_ids]
    lon, lat = nodes["x"].to_numpy(), nodes["y"].to_numpy()
    tails, heads = network.tails[arcs], network.heads[arcs]
    east = (lon[tails] + lon[heads])[:, None] / 2.0 - seats["lon"].to_numpy()
    north = (lat[tails] + lat[heads])[:, None] / 2.0 - seats["lat"].to_numpy()
    narrowing = np.cos(np.radians(seats["lat"].to_numpy()))
    nearest = np.argmin((east * narrowing) ** 2 + north**2, axis=1)
    return [str(name) for name in seats["prefecture_zh"].iloc[nearest]]


def profile(values: Mapping[str, float]) -> dict[str, Any]:
    """Return when vehicles refuel, ready for JSON: habits, 24 hourly shares and daily factors by class.

    Nothing else in a plan uses it yet.
    """
    usual = habit(values)
    return {
        "refuel_below": usual.below,
        "refuel_to": usual.to,
        "hourly_share": {name: hourly(values, name).tolist() for name in VEHICLE_CLASSES},
        "daily_factor": {
            name: {
                kind: [daily_factor(values, name, month=month, day_type=kind) for month in MONTHS]
                for kind in DAY_TYPES
            }
            for name in VEHICLE_CLASSES
        },
    }


def method(language: Language, values: Mapping[str, float]) -> str:
    """Return the method on one page: plain text with the assumptions in force filled in.

    Parameters
    ----------
    language
        ``zh`` or ``en``.
    values
        Assumptions by key: the page names them as ``[[key]]``.
    """
    page = resources.files("planner").joinpath(f"method_{language}.txt").read_text(encoding="utf-8")
    return re.sub(r"\[\[([\w.]+)\]\]", lambda found: f"{values[found[1]]:g}", page)
