"""Small supply networks, and their optimum by other code: one row at a time, solved by scipy."""

from __future__ import annotations

import numpy as np
from scipy.optimize import LinearConstraint, milp

from siting.delivery import PARTS, Delivery
from siting.supply_network import Bases, Storage, SupplyNetwork

DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
SEASONAL = (0.4, 0.4, 0.4, 0.4, 0.275, 0.15, 0.15, 0.15, 0.15, 0.15, 0.275, 0.4)


def delivery(km, *, fixed=4.0, per_km=0.025, lost=0.01, trailers=0.004):
    """A delivery whose cost is a line over the distance."""
    km = np.asarray(km, dtype=float)
    none = np.zeros(km.shape)
    there = np.isfinite(km)
    parts = dict.fromkeys(PARTS, none) | {
        "conversion_plant_cny_per_kg": none + fixed / 4,
        "vehicles_cny_per_kg": none + 3 * fixed / 4,
        "fuel_toll_cny_per_kg": np.where(there, per_km * np.where(there, km, 0.0), np.nan),
    }
    return Delivery(
        distance_km=km,
        **parts,
        lost_kg=none + lost,
        trips=none + 0.01,
        trailers=none + trailers,
        tractors=none + trailers / 2,
        driver_h=none + 0.1,
    )


def electrolysis(n=1, *, module=1000.0, most=3, there=0, fixed=8e5, least=0.0, prices=SEASONAL):
    """Bases E0, E1, ... that make hydrogen from electricity, each dearer by a hundredth than the last."""
    dearer = 1.0 + 0.01 * np.arange(n)
    return Bases(
        base_id=tuple(f"E{b}" for b in range(n)),
        green=np.ones(n, dtype=bool),
        module_kg_per_day=np.full((n, 12), module),
        modules_there=np.full(n, there),
        modules_most=np.full(n, most),
        module_cny_per_year=np.full(n, fixed),
        there_cny_per_year=np.full(n, fixed / 4),
        least_use=np.full(n, least),
        electricity_cny_per_kwh=np.outer(dearer, prices),
        kwh_per_kg=np.full(n, 52.0),
        wear_cny_per_kg=np.full(n, 0.5),
        purchase_cny_per_kg=np.zeros(n),
    )


def by_product(*, capacity=500.0, price=16.0):
    """One base P0 of by-product hydrogen."""
    return Bases(
        base_id=("P0",),
        green=np.zeros(1, dtype=bool),
        module_kg_per_day=np.full((1, 12), capacity),
        modules_there=np.ones(1, dtype=np.int64),
        modules_most=np.ones(1, dtype=np.int64),
        module_cny_per_year=np.zeros(1),
        there_cny_per_year=np.zeros(1),
        least_use=np.zeros(1),
        electricity_cny_per_kwh=np.full((1, 12), np.nan),
        kwh_per_kg=np.zeros(1),
        wear_cny_per_kg=np.zeros(1),
        purchase_cny_per_kg=np.full(1, price),
    )


def together(*parts):
    """Several bases as one table."""
    arrays = [name for name in Bases.__dataclass_fields__ if name != "base_id"]
    return Bases(
        base_id=tuple(name for part in parts for name in part.base_id),
        **{name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays},
    )


def network(*parts, storage=None, **rest):
    """A network of bases, its storage too dear to be used unless one is given."""
    dear = Storage(capacity_cny_per_kg_year=350.0, in_cny_per_kg=0.8)
    return SupplyNetwork(bases=together(*parts), storage=storage or dear, **rest)


def optimum(supply, deliveries, load, *, whole=True):  # noqa: C901, PLR0912, PLR0915  read beside the formulation
    """Return the least yearly cost: the formulation, written again row by row, for scipy's HiGHS."""
    load = np.asarray(load, dtype=float)
    load = np.repeat(load[:, None], 12, axis=1) if load.ndim == 1 else load
    bases, storage, own = supply.bases, supply.storage, supply.on_site
    n_sites, n_bases = load.shape[0], len(bases.base_id)
    columns, cost, integral, upper = {}, [], [], []

    def column(*key, price=0.0, is_whole=False, most=np.inf):
        columns[key] = len(cost)
        cost.append(price)
        integral.append(int(is_whole and whole))
        upper.append(most)

    for b in range(n_bases):
        for mode in deliveries:
            column("plant", b, mode, price=365.0)
        column("new", b, price=bases.module_cny_per_year[b], is_whole=True,
               most=bases.modules_most[b] - bases.modules_there[b])  # fmt: skip
        column("room", b, price=storage.capacity_cny_per_kg_year)
        for t, days in enumerate(DAYS):
            power = bases.kwh_per_kg[b] * bases.electricity_cny_per_kwh[b, t] if bases.kwh_per_kg[b] else 0.0
            each = power + bases.wear_cny_per_kg[b] + bases.purchase_cny_per_kg[b]
            column("made", b, t, price=days * each)
            column("in", b, t, price=days * storage.in_cny_per_kg)
            column("out", b, t, price=days * storage.out_cny_per_kg)
            column("vent", b, t)
            column("level", b, t)
            column("runs", b, t, is_whole=bases.least_use[b] > 0)
    for i in range(n_sites):
        if own is not None:
            column("own room", i, price=own.capacity_cny_per_kg_per_day_year)
        for t, days in enumerate(DAYS):
            column("short", i, t, price=days * supply.shortage_cny_per_kg)
            if own is not None:
                column("own", i, t, price=days * (own.power_cny_per_kg + own.wear_cny_per_kg))
            for b in range(n_bases):
                for mode, each in deliveries.items():
                    if np.isfinite(each.distance_km[i, b]):
                        column("x", i, b, mode, t, price=days * (
                            each.carriage_cny_per_kg[i, b] - each.conversion_plant_cny_per_kg[i, b]
                        ))  # fmt: skip
    rows, low, high = [], [], []

    def row(terms, least, most):
        line = np.zeros(len(cost))
        for key, factor in terms:
            line[columns[key]] += factor
        rows.append(line)
        low.append(least)
        high.append(most)

    for t, days in enumerate(DAYS):
        for i in range(n_sites):
            terms = [(key, 1.0) for key in columns if key[0] == "x" and key[1] == i and key[4] == t]
            terms += [(("short", i, t), 1.0)] + ([(("own", i, t), 1.0)] if own is not None else [])
            row(terms, load[i, t], load[i, t])
            if own is not None:
                row([(("own", i, t), 1.0), (("own room", i), -own.availability)], -np.inf, 0.0)
        for b in range(n_bases):
            sent = [
                (key, -1.0 - deliveries[key[3]].lost_kg[key[1], b])
                for key in columns
                if key[0] == "x" and key[2] == b and key[4] == t
            ]
            for mode, each in deliveries.items():
                through = [
                    (key, each.conversion_plant_cny_per_kg[key[1], b])
                    for key in columns
                    if key[0] == "x" and key[2:] == (b, mode, t)
                ]
                row([*through, (("plant", b, mode), -1.0)], -np.inf, 0.0)
            gate = [(("made", b, t), 1.0), (("out", b, t), 1.0), (("in", b, t), -1.0), (("vent", b, t), -1.0)]
            row(gate + sent, 0.0, 0.0)
            kept = [
                (("level", b, t), 1.0),
                (("level", b, (t - 1) % 12), -(1.0 - storage.loss_per_month)),
                (("in", b, t), -days * (1.0 - storage.in_loss)),
                (("out", b, t), days),
            ]
            row(kept, 0.0, 0.0)
            row([(("level", b, t), 1.0), (("room", b), -1.0)], -np.inf, 0.0)
            size = bases.module_kg_per_day[b, t]
            row([(("made", b, t), 1.0), (("runs", b, t), -size)], -np.inf, 0.0)
            row([(("made", b, t), 1.0), (("runs", b, t), -size * bases.least_use[b])], 0.0, np.inf)
            row([(("runs", b, t), 1.0), (("new", b), -1.0)], -np.inf, bases.modules_there[b])
        for mode, count in supply.trailers.items():
            used = [
                (key, deliveries[mode].trailers[key[1], key[2]])
                for key in columns
                if key[0] == "x" and key[3] == mode and key[4] == t
            ]
            if used:
                row(used, -np.inf, count)
    answer = milp(
        cost,
        constraints=LinearConstraint(np.array(rows), low, high),
        integrality=integral,
        bounds=(np.zeros(len(cost)), np.array(upper)),
        options={"mip_rel_gap": 0.0},
    )
    assert answer.success
    return answer.fun + float((bases.there_cny_per_year * bases.modules_there).sum())
