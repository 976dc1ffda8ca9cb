"""What node.csv may say about a station at a node: what it costs, who may enter, what vehicles start with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault
from planner.instance_tables import numbers, report

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from planner.instance_tables import Links

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class StationColumns:
    """Optional columns of node.csv for flow refueling.

    Parameters
    ----------
    cost
        (n_nodes,) float64, of a new station; 1 where the column is absent.
    node, neighbor
        (n,) int64 vertices: a station at the node may be entered by who comes from the neighbor. A node that
        stands in no pair is entered from anywhere.
    start_fill
        (n_nodes,) float64, share of the tank at this origin without a station; NaN where it is not given.
    """

    cost: Floats
    node: Indices
    neighbor: Indices
    start_fill: Floats

    def entered_from(self, sites: Indices) -> tuple[Indices, Indices] | None:
        """Return position among the sites and neighbor of each pair; None without pairs."""
        if not self.node.size:
            return None
        pair = np.isin(self.node, sites)
        return np.searchsorted(sites, self.node[pair]).astype(np.int64), self.neighbor[pair]


def station_columns(
    node: pd.DataFrame, vertex: dict[str, int], links: Links, faults: list[Fault]
) -> StationColumns:
    """Read the columns `cost`, `from_nodes` (neighbors, separated by spaces) and `start_fill` of node.csv."""
    cost = numbers(node, "cost", "node.csv", faults, lowest=0.0) if "cost" in node else np.ones(len(node))
    fill = np.full(len(node), np.nan)
    if "start_fill" in node:
        given = node[node["start_fill"] != ""]
        shares = numbers(given, "start_fill", "node.csv", faults, lowest=0.0)
        report(
            faults,
            given[shares > 1.0],
            "node.csv",
            lambda row: f"start_fill {row['start_fill']!r} will not do",
            "Write a share, 0 to 1",
        )
        fill[node.index.get_indexer(given.index)] = shares
    pairs: list[tuple[int, int]] = []
    for row, text in node["from_nodes"].items() if "from_nodes" in node else ():
        at = node.index.get_loc(row)
        for name in str(text).split():
            neighbor = vertex.get(name, -1)
            if neighbor < 0 or at not in links.heads[neighbor]:
                what = f"no link leads here from {name!r}"
                mend = "List neighboring nodes, separated by spaces"
                faults.append(Fault(what, f"node.csv row {int(str(row)) + 2} from_nodes", mend))
            else:
                pairs.append((int(at), neighbor))
    columns = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return StationColumns(cost=cost, node=columns[:, 0], neighbor=columns[:, 1], start_fill=fill)
