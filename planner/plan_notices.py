"""What a person should know about a plan."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from planner.plan import REFUSED_COLUMNS, Notice, records

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from planner.assembly import Parts
    from planner.plan import Plan

#: So many refused sites are named in a notice; all stand in the plan.
_NAMED_SITES = 8

#: Zones named in a notice; the rest is counted.
_ZONES_NAMED = 8

#: Figures below half a kilogram per day are rounding, not worth a notice.
_NOTEWORTHY_KG_PER_DAY = 0.5


def notices(parts: Parts, kpis: Mapping[str, float]) -> list[Notice]:
    """Return what a person should know about a plan.

    Parameters
    ----------
    parts
        Of the plan.
    kpis
        Its key figures.
    """
    told = [*parts.points.notices(parts.scenario.objective), *_outage_notices(parts)]
    told += _supply_notices(parts)
    proof = parts.solution.certificate
    unused = parts.scenario.stations - int(kpis["stations_new"])
    if proof.status == "feasible":
        told.append(Notice("stopped_early", {"gap": proof.gap}))
    elif unused > 0 and not parts.scenario.has_budget:
        told.append(Notice("unused_stations", {"count": unused}))
    full = kpis["covered_kg_per_day"] - kpis["served_kg_per_day"]
    if full > _NOTEWORTHY_KG_PER_DAY:
        told.append(Notice("full_stations", {"kg": full}))
    told += parts.queues.notices()
    stations = parts.inputs.sites.iloc[parts.solution.stations]
    if approximate := int((stations["position_quality"] == "approx").sum()):
        told.append(Notice("approximate_positions", {"count": approximate}))
    if one_way := int((stations["direction"] == "one").sum()):
        told.append(Notice("one_direction", {"count": one_way}))
    for key, zones in (("far_zones", parts.inputs.far_zones), ("moved_zones", parts.inputs.moved_zones)):
        if len(zones):
            named = ", ".join(str(name) for name in zones["name_zh"].iloc[:_ZONES_NAMED])
            told.append(Notice(key, {"count": len(zones), "zones": named}))
    if len(parts.inputs.refused_sites):
        told.append(refusal([str(site) for site in parts.inputs.refused_sites.index]))
    return told


def _supply_notices(parts: Parts) -> list[Notice]:
    """Return what is short in the supply, and whether it was searched to the end."""
    told = []
    if (shortage := parts.supply.tables.shortage_kg_per_day) > _NOTEWORTHY_KG_PER_DAY:
        told.append(Notice("supply_shortage", {"kg": shortage}))
    if parts.supply.certificate.status != "optimal":
        told.append(Notice("supply_stopped_early", {"gap": parts.supply.certificate.gap}))
    return told


def _outage_notices(parts: Parts) -> list[Notice]:
    """Return which outage is the worst, what it leaves, and what asking for that costs."""
    if parts.resilient is None:
        return []
    spots, proof = parts.resilient.weak_spots, parts.resilient.without.certificate
    station = parts.inputs.sites["name_zh"].iloc[spots.station[0]] if len(spots.station) else "–"
    price = max(0.0, (proof.incumbent or 0.0) - spots.all_open)
    asked = parts.scenario.resilience
    said = {"asked": asked, "left": spots.share, "station": str(station), "price": price}
    return [Notice("resilience", said | {"objective": parts.scenario.objective})]


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
