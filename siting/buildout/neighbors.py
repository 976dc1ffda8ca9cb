"""Local search: build-outs that differ from a plan at a station or two, best promise first.

What a neighbor can serve at most is known without sharing out its room: the least that any serving plane so
far says of it (`siting.buildout.cuts`), with the trips that its stations cover counted exactly. The neighbor
promising most is valued; if it is no better, the prices at which its room was shared out make a new plane,
which lowers its own promise and those of its like. The same planes serve the master.

A step moves a station, changes its sizes over the periods, or adds one; or does so at two sites at once, of
which one has a station: moving, splitting, and exchanging sizes.
"""

from __future__ import annotations

from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.buildout.cuts import ServingPlanes
    from siting.buildout.plans import Plan
    from siting.buildout.question import Question

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

#: Most pairs of sites looked at together, and fewest sites for each station moved.
_PAIRS, _FEWEST = 2500, 20
#: Planes that promise: the newest so many.
_PLANES = 80
#: Sets and classes are looked at for so many choices of stations at once.
_AT_ONCE = 256
#: A neighbor must promise this much more, as a share.
_WORTHWHILE = 2e-4
_BARELY = 1e-9


class Neighbors:
    """Finds better plans near a plan.

    Parameters
    ----------
    question
        What is asked.
    planes
        Prices known; grows while searching.
    class_volume
        (n_periods, n_classes) float64.
    usable
        (n_sites,) bool, sites that can get a new station.
    """

    def __init__(
        self, question: Question, planes: ServingPlanes, *, class_volume: Floats, usable: Bools
    ) -> None:
        self._question, self._planes, self._volume = question, planes, class_volume
        self._usable = np.flatnonzero(usable & ~question.is_barred).astype(np.int64)
        self._sets = question.cover.sets.astype(np.float32)
        n_modules = len(question.module_kg_per_day)
        sizes = list(range(-1, n_modules)) if question.sizes_matter else [-1, n_modules - 1]
        #: States of a site, none first, and (n_courses, n_periods) what a site may go through.
        self._size = np.array(sizes, dtype=np.int64)
        courses = combinations_with_replacement(range(len(sizes)), question.n_periods)
        self._course = np.array(list(courses), dtype=np.int64)
        self._tried: set[bytes] = set()

    def better(
        self, plan: Plan, *, value: Callable[[Indices], Plan | None], tries: int, seen: Bools
    ) -> tuple[Plan, int]:
        """Return the best plan found from a plan on, and the tries left; no build-out is valued twice.

        Parameters
        ----------
        plan
            Where to begin.
        value
            Values a build-out and learns its prices; None if limits do not allow it, or it is time to stop.
        tries
            Most build-outs valued.
        seen
            (n_sites,) bool, sites to look at first.
        """
        self._tried.add(plan.module.tobytes())
        while tries > 0:
            around = _Around(self, plan, seen=seen)
            before = plan
            while tries > 0 and plan is before:
                found = around.most_promising(self._tried)
                if found is None:
                    return plan, tries
                tries -= 1
                self._tried.add(found.tobytes())
                other = value(found)
                if other is None:
                    return plan, 0
                if other.is_enough and other.worth > plan.worth + _BARELY * abs(plan.worth):
                    plan = other
                    self._tried.add(plan.module.tobytes())
                around.learn()
        return plan, 0

    @property
    def question(self) -> Question:
        """What is asked."""
        return self._question

    @property
    def sizes(self) -> Indices:
        """(n_states,) int64, modules of the states of a site, -1 for none first."""
        return self._size

    @property
    def courses(self) -> Indices:
        """(n_courses, n_periods) int64, states a site may go through."""
        return self._course

    @property
    def rooms(self) -> Floats:
        """(n_sites, n_states) float64, kg/d."""
        question = self._question
        size = np.where(self._size < 0, 0.0, question.sizes_kg_per_day[:, self._size])
        room: Floats = question.highest_utilization * size
        return room

    def planes(self, period: int, *, since: int) -> tuple[Floats, Floats]:
        """Return prices (n, n_sites) and volume left over (n, n_classes) of the planes learned since."""
        known = self._planes.known[max(since, len(self._planes.known) - _PLANES) :]
        price = np.array([each.price for each in known]).reshape(len(known), self._question.n_sites)
        left = np.array([each.left_over[period] for each in known])
        left = left.reshape(len(known), self._question.cover.n_classes)
        if since == 0:  # without prices: what is covered
            price = np.concatenate([np.zeros((1, price.shape[1])), price])
            left = np.concatenate([self._volume[period][None], left])
        return price, left

    @property
    def n_planes(self) -> int:
        """Number of planes known."""
        return len(self._planes.known)

    def covered(self, stations: Bools) -> tuple[Floats, Indices]:
        """Return what choices of stations cover, classes covered alike together.

        Parameters
        ----------
        stations
            (n_sites, n) bool, a choice of open stations in each column.

        Returns
        -------
        (n_alike, n) float64
            1 where the choice covers the classes.
        (n_classes,) int64
            Row of each class.
        """
        cover, n = self._question.cover, stations.shape[1]
        blocks = [stations[:, start : start + _AT_ONCE] for start in range(0, n, _AT_ONCE)]
        held = np.concatenate(
            [np.packbits(self._sets @ each.astype(np.float32) > 0.0, axis=1) for each in blocks], axis=1
        )
        by_class = np.full((cover.n_classes, held.shape[1]), 0xFF, dtype=np.uint8)
        needy = np.flatnonzero(np.diff(cover.offsets) > 0)
        if len(needy):
            by_class[needy] = np.bitwise_and.reduceat(held[cover.members], cover.offsets[needy], axis=0)
        rows = by_class.view(np.dtype((np.void, by_class.shape[1]))).ravel()
        _, first, alike = np.unique(rows, return_index=True, return_inverse=True)
        return np.unpackbits(by_class[first], axis=1, count=n).astype(np.float64), alike

    def pairs(self, plan: Plan, gain: Floats, seen: Bools) -> tuple[Indices, Indices]:
        """Return pairs (station or -1, other site): stations of a plan with the sites worth a look.

        Parameters
        ----------
        plan
            The plan.
        gain
            (n_usable,) float64, most that a change at the site alone promises.
        seen
            (n_sites,) bool, sites to look at first.
        """
        stations = np.flatnonzero(plan.module[-1] >= 0).astype(np.int64)
        most = max(_FEWEST, _PAIRS // (len(stations) + 1))
        order = np.lexsort((-gain, ~seen[self._usable]))
        best = self._usable[np.lexsort((-gain,))][: most // 2]
        first = np.unique(np.concatenate([stations, best, self._usable[order][: most // 2]]))
        one = np.concatenate([np.full(len(self._usable), -1), np.repeat(stations, len(first))])
        other = np.concatenate([self._usable, np.tile(first, len(stations))])
        for site in stations.tolist():
            near = self._alike(site)
            one, other = np.append(one, np.full(len(near), site)), np.append(other, near)
        pair = np.unique(np.column_stack([one, other])[one != other], axis=0)
        return pair[:, 0], pair[:, 1]

    @property
    def usable(self) -> Indices:
        """Sites that can get a new station, ascending."""
        return self._usable

    def _alike(self, site: int) -> Indices:
        """Return the sites that share most cover sets with a site."""
        sets = self._sets
        shared = np.asarray(sets.T @ sets[:, [site]].toarray()).ravel()[self._usable]
        near: Indices = self._usable[np.argsort(-shared, kind="stable")[: _FEWEST + 1]]
        others: Indices = near[near != site]
        return others


class _Around:
    """What is promised around a plan: (n_pairs, n_courses, n_courses), of either site of a pair."""

    def __init__(self, neighbors: Neighbors, plan: Plan, *, seen: Bools) -> None:
        self._all, self._plan = neighbors, plan
        self._module = plan.module
        self._begin(np.full(len(neighbors.usable), -1, dtype=np.int64), neighbors.usable)
        gain = self._promise.max(axis=(1, 2))
        self._begin(*neighbors.pairs(plan, gain, seen))
        self._floor = plan.worth + _WORTHWHILE * abs(plan.worth)
        if not np.isfinite(plan.worth) or not plan.is_enough:
            self._floor = -np.inf

    def _begin(self, one: Indices, other: Indices) -> None:
        self._one, self._other = one, other
        self._known = 0
        n_states = len(self._all.sizes)
        n_periods = self._all.question.n_periods
        self._table = np.full((n_periods, len(one), n_states, n_states), np.inf)
        self._covered: list[tuple[Floats, Indices, Indices]] = [
            self._choices(period) for period in range(n_periods)
        ]
        self._allowed = self._may()
        self.learn()

    def _choices(self, period: int) -> tuple[Floats, Indices, Indices]:
        """Return what choices of open stations cover, classes by row, and (n_pairs, 2, 2) choices."""
        question, n = self._all.question, len(self._one)
        now = (self._module[period] >= 0) | question.is_existing
        keys = np.full((n, 2, 2, 2), -1, dtype=np.int64)
        for a in (0, 1):
            for b in (0, 1):
                keys[:, a, b, 0] = np.where((self._one >= 0) & (now[self._one] != a), self._one, -1)
                keys[:, a, b, 1] = np.where(now[self._other] != b, self._other, -1)
        flips, number = np.unique(np.sort(keys.reshape(-1, 2), axis=1), axis=0, return_inverse=True)
        stations = np.repeat(now[:, None], len(flips), axis=1)
        for flip in flips.T:
            column = np.flatnonzero(flip >= 0)
            stations[flip[column], column] ^= True
        return *self._all.covered(stations), number.reshape(n, 2, 2)

    def learn(self) -> None:
        """Lower the promises by the planes learned since."""
        question, rooms = self._all.question, self._all.rooms
        is_open = (self._all.sizes >= 0).astype(np.int64)
        known = self._all.n_planes
        for period in range(question.n_periods):
            price, left = self._all.planes(period, since=self._known)
            covered, alike, number = self._covered[period]
            together = sparse.csr_array(
                (np.ones(len(alike)), (np.arange(len(alike)), alike)), shape=(len(alike), len(covered))
            )
            counted: Floats = np.asarray(left @ together) @ covered
            room = question.highest_utilization * question.size_kg_per_day(self._module[period])
            kept = price @ room
            table = self._table[period]
            for plane, worth in enumerate(price):
                change_one = np.where(
                    self._one[:, None] >= 0,
                    worth[self._one][:, None] * (rooms[self._one] - room[self._one][:, None]),
                    0.0,
                )
                change = worth[self._other][:, None] * (rooms[self._other] - room[self._other][:, None])
                volume = counted[plane][number][:, is_open[:, None], is_open[None, :]]
                most = kept[plane] + change_one[:, :, None] + change[:, None, :] + volume
                np.minimum(table, most, out=table)
        self._known = known
        self._promise = self._promises()

    def _promises(self) -> Floats:
        """Return what neighbors are worth at most, -inf where limits do not allow them."""
        question, course = self._all.question, self._all.courses
        total = np.zeros((len(self._one), len(course), len(course)))
        enough = self._allowed.copy()
        for period in range(question.n_periods):
            state = course[:, period]
            volume = self._table[period][:, state[:, None], state[None, :]]
            total += question.weight[period] * question.worth[period] * volume
            if question.least_volume[period] > 0.0:
                enough &= volume >= question.least_volume[period]
        promises: Floats = np.where(enough, total - self._running(), -np.inf)
        return promises

    def _running(self) -> Floats:
        """Return (n_pairs, n_courses, n_courses) what running all stations costs."""
        question = self._all.question
        if not question.running_cost.any():
            return np.zeros((1, 1, 1))
        running: Floats = self._summed(question.running_cost, question.weight).sum(axis=0)
        return running

    def _summed(self, cost: Floats, weight: Floats) -> Floats:
        """Return (n_periods, n_pairs, n_courses, n_courses) what all stations cost, times a weight."""
        question, course = self._all.question, self._all.courses
        priced = np.concatenate([np.zeros((question.n_sites, 1)), cost[:, self._all.sizes[1:]]], axis=1)
        total = np.zeros((question.n_periods, len(self._one), len(course), len(course)))
        for period, module in enumerate(self._module):
            built = np.flatnonzero(module >= 0)
            now = np.zeros(question.n_sites)
            now[built] = cost[built, module[built]]
            rest = now.sum() - now[self._other] - np.where(self._one >= 0, now[self._one], 0.0)
            one = np.where((self._one >= 0)[:, None], priced[self._one][:, course[:, period]], 0.0)
            other = priced[self._other][:, course[:, period]]
            total[period] = weight[period] * (rest[:, None, None] + one[:, :, None] + other[:, None, :])
        return total

    def _may(self) -> Bools:
        """Return (n_pairs, n_courses, n_courses) bool, whether limits allow a neighbor."""
        question, course = self._all.question, self._all.courses
        allowed = np.ones((len(self._one), len(course), len(course)), dtype=bool)
        allowed[:, 1:] &= (self._one >= 0)[:, None, None]  # there is no first site: it stays empty
        ones = np.ones(question.n_periods)
        standing = np.ones_like(question.cost)
        limits = [(standing, question.most_new), (question.cost, question.budget)]
        for cost, most in limits:
            if np.isfinite(most).any():
                spent = self._summed(cost, ones)
                within = spent <= (most * (1.0 + _BARELY))[:, None, None, None]
                allowed &= within.all(axis=0)
        must = np.zeros(question.n_sites, dtype=bool)
        must[question.must_build] = True
        stays = course[:, -1] > 0
        allowed &= stays[None, :, None] | ~(must[self._one] & (self._one >= 0))[:, None, None]
        allowed &= stays[None, None, :] | ~must[self._other][:, None, None]
        # At a site of fixed size the last state stands for all.
        once: Bools = np.all(np.isin(course, (0, len(self._all.sizes) - 1)), axis=1)
        allowed &= once[None, :, None] | ~(question.is_fixed[self._one] & (self._one >= 0))[:, None, None]
        allowed &= once[None, None, :] | ~question.is_fixed[self._other][:, None, None]
        return allowed

    def most_promising(self, tried: set[bytes]) -> Indices | None:
        """Return the neighbor not yet tried that promises most; None where none promises enough."""
        while True:
            best = int(np.argmax(self._promise))
            pair, one, other = np.unravel_index(best, self._promise.shape)
            if self._promise[pair, one, other] <= self._floor:
                return None
            module = self._module.copy()
            sizes, course = self._all.sizes, self._all.courses
            if self._one[pair] >= 0:
                module[:, self._one[pair]] = sizes[course[one]]
            module[:, self._other[pair]] = sizes[course[other]]
            self._allowed[pair, one, other] = False
            self._promise[pair, one, other] = -np.inf
            if module.tobytes() not in tried:
                return module
