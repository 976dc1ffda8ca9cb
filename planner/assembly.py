"""Joins what the rooms below gave into the tables and key figures of a Plan."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from corridor import sources
from corridor.sites import RULES
from planner.economics import amounts_by_station, economics_table, key_money, terms_of
from planner.inputs import fingerprint, versions
from planner.nozzle_costs import nozzle_costs
from planner.objective import counted_per_day
from planner.plan import WEAK_SPOT_COLUMNS, Notice, Plan
from planner.plan_kpis import co2_t_per_year, coming, plan_kpis
from planner.plan_notices import notices, refused_records, with_refused
from planner.station_costs import MODULES_KG_PER_DAY, options_at
from planner.stretches import stretches
from planner.supply_tables import bases_table, months_table, supply_proof

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    from siting.weak_spots import WeakSpots

__all__ = ["MODULES_KG_PER_DAY", "STATION_COLUMNS", "Parts", "with_refused"]

#: Columns that say what of a new station is built; of existing ones what is published.
_OF_FORM = ("form", "footprint_m2", "capex_wan_cny")

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
    *_OF_FORM,
    "hydrogen_cny_per_kg",
    "nozzle_cost_cny_per_kg",
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
        *_OF_FORM,
        "hydrogen_cny_per_kg",
        "nozzle_cost_cny_per_kg",
    }
)

#: Distances of stations are told to the meter, finer than any position.
_KM_DECIMALS = 3


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
    weak_spots: WeakSpots
    resilient: ResilientSolution | None = None

    def plan(self, unusual: tuple[Notice, ...], *, seconds: float) -> Plan:
        """Return the plan."""
        stations, flows = self._stations(), self._flows()
        points = self.points.plan_table(self.inputs.sites.iloc[self.solution.stations])
        economics = self._economics(stations, flows)
        costs = nozzle_costs(self.supply.tables.links, economics)
        at_nozzle = costs[costs["scope"] == "station"].set_index("site_id")["nozzle_cost_cny_per_kg"]
        stations["nozzle_cost_cny_per_kg"] = stations["site_id"].map(at_nozzle).astype(np.float64)
        kpis = plan_kpis(self, stations=stations, flows=flows, points=points)
        kpis = kpis | key_money(economics) | {"seconds": seconds}
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
                "round_trips_per_day": float(coming(flows, "trips_per_day").sum()),
                "faults": len(self.replay.faults),
                "lowest_fill_share": float(lowest.min()) if lowest.size else None,
            },
            kpis=kpis,
            provenance=self._provenance(),
            notices=(*unusual, *notices(self, kpis)),
            refused_sites=refused_records(self.inputs.refused_sites),
            points=points,
            weak_spots=self._weak_spots(),
            economics=economics,
            nozzle_costs=costs,
            stretches=stretches(self.inputs, stations["site_id"], self.values),
            queues=self.queues.table.set_index("site_id").loc[stations["site_id"]].reset_index(),
        )

    def _stations(self) -> pd.DataFrame:
        """Return the stations table, new ones first, along each road."""
        sites = self.inputs.sites.iloc[self.solution.stations]
        sized = self.sizing.stations
        counties = pd.concat([self.inputs.zones["name_zh"], self.inputs.far_zones["name_zh"]])
        county = counties.reindex(sites["county_code"])
        built = _built(sites, sized["module"].to_numpy(dtype=np.int64), self.values)
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
            **built,
            nozzle_cost_cny_per_kg=np.nan,
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
        """Return what is covered while each station is out, the worst outage first."""
        spots = self.weak_spots
        sites = self.inputs.sites.iloc[spots.station]
        existing = (sites["status"] == "existing").to_numpy()
        table = sites.reset_index(names="site_id")[["site_id", "name_zh", "name_en"]].assign(
            status=np.where(existing, "existing", "new"),
            left_kg_per_day=spots.served,
            lost_kg_per_day=spots.all_open - spots.served,
            left_share=spots.served / (spots.reachable or 1.0),
        )
        ordered: pd.DataFrame = table[list(WEAK_SPOT_COLUMNS)]
        per_day = counted_per_day(self.scenario.objective)
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

    def _economics(self, stations: pd.DataFrame, flows: pd.DataFrame) -> pd.DataFrame:
        """Return the accounts of the stations."""
        sites = self.inputs.sites.iloc[self.solution.stations]
        served = co2_t_per_year(flows, self)[self.solution.served]
        return economics_table(
            stations,
            self.supply.tables.links,
            county_code=sites["county_code"],
            co2_t_per_year=amounts_by_station(served, self.replay.fills, n_stations=len(sites)),
            modules_kg_per_day=MODULES_KG_PER_DAY,
            year=self.scenario.year,
            values=self.values,
        )

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


def _built(
    sites: pd.DataFrame, module: NDArray[np.int64], values: Mapping[str, float]
) -> dict[str, NDArray[np.object_] | NDArray[np.float64]]:
    """Return form, footprint and investment of the stations built; of those that stand what is published."""
    options, row = options_at(sites, values), np.arange(len(sites))
    is_built = module >= 0
    published = sources.read_station_forms(sources.data_directory()).reindex(sites.index)
    form = published["form"].astype(object).where(published["form"].notna(), None)
    return {
        "form": np.where(is_built, options.form[row, module], form.to_numpy()),
        "footprint_m2": np.where(is_built, options.footprint_m2[row, module], published["footprint_m2"]),
        "capex_wan_cny": np.where(is_built, options.capex_wan_cny[row, module], np.nan),
    }
