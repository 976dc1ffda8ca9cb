from __future__ import annotations

import pytest

from benchmarks.opening import waited

PAGE, OTHER = {"pid": 7, "tid": 1}, {"pid": 7, "tid": 2}
WAIT = "CommandBufferProxyImpl::WaitForGetOffset"


def _event(name, start_s, seconds, thread):
    return {"name": name, "ph": "X", "ts": 5e6 + start_s * 1e6, "dur": seconds * 1e6, **thread}


BEGAN = {"name": "navigationStart", "ph": "R", "ts": 5e6, **PAGE}
BLANK_BEGAN = {"name": "navigationStart", "ph": "R", "ts": 1e6, "pid": 3, "tid": 1}
TASK = _event("RunTask", 0.5, 4.0, PAGE)


def test_waits_of_the_page_count_until_the_last_drawing():
    events = [
        BLANK_BEGAN,
        BEGAN,
        TASK,
        _event(WAIT, 1.0, 0.5, PAGE),
        _event(WAIT, 2.0, 1.0, PAGE),  # half of it before the last drawing
        _event(WAIT, 3.0, 1.0, PAGE),  # after it
        _event(WAIT, 1.0, 9.0, OTHER),
    ]
    assert waited(events, until=2.5) == pytest.approx(0.5 + 0.5)
    assert waited(events, until=10.0) == pytest.approx(0.5 + 1.0 + 1.0)
    assert waited([BEGAN, TASK], until=10.0) == 0.0


def test_a_trace_that_cannot_tell_says_so():
    with pytest.raises(ValueError, match="tells of no page"):
        waited([TASK], until=1.0)
    with pytest.raises(ValueError, match="no task of the page"):
        waited([BEGAN, _event("RunTask", 0.5, 4.0, OTHER)], until=1.0)
