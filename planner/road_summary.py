"""Figures of a road network, for people who want to know what they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corridor import costs, sources
from corridor.stored_terrain import stored
from planner import road_store
from planner.terrain import terrain_of

if TYPE_CHECKING:
    from pathlib import Path

    from corridor.roads import RoadNetwork


def summary(network: RoadNetwork, folder: Path) -> dict[str, Any]:
    """Return the figures of a network; km and hours count each direction of travel.

    Parameters
    ----------
    network
        Road network.
    folder
        Where the shipped tables are: toll rates, and elevations for a network that holds none.
    """
    edges = network.edges
    km = edges["length"] / 1000.0
    by_class = km.groupby(edges["highway"].map(_text)).sum().sort_values(ascending=False)
    refs = {part for ref in edges["ref"].dropna().map(_text) for part in ref.split(";")}
    west, south, east, north = network.nodes.total_bounds
    return {
        "nodes": len(network.nodes),
        "edges": len(edges),
        "km": round(float(km.sum()), 1),
        "truck_hours": round(float(network.hours.sum()), 1),
        "tolled_km": round(_tolled_km(network, folder), 1),
        "tunnel_km": _structure_km(network, "tunnel"),
        "bridge_km": _structure_km(network, "bridge"),
        "km_by_class": {str(name): round(float(value), 1) for name, value in by_class.items()},
        "refs": sorted(refs),
        "bbox": [round(float(side), 5) for side in (west, south, east, north)],
        "strong_components": _components(network),
        "elevation": _elevation(network, folder),
    }


def _tolled_km(network: RoadNetwork, folder: Path) -> float:
    """Km on which a six-axle truck pays toll."""
    assumptions = sources.read_assumptions(folder)["value"]
    rates = costs.rates({str(key): float(value) for key, value in assumptions.items()})
    return float(network.length_km[costs.generalized(network, rates).toll_cny > 0].sum())


def _structure_km(network: RoadNetwork, kind: str) -> float | None:
    """Km in tunnels or on bridges; None where the tables do not say."""
    name = f"{kind}_share"
    if name not in network.edges:
        return None
    return round(float((network.edges[name] * network.edges["length"]).sum()) / 1000.0, 1)


def _elevation(network: RoadNetwork, folder: Path) -> dict[str, Any]:
    """Lowest and highest node, m (null where all is unknown), and the share of nodes by quality."""
    nodes = terrain_of(network, folder).nodes
    known = nodes["elevation_m"].dropna()
    shares = nodes["elevation_quality"].value_counts(normalize=True)
    return {
        "lowest_m": None if known.empty else round(float(known.min())),
        "highest_m": None if known.empty else round(float(known.max())),
        "source": "network" if stored(network) else "shipped table of towns and passes",
        "share_by_quality": {str(name): round(float(share), 4) for name, share in shares.items()},
    }


def _components(network: RoadNetwork) -> int:
    """Count the strongly connected components."""
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415  used by one command only

    return int(connected_components(network.matrix(), directed=True, connection="strong")[0])


def origin(source: Path | None) -> dict[str, Any]:
    """Return where a network came from and under which license."""
    if source is None:
        return {"source": "OpenStreetMap, derived (data/README.md)", "license": road_store.OSM_LICENSE}
    known = road_store.description(source) if source.is_dir() else {}
    found = {"source": known.get("source") or str(source), "license": known.get("license") or "unknown"}
    return found | ({"import": known["report"]} if known.get("report") else {})


def _text(value: object) -> str:
    """Return a cell as text, of a list the values joined."""
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)


def one_line(value: object) -> str:
    """Return a value on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {one_line(each)}" for key, each in value.items())
    if value is None:
        return "unknown"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    return str(value)
