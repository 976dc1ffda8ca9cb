"""Where a site lies, what is known of it, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corridor.sites import RULES
from planner.card_facts import county_of
from planner.drawing.figures import number, share, with_unit
from planner.plan import records
from planner.source_text import source_said
from planner.text import Language, text
from planner.views import screening
from planner.views.cards import parts
from planner.views.names import name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from planner.card_facts import Worth
    from planner.inputs import Inputs

#: Below these a digit more is told.
_SMALL, _SMALL_SHARE = 10.0, 0.001


def where(row: Mapping[str, Any], inputs: Inputs, language: Language) -> str:
    """Return road and km post, county, and kind of a site in one line."""
    county = county_of(inputs, row["site_id"])
    pieces = [
        screening.place(row, language),
        "" if county is None else name(county, language),
        text(f"kind.{row['kind']}", language),
    ]
    return " · ".join(piece for piece in pieces if piece)


def sheet(inputs: Inputs, site_id: str, language: Language) -> str:
    """Return what is known of a site, with its screening."""
    row = records(inputs.sites.loc[[site_id]].reset_index(names="site_id"))[0]
    flags = {
        text(f"screening.{rule.rule_id}", language): screening.flag(row[f"screen_{rule.rule_id}"], language)
        for rule in RULES
    }
    known = {
        "site_id": site_id,
        "position": f"{row['lon']:.4f}, {row['lat']:.4f}",
        "position_quality": text(f"quality.{row['position_quality']}", language),
        "road_km": f"{number(row['road_km'], 1)} km",
        "direction": screening.direction(row, language),
        "opened": _said(row["opened"]),
        "operator": _said(row["operator"]),
        "source": source_said(_said(row["source"]), language),
        "confidence": text(f"place_card.confidence_{row['confidence']}", language),
        "note": _said(row["note"]),
    }
    return (
        parts.heading(text("place_card.screening", language))
        + parts.facts(flags)
        + parts.heading(text("place_card.sheet", language))
        + parts.facts({text(f"place_card.{key}", language): value for key, value in known.items()})
    )


def worth_said(worth: Worth, language: Language) -> dict[str, str]:
    """Return what a sentence on a gain or a loss is filled with; small amounts are not rounded to nothing."""
    amount, part = worth.amount or 0.0, worth.share or 0.0
    return {
        "amount": with_unit(amount, worth.per_day, language, digits=0 if amount >= _SMALL else 1),
        "share": share(part, 1 if part >= _SMALL_SHARE else 2),
        "rank": str(worth.rank),
        "count": str(worth.count),
    }


def _said(value: object) -> str:
    """Return a cell as text; an unknown one is nothing."""
    return "" if value is None or value != value else str(value)  # noqa: PLR0124  NaN is not itself
