"""Joins what the rooms below gave into the tables and key figures of a Plan."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor import sources
from corridor.sites import RULES
from planner.economics import amounts_by_station, economics_table, key_money, terms_of
from planner.inputs import fingerprint, versions
from planner.objective import PER_DAY, key_figures, trip_amounts
from planner.plan import REFUSED_COLUMNS, WEAK_SPOT_COLUMNS, Notice, Plan, no_weak_spots, records
from planner.supply_tables import bases_table, months_table, supply_kpis, supply_proof

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from planner.inputs import Inputs
    from planner.points import ServedPoints
    from planner.queues import StationQueues
    from planner.scenario import Scenario
    from siting.flow_refueling import FlowRefuelingSolution
    from siting.replay import Replay
    from siting.resilience import ResilientSolution
    from siting.sizing import Sizing
    from siting.supply_year import SupplyYear

#: Capacities a new station can have, kg/d.
MODULES_KG_PER_DAY = (500, 1000, 2000, 4000)

#: Columns of the stations table, in order (docs/tables.md).
STATION_COLUMNS = (
    "site_id",
    "name_zh",
    "name_en",
    "kind",
    "status",
    "road_ref",
    "road_ref_basis",
    "km_post",
    "km_post_basis",
    "km_post_error_km",
    "direction",
    "direction_basis",
    "county_zh",
    "county_basis",
    "lon",
    "lat",
    "position_quality",
    "road_km",
    "snap_km",
    "capacity_kg_per_day",
    "load_kg_per_day",
    "utilization",
    "visits_per_day",
    "dispensers",
    "dispensers_needed",
    "wait_p95_min",
    "simulated_wait_p95_min",
    "base_id",
    "capex_wan_cny",
    "hydrogen_cny_per_kg",
    *(f"screen_{rule.rule_id}" for rule in RULES),
    "source",
    "confidence",
)

#: Columns a station takes from the table of queues as they are.
_OF_QUEUE = ("dispensers", "dispensers_needed", "wait_p95_min", "simulated_wait_p95_min")

#: Columns a station takes from its site as they are.
_OF_SITE = tuple(
    name
    for name in STATION_COLUMNS
    if name
    not in {
        "status",
        "county_zh",
        "capacity_kg_per_day",
        "load_kg_per_day",
        "utilization",
        "visits_per_day",
        *_OF_QUEUE,
        "base_id",
        "capex_wan_cny",
        "hydrogen_cny_per_kg",
    }
)

#: Distances of stations are told to the meter, finer than any position.
_KM_DECIMALS = 3

#: So many refused sites are named in a notice; all stand in the plan.
_NAMED_SITES = 8

_DAYS_PER_YEAR = 365.0

#: Zones named in a notice; the rest is counted.
_ZONES_NAMED = 8

#: Figures below half a kilogram per day are rounding, not worth a notice.
_NOTEWORTHY_KG_PER_DAY = 0.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Parts:
    """Everything the rooms below gave, joined into the tables of a Plan."""

    scenario: Scenario
    inputs: Inputs
    values: Mapping[str, float]
    demand: pd.DataFrame
    solution: FlowRefuelingSolution
    replay: Replay
    sizing: Sizing
    supply: SupplyYear
    points: ServedPoints
    queues: StationQueues
    extra_km: NDArray[np.float64]
    coming_share: NDArray[np.float64]
    resilient: ResilientSolution | None = None

    def plan(self, unusual: tuple[Notice, ...], *, seconds: float) -> Plan:
        """Return the plan."""
        stations, flows = self._stations(), self._flows()
        points = self.points.plan_table(self.inputs.sites.iloc[self.solution.stations])
        economics = self._economics(stations, flows)
        kpis = self._kpis(stations, flows, points) | key_money(economics) | {"seconds": seconds}
        lowest = self.replay.lowest_level_share
        return Plan(
            scenario=self.scenario,
            stations=stations,
            flows=flows,
            supply=self.supply.tables.links,
            supply_months=months_table(self.supply),
            bases=bases_table(self.supply, self.inputs.bases),
            certificate=self.solution.certificate,
            replay={
                "trips": self.replay.trips_driven,
                "round_trips_per_day": float(self._coming(flows, "trips_per_day").sum()),
                "faults": len(self.replay.faults),
                "lowest_fill_share": float(lowest.min()) if lowest.size else None,
            },
            kpis=kpis,
            provenance=self._provenance(),
            notices=(*unusual, *self._notices(kpis)),
            refused_sites=refused_records(self.inputs.refused_sites),
            points=points,
            weak_spots=self._weak_spots(),
            economics=economics,
            queues=self.queues.table.set_index("site_id").loc[stations["site_id"]].reset_index(),
        )

    def _stations(self) -> pd.DataFrame:
        """Return the stations table, new ones first, along each road."""
        sites = self.inputs.sites.iloc[self.solution.stations]
        sized = self.sizing.stations
        counties = pd.concat([self.inputs.zones["name_zh"], self.inputs.far_zones["name_zh"]])
        county = counties.reindex(sites["county_code"])
        capex = [
            self.values[f"station.{MODULES_KG_PER_DAY[module]}.capex_wan_cny"] if module >= 0 else np.nan
            for module in sized["module"]
        ]
        supplied = self.supply.tables.stations
        table = sites.reset_index(names="site_id").reindex(columns=list(_OF_SITE))
        table = table.assign(
            road_km=sites["road_km"].round(_KM_DECIMALS).to_numpy(),
            snap_km=sites["snap_km"].round(_KM_DECIMALS).to_numpy(),
            status=np.where(sites["status"] == "existing", "existing", "new"),
            county_zh=county.to_numpy(),
            capacity_kg_per_day=sized["capacity_kg_per_day"].to_numpy(),
            load_kg_per_day=sized["load_kg_per_day"].to_numpy(),
            utilization=sized["utilization"].to_numpy(),
            visits_per_day=sized["visits_per_day"].to_numpy(),
            **{name: self.queues.table[name].to_numpy() for name in _OF_QUEUE},
            base_id=supplied["base_id"].to_numpy(),
            capex_wan_cny=capex,
            hydrogen_cny_per_kg=supplied["delivered_cny_per_kg"].to_numpy(),
        )
        order = table.sort_values(
            ["status", "road_ref", "lon"], ascending=[False, True, True], na_position="first"
        ).index
        return table.loc[order, list(STATION_COLUMNS)].reset_index(drop=True)

    def _flows(self) -> pd.DataFrame:
        """Return the flows table."""
        routes, demand = self.inputs.routes, self.demand
        route = demand["route"].to_numpy()
        served_kg, extra_km, coming = (np.zeros(len(demand)) for _ in range(3))
        rows = np.flatnonzero(self.solution.served)
        extra_km[rows], coming[rows] = self.extra_km, self.coming_share
        served_kg[rows] = self.sizing.served_share * (demand["kg_per_day"].to_numpy() * coming)[rows]
        return pd.DataFrame(
            {
                "route": route,
                "origin": routes.zone_ids[routes.origin[route]],
                "destination": routes.zone_ids[routes.destination[route]],
                "vehicle_class": demand["vehicle_class"].to_numpy(),
                "storage": demand["storage"].to_numpy(),
                "trips_per_day": demand["trips_per_day"].to_numpy(),
                "kg_per_day": demand["kg_per_day"].to_numpy(),
                "length_km": routes.length_km[route],
                "covered": self.solution.served,
                "coming_share": coming,
                "served_kg_per_day": served_kg,
                "extra_km": extra_km.round(_KM_DECIMALS),
                "stations": self._stations_on_the_way(rows),
            }
        )

    def _weak_spots(self) -> pd.DataFrame:
        """Return what is covered while each station is out, the worst outage first; empty if not asked."""
        if self.resilient is None:
            return no_weak_spots()
        spots = self.resilient.weak_spots
        sites = self.inputs.sites.iloc[spots.station]
        existing = (sites["status"] == "existing").to_numpy()
        table = sites.reset_index(names="site_id")[["site_id", "name_zh", "name_en"]].assign(
            status=np.where(existing, "existing", "new"),
            left_kg_per_day=spots.served,
            lost_kg_per_day=spots.all_open - spots.served,
            left_share=spots.served / (spots.reachable or 1.0),
        )
        ordered: pd.DataFrame = table[list(WEAK_SPOT_COLUMNS)]
        per_day = PER_DAY[self.scenario.objective]
        return ordered.rename(
            columns={f"{what}_kg_per_day": f"{what}_{per_day}" for what in ("left", "lost")}
        )

    def _stations_on_the_way(self, rows: np.ndarray) -> list[str]:
        """Return, for every flow, the ids of the stations it fills up at, space-separated."""
        ids = self.inputs.sites.index[self.solution.stations].to_numpy(dtype=object)
        fills = self.replay.fills
        passed: list[list[str]] = [[] for _ in range(len(self.demand))]
        flows, names = rows[fills["trip"].to_numpy()].tolist(), ids[fills["station"].to_numpy()].tolist()
        for flow, name in zip(flows, names, strict=True):
            passed[flow].append(name)
        return [" ".join(names) for names in passed]

    def _kpis(self, stations: pd.DataFrame, flows: pd.DataFrame, points: pd.DataFrame) -> dict[str, float]:
        """Return the key figures of docs/tables.md; those of point demands where there are any."""
        new = stations[stations["status"] == "new"]
        of_points = {
            "point_demand_kg_per_day": float(points["kg_per_day"].sum()),
            "point_covered_kg_per_day": float(points.loc[points["covered"], "kg_per_day"].sum()),
            "point_served_kg_per_day": float(points["served_kg_per_day"].sum()),
        }
        point_kg, point_covered_kg, point_served_kg = of_points.values()
        demand_kg = float(flows["kg_per_day"].sum()) + point_kg
        served_kg = float(flows["served_kg_per_day"].sum()) + point_served_kg
        covered_kg = float(self._coming(flows, "kg_per_day").sum()) + point_covered_kg
        served_trips = flows["trips_per_day"] * flows["served_kg_per_day"] / flows["kg_per_day"]
        return {
            "demand_kg_per_day": demand_kg,
            "covered_kg_per_day": covered_kg,
            "served_kg_per_day": served_kg,
            "served_share": served_kg / demand_kg if demand_kg > 0 else 0.0,
            "trips_served_per_day": float(served_trips.sum()),
            "stations_existing": float(len(stations) - len(new)),
            "stations_new": float(len(new)),
            "capacity_new_kg_per_day": float(new["capacity_kg_per_day"].sum()),
            "capex_wan_cny": float(new["capex_wan_cny"].sum()),
            **supply_kpis(self.supply, self.inputs.bases),
            "co2_avoided_t_per_year": float(self._co2_t_per_year(flows).sum()),
            **key_figures(self.scenario.objective, flows, self.values),
            **(of_points if len(points) else {}),
            **self._resilience_kpis(),
            **self._detour_kpis(stations, flows, served_kg=served_kg),
        }

    @staticmethod
    def _coming(flows: pd.DataFrame, column: str) -> pd.Series:
        """Return an amount of the covered flows, of their drivers that come."""
        covered = flows[flows["covered"]]
        coming: pd.Series = covered[column] * covered["coming_share"]
        return coming

    def _detour_kpis(
        self, stations: pd.DataFrame, flows: pd.DataFrame, *, served_kg: float
    ) -> dict[str, float]:
        """Return how many trips leave their route, and the hydrogen this costs them."""
        if self.scenario.detour == 0.0:
            return {}
        share = flows["served_kg_per_day"] / flows["kg_per_day"]
        return {
            "trips_off_route_per_day": float(
                (flows["trips_per_day"] * share)[flows["extra_km"] != 0.0].sum()
            ),
            "detour_kg_per_day": float(stations["load_kg_per_day"].sum()) - served_kg,
        }

    def _resilience_kpis(self) -> dict[str, float]:
        """Return what the worst outage leaves, and the price of asking for it."""
        if self.resilient is None:
            return {}
        spots, proof = self.resilient.weak_spots, self.resilient.without.certificate
        per_day = PER_DAY[self.scenario.objective]
        return {
            f"worst_outage_left_{per_day}": spots.worst,
            "worst_outage_left_share": spots.share,
            f"resilience_price_{per_day}": max(0.0, (proof.incumbent or 0.0) - spots.all_open),
        }

    def _economics(self, stations: pd.DataFrame, flows: pd.DataFrame) -> pd.DataFrame:
        """Return the accounts of the stations."""
        sites = self.inputs.sites.iloc[self.solution.stations]
        served = self._co2_t_per_year(flows)[self.solution.served]
        return economics_table(
            stations,
            self.supply.tables.links,
            county_code=sites["county_code"],
            co2_t_per_year=amounts_by_station(served, self.replay.fills, n_stations=len(sites)),
            modules_kg_per_day=MODULES_KG_PER_DAY,
            year=self.scenario.year,
            values=self.values,
        )

    def _co2_t_per_year(self, flows: pd.DataFrame) -> NDArray[np.float64]:
        """Return CO2 that the served round trips would leave at the tailpipe with diesel, t/a, by flow."""
        length_km = flows["length_km"].to_numpy(dtype=np.float64)
        share = (flows["served_kg_per_day"] / flows["kg_per_day"]).to_numpy(dtype=np.float64)
        kg: NDArray[np.float64] = trip_amounts("co2", flows, length_km, self.values) * share
        return kg * (_DAYS_PER_YEAR / 1000.0)

    def _provenance(self) -> dict[str, object]:
        """Return what the plan was made from."""
        bases = self.inputs.bases
        return {
            "scenario_identity": self.scenario.identity,
            "fingerprint": fingerprint(self.scenario),
            "data_sha256": sources.data_hashes(sources.data_directory()),
            "versions": versions(),
            "created_utc": dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds"),
            "terms": asdict(terms_of(self.values)),
            "supply": supply_proof(self.supply),
            "bases": {str(base): [float(row["lon"]), float(row["lat"])] for base, row in bases.iterrows()},
        }

    def _notices(self, kpis: Mapping[str, float]) -> list[Notice]:
        """Return what a person should know about this plan."""
        notices = [*self.points.notices(self.scenario.objective), *self._outage_notices()]
        notices += self._supply_notices()
        proof = self.solution.certificate
        unused = self.scenario.stations - int(kpis["stations_new"])
        if proof.status == "feasible":
            notices.append(Notice("stopped_early", {"gap": proof.gap}))
        elif unused > 0 and not self.scenario.has_budget:
            notices.append(Notice("unused_stations", {"count": unused}))
        full = kpis["covered_kg_per_day"] - kpis["served_kg_per_day"]
        if full > _NOTEWORTHY_KG_PER_DAY:
            notices.append(Notice("full_stations", {"kg": full}))
        notices += self.queues.notices()
        stations = self.inputs.sites.iloc[self.solution.stations]
        if approximate := int((stations["position_quality"] == "approx").sum()):
            notices.append(Notice("approximate_positions", {"count": approximate}))
        if one_way := int((stations["direction"] == "one").sum()):
            notices.append(Notice("one_direction", {"count": one_way}))
        for key, zones in (("far_zones", self.inputs.far_zones), ("moved_zones", self.inputs.moved_zones)):
            if len(zones):
                named = ", ".join(str(name) for name in zones["name_zh"].iloc[:_ZONES_NAMED])
                notices.append(Notice(key, {"count": len(zones), "zones": named}))
        if len(self.inputs.refused_sites):
            notices.append(refusal([str(site) for site in self.inputs.refused_sites.index]))
        return notices

    def _supply_notices(self) -> list[Notice]:
        """Return what is short in the supply, and whether it was searched to the end."""
        notices = []
        if (shortage := self.supply.tables.shortage_kg_per_day) > _NOTEWORTHY_KG_PER_DAY:
            notices.append(Notice("supply_shortage", {"kg": shortage}))
        if self.supply.certificate.status != "optimal":
            notices.append(Notice("supply_stopped_early", {"gap": self.supply.certificate.gap}))
        return notices

    def _outage_notices(self) -> list[Notice]:
        """Return which outage is the worst, what it leaves, and what asking for that costs."""
        if self.resilient is None:
            return []
        spots, proof = self.resilient.weak_spots, self.resilient.without.certificate
        station = self.inputs.sites["name_zh"].iloc[spots.station[0]] if len(spots.station) else "–"
        price = max(0.0, (proof.incumbent or 0.0) - spots.all_open)
        asked = self.scenario.resilience
        said = {"asked": asked, "left": spots.share, "station": str(station), "price": price}
        return [Notice("resilience", said | {"objective": self.scenario.objective})]


def refused_records(refused: pd.DataFrame) -> tuple[dict[str, object], ...]:
    """Return the refused sites, one record each, columns ``REFUSED_COLUMNS``."""
    table = refused.rename_axis(index="site_id").reset_index()
    return tuple(records(table.reindex(columns=list(REFUSED_COLUMNS))))


def with_refused(plan: Plan, refused: pd.DataFrame) -> Plan:
    """Return the plan with more sites that were left out, in its table and its notice.

    Parameters
    ----------
    plan
        A plan.
    refused
        Index ``site_id``, with ``reason``: rows of a file that never became part of the scenario.
    """
    if refused.empty:
        return plan
    every = (*plan.refused_sites, *refused_records(refused))
    others = [notice for notice in plan.notices if notice.key != "refused_sites"]
    said = refusal([str(record["site_id"]) for record in every])
    return replace(plan, refused_sites=every, notices=(*others, said))


def refusal(sites: Sequence[str]) -> Notice:
    """Return the notice that sites were left out."""
    named = ", ".join(sites[:_NAMED_SITES]) + (", …" if len(sites) > _NAMED_SITES else "")
    return Notice("refused_sites", {"count": len(sites), "sites": named})
