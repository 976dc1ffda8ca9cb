"""A line of four counties and a gateway, one route per pair, and the shipped assumptions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from corridor.routes import Routes
from demand.consumption import RouteUse, consumption
from demand.energy import Road

ASSUMPTIONS_CSV = Path(__file__).parents[2] / "data" / "assumptions.csv"

#: Position of each zone along one straight road, km.
POSITION_KM = {"A": 0.0, "B": 30.0, "C": 120.0, "D": 300.0, "GW-E": 420.0}


def line_routes(position_km, *, speed_kmh=75.0):
    """Routes along one road whose nodes are the zones themselves (node id = row)."""
    ids = np.array(list(position_km), dtype=object)
    at = np.array(list(position_km.values()), dtype=np.float64)
    origin, destination = np.triu_indices(len(ids), k=1)
    nodes = [np.arange(o, d + 1) for o, d in zip(origin, destination, strict=True)]
    km = [at[path] - at[path[0]] for path in nodes]
    length_km = at[destination] - at[origin]
    return Routes(
        zone_ids=ids,
        origin=origin.astype(np.int32),
        destination=destination.astype(np.int32),
        offsets=np.concatenate([[0], np.cumsum([len(path) for path in nodes])]).astype(np.int64),
        nodes=np.concatenate(nodes).astype(np.int64),
        km=np.concatenate(km),
        length_km=length_km,
        hours=length_km / speed_kmh,
        toll_cny=np.zeros(len(origin)),
        cost_cny=length_km / speed_kmh,
        share=np.ones(len(origin)),
    )


def level_use(routes, assumptions, *, kg_per_km=None):
    """What each class uses on a level road 400 m above sea level, or so much per km."""
    if kg_per_km is None:
        level = {"length_km": 1.0, "speed_kmh": 75.0, "climb_m": 0.0, "descent_m": 0.0, "altitude_m": 400.0}
        km = Road(**{name: np.array([value]) for name, value in level.items()})
        kg_per_km = consumption(km, assumptions).out_kg[0]
    kg = routes.length_km[:, None] * np.asarray(kg_per_km)
    return RouteUse(out_kg=kg, back_kg=kg)


@pytest.fixture(scope="session")
def make_routes():
    return line_routes


@pytest.fixture(scope="session")
def make_use():
    return level_use


@pytest.fixture
def used(routes, small_region):
    return level_use(routes, small_region)


@pytest.fixture
def routes():
    return line_routes(POSITION_KM)


@pytest.fixture
def zones():
    return pd.DataFrame(
        {
            "kind": ["county", "county", "county", "county", "gateway"],
            "prefecture_zh": ["成都市", "成都市", "资阳市", "重庆市", None],
            "province_zh": ["四川省", "四川省", "四川省", "重庆市", None],
            "road_ref": [None, None, None, None, "G50"],
            "population": [1e6, 4e5, 5e5, 1.2e6, np.nan],
            "employment_transport": [4e4, 1e4, 1e4, 4e4, np.nan],
            "employment_manufacturing": [1e5, 4e4, 4e4, 1e5, np.nan],
        },
        index=pd.Index(list(POSITION_KM), name="zone_id"),
    )


@pytest.fixture(scope="session")
def assumption_table():
    return pd.read_csv(ASSUMPTIONS_CSV, dtype={"year": str}).set_index("key")


@pytest.fixture(scope="session")
def small_region(assumption_table):
    """The shipped values, with the region's totals cut to the size of four counties."""
    values = {str(key): float(value) for key, value in assumption_table["value"].items()}
    for province in ("sichuan", "chongqing"):
        values[f"freight.tonnes_million_per_year.{province}"] /= 10.0
    values["freight.gateway_trucks_per_day.main"] = 500.0
    return values


@pytest.fixture
def assumptions(small_region):
    return dict(small_region)
