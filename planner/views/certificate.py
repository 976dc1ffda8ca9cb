"""What was proven about a plan, and what a person should know about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from planner import proof_words
from planner.text import Language, text
from planner.views.style import escaped

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.plan import Plan
    from planner.scenario import Objective
    from siting.certificate import Certificate

goal, verdict = proof_words.goal, proof_words.verdict


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


def table(
    proof: Certificate, replay: Mapping[str, Any], language: Language, *, objective: Objective = "kg"
) -> str:
    """Return the certificate, in the unit of the objective, and the replay as an HTML table."""
    rows = proof_words.proof_rows(proof, replay, language, objective=objective)
    cells = "".join(
        f"<tr><td>{escaped(key)}</td><td>{escaped(value)}</td></tr>" for key, value in rows.items()
    )
    return f'<table class="proof">{cells}</table>'
