"""Plans that several files look at, solved once per process."""

from functools import lru_cache

import pandas as pd
import pytest

from planner.frontier_store import StoredFrontier
from planner.pipeline import make_plan
from planner.scenario import Scenario


@lru_cache(maxsize=16)
def _solved(text):
    """Return the plan of a scenario written as JSON."""
    return make_plan(Scenario.model_validate_json(text))


@pytest.fixture(scope="session")
def solved():
    """Solve a scenario, or return its plan if this process has it: who changes a plan makes another."""
    return lambda **asked: _solved(Scenario(**asked).model_dump_json())


@pytest.fixture
def small_frontier():
    """A frontier of two budgets, the second with a gap."""
    points = pd.DataFrame(
        {
            "budget_wan_cny": [0.0, 1000.0],
            "capex_wan_cny": [0.0, 900.0],
            "stations_new": [0, 3],
            "served_kg_per_day": [10.0, 70.0],
            "served_share": [0.1, 0.7],
            "bound_kg_per_day": [10.0, 80.0],
            "gap": [0.0, 0.125],
            "status": ["optimal", "feasible"],
        }
    )
    plans = pd.DataFrame({"capex_wan_cny": [0.0, 900.0], "served": [10.0, 70.0]})
    return StoredFrontier(objective="kg", demand=100.0, is_whole=True, points=points, plans=plans)
