"""A job runs in its own thread and keeps what came of it."""

import threading

import pytest

from corridor.errors import InfeasibleError
from planner import inputs, pipeline, store
from planner.jobs import Job, solve
from planner.progress import Progress, Stopped
from planner.scenario import Scenario

_PATIENCE_S = 10.0


def test_result_is_kept():
    job = Job(lambda _on_progress, _should_stop: 42)
    assert job.wait(_PATIENCE_S)
    assert (job.result, job.error, job.done) == (42, None, True)


def test_latest_progress_is_readable_while_it_runs():
    reported, go_on = threading.Event(), threading.Event()

    def work(on_progress, _should_stop):
        on_progress(Progress(stage="routes", seconds=0.1, message="routing"))
        on_progress(Progress(stage="siting", seconds=1.0, message="cuts", incumbent=90.0, bound=100.0))
        reported.set()
        go_on.wait(_PATIENCE_S)

    job = Job(work)
    assert reported.wait(_PATIENCE_S)
    assert not job.done
    assert job.progress.stage == "siting"
    assert job.progress.gap == pytest.approx(0.1)
    go_on.set()
    assert job.wait(_PATIENCE_S)


def _until_stopped(*, best):
    """Work that waits for the stop and then gives its best, or nothing."""

    def work(_on_progress, should_stop):
        pause = threading.Event()
        while not should_stop():
            pause.wait(0.005)
        if best is None:
            raise Stopped
        return best

    return work


def test_stop_with_nothing_to_give():
    job = Job(_until_stopped(best=None))
    job.stop()
    assert job.wait(_PATIENCE_S)
    assert (job.result, job.error, job.stopping) == (None, None, True)


def test_stop_keeps_the_best_so_far():
    job = Job(_until_stopped(best="incumbent"))
    job.stop()
    assert job.wait(_PATIENCE_S)
    assert job.result == "incumbent"


def test_work_that_was_left_ends_before_its_next_stage():
    left, stages = threading.Event(), []

    def work(on_progress, should_stop):
        left.wait(_PATIENCE_S)
        assert should_stop()
        for stage in ("siting", "siting", "sizing", "supply"):
            on_progress(Progress(stage=stage, seconds=1.0, message=""))
            stages.append(stage)
        return "best so far"

    job = Job(work)
    job.leave()
    left.set()
    assert job.wait(_PATIENCE_S)
    assert (job.result, job.error, job.stopping) == (None, None, True)
    assert stages == ["siting", "siting"], "a solver is not thrown out of, a stage is not begun"


def test_stopping_one_job_leaves_the_other_running():
    first, second = Job(_until_stopped(best=1)), Job(_until_stopped(best=2))
    first.stop()
    assert first.wait(_PATIENCE_S)
    assert not second.done
    assert not second.stopping
    second.stop()
    assert second.wait(_PATIENCE_S)
    assert second.result == 2


@pytest.mark.parametrize("error", [InfeasibleError("no site is open"), ZeroDivisionError("a fault of ours")])
def test_errors_are_kept(error):
    def work(_on_progress, _should_stop):
        raise error

    job = Job(work)
    assert job.wait(_PATIENCE_S)
    assert job.error is error
    assert job.result is None


@pytest.fixture
def shelf(monkeypatch):
    """The store as a dictionary, and a solver that counts its calls."""
    kept, calls = {}, []

    def make_plan(scenario, **_options):
        calls.append(scenario)
        return f"plan of {scenario.stations}"

    monkeypatch.setattr(inputs, "fingerprint", lambda _: "data")
    monkeypatch.setattr(pipeline, "make_plan", make_plan)
    monkeypatch.setattr(store, "find", lambda scenario, _fingerprint: kept.get(scenario.identity))
    monkeypatch.setattr(
        store, "save", lambda plan: kept.update({Scenario(stations=int(plan[8:])).identity: plan})
    )
    return kept, calls


def test_a_scenario_is_solved_once(shelf):
    _, calls = shelf
    first = solve(Scenario(stations=3), print, lambda: False)
    second = solve(Scenario(stations=3, name="the same"), print, lambda: False)
    assert first == second == "plan of 3"
    assert len(calls) == 1


def test_a_plan_stopped_early_is_shown_but_not_stored(shelf):
    kept, _ = shelf
    assert solve(Scenario(stations=3), print, lambda: True) == "plan of 3"
    assert kept == {}
