"""Build-outs with whole stations: made of fractional ones, valued, and cut down to the sizes they need."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.buildout.question import Question, Served, Service

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: What counts as a station in a fractional solution.
PRESENT = 1e-6
#: A load counts as carried when it exceeds the room by no more than this share, and a least volume as served.
_LAST_DIGITS = 1e-9
#: Stations left out to begin again.
_LEFT_OUT = 2
#: Sites that share so many of their cover sets are near, and fractions that make a station.
_NEAR, _ENOUGH = 0.5, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A build-out and what it serves.

    Parameters
    ----------
    module
        (n_periods, n_sites) int64, size of each new station, -1 for none.
    served
        By period.
    worth
        Objective.
    is_enough
        Whether it serves what must be served.
    """

    module: Indices
    served: tuple[Served, ...]
    worth: float
    is_enough: bool


class Plans:
    """Values build-outs, each once.

    Parameters
    ----------
    question, service
        What is asked, and what stations serve.
    """

    def __init__(self, question: Question, service: Service) -> None:
        self._question, self._service = question, service
        self._known: dict[bytes, Plan | None] = {}

    def valued(self, module: Indices) -> Plan | None:
        """Return a build-out with its worth; None if the limits do not allow it."""
        module = self._question.largest(module)
        key = module.tobytes()
        if key not in self._known:
            self._known[key] = self._value(module) if self._question.allows(module) else None
        return self._known[key]

    def _value(self, module: Indices) -> Plan:
        question = self._question
        served = tuple(
            self._service.serve(period, question.highest_utilization * question.size_kg_per_day(sizes))
            for period, sizes in enumerate(module)
        )
        volume = np.array([each.volume for each in served])
        return Plan(
            module=module,
            served=served,
            worth=self._worth(module, served),
            is_enough=bool((volume >= question.least_volume * (1.0 - _LAST_DIGITS)).all()),
        )

    def _worth(self, module: Indices, served: tuple[Served, ...]) -> float:
        """Return what stations of these sizes are worth, serving so much."""
        question = self._question
        volume = np.array([each.volume for each in served])
        running = np.array([question.running(sizes) for sizes in module])
        return float(question.weight @ (question.worth * volume - running))

    def nothing_new(self) -> Indices:
        """Return the build-out of locked sites alone: the smallest size, in the last period."""
        question = self._question
        module = np.full((question.n_periods, question.n_sites), -1, dtype=np.int64)
        module[-1, question.must_build] = 0
        return module

    def largest(self, sites: Indices) -> Indices:
        """Return the build-out with the largest stations at sites, in all periods."""
        question = self._question
        module = np.full((question.n_periods, question.n_sites), -1, dtype=np.int64)
        module[:, sites] = len(question.module_kg_per_day) - 1
        return module

    def rounded(self, stations: Floats) -> Indices:
        """Return a build-out of the sites most open in a linear solution, as far as limits allow.

        Parameters
        ----------
        stations
            (n_periods, n_sites) float64, 0-1.
        """
        question = self._question
        module = self.nothing_new()
        in_all = stations.sum(axis=0)
        for period in range(question.n_periods):
            if period:
                module[period] = np.maximum(module[period], module[period - 1])
            order = np.lexsort((-in_all, -stations[period]))
            for site in order[stations[period][order] > PRESENT].tolist():
                if not question.is_barred[site]:
                    module = self._with_station(module, period, site)
        return module

    def gathered(self, stations: Floats, size_kg_per_day: Floats) -> Indices:
        """Return a build-out of whole stations, each for the fractions around it, of about their size in all.

        Fractions of stations that share most of their cover sets stand for one station.

        Parameters
        ----------
        stations, size_kg_per_day
            (n_periods, n_sites) float64, of a linear solution: how far open, and how large on average.
        """
        question = self._question
        module = self.nothing_new()
        for period, (open_, size) in enumerate(zip(stations, size_kg_per_day, strict=True)):
            if period:
                module[period] = np.maximum(module[period], module[period - 1])
            sites = np.flatnonzero((open_ > PRESENT) & ~question.is_barred)
            near = self._shared(sites) >= _NEAR
            left, room = open_[sites].copy(), size[sites].copy()
            while sites.size:
                best = int(np.argmax(near @ left))
                taken = near[best] & (left > 0.0)
                if left[taken].sum() < _ENOUGH:
                    break
                module = self._with_station(module, period, int(sites[best]), most=float(room[taken].sum()))
                left[taken] = room[taken] = 0.0
        return module

    def _shared(self, sites: Indices) -> Floats:
        """Return the share of the cover sets of either of two sites that both are in."""
        sets = self._question.cover.sets[:, sites].astype(np.float64)
        both = np.asarray((sets.T @ sets).todense())
        own = np.diag(both)
        shared: Floats = both / np.maximum(own[:, None] + own[None, :] - both, 1.0)
        return shared

    def without_two(self, plan: Plan, random: np.random.Generator) -> Indices | None:
        """Return a plan without two of its stations, drawn by chance; None where it has too few to spare."""
        spare = np.setdiff1d(np.flatnonzero(plan.module[-1] >= 0), self._question.must_build)
        if len(spare) < _LEFT_OUT:
            return None
        module = plan.module.copy()
        module[:, random.choice(spare, _LEFT_OUT, replace=False)] = -1
        return module

    def _with_station(self, module: Indices, period: int, site: int, *, most: float | None = None) -> Indices:
        """Return the build-out with a station from a period on, of the first size the limits allow.

        Sizes are tried from `most` kg/d down; without it, from the second one.
        """
        question = self._question
        last = len(question.module_kg_per_day) - 1
        sizes = range(min(1, last), -1, -1) if question.sizes_matter else range(last, last - 1, -1)
        if most is not None and question.sizes_matter:
            nearest = int(np.argmin(np.abs(question.module_kg_per_day - most)))
            sizes = range(nearest, -1, -1)
        for size in sizes:
            if size > module[period, site]:
                trial = module.copy()
                trial[period:, site] = np.maximum(trial[period:, site], size)
                if question.allows(trial):
                    return trial
        return module

    def smallest(self, plan: Plan) -> Plan:
        """Return the plan with the smallest sizes that carry its loads, growing from period to period.

        Stations nobody fills up at are left out, unless they are locked.
        """
        question = self._question
        room = question.highest_utilization * question.module_kg_per_day * (1.0 + _LAST_DIGITS)
        loads = np.stack([each.load_kg_per_day for each in plan.served])
        least = np.minimum(np.searchsorted(room, loads), len(room) - 1)
        used = loads > _LAST_DIGITS * room[-1]
        used[:, question.must_build] = True
        grown = np.maximum.accumulate(np.where((plan.module >= 0) & used, least, -1), axis=0)
        module = question.largest(np.minimum(grown, plan.module).astype(np.int64))
        return replace(plan, module=module, worth=self._worth(module, plan.served))
