"""Stretches of the corridor routes between stations: ready where these stand near enough to each other.

Programmes for fuel corridors call a stretch of road ready when the next station is never farther than a
spacing, and pending otherwise (``station.ready_spacing_km``). Each named route is cut at the stations that
can be reached from it; its ends in Chengdu and Chongqing are ends of stretches too. A stretch with a closed
road is not ready, however short.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from corridor.access import access
from corridor.geodesy import great_circle_km
from corridor.named_routes import NAMED_ROUTES, has_ref, named_route

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork
    from planner.inputs import Inputs
    from planner.plan import Plan

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]

#: Columns of the table of stretches, in order (docs/tables.md), and what they hold.
STRETCH_COLUMNS = {
    "route_id": "object",
    "from_km": "float64",
    "to_km": "float64",
    "length_km": "float64",
    "from_site": "object",
    "to_site": "object",
    "closed": "bool",
    "ready": "bool",
}

#: A path bears the name of a route when it runs at least this share of its way on the route's expressways:
#: roads brought in may not reach from Chengdu to Chongqing.
_NAMED_SHARE = 0.5


def no_stretches() -> pd.DataFrame:
    """Return the table of stretches on roads that hold none of the named routes."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in STRETCH_COLUMNS.items()})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class RoutePath:
    """A named route on a network.

    Parameters
    ----------
    arcs
        (n,) int64, from Chengdu to Chongqing.
    nodes
        (n + 1,) int64, node ids passed.
    km
        (n + 1,) float64, driven since Chengdu at each.
    """

    arcs: Indices
    nodes: Indices
    km: Floats

    @property
    def length_km(self) -> float:
        """Length of the whole route."""
        return float(self.km[-1])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StretchLine:
    """A stretch as it can be drawn: its row of the table, and its line in degrees WGS 84."""

    row: Mapping[str, object]
    line: shapely.LineString


@lru_cache(maxsize=4)
def route_paths(network: RoadNetwork) -> Mapping[str, RoutePath]:
    """Return the named routes a network holds, by id, in the order of ``NAMED_ROUTES``."""
    found = {}
    for named in NAMED_ROUTES:
        arcs = named_route(network, named)
        length = network.length_km[arcs]
        on_it = has_ref(network, named.refs)[network.edge_rows[arcs]]
        if not len(arcs) or length[on_it].sum() < _NAMED_SHARE * length.sum():
            continue
        vertices = np.concatenate([network.tails[arcs[:1]], network.heads[arcs]])
        found[named.route_id] = RoutePath(
            arcs=arcs,
            nodes=network.node_ids[vertices],
            km=np.concatenate([[0.0], np.cumsum(length)]),
        )
    return found


def stations_along(
    network: RoadNetwork, path: RoutePath, stations: pd.DataFrame, *, within_km: float
) -> pd.DataFrame:
    """Return the stations that can be reached from a route.

    Parameters
    ----------
    network
        Road network.
    path
        Of the route.
    stations
        Index ``site_id``, with ``node_id``, ``lon``, ``lat``.
    within_km
        As in :func:`corridor.access.access`.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``entry`` (position in ``path.nodes`` of the node it is entered from, the nearest to it),
        ``km``; in driving order.
    """
    reached = access(stations, network, within_km=within_km)
    table = pd.DataFrame({"station": reached.site, "node_id": reached.node_id})
    entries = pd.DataFrame({"node_id": path.nodes, "entry": np.arange(len(path.nodes))})
    table = table.merge(entries, on="node_id")
    site, node = stations.iloc[table["station"]], network.nodes.loc[table["node_id"]]
    table["far_km"] = great_circle_km(site["lon"], site["lat"], node["x"], node["y"])
    nearest = table.sort_values(["far_km", "entry"], kind="stable").drop_duplicates("station")
    ordered = nearest.sort_values(["entry", "station"])
    return pd.DataFrame(
        {
            "site_id": stations.index.to_numpy(dtype=object)[ordered["station"]],
            "entry": ordered["entry"].to_numpy(dtype=np.int64),
            "km": path.km[ordered["entry"]],
        }
    )


def stretches(inputs: Inputs, site_ids: pd.Series, values: Mapping[str, float]) -> pd.DataFrame:
    """Return the table ``stretches`` of docs/tables.md.

    Parameters
    ----------
    inputs
        Roads and sites.
    site_ids
        Open stations.
    values
        Assumptions in force.
    """
    stations = inputs.sites.loc[site_ids]
    is_closed = ~np.isfinite(inputs.costs.total_cny)
    parts = [
        _cut(
            path,
            stations_along(inputs.network, path, stations, within_km=values["station.access_km"]),
            is_closed[path.arcs],
            ready_km=values["station.ready_spacing_km"],
        ).assign(route_id=route_id)
        for route_id, path in route_paths(inputs.network).items()
    ]
    if not parts:
        return no_stretches()
    table: pd.DataFrame = pd.concat(parts, ignore_index=True)
    return table[list(STRETCH_COLUMNS)].astype(STRETCH_COLUMNS)


def _cut(
    path: RoutePath, along: pd.DataFrame, is_closed: NDArray[np.bool_], *, ready_km: float
) -> pd.DataFrame:
    """Return the stretches of one route between its ends and the stations along it."""
    entry = np.concatenate([[0], along["entry"].to_numpy(), [len(path.nodes) - 1]]).astype(np.int64)
    names = ["", *along["site_id"].tolist(), ""]
    closed_before = np.concatenate([[0], np.cumsum(is_closed)])
    closed = closed_before[entry[1:]] > closed_before[entry[:-1]]
    length = path.km[entry[1:]] - path.km[entry[:-1]]
    return pd.DataFrame(
        {
            "from_km": path.km[entry[:-1]],
            "to_km": path.km[entry[1:]],
            "length_km": length,
            "from_site": names[:-1],
            "to_site": names[1:],
            "closed": closed,
            "ready": (length <= ready_km) & ~closed,
        }
    )


def stations_on(plan: Plan, route_id: str) -> pd.DataFrame:
    """Return the stations of a plan along a corridor route, in order from Chengdu.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``km``, ``name_zh``, ``name_en``, ``status``, ``capacity_kg_per_day``,
        ``load_kg_per_day``, ``utilization``.
    """
    rows = plan.stretches[plan.stretches["route_id"] == route_id].iloc[1:]
    told = ["name_zh", "name_en", "status", "capacity_kg_per_day", "load_kg_per_day", "utilization"]
    table = rows[["from_site", "from_km"]].rename(columns={"from_site": "site_id", "from_km": "km"})
    named: pd.DataFrame = table.join(plan.stations.set_index("site_id")[told], on="site_id")
    return named.reset_index(drop=True)


def stretch_lines(plan: Plan, inputs: Inputs) -> list[StretchLine]:
    """Return the stretches of a plan with their lines; those of no length are left out."""
    geometry = inputs.network.edges.geometry.to_numpy()
    found = []
    paths = route_paths(inputs.network)
    for row in plan.stretches.to_dict("records"):
        path = paths[row["route_id"]]
        first, last = (int(np.abs(path.km - row[end]).argmin()) for end in ("from_km", "to_km"))
        rows = inputs.network.edge_rows[path.arcs[first:last]]
        if not len(rows):
            continue
        points = np.concatenate([shapely.get_coordinates(line) for line in geometry[rows]])
        found.append(
            StretchLine(
                row={str(name): value for name, value in row.items()}, line=shapely.LineString(points)
            )
        )
    return found
