"""What one station more would add to a plan, and what each of its stations carries alone.

Evaluated on the plan's own cover sets (:mod:`siting.marginal`), exactly: what would come within range with
the site added, or fall out of range without the station. Whether stations have room for it is not counted;
where trips within range find none, `no_room_kg_per_day` says how much of them passes a site. Drivers who may
leave their route have no cover sets: with detours gains and losses are unknown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from planner.objective import IN_MONEY, PER_DAY
from planner.plan import GAIN_COLUMNS
from siting.coverage import class_volumes
from siting.marginal import Margins
from siting.stops import candidate_stops

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from planner.scenario import Objective
    from planner.siting_case import SitingCase

    Indices = NDArray[np.int64]
    Floats = NDArray[np.float64]

#: Amounts below this share of all that counts are the last digits of a difference, kg/d below this nothing.
_NOTHING, _NOTHING_KG = 1e-12, 1e-6


def gains_table(case: SitingCase, stations: pd.DataFrame, flows: pd.DataFrame) -> pd.DataFrame:
    """Return the table ``gains`` of docs/tables.md: a row per site, stations first, then the largest gain.

    Parameters
    ----------
    case
        The plan's scenario up to the siting.
    stations, flows
        Tables of the plan.
    """
    sites = case.inputs.sites
    chosen = case.rows(stations["site_id"].tolist())
    status = np.where(sites.index.isin(case.scenario.forbidden), "forbidden", "candidate").astype(object)
    status[(sites["status"] == "existing").to_numpy()] = "closed"
    status[chosen] = stations["status"].to_numpy(dtype=object)
    table = sites.reset_index(names="site_id")[["site_id", "name_zh", "name_en"]].assign(status=status)
    for name, (gain, loss) in _by_unit(case, chosen).items():
        table = table.assign(**{f"gain_{name}": gain, f"loss_{name}": loss})
    table["no_room_kg_per_day"] = _no_room(case, flows)
    others = np.setdiff1d(np.arange(len(sites)), chosen)
    largest = np.argsort(-table["gain_kg_per_day"].fillna(0.0).to_numpy()[others], kind="stable")
    ordered = table.iloc[np.concatenate([chosen, others[largest]])].reset_index(drop=True)
    more = [name for name in ordered.columns if name not in GAIN_COLUMNS]
    wanted: pd.DataFrame = ordered[[*GAIN_COLUMNS, *more]]
    return wanted


def _by_unit(case: SitingCase, stations: Indices) -> dict[str, tuple[Floats, Floats]]:
    """Return gains and losses of all sites in kg/d, and in the unit of an objective that counts others."""
    objective = case.scenario.objective
    told: tuple[Objective, ...] = ("kg",) if objective in IN_MONEY else ("kg", objective)
    n_sites = len(case.inputs.sites)
    if case.scenario.detour > 0.0:
        unknown = np.full(n_sites, np.nan)
        return {PER_DAY[name]: (unknown, unknown) for name in told}
    margins = Margins(case.cover)
    held = margins.open_in_sets(stations)
    found = {}
    for name in told:
        volume = case.counted(name)
        by_class = class_volumes(case.cover, volume)
        least = _NOTHING * max(float(volume.sum()), 1.0)
        gain, loss = margins.gains(held, by_class), np.full(n_sites, np.nan)
        gain[gain <= least] = 0.0
        gain[stations] = np.nan
        lost = margins.losses(held, by_class, stations)
        loss[stations] = np.where(lost <= least, 0.0, lost)
        found[PER_DAY[name]] = (gain, loss)
    return found


def _no_room(case: SitingCase, flows: pd.DataFrame) -> Floats:
    """Return what of the trips passing each site is within range but finds no room: (n_sites,) float64."""
    kg = flows["kg_per_day"].to_numpy(dtype=np.float64) * flows["coming_share"].to_numpy(dtype=np.float64)
    left = kg - flows["served_kg_per_day"].to_numpy(dtype=np.float64)
    rows = np.flatnonzero(left > _NOTHING_KG)
    n_sites = len(case.inputs.sites)
    if not rows.size:
        return np.zeros(n_sites)
    driving, reached = case.driving, case.reached
    stops = candidate_stops(driving.offsets, driving.nodes, site_nodes=reached.node_id, sites=reached.site)
    n_routes = len(stops.offsets) - 1
    by_route = np.bincount(driving.of(flows.iloc[rows]), weights=left[rows], minlength=n_routes)
    passed = sparse.csr_array(
        (np.ones(len(stops.site)), stops.site, stops.offsets), shape=(n_routes, n_sites)
    )
    passed.sum_duplicates()
    passed.data[:] = 1.0  # a route may pass the nodes of a site several times
    return np.asarray(passed.T @ by_route, dtype=np.float64)
