"""Key figures as people read them: their names, and values with their units."""

from __future__ import annotations

from planner.drawing.figures import money, number, share
from planner.text import Language, text

#: Decimals of figures by unit; whole numbers elsewhere.
_DIGITS = {"cny_per_kg": 2, "trips_per_day": 1, "t_per_year": 0}
_SHARE_DIGITS = 1


def figure_name(key: str, language: Language) -> str:
    """Return the name of a key figure."""
    return text(f"figure.{key}", language)


def figure_said(value: float | None, unit: str, language: Language) -> tuple[str, str]:
    """Return a figure and its unit, both as text; shares in percent, money as the language counts it."""
    if unit == "share":
        return share(value, _SHARE_DIGITS), ""
    if unit == "wan_cny":
        return money(value, language)
    return number(value, _DIGITS.get(unit, 0)), text(f"unit.{unit}", language)


def change_said(value: float | None, unit: str, language: Language) -> str:
    """Return a change with its sign and unit; of a share in percentage points."""
    if value is None:
        return "–"
    if unit == "share":
        amount = share(abs(value), _SHARE_DIGITS).removesuffix("%")
        return f"{_signed(value, amount)} {text('unit.points', language)}"
    amount, said = figure_said(abs(value), unit, language)
    return f"{_signed(value, amount)} {said}".strip()


def _signed(value: float, amount: str) -> str:
    """Return an amount behind the sign of a value; nothing lies before what rounds to nothing."""
    if not any(digit in amount for digit in "123456789"):
        return amount
    return ("+" if value > 0.0 else "−") + amount
