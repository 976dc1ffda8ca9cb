"""Flow refueling on bare networks: most volume for so many stations or a budget, or least for a target."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from corridor.errors import Fault, InputError
from planner.instance import NetworkInstance, read_instance
from planner.locate_deviation import can_be_served, deviating_trips
from planner.locate_question import site_ids
from siting.coverage_target import solve_coverage_target
from siting.deviation import even_steps, in_steps, solve_deviation
from siting.flow_refueling import solve_flow_refueling
from siting.stops import candidate_stops, even_paths
from siting.trip_cover import cover_sets
from siting.trip_rules import TripRule

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from planner.locate_question import Question, SiteIds
    from siting.coverage import CoverSets
    from siting.flow_refueling import FlowRefuelingSolution

    #: Stations, the share of each flow that is served, and which flows can be.
    Solved = tuple[FlowRefuelingSolution, NDArray[np.float64], NDArray[np.bool_]]

#: Most distances from sites and ends of trips to nodes, for detours: about 2 GB with what is made of them.
MOST_DETOUR_CELLS = 64_000_000


def flow_refueling(directory: Path, question: Question, *, clock: float) -> dict[str, Any]:
    """Answer a question about flow refueling; `clock` is when it was asked."""
    instance = read_instance(directory)
    places = site_ids(question, instance.node_ids, instance.candidates, file="node.csv")
    options: dict[str, Any] = {
        "existing": places.existing,
        "locked": places.locked,
        "forbidden": places.forbidden,
        "gap": question.gap,
        "time_limit_s": max(0.0, question.time_limit_s - (time.perf_counter() - clock)),
        "on_progress": question.on_progress,
        "should_stop": question.should_stop,
    }
    solve = _with_detour if question.detour > 0.0 else _on_paths
    solution, share, servable = solve(instance, places, question, options)
    certificate = solution.certificate
    total = float(instance.volume.sum())
    served = float((instance.volume * share).sum())
    answer: dict[str, Any] = {
        "status": certificate.status,
        "objective": certificate.incumbent,
        "objective_share": served / total if total > 0.0 else 0.0,
        "bound": certificate.bound,
        "gap": certificate.gap,
        "stations": [instance.node_ids[vertex] for vertex in places.sites[solution.new].tolist()],
        "seconds": 0.0,
        "solver": certificate.solver,
        "version": certificate.version,
    }
    if question.stations is None:
        answer["cost"] = float(instance.at_nodes.cost[places.sites[solution.new]].sum())
    if question.existing:
        answer["existing"] = [instance.node_ids[v] for v in places.sites[places.existing].tolist()]
    if notes := _notes(instance, places, servable, range_=question.range_ or 0.0):
        answer["note"] = "; ".join(notes)
    return answer


def trip_rule(instance: NetworkInstance, question: Question) -> TripRule:
    """Return how the flows are driven: the start fills of node.csv before that of the question."""
    origin = instance.nodes[instance.offsets[:-1]]
    own = instance.at_nodes.start_fill[origin]
    return TripRule(
        way="one_way" if question.one_way else "cyclic" if question.cyclic else "round_trip",
        start_fill=np.where(np.isnan(own), 0.5 if question.start_fill is None else question.start_fill, own),
        arrival_fill=question.arrival_fill or 0.0,
    )


def _on_paths(
    instance: NetworkInstance, places: SiteIds, question: Question, options: dict[str, Any]
) -> Solved:
    """Keep every flow to its path."""
    cover = _cover(instance, places, question)
    cost = instance.at_nodes.cost[places.sites]
    if question.target is not None:
        solution = solve_coverage_target(
            cover,
            instance.volume,
            target=question.target,
            of="servable" if question.target_of == "servable" else "all",
            site_cost=cost,
            **options,
        )
    elif question.budget is not None:
        solution = solve_flow_refueling(
            cover, instance.volume, budget=question.budget, site_cost=cost, **options
        )
    else:
        solution = solve_flow_refueling(cover, instance.volume, n_new=question.stations, **options)
    return solution, solution.served.astype(np.float64), cover.trip_class >= 0


def _with_detour(
    instance: NetworkInstance, places: SiteIds, question: Question, options: dict[str, Any]
) -> Solved:
    """Let drivers take any way within their longest trip."""
    columns = {
        "from_nodes": bool(instance.at_nodes.node.size),
        "start_fill": bool(np.isfinite(instance.at_nodes.start_fill).any()),
    }
    if given := [name for name, is_given in columns.items() if is_given]:
        what = f"column {', '.join(given)} has no meaning to drivers who leave their path yet"
        raise InputError(Fault(what, "node.csv", "Leave the column or --detour out"))
    n_nodes = instance.links.shape[0]
    ends = np.unique(instance.nodes[np.concatenate([instance.offsets[:-1], instance.offsets[1:] - 1])])
    if (cells := (len(ends) + len(places.sites)) * n_nodes) > MOST_DETOUR_CELLS:
        what = f"detours take {cells:,} distances, more than {MOST_DETOUR_CELLS:,}"
        mend = "Mark fewer nodes with candidate = 1, give a smaller network, or leave --detour out"
        raise InputError(Fault(what, "node.csv", mend))
    trips, legs = deviating_trips(
        instance, places.sites, range_=question.range_ or 0.0, detour=question.detour
    )
    steps = even_steps(question.detour, last_share=question.detour_decay)
    parts, whole = in_steps(trips, instance.length, steps)
    solution = solve_deviation(parts, [legs], n_new=question.stations or 0, **options)
    fall = np.repeat(-np.diff([share for _, share in steps], append=0.0), len(trips.origin))
    share: NDArray[np.float64] = np.bincount(
        whole, weights=fall * solution.served, minlength=len(trips.origin)
    ).astype(np.float64)
    # The last step may be one nobody takes: who can be served is asked of the steps that somebody does.
    longest = replace(trips, longest_km=instance.length * (1.0 + steps[-1][0]))
    return solution, share, can_be_served(longest, [legs])


def _cover(instance: NetworkInstance, places: SiteIds, question: Question) -> CoverSets:
    """Return the cover sets of the flows."""
    stops = candidate_stops(
        instance.offsets,
        instance.nodes,
        site_nodes=places.sites,
        entered_from=instance.at_nodes.entered_from(places.sites),
    )
    paths = even_paths(stops, instance.distance[stops.row], length=instance.length)
    n_flows = len(instance.volume)
    return cover_sets(
        paths,
        path=np.arange(n_flows),
        tank=np.full(n_flows, question.range_ or 0.0),
        rule=trip_rule(instance, question),
    )


def _notes(
    instance: NetworkInstance, places: SiteIds, servable: NDArray[np.bool_], *, range_: float
) -> list[str]:
    """Say what the files leave out of reach."""
    notes = []
    if not instance.volume.sum() > 0.0:
        notes.append("there is no volume to serve")
    if out_of_reach := int(np.count_nonzero(~servable)):
        flows = f"{out_of_reach} of {len(instance.volume)} flows"
        notes.append(f"{flows} cannot be served at range {range_:g} even with every candidate open")
    if places.nothing_allowed:
        notes.append(places.nothing_allowed)
    return notes
