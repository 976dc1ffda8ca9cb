"""Pieces all cards are made of, as HTML: head, figures, shares of a sum, facts, notes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.views.style import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Narrowest bar that can be seen, percent.
_THINNEST = 0.6


def head(title: str, where: str, badges: Iterable[tuple[str, str]] = ()) -> str:
    """Return the head of a card.

    Parameters
    ----------
    title
        What it is about.
    where
        Line below.
    badges
        What is said in frames, and the kind of each: a CSS class below ``.chip``.
    """
    chips = "".join(f'<span class="chip {escaped(kind)}">{escaped(said)}</span>' for said, kind in badges)
    line = f"<p>{escaped(where)}</p>" if where else ""
    row = f'<div class="chips">{chips}</div>' if chips else ""
    return f'<div class="card-head"><h2>{escaped(title)}</h2>{line}{row}</div>'


def heading(said: str) -> str:
    """Return the heading of a section."""
    return f'<h3 class="card-heading">{escaped(said)}</h3>'


def figures(items: Iterable[tuple[str, str, str]]) -> str:
    """Return key figures in a grid: label, figure, and what is said below it, or nothing."""
    tiles = "".join(
        f"<div><dt>{escaped(label)}</dt><dd>{escaped(value)}"
        f"{f'<small>{escaped(note)}</small>' if note else ''}</dd></div>"
        for label, value, note in items
    )
    return f'<dl class="card-figures">{tiles}</dl>'


def shares(parts: Sequence[tuple[str, float, str]]) -> str:
    """Return parts of a sum as bars, the longest as long as the place.

    Parameters
    ----------
    parts
        Name, amount, and the amount as it is said.
    """
    most = max((amount for _, amount, _ in parts), default=0.0)
    rows = "".join(
        f'<tr><th scope="row">{escaped(name)}</th><td class="bar" aria-hidden="true">'
        f'<i style="width:{max(_THINNEST, 100.0 * amount / most) if most > 0.0 else 0.0:.1f}%"></i></td>'
        f"<td>{escaped(said)}</td></tr>"
        for name, amount, said in parts
    )
    return f'<table class="card-shares">{rows}</table>'


def facts(items: Mapping[str, str], *, kind: str = "") -> str:
    """Return facts, each under its name; what is empty is left out.

    Parameters
    ----------
    items
        Facts by name.
    kind
        ``figures``: long names and a figure each, in one line.
    """
    rows = "".join(
        f'<tr><th scope="row">{escaped(name)}</th><td>{escaped(value)}</td></tr>'
        for name, value in items.items()
        if value
    )
    return f'<table class="card-facts {escaped(kind)}">{rows}</table>'


def note(said: str, *, kind: str = "") -> str:
    """Return a sentence; `kind` is a CSS class below ``.card-note``."""
    return f'<p class="card-note {escaped(kind)}">{escaped(said)}</p>'
