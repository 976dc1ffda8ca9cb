"""Map of a plan as SVG for print: drawn by our own code, no tile from anywhere, no boundary.

Projection: equirectangular, true to scale along the middle parallel lat_0,

    x = (lon - west) cos(lat_0) s,    y = (north - lat) s,    s pixels per degree of latitude

within 2 % of the great circle over the region.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from planner.drawing import palette
from planner.drawing.labels import Box, text_size_px
from planner.text import Language, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from planner.drawing.roads import RouteLine
    from planner.plan_map_contents import Link, MapContents, Mark

    Point = tuple[float, float]

#: Width of the drawing, and the height of its legend, pixels of the view box.
WIDTH_PX, _LEGEND_PX = 760.0, 92.0
#: Flattest and steepest map: height as a share of the width.
_FLATTEST, _STEEPEST = 0.45, 1.0
#: Length of a degree of latitude (mean radius 6371.0088 km).
KM_PER_DEGREE = math.radians(6371.0088)

_FONT = "'Noto Sans CJK SC','Noto Sans SC','Microsoft YaHei','PingFang SC',Arial,sans-serif"
_STATION_PX, _NUMBER_PX, _BASE_PX = 7.5, 9.0, 8.0
_PLACE_PX = {1: 15.0, 2: 10.5, 3: 9.0}
_ROADS = {"trunk": ("#dcdcd8", 0.7), "motorway": ("#b4bbc4", 1.0)}
#: Each route has a dash of its own, too: colors are lost on a black and white printer.
_DASHES = {"chengyu": "", "chenganyu": "9 3", "chengsuiyu": "2.5 2.5"}
#: How often crowded stations are moved apart, and by how much more than touching.
_ROUNDS, _CLEAR = 60, 1.12
_BOW = 0.12


@dataclass(frozen=True, slots=True)
class Projection:
    """Where degrees stand on the page.

    Parameters
    ----------
    bounds
        West, south, east, north.
    scale
        Pixels per degree of latitude.
    stretch
        Length of a degree of longitude in those of latitude.
    height
        Of the map, pixels.
    """

    bounds: tuple[float, float, float, float]
    scale: float
    stretch: float
    height: float

    @classmethod
    def of(cls, bounds: tuple[float, float, float, float], width_px: float = WIDTH_PX) -> Projection:
        """Return the projection that shows the bounds, on a map neither too flat nor too steep."""
        west, south, east, north = bounds
        stretch = math.cos(math.radians((south + north) / 2))
        wide, high = (east - west) * stretch, north - south
        wider, higher = max(wide, high / _STEEPEST), max(high, wide * _FLATTEST)
        grown = (wider - wide) / 2 / stretch, (higher - high) / 2
        shown = (west - grown[0], south - grown[1], east + grown[0], north + grown[1])
        scale = width_px / wider
        return cls(shown, scale, stretch, higher * scale)

    @property
    def px_per_km(self) -> float:
        """Pixels of a kilometer, along the middle parallel."""
        return self.scale / KM_PER_DEGREE

    def at(self, lon: float, lat: float) -> Point:
        """Return the pixel of a point in degrees."""
        return (lon - self.bounds[0]) * self.stretch * self.scale, (self.bounds[3] - lat) * self.scale


def to_svg(contents: MapContents, language: Language) -> str:
    """Return the map with its legend and scale bar as one well-formed SVG element."""
    view = Projection.of(contents.bounds)
    bases = [view.at(mark.lon, mark.lat) for mark in contents.bases]
    stations = {mark.key: view.at(mark.lon, mark.lat) for mark in contents.stations}
    places = apart(stations, bases, view)
    taken = [_around(point, _STATION_PX) for point in places.values()]
    drawn = [
        f'<rect width="{WIDTH_PX:.0f}" height="{view.height:.0f}" fill="#fff"/>',
        *_roads(contents, view),
        *(_supply(link, places, view) for link in contents.links),
        *(_route(line, view) for line in contents.routes),
        *_bases(contents.bases, view, taken),
        *_places(contents, view, language, taken),
        *(_station(mark, places[mark.key], view) for mark in contents.stations),
    ]
    height = view.height + _LEGEND_PX
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX:.0f} {height:.0f}" role="img" '
        f"aria-label={quoteattr(text('print.map_alt', language))} font-family={quoteattr(_FONT)} "
        f'fill="{palette.INK}">'
        f'<clipPath id="frame"><rect width="{WIDTH_PX:.0f}" height="{view.height:.0f}"/></clipPath>'
        f'<g clip-path="url(#frame)">{"".join(drawn)}</g>'
        f'<rect width="{WIDTH_PX:.0f}" height="{view.height:.0f}" fill="none" stroke="#8a929b"/>'
        f"{_legend(contents, view, language)}</svg>"
    )


def apart(points: dict[str, Point], fixed: Sequence[Point], view: Projection) -> dict[str, Point]:
    """Return where the circles of stations stand: moved as far as it takes for all marks to be seen.

    Parameters
    ----------
    points
        True places of the stations.
    fixed
        Places of the bases, which stay.
    view
        The map, which no circle leaves.
    """
    keys = [*points, *range(len(fixed))]
    at = np.array([*points.values(), *fixed], dtype=np.float64).reshape(-1, 2)
    moves, edge, least = len(points), _STATION_PX + 1.0, 2.0 * _STATION_PX * _CLEAR
    for _ in range(_ROUNDS):
        before = at.copy()
        for one, other in itertools.combinations(range(len(keys)), 2):
            if one >= moves:
                continue
            way = at[other] - at[one]
            far = float(np.hypot(*way))
            if far >= least:
                continue
            # Two at one place part along a line of their own.
            turn = way / far if far > 0.0 else np.array([math.cos(one), math.sin(one)])
            share = 0.5 if other < moves else 1.0
            at[one] -= turn * (least - far) * share
            at[other] += turn * (least - far) * (1.0 - share)
        at[:moves] = np.clip(at[:moves], edge, [WIDTH_PX - edge, view.height - edge])
        if np.allclose(at, before, atol=1e-3):
            break
    return {key: (float(x), float(y)) for key, (x, y) in zip(points, at, strict=False)}


def _around(point: Point, radius: float) -> Box:
    """Return the box around a mark."""
    return Box(point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius)


def _path(points: Sequence[Sequence[float]], view: Projection) -> str:
    """Return a line through [lon, lat] points."""
    pixels = (view.at(point[0], point[1]) for point in points)
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in pixels)


def _roads(contents: MapContents, view: Projection) -> list[str]:
    """Return the roads in view, one element per class."""
    west, south, east, north = view.bounds
    drawn = []
    for name, (color, width) in _ROADS.items():
        seen = [
            path
            for path in contents.roads.get(name, ())
            if any(west <= point[0] <= east and south <= point[1] <= north for point in path)
        ]
        lines = "".join(_path(path, view) for path in seen)
        drawn.append(
            f'<path class="{name}" d="{lines}" fill="none" stroke="{color}" stroke-width="{width}"/>'
        )
    return drawn


def _route(line: RouteLine, view: Projection) -> str:
    """Return a corridor route on a white casing."""
    route_id, path = line.route.route_id, _path(line.path, view)
    return (
        f'<path d="{path}" fill="none" stroke="#fff" stroke-width="4.5"/>'
        f'<path class="route" d="{path}" {_route_style(route_id)}/>'
    )


def _route_style(route_id: str) -> str:
    """Return how a route is drawn."""
    dash = f' stroke-dasharray="{_DASHES[route_id]}"' if _DASHES.get(route_id) else ""
    return f'fill="none" stroke="{palette.ROUTES[route_id]}" stroke-width="2.6"{dash}'


def _supply(link: Link, places: dict[str, Point], view: Projection) -> str:
    """Return a bowed thin line from base to station."""
    (x0, y0), (x1, y1) = view.at(link.start.lon, link.start.lat), places[link.end.key]
    x, y = (x0 + x1) / 2 + _BOW * (y1 - y0), (y0 + y1) / 2 - _BOW * (x1 - x0)
    return (
        f'<path class="supply" d="M{x0:.1f},{y0:.1f}Q{x:.1f},{y:.1f} {x1:.1f},{y1:.1f}" fill="none" '
        f'stroke="{link.start.color}" stroke-width="0.9" stroke-opacity="0.7"/>'
    )


def _station(mark: Mark, at: Point, view: Projection) -> str:
    """Return a numbered circle, new ones filled; a stalk to its true place where it was moved."""
    (x, y), true = at, view.at(mark.lon, mark.lat)
    fill, ink = (palette.INK, "#fff") if mark.kind == "new" else ("#fff", palette.INK)
    is_moved = math.hypot(x - true[0], y - true[1]) > _STATION_PX / 2
    down = y + 0.36 * _NUMBER_PX
    number = _text(x, down, mark.label, size=_NUMBER_PX, anchor="middle", color=ink, bold=True)
    stalk = (
        f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{true[0]:.1f}" y2="{true[1]:.1f}" stroke="{palette.INK}" '
        f'stroke-width="0.8"/><circle cx="{true[0]:.1f}" cy="{true[1]:.1f}" r="1.6"/>'
        if is_moved
        else ""
    )
    return (
        f'{stalk}<g class="station {mark.kind}"><title>{escape(f"{mark.label} {mark.name}")}</title>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{_STATION_PX}" fill="{fill}" stroke="{palette.INK}" '
        'stroke-width="1.3"/>'
        f"{number}</g>"
    )


def _diamond(x: float, y: float, color: str) -> str:
    """Return the mark of a base."""
    size = _BASE_PX
    corners = ((x, y - size), (x + size, y), (x, y + size), (x - size, y))
    points = " ".join(f"{px:.1f},{py:.1f}" for px, py in corners)
    return f'<polygon points="{points}" fill="{color}" stroke="#fff" stroke-width="1.2"/>'


def _bases(bases: Sequence[Mark], view: Projection, taken: list[Box]) -> list[str]:
    """Return the bases with their names; they take their room before the cities do."""
    points = [view.at(mark.lon, mark.lat) for mark in bases]
    taken += [_around(point, _BASE_PX) for point in points]
    drawn = []
    for mark, point in zip(bases, points, strict=True):
        name = _beside(mark.label, point, size=9.5, clear=_BASE_PX, taken=taken, view=view)
        label = _halo(name, mark.label, size=9.5, color=palette.INK) if name is not None else ""
        drawn.append(
            f'<g class="base"><title>{escape(mark.name)}</title>{_diamond(*point, mark.color)}{label}</g>'
        )
    return drawn


def _places(contents: MapContents, view: Projection, language: Language, taken: list[Box]) -> list[str]:
    """Return the names of cities that find room."""
    drawn = []
    for place in contents.places:
        name = place.name_zh if language == "zh" else place.name_en
        size, point = _PLACE_PX[place.rank], view.at(place.lon, place.lat)
        at = _beside(name, point, size=size, clear=2.0, taken=taken, view=view)
        if at is not None:
            drawn.append(_halo(at, name, size=size, color=palette.PLACE, bold=place.rank == 1))
    return drawn


def _beside(
    label: str, point: Point, *, size: float, clear: float, taken: list[Box], view: Projection
) -> Point | None:
    """Take room for a label beside a point; return where its line of text begins, None without room."""
    wide, high = text_size_px(label, size)
    frame = Box(2.0, 2.0, WIDTH_PX - 2.0, view.height - 2.0)
    for ring in range(3):
        off = clear + 2.0 + ring * high / 2
        for dx, dy in (
            (off, -high / 2),
            (-off - wide, -high / 2),
            (-wide / 2, -off - high),
            (-wide / 2, off),
            (off, off / 2),
            (off, -off / 2 - high),
            (-off - wide, off / 2),
            (-off - wide, -off / 2 - high),
        ):
            left, top = point[0] + dx, point[1] + dy
            box = Box(left, top, left + wide, top + high)
            if box.within(frame) and not any(box.meets(other) for other in taken):
                taken.append(box)
                return left, top + 0.8 * high
    return None


def _halo(at: Point, label: str, *, size: float, color: str, bold: bool = False) -> str:
    """Return a text that reads on lines."""
    return _text(
        *at,
        label,
        size=size,
        color=color,
        bold=bold,
        more=' paint-order="stroke" stroke="#fff" stroke-width="2.5"',
    )


def _text(
    x: float,
    y: float,
    label: str,
    *,
    size: float = 9.5,
    anchor: str = "start",
    color: str = palette.INK,
    bold: bool = False,
    more: str = "",
) -> str:
    """Return a line of text."""
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
        f'fill="{color}"{weight}{more}>{escape(label)}</text>'
    )


def round_km(most_km: float) -> float:
    """Return the largest 1, 2 or 5 times a power of ten that is no more.

    Examples
    --------
    >>> round_km(137.0), round_km(90.0), round_km(0.3)
    (100.0, 50.0, 0.2)
    """
    power = 10.0 ** math.floor(math.log10(most_km))
    return max(times * power for times in (1.0, 2.0, 5.0) if times * power <= most_km * (1.0 + 1e-9))


def _legend(contents: MapContents, view: Projection, language: Language) -> str:
    """Return what the marks mean, the scale, and where the roads come from."""
    top = view.height + 18.0
    columns = (6.0, 200.0, 440.0, 600.0)
    said = {
        key: text(f"legend.{key}", language)
        for key in ("station_new", "station_existing", "motorway", "trunk")
    }
    parts = []
    outline = f'stroke="{palette.INK}" stroke-width="1.3"'
    for row, (kind, fill) in enumerate((("new", palette.INK), ("existing", "#fff"))):
        y = top + 18.0 * row
        parts += [
            f'<circle cx="15" cy="{y - 3.5}" r="6.5" fill="{fill}" {outline}/>',
            _text(columns[0] + 24, y, said[f"station_{kind}"]),
        ]
    parts += [
        _diamond(columns[0] + 9, top + 32.5, contents.bases[0].color if contents.bases else palette.INK),
        _text(columns[0] + 24, top + 36, text("print.base", language)),
    ]
    for row, line in enumerate(contents.routes):
        y = top + 18.0 * row
        name = line.route.name_zh if language == "zh" else line.route.name_en
        parts += [
            f'<path d="M{columns[1]},{y - 3.5}h30" {_route_style(line.route.route_id)}/>',
            _text(columns[1] + 38, y, f"{name} {'/'.join(line.route.refs)}"),
        ]
    for row, key in enumerate(("motorway", "trunk")):
        y, (color, width) = top + 18.0 * row, _ROADS[key]
        parts += [
            f'<path d="M{columns[2]},{y - 3.5}h26" stroke="{color}" stroke-width="{2 * width}"/>',
            _text(columns[2] + 34, y, said[key]),
        ]
    parts += [
        f'<path d="M{columns[2]},{top + 32.5}q13,-7 26,0" fill="none" stroke="{palette.BASES[0]}"/>',
        _text(columns[2] + 34, top + 36, text("print.supply", language)),
        _scale_bar(columns[3], top, view),
        _text(6.0, top + 62, text("print.map_credit", language), size=8.5, color=palette.PLACE),
    ]
    return f'<g class="legend">{"".join(parts)}</g>'


def _scale_bar(x: float, y: float, view: Projection) -> str:
    """Return a bar of a round length."""
    km = round_km(150.0 / view.px_per_km)
    width = km * view.px_per_km
    return (
        f'<g class="scale" data-km="{km:g}"><path d="M{x:.1f},{y - 6:.1f}v6h{width:.2f}v-6" fill="none" '
        f'stroke="{palette.INK}" stroke-width="1.3"/>'
        f"{_text(x + width / 2, y + 13, f'{km:g} km', anchor='middle')}</g>"
    )
