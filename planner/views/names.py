"""Names of sites and bases as the page says them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from planner.text import Language


def name(row: Any, language: Language) -> str:  # noqa: ANN401  a table row or a dictionary
    """Return a site's name in the language of the page."""
    return str(row["name_zh"] if language == "zh" else row["name_en"])
