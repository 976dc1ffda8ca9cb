"""Write the 25-node network as node.csv, link.csv and flow.csv beside this file.

Node weights and link lengths are those of Simchi-Levi & Berman (1988), also used by Hodgson (1990) and by
Kuby & Lim (2005) for the flow-refueling location problem.
The flow of a pair is weight * weight / distance^1.5; its path is the one networkx' Dijkstra search finds.
"""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import networkx as nx

WEIGHTS = (50, 82, 23, 32, 23, 3, 7, 61, 13, 52, 13, 52, 5, 59, 17, 22, 38, 104, 70, 36, 18, 73, 11, 134, 2)

# fmt: off
LINKS = (
    (1, 2, 4), (1, 5, 5), (2, 3, 3), (2, 4, 4), (3, 4, 4), (3, 9, 4), (4, 5, 3), (4, 7, 5), (4, 8, 5),
    (4, 9, 7), (5, 6, 5), (5, 7, 5), (6, 7, 3), (7, 8, 3), (7, 11, 8), (7, 12, 9), (8, 9, 6), (8, 10, 6),
    (8, 11, 7), (8, 13, 7), (9, 10, 6), (10, 13, 6), (10, 14, 3), (11, 12, 2), (11, 13, 3), (11, 16, 7),
    (12, 15, 4), (12, 16, 4), (13, 14, 7), (13, 19, 4), (14, 19, 7), (14, 21, 2), (14, 22, 4), (15, 16, 4),
    (16, 17, 4), (17, 18, 3), (17, 19, 3), (18, 20, 3), (19, 20, 3), (20, 21, 2), (22, 23, 3), (23, 24, 3),
    (24, 25, 8),
)
# fmt: on


def main() -> None:
    """Write the three files."""
    graph = nx.Graph()
    graph.add_nodes_from(range(1, 26))
    graph.add_weighted_edges_from(LINKS, weight="length")
    # No coordinates are published: these are a drawing, and no model reads them.
    drawing = nx.kamada_kawai_layout(graph, weight="length", scale=20.0)
    _write("node.csv", ("node_id", "x_coord", "y_coord"), ((n, *drawing[n].round(2).tolist()) for n in graph))
    links = ((k, u, v, 0, length) for k, (u, v, length) in enumerate(LINKS, start=1))
    _write("link.csv", ("link_id", "from_node_id", "to_node_id", "directed", "length"), links)
    _write("flow.csv", ("origin", "destination", "volume", "path"), _flows(graph))


def _flows(graph: nx.Graph):
    for origin, destination in itertools.combinations(range(1, 26), 2):
        distance, path = nx.single_source_dijkstra(graph, origin, destination, weight="length")
        volume = WEIGHTS[origin - 1] * WEIGHTS[destination - 1] / distance**1.5
        yield origin, destination, repr(volume), " ".join(map(str, path))


def _write(name: str, header: tuple[str, ...], rows) -> None:
    with (Path(__file__).parent / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
