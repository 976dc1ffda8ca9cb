"""Good plans of a simple plant location problem: greedy opening, then exchange of sites.

With ``d1`` and ``d2`` the costs of a customer's cheapest and second cheapest open sites, opening j gains
``sum max(0, d1 - c_j)``, closing r loses ``sum (d2 - d1)`` over its customers, and doing both loses less than
the two apart by ``sum (d2 - max(c_j, d1))`` over the customers of r nearer to j than d2: all pairs (r, j) are
judged in one matrix product (Resende & Werneck 2007).

References
----------
Teitz, M. B., Bart, P. (1968). Heuristic methods for estimating the generalized vertex median of a weighted
graph. Operations Research 16, 955-961.
Resende, M. G. C., Werneck, R. F. (2007). A fast swap-based local search procedure for location problems.
Annals of Operations Research 150, 205-230.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.plant import savings

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from siting.plant import Plants

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

#: A move must improve by this share of the cost, so that last digits do not move it in circles.
_LEAST = 1e-10


def greedy(problem: Plants, *, should_stop: Callable[[], bool]) -> Bools:
    """Open the site that saves the most, one after another, while that saves anything.

    A stop is heeded once everyone is served.
    """
    chosen = np.zeros(problem.n_sites, dtype=bool)
    served = problem.standing.copy()
    while np.count_nonzero(chosen) < problem.most:
        gain = savings(problem.cost, served) - problem.opening
        gain[chosen] = -np.inf
        best = int(np.argmax(gain))
        if gain[best] <= 0.0 or (should_stop() and served.max() < problem.far):
            break
        chosen[best] = True
        np.minimum(served, problem.cost[:, best], out=served)
    return chosen


def interchange(problem: Plants, chosen: Bools, *, should_stop: Callable[[], bool]) -> Bools:
    """Make the best opening, closing or exchange of two sites until none saves anything.

    Parameters
    ----------
    problem
        What is to decide.
    chosen
        (n_sites,) bool, the plan to start from.
    should_stop
        Asked between moves.

    Returns
    -------
    (n_sites,) bool
        A plan that costs no more. Ties go to the lowest site index.
    """
    chosen = chosen.copy()
    while problem.n_sites and not should_stop():
        move = _best_move(problem, chosen)
        if move is None:
            break
        opened, closed = move
        if closed is not None:
            chosen[closed] = False
        if opened is not None:
            chosen[opened] = True
    return chosen


def _best_move(problem: Plants, chosen: Bools) -> tuple[int | None, int | None] | None:
    """Return the site to open and the site to close; None when no move saves anything."""
    sites = np.flatnonzero(chosen)
    n_customers = len(problem.standing)
    charges = np.column_stack([problem.standing, problem.cost[:, sites]])
    first = charges.argmin(axis=1)
    d1 = charges[np.arange(n_customers), first]
    charges[np.arange(n_customers), first] = problem.far
    d2 = charges.min(axis=1)
    owned = first > 0
    owner = sparse.csr_array(
        (np.ones(int(owned.sum())), (first[owned] - 1, np.flatnonzero(owned))),
        shape=(len(sites), n_customers),
    )
    least = _LEAST * max(1.0, float(d1.sum()))
    nearer = np.minimum(problem.cost, d2[:, None])
    np.maximum(nearer, d1[:, None], out=nearer)
    np.subtract(d2[:, None], nearer, out=nearer)
    saved = np.asarray(owner @ nearer)  # what opening j gives back to the customers of r
    gain = savings(problem.cost, d1) - problem.opening
    gain[chosen] = -np.inf
    loss = np.asarray(owner @ (d2 - d1)) - problem.opening[sites]
    best = least
    move: tuple[int | None, int | None] | None = None
    if len(sites) < problem.most and gain.max() > best:
        best, move = float(gain.max()), (int(gain.argmax()), None)
    if len(sites):
        exchange = gain[None, :] - loss[:, None] + saved
        at = int(exchange.argmax())
        if exchange.flat[at] > best:
            best, move = float(exchange.flat[at]), (at % problem.n_sites, int(sites[at // problem.n_sites]))
        if -loss.min() > best and (len(sites) > 1 or not problem.must_open):
            move = None, int(sites[loss.argmin()])
    return move
