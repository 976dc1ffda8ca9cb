"""The latest result of a step: one at a time, the old one gone before the new one is made, by one thread."""

import gc
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import pytest

from planner import inputs
from planner.kept import Latest, Turns


class Large:
    """Stands for a result; unlike a number it can be watched being let go."""


def test_the_same_question_has_the_same_object_and_another_one_takes_its_place():
    kept = Latest()
    first = kept.of(("a", 1), Large)
    assert kept.of(("a", 1), Large) is first
    second = kept.of(("a", 2), Large)
    assert second is not first
    assert kept.of(("a", 2), Large) is second
    assert kept.of(("a", 1), Large) is not first


def test_the_old_result_is_let_go_before_the_new_one_is_made():
    kept = Latest()
    old = weakref.ref(kept.of("old", Large))

    def make():
        gc.collect()
        assert old() is None
        return Large()

    assert kept.of("new", make) is not None


def test_what_fails_is_not_kept_and_neither_is_the_old_result():
    kept = Latest()
    first = kept.of("a", Large)
    with pytest.raises(ZeroDivisionError):
        kept.of("b", lambda: 1 / 0)
    assert kept.of("b", Large) is not first
    kept.clear()
    assert kept.of("a", Large) is not first


def test_threads_that_ask_for_different_things_get_their_own():
    kept, wrong = Latest(), []

    def ask(name):
        wrong.extend(name for _ in range(2000) if kept.of(name, lambda: [name]) != [name])

    threads = [threading.Thread(target=ask, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_threads_that_ask_the_same_at_once_get_the_same_object(monkeypatch):
    made = []

    @lru_cache(maxsize=2)
    def load(*question):
        made.append(question)
        time.sleep(0.2)
        return Large()

    monkeypatch.setattr(inputs, "_load", load)
    with ThreadPoolExecutor(max_workers=4) as threads:
        found = list(threads.map(lambda _: inputs.load_inputs(), range(4)))
    assert len({id(each) for each in found}) == len(made) == 1


def test_turns_hold_up_nobody_who_asks_for_something_else_and_end_with_what_fails():
    turns, inside = Turns(), threading.Barrier(2, timeout=10)

    def answer(name):
        with turns.on(name):
            inside.wait()

    with ThreadPoolExecutor(max_workers=2) as threads:
        list(threads.map(answer, "ab"))
    with pytest.raises(ZeroDivisionError), turns.on("a"):
        _ = 1 / 0
    with turns.on("a"):
        pass
    gc.collect()
    assert not turns._turns, "nothing is left of questions that were answered"
