"""The same question has the same answer in every process, however many threads and whatever the hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")

NETWORK = """
import json
from planner.locate import locate
asked = [
    {"range_": 8, "stations": 5},
    {"range_": 12, "stations": 3, "one_way": True},
    {"range_": 4, "stations": 3, "detour": 0.2},
    {"range_": 8, "target": 0.6},
    {"model": "p-median", "stations": 4},
    {"model": "p-center", "stations": 4},
    {"model": "max-cover", "stations": 3, "radius": 4},
    {"model": "set-cover", "radius": 5},
]
for options in asked:
    answer = locate("tests/instances/n25", **options)
    answer.pop("seconds")
    print(json.dumps(answer))
"""

CORRIDOR = """
from planner.pipeline import make_plan
from planner.scenario import Scenario
plan = make_plan(Scenario(room=False, stations=3))
figures = {name: value for name, value in plan.kpis.items() if "seconds" not in name}
print(plan.stations.to_csv(), figures, plan.certificate.incumbent, plan.certificate.bound)
"""


def _told(code, *, seed, threads):
    environment = os.environ | {"PYTHONHASHSEED": seed} | dict.fromkeys(_THREADS, threads)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("code", [NETWORK, CORRIDOR], ids=["network", "corridor"])
def test_hash_seed_and_threads_do_not_change_the_plan(code):
    first = _told(code, seed="0", threads="1")
    assert len(first) > 500
    assert _told(code, seed="4242", threads="4") == first
