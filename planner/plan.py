"""The plan: what a scenario leads to, with the proof and the origin of every figure."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from corridor.errors import Fault, InputError
from corridor.sites import RULES
from planner.economics import no_economics
from planner.nozzle_costs import no_nozzle_costs
from planner.objective import unit
from planner.scenario import Scenario, validated
from planner.stretches import no_stretches
from planner.supply_tables import no_bases, no_supply_months
from planner.text import LANGUAGES, Language, text
from siting.certificate import Certificate

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Version of the layout of ``plan.json``; a reader refuses what it does not know.
SCHEMA = "chengyu-plan/1"

#: What is told of a site that was left out.
REFUSED_COLUMNS = ("site_id", "name_zh", "name_en", "kind", "lon", "lat", "snap_km", "reason")

#: Columns of the table of point demands, in order (docs/tables.md), and what they hold.
POINT_COLUMNS = {
    "point_id": "object",
    "name_zh": "object",
    "name_en": "object",
    "use": "object",
    "kg_per_day": "float64",
    "covered": "bool",
    "served_kg_per_day": "float64",
    "site_id": "object",
    "distance_km": "float64",
    "lon": "float64",
    "lat": "float64",
    "snap_km": "float64",
    "position_quality": "object",
    "source": "object",
    "confidence": "object",
    "note": "object",
}

#: Columns of the table of weak spots, in order (docs/tables.md), and what they hold.
WEAK_SPOT_COLUMNS = {
    "site_id": "object",
    "name_zh": "object",
    "name_en": "object",
    "status": "object",
    "left_kg_per_day": "float64",
    "lost_kg_per_day": "float64",
    "left_share": "float64",
}

#: Columns of the table of queues, in order (docs/tables.md), and what they hold.
QUEUE_COLUMNS = {
    "site_id": "object",
    "name_zh": "object",
    "name_en": "object",
    "status": "object",
    "dispensers": "int64",
    "dispensers_needed": "int64",
    "design_month": "Int64",
    "design_day": "object",
    "design_hour": "Int64",
    "arrivals_per_hour": "float64",
    "fill_kg": "float64",
    "service_min": "float64",
    "service_cv": "float64",
    "dispenser_busy_share": "float64",
    "wait_mean_min": "float64",
    "wait_p95_min": "float64",
    "simulated_wait_mean_min": "float64",
    "simulated_wait_p95_min": "float64",
    "simulated_wait_p95_low_min": "float64",
    "simulated_wait_p95_high_min": "float64",
    "simulated_day_mean_min": "float64",
    "simulated_day_p95_min": "float64",
    "simulated_days": "int64",
    "simulated_vehicles": "int64",
    "buffer_needed_kg": "float64",
    "storage_kg": "float64",
}


def no_queues() -> pd.DataFrame:
    """Return the table of queues of a plan without stations."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in QUEUE_COLUMNS.items()})


#: Columns of the table of sales by hour, in order (docs/tables.md), and what they hold.
HOUR_COLUMNS = {
    "site_id": "object",
    "hour": "int64",
    "kg_per_hour": "float64",
    "design_day_kg_per_hour": "float64",
}


def no_hours() -> pd.DataFrame:
    """Return the table of sales by hour of a plan without stations."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in HOUR_COLUMNS.items()})


#: Columns of the table of gains, in order (docs/tables.md), and what they hold; an objective other than kg
#: adds two in its unit.
GAIN_COLUMNS = {
    "site_id": "object",
    "name_zh": "object",
    "name_en": "object",
    "status": "object",
    "gain_kg_per_day": "float64",
    "loss_kg_per_day": "float64",
    "no_room_kg_per_day": "float64",
}


def no_gains() -> pd.DataFrame:
    """Return the table of gains of a plan whose sites were not evaluated."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in GAIN_COLUMNS.items()})


#: Columns of the table of the roll-out, and what they hold.
ROLLOUT_COLUMNS = {
    "year": "int64",
    "site_id": "object",
    "name_zh": "object",
    "name_en": "object",
    "action": "object",
    "capacity_kg_per_day": "float64",
    "added_kg_per_day": "float64",
    "capex_wan_cny": "float64",
    "load_kg_per_day": "float64",
    "utilization": "float64",
    "only_here_kg_per_day": "float64",
}


def no_rollout() -> pd.DataFrame:
    """Return the table of the roll-out of a plan of one year."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in ROLLOUT_COLUMNS.items()})


def no_weak_spots() -> pd.DataFrame:
    """Return the table of weak spots of a plan without stations."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in WEAK_SPOT_COLUMNS.items()})


def no_points() -> pd.DataFrame:
    """Return the table of point demands of a plan without any."""
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in POINT_COLUMNS.items()})


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know about a plan, said in every language of the catalogues.

    Parameters
    ----------
    key
        Key of the text, below ``notice.``.
    details
        Values of its placeholders.
    """

    key: str
    details: Mapping[str, Any] = field(default_factory=dict)

    def say(self, language: Language) -> str:
        """Return the notice in a language; ``unit`` is that of the detail ``objective``."""
        said = unit(self.details.get("objective", "kg"), language)
        return text(f"notice.{self.key}", language, **{"unit": said, **self.details})

    def to_dict(self) -> dict[str, Any]:
        """Return key, values and wording, ready for JSON."""
        said: dict[str, Any] = {language: self.say(language) for language in LANGUAGES}
        return {"key": self.key, "details": plain(dict(self.details)), **said}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Plan:
    """Stations, the flows they serve, where their hydrogen comes from, and what was proven.

    Parameters
    ----------
    scenario
        What was asked.
    stations, flows, supply, supply_months, bases
        Tables of docs/tables.md.
    certificate
        Of the siting solve: what is within range of the stations, per day, in the unit of the scenario's
        objective (:mod:`planner.objective`). Where siting counts room (`Scenario.counts_room`) what they
        serve; with a roll-out the mean over its years.
    replay
        What the independent replay drove: ``trips``, ``faults``, ``lowest_fill_share``.
    kpis
        Key figures by name, unit in the name.
    provenance
        Data hashes, versions, identity of the scenario, time.
    notices
        Things a person should know, in order.
    refused_sites
        Sites left out, one record each with ``reason``; columns ``REFUSED_COLUMNS``.
    points
        Point demands, table of docs/tables.md.
    weak_spots
        What is covered while each station is out, table of docs/tables.md.
    economics
        Accounts of the stations, table of docs/tables.md.
    nozzle_costs
        What a kilogram costs at each station, table of docs/tables.md, in the rows of `economics`.
    queues
        Waits at the dispensers of each station, table of docs/tables.md, in the order of `stations`.
    rollout
        New stations year by year, table of docs/tables.md; empty unless the scenario has a roll-out.
    gains
        What each other site would add and each station carries alone, table of docs/tables.md.
    hours
        Sales of each station by hour of the day, table of docs/tables.md, in the order of `stations`.
    stretches
        Corridor routes between stations, table of docs/tables.md.
    """

    scenario: Scenario
    stations: pd.DataFrame
    flows: pd.DataFrame
    supply: pd.DataFrame
    certificate: Certificate
    replay: Mapping[str, Any]
    kpis: Mapping[str, float]
    provenance: Mapping[str, Any]
    notices: tuple[Notice, ...] = field(default=())
    refused_sites: tuple[Mapping[str, Any], ...] = field(default=())
    points: pd.DataFrame = field(default_factory=no_points)
    weak_spots: pd.DataFrame = field(default_factory=no_weak_spots)
    economics: pd.DataFrame = field(default_factory=no_economics)
    nozzle_costs: pd.DataFrame = field(default_factory=no_nozzle_costs)
    queues: pd.DataFrame = field(default_factory=no_queues)
    supply_months: pd.DataFrame = field(default_factory=no_supply_months)
    bases: pd.DataFrame = field(default_factory=no_bases)
    rollout: pd.DataFrame = field(default_factory=no_rollout)
    gains: pd.DataFrame = field(default_factory=no_gains)
    hours: pd.DataFrame = field(default_factory=no_hours)
    stretches: pd.DataFrame = field(default_factory=no_stretches)

    def proof(self) -> dict[str, Any]:
        """Return the certificate as plain values, with what was maximized and its unit."""
        objective = self.scenario.objective
        return {**self.certificate.to_dict(), "objective": objective, "unit": unit(objective, "en")}

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain values ready for JSON; of the flows, those served."""
        served = self.flows[self.flows["served_kg_per_day"] > 0]
        return {
            "schema": SCHEMA,
            "scenario": self.scenario.model_dump(mode="json"),
            "certificate": self.proof(),
            "kpis": plain(dict(self.kpis)),
            "replay": plain(dict(self.replay)),
            "stations": records(self.stations),
            "supply": records(self.supply),
            "flows_served": records(served),
            "points": records(self.points),
            "weak_spots": records(self.weak_spots),
            "economics": records(self.economics),
            "nozzle_costs": records(self.nozzle_costs),
            "queues": records(self.queues),
            "supply_months": records(self.supply_months),
            "bases": records(self.bases),
            "rollout": records(self.rollout),
            "gains": records(self.gains),
            "hours": records(self.hours),
            "stretches": records(self.stretches),
            "refused_sites": plain(list(self.refused_sites)),
            "screening_rules": [asdict(rule) for rule in RULES],
            "notices": [notice.to_dict() for notice in self.notices],
            "provenance": plain(dict(self.provenance)),
        }


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as dictionaries of plain values; missing cells become None."""
    columns = {str(name): plain(values.tolist()) for name, values in table.items()}
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def plain(value: Any) -> Any:  # noqa: ANN401  any JSON-like value
    """Return a value as JSON can hold it: no NumPy scalars, no NaN; floats to 9 significant digits."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    if value is pd.NA or value is pd.NaT:
        return None
    return value


def to_json(plan: Plan) -> str:
    """Return the plan as one JSON object."""
    return json.dumps(plan.to_dict(), ensure_ascii=False, allow_nan=False)


def summary(plan: Plan) -> dict[str, Any]:
    """Return the plan without its flows: what the command line prints with ``--json``."""
    content = plan.to_dict()
    content["flows_served"] = {
        "rows": len(content["flows_served"]),
        "kg_per_day": float(plan.flows["served_kg_per_day"].sum()),
    }
    return content


def from_parts(meta: Mapping[str, Any], tables: Mapping[str, pd.DataFrame]) -> Plan:
    """Return the plan of its stored parts: JSON content without tables, and the tables.

    Raises
    ------
    corridor.errors.InputError
        If the content is of another version.
    """
    if meta.get("schema") != SCHEMA:
        raise InputError(
            Fault(f"layout {meta.get('schema')} is not {SCHEMA}", "plan", "Solve the scenario again")
        )
    proven = {field.name for field in fields(Certificate)}
    certificate = {key: value for key, value in meta["certificate"].items() if key in proven}
    return Plan(
        scenario=validated(meta["scenario"], where="stored scenario"),
        stations=tables["stations"],
        flows=tables["flows"],
        supply=tables["supply"],
        certificate=Certificate(**certificate),
        replay=meta["replay"],
        kpis=meta["kpis"],
        provenance=meta["provenance"],
        notices=tuple(Notice(notice["key"], notice["details"]) for notice in meta["notices"]),
        refused_sites=tuple(meta["refused_sites"]),
        points=tables["points"],
        weak_spots=tables["weak_spots"],
        economics=tables["economics"],
        nozzle_costs=tables["nozzle_costs"],
        queues=tables["queues"],
        rollout=tables["rollout"],
        stretches=tables["stretches"],
        supply_months=tables["supply_months"],
        bases=tables["bases"],
        gains=tables["gains"],
        hours=tables["hours"],
    )
