"""What was proven about a plan, and what a person should know about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from planner.text import Language, text
from planner.views.figures import gap, number, with_unit
from planner.views.style import escaped

if TYPE_CHECKING:
    from planner.plan import Plan
    from siting.certificate import Certificate


def draw(plan: Plan, language: Language) -> None:
    """Draw the certificate, the replay and the notices."""
    proof = plan.certificate
    rows = {
        text("certificate.incumbent", language): with_unit(proof.incumbent, "kg_per_day", language, digits=1),
        text("certificate.bound", language): with_unit(proof.bound, "kg_per_day", language, digits=1),
        text("certificate.gap", language): gap(proof.gap),
        text("certificate.seconds", language): with_unit(proof.seconds, "s", language, digits=1),
        text("certificate.solver", language): f"{proof.solver} {proof.version}",
        text("certificate.replay", language): text(
            "certificate.replay_value",
            language,
            trips=number(plan.replay["trips"]),
            faults=number(plan.replay["faults"]),
        ),
    }
    cells = "".join(
        f"<tr><td>{escaped(key)}</td><td>{escaped(value)}</td></tr>" for key, value in rows.items()
    )
    st.html(
        f'<p class="proof-line"><b>{escaped(verdict(proof, language))}</b><br/>'
        f'{escaped(text("certificate.objective", language))}</p><table class="proof">{cells}</table>'
    )
    st.caption(text("table.notices", language))
    for notice in plan.notices or (text("table.no_notices", language),):
        st.markdown(f"- {notice}")


def verdict(proof: Certificate, language: Language) -> str:
    """Return the certificate in one sentence: only a closed gap is called optimal."""
    if proof.status == "feasible" and proof.gap is None:
        return text("certificate.feasible_unbounded", language)
    if proof.status == "feasible":
        return text("certificate.feasible", language, gap=gap(proof.gap))
    return text(f"certificate.{proof.status}", language)
