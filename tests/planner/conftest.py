"""Plans that several files look at, solved once per process."""

from functools import lru_cache

import pytest

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
