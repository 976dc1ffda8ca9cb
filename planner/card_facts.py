"""What a plan says of one place: what a station does and why it stands, what a site would add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from corridor.geodesy import great_circle_km
from planner.nozzle_costs import HYDROGEN_PARTS, STATION_PARTS
from planner.objective import counted_per_day
from planner.plan import records

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from planner.inputs import Inputs
    from planner.plan import Plan
    from planner.scenario import Scenario

#: Sites as near as this, great-circle, are offered to move a station to, km.
NEAR_KM = 30.0

#: Stations told beside a site.
_BESIDE = 3

#: Amounts below this share of all within range are the last digits of a difference.
_NOTHING = 1e-12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Worth:
    """What is lost without a station, or gained with one more.

    Parameters
    ----------
    amount
        Within range, per day; None where it is not known.
    per_day
        Its unit, as in :data:`planner.objective.PER_DAY`.
    share
        Of what the plan has within range, 0-1; None where it is not known.
    rank, count
        Place among `count` stations, or sites, the largest first; equal ones share the better place.
    """

    amount: float | None
    per_day: str
    share: float | None
    rank: int
    count: int


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StationFacts:
    """A station of a plan.

    Parameters
    ----------
    station, queue
        Its rows of the tables ``stations`` and ``queues``.
    trips_per_day
        Round trips a day that fill up there, at other stations too or not.
    hours
        Its rows of the table ``hours``.
    links
        Its rows of the table ``supply`` that bring anything, the most first.
    cost_parts
        Parts of a kilogram's cost at the nozzle, CNY/kg, by column of the table ``nozzle_costs``; without
        those that are nothing.
    nozzle_cost_cny_per_kg
        Their sum; None without hydrogen.
    loss
        What is out of range without it.
    is_weakest
        Whether no other station's outage costs more, and this one something.
    """

    station: Mapping[str, Any]
    queue: Mapping[str, Any]
    trips_per_day: float
    hours: pd.DataFrame
    links: tuple[Mapping[str, Any], ...]
    cost_parts: Mapping[str, float]
    nozzle_cost_cny_per_kg: float | None
    loss: Worth
    is_weakest: bool


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SiteFacts:
    """A site without a station of the plan.

    Parameters
    ----------
    site
        Its row of the sites, with ``site_id``.
    gain
        What would come within range with a station there.
    no_room_kg_per_day
        Of trips that pass it, what is within range but finds no room.
    beside
        Nearest stations of the plan: rows of the table ``stations`` with ``apart_km``, great-circle.
    """

    site: Mapping[str, Any]
    gain: Worth
    no_room_kg_per_day: float
    beside: tuple[Mapping[str, Any], ...]


def station_facts(plan: Plan, site_id: str) -> StationFacts:
    """Return what a plan says of one of its stations.

    Raises
    ------
    KeyError
        If the plan has no station there.
    """
    station = _row(plan.stations, site_id)
    costs = records(plan.nozzle_costs[plan.nozzle_costs["site_id"] == site_id])
    parts = {name: costs[0][name] for name in (*HYDROGEN_PARTS, *STATION_PARTS)} if costs else {}
    links = records(plan.supply[plan.supply["site_id"] == site_id].sort_values("kg_per_day", ascending=False))
    loss = _worth(plan, site_id, "lost")
    return StationFacts(
        station=station,
        queue=_row(plan.queues, site_id),
        trips_per_day=_trips_filling_up(plan.flows, site_id),
        hours=plan.hours[plan.hours["site_id"] == site_id].reset_index(drop=True),
        links=tuple(link for link in links if link["kg_per_day"]),
        cost_parts={name: value for name, value in parts.items() if value},
        nozzle_cost_cny_per_kg=costs[0]["nozzle_cost_cny_per_kg"] if costs else None,
        loss=loss,
        is_weakest=loss.rank == 1 and bool(loss.amount),
    )


def site_facts(plan: Plan, inputs: Inputs, site_id: str) -> SiteFacts:
    """Return what a plan says of a site it has no station at.

    Raises
    ------
    KeyError
        If there is no such site.
    """
    site = records(inputs.sites.loc[[site_id]].reset_index(names="site_id"))[0]
    stations = plan.stations
    apart = great_circle_km(site["lon"], site["lat"], stations["lon"], stations["lat"])
    nearest = stations.assign(apart_km=apart).sort_values("apart_km", kind="stable").head(_BESIDE)
    gains = plan.gains[plan.gains["site_id"] == site_id]
    return SiteFacts(
        site=site,
        gain=_worth(plan, site_id, "gain"),
        no_room_kg_per_day=float(gains["no_room_kg_per_day"].sum()),
        beside=tuple(records(nearest)),
    )


def county_of(inputs: Inputs, site_id: str) -> Mapping[str, Any] | None:
    """Return the row of the county a site lies in, as far as it is known."""
    code = inputs.sites.loc[site_id, "county_code"]
    for table in (inputs.zones, inputs.far_zones):
        if code in table.index:
            return records(table.loc[[code], ["name_zh", "name_en"]])[0]
    return None


def sites_near(plan: Plan, inputs: Inputs, scenario: Scenario, site_id: str) -> pd.DataFrame:
    """Return sites a station can move to, the nearest first: index ``site_id``, names and ``apart_km``.

    Parameters
    ----------
    plan
        Its stations take no other.
    inputs
        Sites.
    scenario
        Where a station must, or must not, stand.
    site_id
        Where the station is.
    """
    sites = inputs.sites
    here = sites.loc[site_id]
    apart = great_circle_km(here["lon"], here["lat"], sites["lon"], sites["lat"])
    taken = {site_id, *plan.stations["site_id"], *scenario.locked, *scenario.forbidden}
    is_free = (sites["status"] != "existing") & ~sites.index.isin(list(taken)) & (apart <= NEAR_KM)
    near = sites[["name_zh", "name_en"]].assign(apart_km=apart)[is_free]
    return near.sort_values("apart_km", kind="stable")


def _row(table: pd.DataFrame, site_id: str) -> Mapping[str, Any]:
    """Return the row of a site.

    Raises
    ------
    KeyError
        If there is none.
    """
    found = records(table[table["site_id"] == site_id])
    if not found:
        raise KeyError(site_id)
    return found[0]


def _trips_filling_up(flows: pd.DataFrame, site_id: str) -> float:
    """Return the round trips a day that fill up at a station."""
    is_served = flows["served_kg_per_day"].to_numpy() > 0.0
    stops_here = [site_id in names.split(" ") for names in flows["stations"]]
    here = flows[is_served & np.array(stops_here, dtype=bool)]
    trips = here["trips_per_day"] * here["served_kg_per_day"] / here["kg_per_day"]
    return float(trips.sum())


def _worth(plan: Plan, site_id: str, what: str) -> Worth:
    """Return ``gain`` or ``lost`` of a site in the unit of the objective."""
    per_day = counted_per_day(plan.scenario.objective)
    table = plan.weak_spots if what == "lost" else plan.gains[plan.gains["status"] == "candidate"]
    every = plan.weak_spots if what == "lost" else plan.gains
    column = f"{what}_{per_day}"
    mine = every.loc[every["site_id"] == site_id, column].to_numpy(dtype=np.float64)
    whole = float(plan.kpis[f"covered_{per_day}"])
    amount = float(mine[0]) if mine.size and np.isfinite(mine[0]) else None
    if amount is not None and amount <= _NOTHING * max(whole, 1.0):
        amount = 0.0
    return Worth(
        amount=amount,
        per_day=per_day,
        share=amount / whole if amount is not None and whole > 0.0 else None,
        rank=1 + (0 if amount is None else int((table[column].to_numpy(dtype=np.float64) > amount).sum())),
        count=len(table),
    )
