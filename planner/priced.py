"""Stations chosen at prices: of a kilogram sold, of hydrogen at each site, and of stations by the year.

With w what a kilogram sold is worth less the electricity of dispensing it, V the hydrogen sold, S(L) what
supplying the loads L of all stations costs, and a_im what a new station costs (capital less residual value
annualized, upkeep, staff, land, in its cheapest form), a plan is worth

    w V - S(L) - sum of a_im over new stations.

Grants and subsidies are left out, and so is what existing stations cost anyway: it is the same in every plan.

S is convex where whole electrolyzers are not asked for, and lies above a plane everywhere:
S(L) >= c + pi . L (:mod:`siting.supply_prices`), proven by duality for all sites and sizes. With pi as the
cost of every kilogram filled, stations and fills are chosen together (:mod:`siting.buildout`), and the bound
of that choice less c bounds the worth. The plan itself is supplied at its true cost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from planner.buildout import Amounts, Paid, Sited, existing_kg_per_day, question_of, service_of, sited
from planner.station_costs import MODULES_KG_PER_DAY, annual_by_site
from planner.supply_case import supply_case
from siting.buildout import solve_buildout
from siting.certificate import OPTIMALITY_TOLERANCE, Certificate
from siting.supply_network import YEAR_DAYS
from siting.supply_prices import lower_plane
from siting.supply_year import solve_supply

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from planner.deliveries import DeliveryTerms
    from planner.plan import Plan
    from planner.siting_case import SitingCase
    from siting.buildout import Buildout
    from siting.buildout.question import Question

    Floats = NDArray[np.float64]
    Heard = Callable[[float, float], None]

CNY_PER_WAN = 1e4
#: Longest search for whole electrolyzers of a plan on the way, and for the stations to begin with, s.
_SUPPLY_S, _FIRST_S = 5.0, 5.0
#: Worth of a kilogram at which everybody is served that can be, over what one costs at most.
_ANYTHING = 50.0
_LAST_DIGITS = 1e-6


def station_cny_per_year(sites: pd.DataFrame, values: Mapping[str, float]) -> Floats:
    """Return what a new station of each size costs a year: (n_sites, n_modules) float64, CNY/a, without tax.

    Parameters
    ----------
    sites
        ``kind``.
    values
        Assumptions in force.
    """
    return annual_by_site(sites, values) * CNY_PER_WAN


def cost_cny_per_day(plan: Plan) -> float:
    """Return what hydrogen, delivery and new stations of a plan cost, by its accounts; no electricity."""
    books = plan.economics
    each = books[books["scope"] == "station"]
    supplied = each[[f"{cost}_wan_cny_per_year" for cost in ("production", "delivery")]].to_numpy().sum()
    own = [f"{cost}_wan_cny_per_year" for cost in ("capital", "fixed_opex", "staff", "land")]
    of_new = each.loc[each["status"] == "new", own].to_numpy().sum()
    return float(supplied + of_new) * CNY_PER_WAN / YEAR_DAYS


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Plane:
    """A plane below the cost of supply, by the day.

    Parameters
    ----------
    constant
        CNY/d.
    price
        (n_sites,) float64, CNY/kg.
    """

    constant: float
    price: Floats


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Priced:
    """A build-out chosen at prices.

    Parameters
    ----------
    answer
        Stations, sizes, loads.
    plane
        It was chosen with.
    cny_per_kg
        Worth of a kilogram sold it was chosen with.
    cost
        Of its supply and its new stations, CNY/d.
    bound
        No plan is worth more at that worth of a kilogram, CNY/d.
    """

    answer: Buildout
    plane: Plane
    cny_per_kg: float
    cost: float
    bound: float

    @property
    def kg_per_day(self) -> float:
        """Hydrogen sold."""
        return float(self.answer.load_kg_per_day.sum())

    @property
    def worth(self) -> float:
        """Worth of the plan, CNY/d."""
        return self.cny_per_kg * self.kg_per_day - self.cost

    def sited(self, case: SitingCase, certificate: Certificate) -> Sited:
        """Return where its stations stand, who is served, and what was proven."""
        where = sited(case, self.answer, 0)
        price = self.plane.price[where.solution.stations]
        return replace(
            where,
            solution=replace(where.solution, certificate=certificate),
            most_kg_per_day=where.sizes_kg_per_day,
            paid=Paid(cny_per_kg=self.cny_per_kg, cost_cny_per_kg=price),
        )


class PricedSearch:
    """What stays the same from price to price.

    Parameters
    ----------
    case
        What is asked.
    terms
        Of delivery.
    should_stop
        Asked often; True ends a choice with the best so far.
    """

    def __init__(
        self, case: SitingCase, terms: DeliveryTerms, *, should_stop: Callable[[], bool] | None
    ) -> None:
        in_kg = replace(case, scenario=case.scenario.model_copy(update={"objective": "kg"}))
        self._case, self._should_stop = in_kg, should_stop
        sites, values = case.inputs.sites, case.values  # noqa: PD011  no table
        size = np.maximum(np.nan_to_num(existing_kg_per_day(sites, values)), max(MODULES_KG_PER_DAY))
        self._network, self._brought = supply_case(case, terms, sites, load_kg_per_day=size)
        self._amounts = Amounts.of([in_kg])
        self._running = station_cny_per_year(sites, values) / YEAR_DAYS

    @property
    def stopped(self) -> bool:
        """Whether it is time to stop."""
        return self._should_stop is not None and self._should_stop()

    def covering(self) -> Buildout:
        """Return the build-out of the stations that most hydrogen is within range of."""
        asked = replace(self._question(), budget=np.full(1, np.inf))
        service = service_of(self._case, self._amounts)
        return solve_buildout(asked, service, time_limit_s=_FIRST_S, rounds=0, should_stop=self._should_stop)

    def plane(self, load_kg_per_day: Floats) -> Plane:
        """Return the plane made at loads, (n_sites,) float64; without any, at the same load everywhere."""
        load = load_kg_per_day if load_kg_per_day.any() else np.ones(len(load_kg_per_day))
        constant, price = lower_plane(self._network, self._brought, load)
        return Plane(constant=constant / YEAR_DAYS, price=price / YEAR_DAYS)

    def solved(
        self,
        plane: Plane,
        *,
        cny_per_kg: float,
        time_limit_s: float,
        start: NDArray[np.int64] | None,
        linear: bool = False,
        on_progress: Heard | None = None,
    ) -> Priced:
        """Return the build-out that is worth most at prices.

        Parameters
        ----------
        plane
            Of the cost of supply.
        cny_per_kg
            Worth of a kilogram sold.
        time_limit_s
            Most seconds.
        start
            (1, n_sites) int64, build-out to begin with; None: none.
        linear
            Whether to end at the linear bound.
        on_progress
            Told worth, its supply by the plane, and bound, CNY/d, whenever they change.
        """
        case = self._case
        amounts = replace(self._amounts, volume=cny_per_kg * self._amounts.volume)
        service = service_of(case, amounts, cost_per_kg=plane.price[None])

        def heard(value: float, bound: float, _gap: float, _seconds: float, _message: str) -> None:
            if on_progress is not None:
                on_progress(value - plane.constant, bound - plane.constant)

        answer = solve_buildout(
            replace(self._question(), volume=service.most(), running_cost=self._running),
            service,
            gap=case.scenario.solve.gap,
            time_limit_s=time_limit_s,
            rounds=0 if linear else case.scenario.solve.rounds,
            start=start,
            on_progress=heard,
            should_stop=self._should_stop,
        )
        return self.valued(answer, plane, cny_per_kg=cny_per_kg)

    def cheapest(self, plane: Plane) -> float:
        """Return the least that a kilogram costs at any site anybody can fill up at, CNY/kg."""
        reached = service_of(self._case, self._amounts).reached
        return float(plane.price[reached].min(initial=np.inf))

    def enough(self, least_kg_per_day: float, *, start: NDArray[np.int64], on_progress: Heard) -> Buildout:
        """Return the build-out that costs least itself and has room to serve so much.

        Parameters
        ----------
        least_kg_per_day
            To be served.
        start
            (1, n_sites) int64, build-out to begin with.
        on_progress
            Told cost and bound of the stations, CNY/d, whenever they change.

        Returns
        -------
        siting.buildout.Buildout
            Its worth is what the stations cost, below 0.

        Raises
        ------
        corridor.errors.InfeasibleError
            None was found.
        """
        scenario = self._case.scenario
        asked = replace(
            self._question(),
            worth=np.zeros(1),
            running_cost=self._running,
            least_volume=np.array([least_kg_per_day]),
        )

        def heard(value: float, bound: float, _gap: float, _seconds: float, _message: str) -> None:
            on_progress(-value, -bound)

        return solve_buildout(
            asked,
            service_of(self._case, self._amounts),
            gap=scenario.solve.gap,
            time_limit_s=scenario.solve.time_limit_s,
            rounds=scenario.solve.rounds,
            start=start,
            on_progress=heard,
            should_stop=self._should_stop,
        )

    def sold(self, stations: Buildout, plane: Plane, *, least_kg_per_day: float, close: float) -> Priced:
        """Return stations with the fills of the lowest worth of a kilogram at which enough is sold.

        Parameters
        ----------
        stations
            Stations and sizes.
        plane
            Prices of hydrogen.
        least_kg_per_day
            To be sold; they have room for it.
        close
            How closely to find the worth, as a share of the most a kilogram costs.
        """
        question = self._question()
        room = question.highest_utilization * question.size_kg_per_day(stations.module[0])

        def at(worth: float) -> Buildout:
            amounts = replace(self._amounts, volume=worth * self._amounts.volume)
            served = service_of(self._case, amounts, cost_per_kg=plane.price[None]).serve(0, room)
            return replace(
                stations, load_kg_per_day=served.load_kg_per_day[None], volume=np.array([served.volume])
            )

        # Fills of a trip may be dear where a station is crowded: far above what hydrogen costs all are sold.
        low, high = 0.0, _ANYTHING * float(plane.price.max())
        best, worth = at(high), high
        while high - low > close * float(plane.price.max()):
            middle = 0.5 * (low + high)
            found = at(middle)
            if found.load_kg_per_day.sum() >= least_kg_per_day * (1.0 - _LAST_DIGITS):
                best, worth, high = found, middle, middle
            else:
                low = middle
        return self.valued(best, plane, cny_per_kg=worth)

    def valued(self, answer: Buildout, plane: Plane, *, cny_per_kg: float) -> Priced:
        """Return a build-out with its supply at what it costs."""
        load = answer.load_kg_per_day[0]
        built = np.flatnonzero(answer.module[0] >= 0)
        running = float(self._running[built, answer.module[0, built]].sum())
        at = load > 0.0
        brought = {name: each.rows(at) for name, each in self._brought.items()}
        sites = self._case.inputs.sites.index[at]
        supply = solve_supply(
            pd.Series(load[at], index=sites), self._network, brought, time_limit_s=_SUPPLY_S
        ).certificate
        assert supply.incumbent is not None  # noqa: S101  there always is one
        assert answer.certificate.bound is not None  # noqa: S101  there always is one
        return Priced(
            answer=answer,
            plane=plane,
            cny_per_kg=cny_per_kg,
            cost=running + supply.incumbent / YEAR_DAYS,
            bound=answer.certificate.bound - plane.constant,
        )

    def _question(self) -> Question:
        return question_of([self._case], self._amounts, weight=np.ones(1))


def certified(proof: Certificate, *, incumbent: float, bound: float) -> Certificate:
    """Return a certificate with another incumbent and bound; the bound is past the incumbent."""
    proven = abs(bound - incumbent) <= OPTIMALITY_TOLERANCE * max(abs(bound), abs(incumbent))
    return replace(proof, incumbent=incumbent, bound=bound, status="optimal" if proven else "feasible")
