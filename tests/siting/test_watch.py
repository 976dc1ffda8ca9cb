from __future__ import annotations

import threading

from siting.watch import Watch


class Linear:
    """A linear solver that goes on until it is interrupted."""

    def __init__(self, *, long):
        self.limit_ms = 0
        self.interrupted = threading.Event()
        self._long = long

    def SetTimeLimit(self, limit_ms):  # noqa: N802 - the solver's own name
        self.limit_ms = limit_ms

    def Solve(self):  # noqa: N802 - the solver's own name
        if self._long:
            assert self.interrupted.wait(60.0)
            return 6
        return 0

    def InterruptSolve(self):  # noqa: N802 - the solver's own name
        self.interrupted.set()


def test_a_stop_interrupts_a_linear_program():
    linear = Linear(long=True)
    asked = iter([False, False])
    assert Watch(should_stop=lambda: next(asked, True)).run(linear) == 6
    assert linear.interrupted.is_set()


def test_a_linear_program_ends_by_itself_and_has_the_time_left():
    for should_stop in (None, lambda: False):
        linear = Linear(long=False)
        assert Watch(time_limit_s=5.0, should_stop=should_stop).run(linear) == 0
        assert not linear.interrupted.is_set()
        assert 0 < linear.limit_ms <= 5000
