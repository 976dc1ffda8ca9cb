"""A job that nobody waits for is stopped; one that somebody waits for is not."""

import threading

from planner.jobs import Job
from planner.views.presence import stop_when_left, watch


def _endless(stopped):
    def work(_on_progress, should_stop):
        for _ in range(2000):
            if should_stop():
                stopped.set()
                return "best so far"
            threading.Event().wait(0.01)
        return "done"

    return Job(work)


def test_a_job_is_stopped_once_its_page_is_closed():
    stopped = threading.Event()
    job = _endless(stopped)
    looks = iter([True, True, False, True, False, False, False])
    watch(job, lambda: next(looks), look_s=0.01, absences=3).join(timeout=10)
    assert job.wait(10)
    assert stopped.is_set()
    assert next(looks, None) is None, "one look without a person is not enough"


def test_a_job_goes_on_while_somebody_looks():
    work_ends = threading.Event()
    job = Job(lambda *_: work_ends.wait(10))
    watcher = watch(job, lambda: True, look_s=0.01, absences=1)
    watcher.join(timeout=0.3)
    assert watcher.is_alive()
    assert not job.stopping
    work_ends.set()
    watcher.join(timeout=10)
    assert not watcher.is_alive()
    assert not job.stopping


def test_without_a_page_nothing_is_watched():
    job = Job(lambda *_: 1)
    stop_when_left(job)
    assert job.wait(10)
    assert not job.stopping
