"""Figures as people read them: rounded to what they mean, a dash where there is none."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from planner.text import Language, text

if TYPE_CHECKING:
    from collections.abc import Iterable

_DASH = "–"

#: 10,000 wan CNY are one yi (100 million CNY).
_WAN_PER_YI = 10_000
_WAN_PER_MILLION = 100


def number(value: float | None, digits: int = 0) -> str:
    """Return a number with grouped thousands."""
    return _DASH if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def share(value: float | None, digits: int = 0) -> str:
    """Return a share 0-1 in percent."""
    return _DASH if value is None or not math.isfinite(value) else f"{value:.{digits}%}"


def gap(value: float | None) -> str:
    """Return a relative gap in percent, never rounded down to nothing."""
    smallest = 0.0001
    if value is not None and 0 < value < smallest:
        return f"<{smallest:.2%}"
    return share(value, 2)


def with_unit(value: float | None, unit: str, language: Language, *, digits: int = 0) -> str:
    """Return a number followed by a unit of the catalogue."""
    return f"{number(value, digits)} {text(f'unit.{unit}', language)}"


def money(wan_cny: float | None, language: Language) -> tuple[str, str]:
    """Return a sum and its unit: in Chinese by powers of 10,000, in English in millions."""
    if language == "en":
        return number(None if wan_cny is None else wan_cny / _WAN_PER_MILLION), text("unit.m_cny", language)
    if wan_cny is not None and abs(wan_cny) >= _WAN_PER_YI:
        return number(wan_cny / _WAN_PER_YI, 2), text("unit.yi_cny", language)
    return number(wan_cny), text("unit.wan_cny", language)


def names_joined(names: Iterable[str], language: Language) -> str:
    """Return names in one line, separated as the language does."""
    return ("、" if language == "zh" else ", ").join(names)
