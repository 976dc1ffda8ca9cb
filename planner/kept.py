"""Results of slow steps kept in memory for the next plan: what a re-plan after an edit does not do again.

A result is kept under everything it was made from, so that it cannot be stale: content, not names of files,
and tables by identity, as they are never changed in place. docs/replanning.md says what is kept where.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Value = TypeVar("Value")


class Latest(Generic[Value]):
    """The latest result of one step, and no other: memory stays bounded by one result.

    The old result is let go before a new one is made, unlike with ``functools.lru_cache``: the two are never
    there at once. Any thread may ask; two that ask for different things at once take turns at being kept.

    Examples
    --------
    >>> kept = Latest()
    >>> kept.of("a", lambda: 1)
    1
    >>> kept.of("a", lambda: 2)
    1
    >>> kept.of("b", lambda: 3)
    3
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: tuple[Hashable, Value] | None = None

    def of(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """Return the kept result, or make one and keep it in place of the other.

        Parameters
        ----------
        key
            Everything the result depends on.
        make
            Makes the result; what it raises is passed on, and nothing is kept.
        """
        with self._lock:
            if self._kept is not None and self._kept[0] == key:
                return self._kept[1]
            self._kept = None
        value = make()
        with self._lock:
            self._kept = (key, value)
        return value

    def clear(self) -> None:
        """Keep nothing."""
        with self._lock:
            self._kept = None


class Turns:
    """A lock for each question: who asks what another thread is answering waits, and finds the answer kept.

    ``functools.lru_cache`` lets both answer, each for itself, and they hold different objects afterwards.

    Examples
    --------
    >>> turns = Turns()
    >>> with turns.on("a"), turns.on("b"):
    ...     pass
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: WeakValueDictionary[Hashable, _Turn] = WeakValueDictionary()

    def on(self, key: Hashable) -> _Turn:
        """Return the lock of a question, to be held while it is answered; nobody is to ask within."""
        with self._lock:
            return self._turns.setdefault(key, _Turn())


class _Turn:
    """A lock that a weak dictionary can hold: gone with the last thread that waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()
