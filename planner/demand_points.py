"""Networks with demand at the nodes: a directory with node.csv and link.csv as in `planner.instance`.

``node.csv``
    Besides its other columns, optional `weight` (demand at the node, not negative; default 1) and `cost` (of
    a new station there, for set covering; default 1). `candidate` says where a station may stand.

The nodes with weight are the customers. Distances are those of shortest paths from the customer to the
station, in the unit of link.csv; flow.csv is not read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from corridor.errors import Fault, InputError
from planner.instance_tables import (
    as_given,
    check_links,
    check_nodes,
    flags,
    link_matrix,
    numbers,
    read_table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

_NODE = ("node_id", "x_coord", "y_coord")
_LINK = ("link_id", "from_node_id", "to_node_id", "directed", "length")
_MEND = "An instance is node.csv and link.csv"
#: Most cells of a matrix of distances or costs, 128 MB: what the solvers make of it stays below 2 GB.
MOST_CELLS = 16_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandPoints:
    """A network with demand at its nodes.

    Parameters
    ----------
    node_ids
        Node ids as given; int if all of them are whole numbers.
    candidates
        (n_candidates,) int64, vertices (rows of node.csv) where a station may stand.
    weight
        (n_nodes,) float64.
    cost
        (n_nodes,) float64, cost of a new station.
    links
        (n_nodes, n_nodes) sparse, length of the shortest link.
    """

    node_ids: tuple[int, ...] | tuple[str, ...]
    candidates: Indices
    weight: Floats
    cost: Floats
    links: sparse.csr_array

    @property
    def customers(self) -> Indices:
        """(n_customers,) int64, vertices with weight."""
        return np.flatnonzero(self.weight > 0.0).astype(np.int64)

    def distances(self, sites: Indices) -> Floats:
        """Return (n_customers, n_sites) shortest distances from customers to sites; infinite without a way.

        Raises
        ------
        InputError
            The matrix would not fit into memory.
        """
        cells = len(self.customers) * len(sites)
        if cells > MOST_CELLS:
            raise InputError(
                Fault(
                    f"{len(self.customers):,} nodes with weight x {len(sites):,} sites are more than "
                    f"{MOST_CELLS:,} distances",
                    "node.csv",
                    "Mark fewer nodes with candidate = 1, or set weight to 0 where nobody is",
                )
            )
        distance = np.empty((len(self.customers), len(sites)))
        backwards = sparse.csr_array(self.links.T)
        step = max(1, MOST_CELLS // max(1, 4 * len(self.weight)))
        for start in range(0, len(sites), step):
            from_site = dijkstra(backwards, indices=sites[start : start + step])
            distance[:, start : start + step] = from_site[:, self.customers].T
        return distance


def read_demand_points(directory: Path) -> DemandPoints:
    """Read and check a network with demand at its nodes.

    Parameters
    ----------
    directory
        Where node.csv and link.csv are.

    Raises
    ------
    InputError
        With every fault found: file, row (1 is the header) and mend.
    """
    faults: list[Fault] = []
    node = read_table(directory, "node.csv", _NODE, faults, mend=_MEND)
    link = read_table(directory, "link.csv", _LINK, faults, mend=_MEND)
    if node is None or link is None:
        raise InputError(faults)
    vertex = check_nodes(node, faults)
    links = check_links(link, vertex, faults)
    values = {
        name: numbers(node, name, "node.csv", faults, lowest=0.0) if name in node else np.ones(len(node))
        for name in ("weight", "cost")
    }
    if not faults and not (values["weight"] > 0.0).any():
        faults.append(Fault("no node has weight", "node.csv", "Give the nodes with demand a weight above 0"))
    if faults:
        raise InputError(faults)
    candidate = flags(node, "candidate", "node.csv", []) if "candidate" in node else np.ones(len(node))
    return DemandPoints(
        node_ids=as_given(list(vertex)),
        candidates=np.flatnonzero(candidate == 1.0).astype(np.int64),
        weight=values["weight"],
        cost=values["cost"],
        links=link_matrix(links),
    )
