"""What a build-out is asked: periods, demand, sites, sizes, limits and what counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from corridor.errors import Fault, InfeasibleError, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.coverage import CoverSets

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

#: A sum of costs may exceed a budget by this share: last digits.
_LAST_DIGITS = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What stations of given sizes serve in one period.

    Parameters
    ----------
    volume
        Served, in the unit of the question's volume, per day.
    load_kg_per_day, room_kg_per_day
        (n_sites,) float64, dispensed, and the most that could be.
    price
        (n_sites,) float64, not negative: what another kilogram of room at an open station adds to the volume.
    """

    volume: float
    load_kg_per_day: Floats
    room_kg_per_day: Floats
    price: Floats


class Service(Protocol):
    """Who can fill up where, and how much: what the stations of a build-out serve."""

    @property
    def reached(self) -> Bools:
        """(n_sites,) bool, whether anybody could fill up there."""
        ...

    @property
    def prices(self) -> tuple[float, ...]:
        """Prices per kilogram, the same at all sites, at which to make the first serving planes."""
        ...

    def serve(self, period: int, room_kg_per_day: Floats, *, gap: float = 0.0) -> Served:
        """Return the most that stations with this room can serve, to a relative gap.

        Parameters
        ----------
        period
            0 ... n_periods - 1.
        room_kg_per_day
            (n_sites,) float64, 0 where closed.
        gap
            Relative gap at which to stop.
        """
        ...

    def everywhere(self, period: int, served: Served) -> Floats:
        """Return prices of all sites, (n_sites,) float64: where none is open, what room may add at most."""
        ...

    def left_over(self, period: int, price: Floats) -> Floats:
        """Return (n_trips,) float64: volume of each trip less its cheapest fills at prices, at least 0.

        Parameters
        ----------
        period
            0 ... n_periods - 1.
        price
            (n_sites,) float64, volume per kilogram filled at each site, not negative.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A build-out to decide.

    Parameters
    ----------
    cover
        Cover sets of the trips, the same in all periods.
    volume
        (n_periods, n_trips) float64, what serving a trip counts, per day.
    weight
        (n_periods,) float64, what a day of each period counts.
    module_kg_per_day
        (n_modules,) float64, sizes that can be built, ascending.
    existing_kg_per_day
        (n_sites,) float64, size of the stations that stand; NaN where none does, 0 where one stands that is
        closed for good.
    highest_utilization
        Share of its size a station may be loaded with, above 0 to 1.
    most_new
        (n_periods,) float64, most new stations standing in each period, infinite for any number.
    cost
        (n_sites, n_modules) float64, of building a station of each size, rising with the size. A larger size
        later costs the difference.
    budget
        (n_periods,) float64, most that all building up to and in each period may cost, infinite for any.
    worth
        (n_periods,) float64, worth of the volume.
    running_cost
        (n_sites, n_modules) float64, of a station of each size per day of any period, in the unit of the
        worth; rising with the size.
    least_volume
        (n_periods,) float64, that must be served.
    locked, forbidden
        (n,) int64, sites that must get a new station by the last period, and that must never get one.
    fixed
        (n_sites,) int64, the size that a new station has wherever one is built, -1 for any; None: any at all
        sites. Costs of a fixed size stand for all others: whatever module is named there, it is that size.
    """

    cover: CoverSets
    volume: Floats
    weight: Floats
    module_kg_per_day: Floats
    existing_kg_per_day: Floats
    highest_utilization: float
    most_new: Floats
    cost: Floats
    budget: Floats
    worth: Floats
    running_cost: Floats
    least_volume: Floats
    locked: Indices
    forbidden: Indices
    fixed: Indices | None = None

    def __post_init__(self) -> None:
        for name in ("cost", "running_cost"):
            object.__setattr__(self, name, self._of_fixed(getattr(self, name)))

    def _of_fixed(self, by_module: Floats) -> Floats:
        """Return an amount by site and module, of fixed sizes that of the size."""
        last = len(self.module_kg_per_day) - 1
        shape = (self.n_sites, last + 1)
        if self.fixed is None or self.fixed.shape != shape[:1] or by_module.shape != shape:
            return by_module  # `check` says what is wrong with it
        own = np.take_along_axis(by_module, np.clip(self.fixed, 0, last)[:, None], axis=1)
        return np.where(self.is_fixed[:, None], own, by_module)

    @property
    def n_periods(self) -> int:
        """Number of periods."""
        return len(self.weight)

    @property
    def n_sites(self) -> int:
        """Number of sites."""
        return len(self.existing_kg_per_day)

    @property
    def is_existing(self) -> Bools:
        """(n_sites,) bool, whether an open station stands already."""
        return np.nan_to_num(self.existing_kg_per_day) > 0.0

    @property
    def is_barred(self) -> Bools:
        """(n_sites,) bool, where no new station may stand."""
        barred = ~np.isnan(self.existing_kg_per_day)
        barred[self.forbidden] = True
        return barred

    @property
    def is_fixed(self) -> Bools:
        """(n_sites,) bool, where a new station can have one size only."""
        return np.zeros(self.n_sites, dtype=bool) if self.fixed is None else self.fixed >= 0

    @property
    def sizes_kg_per_day(self) -> Floats:
        """(n_sites, n_modules) float64, how large a new station of each module is at each site."""
        return self._of_fixed(np.tile(self.module_kg_per_day, (self.n_sites, 1)))

    @property
    def must_build(self) -> Indices:
        """Locked sites without a station, ascending."""
        return np.setdiff1d(self.locked, np.flatnonzero(~np.isnan(self.existing_kg_per_day))).astype(np.int64)

    @property
    def sizes_matter(self) -> bool:
        """Whether a smaller size is ever better: where money is limited or counts."""
        return bool(np.isfinite(self.budget).any() or (self.running_cost != 0.0).any())

    def size_kg_per_day(self, module: Indices) -> Floats:
        """Return the sizes of stations, (..., n_sites) float64; module -1: that of the existing one, or 0."""
        standing = np.nan_to_num(self.existing_kg_per_day)
        return np.where(module < 0, standing, self.module_kg_per_day[self.named(module)])

    def named(self, module: Indices) -> Indices:
        """Return a build-out with the modules of fixed sizes in place of those that stand for them."""
        if self.fixed is None:
            return module
        return np.where(self.is_fixed & (module >= 0), self.fixed, module).astype(np.int64)

    def largest(self, module: Indices) -> Indices:
        """Return a build-out in which the largest module stands for any fixed size."""
        if self.fixed is None:
            return module
        last = len(self.module_kg_per_day) - 1
        return np.where(self.is_fixed & (module >= 0), last, module).astype(np.int64)

    def spent(self, module: Indices) -> float:
        """Return what all stations of these sizes cost to build; (n_sites,) int64, -1 for none."""
        built = np.flatnonzero(module >= 0)
        return float(self.cost[built, module[built]].sum())

    def running(self, module: Indices) -> float:
        """Return what running stations of these sizes costs a day; (n_sites,) int64, -1 for none."""
        built = np.flatnonzero(module >= 0)
        return float(self.running_cost[built, module[built]].sum())

    def allows(self, module: Indices) -> bool:
        """Tell whether a build-out keeps to budgets, numbers and order; (n_periods, n_sites) int64."""
        if (np.diff(module, axis=0) < 0).any():
            return False
        number = (module >= 0).sum(axis=1)
        spent = np.array([self.spent(each) for each in module])
        return bool(
            (number <= self.most_new).all()
            and (spent <= self.budget * (1.0 + _LAST_DIGITS)).all()
            and (module[-1, self.must_build] >= 0).all()
            and (module[:, self.is_barred] < 0).all()
        )

    def check(self) -> None:
        """Refuse what cannot be asked.

        Raises
        ------
        InputError
            Amounts that are negative, unknown, or of the wrong shape.
        InfeasibleError
            Locked sites that cannot all be built.
        """
        faults = [*self._shape_faults(), *self._amount_faults()]
        if faults:
            raise InputError(faults)
        if clash := sorted(set(self.locked.tolist()) & set(self.forbidden.tolist())):
            raise InfeasibleError(f"sites {clash} are both locked and forbidden")
        new = self.must_build
        if len(new) > self.most_new[-1]:
            raise InfeasibleError(
                f"{len(new)} sites are locked, but at most {self.most_new[-1]:g} new stations are allowed"
            )
        least = float(self.cost[new, 0].sum())
        if least > self.budget[-1] * (1.0 + _LAST_DIGITS):
            raise InfeasibleError(
                f"the locked sites cost at least {least:g}, but the budget is {self.budget[-1]:g}"
            )

    def _shape_faults(self) -> list[Fault]:
        """List arrays of the wrong shape."""
        n_trips, n_modules = len(self.cover.trip_class), len(self.module_kg_per_day)
        shapes = {
            "volume": (self.n_periods, n_trips),
            "most_new": (self.n_periods,),
            "budget": (self.n_periods,),
            "worth": (self.n_periods,),
            "least_volume": (self.n_periods,),
            "cost": (self.n_sites, n_modules),
            "running_cost": (self.n_sites, n_modules),
        }
        found = [
            Fault(f"shape {getattr(self, name).shape}, not {shape}", name)
            for name, shape in shapes.items()
            if getattr(self, name).shape != shape
        ]
        if self.fixed is not None and self.fixed.shape != (self.n_sites,):
            found.append(Fault(f"shape {self.fixed.shape}, not {(self.n_sites,)}", "fixed"))
        if self.cover.sets.shape[1] != self.n_sites:
            found.append(Fault(f"cover sets of {self.cover.sets.shape[1]} sites", "cover"))
        return found

    def _amount_faults(self) -> list[Fault]:
        """List amounts that cannot be."""
        faults = [
            Fault("values must be 0 or more", name)
            for name in ("volume", "weight", "most_new", "budget", "worth", "cost", "running_cost")
            if not (getattr(self, name) >= 0.0).all()
        ]
        sizes = self.module_kg_per_day
        if not len(sizes) or not (sizes > 0.0).all() or (np.diff(sizes) <= 0.0).any():
            faults.append(Fault("sizes must be positive and ascending", "module_kg_per_day"))
        if self.fixed is not None and (self.fixed >= len(sizes)).any():
            faults.append(Fault("there is no such size", "fixed", f"0 to {len(sizes) - 1}, or -1"))
        if (self.existing_kg_per_day < 0.0).any():
            faults.append(Fault("a size is negative", "existing_kg_per_day", "Give 0 or more, or NaN"))
        if not 0.0 < self.highest_utilization <= 1.0:
            where = "station.highest_utilization"
            faults.append(
                Fault(f"{self.highest_utilization} is not a utilization", where, "Above 0, at most 1")
            )
        if self.cost.ndim == 2 and (np.diff(self.cost, axis=1) < 0.0).any():  # noqa: PLR2004
            faults.append(Fault("a larger station costs less", "cost", "Costs must rise with the size"))
        if any((limit[1:] < limit[:-1]).any() for limit in (self.most_new, self.budget)):
            faults.append(Fault("limits fall from one period to the next", "most_new, budget", "Add them up"))
        return faults
