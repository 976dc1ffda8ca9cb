"""Small build-outs, and their answers by trying everything with one explicit linear program each."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.optimize import linprog

from siting.buildout.fill_service import FillService
from siting.buildout.question import Question

SIZES = np.array([4.0, 10.0])


def served_km(corridor, laps, room, cost=None):
    """Most km refueled on a day by one linear program: of each trip its share, fills, and level at home.

    A cost per km filled at each node is taken off.
    """
    columns, value, rows, even = 0, [], [], []
    loads = {node: {} for node in np.flatnonzero(room > 0.0).tolist()}
    for path, km, tank, n in zip(corridor.paths, corridor.km, corridor.range_km, laps, strict=True):
        length = km[-1]
        stops = [(at, node) for node, at in zip(path, km, strict=True) if node in loads]
        stops += [(2 * length - at, node) for at, node in reversed(stops) if at < length or path[0] != node]
        z, level, fill = columns, columns + 1, list(range(columns + 2, columns + 2 + len(stops)))
        columns += 2 + len(stops)
        value.append((z, n * 2 * length))
        even.append(({**dict.fromkeys(fill, 1.0), z: -2 * length}, 0.0))
        if path[0] in loads:
            rows.append(({level: 1.0, z: -tank}, 0.0))
        else:
            even.append(({level: 1.0, z: -tank / 2.0}, 0.0))
        rows.append(({z: 1.0}, 1.0))
        for k, (at, node) in enumerate(stops):
            before = {level: -1.0, z: at, **dict.fromkeys(fill[:k], -1.0)}
            after = {level: 1.0, z: -at - tank, **dict.fromkeys(fill[: k + 1], 1.0)}
            rows += [(before, 0.0), (after, 0.0)]
            loads[node][fill[k]] = n
            value.append((fill[k], 0.0 if cost is None else -n * cost[node]))
        rows.append(({level: -1.0, z: 2 * length, **dict.fromkeys(fill, -1.0)}, 0.0))
    rows += [(used, room[node]) for node, used in loads.items() if used]

    def dense(some):
        matrix = np.zeros((len(some), columns))
        for number, (entries, _) in enumerate(some):
            for column, coefficient in entries.items():
                matrix[number, column] += coefficient
        return matrix, [limit for _, limit in some]

    gain = np.zeros(columns)
    for z, worth in value:
        gain[z] = worth
    upper, equal = dense(rows), dense(even)
    answer = linprog(-gain, A_ub=upper[0], b_ub=upper[1], A_eq=equal[0], b_eq=equal[1])
    assert answer.status == 0
    return -answer.fun


def question_of(corridor, laps, **given_):
    """Everything counts, everything is allowed, unless said otherwise; laps by period."""
    lengths = np.array([2.0 * km[-1] for km in corridor.km])
    n, periods = corridor.n_nodes, len(laps)
    nothing = np.full(periods, np.inf)
    fields = {
        "cover": corridor.cover(),
        "volume": np.asarray(laps) * lengths,
        "weight": np.ones(periods),
        "module_kg_per_day": SIZES,
        "existing_kg_per_day": np.full(n, np.nan),
        "highest_utilization": 1.0,
        "most_new": nothing,
        "cost": np.tile([3.0, 5.0], (n, 1)),
        "budget": nothing,
        "worth": np.ones(periods),
        "running_cost": np.zeros((n, 2)),
        "least_volume": np.zeros(periods),
        "locked": np.empty(0, np.int64),
        "forbidden": np.empty(0, np.int64),
    }
    return Question(**{**fields, **given_})


def fill_service(corridor, question, laps):
    return FillService(
        corridor.candidate_paths(),
        path=np.arange(len(corridor.paths)),
        kind=None,
        tank_kg=np.array(corridor.range_km),
        laps_per_day=np.asarray(laps),
        volume=question.volume,
    )


def allowed_buildouts(question):
    """List every build-out the limits allow, straight from their meaning."""
    free = [
        site
        for site in range(question.n_sites)
        if np.isnan(question.existing_kg_per_day[site]) and site not in question.forbidden
    ]
    sizes = range(-1, len(question.module_kg_per_day))
    growths = [g for g in product(sizes, repeat=question.n_periods) if list(g) == sorted(g)]
    found = []
    for choice in product(growths, repeat=len(free)):
        module = np.full((question.n_periods, question.n_sites), -1)
        for site, growth in zip(free, choice, strict=True):
            module[:, site] = growth
        spent = [sum(question.cost[i, m] for i, m in enumerate(row) if m >= 0) for row in module]
        if (
            all((row >= 0).sum() <= most for row, most in zip(module, question.most_new, strict=True))
            and all(cost <= most + 1e-9 for cost, most in zip(spent, question.budget, strict=True))
            and all(module[-1, site] >= 0 for site in question.locked)
            and (question.fixed is None or _of_fixed_sizes(module, question.fixed))
        ):
            found.append(module)
    return found


def _of_fixed_sizes(module, fixed):
    return all(row[site] in {-1, only} for row in module for site, only in enumerate(fixed) if only >= 0)


def best_worth(corridor, question, laps, cost=None):
    """Value every allowed build-out by the explicit program."""
    served: dict[tuple[int, bytes], float] = {}
    best = -np.inf
    for module in allowed_buildouts(question):
        worth = 0.0
        enough = True
        for period, row in enumerate(module):
            room = question.highest_utilization * np.where(
                row >= 0, SIZES[row], np.nan_to_num(question.existing_kg_per_day)
            )
            key = (period, room.tobytes())
            if key not in served:
                served[key] = served_km(corridor, laps[period], room, None if cost is None else cost[period])
            enough &= served[key] >= question.least_volume[period] - 1e-9
            running = sum(question.running_cost[i, m] for i, m in enumerate(row) if m >= 0)
            worth += question.weight[period] * (question.worth[period] * served[key] - running)
        if enough:
            best = max(best, worth)
    return best
