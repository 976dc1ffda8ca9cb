"""Colors of the page, light and dark: few, and told apart by color-blind readers.

Routes follow Okabe & Ito (2008), Color Universal Design; bases follow Tol's muted scheme, darkened or
lightened until they stand out from the ground. Stations differ by shape and outline too, so that no meaning
rests on color alone. Texts keep a contrast of 4.5 to the ground, marks of 3 (WCAG 2.2, 1.4.3 and 1.4.11);
roads and waters are ground and stay below.

Views draw in the light style, by the names below :data:`DARK`; the frame of the map translates.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class MapStyle:
    """One look of the map, colors as ``#rrggbb``.

    Parameters
    ----------
    name
        ``light`` or ``dark``.
    ground, water, motorway, trunk, muted_motorway, muted_trunk
        What lies below the plan; muted where something else matters more.
    ink, place, water_name
        Of texts and outlines, of places, of rivers.
    paper
        Casings of lines, hollow marks, plates of names, texts on ink.
    served, unserved, missed
        Demand on the roads; that no station serves where it is drawn alone.
    demand, more, less
        All demand, and what an edit adds to it or takes from it (RdBu of ColorBrewer).
    chosen, weak
        Rings around what is chosen, and around stations whose outage costs much.
    ready, pending
        Stretches of the corridor by the spacing of stations.
    candidate
        Sites without a station.
    station_fill, station_out
        The part of a station in use, and stations kept out.
    closed, point
        Closed roads, and point demands: no other mark is pink.
    routes
        By id of the named route.
    other_ways
        Ways that follow none of the named routes.
    bases
        In the order of the bases table; repeated when there are more.
    """

    name: Literal["light", "dark"]
    ground: str
    water: str
    motorway: str
    trunk: str
    muted_motorway: str
    muted_trunk: str
    ink: str
    place: str
    water_name: str
    paper: str
    served: str
    unserved: str
    missed: str
    demand: str
    more: str
    less: str
    chosen: str
    weak: str
    ready: str
    pending: str
    candidate: str
    station_fill: str
    station_out: str
    closed: str
    point: str
    routes: Mapping[str, str]
    other_ways: tuple[str, ...]
    bases: tuple[str, ...]

    @property
    def address(self) -> str:
        """Where the page finds the ground of the map, served by the app itself."""
        return f"/app/static/style-{self.name}.json"

    @property
    def station(self) -> dict[str, str]:
        """Colors of the marks of stations: lines, the empty part, the part in use, what is kept out."""
        return {"ink": self.ink, "paper": self.paper, "fill": self.station_fill, "out": self.station_out}

    @property
    def colors(self) -> dict[str, str]:
        """Every color by its name, ``bases.0`` for the first of several."""
        found: dict[str, str] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "routes":
                found |= {f"routes.{key}": color for key, color in value.items()}
            elif isinstance(value, tuple):
                found |= {f"{field.name}.{rank}": color for rank, color in enumerate(value)}
            elif field.name != "name":
                found[field.name] = value
        return found


LIGHT = MapStyle(
    name="light",
    ground="#f6f5f1",
    water="#bfd5e6",
    motorway="#aeb7c2",
    trunk="#d5d8dc",
    muted_motorway="#cfd5dc",
    muted_trunk="#e4e6e8",
    ink="#16324f",
    place="#4d5663",
    water_name="#3f6f96",
    paper="#ffffff",
    served="#bd8000",
    unserved="#8f8a80",
    missed="#a3211b",
    demand="#bd8000",
    more="#b2182b",
    less="#2166ac",
    chosen="#0a84ff",
    weak="#c2410c",
    ready="#0f766e",
    pending="#b91c5c",
    candidate="#7f8894",
    station_fill="#8fc1ea",
    station_out="#6b7280",
    closed="#5c0a14",
    point="#d6006c",
    routes={"chengyu": "#0072b2", "chenganyu": "#d55e00", "chengsuiyu": "#009e73"},
    other_ways=("#88225a", "#997700", "#555555"),
    bases=("#117733", "#2f8f83", "#85852a", "#882255", "#aa4499", "#332288", "#3a82ad"),
)

DARK = MapStyle(
    name="dark",
    ground="#14181e",
    water="#1d3447",
    motorway="#56616e",
    trunk="#343c46",
    muted_motorway="#3d4650",
    muted_trunk="#272d35",
    ink="#eaf0f6",
    place="#b4bec9",
    water_name="#86b4d8",
    paper="#0e1217",
    served="#f2c14e",
    unserved="#7f7a70",
    missed="#ff8a80",
    demand="#f2c14e",
    more="#f4796b",
    less="#6fb1e8",
    chosen="#5eb3ff",
    weak="#ff9d5c",
    ready="#7fe8da",
    pending="#ff5c8a",
    candidate="#9aa4b0",
    station_fill="#2f6ea6",
    station_out="#9aa1ac",
    closed="#ff9a9a",
    point="#ff6fb5",
    routes={"chengyu": "#56b4e9", "chenganyu": "#f0893e", "chengsuiyu": "#2fc79a"},
    other_ways=("#dd7fae", "#d6b73f", "#a9a9a9"),
    bases=("#4fb873", "#5fc9bb", "#c2c252", "#d46a9c", "#cf86c4", "#9a90e6", "#88ccee"),
)

_DARKENED = {color: DARK.colors[name] for name, color in LIGHT.colors.items()}

INK, PAPER, PLACE = LIGHT.ink, LIGHT.ground, LIGHT.place
MOTORWAY, TRUNK = LIGHT.motorway, LIGHT.trunk
MUTED_MOTORWAY, MUTED_TRUNK = LIGHT.muted_motorway, LIGHT.muted_trunk
SERVED, UNSERVED, MISSED = LIGHT.served, LIGHT.unserved, LIGHT.missed
DEMAND, MORE, LESS = LIGHT.demand, LIGHT.more, LIGHT.less
CHOSEN, WEAK = LIGHT.chosen, LIGHT.weak
READY, PENDING = LIGHT.ready, LIGHT.pending
CANDIDATE, CANDIDATE_FILL = LIGHT.candidate, LIGHT.paper
STATION = LIGHT.station
ROUTES = dict(LIGHT.routes)
OTHER_WAYS = LIGHT.other_ways
CLOSED, POINT = LIGHT.closed, LIGHT.point
BASES = LIGHT.bases


def rgba(color: str, alpha: int = 255) -> list[int]:
    """Return ``#rrggbb`` as red, green, blue and alpha, 0-255."""
    return [*bytes.fromhex(color.removeprefix("#")), alpha]


def base_colors(base_ids: Iterable[str]) -> dict[str, str]:
    """Return the color of each base, in the order given."""
    return {base_id: BASES[rank % len(BASES)] for rank, base_id in enumerate(base_ids)}


def translated(color: str, style: MapStyle) -> str:
    """Return a color of the light style as another style has it; other colors stay."""
    return _DARKENED.get(color, color) if style.name == "dark" else color
