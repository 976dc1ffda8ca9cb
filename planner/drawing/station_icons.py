"""Marks of stations and sites, in one sheet: the shape says what it is, the level how full it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable

Kind = Literal["new", "locked", "existing", "forbidden", "closed"]

#: Marks that show how full a station is.
FILLED: tuple[Kind, ...] = ("new", "locked", "existing")
#: Marks of what is kept out.
OUT: tuple[Kind, ...] = ("forbidden", "closed")

#: Steps in which the level rises.
LEVELS = 10
#: Pixels of a cell of the sheet, and cells per row.
_CELL, _PER_ROW = 64, 11
#: Where a mark begins and ends in its cell, pixels.
_TOP, _BOTTOM = 8.0, 56.0


def level(utilization: float | None) -> int:
    """Return the step of a utilization, 0 to :data:`LEVELS`; unknown is empty, anything in use shows."""
    if utilization is None or not utilization > 0.0:
        return 0
    return max(1, min(LEVELS, round(LEVELS * utilization)))


def mark(kind: Kind, utilization: float | None = None) -> str:
    """Return the name of a mark in the sheet."""
    return f"{kind}-{level(utilization)}" if kind in FILLED else kind


def sheet(*, ink: str, paper: str, fill: str, out: str) -> tuple[str, dict[str, dict[str, int]]]:
    """Return the sheet of all marks and where each stands in it.

    Parameters
    ----------
    ink, paper, fill, out
        Colors, ``#rrggbb``: of lines, of the empty part, of the full part, of what is kept out.

    Returns
    -------
    tuple[str, dict[str, dict[str, int]]]
        An SVG picture as a data address, and per mark ``x``, ``y``, ``width``, ``height``, pixels.
    """
    names = [f"{kind}-{step}" for kind in FILLED for step in range(LEVELS + 1)] + list(OUT)
    drawn, places = [], {}
    for row, name in enumerate(names):
        y, x = divmod(row, _PER_ROW)
        kind, _, step = name.partition("-")
        picture = _OUTLINES[kind](ink, paper) if not step else _filled(kind, int(step), ink, paper, fill)
        if kind in OUT:
            picture = _OUTLINES[kind](out, paper)
        drawn.append(f'<svg x="{x * _CELL}" y="{y * _CELL}" width="{_CELL}" height="{_CELL}">{picture}</svg>')
        places[name] = {"x": x * _CELL, "y": y * _CELL, "width": _CELL, "height": _CELL}
    rows = -(-len(names) // _PER_ROW)
    size = f'width="{_PER_ROW * _CELL}" height="{rows * _CELL}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(drawn)}</svg>'
    return f"data:image/svg+xml;charset=utf-8,{quote(svg)}", places


def single(kind: Kind, *, ink: str, paper: str, fill: str, out: str, utilization: float | None = None) -> str:
    """Return one mark as an HTML picture of its own, for legends."""
    picture = (
        _filled(kind, level(utilization), ink, paper, fill) if kind in FILLED else _OUTLINES[kind](out, paper)
    )
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_CELL} {_CELL}">{picture}</svg>'
    return f'<img src="data:image/svg+xml;charset=utf-8,{quote(svg)}" width="16" height="16" alt=""/>'


def _filled(kind: str, step: int, ink: str, paper: str, fill: str) -> str:
    """Return a mark filled from below up to a step."""
    top = _BOTTOM - (_BOTTOM - _TOP) * step / LEVELS
    shape, clip = _SHAPES[kind], f"{kind}-{step}-clip"
    rising = f'x="0" y="{top:g}" width="{_CELL}" height="{_BOTTOM - top:g}" fill="{fill}"'
    outline = f'fill="none" stroke="{ink}" stroke-width="5"'
    back, line = shape(f'fill="{paper}"'), shape(outline)
    lock = _LOCK.format(ink=ink, paper=paper) if kind == "locked" else ""
    return (
        f'<clipPath id="{clip}">{shape("")}</clipPath>{back}'
        f'<rect clip-path="url(#{clip})" {rising}/>{line}{lock}'
    )


def _circle(look: str) -> str:
    """Return the outline of a new station."""
    return f'<circle cx="32" cy="32" r="24" {look}/>'


def _square(look: str) -> str:
    """Return the outline of a station that stands."""
    return f'<rect x="9" y="9" width="46" height="46" rx="5" {look}/>'


def _crossed(ink: str, paper: str) -> str:
    """Return a circle struck through: no station here."""
    return (
        f'<circle cx="32" cy="32" r="20" fill="{paper}" stroke="{ink}" stroke-width="6"/>'
        f'<path d="M18 18 46 46" stroke="{ink}" stroke-width="6"/>'
    )


def _struck(ink: str, paper: str) -> str:
    """Return a square with a cross: a station out of the plan."""
    return (
        f'<rect x="12" y="12" width="40" height="40" rx="5" fill="{paper}" stroke="{ink}" stroke-width="6"/>'
        f'<path d="M20 20 44 44M44 20 20 44" stroke="{ink}" stroke-width="6"/>'
    )


_SHAPES: dict[str, Callable[[str], str]] = {"new": _circle, "locked": _circle, "existing": _square}
_OUTLINES: dict[str, Callable[[str, str], str]] = {"forbidden": _crossed, "closed": _struck}
#: A padlock at the upper right.
_LOCK = (
    '<path d="M46 14v-4a6 6 0 0 1 12 0v4" fill="none" stroke="{ink}" stroke-width="4"/>'
    '<rect x="42" y="13" width="20" height="16" rx="3" fill="{ink}" stroke="{paper}" stroke-width="2"/>'
)
