"""What one more kilogram costs: prices of the supply network, and a plane below its yearly cost.

Formulation
-----------
With prices mu_bt >= 0 of hydrogen at the gates of the bases and nu_mt >= 0 of vehicles, the rows of gates and
vehicles of :mod:`siting.supply_network` move into the objective. What is left falls apart into stations and
bases, and for any such prices

    cost(L) >= constant + sum_it pi_it L_it,     pi_it = min(D_t w, min_bm D_t c_ibm + (1 + l_ibm) mu_bt
                                                                            + v_ibm nu_mt, on-site),
    constant = - sum_mt nu_mt V_m + min over what the bases can do of (their cost - sum_bt mu_bt net_bt)

(Lagrangian relaxation: Geoffrion 1974, Mathematical Programming Study 2, 82-114). The plane holds for every
load, every site, also one without a station, and for whole modules, too; it touches the cost of the linear
relaxation at the load the prices are from. Of a station with electrolysis of its own pi is the least cost of
a load of that shape over the year, its months cannot be taken apart: :meth:`Prices.plane` takes the shape.

The constant is computed from the duals of the bases' rows by weak duality, not from the solver's optimum: it
holds whatever the solver's tolerances are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import SolverError
from siting.program import solve
from siting.supply_network import (
    DAYS,
    MONTHS,
    YEAR_DAYS,
    by_month,
    check_deliveries,
    check_network,
    lanes,
)
from siting.supply_program import year_program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siting.delivery import Delivery
    from siting.program import Answer
    from siting.supply_network import Lanes, SupplyNetwork
    from siting.supply_program import BaseBlock, YearProgram

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Plane:
    """A plane below the yearly cost of supply: cost(load) >= constant + price . load.

    Parameters
    ----------
    constant_cny_per_year
        Below 0 where capacity is scarce.
    price_cny_per_year
        (n_sites,) float64, CNY/a per kg/d of load, mean over the year.
    """

    constant_cny_per_year: float
    price_cny_per_year: Floats

    @property
    def marginal_cny_per_kg(self) -> Floats:
        """What one more kg costs at each site: (n_sites,) float64."""
        return self.price_cny_per_year / YEAR_DAYS

    def at(self, load_kg_per_day: Floats) -> float:
        """Return the height of the plane at mean loads, CNY/a."""
        return self.constant_cny_per_year + float(self.price_cny_per_year @ load_kg_per_day)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Prices:
    """Prices of the linear relaxation of one year.

    Parameters
    ----------
    network
        They are of.
    gate
        mu, (n_bases, 12) float64, CNY/a per kg/d in that month.
    vehicle
        nu by mode with a limit, (12,) float64, CNY/a per trailer in that month.
    constant_cny_per_year
        Of the plane.
    relaxation_cny_per_year
        Optimum of the relaxation at the load the prices are from.
    """

    network: SupplyNetwork
    gate: Floats
    vehicle: Mapping[str, Floats]
    constant_cny_per_year: float
    relaxation_cny_per_year: float

    @property
    def gate_cny_per_kg(self) -> Floats:
        """What one more kg costs at the gate of each base: (n_bases, 12) float64."""
        return self.gate / DAYS

    def plane(self, deliveries: Mapping[str, Delivery], *, month_share: Floats | None = None) -> Plane:
        """Return the plane over the loads of any sites.

        Parameters
        ----------
        deliveries
            To the sites by mode, arrays (n_sites, n_bases); also of sites without a station.
        month_share
            (n_sites, 12) float64: load of a month over the mean of the year. None: constant.
        """
        ways = lanes(self.network, deliveries)
        n_sites = next(iter(deliveries.values())).distance_km.shape[0]
        shape = np.ones((n_sites, MONTHS)) if month_share is None else month_share
        delivered = self._delivered(ways, n_sites)
        price = np.einsum("it,it->i", shape, delivered)
        if self.network.on_site is not None:
            price = _with_own(self.network, delivered, shape)
        return Plane(constant_cny_per_year=self.constant_cny_per_year, price_cny_per_year=price)

    def _delivered(self, ways: Lanes, n_sites: int) -> Floats:
        """Return pi without on-site electrolysis: (n_sites, 12) float64."""
        cost = ways.cny_per_kg[:, None] * DAYS + (1.0 + ways.lost_kg)[:, None] * self.gate[ways.base]
        for rank, name in enumerate(ways.modes):
            if name in self.vehicle:
                of_mode = ways.mode == rank
                cost[of_mode] += ways.trailers[of_mode, None] * self.vehicle[name]
        least = np.tile(self.network.shortage_cny_per_kg * DAYS, (n_sites, 1))
        np.minimum.at(least, ways.site, cost)
        return least


def _with_own(network: SupplyNetwork, delivered: Floats, shape: Floats) -> Floats:
    """Return the least cost of a load of a shape, some of it made at the station: (n_sites,) float64.

    The cost is convex and piecewise linear in the capacity of the station's electrolysis, and its kinks are
    at the loads of the months.
    """
    own = network.on_site
    assert own is not None  # noqa: S101  the caller asked
    saved = np.maximum(delivered - (own.power_cny_per_kg + own.wear_cny_per_kg) * DAYS, 0.0)
    bought = np.einsum("it,it->i", shape, delivered)
    best: Floats = bought.copy()
    for month in range(MONTHS):
        made = np.minimum(shape, shape[:, month, None])
        capacity = shape[:, month] / own.availability
        cost = bought - np.einsum("it,it->i", made, saved) + own.capacity_cny_per_kg_per_day_year * capacity
        best = np.minimum(best, cost)
    return best


def supply_prices(
    network: SupplyNetwork,
    deliveries: Mapping[str, Delivery],
    load_kg_per_day: Floats,
    *,
    time_limit_s: float = 30.0,
) -> Prices:
    """Solve the linear relaxation of a year and return its prices.

    Parameters
    ----------
    network
        Where hydrogen can come from.
    deliveries
        By mode, arrays (n_sites, n_bases).
    load_kg_per_day
        (n_sites,) or (n_sites, 12) float64.
    time_limit_s
        Wall time allowed, s.

    Raises
    ------
    InputError, InfeasibleError
        As :func:`siting.supply_network.check_network` and :func:`siting.supply_network.check_deliveries`.
    SolverError
        If the linear program could not be solved.
    """
    load = by_month(load_kg_per_day)
    check_network(network)
    check_deliveries(network, deliveries, load)
    year = year_program(network, lanes(network, deliveries), load, whole=False)
    return prices_of(network, year, time_limit_s=time_limit_s)


def prices_of(network: SupplyNetwork, year: YearProgram, *, time_limit_s: float) -> Prices:
    """Return the prices of a year's program, its relaxation solved.

    Raises
    ------
    SolverError
        If the linear program could not be solved.
    """
    answer = solve(year.program, solver="glop", time_limit_s=time_limit_s)
    if answer.status != "optimal" or answer.objective is None or answer.dual is None:
        raise SolverError(f"the supply's linear program ended {answer.status}")
    dual = _duals(network, year, answer)
    vehicle = {year.lanes.modes[rank]: dual.vehicle[k] for k, rank in enumerate(year.limited)}
    there = float((network.bases.there_cny_per_year * network.bases.modules_there).sum())
    fleets = sum(network.trailers[name] * float(price.sum()) for name, price in vehicle.items())
    constant = _least_of_bases(year.block, dual.rows, dual.gate) - fleets + there
    return Prices(
        network=network,
        gate=dual.gate,
        vehicle=vehicle,
        constant_cny_per_year=constant,
        relaxation_cny_per_year=answer.objective + there,
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Duals:
    """Duals with the signs they must have: of the bases' rows, gates (n_bases, 12), vehicles (n, 12)."""

    rows: Floats
    gate: Floats
    vehicle: Floats


def _duals(network: SupplyNetwork, year: YearProgram, answer: Answer) -> _Duals:
    """Return the duals; what points the wrong way by the solver's tolerance is 0.

    The gate's row says all that the bases' own rows of net output say: their duals are one price.
    """
    assert answer.dual is not None  # noqa: S101  asked before
    block, n = year.block, len(network.bases)
    rows = answer.dual[: year.gates].copy()
    rows = np.where(np.isneginf(block.row_lower), np.minimum(rows, 0.0), rows)
    rows = np.where(np.isposinf(block.row_upper), np.maximum(rows, 0.0), rows)
    gate = answer.dual[year.gates : year.gates + n * MONTHS] + rows[: n * MONTHS]
    rows[: n * MONTHS] = 0.0
    vehicle = answer.dual[year.vehicles : year.vehicles + len(year.limited) * MONTHS]
    return _Duals(
        rows=rows,
        gate=np.maximum(gate, 0.0).reshape(n, MONTHS),
        vehicle=np.maximum(-vehicle.reshape(len(year.limited), MONTHS), 0.0),
    )


def _least_of_bases(block: BaseBlock, dual: Floats, gate: Floats) -> float:
    """Return a bound on the least of the bases' cost less what their gates are paid, CNY/a."""
    reduced = block.objective - block.net.T @ gate.ravel() - block.matrix.T @ dual
    bound = np.where(dual > 0.0, block.row_lower, block.row_upper)
    of_rows = np.where(dual != 0.0, dual * np.where(np.isfinite(bound), bound, 0.0), 0.0)
    of_columns = np.minimum(reduced * block.lower, reduced * block.upper)
    return float(of_rows.sum() + of_columns.sum())


def lower_plane(
    network: SupplyNetwork,
    deliveries: Mapping[str, Delivery],
    load_kg_per_day: Floats,
    *,
    time_limit_s: float = 30.0,
) -> tuple[float, Floats]:
    """Return a plane below the yearly cost of supply, tight to the relaxation at a load.

    For every load vector, CNY/a: cost(load) >= constant + price @ load. Proven by duality, whole modules
    included; loads are constant over the year.

    Parameters
    ----------
    network
        Where hydrogen can come from.
    deliveries
        To all candidate sites by mode, arrays (n_sites, n_bases). The cost of a pipeline falls with its
        flow: give it for the largest one, or the plane does not hold.
    load_kg_per_day
        (n_sites,) float64; sites at 0 have no station.
    time_limit_s
        Wall time allowed, s.

    Returns
    -------
    tuple
        ``constant`` (CNY/a) and ``price`` ((n_sites,) float64, CNY/a per kg/d).
    """
    load = np.asarray(load_kg_per_day, dtype=np.float64)
    at = load > 0.0
    some = {name: each.rows(at) for name, each in deliveries.items()}
    prices = supply_prices(network, some, load[at], time_limit_s=time_limit_s)
    plane = prices.plane(deliveries)
    return plane.constant_cny_per_year, plane.price_cny_per_year
