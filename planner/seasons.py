"""Supply by month: what each base gives and each station gets, as rows of the table ``supply``.

Rates and costs per kilogram of a row are means of the year; what a link takes of vehicles and drivers goes
with what it delivers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from siting.delivery import PARTS
from siting.supply_network import DAYS_OF_MONTH
from siting.supply_tables import PRODUCTION_PARTS
from siting.supply_terms import SEASONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planner.plan import Plan

#: Months, January first.
MONTHS: tuple[int, ...] = tuple(range(1, len(DAYS_OF_MONTH) + 1))

_LINK = ["site_id", "base_id", "mode"]

#: Of a link, what grows with what it delivers.
_BY_KG = ("trips_per_day", "trailers", "tractors", "driver_h_per_day")


def season_of(month: int) -> str:
    """Return the season of Sichuan's power market: ``wet``, ``flat`` or ``dry``."""
    return SEASONS[month - 1]


def supply_of_month(plan: Plan, month: int | None) -> pd.DataFrame:
    """Return the supply links of a month, or of the year.

    Parameters
    ----------
    plan
        A plan.
    month
        1-12; None is the year.

    Returns
    -------
    pandas.DataFrame
        Columns and order of ``plan.supply``; ``kg_per_day`` is the mean of the month, links that deliver
        nothing in it are left out.
    """
    if month is None:
        return plan.supply
    given = plan.supply_months[plan.supply_months["month"] == month].set_index(_LINK)["kg"]
    kg_per_day = given / DAYS_OF_MONTH[month - 1]
    table = plan.supply.join(kg_per_day.rename("of_month"), on=_LINK)
    table = table[table["of_month"] > 0.0]
    more = table["of_month"] / table["kg_per_day"]
    grown = {name: table[name] * more for name in _BY_KG}
    return table.assign(**grown, kg_per_day=table["of_month"])[list(plan.supply.columns)]


def production_of(plan: Plan, base_id: str) -> pd.DataFrame:
    """Return what a base makes month by month.

    Returns
    -------
    pandas.DataFrame
        Index ``month``; ``season``, ``produced_t``, ``sent_t``, ``level_t`` (in storage at its end), and
        ``capacity_t`` (what is built could have made).
    """
    rows = plan.bases[plan.bases["base_id"] == base_id].sort_values("month").set_index("month")
    kg_per_t = 1000.0
    return pd.DataFrame(
        {
            "season": [season_of(month) for month in rows.index],
            "produced_t": rows["produced_kg"] / kg_per_t,
            "sent_t": rows["sent_kg"] / kg_per_t,
            "level_t": rows["level_kg"] / kg_per_t,
            "capacity_t": (rows["produced_kg"] + rows["left_kg"]) / kg_per_t,
        },
        index=rows.index,
    )


def served_by(plan: Plan, base_id: str) -> pd.DataFrame:
    """Return the stations a base supplies, the most first.

    Returns
    -------
    pandas.DataFrame
        ``site_id``, ``name_zh``, ``name_en``, ``mode``, ``distance_km``, ``kg_per_day`` (mean of the year),
        ``share`` (of what the station gets), ``delivered_cny_per_kg``, ``months`` (in which it delivers).
    """
    links = plan.supply[plan.supply["kg_per_day"] > 0.0]
    whole = links.groupby("site_id")["kg_per_day"].transform("sum")
    own = links.assign(share=links["kg_per_day"] / whole)
    own = own[own["base_id"] == base_id]
    names = plan.stations.set_index("site_id")[["name_zh", "name_en"]]
    delivering = plan.supply_months[plan.supply_months["kg"] > 0.0]
    months = delivering.groupby(_LINK)["month"].nunique().rename("months")
    table = own.join(names, on="site_id").join(months, on=_LINK)
    columns = [
        "site_id",
        "name_zh",
        "name_en",
        "mode",
        "distance_km",
        "kg_per_day",
        "share",
        "delivered_cny_per_kg",
        "months",
    ]
    return table.sort_values("kg_per_day", ascending=False, kind="stable")[columns].reset_index(drop=True)


def base_figures(plan: Plan, base_id: str) -> dict[str, float]:
    """Return what a base gives and what it costs.

    Returns
    -------
    dict[str, float]
        ``modules``, ``produced_t`` (of the year), ``kg_per_day`` (sent to stations, mean of the year),
        ``use_share`` (of what is built), ``production_cny_per_kg`` and ``delivery_cny_per_kg`` (means by kg;
        NaN of a base that sends nothing), ``left_t`` (could be made besides, built or not).
    """
    rows = plan.bases[plan.bases["base_id"] == base_id]
    links = plan.supply[plan.supply["base_id"] == base_id]
    kg = float(links["kg_per_day"].sum())
    made, idle = float(rows["produced_kg"].sum()), float(rows["left_kg"].sum())
    means = {
        name: float((links["kg_per_day"] * links[name].fillna(0.0)).sum()) / kg if kg > 0.0 else float("nan")
        for name in ("production_cny_per_kg", "delivery_cny_per_kg")
    }
    return {
        "modules": float(rows["modules"].iloc[0]) if len(rows) else 0.0,
        "produced_t": made / 1000.0,
        "kg_per_day": kg,
        "use_share": made / (made + idle) if made + idle > 0.0 else float("nan"),
        "left_t": (idle + float(rows["expandable_kg"].sum())) / 1000.0,
        **means,
    }


def base_costs(plan: Plan, base_id: str) -> dict[str, float]:
    """Return what a kilogram of a base costs at the stations, by part, mean by kg; empty if it sends nothing.

    Returns
    -------
    dict[str, float]
        ``electricity_cny_per_kg``, ``electrolyzer_cny_per_kg``, ``purchase_cny_per_kg``,
        ``storage_cny_per_kg``, and of delivery ``conversion_cny_per_kg`` and ``transport_cny_per_kg``.
    """
    links = plan.supply[(plan.supply["base_id"] == base_id) & (plan.supply["kg_per_day"] > 0.0)]
    kg = float(links["kg_per_day"].sum())
    if kg <= 0.0:
        return {}

    def mean(names: Iterable[str]) -> float:
        return float(sum((links["kg_per_day"] * links[name].fillna(0.0)).sum() for name in names)) / kg

    conversion = [name for name in PARTS if name.startswith("conversion")]
    return {
        **{name: mean([name]) for name in PRODUCTION_PARTS},
        "conversion_cny_per_kg": mean(conversion),
        "transport_cny_per_kg": mean(name for name in PARTS if name not in conversion),
    }
