"""What was proven about a plan, and what a person should know about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from planner.objective import PER_DAY
from planner.text import Language, text
from planner.views.figures import gap, number, with_unit
from planner.views.style import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.plan import Plan
    from planner.scenario import Objective
    from siting.certificate import Certificate


def draw(plan: Plan, language: Language) -> None:
    """Draw the certificate, the replay and the notices."""
    proof, objective = plan.certificate, plan.scenario.objective
    st.html(
        f'<p class="proof-line"><b>{escaped(verdict(proof, language))}</b><br/>'
        f"{escaped(goal(plan, language))}</p>"
        f"{table(proof, plan.replay, language, objective=objective)}"
    )
    notices = [notice.say(language) for notice in plan.notices] or [text("table.no_notices", language)]
    items = "".join(f"<li>{escaped(notice)}</li>" for notice in notices)
    st.html(f'<p class="proof-line"><b>{escaped(text("table.notices", language))}</b></p><ul>{items}</ul>')


def goal(plan: Plan, language: Language) -> str:
    """Return what was maximized, and whether the room of stations counted."""
    scenario = plan.scenario
    keys = [f"{scenario.objective}_said", "with_room" if scenario.counts_room else "within_range"]
    if scenario.earlier_years:
        keys.append("by_year")
    if scenario.has_budget:
        keys.append("within_budget")
    joint = {"zh": "。", "en": ". "}[language]
    return joint.join(text(f"objective.{key}", language).rstrip("。.") for key in keys) + joint.strip()


def table(
    proof: Certificate, replay: Mapping[str, Any], language: Language, *, objective: Objective = "kg"
) -> str:
    """Return the certificate, in the unit of the objective, and the replay as an HTML table."""
    per_day = PER_DAY[objective]
    rows = {
        text("certificate.incumbent", language): with_unit(proof.incumbent, per_day, language, digits=1),
        text("certificate.bound", language): with_unit(proof.bound, per_day, language, digits=1),
        text("certificate.gap", language): gap(proof.gap),
        text("certificate.seconds", language): with_unit(proof.seconds, "s", language, digits=1),
        text("certificate.solver", language): f"{proof.solver} {proof.version}",
        text("certificate.replay", language): text(
            "certificate.replay_value",
            language,
            trips=number(replay["trips"]),
            faults=number(replay["faults"]),
        ),
    }
    cells = "".join(
        f"<tr><td>{escaped(key)}</td><td>{escaped(value)}</td></tr>" for key, value in rows.items()
    )
    return f'<table class="proof">{cells}</table>'


def verdict(proof: Certificate, language: Language) -> str:
    """Return the certificate in one sentence: only a closed gap is called optimal."""
    if proof.status == "feasible" and proof.gap is None:
        return text("certificate.feasible_unbounded", language)
    if proof.status == "feasible":
        return text("certificate.feasible", language, gap=gap(proof.gap))
    return text(f"certificate.{proof.status}", language)
