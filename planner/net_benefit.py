"""Stations for the highest net benefit: sales less hydrogen, its delivery and new stations, by the day.

Without grants and subsidies, and without what existing stations cost anyway (:mod:`planner.priced`). A plane
below the cost of supply is made at the loads of the stations most hydrogen is within range of, and another
at the loads that led to; each bounds the net benefit of every plan.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from planner.objective import margin_cny_per_kg
from planner.priced import CNY_PER_WAN, Priced, PricedSearch, certified, cost_cny_per_day
from siting.supply_network import YEAR_DAYS

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.buildout import Sited
    from planner.deliveries import DeliveryTerms
    from planner.plan import Plan
    from planner.siting_case import SitingCase
    from siting.search import ProgressCallback

#: Planes of the cost of supply, and the share of the time for the first.
_PLANES, _FIRST_SHARE = 2, 0.75


def solve(
    case: SitingCase,
    terms: DeliveryTerms,
    *,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Sited:
    """Choose stations, sizes and who is served for the highest net benefit.

    Parameters
    ----------
    case
        What is asked.
    terms
        Of delivery.
    on_progress, should_stop
        Told about changes; asked whether to stop.

    Returns
    -------
    planner.buildout.Sited
        With the certificate in CNY/d, and what tells whom it pays to serve.
    """
    search = PricedSearch(case, terms, should_stop=should_stop)
    margin = margin_cny_per_kg(case.values)
    best: Priced | None = None
    bound, seconds = np.inf, 0.0

    def heard(value: float, most: float) -> None:
        if on_progress is not None:
            most = min(most, bound)
            gap = abs(most - value) / max(abs(most), abs(value), 1e-9)
            on_progress(value, most, gap, seconds, "net benefit")

    begun = search.covering()
    load, start = begun.load_kg_per_day[0], begun.module
    for number in range(_PLANES):
        left = case.scenario.solve.time_limit_s - seconds
        if number and (left <= 0.0 or search.stopped or not load.any()):
            break
        found = search.solved(
            search.plane(load),
            cny_per_kg=margin,
            time_limit_s=left if number else _FIRST_SHARE * left,
            start=start,
            on_progress=heard,
        )
        seconds += found.answer.certificate.seconds
        bound = min(bound, found.bound)
        best = found if best is None or found.worth > best.worth else best
        load, start = found.answer.load_kg_per_day[0], best.answer.module
    assert best is not None  # noqa: S101  there is a plane at least
    proof = replace(best.answer.certificate, seconds=seconds)
    return best.sited(case, certified(proof, incumbent=best.worth, bound=max(bound, best.worth)))


def with_net_benefit(plan: Plan) -> Plan:
    """Return a plan with its net benefit among the key figures, and in its certificate."""
    worth = net_benefit_cny_per_day(plan)
    assert plan.certificate.bound is not None  # noqa: S101  `solve` gives one
    proof = certified(plan.certificate, incumbent=worth, bound=max(plan.certificate.bound, worth))
    return replace(plan, certificate=proof, kpis={**plan.kpis, "net_benefit_cny_per_day": worth})


def net_benefit_cny_per_day(plan: Plan) -> float:
    """Return the net benefit of a plan from its accounts."""
    each = plan.economics[plan.economics["scope"] == "station"]
    margin = each["sales_wan_cny_per_year"].sum() - each["electricity_wan_cny_per_year"].sum()
    return float(margin) * CNY_PER_WAN / YEAR_DAYS - cost_cny_per_day(plan)
