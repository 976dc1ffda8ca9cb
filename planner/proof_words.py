"""What was proven about a plan, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.drawing.figures import gap, number, with_unit
from planner.objective import PER_DAY
from planner.text import Language, text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.plan import Plan
    from planner.scenario import Objective
    from siting.certificate import Certificate


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


def verdict(proof: Certificate, language: Language) -> str:
    """Return the certificate in one sentence: only a closed gap is called optimal."""
    if proof.status == "feasible" and proof.gap is None:
        return text("certificate.feasible_unbounded", language)
    if proof.status == "feasible":
        return text("certificate.feasible", language, gap=gap(proof.gap))
    return text(f"certificate.{proof.status}", language)


def proof_rows(
    proof: Certificate, replay: Mapping[str, Any], language: Language, *, objective: Objective
) -> dict[str, str]:
    """Return the certificate, in the unit of the objective, and the replay, by label."""
    per_day = PER_DAY[objective]
    return {
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
