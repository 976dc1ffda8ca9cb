"""Closed roads as people write them, and the arcs they stand for.

====================== ==========================================================================
``G5``                 the whole road of that number, both directions
``G5 雅安..西昌``       of that road, what lies between the points nearest to two places
``G5 km 1990..2010``   of that road, what lies between the interchanges nearest to two km posts
``118..254``           the edges from node 118 to node 254, in that direction only
====================== ==========================================================================
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from corridor import closures
from corridor.errors import Fault, InputError
from corridor.geodesy import great_circle_km
from corridor.named_routes import has_ref
from planner.places import position

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from corridor.roads import RoadNetwork

GRAMMAR = "Write 'G5', 'G5 雅安..西昌', 'G5 km 1990..2010', or two node ids '118..254'"

_EDGE = re.compile(r"(\d+)\s*\.\.\s*(\d+)")
_POSTS = re.compile(r"(\S+)\s+km\s*(\d+(?:\.\d+)?)\s*\.\.\s*(\d+(?:\.\d+)?)", re.IGNORECASE)
_STRETCH = re.compile(r"(\S+)\s+(.+?)\s*\.\.\s*(.+)")
_ROAD = re.compile(r"[A-Za-z]+\d+\w*")

#: A place this far from the road does not say where on it, km great-circle.
_FARTHEST_KM = 60.0

#: Nodes this much farther from the place than the nearest may stand in for it: the other carriageway.
_AROUND_KM = 3.0


def closed_arcs(network: RoadNetwork, texts: Sequence[str], *, zones: pd.DataFrame) -> NDArray[np.int64]:
    """Return the arcs that closures take out of the network.

    Parameters
    ----------
    network
        Road network.
    texts
        Closures, as the table above says.
    zones
        Places by name, as for :func:`planner.places.position`.

    Returns
    -------
    arcs
        (n,) int64, positions into ``heads``, ascending, for :func:`corridor.costs.closed`.

    Raises
    ------
    corridor.errors.InputError
        With one fault per closure that says nothing or names what is not there.
    """
    found: list[NDArray[np.int64]] = [np.zeros(0, dtype=np.int64)]
    faults: list[Fault] = []
    for text in texts:
        try:
            found.append(_arcs(network, text.strip(), zones))
        except InputError as error:
            faults += [Fault(fault.what, f"closures, {text!r}", fault.mend) for fault in error.faults]
    if faults:
        raise InputError(faults)
    return np.unique(np.concatenate(found))


def _arcs(network: RoadNetwork, text: str, zones: pd.DataFrame) -> NDArray[np.int64]:
    """Return the arcs of one closure."""
    if edge := _EDGE.fullmatch(text):
        return closures.edges(network, [(int(edge[1]), int(edge[2]))])
    if posts := _POSTS.fullmatch(text):
        ref = posts[1].upper()
        ends = [closures.interchange(network, ref, km_post=float(posts[side])) for side in (2, 3)]
        return closures.stretch(network, ref, between=([ends[0]], [ends[1]]))
    if between := _STRETCH.fullmatch(text):
        ref = between[1].upper()
        one, other = (_nearest(network, ref, between[side], zones).tolist() for side in (2, 3))
        return closures.stretch(network, ref, between=(one, other))
    if _ROAD.fullmatch(text):
        on_road = has_ref(network, (text.upper(),))[network.edge_rows]
        if not on_road.any():
            raise InputError(
                Fault(f"no road has the number {text}", "closures", "Write it as on the map: G76")
            )
        return np.flatnonzero(on_road).astype(np.int64)
    raise InputError(Fault("says no road", "closures", GRAMMAR))


def _nearest(network: RoadNetwork, ref: str, place: str, zones: pd.DataFrame) -> NDArray[np.int64]:
    """Return the nodes of a road near a place, the nearest first."""
    lon, lat = position(network, place, zones=zones)
    arcs = np.flatnonzero(has_ref(network, (ref,))[network.edge_rows])
    if not len(arcs):
        raise InputError(Fault(f"no road has the number {ref}", "closures", "Write it as on the map: G76"))
    nodes = network.node_ids[np.unique(np.concatenate([network.tails[arcs], network.heads[arcs]]))]
    at = network.nodes.loc[nodes]
    km = great_circle_km(lon, lat, at["x"].to_numpy(dtype=np.float64), at["y"].to_numpy(dtype=np.float64))
    if km.min() > _FARTHEST_KM:
        what = f"{place} is {km.min():,.0f} km from {ref}"
        raise InputError(Fault(what, "closures", f"Name a place within {_FARTHEST_KM:g} km of the road"))
    order = np.argsort(km, kind="stable")
    return np.asarray(nodes[order[km[order] <= km.min() + _AROUND_KM]], dtype=np.int64)
