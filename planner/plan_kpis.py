"""Key figures of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner.objective import PER_DAY, key_figures, trip_amounts
from planner.supply_tables import supply_kpis

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from planner.assembly import Parts

_DAYS_PER_YEAR = 365.0
_KG_PER_T = 1000.0


def plan_kpis(
    parts: Parts, *, stations: pd.DataFrame, flows: pd.DataFrame, points: pd.DataFrame
) -> dict[str, float]:
    """Return the key figures of docs/tables.md; those of point demands where there are any.

    Parameters
    ----------
    parts
        What the plan is made of.
    stations, flows, points
        Its tables.
    """
    new = stations[stations["status"] == "new"]
    of_points = {
        "point_demand_kg_per_day": float(points["kg_per_day"].sum()),
        "point_covered_kg_per_day": float(points.loc[points["covered"], "kg_per_day"].sum()),
        "point_served_kg_per_day": float(points["served_kg_per_day"].sum()),
    }
    point_kg, point_covered_kg, point_served_kg = of_points.values()
    demand_kg = float(flows["kg_per_day"].sum()) + point_kg
    served_kg = float(flows["served_kg_per_day"].sum()) + point_served_kg
    covered_kg = float(coming(flows, "kg_per_day").sum()) + point_covered_kg
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
        "footprint_new_m2": float(new["footprint_m2"].sum()),
        **supply_kpis(parts.supply, parts.inputs.bases),
        "co2_avoided_t_per_year": float(co2_t_per_year(flows, parts).sum()),
        **key_figures(parts.scenario.objective, flows, parts.values),
        **(of_points if len(points) else {}),
        **_resilience_kpis(parts),
        **_detour_kpis(parts, stations, flows, served_kg=served_kg),
    }


def coming(flows: pd.DataFrame, column: str) -> pd.Series:
    """Return an amount of the covered flows, of their drivers that come."""
    covered = flows[flows["covered"]]
    amount: pd.Series = covered[column] * covered["coming_share"]
    return amount


def co2_t_per_year(flows: pd.DataFrame, parts: Parts) -> NDArray[np.float64]:
    """Return CO2 that the served round trips would leave at the tailpipe with diesel, t/a, by flow."""
    length_km = flows["length_km"].to_numpy(dtype=np.float64)
    share = (flows["served_kg_per_day"] / flows["kg_per_day"]).to_numpy(dtype=np.float64)
    kg: NDArray[np.float64] = trip_amounts("co2", flows, length_km, parts.values) * share
    return kg * (_DAYS_PER_YEAR / _KG_PER_T)


def _detour_kpis(
    parts: Parts, stations: pd.DataFrame, flows: pd.DataFrame, *, served_kg: float
) -> dict[str, float]:
    """Return how many trips leave their route, and the hydrogen this costs them."""
    if parts.scenario.detour == 0.0:
        return {}
    share = flows["served_kg_per_day"] / flows["kg_per_day"]
    return {
        "trips_off_route_per_day": float((flows["trips_per_day"] * share)[flows["extra_km"] != 0.0].sum()),
        "detour_kg_per_day": float(stations["load_kg_per_day"].sum()) - served_kg,
    }


def _resilience_kpis(parts: Parts) -> dict[str, float]:
    """Return what the worst outage leaves, and the price of asking for it."""
    if parts.resilient is None:
        return {}
    spots, proof = parts.resilient.weak_spots, parts.resilient.without.certificate
    per_day = PER_DAY[parts.scenario.objective]
    return {
        f"worst_outage_left_{per_day}": spots.worst,
        "worst_outage_left_share": spots.share,
        f"resilience_price_{per_day}": max(0.0, (proof.incumbent or 0.0) - spots.all_open),
    }
