"""`chengyu locate --detour` on the 25-node network, against every chain of up to three stations."""

from __future__ import annotations

from itertools import combinations, pairwise, permutations, starmap
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from corridor.errors import InputError
from planner.locate import locate

N25 = Path(__file__).parents[1] / "instances" / "n25"


def _distances() -> tuple[np.ndarray, pd.DataFrame]:
    """All shortest distances by networkx, and the flows with node numbers from 0."""
    node, link, flow = (pd.read_csv(N25 / f"{name}.csv") for name in ("node", "link", "flow"))
    number = {name: k for k, name in enumerate(node["node_id"])}
    graph: nx.Graph[int] = nx.Graph()
    for u, v, km in link[["from_node_id", "to_node_id", "length"]].itertuples(index=False):
        graph.add_edge(number[u], number[v], km=km)
    km = np.array(
        [
            [dict(nx.single_source_dijkstra_path_length(graph, u, weight="km"))[v] for v in range(len(node))]
            for u in range(len(node))
        ]
    )
    ends = flow[["origin", "destination"]].apply(lambda column: column.map(number))
    return km, ends.assign(volume=flow["volume"])


@pytest.mark.parametrize(("range_", "detour"), [(4, 0.3), (8, 0.1), (8, 0.5), (12, 0.25)])
def test_optima_equal_trying_every_chain(range_: float, detour: float) -> None:
    km, flow = _distances()
    o, d, volume = (flow[name].to_numpy() for name in ("origin", "destination", "volume"))
    longest = (1.0 + detour) * km[o, d] + 1e-9

    def served(chain: tuple[int, ...]) -> np.ndarray:
        hops = list(starmap(lambda a, b: km[a, b], pairwise(chain)))
        fits = all(hop <= range_ for hop in hops)
        first, last = km[o, chain[0]], km[chain[-1], d]
        return fits & (first <= range_ / 2) & (2 * last <= range_) & (first + sum(hops) + last <= longest)

    by_set: dict[tuple[int, ...], np.ndarray] = {}
    for size in (1, 2, 3):
        for chosen in combinations(range(len(km)), size):
            reached = np.zeros(len(volume), dtype=bool)
            for chain in permutations(chosen):
                reached |= served(chain)
            for smaller in combinations(chosen, size - 1):
                reached |= by_set.get(smaller, False)
            by_set[chosen] = reached
        best = max(float(volume[reached].sum()) for chosen, reached in by_set.items() if len(chosen) == size)
        answer = locate(N25, range_=range_, stations=size, detour=detour)
        assert answer["status"] == "optimal"
        assert answer["objective"] == pytest.approx(best)


@pytest.mark.parametrize(("range_", "detour", "decay"), [(8, 0.5, 0.2), (4, 0.4, 0.0), (12, 0.25, 0.6)])
def test_a_falling_share_equals_trying_every_chain(range_: float, detour: float, decay: float) -> None:
    km, flow = _distances()
    o, d, volume = (flow[name].to_numpy() for name in ("origin", "destination", "volume"))
    direct = km[o, d]

    def length(chain: tuple[int, ...]) -> np.ndarray:
        hops = list(starmap(lambda a, b: km[a, b], pairwise(chain)))
        first, last = km[o, chain[0]], km[chain[-1], d]
        fits = all(hop <= range_ for hop in hops) & (first <= range_ / 2) & (2 * last <= range_)
        return np.asarray(np.where(fits, first + sum(hops) + last, np.inf))

    best = 0.0
    for chosen in combinations(range(len(km)), 2):
        shortest = np.min([length(chain) for n in (1, 2) for chain in permutations(chosen, n)], axis=0)
        with np.errstate(invalid="ignore"):
            quarters = np.ceil((shortest / direct - 1.0) / detour * 4.0 - 1e-9)
        share = np.where(quarters <= 4, 1.0 - (1.0 - decay) * quarters / 4.0, 0.0)
        best = max(best, float((volume * share).sum()))
    answer = locate(N25, range_=range_, stations=2, detour=detour, detour_decay=decay)
    assert answer["status"] == "optimal"
    assert answer["objective"] == pytest.approx(best)
    assert answer["objective_share"] == pytest.approx(best / volume.sum())
    everybody = locate(N25, range_=range_, stations=2, detour=detour)
    assert answer["objective"] <= everybody["objective"]
    assert (answer["objective"] < everybody["objective"]) == (range_ == 8)
    assert (
        locate(N25, range_=range_, stations=2, detour=detour, detour_decay=1.0)["objective"]
        == (everybody["objective"])
    )


def test_a_share_of_those_who_come_needs_a_detour_and_is_a_share() -> None:
    with pytest.raises(InputError, match="without a detour it says nothing"):
        locate(N25, range_=8, stations=2, detour_decay=0.5)
    with pytest.raises(InputError, match="not a share"):
        locate(N25, range_=8, stations=2, detour=0.1, detour_decay=1.5)
    with pytest.raises(InputError, match="p-median has no such option"):
        locate(N25, model="p-median", stations=2, detour_decay=0.5)


def test_a_detour_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="not a detour"):
        locate(N25, range_=8, stations=2, detour=-0.1)
    with pytest.raises(InputError, match="p-median has no such option"):
        locate(N25, model="p-median", stations=2, detour=0.1)
