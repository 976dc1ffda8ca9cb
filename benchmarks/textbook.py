"""Textbook mixed-integer programs of the location models, as a peer would write them down.

Columns are y by site, then x by customer and site (row by row) or z by customer. They share nothing with the
engine but the shape in which OR-Tools takes a program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.program import Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def _assignment(n: int, m: int) -> tuple[sparse.csr_array, sparse.csr_array, sparse.csr_array]:
    """Return (once, y of each pair, x of each pair): rows of an assignment model over y, x."""
    pairs = n * m
    once = sparse.hstack(
        [sparse.csr_array((n, m)), sparse.kron(sparse.eye_array(n), np.ones((1, m)))], format="csr"
    )
    of_site = sparse.hstack(
        [sparse.vstack([sparse.eye_array(m)] * n), sparse.csr_array((pairs, pairs))], format="csr"
    )
    of_pair = sparse.hstack([sparse.csr_array((pairs, m)), sparse.eye_array(pairs)], format="csr")
    return once, of_site, of_pair


def p_median(distance: Floats, *, p: int) -> Program:
    """Return the model of ReVelle & Swain (1970)."""
    n, m = distance.shape
    once, of_site, of_pair = _assignment(n, m)
    count = sparse.csr_array(np.concatenate([np.ones(m), np.zeros(n * m)])[None, :])
    return Program(
        objective=np.concatenate([np.zeros(m), distance.ravel()]),
        lower=np.zeros(m + n * m),
        upper=np.ones(m + n * m),
        matrix=sparse.csr_array(sparse.vstack([once, of_pair - of_site, count])),
        row_lower=np.concatenate([np.ones(n), np.full(n * m, -np.inf), [p]]),
        row_upper=np.concatenate([np.ones(n), np.zeros(n * m), [p]]),
        integer=np.arange(m + n * m) < m,
    )


def p_center(distance: Floats, *, p: int) -> Program:
    """Return the model of Daskin (1995), with the largest distance as last column."""
    n, m = distance.shape
    once, of_site, of_pair = _assignment(n, m)
    count = sparse.csr_array(np.concatenate([np.ones(m), np.zeros(n * m)])[None, :])
    weights = sparse.csr_array(
        (distance.ravel(), (np.repeat(np.arange(n), m), m + np.arange(n * m))), shape=(n, m + n * m)
    )
    rows = sparse.vstack([once, of_pair - of_site, count])
    last = sparse.vstack([sparse.csr_array((rows.shape[0], 1)), sparse.csr_array(-np.ones((n, 1)))])
    size = m + n * m
    return Program(
        objective=np.append(np.zeros(size), 1.0),
        lower=np.zeros(size + 1),
        upper=np.append(np.ones(size), np.inf),
        matrix=sparse.csr_array(sparse.hstack([sparse.vstack([rows, weights]), last])),
        row_lower=np.concatenate([np.ones(n), np.full(n * m, -np.inf), [p], np.full(n, -np.inf)]),
        row_upper=np.concatenate([np.ones(n), np.zeros(n * m), [p], np.zeros(n)]),
        integer=np.append(np.ones(size, dtype=bool), False),
    )


def max_cover(covers: NDArray[np.bool_], *, p: int) -> Program:
    """Return the model of Church & ReVelle (1974) with weights 1."""
    n, m = covers.shape
    rows = sparse.hstack([-sparse.csr_array(covers.astype(np.float64)), sparse.eye_array(n)])
    count = sparse.csr_array(np.concatenate([np.ones(m), np.zeros(n)])[None, :])
    return Program(
        objective=np.concatenate([np.zeros(m), np.ones(n)]),
        lower=np.zeros(m + n),
        upper=np.ones(m + n),
        matrix=sparse.csr_array(sparse.vstack([rows, count])),
        row_lower=np.full(n + 1, -np.inf),
        row_upper=np.append(np.zeros(n), float(p)),
        integer=np.ones(m + n, dtype=bool),
        maximize=True,
    )


def set_cover(covers: NDArray[np.bool_]) -> Program:
    """Return the model of Toregas et al. (1971)."""
    n, m = covers.shape
    return Program(
        objective=np.ones(m),
        lower=np.zeros(m),
        upper=np.ones(m),
        matrix=sparse.csr_array(covers.astype(np.float64)),
        row_lower=np.ones(n),
        row_upper=np.full(n, np.inf),
        integer=np.ones(m, dtype=bool),
    )


def capacitated(cost: Floats, fixed_cost: Floats, *, demand: Floats, capacity: Floats) -> Program:
    """Return the aggregated model: capacities alone link x to y."""
    n, m = cost.shape
    once, _, _ = _assignment(n, m)
    load = sparse.kron(demand[None, :], sparse.eye_array(m))
    return Program(
        objective=np.concatenate([fixed_cost, cost.ravel()]),
        lower=np.zeros(m + n * m),
        upper=np.ones(m + n * m),
        matrix=sparse.csr_array(sparse.vstack([once, sparse.hstack([-sparse.diags_array(capacity), load])])),
        row_lower=np.concatenate([np.ones(n), np.full(m, -np.inf)]),
        row_upper=np.concatenate([np.ones(n), np.zeros(m)]),
        integer=np.arange(m + n * m) < m,
    )
