"""The location models between points: read the instance, ask the solver, answer by the ids of the files."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from corridor.errors import InfeasibleError
from planner.demand_points import DemandPoints, read_demand_points
from planner.facility_instance import FacilityInstance, read_facility_instance
from planner.locate_question import site_ids
from siting.facility_location import solve_facility_location
from siting.location import RADIUS_TOLERANCE, UnreachableError
from siting.maximal_covering import solve_maximal_covering
from siting.p_center import solve_p_center
from siting.p_median import solve_p_median
from siting.set_covering import solve_set_covering

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from planner.locate_question import Question, SiteIds
    from siting.location import LocationSolution

#: Customers named in a message; more are counted.
_NAMED = 5


def on_demand_points(directory: Path, question: Question, *, clock: float) -> dict[str, Any]:
    """Answer p-median, p-center, maximal covering and set covering on a network.

    Parameters
    ----------
    directory
        Where node.csv and link.csv are.
    question
        A checked one.
    clock
        `time.perf_counter` when it was asked: reading counts.

    Raises
    ------
    InputError, InfeasibleError
        See `planner.locate.locate`.
    """
    points = read_demand_points(directory)
    places = site_ids(question, points.node_ids, points.candidates, file="node.csv")
    _check_allowed(question, places)
    distance = points.distances(places.sites)
    try:
        solution = _solve(question, points, places, distance=distance, clock=clock)
    except UnreachableError as error:
        names = [points.node_ids[vertex] for vertex in points.customers[list(error.customers)].tolist()]
        within = "" if question.radius is None else f" within {question.radius:g}"
        raise InfeasibleError(
            f"{len(names)} of {len(points.customers)} nodes with weight have no site that may be open"
            f"{within or ' in reach'}: {_listed(names)}"
        ) from error
    answer = _answer(question, solution, points.node_ids, places)
    if question.model == "max-cover":
        answer["objective_share"] = (solution.certificate.incumbent or 0.0) / float(points.weight.sum())
        if places.nothing_allowed:
            answer["note"] = places.nothing_allowed
    rows = zip(solution.customer.tolist(), solution.site.tolist(), strict=True)
    answer["assignments"] = [
        {
            "node": points.node_ids[points.customers[customer]],
            "station": points.node_ids[places.sites[site]],
            "distance": float(distance[customer, site]),
        }
        for customer, site in rows
    ]
    return answer


def _solve(
    question: Question,
    points: DemandPoints,
    places: SiteIds,
    *,
    distance: NDArray[np.float64],
    clock: float,
) -> LocationSolution:
    """Ask the solver of the model."""
    common: dict[str, Any] = _common(question, places, clock=clock)
    weight, stations = points.weight[points.customers], question.stations or 0
    if question.model == "p-median":
        return solve_p_median(distance, weight, p=stations, **common)
    if question.model == "p-center":
        return solve_p_center(distance, p=stations, **common)
    covers = distance <= (question.radius or 0.0) * (1.0 + RADIUS_TOLERANCE)
    if question.model == "max-cover":
        return solve_maximal_covering(covers, weight, p=stations, **common)
    return solve_set_covering(covers, cost=points.cost[places.sites], **common)


def facility_location(directory: Path, question: Question, *, clock: float) -> dict[str, Any]:
    """Answer facility location.

    Parameters
    ----------
    directory
        Where facility.csv, customer.csv and cost.csv are.
    question
        A checked one.
    clock
        `time.perf_counter` when it was asked: reading counts.

    Raises
    ------
    InputError, InfeasibleError
        See `planner.locate.locate`.
    """
    instance = read_facility_instance(directory)
    places = site_ids(question, instance.facility_ids, instance.all_facilities, file="facility.csv")
    _check_allowed(question, places)
    try:
        solution = solve_facility_location(
            instance.cost,
            instance.fixed_cost,
            demand=instance.demand,
            capacity=instance.capacity,
            **_common(question, places, clock=clock),
        )
    except UnreachableError as error:
        names = [instance.customer_ids[customer] for customer in error.customers]
        raise InfeasibleError(
            f"{len(names)} of {len(instance.customer_ids)} customers have no facility that may be open and "
            f"serve them: {_listed(names)}"
        ) from error
    answer = _answer(question, solution, instance.facility_ids, places)
    rows = zip(solution.customer.tolist(), solution.site.tolist(), solution.share.tolist(), strict=True)
    answer["assignments"] = [
        {
            "customer": instance.customer_ids[customer],
            "facility": instance.facility_ids[site],
            "share": share,
        }
        for customer, site, share in rows
    ]
    if note := _missing_pairs(instance):
        answer["note"] = note
    return answer


def _check_allowed(question: Question, places: SiteIds) -> None:
    """Refuse a question whose customers must be served while nothing may be built.

    Raises
    ------
    InfeasibleError
        Every site is forbidden.
    """
    if question.model != "max-cover" and places.nothing_allowed:
        raise InfeasibleError(places.nothing_allowed)


def _missing_pairs(instance: FacilityInstance) -> str:
    """Say how many pairs cost.csv leaves out."""
    missing = instance.cost.size - instance.n_pairs
    if not missing:
        return ""
    return f"{missing} of {instance.cost.size} pairs are not in cost.csv and were not served"


def _common(question: Question, places: SiteIds, *, clock: float) -> dict[str, Any]:
    """Return the options every solver takes."""
    return {
        "existing": places.existing,
        "locked": places.locked,
        "forbidden": places.forbidden,
        "gap": question.gap,
        "time_limit_s": max(0.0, question.time_limit_s - (time.perf_counter() - clock)),
        "on_progress": question.on_progress,
        "should_stop": question.should_stop,
    }


def _answer(
    question: Question,
    solution: LocationSolution,
    names: Sequence[int] | Sequence[str],
    places: SiteIds,
) -> dict[str, Any]:
    """Return what all answers have."""
    certificate = solution.certificate
    answer: dict[str, Any] = {
        "status": certificate.status,
        "objective": certificate.incumbent,
        "bound": certificate.bound,
        "gap": certificate.gap,
        "stations": [names[place] for place in places.sites[solution.new].tolist()],
        "seconds": certificate.seconds,
        "solver": certificate.solver,
        "version": certificate.version,
    }
    if question.existing:
        answer["existing"] = [names[place] for place in places.sites[places.existing].tolist()]
    return answer


def _listed(names: Sequence[int | str]) -> str:
    """Name the first few."""
    return ", ".join(map(str, names[:_NAMED])) + (", ..." if len(names) > _NAMED else "")
