"""Answer one location question with spopt or PuLP, in an environment that has them (requirements-spopt.txt).

``python spopt_peer.py QUESTION.npz MODEL SECONDS`` prints one JSON object: status, objective, seconds,
stations, version.
"""

from __future__ import annotations

import json
import math
import sys
import time
from importlib import import_module
from importlib.metadata import version
from itertools import pairwise
from typing import Any

import numpy as np


def main() -> None:
    """Build, solve, print."""
    path, name, limit = sys.argv[1:]
    with np.load(path) as question:
        arrays = {key: question[key] for key in question.files}
    pulp: Any = import_module("pulp")
    locate: Any = import_module("spopt.locate")
    if name == "has-frlm":
        sys.stdout.write(json.dumps({"version": version("spopt"), "has": hasattr(locate, "FRLM")}))
        return
    start = time.perf_counter()
    if name == "path-cover":
        problem, sites = _path_cover(pulp, arrays)
    elif name == "frlm":
        problem, sites = _frlm(locate, arrays)
    else:
        problem, sites = _classic(locate, name, arrays)
    problem.solve(pulp.PULP_CBC_CMD(msg=False, timeLimit=float(limit)))
    seconds = time.perf_counter() - start
    answer = {
        "status": pulp.LpStatus[problem.status],
        "objective": pulp.value(problem.objective),
        "seconds": seconds,
        "stations": [k for k, site in enumerate(sites) if (site.value() or 0.0) > 0.5],
        "version": version("spopt"),
    }
    sys.stdout.write(json.dumps(answer))


def _classic(locate: Any, name: str, arrays: dict[str, Any]) -> tuple[Any, list[Any]]:  # noqa: ANN401 - no stubs
    """Return the problem of a model between points, and its variables of the sites."""
    distance, p, radius = arrays["distance"], int(arrays["p"]), float(arrays.get("radius", math.nan))
    ones = np.ones(len(distance))
    if name == "p-median":
        model = locate.PMedian.from_cost_matrix(distance, ones, p_facilities=p)
    elif name == "p-center":
        model = locate.PCenter.from_cost_matrix(distance, p_facilities=p)
    elif name == "max-cover":
        model = locate.MCLP.from_cost_matrix(distance, ones, service_radius=radius, p_facilities=p)
    else:
        model = locate.LSCP.from_cost_matrix(distance, service_radius=radius)
    return model.problem, list(model.fac_vars)


def _path_cover(pulp: Any, arrays: dict[str, Any]) -> tuple[Any, list[Any]]:  # noqa: ANN401 - no stubs
    """Return the arc cover-path cover program (Capar et al. 2013) over the cover sets given."""
    volume = arrays["volume"].tolist()
    problem = pulp.LpProblem("path_cover", pulp.LpMaximize)
    sites = [pulp.LpVariable(f"x_{k}", cat=pulp.LpBinary) for k in range(int(arrays["n_sites"]))]
    flows = [pulp.LpVariable(f"y_{q}", cat=pulp.LpBinary) for q in range(len(volume))]
    problem += pulp.lpSum(v * y for v, y in zip(volume, flows, strict=True))
    problem += pulp.lpSum(sites) == int(arrays["p"])
    members, offsets = arrays["members"].tolist(), arrays["offsets"].tolist()
    for row, flow in enumerate(arrays["flow"].tolist()):
        problem += pulp.lpSum(sites[k] for k in members[offsets[row] : offsets[row + 1]]) >= flows[flow]
    return problem, sites


def _frlm(locate: Any, arrays: dict[str, Any]) -> tuple[Any, list[Any]]:  # noqa: ANN401 - no stubs
    """Return the problem of spopt's own flow-refueling model, for releases that have it."""
    frame: Any = import_module("pandas").DataFrame
    sparse: Any = import_module("scipy.sparse")
    nodes, offsets = arrays["nodes"].tolist(), arrays["path_offsets"].tolist()
    paths = [nodes[a:b] for a, b in pairwise(offsets)]
    flows = frame(
        {
            "origin": [path[0] for path in paths],
            "destination": [path[-1] for path in paths],
            "volume": arrays["volume"],
            "path": paths,
        }
    )
    model = locate.FRLM.from_flow_dataframe(
        sparse.csr_matrix(arrays["links"]),
        flows,
        vehicle_range=float(arrays["range"]),
        p_facilities=int(arrays["p"]),
    )
    return model.model, list(model.fac_vars)


if __name__ == "__main__":
    main()
