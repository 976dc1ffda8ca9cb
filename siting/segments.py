"""Bisection on many sorted segments at once: along each trip's path, by its own kind of vehicle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]


class Column:
    """Figures of each trip's own kind of vehicle along the paths."""

    def __init__(self, values: Floats, kind: Indices) -> None:
        self._flat, self._n_kinds, self._kind = values.ravel(), values.shape[1], kind

    def at(self, trip: Indices, row: Indices) -> Floats:
        """Return the figures of some trips at some rows."""
        figures: Floats = self._flat[row * self._n_kinds + self._kind[trip]]
        return figures

    def bisect(self, trip: Indices, low: Indices, high: Indices, target: Floats, *, side: str) -> Indices:
        """Return the first row in low:high with a figure >= (right: >) the target, many segments at once."""
        return _bisect(self.at, trip, low, high, target, side=side)


class Sum:
    """Sum of two columns: what the way there and the way back use together."""

    def __init__(self, one: Column, other: Column) -> None:
        self._one, self._other = one, other

    def at(self, trip: Indices, row: Indices) -> Floats:
        """Return the sums of some trips at some rows."""
        return self._one.at(trip, row) + self._other.at(trip, row)

    def bisect(self, trip: Indices, low: Indices, high: Indices, target: Floats, *, side: str) -> Indices:
        """Return the first row in low:high with a sum >= (right: >) the target, many segments at once."""
        return _bisect(self.at, trip, low, high, target, side=side)


def _bisect(
    at: Callable[[Indices, Indices], Floats],
    trip: Indices,
    low: Indices,
    high: Indices,
    target: Floats,
    *,
    side: str,
) -> Indices:
    """Bisect many segments at once: the first row in low:high with a value >= (right: >) the target."""
    low, high = low.copy(), high.copy()
    last = np.maximum(high - 1, low)
    for _ in range(int(np.max(high - low, initial=0)).bit_length()):
        middle = (low + high) // 2
        searching = low < high
        rows = np.flatnonzero(searching)
        value = at(trip[rows], np.minimum(middle, last)[rows])
        below = np.zeros(len(low), dtype=bool)
        below[rows] = (value <= target[rows]) if side == "right" else (value < target[rows])
        high = np.where(searching & ~below, middle, high)
        low = np.where(below, middle + 1, low)
    return low


def differs_from_previous(owner: Indices, value: Indices) -> NDArray[np.bool_]:
    """Tell where a row starts a new group or a new value."""
    differs = np.ones(len(owner), dtype=bool)
    differs[1:] = (owner[1:] != owner[:-1]) | (value[1:] != value[:-1])
    return differs
