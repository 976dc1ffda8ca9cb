"""How the modeled demand compares with published figures, the misfit in plain sight.

Trips split among the routes of their pair, so a section's volume is the sum over the routes that drive
it. Published counts hold all trucks; the model leaves out trucks below 4.5 t and trips below the shortest
trip, so it should stay below a count, not above it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor.errors import Fault
from corridor.named_routes import CHENGDU, NAMED_ROUTES, NamedRoute, named_route, numbers, refs_of
from demand.freight import DAYS_PER_YEAR
from demand.hydrogen import all_trips, demand_table
from demand.inputs import TRUCK_CLASSES, raise_faults
from demand.vehicles import vehicle_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from corridor.routes import Routes
    from demand.consumption import RouteUse

#: Places that bound the sections of G5, (lon, lat) WGS 84: approximate, used only to find the nearest nodes.
YAAN = (103.00, 30.00)
XICHANG = (102.26, 27.90)

#: Where G85 crosses the border of Sichuan and Chongqing, likewise approximate.
BORDER_G85 = (105.44, 29.40)

#: Sections with a published count: what is counted, from where, to where (None: as named).
SECTIONS: tuple[tuple[NamedRoute, tuple[float, float] | None, tuple[float, float] | None], ...] = (
    *((named, None, None) for named in NAMED_ROUTES),
    (NamedRoute(route_id="chengya", refs=("G5",), name_zh="成雅高速", name_en="Chengya"), CHENGDU, YAAN),
    (NamedRoute(route_id="yaxi", refs=("G5",), name_zh="雅西高速", name_en="Yaxi"), YAAN, XICHANG),
    (
        NamedRoute(
            route_id="chengyu_sichuan",
            refs=("G76", "G85"),
            name_zh="成渝高速四川段",
            name_en="Chengyu, Sichuan section",
        ),
        CHENGDU,
        BORDER_G85,
    ),
)

#: Ring expressways of Chengdu and Chongqing: they share numbers with the sections but carry other traffic.
RINGS = ("G4202", "G5001")

#: Year of the published traffic counts.
COUNT_YEAR = 2023

#: The section whose counts of all vehicles are published, for which years, and what makes them trucks.
COUNTED_SECTION = "chengyu_sichuan"
COUNTED_YEARS = (2019, 2020)
TRUCK_SHARE = "check.truck_share.expressway"

#: Years whose fleet is compared; fuel-cell traffic between the cities is compared in the first.
FLEET_YEARS = (2027, 2030, 2035)

#: Years from the published fleet of Sichuan (April 2024) to the middle of the first fleet year.
YEARS_BEFORE_FIRST = 3.2

_DIRECTIONS = 2.0
_TONNES_PER_MT = 1e6


def link_volumes(routes: Routes, round_trips: np.ndarray) -> pd.Series:
    """Return vehicles per day on every link that a trip drives, both directions together.

    Parameters
    ----------
    routes
        Routes of each pair.
    round_trips
        (n_routes,) float64, round trips per day.

    Returns
    -------
    pandas.Series
        Index (``u``, ``v``) node ids with u < v; vehicles per day.
    """
    return _on_links(routes, pd.DataFrame({"per_day": round_trips}))["per_day"]


def _on_links(routes: Routes, round_trips: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`link_volumes` of several columns of round trips at once."""
    inside = np.ones(len(routes.nodes), dtype=bool)
    inside[routes.offsets[:-1]] = False
    later = np.flatnonzero(inside)
    node, ids = pd.factorize(routes.nodes)
    near, far = node[later - 1].astype(np.int64), node[later].astype(np.int64)
    link, links = pd.factorize(np.minimum(near, far) * len(ids) + np.maximum(near, far))
    ends = np.sort(np.column_stack([ids[links // len(ids)], ids[links % len(ids)]]), axis=1)
    index = pd.MultiIndex.from_arrays([ends[:, 0], ends[:, 1]], names=["u", "v"])
    steps = np.diff(routes.offsets) - 1
    volumes = {
        name: np.bincount(link, weights=np.repeat(trips * _DIRECTIONS, steps), minlength=len(links))
        for name, trips in round_trips.items()
    }
    return pd.DataFrame(volumes, index=index).sort_index()


def section_volumes(network: RoadNetwork, volumes: pd.Series) -> pd.Series:
    """Return the mean volume of each section outside the city rings, weighted by length, index section id.

    Parameters
    ----------
    network
        Road network of the routes.
    volumes
        As :func:`link_volumes` gives them.
    """
    return _section_means(network, volumes.to_frame()).iloc[:, 0]


def _section_means(network: RoadNetwork, volumes: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`section_volumes` of several columns at once: index section id, the same columns."""
    means = {}
    for name, arcs in section_arcs(network).items():
        u, v = network.node_ids[network.tails[arcs]], network.node_ids[network.heads[arcs]]
        links = pd.MultiIndex.from_arrays([np.minimum(u, v), np.maximum(u, v)])
        here = volumes.reindex(links, fill_value=0.0).to_numpy()
        km = network.length_km[arcs]
        means[name] = km @ here / km.sum() if len(arcs) else np.full(volumes.shape[1], np.nan)
    return pd.DataFrame.from_dict(means, orient="index", columns=volumes.columns)


def section_arcs(network: RoadNetwork) -> dict[str, NDArray[np.int64]]:
    """Return the arcs of each section outside the city rings, one way, in driving order, by section id."""
    sections = {}
    ref_of = refs_of(network)
    for named, start, end in SECTIONS:
        ends = {"origin": start, "destination": end} if start is not None and end is not None else {}
        arcs = named_route(network, named, **ends)
        counted = [_counts(ref_of[row], named.refs) for row in network.edge_rows[arcs]]
        sections[named.route_id] = arcs[np.array(counted, dtype=bool)]
    return sections


def _counts(ref: object, wanted: Sequence[str]) -> bool:
    """Tell whether a road number belongs to the section and to no ring."""
    found = set(numbers(ref))
    return not found.isdisjoint(wanted) and found.isdisjoint(RINGS)


def implied_fleet(demand: pd.DataFrame, routes: Routes, *, assumptions: Mapping[str, float]) -> pd.Series:
    """Return how many fuel-cell vehicles the trips keep busy, index vehicle class.

    Vehicle-kilometers per day over the kilometers a vehicle of the class runs in a day.
    """
    km = _DIRECTIONS * demand["trips_per_day"] * routes.length_km[demand["route"]]
    per_class = km.groupby(demand["vehicle_class"]).sum()
    return per_class / vehicle_table(assumptions)["km_per_day"].loc[per_class.index]


def between(zones: pd.DataFrame, routes: Routes, one: pd.Series, other: pd.Series) -> np.ndarray:
    """Return (n_routes,) bool: routes that join a zone flagged in ``one`` with one flagged in ``other``."""
    ids = list(routes.zone_ids)
    a, b = (flag.reindex(zones.index).loc[ids].to_numpy(dtype=bool) for flag in (one, other))
    joins = (a[routes.origin] & b[routes.destination]) | (b[routes.origin] & a[routes.destination])
    return np.asarray(joins, dtype=bool)


def comparison(
    zones: pd.DataFrame,
    routes: Routes,
    network: RoadNetwork,
    *,
    used: RouteUse,
    assumptions: Mapping[str, float],
    published: pd.DataFrame,
) -> pd.DataFrame:
    """Return modeled against published figures, one row per key ``check.*`` that the model can answer.

    Parameters
    ----------
    zones, routes, network, used
        What the demand is made of.
    assumptions
        Value by key.
    published
        The assumptions table, index ``key`` (docs/tables.md); its rows ``check.*`` are the published figures.

    Returns
    -------
    pandas.DataFrame
        Index ``quantity`` (the key without ``check.``); ``model``, ``published``, ``low``, ``high``,
        ``misfit`` (model / published - 1), ``inside`` (model within low and high), ``source``.

    Raises
    ------
    corridor.errors.InputError
        If a published row is missing, besides the faults of the inputs.
    """
    needed = [*_published_keys(), TRUCK_SHARE, *(f"check.fleet.{year}" for year in FLEET_YEARS[:1])]
    absent = [key for key in needed if key not in published.index]
    raise_faults([Fault("the key is missing", key, "Add it to the assumptions") for key in absent])
    model = _modeled(zones, routes, network, used, assumptions, published["value"])
    rows = _published(published).loc[model.index]
    return pd.DataFrame(
        {
            "model": model,
            "published": rows["value"],
            "low": rows["low"],
            "high": rows["high"],
            "misfit": model / rows["value"] - 1.0,
            "inside": model.between(rows["low"], rows["high"]),
            "source": rows["source"],
        }
    ).rename_axis("quantity")


def _published_keys() -> list[str]:
    """Return the keys of the published figures."""
    counted = f"trucks_per_day.{COUNTED_SECTION}"
    names = [f"trucks_per_day.{named.route_id}" for named, _, _ in SECTIONS]
    names = [name for name in names if name != counted]
    names += [f"vehicles_per_day.{COUNTED_SECTION}.{year}" for year in COUNTED_YEARS]
    names += ["trucks_per_day.three_corridors", "interprovincial_mt_per_year"]
    names += [f"intercity_fleet.{year}" for year in FLEET_YEARS]
    names += ["fleet.sichuan_2024", "fuel_cell_vehicles_chengdu_chongqing", "kg_per_truck_day"]
    return [f"check.{name}" for name in names]


def _published(table: pd.DataFrame) -> pd.DataFrame:
    """Return the published figures, index quantity; counts of all vehicles times the share of trucks."""
    rows = table.loc[_published_keys(), ["value", "low", "high", "source"]]
    rows.index = pd.Index([str(key).removeprefix("check.") for key in rows.index])
    share = table.loc[TRUCK_SHARE]
    counts = table.loc[[f"check.vehicles_per_day.{COUNTED_SECTION}.{year}" for year in COUNTED_YEARS]]
    trucks = counts[["value", "low", "high"]].astype(np.float64) * [
        share[n] for n in ("value", "low", "high")
    ]
    trucks["source"] = counts["source"] + "; times the share of trucks: " + str(share["source"])
    trucks.index = pd.Index([f"trucks_per_day.{COUNTED_SECTION}.{year}" for year in COUNTED_YEARS])
    return pd.concat([rows, trucks])


def _modeled(
    zones: pd.DataFrame,
    routes: Routes,
    network: RoadNetwork,
    used: RouteUse,
    assumptions: Mapping[str, float],
    published: pd.Series,
) -> pd.Series:
    """Return the model's side of the comparison, index quantity."""
    by_year = {
        year: all_trips(zones, routes, assumptions=assumptions, year=year)[list(TRUCK_CLASSES)]
        for year in (COUNT_YEAR, *COUNTED_YEARS)
    }
    totals = pd.DataFrame({year: trips.sum(axis=1).to_numpy() for year, trips in by_year.items()})
    sections = _section_means(network, _on_links(routes, totals))
    trucks, now = by_year[COUNT_YEAR], sections[COUNT_YEAR]
    model = {f"trucks_per_day.{name}": now[name] for name in now.index if name != COUNTED_SECTION}
    for year in COUNTED_YEARS:
        model[f"trucks_per_day.{COUNTED_SECTION}.{year}"] = sections.loc[COUNTED_SECTION, year]
    corridor = [named.route_id for named in NAMED_ROUTES]
    model["trucks_per_day.three_corridors"] = float(now[corridor].sum(skipna=False))
    province = zones["province_zh"]
    across = between(zones, routes, province == "四川省", province == "重庆市")
    load_t = pd.Series({name: assumptions[f"vehicle.{name}.payload_t"] for name in TRUCK_CLASSES})
    loaded = assumptions["freight.load_factor"] * (1.0 - assumptions["freight.empty_running"])
    tonnes_per_day = _DIRECTIONS * loaded * float((trucks[across].sum() * load_t).sum())
    model["interprovincial_mt_per_year"] = tonnes_per_day * DAYS_PER_YEAR / _TONNES_PER_MT
    return pd.Series(
        model | _modeled_fuel_cells(zones, routes, used, assumptions, published), dtype=np.float64
    )


def _modeled_fuel_cells(
    zones: pd.DataFrame,
    routes: Routes,
    used: RouteUse,
    assumptions: Mapping[str, float],
    published: pd.Series,
) -> dict[str, float]:
    """Return the model's side of what is known of fuel-cell vehicles."""
    demands = {
        year: demand_table(zones, routes, used=used, assumptions=assumptions, year=year)
        for year in FLEET_YEARS
    }
    fleets = {
        year: float(implied_fleet(demand, routes, assumptions=assumptions).sum())
        for year, demand in demands.items()
    }
    model = {f"intercity_fleet.{year}": fleet for year, fleet in fleets.items()}
    first = demands[FLEET_YEARS[0]]
    model["fleet.sichuan_2024"] = _fleet_of_sichuan(zones, routes, first, assumptions, fleets, published)
    cities = between(zones, routes, zones["prefecture_zh"] == "成都市", zones["province_zh"] == "重庆市")
    passing = _DIRECTIONS * first["trips_per_day"][cities[first["route"]]].sum()
    model["fuel_cell_vehicles_chengdu_chongqing"] = float(passing)
    tractors = first[first["vehicle_class"] == "tractor_49t"]
    kg = (tractors["trips_per_day"] * tractors["kg_per_trip"]).sum()
    km = _DIRECTIONS * (tractors["trips_per_day"] * routes.length_km[tractors["route"]]).sum()
    km_per_day = vehicle_table(assumptions)["km_per_day"]["tractor_49t"]
    model["kg_per_truck_day"] = float(kg / km * km_per_day)
    return model


def _fleet_of_sichuan(
    zones: pd.DataFrame,
    routes: Routes,
    first: pd.DataFrame,
    assumptions: Mapping[str, float],
    fleets: Mapping[int, float],
    published: pd.Series,
) -> float:
    """Return the fleet of Sichuan in April 2024, carried back from the first year adoption is given for.

    Half of each trip's vehicles belongs to each end; over the share of the fleet on intercity work; falling
    back in time as it grows from the first fleet year to the second. No trend before 2027 is modeled.
    """
    sichuan = (zones["province_zh"] == "四川省").loc[list(routes.zone_ids)].to_numpy(dtype=np.float64)
    ends = (sichuan[routes.origin] + sichuan[routes.destination]) / 2.0
    at_home = first.assign(trips_per_day=first["trips_per_day"] * ends[first["route"]])
    year, later = FLEET_YEARS[:2]
    intercity = published[f"check.intercity_fleet.{year}"] / published[f"check.fleet.{year}"]
    fleet = float(implied_fleet(at_home, routes, assumptions=assumptions).sum()) / intercity
    growth = (fleets[later] / fleets[year]) ** (1.0 / (later - year))
    return float(fleet / growth**YEARS_BEFORE_FIRST)
