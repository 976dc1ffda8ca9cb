"""Which nodes a site is reached from, against a plain search."""

import numpy as np
import pandas as pd
import pytest

from corridor import roads
from corridor.access import access
from corridor.geodesy import great_circle_km


@pytest.fixture(scope="module")
def network():
    return roads.load()


@pytest.mark.parametrize("within_km", [0.0, 1.0, 5.0])
def test_every_node_within_reach_and_no_other(network, within_km):
    own = network.node_ids[[5, 100, 700, 5]]
    sites = pd.DataFrame({"node_id": own}, index=list("abcd"))
    found = access(sites, network, within_km=within_km)
    at = network.nodes.loc[network.node_ids]
    x, y = at["x"].to_numpy(), at["y"].to_numpy()
    for row, node in enumerate(own):
        mine = found.node_id[found.site == row]
        center = at.loc[node]
        near = network.node_ids[great_circle_km(center["x"], center["y"], x, y) <= within_km + 1e-9]
        assert set(mine) == set(near)
        assert mine[0] == node


def test_the_access_of_chosen_sites_is_numbered_in_their_order(network):
    sites = pd.DataFrame({"node_id": network.node_ids[[5, 100, 700]]}, index=list("abc"))
    found = access(sites, network, within_km=5.0)
    chosen = found.of(np.array([2, 0]))
    assert set(chosen.site) == {0, 1}
    for number, row in enumerate([2, 0]):
        assert chosen.node_id[chosen.site == number].tolist() == found.node_id[found.site == row].tolist()
