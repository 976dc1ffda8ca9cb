"""Location models on bare network instances: a directory goes in, one plain answer comes out."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from corridor.errors import Fault, InputError
from planner.instance import NetworkInstance, read_instance
from siting.coverage import CoverSets, candidate_stops, cover_sets, even_paths
from siting.flow_refueling import solve_flow_refueling

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from siting.search import ProgressCallback

#: Models that can be asked for.
MODELS = ("flow-refueling",)


def locate(
    directory: str | PathLike[str],
    *,
    model: str = "flow-refueling",
    range_: float,
    stations: int,
    time_limit_s: float = 60.0,
    gap: float = 0.0,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> dict[str, Any]:
    """Locate stations on a bare network instance.

    Parameters
    ----------
    directory
        Where node.csv, link.csv and flow.csv are (`planner.instance`).
    model
        ``flow-refueling``: serve the most volume (Kuby & Lim 2005), see `siting.flow_refueling`.
    range_
        Usable range, in the unit of the link lengths.
    stations
        Most stations to locate.
    time_limit_s
        Stop after about this many seconds with the best solution found.
    gap
        Stop at this relative gap, 0-1.
    on_progress, should_stop
        See `siting.flow_refueling.solve_flow_refueling`.

    Returns
    -------
    dict
        Ready for JSON: `status` (``optimal`` only when proven), `objective` (volume served),
        `objective_share` (of the total volume, 0-1), `bound`, `gap` (relative), `stations` (node ids, in the
        order of node.csv), `seconds`, `solver`, `version`; `note` when some flows are out of reach whatever
        is built.

    Raises
    ------
    InputError
        Anything wrong with the files or the question, all of it at once.
    """
    clock = time.perf_counter()
    faults = _question_faults(model, range_, stations, time_limit_s=time_limit_s, gap=gap)
    if faults:
        raise InputError(faults)
    instance = read_instance(Path(directory))
    if stations > len(instance.candidates):
        what = f"{stations} stations asked for, but node.csv has {len(instance.candidates)} candidates"
        raise InputError(Fault(what, "stations", "Ask for fewer stations"))
    cover = _cover(instance, range_)
    solution = solve_flow_refueling(
        cover,
        instance.volume,
        n_new=stations,
        gap=gap,
        time_limit_s=max(0.0, time_limit_s - (time.perf_counter() - clock)),
        on_progress=on_progress,
        should_stop=should_stop,
    )
    certificate = solution.certificate
    total = float(instance.volume.sum())
    out_of_reach = int(np.count_nonzero(cover.trip_class < 0))
    answer = {
        "status": certificate.status,
        "objective": certificate.incumbent,
        "objective_share": (certificate.incumbent or 0.0) / total if total > 0.0 else 0.0,
        "bound": certificate.bound,
        "gap": certificate.gap,
        "stations": [instance.node_ids[vertex] for vertex in instance.candidates[solution.new].tolist()],
        "seconds": time.perf_counter() - clock,
        "solver": certificate.solver,
        "version": certificate.version,
    }
    if out_of_reach:
        flows = f"{out_of_reach} of {len(instance.volume)} flows"
        answer["note"] = f"{flows} cannot be served at range {range_:g} even with every candidate open"
    return answer


def _cover(instance: NetworkInstance, range_: float) -> CoverSets:
    """Return the cover sets of the flows."""
    stops = candidate_stops(instance.offsets, instance.nodes, site_nodes=instance.candidates)
    paths = even_paths(stops, instance.distance[stops.row], length=instance.length)
    n_flows = len(instance.volume)
    return cover_sets(paths, path=np.arange(n_flows), tank=np.full(n_flows, float(range_)))


def _question_faults(
    model: str, range_: float, stations: int, *, time_limit_s: float, gap: float
) -> list[Fault]:
    """List what is wrong with the question itself."""
    faults = []
    if model not in MODELS:
        faults.append(Fault(f"{model!r} is not available yet", "model", f"Available: {', '.join(MODELS)}"))
    if not (math.isfinite(range_) and range_ > 0.0):
        faults.append(Fault(f"{range_} is not a range", "range", "Give a number greater than 0"))
    if stations < 0:
        faults.append(Fault(f"{stations} is not a number of stations", "stations", "Give 0 or more"))
    if math.isnan(time_limit_s) or time_limit_s < 0.0:
        faults.append(Fault(f"{time_limit_s} is not a time limit", "time limit", "Give 0 seconds or more"))
    if not 0.0 <= gap < 1.0:
        faults.append(Fault(f"{gap} is not a relative gap", "gap", "Give 0 or more, less than 1"))
    return faults
