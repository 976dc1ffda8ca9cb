"""The row of key figures, the proof among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planner.drawing.figures import gap, money, number, share, with_unit
from planner.objective import unit
from planner.text import Language, text
from planner.views.style import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from planner.plan import Plan


def row(cards: Iterable[str]) -> None:
    """Draw cards as a row of key figures."""
    st.html(f'<div class="kpis">{"".join(cards)}</div>')


def draw(plan: Plan, language: Language) -> None:
    """Draw the key figures of a plan."""
    row(_cards(plan, language))


def _cards(plan: Plan, language: Language) -> list[str]:
    """Return one card per key figure."""
    figures = plan.kpis
    capex, capex_unit = money(figures["capex_wan_cny"], language)
    stations = text(
        "kpi.stations_value",
        language,
        new=number(figures["stations_new"]),
        existing=number(figures["stations_existing"]),
    )
    return [
        card(
            "served",
            number(figures["served_kg_per_day"]),
            text("unit.kg_per_day", language),
            language,
            share=share(figures["served_share"], 1),
            demand=with_unit(figures["demand_kg_per_day"], "kg_per_day", language),
        ),
        card("stations", stations, text("kpi.stations_unit", language), language),
        card(
            "capex",
            capex,
            capex_unit,
            language,
            capacity=with_unit(figures["capacity_new_kg_per_day"], "kg_per_day", language),
            area=with_unit(figures["footprint_new_m2"], "m2", language),
        ),
        card(
            "hydrogen",
            number(figures["hydrogen_cny_per_kg"], 1),
            text("unit.cny_per_kg", language),
            language,
        ),
        card("green", share(figures["green_share"]), "", language),
        _proof(plan, language),
    ]


def card(name: str, value: str, unit: str, language: Language, **values: str) -> str:
    """Return one figure with its label, unit and remark."""
    return (
        f'<div class="kpi" data-kpi="{name}">'
        f'<div class="label">{escaped(text(f"kpi.{name}", language))}</div>'
        f'<div class="value">{escaped(value)}<small>{escaped(unit)}</small></div>'
        f'<div class="note">{escaped(text(f"kpi.{name}_note", language, **values))}</div></div>'
    )


def _proof(plan: Plan, language: Language) -> str:
    """Return what was proven, in the words of its status."""
    proof = plan.certificate
    limits = text(
        "kpi.certificate_note",
        language,
        incumbent=number(proof.incumbent),
        bound=number(proof.bound),
        unit=unit(plan.scenario.objective, language),
    )
    closing = " · ".join(
        (
            f"{text('certificate.gap', language)} {gap(proof.gap)}",
            with_unit(proof.seconds, "s", language, digits=1),
        )
    )
    return (
        f'<div class="kpi" data-kpi="certificate">'
        f'<div class="label">{escaped(text("kpi.certificate", language))}</div>'
        f'<div class="value"><span class="badge {proof.status}">'
        f"{escaped(text(f'status.{proof.status}', language))}</span></div>"
        f'<div class="note">{escaped(limits)}<br/>{escaped(closing)}</div></div>'
    )
