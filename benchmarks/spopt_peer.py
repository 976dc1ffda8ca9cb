"""Answer one location question with spopt, in an environment that has it (requirements-spopt.txt).

``python spopt_peer.py QUESTION.npz MODEL SECONDS`` prints one JSON object: status, objective, seconds.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from typing import Any

import numpy as np


def main() -> None:
    """Build, solve, print."""
    path, name, limit = sys.argv[1:]
    question = np.load(path)
    locate: Any = import_module("spopt.locate")
    pulp: Any = import_module("pulp")
    distance, p, radius = question["distance"], int(question["p"]), float(question["radius"])
    ones = np.ones(len(distance))
    start = time.perf_counter()
    if name == "p-median":
        model = locate.PMedian.from_cost_matrix(distance, ones, p_facilities=p)
    elif name == "p-center":
        model = locate.PCenter.from_cost_matrix(distance, p_facilities=p)
    elif name == "max-cover":
        model = locate.MCLP.from_cost_matrix(distance, ones, service_radius=radius, p_facilities=p)
    else:
        model = locate.LSCP.from_cost_matrix(distance, service_radius=radius)
    solver = pulp.PULP_CBC_CMD(msg=False, timeLimit=float(limit))
    model.problem.solve(solver)
    seconds = time.perf_counter() - start
    answer = {
        "status": pulp.LpStatus[model.problem.status],
        "objective": pulp.value(model.problem.objective),
        "seconds": seconds,
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
