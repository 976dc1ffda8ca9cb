"""What a person clicked, on the map or in a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["station", "site", "base", "route"]

#: Kinds of things with a card.
KINDS: tuple[Kind, ...] = get_args(Kind)


@dataclass(frozen=True, slots=True)
class Selection:
    """One thing with a card.

    Parameters
    ----------
    kind
        What it is; a site is one without a station of the plan.
    key
        Its ``site_id``, ``base_id`` or ``route_id``.
    """

    kind: Kind
    key: str
