"""Stations that serve a share of the demand at the least cost: hydrogen, its delivery and new stations.

Method
------
Stations and sizes are chosen for the least they cost themselves with room to serve what is asked for
(:mod:`siting.buildout`, bound included). Whom they serve is then decided by the worth of a kilogram: the
lowest at which enough is sold, every trip filling up where hydrogen is cheapest for it. What supplies these
loads costs is known (:mod:`siting.supply_year`).

Bound
-----
The higher one of two. With the plane c + pi . L below the cost of supply (:mod:`siting.supply_prices`):

- stations that serve V cost at least the bound of the choice of stations, and their supply at least
  c + V min pi over the sites anybody passes;
- at any worth w of a kilogram, no plan is worth more than B(w), the linear bound of a choice of stations and
  fills together (:mod:`planner.priced`), so that one that serves V or more costs at least w V - B(w)
  (Lagrange). w is what the plan found costs by the kilogram, and the plane is made at its loads.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from corridor.errors import InfeasibleError
from planner.priced import PricedSearch, certified, cost_cny_per_day

if TYPE_CHECKING:
    from collections.abc import Callable

    from planner.buildout import Sited
    from planner.deliveries import DeliveryTerms
    from planner.plan import Plan
    from planner.siting_case import SitingCase
    from siting.search import ProgressCallback

#: The worth of a kilogram is found to this share of the highest.
_CLOSE = 1e-3
_LAST_DIGITS = 1e-9


def solve(
    case: SitingCase,
    terms: DeliveryTerms,
    *,
    on_progress: ProgressCallback | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Sited:
    """Choose stations, sizes and who is served for the least cost of a share of the demand.

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
        With the certificate in CNY/d, minimized, and what tells whom it pays to serve.

    Raises
    ------
    corridor.errors.InfeasibleError
        If the stations allowed cannot serve so much, or none were found that do.
    """
    clock = time.perf_counter()
    search = PricedSearch(case, terms, should_stop=should_stop)
    need = case.scenario.least_share * float(case.counted("kg").sum())
    begun = search.covering()
    possible = begun.certificate.bound
    if possible is not None and possible < need * (1.0 - _LAST_DIGITS):
        raise InfeasibleError(
            f"{case.scenario.stations} new stations can serve {possible:,.0f} kg/d at most, not the "
            f"{need:,.0f} asked for. Lower least_share or raise stations"
        )
    plane = search.plane(begun.load_kg_per_day[0])
    supplied = plane.constant + need * search.cheapest(plane)

    def heard(cost: float, bound: float) -> None:
        if on_progress is not None:
            at_least = bound + supplied
            gap = abs(cost - bound) / max(cost + supplied, 1e-9)
            on_progress(cost + supplied, at_least, gap, time.perf_counter() - clock, "least cost")

    stations = search.enough(need, start=begun.module, on_progress=heard)
    chosen = search.sold(stations, plane, least_kg_per_day=need, close=_CLOSE)
    assert stations.certificate.bound is not None  # noqa: S101  there always is one
    bound = supplied - stations.certificate.bound
    if not search.stopped and bound < chosen.cost:
        worth = chosen.cost / need

        def fell(_value: float, most: float) -> None:
            if on_progress is not None:
                least = min(max(bound, worth * need - most), chosen.cost)
                gap = (chosen.cost - least) / chosen.cost
                on_progress(chosen.cost, least, gap, time.perf_counter() - clock, "bound")

        at_worth = search.solved(
            search.plane(chosen.answer.load_kg_per_day[0]),
            cny_per_kg=worth,
            time_limit_s=case.scenario.solve.time_limit_s,
            start=stations.module,
            linear=True,
            on_progress=fell,
        )
        bound = max(bound, worth * need - at_worth.bound)
    proof = replace(stations.certificate, seconds=time.perf_counter() - clock)
    return chosen.sited(case, certified(proof, incumbent=chosen.cost, bound=min(bound, chosen.cost)))


def with_least_cost(plan: Plan) -> Plan:
    """Return a plan with its cost among the key figures, and in its certificate."""
    cost = cost_cny_per_day(plan)
    assert plan.certificate.bound is not None  # noqa: S101  `solve` gives one
    proof = certified(plan.certificate, incumbent=cost, bound=min(plan.certificate.bound, cost))
    return replace(plan, certificate=proof, kpis={**plan.kpis, "cost_cny_per_day": cost})
