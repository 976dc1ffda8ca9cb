"""What every plan starts from: shipped tables joined to the road network, and the assumptions in force."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

import corridor
import demand
import planner
import siting
from corridor import roads, routes, sites, sources, zones
from corridor.costs import closed as closed_costs
from corridor.costs import generalized, rates
from corridor.errors import Fault, InputError
from corridor.km_posts import with_km_posts
from planner import site_store
from planner.closures import closed_arcs
from planner.kept import Turns
from planner.own_trips import file_stamp
from planner.plan import Notice
from planner.scenario import Scenario, suggestion
from planner.terrain import terrain_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from corridor.costs import Costs
    from corridor.elevation import Terrain
    from corridor.roads import RoadNetwork
    from corridor.routes import Routes
    from planner.scenario import AddedSite

_ROAD_PREFIX = "road."

#: A zone farther than this from a network brought in is not on it, km great-circle. The shipped roads are the
#: only ones of the region there: its mountain counties are joined to them however far.
FARTHEST_ZONE_KM = 30.0

#: A plan needs trips between two zones.
_FEWEST_ZONES = 2

#: Folders whose code changes no plan.
_DRAWINGS = {"views", "drawing"}

#: Packages whose versions a plan depends on.
_PACKAGES = ("chengyu-h2", "geopandas", "numpy", "ortools", "osmnx", "pandas", "scipy", "simpy")


#: One thread at a time reads and joins the tables of one question.
_LOADING = Turns()


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Inputs:
    """The joined tables.

    Parameters
    ----------
    network
        Road network.
    costs
        Generalized costs of its arcs; closed ones cost infinitely much.
    zones, sites, bases
        Tables of docs/tables.md with ``node_id`` and ``snap_km``; of the zones those on the network; the
        sites screened.
    far_zones
        Zones too far from the network.
    moved_zones
        Zones that closures cut off from their nearest node, and that start from another.
    refused_sites
        Sites too far from the network, or added under an id in use, with a ``reason``.
    assumptions
        Table of defaults, index ``key``.
    routes
        Routes of every pair of zones.
    route_arcs
        (routes.offsets[-1],) int64, arc that leads to each entry of the routes; -1 at an origin.
    terrain
        Elevations.
    """

    network: RoadNetwork
    costs: Costs
    zones: pd.DataFrame
    far_zones: pd.DataFrame
    moved_zones: pd.DataFrame
    sites: pd.DataFrame
    refused_sites: pd.DataFrame
    bases: pd.DataFrame
    assumptions: pd.DataFrame
    routes: Routes
    route_arcs: NDArray[np.int64]
    terrain: Terrain


def load_inputs(scenario: Scenario | None = None) -> Inputs:
    """Return the joined tables of a scenario, the default one without it.

    What several scenarios share is kept in memory: roads, routes and joined tables depend on the files, the
    closures, and the assumptions on roads only; with added sites on these, too. The same question has the
    same object for an answer, until it is crowded out (docs/replanning.md).

    Raises
    ------
    corridor.errors.InputError
        For a network that is not there or too far from every zone, and for closures that say no road.
    """
    wanted = scenario or Scenario()
    on_roads = {key: value for key, value in wanted.assumptions.items() if key.startswith(_ROAD_PREFIX)}
    stamp = f"{_shipped_stamp()} {_stamp(wanted)}"
    key = (wanted.network, stamp, tuple(sorted(on_roads.items())), wanted.closures)
    # A new page and its first solve ask at once.
    with _LOADING.on(key):
        inputs = _load(*key)
    return _with_added(inputs, wanted.added_sites) if wanted.added_sites else inputs


@lru_cache(maxsize=2)
def _with_added(inputs: Inputs, added_sites: tuple[AddedSite, ...]) -> Inputs:
    """Return the inputs with a scenario's own sites; the same object for the same question."""
    added = pd.DataFrame([site.model_dump() for site in added_sites]).set_index("site_id")
    added["name_en"] = added["name_en"].where(added["name_en"] != "", added["name_zh"])
    return with_sites(inputs, added)


def with_sites(inputs: Inputs, added: pd.DataFrame) -> Inputs:
    """Return the inputs with more sites, those that can be joined to the network.

    Parameters
    ----------
    inputs
        Joined tables.
    added
        Index ``site_id``, columns of ``sites.csv``.
    """
    in_use = added.index.isin(inputs.sites.index) | added.index.duplicated()
    attached, far = sites.attach(added[~in_use], inputs.network)
    reasons = [
        added[in_use].assign(reason="the site id is already in use"),
        far.assign(reason=_too_far(far)),
    ]
    placed = with_km_posts(attached, inputs.network)
    flagged = sites.screened(placed, inputs.network, zones=_seats(inputs.zones, inputs.far_zones))
    refused = pd.concat([inputs.refused_sites, *(part for part in reasons if len(part))])
    return replace(inputs, sites=site_store.joined(inputs.sites, flagged), refused_sites=refused)


def _seats(*zone_tables: pd.DataFrame) -> pd.DataFrame:
    """Return the seats of counties, on the network or not: a city has its center wherever the roads end."""
    columns = ["kind", "name_zh", "lon", "lat"]
    return pd.concat([table[columns] for table in zone_tables if len(table)])


def _too_far(table: pd.DataFrame) -> list[str]:
    """Return why sites far from the network are refused."""
    return [f"{km:.1f} km from the road network" for km in table["snap_km"]]


@lru_cache(maxsize=4)
def _load(
    network_folder: str | None, stamp: str, on_roads: tuple[tuple[str, float], ...], closed: tuple[str, ...]
) -> Inputs:
    """Read and join; one result per state of the files, assumptions on roads, and closures."""
    folder = sources.data_directory()
    assumptions = sources.read_assumptions(folder)
    defaults = {str(key): float(value) for key, value in assumptions["value"].items()}
    values = defaults | dict(on_roads)
    network = _network(network_folder, stamp, tuple(sources.truck_speeds(values).items()))
    costs = generalized(network, rates(values))
    zone_table = sources.read_zones(folder)
    if closed:
        costs = closed_costs(costs, closed_arcs(network, closed, zones=zone_table))
    every_zone = zones.attach(zone_table, network, cost=costs.total_cny if closed else None)
    is_near = every_zone["snap_km"] <= (np.inf if network_folder is None else FARTHEST_ZONE_KM)
    if is_near.sum() < _FEWEST_ZONES:
        mend = "Import roads of Sichuan and Chongqing"
        raise InputError(Fault("no two zones lie on the road network", str(network_folder), mend))
    joined = every_zone[is_near]
    is_moved = joined["node_id"] != zones.attach(joined, network)["node_id"]
    attached, refused = sites.attach(site_store.candidate_sites(network_folder), network)
    found = routes.between_zones(
        network,
        joined,
        costs=costs,
        most=int(values["road.alternatives"]),
        detour=values["road.detour_factor"],
        scale=values["road.choice_scale"],
    )
    return Inputs(
        network=network,
        costs=costs,
        zones=joined,
        far_zones=every_zone[~is_near],
        moved_zones=joined[is_moved],
        sites=sites.screened(attached, network, zones=zone_table),
        refused_sites=refused.assign(reason=_too_far(refused)),
        bases=zones.attach(sources.read_bases(folder), network),
        assumptions=assumptions,
        routes=found,
        route_arcs=routes.route_arcs(network, costs.total_cny, found),
        terrain=terrain_of(network, folder),
    )


@lru_cache(maxsize=2)
def _network(folder: str | None, _stamp: str, speeds: tuple[tuple[str, float], ...]) -> RoadNetwork:
    """Read a road network; closures and costs do not change it."""
    return roads.load(Path(folder) if folder is not None else None, speeds_kmh=dict(speeds))


def assumptions_in_force(
    table: pd.DataFrame, overrides: Mapping[str, float]
) -> tuple[dict[str, float], tuple[Notice, ...]]:
    """Return every assumption's value under a scenario, and notices on values outside their documented range.

    Parameters
    ----------
    table
        Defaults, index ``key``, with ``value``, ``low``, ``high``, ``unit``.
    overrides
        Values of the scenario.

    Raises
    ------
    corridor.errors.InputError
        For unknown keys, and for negative values of quantities that cannot be negative.
    """
    faults, notices = [], []
    rows = zip(table.index, table["low"], table["high"], table["unit"], strict=True)
    documented = {str(key): (float(low), float(high), str(unit)) for key, low, high, unit in rows}
    for key, value in overrides.items():
        if key not in documented:
            mend = suggestion(key, list(documented))
            faults.append(Fault(f"there is no assumption {key}", "assumptions", mend))
            continue
        low, high, unit = documented[key]
        if value < 0 <= low:
            mend = f"Documented range: {low:g} to {high:g} {unit}"
            faults.append(Fault(f"{value:g} is negative", f"assumptions, key {key}", mend))
        elif not low <= value <= high:
            values = {"name": key, "value": value, "unit": unit, "low": low, "high": high}
            notices.append(Notice("unusual_assumption", values))
    if faults:
        raise InputError(faults)
    defaults = {str(key): float(value) for key, value in table["value"].items()}
    return defaults | {key: float(value) for key, value in overrides.items()}, tuple(notices)


def fingerprint(scenario: Scenario) -> str:
    """Return the SHA-256 of tables, road network, own files and code: what a stored plan must agree with."""
    states = f"{_shipped_fingerprint(_shipped_stamp())} {_stamp(scenario)} {file_stamp(scenario)}"
    return hashlib.sha256(states.encode()).hexdigest()


def _stamp(scenario: Scenario) -> str:
    """Return what tells one state of a scenario's own road network from another; empty without."""
    if scenario.network is None:
        return ""
    source = Path(scenario.network)
    return _state(sorted(source.iterdir()) if source.is_dir() else [source])


def _shipped_stamp() -> str:
    """Return what tells one state of the shipped tables from another: they may change while the app runs."""
    folder = sources.data_directory()
    return f"{folder} {_state([folder / name for name in sources.DATA_FILES])}"


def _state(files: Sequence[Path]) -> str:
    """Return name, size and time of the last change of files that are there."""
    states = [(path.name, path.stat()) for path in files if path.is_file()]
    return " ".join(f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in states)


@lru_cache(maxsize=1)
def _shipped_fingerprint(_stamp: str) -> str:
    """Return the SHA-256 of the shipped tables and of the code."""
    digest = hashlib.sha256()
    for name, value in sources.data_hashes(sources.data_directory()).items():
        digest.update(f"{name} {value}\n".encode())
    for package in (corridor, demand, planner, siting):
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            if _DRAWINGS & set(path.relative_to(folder).parts):
                continue
            digest.update(path.read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions a plan was made with, by package, and Python's own."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
