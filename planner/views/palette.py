"""Colors of the page: few, and told apart by color-blind readers.

Routes follow Okabe & Ito (2008), Color Universal Design; bases follow Tol's muted scheme.
Stations differ by fill and outline too, bases by shape, so that no meaning rests on color alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Ink of texts, of station outlines and of the fill of new stations.
INK = "#16324f"
PAPER = "#f6f5f1"
MOTORWAY = "#aeb7c2"
TRUNK = "#d9dce0"
PLACE = "#5b6470"
SERVED = "#f2c14e"
UNSERVED = "#c9c3b8"
#: Demand served or not, and what an edit adds to it or takes from it (RdBu of ColorBrewer).
DEMAND = "#e0a11b"
MORE, LESS = "#b2182b", "#2166ac"

#: Demand that no station serves, where it is drawn alone.
MISSED = "#a3211b"
#: A ring around what is chosen, and around stations whose outage costs much.
CHOSEN, WEAK = "#0a84ff", "#c2410c"
#: Stretches of the corridor by the spacing of stations.
READY, PENDING = "#0f766e", "#b91c5c"
#: Sites without a station.
CANDIDATE, CANDIDATE_FILL = "#7f8894", "#ffffff"
#: Marks of stations: lines, the empty part, the part in use, what is kept out.
STATION = {"ink": INK, "paper": "#ffffff", "fill": "#8fc1ea", "out": "#6b7280"}

#: By id of the named route.
ROUTES = {"chengyu": "#0072b2", "chenganyu": "#d55e00", "chengsuiyu": "#009e73"}

#: Ways that follow none of the named routes: dark enough for white text, after Tol's muted scheme.
OTHER_WAYS = ("#882255", "#997700", "#555555")
CLOSED = "#5c0a14"
#: Point demands: no other mark is pink.
POINT = "#d6006c"
#: Roads under the ways of a route query.
MUTED_MOTORWAY = "#cfd5dc"
MUTED_TRUNK = "#e6e8ea"

#: In the order of the bases table; repeated when there are more.
BASES = ("#117733", "#44aa99", "#999933", "#882255", "#aa4499", "#332288", "#88ccee")


def rgba(color: str, alpha: int = 255) -> list[int]:
    """Return ``#rrggbb`` as red, green, blue and alpha, 0-255."""
    return [*bytes.fromhex(color.removeprefix("#")), alpha]


def base_colors(base_ids: Iterable[str]) -> dict[str, str]:
    """Return the color of each base, in the order given."""
    return {base_id: BASES[rank % len(BASES)] for rank, base_id in enumerate(base_ids)}
