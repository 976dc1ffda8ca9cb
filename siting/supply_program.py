"""The supply of a year as a linear or mixed-integer program (:mod:`siting.supply_network`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from siting.program import Program
from siting.supply_network import DAYS, MONTHS, YEAR_DAYS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from siting.supply_lanes import Lanes
    from siting.supply_network import SupplyNetwork

    Floats = NDArray[np.float64]

#: Variables of a base in a month, in order; then those of a base in the year.
MONTHLY = ("made", "vented", "stored", "taken", "level", "running")
YEARLY = ("added", "capacity")
_MADE, _VENTED, _STORED, _TAKEN, _LEVEL, _RUNNING, _ADDED, _CAPACITY = range(8)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class BaseBlock:
    """What the bases can do, whatever the stations take.

    Parameters
    ----------
    objective, lower, upper
        (n,) float64. Columns: ``MONTHLY``, each (n_bases x 12), then ``YEARLY``, each (n_bases).
    integer
        (n,) bool.
    net
        (n_bases x 12, n) sparse: what leaves the gates, kg/d.
    matrix, row_lower, row_upper
        Rows: net, storage balance, storage capacity, most and least use, modules in operation.
    """

    objective: Floats
    lower: Floats
    upper: Floats
    integer: NDArray[np.bool_]
    net: sparse.csr_array
    matrix: sparse.csr_array
    row_lower: Floats
    row_upper: Floats

    def is_added(self, n_columns: int) -> NDArray[np.bool_]:
        """Return which of the columns of a program that begins with these are new modules: (n_columns,)."""
        added = np.zeros(n_columns, dtype=np.bool_)
        n_bases = len(self.objective) // (len(MONTHLY) * MONTHS + len(YEARLY))
        start = len(MONTHLY) * MONTHS * n_bases
        added[start : start + n_bases] = True
        return added

    def parts(self, x: Floats, n_bases: int) -> dict[str, Floats]:
        """Return the columns by name, (n_bases, 12) or (n_bases,) float64."""
        size = n_bases * MONTHS
        found: dict[str, Floats] = {
            name: x[k * size : (k + 1) * size].reshape(n_bases, MONTHS) for k, name in enumerate(MONTHLY)
        }
        start = len(MONTHLY) * size
        for k, name in enumerate(YEARLY):
            found[name] = x[start + k * n_bases : start + (k + 1) * n_bases]
        return found


def base_block(network: SupplyNetwork) -> BaseBlock:
    """Return columns and rows of the bases; every column has a bound no sensible plan goes beyond."""
    bases, storage = network.bases, network.storage
    n, size = len(bases), len(bases) * MONTHS
    one = sparse.csr_array(sparse.eye_array(size))
    per_base = _kron(np.eye(n), np.ones((MONTHS, 1)))
    before = _kron(np.eye(n), np.roll(np.eye(MONTHS), 1, axis=0))
    days = sparse.csr_array(sparse.diags_array(np.tile(DAYS, n)))
    module = bases.module_kg_per_day.ravel()
    least = np.repeat(bases.least_use, MONTHS) * module
    widths = (*(size,) * len(MONTHLY), n, n)
    net = {(0, _MADE): one, (0, _VENTED): -one, (0, _STORED): -one, (0, _TAKEN): one}
    rows = {
        **net,
        (1, _STORED): -(1.0 - storage.in_loss) * days,
        (1, _TAKEN): days,
        (1, _LEVEL): one - (1.0 - storage.loss_per_month) * before,
        (2, _LEVEL): one,
        (2, _CAPACITY): -per_base,
        (3, _MADE): one,
        (3, _RUNNING): -sparse.csr_array(sparse.diags_array(module)),
        (4, _MADE): one,
        (4, _RUNNING): -sparse.csr_array(sparse.diags_array(least)),
        (5, _RUNNING): one,
        (5, _ADDED): -per_base,
    }
    free, nothing = np.full(size, np.inf), np.zeros(size)
    there = np.repeat(bases.modules_there.astype(np.float64), MONTHS)
    cost = np.zeros((len(MONTHLY), n, MONTHS))
    cost[_MADE] = bases.running_cny_per_kg * DAYS
    cost[_STORED] = storage.in_cny_per_kg * DAYS
    cost[_TAKEN] = storage.out_cny_per_kg * DAYS
    most = np.zeros((len(MONTHLY), n, MONTHS))
    year_kg = (bases.most_kg_per_day * DAYS).sum(axis=1)
    most[:] = (year_kg / DAYS.min())[:, None]
    most[_MADE] = bases.most_kg_per_day
    most[_LEVEL] = year_kg[:, None]
    most[_RUNNING] = bases.modules_most[:, None]
    added = (bases.modules_most - bases.modules_there).astype(np.float64)
    integer = np.zeros((len(MONTHLY), n, MONTHS), dtype=np.bool_)
    integer[_RUNNING] = (bases.least_use > 0.0)[:, None]
    return BaseBlock(
        objective=np.concatenate(
            [cost.ravel(), bases.module_cny_per_year, np.full(n, storage.capacity_cny_per_kg_year)]
        ),
        lower=np.zeros(len(MONTHLY) * size + 2 * n),
        upper=np.concatenate([most.ravel(), added, year_kg]),
        integer=np.concatenate([integer.ravel(), np.ones(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)]),
        net=_stacked(net, (size,), widths),
        matrix=_stacked(rows, (size,) * 6, widths),
        row_lower=np.concatenate([nothing, nothing, -free, -free, nothing, -free]),
        row_upper=np.concatenate([free, nothing, nothing, nothing, free, there]),
    )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class YearProgram:
    """The program of a year and where its columns and rows are.

    Parameters
    ----------
    program
        Columns: the bases, lanes (n_lanes x 12), on-site production (n_sites x 12) and capacity (n_sites),
        none without it, shortage (n_sites x 12), conversion plants (n_bases x n_modes).
    block
        Of the bases.
    lanes
        Open lanes.
    limited
        Modes with a limit, rows of ``lanes.modes``.
    gates, vehicles, plants
        First rows of the gates, of the vehicles and of the plants; before the gates stand those of the block.
    ends
        Ends of the columns of bases, lanes, on-site production, on-site capacity, shortage.
    """

    program: Program
    block: BaseBlock
    lanes: Lanes
    limited: tuple[int, ...]
    gates: int
    vehicles: int
    plants: int
    ends: tuple[int, ...]

    def fixed(self, x: Floats) -> Program:
        """Return the linear program with the whole numbers of a solution, rounded."""
        whole = np.zeros(len(self.program.objective), dtype=np.bool_)
        whole[: self.ends[0]] = self.block.integer
        values = np.round(x)
        return replace(
            self.program,
            lower=np.where(whole, values, self.program.lower),
            upper=np.where(whole, values, self.program.upper),
            integer=None,
        )


def year_program(
    network: SupplyNetwork, lanes: Lanes, load_kg_per_day: Floats, *, whole: bool
) -> YearProgram:
    """Return the program of a year.

    Parameters
    ----------
    network
        Bases, storage, vehicles.
    lanes
        From :func:`siting.supply_lanes.lanes`.
    load_kg_per_day
        (n_sites, 12) float64.
    whole
        Whether modules are whole; else the linear relaxation.
    """
    block = base_block(network)
    n_sites, n_lanes, n_bases = len(load_kg_per_day), len(lanes.site), len(network.bases)
    n_own = n_sites if network.on_site is not None else 0
    size = n_sites * MONTHS
    months = np.eye(MONTHS)
    picks = np.arange(n_lanes)
    to_site = sparse.csr_array((np.ones(n_lanes), (lanes.site, picks)), shape=(n_sites, n_lanes))
    from_base = sparse.csr_array((1.0 + lanes.lost_kg, (lanes.base, picks)), shape=(n_bases, n_lanes))
    limited = tuple(rank for rank, name in enumerate(lanes.modes) if name in network.trailers)
    of_mode = lanes.mode[None, :] == np.array(limited, dtype=np.int64)[:, None]
    fleets = sparse.csr_array(of_mode * lanes.trailers)
    own = sparse.csr_array(sparse.eye_array(n_own * MONTHS))
    available = network.on_site.availability if network.on_site is not None else 1.0
    own_room = _kron(np.eye(n_own), np.full((MONTHS, 1), -available))
    n_limits, n_block = len(limited) * MONTHS, block.matrix.shape[0]
    n_plants = n_bases * len(lanes.modes)
    plants = sparse.csr_array((lanes.plant_cny_per_kg, (lanes.plant, picks)), shape=(n_plants, n_lanes))
    widths = (block.matrix.shape[1], n_lanes * MONTHS, n_own * MONTHS, n_own, size, n_plants)
    heights = (n_block, n_bases * MONTHS, size, n_limits, n_own * MONTHS, n_plants * MONTHS)
    matrix = _stacked(
        {
            (0, 0): block.matrix,
            (1, 0): block.net,
            (1, 1): -_kron(from_base, months),
            (2, 1): _kron(to_site, months),
            **({(2, 2): own} if n_own else {}),
            (2, 4): sparse.csr_array(sparse.eye_array(size)),
            (3, 1): _kron(fleets, months),
            (4, 2): own,
            (4, 3): own_room,
            (5, 1): _kron(plants, months),
            (5, 5): -_kron(np.eye(n_plants), np.ones((MONTHS, 1))),
        },
        heights,
        widths,
    )
    free = len(block.objective)
    load = load_kg_per_day.ravel()
    there = np.repeat([network.trailers[lanes.modes[rank]] for rank in limited], MONTHS)
    ends = tuple(int(each) for each in np.cumsum(widths[:-1]))
    program = Program(
        objective=np.concatenate(
            [
                block.objective,
                *_station_costs(network, lanes, n_own, n_sites),
                np.full(n_plants, float(YEAR_DAYS)),
            ]
        ),
        lower=np.zeros(sum(widths)),
        upper=np.concatenate([block.upper, np.full(sum(widths) - free, np.inf)]),
        matrix=matrix,
        row_lower=np.concatenate(
            [block.row_lower, np.zeros(heights[1]), load, np.full(sum(heights[3:]), -np.inf)]
        ),
        row_upper=np.concatenate(
            [block.row_upper, np.zeros(heights[1]), load, there, np.zeros(sum(heights[4:]))]
        ),
        integer=np.concatenate([block.integer, np.zeros(sum(widths) - free) > 0.0]) if whole else None,
    )
    return YearProgram(
        program=program,
        block=block,
        lanes=lanes,
        limited=limited,
        gates=n_block,
        vehicles=sum(heights[:3]),
        plants=sum(heights[:5]),
        ends=ends,
    )


def _station_costs(network: SupplyNetwork, lanes: Lanes, n_own: int, n_sites: int) -> list[Floats]:
    """Return the objective of lanes, on-site production and capacity, and shortage."""
    own = network.on_site
    running = own.power_cny_per_kg + own.wear_cny_per_kg if own is not None else 0.0
    capacity = own.capacity_cny_per_kg_per_day_year if own is not None else 0.0
    return [
        np.outer(lanes.cny_per_kg, DAYS).ravel(),
        np.tile(running * DAYS, n_own),
        np.full(n_own, capacity),
        np.tile(network.shortage_cny_per_kg * DAYS, n_sites),
    ]


def _kron(left: Floats | sparse.csr_array, right: Floats) -> sparse.csr_array:
    """Return the Kronecker product."""
    return sparse.csr_array(sparse.kron(sparse.csr_array(left), sparse.csr_array(right)))


def _stacked(
    blocks: dict[tuple[int, int], sparse.csr_array], heights: tuple[int, ...], widths: tuple[int, ...]
) -> sparse.csr_array:
    """Return blocks in place; others are empty."""
    top, left = np.concatenate([[0], np.cumsum(heights)]), np.concatenate([[0], np.cumsum(widths)])
    row, column, value = [], [], []
    for (i, j), block in blocks.items():
        entries = block.tocoo()
        row.append(entries.coords[0] + top[i])
        column.append(entries.coords[1] + left[j])
        value.append(entries.data)
    at = (np.concatenate(row), np.concatenate(column))
    return sparse.csr_array((np.concatenate(value), at), shape=(int(top[-1]), int(left[-1])))
