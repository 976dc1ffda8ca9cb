"""What every plan starts from: shipped tables joined to the road network, and the assumptions in force."""

from __future__ import annotations

import hashlib
import platform
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import corridor
import demand
import planner
import siting
from corridor import roads, routes, sites, sources, zones
from corridor.errors import Fault, InputError
from planner.plan import Notice
from planner.scenario import suggestion

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from corridor.roads import RoadNetwork
    from corridor.routes import Routes

_SPEED_PREFIX = "road.truck_speed_kmh."

#: Packages whose versions a plan depends on.
_PACKAGES = ("chengyu-h2", "geopandas", "numpy", "ortools", "osmnx", "pandas", "scipy")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Inputs:
    """The joined tables.

    Parameters
    ----------
    network
        Road network.
    zones, sites, bases
        Tables of docs/tables.md with ``node_id`` and ``snap_km``.
    refused_sites
        Sites too far from the network.
    assumptions
        Table of defaults, index ``key``.
    routes
        Quickest route of every pair of zones.
    """

    network: RoadNetwork
    zones: pd.DataFrame
    sites: pd.DataFrame
    refused_sites: pd.DataFrame
    bases: pd.DataFrame
    assumptions: pd.DataFrame
    routes: Routes


def load_inputs(overrides: Mapping[str, float] | None = None) -> Inputs:
    """Return the joined tables, kept in memory after the first call.

    Parameters
    ----------
    overrides
        Assumption values of a scenario; of these only truck speeds change the inputs.
    """
    speeds = {key: value for key, value in (overrides or {}).items() if key.startswith(_SPEED_PREFIX)}
    return _load(tuple(sorted(speeds.items())))


@lru_cache(maxsize=4)
def _load(speed_overrides: tuple[tuple[str, float], ...]) -> Inputs:
    """Read and join; one result per set of truck speeds."""
    folder = sources.data_directory()
    assumptions = sources.read_assumptions(folder)
    defaults = {str(key): float(value) for key, value in assumptions["value"].items()}
    speeds = sources.truck_speeds(defaults | dict(speed_overrides))
    nodes, edges = sources.read_roads(folder)
    network = roads.from_tables(nodes, edges, speeds_kmh=speeds)
    zone_table = zones.attach(sources.read_zones(folder), network)
    attached, refused = sites.attach(sources.read_sites(folder), network)
    return Inputs(
        network=network,
        zones=zone_table,
        sites=attached,
        refused_sites=refused,
        bases=zones.attach(sources.read_bases(folder), network),
        assumptions=assumptions,
        routes=routes.between_zones(network, zone_table),
    )


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


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """Return the SHA-256 of the shipped tables and of the code: what a stored plan must agree with."""
    digest = hashlib.sha256()
    for name, value in sources.data_hashes(sources.data_directory()).items():
        digest.update(f"{name} {value}\n".encode())
    for package in (corridor, demand, planner, siting):
        folder = Path(str(package.__file__)).parent
        for path in sorted(folder.rglob("*.py")):
            if "views" in path.relative_to(folder).parts:  # a drawing changes no plan
                continue
            digest.update(path.read_bytes())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """Return the versions a plan was made with, by package, and Python's own."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
