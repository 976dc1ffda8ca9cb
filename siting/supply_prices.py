"""What one more kilogram costs: prices of the supply network, and a plane below its yearly cost.

Formulation
-----------
With prices mu_bt >= 0 of hydrogen at the gates of the bases, nu_mt >= 0 of vehicles, and kappa_bmt >= 0 of
plants, sum_t kappa_bmt <= 365, the rows of gates, vehicles and plants of :mod:`siting.supply_network` move
into the objective. What is left falls apart into stations and bases, and for any such prices

    cost(L) >= constant + sum_it pi_it L_it,
    pi_it = min(D_t w, on-site, min_bm D_t c_ibm + (1 + l_ibm) mu_bt + v_ibm nu_mt + P_ibm kappa_bmt),
    constant = - sum_mt nu_mt V_m + min over what the bases can do of (their cost - sum_bt mu_bt net_bt)

(Lagrangian relaxation: Geoffrion 1974, Mathematical Programming Study 2, 82-114). The plane holds for every
load, every site, also one without a station, and for whole modules, too; it touches the cost of the linear
relaxation at the load the prices are from. Of a station with electrolysis of its own pi is the least cost of
a load of that shape over the year, its months cannot be taken apart: :meth:`Prices.plane` takes the shape.

The constant is computed from the duals of the bases' rows by weak duality, not from the solver's optimum: it
holds whatever the solver's tolerances are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import SolverError
from siting.program import Program, solve
from siting.supply_lanes import check_deliveries, lanes
from siting.supply_network import (
    DAYS,
    MONTHS,
    YEAR_DAYS,
    by_month,
    check_network,
)
from siting.supply_program import year_program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from siting.delivery import Delivery
    from siting.program import Answer
    from siting.supply_lanes import Lanes
    from siting.supply_network import SupplyNetwork
    from siting.supply_program import BaseBlock, YearProgram

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]


#: Months that differ by less than this share are alike, and so are heights of planes.
_ALIKE = 1e-9
#: Time for the linear program of the bases alone, s: it has some hundred columns.
_LEAST_S = 30.0


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
    plant
        kappa by mode, (n_bases, 12) float64: what the plant costs in that month over its cost by the day. Of
        modes not named the year's cost is spread over its days.
    constant_cny_per_year
        Of the plane.
    relaxation_cny_per_year
        Optimum of the relaxation at the load the prices are from.
    """

    network: SupplyNetwork
    gate: Floats
    vehicle: Mapping[str, Floats]
    plant: Mapping[str, Floats]
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
        return self.plane_over(ways, shape)

    def plane_over(self, ways: Lanes, month_share: Floats) -> Plane:
        """Return the plane over the loads of sites whose open lanes are known.

        Parameters
        ----------
        ways
            From :func:`siting.supply_lanes.lanes`.
        month_share
            (n_sites, 12) float64: load of a month over the mean of the year.
        """
        delivered = self._delivered(ways, len(month_share))
        price = np.einsum("it,it->i", month_share, delivered)
        if self.network.on_site is not None:
            price = _with_own(self.network, delivered, month_share)
        return Plane(constant_cny_per_year=self.constant_cny_per_year, price_cny_per_year=price)

    def _delivered(self, ways: Lanes, n_sites: int) -> Floats:
        """Return pi without on-site electrolysis: (n_sites, 12) float64."""
        cost = ways.cny_per_kg[:, None] * DAYS + (1.0 + ways.lost_kg)[:, None] * self.gate[ways.base]
        for rank, name in enumerate(ways.modes):
            of_mode = ways.mode == rank
            plant = self.plant[name][ways.base[of_mode]] if name in self.plant else DAYS
            cost[of_mode] += ways.plant_cny_per_kg[of_mode, None] * plant
            if name in self.vehicle:
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
        As :func:`siting.supply_network.check_network` and :func:`siting.supply_lanes.check_deliveries`.
    SolverError
        If the linear program could not be solved.
    """
    load = by_month(load_kg_per_day)
    check_network(network)
    check_deliveries(network, deliveries, load)
    year = year_program(network, lanes(network, deliveries), load, whole=False)
    return prices_of(network, year, load, time_limit_s=time_limit_s)


def prices_of(network: SupplyNetwork, year: YearProgram, load: Floats, *, time_limit_s: float) -> Prices:
    """Return the prices of a year's program, its relaxation solved.

    Parameters
    ----------
    network, year
        The program, a linear one, is of that network.
    load
        (n_sites, 12) float64, kg/d, that it is of.
    time_limit_s
        Wall time allowed, s.

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
    there = network.bases.standing_cny_per_year
    fleets = sum(network.trailers[name] * float(price.sum()) for name, price in vehicle.items())
    constant = _least_of_bases(year.block, dual.rows, dual.gate) - fleets + there
    prices = Prices(
        network=network,
        gate=dual.gate,
        vehicle=vehicle,
        plant={name: dual.plant[:, rank] for rank, name in enumerate(year.lanes.modes)},
        constant_cny_per_year=constant,
        relaxation_cny_per_year=answer.objective + there,
    )
    assert answer.x is not None  # noqa: S101  optimal
    made = year.block.parts(answer.x[: year.ends[0]], len(network.bases))["made"].sum(axis=1)
    return _evened(prices, year, load, idle=made <= _ALIKE)


def _evened(prices: Prices, year: YearProgram, load: Floats, *, idle: Flags) -> Prices:
    """Return prices that say more of sites without a station, if they are as good at the load.

    What capacity costs may be charged to any of the months that use it alike: it is charged to all of them
    by the day. Of a base that makes nothing any price up to its cost will do: it is charged its cost.
    """
    bases = prices.network.bases
    told = np.vstack([bases.running_cny_per_kg, bases.module_kg_per_day, load])
    alike = (np.abs(told[:, :, None] - told[:, None, :]) <= _ALIKE * np.abs(told[:, :, None])).all(axis=0)
    share = DAYS / (alike @ DAYS)
    gate = (prices.gate @ alike) * share
    module_year = bases.module_kg_per_day @ DAYS
    capital = np.divide(
        bases.module_cny_per_year, module_year, out=np.zeros(len(bases)), where=module_year > 0.0
    )
    gate = np.where(idle[:, None], (bases.running_cny_per_kg + capital[:, None]) * DAYS, gate)
    block = year.block
    rows = solve(
        Program(
            objective=block.objective - block.net.T @ gate.ravel(),
            lower=block.lower,
            upper=block.upper,
            matrix=block.matrix,
            row_lower=block.row_lower,
            row_upper=block.row_upper,
        ),
        solver="glop",
        time_limit_s=_LEAST_S,
    )
    if rows.dual is None:
        return prices
    least = _least_of_bases(block, _signed(block, rows.dual), gate)
    vehicle = {name: (price @ alike) * share for name, price in prices.vehicle.items()}
    there = bases.standing_cny_per_year
    fleets = sum(prices.network.trailers[name] * float(price.sum()) for name, price in vehicle.items())
    evened = replace(
        prices,
        gate=gate,
        vehicle=vehicle,
        plant={name: (price @ alike) * share for name, price in prices.plant.items()},
        constant_cny_per_year=least - fleets + there,
    )
    at = load @ DAYS / YEAR_DAYS
    shape = np.divide(load, at[:, None], out=np.ones_like(load), where=at[:, None] > 0.0)
    raw, even = (each.plane_over(year.lanes, shape).at(at) for each in (prices, evened))
    return evened if even >= raw - _ALIKE * abs(raw) else prices


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Duals:
    """Duals with the signs they must have.

    Of the bases' rows, gates (n_bases, 12), vehicles (n_limited, 12), plants (n_bases, n_modes, 12).
    """

    rows: Floats
    gate: Floats
    vehicle: Floats
    plant: Floats


def _duals(network: SupplyNetwork, year: YearProgram, answer: Answer) -> _Duals:
    """Return the duals; what points the wrong way by the solver's tolerance is 0.

    The gate's row says all that the bases' own rows of net output say: their duals are one price. What a
    plant's prices leave of its cost, because nothing uses it, is spread over the year.
    """
    assert answer.dual is not None  # noqa: S101  asked before
    block, n = year.block, len(network.bases)
    rows = _signed(block, answer.dual[: year.gates])
    gate = answer.dual[year.gates : year.gates + n * MONTHS] + rows[: n * MONTHS]
    rows[: n * MONTHS] = 0.0
    vehicle = answer.dual[year.vehicles : year.vehicles + len(year.limited) * MONTHS]
    plant = np.maximum(-answer.dual[year.plants :].reshape(n, len(year.lanes.modes), MONTHS), 0.0)
    used = plant.sum(axis=2, keepdims=True)
    plant *= np.minimum(1.0, YEAR_DAYS / np.maximum(used, YEAR_DAYS))
    return _Duals(
        rows=rows,
        gate=np.maximum(gate, 0.0).reshape(n, MONTHS),
        vehicle=np.maximum(-vehicle.reshape(len(year.limited), MONTHS), 0.0),
        plant=plant + np.maximum(YEAR_DAYS - used, 0.0) * DAYS / YEAR_DAYS,
    )


def _signed(block: BaseBlock, dual: Floats) -> Floats:
    """Return the duals of the bases' rows with the signs they must have."""
    dual = np.where(np.isneginf(block.row_lower), np.minimum(dual, 0.0), dual)
    return np.where(np.isposinf(block.row_upper), np.maximum(dual, 0.0), dual)


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
