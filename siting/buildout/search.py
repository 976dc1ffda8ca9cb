"""Search for the best build-out: linear bound, plans among promising sites, then the whole program.

1. Where sizes cost nothing and there is one period: stations as if each could serve any number
   (`siting.flow_refueling`). If the stations have the room, that is the answer.
2. The linear master, with covering planes at points between its solution and the best point so far (in-out
   separation, Ben-Ameur & Neto 2007), and serving planes at the prices of its room.
3. A plan from its fractional stations, at once. Then, where only their number is limited, plans from the
   master over whole stations, of the sites that any linear solution used, each followed by cuts where it
   promised more than it serves; where sizes matter, the neighbors of plans (`siting.buildout.neighbors`), and
   of the best plan without two of its stations, when none of its own is better (iterated local search,
   Lourenco, Martin & Stutzle 2003).
4. Sites whose reduced cost rules them out are gone. The master over all others, whole, gives bounds of the
   whole question and further plans, until bound and plan meet.

All work is counted in steps, not in seconds: unless the time limit or a stop ends it early, the same question
has the same answer.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from siting.buildout.plans import Plans
from siting.buildout.relaxation import Relaxation
from siting.flow_refueling import solve_flow_refueling
from siting.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.buildout.linear import Relaxed
    from siting.buildout.plans import Plan
    from siting.buildout.question import Question, Service
    from siting.search import ProgressCallback

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Linear rounds of the first plan, and of the first look at its neighbors.
_FIRST_PLAN, _FIRST_LOOK = 4, 8
#: Build-outs valued when looking at neighbors first, then where sizes matter, and after each whole master.
_FIRST_TRIES, _MORE_TRIES, _TRIES = 24, 120, 12
#: Relative gap above which masters over whole stations and sizes say little: neighbors come first.
_WIDE = 0.05
#: Rounds among promising sites, gap and nodes to which each is solved, and the gap at which they end.
_FEW_ROUNDS, _FEW_GAP, _FEW_NODES, _CLOSE = 12, 0.01, 300, 0.002
#: Gap to which the whole program is solved, of the gap open.
_WHOLE_GAP = 0.25
#: The linear master is solved again, with all cuts, every so many rounds.
_ROOT_AGAIN = 4
_DONE = 1e-9


class Search:
    """The steps, with the best plan and bound so far.

    Parameters
    ----------
    question, service
        What is asked, and what stations serve.
    gap
        Relative gap at which to stop, 0-1.
    time_limit_s
        Most seconds.
    rounds
        Most rounds of masters over whole stations, among promising sites and among all; None: any number.
    start
        (n_periods, n_sites) int64, a build-out to begin with; None: none.
    on_progress, should_stop
        Told about changes; asked whether to stop.
    """

    def __init__(
        self,
        question: Question,
        service: Service,
        *,
        gap: float,
        time_limit_s: float,
        rounds: int | None = None,
        start: Indices | None = None,
        on_progress: ProgressCallback | None = None,
        should_stop: Callable[[], bool] | None = None,
    ) -> None:
        self._watch = Watch(time_limit_s=time_limit_s, should_stop=should_stop)
        self._question, self._gap, self._on_progress = question, gap, on_progress
        self._rounds = np.inf if rounds is None else rounds
        self._start = start
        self._random = np.random.default_rng(0)
        self._relaxation = Relaxation(question, service)
        self._plans = Plans(question, service)
        self._hopeless = np.zeros(question.n_sites, dtype=bool)
        #: Most that a build-out with a hopeless site can be worth.
        self._given_up = -np.inf
        self.plan: Plan | None = None
        self.bound = self._relaxation.most

    @property
    def seconds(self) -> float:
        """Since the search began."""
        return time.perf_counter() - self._watch.clock

    @property
    def value(self) -> float:
        """Worth of the best plan so far."""
        return -np.inf if self.plan is None else self.plan.worth

    @property
    def is_proven(self) -> bool:
        """Whether only last digits lie between plan and bound."""
        return self.bound - self.value <= _DONE * self._relaxation.most

    def run(self) -> None:
        """Search until bound and plan meet, or time is up."""
        self._try(self._plans.nothing_new())
        if self._start is not None:
            self._try(self._start)
        if not self._question.sizes_matter and self._question.n_periods == 1:
            self._cover_first()
        if self._done() or (self._rounds == 0 and not self._question.sizes_matter):
            return
        try:
            root = self._relaxation.solved(left_s=self._watch.left, on_round=self._heard)
        except TimeoutError:
            return
        if root is None:
            self.bound = self.value
            return
        self._rule_out(root)
        begin = self._round()
        if self._rounds > 0:
            if self._question.sizes_matter:  # neighbors find better plans than masters of few sites
                self._look_further(begin, tries=_MORE_TRIES)
            else:
                self._among_the_promising()
            self._whole()

    def _cover_first(self) -> None:
        """Site stations as if each could serve any number; that is the answer where they have the room."""
        question = self._question
        unit = float(question.weight[0] * question.worth[0])
        most = min(float(question.most_new[0]), float(question.n_sites))

        def on_progress(_value: float, bound: float, _gap: float, _seconds: float, message: str) -> None:
            self._lower_bound_to(unit * bound, message)

        covering = solve_flow_refueling(
            question.cover,
            question.volume[0],
            n_new=int(most),
            existing=np.flatnonzero(question.is_existing).astype(np.int64),
            locked=question.must_build,
            forbidden=np.flatnonzero(question.is_barred & ~question.is_existing).astype(np.int64),
            gap=self._gap,
            time_limit_s=self._watch.left(),
            on_progress=on_progress,
            should_stop=self._watch.stopped,
        )
        self._try(self._plans.largest(covering.new))
        if covering.certificate.bound is not None:
            self._lower_bound_to(unit * covering.certificate.bound, "bound")

    def _heard(self, number: int, bound: float, stations: Floats, size_kg_per_day: Floats) -> bool:
        """Take a round of the linear master; tell whether to end it."""
        self._lower_bound_to(bound, "linear bound")
        if number == _FIRST_PLAN or number % (4 * _FIRST_PLAN) == 0:
            self._try(self._plans.rounded(stations))
        self._fractional, self._size = stations, size_kg_per_day
        if number == _FIRST_LOOK and self._rounds > 0 and not self._done():
            begin = self._round()
            is_worse = begin is None or (begin.is_enough and begin.worth < self.value)
            self._look_around(self.plan if is_worse else begin, tries=_FIRST_TRIES)
        return self._done()

    def _round(self) -> Plan | None:
        """Try what the fractional stations come to; where sizes matter, return what their sizes come to."""
        self._try(self._plans.rounded(self._fractional))
        if not self._question.sizes_matter:
            return None
        return self._learned(self._plans.gathered(self._fractional, self._size))

    def _look_around(self, plan: Plan | None, *, tries: int) -> int:
        """Try the neighbors of a plan; return the tries left."""
        if plan is None:
            return tries
        neighbors, seen = self._relaxation.neighbors, self._relaxation.seen
        return neighbors.better(plan, value=self._learned, tries=tries, seen=seen)[1]

    def _look_further(self, begin: Plan | None, *, tries: int) -> None:
        """Try the neighbors of the best plan, of another, and of the best one with two stations less."""
        best = self.plan
        tries = self._look_around(best, tries=tries)
        if begin is not None and begin is not best:
            tries = self._look_around(begin, tries=tries)
        while tries > 0 and self.plan is not None and not self._done():
            module = self._plans.without_two(self.plan, self._random)
            if module is None:
                return
            tries = self._look_around(self._learned(module), tries=tries - 1)

    def _learned(self, module: Indices) -> Plan | None:
        """Value a build-out and learn its prices; None if it is not allowed, or time is up."""
        found = None if self._watch.stopped() else self._try(module)
        if found is None:
            return None
        self._relaxation.learn_prices(found)
        return self._plans.smallest(found) if self._question.sizes_matter else found

    def _among_the_promising(self) -> None:
        """Find plans among the sites that linear solutions used, while that is worth more than bounds."""
        for _ in range(int(min(_FEW_ROUNDS, self._rounds))):
            open_ = self._open()
            if open_ <= _CLOSE or self._done():
                return
            before = self.value
            plan, _, x = self._solved(self._relaxation.seen, gap=min(_FEW_GAP, open_ / 2.0), nodes=_FEW_NODES)
            if plan is None:
                return
            found = self._relaxation.learn(plan, x)
            self._look_around(plan, tries=_TRIES)
            if self.value <= before and not (found and plan.worth >= before):
                return

    def _whole(self) -> None:
        """Solve the master over all sites that are left, with more cuts each time."""
        every = np.ones(self._question.n_sites, dtype=bool)
        share, number = _WHOLE_GAP, 0
        while number < self._rounds and not self._done():
            if number % _ROOT_AGAIN == 0:
                self._bound_linearly()
            number += 1
            if number == 1 and self._question.sizes_matter and self._open() > _WIDE:
                self._look_further(None, tries=_MORE_TRIES)
            before, least = (self.value, self.bound), self._gap / 2.0
            gap = max(least, share * min(self._open(), 1.0))
            plan, bound, x = self._solved(every, gap=gap)
            if bound is not None:
                self._lower_bound_to(max(bound, self._given_up), "bound")
            if plan is None:
                return
            found = self._relaxation.learn(plan, x)
            self._look_around(plan, tries=_TRIES)
            if not found and before == (self.value, self.bound):
                if gap == least:
                    return  # what is left is the arithmetic of the solvers
                share *= _WHOLE_GAP  # the master was not solved closely enough to say more

    def _bound_linearly(self) -> None:
        """Solve the linear master with all cuts found since, and leave out sites by it."""
        try:
            root = self._relaxation.with_all_cuts(time_limit_s=self._watch.left())
        except TimeoutError:
            return
        if root is not None:
            self._lower_bound_to(root.bound, "linear bound")
            self._rule_out(root)

    def _solved(
        self, among: NDArray[np.bool_], *, gap: float, nodes: int | None = None
    ) -> tuple[Plan | None, float | None, Floats]:
        """Solve the master over whole stations of some sites; return its plan, its bound and its solution."""
        question, layout = self._question, self._relaxation.layout
        n_modules = len(question.module_kg_per_day)
        sizes = np.arange(n_modules) if question.sizes_matter else np.array([n_modules - 1])
        program, fit = self._relaxation.program(sizes, without=~among | self._hopeless)
        answer = self._watch.solve(program, gap=gap, nodes=nodes)
        if answer.status == "infeasible":
            return None, -np.inf, np.zeros(0)
        if answer.x is None:
            return None, answer.bound, np.zeros(0)
        module = np.full((question.n_periods, question.n_sites), -1, dtype=np.int64)
        for number, size in enumerate(sizes.tolist()):
            module[np.round(answer.x[layout.larger(number)]) == 1.0] = size
        module[:, question.is_existing] = -1
        return self._try(module), answer.bound, fit.common(answer.x)

    def _rule_out(self, root: Relaxed) -> None:
        """Leave out the sites that cannot be in a better plan."""
        if self.plan is None:
            return
        question = self._question
        last = self._relaxation.layout.open(question.n_periods - 1)
        with_it = root.bound + np.minimum(root.reduced_cost[last], 0.0)
        hopeless = (with_it <= self._cutoff()) & ~question.is_existing
        hopeless[question.must_build] = False
        self._given_up = max(self._given_up, float(np.max(with_it[hopeless], initial=-np.inf)))
        self._hopeless |= hopeless

    def _try(self, module: Indices) -> Plan | None:
        """Value a build-out and keep it if it is the best; None if it is not allowed."""
        plan = self._plans.valued(module)
        if plan is not None and plan.is_enough and plan.worth > self.value:
            self.plan = self._plans.smallest(plan) if self._question.sizes_matter else plan
            self._report("better plan")
        return plan

    def _lower_bound_to(self, bound: float, message: str) -> None:
        bound = max(bound, self.value)
        if bound < self.bound:
            self.bound = bound
            self._report(message)

    def _cutoff(self) -> float:
        """Return the bound at which nothing worth finding is left."""
        return self.value + self._gap * abs(self.value)

    def _open(self) -> float:
        """Return the relative gap between plan and bound."""
        if self.plan is None:
            return 1.0
        return (self.bound - self.value) / max(abs(self.bound), abs(self.value), _DONE)

    def _done(self) -> bool:
        return self.is_proven or self.bound <= self._cutoff() or self._watch.stopped()

    def _report(self, message: str) -> None:
        if self._on_progress is not None and self.plan is not None:
            self._on_progress(self.value, self.bound, self._open(), self.seconds, message)
