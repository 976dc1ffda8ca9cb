"""Cuts of a build-out: how much volume the stations of a master solution can serve at most.

Covering planes. Whatever stations x stand in a period, the volume of a group of classes is at most
``b + sum_i a_i x_i``, with equality at the point the plane was made at (`siting.coverage.grouped_cuts`).

Serving planes. For any prices p_i >= 0 per kilogram, what the trips z that are served count is

    sum_q v_q z_q  <=  sum_i p_i L_i + sum_q r_q z_q,     r_q = max(0, v_q - cheapest fills of q at p),

as the fills that make up the loads L are worth at least the cheapest ones. The sum over r is at most what a
covering plane of the volumes r says. Capacity enters by the loads; with the prices at which a given
build-out shares out its capacity the plane is tight there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.buildout.layout import Rows
from siting.coverage import class_cover, class_volumes, grouped_cuts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.buildout.layout import Layout
    from siting.buildout.question import Service

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Serving planes added at a point, per period.
_MOST_PLANES = 8

#: Coefficients that count for less than this share of what the largest of their row counts are dust.
_DUST = 1e-10


class CoveringPlanes:
    """Covering planes of groups of classes.

    Parameters
    ----------
    layout
        Of the master.
    group
        (n_classes,) int64.
    class_volume
        (n_periods, n_classes) float64.
    """

    def __init__(self, layout: Layout, *, group: Indices, class_volume: Floats) -> None:
        self._layout, self._group, self._volume = layout, group, class_volume

    def at(self, period: int, stations: Floats) -> Rows:
        """Return the planes of all groups in a period, tight at (n_sites,) stations, 0-1 each."""
        layout = self._layout
        n_groups = layout.group_volume.shape[1]
        constant, slope = grouped_cuts(
            layout.question.cover, self._volume[period], self._group, stations, n_groups=n_groups
        )
        entries = slope.tocoo()
        row, site = entries.coords
        numbers = np.arange(n_groups)
        columns = np.concatenate([site + layout.open(period).start, layout.volume(period).start + numbers])
        values = np.concatenate([-entries.data, np.ones(n_groups)])
        matrix = sparse.csr_array(
            (values, (np.concatenate([row, numbers]), columns)), shape=(n_groups, layout.n_common)
        )
        return without_dust(Rows(matrix=matrix, limit=constant), layout.upper)

    def covered(self, period: int, stations: Floats) -> float:
        """Return the volume that (n_sites,) fractional stations cover."""
        return float(self._volume[period] @ class_cover(self._layout.question.cover, stations)[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Prices per kilogram, and what they leave over.

    Parameters
    ----------
    price
        (n_sites,) float64.
    left_over
        (n_periods, n_classes) float64, volume of each class less its cheapest fills.
    """

    price: Floats
    left_over: Floats


class ServingPlanes:
    """Prices found so far, and the planes they make.

    Parameters
    ----------
    layout
        Of the master.
    service
        Says what prices leave over.
    """

    def __init__(self, layout: Layout, service: Service) -> None:
        self._layout, self._service = layout, service
        #: Prices learned so far, oldest first.
        self.known: list[Price] = []

    def learn(self, price: Floats) -> None:
        """Keep prices, (n_sites,) float64 each."""
        question = self._layout.question
        left = [
            class_volumes(question.cover, self._service.left_over(period, price))
            for period in range(question.n_periods)
        ]
        self.known.append(Price(price=price, left_over=np.stack(left)))

    def at(self, period: int, x: Floats, stations: Floats, *, least: float) -> Rows:
        """Return the planes, tight at stations, that a solution violates most, and by more than `least`.

        Parameters
        ----------
        period
            0 ... n_periods - 1.
        x
            Solution of a master.
        stations
            (n_sites,) float64, 0-1 each.
        least
            Least violation.
        """
        layout = self._layout
        cover = layout.question.cover
        y, _ = class_cover(cover, stations)
        load, volume = x[layout.load(period)], float(x[layout.volume(period)].sum())
        by = np.array([volume - each.price @ load - each.left_over[period] @ y for each in self.known])
        worst = np.argsort(-by, kind="stable")[:_MOST_PLANES]
        kept = worst[by[worst] > least]
        return self._rows(period, [self.known[number] for number in kept.tolist()], stations)

    def _rows(self, period: int, known: list[Price], stations: Floats) -> Rows:
        layout = self._layout
        cover = layout.question.cover
        dense = np.zeros((len(known), layout.n_common))
        limit = np.zeros(len(known))
        one = np.zeros(cover.n_classes, dtype=np.int64)
        for number, each in enumerate(known):
            constant, slope = grouped_cuts(cover, each.left_over[period], one, stations, n_groups=1)
            dense[number, layout.open(period)] = -slope.toarray()[0]
            dense[number, layout.load(period)] = -each.price
            dense[number, layout.volume(period)] = 1.0
            limit[number] = constant[0]
        return without_dust(Rows(matrix=sparse.csr_array(dense), limit=limit), layout.upper)


def without_dust(rows: Rows, upper: Floats) -> Rows:
    """Leave out coefficients too small for a solver's arithmetic, at their worst; upper limits of columns.

    Only coefficients below 0 are left out: the most they could take off is added to the limit.
    """
    entries = rows.matrix.tocoo()
    row, column = entries.coords
    most = np.abs(entries.data) * upper[column]
    largest = np.zeros(len(rows))
    np.maximum.at(largest, row, most)
    dust = (entries.data < 0.0) & (most < _DUST * largest[row])
    given = np.bincount(row[dust], weights=most[dust], minlength=len(rows))
    kept = sparse.csr_array((entries.data[~dust], (row[~dust], column[~dust])), shape=rows.matrix.shape)
    return Rows(matrix=kept, limit=rows.limit + given)


def violated(rows: Rows, x: Floats, *, least: float) -> Rows:
    """Return the rows that a point violates by more than `least`."""
    kept = np.flatnonzero(rows.excess(x) > least)
    return Rows(matrix=sparse.csr_array(rows.matrix[kept]), limit=rows.limit[kept])
