"""The bases of a plan: what each makes month by month, and what it could still make for export."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from planner.drawing.figures import number, share
from planner.text import Language, text
from planner.views.choices import choice

if TYPE_CHECKING:
    from planner.plan import Plan
    from planner.views.session import Session

_KG_PER_T = 1000.0


def draw(session: Session, plan: Plan, language: Language) -> str | None:
    """Draw one row per base, its months as bars, under what the whole supply costs; return the one chosen."""
    if plan.bases.empty:
        st.info(text("bases.empty", language))
        return None
    st.caption(told(plan, language))
    column = st.column_config
    tons = ("made_t", "left_t")
    return choice(
        session,
        rows(plan, language),
        plan.bases["base_id"].drop_duplicates(),
        key="bases-table",
        alt=text("table.bases", language),
        column_config={
            "base": column.TextColumn(text("column.base_id", language), width=180, pinned=True),
            "modules": column.NumberColumn(text("column.modules", language), format="%d", width=64),
            "months": column.BarChartColumn(text("bases.months", language), y_min=0.0, width=200),
            **{
                name: column.NumberColumn(text(f"bases.{name}", language), format="%,.0f", width=96)
                for name in tons
            },
            "use": column.ProgressColumn(
                text("bases.use", language), format="%.0f%%", min_value=0.0, max_value=100.0, width=96
            ),
            "left_cny_per_kg": column.NumberColumn(
                text("bases.left_cny_per_kg", language), format="%.1f", width=96
            ),
        },
    )


def told(plan: Plan, language: Language) -> str:
    """Return cost, proof, and what is left for export, in a sentence each."""
    proof, kpis = plan.provenance["supply"], plan.kpis
    gap = proof["gap"]
    return text(
        "bases.told",
        language,
        cost=number(proof["incumbent"] / 1e4),
        gap="–" if gap is None else share(gap, 2),
        export=number(kpis["green_export_t_per_year"]),
        price=number(kpis["green_export_cny_per_kg"], 1),
    )


def rows(plan: Plan, language: Language) -> pd.DataFrame:
    """Return a row per base: ``base``, ``modules``, ``months`` (t, twelve), the year, and what is left."""
    found = []
    for _, months in plan.bases.groupby("base_id", sort=False):
        ordered = months.sort_values("month")
        made, room = ordered["produced_kg"], ordered["produced_kg"] + ordered["left_kg"]
        idle, unbuilt = ordered["left_kg"], ordered["expandable_kg"]
        left = float(idle.sum() + unbuilt.sum())
        worth = float((idle * ordered["left_cny_per_kg"]).sum())
        worth += float((unbuilt * ordered["expansion_cny_per_kg"].fillna(0.0)).sum())
        found.append(
            {
                "base": ordered[f"name_{language}"].iloc[0],
                "modules": int(ordered["modules"].iloc[0]),
                "months": [round(each / _KG_PER_T, 1) for each in made],
                "made_t": float(made.sum()) / _KG_PER_T,
                "use": 100.0 * float(made.sum() / room.sum()) if room.sum() > 0.0 else None,
                "left_t": left / _KG_PER_T,
                "left_cny_per_kg": worth / left if left > 0.0 else None,
            }
        )
    return pd.DataFrame(found)
