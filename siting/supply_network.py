"""Hydrogen supply month by month: bases, storage, electrolysis at stations, vehicles.

Formulation
-----------
Sets
    i in I      stations
    b in B      bases: electrolysis, or by-product that is purified
    m in M      modes of delivery (:mod:`siting.delivery`)
    t in T      months, with D_t days; the year is a circle, December is followed by January
Parameters
    L_it        load of the station, kg/d
    C_bt        what a module of the base can make in the month, kg/d
    e_bt        cost of making a kg: electricity, wear of the stack, or price of by-product, CNY/kg
    n_b, N_b    modules that stand already, and the most there may be
    F_b, f_b    yearly cost of a new module (annuity and fixed), and of one that stands already (fixed), CNY/a
    a_b         least use of modules in operation, 0-1
    c_ibm       cost of delivery without losses and conversion plant, CNY/kg delivered
    P_ibm       its conversion plant (compressor, liquefier) used alike all year, CNY/kg delivered
    l_ibm       kg lost on the way per kg delivered
    v_ibm, V_m  trailers taken per kg/d delivered, and trailers there are
    h, p, q     storage: cost of capacity, CNY/(kg a), of a kg in and of a kg out, CNY/kg
    j, k        share lost on the way into storage, and in a month of lying there
    w           cost of a kg not supplied, CNY/kg
    G, g, A     on-site electrolysis: yearly cost of capacity, CNY per kg/d, cost of a kg, and availability
Variables, kg/d unless said otherwise
    x_ibmt >= 0                 delivered
    Q_bm >= 0                   conversion plant of the base, CNY/d: sized to the month that takes most
    y_bt >= 0                   made
    u_bt, o_bt, d_bt >= 0       put into storage, taken out, and vented
    s_bt, S_b >= 0              in storage at the end of the month, and capacity of the storage, kg
    z_b in {0 .. N_b - n_b}     new modules
    r_bt in {0 .. n_b + z_b}    modules in operation
    X_it, K_i >= 0              made at the station, and capacity there
    m_it >= 0                   shortage
Minimize, CNY/a
    sum_bt D_t (e_bt y_bt + p u_bt + q o_bt) + sum_b (F_b z_b + f_b n_b + h S_b)
    + sum_ibmt D_t c_ibm x_ibmt + 365 sum_bm Q_bm + sum_i (G K_i + sum_t D_t g X_it) + w sum_it D_t m_it
subject to
    sum_bm x_ibmt + X_it + m_it = L_it                                          stations
    y_bt + o_bt - u_bt - d_bt = sum_im (1 + l_ibm) x_ibmt                       gates of the bases
    s_bt = (1 - k) s_b,t-1 + D_t ((1 - j) u_bt - o_bt),   s_bt <= S_b           storage
    a_b C_bt r_bt <= y_bt <= C_bt r_bt,   r_bt <= n_b + z_b                     modules
    sum_i P_ibm x_ibmt <= Q_bm                                                  conversion
    sum_ib v_ibm x_ibmt <= V_m        for modes with a limit                    vehicles
    X_it <= A K_i                                                               on-site

This is a multi-period production, inventory and transport problem with lumpy capacity: Pochet & Wolsey
(2006), *Production Planning by Mixed Integer Programming*, Springer, chapter 4. Shortage is a last resort.
Plants stay where they are and wait for their season; vehicles go where they are needed, and their cost by the
kilogram is that of vehicles in use all year.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from corridor.errors import Fault, InfeasibleError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]
    Flags = NDArray[np.bool_]

#: Days of the months of a year.
DAYS_OF_MONTH: tuple[int, ...] = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
MONTHS = len(DAYS_OF_MONTH)
DAYS: Floats = np.array(DAYS_OF_MONTH, dtype=np.float64)
YEAR_DAYS = sum(DAYS_OF_MONTH)

#: Name of a station's own electrolysis where a base is named, and its mode.
ON_SITE_BASE, ON_SITE_MODE = "ON-SITE", "on_site"

#: Cost of a kg not supplied: so dear that a whole electrolyzer is built for a kilogram a day.
SHORTAGE_CNY_PER_KG = 10_000.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Bases:
    """Supply bases; symbols as in the formulation.

    Parameters
    ----------
    base_id
        Names, n of them.
    green
        (n,) bool.
    module_kg_per_day
        C, (n, 12) float64. By-product is one module that stands already, as large as its purification.
    modules_there, modules_most
        n_b and N_b, (n,) int64.
    module_cny_per_year, there_cny_per_year
        F and f, (n,) float64.
    least_use
        a, (n,) float64, 0-1.
    electricity_cny_per_kwh
        (n, 12) float64; unknown for by-product.
    kwh_per_kg
        (n,) float64; 0 for by-product.
    wear_cny_per_kg, purchase_cny_per_kg
        (n,) float64: of the stack, and price of by-product, purified. With electricity they make up e.
    """

    base_id: tuple[str, ...]
    green: Flags
    module_kg_per_day: Floats
    modules_there: Indices
    modules_most: Indices
    module_cny_per_year: Floats
    there_cny_per_year: Floats
    least_use: Floats
    electricity_cny_per_kwh: Floats
    kwh_per_kg: Floats
    wear_cny_per_kg: Floats
    purchase_cny_per_kg: Floats

    def __len__(self) -> int:
        return len(self.base_id)

    def only(self, keep: Flags) -> Bases:
        """Return some of the bases."""
        named = tuple(name for name, kept in zip(self.base_id, keep, strict=True) if kept)
        arrays = [each.name for each in fields(self) if each.name != "base_id"]
        return Bases(base_id=named, **{name: getattr(self, name)[keep] for name in arrays})

    @property
    def power_cny_per_kg(self) -> Floats:
        """Cost of electricity of a kg made: (n, 12) float64."""
        used = self.kwh_per_kg[:, None] > 0.0
        power: Floats = self.kwh_per_kg[:, None] * np.where(used, self.electricity_cny_per_kwh, 0.0)
        return power

    @property
    def running_cny_per_kg(self) -> Floats:
        """The e of the formulation, cost of making a kg: (n, 12) float64."""
        return self.power_cny_per_kg + (self.wear_cny_per_kg + self.purchase_cny_per_kg)[:, None]

    @property
    def standing_cny_per_year(self) -> float:
        """Fixed cost of the modules that stand already, f n summed."""
        return float((self.there_cny_per_year * self.modules_there).sum())

    @property
    def most_kg_per_day(self) -> Floats:
        """All modules together, built or not: (n, 12) float64."""
        most: Floats = self.module_kg_per_day * self.modules_most[:, None]
        return most


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Storage at a base; symbols as in the formulation.

    Parameters
    ----------
    capacity_cny_per_kg_year, in_cny_per_kg, out_cny_per_kg
        h, p, q.
    in_loss, loss_per_month
        j and k, 0 to below 1.
    """

    capacity_cny_per_kg_year: float
    in_cny_per_kg: float = 0.0
    out_cny_per_kg: float = 0.0
    in_loss: float = 0.0
    loss_per_month: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class OnSite:
    """Electrolysis at a station, of any size; symbols as in the formulation.

    Parameters
    ----------
    capacity_cny_per_kg_per_day_year
        G.
    power_cny_per_kg, wear_cny_per_kg
        Electricity and stack, together g.
    availability
        A, above 0 to 1.
    """

    capacity_cny_per_kg_per_day_year: float
    power_cny_per_kg: float
    wear_cny_per_kg: float
    availability: float = 1.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SupplyNetwork:
    """Where hydrogen can come from.

    Parameters
    ----------
    bases
        Supply bases.
    storage
        At each of them.
    on_site
        Electrolysis at stations; None: there is none.
    trailers
        V: trailers there are, by mode; of modes not named as many as it takes. 0 takes a mode away.
    shortage_cny_per_kg
        w.
    """

    bases: Bases
    storage: Storage
    on_site: OnSite | None = None
    trailers: Mapping[str, float] = field(default_factory=dict)
    shortage_cny_per_kg: float = SHORTAGE_CNY_PER_KG

    def green_only(self) -> SupplyNetwork:
        """Return the network without bases that are not green; power of the grid is not proven green."""
        return replace(self, bases=self.bases.only(self.bases.green), on_site=None)

    def grown(self, modules: Indices) -> SupplyNetwork:
        """Return the network of a later year whose bases have at least so many modules standing, (n,) int64.

        Where the later year allows fewer, they stand all the same: modules only grow.
        """
        there = np.maximum(self.bases.modules_there, modules)
        most = np.maximum(self.bases.modules_most, there)
        return replace(self, bases=replace(self.bases, modules_there=there, modules_most=most))


def check_network(network: SupplyNetwork) -> None:
    """Refuse a network nothing can be computed with, or that has nothing to give.

    Raises
    ------
    InputError
        For negative or unknown capacities, prices and shares; with all of them.
    InfeasibleError
        Without any base, or any capacity.
    """
    faults = [*_base_faults(network.bases), *_rest_faults(network)]
    if faults:
        raise InputError(faults)
    if network.on_site is not None:
        return
    if not len(network.bases):
        raise InfeasibleError("there is no supply base")
    if not network.bases.most_kg_per_day.any():
        raise InfeasibleError("no supply base has any capacity")


def _base_faults(bases: Bases) -> list[Fault]:
    """Return what is wrong with the bases."""
    faults: list[Fault] = []
    if not len(bases):
        return faults
    said = {
        "module_kg_per_day": "a capacity is negative or unknown",
        "modules_there": "a number of modules is negative",
        "modules_most": "a number of modules is negative",
        "module_cny_per_year": "the cost of a module is negative or unknown",
        "there_cny_per_year": "the cost of a module is negative or unknown",
        "kwh_per_kg": "the electricity of a kg is negative or unknown",
        "wear_cny_per_kg": "the wear of the stack is negative or unknown",
        "purchase_cny_per_kg": "the price of hydrogen is negative or unknown",
    }
    for name, what in said.items():
        values = np.asarray(getattr(bases, name), dtype=np.float64).reshape(len(bases), -1)
        wrong = ~((values >= 0.0) & np.isfinite(values)).all(axis=1)
        faults += [Fault(what, f"base {bases.base_id[b]}", "Correct it") for b in np.flatnonzero(wrong)]
    unknown = (bases.kwh_per_kg > 0.0) & ~np.isfinite(bases.electricity_cny_per_kwh).all(axis=1)
    for b in np.flatnonzero(unknown):
        faults.append(Fault("the price of electricity is unknown", f"base {bases.base_id[b]}", "Give one"))
    for b in np.flatnonzero(~((bases.least_use >= 0.0) & (bases.least_use <= 1.0))):
        faults.append(Fault("the least use is no share", f"base {bases.base_id[b]}", "Use 0 to 1"))
    for b in np.flatnonzero(bases.modules_there > bases.modules_most):
        what = "more modules stand than there may be"
        faults.append(Fault(what, f"base {bases.base_id[b]}", "Raise the capacity of the year"))
    return faults


def _rest_faults(network: SupplyNetwork) -> list[Fault]:
    """Return what is wrong with storage, on-site electrolysis and vehicles."""
    faults = []
    for part, where in ((network.storage, "storage"), (network.on_site, "on-site electrolysis")):
        for each in fields(part) if part is not None else ():
            value = getattr(part, each.name)
            if not (value >= 0.0 and np.isfinite(value)):
                faults.append(Fault(f"{each.name} is negative or unknown", where, "Use a number from 0 up"))
            elif "loss" in each.name and value >= 1.0:
                faults.append(Fault("all would be lost", where, "Use 0 to below 1"))
            elif each.name == "availability" and not 0.0 < value <= 1.0:
                faults.append(Fault(f"{value:g} is no availability", where, "Use above 0 to 1"))
    for mode, count in network.trailers.items():
        if not (count >= 0.0 and np.isfinite(count)):
            faults.append(Fault("the number of trailers is negative or unknown", f"trailers, {mode}"))
    if not (network.shortage_cny_per_kg > 0.0 and np.isfinite(network.shortage_cny_per_kg)):
        faults.append(Fault("the cost of a shortage is not above 0", "shortage_cny_per_kg"))
    return faults


def by_month(load_kg_per_day: ArrayLike) -> Floats:
    """Return loads as (n_sites, 12); one figure per station is that of every month."""
    load = np.asarray(load_kg_per_day, dtype=np.float64)
    return np.repeat(load[:, None], MONTHS, axis=1) if load.ndim == 1 else load
