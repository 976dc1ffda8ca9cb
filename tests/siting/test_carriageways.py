"""Two carriageways drawn apart: a station within reach of one of them serves one direction."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from corridor.access import access
from siting.stops import candidate_stops

# Eastward nodes 1-2-3, westward nodes 13-12-11, about 110 m apart.
_AT = pd.DataFrame(
    {"x": [105.0, 105.1, 105.2, 105.0, 105.1, 105.2], "y": [30.0] * 3 + [30.001] * 3},
    index=[1, 2, 3, 11, 12, 13],
)


@pytest.mark.parametrize(("within_km", "served"), [(0.05, [0]), (0.2, [0, 1])])
def test_a_station_beside_one_carriageway_serves_those_on_it(within_km, served):
    network = SimpleNamespace(nodes=_AT, node_ids=_AT.index.to_numpy(), vertices=_AT.index.get_indexer)
    reached = access(pd.DataFrame({"node_id": [2]}, index=["east"]), network, within_km=within_km)
    stops = candidate_stops(
        np.array([0, 3, 6]), np.array([1, 2, 3, 13, 12, 11]), site_nodes=reached.node_id, sites=reached.site
    )
    path = np.repeat([0, 1], np.diff(stops.offsets))
    assert path.tolist() == served
